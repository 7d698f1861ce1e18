/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Atoms of far transfers: to other code segments of the same ring and back, by call gates, to outer
 * rings, to V86 and real mode, to other tasks. What runs in another mode is an excursion: it has no
 * bounds, as only its own mode can run it, and ends in a checkpoint, which brings back all that the
 * section has. Read system.c next.
 */
#include "tests/programs/gen.h"

enum { FL_IF = 0x200, FL_IOPL = 0x3000, FL_VM = 0x20000 };

static const struct segment nothing = {0, 0, 0, false, false};

/* Atoms of an excursion in the present mode of g, and its end. */
static void inside(struct gen *g, uint32_t most)
{
    for (uint32_t i = below(g, most) + 1; i-- > 0;)
        atom_simple(g);
}

static void away(struct gen *g, uint32_t most)
{
    inside(g, most);
    interrupt(g, INT_CHECK);
}

static void push_imm(struct gen *g, uint32_t value)
{
    operand_size(g, 4);
    put(g, 0x68);
    put_n(g, value, 4);
}

static struct hole push_hole(struct gen *g)
{
    operand_size(g, 4);
    put(g, 0x68);
    return hole(g, 4);
}

/* Another code segment of this ring. */
static struct segment other_code(struct gen *g)
{
    static const uint32_t ring0[] = {SEL_CODE0,    SEL_CODEB0,    SEL_CODE16_0,
                                     SEL_LDT_CODE, SEL_FRESHCODE, SEL_CONFORM};
    static const uint32_t ring3[] = {SEL_CODE3, SEL_CODEB3, SEL_CODE16_3, SEL_CONFORM};
    /* Bochs checks no alignment where CALL stays at CPL 3 in code of DPL 0. */
    bool conform = !(g->mode.cr0 & 0x40000);
    uint32_t s = g->mode.cpl == 0   ? ring0[below(g, 6)]
                 : g->mode.cpl == 3 ? ring3[below(g, conform ? 4 : 3)]
                                    : SEL_CONFORM;
    bool based = s != SEL_CODE0 && s != SEL_FRESHCODE && s != SEL_CONFORM && s != SEL_CODE3;
    return (struct segment){s, based ? AT_CODE : 0, based ? 0xffff : 0xffffffff, false, true};
}

static uint32_t bits_of(uint32_t selector)
{
    return selector == SEL_CODE16_0 || selector == SEL_CODE16_3 ? 16 : 32;
}

/* An immediate far JMP or CALL (0xea, 0x9a) with a hole for its offset. */
static struct hole far_imm(struct gen *g, uint32_t opcode, uint32_t selector, uint32_t size)
{
    operand_size(g, size);
    put(g, opcode);
    struct hole h = hole(g, size);
    put_n(g, selector, 2);
    return h;
}

/* From here on code is in that segment. */
static uint32_t enter(struct gen *g, struct segment code, uint32_t bits, struct hole h)
{
    uint32_t before = turn(g, bits);
    g->mode.seg[CS] = code;
    fill(g, h, here(g));
    return before;
}

static void jump(struct gen *g)
{
    struct mode mode = g->mode;
    bool paragraphs = mode.kind != KIND_PROTECTED;
    struct segment code = paragraphs ? mode.seg[CS] : other_code(g);
    uint32_t size = paragraphs ? 2 : 4;
    struct hole h;
    if (once_in(g, 2)) {
        h = far_imm(g, 0xea, code.selector, size);
    } else { /* retf */
        push_imm(g, code.selector);
        h = push_hole(g);
        operand_size(g, 4);
        put(g, 0xcb);
    }
    enter(g, code, paragraphs ? 16 : bits_of(code.selector), h);
    away(g, 4);
    turn(g, mode.bits);
    g->mode = mode;
}

/* There and back by RETF. */
static void call(struct gen *g)
{
    struct mode mode = g->mode;
    bool paragraphs = mode.kind != KIND_PROTECTED;
    struct segment code = paragraphs ? mode.seg[CS] : other_code(g);
    bool steady = g->steady;
    uint32_t size = code.base && once_in(g, 2)          ? mode.bits / 8
                    : code.base > 0xffff || !paragraphs ? 4
                                                        : 2;
    struct hole h = far_imm(g, 0x9a, code.selector, size);
    uint32_t undefined = g->undefined;
    struct jump over = jump_near(g, 0xe9);
    enter(g, code, paragraphs ? 16 : bits_of(code.selector), h);
    g->steady = true;
    inside(g, 3);
    g->steady = steady;
    operand_size(g, size);
    put(g, 0xcb);
    turn(g, mode.bits);
    g->mode = mode;
    set_flags(g, 0, undefined);
    land(g, over);
}

