/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow paging, case by case: what a fault mends, what guest writes to mirrored tables do,
 * which frames are traced when, what is flushed, and life without memory.
 */
#include "shadow/shadow.h"

#include "monitor/pool.h"
#include "monitor/vmem.h"
#include "shadow/state.h"
#include "tests/unit/memory_doubles.h"

#define RAM  (16u << 20)
#define PD   0x1000u
#define PT   0x2000u
#define PD2  0x3000u
#define PT2  0x4000u
#define DATA 0x100000u
#define U    (PTE_P | PTE_W | PTE_U)
#define AD   (PTE_A | PTE_D)
#define RW   (SH_PRESENT | SH_WRITE | SH_USER | SH_EXEC)
#define RO   (SH_PRESENT | SH_USER | SH_EXEC)

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    vm = fake_vm(RAM);
    v = vm->vcpu;
    memset(&told, 0, sizeof told);
    assert_true(trace_create(vm));
    assert_true(shadow_create(vm));
    return 0;
}

/* Linear 0x400000 + n pages is DATA + n pages, for n < 32, in the spaces of both
 * directories; A and D clear. */
static int paged(void **state)
{
    setup(state);
    poke(vm, PD + 4, PT | U);
    poke(vm, PD2 + 4, PT | U);
    for (uint32_t i = 0; i < 32; i++)
        poke(vm, PT + i * 4, (DATA + (i << 12)) | U);
    paging(v, PD);
    vmem_flush(v, true);
    return 0;
}

static enum shadow_answer fault(uint32_t linear, uint32_t access)
{
    uint32_t error;
    return shadow_fault(v, gva(linear), access, &error);
}

static uint32_t reflected(uint32_t linear, uint32_t access)
{
    uint32_t error = 0xdead;
    assert_int_equal(shadow_fault(v, gva(linear), access, &error), SHADOW_REFLECT);
    return error;
}

static unsigned flags_at(uint32_t linear)
{
    unsigned flags;
    fake_lookup(gva(linear), &flags);
    return flags;
}

static void assert_maps(uint32_t linear, uint32_t frame, unsigned flags)
{
    unsigned got;
    hfn_t host = fake_lookup(gva(linear), &got);
    assert_int_equal(got, flags);
    assert_int_equal(host.v, flags ? guest_frame(vm, gfn(frame >> 12)).v : 0);
}

static bool traced(uint32_t where)
{
    return trace_clients(vm, gpa_to_gfn(gpa(where))) & TRACE_PAGETABLE;
}

/* A write by the guest as the interpreter does it. */
static void guest_writes(uint32_t where, uint32_t value)
{
    assert_true(vmem_write_physical(vm, gpa(where), &value, 4));
}

static void paging_off(void **state)
{
    (void)state;
    vmem_flush(v, true);
    assert_int_equal(fault(0x5123, 0), SHADOW_FIXED);
    assert_maps(0x5000, 0x5000, RW);
    assert_int_equal(fault(0x5123, PF_W | PF_U), SHADOW_FIXED);
    assert_int_equal(fault(RAM - 1, PF_W), SHADOW_FIXED);
    assert_maps(RAM - 4096, RAM - 4096, RW);
    assert_int_equal(fault(RAM, PF_W), SHADOW_MMIO);
    assert_int_equal(fault(0xfffffff0, 0), SHADOW_MMIO);
    assert_int_equal(flags_at(RAM), 0);
    assert_int_equal(vm->stats.n[STAT_SH_MMIO], 2);
    assert_int_equal(vm->stats.n[STAT_SH_FILLS], 3);
}

static void first_use_without_a_switch(void **state)
{
    (void)state;
    assert_int_equal(fault(0x5000, 0), SHADOW_FIXED);
    assert_maps(0x5000, 0x5000, RW);
}

