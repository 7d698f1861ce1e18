/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Blocks lie in the order in which they ran first, so that what a guest runs all the time ends up
 * strewn among what ran once, while it booted. Once a lot has been translated and then, for a
 * while, next to nothing, the cache is emptied: what is in use is made again, close together. It is
 * done again only when as much has come in anew. An emulated host looks up each page afresh behind
 * a CR3 load, and a real one has caches.
 */
#include "bt/cache.h"

#define TIDY_BYTES (768u << 10) /* as much must have been made since the cache was empty */
#define QUIET_NS   300000000ull /* for so long ... */
#define QUIET_MADE 4096u        /* ... less than this many bytes have been made */

void bt_tidy(struct vm *vm, uint64_t now_ns)
{
    struct bt *bt = vm->bt;
    if (now_ns < bt->tidy_ns)
        return;
    bool quiet = bt->flushes == bt->tidy_flushes && bt->tc_used - bt->tidy_used < QUIET_MADE;
    bt->tidy_ns = now_ns + QUIET_NS;
    bt->tidy_used = bt->tc_used;
    bt->tidy_flushes = bt->flushes;
    if (!quiet || bt->tc_used - bt->tc_first < TIDY_BYTES || bt->tc_used > bt->tc.size / 2)
        return;
    cache_move_on(vm);
    vm->stats.n[STAT_BT_TIDIES]++;
}