/* Call gates; parameters are pushed before. */
static void gate(struct gen *g)
{
    uint32_t selector = one_of(g, SEL_GATE32, SEL_GATE32, SEL_GATE16, SEL_GATE16, SEL_GATE1,
                               SEL_NOGATE, SEL_TSS, SEL_DATA3);
    if (selector == SEL_GATE16 && !g->mode.seg[CS].base)
        selector = SEL_GATE32; /* the other keeps 16 bits of EIP */
    interrupt(g, INT_NOTE);    /* what fails on the way goes on behind this atom */
    if (selector == SEL_GATE32) {
        push_imm(g, any32(g));
        push_imm(g, any32(g));
    } else if (selector == SEL_GATE16) {
        operand_size(g, 2);
        put(g, 0x68);
        put_n(g, any32(g), 2);
    }
    far_imm(g, 0x9a, selector, once_in(g, 4) ? 2 : 4);
    if (selector == SEL_GATE16 && !g->mode.seg[SS].base)
        interrupt(g, INT_CHECK); /* of ESP 16 bits are left */
}

/* INT and IRET by hand: to the next instruction. */
static void same_ring(struct gen *g)
{
    uint32_t size = g->mode.kind == KIND_PROTECTED && g->mode.bits == 32 ? 4 : one_of(g, 2, 4);
    use_flags(g, F_ALL);
    operand_size(g, size);
    put(g, 0x9c);
    if (size == 4)
        clear_slot(g);
    operand_size(g, size);
    put(g, 0x0e);
    operand_size(g, size);
    put(g, 0x68);
    struct hole h = hole(g, size);
    operand_size(g, size);
    put(g, 0xcf);
    fill(g, h, here(g));
}

static void load_data(struct gen *g, uint32_t selector)
{
    move_imm(g, EAX, selector);
    put_bytes(g, 0x8e, 0xd8, 0x8e, 0xc0);
}

/* By IRET or RETF to CPL 1, 2 or 3, 32- or 16-bit. */
static void outer(struct gen *g)
{
    static const uint32_t code[] = {SEL_CODE1, SEL_CODE2,  SEL_CODE3,
                                    SEL_CODE3, SEL_CODEB3, SEL_CODE16_3};
    static const uint32_t data[] = {SEL_DATA1,   SEL_DATA2, SEL_DATA3,
                                    SEL_STACKB3, SEL_DATA3, SEL_STACK16_3};
    struct mode mode = g->mode;
    uint32_t which =
        g->choice->direct ? one_of(g, 0, 1, 2, 4) : below(g, 6); /* TCG checks no limit of SS */
    uint32_t ring = code[which] & 3;
    uint32_t base = which > 3 ? AT_CODE : 0, limit = which > 3 ? 0xffff : 0xffffffff;
    bool based = which == 3 || which == 5, iret = once_in(g, 2);
    use_flags(g, F_ALL);
    push_imm(g, data[which]);
    push_imm(g, based ? STACK_MIDDLE - 0x100 : AT_STACK + STACK_MIDDLE - 0x100);
    if (iret)
        push_imm(g, 2 | FL_IF | (once_in(g, 4) ? FL_IOPL : 0) | (any32(g) & F_ALL));
    push_imm(g, code[which]);
    struct hole h = push_hole(g);
    operand_size(g, 4);
    put(g, iret ? 0xcf : 0xcb);
    enter(g, (struct segment){code[which], base, limit, false, true}, bits_of(code[which]), h);
    g->mode.cpl = ring;
    const struct segment flat = {ring == 3   ? SEL_DATA3
                                 : ring == 2 ? SEL_DATA2
                                             : SEL_DATA1,
                                 0, 0xffffffff, true, true};
    g->mode.seg[DS] = g->mode.seg[ES] = flat;
    g->mode.seg[FS] = g->mode.seg[GS] = nothing;
    g->mode.seg[SS] = based ? (struct segment){data[which], AT_STACK, 0xffff, true, true} : flat;
    load_data(g, flat.selector);
    away(g, 5);
    turn(g, mode.bits);
    g->mode = mode;
}

static void paragraphs(struct gen *g)
{
    static const int order[] = {DS, ES, FS, GS};
    for (int i = 0; i < 4; i++)
        g->mode.seg[order[i]] = (struct segment){AT_DATA >> 4, AT_DATA, 0xffff, true, true};
    g->mode.seg[SS] = (struct segment){AT_STACK >> 4, AT_STACK, 0xffff, true, true};
}