static void fills_on_demand(void **state)
{
    (void)state;
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fault(0x400123, PF_U), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RO); /* D is clear: not writable yet */
    assert_int_equal(peek(vm, PT) & AD, PTE_A);
    assert_int_equal(fault(0x400123, PF_U | PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RW);
    assert_int_equal(peek(vm, PT) & AD, AD);
    assert_int_equal(peek(vm, PD + 4) & AD, PTE_A);
    assert_int_equal(flags_at(0x401000), 0); /* its A is clear */
    assert_int_equal(vm->stats.n[STAT_SH_FILLS], 2);
}

static void supervisor_pages(void **state)
{
    (void)state;
    poke(vm, PT + 4, (DATA + 0x1000) | PTE_P | PTE_W | AD);
    assert_int_equal(fault(0x401000, 0), SHADOW_FIXED);
    assert_maps(0x401000, DATA + 0x1000, SH_PRESENT | SH_WRITE);
    assert_int_equal(reflected(0x401000, PF_U | PF_W), PF_P | PF_U | PF_W);
}

static void reflects(void **state)
{
    (void)state;
    assert_int_equal(reflected(0x800000, PF_W | PF_U), PF_W | PF_U);
    poke(vm, PT + 8, DATA | PTE_P | PTE_U);
    assert_int_equal(reflected(0x402000, PF_W), PF_P | PF_W);
    assert_int_equal(reflected(0x402000, PF_W | PF_P | PF_U), PF_P | PF_W | PF_U);
    assert_int_equal(reflected(0x480000, PF_P), 0); /* the hardware's P bit is not believed */
    assert_int_equal(vm->stats.n[STAT_SH_REFLECTS], 4);
    assert_int_equal(flags_at(0x402000), 0);
}

static void neighbours_are_filled(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 32; i++)
        poke(vm, PT + i * 4, (DATA + (i << 12)) | U | (i == 3 ? 0u : PTE_A) | (i & 1 ? PTE_D : 0u));
    poke(vm, PT + 5 * 4, 0xfee00000 | U | AD);
    assert_int_equal(fault(0x402000, 0), SHADOW_FIXED);
    assert_int_equal(flags_at(0x401000), RW);
    assert_int_equal(flags_at(0x404000), RO);
    assert_int_equal(flags_at(0x403000), 0); /* A clear */
    assert_int_equal(flags_at(0x405000), 0); /* no RAM */
    assert_int_equal(flags_at(0x40f000), RW);
    assert_int_equal(flags_at(0x410000), 0); /* another group */
}

static void both_halves(void **state)
{
    (void)state;
    poke(vm, PT + 511 * 4, DATA | U | AD);
    poke(vm, PT + 512 * 4, (DATA + 0x1000) | U | AD);
    poke(vm, PT + 1023 * 4, (DATA + 0x2000) | U | AD);
    assert_int_equal(fault(0x5ff000, 0), SHADOW_FIXED);
    assert_int_equal(fault(0x600000, 0), SHADOW_FIXED);
    assert_int_equal(fault(0x7ff000, 0), SHADOW_FIXED);
    assert_maps(0x5ff000, DATA, RW);
    assert_maps(0x600000, DATA + 0x1000, RW);
    assert_maps(0x7ff000, DATA + 0x2000, RW);
    guest_writes(PT + 512 * 4, 0);
    assert_int_equal(flags_at(0x600000), 0);
    assert_int_equal(flags_at(0x7ff000), RW);
    assert_int_equal(flags_at(0x5ff000), RW);
}

static void mirrored_frames_are_traced(void **state)
{
    (void)state;
    assert_false(traced(PD));
    fault(0x400000, 0);
    assert_true(traced(PD) && traced(PT));
    assert_false(traced(PD2) || traced(DATA));
    poke(vm, PT + 4, PT | U | AD);
    assert_int_equal(fault(0x401000, PF_W), SHADOW_TRACE);
    assert_maps(0x401000, PT, RO);
    assert_int_equal(fault(0x401000, 0), SHADOW_FIXED);
    assert_int_equal(vm->stats.n[STAT_SH_TRACES], 1);
}

