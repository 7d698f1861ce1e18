/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One virtual machine: its vcpu, its RAM, and a pointer to what each room keeps for
 * it. A VM ends once: vm_kill and vm_end record how, and the run loop stops.
 */
#ifndef RING1_VM_H
#define RING1_VM_H

#include "monitor/host.h"
#include "monitor/plan.h"
#include "monitor/stats.h"
#include "monitor/types.h"

struct vm;
struct vcpu;
struct host_exit;
struct lockstep;
struct pool;
struct trace;
struct shadow;
struct bt;
struct board;
struct segtab;
struct interp;
struct gdb;
struct profile;

/* Guest RAM: a table from guest frame to host frame. A frame of 0 is absent. */
struct guest_ram {
    uint64_t size; /* bytes, a multiple of 4 KiB */
    hfn_t *frame;  /* size / 4096 entries */
};

/* Looking at the guest's text screen (screen.h). */
struct screen {
    bool wanted;      /* the plan says so */
    uint64_t next_ns; /* host time of the next look */
    uint32_t seen;    /* fingerprint of what was logged last */
    uint32_t lines;   /* of the journal before it */
};

/* A VM in lock step with another one (lockstep.h): its time is what it is told and no input
 * reaches it. */
struct pace {
    bool on;
    bool silent; /* its output is the other one's, and is shown once */
    bool alone;  /* every block is left to the monitor: none is connected, none looked up in the
                    cache */
    uint64_t ns; /* the guest's time */
    void (*stopped)(struct vm *vm,
                    const struct host_exit *x); /* translated code did, at this state */
    struct lockstep *with;
};

/* What a guest that knows of Ring1 has asked for (hypercall.h). */
struct paravirt {
    bool enabled;
    uint8_t vector;    /* of the timer's interrupt; 0: none */
    bool timer_due;    /* that interrupt waits */
    uint64_t timer_ns; /* when the timer is due next; 0: it is not set */
    gfn_t shared;      /* the guest frame that is the shared page now, ... */
    hfn_t replaced;    /* ... and the host frame that it was before */
};

struct vm {
    struct vcpu *vcpu;
    hfn_t vcpu_frames; /* the first of those that hold it */
    struct guest_ram ram;
    struct pool *pool;
    struct trace *trace;
    struct shadow *shadow;
    struct bt *bt;
    struct board *board;
    struct segtab *segtab;
    struct interp *interp;
    struct gdb *gdb;         /* NULL: the plan wants no debugger */
    struct profile *profile; /* NULL: not wanted (profile.h) */
    enum plan_engine engine;
    uint32_t trapping; /* accesses by the monitor, for the guest, that would have trapped if the
                          guest's code had made them itself (vmem.c) */
    bool a20_masked;   /* physical address bit 20 is held at 0 (priv.c) */
    bool user_code;    /* the host runs no user code directly: it is translated (host_tc) */
    bool count;        /* count guest instructions run from the cache */
    bool virtio_mmio;  /* its virtio devices are in memory, and there is no PCI */
    bool marks;        /* the guest's statistics port prints the counters */
    uint32_t journal;  /* bits of enum plan_trace (journal.h) */
    uint32_t journal_lines; /* written so far */
    struct stats stats;
    struct host_counts before; /* of the host's, when this one was made */
    struct screen screen;
    struct pace pace;
    struct paravirt pv;
    unsigned pv_lines;     /* that its enabling has put into the log: a guest may try for ever */
    uint32_t run;          /* which of the session's guests this is, from 1 on */
    uint64_t started_ns;   /* the guest's first instruction */
    uint64_t now_ns;       /* the host's time when guest code was entered or left last */
    uint64_t sample_ns;    /* when the next sample of a profile is due (profile.c) */
    uint64_t next_poll_ns; /* when console input is looked at next (timer.c) */

    bool ended;
    enum plan_exit exit;
    char reason[200];
};

/* The guest did what Ring1 cannot go on from: ends this VM alone with
 * EXIT_GUEST_KILLED. The first reason is kept. */
void vm_kill(struct vm *vm, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The guest ended in a way that is its right: off, reset, halted for good. */
void vm_end(struct vm *vm, enum plan_exit how, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
