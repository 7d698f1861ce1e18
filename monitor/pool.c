/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The frame pool. Ranges of host frames come in; single frames and aligned runs of 2 MiB go
 * out from the low end of a range, other runs from the high end, singles also from a list of
 * returned ones. A returned frame holds the link to the next in its own first word, so the
 * pool needs no records that grow with memory. It does not know what a frame is for.
 */
#include "monitor/pool.h"

#include "monitor/host.h"
#include "monitor/log.h"

#define MAX_RANGES 64

/* [first, last) was given; of it [next, end) is not handed out, [begun_next, begun_end) was not
 * when pool_begin was called, and [touched_low, touched_high) never was. */
struct range {
    uint32_t first, last;
    uint32_t next, end;
    uint32_t begun_next, begun_end;
    uint32_t touched_low, touched_high;
};

struct pool {
    uint32_t free;     /* frames that pool_get could hand out */
    uint32_t returned; /* head of the list of returned frames, 0 if empty */
    uint32_t out;      /* since pool_begin: frames handed out that are to come back, less those */
    unsigned ranges;
    bool clean; /* what was never handed out holds zeros */
    struct range range[MAX_RANGES];
};

_Static_assert(sizeof(struct pool) <= PAGE_SIZE, "the pool's records are one frame");

/* Eight bytes at a step: an emulated CPU runs a string instruction step by step, and
 * clearing bytes would take eight times as long. */
static void zero_frame(hfn_t f)
{
    void *at = host_frame_ptr(f);
    size_t quads = PAGE_SIZE / 8;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(quads) : "a"(0ull) : "memory");
}

struct pool *pool_create(hfn_t first, uint32_t count, bool clean)
{
    if (!first.v || !count)
        panic("the first range of the frame pool is empty");
    zero_frame(first);
    struct pool *p = host_frame_ptr(first);
    p->clean = clean;
    pool_add(p, hfn(first.v + 1), count - 1);
    return p;
}

void pool_add(struct pool *p, hfn_t first, uint32_t count)
{
    if (!count)
        return;
    if (p->ranges == MAX_RANGES) {
        log_line("ring1: host memory is in too many pieces: %u frames at frame %x are not used",
                 count, first.v);
        return;
    }
    uint32_t last = first.v + count;
    p->range[p->ranges++] =
        (struct range){first.v, last, first.v, last, first.v, last, first.v, last};
    p->free += count;
}

/* [*FROM, *TO) without what is outside R. */
static void clip(uint32_t *from, uint32_t *to, const struct range *r)
{
    *from = *from < r->first ? r->first : *from > r->last ? r->last : *from;
    *to = *to < *from ? *from : *to > r->last ? r->last : *to;
}

/* Makes what range I has from frame AT on, all of it untouched, a range of its own: the next. */
static struct range *split(struct pool *p, unsigned i, uint32_t at)
{
    struct range *low = &p->range[i], *high = low + 1;
    for (unsigned k = p->ranges++; k > i + 1; k--)
        p->range[k] = p->range[k - 1];
    *high = *low;
    high->first = low->last = at;
    clip(&low->next, &low->end, low);
    clip(&low->begun_next, &low->begun_end, low);
    clip(&low->touched_low, &low->touched_high, low);
    clip(&high->next, &high->end, high);
    clip(&high->begun_next, &high->begun_end, high);
    clip(&high->touched_low, &high->touched_high, high);
    return high;
}

static uint32_t take_returned(struct pool *p)
{
    uint32_t f = p->returned;
    if (f)
        p->returned = *(const uint32_t *)host_frame_ptr(hfn(f));
    return f;
}

/* COUNT frames from FIRST on, which R has just given away, go out: zeroed, if that is owed. */
static void hand_out(struct pool *p, struct range *r, uint32_t first, uint32_t count)
{
    for (uint32_t f = first; f < first + count; f++) {
        if (!p->clean || f < r->touched_low || f >= r->touched_high)
            zero_frame(hfn(f));
    }
    if (r->touched_low < r->next)
        r->touched_low = r->next;
    if (r->touched_high > r->end)
        r->touched_high = r->end;
    p->free -= count;
}

