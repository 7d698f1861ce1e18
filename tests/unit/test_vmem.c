/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory as the virtual CPU sees it: faults, the soft TLB's legality, traces and their
 * clients, MMIO.
 */
#include "monitor/vmem.h"

#include "monitor/log.h"
#include "shadow/shadow.h"
#include "tests/unit/memory_doubles.h"

#define RAM (64u * PAGE_SIZE)
#define PD  0x1000u
#define PT  0x2000u
#define U   (PTE_P | PTE_W | PTE_U)

static struct vm *vm;
static struct vcpu *v;
static uint8_t buf[PAGE_SIZE + 16];

static int flat(void **state)
{
    (void)state;
    vm = fake_vm(RAM);
    v = vm->vcpu;
    assert_true(trace_create(vm));
    memset(&told, 0, sizeof told);
    return 0;
}

/* Linear 0x400000 + n pages is guest frame 16 + n; the last page of 4 GiB and the first of
 * all are frames 40 and 41. */
static int paged(void **state)
{
    flat(state);
    poke(vm, PD + 4, PT | U);
    for (uint32_t i = 0; i < 16; i++)
        poke(vm, PT + i * 4, (16 + i) << 12 | U);
    poke(vm, PD + 0xffc, 0x3000 | U);
    poke(vm, 0x3ffc, 40 << 12 | U);
    poke(vm, PD, 0x4000 | U);
    poke(vm, 0x4000, 41 << 12 | U);
    paging(v, PD);
    vmem_flush(v, true);
    return 0;
}

static void assert_fault(bool ok, uint32_t cr2, uint32_t error)
{
    assert_false(ok);
    assert_true(v->exc.valid && v->exc.has_error);
    assert_int_equal(v->exc.vector, VEC_PF);
    assert_int_equal(v->exc.cr2, cr2);
    assert_int_equal(v->exc.error, error);
    v->exc.valid = false;
}

static uint32_t get(uint32_t where, unsigned access)
{
    uint32_t value = 0;
    assert_true(vmem_read(v, gva(where), &value, 4, access));
    return value;
}

static void put(uint32_t where, uint32_t value, unsigned access)
{
    assert_true(vmem_write(v, gva(where), &value, 4, access));
}

static void moves_bytes(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 64; len++) {
        for (unsigned i = 0; i < len; i++)
            buf[i] = (uint8_t)(len * 3 + i + 1);
        uint32_t where = 0x400fe0 + len;
        assert_true(vmem_write(v, gva(where), buf, len, PF_U));
        memset(buf, 0, sizeof buf);
        assert_true(vmem_read(v, gva(where), buf, len, PF_U));
        for (unsigned i = 0; i < len; i++)
            assert_int_equal(buf[i], (uint8_t)(len * 3 + i + 1));
    }
    put(0x400ffe, 0x44332211, 0);
    assert_int_equal(peek(vm, 0x10ffc) >> 16, 0x2211);
    assert_int_equal(peek(vm, 0x11000) & 0xffff, 0x4433);
    memset(buf, 0x5a, sizeof buf);
    assert_true(vmem_write(v, gva(0x402800), buf, 4096, 0));
    assert_int_equal(peek(vm, 0x12ffc), 0x5a5a5a5a);
    assert_int_equal(peek(vm, 0x137fc), 0x5a5a5a5a);
}

static void wraps_at_4_gib(void **state)
{
    (void)state;
    put(0xfffffffe, 0xddccbbaa, 0);
    assert_int_equal(peek(vm, (40 << 12) + 0xffc) >> 16, 0xbbaa);
    assert_int_equal(peek(vm, 41 << 12) & 0xffff, 0xddcc);
    assert_int_equal(get(0xfffffffe, 0), 0xddccbbaa);
    poke(vm, 0x4000, 0);
    vmem_invlpg(v, gva(0));
    assert_fault(vmem_read(v, gva(0xfffffffe), buf, 4, 0), 0, 0);
}

