/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * bt_unwind at chosen places of chosen blocks. That every byte of every translation unwinds
 * rightly is test_lockstep's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_world.h"

#define EIP  (BT_CODE + 0x100)
#define ESP0 0x5000u

static struct vm *vm;
static struct vcpu *v;
static struct bt *bt;

static int set_up(void **state)
{
    (void)state;
    vm = bt_world(false);
    v = vm->vcpu;
    bt = vm->bt;
    bt->patching = bt->save_flags = false;
    return 0;
}

static uint32_t make(uint32_t eip, const char *code, size_t len)
{
    return bt_make(vm, eip, code, len, true, 0);
}

/* A stop OFF bytes into block B, with recognisable registers. */
static void stop(uint32_t b, uint32_t off, enum host_exit_kind kind)
{
    struct host_exit x = {.kind = kind, .rip = bt_entry(bt, b) + off};
    for (unsigned n = 0; n < 6; n++)
        x.scratch[n] = 0xabcd00000000u + 0x800 + n; /* r8 = 800h, r9 = 801h, ... */
    v->gpr[R_ESP] = ESP0;
    v->gpr[R_ECX] = 0xcccc;
    v->eip = 0xeeee;
    v->inhibit = 0;
    assert_int_equal(bt_block_of(v, &x), bt->block[b].eip);
    bt_unwind(v, &x);
}

static void expect(uint32_t eip, uint32_t esp, uint32_t ecx, unsigned inhibit)
{
    assert_int_equal(v->eip, eip);
    assert_int_equal(v->gpr[R_ESP], esp);
    assert_int_equal(v->gpr[R_ECX], ecx);
    assert_int_equal(v->inhibit, inhibit);
}

/* 67 41 89 46 fc: store; ff c0: inc; then RET's load with the ESP that is still owed. */
static void in_push(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\x50\x40\xc3", 3);
    for (uint32_t off = 0; off < 5; off++) {
        stop(b, off, HX_INTERRUPT);
        expect(EIP, ESP0, 0xcccc, 0);
    }
    for (uint32_t off = 5; off < 7; off++) {
        stop(b, off, HX_EXCEPTION);
        expect(EIP + 1, ESP0 - 4, 0xcccc, 0);
    }
    stop(b, 7, HX_EXCEPTION);
    expect(EIP + 2, ESP0 - 4, 0xcccc, 0);
}

static void in_pop(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\x58\x40\xc3", 3); /* 67 41 8b 06: load; inc */
    stop(b, 0, HX_INTERRUPT);
    expect(EIP, ESP0, 0xcccc, 0);
    stop(b, 4, HX_INTERRUPT);
    expect(EIP + 1, ESP0 + 4, 0xcccc, 0);
}

/* PUSH, then a register move that names ESP: 67 41 89 46 fc, 45 8d 76 fc, 44 89 f0. */
static void in_settling(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\x50\x89\xe0\xc3", 4);
    stop(b, 5, HX_INTERRUPT);
    expect(EIP + 1, ESP0 - 4, 0xcccc, 0);
    stop(b, 9, HX_INTERRUPT);
    expect(EIP + 1, ESP0, 0xcccc, 0);
}

/* lea r9d, [rbp+4]; mov ebp, [ebp]; mov r14d, r9d. */
static void in_leave(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\xc9\x40\xc3", 3);
    stop(b, 0, HX_INTERRUPT);
    expect(EIP, ESP0, 0xcccc, 0);
    stop(b, 4, HX_INTERRUPT);
    expect(EIP, ESP0, 0xcccc, 0);
    stop(b, 8, HX_INTERRUPT);
    expect(EIP + 1, 0x801, 0xcccc, 0);
    stop(b, 11, HX_INTERRUPT);
    expect(EIP + 1, ESP0, 0xcccc, 0);
}

/* RET: load, lea, then the host's RET. */
static void in_ret(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\xc3", 1);
    stop(b, 4, HX_INTERRUPT);
    expect(EIP, ESP0, 0xcccc, 0);
    stop(b, 8, HX_INTERRUPT);
    expect(0x800, ESP0, 0xcccc, 0);
    assert_int_equal(bt->block[b].tc_len, 9);
}

