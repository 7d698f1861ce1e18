/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The door to guest RAM: ranges are copied whole or refused whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/guestmem.h"
#include "monitor/pool.h"
#include "tests/unit/fake_host.h"

#define RAM (16u * PAGE_SIZE)

static void copies_across_pages(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(RAM);
    uint8_t in[3 * PAGE_SIZE], out[sizeof in];
    for (unsigned i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 7 + i / 256);
    assert_true(guest_write(vm, gpa(0x1ffd), in, sizeof in));
    assert_true(guest_read(vm, gpa(0x1ffd), out, sizeof out));
    assert_memory_equal(in, out, sizeof in);
    assert_true(guest_read(vm, gpa(0x3000), out, 16));
    assert_memory_equal(out, in + 0x1003, 16);
    uint8_t around[2];
    assert_true(guest_read(vm, gpa(0x1ffc), around, 1));
    assert_true(guest_read(vm, gpa(0x1ffd + sizeof in), around + 1, 1));
    assert_int_equal(around[0] | around[1], 0);
    assert_true(guest_zero(vm, gpa(0x2fff), 2));
    assert_true(guest_read(vm, gpa(0x2ffe), out, 4));
    assert_int_equal(out[0], in[0x1001]);
    assert_int_equal(out[1] | out[2], 0);
    assert_int_equal(out[3], in[0x1004]);
}

/* Neighbouring guest frames need not be neighbours in the host. */
static void the_table_decides(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(RAM);
    hfn_t swap = vm->ram.frame[1];
    vm->ram.frame[1] = vm->ram.frame[5];
    vm->ram.frame[5] = swap;
    assert_true(guest_write(vm, gpa(0x0ffe), "abcd", 4));
    assert_memory_equal((uint8_t *)host_frame_ptr(vm->ram.frame[1]), "cd", 2);
    char back[4];
    assert_true(guest_read(vm, gpa(0x0ffe), back, 4));
    assert_memory_equal(back, "abcd", 4);
}

static void outside_is_refused_whole(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(RAM);
    uint8_t b[8] = {1, 2, 3, 4, 5, 6, 7, 8}, zero[8] = {0};
    assert_true(guest_write(vm, gpa(RAM - 8), b, 8));
    assert_false(guest_write(vm, gpa(RAM - 4), zero, 8));
    assert_true(guest_read(vm, gpa(RAM - 8), zero, 8));
    assert_memory_equal(zero, b, 8);
    memset(zero, 0xee, 8);
    assert_false(guest_read(vm, gpa(RAM - 7), zero, 8));
    assert_int_equal(zero[0], 0xee);
    assert_false(guest_read(vm, gpa(UINT64_MAX - 3), zero, 8));
    assert_false(guest_read(vm, gpa(0), zero, SIZE_MAX));
    assert_false(guest_zero(vm, gpa(RAM), 1));
    assert_true(guest_read(vm, gpa(RAM), zero, 0));
    assert_false(guest_read(vm, gpa(RAM + 1), zero, 0));
}

static void absent_frames(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(RAM);
    uint8_t b[4] = {9, 9, 9, 9};
    vm->ram.frame[3].v = 0;
    assert_false(guest_write(vm, gpa(0x2ffe), b, 4));
    assert_true(guest_read(vm, gpa(0x2ffe), b, 2));
    assert_int_equal(b[0] | b[1], 0);
    assert_null(guest_page(vm, gpa(0x3000), 1));
    assert_int_equal(guest_frame(vm, gfn(3)).v, 0);
}

static void pointers_stay_in_a_page(void **state)
{
    (void)state;
    struct vm *vm = fake_vm(RAM);
    assert_ptr_equal(guest_page(vm, gpa(0x2010), 0xff0),
                     (uint8_t *)host_frame_ptr(guest_frame(vm, gfn(2))) + 0x10);
    assert_null(guest_page(vm, gpa(0x2010), 0xff1));
    assert_null(guest_page(vm, gpa(0x2010), SIZE_MAX));
    assert_null(guest_page(vm, gpa(RAM), 1));
    assert_null(guest_page(vm, gpa(UINT64_MAX), 1));
    assert_int_equal(guest_frame(vm, gfn(16)).v, 0);
    assert_int_equal(guest_frame(vm, gfn(UINT32_MAX)).v, 0);
}