static void faults_move_nothing(void **state)
{
    (void)state;
    poke(vm, PT + 4, 17 << 12 | PTE_P | PTE_U); /* read-only */
    poke(vm, PT + 8, 0);
    assert_fault(vmem_write(v, gva(0x400ffe), "abcd", 4, PF_U), 0x401000, PF_P | PF_W | PF_U);
    assert_int_equal(peek(vm, 0x10ffc), 0);
    assert_fault(vmem_write(v, gva(0x401ffe), "abcd", 4, 0), 0x401ffe, PF_P | PF_W);
    assert_fault(vmem_read(v, gva(0x401ffe), buf, 4, 0), 0x402000, 0);
    assert_fault(vmem_read(v, gva(0x402abc), buf, 1, PF_U), 0x402abc, PF_U);
    assert_fault(vmem_read(v, gva(0x401000), buf, 1, PF_W), 0x401000, PF_P | PF_W);
    gpa_t out = gpa(77);
    assert_fault(vmem_translate(v, gva(0x402abc), PF_W, &out), 0x402abc, PF_W);
    assert_int_equal(out.v, 77);
    assert_fault(vmem_probe(v, gva(0x401ff0), 17, 0), 0x402000, 0);
    assert_true(vmem_probe(v, gva(0x401ff0), 16, 0));
    assert_true(vmem_translate(v, gva(0x401ff0), 0, &out));
    assert_int_equal(out.v, 0x11ff0);
}

static void rights_by_access(void **state)
{
    (void)state;
    poke(vm, PT, 16 << 12 | PTE_P | PTE_W);     /* supervisor */
    poke(vm, PT + 4, 17 << 12 | PTE_P | PTE_U); /* read-only */
    for (int again = 0; again < 2; again++) {   /* the second time from the soft TLB */
        put(0x400000, 1, 0);
        assert_int_equal(get(0x400000, PF_W), 1);
        assert_fault(vmem_read(v, gva(0x400000), buf, 4, PF_U), 0x400000, PF_P | PF_U);
        assert_fault(vmem_write(v, gva(0x400000), buf, 4, PF_U), 0x400000, PF_P | PF_U | PF_W);
        get(0x401000, PF_U);
        get(0x401000, 0);
        assert_fault(vmem_write(v, gva(0x401000), buf, 4, 0), 0x401000, PF_P | PF_W);
    }
    v->cr0 &= ~(uint32_t)CR0_WP;
    vmem_flush(v, true);
    for (int again = 0; again < 2; again++) {
        put(0x401000, 5, 0);
        assert_fault(vmem_write(v, gva(0x401000), buf, 4, PF_U), 0x401000, PF_P | PF_U | PF_W);
    }
}

static void accessed_and_dirty(void **state)
{
    (void)state;
    get(0x400000, 0);
    assert_int_equal(peek(vm, PD + 4) & (PTE_A | PTE_D), PTE_A);
    assert_int_equal(peek(vm, PT) & (PTE_A | PTE_D), PTE_A);
    put(0x400000, 1, 0); /* the cached read does not answer a write while D is clear */
    assert_int_equal(peek(vm, PT) & (PTE_A | PTE_D), PTE_A | PTE_D);
    assert_true(vmem_probe(v, gva(0x401fff), 2, PF_W));
    assert_int_equal(peek(vm, PT + 4) & PTE_D, PTE_D);
    assert_int_equal(peek(vm, PT + 8) & PTE_D, PTE_D);
    get(0x403000, PF_W);
    assert_int_equal(peek(vm, PT + 12) & PTE_D, PTE_D);
}

/* What the manual lets a TLB keep, and what it makes it drop (SDM 3A 4.10.4). */
static void soft_tlb_flushes(void **state)
{
    (void)state;
    poke(vm, 0x14000, 0x14);
    poke(vm, 0x15000, 0x15);
    assert_int_equal(get(0x404000, 0), 0x14);
    poke(vm, PT + 16, 21 << 12 | U | PTE_A);
    assert_int_equal(get(0x404000, 0), 0x14); /* stale, and allowed to be */
    vmem_invlpg(v, gva(0x404abc));
    assert_int_equal(get(0x404000, 0), 0x15);
    poke(vm, PT + 16, 20 << 12 | U);
    vmem_invlpg(v, gva(0x405000));
    assert_int_equal(get(0x404000, 0), 0x15);
    vmem_flush(v, false);
    assert_int_equal(get(0x404000, 0), 0x14);
    poke(vm, PT + 16, 0);
    vmem_flush(v, true);
    assert_fault(vmem_read(v, gva(0x404000), buf, 4, 0), 0x404000, 0);
}

