/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow paging against a guest that does anything, in two-level and PAE paging: random tables,
 * random writes to them by every way there is, mode changes, traces that come and go, host
 * allocations that fail. After every step whatever the shadow or the (never forgetting) hardware
 * TLB would let the guest do is compared with a second, simple walker; and every access that the
 * guest's tables allow must come true after a few faults.
 * test_shadow_random [seed [steps]] repeats or extends a run.
 */
#include "monitor/pool.h"
#include "monitor/vmem.h"
#include "shadow/shadow.h"
#include "tests/unit/memory_doubles.h"
#include "tests/unit/shadow_records.h"

#include <stdio.h>

#define FRAMES    1664u /* 2 MiB three times and a quarter */
#define LOW       128u  /* most of what happens is in the first of them */
#define RAM       (FRAMES * PAGE_SIZE)
#define TABLES    12u /* frames 0 .. 11 serve as directories and tables, and as data */
#define MAX_TRIES 4

static struct vm *vm;
static struct vcpu *v;
static uint64_t seed = 1;
static unsigned steps = 200000;
static uint32_t code_frames[8]; /* frames that the translator traces, 0: none */

/* The places looked at: few, so that things meet. */
static const uint32_t pdes[] = {0, 1, 2, 7, 768, 1023};
static const uint32_t ptes[] = {0, 1, 2, 5, 15, 16, 511, 512, 513, 1022, 1023};

static uint32_t pick(uint32_t n)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % n;
}

static uint32_t linear_at(unsigned i, unsigned j)
{
    return pdes[i] << 22 | ptes[j] << 12;
}

static uint32_t some_linear(void)
{
    return linear_at(pick(ARRAY_SIZE(pdes)), pick(ARRAY_SIZE(ptes))) | (pick(1024) << 2);
}

/* ---- A second walker --------------------------------------------------------- */

struct page {
    bool present;
    uint32_t frame;
    bool user, write, dirty, accessed, exec;
};

static bool pae(void)
{
    return (v->cr0 & CR0_PG) && (v->cr4 & CR4_PAE);
}

static uint32_t entry(uint32_t table, uint32_t index)
{
    uint32_t e = 0;
    return guest_read(vm, gpa((table & ~0xfffu) + index * 4), &e, 4) ? e : 0;
}

/* Entry INDEX of a PAE table; 0 (not present) also if a bit is set that must not be. */
static uint64_t entry64(uint64_t table, uint32_t index)
{
    uint64_t e = 0;
    guest_read(vm, gpa((table & 0xffffff000ull) + index * 8), &e, 8);
    bool bad = e & 0x7ffffff000000000ull || (e >> 63 && !(v->efer & EFER_NXE));
    return bad ? 0 : e;
}

static struct page pae_page_at(uint32_t linear)
{
    struct page p = {.present = false};
    uint64_t top = v->pdpte[linear >> 30], e, f;
    if (!(top & 1) || !((e = entry64(top, linear >> 21 & 511)) & 1))
        return p;
    if (e & PTE_PS) {
        f = e;
        p.frame = (uint32_t)(e >> 21 & 0x7fff) * 512 + (linear >> 12 & 511);
    } else {
        f = entry64(e, linear >> 12 & 511);
        p.frame = (uint32_t)(f >> 12 & 0xffffff);
    }
    p.present = (f & 1) && !((e & PTE_PS) && (e & 0x1fe000));
    p.user = e & f & PTE_U;
    p.write = e & f & PTE_W;
    p.accessed = e & f & PTE_A;
    p.dirty = f & PTE_D;
    p.exec = !((e | f) >> 63);
    return p;
}

static struct page page_at(uint32_t linear)
{
    if (!(v->cr0 & CR0_PG))
        return (struct page){true, linear >> 12, true, true, true, true, true};
    if (pae())
        return pae_page_at(linear);
    uint32_t e = entry(v->cr3, linear >> 22), f = e;
    struct page p = {.frame = (e >> 22) << 10 | (linear >> 12 & 1023), .exec = true};
    bool large = (e & PTE_PS) && (v->cr4 & CR4_PSE);
    if (large && (e & 0x3fe000))
        return p;
    if (!large && (e & PTE_P)) {
        f = entry(e, linear >> 12 & 1023);
        p.frame = f >> 12;
    }
    p.present = e & f & PTE_P;
    p.user = e & f & PTE_U;
    p.write = e & f & PTE_W;
    p.accessed = e & f & PTE_A;
    p.dirty = f & PTE_D;
    return p;
}

