/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The soak's workers: each does one kind of work that the monitor could spoil, again and again,
 * and checks what came of it.
 */
#ifndef RING1_SOAK_H
#define RING1_SOAK_H

#include "tests/bench/guest/sys.h"

/*
 * One turn of a worker, the N-th, in its own process. Ends the program with a line, by must(), if
 * something is not as it has to be. PREPARE may be NULL. A name is one word.
 */
struct worker {
    const char *name;
    void (*turn)(uint32_t n);
    void (*prepare)(void);
};
extern const struct worker workers[]; /* ended by a row without a name */

/* Ends the program with a line unless OK. */
void expect(bool ok, const char *what);

/* registers.c: loads general, x87 and SSE registers with values from SEED, stays in a loop of about
 * TURNS instructions times ten, and finds them unchanged. */
bool registers_kept(uint32_t seed, uint32_t turns);

/* Makes system calls with every register loaded: only EAX may change. */
bool call_keeps_registers(uint32_t seed);

/* work.c: what storm.c needs, too. A child has to end with STATUS, by itself; fresh memory; HANDLER
 * is called for SIGNAL. */
void reap(long child, int status);
uint32_t *map_pages(uint32_t pages);
void handle(int signal, void (*handler)(int));

/* storm.c */
void storm_of_faults(uint32_t n);
void storm_of_forks(uint32_t n);
void storm_of_signals(uint32_t n);
void storm_of_code(uint32_t n);
void prepare_faults(void);
void prepare_signals(void);

#endif
