/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms that push and pop, as many bytes as they pushed; frames; EFLAGS by way of the stack. Read
 * flow.c next.
 */
#include "tests/programs/gen.h"

enum {
    FL_TF = 0x100,
    FL_IF = 0x200,
    FL_DF = 0x400,
    FL_NT = 0x4000,
    FL_AC = 0x40000,
    FL_ID = 0x200000
};

/* CPUs push 16 or 32 bits of a selector (SDM 2 PUSH), so with 32 the rest of the slot is made 0
 * before. */
void clear_slot(struct gen *g)
{
    operand_size(g, 4);
    put_bytes(g, 0x6a, 0);
    address_size(g, 32);
    operand_size(g, 4);
    put_bytes(g, 0x8d, 0x64, 0x24, 4); /* lea esp, [esp + 4] */
}

static void push_segment(struct gen *g, uint32_t size)
{
    if (size == 4)
        clear_slot(g);
    operand_size(g, size);
    switch (below(g, 6)) {
    case 4:
        put_bytes(g, 0x0f, 0xa0);
        break;
    case 5:
        put_bytes(g, 0x0f, 0xa8);
        break;
    default:
        put(g, one_of(g, 0x06, 0x0e, 0x16, 0x1e));
    }
}

/* One push of SIZE bytes. */
static void push(struct gen *g, uint32_t size)
{
    struct memory m;
    switch (below(g, 8)) {
    case 0:
        operand_size(g, size);
        put(g, 0x68);
        put_n(g, any32(g), size);
        break;
    case 1:
        operand_size(g, size);
        put_bytes(g, 0x6a, (uint8_t)any32(g));
        break;
    case 2:
        memory_choose(g, &m, size, M_READ, 0);
        memory_prefixes(g, &m);
        operand_size(g, size);
        put(g, 0xff);
        memory_modrm(g, &m, 6);
        break;
    case 3:
        push_segment(g, size);
        break;
    case 4:
        use_flags(g, F_ALL);
        operand_size(g, size);
        put(g, 0x9c);
        break;
    default:
        operand_size(g, size);
        put(g, 0x50 + below(g, 8));
    }
}

static void pop(struct gen *g, uint32_t size)
{
    struct memory m;
    if (once_in(g, 5)) {
        memory_choose(g, &m, size, M_WRITE, 0);
        memory_prefixes(g, &m);
        operand_size(g, size);
        put(g, 0x8f);
        memory_modrm(g, &m, 0);
        return;
    }
    operand_size(g, size);
    put(g, 0x58 + free_register(g, 0));
}

static void pushes(struct gen *g)
{
    uint32_t sizes[6], n = 1 + below(g, 6);
    for (uint32_t i = 0; i < n; i++)
        push(g, sizes[i] = once_in(g, 4) ? 2 : 4);
    if (once_in(g, 3)) { /* all at once */
        uint32_t bytes = 0;
        for (uint32_t i = 0; i < n; i++)
            bytes += sizes[i];
        operand_size(g, 4);
        put_bytes(g, 0x83, 0xc4, (uint8_t)bytes);
        set_flags(g, F_ALL, 0);
        return;
    }
    for (uint32_t i = n; i-- > 0;)
        pop(g, sizes[i]);
}

static void all_registers(struct gen *g)
{
    uint32_t size = one_of(g, 2, 4);
    operand_size(g, size);
    put(g, 0x60);
    if (once_in(g, 2))
        move_imm(g, free_register(g, 0), any32(g));
    operand_size(g, size);
    put(g, 0x61);
}

static void frame(struct gen *g)
{
    uint32_t size = one_of(g, 2, 4);
    operand_size(g, 4);
    put_bytes(g, 0x89, 0xe5); /* mov ebp, esp */
    operand_size(g, size);
    put_bytes(g, 0xc8, (uint8_t)below(g, 0x40), 0, (uint8_t)(once_in(g, 2) ? below(g, 4) : 0));
    operand_size(g, size);
    put(g, 0xc9);
}

void atom_stack(struct gen *g)
{
    struct atom outer = atom_begin(g);
    if (!g->steady) {
        if (once_in(g, 6) && !(g->reserved & ~(1u << ESP)))
            all_registers(g);
        else if (once_in(g, 6) && !(g->reserved >> EBP & 1))
            frame(g);
        else
            pushes(g);
    }
    atom_end(g, outer);
}

/* pushf; xor [esp], MASK (or and, or: DIGIT); popf. The address is 32 bits wide. */
static void change_flags(struct gen *g, uint32_t digit, uint32_t mask)
{
    use_flags(g, F_ALL);
    operand_size(g, 4);
    put(g, 0x9c);
    address_size(g, 32);
    operand_size(g, 4);
    put_bytes(g, 0x81, (uint8_t)(0x04 | digit << 3), 0x24);
    put_n(g, mask, 4);
    operand_size(g, 4);
    put(g, 0x9d);
    set_flags(g, F_ALL, 0);
}

static void trace_flag(struct gen *g)
{
    change_flags(g, 1, FL_TF);
    for (uint32_t i = 1 + below(g, 4); i-- > 0;)
        put(g, one_of(g, 0x90, 0x40, 0xf8, 0xf9, 0xf5, 0xfc));
    change_flags(g, 4, ~(uint32_t)FL_TF);
}

void atom_flags(struct gen *g)
{
    struct atom outer = atom_begin(g);
    switch (g->steady ? 9 : below(g, 8)) {
    case 0:
        if (!(g->reserved >> EAX & 1))
            trace_flag(g);
        break;
    case 1:
    case 2:
        change_flags(g, 6,
                     one_of(g, FL_NT, FL_ID, FL_AC, FL_IF, 0x3000, 0x10000) |
                         (any32(g) & (F_ALL | FL_DF)));
        break;
    case 3: /* 16 bits of it */
        use_flags(g, F_ALL);
        operand_size(g, 2);
        put(g, 0x68);
        put_n(g, any32(g) & (F_ALL | FL_DF | FL_IF | FL_NT), 2);
        operand_size(g, 2);
        put(g, 0x9d);
        set_flags(g, F_ALL, 0);
        break;
    case 4:
        put(g, one_of(g, 0xfa, 0xfb));
        put(g, 0x90);
        break;
    default:
        change_flags(g, 6, any32(g) & (F_ALL | FL_DF));
    }
    atom_end(g, outer);
}
