/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The boot plan: what the loader tells the monitor about one guest. The loader
 * (a Linux program with libelf) understands kernel files; the monitor only copies
 * bytes to where the plan says and loads the registers it names. The plan travels
 * as multiboot module 0; its segments carry their own bytes.
 * The monitor trusts none of it: every range is checked again.
 *
 * Layout: struct plan, then `segments` times struct plan_segment, then `append_len`
 * bytes of text (the guest's command line, for the log only), then segment bytes at
 * the offsets the segments give, from the start of the plan. Little-endian.
 */
#ifndef RING1_PLAN_H
#define RING1_PLAN_H

#include <stdint.h>

#define PLAN_MAGIC   0x314e4c50u /* "PLN1" */
#define PLAN_VERSION 3u

enum plan_engine { PLAN_AUTO, PLAN_INTERP, PLAN_TRANSLATE };

enum plan_flags {
    PLAN_STATS = 1u << 0,    /* print statistics at exit */
    PLAN_COUNT = 1u << 1,    /* count the guest instructions run from the cache (slower) */
    PLAN_SCREEN = 1u << 2,   /* log the guest's text screen when it changes and at exit */
    PLAN_PERF_MAP = 1u << 3, /* process host: describe translated code for Linux's perf */
    PLAN_GDB = 1u << 4,      /* there is a line to a debugger ... */
    PLAN_GDB_WAIT = 1u << 5, /* ... and the guest waits for it */
    PLAN_PROFILE = 1u << 6,  /* log samples and counters over time, as below */
    PLAN_LOCKSTEP = 1u << 7, /* process host: two engines in lock step (lockstep.h) ... */
    PLAN_ALONE = 1u << 24,   /* ... and a look at each block (bits from 8 on are --trace) */
    PLAN_NET = 1u << 25,     /* the guest has a network card */
    PLAN_VIRTIO_MMIO =
        1u << 26, /* its virtio devices are not on PCI, but in memory, as ACPI says */
};

/* What --trace can write to the log, one line an event: "trace <ns> <name> ...". Bit
 * PLAN_TRACE_SHIFT + PLAN_TRACE_x of a plan's flags asks for it. */
#define PLAN_TRACE_SHIFT 8
/* clang-format off */
#define PLAN_TRACES(X) \
    X(EXITS,  "exits",  "guest code stopped: why, where") \
    X(BLOCKS, "blocks", "a block was translated") \
    X(SHADOW, "shadow", "what became of a page fault") \
    X(IRQ,    "irq",    "an external interrupt was delivered") \
    X(IO,     "io",     "a port was accessed") \
    X(INJECT, "inject", "an exception or software interrupt was delivered")
/* clang-format on */
enum plan_trace {
#define X(id, name, text) PLAN_TRACE_##id,
    PLAN_TRACES(X)
#undef X
        PLAN_TRACE_COUNT
};

/* Requests to the running monitor: single bytes that come in on the host machine's COM2. The answer
 * is in the log, between two lines. */
enum plan_request {
    PLAN_REQUEST_STATS = 't', /* the counters, as at the end with PLAN_STATS */
};
#define PLAN_ANSWER_BEGIN "ring1: answer"
#define PLAN_ANSWER_END   "ring1: end of answer"

/*
 * The line to a debugger carries GDB's remote serial protocol, and two words between loader and
 * monitor: the loader says by a packet of its own that the debugger's connection is gone; the
 * monitor says by a byte that the line is clean, at its start and when it has let the guest of such
 * a debugger go. All else that it sends are characters above that one.
 */
#define PLAN_GDB_GONE        "Qring1.gone"
#define PLAN_GDB_GONE_PACKET "$" PLAN_GDB_GONE "#09"
#define PLAN_GDB_CLEAN       0x04

/*
 * A profile: lines of the log, in the order of time. Numbers are hexadecimal, without 0x.
 *     profile begin VERSION
 *     profile n NAME NAME ...     the counters' names; they are numbered from 0 on
 *     profile c I:D I:D ...       D was added to counter I
 *     profile s WORD WORD ...     samples, see below
 *     profile i ADDRESS           the guest's IDT leads to here for a page fault, from now on: a
 *                                 kernel that moves itself tells by it how far
 *     profile t START END PERIOD  all lines since the last such one are of this interval, in
 *                                 nanoseconds since the guest's first instruction; each of its
 *                                 samples stands for PERIOD nanoseconds of it
 *     profile end                 nothing is missing
 * A sample is "MODE AT", "MODE AT-BACK" or either with "*COUNT" behind it, without blanks: COUNT
 * (or 1) times the guest stood at the linear address AT, BACK bytes behind the start of a
 * translated block. MODE is one of two letters by who ran, the first for the guest's kernel, the
 * second for user code. "@SPACE" is CR3 of all samples of user code from there on.
 */
#define PLAN_PROFILE_VERSION     1u
#define PLAN_PROFILE_MARK        "profile "
#define PLAN_PROFILE_GUEST       "ku" /* guest code, directly or translated */
#define PLAN_PROFILE_INTERPRETER "ij" /* the interpreter */
#define PLAN_PROFILE_MONITOR     "mn" /* the monitor, at work for the guest */

/* Guest RAM begins at 0 and has no hole: what lies above it up to 4 GiB is for devices. */
#define PLAN_MEMORY_MAX_MIB 3072u
#define PLAN_RUNS_MAX       255u

struct plan_segment {
    uint32_t gpa;         /* where in guest RAM */
    uint32_t size;        /* bytes in guest RAM; what exceeds file_size is zeroed */
    uint32_t file_offset; /* from the start of the plan */
    uint32_t file_size;
};

/* A disk of the guest's (virtio-blk). Its content is part of the plan, which the guest then changes
 * in memory, or the host's own affair. */
#define PLAN_DISKS     8u
#define PLAN_DISK_READ 1u /* flag: read-only */
struct plan_disk {
    uint64_t sectors;     /* of 512 bytes */
    uint32_t file_offset; /* from the start of the plan; 0: the host has it */
    uint32_t flags;
};

/* The guest starts in flat 32-bit protected mode, paging off, IF=0: CS = cs (code,
 * base 0, limit 4 GiB), DS=ES=FS=GS=SS = ds. gdt_base/limit describe a table that one
 * of the segments holds. */
struct plan {
    uint32_t magic, version;
    uint32_t total_size; /* bytes of the whole plan */
    uint32_t memory_mib; /* guest RAM */
    uint32_t engine;     /* enum plan_engine */
    uint32_t flags;      /* enum plan_flags */
    uint32_t segments;
    uint32_t append_len;
    uint32_t eip, esp, eax, ebx, ecx, edx, esi, edi, ebp;
    uint32_t cs, ds;
    uint32_t gdt_base, gdt_limit;
    uint32_t runs; /* how often the guest is to be run, each time in a machine made anew */
    char name[64]; /* of the kernel file, for messages; NUL-terminated */
    struct plan_disk disk[PLAN_DISKS];
    uint32_t disks; /* how many of these there are */
};

/*
 * How a guest ended. The monitor's last log line is
 *     ring1-exit: <number> <name>: <reason>
 * from which the loader takes its own exit status, on every host alike. Where the plan asks for
 * more than one run, that is the last one's; each of those before it has a line
 *     ring1-run: <run> of <runs>: <number> <name>: <reason>
 */
enum plan_exit {
    EXIT_GUEST_OFF = 0,    /* shut down or reset on purpose */
    EXIT_DIFFERS = 1,      /* PLAN_LOCKSTEP: the engines do not agree */
    EXIT_BAD_INPUT = 2,    /* loader: bad arguments, kernel or initrd */
    EXIT_HOST_TROUBLE = 3, /* emulator missing, monitor panic, out of memory */
    EXIT_GUEST_HALTED = 4, /* HLT with interrupts off: nothing can wake it */
    EXIT_GUEST_KILLED = 5, /* triple fault or something Ring1 cannot run */
    EXIT_TIMEOUT = 6,      /* --timeout ran out (the loader ends the host) */
};

#endif
