/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Control and debug registers, MSRs, ports, HLT: what each accepts, and who is told of it.
 */
#include "monitor/priv.h"

#include "monitor/timer.h"
#include "tests/unit/segment_world.h"

static int flat(void **state)
{
    world(state);
    vm->bt = (struct bt *)vm; /* so that the double of bt_flush_space is called */
    return 0;
}

#define NO_CODE(expr, vector)                                                                      \
    do {                                                                                           \
        memcpy(&before, v, sizeof before);                                                         \
        assert_false(expr);                                                                        \
        assert_exception(vector, false, 0);                                                        \
        assert_unchanged();                                                                        \
    } while (0)

/* How often the translator (standing for all TLBs) and the hardware heard of it. */
static void assert_told(unsigned flushes, bool all, unsigned loads)
{
    assert_int_equal(told.flush_space, flushes);
    if (flushes)
        assert_int_equal(told.all, all);
    assert_int_equal(fake.control_loads, loads);
    told.flush_space = 0;
    fake.control_loads = 0;
}

static uint32_t cr(unsigned n)
{
    uint32_t x = 0;
    assert_true(priv_read_cr(v, n, &x));
    return x;
}

/* ---- Control registers ------------------------------------------------------------ */

static void cr_numbers(void **state)
{
    uint32_t x;
    (void)state;
    for (unsigned n = 0; n < 20; n++) {
        if (n == 0 || (n >= 2 && n <= 4))
            continue;
        NO_CODE(priv_read_cr(v, n, &x), VEC_UD);
        NO_CODE(priv_write_cr(v, n, 0), VEC_UD);
    }
    assert_true(priv_write_cr(v, 2, 0xdeadbeef));
    assert_int_equal(cr(2), 0xdeadbeef);
    assert_int_equal(v->cr2, 0xdeadbeef);
    assert_told(0, false, 0);
}

static void cr0(void **state)
{
    const uint32_t base = CR0_PE | CR0_ET;
    (void)state;
    FAULTS(priv_write_cr(v, 0, CR0_PG), VEC_GP, 0);          /* PG without PE */
    FAULTS(priv_write_cr(v, 0, CR0_PE | CR0_NW), VEC_GP, 0); /* NW without CD */
    assert_told(0, false, 0);
    assert_true(priv_write_cr(v, 0, CR0_PE)); /* ET is wired */
    assert_int_equal(cr(0), base);
    assert_true(priv_write_cr(v, 0, 0x1ffaffc0 | CR0_PE)); /* reserved bits are ignored */
    assert_int_equal(cr(0), base);
    assert_told(0, false, 0);
    assert_true(priv_write_cr(v, 0, base | CR0_NW | CR0_CD));
    assert_int_equal(cr(0), base | CR0_NW | CR0_CD);
    assert_true(priv_write_cr(v, 0, base | CR0_CD));
    assert_told(0, false, 0);
}

static void cr0_is_told(void **state)
{
    static const uint32_t live[] = {CR0_TS, CR0_EM, CR0_MP, CR0_NE, CR0_AM};
    static const uint32_t mode[] = {CR0_PG, CR0_WP};
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(live); i++) {
        assert_true(priv_write_cr(v, 0, CR0_PE | live[i]));
        assert_int_equal(cr(0), CR0_PE | CR0_ET | live[i]);
        assert_told(0, false, 1);
        assert_true(priv_write_cr(v, 0, CR0_PE | live[i])); /* no change */
        assert_told(0, false, 0);
        assert_true(priv_write_cr(v, 0, CR0_PE));
        assert_told(0, false, 1);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(mode); i++) {
        assert_true(priv_write_cr(v, 0, CR0_PE | mode[i]));
        assert_told(1, true, 0);
        assert_true(priv_write_cr(v, 0, CR0_PE));
        assert_told(1, true, 0);
    }
    assert_true(priv_write_cr(v, 0, 0)); /* to real mode */
    assert_false(vcpu_protected(v));
    assert_told(0, false, 0);
}

