/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow paging's front: a fault is walked in the guest's tables and either mended, by one
 * entry and its neighbours, or named. The rest is bookkeeping that keeps the shadow equal
 * to the guest's tables at every moment; so a CR3 load only changes the space, and INVLPG
 * finds nothing left to do. Read space.c for what hangs where, write.c for guest writes.
 */
#include "shadow/shadow.h"

#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/trace.h"
#include "monitor/x86.h"
#include "shadow/flush.h"
#include "shadow/format.h"
#include "shadow/mirror.h"
#include "shadow/perm.h"
#include "shadow/slots.h"
#include "shadow/space.h"
#include "shadow/table.h"

/* Entries filled at once, an aligned group around the one that faulted: a fault costs more
 * than all of them. */
#define FILL_GROUP 16u

/* ---- Making ----------------------------------------------------------------- */

static void list_free_records(struct shadow *s)
{
    uint64_t limit = SHADOW_LIMIT(s->vm->ram.size);
    s->limit = limit < SHADOW_TABLES ? (unsigned)limit : SHADOW_TABLES - 1;
    for (unsigned i = s->limit; i; i--) {
        s->table[i].next = s->free_tables;
        s->free_tables = &s->table[i];
    }
    for (unsigned i = SHADOW_MIRRORS; i--;) {
        s->mirror[i].next = s->free_mirrors;
        s->free_mirrors = &s->mirror[i];
    }
}

bool shadow_create(struct vm *vm)
{
    size_t frames = vm->ram.size / PAGE_SIZE;
    struct shadow *s = pool_alloc(vm->pool, sizeof *s);
    struct shadow_slot *slots =
        pool_alloc(vm->pool, sizeof *slots * SHADOW_SPACES * HOST_SPACE_SLOTS);
    if (!s || !slots)
        return false;
    s->vm = vm;
    s->writable = pool_alloc(vm->pool, frames * sizeof *s->writable);
    s->mirror_of = pool_alloc(vm->pool, frames * sizeof *s->mirror_of);
    if (!s->writable || !s->mirror_of)
        return false;
    for (unsigned i = 0; i < SHADOW_SPACES; i++)
        s->space[i].slot = slots + i * HOST_SPACE_SLOTS;
    list_free_records(s);
    vm->shadow = s;
    return true;
}

void shadow_destroy(struct vm *vm)
{
    struct shadow *s = vm->shadow;
    s->current = NULL;
    for (unsigned i = 0; i < SHADOW_SPACES; i++) {
        if (s->space[i].host.id)
            space_retire(s, &s->space[i]);
    }
    for (unsigned i = 1; i <= s->limit; i++) {
        if (table_used(&s->table[i]))
            table_drop(s, &s->table[i]);
    }
    vm->shadow = NULL;
}

/* ---- Faults ----------------------------------------------------------------- */

/* The guest tables on the path are in use as tables. */
static void note_use(struct shadow *s, const struct walk *w)
{
    for (unsigned i = 0; i < w->levels; i++) {
        struct mirror *m = mirror_find(s, gpa_to_gfn(w->entry_gpa[i]));
        if (m)
            m->writes = 0;
    }
}

/* A new table is filled whole: a fork rewrites so much of a page table that its shadow is given
 * up and soon built again, and a fault for every group of it took a third of all exits. With WP
 * clear an entry is filled alone: its neighbours may have been flipped (table_flip), and a store
 * across two pages needs both of them at once. */
static void fill(struct shadow *s, struct shadow_table *t, unsigned index)
{
    bool alone = t->live && !(t->role & ROLE_WP);
    unsigned first = alone ? index : index / FILL_GROUP * FILL_GROUP;
    uint64_t pte = 0;
    if (!t->source)
        table_derive_large(s, t, first, alone ? 1 : FILL_GROUP);
    else if (!t->live)
        table_derive_range(s, t, 0, HOST_TABLE_ENTRIES);
    else if (!alone)
        table_derive_range(s, t, first, FILL_GROUP);
    else if (guest_read(s->vm, table_entry_gpa(t, index), &pte, format_of_table(t)->entry_size))
        table_derive(s, t, index, pte);
}

/* Maps LINEAR for ACCESS as the complete walk W says and returns the flags it has now; 0 if there
 * was no room. */
static unsigned map(struct shadow *s, gva_t linear, uint32_t access, const struct walk *w)
{
    uint64_t pde = w->levels ? w->entry[w->levels - (w->large ? 1 : 2)] : 0;
    unsigned slot = linear.v >> 21, index = linear.v >> PAGE_SHIFT & (HOST_TABLE_ENTRIES - 1);
    struct shadow_table *t = space_table(s, s->current, slot, pde);
    if (!t || t->whole)
        return t ? t->whole : 0;
    fill(s, t, index);
    if ((access & (PF_W | PF_U)) == PF_W && !shadow_grants(t->entry[index].flags, access))
        return table_flip(s, t, index);
    return t->entry[index].flags;
}

static unsigned map_or_reclaim(struct shadow *s, gva_t linear, uint32_t access,
                               const struct walk *w)
{
    unsigned flags = map(s, linear, access, w);
    if (!flags) {
        space_reclaim(s);
        flags = map(s, linear, access, w);
    }
    return flags;
}

/* A write that stays closed is to a traced frame, or there is no memory for tables: the
 * interpreter can do it in either case. */