static void a_fault_drops_its_page(void **state)
{
    (void)state;
    poke(vm, PT + 16, 20 << 12 | PTE_P | PTE_U);
    poke(vm, 0x15000, 0x15);
    get(0x404000, 0);
    poke(vm, PT + 16, 21 << 12 | PTE_P | PTE_U);
    assert_fault(vmem_write(v, gva(0x404000), buf, 4, 0), 0x404000, PF_P | PF_W);
    assert_int_equal(get(0x404000, 0), 0x15);
    /* More rights are seen without any flush: the access that lacked them walks again. */
    poke(vm, PT + 16, 21 << 12 | U);
    put(0x404000, 7, PF_U);
    assert_int_equal(peek(vm, 0x15000), 7);
    /* A fault that the shadow found counts as well. */
    poke(vm, PT + 16, 20 << 12 | U);
    assert_int_equal(get(0x404000, 0), 7);
    vmem_faulted(v, gva(0x404123));
    assert_int_equal(get(0x404000, 0), 0);
}

static void same_place_in_the_soft_tlb(void **state)
{
    (void)state;
    poke(vm, PD + 8, 0x5000 | U);
    poke(vm, 0x5000, 50 << 12 | U); /* 0x800000: 1024 pages behind 0x400000 */
    poke(vm, 50 << 12, 0x50);
    poke(vm, 16 << 12, 0x16);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get(0x400000, 0), 0x16);
        assert_int_equal(get(0x800000, 0), 0x50);
    }
    /* The last page of all is no match for an empty place. */
    vmem_flush(v, true);
    poke(vm, 0x3ffc, 0);
    assert_fault(vmem_read(v, gva(0xfffff000), buf, 1, 0), 0xfffff000, 0);
}

/* The inline way answers what the functions would, or nothing. */
static void hits(void **state)
{
    (void)state;
    uint8_t *ram = guest_page(vm, gpa(0x14000), PAGE_SIZE);
    assert_null(vmem_hit(v, gva(0x404000), 4, 0)); /* nothing is cached yet */
    poke(vm, PT + 16, 20 << 12 | PTE_P | PTE_U);
    get(0x404000, 0);
    assert_ptr_equal(vmem_hit(v, gva(0x404123), 4, 0), ram + 0x123);
    assert_ptr_equal(vmem_hit(v, gva(0x404123), 4, PF_U | PF_I), ram + 0x123);
    assert_null(vmem_hit_write(v, gva(0x404123), 4, 0)); /* read-only */
    poke(vm, PT + 16, 20 << 12 | PTE_P | PTE_W);
    vmem_flush(v, false);
    get(0x404000, 0);
    assert_null(vmem_hit_write(v, gva(0x404000), 4, 0)); /* D is clear */
    put(0x404000, 1, 0);
    assert_ptr_equal(vmem_hit_write(v, gva(0x404000), 4, 0), ram);
    assert_null(vmem_hit(v, gva(0x404000), 4, PF_U)); /* the supervisor's */
    assert_ptr_equal(vmem_hit(v, gva(0x404ffc), 4, 0), ram + 0xffc);
    assert_null(vmem_hit(v, gva(0x404ffd), 4, 0)); /* crosses */
    assert_ptr_equal(vmem_hit(v, gva(0x404fff), 1, 0), ram + 0xfff);
    assert_ptr_equal(vmem_hit(v, gva(0x404000), PAGE_SIZE, 0), ram);
    assert_null(vmem_hit(v, gva(0x404000), PAGE_SIZE + 1, 0));
    trace_add(vm, gfn(20), TRACE_CODE); /* from now on somebody wants to hear of writes */
    assert_null(vmem_hit_write(v, gva(0x404000), 4, 0));
    assert_ptr_equal(vmem_hit(v, gva(0x404000), 4, PF_W), ram);
    trace_remove(vm, gfn(20), TRACE_CODE);
    assert_ptr_equal(vmem_hit_write(v, gva(0x404000), 4, 0), ram);
    vmem_invlpg(v, gva(0x404000));
    assert_null(vmem_hit(v, gva(0x404000), 4, 0));
    poke(vm, PT + 16, 0x10000000 | U); /* not RAM */
    get(0x404000, 0);
    assert_null(vmem_hit(v, gva(0x404000), 4, 0));
}

