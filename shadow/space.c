/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What guest page directories look like from the host's side. A slot is 2 MiB; a directory entry
 * of two-level paging covers two of them, one of PAE's one (format.h).
 */
#include "shadow/space.h"

#include "monitor/guestmem.h"
#include "monitor/x86.h"
#include "shadow/flush.h"
#include "shadow/format.h"
#include "shadow/mirror.h"
#include "shadow/slots.h"
#include "shadow/table.h"

#define RECLAIM_PART 16u /* of all tables is made free at once */

uint32_t space_key(const struct vcpu *v, uint32_t cr3)
{
    if (!vcpu_paging(v))
        return 0;
    unsigned mode = MODE_PAGING | (v->cr0 & CR0_WP ? MODE_WP : 0u);
    if (vcpu_pae(v))
        return (cr3 & ~31u) | mode | MODE_PAE | (v->efer & EFER_NXE ? MODE_NXE : 0u);
    return (cr3 & ~PAGE_MASK) | mode | (v->cr4 & CR4_PSE ? MODE_PSE : 0u);
}

/* ---- Which table belongs at a slot ---------------------------------------- */

struct target {
    bool none;
    bool large;
    uint32_t frame; /* of the guest page table, or of the large page's 2 MiB */
    unsigned role;
};

/* What both kinds of table inherit from the directory entry and the mode. */
static unsigned inherited(const struct shadow_space *sp, uint64_t pde)
{
    return (pde & PTE_U ? ROLE_USER : 0u) | (pde & PTE_W ? ROLE_WRITE : 0u) |
           (pde & PTE_NX ? ROLE_NX : 0u) | (sp->key & MODE_WP ? ROLE_WP : 0u);
}

static struct target target_of(const struct shadow_space *sp, unsigned index, uint64_t pde)
{
    const struct shadow_format *fmt = format_of_space(sp);
    bool nxe = sp->key & MODE_NXE;
    unsigned part = index % fmt->slots; /* of what the entry covers */
    if (!(sp->key & MODE_PAGING))
        return (struct target){.large = true,
                               .frame = index * HOST_TABLE_ENTRIES,
                               .role = ROLE_USER | ROLE_WRITE | ROLE_WP | ROLE_DIRTY};
    if (!(pde & PTE_P) || !(pde & PTE_A) || (pde & format_reserved(fmt, nxe)))
        return (struct target){.none = true};
    if ((pde & PTE_PS) && (!fmt->large_mode || (sp->key & fmt->large_mode)))
        return (struct target){.none = pde & fmt->large_reserved,
                               .large = true,
                               .frame = (uint32_t)((pde & fmt->large_base) >> PAGE_SHIFT) +
                                        part * HOST_TABLE_ENTRIES,
                               .role = inherited(sp, pde) | (pde & PTE_D ? ROLE_DIRTY : 0u)};
    return (struct target){.frame = (uint32_t)((pde & fmt->base) >> PAGE_SHIFT),
                           .role = inherited(sp, pde) | fmt->role | (part ? ROLE_HIGH : 0u) |
                                   (nxe ? ROLE_NXE : 0u)};
}

static bool is_target(const struct shadow_table *t, struct target want)
{
    if (want.none || t->role != want.role || want.large != !t->source)
        return false;
    return want.frame == (t->source ? t->source->frame.v : t->base);
}

/* ---- Slots ----------------------------------------------------------------- */

static unsigned slots_of_root(const struct shadow_space *sp)
{
    return HOST_SPACE_SLOTS / format_of_space(sp)->directories;
}

static unsigned first_slot(const struct shadow_root *r)
{
    return (unsigned)(r - r->space->root) * slots_of_root(r->space);
}

