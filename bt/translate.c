/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One block: fetch, decode, rewrite, until a jump that is always taken, the end of the page, or
 * enough instructions. Conditional jumps leave the block by an exit and it goes on behind them.
 */
#include "bt/code16.h"
#include "monitor/mem.h"
#include "monitor/trace.h"

void record(struct translation *t, uint32_t eip, int esp_delta, unsigned how)
{
    struct bt *bt = t->bt;
    struct block *b = t->b;
    struct unwind u = {(uint16_t)t->code.len, (int8_t)(t->delta + esp_delta), (uint8_t)how, eip};
    if (t->after_sti && eip == t->eip)
        u.how |= UNWIND_INHIBIT;
    if (t->parked && eip == t->eip)
        u.how |= UNWIND_FLAGS_R9;
    if (b->nrecords && bt->record[b->records + b->nrecords - 1u].at == u.at) {
        bt->record[b->records + b->nrecords - 1u] = u;
        return;
    }
    if (bt->nrecords == MAX_RECORDS) {
        t->failed = true;
        return;
    }
    if (b->nrecords++ == 0)
        b->records = bt->nrecords;
    bt->record[bt->nrecords++] = u;
}

void note(struct translation *t, uint32_t eip, uint32_t at)
{
    struct notes *notes = t->bt->notes;
    if (notes && notes->count < MAX_NOTES)
        notes->note[notes->count++] =
            (struct note){eip, at, (uint8_t)t->treatment, (uint8_t)t->why, t->changes};
}

/* Counting costs three host instructions for each of the guest's: for benches only. */
void emit_count(struct translation *t, int n)
{
    t->changes |= CHANGE_COUNTED;
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_vcpu64(&t->code, H_R8, offsetof(struct vcpu, tc_insns));
    emit_lea64(&t->code, H_R8, H_R8, n);
    emit_store_vcpu64(&t->code, offsetof(struct vcpu, tc_insns), H_R8);
}

/* ---- Fetching ------------------------------------------------------------- */

enum decode_result decode_code(const struct translation *t, const uint8_t *bytes, size_t len,
                               struct insn *out)
{
    if (is_code16(t))
        return insn_decode(bytes, len, false, out);
    return decode_again(&t->bt->memo, bytes, len, out);
}

struct source {
    const struct code_page *page, *next;
};

enum fetch { FETCH_OK, FETCH_END, FETCH_CROSSES };

/* Decodes the instruction at t->eip. FETCH_END: its bytes are not all there. */
static enum fetch fetch(struct translation *t, const struct source *s)
{
    uint8_t bytes[INSN_MAX];
    unsigned off = t->eip - s->page->linear.v;
    unsigned here = PAGE_SIZE - off < INSN_MAX ? PAGE_SIZE - off : INSN_MAX;
    enum decode_result r = decode_code(t, s->page->bytes + off, here, &t->insn);
    if (r == DECODE_OK)
        return FETCH_OK;
    if (r == DECODE_TOO_LONG || !s->next)
        return FETCH_END;
    memcpy(bytes, s->page->bytes + off, here);
    memcpy(bytes + here, s->next->bytes, INSN_MAX - here);
    r = decode_code(t, bytes, INSN_MAX, &t->insn);
    return r == DECODE_OK ? FETCH_CROSSES : FETCH_END;
}

/* ---- The loop ------------------------------------------------------------- */

static bool last_in_page(const struct translation *t, const struct source *s)
{
    return t->next - s->page->linear.v >= PAGE_SIZE || t->next < t->eip;
}

static enum end one(struct translation *t, const struct source *s)
{
    bool shadow = t->after_sti, parked = t->parked;
    uint32_t at = t->code.len;
    t->next = t->eip + t->insn.len;
    t->can_look_ahead = t->nmade + 2 < MAX_BLOCK_INSNS && t->code.len < MAX_BLOCK_CODE / 4 &&
                        t->next - s->page->linear.v < PAGE_SIZE - INSN_MAX;
    t->sti = false;
    t->changes = 0;
    resolve_jumps(t);
    t->made[t->nmade++] = (struct made){t->eip, t->delta || t->parked ? NOT_HERE : t->code.len};
    if (t->returns && !t->parked && !entry_new(t->bt, t->self, t->eip, t->b->tc + t->code.len))
        t->failed = true;
    t->returns = false;
    if (t->bt->count)
        emit_count(t, 1);
    enum end end = adapt_is_callout(&t->bt->adapt, t->eip) ? callout_adapted(t)
                   : leaves_segment(t)                     ? callout_for(t, WHY_SEGMENT_END)
                                                           : rewrite(t);
    t->parked &= !parked;
    t->after_sti = t->sti;
    if (shadow && end == END_NO && !(t->insn.flags & INSN_BRANCH)) /* branch.c: has done it */
        emit_event_test(t, t->next, UNWIND_EIP);
    note(t, t->eip, at);
    return end;
}

static bool has_room(const struct translation *t)
{
    return t->nmade < MAX_BLOCK_INSNS && t->code.len < MAX_BLOCK_CODE / 2;
}

/* Behind the end of a stretch, the block goes on where a jump in it leads to, if that is near. */
static bool go_on(struct translation *t, const struct source *s)
{
    uint32_t eip = next_target(t, t->next);
    if (eip == t->next - 1 || eip - t->b->eip >= MAX_BLOCK_SPAN || !has_room(t) ||
        eip - s->page->linear.v >= PAGE_SIZE)
        return false;
    t->eip = eip;
    return true;
}

/* What follows is no instruction's code. */
static void begin_exit(struct translation *t, enum why why)
{
    t->treatment = TREAT_EXIT;
    t->why = why;
    t->changes = 0;
}

