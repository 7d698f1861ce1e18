/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The one interface between the core and what it stands on, bound at link time:
 * monitor/pc (ring 0 of a bare PC), monitor/process (a Linux process), tests/unit/fake_host.c
 * (a test process). Above this line nothing uses a privileged instruction; below it
 * nothing knows a device, a block or a guest page table.
 */
#ifndef RING1_HOST_H
#define RING1_HOST_H

#include "monitor/types.h"

struct vcpu;

/* ---- Memory -------------------------------------------------------------- */

/* Where the monitor sees host frame F; NULL never. Valid for any frame that the
 * pool was given. */
void *host_frame_ptr(hfn_t f);

/* ---- Shadow tables ------------------------------------------------------- */

/* What one shadow entry lets the guest do. Without SH_PRESENT the rest is 0. */
enum shadow_flags {
    SH_PRESENT = 1u << 0,
    SH_WRITE = 1u << 1,
    SH_USER = 1u << 2, /* reachable at CPL 3 */
    SH_EXEC = 1u << 3, /* executable at CPL 3; ring 1 never executes guest pages */
};

/* A shadow table holds 512 entries of 4 KiB (2 MiB of linear space). A space is a
 * guest's whole 4 GiB: 2048 slots, each empty, a table, or one 2 MiB page. On the PC
 * both are hardware page tables; .id is the frame of the table or the root. */
#define HOST_TABLE_ENTRIES 512
#define HOST_SPACE_SLOTS   2048
typedef struct {
    uint32_t id;
} htable_t;
typedef struct {
    uint32_t id;
} hspace_t;

/* Both return an id of 0 when the host is out of frames. A new table or space is
 * empty. Freeing a table that is still attached is the caller's bug. */
htable_t host_table_create(void);
void host_table_free(htable_t t);
hspace_t host_space_create(void);
void host_space_free(hspace_t s);

/* Sets one entry; FLAGS of 0 clears it. Returns whether the entry before was
 * present, so that the caller knows that a flush is owed. Flushes nothing itself. */
bool host_table_set(htable_t t, unsigned index, hfn_t frame, unsigned flags);

/* Attaching replaces what the slot holds. */
void host_space_attach(hspace_t s, unsigned slot, htable_t t);
void host_space_attach_large(hspace_t s, unsigned slot, hfn_t first, unsigned flags);
void host_space_detach(hspace_t s, unsigned slot);

/* Makes S the space the guest runs in; flushes what is not valid there. */
void host_space_use(hspace_t s);

/* Forget cached translations of the current space: of one page, or of all. */
void host_flush_page(gva_t page);
void host_flush_all(void);

/* For statistics, where guest memory is reached through mappings; elsewhere zeros. */
struct host_counts {
    uint64_t maps, pages, unmaps; /* made, pages in them, taken away */
    uint64_t evictions;           /* address spaces whose mappings were all given up to make room */
};
void host_counts(struct host_counts *out);

/* ---- Running the guest --------------------------------------------------- */

enum host_exit_kind {
    HX_EXCEPTION, /* a fault or trap of guest code: .vector, .error, .cr2 */
    HX_INTERRUPT, /* a host interrupt; the host has acknowledged and noted it */
    HX_SOFT_INT,  /* user code ran INT n through an open gate: .vector; eip is behind it */
    HX_TC,        /* translated code left by its exit gate: .code is its number */
};

/* Numbers that translated code passes to its exit gate: INT TC_GATE_VECTOR + code, a far call
 * through the host's call gate for the code, or a near call of the host's own code for it. */
enum gate_kind { GATE_INT, GATE_FAR, GATE_NEAR };
#define TC_GATE_VECTOR 0xc0
enum tc_code { TC_EXIT_MISS, TC_EXIT_INTERP, TC_EXIT_EVENT, TC_EXIT_ADAPTED, TC_EXIT_CALL };
#define TC_CODES 5

struct host_exit {
    enum host_exit_kind kind;
    uint8_t vector;
    uint8_t code;        /* enum tc_code */
    uint32_t error;      /* exception's error code, 0 if it has none */
    bool user;           /* stopped at CPL 3, whichever function was called */
    uint16_t sel[6];     /* ... with these selectors (enum sreg) */
    uint32_t cr2;        /* #PF: the linear address, low 32 bits */
    bool cr2_outside;    /* #PF at or above 4 GiB: a wrapped or unclipped access */
    uint64_t rip;        /* where translated code stopped (TC_EXEC alias) */
    uint8_t asked;       /* #PF: 0, or 1 + what the shadow has said (exit_quick_fault) */
    bool other_window;   /* #PF: .cr2 is mapped, but in the other window */
    uint64_t scratch[6]; /* r8, r9, r10, r11, r13 and rsp at that moment */
    uint64_t rflags;
};
enum scratch_index { SCR_R8, SCR_R9, SCR_R10, SCR_R11, SCR_R13, SCR_RSP };

