/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A doubly linked list per guest frame, through the entries themselves: 8 bytes an entry,
 * no pool to run out of, and a change costs the same however often a page is shared.
 */
#include "shadow/rmap.h"

uint32_t rmap_number(const struct shadow *s, const struct shadow_table *t, unsigned index)
{
    return table_number(s, t) * HOST_TABLE_ENTRIES + index;
}

struct shadow_entry *rmap_entry(struct shadow *s, uint32_t n)
{
    return &s->table[n / HOST_TABLE_ENTRIES].entry[n % HOST_TABLE_ENTRIES];
}

void rmap_link(struct shadow *s, uint32_t n)
{
    struct shadow_entry *e = rmap_entry(s, n);
    uint32_t *head = &s->writable[e->gfn];
    e->prev = 0;
    e->next = *head;
    if (*head)
        rmap_entry(s, *head)->prev = n;
    *head = n;
}

void rmap_unlink(struct shadow *s, uint32_t n)
{
    struct shadow_entry *e = rmap_entry(s, n);
    if (e->prev)
        rmap_entry(s, e->prev)->next = e->next;
    else
        s->writable[e->gfn] = e->next;
    if (e->next)
        rmap_entry(s, e->next)->prev = e->prev;
    e->next = e->prev = 0;
}
