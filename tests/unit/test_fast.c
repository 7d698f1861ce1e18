/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast handlers against the general ones: random instructions in random states, each executed
 * by both from the same start. What a fast handler does must be what the general one does,
 * registers, flags and memory; when it declines, nothing may have changed. Every handler
 * must have been executed. FAST_SEED and FAST_CASES in the environment choose others.
 */
#include "monitor/interp/fast.h"

#include <stdio.h>

#include "tests/unit/interp_run.h"
#include "tests/unit/random.h"

enum {
    RW = DATA,              /* two pages */
    ABSENT = DATA + 0x2000, /* none */
    RDO = DATA + 0x3000,    /* read-only */
    TRACED = DATA + 0x4000, /* the translator listens */
    DEVICE = DATA + 0x5000, /* not RAM */
    OURS = DATA + 0x6000,   /* supervisor */
    END = DATA + 0x7000,    /* of the pages that are tried */
    KEPT = 0x7000 + 0x2000, /* bytes of memory compared: those and two pages of stack */
    ALL_HANDLERS = 287,     /* that an encoding leads to */
};

static struct {
    struct insn insn;
    struct slot slot;
    struct vcpu start;
    uint8_t memory[KEPT];
} c;

static fast_fn *seen[ALL_HANDLERS];
static unsigned handlers, declined;

static uint32_t rnd(uint32_t below)
{
    return (uint32_t)(next_number() >> 20) % below;
}

static uint32_t any32(void)
{
    static const uint32_t often[] = {0, 1, 31, 32, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff};
    uint32_t x = rnd(2) ? often[rnd(ARRAY_SIZE(often))] : (uint32_t)(seed >> 13) >> rnd(32);
    return rnd(4) ? x : 0u - x;
}

/* ---- The world ---------------------------------------------------------------------- */

static void map(uint32_t where, uint32_t to, unsigned flags)
{
    poke(vm, PAGE_TAB + (where >> 12) * 4, to | flags);
}

static void build(void **state)
{
    const unsigned all = PTE_P | PTE_W | PTE_U;
    world(state);
    poke(vm, PAGE_DIR, PAGE_TAB | all);
    map(RW, RW, all);
    map(RW + 0x1000, RW + 0x1000, all);
    map(RDO, RDO, PTE_P | PTE_U);
    map(TRACED, TRACED, all);
    map(DEVICE, 0x10000000, all);
    map(OURS, OURS, PTE_P | PTE_W);
    map(STACK - 0x1000, STACK - 0x1000, all);
    map(STACK, STACK, all);
    paging(v, PAGE_DIR);
    vmem_flush(v, true);
    trace_add(vm, gfn(TRACED >> PAGE_SHIFT), TRACE_CODE);
    vm->bt = (struct bt *)&told;
    for (uint32_t n = 0; n < 0x2000; n += 4) {
        poke(vm, RW + n, any32());
        poke(vm, STACK - 0x1000 + n, any32());
    }
}

static void read_memory(uint8_t *to)
{
    assert_true(guest_read(vm, gpa(DATA), to, END - DATA));
    assert_true(guest_read(vm, gpa(STACK - 0x1000), to + (END - DATA), 0x2000));
}

static void write_memory(const uint8_t *from)
{
    assert_true(guest_write(vm, gpa(DATA), from, END - DATA));
    assert_true(guest_write(vm, gpa(STACK - 0x1000), from + (END - DATA), 0x2000));
}

/* ---- A random case ------------------------------------------------------------------ */

/* Offsets 0 to 4095 of the two writable pages more often than the odd ones. */
static uint32_t target(void)
{
    uint32_t page = rnd(3) ? RW : DATA + rnd(7) * PAGE_SIZE;
    return page + (rnd(4) ? rnd(PAGE_SIZE) : PAGE_SIZE - rnd(8)) % PAGE_SIZE;
}

static bool random_insn(void)
{
    static const uint8_t prefixes[] = {0x66, 0x66, 0x66, 0x67, 0xf0, 0xf3, 0x2e, 0x36, 0x64};
    uint8_t b[INSN_MAX];
    unsigned n = 0;
    if (rnd(3) == 0)
        b[n++] = prefixes[rnd(sizeof prefixes)];
    if (rnd(4) == 0)
        b[n++] = 0x0f;
    while (n < sizeof b)
        b[n++] = (uint8_t)rnd(256);
    if (insn_decode(b, sizeof b, rnd(16) != 0, &c.insn) != DECODE_OK)
        return false;
    if (rnd(8))
        c.insn.mem.disp =
            (int32_t)((uint32_t)c.insn.mem.disp + target() - operand_offset(v, &c.insn));
    c.slot.insn = c.insn;
    slot_prepare(&c.slot);
    return c.slot.fast != NULL;
}