void space_detach(struct shadow *s, struct shadow_space *sp, unsigned index)
{
    struct shadow_table *t = slot_table(s, sp, index);
    if (!t)
        return;
    slot_detach(s, sp, index);
    if (t->hangs || !t->source)
        return;
    /* A guest frees a page table soon after it stops using it. Writes to whatever the frame
     * becomes then must not cost anything. */
    struct mirror *source = t->source;
    table_drop(s, t);
    mirror_release(s, source);
}

void space_check_entry(struct shadow *s, struct shadow_root *r, unsigned i, uint64_t pde)
{
    struct shadow_space *sp = r->space;
    unsigned slots = format_of_space(sp)->slots;
    unsigned first = first_slot(r) + i * slots;
    for (unsigned index = first; index < first + slots; index++) {
        const struct shadow_table *t = slot_table(s, sp, index);
        if (t && !is_target(t, target_of(sp, index, pde)))
            space_detach(s, sp, index);
    }
}

static struct shadow_table *table_for(struct shadow *s, struct target want)
{
    if (want.large)
        return table_of_large(s, want.frame, want.role);
    struct mirror *m = mirror_get(s, gfn(want.frame));
    if (!m)
        return NULL;
    struct shadow_table *t = table_of_guest(s, m, want.role);
    if (!t)
        mirror_release(s, m);
    return t;
}

/* A directory is traced from the moment something derived from it hangs in the space. */
static bool watch(struct shadow *s, struct shadow_root *r)
{
    if (r->mirror || !(r->space->key & MODE_PAGING))
        return true;
    r->mirror = mirror_get(s, r->frame);
    if (!r->mirror)
        return false;
    r->next = r->mirror->roots;
    r->mirror->roots = r;
    return true;
}

static void unwatch(struct shadow *s, struct shadow_root *r)
{
    struct mirror *m = r->mirror;
    if (!m)
        return;
    struct shadow_root **p = &m->roots;
    while (*p != r)
        p = &(*p)->next;
    *p = r->next;
    r->mirror = NULL;
    mirror_release(s, m);
}

struct shadow_table *space_table(struct shadow *s, struct shadow_space *sp, unsigned index,
                                 uint64_t pde)
{
    struct shadow_root *r = &sp->root[index / slots_of_root(sp)];
    struct target want = target_of(sp, index, pde);
    struct shadow_table *t = slot_table(s, sp, index);
    if (t && is_target(t, want))
        return t;
    if (want.none || !watch(s, r))
        return NULL;
    space_detach(s, sp, index);
    t = table_for(s, want);
    if (t)
        slot_attach(s, sp, index, t);
    return t;
}

/* ---- Spaces ---------------------------------------------------------------- */

static void drop_root(struct shadow *s, struct shadow_root *r)
{
    unsigned first = first_slot(r), end = first + slots_of_root(r->space);
    for (unsigned i = slot_next_held(r->space, first, end); i < end;
         i = slot_next_held(r->space, i + 1, end))
        space_detach(s, r->space, i);
    unwatch(s, r);
    r->stale = false;
}

void space_empty(struct shadow *s, struct shadow_space *sp)
{
    for (unsigned i = 0; i < format_of_space(sp)->directories; i++)
        drop_root(s, &sp->root[i]);
}

/* A kernel fills the directory of a new process while that of another is in use, and mostly a frame
 * that was one before: its half of the entries comes out as it was, and their tables stay. */
void space_neglect(struct shadow *s, struct mirror *m)
{
    struct shadow_root *next;
    for (struct shadow_root *r = m->roots; r; r = next) {
        next = r->next;
        if (r->space == s->current)
            continue;
        s->vm->stats.n[STAT_SH_UNTRACED]++;
        r->stale = true;
        unwatch(s, r);
    }
}

