/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Programs (bt_program.h) grow where the interpreter stands: one piece is put there and run; what
 * the comparison could not follow (an exception, a stray access, an ESP outside the stack) is taken
 * back. Jumps lead to areas of 256 bytes of their own, some of which cross a page.
 */
#include "tests/unit/bt_program.h"

#include <string.h>

#include "monitor/interp/interp.h"
#include "monitor/interp/operand.h"
#include "monitor/segment.h"
#include "tests/unit/fake_fpu.h"

#define TORN_BYTES  8u
#define AREA        256u
#define AREAS       (BT_CODE_PAGES * PAGE_SIZE / AREA - 1)
#define AREA_STRIDE 37u

struct program prog;

uint32_t program_at(const struct vcpu *v)
{
    return prog.base + v->eip;
}

void program_decode(uint32_t linear, struct insn *i)
{
    insn_decode(bt_ram(prog.vm, linear), INSN_MAX, !prog.config.code16, i);
}

/* ---- States ----------------------------------------------------------------- */

static uint8_t *page_ram(unsigned n)
{
    uint32_t a =
        n < BT_DATA_PAGES ? BT_DATA + n * PAGE_SIZE : BT_STACK + (n - BT_DATA_PAGES) * PAGE_SIZE;
    return bt_ram(prog.vm, a);
}

void shot_take(struct shot *s, const struct vcpu *v)
{
    memcpy(s->gpr, v->gpr, sizeof s->gpr);
    s->eip = v->eip;
    s->eflags = v->eflags;
    s->unknown = 0;
    s->vif = v->vif;
    s->inhibit = v->inhibit;
    s->cpl = v->cpl;
    memcpy(s->seg, v->seg, sizeof s->seg);
    memcpy(s->fpu, fake_fpu_state, FPU_BYTES);
    memset(s->fpu + 6, 0, 18); /* FOP, FIP, FDP: the host's */
    for (unsigned n = 0; n < PAGES; n++)
        memcpy(s->memory + n * PAGE_SIZE, page_ram(n), PAGE_SIZE);
}

void shot_restore_memory(const struct shot *s)
{
    for (unsigned n = 0; n < PAGES; n++)
        memcpy(page_ram(n), s->memory + n * PAGE_SIZE, PAGE_SIZE);
    fake_fpu_reset();
    memcpy(fake_fpu_state, s->fpu, FPU_BYTES);
}

bool shot_same_registers(const struct shot *s, const struct vcpu *v)
{
    return !memcmp(s->gpr, v->gpr, sizeof s->gpr) && s->eip == v->eip &&
           !((s->eflags ^ v->eflags) & ~s->unknown) && s->vif == v->vif &&
           (!s->inhibit || v->inhibit) && s->cpl == v->cpl;
}

static bool is_torn(unsigned n, unsigned offset)
{
    uint32_t first = n < BT_DATA_PAGES ? BT_DATA : BT_STACK - BT_DATA_PAGES * PAGE_SIZE;
    return prog.torn && first + n * PAGE_SIZE + offset - prog.torn < TORN_BYTES;
}

/* But for what a store of ten bytes may have done of its eight before the other two faulted (SDM 3A
 * 9.1.1). */
bool shot_same_memory(const struct shot *s)
{
    for (unsigned n = 0; n < PAGES; n++) {
        const uint8_t *is = page_ram(n), *was = s->memory + n * PAGE_SIZE;
        if (!memcmp(is, was, PAGE_SIZE))
            continue;
        for (unsigned k = 0; k < PAGE_SIZE; k++)
            if (is[k] != was[k] && !is_torn(n, k))
                return false;
    }
    return true;
}

/* FCW; MXCSR; the XMM registers; and FSW, FTW and the x87 registers, but for a faulting MMX store:
 * it may have made its switch to the MMX state by then (SDM 2, MASKMOVQ), and images begin with
 * the register on top. */
bool shot_same_fpu(const struct shot *s)
{
    const uint8_t *is = fake_fpu_state;
    bool x87 = !memcmp(s->fpu + 2, is + 2, 4) && !memcmp(s->fpu + 32, is + 32, 128);
    return !memcmp(s->fpu, is, 2) && !memcmp(s->fpu + 24, is + 24, 4) &&
           !memcmp(s->fpu + 160, is + 160, 128) && (x87 || prog.mmx_fault);
}

