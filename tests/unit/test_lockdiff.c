/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two VMs in lock step, the one translated and run natively by this process. A right translator
 * shows no difference; one that is made to write wrong code (in the hook by which a host hears of
 * new code) is found out, and told where.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bt/cache.h"
#include "monitor/guestmem.h"
#include "monitor/lockstep.h"
#include "monitor/pool.h"
#include "monitor/run.h"
#include "monitor/trace.h"
#include "tests/unit/fake_fpu.h"
#include "tests/unit/fake_host.h"

#define CODE  0x100000u
#define DATA  0x200000u /* two pages */
#define STACK 0x208000u
#define OTHER 0x300000u /* a page that the guest has nothing to do with */
#define INSNS 5110u     /* 3 + 300 * 17 + 7 */

static const uint8_t program[] = {
    0xb9, 0x2c, 0x01, 0x00, 0x00,       /* mov ecx, 300 */
    0xbe, 0x00, 0x00, 0x20, 0x00,       /* mov esi, DATA */
    0x31, 0xc0,                         /* xor eax, eax */
    0x01, 0xc8,                         /* loop: add eax, ecx */
    0x89, 0x46, 0x08,                   /* mov [esi + 8], eax */
    0x83, 0xf8, 0x05,                   /* cmp eax, 5 */
    0x50,                               /* push eax */
    0xe8, 0x24, 0x00, 0x00, 0x00,       /* call function */
    0x5a,                               /* pop edx */
    0x6b, 0xe8, 0x07,                   /* imul ebp, eax, 7 */
    0x9c, 0x5b,                         /* pushf; pop ebx: with flags that are left open */
    0xc1, 0xcd, 0x05,                   /* ror ebp, 5 */
    0x9c, 0x9d,                         /* pushf; popf */
    0x49, 0x75, 0xe4,                   /* dec ecx; jnz loop */
    0xbf, 0x00, 0x10, 0x20, 0x00,       /* mov edi, DATA + 1000h */
    0xb9, 0x64, 0x00, 0x00, 0x00,       /* mov ecx, 100 */
    0xfc, 0xf3, 0xa5,                   /* cld; rep movsd */
    0xd9, 0xe8,                         /* fld1 */
    0xd9, 0x1d, 0x40, 0x00, 0x20, 0x00, /* fstp dword [DATA + 40h] */
    0xf4,                               /* hlt, with interrupts off: the end */
    0x83, 0xc2, 0x03,                   /* function: add edx, 3 */
    0x89, 0x56, 0x10,                   /* mov [esi + 10h], edx */
    0xc3,                               /* ret */
};

static struct vm *leader, *follower;

/* ---- The world ------------------------------------------------------------------ */

static int fd = -1;

/* A page of the leader's is the memory at the same address of this process. */
static void map_page(uint32_t at)
{
    void *low = (void *)(uintptr_t)at, *frame = guest_page(leader, gpa(at), PAGE_SIZE);
    assert_ptr_equal(mmap(low, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, at),
                     low);
    assert_ptr_equal(mmap(frame, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, at),
                     frame);
    memset(frame, 0, PAGE_SIZE);
}

static void make_native(void)
{
    static const uint32_t pages[] = {CODE, DATA, DATA + PAGE_SIZE, STACK};
    if (fd < 0)
        fd = memfd_create("guest", MFD_CLOEXEC);
    assert_true(fd >= 0 && ftruncate(fd, 16 << 20) == 0);
    for (unsigned n = 0; n < ARRAY_SIZE(pages); n++)
        map_page(pages[n]);
}

static void worlds(uint32_t flags)
{
    const struct plan plan = {
        .magic = PLAN_MAGIC,
        .version = PLAN_VERSION,
        .total_size = sizeof plan,
        .memory_mib = 16,
        .engine = PLAN_TRANSLATE,
        .runs = 1,
        .flags = PLAN_LOCKSTEP | flags,
        .eip = CODE,
        .esp = STACK + PAGE_SIZE,
        .cs = 8,
        .ds = 16,
    };
    struct pool *pool = fake_host_reset(60000);
    fake_fpu_reset();
    leader = vm_create(&plan, pool, 1);
    follower = vm_create_for(&plan, pool, 1, PLAN_INTERP);
    assert_true(leader && follower);
    make_native();
    assert_true(guest_write(leader, gpa(CODE), program, sizeof program));
    assert_true(guest_write(follower, gpa(CODE), program, sizeof program));
}

/* ---- A translator that is wrong --------------------------------------------------- */

static struct wrong {
    uint8_t from[8], to[8];
    unsigned len;
    unsigned found;
} wrong;

/* Each piece of code that is made: what is FROM in it becomes TO. */
static void corrupt(uint64_t exec, uint32_t bytes, uint32_t eip, bool user)
{
    uint8_t *code = leader->bt->tc.write + (exec - leader->bt->tc.exec);
    (void)eip, (void)user;
    for (uint32_t n = 0; n + wrong.len <= bytes; n++) {
        if (memcmp(code + n, wrong.from, wrong.len) != 0)
            continue;
        memcpy(code + n, wrong.to, wrong.len);
        wrong.found++;
    }
}

static void run_wrong(uint32_t flags, const void *from, const void *to, unsigned len)
{
    worlds(flags);
    wrong = (struct wrong){.len = len};
    memcpy(wrong.from, from, len);
    memcpy(wrong.to, to, len);
    leader->bt->tc.made = corrupt;
    assert_true(lockstep_run(leader, follower));
    assert_int_not_equal(wrong.found, 0); /* else it proves nothing */
}

