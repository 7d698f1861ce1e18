/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Numbers for tests that try random cases: the same seed (not 0), the same cases. Which bits of a
 * number are taken is the test's own. Included by one file of a test program.
 */
#ifndef RING1_RANDOM_H
#define RING1_RANDOM_H

#include <stdint.h>

static uint64_t seed;

/* Marsaglia's xorshift of 64 bits. */
static inline uint64_t next_number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

#endif
