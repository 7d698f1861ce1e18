/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sessions with the real rooms: one guest after another, each of which finds the machine as the one
 * before found it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/pool.h"
#include "monitor/session.h"
#include "tests/unit/fake_host.h"

#define ENTRY 0x100000u

/* The guest counts itself in RAM, in CMOS memory and in the scratch register of COM1. If it is the
 * first everywhere it prints its number of port 503h and does what byte 3FFh of its image says: 0
 * switches off, 1 halts, 2 resets, 3 dies. If it is not, it prints '!'. */
/* clang-format off */
static const uint8_t code[] = {
    0x66, 0xba, 0xfb, 0x03,                            /* mov dx, 0x3fb */
    0xb0, 0x03,                                        /* mov al, 3 */
    0xee,                                              /* out dx, al */
    0xff, 0x05, 0x00, 0x90, 0x20, 0x00,                /* inc dword [0x209000] */
    0x83, 0x3d, 0x00, 0x90, 0x20, 0x00, 0x01,          /* cmp dword [0x209000], 1 */
    0x75, 0x42,                                        /* jne wrong */
    0xb0, 0x50,                                        /* mov al, 0x50 */
    0xe6, 0x70,                                        /* out 0x70, al */
    0xe4, 0x71,                                        /* in al, 0x71 */
    0x84, 0xc0,                                        /* test al, al */
    0x75, 0x38,                                        /* jne wrong */
    0xfe, 0xc0,                                        /* inc al */
    0xe6, 0x71,                                        /* out 0x71, al */
    0x66, 0xba, 0xff, 0x03,                            /* mov dx, 0x3ff */
    0xec,                                              /* in al, dx */
    0x84, 0xc0,                                        /* test al, al */
    0x75, 0x2b,                                        /* jne wrong */
    0xfe, 0xc0,                                        /* inc al */
    0xee,                                              /* out dx, al */
    0x66, 0xba, 0x03, 0x05,                            /* mov dx, 0x503 */
    0xec,                                              /* in al, dx */
    0x04, 0x30,                                        /* add al, '0' */
    0x66, 0xba, 0xf8, 0x03,                            /* mov dx, 0x3f8 */
    0xee,                                              /* out dx, al */
    0xa0, 0xff, 0x03, 0x10, 0x00,                      /* mov al, [0x1003ff] */
    0x3c, 0x01,                                        /* cmp al, 1 */
    0x72, 0x0b,                                        /* jb off */
    0x74, 0x0e,                                        /* je halt */
    0x3c, 0x03,                                        /* cmp al, 3 */
    0x74, 0x0b,                                        /* je die */
    0xb0, 0xfe,                                        /* mov al, 0xfe */
    0xe6, 0x64,                                        /* out 0x64, al */
    0xf4,                                              /* hlt */
    0x66, 0xba, 0x01, 0x05,                            /* off: mov dx, 0x501 */
    0xee,                                              /* out dx, al */
    0xf4,                                              /* halt: hlt */
    0x0f, 0x0b,                                        /* die: ud2 */
    0x66, 0xba, 0xf8, 0x03,                            /* wrong: mov dx, 0x3f8 */
    0xb0, 0x21,                                        /* mov al, '!' */
    0xee,                                              /* out dx, al */
    0xf4,                                              /* hlt */
};
/* clang-format on */

static struct {
    struct plan plan;
    struct plan_segment segment;
    uint8_t bytes[0x400];
} file;
static struct pool *pool;

static int set_up(void **state)
{
    (void)state;
    pool = fake_host_reset(20000);
    memset(&file, 0, sizeof file);
    file.plan = (struct plan){
        .magic = PLAN_MAGIC,
        .version = PLAN_VERSION,
        .total_size = sizeof file,
        .memory_mib = 16,
        .engine = PLAN_INTERP,
        .segments = 1,
        .eip = ENTRY,
        .esp = 0x8000,
        .cs = 0x10,
        .ds = 0x18,
        .runs = 1,
    };
    file.segment = (struct plan_segment){ENTRY, sizeof file.bytes,
                                         (uint32_t)((uint8_t *)file.bytes - (uint8_t *)&file),
                                         sizeof file.bytes};
    memcpy(file.bytes, code, sizeof code);
    return 0;
}

static void each_is_the_first(void **state)
{
    (void)state;
    static const struct {
        uint8_t way;
        int status;
        const char *line;
    } rows[] = {
        {0, EXIT_GUEST_OFF, "0 guest-off: the guest switched the machine off\n"},
        {1, EXIT_GUEST_HALTED, "4 guest-halted: "},
        {2, EXIT_GUEST_OFF, "0 guest-off: the guest reset the machine\n"},
        {3, EXIT_GUEST_KILLED, "5 guest-killed: triple fault"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up(NULL);
        char line[100];
        uint32_t free = pool_free_frames(pool);
        file.bytes[0x3ff] = rows[i].way;
        file.plan.runs = 3;
        assert_int_equal(session_run(&file.plan, pool), rows[i].status);
        assert_string_equal((char *)fake.console_out, "123");
        snprintf(line, sizeof line, "ring1-run: 1 of 3: %s", rows[i].line);
        assert_non_null(strstr(fake.log, line));
        line[11] = '2';
        assert_non_null(strstr(fake.log, line));
        snprintf(line, sizeof line, "ring1-exit: %s", rows[i].line);
        assert_non_null(strstr(fake.log, line));
        assert_null(strstr(fake.log, "3 of 3"));
        assert_int_equal(pool_free_frames(pool), free);
    }
}

static void one_run_has_one_line(void **state)
{
    (void)state;
    assert_int_equal(session_run(&file.plan, pool), EXIT_GUEST_OFF);
    assert_string_equal((char *)fake.console_out, "1");
    assert_null(strstr(fake.log, "ring1-run"));
}

static void a_plan_that_cannot_be(void **state)
{
    (void)state;
    file.plan.runs = 0;
    assert_int_equal(session_run(&file.plan, pool), -1);
    assert_non_null(strstr(fake.log, "contradicts itself"));
    assert_null(strstr(fake.log, "ring1-exit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_is_the_first, set_up),
        cmocka_unit_test_setup(one_run_has_one_line, set_up),
        cmocka_unit_test_setup(a_plan_that_cannot_be, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