/* A frame that was mapped writable becomes a page table: the mapping closes at once. */
static void a_new_table_loses_write(void **state)
{
    (void)state;
    poke(vm, PT, PT2 | U | AD);
    poke(vm, PT + 4, PT2 | U | AD);
    fault(0x400000, PF_W);
    assert_maps(0x400000, PT2, RW);
    assert_maps(0x401000, PT2, RW);
    fake_tlb_fill(gva(0x400000));
    fake_tlb_fill(gva(0x401000));
    poke(vm, PT2, DATA | U | AD);
    guest_writes(PD + 8, PT2 | U);
    assert_maps(0x400000, PT2, RW); /* not used as one yet */
    assert_int_equal(fault(0x800000, 0), SHADOW_FIXED);
    assert_maps(0x800000, DATA, RW);
    unsigned cached;
    for (uint32_t a = 0x400000; a <= 0x401000; a += 0x1000) {
        assert_maps(a, PT2, RO);
        fake_tlb(gva(a), &cached);
        assert_int_equal(cached, 0);
        assert_int_equal(fault(a, PF_W), SHADOW_TRACE);
    }
}

static void other_clients_trace_too(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    fault(0x401000, PF_W);
    assert_true(trace_add(vm, gfn(DATA >> 12), TRACE_CODE));
    shadow_trace_changed(vm, gfn(DATA >> 12));
    assert_maps(0x400000, DATA, RO);
    assert_maps(0x401000, DATA + 0x1000, RW);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_TRACE);
    assert_true(trace_remove(vm, gfn(DATA >> 12), TRACE_CODE));
    shadow_trace_changed(vm, gfn(DATA >> 12));
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RW);
    shadow_trace_changed(vm, gfn(RAM >> 12)); /* outside: nothing */
    shadow_trace_changed(vm, gfn(UINT32_MAX));
}

static void table_writes(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    unsigned pages = fake.flushes_page, all = fake.flushes_all;
    guest_writes(PT + 4, (DATA + 0x5000) | U | AD); /* was not present: installed, no flush */
    assert_maps(0x401000, DATA + 0x5000, RW);
    assert_int_equal(fake.flushes_page, pages);
    guest_writes(PT, (DATA + 0x6000) | U | AD);
    assert_maps(0x400000, DATA + 0x6000, RW);
    assert_int_equal(fake.flushes_page, pages + 1);
    fault(0x400000, 0);
    guest_writes(PT, (DATA + 0x6000) | PTE_P | PTE_U | AD);
    assert_maps(0x400000, DATA + 0x6000, RO);
    guest_writes(PT, (DATA + 0x6000) | PTE_P | PTE_U | AD); /* the same again */
    assert_int_equal(fake.flushes_page, pages + 2);
    guest_writes(PT, (DATA + 0x6000) | PTE_P | PTE_U);
    assert_maps(0x400000, 0, 0); /* A must be set first */
    fault(0x400000, 0);
    guest_writes(PT, 0);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fake.flushes_all, all);
    assert_int_equal(vm->stats.n[STAT_SH_PTE_WRITES], 6);
}

static void byte_writes_within_an_entry(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    uint8_t low = (uint8_t)(peek(vm, PT) & ~PTE_W); /* as LOCK ANDB clears W */
    assert_true(vmem_write_physical(vm, gpa(PT), &low, 1));
    assert_maps(0x400000, DATA, RO);
    assert_true(traced(PT));
}

