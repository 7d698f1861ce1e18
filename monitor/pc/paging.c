/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The monitor's own page tables, and shadow tables as hardware pages. A space is a PML4
 * whose slot 0 leads to four page directories (the guest's 4 GiB) and whose upper slots
 * are the monitor's, shared by all. Entries are made with A and D set, so that the CPU
 * never writes them. SDM 3A 4.5.
 */
#include "monitor/layout.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"
#include "monitor/pool.h"
#include "monitor/x86.h"

#define AD           (PTE_A | PTE_D)
#define TABLE        (PTE_P | PTE_W | PTE_U | PTE_A)
#define MONITOR_PHYS 0x200000u
#define CPUID7_SMEP  (1u << 7)
#define TC_SIZE      (12u << 20)
#define TC_DATA      (2u << 20)
#define FPU_SIZE     (16u << 10)
#define STACK_SIZE   (16u << 10)

extern uint8_t image_start[], image_rodata[], image_data[], image_end[];

static struct host_tc tc;
static struct pc_code_area fpu_area;

static uint64_t *page_of(uint64_t entry)
{
    return pc_phys(entry & 0x000ffffffffff000ull);
}

/* The table that entry INDEX of TABLE leads to, made on first use. */
static uint64_t *descend(uint64_t *table, unsigned index)
{
    if (!table[index]) {
        hfn_t f = pool_get(pc_cpu.pool);
        if (!f.v)
            panic("no memory for the monitor's page tables");
        table[index] = (uint64_t)f.v << PAGE_SHIFT | TABLE;
    }
    return page_of(table[index]);
}

static uint64_t *entry_4k(uint64_t *root, uint64_t linear)
{
    uint64_t *t = descend(root, linear >> 39 & 511);
    t = descend(t, linear >> 30 & 511);
    t = descend(t, linear >> 21 & 511);
    return &t[linear >> 12 & 511];
}

static void map_range(uint64_t *root, const uint8_t *start, const uint8_t *end, uint64_t flags)
{
    for (uint64_t a = (uint64_t)start; a < (uint64_t)end; a += PAGE_SIZE)
        *entry_4k(root, a) = (a - MONITOR_BASE + MONITOR_PHYS) | PTE_P | AD | PTE_G | flags;
}

static void map_direct(uint64_t *root, uint64_t end)
{
    uint64_t *pdpt = descend(root, DIRECT_MAP >> 39 & 511);
    for (uint64_t a = 0; a < end; a += 2 << 20) {
        uint64_t *pd = descend(pdpt, (unsigned)(a >> 30));
        pd[a >> 21 & 511] = a | PTE_P | PTE_W | PTE_PS | AD | PTE_G | PTE_NX;
    }
}

static void map_tc_stack(uint64_t *root)
{
    for (uint32_t off = 0; off < STACK_SIZE; off += PAGE_SIZE) {
        hfn_t f = pool_get(pc_cpu.pool);
        if (!f.v)
            panic("no memory for the stack of translated code");
        *entry_4k(root, TC_STACK + off) =
            (uint64_t)f.v << PAGE_SHIFT | PTE_P | PTE_W | AD | PTE_G | PTE_NX;
    }
}

/* QEMU's emulator translates code that was written anew, at some microseconds a block. It says who
 * it is by CPUID leaf 40000000h, EBX, ECX, EDX. */
static bool on_tcg(void)
{
    uint32_t regs[4];
    host_cpuid(0x40000000, 0, regs);
    return regs[1] == 0x54474354 && regs[2] == 0x43544743 && regs[3] == 0x47435447; /* TCGTCG... */
}

/* Code and data of the translation cache, then the FPU stubs: in a row, read-only here. */
static void map_tc(uint64_t *root)
{
    const uint32_t size = TC_SIZE + TC_DATA + FPU_SIZE;
    hfn_t first = pool_get_run(pc_cpu.pool, size / PAGE_SIZE);
    if (!first.v)
        panic("no memory for the translation cache");
    for (uint32_t off = 0; off < size; off += PAGE_SIZE) {
        bool data = off >= TC_SIZE && off < TC_SIZE + TC_DATA;
        uint64_t physical = ((uint64_t)first.v << PAGE_SHIFT) + off;
        *entry_4k(root, TC_EXEC + off) = physical | PTE_P | AD | PTE_G | (data ? PTE_NX : 0);
    }
    uint8_t *write = host_frame_ptr(first);
    tc = (struct host_tc){
        .write = write,
        .exec = TC_EXEC,
        .size = TC_SIZE,
        .data_size = TC_DATA,
        .stack = (uint64_t *)TC_STACK,
        .stack_words = STACK_SIZE / sizeof(uint64_t),
        .user_return = (uint64_t)gate_return,
        .gate_kind = GATE_FAR,
        .gate = SEL_TC_GATES,
        .gate_spacing = GATE_SPACING,
        .patching = !on_tcg(),
    };
    log_line("ring1: links between translated blocks are %s", tc.patching ? "code" : "data");
    fpu_area =
        (struct pc_code_area){write + TC_SIZE + TC_DATA, TC_EXEC + TC_SIZE + TC_DATA, FPU_SIZE};
}

struct pc_code_area pc_fpu_area(void)
{
    return fpu_area;
}

void pc_paging_init(uint64_t end)
{
    uint32_t regs[4];
    pc_cpu.root = pool_get(pc_cpu.pool);
    uint64_t *root = host_frame_ptr(pc_cpu.root);
    map_range(root, image_start, image_rodata, 0);
    map_range(root, image_rodata, image_data, PTE_NX);
    map_range(root, image_data, image_end, PTE_W | PTE_NX);
    map_direct(root, end);
    map_tc(root);
    map_tc_stack(root);
    write_cr3((uint64_t)pc_cpu.root.v << PAGE_SHIFT);
    uint64_t cr4 = read_cr4() | CR4_PGE;
    host_cpuid(0, 0, regs);
    if (regs[0] >= 7) {
        host_cpuid(7, 0, regs);
        if (regs[1] & CPUID7_SMEP)
            cr4 |= CR4_SMEP;
    }
    write_cr4(cr4);
}

void host_tc_area(struct host_tc *out)
{
    *out = tc;
}

void *host_frame_ptr(hfn_t f)
{
    return pc_phys((uint64_t)f.v << PAGE_SHIFT);
}

htable_t host_table_create(void)
{
    return (htable_t){pool_get(pc_cpu.pool).v};
}

void host_table_free(htable_t t)
{
    pool_put(pc_cpu.pool, hfn(t.id));
}

static uint64_t hardware_flags(unsigned flags)
{
    if (!(flags & SH_PRESENT))
        return 0;
    return PTE_P | AD | (flags & SH_WRITE ? (uint64_t)PTE_W : 0) |
           (flags & SH_USER ? (uint64_t)PTE_U : 0) | (flags & SH_EXEC ? 0 : PTE_NX);
}

bool host_table_set(htable_t t, unsigned index, hfn_t frame, unsigned flags)
{
    uint64_t *e = (uint64_t *)host_frame_ptr(hfn(t.id)) + index;
    bool was = *e & PTE_P;
    *e = flags ? (uint64_t)frame.v << PAGE_SHIFT | hardware_flags(flags) : 0;
    return was;
}

static void space_free_partial(uint64_t *root, uint64_t *pdpt, hspace_t s)
{
    for (unsigned i = 0; pdpt && i < 4 && pdpt[i]; i++)
        pool_put(pc_cpu.pool, hfn((uint32_t)(pdpt[i] >> PAGE_SHIFT)));
    if (root[0])
        pool_put(pc_cpu.pool, hfn((uint32_t)(root[0] >> PAGE_SHIFT)));
    pool_put(pc_cpu.pool, hfn(s.id));
}

hspace_t host_space_create(void)
{
    hspace_t s = {pool_get(pc_cpu.pool).v};
    if (!s.id)
        return s;
    uint64_t *root = host_frame_ptr(hfn(s.id)), *pdpt = NULL;
    memcpy(root + 256, (uint64_t *)host_frame_ptr(pc_cpu.root) + 256, 256 * sizeof *root);
    for (int i = -1; i < 4; i++) {
        hfn_t f = pool_get(pc_cpu.pool);
        if (!f.v) {
            space_free_partial(root, pdpt, s);
            return (hspace_t){0};
        }
        uint64_t entry = (uint64_t)f.v << PAGE_SHIFT | TABLE;
        if (i < 0) {
            root[0] = entry;
            pdpt = host_frame_ptr(f);
        } else {
            pdpt[i] = entry;
        }
    }
    return s;
}

/* The directory entry of SLOT. */
static uint64_t *slot_entry(hspace_t s, unsigned slot)
{
    uint64_t *root = host_frame_ptr(hfn(s.id));
    uint64_t *pdpt = page_of(root[0]);
    return page_of(pdpt[slot / 512]) + slot % 512;
}

void host_space_free(hspace_t s)
{
    if (pc_cpu.space.id == s.id) {
        write_cr3((uint64_t)pc_cpu.root.v << PAGE_SHIFT);
        pc_cpu.space.id = 0;
    }
    uint64_t *root = host_frame_ptr(hfn(s.id));
    space_free_partial(root, page_of(root[0]), s);
}

void host_space_attach(hspace_t s, unsigned slot, htable_t t)
{
    *slot_entry(s, slot) = (uint64_t)t.id << PAGE_SHIFT | TABLE;
}

void host_space_attach_large(hspace_t s, unsigned slot, hfn_t first, unsigned flags)
{
    *slot_entry(s, slot) = (uint64_t)first.v << PAGE_SHIFT | hardware_flags(flags) | PTE_PS;
}

void host_space_detach(hspace_t s, unsigned slot)
{
    *slot_entry(s, slot) = 0;
}

void host_space_use(hspace_t s)
{
    pc_cpu.space = s;
    write_cr3((uint64_t)s.id << PAGE_SHIFT);
}

void host_flush_page(gva_t page)
{
    invlpg(page.v);
}

void host_flush_all(void)
{
    write_cr3(read_cr3());
}

void host_counts(struct host_counts *out)
{
    *out = (struct host_counts){0};
}
