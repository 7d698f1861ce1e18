/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The cache's records: blocks by linear address and by guest frame, and their end. Code memory is
 * handed out in a row and taken back all at once.
 */
#include "bt/cache.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/trace.h"

static bool flat_data(const struct segment *s)
{
    const uint32_t must = SA_P | SA_S | SA_RW;
    return segment_flat(s) && (s->attr & (must | SA_CODE | SA_DC)) == must;
}

/* What CR0 and CR4 make fault where the hardware heeds them: FPU instructions, RDTSC. */
static bool usual_control(const struct vcpu *v)
{
    return !(v->cr0 & (CR0_TS | CR0_EM)) && (v->cr4 & (CR4_OSFXSR | CR4_TSD)) == CR4_OSFXSR;
}

uint64_t cache_mode(const struct vcpu *v)
{
    bool unheeded = v->vm->bt->tc.user_code && !usual_control(v);
    uint32_t mode = v->cpl | (unheeded ? (uint32_t)MODE_CONTROL : 0) |
                    (vcpu_paging(v) ? (uint32_t)MODE_PAGING : 0);
    if (!(v->seg[S_CS].attr & SA_DB))
        return mode | MODE_CODE16 | mode_of_base(v->seg[S_CS].base);
    return mode | (flat_data(&v->seg[S_DS]) ? (uint32_t)MODE_DS : 0) |
           (flat_data(&v->seg[S_ES]) ? (uint32_t)MODE_ES : 0);
}

uint32_t cache_bases(const struct vcpu *v)
{
    uint32_t gs = v->seg[S_GS].base;
    return v->seg[S_FS].base ^ (gs << 16 | gs >> 16);
}

static uint32_t key_row(uint32_t eip)
{
    uint32_t page = eip >> PAGE_SHIFT;
    return (page ^ page >> 8) % (KEY_BUCKETS / KEY_ROW) * KEY_ROW;
}

static uint32_t key_bucket(uint32_t eip)
{
    return key_row(eip) + eip % KEY_ROW;
}

static uint32_t frame_bucket(uint32_t frame)
{
    return frame % FRAME_BUCKETS;
}

/* LAHF and SAHF in 64-bit mode: the first CPUs that had that mode did not have them there. */
static bool has_lahf(void)
{
    uint32_t regs[4];
    host_cpuid(0x80000001, 0, regs);
    return regs[2] & 1;
}

bool bt_create(struct vm *vm)
{
    struct bt *bt = pool_alloc(vm->pool, sizeof *bt);
    if (!bt)
        return false;
    host_tc_area(&bt->tc);
    if (bt->tc.data_size < MAX_SLOTS * sizeof(uint64_t))
        panic("the host's translation cache has no room for %u jump slots", MAX_SLOTS);
    bt->slot_value = (uint64_t *)(bt->tc.write + bt->tc.size);
    bt->nframes = (uint32_t)(vm->ram.size >> PAGE_SHIFT);
    bt->block = pool_alloc(vm->pool, MAX_BLOCKS * sizeof *bt->block);
    bt->entry = pool_alloc(vm->pool, MAX_ENTRIES * sizeof *bt->entry);
    bt->slot = pool_alloc(vm->pool, MAX_SLOTS * sizeof *bt->slot);
    bt->record = pool_alloc(vm->pool, MAX_RECORDS * sizeof *bt->record);
    bt->by_key = pool_alloc(vm->pool, KEY_BUCKETS * sizeof *bt->by_key);
    bt->by_frame = pool_alloc(vm->pool, FRAME_BUCKETS * sizeof *bt->by_frame);
    bt->drops = pool_alloc(vm->pool, bt->nframes);
    if (!bt->block || !bt->entry || !bt->slot || !bt->record || !bt->by_key || !bt->by_frame ||
        !bt->drops)
        return false;
    bt->patching = bt->tc.patching;
    bt->save_flags = bt->patching && has_lahf();
    bt->inline_lookup = true;
    bt->count = vm->count;
    vm->bt = bt;
    lookup_create(vm->vcpu);
    cache_flush_all(vm);
    return true;
}

void cache_announce(const struct bt *bt, uint32_t block)
{
    const struct block *b = &bt->block[block];
    if (bt->tc.made)
        bt->tc.made(bt->tc.exec + b->tc, b->tc_len, b->eip, side_of(b->mode) == SIDE_USER);
}

/* No block is found any more. Frames stay traced: the next write to one finds no block and ends its
 * trace (bt_wrote). */
static void forget_blocks(struct bt *bt)
{
    memset(bt->by_key, 0, KEY_BUCKETS * sizeof *bt->by_key);
    memset(bt->by_frame, 0, FRAME_BUCKETS * sizeof *bt->by_frame);
    bt->nentries = 1;
    bt->nown = 0;
    bt->flushes++;
    window_no_blocks(&bt->windows);
}

