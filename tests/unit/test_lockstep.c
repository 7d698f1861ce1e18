/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translator against interpreter. The interpreter runs a random program once and its state after
 * each instruction is kept. Then the program's translation runs natively, and wherever it
 * stops (at an exit, after every single host instruction, at a fault in every memory access),
 * the state that bt_unwind makes of it must be one of those, in their order, memory and FPU included.
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
#include "tests/unit/bt_gen.h"
#include "tests/unit/bt_run.h"
#include "tests/unit/bt_world.h"
#include "tests/unit/fake_fpu.h"

#define PAGES     (BT_DATA_PAGES + BT_STACK_PAGES)
#define MAX_SHOTS 100u
#define AREA      256u
#define AREAS     (BT_CODE_PAGES * PAGE_SIZE / AREA - 1)
#define FPU_BYTES 288u

/* The guest between two instructions. */
struct shot {
    uint32_t gpr[8], eip, eflags;
    uint32_t unknown; /* flags that the last instruction leaves undefined */
    uint8_t vif, inhibit, cpl;
    uint8_t fpu[FPU_BYTES];
    uint8_t memory[PAGES * PAGE_SIZE];
};

struct config {
    bool thunk, count, fpu, no_ds, no_es, small_gs;
    uint8_t cpl;
    uint32_t fs_base;
};

static struct program {
    struct vm *vm;
    uint64_t seed;
    struct gen gen;
    struct config config;
    struct vcpu start;
    struct shot shot[MAX_SHOTS + 1];
    unsigned shots;
    uint32_t end; /* where the program is over */
    uint8_t used[BT_CODE_PAGES * PAGE_SIZE];
    unsigned areas;
    unsigned cursor;       /* shot that the translation has reached */
    unsigned stops, exits; /* of all kinds, for the report */
    unsigned faults, events, interpreted;
    bool mmx_fault;        /* the stop is a fault of an MMX instruction */
} p;

/* ---- States ----------------------------------------------------------------- */

static uint8_t *page_ram(unsigned n)
{
    uint32_t a = n < BT_DATA_PAGES ? BT_DATA + n * PAGE_SIZE
                                   : BT_STACK + (n - BT_DATA_PAGES) * PAGE_SIZE;
    return bt_ram(p.vm, a);
}

static void take(struct shot *s, const struct vcpu *v)
{
    memcpy(s->gpr, v->gpr, sizeof s->gpr);
    s->eip = v->eip;
    s->eflags = v->eflags;
    s->unknown = 0;
    s->vif = v->vif;
    s->inhibit = v->inhibit;
    s->cpl = v->cpl;
    memcpy(s->fpu, fake_fpu_state, FPU_BYTES);
    memset(s->fpu + 6, 0, 18); /* FOP, FIP, FDP: the host's */
    for (unsigned n = 0; n < PAGES; n++)
        memcpy(s->memory + n * PAGE_SIZE, page_ram(n), PAGE_SIZE);
}

static void restore_memory(const struct shot *s)
{
    for (unsigned n = 0; n < PAGES; n++)
        memcpy(page_ram(n), s->memory + n * PAGE_SIZE, PAGE_SIZE);
    fake_fpu_reset();
    memcpy(fake_fpu_state, s->fpu, FPU_BYTES);
}

static bool same_registers(const struct shot *s, const struct vcpu *v)
{
    return !memcmp(s->gpr, v->gpr, sizeof s->gpr) && s->eip == v->eip &&
           !((s->eflags ^ v->eflags) & ~s->unknown) &&
           s->vif == v->vif && (!s->inhibit || v->inhibit) && s->cpl == v->cpl;
}

static bool same_memory(const struct shot *s)
{
    for (unsigned n = 0; n < PAGES; n++)
        if (memcmp(page_ram(n), s->memory + n * PAGE_SIZE, PAGE_SIZE))
            return false;
    return true;
}

/* FCW; MXCSR; the XMM registers; and FSW, FTW and the x87 registers, but for a faulting MMX store:
 * it may have made its switch to the MMX state by then (SDM 2, MASKMOVQ), and images begin with
 * the register on top. */
static bool same_fpu(const struct shot *s)
{
    const uint8_t *is = fake_fpu_state;
    bool x87 = !memcmp(s->fpu + 2, is + 2, 4) && !memcmp(s->fpu + 32, is + 32, 128);
    return !memcmp(s->fpu, is, 2) && !memcmp(s->fpu + 24, is + 24, 4) &&
           !memcmp(s->fpu + 160, is + 160, 128) && (x87 || p.mmx_fault);
}