/* CALL: store, lea, call, then the check of the return, in which ECX is displaced for a while. */
static void in_call(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\xe8\x00\x01\x00\x00\x40\xc3", 7);
    stop(b, 0, HX_INTERRUPT);
    expect(EIP, ESP0, 0xcccc, 0);
    stop(b, 9, HX_INTERRUPT); /* 67 41 c7 46 fc imm32 */
    expect(EIP + 0x105, ESP0 - 4, 0xcccc, 0);
    stop(b, 13, HX_INTERRUPT);
    expect(EIP + 0x105, ESP0, 0xcccc, 0);
    stop(b, 19, HX_INTERRUPT); /* ff 15 disp32 */
    expect(0x800, ESP0, 0xcccc, 0);
    stop(b, 22, HX_INTERRUPT);
    expect(0x800, ESP0, 0x803, 0);
}

/* A computed jump: the search displaces ECX from some point on. */
static void in_search(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\xff\xe0", 2);
    bool displaced = false;
    stop(b, 0, HX_INTERRUPT);
    expect(EIP, ESP0, 0xcccc, 0);
    for (uint32_t off = 3; off < bt->block[b].tc_len; off++) {
        stop(b, off, HX_INTERRUPT);
        displaced |= v->gpr[R_ECX] == 0x803;
        expect(0x800, ESP0, v->gpr[R_ECX], 0);
        assert_true(v->gpr[R_ECX] == 0x803 || v->gpr[R_ECX] == 0xcccc);
    }
    assert_true(displaced);
}

static void gates_belong_to_what_is_before(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\x40\xf4", 2); /* inc eax: ff c0; then a callout: cd c1 */
    assert_memory_equal(bt->tc.write + bt->block[b].tc, "\xff\xc0\xcd\xc1", 4);
    stop(b, 4, HX_TC);
    expect(EIP + 1, ESP0, 0xcccc, 0);
}

static void sti_shadow(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\xfb\x40\x40\xc3", 4), off = 0;
    uint32_t at_eip[3] = {0};
    for (; off < 64; off++) {
        stop(b, off, HX_INTERRUPT);
        uint32_t n = v->eip - EIP;
        if (n > 2)
            break;
        at_eip[n]++;
        assert_int_equal(v->inhibit, n == 1);
    }
    assert_true(at_eip[0] && at_eip[1] && at_eip[2]);
}

static void shadow_before_a_jump(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\xfb\xc3", 2), off = 0;
    while (bt->tc.write[bt->block[b].tc + off] != 0xcd)
        off++;
    stop(b, off + 2, HX_TC);
    expect(0x800, ESP0, 0x803, 0); /* behind the jump */
}

static void in_the_thunks(void **state)
{
    (void)state;
    bool displaced = false;
    for (uint32_t off = 0; off < bt->block[0].tc_len; off++) {
        stop(0, off, HX_INTERRUPT);
        displaced |= v->gpr[R_ECX] == 0x803;
        expect(0x800, ESP0, v->gpr[R_ECX], 0);
        assert_true(v->gpr[R_ECX] == 0x803 || v->gpr[R_ECX] == 0xcccc);
    }
    assert_true(displaced);
}

static void dropped_blocks_still_unwind(void **state)
{
    (void)state;
    uint32_t b = make(EIP, "\x50\x40\xc3", 3);
    assert_true(bt_wrote(vm, gfn(EIP >> PAGE_SHIFT), 0x100, 0x100));
    stop(b, 5, HX_INTERRUPT);
    expect(EIP + 1, ESP0 - 4, 0xcccc, 0);
}

/* A stop in a stub is one before its target. */
static void in_stub(void **state)
{
    (void)state;
    uint32_t from = make(EIP, "\xeb\x70", 2), slot = bt->block[from].slots;
    for (uint32_t off = 0; off < STUB_SIZE; off++) {
        stop(from, slot_stub(bt, slot) + off - bt->block[from].tc, HX_INTERRUPT);
        expect(EIP + 0x72, ESP0, 0xcccc, 0);
    }
}

