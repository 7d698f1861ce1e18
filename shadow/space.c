/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a guest page directory looks like from the host's side. A directory entry covers 4 MiB,
 * a slot 2 MiB: entry i stands behind slots 2i and 2i+1.
 */
#include "shadow/space.h"

#include "monitor/guestwalk.h"
#include "monitor/x86.h"
#include "shadow/flush.h"
#include "shadow/mirror.h"
#include "shadow/slots.h"
#include "shadow/table.h"

uint32_t space_key(const struct vcpu *v)
{
    if (!vcpu_paging(v))
        return 0;
    return (v->cr3 & ~PAGE_MASK) | MODE_PAGING | (v->cr0 & CR0_WP ? MODE_WP : 0u) |
           (v->cr4 & CR4_PSE ? MODE_PSE : 0u);
}

/* ---- Which table belongs at a slot ---------------------------------------- */

struct target {
    bool none;
    bool large;
    uint32_t frame; /* of the guest page table, or of the large page's 2 MiB */
    unsigned role;
};

static unsigned rights(uint32_t pde)
{
    return (pde & PTE_U ? ROLE_USER : 0u) | (pde & PTE_W ? ROLE_WRITE : 0u);
}

static struct target target_of(const struct shadow_space *sp, unsigned index, uint32_t pde)
{
    unsigned wp = sp->key & MODE_WP ? ROLE_WP : 0u;
    if (!(sp->key & MODE_PAGING))
        return (struct target){.large = true,
                               .frame = index * HOST_TABLE_ENTRIES,
                               .role = ROLE_USER | ROLE_WRITE | ROLE_WP | ROLE_DIRTY};
    if (!(pde & PTE_P) || !(pde & PTE_A))
        return (struct target){.none = true};
    if ((pde & PTE_PS) && (sp->key & MODE_PSE))
        return (struct target){.none = pde & PDE_LARGE_RESERVED,
                               .large = true,
                               .frame = (pde >> 22) * 1024 + index % 2 * HOST_TABLE_ENTRIES,
                               .role = rights(pde) | wp | (pde & PTE_D ? ROLE_DIRTY : 0u)};
    return (struct target){.frame = pde >> PAGE_SHIFT,
                           .role = rights(pde) | wp | (index % 2 ? ROLE_HIGH : 0u)};
}

static bool is_target(const struct shadow_table *t, struct target want)
{
    if (want.none || t->role != want.role || want.large != !t->source)
        return false;
    return want.frame == (t->source ? t->source->frame.v : t->base);
}

/* ---- Slots ----------------------------------------------------------------- */

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

void space_check_slot(struct shadow *s, struct shadow_space *sp, unsigned index, uint32_t pde)
{
    const struct shadow_table *t = slot_table(s, sp, index);
    if (t && !is_target(t, target_of(sp, index, pde)))
        space_detach(s, sp, index);
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

/* The directory is traced from the moment something derived from it hangs in the space. */
static bool watch_directory(struct shadow *s, struct shadow_space *sp)
{
    if (sp->directory || !(sp->key & MODE_PAGING))
        return true;
    sp->directory = mirror_get(s, gfn(sp->key >> PAGE_SHIFT));
    if (!sp->directory)
        return false;
    sp->next = sp->directory->spaces;
    sp->directory->spaces = sp;
    return true;
}

static void unwatch_directory(struct shadow *s, struct shadow_space *sp)
{
    struct mirror *m = sp->directory;
    if (!m)
        return;
    struct shadow_space **p = &m->spaces;
    while (*p != sp)
        p = &(*p)->next;
    *p = sp->next;
    sp->directory = NULL;
    mirror_release(s, m);
}

struct shadow_table *space_table(struct shadow *s, struct shadow_space *sp, unsigned index,
                                 uint32_t pde)
{
    struct target want = target_of(sp, index, pde);
    struct shadow_table *t = slot_table(s, sp, index);
    if (t && is_target(t, want))
        return t;
    if (want.none || !watch_directory(s, sp))
        return NULL;
    space_detach(s, sp, index);
    t = table_for(s, want);
    if (t)
        slot_attach(s, sp, index, t);
    return t;
}

/* ---- Spaces ---------------------------------------------------------------- */

void space_empty(struct shadow *s, struct shadow_space *sp)
{
    for (unsigned i = 0; i < HOST_SPACE_SLOTS && sp->used; i++)
        space_detach(s, sp, i);
    unwatch_directory(s, sp);
}

void space_retire(struct shadow *s, struct shadow_space *sp)
{
    space_empty(s, sp);
    if (sp == s->current)
        return;
    host_space_free(sp->host);
    sp->host.id = 0;
}

void space_reclaim(struct shadow *s)
{
    for (unsigned i = 0; i < SHADOW_SPACES; i++) {
        if (s->space[i].host.id)
            space_retire(s, &s->space[i]);
    }
    for (unsigned i = 0; i < SHADOW_CHUNKS; i++) {
        while (s->large[i])
            table_drop(s, s->large[i]);
    }
    s->vm->stats.n[STAT_SH_RECLAIMS]++;
}

static struct shadow_space *find(struct shadow *s, uint32_t key)
{
    for (unsigned i = 0; i < SHADOW_SPACES; i++) {
        if (s->space[i].host.id && s->space[i].key == key)
            return &s->space[i];
    }
    return NULL;
}

/* A free record, by giving up the space unused for longest if there is none. That is not
 * the current one, which was used last. */
static struct shadow_space *free_record(struct shadow *s)
{
    struct shadow_space *oldest = NULL;
    for (unsigned i = 0; i < SHADOW_SPACES; i++) {
        struct shadow_space *sp = &s->space[i];
        if (!sp->host.id)
            return sp;
        if (!oldest || sp->last_use < oldest->last_use)
            oldest = sp;
    }
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
    return sp;
}

struct space_found space_get(struct shadow *s, uint32_t key)
{
    struct shadow_space *sp = find(s, key);
    struct space_found found = {sp ? sp : create(s, key), sp != NULL};
    if (found.space)
        found.space->last_use = ++s->clock;
    return found;
}