/* Between two host instructions a register may be loaded in part: its load starts again. */
bool shot_same_segments(const struct shot *s, const struct vcpu *v)
{
    for (unsigned n = 0; n < S_COUNT; n++)
        if (s->seg[n].sel != v->seg[n].sel || s->seg[n].base != v->seg[n].base ||
            s->seg[n].limit != v->seg[n].limit || s->seg[n].attr != v->seg[n].attr)
            return false;
    return true;
}

bool shot_same(const struct shot *s, const struct vcpu *v)
{
    return shot_same_registers(s, v) && shot_same_memory(s) && shot_same_fpu(s);
}

/* ---- Making a program ------------------------------------------------------- */

/* One after the other, each some pages from the one before. */
static uint32_t new_area(void)
{
    uint32_t area = AREA_STRIDE * prog.areas++ % (AREAS - 1);
    return BT_CODE + AREA - 20 + AREA * area + gen_random(&prog.gen, 16);
}

static unsigned room_at(uint32_t eip)
{
    uint32_t off = eip - BT_CODE, n = 0;
    while (off + n < sizeof prog.used && n < AREA && !prog.used[off + n])
        n++;
    unsigned left = AREA - (off + 20) % AREA;
    return n < left ? n : left;
}

static bool in_code(uint32_t eip)
{
    return eip >= BT_CODE + AREA - 20 && eip < BT_CODE + (AREAS - 1) * AREA;
}

static bool acceptable(const struct vcpu *v)
{
    uint32_t at = program_at(v), esp = v->gpr[R_ESP];
    if (prog.config.code16)
        esp = v->seg[S_SS].base + (esp & 0xffff);
    return !v->exc.valid && !v->halted && v->cpl == prog.config.cpl &&
           v->seg[S_CS].base == prog.base && !(v->eflags & (FL_TF | FL_AC)) &&
           esp >= BT_STACK + 256 && esp < BT_STACK + BT_STACK_PAGES * PAGE_SIZE - 256 &&
           in_code(at) && (prog.used[at - BT_CODE] || room_at(at) > 16);
}

/* Flags that the manual leaves open and this CPU makes depend on the flags before. */
static uint32_t undefined_flags(uint32_t eip)
{
    struct insn i;
    program_decode(eip, &i);
    switch (i.op) {
    case OP_MUL:
    case OP_IMUL:
        return FL_SF | FL_ZF | FL_AF | FL_PF;
    case OP_DIV:
    case OP_IDIV:
        return FL_ARITH;
    case OP_BSF:
    case OP_BSR:
        return FL_ARITH & ~(uint32_t)FL_ZF;
    case OP_BT:
    case OP_BTS:
    case OP_BTR:
    case OP_BTC:
        return FL_ARITH & ~(uint32_t)(FL_CF | FL_ZF);
    case OP_ROL ... OP_SHRD:
        return FL_OF | FL_AF;
    default:
        return 0;
    }
}

/* Other memory is not put back between two runs; and sanitizers keep their own from 2 GiB on,
 * where an access would not fault. */
static bool harmless(uint32_t linear)
{
    return linear - BT_DATA <= BT_DATA_PAGES * PAGE_SIZE - 16 ||
           linear - BT_STACK <= BT_STACK_PAGES * PAGE_SIZE - 16;
}

/* A string that may go on beyond the first or last byte that its address can have is none. */
static bool harmless_string(uint32_t base, uint32_t offset, uint32_t mask)
{
    offset &= mask;
    return harmless(base + offset) && offset >= 256 && offset <= mask - 256;
}

static bool harmless_access(const struct vcpu *v)
{
    struct insn i;
    program_decode(program_at(v), &i);
    const uint32_t mask = i.addrsize == 2 ? 0xffffu : 0xffffffffu;
    if (i.flags & INSN_STRING)
        return harmless_string(v->seg[i.mem.seg].base, v->gpr[R_ESI], mask) &&
               harmless_string(v->seg[S_ES].base, v->gpr[R_EDI], mask);
    for (unsigned n = 0; n < i.nopd; n++) {
        if (i.opd[n].kind != OPD_MEM || !i.opd[n].access)
            continue;
        uint32_t offset = operand_offset(v, &i);
        if (i.op >= OP_BT && i.op <= OP_BTC && i.opd[1].kind == OPD_GPR)
            offset += (uint32_t)((i.opsize == 4 ? (int32_t)v->gpr[i.opd[1].reg]
                                                : (int16_t)v->gpr[i.opd[1].reg]) >>
                                 3);
        if (!harmless(v->seg[i.mem.seg].base + (offset & mask)))
            return false;
    }
    return true;
}