static void fetches(void **state)
{
    (void)state;
    unsigned got = 99;
    for (unsigned i = 0; i < 32; i++)
        poke(vm, 0x10ff0 + i * 4, 0x03020100 + i * 0x04040404);
    assert_true(vmem_fetch(v, gva(0x400ff8), buf, 15, &got));
    assert_int_equal(got, 15);
    for (unsigned i = 0; i < 15; i++)
        assert_int_equal(buf[i], 8 + i);
    poke(vm, PT + 4, 0);
    vmem_flush(v, true);
    assert_true(vmem_fetch(v, gva(0x400ff8), buf, 15, &got));
    assert_int_equal(got, 8);
    assert_false(v->exc.valid);
    assert_fault(vmem_fetch(v, gva(0x401000), buf, 15, &got), 0x401000, 0);
    poke(vm, PT, 16 << 12 | PTE_P);
    vmem_flush(v, true);
    assert_true(vmem_fetch(v, gva(0x400ff8), buf, 4, &got));
    assert_int_equal(got, 4);
    v->cpl = 3;
    assert_fault(vmem_fetch(v, gva(0x400ff8), buf, 4, &got), 0x400ff8, PF_P | PF_U);
}

/* One INVLPG forgets all of a large page, in the translator as well. */
static void invlpg_of_a_large_page(void **state)
{
    (void)state;
    vm->bt = (struct bt *)vm; /* so that its double is called */
    told.flush_space = told.flush_linear = 0;
    poke(vm, PD + 8, 0 | U | PTE_PS);
    poke(vm, 0x8000, 0x88);
    assert_int_equal(get(0x808000, 0), 0x88);
    poke(vm, PD + 8, 0);
    vmem_invlpg(v, gva(0x405000)); /* another page, a small one */
    assert_int_equal(get(0x808000, 0), 0x88);
    assert_int_equal(told.flush_space, 0);
    vmem_invlpg(v, gva(0xbff123));
    assert_int_equal(told.flush_space, 1);
    assert_true(told.all);
    assert_fault(vmem_read(v, gva(0x808000), buf, 4, 0), 0x808000, 0);
    vmem_invlpg(v, gva(0xbff123));
    assert_int_equal(told.flush_space, 1);
    assert_int_equal(told.flush_linear, 2);
    vmem_used_large(v, gva(0xffffffff));
    vmem_flush(v, false); /* global translations may be left */
    vmem_invlpg(v, gva(0xffc00000));
    assert_int_equal(told.flush_linear, 2);
    vmem_used_large(v, gva(0xffffffff));
    vmem_flush(v, true);
    vmem_invlpg(v, gva(0xffc00000));
    assert_int_equal(told.flush_linear, 3);
}

/* A page that can be read and not executed, in the soft TLB as in the tables. */
static void fetches_are_accesses_of_their_own(void **state)
{
    (void)state;
    unsigned got;
    assert_true(guest_zero(vm, gpa(PD), 2 * PAGE_SIZE));
    poke(vm, PD + 16, PT | U);
    poke(vm, PT, 16 << 12 | U);
    poke(vm, PT + 4, 1u << 31);
    v->pdpte[0] = PD | PTE_P;
    v->cr4 = CR4_PAE;
    v->efer = EFER_NXE;
    vmem_flush(v, true);
    get(0x400000, 0);
    assert_non_null(vmem_hit(v, gva(0x400000), 4, PF_U));
    assert_null(vmem_hit(v, gva(0x400000), 4, PF_I));
    assert_fault(vmem_fetch(v, gva(0x400000), buf, 4, &got), 0x400000, PF_P | PF_I);
    v->cpl = 3;
    assert_fault(vmem_fetch(v, gva(0x400000), buf, 4, &got), 0x400000, PF_P | PF_I | PF_U);
    poke(vm, PT + 4, 0);
    vmem_invlpg(v, gva(0x400000));
    assert_true(vmem_fetch(v, gva(0x400000), buf, 4, &got));
    assert_non_null(vmem_hit(v, gva(0x400000), 4, PF_I));
}

