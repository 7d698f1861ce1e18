/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two engines in lock step: a guest runs translated, and whenever it stops, a second one,
 * interpreted, is brought to the same instruction and the two are compared. Time is the number of
 * instructions; an event enters both between the same two. So they differ only if an engine is
 * wrong.
 */
#ifndef RING1_LOCKSTEP_H
#define RING1_LOCKSTEP_H

#include "bt/decode/insn.h"
#include "monitor/host.h"
#include "monitor/vcpu.h"
#include "monitor/vm.h"

/* Nanoseconds of the guest's time that an instruction takes. */
#define PACE_INSN_NS 10u

#define LOCKSTEP_RING  64u /* instructions remembered, a power of two */
#define LOCKSTEP_AREAS 64u
#define LOCKSTEP_PAGES 256u
#define LOCKSTEP_WHOLE (1ull << 26) /* so often all of memory is compared, in instructions */

struct lockstep {
    struct vm *leader, *follower;
    uint64_t insns;               /* whole instructions that both have run */
    uint64_t agreed;              /* ... at the last comparison that was even */
    uint64_t counted;             /* the leader's tc_insns as of the last stop */
    uint64_t slept_ns;            /* time that was skipped while both slept */
    uint64_t next_whole;          /* when all of memory is compared next */
    uint64_t compared;            /* comparisons so far */
    uint32_t ring[LOCKSTEP_RING]; /* addresses of the last instructions, by number */
    uint64_t ringed;
    uint32_t open;    /* flags of the follower that the manual leaves open */
    bool open_stored; /* some were stored, and may come back */
    /* Where the guest stored such flags, or what of the FPU's state is the host's own. */
    struct area {
        gpa_t at;
        uint16_t len; /* at most 8 */
    } area[LOCKSTEP_AREAS];
    unsigned areas;
    uint32_t page[LOCKSTEP_PAGES]; /* guest frames that the follower wrote to lately */
    unsigned pages;
    uint32_t to, to_len; /* of the instruction at hand: where it writes, and how much; 0: nowhere */
    uint32_t entry;      /* where the leader last entered the cache */
    bool differs;
    char what[160];
    uint8_t fpu[512] __attribute__((aligned(16)));        /* of the one that does not run */
    uint8_t leader_fpu[512] __attribute__((aligned(16))); /* as of the last stop */
};

/* Runs both to their end, or to the first difference: then LEADER->exit is EXIT_DIFFERS, and the
 * log has a report. Both were made from the same plan, with PLAN_LOCKSTEP. False: no memory. */
bool lockstep_run(struct vm *leader, struct vm *follower);

/* ---- lockdiff.c ---- */

/* Compares the two, but for memory that the follower did not write lately; WHOLE: all of it. False:
 * l->differs and l->what are set. What the manual leaves open is made equal first. */
bool lockstep_compare(struct lockstep *l, bool whole);

/* Sets l->differs, if it was not set. Returns false. */
bool lockstep_differ(struct lockstep *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The report: both states, the last instructions. */
void lockstep_report(struct lockstep *l);

/* ---- lockwrite.c: where the follower writes, but for what the CPU writes by itself (tables) ----
 */

/* Before and behind instruction I of the follower. */
void lockstep_will_write(struct lockstep *l, const struct insn *i);
void lockstep_has_written(struct lockstep *l, const struct insn *i);

/* Something was delivered to the follower, on its stack. */
void lockstep_delivered(struct lockstep *l);

/* ---- lockopen.c ---- */

/* Before and behind instruction I of the follower: what is it that the manual leaves open? */
void lockstep_before(struct lockstep *l, const struct insn *i);
void lockstep_behind(struct lockstep *l, const struct insn *i);

/* The instruction at V's CS:EIP, if its bytes are there. */
bool lockstep_peek(struct vcpu *v, uint32_t eip, struct insn *i);

#endif