static void ram_needs_frames(void **state)
{
    (void)state;
    struct vm vm = {.pool = fake_host_reset(100)};
    uint32_t before = pool_free_frames(vm.pool);
    assert_false(guest_ram_create(&vm, 0));
    assert_false(guest_ram_create(&vm, 200 * PAGE_SIZE));
    assert_false(guest_ram_create(&vm, GUEST_RAM_MAX + PAGE_SIZE));
    assert_int_equal(pool_free_frames(vm.pool), before);
    assert_false(guest_ram_create(&vm, before * PAGE_SIZE)); /* no room for the table */
    vm.pool = fake_host_reset(100);
    assert_true(guest_ram_create(&vm, 98 * PAGE_SIZE + 1));
    assert_int_equal(vm.ram.size, 98 * PAGE_SIZE);
    for (unsigned i = 0; i < 98; i++)
        assert_true(vm.ram.frame[i].v);
}

/* 2 MiB of the guest are 2 MiB of the host wherever the pool has such, and the rest is there. */
static void large_frames(void **state)
{
    (void)state;
    struct vm vm = {.pool = fake_host_reset(1800)}; /* 2 MiB from frames 512 and 1024 on */
    assert_true(guest_ram_create(&vm, (3 * 512 + 100) * PAGE_SIZE));
    assert_int_equal(guest_frame_large(&vm, gfn(0)).v, 512);
    assert_int_equal(guest_frame_large(&vm, gfn(512)).v, 1024);
    assert_int_equal(guest_frame_large(&vm, gfn(1)).v, 0);
    assert_int_equal(guest_frame_large(&vm, gfn(1024)).v, 0);
    assert_int_equal(guest_frame_large(&vm, gfn(1536)).v, 0);
    assert_int_equal(guest_frame_large(&vm, gfn(UINT32_MAX)).v, 0);
    static bool seen[1802];
    memset(seen, 0, sizeof seen);
    for (unsigned i = 0; i < 3 * 512 + 100; i++) {
        assert_in_range(vm.ram.frame[i].v, 2, 1800);
        assert_false(seen[vm.ram.frame[i].v]);
        seen[vm.ram.frame[i].v] = true;
    }
    hfn_t frame = vm.ram.frame[1023];
    vm.ram.frame[1023].v = 0;
    assert_int_equal(guest_frame_large(&vm, gfn(512)).v, 0);
    vm.ram.frame[1023] = hfn(frame.v + 1);
    assert_int_equal(guest_frame_large(&vm, gfn(512)).v, 0);
    vm.ram.frame[1023] = frame;
    assert_int_equal(guest_frame_large(&vm, gfn(512)).v, 1024);
}

/* RAM ends within 2 MiB that the pool would have. */
static void large_frames_and_the_end(void **state)
{
    (void)state;
    struct vm vm = {.pool = fake_host_reset(3000)};
    assert_true(guest_ram_create(&vm, (512 + 511) * PAGE_SIZE));
    assert_int_equal(guest_frame_large(&vm, gfn(0)).v, 512);
    assert_int_equal(guest_frame_large(&vm, gfn(512)).v, 0);
    assert_true(guest_frame(&vm, gfn(1022)).v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_across_pages),
        cmocka_unit_test(the_table_decides),
        cmocka_unit_test(outside_is_refused_whole),
        cmocka_unit_test(absent_frames),
        cmocka_unit_test(pointers_stay_in_a_page),
        cmocka_unit_test(ram_needs_frames),
        cmocka_unit_test(large_frames),
        cmocka_unit_test(large_frames_and_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
