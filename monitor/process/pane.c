/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Mappings, made and taken away. Linux merges neighbours of equal protection whose file offsets
 * follow one another, and the books count as it does, so that its limit on mappings is known
 * without asking. Panes that show the same table are in a list, so that a change of an entry finds
 * all of its mappings.
 */
#define _GNU_SOURCE
#include "monitor/process/pane.h"

#include <sys/mman.h>

#include "monitor/log.h"
#include "monitor/process/frames.h"
#include "monitor/process/sys.h"
#include "monitor/process/window.h"

/* Mappings made at one fault. Each further one costs 0.6 us, and saves more than 2 us if it is
 * used: pages read in turn come at 4.3, 2.7, 2.5 and 2.4 us each with 1, 2, 4 and 8. */
#define MAPS_AT_ONCE 4u
/* All of them lie in an aligned group of so many pages, as shadow paging fills its tables. */
#define GROUP 16u

/* Pages FIRST to END - 1 of a slot. */
struct run {
    unsigned first, end;
};

static uint64_t address_of(uint32_t w, unsigned slot, unsigned i)
{
    return records.base + w * WINDOW_STRIDE + ((uint64_t)slot << SLOT_SHIFT) + i * PAGE_SIZE;
}

static bool bit(const uint64_t *bits, unsigned i)
{
    return bits[i / 64] >> i % 64 & 1;
}

static void set_bits(uint64_t *bits, struct run r, bool on)
{
    for (unsigned i = r.first / 64; i * 64 < r.end; i++) {
        uint64_t these = ~0ull;
        if (i == r.first / 64)
            these &= ~0ull << r.first % 64;
        if (r.end - i * 64 < 64)
            these &= (1ull << r.end % 64) - 1;
        bits[i] = on ? bits[i] | these : bits[i] & ~these;
    }
}

/* The first bit from FROM on that is set among COUNT; COUNT if there is none. */
static unsigned next_bit(const uint64_t *bits, unsigned from, unsigned count)
{
    while (from < count) {
        uint64_t left = bits[from / 64] >> from % 64;
        if (left)
            return from + (unsigned)__builtin_ctzll(left);
        from = (from / 64 + 1) * 64;
    }
    return count;
}

/* ---- Counting --------------------------------------------------------------- */

/* Does Linux see pages I - 1 and I, both mapped, as one mapping? */
static bool joined(const struct pane *p, uint32_t shows, unsigned i)
{
    uint32_t a = slot_entry(shows, i - 1), b = slot_entry(shows, i);
    return bit(p->writable, i - 1) == bit(p->writable, i) &&
           (a >> ENTRY_FRAME_SHIFT) + 1 == b >> ENTRY_FRAME_SHIFT;
}

/* Does a mapping begin at page I? */
static bool begins(const struct pane *p, uint32_t shows, unsigned i)
{
    if (i == HOST_TABLE_ENTRIES || !bit(p->mapped, i))
        return false;
    return !i || !bit(p->mapped, i - 1) || !joined(p, shows, i);
}

static void count(struct window *w, struct pane *p, unsigned more, unsigned fewer)
{
    p->pieces += more - fewer;
    w->pieces += more - fewer;
    records.pieces += more - fewer;
}

/* The pages of R, which would be one mapping, are mapped so from now on. Only mappings that began
 * in R or just behind it can become more or fewer. */
static void note(uint32_t w, unsigned slot, struct run r, bool mapped, bool writable)
{
    struct window *win = &records.window[w];
    struct pane *p = &win->pane[slot];
    uint32_t shows = win->shows[slot];
    unsigned before = 0;
    for (unsigned i = r.first; i <= r.end; i++) {
        i = next_bit(p->mapped, i, HOST_TABLE_ENTRIES);
        before += i <= r.end && begins(p, shows, i);
    }
    set_bits(p->mapped, r, mapped);
    set_bits(p->writable, r, writable);
    count(win, p, (unsigned)begins(p, shows, r.first) + begins(p, shows, r.end), before);
}