static bool may(struct page p, uint32_t access)
{
    bool write = access & PF_W, user = access & PF_U;
    if (!p.present || (user && !p.user) || ((access & PF_I) && !p.exec))
        return false;
    return !write || p.write || (!user && !(v->cr0 & CR0_WP));
}

/* ---- What must always hold --------------------------------------------------- */

static void check_flags(uint32_t linear, hfn_t host, unsigned flags)
{
    struct page p = page_at(linear);
    if (!flags)
        return;
    assert_true(p.present && p.accessed);
    assert_int_equal(host.v, guest_frame(vm, gfn(p.frame)).v);
    assert_true(host.v);
    if (flags & SH_USER)
        assert_true(p.user);
    assert_int_equal((flags & SH_EXEC) != 0, (flags & SH_USER) && p.exec);
    if (flags & SH_WRITE) {
        assert_true(p.dirty);
        assert_true(may(p, PF_W | (flags & SH_USER ? PF_U : 0u)));
        assert_int_equal(trace_clients(vm, gfn(p.frame)), 0);
    }
}

static void check_mappings(void)
{
    if (!fake.current.id)
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(pdes); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(ptes); j++) {
            unsigned flags;
            gva_t linear = gva(linear_at(i, j));
            hfn_t host = fake_lookup(linear, &flags);
            check_flags(linear.v, host, flags);
            host = fake_tlb(linear, &flags);
            check_flags(linear.v, host, flags);
        }
    }
}

/* Every record agrees with every other; the marks are those of mirrors and of code. */
static void check_records(void)
{
    check_shadow_records(vm->shadow);
    for (uint32_t f = 0; f < FRAMES; f++) {
        bool code = false;
        for (unsigned i = 0; i < ARRAY_SIZE(code_frames); i++)
            code |= code_frames[i] == f && f;
        assert_int_equal((trace_clients(vm, gfn(f)) & TRACE_CODE) != 0, code);
    }
}

/* ---- The guest's machine ------------------------------------------------------ */

static bool hardware_allows(uint32_t linear, uint32_t access, hfn_t *host)
{
    bool write = access & PF_W, user = access & PF_U;
    unsigned flags;
    fake_tlb_fill(gva(linear));
    *host = fake_tlb(gva(linear), &flags);
    if ((access & PF_I) && !(flags & SH_EXEC))
        return false;
    return flags && (!user || (flags & SH_USER)) && (!write || (flags & SH_WRITE));
}

static void assert_reflected(uint32_t linear, uint32_t access, uint32_t error)
{
    struct page p = page_at(linear);
    assert_false(may(p, access));
    if (!pae() || !(v->efer & EFER_NXE))
        access &= ~(uint32_t)PF_I;
    assert_int_equal(error & (PF_W | PF_U | PF_I), access);
    if (!(error & PF_RSVD))
        assert_int_equal(error & PF_P, p.present ? PF_P : 0);
}

/* What the interpreter does with the instruction. */
static void interpret(uint32_t linear, bool write, bool user, uint32_t value)
{
    vmem_invlpg(v, gva(linear)); /* the soft TLB may be older than the shadow */
    unsigned access = user ? PF_U : 0;
    bool ok = write ? vmem_write(v, gva(linear), &value, 4, access)
                    : vmem_read(v, gva(linear), &value, 4, access);
    assert_true(ok);
}

/* One access of guest code, run directly. */
static void guest_access(uint32_t linear, bool write, bool user, uint32_t value)
{
    uint32_t access = (write ? PF_W : 0u) | (user ? PF_U : 0u);
    if (user && !write && !pick(4))
        access |= PF_I;
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        hfn_t host;
        uint32_t error, hw = access | pick(2);
        if (hardware_allows(linear, access, &host)) {
            if (write)
                memcpy((uint8_t *)host_frame_ptr(host) + (linear & PAGE_MASK), &value, 4);
            assert_true(may(page_at(linear), access & ~(uint32_t)PF_W));
            return;
        }
        host_flush_page(gva(linear)); /* as the fault itself does, SDM 3A 4.10.4.1 */
        switch (shadow_fault(v, gva(linear), hw, &error)) {
        case SHADOW_FIXED:
            check_mappings();
            break;
        case SHADOW_REFLECT:
            assert_reflected(linear, access, error);
            return;
        case SHADOW_MMIO:
            assert_true(page_at(linear).frame >= FRAMES);
            interpret(linear, write, user, value);
            return;
        case SHADOW_TRACE:
            assert_true(may(page_at(linear), access));
            interpret(linear, write, user, value);
            return;
        }
    }
    fail_msg("no progress at %x", linear);
}

