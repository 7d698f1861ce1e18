/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translator against interpreter. The interpreter runs a random program once and its state after
 * each instruction is kept. Then the program's translation runs natively, and wherever it
 * stops (at an exit, after every single host instruction, at a fault in every memory access),
 * the state that bt_unwind makes of it must be one of those, in their order, memory and FPU
 * included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "devices/board.h"
#include "monitor/interp/interp.h"
#include "monitor/interp/operand.h"
#include "tests/unit/bt_confined.h"
#include "tests/unit/bt_program.h"
#include "tests/unit/bt_run.h"
#include "tests/unit/fake_fpu.h"

/* ---- Reports ---------------------------------------------------------------- */

static void show(const char *what, const uint32_t *gpr, uint32_t eip, uint32_t fl, unsigned vif)
{
    printf("%-11s eip %x eax %x ecx %x edx %x ebx %x esp %x ebp %x esi %x edi %x fl %x if %u\n",
           what, eip, gpr[0], gpr[1], gpr[2], gpr[3], gpr[4], gpr[5], gpr[6], gpr[7], fl, vif);
}

static void show_program(void)
{
    char text[96];
    struct insn i;
    for (unsigned n = 0; n + 1 < prog.shots; n++) {
        program_decode(prog.base + prog.shot[n].eip, &i);
        insn_format(&i, prog.shot[n].eip, text, sizeof text);
        printf("%c%3u %6x  %s\n", n == prog.cursor ? '>' : ' ', n, prog.shot[n].eip, text);
    }
}

static void mismatch(const struct vcpu *v, const char *why, uint64_t rip)
{
    printf("SEED=%lu\n", prog.seed);
    show_program();
    for (unsigned n = prog.cursor, shown = 0; n < prog.shots && shown < 4; n++) {
        const struct shot *s = &prog.shot[n];
        if (n != prog.cursor && s->eip != v->eip)
            continue;
        shown++;
        show("interpreter", s->gpr, s->eip, s->eflags, s->vif);
        printf("  registers %d memory %d fpu %d\n", shot_same_registers(s, v), shot_same_memory(s),
               shot_same_fpu(s));
    }
    show("translation", v->gpr, v->eip, v->eflags, v->vif);
    uint64_t tc = rip - prog.vm->bt->tc.exec;
    if (tc < prog.vm->bt->tc_used) {
        const uint8_t *b = (const uint8_t *)(uintptr_t)rip;
        printf("at tc+%lx:", tc);
        for (unsigned n = 0; n < 24; n++)
            printf(" %02x", b[n]);
        printf("\n");
    }
    fail_msg("%s", why);
}

/* ---- Checking a stop -------------------------------------------------------- */

static bool at_repeated_string(const struct vcpu *v)
{
    struct insn i;
    program_decode(program_at(v), &i);
    return (i.flags & INSN_STRING) && (i.flags & (INSN_REP | INSN_REPNE));
}

static bool at_mmx(const struct vcpu *v)
{
    struct insn i;
    program_decode(program_at(v), &i);
    return i.op == OP_MMX;
}

/* Where an x87 store of ten bytes at V's instruction goes, or 0. */
static uint32_t long_store(const struct vcpu *v)
{
    struct insn i;
    program_decode(program_at(v), &i);
    bool is = i.op == OP_X87 && i.opd[0].kind == OPD_MEM && i.opd[0].size == 10 &&
              (i.opd[0].access & ACC_WRITE);
    return is ? v->seg[i.mem.seg].base + operand_offset(v, &i) : 0;
}

/* A repeated string operation between two iterations: finished by the interpreter, it
 * must come to the shot behind it. Memory is put back as it was. */
static bool finishes_string(const struct vcpu *v)
{
    static uint8_t span[VCPU_SPAN(true)] __attribute__((aligned(PAGE_SIZE)));
    static struct shot before;
    struct vcpu *copy = (struct vcpu *)span;
    if (!at_repeated_string(v))
        return false;
    memcpy(copy, v, sizeof *copy);
    shot_take(&before, v);
    for (unsigned n = 0; n < 100 && copy->eip == v->eip; n++)
        interp_step(copy);
    bool found = false;
    for (unsigned n = prog.cursor; n < prog.shots && !found; n++) {
        found = shot_same(&prog.shot[n], copy);
        if (found && n)
            prog.cursor = n - 1;
    }
    shot_restore_memory(&before);
    return found;
}

static void check(const struct vcpu *v, uint64_t rip)
{
    prog.stops++;
    for (unsigned n = prog.cursor; n < prog.shots; n++) {
        if (shot_same(&prog.shot[n], v)) {
            prog.cursor = n;
            return;
        }
    }
    if (!finishes_string(v))
        mismatch(v, "the stop is at no instruction boundary", rip);
}

/* ---- Running its translation ------------------------------------------------ */

enum stops { AT_EXITS, EVERYWHERE };

/* STI faults never, and at the program's end its shadow would be the test's to end. */
static bool may_fault(uint32_t eip)
{
    return *(const uint8_t *)bt_ram(prog.vm, eip) != 0xfb;
}

