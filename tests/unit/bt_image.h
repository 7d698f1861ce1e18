/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A flat image of 32-bit programs (tests/bench/native/programs.h) in the memory of a test guest,
 * and two ways to run one: natively in a 32-bit code segment of this process, and through the
 * translator with everything that a run loop does for it. Both see the same memory at the same
 * addresses.
 */
#ifndef RING1_BT_IMAGE_H
#define RING1_BT_IMAGE_H

#include "monitor/vm.h"
#include "tests/bench/native/programs.h"

/* The image's bytes, linked in. */
extern const uint8_t image_bytes[];
extern const uint32_t image_size;

/* Makes the guest; once a process. */
struct vm *image_create(void);

/* The guest's memory as it was loaded. */
void image_load(void);
const struct programs_header *image_header(void);

/* One program; the result is its checksum. A run that ends in any other way ends the test. */
uint32_t image_run_natively(const struct program_row *row, uint32_t size);
uint32_t image_run_translated(const struct program_row *row, uint32_t size);

/* What image_run_translated had to do since it was last cleared. Cycles are the TSC's, around
 * bt_translate; a call that took longer than IMAGE_PREEMPTED is counted in no figure but calls. */
#define IMAGE_PREEMPTED 250000u
struct image_work {
    uint64_t exits;       /* times that translated code was left before the end */
    uint64_t interpreted; /* instructions left to the interpreter */
    uint64_t calls, cycles, insns;
};
extern struct image_work image_work;

/* Drops all translations and makes them again, each block once, without running them. */
void image_translate_again(void);

/* Guest bytes that the blocks of the cache come from, and the bytes of their code, stubs included.
 */
void image_code_size(uint64_t *guest, uint64_t *host);

#endif