/* ---- Steps -------------------------------------------------------------------- */

static uint32_t some_entry(void)
{
    uint32_t f = pick(3) ? pick(TABLES) : pick(8) ? pick(pick(8) ? LOW : FRAMES) : FRAMES + pick(4);
    uint32_t e = f << 12 | pick(256) | (pick(3) ? PTE_P | PTE_A : 0u) | (pick(2) ? PTE_D : 0u) |
                 (pick(2) ? PTE_W | PTE_U : 0u);
    if (pick(4))
        e &= ~(uint32_t)PTE_PS;
    else if (pick(4)) /* a large page without bad bits */
        e = (e & 0xfff) | ((pick(2) ? 0 : pick(4)) << 21 & (pae() ? ~0u : ~0x200000u));
    return e;
}

/* The upper half of a 64-bit entry: NX, rarely what must not be. */
static uint32_t some_high(void)
{
    return pick(3) ? 0 : pick(8) ? 1u << 31 : 1u << pick(32);
}

/* A word to write at WHERE that makes sense in the present format. */
static uint32_t some_word(uint32_t where)
{
    return pae() && (where & 4) ? some_high() : some_entry();
}

static uint32_t some_entry_address(void)
{
    if (pae()) {
        uint32_t linear = some_linear(), index = linear >> (pick(2) ? 21 : 12) & 511;
        return pick(TABLES) << 12 | (pick(8) ? index : pick(8)) << 3 | (pick(4) ? 0 : 4);
    }
    uint32_t index = pick(2) ? pdes[pick(ARRAY_SIZE(pdes))] : ptes[pick(ARRAY_SIZE(ptes))];
    return pick(TABLES) << 12 | index << 2;
}

static void step_table_write(void)
{
    uint32_t e[16];
    uint32_t where = some_entry_address();
    for (unsigned i = 0; i < 16; i++)
        e[i] = some_word(where + i * 4);
    uint32_t len = pick(4) ? (pae() && pick(2) ? 8 : 4) : 1 + pick(64);
    if (len == 8)
        where &= ~4u;
    if (!pick(20))
        where += pick(4);
    assert_true(vmem_write_physical(vm, gpa(where), e, len));
}

static void step_access(void)
{
    uint32_t linear = some_linear();
    guest_access(linear, pick(2), pick(2), pick(2) ? some_word(linear) : pick(1u << 31));
}

/* Tables reached through the guest's own mappings. */
static void step_access_entry(void)
{
    uint32_t linear = some_linear() & ~PAGE_MASK;
    linear |= some_entry_address() & PAGE_MASK;
    guest_access(linear, true, pick(2), some_word(linear));
}

static void step_through_vmem(void)
{
    uint8_t b[64];
    uint32_t e = some_entry(), linear = some_linear() + pick(4);
    memset(b, (int)pick(256), sizeof b);
    memcpy(b, &e, 4);
    unsigned access = pick(2) ? PF_U : 0, len = pick(3) ? 4 : 1 + pick(64);
    vmem_invlpg(v, gva(linear));
    vmem_invlpg(v, gva(linear + len - 1));
    if (!(pick(2) ? vmem_write(v, gva(linear), b, len, access)
                  : vmem_read(v, gva(linear), b, len, access)))
        v->exc.valid = false;
}

/* As MOV CR3 does. What is not present there may be anything. */
static void load_pdptes(void)
{
    if (!pae())
        return;
    memset(v->pdpte, 0, sizeof v->pdpte);
    guest_read(vm, gpa(v->cr3 & ~31u), v->pdpte, sizeof v->pdpte);
}

static void step_switch(void)
{
    v->cr3 = pick(TABLES + 1) << 12;
    if (!pick(30))
        v->cr3 = (FRAMES + pick(3)) << 12;
    if (pae() && !pick(4))
        v->cr3 |= pick(2) << 5;
    load_pdptes();
    vmem_flush(v, pick(2));
}

static void step_mode(void)
{
    v->cr0 ^= pick(2) ? CR0_WP : 0u;
    v->cr4 ^= pick(2) ? CR4_PSE : 0u;
    v->cr4 ^= pick(3) ? 0u : CR4_PAE;
    v->efer ^= pick(2) ? EFER_NXE : 0u;
    v->cr0 = (v->cr0 & ~(uint32_t)CR0_PG) | (pick(6) ? CR0_PG : 0u);
    load_pdptes();
    vmem_flush(v, true);
}