/* 41 ff 5f disp8: CALL FAR [r15 + disp8]. */
static void call_gates(void **state)
{
    (void)state;
    bt->tc.gate_kind = GATE_FAR;
    bt->tc.gate = BT_GATE_FAR;
    bt->tc.gate_spacing = 16;
    cache_flush_all(vm);
    uint32_t b = make(EIP + 0x20, "\x40\xf4", 2);
    assert_int_equal(gate_size(bt), 4);
    assert_memory_equal(bt->tc.write + bt->block[b].tc, "\xff\xc0\x41\xff\x5f", 5);
    assert_int_equal(bt->tc.write[bt->block[b].tc + 5],
                     offsetof(struct vcpu, gate[TC_EXIT_INTERP]));
    for (unsigned code = 0; code < TC_CODES; code++)
        assert_int_equal(v->gate[code].far.sel, BT_GATE_FAR + 16 * code);
    stop(b, 2, HX_INTERRUPT);
    expect(EIP + 0x21, ESP0, 0xcccc, 0);
    stop(b, 6, HX_TC);
    expect(EIP + 0x21, ESP0, 0xcccc, 0);
    uint32_t from = make(EIP + 0x10, "\xeb\x70", 2), slot = bt->block[from].slots;
    stop(from, slot_stub(bt, slot) + 4 - bt->block[from].tc, HX_TC);
    expect(EIP + 0x82, ESP0, 0xcccc, 0);
    in_stub(state);
    in_the_thunks(state);
}

/* Between RET and the end of the check behind the call the flags may be in R9. */
static void in_return_check(void **state)
{
    (void)state;
    bt->patching = bt->save_flags = true;
    uint32_t b = make(EIP, "\xe8\x30\x00\x00\x00\x41\xc3", 7);
    const uint8_t *code = bt->tc.write + bt->block[b].tc;
    uint32_t off = 0;
    while (memcmp(code + off, "\x41\x81\xf8", 3)) /* cmp r8d, imm32 */
        off++;
    v->eflags = FL_ONE | FL_DF | FL_CF;
    stop(b, off, HX_INTERRUPT); /* R8 = 800h, R9 = 801h, ... */
    expect(0x800, ESP0, 0xcccc, 0);
    assert_int_equal(v->eflags, FL_ONE | FL_DF | FL_CF);
    stop(b, off + 7, HX_INTERRUPT); /* before JNE */
    expect(0x800, ESP0, 0xcccc, 0);
    assert_int_equal(v->eflags, FL_ONE | FL_DF | FL_OF);
    v->eflags = FL_ONE;
    v->gpr[R_EAX] = 0xaaaa;
    stop(b, off + 16, HX_INTERRUPT); /* EAX is in R10 */
    assert_int_equal(v->eflags, FL_ONE | FL_OF);
    assert_int_equal(v->gpr[R_EAX], 0x802);
    while (code[off] != 0x9e)
        off++;
    v->eflags = FL_ONE | FL_ZF;
    stop(b, off + 4, HX_INTERRUPT); /* behind SAHF and the move of EAX */
    assert_int_equal(v->eflags, FL_ONE | FL_ZF);
    assert_int_equal(v->gpr[R_EAX], 0x802);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(in_push, set_up),
        cmocka_unit_test_setup(in_pop, set_up),
        cmocka_unit_test_setup(in_leave, set_up),
        cmocka_unit_test_setup(in_ret, set_up),
        cmocka_unit_test_setup(in_settling, set_up),
        cmocka_unit_test_setup(in_call, set_up),
        cmocka_unit_test_setup(in_search, set_up),
        cmocka_unit_test_setup(gates_belong_to_what_is_before, set_up),
        cmocka_unit_test_setup(sti_shadow, set_up),
        cmocka_unit_test_setup(shadow_before_a_jump, set_up),
        cmocka_unit_test_setup(in_the_thunks, set_up),
        cmocka_unit_test_setup(dropped_blocks_still_unwind, set_up),
        cmocka_unit_test_setup(in_stub, set_up),
        cmocka_unit_test_setup(call_gates, set_up),
        cmocka_unit_test_setup(in_return_check, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
