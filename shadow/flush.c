/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Collects single pages up to a number at which forgetting everything is cheaper. Other
 * spaces than the current one need no flush: the host forgets them when it switches.
 */
#include "shadow/flush.h"

#include "shadow/slots.h"

/* Places looked at to find those in the current space, before all is flushed. */
#define PLACES_TRIED 64

void flush_owe_all(struct shadow *s)
{
    s->flush_all = true;
}

void flush_owe_page(struct shadow *s, gva_t page)
{
    if (s->flush_count == FLUSH_PAGES)
        s->flush_all = true;
    else
        s->flush_page[s->flush_count++] = page;
}

void flush_owe_entry(struct shadow *s, const struct shadow_table *t, unsigned index)
{
    unsigned tried = 0;
    for (uint32_t n = t->slots; n; n = slot_next(s, n)) {
        if (tried++ == PLACES_TRIED) {
            flush_owe_all(s);
            return;
        }
        if (slot_space(s, n) == s->current)
            flush_owe_page(s, gva(slot_index(n) << 21 | index << PAGE_SHIFT));
    }
}

void flush_pay(struct shadow *s)
{
    if (s->flush_all)
        host_flush_all();
    else
        for (unsigned i = 0; i < s->flush_count; i++)
            host_flush_page(s->flush_page[i]);
    s->flush_all = false;
    s->flush_count = 0;
}
