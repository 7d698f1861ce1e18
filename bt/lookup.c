/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The look-up tables that emitted code searches (exits.c): hashed by linear address, for one mode
 * at a time, in two levels: the entry that an address hashes to is tried where the jump is, those
 * behind it by one shared piece of code. They lie behind the vcpu. Entries of blocks that are not
 * global are remembered, so that a CR3 load need not go through the whole table.
 */
#include "bt/cache.h"
#include "monitor/mem.h"

static struct lookup_entry *table(struct vcpu *v, enum side side)
{
    return (struct lookup_entry *)((uint8_t *)v + LOOKUP_TABLE(side));
}

/* Sides that this host has a table for. */
static unsigned sides(const struct vcpu *v)
{
    return v->vm->bt->tc.user_code ? SIDES : 1;
}

static enum side side_at(const struct vcpu *v)
{
    return v->cpl == 3 ? SIDE_USER : SIDE_KERNEL;
}

/* The tag of an address that is not looked for in entry I: tag 0 is that of address 0, which
 * may be in the first LOOKUP_WAYS; tag 1 that of 0xffffffff, which is not in those. */
static uint32_t empty_tag(unsigned i)
{
    return i < LOOKUP_WAYS;
}

static void forget_local(struct lookup *l)
{
    l->nlocal = 0;
    memset(l->whole, 0, sizeof l->whole);
}

static void clear_part(struct lookup_entry *e, unsigned first)
{
    for (unsigned i = first; i < first + LOOKUP_PART && i < LOOKUP_ENTRIES; i++)
        e[i].tag = empty_tag(i);
}

/* A guest may change its mode often (by loading DS, say), and a whole table is 32 Ki entries. */
static void clear(struct vcpu *v, enum side side)
{
    struct lookup *l = &v->vm->bt->lookup[side];
    for (; l->used; l->used &= l->used - 1)
        clear_part(table(v, side), (unsigned)__builtin_ctzll(l->used) * LOOKUP_PART);
    forget_local(l);
}

void lookup_create(struct vcpu *v)
{
    for (unsigned side = 0; side < sides(v); side++) {
        for (unsigned first = 0; first < LOOKUP_ENTRIES; first += LOOKUP_PART)
            clear_part(table(v, side), first);
    }
}

void lookup_clear(struct vcpu *v)
{
    for (unsigned side = 0; side < sides(v); side++)
        clear(v, side);
}

/* The entry that EIP is in, or LOOKUP_ENTRIES. */
static unsigned find(struct vcpu *v, enum side side, uint32_t eip)
{
    const struct lookup_entry *e = table(v, side);
    unsigned first = lookup_index(eip);
    for (unsigned i = first; i < first + LOOKUP_WAYS; i++) {
        if (e[i].tag + eip == 0)
            return i;
    }
    return LOOKUP_ENTRIES;
}

uint64_t lookup_find(struct vcpu *v, uint32_t eip)
{
    enum side side = side_at(v);
    unsigned i = find(v, side, eip);
    return i < LOOKUP_ENTRIES ? table(v, side)[i].target : 0;
}

/* What is in entry FROM moves to another one where it may be, or is forgotten. */
static void move_away(struct vcpu *v, enum side side, unsigned from)
{
    struct lookup_entry *e = table(v, side);
    unsigned first = lookup_index(-e[from].tag);
    for (unsigned i = first; i < first + LOOKUP_WAYS; i++) {
        if (i != from && e[i].tag == empty_tag(i)) {
            e[i] = e[from];
            return;
        }
    }
}

static void note_local(struct vcpu *v, enum side side, uint32_t eip)
{
    struct lookup *l = &v->vm->bt->lookup[side];
    if (l->nlocal == LOCAL_ENTRIES)
        clear(v, side);
    l->local[l->nlocal++] = eip;
}

/* Entry FIRST or one of those that its address may be in will be written. */
static void note_used(struct lookup *l, unsigned first)
{
    l->used |= 1ull << first / LOOKUP_PART | 1ull << (first + LOOKUP_WAYS - 1) / LOOKUP_PART;
}