/*
 * Run guest user code directly (host_run_user: CPL 3, 32-bit, from v->eip, with the segment
 * registers that SEL says) or translated code from ENTRY (host_run_tc: ring 1, 64-bit), with real
 * interrupts on, until the first event that exit.h has no quick way for, which is described in *X.
 * While v->direct.armed the one may go over into the other without coming back here. The guest's
 * registers come from v->gpr and v->eflags and return there. RSP of translated code starts as
 * v->tc_rsp. After host_run_tc v->eip is unchanged: what X->rip means is bt_unwind's secret.
 */
void host_run_user(struct vcpu *v, const uint16_t sel[6], struct host_exit *x);
void host_run_tc(struct vcpu *v, uint64_t entry, struct host_exit *x);

/* The shadow GDT and LDT that direct execution uses: set the 8-byte descriptor of SELECTOR (TI bit
 * chooses the table); 0 makes it absent. The host refuses nothing: the caller has sanitised it.
 * Entries at and above HOST_FIRST_SELECTOR are the host's own and are never set. */
#define HOST_FIRST_SELECTOR 0xff78u
void host_descriptor_set(uint16_t selector, uint64_t descriptor);

/* Gives the hardware what it keeps live for the guest: CR0.MP, EM, TS and AM, CR4.TSD, OSFXSR and
 * OSXMMEXCPT; of the debug registers nothing as yet. Called when any of them changed. */
void host_load_control(const struct vcpu *v);

/* The guest's FPU and vector registers as FNINIT and power-on leave them, all 0. Before
 * host_load_control, as the guest's control bits could forbid it. */
void host_fpu_reset(void);
void host_fpu_exchange(void *image); /* with FXSAVE's 512 bytes there, 16-byte aligned */

/*
 * Executes one x87, MMX or SSE instruction on the host CPU with the guest's FPU state. CODE is
 * LEN bytes (at most 15) of 64-bit code, one instruction, ready to run (interp/fpu_stub.h):
 * its memory operand is [r15] = MEM (64-byte aligned, up to 512 bytes), guest ESP is r12, the
 * other guest registers are in the host registers of the same name; arithmetic flags are
 * the guest's. Registers and arithmetic flags return to v.
 * Returns -1, or the vector of the exception that the instruction raised, with v unchanged.
 */
int host_fpu_run(struct vcpu *v, const uint8_t *code, unsigned len, void *mem);

/* ---- The translation cache ----------------------------------------------- */

struct host_tc {
    uint8_t *write;     /* the monitor's writable alias */
    uint64_t exec;      /* address of the same bytes where they execute */
    uint32_t size;      /* bytes of code */
    uint32_t data_size; /* bytes behind the code, at write + size, readable but not
                           executable for translated code: jump slots and thunk data */
    uint64_t *stack;    /* the stack of translated code, at the same address for both sides; an
                           access below it faults */
    uint32_t stack_words;
    uint64_t user_return; /* code that takes a translated IRET to user code; 0: the host has none */
    uint64_t user_call;   /* code that takes an INT 80h of translated user code; 0: likewise */
    enum gate_kind gate_kind; /* policy: how it leaves */
    uint64_t gate;         /* GATE_FAR: selector of the call gate for code 0; GATE_NEAR: address of
                              the host's code for it */
    uint32_t gate_spacing; /* ... and how far on those for the next code are */
    bool patching;  /* policy: links between blocks are best patched into the code, not kept in data
                     */
    bool user_code; /* the guest's user code is translated, too: host_run_user is never called, and
                       host_load_control is not heeded by hardware. Guest memory is behind windows:
                       GS is the base of the window for the code's own level, R12 of user memory's;
                       v->windows holds both; they are multiples of 4 GiB */
    /* To be told of each piece of code that is made, for tools that watch from outside: BYTES at
     * EXEC are the block at EIP of user code or not. At .exec it is what all blocks share, at first
     * and whenever the cache was emptied. NULL: no. */
    void (*made)(uint64_t exec, uint32_t bytes, uint32_t eip, bool user);
};
void host_tc_area(struct host_tc *out);

/* ---- Time ---------------------------------------------------------------- */

uint64_t host_now_ns(void);                /* monotonic, since start */
uint64_t host_tsc(void);                   /* the counter RDTSC shows the guest */
uint64_t host_tsc_hz(void);                /* its rate, as host_now_ns takes it; not 0 */
void host_timer_arm(uint64_t deadline_ns); /* an interrupt no later than this, if sooner
                                              than the host's own tick */
void host_idle(void);                      /* sleep until the next interrupt */
uint64_t host_wallclock_s(void);           /* seconds since 1970 UTC, 0 if the host has no clock */

/* CPUID of the host CPU: regs = eax, ebx, ecx, edx. */
void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4]);

/* ---- Console and log ----------------------------------------------------- */

void host_console_put(uint8_t c); /* guest serial output */
int host_console_get(void);       /* next input byte, or -1 */
int host_request(void);           /* a byte of enum plan_request that came in, or -1 */
void host_log_write(const char *text, size_t len);

/* The line to a debugger, where the plan has one. Put waits while the other side takes nothing. */
int host_debug_get(void); /* next byte, or -1: none yet */
void host_debug_put(const char *bytes, size_t len);
void host_debug_wait(void); /* until the next byte or interrupt; what the guest wrote is out */

/* Ends the machine (PC) or the test: STATUS is a plan.h exit status. */
_Noreturn void host_exit(int status);

#endif