static void expect(const char *reason)
{
    assert_true(leader->pace.with->differs);
    assert_int_equal(leader->exit, EXIT_DIFFERS);
    if (!strstr(leader->reason, reason))
        fail_msg("wanted `%s': %s", reason, leader->reason);
    assert_non_null(strstr(fake.log, "report: translated : eax "));
    assert_non_null(strstr(fake.log, "report: interpreted: eax "));
    assert_non_null(strstr(fake.log, "the last instructions:"));
}

/* ---- Tests -------------------------------------------------------------------------- */

static void agree(uint32_t flags)
{
    worlds(flags);
    assert_true(lockstep_run(leader, follower));
    const struct lockstep *l = leader->pace.with;
    if (l->differs)
        fail_msg("%s\n%s", l->what, fake.log);
    assert_int_equal(leader->exit, EXIT_GUEST_HALTED);
    assert_int_equal(l->insns, INSNS);
    assert_int_equal(l->agreed, INSNS);
    assert_int_equal(leader->vcpu->gpr[R_EAX], 300 * 301 / 2);
    assert_non_null(strstr(fake.log, "no difference"));
}

static void right_translations_agree(void **state)
{
    (void)state;
    agree(0);
    assert_true(leader->stats.n[STAT_BT_CHAINED] + leader->stats.n[STAT_BT_CHAINED_EARLY] > 0);
}

static void blocks_alone_agree(void **state)
{
    (void)state;
    agree(PLAN_ALONE);
    assert_int_equal(leader->stats.n[STAT_BT_CHAINED], 0);
    assert_true(leader->pace.with->compared > 300);
}

static void a_wrong_register_is_found(void **state)
{
    (void)state;
    run_wrong(0, "\x01\xc8", "\x29\xc8", 2); /* add eax, ecx: sub */
    expect("eax is");
}

/* In the first block that has it. */
static void and_where(void **state)
{
    (void)state;
    run_wrong(PLAN_ALONE, "\x01\xc8", "\x29\xc8", 2);
    expect("eax is");
    assert_true(leader->pace.with->insns <= 16);
    assert_non_null(strstr(fake.log, "0010000c  01 c8"));
}

static void a_wrong_store_is_found(void **state)
{
    (void)state;
    run_wrong(0, "\x67\x89\x46\x08", "\x67\x89\x4e\x08", 4); /* mov [esi + 8], eax: ecx */
    expect("memory at physical 00200008");
}

static void a_store_to_elsewhere_is_found(void **state)
{
    (void)state;
    run_wrong(0, "\x67\x89\x56\x10", "\x67\x89\x56\x30", 4); /* mov [esi + 10h], edx: 30h */
    expect("memory at physical 002000");
}

static void wrong_flags_are_found(void **state)
{
    (void)state;
    run_wrong(PLAN_ALONE, "\x83\xf8\x05", "\x83\xf9\x05", 3); /* cmp eax, 5: ecx */
    expect("eflags is");
}

static void a_wrong_jump_is_found(void **state)
{
    (void)state;
    run_wrong(0, "\x0f\x85", "\x0f\x84", 2); /* jnz: jz */
    assert_true(leader->pace.with->differs);
}

static void wrong_fpu_state_is_found(void **state)
{
    (void)state;
    run_wrong(0, "\xd9\xe8", "\xd9\xee", 2); /* fld1: fldz */
    assert_true(leader->pace.with->differs);
}

/* Something writes where neither engine should: the comparison of all memory finds it. */
static void stray_writes_are_found(void **state)
{
    (void)state;
    worlds(0);
    assert_true(guest_write(leader, gpa(OTHER + 12), "\x01", 1));
    assert_true(lockstep_run(leader, follower));
    expect("memory at physical 0030000c is 00000001 translated and 00000000 interpreted");
    assert_int_equal(leader->pace.with->insns, INSNS);
}

/* In a page table A and D may differ for a while, and nothing else may. */
static void only_accessed_bits_are_settled(void **state)
{
    uint32_t a = 0x1063, b = 0x1003, is;
    (void)state;
    worlds(0);
    trace_add(leader, gfn(OTHER >> PAGE_SHIFT), TRACE_PAGETABLE);
    assert_true(guest_write(leader, gpa(OTHER), &a, 4) && guest_write(follower, gpa(OTHER), &b, 4));
    assert_true(lockstep_run(leader, follower));
    assert_int_equal(leader->exit, EXIT_GUEST_HALTED);
    assert_true(guest_read(follower, gpa(OTHER), &is, 4));
    assert_int_equal(is, a);
    worlds(0);
    trace_add(leader, gfn(OTHER >> PAGE_SHIFT), TRACE_PAGETABLE);
    a = 0x1067;
    assert_true(guest_write(leader, gpa(OTHER), &a, 4) && guest_write(follower, gpa(OTHER), &b, 4));
    assert_true(lockstep_run(leader, follower));
    expect("memory at physical 00300000");
}

static void no_memory(void **state)
{
    (void)state;
    worlds(0);
    while (pool_get(leader->pool).v)
        ;
    assert_false(lockstep_run(leader, follower));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_translations_agree),
        cmocka_unit_test(blocks_alone_agree),
        cmocka_unit_test(a_wrong_register_is_found),
        cmocka_unit_test(and_where),
        cmocka_unit_test(a_wrong_store_is_found),
        cmocka_unit_test(a_store_to_elsewhere_is_found),
        cmocka_unit_test(wrong_flags_are_found),
        cmocka_unit_test(a_wrong_jump_is_found),
        cmocka_unit_test(wrong_fpu_state_is_found),
        cmocka_unit_test(stray_writes_are_found),
        cmocka_unit_test(only_accessed_bits_are_settled),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
