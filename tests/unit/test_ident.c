/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Copied instructions: the guest's as Zydis reads it in 32-bit mode against what ident makes of it,
 * as Zydis reads that in 64-bit mode. Both must be the same operation on the same operands, but for
 * ESP, which is R14, addresses, which are cut to 32 bits, and FS and GS, which are sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>
#include <cmocka.h>

#include "tests/unit/bt_gen.h"
#include "tests/unit/bt_world.h"

#define EIP BT_CODE

static struct vm *vm;
static ZydisDecodedInstruction g, h; /* guest's, host's */
static ZydisDecodedOperand go[ZYDIS_MAX_OPERAND_COUNT], ho[ZYDIS_MAX_OPERAND_COUNT];
static uint8_t code[256];
static struct translation t;
static unsigned copied, refused, sums, outside;
static uint32_t level; /* the virtual CPL */

static void broken(const char *what)
{
    printf("%s: guest", what);
    for (unsigned n = 0; n < t.insn.len; n++)
        printf(" %02x", t.insn.bytes[n]);
    printf(", host");
    for (unsigned n = 0; n < t.code.len; n++)
        printf(" %02x", code[n]);
    printf("\n");
    fail();
}

static void need(bool ok, const char *what)
{
    if (!ok)
        broken(what);
}

static bool decode(bool host, const uint8_t *bytes, size_t len, ZydisDecodedInstruction *i,
                   ZydisDecodedOperand *o)
{
    ZydisDecoder d;
    ZydisDecoderInit(&d, host ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     host ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
    /* The guest's CPU has neither; the host may, so that their prefix must not be there. */
    ZydisDecoderEnableMode(&d, ZYDIS_DECODER_MODE_LZCNT, host);
    ZydisDecoderEnableMode(&d, ZYDIS_DECODER_MODE_TZCNT, host);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d, bytes, len, i, o));
}

/* The guest's register on the host. */
static ZydisRegister there(ZydisRegister r)
{
    switch (r) {
    case ZYDIS_REGISTER_ESP:
        return ZYDIS_REGISTER_R14D;
    case ZYDIS_REGISTER_SP:
        return ZYDIS_REGISTER_R14W;
    case ZYDIS_REGISTER_EFLAGS:
        return ZYDIS_REGISTER_RFLAGS;
    case ZYDIS_REGISTER_EIP:
        return ZYDIS_REGISTER_RIP;
    default:
        return r;
    }
}

/* ---- Operands through FS and GS: their preparation is computed with ----------------------------
 */

static uint64_t scratch[16]; /* R8 and R9 */
static unsigned preparation; /* instructions so far */

static uint64_t value_of(ZydisRegister r)
{
    if (r == ZYDIS_REGISTER_NONE)
        return 0;
    bool half = r >= ZYDIS_REGISTER_EAX && r <= ZYDIS_REGISTER_R15D;
    unsigned n = (unsigned)(r - (half ? ZYDIS_REGISTER_EAX : ZYDIS_REGISTER_RAX));
    need(n < 16 && n != 4 && n != 15, "a register that is not the guest's");
    if (n == 8 || n == 9)
        return half ? (uint32_t)scratch[n] : scratch[n];
    return t.v->gpr[n == 14 ? R_ESP : n];
}

static uint64_t address_of(const ZydisDecodedOperand *o)
{
    return value_of(o->mem.base) + value_of(o->mem.index) * o->mem.scale +
           (uint64_t)o->mem.disp.value;
}

/* H is a LEA, a MOVSXD or the load of a segment's place, and goes to R8 or R9. */
static void prepare(void)
{
    bool half = ho[0].size == 32;
    unsigned n = (unsigned)(ho[0].reg.value - (half ? ZYDIS_REGISTER_EAX : ZYDIS_REGISTER_RAX));
    uint64_t value = 0;
    need(n == 8 || n == 9, "preparation changes a guest register");
    if (h.mnemonic == ZYDIS_MNEMONIC_LEA) {
        value = address_of(&ho[1]);
    } else if (h.mnemonic == ZYDIS_MNEMONIC_MOVSXD) {
        value = (uint64_t)(int64_t)(int32_t)value_of(ho[1].reg.value);
    } else {
        need(h.mnemonic == ZYDIS_MNEMONIC_MOV && ho[1].mem.base == ZYDIS_REGISTER_R15 && !half &&
                 ho[1].mem.disp.value ==
                     (int64_t)(offsetof(struct vcpu, place) + t.insn.mem.seg * sizeof(uint64_t)),
             "preparation");
        value = t.v->seg[t.insn.mem.seg].base;
    }
    scratch[n] = half ? (uint32_t)value : value;
    preparation++;
}