static void cr3(void **state)
{
    (void)state;
    assert_true(priv_write_cr(v, 3, 0x12345018));
    assert_int_equal(cr(3), 0x12345018);
    assert_told(1, false, 0); /* global pages stay */
    assert_true(priv_write_cr(v, 3, 0x12345018));
    assert_told(1, false, 0); /* the same value flushes too */
}

static void cr4(void **state)
{
    static const uint32_t allowed[] = {CR4_TSD, CR4_DE,  CR4_PSE,    CR4_PGE,
                                       CR4_PAE, CR4_PCE, CR4_OSFXSR, CR4_OSXMMEXCPT};
    uint32_t all = 0;
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(allowed); i++)
        all |= allowed[i];
    for (unsigned b = 0; b < 32; b++) {
        if (all >> b & 1)
            continue;
        FAULTS(priv_write_cr(v, 4, 1u << b), VEC_GP, 0); /* VME, MCE, UMIP, SMEP … */
        FAULTS(priv_write_cr(v, 4, 1u << b | all), VEC_GP, 0);
    }
    assert_told(0, false, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(allowed); i++) {
        bool paged = allowed[i] & (CR4_PSE | CR4_PGE | CR4_PAE);
        bool live = !paged && allowed[i] != CR4_PCE;
        assert_true(priv_write_cr(v, 4, allowed[i]));
        assert_int_equal(cr(4), allowed[i]);
        assert_told(paged, true, live);
        assert_true(priv_write_cr(v, 4, 0));
        assert_told(paged, true, live);
    }
}

static void put_pdpte(uint32_t where, unsigned i, uint64_t e)
{
    assert_true(guest_write(vm, gpa(where + i * 8), &e, sizeof e));
}

static void pae_directory_pointers(void **state)
{
    const uint32_t at = 0x3020; /* CR3 has 27 bits then */
    (void)state;
    put_pdpte(at, 0, 0x5000 | PTE_P | PTE_PWT | PTE_PCD | 0xe00);
    put_pdpte(at, 2, 0xfffffffffffffffeull); /* nothing is reserved where P is clear */
    put_pdpte(at, 3, 0xffffff000ull | PTE_P);
    v->cr3 = at;
    assert_true(priv_write_cr(v, 4, CR4_PAE)); /* no paging: nothing is loaded */
    assert_int_equal(v->pdpte[0], 0);
    assert_true(priv_write_cr(v, 0, CR0_PE | CR0_PG));
    assert_int_equal(v->pdpte[0], 0x5000 | PTE_P | PTE_PWT | PTE_PCD | 0xe00);
    assert_int_equal(v->pdpte[1], 0);
    assert_true(v->pdpte[3] == (0xffffff000ull | PTE_P));
    put_pdpte(at, 0, 0x6000 | PTE_P);
    assert_true(priv_write_cr(v, 0, CR0_PE | CR0_PG | CR0_WP)); /* no reason to load */
    assert_true(priv_write_cr(v, 4, CR4_PAE | CR4_DE));
    assert_int_equal(v->pdpte[0] >> 12, 5);
    static const uint32_t loads[] = {CR4_PGE, CR4_PSE};
    for (unsigned i = 0; i < ARRAY_SIZE(loads); i++) {
        put_pdpte(at, 0, (7ull + i) << 12 | PTE_P);
        assert_true(priv_write_cr(v, 4, v->cr4 ^ loads[i]));
        assert_int_equal(v->pdpte[0] >> 12, 7 + i);
    }
    put_pdpte(at, 0, 0xa000 | PTE_P);
    assert_true(priv_write_cr(v, 0, v->cr0 | CR0_CD));
    assert_int_equal(v->pdpte[0] >> 12, 10);
    put_pdpte(at, 0, 0xb000 | PTE_P);
    assert_true(priv_write_cr(v, 3, at));
    assert_int_equal(v->pdpte[0] >> 12, 11);
    v->cr3 = 0xffffffe0; /* outside RAM */
    assert_true(priv_write_cr(v, 3, v->cr3));
    assert_int_equal(v->pdpte[0] | v->pdpte[3], 0);
}

