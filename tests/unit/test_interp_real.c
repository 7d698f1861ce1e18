/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter against the real CPU: random instructions with random operands, each run
 * once natively in 32-bit compatibility mode and once by interp_step, then registers, flags
 * that the manual defines, memory, exception, error code and CR2 compared. Both sides see the
 * same 4 KiB pages: read-write, read-only and absent ones next to each other. Every operation
 * of the table must have been executed. Where CPUs differ, real_choice.h finds out what this
 * one does. REAL_SEED and REAL_CASES in the environment choose others; with REAL_UNDEFINED set,
 * differences in undefined flags are listed.
 */
#define _GNU_SOURCE /* register names of a signal context */
#include "tests/unit/real_choice.h"

/* ---- What is tried, and which flags are undefined after it (SDM 2) ------------ */

enum special {
    S_ANY,
    S_SHIFT,  /* OF and AF depend on the count */
    S_DIVIDE, /* operands should fit now and then */
};

/* clang-format off */
#define AF_ FL_AF
#define NO_ZF (FL_OF | FL_SF | FL_AF | FL_PF)
static const struct row {
    uint16_t op;
    uint8_t special;
    uint32_t undefined;
} rows[] = {
    {OP_ADD, 0, 0}, {OP_OR, 0, AF_}, {OP_ADC, 0, 0}, {OP_SBB, 0, 0}, {OP_AND, 0, AF_},
    {OP_SUB, 0, 0}, {OP_XOR, 0, AF_}, {OP_CMP, 0, 0}, {OP_TEST, 0, AF_},
    {OP_INC, 0, 0}, {OP_DEC, 0, 0}, {OP_NOT, 0, 0}, {OP_NEG, 0, 0},
    {OP_MUL, 0, FL_SF | FL_ZF | FL_AF | FL_PF}, {OP_IMUL, 0, FL_SF | FL_ZF | FL_AF | FL_PF},
    {OP_DIV, S_DIVIDE, FL_ARITH}, {OP_IDIV, S_DIVIDE, FL_ARITH},
    {OP_ROL, S_SHIFT, 0}, {OP_ROR, S_SHIFT, 0}, {OP_RCL, S_SHIFT, 0}, {OP_RCR, S_SHIFT, 0},
    {OP_SHL, S_SHIFT, 0}, {OP_SHR, S_SHIFT, 0}, {OP_SAR, S_SHIFT, 0},
    {OP_SHLD, S_SHIFT, 0}, {OP_SHRD, S_SHIFT, 0},
    {OP_DAA, 0, FL_OF}, {OP_DAS, 0, FL_OF},
    {OP_AAA, 0, FL_OF | FL_SF | FL_ZF | FL_PF}, {OP_AAS, 0, FL_OF | FL_SF | FL_ZF | FL_PF},
    {OP_AAM, 0, FL_OF | FL_AF | FL_CF}, {OP_AAD, 0, FL_OF | FL_AF | FL_CF}, {OP_SALC, 0, 0},
    {OP_BT, 0, NO_ZF}, {OP_BTS, 0, NO_ZF}, {OP_BTR, 0, NO_ZF}, {OP_BTC, 0, NO_ZF},
    {OP_BSF, 0, FL_ARITH & ~FL_ZF}, {OP_BSR, 0, FL_ARITH & ~FL_ZF},
    {OP_BSWAP, 0, 0}, {OP_XADD, 0, 0}, {OP_CMPXCHG, 0, 0}, {OP_CMPXCHG8B, 0, 0},
    {OP_POPCNT, 0, 0}, {OP_CRC32, 0, 0},
    {OP_MOV, 0, 0}, {OP_MOVNTI, 0, 0}, {OP_MOVZX, 0, 0}, {OP_MOVSX, 0, 0}, {OP_LEA, 0, 0},
    {OP_XCHG, 0, 0}, {OP_CBW, 0, 0}, {OP_CWD, 0, 0}, {OP_XLAT, 0, 0}, {OP_LAHF, 0, 0},
    {OP_SAHF, 0, 0}, {OP_CMOVCC, 0, 0}, {OP_SETCC, 0, 0},
    {OP_CLC, 0, 0}, {OP_STC, 0, 0}, {OP_CMC, 0, 0}, {OP_CLD, 0, 0}, {OP_STD, 0, 0},
    {OP_PUSH, 0, 0}, {OP_POP, 0, 0}, {OP_PUSHA, 0, 0}, {OP_POPA, 0, 0}, {OP_PUSHF, 0, 0},
    {OP_POPF, 0, 0}, {OP_ENTER, 0, 0}, {OP_LEAVE, 0, 0}, {OP_PUSH_SREG, 0, 0},
    {OP_MOV_FROM_SREG, 0, 0},
    {OP_MOVS, 0, 0}, {OP_CMPS, 0, 0}, {OP_SCAS, 0, 0}, {OP_LODS, 0, 0}, {OP_STOS, 0, 0},
    {OP_JCC, 0, 0}, {OP_JCXZ, 0, 0}, {OP_LOOP, 0, 0}, {OP_LOOPE, 0, 0}, {OP_LOOPNE, 0, 0},
    {OP_JMP, 0, 0}, {OP_JMP_IND, 0, 0}, {OP_CALL, 0, 0}, {OP_CALL_IND, 0, 0}, {OP_RET, 0, 0},
    {OP_BOUND, 0, 0}, {OP_ARPL, 0, 0},
    {OP_NOP, 0, 0}, {OP_PAUSE, 0, 0}, {OP_PREFETCH, 0, 0}, {OP_LFENCE, 0, 0},
    {OP_MFENCE, 0, 0}, {OP_SFENCE, 0, 0}, {OP_CLFLUSH, 0, 0},
    /* These fault at CPL 3 with IOPL 0. */
    {OP_CLI, 0, 0}, {OP_STI, 0, 0}, {OP_HLT, 0, 0}, {OP_CLTS, 0, 0}, {OP_INVD, 0, 0},
    {OP_WBINVD, 0, 0}, {OP_INVLPG, 0, 0}, {OP_LMSW, 0, 0}, {OP_LGDT, 0, 0}, {OP_LIDT, 0, 0},
    {OP_LLDT, 0, 0}, {OP_LTR, 0, 0}, {OP_MOV_FROM_CR, 0, 0}, {OP_MOV_TO_CR, 0, 0},
    {OP_MOV_FROM_DR, 0, 0}, {OP_MOV_TO_DR, 0, 0}, {OP_RDMSR, 0, 0}, {OP_WRMSR, 0, 0},
    {OP_IN, 0, 0}, {OP_OUT, 0, 0}, {OP_INS, 0, 0}, {OP_OUTS, 0, 0},
    {OP_UD0, 0, 0}, {OP_UD1, 0, 0}, {OP_UD2, 0, 0},
};
/* clang-format on */

