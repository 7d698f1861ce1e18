/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The one door to guest RAM. Every access names its length and is checked here; a raw
 * pointer into guest RAM exists in guestmem.c only, where guest_page lends one for the
 * length of a statement, and in the soft TLB (vmem.h): who moves a frame flushes it. Knows nothing
 * of paging, traces or devices: a caller that writes owes the trace clients their word (vmem.h does
 * that).
 */
#ifndef RING1_GUESTMEM_H
#define RING1_GUESTMEM_H

#include "monitor/types.h"
#include "monitor/vm.h"

/* A 32-bit guest without PAE can name no more. */
#define GUEST_RAM_MAX (4ull << 30)

/* Allocates BYTES (whole frames of it, at most GUEST_RAM_MAX) of zeroed guest RAM from
 * vm->pool, every 2 MiB of it as 2 MiB of the host as long as the pool has such. False: the pool is
 * too small. */
bool guest_ram_create(struct vm *vm, uint64_t bytes);

/* Gives up all of it. */
void guest_ram_destroy(struct vm *vm);

/* Copies between RAM and BUF; may cross pages. False, with nothing copied, if any byte
 * lies outside RAM or in an absent frame. */
bool guest_read(const struct vm *vm, gpa_t where, void *buf, size_t len);
bool guest_write(struct vm *vm, gpa_t where, const void *buf, size_t len);
bool guest_zero(struct vm *vm, gpa_t where, size_t len);

/* A pointer to [where, where+len), which must not cross a page; NULL if absent. */
void *guest_page(const struct vm *vm, gpa_t where, size_t len);

/* The host frame behind F, .v == 0 if there is none. */
hfn_t guest_frame(const struct vm *vm, gfn_t f);

/* Host frame H is behind F from now on; returns the one that was. Who keeps either must be told. */
hfn_t guest_frame_replace(struct vm *vm, gfn_t f, hfn_t h);

/* The first of the LARGE_FRAMES host frames behind F and those that follow it, if they are 2 MiB in
 * the host: none absent, consecutive, aligned; else .v == 0. */
hfn_t guest_frame_large(const struct vm *vm, gfn_t f);

#endif