static void pae_reserved_bits(void **state)
{
    (void)state;
    const uint32_t at = 0x4000;
    v->cr0 |= CR0_PG;
    v->cr4 = CR4_PAE;
    for (unsigned b = 1; b < 64; b++) {
        bool bad = b <= 2 || (b >= 5 && b <= 8) || b >= 36;
        put_pdpte(at, 1, 1ull << b | PTE_P);
        if (bad) {
            FAULTS(priv_write_cr(v, 3, at), VEC_GP, 0);
            assert_int_equal(v->cr3, 0);
        } else {
            assert_true(priv_write_cr(v, 3, at));
            assert_true(priv_write_cr(v, 3, 0));
        }
    }
    v->cr3 = at;
    put_pdpte(at, 1, PTE_U | PTE_P);
    v->cr0 &= ~(uint32_t)CR0_PG;
    FAULTS(priv_write_cr(v, 0, v->cr0 | CR0_PG), VEC_GP, 0);
    v->cr0 |= CR0_PG;
    v->cr4 = 0;
    FAULTS(priv_write_cr(v, 4, CR4_PAE), VEC_GP, 0);
}

/* ---- Debug registers ---------------------------------------------------------------- */

static uint32_t dr(unsigned n)
{
    uint32_t x = 0;
    assert_true(priv_read_dr(v, n, &x));
    return x;
}

static void debug_registers(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        assert_true(priv_write_dr(v, n, 0xf0000000 + n));
        assert_int_equal(dr(n), 0xf0000000 + n);
    }
    assert_true(priv_write_dr(v, 6, 0));
    assert_int_equal(dr(6), 0xffff0ff0);
    assert_true(priv_write_dr(v, 6, 0xffffffff));
    assert_int_equal(dr(6), 0xffffeff0 | 0xf);
    assert_int_equal(dr(4), dr(6)); /* aliases */
    assert_true(priv_write_dr(v, 5, 0xffffdfff));
    assert_int_equal(dr(7), 0xffff07ff);
    assert_int_equal(dr(5), 0xffff07ff);
    assert_true(priv_write_dr(v, 7, 0));
    assert_int_equal(dr(7), 0x400);
    assert_true(priv_write_dr(v, 4, 0));
    assert_int_equal(dr(6), 0xffff0ff0);
    assert_int_equal(fake.control_loads, 4 + 2);
    uint32_t x;
    NO_CODE(priv_read_dr(v, 8, &x), VEC_UD);
    NO_CODE(priv_write_dr(v, 15, 0), VEC_UD);
}

static void debugging_extensions_hide_aliases(void **state)
{
    uint32_t x;
    (void)state;
    v->cr4 = CR4_DE;
    v->dr[7] |= DR7_GD; /* #UD comes before the guard */
    NO_CODE(priv_read_dr(v, 4, &x), VEC_UD);
    NO_CODE(priv_read_dr(v, 5, &x), VEC_UD);
    NO_CODE(priv_write_dr(v, 4, 0), VEC_UD);
    NO_CODE(priv_write_dr(v, 5, 0), VEC_UD);
    v->dr[7] = 0x400;
    assert_true(priv_read_dr(v, 6, &x));
}

static void general_detect(void **state)
{
    uint32_t x;
    (void)state;
    assert_true(priv_write_dr(v, 7, DR7_GD));
    assert_false(priv_read_dr(v, 0, &x));
    assert_exception(VEC_DB, false, 0);
    assert_int_equal(v->dr[6] & DR6_BD, DR6_BD);
    v->dr[6] = 0xffff0ff0;
    assert_false(priv_write_dr(v, 7, 0));
    assert_false(v->exc.is_trap); /* a fault: before the instruction */
    assert_exception(VEC_DB, false, 0);
    assert_int_equal(v->dr[6] & DR6_BD, DR6_BD);
    assert_int_equal(v->dr[7], 0x400 | DR7_GD);
}

