/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Task switches step by step: what is saved and loaded in both formats, each piece of memory that
 * can be missing before the commit, and each selector that is refused behind it. The tests
 * of tests/guests/suite/task.inc hold the same against Bochs.
 */
#include "monitor/task.h"
#include "tests/unit/segment_world.h"

#define FAR_TSS 0x1e000u /* pages of their own */
#define OLD_TSS 0x20000u
#define NEW     SYS_TSS_NP /* made a TSS at FAR_TSS */

static int tasks(void **state)
{
    world(state);
    gdt_set(NEW, pack(FAR_TSS, 0x67, SA_P | SYS_TSS32));
    gdt_set(SYS_TSS_BUSY, pack(OLD_TSS, 0x67, SA_P | SYS_TSS32_BUSY));
    force_tr(SYS_TSS_BUSY);
    poke(vm, FAR_TSS + 0x20, 0x4321);
    poke(vm, FAR_TSS + 0x24, FL_ONE | FL_CF | FL_IF);
    for (unsigned r = 0; r < 8; r++)
        poke(vm, FAR_TSS + 0x28 + r * 4, 0x11111111 * (r + 1));
    for (unsigned r = 0; r < S_COUNT; r++)
        poke(vm, FAR_TSS + 0x48 + r * 4, r == S_CS ? C0 : D0);
    for (unsigned r = 0; r < 8; r++)
        v->gpr[r] = 0xa0 + r;
    return 0;
}

static bool go(enum task_way way)
{
    return task_switch(v, way, NEW, 0, vcpu_eflags(v));
}

static bool busy(uint16_t sel)
{
    return peek64(GDT + sel) >> 41 & 1;
}

static void assert_arrived(void)
{
    assert_false(v->exc.valid);
    assert_int_equal(v->tr.sel, NEW);
    assert_int_equal(v->eip, 0x4321);
    for (unsigned r = 0; r < 8; r++)
        assert_int_equal(v->gpr[r], 0x11111111 * (r + 1));
    assert_int_equal(v->seg[S_CS].sel, C0);
    assert_int_equal(v->seg[S_GS].sel, D0);
    assert_true(segment_flat(&v->seg[S_SS]));
    assert_true(v->cr0 & CR0_TS);
    assert_true(v->vif);
    assert_int_equal(vm->stats.n[STAT_TASKS], 1);
}

/* The old task's registers, and nothing else of its TSS. */
static void assert_saved(uint32_t flags)
{
    assert_int_equal(peek(vm, OLD_TSS + 0x20), 0x1234);
    assert_int_equal(peek(vm, OLD_TSS + 0x24), flags);
    for (unsigned r = 0; r < 8; r++)
        assert_int_equal(peek(vm, OLD_TSS + 0x28 + r * 4), 0xa0 + r);
    assert_int_equal(peek16(OLD_TSS + 0x4c), C0);
    assert_int_equal(peek16(OLD_TSS + 0x50), D0);
    assert_int_equal(peek(vm, OLD_TSS + 0x1c), 0);
    assert_int_equal(peek(vm, OLD_TSS + 0x60), 0);
}

/* EXPR raises #PF with ERROR at WHERE and changes nothing. */
#define PAGE_FAULTS(expr, code, where)                                                             \
    do {                                                                                           \
        FAULTS(expr, VEC_PF, code);                                                                \
        assert_int_equal(v->exc.cr2, where);                                                       \
    } while (0)

static void jumps(void **state)
{
    (void)state;
    poke(vm, OLD_TSS + 0x4c, 0xbeef0000); /* stays beside the selector */
    v->dr[7] = 0x7ff;
    assert_true(go(TASK_JUMP));
    assert_arrived();
    assert_saved(FL_ONE);
    assert_int_equal(peek(vm, OLD_TSS + 0x4c), 0xbeef0000u | C0);
    assert_true(busy(NEW) && !busy(SYS_TSS_BUSY));
    assert_false(v->eflags & FL_NT);
    assert_int_equal(peek(vm, FAR_TSS), 0);
    assert_int_equal(v->dr[7], 0x6aa);
}

