/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Adaptive translation. What faults often, because it writes page tables or reaches for a device,
 * is translated as a callout: that costs an exit still, but no fault and no look at the guest's
 * page tables. A callout whose accesses turn out to be ordinary costs an exit for nothing; then it
 * becomes a copy again, and must fault twice as often as before to be a callout once more. Blocks
 * are dropped one at a time, when they are met; a guest pays for each with many exits.
 */
#include "bt/adapt.h"

#include "bt/cache.h"

/*
 * A site is worth changing if it makes a thirtieth of all faults of late: counts are halved every
 * WINDOW faults. Making two blocks anew costs what some ten exits cost.
 */
#define ADAPT_AFTER   32u
#define ADAPT_WINDOW  1024u
#define MOST_GIVEN_UP 5u /* ADAPT_AFTER shifted by this must be in reach */

/*
 * On QEMU's emulator a store to a traced page takes 11 us by a fault and 4 us as a callout; to a
 * device, with paging off, 4.5 and 4. The score of a site of which every fourth access is ordinary
 * stays where it is. By those figures alone more would pay; but an exit ends a block too, and what
 * runs behind it begins a new one.
 */
#define SCORE_START    24
#define SCORE_MOST     96
#define SCORE_FAULTED  1
#define SCORE_ORDINARY 3

static unsigned site_of(uint32_t eip)
{
    return (eip * 0x9e3779b1u) >> 24;
}

static bool is_at(const struct adapt_site *s, uint32_t eip)
{
    return s->eip == eip && s->score > 0;
}

bool adapt_is_callout(const struct adapt *a, uint32_t eip)
{
    return is_at(&a->site[site_of(eip)], eip);
}

/* Old faults count less and less. */
static void count_fault(struct adapt *a)
{
    if (++a->faults < ADAPT_WINDOW)
        return;
    a->faults = 0;
    for (unsigned n = 0; n < ADAPT_SITES; n++)
        a->site[n].faults /= 2;
}

/* EIP wants the place of another: that one loses a little of what keeps it. */
static bool take_place(struct adapt_site *s, uint32_t eip)
{
    if (s->score > 0)
        s->score--;
    else if (s->faults)
        s->faults--;
    if (s->score > 0 || s->faults)
        return false;
    *s = (struct adapt_site){.eip = eip};
    return true;
}

bool adapt_faulted(struct adapt *a, uint32_t eip)
{
    struct adapt_site *s = &a->site[site_of(eip)];
    count_fault(a);
    if (s->eip != eip && !take_place(s, eip))
        return false;
    if (s->score > 0)
        return true;
    if (++s->faults < ADAPT_AFTER << s->given_up)
        return false;
    s->faults = 0;
    s->score = SCORE_START;
    return true;
}

bool adapt_ran(struct adapt *a, uint32_t eip, bool ordinary)
{
    struct adapt_site *s = &a->site[site_of(eip)];
    if (!is_at(s, eip))
        return false;
    s->score = (int16_t)(s->score + (ordinary ? -SCORE_ORDINARY : SCORE_FAULTED));
    if (s->score > SCORE_MOST)
        s->score = SCORE_MOST;
    if (s->score > 0)
        return true;
    s->given_up += s->given_up < MOST_GIVEN_UP;
    return false;
}

/* The block of the instruction at EIP, stopped at host address RIP. NO_BLOCK if it is gone: by the
 * very access that the interpreter made. */
static uint32_t stopped_block(const struct bt *bt, uint32_t eip, uint64_t rip)
{
    uint32_t off = (uint32_t)(rip - bt->tc.exec), block;
    if (bt->flushes != bt->unwind_flushes || off >= bt->tc_used)
        return NO_BLOCK;
    block = cache_block_at(bt, off);
    const struct block *b = &bt->block[block];
    return b->live && eip - b->eip < b->len ? block : NO_BLOCK;
}

/* It is made anew when it is needed next. */
static void drop_block(struct vm *vm, uint32_t block)
{
    if (block != NO_BLOCK)
        cache_drop(vm, block);
}

void bt_faulted(struct vcpu *v, const struct host_exit *x)
{
    struct adapt *a = &v->vm->bt->adapt;
    uint32_t eip = vcpu_next(v);
    bool before = adapt_is_callout(a, eip);
    if (!adapt_faulted(a, eip))
        return;
    v->vm->stats.n[STAT_BT_ADAPTED] += !before;
    drop_block(v->vm, stopped_block(v->vm->bt, eip, x->rip));
}

void bt_missed(struct vcpu *v, const struct host_exit *x)
{
    struct bt *bt = v->vm->bt;
    uint32_t block = stopped_block(bt, vcpu_next(v), x->rip);
    if (block != NO_BLOCK && bt->block[block].bases != cache_bases(v))
        cache_drop(v->vm, block);
    else
        bt_faulted(v, x);
}

/* Of a string operation, the operand that X's address is near. */
static unsigned operand_at(const struct vcpu *v, uint32_t cr2)
{
    uint32_t from_esi = cr2 - v->gpr[R_ESI], from_edi = cr2 - v->gpr[R_EDI];
    uint32_t esi = from_esi < -from_esi ? from_esi : -from_esi;
    uint32_t edi = from_edi < -from_edi ? from_edi : -from_edi;
    return esi < edi ? WINDOW_SOURCE : WINDOW_DEST;
}

bool bt_turn_window(struct vcpu *v, const struct host_exit *x, bool string)
{
    struct bt *bt = v->vm->bt;
    struct window_sites *w = &bt->windows;
    uint32_t eip = vcpu_next(v), block = stopped_block(bt, eip, x->rip);
    unsigned which = string ? operand_at(v, x->cr2) : WINDOW_SOURCE;
    enum window_news news = WINDOW_TURNED; /* another block with the instruction brought it about */
    if (block == NO_BLOCK || !window_is_stale(w, eip, block))
        news = window_turn(w, eip, which, x->cr2, bt->nblocks);
    v->windows.minus_split = 0 - w->split;
    if (news == WINDOW_TURNED)
        drop_block(v->vm, block);
    return news != WINDOW_NEITHER;
}

void bt_called_out(struct vcpu *v, const struct host_exit *x, uint32_t eip, bool ordinary)
{
    struct adapt *a = &v->vm->bt->adapt;
    bool before = adapt_is_callout(a, eip);
    if (adapt_ran(a, eip, ordinary))
        return;
    v->vm->stats.n[STAT_BT_READAPTED] += before;
    drop_block(v->vm, stopped_block(v->vm->bt, eip, x->rip - gate_size(v->vm->bt)));
}