static void directory_writes(void **state)
{
    (void)state;
    poke(vm, PT2, (DATA + 0x9000) | U | AD);
    fault(0x400000, PF_W);
    unsigned all = fake.flushes_all;
    guest_writes(PD + 4, PT | U | PTE_A); /* nothing that matters */
    assert_maps(0x400000, DATA, RW);
    assert_int_equal(fake.flushes_all, all);
    guest_writes(PD + 4, PT2 | U | PTE_A);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fake.flushes_all, all + 1);
    assert_false(traced(PT)); /* nothing refers to it any more */
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_maps(0x400000, DATA + 0x9000, RW);
    guest_writes(PD + 4, PT2 | PTE_P | PTE_U | PTE_A); /* the directory entry's W counts */
    assert_int_equal(fault(0x400000, 0), SHADOW_FIXED);
    assert_maps(0x400000, DATA + 0x9000, RO);
    guest_writes(PD + 4, PT2 | PTE_P | PTE_U); /* and its A, which the CPU must set first */
    assert_int_equal(flags_at(0x400000), 0);
    fault(0x400000, 0);
    assert_int_equal(peek(vm, PD + 4) & PTE_A, PTE_A);
    guest_writes(PD + 4, PT2 | PTE_P | PTE_W); /* and U */
    assert_int_equal(flags_at(0x400000), 0);
    fault(0x400000, 0);
    assert_maps(0x400000, DATA + 0x9000, SH_PRESENT | SH_WRITE);
}

static void one_table_at_two_places(void **state)
{
    (void)state;
    poke(vm, PD + 8, PT | U);
    poke(vm, PD + 12, PT | PTE_P | PTE_U);
    fault(0x400000, PF_W);
    fault(0x800000, PF_W);
    fault(0xc00000, 0);
    assert_maps(0x800000, DATA, RW);
    assert_maps(0xc00000, DATA, RO);
    assert_int_equal(fake.tables_live, 2); /* one per set of rights */
    for (uint32_t a = 0x400000; a <= 0xc00000; a += 0x400000)
        fake_tlb_fill(gva(a));
    guest_writes(PT, 0);
    for (uint32_t a = 0x400000; a <= 0xc00000; a += 0x400000) {
        unsigned cached;
        assert_int_equal(flags_at(a), 0);
        fake_tlb(gva(a), &cached);
        assert_int_equal(cached, 0);
    }
    guest_writes(PD + 4, 0);
    assert_true(traced(PT));
    guest_writes(PD + 12, 0);
    assert_true(traced(PT));
    guest_writes(PD + 8, 0);
    assert_false(traced(PT));
    assert_int_equal(fake.tables_live, 0);
}

static void spaces_share_tables(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    hspace_t first = fake.current;
    v->cr3 = PD2;
    vmem_flush(v, false);
    assert_int_not_equal(fake.current.id, first.id);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fault(0x401000, 0), SHADOW_FIXED);
    assert_maps(0x400000, DATA, RW); /* came with the table */
    assert_int_equal(fake.tables_live, 1);
    v->cr3 = PD;
    unsigned pages = fake.flushes_page;
    guest_writes(PT + 4, 0);
    assert_int_equal(fake.flushes_page, pages + 1); /* only where it runs now */
    vmem_flush(v, false);
    assert_int_equal(fake.current.id, first.id);
    assert_int_equal(flags_at(0x401000), 0);
    assert_int_equal(vm->stats.n[STAT_SH_SWITCHES], 3);
    assert_int_equal(vm->stats.n[STAT_SH_SWITCH_HITS], 1);
}

static void writes_to_a_sleeping_space(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    v->cr3 = PD2;
    vmem_flush(v, false);
    unsigned flushes = fake.flushes_page + fake.flushes_all;
    guest_writes(PD + 4, 0);
    assert_int_equal(fake.flushes_page + fake.flushes_all, flushes);
    v->cr3 = PD;
    vmem_flush(v, false);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(reflected(0x400000, 0), 0);
}

