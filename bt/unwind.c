/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a host address in the cache back to precise guest state. Every byte of code has a record
 * (cache.h); the last one at or before the stop is the one that holds. Missed exits: chain.c.
 */
#include "bt/cache.h"
#include "monitor/log.h"

#define LIVE_FLAGS  (uint32_t)(FL_ARITH | FL_DF)
#define CALLS_SPARE 64u /* bytes of the call stack, for what a block pushes besides calls */

static struct unwind find_record(const struct bt *bt, uint32_t off)
{
    uint32_t slot = slot_of_stub(bt, off);
    if (slot)
        return (struct unwind){.eip = bt->slot[slot].eip};
    const struct block *b = &bt->block[cache_block_at(bt, off)];
    off -= b->tc;
    uint32_t lo = b->records, hi = b->records + b->nrecords;
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (bt->record[mid].at <= off)
            lo = mid;
        else
            hi = mid;
    }
    return bt->record[lo];
}

/* What emit_save_flags leaves: AH of LAHF, and OF in bit 0. */
static uint32_t saved_flags(uint32_t r9)
{
    return (r9 >> 8 & FL_ARITH & 0xff) | (r9 & 1 ? (uint32_t)FL_OF : 0);
}

/* The call stack goes on where it was left, but near its end it starts anew. */
static void keep_calls(struct vcpu *v, uint64_t rsp)
{
    const struct host_tc *tc = &v->vm->bt->tc;
    uint64_t first = (uint64_t)tc->stack + CALLS_SPARE;
    if (rsp < first || rsp >= (uint64_t)(tc->stack + tc->stack_words))
        calls_reset(v->vm);
    else
        v->tc_rsp = rsp;
}

/* The TC offset of the code that stopped at X. */
static uint32_t stop_offset(const struct bt *bt, const struct host_exit *x)
{
    uint64_t rip = x->rip;
    if (x->kind == HX_TC)
        rip -= gate_size(bt); /* the stop is behind the gate, which is of the state before it */
    if (rip < bt->tc.exec || rip >= bt->tc.exec + bt->tc.size)
        panic("translated code stopped at %lx, outside the cache", x->rip);
    uint32_t off = (uint32_t)(rip - bt->tc.exec);
    if (off >= bt->tc_used && !slot_of_stub(bt, off))
        panic("translated code stopped at %lx, where there is none", x->rip);
    return off;
}

uint32_t bt_block_of(const struct vcpu *v, const struct host_exit *x)
{
    const struct bt *bt = v->vm->bt;
    uint32_t off = stop_offset(bt, x), slot = slot_of_stub(bt, off);
    return bt->block[slot ? bt->slot[slot].from : cache_block_at(bt, off)].eip;
}

static bool is_interpreted(uint8_t code)
{
    return code == TC_EXIT_INTERP || code == TC_EXIT_ADAPTED || code == TC_EXIT_CALL;
}

void bt_unwind(struct vcpu *v, const struct host_exit *x)
{
    struct bt *bt = v->vm->bt;
    uint32_t off = stop_offset(bt, x);
    struct unwind u = find_record(bt, off);
    v->eip = (u.how & UNWIND_FORWARD ? (uint32_t)x->scratch[SCR_R8] : u.eip) - v->seg[S_CS].base;
    v->gpr[R_ESP] += (uint32_t)(int32_t)u.esp_delta;
    if (u.how & UNWIND_ECX_R11)
        v->gpr[R_ECX] = (uint32_t)x->scratch[SCR_R11];
    if (u.how & UNWIND_ESP_R9)
        v->gpr[R_ESP] = (uint32_t)x->scratch[SCR_R9];
    if (u.how & UNWIND_FLAGS_R11)
        v->eflags = (v->eflags & ~LIVE_FLAGS) | ((uint32_t)x->scratch[SCR_R11] & LIVE_FLAGS);
    if (u.how & UNWIND_EAX_R10)
        v->gpr[R_EAX] = (uint32_t)x->scratch[SCR_R10];
    if (u.how & UNWIND_FLAGS_R9)
        v->eflags = (v->eflags & ~(uint32_t)FL_ARITH) | saved_flags((uint32_t)x->scratch[SCR_R9]);
    if (u.how & UNWIND_INHIBIT)
        v->inhibit = INHIBIT_STI;
    if (bt->count && x->kind == HX_TC && is_interpreted(x->code))
        v->tc_insns--; /* the interpreter runs it, and counts it */
    bt->unwind_flushes = bt->flushes;
    keep_calls(v, x->scratch[SCR_RSP] + (u.how & UNWIND_PUSHED ? 8 : 0));
}
