/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The check of bt_confined.h. What registers hold is followed from instruction to instruction, as
 * far as sums that go into operands need it; a jump forward within a sequence joins what the
 * sequence itself has kept.
 */
#include "tests/unit/bt_confined.h"
#include "tests/unit/bt_confined_kind.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of a 64-bit register. */
enum kind {
    ANY,
    BELOW,   /* at most .most */
    SIGNED,  /* 32 bits, sign-extended */
    TURNED,  /* 32 bits whose upper half was 0 or 1, with the bytes in reverse order */
    CARRY,   /* ... and the low half of that: 0 or 100h */
    PLACE,   /* of FS or GS: at most 4 GiB, or not canonical */
    SUM,     /* ... plus an offset of 32 bits */
    BASE,    /* of a window */
    ADDRESS, /* BASE plus 32 bits */
    STACK,   /* on the call stack */
    VCPU,
};
struct value {
    enum kind kind;
    uint64_t most;
};

static struct check {
    struct vcpu *v;
    const struct bt *bt;
    const struct block *b;
    struct value reg[16];
    uint32_t off; /* in the block */
    ZydisDecodedInstruction i;
    ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
    struct step {
        ZydisMnemonic mnemonic;
        uint64_t imm;
    } last[3];                      /* the instructions before, the last one first */
    uint8_t starts[MAX_BLOCK_CODE]; /* 1: an instruction begins here */
} c;

static ZydisDecoder decoder;
static ZydisFormatter formatter;

static bool decode_at(uint32_t off)
{
    const uint8_t *at = c.bt->tc.write + c.b->tc + off;
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, at, c.b->tc_len - off, &c.i, c.o));
}

static void show(void)
{
    char text[128];
    for (uint32_t off = 0; off < c.b->tc_len && decode_at(off); off += c.i.length) {
        ZydisFormatterFormatInstruction(&formatter, &c.i, c.o, c.i.operand_count_visible, text,
                                        sizeof text, c.b->tc + off, NULL);
        fprintf(stderr, "%c%5x  %s\n", off == c.off ? '>' : ' ', off, text);
    }
}

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "not confined: guest code at %x, byte %x: %s\n", c.b->eip, c.off, what);
    show();
    abort();
}

static struct value any(void)
{
    return (struct value){ANY, 0};
}

static struct value below(uint64_t most)
{
    return (struct value){BELOW, most};
}

static bool fits32(struct value x)
{
    return x.kind == BELOW && x.most <= UINT32_MAX;
}

static unsigned number(ZydisRegister r)
{
    return (unsigned)ZydisRegisterGetId(r);
}

static bool is_gpr(ZydisRegister r)
{
    ZydisRegisterClass k = ZydisRegisterGetClass(r);
    return k == ZYDIS_REGCLASS_GPR8 || k == ZYDIS_REGCLASS_GPR16 || k == ZYDIS_REGCLASS_GPR32 ||
           k == ZYDIS_REGCLASS_GPR64;
}

/* A general register's number; AH to BH are those of AX to BX. */
static unsigned gpr_of(ZydisRegister r)
{
    if (r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH)
        return r - ZYDIS_REGISTER_AH;
    return number(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r));
}

static struct value value_of(ZydisRegister r)
{
    return r == ZYDIS_REGISTER_NONE ? below(0) : c.reg[number(r)];
}

/* ---- Operands ------------------------------------------------------------- */

static const char *const outside = "an operand in the vcpu that leaves it";

static void check_vcpu_operand(const ZydisDecodedOperand *o)
{
    struct value index = value_of(o->mem.index);
    if (index.kind == CARRY)
        index = below(0x100);
    uint64_t span = VCPU_SPAN(c.bt->tc.user_code);
    if (!c.bt->tc.user_code && c.b == &c.bt->block[0])
        span = VCPU_SPAN(true); /* the shared code is made for both sides, and used for one */
    need(o->mem.disp.value >= 0, outside);
    need(index.kind == BELOW, "an index in the vcpu that is not known to be small");
    uint64_t last = (uint64_t)o->mem.disp.value + index.most * (o->mem.scale ? o->mem.scale : 1);
    need(last + o->size / 8 <= span, outside);
}

static void check_data_operand(const ZydisDecodedOperand *o)
{
    uint64_t at = c.b->tc + c.off + c.i.length + (uint64_t)o->mem.disp.value;
    need(o->mem.index == ZYDIS_REGISTER_NONE && at % 8 == 0 && at >= c.bt->tc.size &&
             at + 8 <= (uint64_t)c.bt->tc.size + c.bt->tc.data_size,
         "an operand by RIP that is no slot");
}

