/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which exits may be connected to which blocks, and when they are: those of a new block whose
 * targets are known at once, the others when they are taken and miss. How a slot leads anywhere is
 * slot.c's.
 */
#include "bt/cache.h"

/*
 * A link within a page ends with the page's own mapping; others may last only if the target's page
 * is global. Within a page means within its frame too: a guest that has not flushed a changed entry
 * yet runs from both frames.
 */
static bool may_connect(const struct block *from, const struct block *to)
{
    bool same_page = !((from->eip ^ to->eip) & ~PAGE_MASK) && from->frame[0] == to->frame[0];
    return from->live && to->live && from->mode == to->mode && to->frame[1] == NO_FRAME &&
           (same_page || to->global);
}

static uint32_t entry_at(const struct bt *bt, uint64_t address)
{
    const struct block *b = &bt->block[cache_block_at(bt, (uint32_t)(address - bt->tc.exec))];
    for (uint32_t e = b->entries; e < b->entries + b->nentries; e++) {
        if (entry_address(bt, e) == address)
            return e;
    }
    return 0;
}

void bt_chain(struct vcpu *v, const struct host_exit *x, uint64_t entry)
{
    struct bt *bt = v->vm->bt;
    if (bt->flushes != bt->unwind_flushes || v->vm->pace.alone)
        return;
    uint32_t to = entry_at(bt, entry),
             slot = slot_of_stub(bt, (uint32_t)(x->rip - gate_size(bt) - bt->tc.exec));
    if (!to || !slot)
        return;
    if (!may_connect(&bt->block[bt->slot[slot].from], &bt->block[bt->entry[to].block])) {
        slot_search(bt, slot);
        return;
    }
    slot_connect(bt, slot, to);
    v->vm->stats.n[STAT_BT_CHAINED]++;
}

/* Where the code at EIP is entered, as far as that is known without a walk of page tables: in PAGE
 * by the records, elsewhere by the look-up table. */
static uint32_t known_entry(struct vcpu *v, uint32_t eip, const struct code_page *page)
{
    const struct bt *bt = v->vm->bt;
    if (!((eip ^ page->linear.v) & ~PAGE_MASK))
        return cache_find(bt, eip, cache_mode(v), page, NULL);
    uint64_t at = lookup_find(v, eip);
    return at ? entry_at(bt, at) : 0;
}

void chain_exits(struct vcpu *v, uint32_t block, const struct code_page *page)
{
    struct bt *bt = v->vm->bt;
    const struct block *b = &bt->block[block];
    if (v->vm->pace.alone)
        return;
    for (uint32_t s = b->slots; s < b->slots + b->nslots; s++) {
        uint32_t to = known_entry(v, bt->slot[s].eip, page);
        if (!to || !may_connect(b, &bt->block[bt->entry[to].block]))
            continue;
        slot_connect(bt, s, to);
        v->vm->stats.n[STAT_BT_CHAINED_EARLY]++;
    }
}