static void calls_and_returns(void **state)
{
    (void)state;
    assert_true(go(TASK_CALL));
    assert_arrived();
    assert_saved(FL_ONE);
    assert_true(busy(NEW) && busy(SYS_TSS_BUSY));
    assert_true(v->eflags & FL_NT);
    assert_int_equal(peek16(FAR_TSS), SYS_TSS_BUSY);
    v->eip = 0x5678;
    assert_true(task_return(v));
    assert_int_equal(v->tr.sel, SYS_TSS_BUSY);
    assert_int_equal(v->eip, 0x1234);
    assert_int_equal(v->gpr[R_EDI], 0xa7);
    assert_false(v->eflags & FL_NT);
    assert_int_equal(peek(vm, FAR_TSS + 0x20), 0x5678);
    assert_false(peek(vm, FAR_TSS + 0x24) & FL_NT);
    assert_true(!busy(NEW) && busy(SYS_TSS_BUSY));
}

static void sixteen_bits(void **state)
{
    (void)state;
    gdt_set(NEW, pack(FAR_TSS, 0x2b, SA_P | SYS_TSS16));
    for (uint32_t at = 0; at < 0x68; at += 4)
        poke(vm, FAR_TSS + at, 0);
    poke(vm, FAR_TSS + 0x0c, 0x4321u << 16);
    poke(vm, FAR_TSS + 0x10, 0x11110002);
    poke(vm, FAR_TSS + 0x20, (uint32_t)D0 << 16 | 0x8888);
    poke(vm, FAR_TSS + 0x24, (uint32_t)D0 << 16 | C0);
    poke(vm, FAR_TSS + 0x28, D0);
    assert_true(go(TASK_CALL));
    assert_int_equal(v->eip, 0x4321);
    assert_int_equal(v->gpr[R_EAX] & 0xffff, 0x1111);
    assert_int_equal(v->gpr[R_EDI] & 0xffff, 0x8888);
    assert_true(v->seg[S_FS].attr & v->seg[S_GS].attr & SA_NULL);
    v->gpr[R_EDI] = 0x12345678;
    assert_true(task_return(v));
    assert_int_equal(peek16(FAR_TSS + 0x20), 0x5678);
    assert_int_equal(peek16(FAR_TSS + 0x22), D0);
    assert_int_equal(v->gpr[R_EDI], 0xa7);
}

/* What can be missing: the new TSS (its second page), the old one, the two descriptors' pages as
 * something to write. Then all is as it was. */
static void missing_pages(void **state)
{
    (void)state;
    world_paging();
    world_map(FAR_TSS, PTE_P | PTE_W);
    gdt_set(NEW, pack(FAR_TSS + 0xfc0, 0x67, SA_P | SYS_TSS32));
    world_map(FAR_TSS + 0x1000, 0);
    PAGE_FAULTS(go(TASK_CALL), 0, FAR_TSS + 0x1000);
    gdt_set(NEW, pack(FAR_TSS, 0x67, SA_P | SYS_TSS32));
    world_map(OLD_TSS, 0);
    PAGE_FAULTS(go(TASK_CALL), PF_W, OLD_TSS + 0x20);
    world_map(OLD_TSS, PTE_P | PTE_W);
    v->cr0 |= CR0_WP;
    world_map(FAR_TSS, PTE_P);
    PAGE_FAULTS(go(TASK_CALL), PF_P | PF_W, FAR_TSS);
    world_map(GDT, PTE_P);
    PAGE_FAULTS(go(TASK_JUMP), PF_P | PF_W, GDT + NEW + 5);
    assert_true(!busy(NEW) && busy(SYS_TSS_BUSY));
    assert_int_equal(peek(vm, OLD_TSS + 0x20), 0);
}

static void refused_before(void **state)
{
    (void)state;
    FAULTS(task_switch(v, TASK_CALL, 0, 0, 0), VEC_GP, 0);
    FAULTS(task_switch(v, TASK_CALL, NEW | SEL_TI, 0, 0), VEC_GP, NEW | SEL_TI);
    FAULTS(task_switch(v, TASK_EVENT, GDT_END, 1, 0), VEC_GP, GDT_END | 1);
    FAULTS(task_switch(v, TASK_JUMP, D0, 0, 0), VEC_GP, D0);
    FAULTS(task_switch(v, TASK_RETURN, D0, 0, 0), VEC_TS, D0);
    FAULTS(task_switch(v, TASK_RETURN, NEW, 0, 0), VEC_TS, NEW);
    gdt_set(NEW, pack(FAR_TSS, 0x66, SA_P | SYS_TSS32));
    FAULTS(go(TASK_JUMP), VEC_TS, NEW);
    gdt_set(NEW, pack(FAR_TSS, 0x2a, SA_P | SYS_TSS16));
    FAULTS(go(TASK_JUMP), VEC_TS, NEW);
    gdt_absent(NEW);
    FAULTS(go(TASK_JUMP), VEC_NP, NEW);
    gdt_set(NEW, pack(FAR_TSS, 0x67, SA_P | SYS_TSS32));
    v->tr.limit = 0x66;
    FAULTS(go(TASK_JUMP), VEC_TS, SYS_TSS_BUSY);
}