/* Some of the program's instructions are callouts because they "faulted often". */
static void adapt_some(void)
{
    struct adapt *a = &prog.vm->bt->adapt;
    memset(a, 0, sizeof *a);
    for (unsigned n = prog.seed % 5; prog.config.adapted && n < prog.shots; n += 5) {
        uint32_t eip = prog.base + prog.shot[n].eip;
        for (unsigned k = 0; k < 100 && may_fault(eip) && !adapt_is_callout(a, eip); k++)
            adapt_faulted(a, eip);
    }
}

/* Some of the kernel's operands, which both windows hold, are in the user's, or chosen by address.
 */
static void turn_some_windows(void)
{
    struct window_sites *w = &prog.vm->bt->windows;
    memset(w, 0, sizeof *w);
    for (unsigned n = prog.seed % 3; n < prog.shots; n += 3) {
        for (unsigned k = (prog.seed + n) % (WINDOW_TURNS + 1); k > 0; k--)
            window_turn(w, prog.base + prog.shot[n].eip, 1 + (prog.seed + n + k) % 3, 0, 0);
    }
}

static void back_to_start(void)
{
    struct bt *bt = prog.vm->bt;
    *prog.vm->vcpu = prog.start;
    prog.vm->vcpu->windows.minus_split = 0 - (uint64_t)(BT_DATA + PAGE_SIZE);
    shot_restore_memory(&prog.shot[0]);
    bt->inline_lookup = !prog.config.thunk;
    bt->count = prog.config.count;
    bt->patching = bt->save_flags = !prog.config.slots;
    bt->tc.user_code = prog.vm->user_code = prog.config.windows;
    bt->tc.gate_kind = !prog.config.gates ? GATE_INT : prog.config.windows ? GATE_NEAR : GATE_FAR;
    bt->tc.gate = prog.config.windows ? BT_GATE_NEAR : BT_GATE_FAR;
    bt->tc.gate_spacing = 16;
    memset(bt->drops, 0, bt->nframes);
    adapt_some();
    turn_some_windows();
    cache_flush_all(prog.vm);
    prog.cursor = prog.faults = prog.events = prog.interpreted = 0;
}

static void interpret(struct vcpu *v)
{
    prog.interpreted++;
    if (interp_step(v) != INTERP_OK)
        mismatch(v, "the interpreter raises what it did not before", 0);
}

/* Runs from ENTRY to the exit X; in between every host instruction is a stop if so wanted. */
static void run_tc(struct vcpu *v, uint64_t entry, enum stops stops, struct host_exit *x)
{
    static struct vcpu copy;
    struct tc_state s;
    tc_load(&s, v, entry);
    tc_go(&s, stops == EVERYWHERE);
    while (s.trap == VEC_DB) {
        copy = *v;
        tc_store(&s, &copy, x);
        bt_unwind(&copy, x);
        check(&copy, s.rip);
        tc_go(&s, true);
    }
    tc_store(&s, v, x);
}

/* One turn of the run loop; false: the program is over. */
static bool turn(struct vcpu *v, enum stops stops)
{
    struct host_exit x;
    if (v->inhibit) {
        interpret(v);
        return true;
    }
    uint64_t entry = bt_find(v);
    if (!entry)
        mismatch(v, "no translation", 0);
    run_tc(v, entry, stops, &x);
    bt_unwind(v, &x);
    prog.exits++;
    prog.mmx_fault = x.kind == HX_EXCEPTION && at_mmx(v);
    prog.torn = x.kind == HX_EXCEPTION ? long_store(v) : 0;
    check(v, x.rip);
    if (!at_repeated_string(v) && stops == AT_EXITS &&
        !shot_same_segments(&prog.shot[prog.cursor], v))
        mismatch(v, "the segments differ", x.rip);
    prog.mmx_fault = false;
    prog.torn = 0;
    if (program_at(v) == prog.end && x.kind == HX_TC && x.code != TC_EXIT_EVENT)
        return false;
    if (x.kind == HX_EXCEPTION)
        prog.faults++;
    if (x.kind == HX_EXCEPTION || x.code == TC_EXIT_INTERP || x.code == TC_EXIT_ADAPTED)
        interpret(v);
    else if (x.code == TC_EXIT_EVENT)
        prog.events++;
    else if ((entry = bt_find(v)) != 0)
        bt_chain(v, &x, entry);
    return true;
}

static void run(enum stops stops)
{
    struct vcpu *v = prog.vm->vcpu;
    unsigned turns = 0;
    back_to_start();
    while (program_at(v) != prog.end) {
        if (!turn(v, stops))
            break;
        if (++turns > 10 * MAX_SHOTS)
            mismatch(v, "the translation does not come to an end", 0);
    }
    v->inhibit = prog.shot[prog.shots - 1].inhibit;
    prog.cursor = prog.shots - 1;
    if (!shot_same(&prog.shot[prog.cursor], v))
        mismatch(v, "the end differs", 0);
    if (prog.config.count && !prog.faults && !prog.events && stops == AT_EXITS)
        assert_int_equal(v->tc_insns - prog.start.tc_insns + prog.interpreted, prog.shots - 1);
}

