/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A program that writes code and runs it, as JIT compilers do and worse. A trial writes functions,
 * changes them in its own way, calls them, and counts the calls that gave another result than
 * the code as it stands.
 */
#ifndef RING1_JIT_H
#define RING1_JIT_H

#include "tests/bench/guest/sys.h"

#define PAGE 4096u

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, PROT_ALL = 7 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 16, MAP_ANONYMOUS = 32 };

/* A written function: argument and result in EAX, all other registers kept. */
typedef uint32_t __attribute__((regparm(1))) function(uint32_t);

/* RUN returns how many calls went wrong. */
struct trial {
    const char *name;
    uint32_t (*run)(void);
};
extern const struct trial rewrite_trials[], map_trials[],
    process_trials[]; /* a row without a name ends each */

/* ---- emit.c ------------------------------------------------------------------------------ */

uint32_t random32(void);

/* Each writes at P and returns the address behind. */
uint8_t *emit8(uint8_t *p, uint32_t byte);
uint8_t *emit32(uint8_t *p, uint32_t word);
uint8_t *emit_load(uint8_t *p, uint32_t value); /* MOV EAX, VALUE: its value at P + 1 */
uint8_t *emit_jump(uint8_t *p, uint32_t opcode, const uint8_t *to); /* E8 CALL or E9 JMP */
uint8_t *emit_return(uint8_t *p);

/* A function of COUNT random operations, 6 bytes each at most; what it makes of ARGUMENT goes to
 * *RESULT. */
uint8_t *emit_random(uint8_t *p, uint32_t count, uint32_t argument, uint32_t *result);

/* Calls the function at P: 1 if its result is not WANTED, else 0. */
uint32_t wrong(const uint8_t *p, uint32_t argument, uint32_t wanted);

/* ---- memory.c ---------------------------------------------------------------------------- */

/* PAGES at AT, if FLAGS has MAP_FIXED, from byte OFFSET of file FD. End the program on errors. */
uint8_t *map(uint8_t *at, uint32_t pages, long rights, long flags, long fd, uint32_t offset);
uint8_t *map_code(uint32_t pages); /* that may be read, written and executed */
void unmap(uint8_t *at, uint32_t pages);
void protect(uint8_t *at, uint32_t pages, long rights);
long memory_file(uint32_t pages);

#endif
