/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writes to mirrored frames. The written entries come in, already in guest RAM; the shadow
 * entries and slots derived from them are brought up to date at once, so that the
 * shadow always shows the guest's tables as they are. Frames that are written like
 * data, not like page tables, stop being mirrored.
 */
#include "monitor/guestmem.h"
#include "shadow/flush.h"
#include "shadow/mirror.h"
#include "shadow/shadow.h"
#include "shadow/space.h"
#include "shadow/table.h"

/*
 * So many entries written with no fault through the frame between them, and it is taken for
 * data, or for a table that is being filled, copied or torn down: rebuilding the shadow
 * later costs less than seeing every write. A page directory's rebuilding costs more.
 */
#define TABLE_WRITES     2u
#define DIRECTORY_WRITES 8u

/* Nothing is derived from F any more. */
static void unmirror(struct shadow *s, gfn_t f)
{
    s->vm->stats.n[STAT_SH_UNTRACED]++;
    for (struct mirror *m = mirror_find(s, f); m; m = mirror_find(s, f)) {
        if (m->spaces) {
            space_retire(s, m->spaces);
            continue;
        }
        table_drop(s, m->tables);
        mirror_release(s, m);
    }
}

/* An entry that became usable by this write costs no fault any more. */
static void derive(struct shadow *s, struct shadow_table *t, unsigned index, uint32_t pte)
{
    unsigned before = t->entry[index].flags;
    table_derive(s, t, index, pte);
    s->vm->stats.n[STAT_SH_EAGER] += (t->entry[index].flags & ~before) != 0;
}

/* Entry I of the frame as a directory entry, then as a page-table entry: a directory
 * that maps itself is both. A detached slot may have been the last use of F as a page
 * table, so its tables are looked at afterwards. */
static void entry_changed(struct shadow *s, struct mirror *m, unsigned i, uint32_t entry)
{
    for (struct shadow_space *sp = m->spaces; sp; sp = sp->next) {
        space_check_slot(s, sp, 2 * i, entry);
        space_check_slot(s, sp, 2 * i + 1, entry);
    }
    for (struct shadow_table *t = m->tables; t; t = t->next) {
        bool high = i >= HOST_TABLE_ENTRIES;
        if (high == ((t->role & ROLE_HIGH) != 0))
            derive(s, t, i % HOST_TABLE_ENTRIES, entry);
    }
}

static void entries_changed(struct shadow *s, struct mirror *m, unsigned first, unsigned last)
{
    gpa_t page = gfn_to_gpa(m->frame);
    for (unsigned i = first; i <= last; i++) {
        uint32_t entry;
        s->vm->stats.n[STAT_SH_PTE_WRITES]++;
        if (guest_read(s->vm, gpa(page.v + i * sizeof entry), &entry, sizeof entry))
            entry_changed(s, m, i, entry);
    }
}

/* Does the write touch parts of several entries, as no page-table code does? */
static bool straddles(unsigned first, unsigned last)
{
    return first / 4 != last / 4 && (first % 4 || last % 4 != 3);
}

void shadow_wrote(struct vm *vm, gpa_t where, size_t len)
{
    struct shadow *s = vm->shadow;
    struct mirror *m = mirror_find(s, gpa_to_gfn(where));
    unsigned first = where.v & PAGE_MASK;
    if (!m || !len)
        return;
    unsigned last = len > PAGE_SIZE - first ? PAGE_MASK : first + (unsigned)len - 1;
    unsigned limit = m->spaces ? DIRECTORY_WRITES : TABLE_WRITES;
    m->writes += last / 4 - first / 4 + 1;
    if (straddles(first, last) || m->writes > limit)
        unmirror(s, m->frame);
    else
        entries_changed(s, m, first / 4, last / 4);
    flush_pay(s);
}