static uint32_t take_untouched(struct pool *p)
{
    for (unsigned i = 0; i < p->ranges; i++) {
        struct range *r = &p->range[i];
        if (r->next < r->end) {
            hand_out(p, r, r->next++, 1);
            return r->next - 1;
        }
    }
    return 0;
}

hfn_t pool_get(struct pool *p)
{
    uint32_t f = take_returned(p);
    if (f) {
        p->free--;
        zero_frame(hfn(f));
    } else {
        f = take_untouched(p);
    }
    p->out += f != 0;
    return hfn(f);
}

static bool handed_out(const struct pool *p, uint32_t f)
{
    for (unsigned i = 0; i < p->ranges; i++) {
        const struct range *r = &p->range[i];
        if (f >= r->first && f < r->last)
            return f < r->next || f >= r->end;
    }
    return false;
}

void pool_put(struct pool *p, hfn_t f)
{
    if (!handed_out(p, f.v))
        panic("frame %x was given to the pool but is not of it", f.v);
    *(uint32_t *)host_frame_ptr(f) = p->returned;
    p->returned = f.v;
    p->free++;
    p->out--;
}

void pool_retire(struct pool *p, hfn_t f)
{
    if (!handed_out(p, f.v))
        panic("frame %x was given up but is not of the pool", f.v);
    p->out--;
}

/* What lies below the first multiple of 2 MiB becomes a range of its own, for single frames;
 * without a record for that the run is not to be had. */
static uint32_t take_large(struct pool *p)
{
    for (unsigned i = 0; i < p->ranges; i++) {
        struct range *r = &p->range[i];
        uint32_t first = (r->next + LARGE_FRAMES - 1) / LARGE_FRAMES * LARGE_FRAMES;
        bool aligned = first == r->next;
        if (first >= r->end || r->end - first < LARGE_FRAMES ||
            (!aligned && p->ranges == MAX_RANGES))
            continue;
        if (!aligned)
            r = split(p, i, first);
        r->next += LARGE_FRAMES;
        hand_out(p, r, first, LARGE_FRAMES);
        return first;
    }
    return 0;
}

static uint32_t take_run(struct pool *p, uint32_t count)
{
    for (unsigned i = 0; i < p->ranges; i++) {
        struct range *r = &p->range[i];
        if (count && r->end - r->next >= count) {
            r->end -= count;
            hand_out(p, r, r->end, count);
            return r->end;
        }
    }
    return 0;
}

hfn_t pool_get_run(struct pool *p, uint32_t count)
{
    return hfn(take_run(p, count));
}

hfn_t pool_get_large(struct pool *p)
{
    uint32_t first = take_large(p);
    p->out += first ? LARGE_FRAMES : 0;
    return hfn(first);
}

void *pool_alloc(struct pool *p, size_t bytes)
{
    size_t frames = bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
    if (frames > UINT32_MAX)
        return NULL;
    hfn_t first = pool_get_run(p, (uint32_t)frames);
    return first.v ? host_frame_ptr(first) : NULL;
}

uint32_t pool_free_frames(const struct pool *p)
{
    return p->free;
}

uint32_t pool_touched_frames(const struct pool *p)
{
    uint32_t n = 1;
    for (unsigned i = 0; i < p->ranges; i++) {
        const struct range *r = &p->range[i];
        n += r->last - r->first;
        if (r->touched_high > r->touched_low)
            n -= r->touched_high - r->touched_low;
    }
    return n;
}

/* ---- One guest after another ------------------------------------------------- */

void pool_begin(struct pool *p)
{
    if (p->returned)
        panic("frames were returned to the pool before its first guest");
    for (unsigned i = 0; i < p->ranges; i++) {
        p->range[i].begun_next = p->range[i].next;
        p->range[i].begun_end = p->range[i].end;
    }
    p->out = 0;
}

uint32_t pool_end(struct pool *p)
{
    uint32_t lost = p->out;
    p->returned = p->free = p->out = 0;
    for (unsigned i = 0; i < p->ranges; i++) {
        struct range *r = &p->range[i];
        r->next = r->begun_next;
        r->end = r->begun_end;
        p->free += r->end - r->next;
    }
    return lost;
}
