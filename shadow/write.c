/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writes to mirrored frames. The written entries come in, already in guest RAM; the shadow
 * entries and slots derived from them are brought up to date at once, so that the
 * shadow always shows the guest's tables as they are. Frames that are written like
 * data, not like page tables, stop being mirrored.
 */
#include "monitor/guestmem.h"
#include "shadow/flush.h"
#include "shadow/format.h"
#include "shadow/mirror.h"
#include "shadow/shadow.h"
#include "shadow/space.h"
#include "shadow/table.h"

/*
 * So many entries written with no fault through the frame between them, and it is taken for
 * data, or for a table that is being filled, copied or torn down: rebuilding the shadow
 * later costs less than seeing every write. A page directory's rebuilding costs more. (One
 * 64-bit entry is mostly two writes. To grant tables of these twice as many cost a quarter more
 * exits in fork and exec.)
 */
#define TABLE_WRITES     2u
#define DIRECTORY_WRITES 8u

/* Nothing is derived from F any more. */
static void unmirror(struct shadow *s, gfn_t f)
{
    s->vm->stats.n[STAT_SH_UNTRACED]++;
    for (struct mirror *m = mirror_find(s, f); m; m = mirror_find(s, f)) {
        if (m->roots) {
            space_retire_root(s, m->roots);
            continue;
        }
        table_drop(s, m->tables);
        mirror_release(s, m);
    }
}

/* The bytes from FIRST to LAST of the frame as entries of directory R. */
static void directory_changed(struct shadow *s, struct shadow_root *r, unsigned first,
                              unsigned last)
{
    unsigned size = format_of_space(r->space)->entry_size;
    gpa_t page = gfn_to_gpa(r->frame);
    for (unsigned i = first / size; i <= last / size; i++) {
        uint64_t entry = 0;
        if (guest_read(s->vm, gpa(page.v + i * size), &entry, size))
            space_check_entry(s, r, i, entry);
    }
}

/* The same as entries of the page table that T shadows, or half of it. An entry that became usable
 * by this write costs no fault any more. */
static void table_changed(struct shadow *s, struct shadow_table *t, unsigned first, unsigned last)
{
    unsigned size = format_of_table(t)->entry_size;
    for (unsigned i = first / size; i <= last / size; i++) {
        unsigned index = i % HOST_TABLE_ENTRIES, before = t->entry[index].flags;
        uint64_t entry = 0;
        if ((i >= HOST_TABLE_ENTRIES) != ((t->role & ROLE_HIGH) != 0) ||
            !guest_read(s->vm, table_entry_gpa(t, index), &entry, size))
            continue;
        table_derive(s, t, index, entry);
        s->vm->stats.n[STAT_SH_EAGER] += (t->entry[index].flags & ~before) != 0;
    }
}

/* A directory that maps itself is both. A detached slot may have been the last use of the frame as
 * a page table, so its tables are looked at afterwards. */
static void entries_changed(struct shadow *s, struct mirror *m, unsigned first, unsigned last)
{
    for (struct shadow_root *r = m->roots; r; r = r->next)
        directory_changed(s, r, first, last);
    for (struct shadow_table *t = m->tables; t; t = t->next)
        table_changed(s, t, first, last);
}

/* How wide the entries of a frame are: where it is used in both ways, the wider. */
static unsigned entry_size(const struct mirror *m)
{
    unsigned size = 4;
    for (const struct shadow_root *r = m->roots; r; r = r->next)
        size |= format_of_space(r->space)->entry_size;
    for (const struct shadow_table *t = m->tables; t; t = t->next)
        size |= format_of_table(t)->entry_size;
    return size > 8 ? 8 : size;
}

/* Does the write touch parts of several entries, as no page-table code does? */
static bool straddles(unsigned first, unsigned last)
{
    return first / 4 != last / 4 && (first % 4 || last % 4 != 3);
}

void shadow_told(struct vm *vm, gpa_t where, unsigned size)
{
    struct shadow *s = vm->shadow;
    struct mirror *m = mirror_find(s, gpa_to_gfn(where));
    unsigned first = where.v & PAGE_MASK;
    if (!m)
        return;
    s->vm->stats.n[STAT_SH_PTE_WRITES]++;
    entries_changed(s, m, first, first + size - 1);
}

void shadow_pay(struct vm *vm)
{
    flush_pay(vm->shadow);
}

/* The bytes from FIRST to LAST of M's frame were written. */
static void mirror_wrote(struct shadow *s, struct mirror *m, unsigned first, unsigned last)
{
    unsigned size = entry_size(m), entries = last / size - first / size + 1;
    unsigned limit = m->roots ? DIRECTORY_WRITES : TABLE_WRITES;
    gfn_t frame = m->frame;
    s->vm->stats.n[STAT_SH_PTE_WRITES] += entries;
    space_neglect(s, m);
    m = mirror_find(s, frame);
    if (!m)
        return;
    m->writes += entries;
    if (straddles(first, last) || m->writes > limit)
        unmirror(s, frame);
    else
        entries_changed(s, m, first, last);
}

void shadow_wrote(struct vm *vm, gpa_t where, size_t len)
{
    struct shadow *s = vm->shadow;
    struct mirror *m = mirror_find(s, gpa_to_gfn(where));
    unsigned first = where.v & PAGE_MASK;
    if (!m || !len)
        return;
    mirror_wrote(s, m, first, len > PAGE_SIZE - first ? PAGE_MASK : first + (unsigned)len - 1);
    flush_pay(s);
}