static void v86(struct gen *g)
{
    struct mode mode = g->mode;
    use_flags(g, F_ALL);
    for (int i = 0; i < 4; i++)
        push_imm(g, AT_DATA >> 4);
    push_imm(g, AT_STACK >> 4);
    push_imm(g, STACK_MIDDLE - 0x200);
    push_imm(g, 2 | FL_VM | FL_IF | (once_in(g, 3) ? 0 : FL_IOPL) | (any32(g) & F_ALL));
    push_imm(g, AT_CODE >> 4);
    struct hole h = push_hole(g);
    operand_size(g, 4);
    put(g, 0xcf);
    enter(g, (struct segment){AT_CODE >> 4, AT_CODE, 0xffff, false, true}, 16, h);
    g->mode.kind = KIND_V86;
    g->mode.cpl = 3;
    paragraphs(g);
    away(g, 5);
    turn(g, mode.bits);
    g->mode = mode;
}

/* Real mode by way of a 16-bit segment; FS keeps 4 GiB if it had them. */
static void real(struct gen *g)
{
    struct mode mode = g->mode;
    bool large = mode.seg[FS].limit == 0xffffffff && mode.seg[FS].write;
    use_flags(g, F_ALL);
    load_data(g, SEL_LOWDATA);
    put_bytes(g, 0x8e, 0xe8);
    if (!large)
        put_bytes(g, 0x8e, 0xe0);
    put(g, segment_prefix[SS]);
    address_size(g, 32);
    operand_size(g, 4);
    put_bytes(g, 0x0f, 0x01, 0x1d); /* lidt: 4 bytes of base in any mode */
    put_n(g, AT_REAL_IDTR - mode.seg[SS].base, 4);
    enter(g, (struct segment){SEL_CODE16_0, AT_CODE, 0xffff, false, true}, 16,
          far_imm(g, 0xea, SEL_CODE16_0, mode.bits / 8));
    put_bytes(g, 0x0f, 0x20, 0xc0, 0x66, 0x25); /* mov eax, cr0; and eax, ~(PG | PE) */
    put_n(g, 0x7ffffffe, 4);
    set_flags(g, F_ALL & ~F_A, F_A);
    put_bytes(g, 0x0f, 0x22, 0xc0);
    enter(g, (struct segment){AT_CODE >> 4, AT_CODE, 0xffff, false, true}, 16,
          far_imm(g, 0xea, AT_CODE >> 4, 2));
    put_bytes(g, 0xb8, (AT_STACK >> 4) & 0xff, AT_STACK >> 12, 0x8e,
              0xd0); /* mov ax, ..; mov ss, ax */
    put_bytes(g, 0x66, 0xbc);
    put_n(g, STACK_MIDDLE, 4);
    load_data(g, AT_DATA >> 4);
    put_bytes(g, 0x8e, 0xe8);
    g->mode.kind = KIND_REAL;
    paragraphs(g);
    if (large)
        g->mode.seg[FS] = mode.seg[FS];
    else
        put_bytes(g, 0x8e, 0xe0);
    away(g, 6);
    turn(g, mode.bits);
    g->mode = mode;
}

/* To another task by a TSS, a task gate, or an interrupt; it comes back. */
static void task(struct gen *g)
{
    interrupt(g, INT_NOTE);
    if (once_in(g, 3) || g->mode.kind != KIND_PROTECTED)
        interrupt(g, INT_TASK);
    else
        far_imm(g, 0x9a, one_of(g, SEL_TASK32, SEL_TASK16, SEL_TASKGATE), g->mode.bits / 8);
    if (once_in(g, 2))
        interrupt(g, INT_CHECK);
}

void atom_far(struct gen *g)
{
    struct atom before = atom_begin(g);
    bool still = g->still, protected = g->mode.kind == KIND_PROTECTED,
         ring0 = protected && g->mode.cpl == 0;
    g->depth++;
    g->still = true;
    switch (below(g, 10)) {
    case 0:
    case 1:
        jump(g);
        break;
    case 2:
        call(g);
        break;
    case 3:
    case 4:
        if (protected)
            gate(g);
        break;
    case 5:
        same_ring(g);
        break;
    case 6:
        task(g);
        break;
    case 7:
        if (ring0)
            real(g);
        break;
    case 8:
        if (ring0)
            v86(g);
        break;
    default:
        if (ring0)
            outer(g);
    }
    g->still = still;
    g->depth--;
    atom_end(g, before);
}
