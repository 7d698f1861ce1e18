/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Windows: where translated code reaches guest memory. A window is 4 GiB of the process's addresses
 * at a base that is a multiple of 4 GiB, with nothing mapped for 4 GiB on either side; guest linear
 * address A is at base + A. There is one kernel window, for pages that only the guest's supervisor
 * may reach (shadow entries without SH_USER), and a user window for each of the address spaces
 * used lately (entries with SH_USER). The tables of host.h are what a window may show; mappings in
 * it are made when they are first used, so a window is to the tables what a TLB is to page tables.
 * An entry that changes to less takes its mappings away at once, in every window.
 */
#ifndef RING1_PROCESS_WINDOW_H
#define RING1_PROCESS_WINDOW_H

#include "monitor/host.h"
#include "monitor/types.h"

enum window_answer {
    WINDOW_MAPPED,  /* mapped now: try the access again */
    WINDOW_OTHER,   /* the page is there and may be used so, but in the other kind of window */
    WINDOW_REFUSED, /* the tables do not allow the access: the guest's page fault or the monitor's
                       trace */
    WINDOW_OUTSIDE, /* not an address in the kernel window or the current user window: *LINEAR is
                       not set */
};

/* The base of the one kernel window; of the current space's user window. The latter changes with
 * host_space_use, and is 0 when the current space was freed. */
uint64_t window_kernel(void);
uint64_t window_user(void);

/* Guest code's access to host address ADDRESS faulted (a write or not). *LINEAR = the guest's
 * address. */
enum window_answer window_fault(uint64_t address, bool write, uint32_t *linear);

/* Finds addresses for the windows and makes the records; once, at start, before anything is
 * translated. MAPPINGS: how many mappings the process may have in all windows; 0: what
 * vm.max_map_count allows, less a sixteenth. Returns NULL, or a line that says what is missing and
 * what to do. */
const char *window_create(unsigned mappings);

extern struct host_counts window_counts;

#endif
