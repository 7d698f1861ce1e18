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

/* [first, last) was given; of it [next, end) was never handed out. */
struct range {
    uint32_t first, last;
    uint32_t next, end;
};

struct pool {
    uint32_t free;     /* frames that pool_get could hand out */
    uint32_t returned; /* head of the list of returned frames, 0 if empty */
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
    p->range[p->ranges++] = (struct range){first.v, last, first.v, last};
    p->free += count;
}

/* Makes what range I has from frame AT on, all of it untouched, a range of its own: the next. */
static struct range *split(struct pool *p, unsigned i, uint32_t at)
{
    struct range *low = &p->range[i], *high = low + 1;
    for (unsigned k = p->ranges++; k > i + 1; k--)
        p->range[k] = p->range[k - 1];
    *high = (struct range){at, low->last, at, low->end};
    low->last = low->end = at;
    return high;
}

static uint32_t take_returned(struct pool *p)
{
    uint32_t f = p->returned;
    if (f)
        p->returned = *(const uint32_t *)host_frame_ptr(hfn(f));
    return f;
}

static uint32_t take_untouched(struct pool *p)
{
    for (unsigned i = 0; i < p->ranges; i++) {
        if (p->range[i].next < p->range[i].end)
            return p->range[i].next++;
    }
    return 0;
}

hfn_t pool_get(struct pool *p)
{
    uint32_t f = take_returned(p);
    bool clean = !f && p->clean;
    if (!f)
        f = take_untouched(p);
    if (!f)
        return hfn(0);
    p->free--;
    if (!clean)
        zero_frame(hfn(f));
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
        return first;
    }
    return 0;
}

static uint32_t take_run(struct pool *p, uint32_t count)
{
    for (unsigned i = 0; i < p->ranges; i++) {
        struct range *r = &p->range[i];
        if (count && r->end - r->next >= count)
            return r->end -= count;
    }
    return 0;
}

/* The run of COUNT frames from FIRST, 0 if none was found, goes out. */
static hfn_t hand_out(struct pool *p, uint32_t first, uint32_t count)
{
    if (!first)
        return hfn(0);
    p->free -= count;
    for (uint32_t i = 0; i < count && !p->clean; i++)
        zero_frame(hfn(first + i));
    return hfn(first);
}

hfn_t pool_get_run(struct pool *p, uint32_t count)
{
    return hand_out(p, take_run(p, count), count);
}

hfn_t pool_get_large(struct pool *p)
{
    return hand_out(p, take_large(p), LARGE_FRAMES);
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
        n += r->next - r->first + (r->last - r->end);
    }
    return n;
}
