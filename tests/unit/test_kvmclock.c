/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * KVM's clock: the leaves, the two MSRs, and the time that a guest computes from what it finds in
 * its memory, for every rate of the counter; addresses that are none.
 */
#include "monitor/kvmclock.h"

#include "monitor/priv.h"
#include "monitor/vclock.h"
#include "tests/unit/memory_doubles.h"

#define RAM_BYTES 0x10000u
#define AT        0x3040u

static struct vm *vm;
static struct vcpu *v;
static uint64_t rate, date;

uint64_t host_tsc_hz(void)
{
    return rate;
}

uint64_t host_wallclock_s(void)
{
    return date;
}

static int world(void **state)
{
    (void)state;
    vm = fake_vm(RAM_BYTES);
    v = vm->vcpu;
    memset(&told, 0, sizeof told);
    rate = FAKE_TSC_HZ;
    date = 1795882267;
    fake.tsc = 0x123456789abcull;
    fake.now_ns = 987654321987ull;
    return 0;
}

static void write_time(uint64_t value)
{
    assert_true(priv_write_msr(v, MSR_KVM_SYSTEM_TIME, value));
}

static struct kvm_time time_at(uint32_t where)
{
    struct kvm_time t;
    assert_true(guest_read(vm, gpa(where), &t, sizeof t));
    return t;
}

/* The time at TSC as a guest computes it (Linux, pvclock_scale_delta). */
static uint64_t guest_ns(const struct kvm_time *t, uint64_t tsc)
{
    uint64_t delta = tsc - t->tsc;
    delta = t->shift < 0 ? delta >> -t->shift : delta << t->shift;
    return t->system_ns + (uint64_t)((unsigned __int128)delta * t->mul >> 32);
}

static void leaves(void **state)
{
    uint32_t r[4];
    (void)state;
    priv_cpuid(v, 0x40000100, 0, r);
    assert_int_equal(r[0], 0x40000101);
    assert_memory_equal(&r[1], "KVMKVMKVM\0\0\0", 12);
    priv_cpuid(v, 0x40000101, 7, r); /* no subleaves */
    assert_int_equal(r[0], 1u << 1 | 1u << 3 | 1u << 24);
    assert_int_equal(r[1] | r[2] | r[3], 0);
    for (uint32_t leaf = 0x40000102; leaf < 0x40000400; leaf++) {
        priv_cpuid(v, leaf, 0, r);
        assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
    }
}

static void says_the_time(void **state)
{
    (void)state;
    write_time(AT | 1);
    struct kvm_time t = time_at(AT);
    assert_int_equal(t.version & 1, 0);
    assert_true(t.tsc == fake.tsc);
    assert_true(t.system_ns == fake.now_ns);
    assert_int_equal(t.flags, KVM_TIME_STABLE);
    assert_int_equal(t.pad | t.pad2[0] | t.pad2[1], 0);
    assert_int_equal(v->vm->stats.n[STAT_IO_WRITE], 0);
}

/* Right to a millionth of a millionth and a nanosecond or two, after a second and after a year. */
static void every_rate(void **state)
{
    static const uint64_t hz[] = {1000000,    33333333,   999999999,  1000000000, 1000000001,
                                  1600000000, 1999999999, 2000000000, 2000000001, 2444815000,
                                  3999999999, 4000000000, 5700000000, 20000000000};
    static const uint64_t seconds[] = {0, 1, 3600, 31536000};
    (void)state;
    for (unsigned i = 0; i < sizeof hz / sizeof hz[0]; i++) {
        rate = hz[i];
        write_time(AT | 1);
        struct kvm_time t = time_at(AT);
        assert_true(t.mul >> 31);
        for (unsigned k = 0; k < sizeof seconds / sizeof seconds[0]; k++) {
            uint64_t want = fake.now_ns + seconds[k] * 1000000000;
            uint64_t got = guest_ns(&t, fake.tsc + seconds[k] * rate);
            assert_in_range(got, want - seconds[k] * 2 - 2, want + seconds[k] * 2 + 2);
        }
    }
}

static void slow_clock_of_the_interpreter(void **state)
{
    (void)state;
    vm->engine = PLAN_INTERP;
    write_time(AT | 1);
    struct kvm_time t = time_at(AT);
    assert_true(t.tsc == fake.tsc / 16);
    assert_true(t.system_ns == fake.now_ns / 16);
    uint64_t second = guest_ns(&t, fake.tsc / 16 + FAKE_TSC_HZ / 16) - t.system_ns;
    assert_in_range(second, 1000000000 - 10, 1000000000 + 10);
}

