/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each table is two frames: the host's own, and one of 512 words that remember what was
 * put into it, since the host interface cannot be asked.
 */
#include "shadow/table.h"

#include "monitor/guestmem.h"
#include "monitor/pool.h"
#include "monitor/trace.h"
#include "monitor/x86.h"
#include "shadow/flush.h"
#include "shadow/format.h"
#include "shadow/perm.h"
#include "shadow/rmap.h"
#include "shadow/slots.h"

static struct shadow_table *find(struct shadow_table *list, unsigned role)
{
    while (list && list->role != role)
        list = list->next;
    return list;
}

/* Gives T its two frames. False: no memory. */
static bool furnish(struct shadow *s, struct shadow_table *t)
{
    hfn_t frame = pool_get(s->vm->pool);
    if (!frame.v)
        return false;
    htable_t host = host_table_create();
    if (!host.id) {
        pool_put(s->vm->pool, frame);
        return false;
    }
    t->host = host;
    t->frame = frame;
    t->entry = host_frame_ptr(frame);
    s->tables++;
    return true;
}

static struct shadow_table *make(struct shadow *s, unsigned role, unsigned whole,
                                 struct shadow_table **list)
{
    struct shadow_table *t = s->free_tables;
    if (!t || (!whole && !furnish(s, t)))
        return NULL;
    s->free_tables = t->next;
    t->role = role;
    t->whole = whole;
    t->next = *list;
    *list = t;
    return t;
}

static struct perm rights_of_large(unsigned role)
{
    return (struct perm){.user = role & ROLE_USER,
                         .writable = role & ROLE_WRITE,
                         .exec = !(role & ROLE_NX),
                         .dirty = role & ROLE_DIRTY,
                         .accessed = true};
}

/* The flags with which one host page can serve for the 2 MiB from frame BASE; 0: it cannot. All
 * entries of a table must be there and equal, and stay so but for traces: an entry that may be
 * flipped is on its own. */
static unsigned whole_flags(struct shadow *s, uint32_t base, unsigned role)
{
    unsigned flags = shadow_perm(rights_of_large(role), false, role & ROLE_WP);
    bool flips = (role & (ROLE_USER | ROLE_WRITE | ROLE_WP)) == ROLE_USER;
    if (flips || !guest_frame_large(s->vm, gfn(base)).v)
        return 0;
    for (uint32_t i = 0; (flags & SH_WRITE) && i < HOST_TABLE_ENTRIES; i++) {
        if (!trace_none(s->vm, gfn(base + i)))
            return 0;
    }
    return flags;
}

struct shadow_table *table_of_guest(struct shadow *s, struct mirror *m, unsigned role)
{
    struct shadow_table *t = find(m->tables, role);
    if (!t && (t = make(s, role, 0, &m->tables)))
        t->source = m;
    return t;
}

struct shadow_table *table_of_large(struct shadow *s, uint32_t base, unsigned role)
{
    struct shadow_table **list = &s->large[base / HOST_TABLE_ENTRIES];
    struct shadow_table *t = find(*list, role);
    if (!t && (t = make(s, role, whole_flags(s, base, role), list)))
        t->base = base;
    return t;
}

static void unlist(struct shadow *s, struct shadow_table *t)
{
    struct shadow_table **p =
        t->source ? &t->source->tables : &s->large[t->base / HOST_TABLE_ENTRIES];
    while (*p != t)
        p = &(*p)->next;
    *p = t->next;
}

/* The host's table goes as a whole; only the lists must forget its entries one by one. */
static void unlink_entries(struct shadow *s, struct shadow_table *t)
{
    for (unsigned i = 0; i < HOST_TABLE_ENTRIES && t->live; i++) {
        t->live -= t->entry[i].flags != 0;
        if (t->entry[i].flags & SH_WRITE)
            rmap_unlink(s, rmap_number(s, t, i));
    }
}

void table_drop(struct shadow *s, struct shadow_table *t)
{
    while (t->slots)
        slot_detach(s, slot_space(s, t->slots), slot_index(t->slots));
    unlink_entries(s, t);
    unlist(s, t);
    if (!t->whole) {
        host_table_free(t->host);
        pool_put(s->vm->pool, t->frame);
        s->tables--;
    }
    *t = (struct shadow_table){.next = s->free_tables};
    s->free_tables = t;
}

void table_set(struct shadow *s, struct shadow_table *t, unsigned index, gfn_t f, unsigned flags)
{
    struct shadow_entry *e = &t->entry[index];
    if (e->flags == flags && (!flags || e->gfn == f.v))
        return;
    if (e->flags & SH_WRITE)
        rmap_unlink(s, rmap_number(s, t, index));
    t->live -= e->flags != 0;
    t->live += flags != 0;
    *e = (struct shadow_entry){.gfn = f.v, .flags = flags};
    if (flags & SH_WRITE)
        rmap_link(s, rmap_number(s, t, index));
    if (host_table_set(t->host, index, guest_frame(s->vm, f), flags))
        flush_owe_entry(s, t, index);
}

/* Sets an entry to F with rights P, or clears it where there is no RAM. */
static void set_by_rights(struct shadow *s, struct shadow_table *t, unsigned index, gfn_t f,
                          struct perm p)
{
    unsigned flags = 0;
    if (guest_frame(s->vm, f).v)
        flags = shadow_perm(p, trace_clients(s->vm, f) != 0, t->role & ROLE_WP);
    table_set(s, t, index, f, flags);
}

gpa_t table_entry_gpa(const struct shadow_table *t, unsigned index)
{
    unsigned half = t->role & ROLE_HIGH ? HOST_TABLE_ENTRIES : 0;
    return gpa(gfn_to_gpa(t->source->frame).v + (half + index) * format_of_table(t)->entry_size);
}

