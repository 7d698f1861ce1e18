/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The generator (bt_gen.h): a table of encodings, and one function that builds a ModRM operand for
 * an address that has been chosen before, so that base, index and displacement may be anything.
 */
#include "tests/unit/bt_gen.h"

#include <string.h>

#include "tests/unit/bt_gen_rows.h"
#include "tests/unit/bt_world.h"

uint32_t gen_random(struct gen *g, uint32_t below)
{
    g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
    uint32_t r = (uint32_t)(g->seed >> 32);
    return below ? r % below : r;
}

static void put(struct gen *g, uint32_t byte)
{
    g->at[g->len++] = (uint8_t)byte;
}

static void put_n(struct gen *g, uint32_t value, unsigned bytes)
{
    for (unsigned n = 0; n < bytes; n++)
        put(g, value >> 8 * n);
}

/* Of the code's own size. */
static void put_word(struct gen *g, uint32_t value)
{
    put_n(g, value, g->code16 ? 2 : 4);
}

static uint32_t gen_address(struct gen *g, bool aligned)
{
    uint32_t data = BT_DATA + gen_random(g, BT_DATA_PAGES * PAGE_SIZE - 16);
    if (gen_random(g, 8) == 0)
        data = (BT_DATA + PAGE_SIZE * (1 + gen_random(g, 2))) - 1 - gen_random(g, 4);
    else if (gen_random(g, 6) == 0)
        data = BT_STACK + PAGE_SIZE - 64 + gen_random(g, 128);
    return aligned ? data & ~15u : data;
}

/* A segment for the operand: its prefix byte into the code, its base out. */
static uint32_t gen_segment(struct gen *g, bool reads, unsigned base_reg)
{
    static const uint8_t prefix[S_COUNT] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    unsigned seg = gen_random(g, 20);
    if (seg < S_COUNT && (seg != S_CS || reads)) {
        put(g, prefix[seg]);
        return g->v->seg[seg].base;
    }
    return g->v->seg[base_reg == R_ESP || base_reg == R_EBP ? S_SS : S_DS].base;
}

struct operand_shape {
    unsigned base, index, scale;
};

static void shape(struct gen *g, struct operand_shape *s)
{
    s->base = gen_random(g, 5) ? gen_random(g, 8) : R_NONE;
    s->index = gen_random(g, 3) ? R_NONE : gen_random(g, 8);
    s->scale = gen_random(g, 4);
    if (s->index == R_ESP)
        s->index = R_NONE;
}

/* Where base and index are near by themselves, stay near: short displacements need tests too. */
static uint32_t gen_near(struct gen *g, uint32_t sum, uint32_t address)
{
    uint32_t near = sum + (gen_random(g, 3) ? gen_random(g, 64) - 32 : 0);
    bool data = near >= BT_DATA && near < BT_DATA + BT_DATA_PAGES * PAGE_SIZE - 16;
    bool stack = near >= BT_STACK + 64 && near < BT_STACK + BT_STACK_PAGES * PAGE_SIZE - 64;
    return (data || stack) && gen_random(g, 4) ? near : address;
}

static void put_modrm(struct gen *g, unsigned reg, const struct operand_shape *s, uint32_t disp)
{
    bool near = (int32_t)disp >= -128 && (int32_t)disp <= 127;
    unsigned mod = s->base == R_NONE           ? 0
                   : !disp && s->base != R_EBP ? gen_random(g, 2)
                   : near && gen_random(g, 4)  ? 1
                                               : 2;
    bool sib = s->index != R_NONE || s->base == R_ESP || gen_random(g, 8) == 0;
    unsigned base = s->base == R_NONE ? 5 : s->base;
    put(g, mod << 6 | reg << 3 | (sib ? 4 : base));
    if (sib)
        put(g, s->scale << 6 | (s->index == R_NONE ? 4 : s->index) << 3 | base);
    if (mod || s->base == R_NONE)
        put_n(g, disp, mod == 1 ? 1 : 4);
}

/* How far a bit offset in register REG moves the operand. */
static uint32_t bit_distance(const struct gen *g, unsigned reg, bool wide)
{
    int32_t offset = wide ? (int32_t)g->v->gpr[reg] : (int16_t)g->v->gpr[reg];
    return wide ? (uint32_t)(offset >> 5) * 4 : (uint32_t)(offset >> 4) * 2;
}