static void time_of_a_lock_step(void **state)
{
    (void)state;
    vm->pace.on = true;
    vm->pace.ns = 5000;
    write_time(AT | 1);
    struct kvm_time t = time_at(AT);
    assert_true(t.tsc == 5000 && t.system_ns == 5000);
    assert_true(guest_ns(&t, 123456789) == 123456789);
    assert_true(priv_write_msr(v, MSR_KVM_WALL_CLOCK, AT));
    assert_int_equal(peek(vm, AT + 4), PACE_START - 1);
    assert_int_equal(peek(vm, AT + 8), 1000000000 - 5000);
}

static uint32_t versions[8];
static void note_version(struct vm *m)
{
    assert_in_range(told.wrote, 1, 8);
    versions[told.wrote - 1] = peek(m, AT);
}

/* Seen by who watches the frame: odd, all, even. */
static void version_is_odd_meanwhile(void **state)
{
    static const uint32_t old[] = {0, 1, 6, 7, 0xfffffffe, 0xffffffff};
    (void)state;
    vm->bt = (struct bt *)vm; /* so that the double is called */
    assert_true(trace_create(vm));
    trace_add(vm, gpa_to_gfn(gpa(AT)), TRACE_CODE);
    told.wrote_hook = note_version;
    for (unsigned i = 0; i < sizeof old / sizeof old[0]; i++) {
        uint32_t odd = (old[i] + 1) | 1;
        for (unsigned wall = 0; wall < 2; wall++) {
            told.wrote = 0;
            assert_true(guest_write(vm, gpa(AT), &old[i], 4));
            assert_true(priv_write_msr(v, wall ? MSR_KVM_WALL_CLOCK : MSR_KVM_SYSTEM_TIME,
                                       wall ? AT : AT | 1));
            assert_int_equal(told.wrote, 3);
            assert_int_equal(versions[0], odd);
            assert_int_equal(versions[1], odd);
            assert_int_equal(versions[2], odd + 1);
        }
    }
    vm->bt = NULL;
}

static void wall_clock(void **state)
{
    (void)state;
    assert_true(priv_write_msr(v, MSR_KVM_WALL_CLOCK, AT));
    uint64_t began = date * 1000000000 - fake.now_ns;
    assert_int_equal(peek(vm, AT) & 1, 0);
    assert_int_equal(peek(vm, AT + 4), began / 1000000000);
    assert_int_equal(peek(vm, AT + 8), began % 1000000000);
    date = 0; /* a host without a clock */
    fake.now_ns = 0;
    assert_true(priv_write_msr(v, MSR_KVM_WALL_CLOCK, AT));
    assert_int_equal(peek(vm, AT + 4), 946684800);
    assert_int_equal(peek(vm, AT + 8), 0);
    date = 5; /* and one that began after the guest */
    fake.now_ns = 6000000000;
    assert_true(priv_write_msr(v, MSR_KVM_WALL_CLOCK, AT));
    assert_int_equal(peek(vm, AT + 4) | peek(vm, AT + 8), 0);
}

static void registers_keep_what_was_written(void **state)
{
    uint64_t x;
    (void)state;
    assert_true(priv_read_msr(v, MSR_KVM_SYSTEM_TIME, &x) && x == 0);
    assert_true(priv_read_msr(v, MSR_KVM_WALL_CLOCK, &x) && x == 0);
    write_time(0xfedcba9876543211ull);
    assert_true(priv_write_msr(v, MSR_KVM_WALL_CLOCK, 0x8000000000000004ull));
    assert_true(priv_read_msr(v, MSR_KVM_SYSTEM_TIME, &x) && x == 0xfedcba9876543211ull);
    assert_true(priv_read_msr(v, MSR_KVM_WALL_CLOCK, &x) && x == 0x8000000000000004ull);
    vcpu_reset(v, vm);
    assert_true(priv_read_msr(v, MSR_KVM_SYSTEM_TIME, &x) && x == 0);
    assert_true(priv_read_msr(v, MSR_KVM_WALL_CLOCK, &x) && x == 0);
}

