/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pool of host frames, and the only allocator there is. Everything the monitor
 * needs per VM comes from here: guest RAM, shadow tables, the translator's records.
 * Frames are handed out zeroed.
 */
#ifndef RING1_POOL_H
#define RING1_POOL_H

#include "monitor/types.h"

struct pool; /* one per host */

/* Makes the pool manage frames [FIRST, FIRST + COUNT), more ranges by pool_add. The
 * pool's own records live in the first frames of the first range. CLEAN: all that it is given hold
 * zeros, and one costs its host nothing before it is touched; so the pool touches none. */
struct pool *pool_create(hfn_t first, uint32_t count, bool clean);
void pool_add(struct pool *p, hfn_t first, uint32_t count);

/* One zeroed frame; .v == 0 when the pool is empty. */
hfn_t pool_get(struct pool *p);
void pool_put(struct pool *p, hfn_t f);

/* F's owner does without it, but it goes out again only after pool_end; nothing touches it. For
 * guest RAM, of which much may never have been used. */
void pool_retire(struct pool *p, hfn_t f);

/* COUNT contiguous zeroed frames, from the untouched end of a range: for tables made
 * once at start; .v == 0 when there is no such run. Given back by pool_end alone. */
hfn_t pool_get_run(struct pool *p, uint32_t count);

/* LARGE_FRAMES contiguous zeroed frames, the first a multiple of as many: what one 2 MiB page can
 * map. .v == 0 when no such run is untouched. Given back frame by frame, if at all. */
#define LARGE_FRAMES 512u
hfn_t pool_get_large(struct pool *p);

/* BYTES of zeroed memory, page aligned, made once and freed by pool_end alone; NULL when there
 * is none. */
void *pool_alloc(struct pool *p, size_t bytes);

uint32_t pool_free_frames(const struct pool *p);

/* What goes out between pool_begin and pool_end is one guest's. pool_end gives back all of it,
 * whoever holds it, and returns how many frames their owners had not given back by pool_put or
 * pool_retire; runs are not counted. Before the first pool_begin nothing may have been returned. */
void pool_begin(struct pool *p);
uint32_t pool_end(struct pool *p);

/* Frames that were ever handed out, the pool's own included: returned ones are the first to go out
 * again, so it is also the most that were in use at once. */
uint32_t pool_touched_frames(const struct pool *p);

#endif
