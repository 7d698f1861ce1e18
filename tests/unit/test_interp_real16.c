/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter against the real CPU where segments matter: 16-bit code, and 32-bit code in
 * segments with base and limit, on stacks of both widths, all of it in an LDT. Else it is
 * test_interp_real.c: random instructions with all prefixes, run once natively and once by
 * interp_step, then registers, selectors, flags that the manual defines, memory, exception, error
 * code and CR2 compared. REAL_SEED, REAL_CASES and REAL_UNDEFINED are its, too.
 */
#define _GNU_SOURCE /* register names of a signal context */
#include "tests/unit/real_ldt.h"
#include "tests/unit/real_order.h"

enum { CASES = 200000, CASES_OF_AN_LDT = 500, SAFE = 0x120000, SAFE_END = 0x3e0000 };

static const struct prefixes all_prefixes = {6, 4, 4};

/* Neither side has user memory here but the test's own pages: below are the guest's tables, and far
 * above the sanitizers' shadow. */
static bool safe(uint32_t linear)
{
    return linear >= SAFE && linear < SAFE_END;
}

/* ---- Segments and registers -------------------------------------------------------- */

static uint16_t choose_data(void)
{
    switch (rnd_below(8)) {
    case 0:
        return rnd_below(2) ? REAL_DS : 0;
    case 1:
        return ldt_selector(LDT_CODE_DATA, LDT_BAD);
    case 2:
        return ldt_selector(LDT_STACK, LDT_DATA);
    default:
        return ldt_selector(LDT_DATA, LDT_CODE_DATA);
    }
}

static void choose_segments(struct test_case *c)
{
    unsigned kind = rnd_below(16);
    for (unsigned r = 0; r < S_COUNT; r++)
        c->in.sel[r] = choose_data();
    c->in.sel[S_CS] = ldt_selector(LDT_CODE16, LDT_CODE32);
    if (kind < 4)
        c->in.sel[S_CS] = kind ? ldt_selector(LDT_CODE32, LDT_STACK) : REAL_CS;
    c->in.sel[S_SS] = rnd_below(16) ? ldt_selector(LDT_STACK, LDT_DATA) : REAL_DS;
    c->in.eip = CODE + 0x800 - segment_of(c->in.sel[S_CS]).base;
}

/* An offset of S at one of its ends, or of 16 bits', or any that lies in the pages. */
static uint32_t choose_offset(const struct segment *s, uint32_t where)
{
    static const uint32_t ends[] = {0, 0x10000, 0, 0x8000};
    uint32_t off = where - s->base;
    switch (rnd_below(6)) {
    case 0:
        off = ends[rnd_below(4)];
        break;
    case 1:
        off = s->limit + 1;
        break;
    default:
        return off;
    }
    off += rnd_below(24) - 16;
    return safe(s->base + off) ? off : where - s->base;
}

/* For ESP and EBP: what a stack of 16 bits does not use is anything. */
static uint32_t choose_stack(const struct test_case *c)
{
    struct segment ss = segment_of(c->in.sel[S_SS]);
    uint32_t off = choose_offset(&ss, STACK + 0xf00 + rnd_below(0x100) * (rnd_below(4) ? 4 : 1));
    return ss.attr & SA_DB ? off : (off & 0xffff) | rnd() << 16;
}

static uint32_t choose_index(const struct test_case *c, enum sreg r)
{
    struct segment s = segment_of(c->in.sel[r]);
    uint32_t off = choose_offset(&s, target());
    return c->insn.addrsize == 2 ? (off & 0xffff) | rnd() << 16 : off;
}

static void choose_registers(struct test_case *c)
{
    for (unsigned r = 0; r < 8; r++)
        c->in.gpr[r] = interesting();
    c->in.gpr[R_ESP] = choose_stack(c);
    if (c->insn.op == OP_LEAVE || c->insn.op == OP_ENTER)
        c->in.gpr[R_EBP] = choose_stack(c);
    if (c->insn.flags & INSN_STRING) {
        c->in.gpr[R_ESI] = choose_index(c, c->insn.op == OP_OUTS ? S_DS : c->insn.mem.seg);
        c->in.gpr[R_EDI] = choose_index(c, S_ES);
        c->in.gpr[R_ECX] = rnd_below(200) | (c->insn.addrsize == 2 ? rnd() << 16 : 0);
    }
    c->in.eflags = rnd() & (FL_ARITH | FL_DF);
    if (rnd_below(16) == 0)
        c->in.eflags |= FL_AC;
}