static void other_registers_of_kvm_fault(void **state)
{
    static const uint32_t other[] = {0x11,       0x12,       0x4b564cff, 0x4b564d02, 0x4b564d03,
                                     0x4b564d04, 0x4b564d05, 0x4b564d06, 0x4b564d07, 0x4b564d08};
    uint64_t x;
    (void)state;
    for (unsigned i = 0; i < sizeof other / sizeof other[0]; i++) {
        assert_false(priv_read_msr(v, other[i], &x));
        assert_int_equal(v->exc.vector, VEC_GP);
        v->exc.valid = false;
        assert_false(priv_write_msr(v, other[i], AT | 1));
        assert_int_equal(v->exc.vector, VEC_GP);
        v->exc.valid = false;
    }
}

static uint8_t ram[2][RAM_BYTES];

/* No exception, no byte of RAM and no device touched. */
static void assert_ignored(uint32_t msr, uint64_t value)
{
    assert_true(guest_read(vm, gpa(0), ram[0], 0x5000));
    assert_true(guest_read(vm, gpa(0x6000), ram[0] + 0x6000, RAM_BYTES - 0x6000));
    assert_true(priv_write_msr(v, msr, value));
    assert_false(v->exc.valid);
    assert_true(guest_read(vm, gpa(0), ram[1], 0x5000));
    assert_true(guest_read(vm, gpa(0x6000), ram[1] + 0x6000, RAM_BYTES - 0x6000));
    assert_memory_equal(ram[0], ram[1], RAM_BYTES);
    assert_int_equal(told.accesses, 0);
}

static void bad_addresses(void **state)
{
    static const uint64_t bad[] = {
        RAM_BYTES,
        RAM_BYTES - 2,
        RAM_BYTES - 30,
        0x4ff2, /* over a page's end */
        0x4ffe,
        0x5000,
        0x5ff8,
        0xfffffff0,
        0xfffffffe,
        0x100000000ull,
        0x100003040ull,
        0xffffffff00003040ull,
        1ull << 63 | AT,
        0xfffffffffffffffeull,
        0xffffffffffffffe0ull,
    };
    (void)state;
    for (uint32_t i = 0; i < RAM_BYTES / 4; i++)
        assert_true(guest_write(vm, gpa(i * 4ull), &i, 4));
    vm->ram.frame[5] = hfn(0); /* absent */
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_ignored(MSR_KVM_SYSTEM_TIME, bad[i] | 1);
        if (bad[i] != RAM_BYTES - 30 && bad[i] != 0x4ff2) /* 12 bytes fit there */
            assert_ignored(MSR_KVM_WALL_CLOCK, bad[i]);
    }
    assert_ignored(MSR_KVM_WALL_CLOCK, RAM_BYTES - 11);
    assert_ignored(MSR_KVM_SYSTEM_TIME, AT); /* not enabled */
    assert_ignored(MSR_KVM_SYSTEM_TIME, 0);
}

/* KVM asks for alignment in its text only. */
static void ends_of_pages(void **state)
{
    (void)state;
    write_time((RAM_BYTES - 32) | 1);
    assert_true(time_at(RAM_BYTES - 32).system_ns == fake.now_ns);
    write_time(0x1fe0 | 1);
    assert_true(time_at(0x1fe0).system_ns == fake.now_ns);
    write_time(0x2002 | 1);
    assert_true(time_at(0x2002).system_ns == fake.now_ns);
    assert_true(priv_write_msr(v, MSR_KVM_WALL_CLOCK, 0xff4));
    assert_int_equal(peek(vm, 0xff8), date - fake.now_ns / 1000000000 - 1);
    assert_true(priv_write_msr(v, MSR_KVM_WALL_CLOCK, 0x7001));
    assert_int_equal(peek(vm, 0x7005), date - fake.now_ns / 1000000000 - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(leaves, world),
        cmocka_unit_test_setup(says_the_time, world),
        cmocka_unit_test_setup(every_rate, world),
        cmocka_unit_test_setup(slow_clock_of_the_interpreter, world),
        cmocka_unit_test_setup(time_of_a_lock_step, world),
        cmocka_unit_test_setup(version_is_odd_meanwhile, world),
        cmocka_unit_test_setup(wall_clock, world),
        cmocka_unit_test_setup(registers_keep_what_was_written, world),
        cmocka_unit_test_setup(other_registers_of_kvm_fault, world),
        cmocka_unit_test_setup(bad_addresses, world),
        cmocka_unit_test_setup(ends_of_pages, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
