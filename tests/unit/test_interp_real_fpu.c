/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * x87, MMX and SSE against the real CPU: random instructions run natively in 32-bit code, and by
 * interp_step, which re-encodes them for 64-bit mode. Registers of all kinds, EFLAGS,
 * memory and exceptions are compared. The operations compute alike, since the same CPU does
 * it; what is proved is that the right registers and the right bytes of memory take part.
 */
#define _GNU_SOURCE /* register names of a signal context */
#include "tests/unit/real_choice_fpu.h"

/* Both images: what the instruction starts from, and where the real CPU leaves it. */
static uint8_t initial[512], hard_fpu[512];
static unsigned seen[4][256], seen_x87[8][8][2];

static bool covered(const struct insn *i)
{
    switch (i->op) {
    case OP_X87:
    case OP_MMX:
    case OP_SSE:
    case OP_LDMXCSR:
    case OP_STMXCSR:
    case OP_WAIT:
        return true;
    default:
        return false;
    }
}

static const struct operand *memory_operand(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++)
        if (i->opd[n].kind == OPD_MEM)
            return &i->opd[n];
    return NULL;
}

/* Environments hold the address of the last instruction, which is the host's own (docs/limits.md);
 * and 16-bit addresses or segments with a base do not reach the pages. */
static bool runs_here(const struct insn *i)
{
    const struct operand *m = memory_operand(i);
    if (i->flags & INSN_BAD_LOCK)
        return false;
    if (i->op == OP_X87 && m && m->size >= 14)
        return false;
    return !m || (i->addrsize == 4 && i->mem.seg != S_FS && i->mem.seg != S_GS);
}

static void put_bytes(struct test_case *c)
{
    unsigned n = put_prefixes(c->bytes, &flat_prefixes), kind = rnd_below(8);
    if (kind < 2) {
        c->bytes[n++] = rnd_below(16) ? 0xd8 + (uint8_t)rnd_below(8) : 0x9b;
    } else {
        c->bytes[n++] = 0x0f;
        if (kind > 5)
            c->bytes[n++] = kind == 6 ? 0x38 : 0x3a;
    }
    while (n < sizeof c->bytes)
        c->bytes[n++] = (uint8_t)rnd();
}

/* MASKMOVQ with an all-zero mask may fault or not: it stays away from the edges. */
static uint32_t choose_target(const struct insn *i)
{
    uint32_t where = i->flags & INSN_IMPLICIT_MEM ? DATA + 0x800 + rnd_below(0x400) : target();
    return rnd_below(3) ? where & ~15u : where;
}

static bool make_case(struct test_case *c)
{
    memset(c, 0, sizeof *c);
    put_bytes(c);
    if (insn_decode(c->bytes, sizeof c->bytes, true, &c->insn) != DECODE_OK || !covered(&c->insn) ||
        !runs_here(&c->insn))
        return false;
    for (unsigned r = 0; r < 8; r++)
        c->in.gpr[r] = interesting();
    real_flat(&c->in);
    c->in.eip = CODE + 0x800;
    c->in.eflags = (rnd() & (FL_ARITH | FL_DF)) | FL_TF;
    const struct operand *m = memory_operand(&c->insn);
    if (!m)
        return true;
    aim(c, choose_target(&c->insn));
    uint32_t off = operand_linear(c);
    return off >= DATA && off < RO + 0x800;
}

/* Random registers; no exception is pending or unmasked, the stack top is anywhere. */
static void random_fpu(void)
{
    for (size_t n = 0; n < FPU_BYTES; n++)
        initial[n] = pattern[rnd_below(sizeof pattern)];
    memset(initial, 0, 32);
    initial[0] = 0x7f;
    initial[1] = (uint8_t)(3 | rnd_below(4) << 2); /* rounding */
    initial[3] = (uint8_t)((rnd() & 0x7f));        /* TOP, C0 - C3 */
    initial[4] = (uint8_t)(rnd() | rnd());         /* tags */
    initial[24] = 0x80;
    initial[25] = (uint8_t)(0x1f | rnd_below(4) << 5);
    memset(initial + 288, 0, 128);
    for (unsigned r = 0; r < 8; r++) {
        memset(initial + 32 + 16 * r + 10, 0, 6);
        if (rnd_below(2)) /* a number of ordinary size */
            memcpy(initial + 32 + 16 * r + 7, (uint8_t[]){0x9a, (uint8_t)rnd_below(32), 0x40}, 3);
    }
}

