/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The records of shadow paging, and nothing that works on them.
 *
 *   space    one value of CR3 in one paging mode, as a host space of 2048 slots
 *   root     a page directory of a space: one, or PAE's four; its frame is mirrored
 *   table    one host table: half of a guest page table, or 2 MiB inside a guest large
 *            page (with paging off all memory is such a page); the latter may be whole: one
 *            2 MiB page of the host, without a host table, as long as all its entries
 *            would be equal
 *   mirror   a guest frame that slots or tables are derived from; traced as long as it
 *            has any
 *
 * Tables hang at any number of slots of any number of spaces. A table of a guest page table
 * lives while it hangs somewhere; one of a large page until its room is wanted.
 * All of it can be thrown away at any time: the guest's own tables are the truth.
 */
#ifndef RING1_SHADOW_STATE_H
#define RING1_SHADOW_STATE_H

#include "monitor/host.h"
#include "monitor/types.h"
#include "monitor/vm.h"

#define SHADOW_TABLES 2048u /* record 0 is never used: a table number of 0 is none */
/* Tables that a guest of RAM bytes may have at once, of two frames each: 2 MiB, and a 32nd of RAM.
 */
#define SHADOW_LIMIT(ram) (256u + (ram) / 32 / (2 * PAGE_SIZE))
#define SHADOW_SPACES     64u
#define SPACE_USED        (1ull << 32)
#define SHADOW_ROOTS      4u
#define SHADOW_MIRRORS    (SHADOW_TABLES + SHADOW_SPACES * SHADOW_ROOTS)
#define SHADOW_CHUNKS     2048u /* pieces of 2 MiB in 4 GiB of guest-physical memory */
#define FLUSH_PAGES       8u

/* One entry of a table: what the host holds, and its place among the writable entries of the
 * same guest frame (rmap.h). */
struct shadow_entry {
    uint64_t gfn : 20;
    uint64_t next : 20; /* entry numbers: table number * 512 + index; 0 is none */
    uint64_t prev : 20;
    uint64_t flags : 4; /* enum shadow_flags */
};

/* What a table's contents depend on besides their source. */
enum table_role {
    ROLE_USER = 1u << 0, /* U, W, NX of the directory entry */
    ROLE_WRITE = 1u << 1,
    ROLE_NX = 1u << 5,
    ROLE_WP = 1u << 2,    /* CR0.WP */
    ROLE_DIRTY = 1u << 3, /* large page: D of the directory entry */
    ROLE_HIGH = 1u << 4,  /* guest page table: its entries 512 - 1023 */
    ROLE_PAE = 1u << 6,   /* guest page table: of 64-bit entries */
    ROLE_NXE = 1u << 7,   /* such a table: EFER.NXE */
};

struct shadow_table {
    htable_t host;              /* these three: none if the table is whole */
    hfn_t frame;                /* holds .entry */
    struct shadow_entry *entry; /* 512 of them */
    unsigned whole;             /* enum shadow_flags of its 2 MiB page; 0: not whole */
    struct shadow_table *next;  /* of the same source or chunk; of the free list */
    struct mirror *source;      /* NULL: of a large page */
    uint32_t base;              /* large page: guest frame of entry 0 */
    uint32_t slots;             /* first place where it hangs: a slot number */
    unsigned hangs;             /* at so many slots */
    unsigned live;              /* present entries */
    unsigned role;              /* enum table_role */
};

/* Slot numbers: space number * 2048 + slot + 1; 0 is none. */
struct shadow_slot {
    uint64_t table : 12;
    uint64_t next : 20; /* other slots where the same table hangs */
    uint64_t prev : 20;
};

enum space_mode {
    MODE_PAGING = 1u << 0,
    MODE_WP = 1u << 1,
    MODE_PSE = 1u << 2,
    MODE_PAE = 1u << 3,
    MODE_NXE = 1u << 4,
};

/* One directory of a space. */
struct shadow_root {
    struct shadow_space *space;
    gfn_t frame;
    struct mirror *mirror; /* NULL: nothing that hangs in the space is derived from it, or stale */
    bool stale;            /* written while another space was current, and not watched since */
    struct shadow_root *next; /* of the same mirror */
};

struct shadow_space {
    hspace_t host;                        /* .id 0: this record is free */
    uint32_t key;                         /* CR3's address | enum space_mode; 0 with paging off */
    struct shadow_slot *slot;             /* HOST_SPACE_SLOTS of them */
    unsigned used;                        /* slots that hold a table ... */
    uint64_t held[HOST_SPACE_SLOTS / 64]; /* ... and which, a bit each */
    struct shadow_root root[SHADOW_ROOTS];
    uint64_t last_use;
};

struct mirror {
    gfn_t frame;
    struct shadow_table *tables;
    struct shadow_root *roots;
    unsigned writes;     /* entries, since a fault last went through this frame */
    struct mirror *next; /* of the free list */
};

struct shadow {
    struct vm *vm;
    struct shadow_space *current;
    uint64_t key[SHADOW_SPACES]; /* of each space, to find it without a walk over all their memory:
                                    SPACE_USED | its key, or 0 */
    uint64_t clock;              /* counts space switches */
    uint32_t *writable;          /* by guest frame: first writable entry that maps it */
    uint16_t *mirror_of;         /* by guest frame: mirror number + 1, or 0 */
    unsigned limit;              /* tables: records 1 to limit */
    unsigned tables; /* of these, those in use that are not whole: each has two frames */
    unsigned hand;   /* the record reclaimed last */
    struct shadow_table *free_tables;
    struct mirror *free_mirrors;
    gva_t refused;  /* where a write to a traced frame was refused last */
    bool told;      /* page tables are not traced: the guest tells (shadow_agree) */
    bool early;     /* A bits may be set before the page is used */
    bool flush_all; /* flushes owed (flush.h) */
    unsigned flush_count;
    gva_t flush_page[FLUSH_PAGES];
    struct shadow_table *large[SHADOW_CHUNKS]; /* tables of large pages by .base / 512 */
    struct shadow_space space[SHADOW_SPACES];
    struct mirror mirror[SHADOW_MIRRORS];
    struct shadow_table table[SHADOW_TABLES];
};

/* Is record T in use? */
static inline bool table_used(const struct shadow_table *t)
{
    return t->host.id || t->whole;
}

static inline uint32_t table_number(const struct shadow *s, const struct shadow_table *t)
{
    return (uint32_t)(t - s->table);
}

static inline uint32_t slot_number(const struct shadow *s, const struct shadow_space *sp,
                                   unsigned slot)
{
    return (uint32_t)(sp - s->space) * HOST_SPACE_SLOTS + slot + 1;
}

#endif