static void random_segments(void)
{
    go_user();
    if (rnd(2)) {
        v->cpl = (uint8_t)rnd(3);
        v->seg[S_CS] = hidden(C0, 0, 0xffffffffu, FLAT_DATA | SA_CODE);
    }
    if (rnd(8) == 0)
        v->seg[S_CS].limit = CODE + rnd(0x100);
    if (rnd(16) == 0)
        use_stack16();
    for (unsigned r = 0; r < S_COUNT; r++) {
        if (r == S_CS || rnd(24))
            continue;
        v->seg[r].base = rnd(2) ? 0 : rnd(0x2000);
        v->seg[r].limit = rnd(2) ? 0xffffffffu : DATA + rnd(0x2000);
        v->seg[r].attr ^= rnd(2) ? 0 : 1u << rnd(4);
    }
}

static void random_registers(void)
{
    memset(&v->exc, 0, sizeof v->exc);
    v->halted = false;
    for (unsigned r = 0; r < 8; r++)
        v->gpr[r] = rnd(4) ? any32() : target();
    v->gpr[R_ESP] = rnd(16) ? STACK - 0x800 + rnd(0x1000) : target();
    if (rnd(2))
        v->gpr[R_EBP] = v->gpr[R_ESP] + rnd(64);
    v->eflags = FL_ONE | ((any32() ^ any32() << 5) & (FL_ARITH | FL_DF));
    v->eip = CODE + 16;
    random_segments();
}

/* ---- Both, and the comparison ---------------------------------------------------------- */

/* The host leaves them as they happen to be before (SDM 2, IMUL). */
static uint32_t undefined_flags(void)
{
    return c.insn.op == OP_IMUL ? FL_SF | FL_ZF | FL_AF | FL_PF : 0;
}

static bool same_registers(const struct vcpu *a, const struct vcpu *b)
{
    return memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 && a->eip == b->eip &&
           !((a->eflags ^ b->eflags) & ~undefined_flags()) && a->cpl == b->cpl &&
           a->inhibit == b->inhibit && a->vif == b->vif &&
           memcmp(a->seg, b->seg, sizeof a->seg) == 0 && a->exc.valid == b->exc.valid;
}

static void disagree(const char *what, const struct vcpu *should)
{
    char text[128];
    insn_format(&c.insn, CODE, text, sizeof text);
    for (unsigned r = 0; r < 8; r++)
        printf("r%u start %08x should be %08x is %08x\n", r, c.start.gpr[r], should->gpr[r],
               v->gpr[r]);
    printf("eflags %08x %08x %08x eip %08x %08x\n", c.start.eflags, should->eflags, v->eflags,
           should->eip, v->eip);
    fail_msg("%s: %s", text, what);
}

static void note_handler(fast_fn *fn)
{
    for (unsigned n = 0; n < handlers; n++)
        if (seen[n] == fn)
            return;
    assert_true(handlers < ALL_HANDLERS);
    seen[handlers++] = fn;
}

/* The general handler, then the fast one with the soft TLB that the first has filled. */
static void both(void)
{
    static struct vcpu after, *should;
    static uint8_t memory[KEPT], now[KEPT];
    read_memory(c.memory);
    v->eip += c.insn.len;
    c.start = *v;
    bool ok = interp_op(c.insn.op)->run(v, &c.insn);
    after = *v;
    read_memory(memory);
    memcpy(c.start.tlb, v->tlb, sizeof v->tlb);
    *v = c.start;
    write_memory(c.memory);
    bool done = c.slot.fast(v, &c.slot);
    read_memory(now);
    if (done && !ok)
        disagree("done fast, but refused", &after);
    should = done ? &after : &c.start;
    if (!same_registers(should, v))
        disagree(done ? "other registers" : "declined with registers changed", should);
    if (memcmp(now, done ? memory : c.memory, KEPT) != 0)
        disagree(done ? "other memory" : "declined with memory changed", should);
    declined += !done;
    if (done)
        note_handler(c.slot.fast);
}

static void fast_is_general(void **state)
{
    const char *text = getenv("FAST_CASES"), *from = getenv("FAST_SEED");
    unsigned cases = text ? (unsigned)strtoul(text, NULL, 0) : 150000;
    seed = from ? strtoul(from, NULL, 0) : 88172645463325252ull;
    build(state);
    for (unsigned n = 0; n < cases; n++) {
        random_registers();
        while (!random_insn())
            ;
        both();
    }
    printf("%u handlers, %u of %u cases declined\n", handlers, declined, cases);
    assert_true(told.accesses > 0 && told.wrote > 0); /* met, by the general handlers */
    assert_true(declined > cases / 50 && declined < cases / 2);
    if (cases >= 150000)
        assert_int_equal(handlers, ALL_HANDLERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_is_general),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