static const struct row *row_of(unsigned op)
{
    for (size_t n = 0; n < ARRAY_SIZE(rows); n++)
        if (rows[n].op == op)
            return &rows[n];
    return NULL;
}

static unsigned executed[OP_COUNT];

/* ---- A random instruction with fitting registers -------------------------------- */

/* CRC32 (F2 0F 38 F0, F1) and the fences (0F AE) would be too rare by chance. */
static void put_bytes(struct test_case *c)
{
    unsigned n = put_prefixes(c->bytes);
    unsigned kind = rnd_below(100);
    if (kind >= 99) {
        memcpy(c->bytes + n, (uint8_t[]){0xf2, 0x0f, 0x38, (uint8_t)(0xf0 | rnd_below(2))}, 4);
        n += 4;
    } else if (kind >= 60) {
        c->bytes[n++] = 0x0f;
        if (kind == 98)
            c->bytes[n++] = 0xae;
    }
    while (n < sizeof c->bytes)
        c->bytes[n++] = (uint8_t)rnd();
}

static bool touches_memory(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++)
        if (i->opd[n].kind == OPD_MEM)
            return i->op != OP_LEA && i->op != OP_NOP && i->op != OP_PREFETCH;
    return i->flags & INSN_STRING;
}

/* Encodings that this CPU understands otherwise, or that reach beyond the test's pages. */
static bool runs_here(const struct insn *i)
{
    bool repeat = i->flags & (INSN_F2 | INSN_F3), memory = touches_memory(i);
    if (memory && (i->addrsize == 2 || i->mem.seg == S_FS || i->mem.seg == S_GS))
        return false;
    if ((i->op == OP_BSF || i->op == OP_BSR) && repeat) /* TZCNT, LZCNT */
        return false;
    if ((i->op == OP_LOOPE || i->op == OP_LOOPNE) && repeat)
        return false; /* AMD: the prefix, not the opcode, says which ZF goes on */
    if (i->op == OP_BSWAP && i->opsize == 2) /* undefined result */
        return false;
    if ((i->op == OP_SHLD || i->op == OP_SHRD) && i->opsize == 2) /* likewise, by the count */
        return i->opd[2].kind == OPD_IMM && (i->imm & 31) <= 16;
    if ((i->op == OP_MOV_FROM_CR || i->op == OP_MOV_TO_CR) && (i->flags & INSN_LOCK)) /* CR8 */
        return false;
    if (i->map && repeat && i->op != OP_CRC32 && i->op != OP_POPCNT && i->op != OP_JCC)
        return false;                                         /* newer extensions live there */
    if (i->map == 1 && i->opcode == 0x0d && insn_mod(i) == 3) /* AMD: #UD; Intel: NOP */
        return false;
    return i->op != OP_CLFLUSH || !(i->flags & INSN_66); /* CLFLUSHOPT */
}