void cache_flush_all(struct vm *vm)
{
    struct bt *bt = vm->bt;
    forget_blocks(bt);
    bt->nslots = 1;
    bt->nrecords = 0;
    thunks_emit(bt, vm->vcpu);
    bt->tc_first = bt->tc_used;
    cache_announce(bt, 0);
    lookup_clear(vm->vcpu);
    calls_reset(vm);
}

void cache_move_on(struct vm *vm)
{
    struct bt *bt = vm->bt;
    forget_blocks(bt);
    for (uint32_t s = 1; s < bt->nslots; s++)
        bt->slot[s].target = bt->slot[s].next = NO_BLOCK;
    bt->nblocks = 1; /* the thunks stay */
    bt->nrecords = bt->block[0].records + bt->block[0].nrecords;
    bt->tc_used = bt->tc_first = (bt->tc_used + (uint32_t)PAGE_MASK) & ~(uint32_t)PAGE_MASK;
    lookup_clear(vm->vcpu);
    calls_reset(vm);
}

void calls_reset(struct vm *vm)
{
    const struct host_tc *tc = &vm->bt->tc;
    uint64_t *bottom = tc->stack + tc->stack_words - 1;
    *bottom = vm->vcpu->direct.empty[side_of(vm->bt->run_mode)];
    vm->vcpu->tc_rsp = vm->vcpu->direct.calls = (uint64_t)bottom;
}

uint32_t entry_new(struct bt *bt, uint32_t block, uint32_t eip, uint32_t at)
{
    struct block *b = &bt->block[block];
    if (bt->nentries == MAX_ENTRIES)
        return 0;
    uint32_t e = bt->nentries++;
    bt->entry[e] = (struct entry){.eip = eip, .block = block, .at = at};
    if (b->nentries++ == 0)
        b->entries = e;
    return e;
}

static bool made_from(const struct block *b, const struct code_page *page,
                      const struct code_page *next)
{
    if (b->frame[0] != page->frame.v)
        return false;
    if (b->frame[1] == NO_FRAME)
        return b->global == page->global;
    return next && b->frame[1] == next->frame.v && b->global == (page->global && next->global);
}

uint32_t cache_find(const struct bt *bt, uint32_t eip, uint64_t mode, const struct code_page *page,
                    const struct code_page *next)
{
    uint32_t i = bt->by_key[key_bucket(eip)];
    while (i) {
        const struct entry *e = &bt->entry[i];
        const struct block *b = &bt->block[e->block];
        if (e->eip == eip && b->mode == mode && made_from(b, page, next))
            return i;
        i = e->next;
    }
    return 0;
}

void cache_enter_page(struct vcpu *v, const struct code_page *page)
{
    const struct bt *bt = v->vm->bt;
    uint64_t mode = cache_mode(v);
    uint32_t row = key_row(page->linear.v);
    for (uint32_t k = row; k < row + KEY_ROW; k++) {
        for (uint32_t e = bt->by_key[k]; e; e = bt->entry[e].next) {
            const struct block *b = &bt->block[bt->entry[e].block];
            bool here = !((bt->entry[e].eip ^ page->linear.v) & ~PAGE_MASK);
            if (here && b->mode == mode && made_from(b, page, NULL))
                lookup_enter(v, e);
        }
    }
}

void cache_link(struct bt *bt, uint32_t block)
{
    struct block *b = &bt->block[block];
    b->live = true;
    bt->nown += !b->global;
    for (uint32_t e = b->entries; e < b->entries + b->nentries; e++) {
        uint32_t *key = &bt->by_key[key_bucket(bt->entry[e].eip)];
        bt->entry[e].next = *key;
        *key = e;
    }
    for (unsigned n = 0; n < 2 && b->frame[n] != NO_FRAME; n++) {
        uint32_t *head = &bt->by_frame[frame_bucket(b->frame[n])];
        /* A list's links are those of the frame that it is for: bit 31 says which. */
        b->next_frame[n] = *head;
        *head = block | (n ? 0x80000000u : 0);
    }
}

#define LINK_BLOCK(l) ((l)&0x7fffffffu)
#define LINK_SIDE(l)  ((l) >> 31)

static void unlink_key(struct bt *bt, uint32_t entry)
{
    uint32_t *p = &bt->by_key[key_bucket(bt->entry[entry].eip)];
    while (*p != entry)
        p = &bt->entry[*p].next;
    *p = bt->entry[entry].next;
}

static void unlink_frame(struct bt *bt, uint32_t block, unsigned side)
{
    uint32_t *p = &bt->by_frame[frame_bucket(bt->block[block].frame[side])];
    while (LINK_BLOCK(*p) != block || LINK_SIDE(*p) != side)
        p = &bt->block[LINK_BLOCK(*p)].next_frame[LINK_SIDE(*p)];
    *p = bt->block[block].next_frame[side];
}

