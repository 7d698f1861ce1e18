/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Segmentation as the manual has it (SDM 3A 3.4-3.5, 5): selectors to hidden parts with all
 * checks, far transfers, and the shadow descriptor tables that direct execution runs
 * on. Every function that can fail returns false with v->exc set and no register changed.
 */
#ifndef RING1_SEGMENT_H
#define RING1_SEGMENT_H

#include "monitor/vcpu.h"

/* A descriptor's eight bytes, and where they were read. */
struct descriptor {
    uint64_t raw;
    gva_t where;
};

/* Hidden part from a raw descriptor. */
void segment_unpack(uint16_t sel, uint64_t raw, struct segment *out);

/* MOV/POP/Lxx to a segment register, in the mode that v is in (real and V86 mode too).
 * R != S_CS. Sets the accessed bit in the guest's table. */
bool segment_load(struct vcpu *v, enum sreg r, uint16_t sel);

/* The check that every access makes: [OFF, OFF+LEN) of register R with ACCESS (PF_W, PF_I or 0)
 * is allowed; raises #GP(0), for SS #SS(0). *LINEAR is its linear address. */
bool segment_check(struct vcpu *v, enum sreg r, uint32_t off, unsigned len, unsigned access,
                   gva_t *linear);

/* Far JMP and CALL to SEL:OFF, far RET (POP_BYTES after the return address), IRET, with operand
 * size 2 or 4. v->eip is that of the instruction behind, as CALL pushes it. On success v->eip, CS,
 * CPL and the stack are the new ones. Gates and task switches included; for a
 * failure behind a task switch see task.h. */
bool segment_far_jump(struct vcpu *v, uint16_t sel, uint32_t off, unsigned size);
bool segment_far_call(struct vcpu *v, uint16_t sel, uint32_t off, unsigned size);
bool segment_far_return(struct vcpu *v, unsigned size, uint16_t pop_bytes);
bool segment_iret(struct vcpu *v, unsigned size);

bool segment_load_ldtr(struct vcpu *v, uint16_t sel);
bool segment_load_tr(struct vcpu *v, uint16_t sel);

/* LAR, LSL, VERR, VERW: never fault on a bad selector; *OK is the ZF. *VALUE: rights or limit. */
bool segment_lar(struct vcpu *v, uint16_t sel, bool *ok, uint32_t *value);
bool segment_lsl(struct vcpu *v, uint16_t sel, bool *ok, uint32_t *value);
bool segment_verify(struct vcpu *v, uint16_t sel, bool write, bool *ok);

/* May code at CPL use ports [PORT, PORT+LEN)? By IOPL, else by the TSS's permission
 * bitmap. False with #GP(0) if not. */
bool segment_port_allowed(struct vcpu *v, uint16_t port, unsigned len);

/* ---- Shadow descriptor tables (direct execution only) --------------------- */

/*
 * The hardware's GDT and LDT have those of the guest's descriptors that user code may load, at the
 * same selectors, so that it can load them and LAR, LSL, VERR and VERW find them. They are
 * compared with the guest's tables each time user code is entered after anything else ran: 32
 * descriptors of eight bytes under Linux, which costs less than a write trace on a table that
 * Linux writes at every context switch.
 */
bool segtab_create(struct vm *vm);

/* Before user code: brings the hardware's tables up to date. Are all loaded segments reversible
 * (the table holds what is loaded) and fit for direct use? False: interpret. */
bool segtab_prepare(struct vcpu *v);

/* After user code: the hardware's selectors stand in v->seg[].sel; completes hidden parts of
 * those that changed. */
void segtab_collect(struct vcpu *v);

/* GDTR, LDTR or a task changed: nothing is known of the tables until segtab_prepare. */
void segtab_forget(struct vcpu *v);

/* The VM's end: the host's tables have none of its entries any more. */
void segtab_destroy(struct vcpu *v);

/* LIST, of DIRECT_MIRRORS: the entries of the guest's tables whose changes user code could tell.
 * False: none, or more. */
bool segtab_list(struct vcpu *v, struct direct_check *list, uint32_t *n);

/* User code faulted on loading SEL: sets it if the guest's table allows a load at CPL 3.
 * True: mended, run on. */
bool segtab_fill(struct vcpu *v, uint16_t sel);

#endif
