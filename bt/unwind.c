/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a host address in the cache back to precise guest state, and from a missed exit to a
 * connected one. Every byte of code has a record (cache.h); the last one at or before the stop
 * is the one that holds.
 */
#include "bt/cache.h"
#include "monitor/log.h"

static const struct unwind *find_record(const struct bt *bt, const struct block *b, uint32_t off)
{
    uint32_t lo = b->records, hi = b->records + b->nrecords;
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (bt->record[mid].at <= off)
            lo = mid;
        else
            hi = mid;
    }
    return &bt->record[lo];
}

void bt_unwind(struct vcpu *v, const struct host_exit *x)
{
    struct bt *bt = v->vm->bt;
    uint64_t rip = x->rip;
    if (x->kind == HX_TC)
        rip -= 2; /* the gate's INT is behind the stop; it belongs to the state before it */
    if (rip < bt->tc.exec || rip >= bt->tc.exec + bt->tc_used)
        panic("translated code stopped at %lx, outside the cache", x->rip);
    uint32_t off = (uint32_t)(rip - bt->tc.exec);
    const struct block *b = &bt->block[cache_block_at(bt, off)];
    const struct unwind *u = find_record(bt, b, off - b->tc);
    v->eip = u->how & UNWIND_FORWARD ? (uint32_t)x->scratch[SCR_R8] : u->eip;
    v->gpr[R_ESP] += (uint32_t)(int32_t)u->esp_delta;
    if (u->how & UNWIND_ECX_R11)
        v->gpr[R_ECX] = (uint32_t)x->scratch[SCR_R11];
    if (u->how & UNWIND_ESP_R9)
        v->gpr[R_ESP] = (uint32_t)x->scratch[SCR_R9];
    if (u->how & UNWIND_INHIBIT)
        v->inhibit = 1;
    bt->unwind_flushes = bt->flushes;
}

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

void bt_chain(struct vcpu *v, const struct host_exit *x, uint64_t entry)
{
    struct bt *bt = v->vm->bt;
    uint64_t slot = x->scratch[SCR_R9];
    if (slot == 0 || slot >= bt->nslots || bt->flushes != bt->unwind_flushes)
        return;
    uint32_t to = cache_block_at(bt, (uint32_t)(entry - bt->tc.exec));
    if (cache_entry(bt, to) != entry)
        return;
    if (!may_connect(&bt->block[bt->slot[slot].from], &bt->block[to])) {
        slot_search(bt, (uint32_t)slot);
        return;
    }
    slot_connect(bt, (uint32_t)slot, to);
    v->vm->stats.n[STAT_BT_CHAINED]++;
}
