/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From the multiboot memory map to the frame pool: all RAM above 1 MiB that holds neither
 * the monitor, nor the boot information, nor the plan. Multiboot 0.6.96, 3.3.
 */
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pc/pc.h"
#include "monitor/pool.h"

#define MB_MODULES (1u << 3)
#define MB_MMAP (1u << 6)
#define MONITOR_PHYS 0x200000u
#define MAP_MAX 64
#define BOOT_MAPPED 0x100000000ull /* boot32.asm maps the first 4 GiB */

struct mb_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
    uint32_t syms[4], mmap_length, mmap_addr;
};

struct mb_module {
    uint32_t start, end, string, reserved;
};

struct mb_range {
    uint32_t size;
    uint64_t base, length;
    uint32_t type;
} __attribute__((packed));

struct range {
    uint64_t start, end;
};

extern uint8_t image_start[], image_end[];

static uint64_t ram_end;

uint64_t pc_ram_end(void)
{
    return ram_end;
}

static void pool_take(uint64_t start, uint64_t end)
{
    uint32_t first = (uint32_t)((start + PAGE_SIZE - 1) >> PAGE_SHIFT);
    uint32_t last = (uint32_t)(end >> PAGE_SHIFT);
    if (last <= first + 16)
        return;
    if (pc_cpu.pool)
        pool_add(pc_cpu.pool, hfn(first), last - first);
    else
        pc_cpu.pool = pool_create(hfn(first), last - first);
}

/* Gives [start, end) to the pool without what HELD (sorted by start) takes of it. */
static void pool_take_around(uint64_t start, uint64_t end, const struct range *held, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (held[i].end <= start || held[i].start >= end)
            continue;
        if (held[i].start > start)
            pool_take(start, held[i].start);
        start = held[i].end;
        if (start >= end)
            return;
    }
    pool_take(start, end);
}

static const struct plan *find_plan(const struct mb_info *info, struct range *held)
{
    if (!(info->flags & MB_MODULES) || info->mods_count == 0) {
        log_line("ring1: no boot plan: start me with `ring1 run KERNEL`, which makes one");
        return NULL;
    }
    const struct mb_module *m = pc_phys(info->mods_addr);
    const struct plan *p = pc_phys(m->start);
    uint32_t size = m->end - m->start;
    if (m->end < m->start || size < sizeof *p || p->magic != PLAN_MAGIC || p->total_size > size) {
        log_line("ring1: the first boot module is no boot plan");
        return NULL;
    }
    *held = (struct range){m->start, m->end};
    return p;
}

/* The firmware's map is copied first: it may lie in RAM that the pool hands out. */
static unsigned copy_map(const struct mb_info *info, struct range *out)
{
    unsigned n = 0;
    const uint8_t *p = pc_phys(info->mmap_addr), *end = p + info->mmap_length;
    while (p < end && n < MAP_MAX) {
        const struct mb_range *r = (const void *)p;
        if (r->type == 1 && r->base < BOOT_MAPPED)
            out[n++] = (struct range){r->base, r->base + r->length};
        p += r->size + 4;
    }
    return n;
}

const struct plan *pc_memory_init(uint32_t multiboot_info)
{
    static struct range map[MAP_MAX];
    const struct mb_info *info = pc_phys(multiboot_info);
    uint64_t image = (uint64_t)(image_end - image_start);
    struct range held[2] = {{0x100000, MONITOR_PHYS + image}};
    if (!(info->flags & MB_MMAP)) {
        log_line("ring1: the boot loader gave no memory map");
        return NULL;
    }
    const struct plan *plan = find_plan(info, &held[1]);
    if (!plan)
        return NULL;
    if (held[1].start < held[0].start) {
        struct range swap = held[0];
        held[0] = held[1];
        held[1] = swap;
    }
    unsigned n = copy_map(info, map);
    for (unsigned i = 0; i < n; i++) {
        uint64_t start = map[i].start < 0x100000 ? 0x100000 : map[i].start;
        uint64_t end = map[i].end > BOOT_MAPPED ? BOOT_MAPPED : map[i].end;
        if (end > ram_end)
            ram_end = end;
        if (start < end)
            pool_take_around(start, end, held, 2);
    }
    if (!pc_cpu.pool)
        log_line("ring1: no usable memory");
    return pc_cpu.pool ? plan : NULL;
}