static void choose_registers(struct test_case *c)
{
    for (unsigned r = 0; r < 8; r++)
        c->in.gpr[r] = interesting();
    c->in.gpr[R_ESP] = STACK + 0xf00 + rnd_below(0x100) * (rnd_below(4) ? 4 : 1);
    if (c->insn.op == OP_LEAVE || c->insn.op == OP_ENTER)
        c->in.gpr[R_EBP] = STACK + 0x1000 + rnd_below(0x800);
    if (c->insn.flags & INSN_STRING) {
        c->in.gpr[R_ESI] = target();
        c->in.gpr[R_EDI] = rnd_below(4) ? target() : c->in.gpr[R_ESI] + rnd_below(9) - 4;
        c->in.gpr[R_ECX] = rnd_below(200);
    }
    c->in.eip = CODE + 0x800;
    c->in.eflags = rnd() & (FL_ARITH | FL_DF);
    if (rnd_below(16) == 0)
        c->in.eflags |= FL_AC;
}

/* BT and its like reach as far as their register says: not too far here. */
static void tame_bit_offset(struct test_case *c)
{
    const struct insn *i = &c->insn;
    if (i->op < OP_BT || i->op > OP_BTC || i->opd[0].kind != OPD_MEM || i->opd[1].kind != OPD_GPR)
        return;
    uint32_t *r = &c->in.gpr[i->opd[1].reg];
    *r = rnd_below(0x4000) - 0x2000u;
}

static void read_operand_bytes(uint32_t where, uint32_t *lo, uint32_t *hi)
{
    uint32_t raw[2];
    if (where < DATA || where > HOLE - 8)
        return;
    memcpy(raw, native(where), 8);
    *lo = raw[0];
    *hi = raw[1];
}