/* ---- MSRs ----------------------------------------------------------------------------- */

static uint64_t msr(uint32_t index)
{
    uint64_t x = ~0ull;
    assert_true(priv_read_msr(v, index, &x));
    return x;
}

static void msrs(void **state)
{
    (void)state;
    fake.tsc = 0x123456789abcdefull;
    assert_true(msr(MSR_TSC) == 0x123456789abcdefull);
    assert_true(priv_tsc(v) == 0x123456789abcdefull);
    assert_true(priv_write_msr(v, MSR_TSC, 5)); /* ignored */
    assert_true(msr(MSR_TSC) == fake.tsc);
    assert_true(priv_write_msr(v, MSR_TSC_ADJUST, 5)); /* as well */
    assert_true(msr(MSR_TSC_ADJUST) == 0);
    assert_true(msr(MSR_BIOS_SIGN_ID) == 0);
    assert_true(priv_write_msr(v, MSR_BIOS_SIGN_ID, 7ull << 32));
    assert_true(msr(MSR_BIOS_SIGN_ID) == 0);
    assert_true(msr(MSR_PLATFORM_ID) == 0);
    FAULTS(priv_write_msr(v, MSR_PLATFORM_ID, 0), VEC_GP, 0);
    assert_true(msr(MSR_EBL_CR_POWERON) == 0);
    assert_true(priv_write_msr(v, MSR_EBL_CR_POWERON, 1));
    assert_true(msr(MSR_EBL_CR_POWERON) == 0);
    assert_true(msr(MSR_MISC_ENABLE) == 1); /* fast strings */
    assert_true(priv_write_msr(v, MSR_MISC_ENABLE, ~1ull));
    assert_true(msr(MSR_MISC_ENABLE) == 0);
    assert_true(priv_write_msr(v, MSR_MISC_ENABLE, 1));
    assert_true(msr(MSR_MISC_ENABLE) == 1);
}

static void efer(void **state)
{
    (void)state;
    assert_true(msr(MSR_EFER) == 0);
    assert_true(priv_write_msr(v, MSR_EFER, EFER_NXE));
    assert_true(msr(MSR_EFER) == EFER_NXE);
    assert_told(1, true, 0); /* what the tables say has changed */
    assert_true(priv_write_msr(v, MSR_EFER, EFER_NXE));
    assert_told(0, true, 0);
    for (unsigned b = 0; b < 64; b++) {
        if (1ull << b != EFER_NXE)
            FAULTS(priv_write_msr(v, MSR_EFER, 1ull << b | EFER_NXE), VEC_GP, 0);
    }
    assert_true(priv_write_msr(v, MSR_EFER, 0));
    assert_told(1, true, 0);
}

/* All that CPUID hides, and all that nobody knows. */
static void hidden_msrs(void **state)
{
    static const uint32_t hidden[] = {
        0,         1,         MSR_APIC_BASE, 0x3a,       0x48,       0x79,       0xfe,
        0x10a,     0x174,     0x175,         0x176,      0x179,      0x17a,      0x200,
        0x277,     0x2ff,     0x400,         0x6e0,      0x800,      0xc0000103, MSR_STAR,
        MSR_LSTAR, MSR_CSTAR, MSR_SFMASK,    0xc0000100, 0xc0010015, 0x40000000, 0xffffffff,
    };
    uint64_t x;
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++) {
        FAULTS(priv_read_msr(v, hidden[i], &x), VEC_GP, 0);
        FAULTS(priv_write_msr(v, hidden[i], 0), VEC_GP, 0);
    }
}

/* ---- Ports and HLT ---------------------------------------------------------------------- */