/* Where the guest's operand is; or so far outside its 4 GiB that the access faults. */
static void same_sum(const ZydisDecodedOperand *b)
{
    const struct mem_operand *m = &t.insn.mem;
    const uint32_t *gpr = t.v->gpr;
    const int64_t span = 1ll << 32;
    uint32_t off = (uint32_t)m->disp + (m->base == R_NONE ? 0 : gpr[m->base]) +
                   (m->index == R_NONE ? 0 : gpr[m->index] * m->scale);
    int64_t there_is = (int64_t)address_of(b);
    need(h.address_width == 64, "67h");
    need(there_is == (uint32_t)(t.v->seg[m->seg].base + off) ||
             (there_is < 0 && there_is > -span) || (there_is >= span && there_is < 2 * span - 4096),
         "another address");
    bool plain = m->index == R_NONE && m->disp > -4096 && m->disp < 4096;
    need(preparation <= (plain ? 2 : 3), "too many instructions");
    sums++;
    outside += there_is < 0 || there_is >= span;
}

static void same_memory(const ZydisDecodedOperand *a, const ZydisDecodedOperand *b)
{
    if (t.insn.mem.seg >= S_FS && t.insn.op != OP_LEA) {
        same_sum(b);
        return;
    }
    need(h.address_width == 32, "no 67h");
    need(b->mem.base == there(a->mem.base), "base");
    need(b->mem.index == there(a->mem.index), "index");
    need(b->mem.index == ZYDIS_REGISTER_NONE || b->mem.scale == a->mem.scale, "scale");
    need((uint32_t)b->mem.disp.value == (uint32_t)a->mem.disp.value, "displacement");
    need(!(h.attributes & ZYDIS_ATTRIB_HAS_SEGMENT), "a segment prefix");
}

