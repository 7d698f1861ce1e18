/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From the multiboot memory map to the frame pool: all RAM up to 4 GiB but what lies below the
 * monitor's end, what the map calls anything but RAM, and the plan. All that the boot loader wrote
 * is read before the pool is made, which may hand it out. Multiboot 0.6.96, 3.3.
 */
#include "monitor/host_io.h"
#include "monitor/log.h"
#include "monitor/pc/pc.h"
#include "monitor/pc/ranges.h"
#include "monitor/pool.h"

#define MB_MODULES   (1u << 3)
#define MB_MMAP      (1u << 6)
#define MONITOR_PHYS 0x200000u
#define MAP_MAX      128
#define PIECE_MIN    16u            /* pages; smaller pieces are not worth a range of the pool */
#define BOOT_MAPPED  0x100000000ull /* boot32.asm maps the first 4 GiB */

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

extern uint8_t image_start[], image_end[];

static uint64_t ram_end;

/* The firmware's map in the order of the two lists that range_subtract wants. */
struct map {
    struct range usable[MAP_MAX], held[MAP_MAX];
    unsigned nusable, nheld;
};

uint64_t pc_ram_end(void)
{
    return ram_end;
}

static void pool_take(uint64_t start, uint64_t end)
{
    uint32_t first = (uint32_t)((start + PAGE_SIZE - 1) >> PAGE_SHIFT);
    uint32_t last = (uint32_t)(end >> PAGE_SHIFT);
    if (last <= first + PIECE_MIN)
        return;
    ram_end = end;
    if (pc_cpu.pool)
        pool_add(pc_cpu.pool, hfn(first), last - first);
    else
        pc_cpu.pool = pool_create(hfn(first), last - first, false);
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

/* False: no room. An overlooked usable range is a loss, an overlooked held one a danger. */
static bool note(struct map *map, struct range r, bool usable)
{
    if (usable && map->nusable < MAP_MAX)
        map->usable[map->nusable++] = r;
    else if (!usable && map->nheld < MAP_MAX)
        map->held[map->nheld++] = r;
    else
        return usable;
    return true;
}

/* The firmware's map is copied first: it may lie in RAM that the pool hands out. An entry's size
 * does not count its own field; one that is too small ends the map. */
static bool copy_map(const struct mb_info *info, struct map *map)
{
    uint64_t at = 0;
    while (at + sizeof(struct mb_range) <= info->mmap_length) {
        const struct mb_range *r = pc_phys(info->mmap_addr + at);
        if (r->size < sizeof *r - sizeof r->size)
            break;
        if (r->base < BOOT_MAPPED && !note(map, range_make(r->base, r->length), r->type == 1)) {
            log_line("ring1: the firmware's memory map has too many entries");
            return false;
        }
        at += (uint64_t)r->size + sizeof r->size;
    }
    return true;
}

static void fill_pool(struct map *map)
{
    static struct range piece[2 * MAP_MAX];
    unsigned n =
        range_subtract(map->usable, map->nusable, map->held, map->nheld, piece, 2 * MAP_MAX);
    for (unsigned i = 0; i < n; i++)
        pool_take(piece[i].start, piece[i].end);
}

/* Below 1 MiB is the firmware's, above 4 GiB nothing is mapped yet, and the plan need not lie in
 * what the map calls RAM. */
const struct plan *pc_memory_init(uint32_t multiboot_info)
{
    static struct map map;
    struct range module;
    const struct mb_info *info = pc_phys(multiboot_info);
    if (!(info->flags & MB_MMAP)) {
        log_line("ring1: the boot loader gave no memory map");
        return NULL;
    }
    const struct plan *plan = find_plan(info, &module);
    if (!plan)
        return NULL;
    note(&map, range_make(0, MONITOR_PHYS + (uint64_t)(image_end - image_start)), false);
    note(&map, (struct range){BOOT_MAPPED, UINT64_MAX}, false);
    note(&map, module, false);
    if (!copy_map(info, &map))
        return NULL;
    fill_pool(&map);
    if (ram_end < module.end)
        ram_end = module.end;
    if (!pc_cpu.pool)
        log_line("ring1: no usable memory");
    return pc_cpu.pool ? plan : NULL;
}

/* The guest has this memory to itself: nobody else would use it. */
void host_frames_forget(hfn_t first, uint32_t count)
{
    (void)first, (void)count;
}
