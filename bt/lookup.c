/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The look-up table that emitted code searches (exits.c): hashed by linear address, for one mode at
 * a time, in two levels: the entry that an address hashes to is tried where the jump is, those
 * behind it by one shared piece of code. It lies behind the vcpu. Entries of blocks that are not
 * global are remembered, so that a CR3 load need not go through the whole table.
 */
#include "bt/cache.h"
#include "monitor/mem.h"

static uint32_t *tags(struct vcpu *v)
{
    return (uint32_t *)((uint8_t *)v + LOOKUP_TAGS);
}

static uint64_t *targets(struct vcpu *v)
{
    return (uint64_t *)((uint8_t *)v + LOOKUP_TARGETS);
}

/* As emit_lookup_index computes it. */
static unsigned index_of(uint32_t eip)
{
    return (eip + __builtin_bswap32(eip)) & (LOOKUP_HASHES - 1);
}

/* The tag of an address that is not looked for in entry I: tag 0 is that of address 0, which
 * may be in the first LOOKUP_WAYS; tag 1 that of 0xffffffff, which is not in those. */
static uint32_t empty_tag(unsigned i)
{
    return i < LOOKUP_WAYS;
}

void lookup_clear(struct vcpu *v)
{
    uint32_t *tag = tags(v);
    for (unsigned i = 0; i < LOOKUP_ENTRIES; i++)
        tag[i] = empty_tag(i);
    v->vm->bt->nlocal = 0;
}

/* The entry that EIP is in, or LOOKUP_ENTRIES. */
static unsigned find(struct vcpu *v, uint32_t eip)
{
    unsigned first = index_of(eip);
    for (unsigned i = first; i < first + LOOKUP_WAYS; i++) {
        if (tags(v)[i] + eip == 0)
            return i;
    }
    return LOOKUP_ENTRIES;
}

uint64_t lookup_find(struct vcpu *v, uint32_t eip)
{
    unsigned i = find(v, eip);
    return i < LOOKUP_ENTRIES ? targets(v)[i] : 0;
}

/* What is in entry FROM moves to another one where it may be, or is forgotten. */
static void move_away(struct vcpu *v, unsigned from)
{
    unsigned first = index_of(-tags(v)[from]);
    for (unsigned i = first; i < first + LOOKUP_WAYS; i++) {
        if (i != from && tags(v)[i] == empty_tag(i)) {
            tags(v)[i] = tags(v)[from];
            targets(v)[i] = targets(v)[from];
            return;
        }
    }
}

/* The newest address gets the entry that emitted code tries first. */
void lookup_enter(struct vcpu *v, uint32_t entry)
{
    struct bt *bt = v->vm->bt;
    const struct entry *e = &bt->entry[entry];
    unsigned i = index_of(e->eip), old = find(v, e->eip);
    if (!bt->block[e->block].global) {
        if (bt->nlocal == LOCAL_ENTRIES)
            lookup_clear(v);
        bt->local[bt->nlocal++] = e->eip;
    }
    if (old < LOOKUP_ENTRIES)
        tags(v)[old] = empty_tag(old);
    if (tags(v)[i] != empty_tag(i))
        move_away(v, i);
    tags(v)[i] = -e->eip;
    targets(v)[i] = entry_address(bt, entry);
}

void lookup_remove(struct vcpu *v, uint32_t block)
{
    struct bt *bt = v->vm->bt;
    const struct block *b = &bt->block[block];
    for (uint32_t e = b->entries; e < b->entries + b->nentries; e++) {
        unsigned i = find(v, bt->entry[e].eip);
        if (i < LOOKUP_ENTRIES && targets(v)[i] == entry_address(bt, e))
            tags(v)[i] = empty_tag(i);
    }
}

static void clear_local(struct vcpu *v)
{
    struct bt *bt = v->vm->bt;
    for (uint32_t n = 0; n < bt->nlocal; n++) {
        unsigned i = find(v, bt->local[n]);
        if (i < LOOKUP_ENTRIES)
            tags(v)[i] = empty_tag(i);
    }
    bt->nlocal = 0;
}

/* FS and GS are used with their base if they cover 4 GiB and may be written; else what is
 * added leads every access to where nothing is mapped, and the interpreter gets it. */
#define GUARD_ADDRESS (8ull << 30)

static void set_guards(struct vcpu *v)
{
    const uint32_t must = SA_P | SA_S | SA_RW, mask = must | SA_CODE | SA_DC | SA_NULL;
    v->flat_guard = 0;
    v->null_guard = GUARD_ADDRESS;
    for (unsigned r = S_FS; r <= S_GS; r++) {
        const struct segment *s = &v->seg[r];
        bool whole = s->limit == 0xffffffffu && (s->attr & mask) == must;
        v->guard[r] = whole ? 0 : GUARD_ADDRESS;
    }
}

bool bt_ready(struct vcpu *v)
{
    set_guards(v);
    return cache_mode(v) == v->vm->bt->lookup_mode;
}

uint64_t bt_lookup(struct vcpu *v)
{
    struct bt *bt = v->vm->bt;
    uint32_t mode = cache_mode(v);
    set_guards(v);
    bt->recent[bt->nrecent++ % RECENT] = v->eip;
    if (mode != bt->lookup_mode) {
        bt->lookup_mode = mode;
        lookup_clear(v);
        calls_reset(v->vm);
        v->vm->stats.n[STAT_BT_MODES]++;
        return 0;
    }
    return lookup_find(v, v->eip);
}

void bt_flush_space(struct vcpu *v, bool all)
{
    struct bt *bt = v->vm->bt;
    clear_local(v);
    if (all || bt->nown)
        calls_reset(v->vm);
    if (!all)
        return;
    lookup_clear(v);
    for (uint32_t s = 1; s < bt->nslots; s++) {
        const struct slot *p = &bt->slot[s];
        if (p->target && (bt->block[p->target].eip ^ bt->block[p->from].eip) & ~PAGE_MASK)
            slot_disconnect(bt, s);
    }
}

void bt_forget_calls(struct vcpu *v)
{
    calls_reset(v->vm);
}

unsigned bt_recent(const struct vm *vm, uint32_t *eips, unsigned max)
{
    const struct bt *bt = vm->bt;
    unsigned n = bt->nrecent < RECENT ? bt->nrecent : RECENT;
    if (n > max)
        n = max;
    for (unsigned i = 0; i < n; i++)
        eips[i] = bt->recent[(bt->nrecent - 1 - i) % RECENT];
    return n;
}