static void run_interp(const struct test_case *c, struct real_state *out)
{
    struct vcpu *v = vm->vcpu;
    start_at(v, &c->in);
    assert_int_equal(interp_step(v), INTERP_EXCEPTION);
    end_state(v, out);
}

/* FCW, FSW, tags, MXCSR, the eighty bits of each x87 register, XMM0-7. */
static bool same_fpu(void)
{
    bool same = memcmp(hard_fpu, fake_fpu_state, 5) == 0 &&
                memcmp(hard_fpu + 24, fake_fpu_state + 24, 4) == 0 &&
                memcmp(hard_fpu + 160, fake_fpu_state + 160, 128) == 0;
    for (unsigned r = 0; r < 8; r++)
        same &= memcmp(hard_fpu + 32 + 16 * r, fake_fpu_state + 32 + 16 * r, 10) == 0;
    return same;
}

static bool compare(struct real_state *a, const struct real_state *b)
{
    if (a->vector != VEC_PF)
        a->cr2 = 0;
    if (a->vector == VEC_DB)
        a->error = 0;
    return memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 && a->eip == b->eip &&
           !((a->eflags ^ b->eflags) & ~FL_RF) && a->vector == b->vector && a->error == b->error &&
           a->cr2 == b->cr2;
}

static bool try_case(const struct test_case *c, unsigned number)
{
    struct real_state hard = c->in, soft;
    memcpy(native(c->in.eip), c->bytes, sizeof c->bytes);
    memcpy(guest_memory[0] + 0x800, c->bytes, sizeof c->bytes);
    random_fpu();
    memcpy(fake_fpu_state, initial, sizeof initial);
    memcpy(hard_fpu, initial, sizeof initial);
    hard.fpu = hard_fpu;
    real_prepare(); /* fake_fpu.c has set its own handlers */
    real_run(&hard);
    run_interp(c, &soft);
    choose_top(c, &soft);
    choose_first_eight(c, &soft, initial);
    bool same = compare(&hard, &soft), memory = same_memory(), fpu = same_fpu();
    if (!same || !memory || !fpu) {
        print_case(c, number);
        print_state("start", &c->in);
        print_state("real ", &hard);
        print_state("ours ", &soft);
        fprintf(stderr, "    memory %s, FPU %s\n", memory ? "equal" : "differs",
                fpu ? "equal" : "differs");
    }
    return same && memory && fpu;
}

static void note(const struct insn *i)
{
    if (i->op == OP_X87)
        seen_x87[i->opcode & 7][insn_reg(i)][insn_mod(i) == 3]++;
    else
        seen[i->map][i->opcode]++;
}

static unsigned different_opcodes(void)
{
    unsigned count = 0;
    for (unsigned n = 0; n < sizeof seen / sizeof(unsigned); n++)
        count += (&seen[0][0])[n] > 0;
    for (unsigned n = 0; n < sizeof seen_x87 / sizeof(unsigned); n++)
        count += (&seen_x87[0][0][0])[n] > 0;
    return count;
}

static void every_opcode_agrees(void **state)
{
    unsigned failures = 0, cases = (unsigned)from_environment("REAL_CASES", 30000);
    struct test_case c;
    (void)state;
    vm->vcpu->cr0 |= CR0_NE | CR0_MP;
    vm->vcpu->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    seed = from_environment("REAL_SEED", 0x9e3779b97f4a7c15ul);
    make_pattern();
    refill_memory();
    for (unsigned n = 0; n < cases && failures < 10; n++) {
        if (n % 16 == 0)
            refill_memory();
        while (!make_case(&c))
            ;
        note(&c.insn);
        if (!try_case(&c, n)) {
            failures++;
            refill_memory();
        }
    }
    assert_int_equal(failures, 0);
    if (cases >= 30000)
        assert_in_range(different_opcodes(), 290, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_opcode_agrees),
    };
    return cmocka_run_group_tests(tests, build_machines_and_probe_fpu, NULL);
}