static void look_again(struct shadow *s, struct shadow_root *r)
{
    const struct shadow_format *fmt = format_of_space(r->space);
    unsigned first = first_slot(r), end = first + slots_of_root(r->space), left = 0;
    gpa_t directory = gfn_to_gpa(r->frame);
    for (unsigned i = slot_next_held(r->space, first, end); i < end;
         i = slot_next_held(r->space, i + 1, end)) {
        uint64_t pde = 0;
        guest_read(s->vm, gpa(directory.v + (i - first) / fmt->slots * fmt->entry_size), &pde,
                   fmt->entry_size);
        if (is_target(slot_table(s, r->space, i), target_of(r->space, i, pde)))
            left++;
        else
            space_detach(s, r->space, i);
    }
    r->stale = false;
    if (left && !watch(s, r))
        drop_root(s, r);
}

void space_set_roots(struct shadow *s, struct shadow_space *sp, const uint64_t pdpte[4])
{
    const struct shadow_format *fmt = format_of_space(sp);
    for (unsigned i = 0; i < fmt->directories; i++) {
        struct shadow_root *r = &sp->root[i];
        uint64_t entry = sp->key & MODE_PAE ? pdpte[i] : sp->key;
        gfn_t frame = gfn((uint32_t)((entry & fmt->base) >> PAGE_SHIFT));
        bool other = r->frame.v != frame.v || ((sp->key & MODE_PAE) && !(entry & PTE_P));
        if ((r->mirror || r->stale) && other)
            drop_root(s, r);
        r->space = sp;
        r->frame = frame;
        if (r->stale)
            look_again(s, r);
    }
}

/* The slots of entry I, which is PDE, of directory R. False: there is no room for more. */
static bool populate_entry(struct shadow *s, struct shadow_root *r, unsigned i, uint64_t pde)
{
    struct shadow_space *sp = r->space;
    const unsigned slots = format_of_space(sp)->slots, first = first_slot(r) + i * slots;
    for (unsigned index = first; index < first + slots; index++) {
        struct target want = target_of(sp, index, pde);
        if (want.none || want.large || slot_table(s, sp, index) ||
            !guest_frame(s->vm, gfn(want.frame)).v)
            continue;
        struct shadow_table *t = space_table(s, sp, index, pde);
        if (!t)
            return false;
        if (!t->live)
            table_derive_range(s, t, 0, HOST_TABLE_ENTRIES);
        if (!t->live)
            space_detach(s, sp, index);
    }
    return true;
}

/* Nearly all of a directory is empty, or the kernel's. */
static bool populate_root(struct shadow *s, struct shadow_root *r)
{
    const uint64_t *word = guest_page(s->vm, gfn_to_gpa(r->frame), PAGE_SIZE);
    const bool wide = format_of_space(r->space)->entry_size == 8;
    for (unsigned i = 0; word && i < PAGE_SIZE / 8; i++) {
        uint32_t half[2] = {(uint32_t)word[i], (uint32_t)(word[i] >> 32)};
        for (unsigned n = 0; n < (wide ? 1 : 2); n++) {
            if ((half[n] & PTE_U) &&
                !populate_entry(s, r, wide ? i : 2 * i + n, wide ? word[i] : half[n]))
                return false;
        }
    }
    return true;
}

void space_populate(struct shadow *s, struct shadow_space *sp, const uint64_t pdpte[4])
{
    for (unsigned i = 0; (sp->key & MODE_PAGING) && i < format_of_space(sp)->directories; i++) {
        bool there = !(sp->key & MODE_PAE) || (pdpte[i] & PTE_P);
        if (there && !populate_root(s, &sp->root[i]))
            return;
    }
}

void space_unpin(struct shadow *s, struct shadow_space *sp)
{
    for (unsigned i = slot_next_held(sp, 0, HOST_SPACE_SLOTS); i < HOST_SPACE_SLOTS;
         i = slot_next_held(sp, i + 1, HOST_SPACE_SLOTS)) {
        if (slot_table(s, sp, i)->role & ROLE_USER)
            space_detach(s, sp, i);
    }
    for (unsigned i = 0; i < format_of_space(sp)->directories; i++) {
        struct shadow_root *r = &sp->root[i];
        r->stale |= r->mirror != NULL;
        unwatch(s, r);
    }
}

