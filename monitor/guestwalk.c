/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walk itself. A format is a row: how wide an entry is, and for each level which address
 * bits index it, whether it may map a large page, which bits must be clear, and what it
 * says besides an address. Nothing is cached here.
 */
#include "monitor/guestwalk.h"

#include "monitor/guestmem.h"

struct level {
    unsigned shift;          /* of the linear address bits that index this level */
    uint32_t index_mask;     /* of the index, after the shift */
    bool registers;          /* four entries in the CPU, without rights, A and D */
    bool large;              /* PS may end the walk here */
    uint64_t reserved;       /* bits that must be 0 in any entry, NX aside */
    uint64_t large_reserved; /* more of them in a large entry */
    uint64_t large_base;     /* address bits of a large entry */
};

struct format {
    unsigned levels;
    unsigned entry_size;
    bool pse;      /* large pages are CR4.PSE's to allow */
    bool nx;       /* entries have an NX bit */
    uint64_t root; /* address bits of CR3 */
    uint64_t base; /* of entries that are not large */
    struct level level[WALK_MAX_LEVELS];
};

/* clang-format off */
static const struct format two_level = { /* SDM 3A 4.3 */
    .levels = 2, .entry_size = 4, .pse = true, .root = 0xfffff000, .base = 0xfffff000,
    .level = {
        {.shift = 22, .index_mask = 0x3ff, .large = true, .large_reserved = PDE_LARGE_RESERVED,
         .large_base = 0xffc00000},
        {.shift = 12, .index_mask = 0x3ff},
    },
};
static const struct format pae = { /* SDM 3A 4.4 */
    .levels = 3, .entry_size = 8, .nx = true, .root = 0xffffffe0, .base = PAE_ADDRESS,
    .level = {
        {.shift = 30, .index_mask = 3, .registers = true},
        {.shift = 21, .index_mask = 0x1ff, .reserved = PAE_RESERVED, .large = true,
         .large_reserved = PAE_PDE_LARGE_RESERVED, .large_base = PAE_ADDRESS & ~0x1fffffull},
        {.shift = 12, .index_mask = 0x1ff, .reserved = PAE_RESERVED},
    },
};
/* clang-format on */

/* Entries are aligned, so that one never crosses a page. */
static uint64_t read_entry(const struct vm *vm, gpa_t where, unsigned size)
{
    const void *ram = guest_page(vm, where, size);
    if (!ram)
        return 0;
    return size == 8 ? *(const uint64_t *)ram : *(const uint32_t *)ram;
}

static bool nx_enabled(const struct vcpu *v, const struct format *fmt)
{
    return fmt->nx && (v->efer & EFER_NXE);
}

/* The I bit says fetch only where there is something to forbid fetches (SDM 3A 4.7). */
static bool fault(const struct vcpu *v, const struct format *fmt, uint32_t *error, unsigned flags,
                  uint32_t why)
{
    *error = (flags & (PF_W | PF_U | (nx_enabled(v, fmt) ? PF_I : 0u))) | why;
    return false;
}

/* SDM 3A 4.6.1. There is no SMAP or SMEP. */
static bool allowed(const struct vcpu *v, const struct walk *w, unsigned flags)
{
    if ((flags & PF_U) && !w->user)
        return false;
    if ((flags & PF_I) && !w->exec)
        return false;
    if (!(flags & PF_W) || w->writable)
        return true;
    return !(flags & PF_U) && !(v->cr0 & CR0_WP);
}

/* A on every entry used and D on the leaf of a write (SDM 3A 4.8). Both only ever widen
 * what a shadow of these tables may map, so nobody needs to hear of it. */
static void set_accessed_dirty(struct vm *vm, const struct format *fmt, struct walk *w,
                               unsigned flags)
{
    for (unsigned i = 0; i < w->levels; i++) {
        if (fmt->level[i].registers)
            continue;
        uint64_t e = w->entry[i] | PTE_A;
        if (i + 1 == w->levels && (flags & PF_W))
            e |= PTE_D;
        if (e != w->entry[i])
            guest_write(vm, w->entry_gpa[i], &e, fmt->entry_size);
        w->entry[i] = e;
    }
    w->accessed = true;
}

