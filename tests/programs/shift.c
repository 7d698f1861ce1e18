/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms of shifts, divisions and bit instructions, whose flags and results are defined for some
 * operands only (SDM 2): the count, the divisor or the bit is a number that the atom has loaded.
 * Read string.c next.
 */
#include "tests/programs/gen.h"

/* Half of all operands are in memory, the others in a register. */
struct operand {
    bool memory;
    struct memory m;
    uint32_t reg;
};

static void operand_choose(struct gen *g, struct operand *o, uint32_t size, uint32_t access,
                           uint32_t without)
{
    o->memory = once_in(g, 2);
    if (o->memory) {
        memory_choose(g, &o->m, size, access, without);
        return;
    }
    do
        o->reg = free_register(g, without);
    while (size == 1 && o->reg > EBX);
}

/* Prefixes, 0F if it is wanted, opcode and ModRM. */
static void operand_emit(struct gen *g, const struct operand *o, uint32_t size, bool map,
                         uint32_t opcode, uint32_t reg)
{
    if (o->memory)
        memory_prefixes(g, &o->m);
    operand_size(g, size);
    if (map)
        put(g, 0x0f);
    put(g, opcode);
    if (o->memory)
        memory_modrm(g, &o->m, reg);
    else
        put(g, 0xc0 | reg << 3 | o->reg);
}

static void load_cl(struct gen *g, uint32_t count)
{
    put_bytes(g, 0xb1, (uint8_t)count);
}

/* TCG: as for others that read flags. */
static uint32_t tame_if(const struct gen *g, bool reads)
{
    return g->choice->direct && reads ? M_TAME : 0;
}

static void shift_flags(struct gen *g, uint32_t digit, uint32_t count, uint32_t size)
{
    uint32_t overflow = count == 1 ? 0 : F_O;
    if (count == 0)
        return;
    if (digit < 4) {
        set_flags(g, F_C | (F_O & ~overflow), overflow);
        return;
    }
    uint32_t carry = digit != 7 && count >= size * 8 ? F_C : 0;
    set_flags(g, F_ALL & ~(F_A | overflow | carry), F_A | overflow | carry);
}

static void shift(struct gen *g)
{
    uint32_t size = one_of(g, 1, 2, 4), digit = below(g, 8),
             count = once_in(g, 8) ? below(g, 256) : below(g, 33);
    if (g->choice->direct && (digit & 6) == 2)
        digit += 2; /* not RCL and RCR: TCG loses the carry where the store faults */
    bool by_cl = once_in(g, 3) && !(g->reserved >> ECX & 1), by_one = !by_cl && once_in(g, 3);
    struct operand o;
    if (by_cl)
        load_cl(g, count);
    bool carry = digit == 2 || digit == 3;
    operand_choose(g, &o, size, M_READ | M_WRITE | tame_if(g, true), 1u << ECX);
    if (carry)
        use_flags(g, F_C);
    if (by_one)
        count = 1;
    operand_emit(g, &o, size, false, (by_one ? 0xd0 : by_cl ? 0xd2 : 0xc0) + (size != 1), digit);
    if (!by_one && !by_cl)
        put(g, count);
    shift_flags(g, digit, count & 31, size);
}

static void shift_double(struct gen *g)
{
    uint32_t size = one_of(g, 2, 4), count = below(g, size * 8);
    bool by_cl = once_in(g, 3) && !(g->reserved >> ECX & 1);
    struct operand o;
    if (by_cl)
        load_cl(g, count);
    operand_choose(g, &o, size, M_READ | M_WRITE | tame_if(g, true), 1u << ECX);
    operand_emit(g, &o, size, true, one_of(g, 0xa4, 0xac) + by_cl, any_register(g));
    if (!by_cl)
        put(g, count);
    uint32_t overflow = count == 1 ? 0 : F_O;
    if (count)
        set_flags(g, F_ALL & ~(F_A | overflow), F_A | overflow);
}

void atom_shift(struct gen *g)
{
    struct atom outer = atom_begin(g);
    if (once_in(g, 4))
        shift_double(g);
    else
        shift(g);
    atom_end(g, outer);
}

void atom_divide(struct gen *g)
{
    struct atom outer = atom_begin(g);
    uint32_t size = one_of(g, 1, 2, 4), wide = 1u << EAX | 1u << EDX;
    bool reserved = g->reserved & wide, tame = !once_in(g, 4);
    if (!reserved) {
        struct operand o;
        operand_choose(g, &o, size, M_READ, wide);
        if (tame) { /* a quotient that fits */
            move_imm(g, EAX, size == 1 ? below(g, 0x100) : any32(g));
            move_imm(g, EDX, 0);
            if (!o.memory)
                move_imm(g, o.reg, any32(g) | (size == 1 ? 0x101 : 0x1000 >> (size == 2 ? 4 : 0)));
        }
        operand_emit(g, &o, size, false, size == 1 ? 0xf6 : 0xf7, one_of(g, 6, 7));
        set_flags(g, 0, F_ALL);
    }
    atom_end(g, outer);
}

/* BT and its kin: with a bit number that is loaded, up to 4 KiB away from the operand if that is in
 * memory. */
static void bit_test(struct gen *g)
{
    uint32_t size = one_of(g, 2, 4), kind = below(g, 4);
    uint32_t access = M_READ | (kind ? M_WRITE : 0) | M_TAME;
    struct operand o = {.memory = once_in(g, 2)};
    if (o.memory)
        memory_place(g, &o.m, size, access);
    else
        o.reg = free_register(g, 0);
    bool far = o.memory && g->mode.seg[o.m.segment].limit >= 0xf000 &&
               (o.m.offset + g->mode.seg[o.m.segment].base - AT_DATA - 0x2000) < 0xb000 &&
               o.m.offset >= 0x2000 &&
               (g->mode.seg[o.m.segment].limit == 0xffffffff || o.m.offset < 0xd000);
    if (o.memory)
        memory_form(g, &o.m, 0);
    if (o.memory ? far : once_in(g, 2)) {
        uint32_t reg = free_register(g, o.memory ? o.m.registers : 1u << o.reg);
        move_imm(g, reg, o.memory ? below(g, 0x10000) - 0x8000 : any32(g));
        operand_emit(g, &o, size, true, 0xa3 + kind * 8, reg);
    } else {
        operand_emit(g, &o, size, true, 0xba, 4 + kind);
        put(g, any32(g));
    }
    set_flags(g, F_C, F_ALL & ~(F_C | F_Z));
}

/* BSF and BSR of what is not zero. */
static void bit_scan(struct gen *g)
{
    uint32_t size = one_of(g, 2, 4);
    struct operand o;
    operand_choose(g, &o, size, M_READ | M_WRITE | M_TAME, 0);
    operand_emit(g, &o, size, false, 0x81, 1);
    put_n(g, 1u << below(g, size * 8), size);
    operand_emit(g, &o, size, true, one_of(g, 0xbc, 0xbd), free_register(g, 0));
    set_flags(g, F_Z, F_ALL & ~F_Z);
}

void atom_bits(struct gen *g)
{
    struct atom outer = atom_begin(g);
    if (once_in(g, 3))
        bit_scan(g);
    else
        bit_test(g);
    atom_end(g, outer);
}