/* One stretch: instructions that follow one another. False: the block ends with it. */
static bool stretch(struct translation *t, const struct source *s)
{
    for (;;) {
        enum fetch f = has_room(t) ? fetch(t, s) : FETCH_END;
        if (f == FETCH_END || (f == FETCH_CROSSES && t->nmade > 0))
            break;
        enum end end = one(t, s);
        if (f == FETCH_CROSSES)
            t->b->frame[1] = s->next->frame.v;
        t->eip = t->end = t->next;
        if (end == END_BLOCK) {
            t->delta = 0;
            return f == FETCH_OK && !last_in_page(t, s) && go_on(t, s);
        }
        if (f == FETCH_CROSSES || last_in_page(t, s))
            break;
    }
    uint32_t at = t->code.len;
    begin_exit(t, WHY_GOES_ON);
    resolve_jumps(t);
    if (t->nmade)
        emit_exit(t, t->eip, EXIT_JUMP);
    note(t, t->eip, at);
    return false;
}

/* If not even the first instruction could be fetched, the block is a callout: the interpreter
 * raises what is to be raised. */
static void fill(struct translation *t, const struct source *s)
{
    t->end = t->eip + 1;
    while (stretch(t, s))
        ;
    begin_exit(t, WHY_FAR_TARGET);
    emit_far_targets(t);
    t->b->len = t->end - t->b->eip;
    t->v->vm->stats.n[STAT_BT_INSNS] += t->nmade;
}

static bool room_for_a_block(const struct bt *bt)
{
    const uint32_t slots = bt->nslots + 2 * MAX_BLOCK_INSNS + 8;
    return bt->nblocks < MAX_BLOCKS && slots < MAX_SLOTS &&
           bt->nentries + MAX_BLOCK_INSNS + 1 < MAX_ENTRIES && bt->nrecords + 2048 < MAX_RECORDS &&
           bt->tc_used + MAX_BLOCK_CODE + STUB_SIZE * slots <= bt->tc.size;
}

/* Nothing of a block that did not come about is kept. */
static uint32_t take_back(struct bt *bt, uint32_t self, uint32_t nslots, uint32_t nrecords)
{
    bt->nentries = bt->block[self].entries;
    bt->nblocks = self;
    bt->nslots = nslots;
    bt->nrecords = nrecords;
    return NO_BLOCK;
}

/* NO_BLOCK: not even the first instruction could be fetched whole; the interpreter will see why. */
static uint32_t make_block(struct vcpu *v, const struct source *s)
{
    struct bt *bt = v->vm->bt;
    if (!room_for_a_block(bt)) {
        cache_flush_all(v->vm);
        v->vm->stats.n[STAT_BT_FLUSHES]++;
    }
    uint32_t self = bt->nblocks++, nslots = bt->nslots, nrecords = bt->nrecords;
    struct translation t;
    memset(&t, 0, offsetof(struct translation, made));
    t.bt = bt;
    t.v = v;
    t.b = &bt->block[self];
    t.self = self;
    t.eip = vcpu_next(v);
    t.page = s->page;
    t.base = base_of_mode(cache_mode(v));
    if (bt->notes)
        bt->notes->count = 0;
    t.code = (struct code){.at = bt->scratch, .size = MAX_BLOCK_CODE, .gs = bt->tc.user_code};
    *t.b = (struct block){
        .eip = t.eip,
        .mode = cache_mode(v),
        .bases = cache_bases(v),
        .tc = bt->tc_used,
        .frame = {s->page->frame.v, NO_FRAME},
    };
    entry_new(bt, self, t.eip, bt->tc_used);
    fill(&t, s);
    if (t.nmade == 0 || t.failed || t.code.overflow)
        return take_back(bt, self, nslots, nrecords);
    t.b->tc_len = t.code.len;
    memcpy(bt->tc.write + bt->tc_used, bt->scratch, (t.code.len + 7) & ~7u);
    t.b->global = s->page->global && (t.b->frame[1] == NO_FRAME || s->next->global);
    bt->tc_used = (bt->tc_used + t.code.len + BLOCK_ALIGN - 1) & ~(BLOCK_ALIGN - 1);
    return self;
}

/* A frame whose translations are dropped again and again holds data between its code; it is
 * left to the interpreter for a while. */
static bool mixed(struct bt *bt, uint32_t frame)
{
    if (bt->drops[frame] < MIXED_AFTER)
        return false;
    if (--bt->drops[frame] < MIXED_AFTER)
        bt->drops[frame] = 0;
    return true;
}

uint64_t bt_translate(struct vcpu *v, const struct code_page *page, const struct code_page *next)
{
    struct bt *bt = v->vm->bt;
    struct source s = {page, next};
    struct stats *st = &v->vm->stats;
    uint32_t entry = cache_find(bt, vcpu_next(v), cache_mode(v), page, next);
    if (entry) {
        st->n[STAT_BT_FOUND]++;
        if (!page->global && lookup_is_new(v, page->linear))
            cache_enter_page(v, page); /* a CR3 load has taken all of it away */
    } else {
        uint64_t callouts = bt->callouts;
        if (mixed(bt, page->frame.v))
            return 0;
        uint32_t block = make_block(v, &s);
        if (!block)
            return 0;
        cache_link(bt, block);
        cache_announce(bt, block);
        chain_exits(v, block, page);
        trace_add(v->vm, page->frame, TRACE_CODE);
        if (bt->block[block].frame[1] != NO_FRAME)
            trace_add(v->vm, next->frame, TRACE_CODE);
        st->n[STAT_BT_BLOCKS]++;
        st->n[STAT_BT_BYTES] += bt->block[block].tc_len;
        st->n[STAT_BT_CALLOUTS] += bt->callouts - callouts;
        entry = bt->block[block].entries;
    }
    lookup_enter(v, entry);
    return entry_address(bt, entry);
}
