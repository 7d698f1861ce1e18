/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walk itself. A format is a row: how many levels, how wide an entry, and for each
 * level which address bits index it, whether it may map a large page and which bits
 * such an entry must keep clear. PAE will be a second row. Nothing is cached here.
 */
#include "monitor/guestwalk.h"

#include "monitor/guestmem.h"

struct level {
    unsigned shift;      /* of the linear address bits that index this level */
    bool large;          /* PS may end the walk here */
    uint64_t reserved;   /* bits that must be 0 in a large entry */
    uint64_t large_base; /* address bits of a large entry */
};

struct format {
    unsigned levels;
    unsigned entry_size;
    uint32_t index_mask;
    uint64_t base; /* address bits of CR3 and of entries that are not large */
    struct level level[WALK_MAX_LEVELS];
};

/* clang-format off */
static const struct format two_level = { /* SDM 3A 4.3 */
    .levels = 2, .entry_size = 4, .index_mask = 0x3ff, .base = 0xfffff000,
    .level = {
        {.shift = 22, .large = true, .reserved = PDE_LARGE_RESERVED, .large_base = 0xffc00000},
        {.shift = 12},
    },
};
/* clang-format on */

static uint64_t read_entry(const struct vm *vm, gpa_t where, unsigned size)
{
    uint64_t e = 0;
    return guest_read(vm, where, &e, size) ? e : 0;
}

static bool fault(uint32_t *error, unsigned flags, uint32_t why)
{
    *error = (flags & (PF_W | PF_U)) | why; /* no NX: the I bit stays 0, SDM 3A 4.7 */
    return false;
}

/* SDM 3A 4.6.1. There is no SMAP, SMEP or NX. */
static bool allowed(const struct vcpu *v, const struct walk *w, unsigned flags)
{
    if ((flags & PF_U) && !w->user)
        return false;
    if (!(flags & PF_W) || w->writable)
        return true;
    return !(flags & PF_U) && !(v->cr0 & CR0_WP);
}

/* A on every entry used and D on the leaf of a write (SDM 3A 4.8). Both only ever widen
 * what a shadow of these tables may map, so nobody needs to hear of it. */
static void set_accessed_dirty(struct vm *vm, struct walk *w, unsigned flags, unsigned size)
{
    for (unsigned i = 0; i < w->levels; i++) {
        uint64_t e = w->entry[i] | PTE_A;
        if (i + 1 == w->levels && (flags & PF_W))
            e |= PTE_D;
        if (e != w->entry[i])
            guest_write(vm, w->entry_gpa[i], &e, size);
        w->entry[i] = e;
    }
    w->accessed = true;
}

static bool paging_off(struct walk *w, gva_t linear)
{
    *w = (struct walk){.user = true,
                       .writable = true,
                       .global = true,
                       .dirty = true,
                       .accessed = true,
                       .page = gpa(linear.v & ~PAGE_MASK)};
    return true;
}

/* Reads entry I of the walk, in the table at TABLE. False: no such translation. */
static bool step(struct vcpu *v, const struct format *fmt, unsigned i, gpa_t table, gva_t linear,
                 struct walk *w)
{
    uint32_t index = linear.v >> fmt->level[i].shift & fmt->index_mask;
    w->entry_gpa[i] = gpa(table.v + (uint64_t)index * fmt->entry_size);
    uint64_t e = read_entry(v->vm, w->entry_gpa[i], fmt->entry_size);
    w->entry[i] = e;
    w->levels = i + 1;
    if (!(e & PTE_P))
        return false;
    w->user &= (e & PTE_U) != 0;
    w->writable &= (e & PTE_W) != 0;
    w->accessed &= (e & PTE_A) != 0;
    w->large = fmt->level[i].large && (e & PTE_PS) && (v->cr4 & CR4_PSE);
    return true;
}

static void finish(const struct format *fmt, gva_t linear, struct walk *w, bool pge)
{
    unsigned leaf = w->levels - 1;
    uint64_t base = w->large ? fmt->level[leaf].large_base : fmt->base;
    uint32_t offset = (1u << fmt->level[leaf].shift) - 1;
    w->page = gpa((w->entry[leaf] & base) + (linear.v & offset & ~PAGE_MASK));
    w->dirty = (w->entry[leaf] & PTE_D) != 0;
    w->global = pge && (w->entry[leaf] & PTE_G);
}

bool guest_walk(struct vcpu *v, gva_t linear, unsigned flags, struct walk *w, uint32_t *error)
{
    if (!vcpu_paging(v))
        return paging_off(w, linear);
    const struct format *fmt = &two_level;
    *w = (struct walk){.user = true, .writable = true, .accessed = true};
    gpa_t table = gpa(v->cr3 & fmt->base);
    for (unsigned i = 0; i < fmt->levels && !w->large; i++) {
        if (!step(v, fmt, i, table, linear, w))
            return fault(error, flags, 0);
        if (w->large && (w->entry[i] & fmt->level[i].reserved))
            return fault(error, flags, PF_P | PF_RSVD);
        table = gpa(w->entry[i] & fmt->base);
    }
    if (!allowed(v, w, flags))
        return fault(error, flags, PF_P);
    if (flags & WALK_SET_AD)
        set_accessed_dirty(v->vm, w, flags, fmt->entry_size);
    finish(fmt, linear, w, v->cr4 & CR4_PGE);
    return true;
}
