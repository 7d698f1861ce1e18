/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Jump slots: the data words that direct exits jump through. Connecting blocks writes data, not
 * code: an emulated host translates a written code page anew.
 */
#include "bt/cache.h"

uint32_t slot_new(struct bt *bt, uint32_t block)
{
    if (bt->nslots >= MAX_SLOTS)
        return 0;
    uint32_t s = bt->nslots++;
    struct block *b = &bt->block[block];
    bt->slot[s] = (struct slot){.from = block};
    if (b->nslots++ == 0)
        b->slots = s;
    return s;
}

uint64_t slot_address(const struct bt *bt, uint32_t slot)
{
    return bt->tc.exec + bt->tc.size + 8ull * slot;
}

void slot_disconnect(struct bt *bt, uint32_t slot)
{
    struct slot *s = &bt->slot[slot];
    uint32_t *link = s->target ? &bt->block[s->target].incoming : NULL;
    while (link && *link) {
        if (*link == slot) {
            *link = s->next;
            break;
        }
        link = &bt->slot[*link].next;
    }
    s->target = NO_BLOCK;
    s->next = 0;
    bt->slot_value[slot] = bt->tc.exec + s->stub;
}

void slot_connect(struct bt *bt, uint32_t slot, uint32_t entry)
{
    struct slot *s = &bt->slot[slot];
    uint32_t block = bt->entry[entry].block;
    slot_disconnect(bt, slot);
    s->target = block;
    s->next = bt->block[block].incoming;
    bt->block[block].incoming = slot;
    bt->slot_value[slot] = entry_address(bt, entry);
}

void slot_search(struct bt *bt, uint32_t slot)
{
    slot_disconnect(bt, slot);
    bt->slot_value[slot] = bt->tc.exec + bt->slot[slot].search;
}