static void gen_lock(struct gen *g, const struct row *r)
{
    if ((r->traits & LOCK) && gen_random(g, 12) == 0)
        put(g, 0xf0);
}

static void gen_prefixes(struct gen *g, const struct row *r, bool wide)
{
    if (wide == g->code16)
        put(g, 0x66);
    if (r->prefix)
        put(g, r->prefix);
}

static void put_opcode(struct gen *g, const struct row *r)
{
    if (r->map)
        put(g, 0x0f);
    if (r->map > 1)
        put(g, r->map == 2 ? 0x38 : 0x3a);
    put(g, r->opcode + gen_random(g, r->last - r->opcode + 1u));
}

/* An operand with a 16-bit address. */
static void gen_memory16(struct gen *g, const struct row *r, unsigned reg, bool wide)
{
    static const uint8_t base[8] = {R_EBX, R_EBX, R_EBP, R_EBP, R_ESI, R_EDI, R_EBP, R_EBX};
    static const uint8_t index[4] = {R_ESI, R_EDI, R_ESI, R_EDI};
    unsigned rm = gen_random(g, 8);
    bool bare = rm == 6 && gen_random(g, 2);
    uint32_t seg = gen_segment(g, r->traits & READS, bare ? (unsigned)R_EAX : base[rm]);
    uint32_t sum = bare ? 0 : g->v->gpr[base[rm]] + (rm < 4 ? g->v->gpr[index[rm]] : 0);
    uint32_t a = gen_near(g, (sum & 0xffff) + seg, gen_address(g, r->traits & A16));
    if (r->traits & A16)
        a &= ~15u;
    if (r->traits & BITS)
        a -= bit_distance(g, reg, wide);
    int16_t disp = (int16_t)(a - seg - sum);
    unsigned mod = !disp && rm != 6 ? 0 : disp >= -128 && disp <= 127 ? 1 : 2;
    gen_lock(g, r);
    gen_prefixes(g, r, wide);
    put_opcode(g, r);
    put(g, (bare ? 0 : mod << 6) | reg << 3 | rm);
    if (bare || mod)
        put_n(g, (uint16_t)disp, !bare && mod == 1 ? 1 : 2);
}

static void gen_memory(struct gen *g, const struct row *r, unsigned reg, bool wide)
{
    struct operand_shape s;
    if (g->code16 && gen_random(g, 8)) {
        gen_memory16(g, r, reg, wide);
        return;
    }
    if (g->code16)
        put(g, 0x67);
    shape(g, &s);
    uint32_t seg = gen_segment(g, r->traits & READS, s.base);
    if (r->traits & ANY)
        seg = 0;
    gen_lock(g, r);
    gen_prefixes(g, r, wide);
    put_opcode(g, r);
    uint32_t sum = (s.base == R_NONE ? 0 : g->v->gpr[s.base]) +
                   (s.index == R_NONE ? 0 : g->v->gpr[s.index] << s.scale);
    uint32_t a = gen_near(g, sum + seg, gen_address(g, r->traits & A16));
    if (r->traits & A16)
        a &= ~15u;
    if (r->traits & BITS)
        a -= bit_distance(g, reg, wide);
    put_modrm(g, reg, &s, a - seg - sum);
}

static void gen_row(struct gen *g, const struct row *r)
{
    bool wide =
        g->code16 ? (r->traits & P66) && !gen_random(g, 4) : !(r->traits & P66) || gen_random(g, 4);
    unsigned reg = r->form == DIGIT && r->digit < 8 ? r->digit : gen_random(g, 8);
    bool memory = r->traits & MEM || (!(r->traits & REG) && gen_random(g, 2));
    if ((r->form == RM || r->form == DIGIT) && memory) {
        gen_memory(g, r, reg, wide);
    } else if (r->form == MOFFS) {
        uint32_t base = gen_segment(g, r->traits & READS, R_EAX);
        gen_prefixes(g, r, wide);
        put_opcode(g, r);
        put_word(g, gen_address(g, false) - base);
    } else {
        gen_prefixes(g, r, wide);
        put_opcode(g, r);
        if (r->form == RM || r->form == DIGIT)
            put(g, 0xc0 | reg << 3 | gen_random(g, 8));
    }
    if (r->imm) {
        uint32_t x = gen_random(g, 3) ? gen_random(g, 0) : gen_address(g, false);
        put_n(g, x, r->imm == 4 && !wide ? 2 : r->imm);
    }
}

