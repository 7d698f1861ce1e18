/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a guest may know of Ring1: how it finds it, the calls it can make, the page it shares with
 * it. The only header that guest patches see; docs/abi.md is its manual. All of it is optional, and
 * a guest that has never heard of it runs as well.
 *
 * A call is the instruction VMCALL at CPL 0 of protected mode: EAX = its number, arguments in EBX,
 * ECX, EDX, ESI, EDI. EAX returns the result: 0 or more, or one of RING1_E_*; every other register
 * and the flags are kept. At any other level VMCALL is #UD. Addresses of memory are guest-physical.
 */
#ifndef RING1_ABI_H
#define RING1_ABI_H

/* ---- Discovery: CPUID ---- */

/* CPUID leaf 0x40000000: EAX = highest leaf, EBX:ECX:EDX = this signature. */
#define RING1_CPUID_BASE 0x40000000u
#define RING1_SIGNATURE  "Ring1VMMx86\0" /* 12 bytes */

/* Leaf 0x40000001: EAX = the newest version of this interface, EBX = the oldest that still works,
 * ECX = how many calls there are, EDX = the time-stamp counter's rate in kHz. */
#define RING1_CPUID_CALLS 0x40000001u
#define RING1_ABI_VERSION 1u
#define RING1_ABI_OLDEST  1u

/* ---- Calls ---- */

/* EBX.. as named; "buffer" is an address and a length in bytes. */
#define RING1_CALL_ENABLE   0 /* version, address of the shared page, RING1_ENABLE_*, vector; 0 */
#define RING1_CALL_BATCH    1 /* address and number of struct ring1_call; how many were made */
#define RING1_CALL_PAGES    2 /* heeds what the shared page says of page tables; how many entries */
#define RING1_CALL_ROOT     3 /* CR3 */
#define RING1_CALL_PIN      4 /* address of a page directory (PAE: of the four pointers) */
#define RING1_CALL_UNPIN    5 /* the same */
#define RING1_CALL_FLUSH    6 /* RING1_FLUSH_*, linear address, number of pages (PAGES only) */
#define RING1_CALL_TABLE    7 /* address and number of struct ring1_descriptor */
#define RING1_CALL_STACK    8 /* SS0, ESP0: for entries from CPL 3 */
#define RING1_CALL_TRAPS    9 /* address and number of struct ring1_trap */
#define RING1_CALL_TS       10 /* 0 or 1: CR0.TS */
#define RING1_CALL_HALT     11 /* sets IF, sleeps until an interrupt */
#define RING1_CALL_SHUTDOWN 12 /* RING1_SHUTDOWN_*, buffer with the reason */
#define RING1_CALL_CLOCK    13 /* address of struct ring1_clock, which is filled in */
#define RING1_CALL_TIMER    14 /* low and high half of the time in ns, or all ones: none; 0 */
#define RING1_CALL_WRITE    15 /* buffer to the console; how many bytes were taken */
#define RING1_CALL_READ     16 /* buffer from the console; how many bytes came, perhaps 0 */
#define RING1_CALL_RANDOM   17 /* buffer; how many bytes were filled */
#define RING1_CALL_YIELD    18 /* gives the rest of the time slice away */
#define RING1_CALLS         19

/* Errors, as EAX returns them. */
#define RING1_E_NO_CALL  (-1) /* no such call, or not before RING1_CALL_ENABLE */
#define RING1_E_VERSION  (-2) /* this Ring1 does not speak that version */
#define RING1_E_ARGUMENT (-3) /* a value that the call does not allow */
#define RING1_E_ADDRESS  (-4) /* not in RAM, not aligned, or longer than allowed */
#define RING1_E_HOST     (-5) /* the host has not what it takes */

/* No buffer is longer, and no array has more entries. */
#define RING1_BUFFER_MAX 4096u
#define RING1_ARRAY_MAX  512u

/*
 * RING1_CALL_ENABLE: the page, zeroed, becomes the shared one, and VECTOR (32 to 255, or 0: none)
 * that of the timer's interrupt, which needs no acknowledgement. An address of 0 ends it all.
 * EARLY_ACCESSED: accessed bits of present page-table entries may be set before the page is used.
 * TELLS_PAGES: page tables are not watched. Of each entry in use that is present and was changed
 * the guest tells by ring1_shared.told before it flushes; of one that has become present it may
 * tell, so that its first use costs no fault. In use is what a CR3 or RING1_CALL_PIN has led to,
 * until RING1_CALL_UNPIN.
 */
#define RING1_ENABLE_EARLY_ACCESSED 1u
#define RING1_ENABLE_TELLS_PAGES    2u

#define RING1_FLUSH_PAGES  0u /* as INVLPG of each; at most RING1_ARRAY_MAX */
#define RING1_FLUSH_SPACE  1u /* as a load of CR3: all but global pages */
#define RING1_FLUSH_GLOBAL 2u /* global pages, too */

#define RING1_SHUTDOWN_OFF    0u
#define RING1_SHUTDOWN_REBOOT 1u
#define RING1_SHUTDOWN_CRASH  2u

#define RING1_TOLD_MAX 960u /* fits into the shared page */

#ifndef __ASSEMBLY__

/* A call in a batch; result is filled in. A batch has none within it, and ends behind an error. */
struct ring1_call {
    unsigned int number;
    unsigned int arg[5];
    int result;
    unsigned int reserved; /* 0 */
};

/* A descriptor of the GDT, or with bit 2 of the selector of the LDT. */
struct ring1_descriptor {
    unsigned int selector;
    unsigned int reserved; /* 0 */
    unsigned long long value;
};

/* A gate of the IDT: as RING1_CALL_TABLE, for the entry of VECTOR. */
struct ring1_trap {
    unsigned int vector;
    unsigned int reserved; /* 0 */
    unsigned long long gate;
};

/* The counter and what it was worth at the same moment: ns since the guest began, and the wall
 * clock then, in ns since 1970 (0: the host has none). */
struct ring1_clock {
    unsigned long long tsc;
    unsigned long long ns;
    unsigned long long wall;
};

/* The shared page, of one vcpu. Both may write irq_enabled, which *is* the virtual CPU's
 * IF: CLI, STI, POPF and gates change it; the monitor changes the rest. */
struct ring1_shared {
    unsigned char irq_enabled; /* 0 or 1 */
    unsigned char irq_pending; /* not 0: an interrupt waits for it; make a call, or execute STI */
    unsigned char run_state;   /* RING1_RUNNING, ... */
    unsigned char reserved1;
    unsigned int tsc_khz;
    unsigned int tsc_version;    /* odd while those below change */
    unsigned int tsc_shift;      /* nanoseconds since the guest began: */
    unsigned int tsc_multiplier; /* ((tsc - tsc_base) * multiplier >> shift) + ns_base */
    unsigned int reserved2;
    unsigned long long tsc_base;
    unsigned long long ns_base;
    unsigned long long steal_ns;       /* the vcpu could have run, and something else did */
    unsigned int told_count;           /* entries of told; the calls that heed them make it 0 */
    unsigned int told[RING1_TOLD_MAX]; /* addresses of page-table entries, with bit 0 for 8 bytes */
};

#define RING1_RUNNING 0u
#define RING1_HALTED  1u

#endif /* __ASSEMBLY__ */
#endif