/* Steps once and keeps the state. */
static bool step_and_take(struct vcpu *v)
{
    uint32_t unknown = undefined_flags(program_at(v));
    if (!harmless_access(v))
        return false;
    if (prog.shots >= MAX_SHOTS || interp_step(v) != INTERP_OK)
        return false;
    shot_take(&prog.shot[prog.shots], v);
    prog.shot[prog.shots++].unknown = unknown;
    return acceptable(v);
}

/* Runs the bytes that have just been put at START. */
static bool run_new(struct vcpu *v, uint32_t start, unsigned len)
{
    unsigned steps = 0;
    do {
        if (!step_and_take(v) || ++steps > 24)
            return false;
    } while (program_at(v) > start && program_at(v) < start + len);
    return true;
}

static void generate_bytes(struct vcpu *v)
{
    prog.gen.v = v;
    if (room_at(program_at(v)) < 96) {
        unsigned size = prog.config.code16 ? 2 : 4;
        prog.gen.len = 1 + size;
        prog.gen.at[0] = 0xe9;
        uint32_t rel = new_area() - program_at(v) - prog.gen.len;
        memcpy(prog.gen.at + 1, &rel, size);
    } else if (gen_random(&prog.gen, 7) == 0) {
        gen_jump(&prog.gen, new_area() - prog.base, (uint8_t)gen_random(&prog.gen, 30));
    } else {
        gen_instruction(&prog.gen);
    }
}

/* One more piece of program, if it does nothing that the comparison cannot follow. */
static void extend(struct vcpu *v)
{
    static struct vcpu before;
    unsigned shots = prog.shots;
    uint32_t start = program_at(v);
    before = *v;
    generate_bytes(v);
    bt_put(prog.vm, start, prog.gen.at, prog.gen.len);
    if (run_new(v, start, prog.gen.len)) {
        memset(prog.used + (start - BT_CODE), 1, prog.gen.len);
        return;
    }
    *v = before;
    prog.shots = shots;
    shot_restore_memory(&prog.shot[shots - 1]);
}

/* Where 16-bit code's segments begin: what is reached is the same. */
static uint32_t base16(unsigned sreg)
{
    static const uint32_t at[S_COUNT] = {
        [S_CS] = BT_CODE, [S_SS] = BT_STACK - 0x7f00, [S_DS] = BT_DATA - 0x1230,
        [S_ES] = BT_DATA, [S_FS] = BT_DATA - 0x5550,  [S_GS] = BT_DATA - 0x10};
    bool data = sreg != S_CS && sreg != S_SS;
    return data && prog.config.unlimited ? BT_DATA + 2 * PAGE_SIZE - 0x10000 : at[sreg];
}

static uint32_t prog_stack(void)
{
    return prog.config.code16 ? base16(S_SS) : 0;
}

static uint32_t start_value(unsigned reg)
{
    uint32_t upper = prog.config.code16 ? gen_random(&prog.gen, 0) << 16 : 0;
    switch (reg == R_ESP ? 1 : gen_random(&prog.gen, 5)) {
    case 0:
        return BT_DATA + gen_random(&prog.gen, BT_DATA_PAGES * PAGE_SIZE);
    case 1:
        return upper + BT_STACK + PAGE_SIZE - 512 + 4 * gen_random(&prog.gen, 256) - prog_stack();
    case 2:
        return gen_random(&prog.gen, 100);
    default:
        return gen_random(&prog.gen, 0);
    }
}

