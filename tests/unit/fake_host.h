/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The host that unit tests stand on: frames are ordinary memory, shadow tables are arrays that
 * a test can look into, time is what the test says, console bytes are queues. It checks its
 * caller: attaching a freed table, setting an entry out of range and the like abort the test.
 */
#ifndef RING1_FAKE_HOST_H
#define RING1_FAKE_HOST_H

#include "monitor/host.h"
#include "monitor/host_io.h"
#include "monitor/vm.h"

#define FAKE_DISK   1024u         /* sectors */
#define FAKE_TSC_HZ 2444815000ull /* what host_tsc_hz says; host_tsc does not count by itself */

/* Starts afresh: forgets everything; a pool of FRAMES frames. */
struct pool *fake_host_reset(uint32_t frames);

/* A VM with a reset vcpu (flat 32-bit protected mode at CPL 0, paging off) and RAM of BYTES,
 * with vm->trace if trace.c is linked by the test itself. Valid until the next reset. */
struct vm *fake_vm(uint64_t ram_bytes);

/* What the current space maps at LINEAR: frame (0 = nothing) and flags. */
hfn_t fake_lookup(gva_t linear, unsigned *flags);

/* Does the current space map LINEAR by a 2 MiB page? */
bool fake_large(gva_t linear);

/* A hardware TLB that never evicts: fake_tlb_fill caches what the current space maps at LINEAR now
 * (a mapping that is there already stays); fake_tlb says what is cached. Flushes
 * and host_space_use empty it as they promise. */
void fake_tlb_fill(gva_t linear);
hfn_t fake_tlb(gva_t linear, unsigned *flags);

extern struct fake_state {
    uint64_t now_ns;
    uint64_t tsc;
    hspace_t current;
    unsigned flushes_all, flushes_page, tables_live, spaces_live;
    unsigned large_live;   /* slots that hold a 2 MiB page */
    int fail_tables_after; /* the n-th table or space creation from now fails; -1 never */
    uint64_t armed_ns;
    unsigned control_loads, fpu_resets; /* calls of host_load_control, host_fpu_reset */
    char log[65536];
    size_t log_len;
    uint8_t console_out[65536];
    size_t console_out_len;
    uint8_t console_in[4096];
    size_t console_in_len, console_in_pos;
    uint8_t debug_in[16384]; /* the line to a debugger */
    size_t debug_in_len, debug_in_pos;
    char debug_out[262144];
    size_t debug_out_len;
    uint64_t random_bytes; /* that host_random has given */
    uint32_t frames_forgotten;
    bool net; /* there is a network: the last frame sent, and one that comes in so often */
    uint8_t sent[2048], receive[2048];
    size_t sent_len, receive_len;
    unsigned sent_frames, to_receive;
    /* The host's disk 0: its size, up to FAKE_DISK; the calls so far, a letter each: read, write,
     * flush, discard, zero, zero and unmap. */
    uint64_t disk_sectors;
    bool disk_read_only, disk_fails;
    char disk_call[256];
    unsigned disk_calls;
    uint8_t disk[FAKE_DISK * 512u];
    /* Reads last: those that have begun, and how many of them may end. */
    bool disk_lasts;
    struct fake_read {
        uint64_t sector;
        unsigned spans; /* 0: none */
        struct host_span to[HOST_SPANS];
    } disk_read[HOST_READS];
    unsigned disk_ready, disk_asked;
    int request;                  /* what host_request gives next; 0: nothing */
    uint64_t descriptor[2][8192]; /* [0] GDT, [1] LDT */
    int exit_status;              /* of host_exit; -1 while it was not called */
    /* What running the guest and sleeping do: a test's script, set after the reset. */
    void (*run_user)(struct vcpu *v, struct host_exit *x);
    void (*run_tc)(struct vcpu *v, uint64_t entry, struct host_exit *x);
    void (*idle)(void);
    void (*debug_wait)(void); /* called when the debugger has nothing to say */
} fake;

#endif