static enum shadow_answer mend(struct shadow *s, gva_t linear, uint32_t access,
                               const struct walk *w)
{
    uint64_t *count = s->vm->stats.n;
    if (!guest_frame(s->vm, gpa_to_gfn(w->page)).v) {
        count[STAT_SH_MMIO]++;
        return SHADOW_MMIO;
    }
    if (!shadow_grants(map_or_reclaim(s, linear, access, w), access)) {
        count[STAT_SH_TRACES]++;
        s->refused = linear;
        return SHADOW_TRACE;
    }
    count[STAT_SH_FILLS]++;
    return SHADOW_FIXED;
}

/* A write by the supervisor, mostly to a page table in a large page of kernel memory: that it is
 * the trace that forbids it can be seen without a walk, at a third of its cost. */
static bool write_to_traced(struct shadow *s, gva_t linear, uint32_t access)
{
    if ((access & (PF_W | PF_U)) != PF_W || !s->current)
        return false;
    const struct shadow_table *t = slot_table(s, s->current, linear.v >> 21);
    return t && table_closed_by_trace(s, t, linear.v >> PAGE_SHIFT & (HOST_TABLE_ENTRIES - 1));
}

enum shadow_answer shadow_fault(struct vcpu *v, gva_t linear, uint32_t hw, uint32_t *error)
{
    struct shadow *s = v->vm->shadow;
    uint32_t access = hw & (PF_W | PF_U | PF_I);
    struct walk w;
    if (write_to_traced(s, linear, access)) {
        v->vm->stats.n[STAT_SH_TRACES]++;
        s->refused = linear;
        return SHADOW_TRACE;
    }
    bool mapped = guest_walk(v, linear, access | WALK_SET_AD, &w, error);
    note_use(s, &w);
    if (!mapped) {
        v->vm->stats.n[STAT_SH_REFLECTS]++;
        return SHADOW_REFLECT;
    }
    if (!s->current)
        shadow_switch(v, true);
    if (!s->current)
        return SHADOW_TRACE;
    enum shadow_answer answer = mend(s, linear, access, &w);
    flush_pay(s);
    return answer;
}

/* ---- Maintenance ------------------------------------------------------------ */

/* The shadow equals the guest's tables already, so there is nothing to flush but what
 * differs between spaces, and global entries need no care of their own. */
void shadow_switch(struct vcpu *v, bool global_too)
{
    struct shadow *s = v->vm->shadow;
    struct space_found found = space_get(s, space_key(v, v->cr3));
    (void)global_too;
    v->vm->stats.n[STAT_SH_SWITCHES]++;
    v->vm->stats.n[STAT_SH_SWITCH_HITS] += found.known;
    if (!found.space) {
        vm_kill(v->vm, "no host memory for another address space of the guest");
        return;
    }
    space_set_roots(s, found.space, v->pdpte);
    if (found.space != s->current) {
        s->current = found.space;
        host_space_use(found.space->host);
    }
    flush_pay(s);
}

/* The directory pointers at CR3, as a load of it would read them. */
static void read_pdptes(const struct vm *vm, uint32_t cr3, uint64_t pdpte[4])
{
    memset(pdpte, 0, 4 * sizeof pdpte[0]);
    guest_read(vm, gpa(cr3 & ~31u), pdpte, 4 * sizeof pdpte[0]);
}

void shadow_pin(struct vcpu *v, uint32_t cr3)
{
    struct shadow *s = v->vm->shadow;
    uint64_t pdpte[4];
    struct shadow_space *sp = space_get(s, space_key(v, cr3)).space;
    if (!sp)
        return;
    read_pdptes(v->vm, cr3, pdpte);
    space_set_roots(s, sp, pdpte);
    space_populate(s, sp, pdpte);
    flush_pay(s);
}

void shadow_unpin(struct vcpu *v, uint32_t cr3)
{
    struct shadow *s = v->vm->shadow;
    struct shadow_space *sp = space_find(s, space_key(v, cr3));
    if (sp)
        space_unpin(s, sp);
    flush_pay(s);
}

void shadow_invlpg(struct vcpu *v, gva_t linear)
{
    struct shadow *s = v->vm->shadow;
    v->vm->stats.n[STAT_SH_INVLPG]++;
    if (s->current && slot_table(s, s->current, linear.v >> 21))
        host_flush_page(gva(linear.v & ~PAGE_MASK));
}

/* Where the guest has told until now, its tables may be other ones than what was mirrored. */
void shadow_agree(struct vm *vm, bool told, bool early)
{
    struct shadow *s = vm->shadow;
    for (unsigned i = 0; told != s->told && i < SHADOW_SPACES; i++) {
        if (s->space[i].host.id)
            space_empty(s, &s->space[i]);
    }
    s->told = told;
    s->early = early;
    flush_pay(s);
}

void shadow_frame_replaced(struct vm *vm, gfn_t f)
{
    table_forget_frame(vm->shadow, f);
    flush_pay(vm->shadow);
}

/* F is free to be written. Where a write was refused last, the next one comes soon: it shall not
 * fault. Other mappings become writable when they are used. */
static void reopen(struct shadow *s, gfn_t f)
{
    unsigned index = s->refused.v >> PAGE_SHIFT & (HOST_TABLE_ENTRIES - 1);
    struct shadow_table *t = s->current ? slot_table(s, s->current, s->refused.v >> 21) : NULL;
    if (!t || t->whole || !t->entry[index].flags || t->entry[index].gfn != f.v)
        return;
    if (t->source)
        fill(s, t, index);
    else
        table_derive_large(s, t, index, 1);
}

void shadow_trace_changed(struct vm *vm, gfn_t f)
{
    struct shadow *s = vm->shadow;
    if (f.v >= vm->ram.size / PAGE_SIZE)
        return;
    if (trace_clients(vm, f))
        table_protect_frame(s, f);
    else
        reopen(s, f);
    flush_pay(s);
}