static bool is_small(int64_t disp)
{
    return disp > -(1 << 20) && disp < 1 << 20;
}

/* BASE, INDEX and DISP of an operand or of LEA as one value. */
static struct value sum_of(const ZydisDecodedOperand *o)
{
    struct value base = value_of(o->mem.base), index = value_of(o->mem.index);
    bool has_index = o->mem.index != ZYDIS_REGISTER_NONE;
    int64_t disp = o->mem.disp.value;
    if (base.kind == PLACE && !has_index)
        return (struct value){SUM, 0};
    if (base.kind == PLACE && o->mem.scale == 1 && (fits32(index) || index.kind == SIGNED) &&
        is_small(disp))
        return (struct value){SUM, 0};
    if (index.kind == BASE && o->mem.scale == 1 && !disp && (fits32(base) || base.kind == SUM))
        return (struct value){ADDRESS, 0};
    if (base.kind == BASE && !disp &&
        (!has_index || (o->mem.scale == 1 && (fits32(index) || index.kind == SUM))))
        return (struct value){ADDRESS, 0};
    if (base.kind == ADDRESS && !has_index && !disp)
        return base;
    if (base.kind == STACK && !has_index && is_small(disp))
        return base;
    return any();
}

/* An operand with 64-bit address arithmetic. */
static void check_wide_operand(const ZydisDecodedOperand *o)
{
    bool gs = o->mem.segment == ZYDIS_REGISTER_GS;
    struct value sum = sum_of(o);
    if (value_of(o->mem.base).kind == VCPU && o->mem.base == ZYDIS_REGISTER_R15) {
        need(!gs, "a vcpu operand in a window");
        check_vcpu_operand(o);
        return;
    }
    if (sum.kind == SUM)
        need(gs == c.bt->tc.user_code, "a segment's operand that is in no window");
    else
        need(!gs && (sum.kind == ADDRESS || sum.kind == STACK), "an operand that nothing confines");
}

/* The prefix makes the CPU wrap it at 4 GiB. */
static void check_narrow_operand(const ZydisDecodedOperand *o)
{
    ZydisRegister seg = o->mem.segment;
    need(o->mem.base != ZYDIS_REGISTER_EIP && o->mem.base != ZYDIS_REGISTER_RIP, "by EIP");
    if (c.bt->tc.user_code)
        need(seg == ZYDIS_REGISTER_GS, "an operand that is in no window");
    else
        need(seg == ZYDIS_REGISTER_DS || seg == ZYDIS_REGISTER_SS || seg == ZYDIS_REGISTER_ES,
             "an operand through FS or GS");
}

static void check_operand(const ZydisDecodedOperand *o)
{
    if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || o->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
        return;
    if (o->mem.base == ZYDIS_REGISTER_RSP)
        need(o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN, "an operand by RSP");
    else if (c.i.attributes & ZYDIS_ATTRIB_HAS_ADDRESSSIZE)
        check_narrow_operand(o);
    else if (o->mem.base == ZYDIS_REGISTER_RIP)
        check_data_operand(o);
    else
        check_wide_operand(o);
}

/* ---- Instructions --------------------------------------------------------- */