static void ports(void **state)
{
    uint32_t x = 0;
    (void)state;
    told.interrupt = true;
    assert_true(priv_in(v, 0x1234, 4, &x));
    assert_int_equal(x, 0x1234); /* the double reads as the address */
    assert_int_equal(v->event, 1);
    assert_true(priv_in(v, 0x1234, 1, &x));
    assert_int_equal(x, 0x34); /* no more than was asked for */
    told.interrupt = false;
    assert_true(priv_out(v, 0x80, 2, 0x12345678));
    assert_int_equal(v->event, 0);
    assert_int_equal(told.accesses, 3);
    assert_false(told.io[0].mmio || told.io[0].write);
    assert_int_equal(told.io[0].size, 4);
    assert_true(told.io[2].write);
    assert_int_equal(told.io[2].address, 0x80);
    assert_int_equal(told.io[2].size, 2);
    assert_int_equal(told.io[2].value, 0x5678);
    assert_int_equal(vm->stats.n[STAT_IO_READ], 2);
    assert_int_equal(vm->stats.n[STAT_IO_WRITE], 1);
}

/* The counters are printed only for who asked for statistics. */
/* The gate is looked at behind each access; all translations go when it moves. */
static void a20(void **state)
{
    uint32_t x;
    (void)state;
    assert_true(priv_in(v, 0x92, 1, &x));
    assert_told(0, false, 0);
    told.a20_closed = true;
    assert_true(priv_out(v, 0x92, 1, 0));
    assert_true(vm->a20_masked);
    assert_told(1, true, 0);
    assert_true(priv_in(v, 0x92, 1, &x));
    assert_told(0, false, 0);
    told.a20_closed = false;
    assert_true(priv_out(v, 0x92, 1, 2));
    assert_false(vm->a20_masked);
    assert_told(1, true, 0);
}

static void statistics_port(void **state)
{
    (void)state;
    told.mark = true;
    assert_true(priv_out(v, 0x502, 1, 9));
    assert_int_equal(fake.log_len, 0);
    vm->marks = true;
    v->direct.syscalls = 815; /* counted where the monitor is not */
    assert_true(priv_out(v, 0x502, 1, 9));
    assert_non_null(strstr(fake.log, "stat mark "));
    assert_non_null(strstr(fake.log, "direct.syscalls                   815"));
    told.mark = false;
}

static void ports_need_permission(void **state)
{
    uint32_t x = 0;
    (void)state;
    run_at(3);
    poke(vm, TSS + 0x64, 0x68u << 16);
    poke(vm, TSS + 0x68 + 0xc, 1); /* port 0x60 */
    FAULTS(priv_in(v, 0x60, 1, &x), VEC_GP, 0);
    FAULTS(priv_out(v, 0x60, 1, 0), VEC_GP, 0);
    assert_int_equal(told.accesses, 0);
    assert_true(priv_in(v, 0x61, 1, &x));
    assert_true(priv_out(v, 0x61, 1, 0));
    assert_int_equal(told.accesses, 2);
}

static void halts(void **state)
{
    (void)state;
    v->vif = 1;
    priv_halt(v);
    assert_true(v->halted);
    assert_false(vm->ended);
    v->vif = 0;
    priv_halt(v);
    assert_true(vm->ended);
    assert_int_equal(vm->exit, EXIT_GUEST_HALTED);
    assert_string_equal(vm->reason, "HLT with interrupts off at 0008:00001233");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, flat)
    const struct CMUnitTest tests[] = {
        T(cr_numbers),
        T(cr0),
        T(cr0_is_told),
        T(cr3),
        T(cr4),
        T(pae_directory_pointers),
        T(pae_reserved_bits),
        T(efer),
        T(debug_registers),
        T(debugging_extensions_hide_aliases),
        T(general_detect),
        T(msrs),
        T(hidden_msrs),
        T(ports),
        T(a20),
        T(statistics_port),
        T(ports_need_permission),
        T(halts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