static void same_operand(const ZydisDecodedOperand *a, const ZydisDecodedOperand *b)
{
    need(a->type == b->type, "operand type");
    need(a->size == b->size || (t.insn.op == OP_LEA && a->type == ZYDIS_OPERAND_TYPE_MEMORY),
         "operand size");
    need(a->actions == b->actions, "operand access");
    if (a->type == ZYDIS_OPERAND_TYPE_REGISTER)
        need(b->reg.value == there(a->reg.value), "register");
    else if (a->type == ZYDIS_OPERAND_TYPE_MEMORY)
        same_memory(a, b);
    else if (a->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        need((uint32_t)a->imm.value.u == (uint32_t)b->imm.value.u, "immediate");
}

static bool has(const ZydisDecodedInstruction *i, ZydisInstructionAttributes a)
{
    return i->attributes & a;
}

/* The last host instruction is the copy; what is before it prepares its operand. */
static void find_copy(void)
{
    uint32_t off = 0;
    preparation = 0;
    for (;;) {
        need(decode(true, code + off, t.code.len - off, &h, ho), "undecodable");
        off += h.length;
        if (off == t.code.len)
            return;
        need(off < t.code.len, "overrun");
        prepare();
    }
}

static void compare(void)
{
    need(decode(false, t.insn.bytes, t.insn.len, &g, go), "Zydis on the guest's");
    find_copy();
    need(g.mnemonic == h.mnemonic, "another operation");
    need(g.operand_count_visible == h.operand_count_visible, "operands");
    need(has(&g, ZYDIS_ATTRIB_HAS_LOCK) == has(&h, ZYDIS_ATTRIB_HAS_LOCK), "lock");
    need(has(&g, ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE) ==
             has(&h, ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE),
         "rep");
    for (unsigned n = 0; n < g.operand_count_visible; n++)
        same_operand(&go[n], &ho[n]);
}

/* A copy that needs REX cannot name AH .. BH; other reasons to refuse are none here. */
static bool may_be_refused(void)
{
    bool high = false, other = false;
    for (unsigned n = 0; n < t.insn.nopd; n++) {
        const struct operand *o = &t.insn.opd[n];
        high |= o->kind == OPD_GPR && o->size == 1 && o->reg >= 4;
        other |= o->kind == OPD_GPR && o->size > 1 && o->reg == R_ESP;
        other |= o->kind == OPD_MEM && (t.insn.mem.base == R_ESP || t.insn.mem.seg >= S_FS);
    }
    return high && other;
}

static bool is_copied(void)
{
    switch (t.insn.op) {
    case OP_PUSH ... OP_POP_SREG:
    case OP_LAHF:
    case OP_SAHF:
    case OP_DAA:
    case OP_SALC:
    case OP_NOP:
    case OP_PREFETCH:
        return false;
    case OP_INC:
    case OP_DEC:
        return t.insn.flags & INSN_MODRM;
    default:
        return !(t.insn.flags & (INSN_SENSITIVE | INSN_BRANCH | INSN_BAD_LOCK));
    }
}

/* Bases as of a flat segment, a kernel's data for each CPU, thread-local data, and any. */
static void choose_bases(struct gen *gen)
{
    static const uint32_t bases[] = {0, 0x0e3c0000, 0xb7f5a6c0};
    for (unsigned r = S_FS; r <= S_GS; r++) {
        uint32_t n = gen_random(gen, 4);
        vm->vcpu->seg[r].base = n < 3 ? bases[n] : gen_random(gen, 0);
    }
}

static void one(const uint8_t *bytes, unsigned len)
{
    static struct block b;
    b = (struct block){.mode = MODE_DS | MODE_ES | level};
    struct insn insn;
    if (insn_decode(bytes, len, true, &insn) != DECODE_OK)
        return;
    t = (struct translation){.bt = vm->bt, .v = vm->vcpu, .b = &b, .insn = insn, .eip = EIP};
    t.code = (struct code){.at = code, .size = sizeof code};
    if (!is_copied())
        return;
    if (ident(&t)) {
        compare();
        copied++;
    } else {
        need(may_be_refused(), "refused");
        need(t.code.len == 0, "refused too late");
        refused++;
    }
}

static void same_operation_and_operands(void **state)
{
    (void)state;
    vm = bt_world(false);
    struct gen gen = {.seed = 99, .v = vm->vcpu, .fpu = true};
    copied = refused = sums = outside = 0;
    for (unsigned n = 0; n < 60000; n++) {
        for (unsigned r = 0; r < 8; r++)
            vm->vcpu->gpr[r] =
                gen_random(&gen, 2) ? BT_DATA + gen_random(&gen, 64) : gen_random(&gen, 0);
        choose_bases(&gen);
        level = gen_random(&gen, 2) * 3;
        gen_instruction(&gen);
        for (unsigned off = 0; off < gen.len;) {
            struct insn i;
            if (insn_decode(gen.at + off, gen.len - off, true, &i) != DECODE_OK)
                break;
            one(gen.at + off, gen.len - off);
            off += i.len;
        }
    }
    assert_true(copied > 40000 && refused > 100 && sums > 1000 && outside < sums / 2);
}

/* What has no copy in 64-bit mode with this mode's segments is refused with nothing emitted. */
static void refusals(void **state)
{
    (void)state;
    static const struct {
        uint32_t mode;
        const char *bytes;
        unsigned len;
        bool copied;
    } cases[] = {
        {MODE_DS | MODE_ES, "\x67\x8b\x07", 3, false}, /* 16-bit address */
        {MODE_DS | MODE_ES, "\x67\xa5", 2, false},
        {MODE_DS | MODE_ES, "\x67\xd7", 2, false},
        {MODE_DS | MODE_ES, "\x8a\x24\x24", 3, false}, /* AH and ESP */
        {MODE_DS | MODE_ES, "\x2e\x89\x07", 3, false}, /* a store through CS */
        {MODE_DS | MODE_ES, "\x2e\x8b\x07", 3, true},
        {MODE_DS | MODE_ES, "\x64\xa4", 2, false},
        {MODE_DS | MODE_ES, "\x65\xd7", 2, false},
        {MODE_ES, "\x8b\x07", 2, false},
        {MODE_ES, "\x8b\x45\x00", 3, true}, /* SS */
        {MODE_ES, "\x3e\x8b\x45\x00", 4, false},
        {MODE_ES, "\x26\x8b\x07", 3, true},
        {MODE_ES, "\x8d\x07", 2, true}, /* LEA needs no segment */
        {MODE_ES, "\xa4", 1, false},
        {MODE_ES, "\xaa", 1, true},
        {MODE_ES, "\x26\xac", 2, true},
        {MODE_ES, "\xd7", 1, false},
        {MODE_DS, "\xaa", 1, false},
        {MODE_DS, "\xa6", 1, false},
        {MODE_DS, "\xac", 1, true},
        {MODE_DS, "\x26\x8b\x07", 3, false},
        {0, "\x64\x8b\x07", 3, true}, /* FS brings its own base */
    };
    vm = bt_world(false);
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        struct block b = {.mode = cases[n].mode};
        t = (struct translation){.bt = vm->bt, .v = vm->vcpu, .b = &b};
        t.code = (struct code){.at = code, .size = sizeof code};
        assert_int_equal(insn_decode((const uint8_t *)cases[n].bytes, cases[n].len, true, &t.insn),
                         DECODE_OK);
        assert_int_equal(ident(&t), cases[n].copied);
        assert_int_equal(t.code.len != 0, cases[n].copied);
    }
}