static bool same(const struct shot *s, const struct vcpu *v)
{
    return same_registers(s, v) && same_memory(s) && same_fpu(s);
}

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
    for (unsigned n = 0; n + 1 < p.shots; n++) {
        insn_decode(bt_ram(p.vm, p.shot[n].eip), INSN_MAX, true, &i);
        insn_format(&i, p.shot[n].eip, text, sizeof text);
        printf("%c%3u %6x  %s\n", n == p.cursor ? '>' : ' ', n, p.shot[n].eip, text);
    }
}

static void mismatch(const struct vcpu *v, const char *why, uint64_t rip)
{
    printf("SEED=%lu\n", p.seed);
    show_program();
    for (unsigned n = p.cursor, shown = 0; n < p.shots && shown < 4; n++) {
        const struct shot *s = &p.shot[n];
        if (n != p.cursor && s->eip != v->eip)
            continue;
        shown++;
        show("interpreter", s->gpr, s->eip, s->eflags, s->vif);
        printf("  registers %d memory %d fpu %d\n", same_registers(s, v), same_memory(s),
               same_fpu(s));
    }
    show("translation", v->gpr, v->eip, v->eflags, v->vif);
    uint64_t tc = rip - p.vm->bt->tc.exec;
    if (tc < p.vm->bt->tc_used) {
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
    return insn_decode(bt_ram(p.vm, v->eip), INSN_MAX, true, &i) == DECODE_OK &&
           (i.flags & INSN_STRING) && (i.flags & (INSN_REP | INSN_REPNE));
}

static bool at_mmx(const struct vcpu *v)
{
    struct insn i;
    return insn_decode(bt_ram(p.vm, v->eip), INSN_MAX, true, &i) == DECODE_OK && i.op == OP_MMX;
}

/* A repeated string operation between two iterations: finished by the interpreter, it
 * must come to the shot behind it. Memory is put back as it was. */
static bool finishes_string(const struct vcpu *v)
{
    static uint8_t span[VCPU_SPAN] __attribute__((aligned(64)));
    static struct shot before;
    struct vcpu *copy = (struct vcpu *)span;
    if (!at_repeated_string(v))
        return false;
    memcpy(copy, v, sizeof *copy);
    take(&before, v);
    for (unsigned n = 0; n < 100 && copy->eip == v->eip; n++)
        interp_step(copy);
    bool found = false;
    for (unsigned n = p.cursor; n < p.shots && !found; n++) {
        found = same(&p.shot[n], copy);
        if (found && n)
            p.cursor = n - 1;
    }
    restore_memory(&before);
    return found;
}

static void check(const struct vcpu *v, uint64_t rip)
{
    p.stops++;
    for (unsigned n = p.cursor; n < p.shots; n++) {
        if (same(&p.shot[n], v)) {
            p.cursor = n;
            return;
        }
    }
    if (!finishes_string(v))
        mismatch(v, "the stop is at no instruction boundary", rip);
}

/* ---- Making a program ------------------------------------------------------- */

static uint32_t new_area(void)
{
    return BT_CODE + AREA - 20 + AREA * p.areas++ + gen_random(&p.gen, 16);
}

static unsigned room_at(uint32_t eip)
{
    uint32_t off = eip - BT_CODE, n = 0;
    while (off + n < sizeof p.used && n < AREA && !p.used[off + n])
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
    uint32_t esp = v->gpr[R_ESP];
    return !v->exc.valid && !v->halted && v->cpl == p.config.cpl && !(v->eflags & (FL_TF | FL_AC)) &&
           esp >= BT_STACK + 256 && esp < BT_STACK + BT_STACK_PAGES * PAGE_SIZE - 256 &&
           in_code(v->eip) && (p.used[v->eip - BT_CODE] || room_at(v->eip) > 16);
}

/* Flags that the manual leaves open and this CPU makes depend on the flags before. */
static uint32_t undefined_flags(uint32_t eip)
{
    struct insn i;
    insn_decode(bt_ram(p.vm, eip), INSN_MAX, true, &i);
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

static bool harmless_access(const struct vcpu *v)
{
    struct insn i;
    insn_decode(bt_ram(p.vm, v->eip), INSN_MAX, true, &i);
    if (i.flags & INSN_STRING)
        return harmless(v->seg[i.mem.seg].base + v->gpr[R_ESI]) && harmless(v->gpr[R_EDI]);
    for (unsigned n = 0; n < i.nopd; n++) {
        if (i.opd[n].kind != OPD_MEM || !i.opd[n].access)
            continue;
        uint32_t linear = v->seg[i.mem.seg].base + operand_offset(v, &i);
        if (i.op >= OP_BT && i.op <= OP_BTC && i.opd[1].kind == OPD_GPR)
            linear += (uint32_t)((i.opsize == 4 ? (int32_t)v->gpr[i.opd[1].reg]
                                                : (int16_t)v->gpr[i.opd[1].reg]) >> 3);
        if (!harmless(linear))
            return false;
    }
    return true;
}

/* Steps once and keeps the state. */
static bool step_and_take(struct vcpu *v)
{
    uint32_t unknown = undefined_flags(v->eip);
    if (!harmless_access(v))
        return false;
    if (p.shots >= MAX_SHOTS || interp_step(v) != INTERP_OK)
        return false;
    take(&p.shot[p.shots], v);
    p.shot[p.shots++].unknown = unknown;
    return acceptable(v);
}

/* Runs the bytes that have just been put at START. */
static bool run_new(struct vcpu *v, uint32_t start, unsigned len)
{
    unsigned steps = 0;
    do {
        if (!step_and_take(v) || ++steps > 24)
            return false;
    } while (v->eip > start && v->eip < start + len);
    return true;
}

static void generate_bytes(struct vcpu *v)
{
    p.gen.v = v;
    if (room_at(v->eip) < 96) {
        p.gen.len = 5;
        p.gen.at[0] = 0xe9;
        uint32_t rel = new_area() - v->eip - 5;
        memcpy(p.gen.at + 1, &rel, 4);
    } else if (gen_random(&p.gen, 7) == 0) {
        gen_jump(&p.gen, new_area(), (uint8_t)gen_random(&p.gen, 30));
    } else {
        gen_instruction(&p.gen);
    }
}

/* One more piece of program, if it does nothing that the comparison cannot follow. */
static void extend(struct vcpu *v)
{
    static struct vcpu before;
    unsigned shots = p.shots;
    uint32_t start = v->eip;
    before = *v;
    generate_bytes(v);
    bt_put(p.vm, start, p.gen.at, p.gen.len);
    if (run_new(v, start, p.gen.len)) {
        memset(p.used + (start - BT_CODE), 1, p.gen.len);
        return;
    }
    *v = before;
    p.shots = shots;
    restore_memory(&p.shot[shots - 1]);
}

static uint32_t start_value(unsigned reg)
{
    switch (reg == R_ESP ? 1 : gen_random(&p.gen, 5)) {
    case 0:
        return BT_DATA + gen_random(&p.gen, BT_DATA_PAGES * PAGE_SIZE);
    case 1:
        return BT_STACK + PAGE_SIZE - 512 + 4 * gen_random(&p.gen, 256);
    case 2:
        return gen_random(&p.gen, 100);
    default:
        return gen_random(&p.gen, 0);
    }
}

static void start_segments(struct vcpu *v)
{
    const struct config *c = &p.config;
    for (unsigned n = 0; n < S_COUNT; n++) {
        v->seg[n].base = 0;
        v->seg[n].limit = 0xffffffffu;
        v->seg[n].sel = (uint16_t)(0x10 + n * 8);
    }
    v->seg[S_FS].base = c->fs_base;
    if (c->small_gs)
        v->seg[S_GS].limit = BT_DATA + PAGE_SIZE - 1;
    if (c->no_ds)
        v->seg[S_DS].base = 0x1230;
    if (c->no_es)
        v->seg[S_ES].limit = 0xfffff000u;
}

static void start_state(struct vcpu *v)
{
    for (unsigned n = 0; n < 8; n++)
        v->gpr[n] = start_value(n);
    v->cpl = p.config.cpl;
    v->eflags = FL_ONE | (gen_random(&p.gen, 0) & FL_ARITH) |
                (gen_random(&p.gen, 4) ? 0 : (uint32_t)FL_DF) | (gen_random(&p.gen, 4) ? 0 : (uint32_t)FL_ID);
    v->vif = (uint8_t)gen_random(&p.gen, 2);
    v->event = gen_random(&p.gen, 4) == 0;
    v->inhibit = 0;
    v->exc.valid = v->halted = false;
    v->cr2 = 0x12345678;
    v->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
    start_segments(v);
}

static void make_program(uint64_t seed, unsigned length)
{
    struct vcpu *v = p.vm->vcpu;
    p.gen = (struct gen){.seed = seed * 0x9e3779b97f4a7c15u + 1, .fpu = p.config.fpu};
    p.areas = p.shots = 0;
    memset(p.used, 0, sizeof p.used);
    for (unsigned n = 0; n < 4; n++)
        gen_random(&p.gen, 0);
    for (unsigned n = 0; n < PAGES; n++)
        for (unsigned b = 0; b < PAGE_SIZE; b++)
            page_ram(n)[b] = (uint8_t)gen_random(&p.gen, 0);
    for (uint32_t a = BT_CODE; a < BT_CODE + sizeof p.used; a += PAGE_SIZE)
        memset(bt_ram(p.vm, a), 0xcc, PAGE_SIZE);
    fake_fpu_reset();
    start_state(v);
    v->eip = new_area();
    p.start = *v;
    take(&p.shot[p.shots++], v);
    while (p.shots < length && p.areas < AREAS - 3) {
        if (!p.used[v->eip - BT_CODE])
            extend(v);
        else if (!step_and_take(v))
            break;
    }
    p.end = v->eip;
    if (!p.used[p.end - BT_CODE])
        bt_put(p.vm, p.end, "\x0f\x0b", 2);
}

/* ---- Running its translation ------------------------------------------------ */

enum stops { AT_EXITS, EVERYWHERE };

static void back_to_start(void)
{
    struct bt *bt = p.vm->bt;
    *p.vm->vcpu = p.start;
    restore_memory(&p.shot[0]);
    bt->inline_lookup = !p.config.thunk;
    bt->count = p.config.count;
    memset(bt->drops, 0, bt->nframes);
    cache_flush_all(p.vm);
    p.cursor = p.faults = p.events = p.interpreted = 0;
}

static void interpret(struct vcpu *v)
{
    p.interpreted++;
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
    p.exits++;
    p.mmx_fault = x.kind == HX_EXCEPTION && at_mmx(v);
    check(v, x.rip);
    p.mmx_fault = false;
    if (v->eip == p.end && x.kind == HX_TC && x.code != TC_EXIT_EVENT)
        return false;
    if (x.kind == HX_EXCEPTION)
        p.faults++;
    if (x.kind == HX_EXCEPTION || x.code == TC_EXIT_INTERP)
        interpret(v);
    else if (x.code == TC_EXIT_EVENT)
        p.events++;
    else if ((entry = bt_find(v)) != 0)
        bt_chain(v, &x, entry);
    return true;
}

static void run(enum stops stops)
{
    struct vcpu *v = p.vm->vcpu;
    unsigned turns = 0;
    back_to_start();
    while (v->eip != p.end || v->inhibit) {
        if (!turn(v, stops))
            break;
        if (++turns > 10 * MAX_SHOTS)
            mismatch(v, "the translation does not come to an end", 0);
    }
    v->inhibit = p.shot[p.shots - 1].inhibit;
    p.cursor = p.shots - 1;
    if (!same(&p.shot[p.cursor], v))
        mismatch(v, "the end differs", 0);
    if (p.config.count && !p.faults && !p.events && stops == AT_EXITS)
        assert_int_equal(v->tc_insns - p.start.tc_insns + p.interpreted, p.shots - 1);
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
};

/* SEED from the environment repeats one program. */
static void each_program(unsigned count, unsigned length, unsigned salt, void (*then)(void))
{
    const char *one = getenv("SEED");
    tc_init();
    for (unsigned n = 0; n < count; n++) {
        uint64_t seed = one ? strtoull(one, NULL, 0) : (uint64_t)salt << 32 | n;
        p.seed = seed;
        p.config = configs[seed % ARRAY_SIZE(configs)];
        make_program(seed, length);
        if (p.used[p.end - BT_CODE])
            continue;
        if (getenv("TRACE"))
            printf("seed %lu\n", seed);
        then();
        if (one)
            break;
    }
    printf("%u exits, %u stops\n", p.exits, p.stops);
    p.exits = p.stops = 0;
}

static void at_exits(void)
{
    run(AT_EXITS);
}

static void everywhere(void)
{
    run(EVERYWHERE);
}

static void protect(uint32_t first, unsigned pages, int prot)
{
    assert_int_equal(mprotect((void *)(uintptr_t)first, pages * PAGE_SIZE, prot), 0);
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
    p.vm = bt_world(true);
    return board_create(p.vm) && interp_create(p.vm) ? 0 : -1;
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