/* The newest address gets the entry that emitted code tries first. */
void lookup_enter(struct vcpu *v, uint32_t entry)
{
    if (v->vm->pace.alone)
        return;
    struct bt *bt = v->vm->bt;
    const struct entry *e = &bt->entry[entry];
    enum side side = side_at(v);
    struct lookup_entry *l = table(v, side);
    unsigned i = lookup_index(e->eip), old = find(v, side, e->eip);
    if (!bt->block[e->block].global) {
        note_local(v, side, e->eip);
        old = find(v, side, e->eip);
    }
    note_used(&bt->lookup[side], i);
    if (old < LOOKUP_ENTRIES)
        l[old].tag = empty_tag(old);
    if (l[i].tag != empty_tag(i))
        move_away(v, side, i);
    l[i] = (struct lookup_entry){.tag = -e->eip, .target = entry_address(bt, entry)};
}

void lookup_remove(struct vcpu *v, uint32_t block)
{
    struct bt *bt = v->vm->bt;
    const struct block *b = &bt->block[block];
    enum side side = side_of(b->mode);
    for (uint32_t e = b->entries; e < b->entries + b->nentries; e++) {
        unsigned i = find(v, side, bt->entry[e].eip);
        if (i < LOOKUP_ENTRIES && table(v, side)[i].target == entry_address(bt, e))
            table(v, side)[i].tag = empty_tag(i);
    }
}

static void clear_local(struct vcpu *v, enum side side)
{
    struct lookup *l = &v->vm->bt->lookup[side];
    if (!l->nlocal) /* and so no page is whole: the usual case where a kernel's pages are global */
        return;
    for (uint32_t n = 0; n < l->nlocal; n++) {
        unsigned i = find(v, side, l->local[n]);
        if (i < LOOKUP_ENTRIES)
            table(v, side)[i].tag = empty_tag(i);
    }
    forget_local(l);
}

bool lookup_is_new(struct vcpu *v, gva_t page)
{
    uint32_t *place = &v->vm->bt->lookup[side_at(v)].whole[(page.v >> PAGE_SHIFT) % WHOLE_PAGES];
    bool is_new = *place != page.v + 1;
    *place = page.v + 1;
    return is_new;
}

/* FS and GS are used with their base if they cover 4 GiB and may be written; else what is
 * added makes every access non-canonical, and the interpreter gets it. */
#define NO_PLACE (1ull << 62)

static bool is_whole(const struct segment *s)
{
    const uint32_t must = SA_P | SA_S | SA_RW, mask = must | SA_CODE | SA_DC | SA_NULL;
    return s->limit == 0xffffffffu && (s->attr & mask) == must;
}

/* 16-bit code uses all segments so, those that hold what 16 bits reach besides (vcpu.h). */
static void set_places16(struct vcpu *v)
{
    for (unsigned r = 0; r < S_COUNT; r++) {
        const struct segment *s = &v->seg[r];
        v->place[r] = is_whole(s) ? s->base : NO_PLACE;
        v->place16[0][r] = segment_holds16(v, r) ? s->base : NO_PLACE;
        v->place16[1][r] = NO_PLACE;
    }
}

static void set_places(struct vcpu *v)
{
    v->no_place = NO_PLACE;
    if (!(v->seg[S_CS].attr & SA_DB)) {
        set_places16(v);
        return;
    }
    for (unsigned r = S_FS; r <= S_GS; r++)
        v->place[r] = is_whole(&v->seg[r]) ? v->seg[r].base : NO_PLACE;
}

bool bt_ready(struct vcpu *v)
{
    set_places(v);
    return cache_mode(v) == v->vm->bt->lookup[side_at(v)].mode;
}

uint64_t bt_lookup(struct vcpu *v)
{
    struct bt *bt = v->vm->bt;
    uint64_t mode = cache_mode(v);
    uint32_t eip = vcpu_next(v);
    struct lookup *l = &bt->lookup[side_of(mode)];
    set_places(v);
    bt->recent[bt->nrecent++ % RECENT] = eip;
    if (mode != bt->run_mode) { /* a return may not lead into code that was made for another one */
        bt->run_mode = mode;
        calls_reset(v->vm);
    }
    if (mode != l->mode) {
        l->mode = mode;
        v->direct.armed = 0; /* it was for code of the mode before */
        clear(v, side_of(mode));
        v->vm->stats.n[STAT_BT_MODES]++;
        return 0;
    }
    return lookup_find(v, eip);
}

void bt_flush_space(struct vcpu *v, bool all)
{
    struct bt *bt = v->vm->bt;
    for (unsigned side = 0; side < sides(v); side++)
        clear_local(v, side);
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