/* What compilers write reaches its data and costs no more than it must. */
static void what_compilers_write(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned len, cpl, base, eax, ecx, address, prepared;
    } cases[] = {
        {"\x65\xa1\x14\0\0\0", 6, 3, 0xb7f5a6c0, 0, 0, 0xb7f5a6d4, 1},           /* stack guard */
        {"\x65\x8b\x15\xf8\xff\xff\xff", 7, 3, 0xb7f5a6c0, 0, 0, 0xb7f5a6b8, 1}, /* TLS */
        {"\x65\x8b\x00", 3, 3, 0xb7f5a6c0, 0xfffffffc, 0, 0xb7f5a6bc, 2},     /* its offset read */
        {"\x65\x8b\x50\x08", 4, 3, 0xb7f5a6c0, 0xffffffe0, 0, 0xb7f5a6a8, 2}, /* a field */
        {"\x65\x8b\x04\x88", 4, 3, 0xb7f5a6c0, 0xffffff00, 5, 0xb7f5a5d4, 3}, /* an array */
        {"\x64\xa1\x44\x23\xa1\xc1", 6, 0, 0x0e3c0000, 0, 0, 0xcfdd2344, 2},  /* per CPU */
        {"\x64\x8b\x90\x44\x23\xa1\xc1", 7, 0, 0x0e3c0000, 8, 0, 0xcfdd234c, 2}, /* an array */
        {"\x64\xa1\x44\x23\xa1\xc1", 6, 0, 0xfe3c0000, 0, 0, 0xbfdd2344, 1}, /* below its image */
        {"\x64\x8b\x00", 3, 0, 0x0e3c0000, 0xc1a12344, 0, 0xcfdd2344, 2},    /* its address read */
        {"\x64\x8b\x00", 3, 0, 0xfe3c0000, 0xc1a12344, 0, 0xbfdd2344, 2},
        {"\x64\x8b\x00", 3, 3, 0, 0xbffff000, 0, 0xbffff000, 2}, /* flat */
        {"\x64\xa1\x18\0\0\0", 6, 0, 0, 0, 0, 0x18, 1},
    };
    vm = bt_world(false);
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        struct vcpu *v = vm->vcpu;
        v->gpr[R_EAX] = cases[n].eax;
        v->gpr[R_ECX] = cases[n].ecx;
        v->seg[S_FS].base = v->seg[S_GS].base = cases[n].base;
        sums = outside = 0;
        level = cases[n].cpl;
        one((const uint8_t *)cases[n].bytes, cases[n].len);
        assert_int_equal(sums, 1);
        assert_int_equal(outside, 0);
        assert_int_equal(address_of(&ho[1]), cases[n].address);
        assert_int_equal(preparation, cases[n].prepared);
    }
}

/* ident_load and ident_store with every base and both kinds of segment. */
static void loads_and_stores(void **state)
{
    (void)state;
    static const uint8_t seg[] = {0x36, 0x64, 0x65};
    vm = bt_world(false);
    for (unsigned n = 0; n < 3 * 8 * 2; n++) {
        uint8_t bytes[] = {seg[n % 3], 0xff, (uint8_t)(0xb0 | n / 3 % 8), 0x24, 0x10, 0, 0, 0};
        struct block b = {.mode = MODE_DS | MODE_ES};
        bool store = n >= 24;
        t = (struct translation){.bt = vm->bt, .v = vm->vcpu, .b = &b};
        t.code = (struct code){.at = code, .size = sizeof code};
        assert_int_equal(insn_decode(bytes, sizeof bytes, true, &t.insn), DECODE_OK);
        assert_true(store ? ident_store(&t, H_R11, 2) : ident_load(&t, H_R8));
        need(decode(false, t.insn.bytes, t.insn.len, &g, go), "Zydis on the guest's");
        find_copy();
        need(h.mnemonic == ZYDIS_MNEMONIC_MOV, "MOV");
        need(ho[store].reg.value == (store ? ZYDIS_REGISTER_R11W : ZYDIS_REGISTER_R8D), "register");
        need(ho[!store].size == (store ? 16 : 32), "size");
        same_memory(&go[0], &ho[!store]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_operation_and_operands),
        cmocka_unit_test(refusals),
        cmocka_unit_test(what_compilers_write),
        cmocka_unit_test(loads_and_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