/* ---- What a pane shows ------------------------------------------------------ */

static struct pane *pane_at(uint32_t number)
{
    return &records.window[(number - 1) / HOST_SPACE_SLOTS].pane[(number - 1) % HOST_SPACE_SLOTS];
}

static void show(uint32_t w, unsigned slot, uint32_t content)
{
    struct window *win = &records.window[w];
    struct table *t = slot_table(content);
    if (win->shows[slot])
        return;
    win->shows[slot] = content;
    win->touched[slot / 64] |= 1ull << slot % 64;
    records.kernel_changes += w == 0;
    if (!t)
        return;
    uint32_t number = w * HOST_SPACE_SLOTS + slot + 1;
    win->pane[slot].next = t->panes;
    if (t->panes)
        pane_at(t->panes)->prev = number;
    t->panes = number;
}

static void unlist(struct table *t, const struct pane *p)
{
    if (p->prev)
        pane_at(p->prev)->next = p->next;
    else
        t->panes = p->next;
    if (p->next)
        pane_at(p->next)->prev = p->prev;
}

/* In the books only. */
static void forget(struct window *w, unsigned slot)
{
    struct pane *p = &w->pane[slot];
    struct table *t = slot_table(w->shows[slot]);
    if (t)
        unlist(t, p);
    count(w, p, 0, p->pieces);
    *p = (struct pane){0};
    w->shows[slot] = 0;
    w->touched[slot / 64] &= ~(1ull << slot % 64);
}

unsigned pane_next(const struct window *w, unsigned from)
{
    return next_bit(w->touched, from, HOST_SPACE_SLOTS);
}

/* ---- Mapping ---------------------------------------------------------------- */

/* Is page I unmapped and its entry the one that a run needs there? */
static bool continues(const struct pane *p, uint32_t shows, unsigned i, uint32_t expected)
{
    const uint32_t matter = ~(uint32_t)SH_EXEC;
    return !bit(p->mapped, i) && (slot_entry(shows, i) & matter) == (expected & matter);
}

/* The pages around I that one call maps: of a large page all, else those that follow one another
 * and are not mapped now (but I, perhaps). */
static struct run run_around(const struct pane *p, uint32_t shows, unsigned i)
{
    const uint32_t step = 1u << ENTRY_FRAME_SHIFT;
    struct run r = {i, i + 1};
    if (shows & SH_PRESENT)
        return (struct run){0, HOST_TABLE_ENTRIES};
    uint32_t e = slot_entry(shows, i);
    while (r.first && continues(p, shows, r.first - 1, e - step * (i - r.first + 1)))
        r.first--;
    while (r.end < HOST_TABLE_ENTRIES && continues(p, shows, r.end, e + step * (r.end - i)))
        r.end++;
    return r;
}

/* A short run that is NEEDED is filled at once, which saves the fault that would come next. */
static int map_run(uint32_t w, unsigned slot, struct run r, bool needed)
{
    uint32_t e = slot_entry(records.window[w].shows[slot], r.first);
    bool write = e & SH_WRITE, fill = needed && r.end - r.first <= GROUP;
    int64_t got = sys_mmap(address_of(w, slot, r.first), (r.end - r.first) * PAGE_SIZE,
                           write ? PROT_READ | PROT_WRITE : PROT_READ,
                           MAP_SHARED | MAP_FIXED | (fill ? MAP_POPULATE : 0), frames_fd(),
                           (uint64_t)(e >> ENTRY_FRAME_SHIFT) << PAGE_SHIFT);
    if (got < 0)
        return (int)got;
    note(w, slot, r, true, write);
    window_counts.maps++;
    window_counts.pages += r.end - r.first;
    return 0;
}

/* What comes next in the group and lies elsewhere in memory. That it is not to be had is no error.
 */