static void paging_off_is_flat(void **state)
{
    (void)state;
    put(0x5ffe, 0x12345678, PF_U);
    assert_int_equal(peek(vm, 0x5ffc) >> 16, 0x5678);
    assert_int_equal(get(0xfffffffe, 0) >> 16, 0); /* 4 GiB - 2 is the board's, 0 is RAM */
    assert_int_equal(told.io[0].address, 0xfffffffe);
    poke(vm, 0, 0xabcd);
    assert_int_equal(get(0xfffffffe, 0) >> 16, 0xabcd);
}

static void mmio(void **state)
{
    (void)state;
    poke(vm, PT + 20, 0xfee00000 | U);
    assert_int_equal(get(0x405010, 0), 0xfee00010);
    assert_int_equal(told.accesses, 1);
    assert_true(told.io[0].mmio && !told.io[0].write);
    assert_int_equal(told.io[0].size, 4);
    assert_int_equal(told.io[0].address, 0xfee00010);
    told.accesses = 0;
    assert_true(vmem_write(v, gva(0x405011), "\1\2\3\4\5\6\7\x8", 8, 0));
    const struct {
        uint8_t size;
        uint32_t address, value;
    } want[] = {
        {1, 0xfee00011, 1}, {2, 0xfee00012, 0x302}, {4, 0xfee00014, 0x7060504}, {1, 0xfee00018, 8}};
    assert_int_equal(told.accesses, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(told.io[i].write && told.io[i].mmio);
        assert_int_equal(told.io[i].size, want[i].size);
        assert_int_equal(told.io[i].address, want[i].address);
        assert_int_equal(told.io[i].value, want[i].value);
    }
    told.accesses = 0;
    assert_true(vmem_read(v, gva(0x404ffe), buf, 4, 0)); /* RAM, then the device */
    assert_int_equal(told.accesses, 1);
    assert_int_equal(told.io[0].size, 2);
    told.accesses = 0;
    poke(vm, PT + 24, 0);
    vmem_invlpg(v, gva(0x406000));
    assert_fault(vmem_write(v, gva(0x405fff), buf, 2, 0), 0x406000, PF_W);
    assert_int_equal(told.accesses, 0);
}

static void code_traces(void **state)
{
    (void)state;
    vm->bt = (struct bt *)&told;
    put(0x400000, 1, 0);
    assert_int_equal(told.wrote, 0);
    trace_add(vm, gfn(16), TRACE_CODE);
    assert_true(vmem_write(v, gva(0x400123), "abc", 3, 0));
    assert_int_equal(told.wrote, 1);
    assert_int_equal(told.frame.v, 16);
    assert_int_equal(told.first, 0x123);
    assert_int_equal(told.last, 0x125);
    assert_true(vmem_write(v, gva(0x400ffe), "abcd", 4, 0)); /* its last two bytes only */
    assert_int_equal(told.wrote, 2);
    assert_int_equal(told.first, 0xffe);
    assert_int_equal(told.last, 0xfff);
    assert_true(vmem_write_physical(vm, gpa(0x0fffe), "abcd", 4));
    assert_int_equal(told.wrote, 3);
    assert_int_equal(told.last, 1);
    get(0x400000, PF_W);
    assert_int_equal(told.wrote, 3);
    told.gives_up = true;
    put(0x400000, 1, 0);
    put(0x400000, 1, 0);
    assert_int_equal(told.wrote, 4);
}

static void maintenance_reaches_the_translator(void **state)
{
    (void)state;
    vmem_flush(v, true);
    vmem_invlpg(v, gva(0));
    assert_int_equal(told.flush_space + told.flush_linear, 0); /* no translator: not called */
    vm->bt = (struct bt *)&told;
    vmem_invlpg(v, gva(0x400abc));
    assert_int_equal(told.flush_linear, 1);
    assert_int_equal(told.linear.v, 0x400000);
    vmem_flush(v, false);
    assert_int_equal(told.flush_space, 1);
    assert_false(told.all);
    vmem_flush(v, true);
    assert_true(told.all);
}