static void gen_set(struct gen *g, unsigned reg, uint32_t value)
{
    if (g->code16)
        put(g, 0x66);
    put(g, 0xb8 + reg);
    put_n(g, value, 4);
}

/* Index registers into the data, a small count, and the operation. */
static void gen_string(struct gen *g)
{
    static const uint8_t ops[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
    uint32_t middle = BT_DATA + 2 * PAGE_SIZE;
    gen_set(g, R_ESI, middle - g->v->seg[S_DS].base + gen_random(g, 200) - 100);
    gen_set(g, R_EDI, middle - g->v->seg[S_ES].base + gen_random(g, 200) - 100);
    gen_set(g, R_ECX, gen_random(g, 3) ? gen_random(g, 12) : gen_random(g, 2));
    if (gen_random(g, 4) == 0)
        put(g, 0x36);
    if (gen_random(g, 3) == 0)
        put(g, 0x66);
    if (gen_random(g, 4))
        put(g, 0xf2 + gen_random(g, 2));
    put(g, ops[gen_random(g, ARRAY_SIZE(ops))]);
}

static unsigned gen_data_segment(struct gen *g)
{
    static const uint8_t sreg[] = {S_ES, S_DS, S_FS, S_GS};
    return sreg[gen_random(g, 4)];
}

static unsigned gen_selector(struct gen *g)
{
    static const uint8_t rare[] = {0, 0, 0x40, 0x48, 0x20};
    return gen_random(g, 3) ? 0x10 + 8 * gen_data_segment(g) : rare[gen_random(g, sizeof rare)];
}

/* What bt/system.c translates: flags and selectors from the stack. */
static void gen_system(struct gen *g)
{
    unsigned sreg = gen_data_segment(g);
    switch (gen_random(g, 4)) {
    case 0: /* push imm32 or pushf; popf */
        put(g, gen_random(g, 2) ? 0x9c : 0x68);
        if (g->at[g->len - 1] == 0x68)
            put_word(g, gen_random(g, 0) & (FL_ARITH | FL_DF | FL_IF | FL_ID));
        put(g, 0x9d);
        break;
    case 1: /* mov sreg, ax */
        gen_set(g, R_EAX, gen_selector(g));
        put(g, 0x8e);
        put(g, 0xc0 | sreg << 3);
        break;
    case 2: /* push imm32; pop sreg */
        put(g, 0x68);
        put_word(g, gen_selector(g));
        if (sreg >= S_FS)
            put(g, 0x0f);
        put(g, sreg >= S_FS ? 0xa1 | (sreg - S_FS) << 3 : 0x07 | sreg << 3);
        break;
    default: /* pushf; push cs; push imm32; iret to what is behind */
        put_n(g, 0x680e9c, 3);
        put_word(g, g->v->eip + (uint32_t)g->len + (g->code16 ? 3 : 5));
        put(g, 0xcf);
        break;
    }
}

static uint32_t gen_stack(struct gen *g)
{
    return BT_STACK + PAGE_SIZE - 256 + gen_random(g, 128) * 4 - g->v->seg[S_SS].base;
}

static void gen_special(struct gen *g)
{
    switch (gen_random(g, 10)) {
    case 6 ... 9:
        gen_system(g);
        break;
    case 0: /* xlat */
        gen_set(g, R_EBX, gen_address(g, false) - g->v->seg[S_DS].base);
        put(g, 0xd7);
        break;
    case 1: /* a register that points into the stack, so that ESP may become it */
        gen_set(g, gen_random(g, 4), gen_stack(g));
        put_n(g, 0x9494, 2); /* xchg eax, esp; twice */
        break;
    case 2: /* leave needs a frame */
        gen_set(g, R_EBP, gen_stack(g));
        put(g, 0xc9);
        break;
    case 3: /* maskmovdqu, maskmovq */
        gen_set(g, R_EDI, gen_address(g, false) - g->v->seg[S_DS].base);
        if (g->fpu && gen_random(g, 2))
            put(g, 0x66);
        put_n(g, g->fpu ? 0xca00f70fu | gen_random(g, 2) << 24 : 0x90, g->fpu ? 2 : 1);
        if (g->fpu)
            put(g, 0xc0 | gen_random(g, 64));
        break;
    case 4: /* sti and its shadow */
        put_n(g, 0x4340fbfa + (gen_random(g, 4) << 16), 4);
        break;
    default: /* a small number: a shift count, a bit offset, an index */
        gen_set(g, gen_random(g, 4), gen_random(g, 64));
        break;
    }
}

static void gen_any_row(struct gen *g)
{
    const struct row *r;
    do
        r = &table[gen_random(g, ARRAY_SIZE(table))];
    while ((r->traits & FPU) && !g->fpu);
    gen_row(g, r);
    if (r->traits & UNDEF) {
        put_n(g, 0x3c | gen_random(g, 0) << 8, 2); /* cmp al, imm8 */
    }
}

/* One to three rounds of something. */
static void gen_loop(struct gen *g)
{
    const struct vcpu *v = g->v;
    struct vcpu then = *v;
    then.gpr[R_ECX] = 1 + gen_random(g, 3);
    if (g->code16 && gen_random(g, 2)) /* CX alone counts */
        then.gpr[R_ECX] |= gen_random(g, 0) << 16;
    gen_set(g, R_ECX, then.gpr[R_ECX]);
    unsigned body = g->len;
    g->v = &then;
    gen_any_row(g);
    g->v = v;
    if (gen_random(g, 3) == 0)
        put(g, 0x90);
    if (gen_random(g, 2))
        put_n(g, 0x7549, 2); /* dec ecx; jnz */
    else
        put(g, 0xe0 + gen_random(g, 3));
    put(g, body - g->len - 1);
}

void gen_instruction(struct gen *g)
{
    unsigned kind = gen_random(g, 24);
    g->len = 0;
    if (kind == 0)
        gen_string(g);
    else if (kind < 3)
        gen_special(g);
    else if (kind < 5)
        gen_loop(g);
    else
        gen_any_row(g);
}

static void put_address32(struct gen *g)
{
    if (g->code16)
        put(g, 0x67);
}

/* An indirect jump or call, MODE its /digit, to TARGET. */
static void gen_indirect(struct gen *g, unsigned mode, uint32_t target)
{
    static const struct row store = {0, 0, 0xc7, 0xc7, DIGIT, 0, 0, MEM};
    static const struct row jump = {0, 0, 0xff, 0xff, DIGIT, 4, 0, MEM | READS};
    unsigned reg = gen_random(g, 8);
    if (reg == R_ESP) { /* through memory, with one shape for both */
        struct operand_shape s;
        shape(g, &s);
        uint32_t sum = (s.base == R_NONE ? 0 : g->v->gpr[s.base]) +
                       (s.index == R_NONE ? 0 : g->v->gpr[s.index] << s.scale);
        uint32_t base = g->v->seg[s.base == R_ESP || s.base == R_EBP ? S_SS : S_DS].base;
        uint32_t disp = gen_address(g, false) - base - sum;
        put_address32(g);
        put(g, store.opcode);
        put_modrm(g, 0, &s, disp);
        put_word(g, target);
        put_address32(g);
        put(g, jump.opcode);
        put_modrm(g, mode, &s, disp);
        return;
    }
    gen_set(g, reg, target);
    put(g, 0xff);
    put(g, 0xc0 | mode << 3 | reg);
}

void gen_jump(struct gen *g, uint32_t target, uint8_t forward)
{
    uint32_t from = g->v->eip, size = g->code16 ? 2 : 4;
    g->len = 0;
    switch (gen_random(g, 9)) {
    case 0:
        put(g, 0x70 + gen_random(g, 16));
        put(g, forward);
        break;
    case 1:
        put(g, 0x0f);
        put(g, 0x80 + gen_random(g, 16));
        put_word(g, target - from - 2 - size);
        break;
    case 2:
        put(g, 0xe0 + gen_random(g, 4));
        put(g, forward);
        break;
    case 3:
        put(g, 0xe9);
        put_word(g, target - from - 1 - size);
        break;
    case 4:
        put(g, 0xe8);
        put_word(g, target - from - 1 - size);
        break;
    case 5:
        put(g, 0x68);
        put_word(g, target);
        put(g, gen_random(g, 2) ? 0xc3 : 0xc2);
        if (g->at[g->len - 1] == 0xc2)
            put_n(g, 4 * gen_random(g, 3), 2);
        break;
    case 6:
        put(g, gen_random(g, 2) ? 0xc3 : 0x90); /* to a caller, if there is one */
        break;
    default:
        gen_indirect(g, gen_random(g, 2) ? 2 : 4, target);
        break;
    }
}
