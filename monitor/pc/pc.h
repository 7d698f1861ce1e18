/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of the bare-PC host share: the state of the one host CPU, selectors and
 * vectors, and who initialises what, in the order of main.c. Nothing outside
 * monitor/pc includes this.
 */
#ifndef RING1_PC_H
#define RING1_PC_H

#include "monitor/host.h"
#include "monitor/plan.h"
#include "monitor/types.h"

/* Selectors of the monitor's own descriptors, at the top of a full 64 KiB GDT. */
enum pc_selector {
    SEL_TSS = 0xff78, /* two slots */
    SEL_MONITOR_CODE = 0xff88,
    SEL_MONITOR_DATA = 0xff90,
    SEL_TC_CODE = 0xff98 | 1, /* DPL 1, L = 1 */
    SEL_LDT = 0xffa0,         /* two slots */
    SEL_TC_GATES = 0xffb0,    /* call gates by enum tc_code, DPL 1, two slots each */
};
#define GATE_SPACING 16 /* bytes from one of SEL_TC_GATES to the next */
_Static_assert(SEL_TSS >= HOST_FIRST_SELECTOR && SEL_TC_GATES + TC_CODES * GATE_SPACING <= 0x10000,
               "the GDT ends at 64 KiB");
#define SEL_TC_STACK 1 /* null with RPL 1: what ring 1 in 64-bit mode wants */

/* IDT vectors. Exceptions are 0-31. */
enum pc_vector {
    VEC_IRQ_BASE = 0xe0,          /* host 8259s, 16 vectors */
    VEC_TC_BASE = TC_GATE_VECTOR, /* + enum tc_code: exit gates of translated code, DPL 1 */
    VEC_SYSCALL = 0x80,           /* DPL 3 */
};

/* What an entry stub leaves on the stack it came in on (entry.asm pushes in this order). */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

struct tss64 {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, iomap;
} __attribute__((packed));

/* The one host CPU. Lives in .bss as pc_cpu; entry.asm knows its first fields. */
struct host_cpu {
    uint64_t monitor_rsp;     /* where pc_enter's caller continues */
    struct trap_frame *frame; /* of the last exit from the guest */
    uint64_t fixup_rip;       /* not 0: a fault in ring 0 continues there, vector in rax ... */
    uint64_t fixup_rsp;       /* ... where the stack is this (fpu_call.asm) */
    uint16_t selectors[4];    /* ds es fs gs of user code, in and out */
    /* A call gate leaves IF as it is: an interrupt before its first instruction is one of the
     * monitor (trap.c), on the same stack. What came in is looked at after the exit at hand. */
    uint8_t entry_room[2048] __attribute__((aligned(16)));
    struct trap_frame entry_frame __attribute__((aligned(16))); /* TSS.RSP0 points behind it */
    struct vcpu *vcpu;                                          /* gate.asm's */
    uint32_t fault_error;                                       /* the same: of gate_fault */
    uint8_t ring1_stack[256] __attribute__((aligned(16)));      /* TSS.RSP1: hardware frames only */
    uint8_t ist_stack[3][4096] __attribute__((aligned(16)));
    struct tss64 tss;
    hfn_t root; /* the monitor's own page tables: no guest space */
    hspace_t space;
    struct pool *pool;
};
extern struct host_cpu pc_cpu;

/* Physical to virtual in the direct map. */
static inline void *pc_phys(uint64_t physical)
{
    return (void *)(0xffff900000000000ull + physical);
}

/* console.c: COM1 and port 0xE9, works from the first moment on. */
void pc_console_init(void);

/* screen.c: LEN bytes of the log to the PC's text screen, if the firmware left it in 80x25 text. */
void pc_screen_write(const char *text, size_t len);

/* memmap.c: the pool over all RAM but what the monitor, the plan and the firmware hold.
 * Returns the plan's place; NULL (with a log line) if there is none. */
const struct plan *pc_memory_init(uint32_t multiboot_info);

/* paging.c: final page tables; translation-cache area; SMEP. After pc_memory_init. */
void pc_paging_init(uint64_t ram_end);
uint64_t pc_ram_end(void);

/* Executable memory for fpu.c, as the monitor writes it and where it runs. */
struct pc_code_area {
    uint8_t *write;
    uint64_t exec;
    uint32_t size;
};
struct pc_code_area pc_fpu_area(void);

void pc_descriptors_init(void);   /* descriptor.c: GDT, IDT, TSS, LDT */
void pc_time_init(void);          /* time.c: 8259s, PIT, TSC calibration */
void pc_irq(unsigned irq);        /* time.c: acknowledge and note a host interrupt */
void pc_irq_enable(unsigned irq); /* time.c, behind pc_time_init */
/* A line of PCI's, whose devices hold it down until they are asked why: pc_line_came does that each
 * time. False: no line for PCI. */
bool pc_irq_share(unsigned irq);
bool pc_line_came(unsigned irq);            /* line.c; false: it shall come no more */
void pc_fpu_init(void);                     /* fpu.c */
bool pc_disk_init(const struct plan *plan); /* disk.c, after pc_time_init; false: the plan is wrong,
                                               or a device is not there */
bool pc_net_init(void); /* vnet.c, after pc_time_init, for PLAN_NET; false: there is no such card */
bool pc_debug_init(void); /* debugline.c: for PLAN_GDB; false: there is no such port */

/* entry.asm */
void pc_enter(struct trap_frame *f); /* returns after the next exit from the guest */
void pc_load_selectors(const uint16_t s[4]);
extern const uint64_t pc_stubs[256];           /* addresses of the entry stubs ... */
extern const uint64_t pc_call_stubs[TC_CODES]; /* ... and of those behind call gates */

/* gate.asm: INT 80h from ring 3; a page fault there; a translated IRET to it; and places in them
 * (world.c). */
extern const uint8_t gate_syscall[], gate_syscall_parked[], gate_syscall_restored[];
extern const uint8_t gate_syscall_committed[], gate_syscall_end[];
extern const uint8_t gate_fault[], gate_fault_parked[], gate_fault_restored[];
extern const uint8_t gate_fault_committed[], gate_fault_end[];
extern const uint8_t gate_return[], gate_return_end[];

/* trap.c: an exception or interrupt in the monitor itself. */
void pc_trap_in_monitor(struct trap_frame *f);

#endif
