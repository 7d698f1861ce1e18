/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPUID: the signature, every feature bit that is shown and that none else is, the texts, and
 * silence elsewhere. The host's CPUID is this program's own, so that masking can be seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <cpuid.h>

#include "monitor/abi.h"
#include "monitor/priv.h"
#include "monitor/vcpu.h"
#include "tests/unit/fake_host.h"

static uint32_t r[4];
static struct vm vm;
static struct vcpu cpu = {.vm = &vm};

static void ask(uint32_t leaf, uint32_t subleaf)
{
    memset(r, 0xa5, sizeof r);
    priv_cpuid(&cpu, leaf, subleaf, r);
}

static void vendor(void **state)
{
    char text[13] = {0};
    (void)state;
    ask(0, 0);
    assert_int_equal(r[0], 0x16);
    memcpy(text, &r[1], 4);
    memcpy(text + 4, &r[3], 4);
    memcpy(text + 8, &r[2], 4);
    assert_string_equal(text, "GenuineIntel");
}

static void signature(void **state)
{
    (void)state;
    ask(1, 0);
    assert_int_equal(r[0] >> 8 & 15, 6);                               /* family */
    assert_int_equal((r[0] >> 16 & 15) << 4 | (r[0] >> 4 & 15), 0x1c); /* model */
    assert_true((r[0] & 15) > 2);                                      /* stepping */
    assert_int_equal(r[1], 0);
}

static void features(void **state)
{
    static const unsigned edx[] = {0, 2, 3, 4, 5, 6, 8, 13, 15, 23, 24, 25, 26};
    static const uint32_t masked = 1u << 0 | 1u << 9 | 1u << 19 | 1u << 20 | 1u << 23;
    uint32_t a, b, c, d, want = 0;
    (void)state;
    ask(1, 0);
    for (unsigned i = 0; i < sizeof edx / sizeof edx[0]; i++)
        want |= 1u << edx[i];
    assert_int_equal(r[3], want); /* no VME, MCE, APIC, SEP, MTRR, MCA, PAT, CLFLUSH, HTT */
    __cpuid_count(1, 0, a, b, c, d);
    assert_int_equal(r[2], 1u << 31 | (c & masked)); /* no VMX, FMA, PCID, XSAVE, AVX, RDRAND */
    (void)a;
    (void)b;
    (void)d;
}

static void caches(void **state)
{
    (void)state;
    ask(2, 0);
    assert_int_equal(r[0] & 0xff, 1); /* one round */
    for (unsigned i = 0; i < 4; i++)
        assert_false(r[i] >> 31); /* valid descriptors */
    assert_int_equal(r[3], 0x002c307d);
}

static void hypervisor(void **state)
{
    (void)state;
    ask(RING1_CPUID_BASE, 0);
    assert_int_equal(r[0], RING1_CPUID_CALLS);
    assert_memory_equal(&r[1], RING1_SIGNATURE, 12);
    ask(RING1_CPUID_CALLS, 0);
    assert_int_equal(r[0], RING1_ABI_VERSION);
    assert_int_equal(r[1], RING1_ABI_OLDEST);
    assert_int_equal(r[2], RING1_CALLS);
    assert_int_equal(r[3], host_tsc_hz() / 1000);
}

static void brand(void **state)
{
    char text[48];
    (void)state;
    ask(0x80000000, 0);
    assert_int_equal(r[0], 0x80000007);
    for (uint32_t i = 0; i < 3; i++) {
        ask(0x80000002 + i, 0);
        memcpy(text + i * 16, r, 16);
    }
    assert_int_equal(text[47], 0);
    assert_memory_equal(text, "Ring1 virtual CPU", 17);
}

static void extended_features(void **state)
{
    uint32_t a, b, c, d;
    (void)state;
    ask(0x80000001, 0);
    __cpuid(0x80000001, a, b, c, d);
    assert_int_equal(r[0] | r[1] | r[2], 0);
    assert_int_equal(r[3], d & 1u << 20); /* NX, no SYSCALL, LM */
    (void)a;
    (void)b;
    (void)c;
}

/* As Linux computes it (arch/x86/kernel/tsc.c), and under the interpreter alone with its slow
 * clock. */
static void tsc_rate(void **state)
{
    (void)state;
    for (unsigned slow = 0; slow < 2; slow++) {
        uint64_t hz = FAKE_TSC_HZ / (slow ? 16 : 1);
        vm.engine = slow ? PLAN_INTERP : PLAN_AUTO;
        ask(0x15, 0);
        assert_int_equal(r[0], 1);
        assert_in_range((uint64_t)(r[2] / 1000) * r[1] * 1000, hz - 2000, hz);
        ask(0x16, 0);
        assert_int_equal(r[0], (hz + 500000) / 1000000);
        assert_int_equal(r[1], r[0]);
        ask(0x80000007, 0);
        assert_int_equal(r[3], 1u << 8);
    }
    vm.engine = PLAN_AUTO;
}

static void leaf_7_has_one_subleaf(void **state)
{
    (void)state;
    ask(7, 0);
    assert_int_equal(r[0], 0);
    assert_int_equal(r[1], 1u << 1); /* no SMEP, ERMS, AVX2 and so on */
    assert_int_equal(r[2] | r[3], 0);
    ask(7, 1);
    assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
}

static void silence(void **state)
{
    static const uint32_t leaves[] = {3,          4,          5,          6,          8,
                                      0xa,        0xb,        0xd,        0x17,       0x40000002,
                                      0x40000102, 0x80000005, 0x80000008, 0xc0000000, 0xffffffff};
    (void)state;
    for (unsigned i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        ask(leaves[i], i);
        assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
    }
}

static void subleaves_do_not_matter(void **state)
{
    uint32_t first[4];
    (void)state;
    ask(1, 0);
    memcpy(first, r, sizeof first);
    ask(1, 0xffffffff);
    assert_memory_equal(r, first, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vendor),
        cmocka_unit_test(signature),
        cmocka_unit_test(features),
        cmocka_unit_test(caches),
        cmocka_unit_test(hypervisor),
        cmocka_unit_test(brand),
        cmocka_unit_test(extended_features),
        cmocka_unit_test(silence),
        cmocka_unit_test(subleaves_do_not_matter),
        cmocka_unit_test(tsc_rate),
        cmocka_unit_test(leaf_7_has_one_subleaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