static void large_pages(void **state)
{
    (void)state;
    poke(vm, PD + 8, 0x400000 | U | PTE_PS | PTE_A);
    assert_int_equal(fault(0x801000, 0), SHADOW_FIXED);
    assert_maps(0x801000, 0x401000, RO);
    assert_maps(0x800000, 0x400000, RO);
    assert_int_equal(fault(0x801000, PF_W), SHADOW_FIXED);
    assert_maps(0x801000, 0x401000, RW);
    assert_int_equal(peek(vm, PD + 8) & AD, AD);
    assert_int_equal(fault(0xbff000, PF_W), SHADOW_FIXED); /* the second 2 MiB */
    assert_maps(0xbff000, 0x7ff000, RW);
    guest_writes(PD + 8, 0x800000 | U | PTE_PS | AD);
    assert_int_equal(flags_at(0x801000) | flags_at(0xbff000), 0);
    fault(0x801000, 0);
    assert_maps(0x801000, 0x801000, RW);
    guest_writes(PD + 8, 0x800000 | U | PTE_PS | AD | 1u << 13);
    assert_int_equal(reflected(0x801000, 0), PF_P | PF_RSVD);
    assert_int_equal(flags_at(0x801000), 0);
}

/* The same address bits and rights, once as a page table and once as a large page. */
static void table_or_large_page(void **state)
{
    (void)state;
    const uint32_t both = 0x400000;
    poke(vm, both, DATA | U | AD);
    poke(vm, PD + 8, both | U | PTE_A);
    fault(0x800000, 0);
    assert_maps(0x800000, DATA, RW);
    guest_writes(PD + 8, both | U | PTE_A | PTE_PS);
    assert_int_equal(flags_at(0x800000), 0);
    fault(0x800000, 0);
    assert_maps(0x800000, both, RO);
    guest_writes(PD + 8, both | U | PTE_A);
    assert_int_equal(flags_at(0x800000), 0);
    fault(0x800000, 0);
    assert_maps(0x800000, DATA, RW);
}

/* A traced frame inside a large page is the only one that is closed. */
static void tables_inside_a_large_page(void **state)
{
    (void)state;
    poke(vm, PD + 8, 0 | U | PTE_PS | AD);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, 0, RW);
    assert_maps(0x800000 + PD, PD, RO);
    assert_maps(0x800000 + PT, PT, RW);
    fault(0x400000, 0);
    assert_maps(0x800000 + PT, PT, RO);
    assert_int_equal(fault(0x800000 + PT, PF_W), SHADOW_TRACE);
    guest_writes(PD + 4, 0);
    assert_int_equal(fault(0x800000 + PT, PF_W), SHADOW_FIXED);
    assert_maps(0x800000 + PT, PT, RW);
    assert_int_equal(fault(0x800000 + RAM - 0x800000, 0), SHADOW_REFLECT);
}

static void modes_have_their_own_spaces(void **state)
{
    (void)state;
    poke(vm, PD + 8, PT2 | PTE_P | PTE_PS | AD); /* a table, or a large page with bad bits */
    poke(vm, PT2, DATA | PTE_P | AD);
    assert_int_equal(reflected(0x800000, 0), PF_P | PF_RSVD);
    v->cr4 &= ~(uint32_t)CR4_PSE;
    vmem_flush(v, true);
    assert_int_equal(fault(0x800000, 0), SHADOW_FIXED);
    assert_maps(0x800000, DATA, SH_PRESENT);
    assert_int_equal(reflected(0x800000, PF_W), PF_P | PF_W);
    v->cr0 &= ~(uint32_t)CR0_WP;
    vmem_flush(v, true);
    assert_int_equal(flags_at(0x800000), 0);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, DATA, SH_PRESENT | SH_WRITE);
    v->cr4 |= CR4_PSE;
    vmem_flush(v, true);
    assert_int_equal(flags_at(0x800000), 0);
    v->cr0 &= ~(uint32_t)CR0_PG;
    vmem_flush(v, true);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_maps(0x800000, 0x800000, RW);
}

/* With WP clear the supervisor may write where the user may only read; no shadow entry can
 * say that, so the write is left to the interpreter. */