static bool paging_off(const struct vm *vm, struct walk *w, gva_t linear)
{
    *w = (struct walk){.user = true,
                       .writable = true,
                       .global = true,
                       .exec = true,
                       .dirty = true,
                       .accessed = true,
                       .page = guest_a20(vm, gpa(linear.v & ~PAGE_MASK))};
    return true;
}

static void combine(struct walk *w, uint64_t e)
{
    w->user &= (e & PTE_U) != 0;
    w->writable &= (e & PTE_W) != 0;
    w->accessed &= (e & PTE_A) != 0;
    w->exec &= !(e & PTE_NX);
}

/* Must-be-zero bits of entry E at level L. */
static bool reserved(const struct vcpu *v, const struct format *fmt, const struct level *l,
                     uint64_t e, bool large)
{
    uint64_t zero = l->reserved | (large ? l->large_reserved : 0);
    if (fmt->nx && !(v->efer & EFER_NXE))
        zero |= PTE_NX;
    return e & zero;
}

/* Reads entry I of the walk, in the table at TABLE. False: no such translation, for the reason *WHY
 * (error code bits). */
static bool step(struct vcpu *v, const struct format *fmt, unsigned i, gpa_t table, gva_t linear,
                 struct walk *w, uint32_t *why)
{
    const struct level *l = &fmt->level[i];
    uint32_t index = linear.v >> l->shift & l->index_mask;
    w->entry_gpa[i] = guest_a20(v->vm, gpa(table.v + (uint64_t)index * fmt->entry_size));
    uint64_t e =
        l->registers ? v->pdpte[index] : read_entry(v->vm, w->entry_gpa[i], fmt->entry_size);
    w->entry[i] = e;
    w->levels = i + 1;
    *why = 0;
    if (!(e & PTE_P))
        return false;
    if (l->registers)
        return true;
    combine(w, e);
    w->large = l->large && (e & PTE_PS) && (!fmt->pse || (v->cr4 & CR4_PSE));
    *why = PF_P | PF_RSVD;
    return !reserved(v, fmt, l, e, w->large);
}

static void finish(const struct vcpu *v, const struct format *fmt, gva_t linear, struct walk *w)
{
    unsigned leaf = w->levels - 1;
    uint64_t base = w->large ? fmt->level[leaf].large_base : fmt->base;
    uint32_t offset = (1u << fmt->level[leaf].shift) - 1;
    w->page = guest_a20(v->vm, gpa((w->entry[leaf] & base) + (linear.v & offset & ~PAGE_MASK)));
    w->dirty = (w->entry[leaf] & PTE_D) != 0;
    w->global = (v->cr4 & CR4_PGE) && (w->entry[leaf] & PTE_G);
}

bool guest_walk(struct vcpu *v, gva_t linear, unsigned flags, struct walk *w, uint32_t *error)
{
    if (!vcpu_paging(v))
        return paging_off(v->vm, w, linear);
    const struct format *fmt = vcpu_pae(v) ? &pae : &two_level;
    *w = (struct walk){.user = true, .writable = true, .exec = true, .accessed = true};
    gpa_t table = gpa(v->cr3 & fmt->root);
    for (unsigned i = 0; i < fmt->levels && !w->large; i++) {
        uint32_t why;
        if (!step(v, fmt, i, table, linear, w, &why))
            return fault(v, fmt, error, flags, why);
        table = gpa(w->entry[i] & fmt->base);
    }
    if (!allowed(v, w, flags))
        return fault(v, fmt, error, flags, PF_P);
    if (flags & WALK_SET_AD)
        set_accessed_dirty(v->vm, fmt, w, flags);
    finish(v, fmt, linear, w);
    return true;
}