/* ---- Tests ------------------------------------------------------------------- */

static const struct config configs[] = {
    {.fs_base = 0},
    {.fpu = true, .fs_base = 0xc0001000u},
    {.thunk = true, .fs_base = 0x1000},
    {.count = true, .fs_base = 0xffff0010u},
    {.fpu = true, .small_gs = true, .fs_base = 0x80000000u},
    {.no_es = true, .fs_base = 0},
    {.no_ds = true, .small_gs = true, .count = true, .fs_base = 0xf0000000u},
    {.cpl = 1, .fpu = true, .thunk = true, .fs_base = 0x150000u},
    {.windows = true, .fs_base = 0xc0001000u},
    {.windows = true, .fpu = true, .small_gs = true, .thunk = true, .fs_base = 0xffff0010u},
    {.windows = true, .cpl = 3, .fpu = true, .fs_base = 0x80000000u},
    {.code16 = true, .fpu = true},
    {.code16 = true, .real = true, .thunk = true},
    {.code16 = true, .unlimited = true, .small_gs = true, .count = true},
    {.code16 = true, .unlimited = true, .windows = true, .cpl = 3},
    {.code16 = true, .windows = true, .real = true, .fpu = true},
};

/* From the environment: SEED repeats one program, MORE=n tries n times as many, TRACE names each.
 */
static void each_program(unsigned count, unsigned length, unsigned salt, void (*then)(void))
{
    const char *one = getenv("SEED"), *more = getenv("MORE");
    count *= more ? (unsigned)atoi(more) : 1;
    for (unsigned n = 0; n < count; n++) {
        uint64_t seed = one ? strtoull(one, NULL, 0) : (uint64_t)salt << 32 | n;
        prog.seed = seed;
        prog.config = configs[seed % ARRAY_SIZE(configs)];
        prog.config.slots = seed / ARRAY_SIZE(configs) % 2;
        prog.config.gates = seed / ARRAY_SIZE(configs) / 2 % 2;
        prog.config.adapted = seed / ARRAY_SIZE(configs) % 5 == 2;
        if (!program_make(seed, length))
            continue;
        if (getenv("TRACE"))
            printf("seed %lu\n", seed);
        then();
        if (one)
            break;
    }
    printf("%u exits, %u stops\n", prog.exits, prog.stops);
    prog.exits = prog.stops = 0;
}

static void at_exits(void)
{
    const struct bt *bt = prog.vm->bt;
    run(AT_EXITS);
    for (uint32_t b = 0; b < bt->nblocks; b++) {
        if (b == 0 || bt->block[b].live)
            confined_check(prog.vm->vcpu, b);
    }
}

static void everywhere(void)
{
    run(EVERYWHERE);
}

static void protect(uint32_t first, unsigned pages, int prot)
{
    static const uint64_t base[] = {0, BT_KERNEL_WINDOW, BT_USER_WINDOW};
    for (unsigned n = 0; n < ARRAY_SIZE(base); n++)
        assert_int_equal(mprotect((void *)(uintptr_t)(base[n] + first), pages * PAGE_SIZE, prot),
                         0);
}

/* Each access to some of the pages faults once; the interpreter, which sees the memory elsewhere,
 * executes the instruction. */
static void with_faults(void)
{
    static const struct {
        int data, stack;
    } prot[] = {
        {PROT_NONE, PROT_NONE},
        {PROT_READ, PROT_READ},
        {PROT_READ | PROT_WRITE, PROT_NONE},
        {PROT_READ, PROT_READ | PROT_WRITE},
        {PROT_NONE, PROT_READ | PROT_WRITE},
    };
    for (unsigned n = 0; n < ARRAY_SIZE(prot); n++) {
        protect(BT_DATA, BT_DATA_PAGES, prot[n].data);
        protect(BT_STACK, BT_STACK_PAGES, prot[n].stack);
        run(AT_EXITS);
    }
    /* One page of the data: string operations and others that meet it half-way. */
    protect(BT_DATA, BT_DATA_PAGES, PROT_READ | PROT_WRITE);
    protect(BT_STACK, BT_STACK_PAGES, PROT_READ | PROT_WRITE);
    protect(BT_DATA + 2 * PAGE_SIZE, 1, PROT_NONE);
    run(AT_EXITS);
    protect(BT_DATA + 2 * PAGE_SIZE, 1, PROT_READ | PROT_WRITE);
}

static void programs(void **state)
{
    (void)state;
    each_program(6000, 40, 1, at_exits);
}

static void stops_everywhere(void **state)
{
    (void)state;
    each_program(600, 30, 2, everywhere);
}

static void faults_everywhere(void **state)
{
    (void)state;
    each_program(1200, 30, 3, with_faults);
}

static int set_up(void **state)
{
    (void)state;
    prog.vm = bt_world(true);
    return board_create(prog.vm) && interp_create(prog.vm) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs),
        cmocka_unit_test(stops_everywhere),
        cmocka_unit_test(faults_everywhere),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
