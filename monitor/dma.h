/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest RAM as a device reaches it: the checked door of guestmem.h, and for writes the word that
 * page tables and translated code in the written frames are owed (dma.c). Physical addresses, no
 * paging; nothing here is the guest's fault or raises one.
 */
#ifndef RING1_DMA_H
#define RING1_DMA_H

#include "monitor/types.h"
#include "monitor/vm.h"

/* Copies. False, with nothing copied, if any byte lies outside RAM. */
bool dma_read(const struct vm *vm, gpa_t where, void *buf, size_t len);
bool dma_write(struct vm *vm, gpa_t where, const void *buf, size_t len);

/* As many of the LEN bytes at WHERE as lie in a row in the host, at least one: their place there,
 * for the length of a statement, and how many (*GOT). NULL: the first is outside RAM. Who has
 * written there says so by dma_wrote, before anything else happens. */
void *dma_lend(const struct vm *vm, gpa_t where, size_t len, size_t *got);
void dma_wrote(struct vm *vm, gpa_t where, size_t len);

/* The guest does without what its pages hold: all pages that lie in the LEN bytes at WHERE whole,
 * as far as they are RAM. They go to the host, and are its to fill anew. */
void dma_forget(struct vm *vm, gpa_t where, uint64_t len);

#endif
