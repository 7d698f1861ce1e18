/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Jump slots: where direct exits lead. By policy a slot is a data word that the exit jumps through,
 * so that connecting blocks writes no code, which an emulated host would translate anew; or the
 * displacement of the jump itself, which is best for a real CPU. Nothing is patched while
 * translated code runs, and the monitor enters it by a serialising instruction (SDM 3A 9.1.3).
 */
#include "bt/cache.h"
#include "monitor/mem.h"

uint32_t slot_new(struct bt *bt, uint32_t block, uint32_t eip)
{
    if (bt->nslots >= MAX_SLOTS)
        return 0;
    uint32_t s = bt->nslots++;
    struct block *b = &bt->block[block];
    bt->slot[s] = (struct slot){.from = block, .eip = eip};
    if (b->nslots++ == 0)
        b->slots = s;
    return s;
}

uint32_t slot_of_stub(const struct bt *bt, uint32_t off)
{
    uint32_t slot = off < bt->tc.size ? (bt->tc.size - 1 - off) / STUB_SIZE : 0;
    return slot < bt->nslots ? slot : 0;
}

uint64_t slot_address(const struct bt *bt, uint32_t slot)
{
    return bt->tc.exec + bt->tc.size + 8ull * slot;
}

static void lead(struct bt *bt, uint32_t slot, uint32_t to)
{
    const struct slot *s = &bt->slot[slot];
    uint32_t rel = to - (s->at + 4);
    if (bt->patching)
        memcpy(bt->tc.write + s->at, &rel, sizeof rel);
    else
        bt->slot_value[slot] = bt->tc.exec + to;
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
    lead(bt, slot, slot_stub(bt, slot));
}

void slot_connect(struct bt *bt, uint32_t slot, uint32_t entry)
{
    struct slot *s = &bt->slot[slot];
    uint32_t block = bt->entry[entry].block;
    slot_disconnect(bt, slot);
    s->target = block;
    s->next = bt->block[block].incoming;
    bt->block[block].incoming = slot;
    lead(bt, slot, bt->entry[entry].at);
}

void slot_search(struct bt *bt, uint32_t slot)
{
    slot_disconnect(bt, slot);
    lead(bt, slot, slot_stub(bt, slot) + gate_size(bt));
}
