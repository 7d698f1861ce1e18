/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The records of the process's memory room, and nothing that works on them.
 *
 *   table    an htable_t: 512 entries, as hardware would have them
 *   space    an hspace_t: 2048 slots, each empty, a table or a large page
 *   window   4 GiB of the process's addresses; 0 is the kernel window, number N the user window of
 *            space N
 *   pane     2 MiB of a window: which pages of the slot that it shows are mapped
 *
 * What always holds between two calls: a pane that shows anything shows what the slot holds, in
 * the space of that window (in the current space, for the kernel window); a page that is mapped in
 * it has an entry of the window's kind, shows the frame of that entry, and is writable only if the
 * entry is. So there is never anything to flush.
 */
#ifndef RING1_PROCESS_RECORD_H
#define RING1_PROCESS_RECORD_H

#include "monitor/host.h"
#include "monitor/types.h"

#define MAX_TABLES 4096u /* shadow paging has up to 2047; record 0 is never used */
#define MAX_SPACES 96u   /* it has up to 65; record 0 stays empty */
#define MAP_WORDS  (HOST_TABLE_ENTRIES / 64)

/* An entry: frame << 4 | enum shadow_flags; 0 is none. */
#define ENTRY_FRAME_SHIFT 4
/* A slot: table's number << 1; or, with SH_PRESENT, the entry of a large page's first page; 0 is
 * empty. */
#define SLOT_TABLE_SHIFT 1

struct table {
    uint32_t entry[HOST_TABLE_ENTRIES];
    uint32_t panes;    /* first of those that show it: a pane number */
    unsigned attached; /* at so many slots */
    uint32_t next;     /* of the free ones */
    bool live;
};

struct space {
    uint32_t slot[HOST_SPACE_SLOTS];
    uint64_t agreed; /* .kernel_changes when all that the kernel window showed was what these slots
                        hold; 0: they have changed since */
    bool live;
};

/* Pane numbers: window * 2048 + slot + 1; 0 is none. */
struct pane {
    uint32_t next, prev;                             /* others that show the same table */
    unsigned pieces;                                 /* mappings it consists of */
    uint64_t mapped[MAP_WORDS], writable[MAP_WORDS]; /* a bit a page */
};

struct window {
    uint32_t shows[HOST_SPACE_SLOTS];        /* the slots as they were mapped; 0: nothing is */
    uint64_t touched[HOST_SPACE_SLOTS / 64]; /* where .shows is not 0 */
    unsigned pieces;
    uint64_t last_use;
    struct pane pane[HOST_SPACE_SLOTS];
};

extern struct records {
    struct table *table;     /* MAX_TABLES */
    uint32_t free_table;     /* first of those that were in use, 0: none ... */
    uint32_t last_table;     /* ... and what lies behind this one never was */
    struct space *space;     /* MAX_SPACES */
    struct window *window;   /* as many */
    uint64_t base;           /* of window 0; number N is N * WINDOW_STRIDE behind it */
    uint32_t current;        /* space; 0: none */
    uint64_t clock;          /* counts space switches */
    uint64_t kernel_changes; /* times that a pane of the kernel window began to show something */
    unsigned pieces;         /* mappings in all windows, or a few more; what merges over a pane's
                                border counts as two */
    unsigned limit;          /* of them */
} records;

static inline uint32_t entry_of(hfn_t frame, unsigned flags)
{
    return flags ? frame.v << ENTRY_FRAME_SHIFT | flags : 0;
}

/* The entry of page I of what a slot holds. */
static inline uint32_t slot_entry(uint32_t slot, unsigned i)
{
    if (slot & SH_PRESENT)
        return slot + (i << ENTRY_FRAME_SHIFT);
    return records.table[slot >> SLOT_TABLE_SHIFT].entry[i];
}

/* The table that a slot holds, or NULL. */
static inline struct table *slot_table(uint32_t slot)
{
    return slot && !(slot & SH_PRESENT) ? &records.table[slot >> SLOT_TABLE_SHIFT] : NULL;
}

/* Is E an entry that window W may show? */
static inline bool entry_belongs(uint32_t e, uint32_t w)
{
    return (e & SH_PRESENT) && ((e & SH_USER) != 0) == (w != 0);
}

#endif