static void maintenance_reaches_the_shadow(void **state)
{
    (void)state;
    assert_true(shadow_create(vm));
    vmem_flush(v, true);
    assert_int_equal(vm->stats.n[STAT_SH_SWITCHES], 1);
    assert_true(fake.current.id);
    vmem_invlpg(v, gva(0x400000));
    assert_int_equal(vm->stats.n[STAT_SH_INVLPG], 1);
}

/* When the translator gives up a frame, the shadow may map it writable again. */
static void untraced_by_a_write(void **state)
{
    (void)state;
    uint32_t error;
    unsigned flags;
    assert_true(shadow_create(vm));
    vm->bt = (struct bt *)&told;
    vmem_flush(v, true);
    put(0x400000, 0, PF_U);
    assert_int_equal(shadow_fault(v, gva(0x400000), PF_W | PF_U, &error), SHADOW_FIXED);
    fake_lookup(gva(0x400000), &flags);
    assert_true(flags & SH_WRITE);
    if (trace_add(vm, gfn(16), TRACE_CODE))
        shadow_trace_changed(vm, gfn(16));
    fake_lookup(gva(0x400000), &flags);
    assert_int_equal(flags, SH_PRESENT | SH_USER | SH_EXEC);
    assert_int_equal(shadow_fault(v, gva(0x400000), PF_W | PF_U, &error), SHADOW_TRACE);
    told.gives_up = true;
    put(0x400000, 0, PF_U);
    assert_int_equal(shadow_fault(v, gva(0x400000), PF_W | PF_U, &error), SHADOW_FIXED);
    fake_lookup(gva(0x400000), &flags);
    assert_true(flags & SH_WRITE);
}

static void physical_writes(void **state)
{
    (void)state;
    memset(buf, 0x77, sizeof buf);
    assert_true(vmem_write_physical(vm, gpa(0x7ff0), buf, PAGE_SIZE + 16));
    assert_int_equal(peek(vm, 0x7fec), 0);
    assert_int_equal(peek(vm, 0x7ff0), 0x77777777);
    assert_int_equal(peek(vm, 0x8ffc), 0x77777777);
    assert_int_equal(peek(vm, 0x9000), 0);
    assert_false(vmem_write_physical(vm, gpa(RAM - 4), buf, 8));
    assert_int_equal(peek(vm, RAM - 4), 0);
    assert_false(vmem_write_physical(vm, gpa(UINT64_MAX), buf, 2));
    assert_true(vmem_write_physical(vm, gpa(RAM), buf, 0));
    vm->ram.frame[8].v = 0;
    assert_false(vmem_write_physical(vm, gpa(0x7ffe), "ab", 4));
    assert_int_equal(told.accesses, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(moves_bytes, paged),
        cmocka_unit_test_setup(wraps_at_4_gib, paged),
        cmocka_unit_test_setup(faults_move_nothing, paged),
        cmocka_unit_test_setup(rights_by_access, paged),
        cmocka_unit_test_setup(accessed_and_dirty, paged),
        cmocka_unit_test_setup(soft_tlb_flushes, paged),
        cmocka_unit_test_setup(a_fault_drops_its_page, paged),
        cmocka_unit_test_setup(same_place_in_the_soft_tlb, paged),
        cmocka_unit_test_setup(hits, paged),
        cmocka_unit_test_setup(fetches, paged),
        cmocka_unit_test_setup(invlpg_of_a_large_page, paged),
        cmocka_unit_test_setup(fetches_are_accesses_of_their_own, paged),
        cmocka_unit_test_setup(paging_off_is_flat, flat),
        cmocka_unit_test_setup(mmio, paged),
        cmocka_unit_test_setup(code_traces, paged),
        cmocka_unit_test_setup(maintenance_reaches_the_translator, paged),
        cmocka_unit_test_setup(maintenance_reaches_the_shadow, paged),
        cmocka_unit_test_setup(untraced_by_a_write, paged),
        cmocka_unit_test_setup(physical_writes, flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