/* What the guest's entry PTE, of which T is the shadow, allows. */
static struct perm rights_of_entry(const struct shadow_table *t, uint64_t pte)
{
    bool usable = (pte & PTE_P) && !(pte & format_reserved(format_of_table(t), t->role & ROLE_NXE));
    return (struct perm){.user = (t->role & ROLE_USER) && (pte & PTE_U),
                         .writable = (t->role & ROLE_WRITE) && (pte & PTE_W),
                         .exec = !(t->role & ROLE_NX) && !(pte & PTE_NX),
                         .dirty = pte & PTE_D,
                         .accessed = usable && (pte & PTE_A)};
}

static gfn_t frame_of_entry(const struct shadow_table *t, uint64_t pte)
{
    return gfn((uint32_t)((pte & format_of_table(t)->base) >> PAGE_SHIFT));
}

void table_derive(struct shadow *s, struct shadow_table *t, unsigned index, uint64_t pte)
{
    set_by_rights(s, t, index, frame_of_entry(t, pte), rights_of_entry(t, pte));
}

bool table_closed_by_trace(struct shadow *s, const struct shadow_table *t, unsigned index)
{
    struct perm p;
    uint64_t pte = 0;
    if (t->whole)
        return false;
    const struct shadow_entry *e = &t->entry[index];
    if (!e->flags || (e->flags & SH_WRITE) || !trace_clients(s->vm, gfn(e->gfn)))
        return false;
    if (!t->source) {
        p = rights_of_large(t->role);
    } else if (guest_read(s->vm, table_entry_gpa(t, index), &pte, format_of_table(t)->entry_size) &&
               frame_of_entry(t, pte).v == e->gfn) {
        p = rights_of_entry(t, pte);
    } else {
        return false;
    }
    return shadow_perm(p, false, t->role & ROLE_WP) & SH_WRITE;
}

/* A of the entries that are present. */
static void set_accessed(uint64_t *pte, unsigned count, bool wide)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t *low = (uint32_t *)pte + (wide ? 2 * i : i);
        if (*low & PTE_P)
            *low |= PTE_A;
    }
}

/* Most entries of a process's page tables are empty: two or four of them are passed over at once.
 */
static bool all_empty(const struct shadow_table *t, const uint64_t *pte, unsigned first, bool wide)
{
    const uint64_t present = wide ? PTE_P : PTE_P | (uint64_t)PTE_P << 32;
    if ((pte[0] | pte[1]) & present)
        return false;
    for (unsigned i = 0; t->live && i < (wide ? 2 : 4); i++) {
        if (t->entry[first + i].flags)
            return false;
    }
    return true;
}

void table_derive_range(struct shadow *s, struct shadow_table *t, unsigned first, unsigned count)
{
    const unsigned size = format_of_table(t)->entry_size, step = 16 / size;
    uint64_t *pte = guest_page(s->vm, table_entry_gpa(t, first), count * size);
    for (unsigned at = first; pte && at < first + count; at += step, pte += 2) {
        if (all_empty(t, pte, at, size == 8))
            continue;
        if (s->early)
            set_accessed(pte, step, size == 8);
        for (unsigned i = 0; i < step; i++)
            table_derive(s, t, at + i, size == 8 ? pte[i] : ((const uint32_t *)pte)[i]);
    }
}

void table_derive_large(struct shadow *s, struct shadow_table *t, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        set_by_rights(s, t, i, gfn(t->base + i), rights_of_large(t->role));
}

unsigned table_flip(struct shadow *s, struct shadow_table *t, unsigned index)
{
    struct shadow_entry *e = &t->entry[index];
    gfn_t f = gfn(e->gfn);
    if ((t->role & ROLE_WP) || !(e->flags & SH_USER) || trace_clients(s->vm, f))
        return e->flags;
    s->vm->stats.n[STAT_SH_FLIPS]++;
    table_set(s, t, index, f, SHADOW_SUPERVISOR_WRITES);
    return e->flags;
}

/* A table instead of the 2 MiB page of T, wherever that hangs. */
static void split(struct shadow *s, struct shadow_table *t)
{
    s->vm->stats.n[STAT_SH_SPLITS]++;
    if (!furnish(s, t)) {
        table_drop(s, t);
        return;
    }
    t->whole = 0;
    table_derive_large(s, t, 0, HOST_TABLE_ENTRIES);
    slot_split(s, t);
}

void table_forget_frame(struct shadow *s, gfn_t f)
{
    while (s->large[f.v / HOST_TABLE_ENTRIES])
        table_drop(s, s->large[f.v / HOST_TABLE_ENTRIES]);
    for (unsigned n = 1; n <= s->limit; n++) {
        struct shadow_table *t = &s->table[n];
        for (unsigned i = 0; t->host.id && !t->whole && i < HOST_TABLE_ENTRIES; i++) {
            if (t->entry[i].flags && t->entry[i].gfn == f.v)
                table_set(s, t, i, f, 0);
        }
    }
}

void table_protect_frame(struct shadow *s, gfn_t f)
{
    struct shadow_table *next;
    for (struct shadow_table *t = s->large[f.v / HOST_TABLE_ENTRIES]; t; t = next) {
        next = t->next;
        if (t->whole & SH_WRITE)
            split(s, t);
    }
    while (s->writable[f.v]) {
        uint32_t n = s->writable[f.v];
        struct shadow_table *t = &s->table[n / HOST_TABLE_ENTRIES];
        table_set(s, t, n % HOST_TABLE_ENTRIES, f, rmap_entry(s, n)->flags & ~(unsigned)SH_WRITE);
    }
}