void space_retire(struct shadow *s, struct shadow_space *sp)
{
    space_empty(s, sp);
    if (sp == s->current)
        return;
    host_space_free(sp->host);
    sp->host.id = 0;
    s->key[sp - s->space] = 0;
}

void space_retire_root(struct shadow *s, struct shadow_root *r)
{
    struct shadow_space *sp = r->space;
    drop_root(s, r);
    if (!sp->used)
        space_retire(s, sp);
}

/* ---- Making room ------------------------------------------------------------ */

/* A table for good; its source may have no other. */
static void evict(struct shadow *s, struct shadow_table *t)
{
    struct mirror *source = t->source;
    s->vm->stats.n[STAT_SH_EVICTED]++;
    table_drop(s, t);
    if (source)
        mirror_release(s, source);
}

static void evict_unused(struct shadow *s)
{
    for (unsigned i = 1; i <= s->limit; i++) {
        if (table_used(&s->table[i]) && !s->table[i].hangs)
            evict(s, &s->table[i]);
    }
}

static struct shadow_space *oldest_space(struct shadow *s)
{
    struct shadow_space *oldest = NULL;
    for (unsigned i = 0; i < SHADOW_SPACES; i++) {
        struct shadow_space *sp = &s->space[i];
        if (sp->host.id && sp != s->current && (!oldest || sp->last_use < oldest->last_use))
            oldest = sp;
    }
    return oldest;
}

/* What costs least to do without goes first: tables that hang nowhere, then the spaces unused for
 * longest, then tables of the current space in turn, as nobody sees which of them are in use. Whole
 * ones give no memory back and do not count. */
void space_reclaim(struct shadow *s)
{
    const unsigned before = s->tables, part = s->limit / RECLAIM_PART;
    struct shadow_space *sp;
    s->vm->stats.n[STAT_SH_RECLAIMS]++;
    evict_unused(s);
    while (s->tables + part > before && (sp = oldest_space(s))) {
        space_retire(s, sp);
        evict_unused(s);
    }
    for (unsigned i = 0; i < s->limit && s->tables + part > before; i++) {
        s->hand = s->hand % s->limit + 1;
        if (table_used(&s->table[s->hand]))
            evict(s, &s->table[s->hand]);
    }
}

/* ---- Finding and making spaces ------------------------------------------------ */

struct shadow_space *space_find(struct shadow *s, uint32_t key)
{
    for (unsigned i = 0; i < SHADOW_SPACES; i++) {
        if (s->key[i] == (SPACE_USED | key))
            return &s->space[i];
    }
    return NULL;
}

/* A free record, by giving up the space unused for longest if there is none. */
static struct shadow_space *free_record(struct shadow *s)
{
    for (unsigned i = 0; i < SHADOW_SPACES; i++) {
        if (!s->space[i].host.id)
            return &s->space[i];
    }
    struct shadow_space *oldest = oldest_space(s);
    space_retire(s, oldest);
    return oldest;
}

static struct shadow_space *create(struct shadow *s, uint32_t key)
{
    hspace_t host = host_space_create();
    if (!host.id) {
        space_reclaim(s);
        host = host_space_create();
    }
    if (!host.id)
        return NULL;
    struct shadow_space *sp = free_record(s);
    sp->host = host;
    sp->key = key;
    s->key[sp - s->space] = SPACE_USED | key;
    for (unsigned i = 0; i < SHADOW_ROOTS; i++)
        sp->root[i] = (struct shadow_root){.space = sp};
    return sp;
}

struct space_found space_get(struct shadow *s, uint32_t key)
{
    struct shadow_space *sp = space_find(s, key);
    struct space_found found = {sp ? sp : create(s, key), sp != NULL};
    if (found.space)
        found.space->last_use = ++s->clock;
    return found;
}