/* So that CMPXCHG matches and divisions fit now and then. */
static void make_it_meet(struct test_case *c, uint32_t where)
{
    uint32_t ignored;
    if (c->row->special == S_DIVIDE && rnd_below(4))
        c->in.gpr[R_EDX] = rnd_below(2) ? rnd_below(16) : 0u - rnd_below(16);
    if (c->row->special == S_DIVIDE && rnd_below(2))
        c->in.gpr[R_EAX] = (uint32_t)(int16_t)rnd_below(0x800) - 0x400;
    if (rnd_below(2) == 0)
        return;
    if (c->insn.op == OP_CMPXCHG)
        read_operand_bytes(where, &c->in.gpr[R_EAX], &ignored);
    if (c->insn.op == OP_CMPXCHG8B)
        read_operand_bytes(where, &c->in.gpr[R_EAX], &c->in.gpr[R_EDX]);
}

static bool operand_in_pages(const struct test_case *c)
{
    struct vcpu probe;
    memcpy(probe.gpr, c->in.gpr, sizeof probe.gpr);
    if (c->insn.op == OP_POP)
        probe.gpr[R_ESP] += c->insn.opsize;
    uint32_t off = operand_offset(&probe, &c->insn);
    if (c->insn.op == OP_XLAT)
        off += c->in.gpr[R_EAX] & 0xff;
    return off >= DATA + 0x600 && off < RO + 0x800;
}

/* False: this one cannot be tried. */
static bool make_case(struct test_case *c)
{
    memset(c, 0, sizeof *c);
    put_bytes(c);
    if (insn_decode(c->bytes, sizeof c->bytes, true, &c->insn) != DECODE_OK)
        return false;
    c->row = row_of(c->insn.op);
    if (!c->row || !runs_here(&c->insn))
        return false;
    choose_registers(c);
    uint32_t where = target();
    bool string = c->insn.flags & INSN_STRING;
    if (touches_memory(&c->insn) && !string)
        aim(c, where);
    tame_bit_offset(c);
    make_it_meet(c, where);
    if (touches_memory(&c->insn) && !string && !operand_in_pages(c))
        return false;
    c->whole = string && (c->insn.flags & (INSN_REP | INSN_REPNE)) && rnd_below(2);
    if (!c->whole)
        c->in.eflags |= FL_TF;
    return true;
}

/* ---- Run and compare ------------------------------------------------------------ */

static void put_code(const struct test_case *c)
{
    memcpy(native(c->in.eip), c->bytes, sizeof c->bytes);
    ((uint8_t *)native(c->in.eip))[c->insn.len] = 0xcc;
    memcpy(guest_memory[0] + 0x800, native(c->in.eip), sizeof c->bytes);
}

static void run_interp(const struct test_case *c, struct real_state *out)
{
    struct vcpu *v = vm->vcpu;
    start_at(v, &c->in);
    enum interp_result r = INTERP_OK;
    while (r == INTERP_OK && v->eip != c->in.eip + c->insn.len)
        r = interp_step(v);
    assert_int_equal(r == INTERP_EXCEPTION, v->exc.valid);
    end_state(v, out);
    assert_int_equal(v->exc.is_trap, out->vector == VEC_DB);
    if (out->vector == VEC_DB)
        assert_true(v->dr[6] & DR6_BS);
}

static uint32_t shift_undefined(const struct test_case *c)
{
    const struct insn *i = &c->insn;
    const struct operand *o = &i->opd[i->nopd - 1];
    bool rotate = i->op <= OP_RCR;
    unsigned count = (o->kind == OPD_IMM ? i->imm : c->in.gpr[R_ECX]) & 31;
    unsigned bits = 8u * i->opd[0].size;
    uint32_t mask = count == 1 || !count ? 0 : FL_OF;
    if (count && !rotate)
        mask |= FL_AF;
    if (count >= bits && (i->op == OP_SHL || i->op == OP_SHR))
        mask |= FL_CF;
    if (count >= bits && i->nopd == 3)
        mask |= FL_ARITH;
    return mask;
}

static uint32_t undefined_flags(const struct test_case *c)
{
    return c->row->special == S_SHIFT ? shift_undefined(c) : c->row->undefined;
}

/* Where CPUs also differ, in which fault they report: #AC before #PF, the first of two faulting
 * operands of CMPS, and whether ARPL asks for a write when it reads. */
