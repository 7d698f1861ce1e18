/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Windows: where they are, and what a fault in one of them means.
 *
 * They are holes in the process's addresses, not reservations: one mapping costs 2.7 us in a hole
 * and 3.9 us in a reserved area, where each is two mappings besides, so that Linux's limit of 65530
 * would allow half as many; nor do holes count against ulimit -v. A hole stays one because Linux
 * places what has no address of its own downwards from the stack and the program's image, which
 * are at least 40 TiB away.
 */
#include "monitor/process/window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/log.h"
#include "monitor/process/pane.h"
#include "monitor/process/record.h"
#include "monitor/process/room.h"
#include "monitor/process/sys.h"

#define FIRST_BASE    0x100000000000ull /* 16 TiB */
#define LAST_BASE     0x300000000000ull
#define BASE_STEP     0x010000000000ull
#define SMALL_PIECE   (1ull << 20)
#define LEAST_LIMIT   16u
#define PROBE         (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE)
#define PIECES_AT_MAP 2u /* the most by which one system call can raise the count */

struct records records;
struct host_counts window_counts;

void host_counts(struct host_counts *out)
{
    *out = window_counts;
}

/* ---- Making ----------------------------------------------------------------- */

/* Is nothing mapped there? Under ulimit -v a large area can only be tried in pieces. */
static bool is_hole(uint64_t address, uint64_t bytes)
{
    int64_t got = sys_mmap(address, bytes, PROT_NONE, PROBE, -1, 0);
    if (got == -ENOMEM && bytes > SMALL_PIECE)
        return is_hole(address, bytes / 2) && is_hole(address + bytes / 2, bytes - bytes / 2);
    if (got < 0)
        return false;
    sys_munmap((uint64_t)got, bytes);
    return (uint64_t)got == address;
}

/* Before the first window there is nothing either: its guard zone on that side. */
static uint64_t find_base(void)
{
    for (uint64_t base = FIRST_BASE; base < LAST_BASE; base += BASE_STEP) {
        if (is_hole(base - WINDOW_STRIDE, (MAX_SPACES + 1) * WINDOW_STRIDE))
            return base;
    }
    return 0;
}

static void *zeroed(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* All but a sixteenth of what Linux allows a process: the rest is for what is not in windows. */
static unsigned allowed_mappings(void)
{
    char text[16] = {0};
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, text, sizeof text - 1) < 0)
            text[0] = 0;
        close(fd);
    }
    long n = text[0] ? strtol(text, NULL, 10) : 65530;
    if (n > 1 << 24)
        n = 1 << 24;
    return n > 0 ? (unsigned)(n - n / 16) : 0;
}

const char *window_create(unsigned mappings)
{
    records.limit = mappings ? mappings : allowed_mappings();
    if (records.limit < LEAST_LIMIT)
        return "too few mappings for the guest's memory: raise vm.max_map_count";
    records.base = find_base();
    if (!records.base)
        return "no free addresses for the guest's windows: run without what reserves terabytes";
    records.table = zeroed(MAX_TABLES * sizeof *records.table);
    records.space = zeroed(MAX_SPACES * sizeof *records.space);
    records.window = zeroed(MAX_SPACES * sizeof *records.window);
    if (!records.table || !records.space || !records.window)
        return "no memory for the records of windows: raise the limit ulimit -v shows, or free "
               "some memory";
    return NULL;
}

uint64_t window_kernel(void)
{
    return records.base;
}

uint64_t window_user(void)
{
    return records.current ? records.base + records.current * WINDOW_STRIDE : 0;
}

/* ---- Faults ----------------------------------------------------------------- */

static void map(uint32_t w, unsigned slot, unsigned i)
{
    int error;
    do {
        room_for(PIECES_AT_MAP);
        error = pane_map(w, slot, i);
    } while (error == -ENOMEM && room_give_up());
    if (error)
        panic("the host refuses to map guest memory: error %d", -error);
}

enum window_answer window_fault(uint64_t address, bool write, uint32_t *linear)
{
    uint64_t offset = address - records.base, w = offset / WINDOW_STRIDE;
    if (address < records.base || (w && w != records.current) ||
        offset % WINDOW_STRIDE >= WINDOW_SIZE)
        return WINDOW_OUTSIDE;
    *linear = (uint32_t)offset;
    unsigned slot = *linear >> SLOT_SHIFT, i = *linear >> PAGE_SHIFT & (HOST_TABLE_ENTRIES - 1);
    uint32_t e = slot_entry(records.space[records.current].slot[slot], i);
    if (!(e & SH_PRESENT) || (write && !(e & SH_WRITE)))
        return WINDOW_REFUSED;
    if (!entry_belongs(e, (uint32_t)w))
        return WINDOW_OTHER;
    map((uint32_t)w, slot, i);
    return WINDOW_MAPPED;
}