static bool frame_has_blocks(const struct bt *bt, uint32_t frame)
{
    uint32_t l = bt->by_frame[frame_bucket(frame)];
    while (l) {
        const struct block *b = &bt->block[LINK_BLOCK(l)];
        if (b->frame[LINK_SIDE(l)] == frame)
            return true;
        l = b->next_frame[LINK_SIDE(l)];
    }
    return false;
}

static void disconnect_incoming(struct bt *bt, uint32_t block)
{
    while (bt->block[block].incoming)
        slot_disconnect(bt, bt->block[block].incoming);
}

void cache_drop(struct vm *vm, uint32_t block)
{
    struct bt *bt = vm->bt;
    struct block *b = &bt->block[block];
    disconnect_incoming(bt, block);
    for (uint32_t s = b->slots; s < b->slots + b->nslots; s++)
        slot_disconnect(bt, s);
    lookup_remove(vm->vcpu, block);
    for (uint32_t e = b->entries; e < b->entries + b->nentries; e++)
        unlink_key(bt, e);
    calls_reset(vm);
    for (unsigned n = 0; n < 2 && b->frame[n] != NO_FRAME; n++)
        unlink_frame(bt, block, n);
    b->live = false;
    vm->stats.n[STAT_BT_INVALIDATED]++;
}

/* Does block B, found in FRAME's list on SIDE, hold a byte of [first, last] of that frame? */
static bool overlaps(const struct block *b, unsigned side, unsigned first, unsigned last)
{
    unsigned offset = b->eip & PAGE_MASK;
    if (side == 1)
        return first < offset + b->len - PAGE_SIZE;
    unsigned end = offset + b->len < PAGE_SIZE ? offset + b->len : PAGE_SIZE;
    return first < end && last >= offset;
}

bool bt_wrote(struct vm *vm, gfn_t frame, unsigned first, unsigned last)
{
    struct bt *bt = vm->bt;
    bool dropped = false;
    uint32_t l = bt->by_frame[frame_bucket(frame.v)];
    while (l) {
        uint32_t i = LINK_BLOCK(l);
        unsigned side = LINK_SIDE(l);
        const struct block *b = &bt->block[i];
        l = b->next_frame[side];
        if (b->frame[side] == frame.v && overlaps(b, side, first, last)) {
            /* Dropping takes the block out of its other frame's list too, which may be this bucket.
             */
            if (l && LINK_BLOCK(l) == i)
                l = b->next_frame[LINK_SIDE(l)];
            cache_drop(vm, i);
            dropped = true;
        }
    }
    if (dropped && bt->drops[frame.v] < MIXED_AFTER && ++bt->drops[frame.v] == MIXED_AFTER)
        bt->drops[frame.v] = MIXED_FOR;
    if (!frame_has_blocks(bt, frame.v))
        trace_remove(vm, frame, TRACE_CODE);
    return dropped;
}

/* A live block that begins in bucket K's part of PAGE, or NO_BLOCK. */
static uint32_t block_of_page(const struct bt *bt, uint32_t k, gva_t page)
{
    for (uint32_t e = bt->by_key[k]; e; e = bt->entry[e].next) {
        if ((bt->block[bt->entry[e].block].eip & ~PAGE_MASK) == page.v)
            return bt->entry[e].block;
    }
    return NO_BLOCK;
}

/* Blocks do not leave the page that they begin in, but for the last bytes of an instruction. */
void bt_drop_page(struct vm *vm, gva_t page)
{
    struct bt *bt = vm->bt;
    uint32_t row = key_row(page.v), block;
    for (uint32_t k = row; k < row + KEY_ROW; k++) {
        while ((block = block_of_page(bt, k, page)))
            cache_drop(vm, block);
    }
}

void bt_flush_linear(struct vcpu *v, gva_t page)
{
    struct bt *bt = v->vm->bt;
    uint32_t pages[2] = {page.v & ~PAGE_MASK, (page.v & ~PAGE_MASK) - PAGE_SIZE};
    for (unsigned p = 0; p < 2; p++) {
        uint32_t row = key_row(pages[p]);
        for (uint32_t k = row; k < row + KEY_ROW; k++) {
            for (uint32_t e = bt->by_key[k]; e; e = bt->entry[e].next) {
                uint32_t i = bt->entry[e].block;
                const struct block *b = &bt->block[i];
                if ((b->eip & ~PAGE_MASK) != pages[p] || (p == 1 && b->frame[1] == NO_FRAME))
                    continue;
                lookup_remove(v, i);
                disconnect_incoming(bt, i);
                calls_reset(v->vm);
            }
        }
    }
}

uint32_t cache_block_at(const struct bt *bt, uint32_t off)
{
    uint32_t lo = 0, hi = bt->nblocks;
    while (hi - lo > 1) {
        uint32_t mid = (lo + hi) / 2;
        if (bt->block[mid].tc <= off)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}