static void forgive_fault(const struct test_case *c, struct real_state *a,
                          const struct real_state *b)
{
    bool both_faults = (a->vector == VEC_AC || a->vector == VEC_PF) &&
                       (b->vector == VEC_AC || b->vector == VEC_PF);
    if (both_faults && a->vector != b->vector && (c->in.eflags & FL_AC)) {
        a->vector = b->vector;
        a->error = b->error;
        a->cr2 = b->cr2;
    }
    if (a->vector == VEC_PF && b->vector == VEC_PF && c->insn.op == OP_CMPS)
        a->cr2 = b->cr2;
    if (a->vector == VEC_PF && b->vector == VEC_PF && c->insn.op == OP_ARPL)
        a->error = b->error;
}

static bool compare(const struct test_case *c, struct real_state *a, struct real_state *b)
{
    forgive_fault(c, a, b);
    if (a->vector == VEC_BP)
        a->eip--;
    if (a->vector != VEC_PF)
        a->cr2 = 0;
    if (a->vector == VEC_DB || a->vector == VEC_BP)
        a->error = 0;
    uint32_t ignored = FL_RF | (a->vector == VEC_DB || c->whole ? undefined_flags(c) : 0);
    if (getenv("REAL_UNDEFINED") && ((a->eflags ^ b->eflags) & ~FL_RF & ignored))
        fprintf(stderr, "undefined: %s differs in %x\n", op_name((enum op)c->insn.op),
                (a->eflags ^ b->eflags) & ignored);
    return memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 && a->eip == b->eip &&
           !((a->eflags ^ b->eflags) & ~ignored) && a->vector == b->vector &&
           a->error == b->error && a->cr2 == b->cr2;
}

/* As the host would leave it. */
static void run_and_choose(const struct test_case *c, uint16_t pushed_over, struct real_state *soft)
{
    run_interp(c, soft);
    if (choice_lets_push(c, soft)) {
        struct test_case unchecked = *c;
        unchecked.in.eflags &= ~(uint32_t)FL_AC;
        run_interp(&unchecked, soft);
        soft->eflags |= FL_AC;
    }
    choose_upper_half(c, soft, pushed_over);
    choose_flags(c, soft);
    choose_bound(c, soft);
}

static bool try_case(const struct test_case *c, unsigned number)
{
    struct real_state hard = c->in, soft;
    uint16_t pushed_over = 0;
    if (c->insn.op == OP_PUSH_SREG)
        memcpy(&pushed_over, native(c->in.gpr[R_ESP] - 2), 2);
    put_code(c);
    real_run(&hard);
    run_and_choose(c, pushed_over, &soft);
    bool same = compare(c, &hard, &soft), memory = same_memory();
    if (!same || !memory) {
        print_case(c, number);
        print_state("start", &c->in);
        print_state("real ", &hard);
        print_state("ours ", &soft);
        fprintf(stderr, "    memory %s\n", memory ? "equal" : "differs");
    }
    return same && memory;
}

static void every_operation_agrees(void **state)
{
    unsigned failures = 0, cases = (unsigned)from_environment("REAL_CASES", 60000);
    struct test_case c;
    (void)state;
    real_prepare(); /* here, because cmocka sets its own handlers before each test */
    seed = from_environment("REAL_SEED", 0x9e3779b97f4a7c15ul);
    make_pattern();
    refill_memory();
    for (unsigned n = 0; n < cases && failures < 10; n++) {
        if (n % 16 == 0)
            refill_memory();
        while (!make_case(&c))
            ;
        executed[c.insn.op]++;
        if (!try_case(&c, n)) {
            failures++;
            refill_memory();
        }
    }
    assert_int_equal(failures, 0);
    for (size_t n = 0; n < ARRAY_SIZE(rows) && cases >= 60000; n++)
        if (executed[rows[n].op] < 5)
            fail_msg("%s ran %u times", op_name((enum op)rows[n].op), executed[rows[n].op]);
}