static uint64_t flat_descriptor(uint32_t base, uint32_t attr)
{
    return 0x000f00000000ffffull | (uint64_t)(attr & 0xf0ff) << 40 |
           (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(base >> 24) << 56;
}

static void make_gdt16(uint64_t *gdt, uint32_t attr)
{
    const uint64_t high_limit = 15ull << 48;
    for (unsigned n = 0; n < S_COUNT; n++) {
        uint32_t code = n == S_CS ? (uint32_t)SA_CODE : 0;
        gdt[2 + n] = flat_descriptor(base16(n), (attr | code) & ~(uint32_t)SA_DB);
        if (!prog.config.unlimited || n == S_CS || n == S_SS)
            gdt[2 + n] &= ~(high_limit | (uint64_t)SA_G << 40);
    }
}

/* Selector 10h + 8n is register n's, all of them flat but FS's; 40h is a data segment with a base,
 * 48h one with a limit. */
static void make_gdt(struct vcpu *v)
{
    uint64_t *gdt = bt_ram(prog.vm, BT_GDT);
    const uint32_t data = SA_P | SA_S | SA_RW | SA_ACCESSED | SA_DB | SA_G |
                          (uint32_t)prog.config.cpl << SA_DPL_SHIFT;
    memset(gdt, 0, PAGE_SIZE);
    for (unsigned n = 0; n < S_COUNT; n++)
        gdt[2 + n] = flat_descriptor(n == S_FS ? prog.config.fs_base : 0,
                                     data | (n == S_CS ? (uint32_t)SA_CODE : 0));
    gdt[8] = flat_descriptor(0x1000, data);
    gdt[9] = flat_descriptor(0, data) & ~(15ull << 48);
    if (prog.config.code16)
        make_gdt16(gdt, data);
    v->gdtr = (struct table_reg){BT_GDT, 10 * 8 - 1};
    vcpu_forget_memos(v);
}

static void start_segments(struct vcpu *v)
{
    const struct config *c = &prog.config;
    make_gdt(v);
    for (unsigned n = 0; n < S_COUNT; n++)
        segment_unpack((uint16_t)(0x10 + n * 8), ((uint64_t *)bt_ram(prog.vm, BT_GDT))[2 + n],
                       &v->seg[n]);
    prog.base = v->seg[S_CS].base;
    if (!c->code16)
        v->seg[S_FS].base = c->fs_base;
    if (c->small_gs)
        v->seg[S_GS].limit = c->code16 ? 0x1fff : BT_DATA + PAGE_SIZE - 1;
    if (c->no_ds)
        v->seg[S_DS].base = 0x1230;
    if (c->no_es)
        v->seg[S_ES].limit = 0xfffff000u;
}

static void start_state(struct vcpu *v)
{
    for (unsigned n = 0; n < 8; n++)
        v->gpr[n] = start_value(n);
    v->cpl = prog.config.cpl;
    v->eflags = FL_ONE | (gen_random(&prog.gen, 0) & FL_ARITH) |
                (gen_random(&prog.gen, 4) ? 0 : (uint32_t)FL_DF) |
                (gen_random(&prog.gen, 4) ? 0 : (uint32_t)FL_ID);
    v->vif = (uint8_t)gen_random(&prog.gen, 2);
    v->event = gen_random(&prog.gen, 4) == 0;
    v->inhibit = 0;
    v->exc.valid = v->halted = false;
    v->cr2 = 0x12345678;
    v->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    v->cr0 = prog.config.real ? v->cr0 & ~(uint32_t)CR0_PE : v->cr0 | CR0_PE;
    start_segments(v);
}

bool program_make(uint64_t seed, unsigned length)
{
    struct vcpu *v = prog.vm->vcpu;
    prog.gen = (struct gen){.seed = seed * 0x9e3779b97f4a7c15u + 1,
                            .fpu = prog.config.fpu,
                            .code16 = prog.config.code16};
    prog.areas = prog.shots = 0;
    memset(prog.used, 0, sizeof prog.used);
    for (unsigned n = 0; n < 4; n++)
        gen_random(&prog.gen, 0);
    for (unsigned n = 0; n < PAGES; n++)
        for (unsigned b = 0; b < PAGE_SIZE; b++)
            page_ram(n)[b] = (uint8_t)gen_random(&prog.gen, 0);
    for (uint32_t a = BT_CODE; a < BT_CODE + sizeof prog.used; a += PAGE_SIZE)
        memset(bt_ram(prog.vm, a), 0xcc, PAGE_SIZE);
    fake_fpu_reset();
    start_state(v);
    v->eip = new_area() - prog.base;
    prog.start = *v;
    shot_take(&prog.shot[prog.shots++], v);
    while (prog.shots < length && prog.areas < AREAS - 3) {
        if (!prog.used[program_at(v) - BT_CODE])
            extend(v);
        else if (!step_and_take(v))
            break;
    }
    prog.end = program_at(v);
    if (prog.used[prog.end - BT_CODE])
        return false;
    bt_put(prog.vm, prog.end, "\x0f\x0b", 2); /* UD2, a callout */
    /* What was loaded once is loaded again by translated code. */
    memcpy(prog.start.memo, v->memo, sizeof v->memo);
    prog.start.code_memo = v->code_memo;
    return true;
}
