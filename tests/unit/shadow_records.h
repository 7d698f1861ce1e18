/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Do the records of shadow paging agree with each other, with the traces and with what the fake
 * host holds? Included by one file of a test program.
 */
#ifndef RING1_SHADOW_RECORDS_H
#define RING1_SHADOW_RECORDS_H

#include "shadow/rmap.h"
#include "shadow/slots.h"
#include "tests/unit/memory_doubles.h"

/* One host page: all its frames in a row, none traced if it is writable. */
static inline void check_whole(const struct vm *vm, const struct shadow_table *t)
{
    assert_true(!t->source && !t->host.id && !t->entry && (t->whole & SH_PRESENT));
    for (uint32_t f = t->base; f < t->base + 512; f++) {
        assert_int_equal(guest_frame(vm, gfn(f)).v, guest_frame(vm, gfn(t->base)).v + f - t->base);
        if (t->whole & SH_WRITE)
            assert_int_equal(trace_clients(vm, gfn(f)), 0);
    }
}

static inline void check_table(struct shadow *s, struct shadow_table *t, unsigned *writable)
{
    unsigned live = 0, hangs = 0;
    if (t->whole)
        check_whole(s->vm, t);
    for (unsigned i = 0; i < HOST_TABLE_ENTRIES && !t->whole; i++) {
        live += t->entry[i].flags != 0;
        *writable += (t->entry[i].flags & SH_WRITE) != 0;
    }
    for (uint32_t n = t->slots; n; n = slot_next(s, n)) {
        assert_ptr_equal(slot_table(s, slot_space(s, n), slot_index(n)), t);
        hangs++;
    }
    assert_int_equal(live, t->live);
    assert_int_equal(hangs, t->hangs);
    assert_true(!t->source || hangs); /* of a guest page table: only while it is used */
}

static inline void check_frame(struct shadow *s, uint32_t f, unsigned *listed)
{
    unsigned clients = trace_clients(s->vm, gfn(f));
    assert_int_equal((clients & TRACE_PAGETABLE) != 0, s->mirror_of[f] != 0);
    if (s->mirror_of[f]) {
        const struct mirror *m = &s->mirror[s->mirror_of[f] - 1];
        assert_int_equal(m->frame.v, f);
        assert_true(m->tables || m->roots);
    }
    for (uint32_t n = s->writable[f]; n; n = rmap_entry(s, n)->next) {
        assert_int_equal(rmap_entry(s, n)->gfn, f);
        assert_true(rmap_entry(s, n)->flags & SH_WRITE);
        ++*listed;
    }
}

static inline void check_shadow_records(struct shadow *s)
{
    unsigned writable = 0, listed = 0, tables = 0, large = 0;
    for (unsigned i = 1; i < SHADOW_TABLES; i++) {
        if (!table_used(&s->table[i]))
            continue;
        check_table(s, &s->table[i], &writable);
        tables += !s->table[i].whole;
        large += s->table[i].whole ? s->table[i].hangs : 0;
    }
    for (uint32_t f = 0; f < s->vm->ram.size / PAGE_SIZE; f++)
        check_frame(s, f, &listed);
    assert_int_equal(writable, listed);
    assert_int_equal(tables, fake.tables_live);
    assert_int_equal(tables, s->tables);
    assert_int_equal(large, fake.large_live);
}

#endif