static void write_protect_off(void **state)
{
    (void)state;
    v->cr0 &= ~(uint32_t)CR0_WP;
    vmem_flush(v, true);
    poke(vm, PT, DATA | PTE_P | PTE_U | AD);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_TRACE);
    assert_maps(0x400000, DATA, RO);
    assert_int_equal(fault(0x400000, PF_U), SHADOW_FIXED);
    assert_int_equal(reflected(0x400000, PF_U | PF_W), PF_P | PF_U | PF_W);
}

/* The directory's last entry leads to itself: all tables show at 0xffc00000. */
static void self_map(void **state)
{
    (void)state;
    poke(vm, PD + 0xffc, PD | PTE_P | PTE_W);
    fault(0x400000, PF_W);
    assert_int_equal(fault(0xfffff000, 0), SHADOW_FIXED);
    assert_maps(0xfffff000, PD, SH_PRESENT);
    assert_int_equal(fault(0xffc01000, PF_W), SHADOW_TRACE);
    assert_maps(0xffc01000, PT, SH_PRESENT);
    /* Writing entry 2 as a directory entry also changes what 0xffc02000 shows. */
    poke(vm, PT2, DATA | U | AD);
    guest_writes(PD + 8, PT2 | U | AD);
    assert_maps(0xffc02000, PT2, SH_PRESENT | SH_WRITE);
    assert_int_equal(fault(0x800000, 0), SHADOW_FIXED);
    assert_maps(0xffc02000, PT2, SH_PRESENT);
    guest_writes(PD + 8, 0);
    assert_int_equal(flags_at(0x800000) | flags_at(0xffc02000), 0);
    guest_writes(PD + 0xffc, 0);
    assert_int_equal(flags_at(0xfffff000) | flags_at(0xffc01000), 0);
    assert_maps(0x400000, DATA, RW);
    assert_true(traced(PD));
}

static void data_like_writes_untrace(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    fake_tlb_fill(gva(0x400000));
    assert_true(vmem_write_physical(vm, gpa(PT + 0x802), "abcd", 4)); /* parts of two entries */
    assert_false(traced(PT));
    assert_int_equal(flags_at(0x400000), 0);
    unsigned cached;
    fake_tlb(gva(0x400000), &cached);
    assert_int_equal(cached, 0);
    assert_true(traced(PD));
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED); /* and back */
    assert_true(traced(PT));
    assert_true(vmem_write_physical(vm, gpa(PT + 0x800), "abcdefgh", 8)); /* two whole entries */
    assert_true(traced(PT));
}

static void unused_writes_untrace(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    for (uint32_t i = 0; i < 3; i++)
        guest_writes(PT + 0x800 + i * 4, 0);
    assert_true(traced(PT));
    assert_int_equal(fault(0x400000, 0), SHADOW_FIXED);
    for (uint32_t i = 0; i < 3; i++)
        guest_writes(PT + 0x800 + i * 4, 0);
    reflected(0x4ff000, PF_W); /* a fault of the guest's own is a use as well */
    for (uint32_t i = 0; i < 3; i++)
        guest_writes(PT + 0x800 + i * 4, 0);
    assert_true(traced(PT));
    assert_int_equal(flags_at(0x400000), RW);
    guest_writes(PT + 0x800, 0);
    assert_false(traced(PT));
    assert_int_equal(flags_at(0x400000), 0);
    assert_true(traced(PD));
}

static void unused_directories_untrace(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    v->cr3 = PD2;
    vmem_flush(v, false);
    assert_int_equal(fake.spaces_live, 2);
    for (uint32_t i = 0; i < 17; i++)
        guest_writes(PD + 0x800 + i * 4, 0);
    assert_false(traced(PD) || traced(PT));
    assert_int_equal(fake.spaces_live, 1);
    fault(0x400000, PF_W);
    for (uint32_t i = 0; i < 17; i++)
        guest_writes(PD2 + 0x800 + i * 4, 0); /* the one in use: emptied, but there */
    assert_false(traced(PD2) || traced(PT));
    assert_int_equal(fake.spaces_live, 1);
    assert_int_equal(flags_at(0x400000), 0);
    poke(vm, PD2 + 4, 0); /* untraced: nobody needs to hear */
    assert_int_equal(reflected(0x400000, 0), 0);
    poke(vm, PD2 + 4, PT | U);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_true(traced(PD2) && traced(PT));
}