/* The new task's own exceptions. */
static void refused_behind(void **state)
{
    static const struct {
        uint8_t where;
        uint16_t sel;
        uint8_t vector;
        uint16_t error;
    } cases[] = {
        {0x4c, 0, VEC_TS, 0},
        {0x4c, D0, VEC_TS, D0},
        {0x4c, C3, VEC_TS, C3},
        {0x4c, C0_NP, VEC_NP, C0_NP},
        {0x4c, GDT_END, VEC_TS, GDT_END},
        {0x50, 0, VEC_TS, 0},
        {0x50, D0 | 3, VEC_TS, D0},
        {0x50, C0, VEC_TS, C0},
        {0x50, D3 | 3, VEC_TS, D3},
        {0x50, D0_NP, VEC_SS, D0_NP},
        {0x48, XONLY0, VEC_TS, XONLY0},
        {0x54, D0_NP, VEC_NP, D0_NP},
        {0x58, D0 | 3, VEC_TS, D0},
        {0x5c, SYS_TSS, VEC_TS, SYS_TSS},
        {0x60, D0, VEC_TS, D0},
        {0x60, SYS_LDT_NP, VEC_TS, SYS_LDT_NP},
        {0x60, SYS_LDTR | 4, VEC_TS, SYS_LDTR | 4},
        {0x60, GDT_END, VEC_TS, GDT_END},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        tasks(state);
        poke(vm, FAR_TSS + cases[i].where, cases[i].sel);
        assert_false(task_switch(v, TASK_EVENT, NEW, 1, FL_ONE));
        assert_true(v->exc.new_task);
        assert_exception(cases[i].vector, true, cases[i].error | 1u);
        assert_int_equal(v->tr.sel, NEW);
        assert_int_equal(v->eip, 0x4321);
        assert_saved(FL_ONE);
    }
    tasks(state);
    poke(vm, FAR_TSS + 0x4c, C0_SMALL);
    assert_false(go(TASK_JUMP));
    assert_true(v->exc.new_task);
    assert_exception(VEC_GP, true, 0);
}

/* The LDT is the new task's when its selectors are looked up. */
static void own_ldt(void **state)
{
    (void)state;
    poke64(LDT, pack(0x12345, 0xfffff, DATA | FLAT));
    v->ldtr.attr |= SA_NULL;
    poke(vm, FAR_TSS + 0x60, SYS_LDTR);
    poke(vm, FAR_TSS + 0x58, SEL_TI);
    assert_true(go(TASK_CALL));
    assert_int_equal(v->seg[S_FS].base, 0x12345);
    assert_int_equal(v->ldtr.base, LDT);
}

static void v86_task(void **state)
{
    (void)state;
    poke(vm, FAR_TSS + 0x24, FL_ONE | FL_VM);
    poke(vm, FAR_TSS + 0x4c, 0x1234);
    poke(vm, FAR_TSS + 0x5c, 0x4321);
    assert_true(go(TASK_JUMP));
    assert_int_equal(v->cpl, 3);
    assert_true(vcpu_v86(v));
    assert_int_equal(v->seg[S_CS].base, 0x12340);
    assert_int_equal(v->seg[S_GS].base, 0x43210);
    assert_int_equal(v->seg[S_GS].limit, 0xffff);
}

static void trap_bit(void **state)
{
    (void)state;
    poke(vm, FAR_TSS + 0x64, 1);
    assert_false(go(TASK_CALL));
    assert_true(v->exc.valid && v->exc.is_trap && v->exc.new_task);
    assert_int_equal(v->exc.vector, VEC_DB);
    assert_true(v->dr[6] & DR6_BT);
    v->exc.valid = false;
    assert_arrived();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, tasks)
    const struct CMUnitTest tests[] = {
        T(jumps),         T(calls_and_returns), T(sixteen_bits),
        T(missing_pages), T(refused_before),    T(refused_behind),
        T(own_ldt),       T(v86_task),          T(trap_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