/* ---- A case ------------------------------------------------------------------------- */

static bool strings_are_safe(const struct test_case *c)
{
    uint32_t mask = c->insn.addrsize == 2 ? 0xffff : 0xffffffff;
    return safe(segment_of(c->in.sel[c->insn.mem.seg]).base + (c->in.gpr[R_ESI] & mask)) &&
           safe(segment_of(c->in.sel[S_ES]).base + (c->in.gpr[R_EDI] & mask));
}

static bool operand_is_safe(const struct test_case *c)
{
    struct test_case popped = *c;
    if (c->insn.op == OP_POP && c->insn.addrsize == 4)
        popped.in.gpr[R_ESP] += c->insn.opsize;
    return safe(operand_linear(&popped));
}

static bool memory_is_safe(const struct test_case *c)
{
    if (!touches_memory(&c->insn))
        return true;
    return c->insn.flags & INSN_STRING ? strings_are_safe(c) : operand_is_safe(c);
}

/* Is there room in the code segment for what follows the instruction? */
static bool room_for_int3(const struct test_case *c)
{
    return segment_of(c->in.sel[S_CS]).limit - c->in.eip >= c->insn.len;
}

/* What this test is for would be too rare among all opcodes. */
static void put_segment_bytes(struct test_case *c)
{
    static const uint16_t opcodes[] = {0x8e,  0xc4,  0xc5,  0x9a,  0xea,  0xca,  0xcb,
                                       0xcf,  0xc8,  0xc9,  0x60,  0x61,  0x62,  0xff,
                                       0xf00, 0xf02, 0xf03, 0xfb2, 0xfb4, 0xfb5, 0xfa1};
    unsigned n = put_prefixes(c->bytes, &all_prefixes);
    uint16_t opcode = opcodes[rnd_below(ARRAY_SIZE(opcodes))];
    if (opcode > 0xff)
        c->bytes[n++] = 0x0f;
    c->bytes[n++] = (uint8_t)opcode;
    while (n < sizeof c->bytes)
        c->bytes[n++] = (uint8_t)rnd();
}

static bool make_case(struct test_case *c)
{
    memset(c, 0, sizeof *c);
    choose_segments(c);
    if (rnd_below(4))
        put_bytes(c, &all_prefixes);
    else
        put_segment_bytes(c);
    bool code32 = segment_of(c->in.sel[S_CS]).attr & SA_DB;
    if (insn_decode(c->bytes, sizeof c->bytes, code32, &c->insn) != DECODE_OK)
        return false;
    c->row = row_of(c->insn.op);
    if (!c->row || !runs_here(&c->insn))
        return false;
    choose_registers(c);
    bool string = c->insn.flags & INSN_STRING, memory = touches_memory(&c->insn) && !string;
    struct segment s = segment_of(c->in.sel[c->insn.mem.seg]);
    if (memory)
        aim(c, choose_offset(&s, target()));
    tame_bit_offset(c);
    if (memory)
        make_it_meet(c, operand_linear(c));
    if (!memory_is_safe(c) || !plant_selectors(c))
        return false;
    bool loads_ss = c->insn.op == OP_MOV_TO_SREG || c->insn.op == OP_POP_SREG;
    c->whole = string && (c->insn.flags & (INSN_REP | INSN_REPNE)) && rnd_below(2);
    if (!c->whole)
        c->in.eflags |= FL_TF;
    return !(loads_ss || c->whole) || room_for_int3(c);
}

/* ---- The test ------------------------------------------------------------------------ */

static void every_operation_agrees(void **state)
{
    unsigned failures = 0, cases = (unsigned)from_environment("REAL_CASES", CASES);
    (void)state;
    real_prepare();
    seed = from_environment("REAL_SEED", 0x9e3779b97f4a7c15ul);
    assert_complete();
    make_pattern();
    for (unsigned n = 0; n < cases && failures < 10; n += CASES_OF_AN_LDT) {
        random_ldt();
        failures += try_cases(make_case, CASES_OF_AN_LDT);
    }
    assert_int_equal(failures, 0);
    if (cases >= CASES)
        assert_executed();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_agrees),
    };
    return cmocka_run_group_tests(tests, build_machines_and_probe, NULL);
}
