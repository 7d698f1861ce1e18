/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pieces that far transfers, returns and event delivery are made of: a stack held in locals,
 * and the entry into a code segment with a frame on such a stack. Nothing of the vcpu changes
 * before the last step, which cannot fail; memory below a stack pointer may have.
 */
#ifndef RING1_TRANSFER_H
#define RING1_TRANSFER_H

#include "monitor/selector.h"
#include "monitor/vcpu.h"

/* A stack being built or taken apart. */
struct stack {
    struct segment ss;
    uint32_t esp;
    uint32_t error;  /* of the #SS for leaving SS's limit */
    unsigned access; /* PF_U if its owner runs at CPL 3 */
};

/* The stack that v runs on. EXT as in selector.h. */
struct stack frame_current(const struct vcpu *v, unsigned ext);

/* SS:ESP for privilege CPL (0-2) as the TSS, 16- or 32-bit, has them. False: #TS or a page fault.
 */
bool frame_tss(struct vcpu *v, unsigned cpl, unsigned ext, uint16_t *ss, uint32_t *esp);

/* That stack, checked. False: #TS, #SS or a page fault. */
bool frame_inner(struct vcpu *v, unsigned cpl, unsigned ext, struct stack *st);

/* A stack with segment SS and pointer ESP for privilege CPL; with a 16-bit SS the upper half
 * of ESP stays OLD's (an architectural leak). */
struct stack frame_outer(const struct segment *ss, uint32_t esp, uint32_t old, unsigned cpl);

/* Is there room for N items of SIZE bytes by SS's limit? False: #SS. */
bool frame_room(struct vcpu *v, const struct stack *st, unsigned n, unsigned size);

/* Pushes words[0] first, N items of SIZE bytes, or pops as many, words[0] first. At most
 * FRAME_MAX items. False: #SS or #PF. */
#define FRAME_MAX 36
bool frame_push(struct vcpu *v, struct stack *st, const uint32_t *words, unsigned n, unsigned size);
bool frame_pop(struct vcpu *v, struct stack *st, uint32_t *words, unsigned n, unsigned size);

/* Moves the pointer up by BYTES, as RET n does. */
void frame_skip(struct stack *st, uint32_t bytes);

/* Where a transfer leads and what it pushes there. */
struct entry {
    struct descriptor code; /* of a protected-mode target; real mode leaves it 0 */
    struct segment cs;      /* sel with the new RPL */
    uint32_t eip;
    uint8_t cpl;  /* the new one */
    uint8_t size; /* of each item pushed */
    uint8_t n;
    unsigned ext;
    uint32_t words[FRAME_MAX];
};

/* Fills e->code, cs, eip and cpl for the protected-mode target SEL:EIP. */
void entry_aim(struct entry *e, uint16_t sel, const struct descriptor *d, uint32_t eip,
               unsigned cpl);

void entry_add(struct entry *e, uint32_t word);

/* Checks room on ST and CS's limit, in this order, pushes, and commits CS, EIP, CPL, SS
 * and ESP. False: nothing committed. */
bool entry_finish(struct vcpu *v, struct entry *e, struct stack *st);

/* Room and limit alone, for a caller that has something in between. */
bool entry_check(struct vcpu *v, const struct entry *e, const struct stack *st);

#endif
