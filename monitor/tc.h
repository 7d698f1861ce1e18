/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What emitted code and the hosts' assembler read in the vcpu, beside the guest's own state.
 */
#ifndef RING1_TC_H
#define RING1_TC_H

#include "monitor/types.h"
#include "monitor/x86.h"

/* A segment register with its hidden part. LIMIT is in bytes, already expanded by G
 * (the last valid offset; for expand-down the last invalid one). */
struct segment {
    uint32_t base;
    uint32_t limit;
    uint32_t attr; /* enum seg_attr */
    uint16_t sel;
};

/*
 * What loading selector SEL found, at virtual CPL 0: translated code does the same again while the
 * guest's table still holds that descriptor. Entry SEL & 255 of a table; empty if MINUS_SEL is 1.
 */
struct segment_memo {
    uint64_t minus_raw; /* 2^64 minus the descriptor */
    uint32_t minus_sel; /* 2^32 minus the selector */
    uint32_t where;     /* linear address of the descriptor */
    struct segment seg;
};
#define SEGMENT_MEMOS 256

/* Eight bytes of a guest table at a linear address, as they were found. */
struct direct_check {
    uint64_t raw;
    uint32_t where;
};
enum direct_checks { DIRECT_GATE, DIRECT_CODE, DIRECT_STACK, DIRECT_FAULT_GATE, DIRECT_CHECKS };
#define DIRECT_MIRRORS 16

/* Flags that the ring-1 gates leave to the slow way (direct.h). */
#define DIRECT_FLAGS (FL_TF | FL_IOPL | FL_NT | FL_VM | FL_AC | FL_VIF | FL_VIP | FL_ID)

/* What ring-1 code needs for system calls without ring 0 (direct.h). */
struct direct {
    uint32_t armed;                /* 0: the slow way */
    uint32_t eip;                  /* of the handler */
    uint32_t vif;                  /* the virtual IF there */
    uint32_t fault_eip, fault_vif; /* the same of page faults' handler; 0, 0: it is not usual */
    uint32_t tss;                  /* linear address of ESP0 and SS0 */
    struct direct_check check[DIRECT_CHECKS];
    struct direct_check mirror[DIRECT_MIRRORS]; /* descriptors that user code may load */
    uint32_t mirrors;
    bool found; /* eip, vif, tss, check, kernel_cs and kernel_ss are up to date */
    struct segment user_cs, user_ss, kernel_cs, kernel_ss;
    struct segment loaded[4]; /* DS, ES, FS, GS as the hardware holds them */
    uint64_t calls;           /* RSP with an empty call stack ... */
    uint64_t empty[2]; /* ... what a RET finds there in the kernel's code and in the user's ... */
    uint64_t lookup, slow;           /* ... places in the cache (bt/) for the kernel's code, ... */
    uint64_t user_lookup, user_slow; /* ... and for the user's, where that is translated */
    uint64_t user_return, user_call; /* the host's code, or the same as slow and user_slow */
    uint64_t syscalls;               /* how many went this way */
};

/* What a call reads to leave the cache: 6 bytes for a far one, or the address. */
union tc_gate {
    struct {
        uint16_t offset[2]; /* of no meaning for a call gate */
        uint16_t sel;
    } far;
    uint64_t near;
};

/* Where there are windows (host_tc.user_code): their bases, 255 bytes apart, because emitted code
 * finds one of them by a byte that is 0 or 255; and 2^64 minus the address from which on the
 * kernel's is the likelier one. */
struct windows {
    uint64_t kernel;
    uint8_t gap[247];
    uint64_t user;
    uint64_t minus_split;
} __attribute__((packed));

#endif