static void whole_page_writes(void **state)
{
    (void)state;
    static uint8_t zero[PAGE_SIZE];
    fault(0x400000, PF_W);
    fault(0x402000, PF_W);
    assert_true(vmem_write_physical(vm, gpa(PT), zero, sizeof zero));
    assert_int_equal(flags_at(0x400000) | flags_at(0x402000), 0);
    assert_true(vmem_write_physical(vm, gpa(PD), zero, sizeof zero));
    assert_int_equal(reflected(0x400000, 0), 0);
    assert_false(traced(PT));
}

static void invlpg(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    unsigned pages = fake.flushes_page;
    shadow_invlpg(v, gva(0x400123));
    assert_int_equal(fake.flushes_page, pages + 1);
    assert_maps(0x400000, DATA, RW);
    shadow_invlpg(v, gva(0x12345678));
    assert_int_equal(vm->stats.n[STAT_SH_INVLPG], 2);
}

static void many_spaces(void **state)
{
    (void)state;
    const uint32_t pds = 0x200000; /* 100 directories from here on */
    for (uint32_t i = 0; i < 100; i++) {
        poke(vm, pds + i * PAGE_SIZE + 4, PT | U);
        v->cr3 = pds + i * PAGE_SIZE;
        vmem_flush(v, false);
        assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
        v->cr3 = PD; /* never the oldest */
        vmem_flush(v, false);
    }
    assert_int_equal(fake.spaces_live, SHADOW_SPACES);
    assert_false(traced(pds));
    assert_true(traced(pds + 99 * PAGE_SIZE));
    assert_int_equal(vm->stats.n[STAT_SH_SWITCH_HITS], 100);
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 0);
    guest_writes(PT, 0);
    v->cr3 = pds + 99 * PAGE_SIZE;
    vmem_flush(v, false);
    assert_int_equal(flags_at(0x400000), 0);
}

/* More tables than there are records. */
static void many_tables(void **state)
{
    (void)state;
    const uint32_t pts = 0x200000;
    for (uint32_t i = 0; i < 1024; i++) {
        poke(vm, PD + i * 4, (pts + i * PAGE_SIZE) | U);
        poke(vm, pts + i * PAGE_SIZE, DATA | U | AD);
        poke(vm, pts + i * PAGE_SIZE + 2048, DATA | U | AD);
    }
    for (uint32_t slot = 0; slot < 2048; slot++) {
        assert_int_equal(fault(slot << 21, PF_W), SHADOW_FIXED);
        assert_int_equal(flags_at(slot << 21), RW);
    }
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 1);
    assert_in_range(fake.tables_live, 1, SHADOW_TABLES);
}

static void scenario(void)
{
    static const uint32_t at[] = {0x400000, 0x7ff000, 0x800000, 0xbff000};
    poke(vm, PT + 0xffc, DATA | U);
    poke(vm, PD + 8, 0x400000 | U | PTE_PS);
    for (unsigned round = 0; round < 3; round++) {
        v->cr3 = round & 1 ? PD2 : PD;
        poke(vm, PD2 + 8, 0x800000 | U | PTE_PS);
        vmem_flush(v, false);
        for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
            assert_int_equal(fault(at[i], PF_W), SHADOW_FIXED);
            assert_int_equal(flags_at(at[i]), RW);
        }
    }
}

static void every_failing_creation(void **state)
{
    for (int n = 0;; n++) {
        paged(state);
        fake.fail_tables_after = n;
        scenario();
        assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], fake.fail_tables_after < 0);
        assert_false(vm->ended);
        if (fake.fail_tables_after >= 0)
            break;
        assert_true(n < 100);
    }
}