/* ---- Chosen operands -------------------------------------------------------------- */

static void chosen(const uint8_t *bytes, size_t len, uint32_t eax, uint32_t edx, uint32_t ecx,
                   uint32_t eflags)
{
    struct test_case c;
    memset(&c, 0, sizeof c);
    memcpy(c.bytes, bytes, len);
    assert_int_equal(insn_decode(c.bytes, sizeof c.bytes, true, &c.insn), DECODE_OK);
    c.row = row_of(c.insn.op);
    c.in.gpr[R_EAX] = eax;
    c.in.gpr[R_EDX] = edx;
    c.in.gpr[R_ECX] = ecx;
    c.in.gpr[R_ESP] = STACK + 0x1000;
    c.in.eip = CODE + 0x800;
    c.in.eflags = eflags | FL_TF;
    assert_true(try_case(&c, 0));
}

/* Every AL with every CF and AF. */
static void decimal_adjustments(void **state)
{
    static const uint8_t adjust[4] = {0x27, 0x2f, 0x37, 0x3f};
    (void)state;
    real_prepare();
    for (unsigned n = 0; n < 4 * 256 * 4; n++) {
        uint32_t flags = (n & 1 ? FL_CF : 0u) | (n & 2 ? FL_AF : 0u);
        chosen(&adjust[n >> 10], 1, 0x1100 * (n & 3) + (n >> 2 & 0xff), 0, 0, flags);
    }
    for (unsigned al = 0; al < 256; al++) {
        const uint8_t aam[2] = {0xd4, (uint8_t)(al * 7)}, aad[2] = {0xd5, (uint8_t)(al * 11)};
        chosen(aam, 2, 0x1200 + al, 0, 0, 0);
        chosen(aad, 2, 0x9900 + al, 0, 0, 0);
    }
}

/* Dividends around Q * D for the quotients at the ends of the range, signed and unsigned. */
static void divide_around(unsigned size, int64_t q, int64_t d)
{
    static const uint8_t opcode[5] = {0, 0xf6, 0xf7, 0, 0xf7};
    for (int64_t off = -2; off <= 2; off++) {
        uint64_t a = (uint64_t)(q * d + off * (d ? d : 1) / 2 + off);
        uint32_t eax = size == 1 ? (uint32_t)a & 0xffff : (uint32_t)a;
        uint32_t edx = (uint32_t)(a >> (size == 2 ? 16 : 32));
        for (unsigned reg = 0xf1; reg <= 0xf9; reg += 8) /* div ecx, idiv ecx */
            chosen((const uint8_t[]){size == 2 ? 0x66 : 0x3e, opcode[size], (uint8_t)reg}, 3, eax,
                   edx, (uint32_t)d, 0);
    }
}

static void divisions_at_the_edge(void **state)
{
    static const int64_t divisors[] = {0, 1, -1, 2, -2, 3, -3, 7, -7, 127, -127, -128, 100};
    (void)state;
    real_prepare();
    for (unsigned size = 1; size <= 4; size *= 2) {
        int64_t half = 1ll << (8 * size - 1);
        const int64_t quotients[] = {0, 1, -1, half, -half, half - 1, half * 2, half * 2 - 1};
        for (size_t q = 0; q < ARRAY_SIZE(quotients); q++)
            for (size_t d = 0; d < ARRAY_SIZE(divisors); d++)
                divide_around(size, quotients[q], divisors[d]);
        for (size_t d = 0; d < ARRAY_SIZE(divisors); d++)
            chosen((const uint8_t[]){size == 2 ? 0x66 : 0x3e, size == 1 ? 0xf6 : 0xf7, 0xf9}, 3, 0,
                   0x80000000, (uint32_t)divisors[d], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_agrees),
        cmocka_unit_test(decimal_adjustments),
        cmocka_unit_test(divisions_at_the_edge),
    };
    return cmocka_run_group_tests(tests, build_machines_and_probe, NULL);
}