static void step_code_trace(void)
{
    unsigned i = pick(ARRAY_SIZE(code_frames));
    uint32_t f = code_frames[i];
    code_frames[i] = 0;
    for (unsigned j = 0; j < ARRAY_SIZE(code_frames); j++) {
        if (code_frames[j] == f)
            f = 0; /* still traced */
    }
    if (f && trace_remove(vm, gfn(f), TRACE_CODE))
        shadow_trace_changed(vm, gfn(f));
    if (pick(3) == 0)
        return;
    code_frames[i] = 1 + pick(LOW - 1);
    if (!pick(4)) /* where a large page is looked at */
        code_frames[i] = pick(3) * 512 + 512 + ptes[pick(6)];
    if (trace_add(vm, gfn(code_frames[i]), TRACE_CODE))
        shadow_trace_changed(vm, gfn(code_frames[i]));
}

static void step_invlpg(void)
{
    vmem_invlpg(v, gva(some_linear()));
}

static void step_failures(void)
{
    fake.fail_tables_after = pick(3) ? (int)pick(8) : -1;
}

static const struct {
    unsigned weight;
    void (*step)(void);
} kinds[] = {
    {40, step_access},       {20, step_access_entry}, {20, step_table_write},
    {10, step_through_vmem}, {5, step_switch},        {2, step_mode},
    {3, step_code_trace},    {3, step_invlpg},        {2, step_failures},
};

static void one_step(void)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
        sum += kinds[i].weight;
    unsigned n = pick(sum);
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (n < kinds[i].weight) {
            kinds[i].step();
            return;
        }
        n -= kinds[i].weight;
    }
}

static void start(void)
{
    vm = fake_vm(RAM);
    v = vm->vcpu;
    pool_begin(vm->pool);
    assert_true(trace_create(vm));
    assert_true(shadow_create(vm));
    hfn_t first = vm->ram.frame[1025]; /* the third 2 MiB are none in the host */
    vm->ram.frame[1025] = vm->ram.frame[1026];
    vm->ram.frame[1026] = first;
    memset(code_frames, 0, sizeof code_frames);
    for (uint32_t t = 0; t < TABLES; t++) {
        for (unsigned i = 0; i < ARRAY_SIZE(pdes); i++)
            poke(vm, t << 12 | pdes[i] << 2, some_entry());
        for (unsigned i = 0; i < ARRAY_SIZE(ptes); i++)
            poke(vm, t << 12 | ptes[i] << 2, some_entry());
    }
    paging(v, 0);
    vmem_flush(v, true);
}

static void random_guest(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < steps; i++) {
        one_step();
        check_mappings();
        if (i % 64 == 0)
            check_records();
        assert_false(vm->ended);
    }
    const uint64_t *n = vm->stats.n;
    print_message("fills %llu reflects %llu traces %llu mmio %llu writes %llu reclaims %llu "
                  "large %llu splits %llu\n",
                  (unsigned long long)n[STAT_SH_FILLS], (unsigned long long)n[STAT_SH_REFLECTS],
                  (unsigned long long)n[STAT_SH_TRACES], (unsigned long long)n[STAT_SH_MMIO],
                  (unsigned long long)n[STAT_SH_PTE_WRITES],
                  (unsigned long long)n[STAT_SH_RECLAIMS], (unsigned long long)n[STAT_SH_LARGE],
                  (unsigned long long)n[STAT_SH_SPLITS]);
    /* A run in which nothing happens proves nothing. */
    assert_true(n[STAT_SH_FILLS] > steps / 50 && n[STAT_SH_REFLECTS] > steps / 50);
    assert_true(n[STAT_SH_TRACES] > steps / 100 && n[STAT_SH_PTE_WRITES] > steps / 100);
    assert_true(n[STAT_SH_LARGE] > steps / 1000 && n[STAT_SH_SPLITS] > steps / 10000);
    shadow_destroy(vm);
    assert_int_equal(fake.tables_live + fake.spaces_live, 0);
    assert_int_equal((int32_t)pool_end(vm->pool), 0);
    assert_true(n[STAT_SH_MMIO] && n[STAT_SH_RECLAIMS] && n[STAT_SH_SWITCH_HITS]);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        steps = (unsigned)strtoul(argv[2], NULL, 0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_guest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