static bool is_gate(void)
{
    if (c.bt->tc.gate_kind == GATE_INT)
        return c.i.mnemonic == ZYDIS_MNEMONIC_INT && c.o[0].imm.value.u >= TC_GATE_VECTOR &&
               c.o[0].imm.value.u < TC_GATE_VECTOR + TC_CODES;
    uint64_t first = offsetof(struct vcpu, gate), at = (uint64_t)c.o[0].mem.disp.value;
    bool far = c.i.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
    return c.i.mnemonic == ZYDIS_MNEMONIC_CALL && c.o[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
           c.o[0].mem.base == ZYDIS_REGISTER_R15 && c.o[0].mem.index == ZYDIS_REGISTER_NONE &&
           at >= first && at < first + sizeof c.v->gate && (at - first) % 8 == 0 &&
           far == (c.bt->tc.gate_kind == GATE_FAR);
}

/* What is popped was masked, so that no other flag can change, and IF is set. */
static bool pops_masked_flags(void)
{
    const uint64_t live = FL_ARITH | FL_DF;
    return c.last[0].mnemonic == ZYDIS_MNEMONIC_PUSH && c.last[1].mnemonic == ZYDIS_MNEMONIC_OR &&
           c.last[1].imm == (FL_IF | FL_ONE) && c.last[2].mnemonic == ZYDIS_MNEMONIC_AND &&
           !(c.last[2].imm & ~live);
}

static void check_kind(void)
{
    if (is_gate())
        return;
    const char *what = confined_forbids(&c.i);
    need(!what, what);
    if (c.i.mnemonic == ZYDIS_MNEMONIC_POPFQ)
        need(pops_masked_flags(), "POPF of flags that are not masked");
}

/* ---- Jumps ---------------------------------------------------------------- */

static bool is_thunk(const struct thunks *t, uint32_t at)
{
    return at == t->lookup || at == t->probe || at == t->user || at == t->other || at == t->call;
}

static bool is_entry(uint32_t at)
{
    for (uint32_t e = 1; e < c.bt->nentries; e++) {
        if (c.bt->entry[e].at == at)
            return c.bt->block[c.bt->entry[e].block].live;
    }
    return false;
}

static bool is_stub(uint32_t at)
{
    uint32_t slot = slot_of_stub(c.bt, at);
    return slot && (at == slot_stub(c.bt, slot) || at == slot_stub(c.bt, slot) + gate_size(c.bt));
}

static void check_jump(void)
{
    if (!c.o[0].imm.is_relative || c.o[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return;
    uint64_t off = c.off + c.i.length + c.o[0].imm.value.u;
    if (off < c.b->tc_len) {
        need(c.starts[off], "a jump into an instruction");
        return;
    }
    uint32_t at = (uint32_t)(c.b->tc + off);
    need(is_thunk(&c.bt->thunk[SIDE_KERNEL], at) || is_thunk(&c.bt->thunk[SIDE_USER], at) ||
             is_stub(at) || is_entry(at),
         "a jump to nowhere");
    need(c.reg[H_RSI].kind != ADDRESS && c.reg[H_RDI].kind != ADDRESS, "it leaves in a window");
}

/* ---- What an instruction makes of the registers ----------------------------- */

/* Segment registers whose place is at OFF in a row of places. */
static bool is_place(int64_t off)
{
    bool any = c.b->mode & MODE_CODE16;
    return off == 8 * S_FS || off == 8 * S_GS ||
           (any && off >= 0 && off < 8 * S_COUNT && off % 8 == 0);
}

static struct value loaded(const ZydisDecodedOperand *o)
{
    int64_t place16 = offsetof(struct vcpu, place16);
    int64_t disp = o->mem.disp.value, place = offsetof(struct vcpu, place);
    struct value index = value_of(o->mem.index);
    if (c.i.mnemonic == ZYDIS_MNEMONIC_MOVZX)
        return below(o->size == 8 ? 0xff : 0xffff);
    if (c.o[0].size == 32)
        return below(UINT32_MAX);
    if (o->mem.base != ZYDIS_REGISTER_R15)
        return any();
    if (o->mem.index == ZYDIS_REGISTER_NONE && is_place(disp - place))
        return (struct value){PLACE, 0};
    if ((o->mem.index == ZYDIS_REGISTER_NONE || (index.kind == CARRY && o->mem.scale <= 1)) &&
        is_place(disp - place16))
        return (struct value){PLACE, 0};
    if (disp == (int64_t)offsetof(struct vcpu, windows.kernel) && o->mem.scale <= 1 &&
        index.kind == BELOW && index.most <= 255)
        return (struct value){BASE, 0};
    return any();
}

static struct value narrow_sum(const ZydisDecodedOperand *o)
{
    struct value base = value_of(o->mem.base), index = value_of(o->mem.index);
    if (o->mem.base == ZYDIS_REGISTER_NONE && index.kind == BELOW && !o->mem.disp.value &&
        index.most < 1 << 20)
        return below(index.most * o->mem.scale);
    if (o->mem.index == ZYDIS_REGISTER_NONE && base.kind == BELOW && o->mem.disp.value >= 0 &&
        o->mem.disp.value < 16 && base.most < 1 << 20)
        return below(base.most + (uint64_t)o->mem.disp.value);
    return below(UINT32_MAX);
}

static struct value moved(const ZydisDecodedOperand *o)
{
    struct value x =
        value_of(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, o->reg.value));
    if (x.kind == TURNED && o->size == 16)
        return (struct value){CARRY, 0};
    uint64_t most = o->size == 8 ? 0xff : o->size == 16 ? 0xffff : UINT32_MAX;
    return below(x.kind == BELOW && x.most < most ? x.most : most);
}

/* BSWAP. */
static struct value turned(void)
{
    struct value x = c.reg[gpr_of(c.o[0].reg.value)];
    bool small = c.o[0].size == 32 && x.kind == BELOW && x.most < 1 << 17;
    return small ? (struct value){TURNED, 0} : c.o[0].size == 32 ? below(UINT32_MAX) : any();
}

/* The value that the first operand, a register of 32 or 64 bits, gets. */
static struct value result(void)
{
    const ZydisDecodedOperand *from = &c.o[1];
    bool wide = c.o[0].size == 64;
    switch (c.i.mnemonic) {
    case ZYDIS_MNEMONIC_LEA:
        return wide ? sum_of(from) : narrow_sum(from);
    case ZYDIS_MNEMONIC_MOVSXD:
        return (struct value){SIGNED, 0};
    case ZYDIS_MNEMONIC_BSWAP:
        return turned();
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
        if (from->type == ZYDIS_OPERAND_TYPE_MEMORY)
            return loaded(from);
        if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !wide)
            return below((uint32_t)from->imm.value.u);
        if (from->type == ZYDIS_OPERAND_TYPE_REGISTER && is_gpr(from->reg.value) && !wide)
            return moved(from);
        return wide ? any() : below(UINT32_MAX);
    default:
        return wide ? any() : below(UINT32_MAX);
    }
}

static bool is_string(void)
{
    return c.i.meta.category == ZYDIS_CATEGORY_STRINGOP;
}

static void set_register(unsigned r, unsigned bits, struct value x)
{
    need(r != H_R15 && r != H_R12, "a register of the monitor's is changed");
    if (r == H_RSP) {
        bool stack = c.i.mnemonic == ZYDIS_MNEMONIC_LEA
                         ? x.kind == STACK
                         : c.i.meta.category == ZYDIS_CATEGORY_PUSH ||
                               c.i.meta.category == ZYDIS_CATEGORY_POP ||
                               c.i.meta.category == ZYDIS_CATEGORY_CALL ||
                               c.i.meta.category == ZYDIS_CATEGORY_RET;
        need(stack, "RSP is changed");
        return;
    }
    if (bits >= 32)
        c.reg[r] = x;
    else if (c.reg[r].kind == BELOW)
        c.reg[r] = below(UINT32_MAX);
}

static void note_results(void)
{
    struct value first = c.o[0].type == ZYDIS_OPERAND_TYPE_REGISTER ? result() : any();
    for (unsigned n = 0; n < c.i.operand_count; n++) {
        const ZydisDecodedOperand *o = &c.o[n];
        if (o->type != ZYDIS_OPERAND_TYPE_REGISTER ||
            !(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
            continue;
        need(ZydisRegisterGetClass(o->reg.value) != ZYDIS_REGCLASS_SEGMENT, "a segment register");
        if (!is_gpr(o->reg.value))
            continue;
        unsigned r = gpr_of(o->reg.value);
        if (is_string() && (r == H_RSI || r == H_RDI))
            continue; /* they stay in their window */
        set_register(r, o->size, n == 0 ? first : o->size == 64 ? any() : below(UINT32_MAX));
    }
}

static void note_step(void)
{
    memmove(c.last + 1, c.last, 2 * sizeof c.last[0]);
    c.last[0] = (struct step){c.i.mnemonic, c.o[1].imm.value.u};
}

/* ---- The block ------------------------------------------------------------- */

static void at_the_start(void)
{
    for (unsigned r = 0; r < 16; r++)
        c.reg[r] = r < 8 || r == H_R14 ? below(UINT32_MAX) : any();
    c.reg[H_RSP] = (struct value){STACK, 0};
    c.reg[H_R15] = (struct value){VCPU, 0};
    if (c.bt->tc.user_code)
        c.reg[H_R12] = (struct value){BASE, 0};
    if (c.b == &c.bt->block[0])
        c.reg[H_R10] = below(2 * (LOOKUP_HASHES - 1)); /* the shared second level: from the first */
}

static void find_starts(void)
{
    memset(c.starts, 0, c.b->tc_len);
    for (c.off = 0; c.off < c.b->tc_len; c.off += c.i.length) {
        need(decode_at(c.off), "no instruction");
        c.starts[c.off] = 1;
    }
}

static void check_records(void)
{
    const struct unwind *u = &c.bt->record[c.b->records];
    c.off = 0;
    need(c.b->nrecords && u[0].at == 0, "its first byte has no unwind record");
    for (unsigned n = 1; n < c.b->nrecords; n++)
        need(u[n].at > u[n - 1].at, "unwind records out of order");
    need(c.b->tc_len == 0 || u[c.b->nrecords - 1u].at <= c.b->tc_len, "records behind the end");
}

void confined_check(struct vcpu *v, uint32_t block)
{
    c.v = v;
    c.bt = v->vm->bt;
    c.b = &c.bt->block[block];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    find_starts();
    check_records();
    at_the_start();
    for (c.off = 0; c.off < c.b->tc_len; c.off += c.i.length) {
        decode_at(c.off);
        check_kind();
        for (unsigned n = 0; n < c.i.operand_count; n++)
            check_operand(&c.o[n]);
        check_jump();
        note_results();
        note_step();
    }
}