static void every_amount_of_memory(void **state)
{
    (void)state;
    for (uint32_t frames = 2;; frames++) {
        vm = fake_vm(1u << 20);
        vm->pool = fake_host_reset(frames);
        if (shadow_create(vm))
            break;
        assert_null(vm->shadow);
        assert_true(frames < 1000);
    }
    assert_non_null(vm->shadow);
}

static void drain(void)
{
    while (pool_get(vm->pool).v)
        ;
}

/* The host has nothing left: what the shadow holds already serves again and again; with
 * nothing at all instructions are interpreted. The VM lives. */
static void no_frames_at_all(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    drain();
    poke(vm, PD + 8, 0x400000 | U | PTE_PS);
    assert_int_equal(fault(0x800000, PF_W), SHADOW_FIXED);
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 1);
    assert_int_equal(flags_at(0x400000), 0);
    assert_int_equal(fault(0x400000, PF_W), SHADOW_FIXED);
    assert_int_equal(vm->stats.n[STAT_SH_RECLAIMS], 2);
    guest_writes(PD + 4, 0); /* frees the last table */
    drain();
    assert_int_equal(fault(0x800000, PF_W), SHADOW_TRACE);
    assert_int_equal(fault(0x800000, 0), SHADOW_TRACE);
    assert_int_equal(flags_at(0x800000), 0);
    assert_false(vm->ended);
}

static void no_space_at_all(void **state)
{
    (void)state;
    fault(0x400000, PF_W);
    v->cr3 = PD2;
    while (fake.spaces_live < 255)
        host_space_create();
    vmem_flush(v, true);
    assert_true(vm->ended);
    assert_non_null(strstr(vm->reason, "no host memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(paging_off, setup),
        cmocka_unit_test_setup(first_use_without_a_switch, setup),
        cmocka_unit_test_setup(fills_on_demand, paged),
        cmocka_unit_test_setup(supervisor_pages, paged),
        cmocka_unit_test_setup(reflects, paged),
        cmocka_unit_test_setup(neighbours_are_filled, paged),
        cmocka_unit_test_setup(both_halves, paged),
        cmocka_unit_test_setup(mirrored_frames_are_traced, paged),
        cmocka_unit_test_setup(a_new_table_loses_write, paged),
        cmocka_unit_test_setup(other_clients_trace_too, paged),
        cmocka_unit_test_setup(table_writes, paged),
        cmocka_unit_test_setup(byte_writes_within_an_entry, paged),
        cmocka_unit_test_setup(directory_writes, paged),
        cmocka_unit_test_setup(one_table_at_two_places, paged),
        cmocka_unit_test_setup(spaces_share_tables, paged),
        cmocka_unit_test_setup(writes_to_a_sleeping_space, paged),
        cmocka_unit_test_setup(large_pages, paged),
        cmocka_unit_test_setup(table_or_large_page, paged),
        cmocka_unit_test_setup(tables_inside_a_large_page, paged),
        cmocka_unit_test_setup(modes_have_their_own_spaces, paged),
        cmocka_unit_test_setup(write_protect_off, paged),
        cmocka_unit_test_setup(self_map, paged),
        cmocka_unit_test_setup(data_like_writes_untrace, paged),
        cmocka_unit_test_setup(unused_writes_untrace, paged),
        cmocka_unit_test_setup(unused_directories_untrace, paged),
        cmocka_unit_test_setup(whole_page_writes, paged),
        cmocka_unit_test_setup(invlpg, paged),
        cmocka_unit_test_setup(many_spaces, paged),
        cmocka_unit_test_setup(many_tables, paged),
        cmocka_unit_test(every_failing_creation),
        cmocka_unit_test(every_amount_of_memory),
        cmocka_unit_test_setup(no_frames_at_all, paged),
        cmocka_unit_test_setup(no_space_at_all, paged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
