/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translator's benchmark programs as one flat 32-bit image: what stands at its start, for the
 * image itself and for those who run it. The same bytes run natively and through the translator.
 */
#ifndef RING1_BENCH_PROGRAMS_H
#define RING1_BENCH_PROGRAMS_H

#include <stdint.h>

#define PROGRAMS_BASE  0x1000000u /* where the image is linked to run ... */
#define PROGRAMS_SPAN  0x400000u  /* ... and the memory it has, its stack at the end of that */
#define PROGRAMS_COUNT 9u
#define PROGRAMS_MAGIC 0x52315047u

/* A program: 32-bit address of a function that takes a size and returns a checksum. */
struct program_row {
    char name[16];
    uint32_t run;
    uint32_t small, large; /* sizes: for a test, and for about 50 ms */
};

/* At PROGRAMS_BASE. Enter at START with EAX = run, EDX = size, ESP = the end of the memory; it
 * ends in HLT with the checksum in EAX. */
struct programs_header {
    uint32_t magic, start;
    struct program_row row[PROGRAMS_COUNT];
};
extern const struct programs_header programs_header; /* for who is linked with it */

#endif
