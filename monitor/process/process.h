/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of the process host share: the state of the one host CPU, a Linux thread, and who
 * initialises what, in the order of main.c. Nothing outside monitor/process includes this but the
 * loader's side of it, loader/process.c.
 *
 * While the guest runs, the thread is in the translation cache with the guest's registers in its
 * own; FPU and vector registers are the guest's all the time, so nothing here may use them, nor
 * call the C library once the guest has started (sys.h).
 */
#ifndef RING1_PROCESS_H
#define RING1_PROCESS_H

#include "monitor/host.h"
#include "monitor/plan.h"
#include "monitor/types.h"

/* Registers of translated code. */
struct tc_frame {
    uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rsp, rip, rflags;
};

/* How translated code was left. */
enum left {
    LEFT_NOT_ENTERED, /* a signal was waiting */
    LEFT_GATE,        /* by gate .code */
    LEFT_FAULT,       /* .vector, .error, .linear, .outside, .other */
    LEFT_SIGNAL,      /* interrupted */
};

struct process_cpu {
    /* entry.asm knows these. */
    uint64_t monitor_rsp;  /* where process_enter's caller continues */
    uint32_t pending;      /* a signal came while the monitor ran */
    uint32_t left;         /* enum left */
    uint32_t code;         /* enum tc_code */
    uint32_t fpu_running;  /* an instruction of host_fpu_run; a fault ends it with its vector */
    uint64_t fpu_rsp;      /* the monitor's stack meanwhile */
    uint32_t gate_eip;     /* an IRET's way to user code: its target, ... */
    uint32_t gate_esp;     /* ... and ESP there */
    uint64_t gs;           /* the base of GS, or PROCESS_GS_UNKNOWN */
    struct tc_frame frame; /* at the last entry, then at the last exit */

    uint8_t vector;
    uint32_t error, linear;
    bool outside, other;
    bool wrgsbase;
    uint64_t tc_start, tc_end; /* the executable alias of the cache */
};
extern struct process_cpu process_cpu;
#define PROCESS_GS_UNKNOWN UINT64_MAX

/* What the process was started with. */
struct process_io {
    int console, control, debug; /* sockets; -1: none */
    int log;
    int net;              /* a socket that carries frames, which does not block; -1: none */
    bool unconfined;      /* without the filter of confine.c */
    int disk[PLAN_DISKS]; /* files, as many as the plan has disks */
    unsigned disks;
};

/* Runs PLAN's guest to its end and ends the process with its status (plan.h). */
_Noreturn void process_run(const struct plan *plan, const struct process_io *io);

/* Makes all that a guest would need, filter included, and ends the process: the log says whether it
 * was to be had. */
_Noreturn void process_try(const struct process_io *io);

/* The end, because the system refuses something: WHY says what, and what to do. */
_Noreturn void process_give_up(const char *why);

/* Each returns NULL, or a line that says what the system refused and what to do. */
const char *process_cache_init(bool for_perf); /* cache.c: the translation cache's two mappings */
const char *process_signal_init(void);         /* signal.c: handlers, on a stack of their own */
const char *process_time_init(void);           /* time.c: the TSC's rate, the timer */
const char *process_perf_map_init(void);       /* perfmap.c: for --perf-map */
void process_console_init(const struct process_io *io); /* console.c */
void process_debug_init(const struct process_io *io);   /* debugline.c */
void process_net_init(const struct process_io *io);     /* net.c */
/* disk.c: PLAN has a disk for each of IO's; NULL for none. */
void process_disk_init(const struct plan *plan, const struct process_io *io);
/* confine.c: from here on only what a running guest needs; after all others. */
const char *process_confine(const struct process_io *io);

/* perfmap.c: code was made, as host_tc.made in host.h. */
int process_perf_map_fd(void); /* -1: none */
void process_perf_map_code(uint64_t exec, uint32_t bytes, uint32_t eip, bool user);

/* time.c: the timer's signal came; sleep until a signal comes or input at FD (-1: none). */
void process_timer_fired(void);
void process_sleep(int fd);

/* world.c: may the process write the base of GS by an instruction? */
bool process_has_wrgsbase(void);

/* cache.c: executable memory for fpu.c, as it is written and where it runs. */
struct process_code_area {
    uint8_t *write;
    uint64_t exec;
    uint32_t size;
};
struct process_code_area process_fpu_area(void);

/* entry.asm: into the cache with process_cpu.frame, back with it and .left. */
void process_enter(void);
int process_fpu_call(struct vcpu *v, uint64_t code, void *mem);
extern const uint8_t
    process_gates[]; /* the code of gate 0; others follow, PROCESS_GATE_SIZE apart */
#define PROCESS_GATE_SIZE 16
extern const uint8_t process_window[], process_window_end[]; /* between test and entry */
/* gate.asm: from user code's INT 80h to the kernel and from the kernel's IRET to user code. */
extern const uint8_t gate_call[], gate_call_commit[], gate_call_done[], gate_call_end[];
extern const uint8_t gate_return[], gate_return_commit[], gate_return_done[], gate_return_end[];
extern const uint8_t process_not_entered[], process_left[], process_fpu_fault[];

#endif