static void map_ahead(uint32_t w, unsigned slot, unsigned from)
{
    const struct window *win = &records.window[w];
    const struct pane *p = &win->pane[slot];
    unsigned end = (from + GROUP - 1) / GROUP * GROUP, made = 1;
    for (unsigned i = from; i < end && made < MAPS_AT_ONCE; i++) {
        if (bit(p->mapped, i) || !entry_belongs(slot_entry(win->shows[slot], i), w))
            continue;
        if (records.pieces >= records.limit ||
            map_run(w, slot, run_around(p, win->shows[slot], i), false) < 0)
            return;
        made++;
    }
}

static int make_writable(uint32_t w, unsigned slot, unsigned i)
{
    int64_t got = sys_mprotect(address_of(w, slot, i), PAGE_SIZE, PROT_READ | PROT_WRITE);
    if (got < 0)
        return (int)got;
    note(w, slot, (struct run){i, i + 1}, true, true);
    window_counts.maps++;
    return 0;
}

/* A page that was mapped already and may not be written is mapped once more: it costs little, and
 * whoever came here had a fault there. */
int pane_map(uint32_t w, unsigned slot, unsigned i)
{
    const struct window *win = &records.window[w];
    const struct pane *p = &win->pane[slot];
    show(w, slot, records.space[w ? w : records.current].slot[slot]);
    uint32_t e = slot_entry(win->shows[slot], i);
    if (bit(p->mapped, i) && !bit(p->writable, i) && (e & SH_WRITE))
        return make_writable(w, slot, i);
    struct run r = run_around(p, win->shows[slot], i);
    int error = map_run(w, slot, r, true);
    if (!error)
        map_ahead(w, slot, r.end);
    return error;
}

/* ---- Taking away ------------------------------------------------------------ */

/* The first pane that maps page I of T, writable if WRITABLE; 0 if none does. */
static uint32_t holder(const struct table *t, unsigned i, bool writable)
{
    uint32_t n = t->panes;
    while (n && !bit(writable ? pane_at(n)->writable : pane_at(n)->mapped, i))
        n = pane_at(n)->next;
    return n;
}

/* Each pane is looked for anew: where a mapping cannot be split its whole window goes, and the list
 * is another one. */
void pane_unmap(struct table *t, unsigned i)
{
    for (uint32_t n = holder(t, i, false); n; n = holder(t, i, false)) {
        uint32_t w = (n - 1) / HOST_SPACE_SLOTS;
        unsigned slot = (n - 1) % HOST_SPACE_SLOTS;
        window_counts.unmaps++;
        if (sys_munmap(address_of(w, slot, i), PAGE_SIZE) < 0)
            pane_clear_window(w);
        else
            note(w, slot, (struct run){i, i + 1}, false, false);
    }
}

void pane_close(struct table *t, unsigned i)
{
    for (uint32_t n = holder(t, i, true); n; n = holder(t, i, true)) {
        uint32_t w = (n - 1) / HOST_SPACE_SLOTS;
        unsigned slot = (n - 1) % HOST_SPACE_SLOTS;
        window_counts.unmaps++;
        if (sys_mprotect(address_of(w, slot, i), PAGE_SIZE, PROT_READ) < 0)
            pane_clear_window(w);
        else
            note(w, slot, (struct run){i, i + 1}, true, false);
    }
}

void pane_clear(uint32_t w, unsigned first, unsigned last)
{
    struct window *win = &records.window[w];
    window_counts.unmaps++;
    if (sys_munmap(address_of(w, first, 0), (uint64_t)(last - first + 1) << SLOT_SHIFT) < 0) {
        pane_clear_window(w);
        return;
    }
    for (unsigned i = pane_next(win, first); i <= last; i = pane_next(win, i + 1))
        forget(win, i);
}

void pane_clear_window(uint32_t w)
{
    struct window *win = &records.window[w];
    int64_t got = sys_munmap(address_of(w, 0, 0), WINDOW_SIZE);
    if (got < 0)
        panic("the host cannot take a window away: error %d", (int)-got);
    window_counts.unmaps++;
    for (unsigned i = pane_next(win, 0); i < HOST_SPACE_SLOTS; i = pane_next(win, i + 1))
        forget(win, i);
}
