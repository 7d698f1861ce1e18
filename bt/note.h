/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the translator did with each instruction of a block, and why: said where it is decided, and
 * noted for tools that show it (struct bt's notes). Nothing is decided by what is here.
 */
#ifndef RING1_BT_NOTE_H
#define RING1_BT_NOTE_H

#include "monitor/types.h"

enum treatment {
    TREAT_COPIED,    /* the same instruction, with its operands re-encoded */
    TREAT_REWRITTEN, /* other instructions do what it does */
    TREAT_EXIT,      /* a way to other code: in this block, to another or out of the cache */
    TREAT_CALLOUT,   /* left to the interpreter, by a gate */
};

/* Why it was treated so. X(name, text). */
/* clang-format off */
#define WHYS(X) \
    /* copied */ \
    X(SAME, "does the same in every ring and in 64-bit code") \
    X(TSC, "shows the host's time-stamp counter, which is the guest's") \
    /* rewritten */ \
    X(STACK, "the guest's ESP is R14, and a run of pushes and pops moves it once") \
    X(STACK_SP, "SP is the low half of R14, and the stack is where SS begins") \
    X(FLAGS_READ, "would show the real IF and IOPL: in the image are the vcpu's") \
    X(FLAGS_WRITE, "would leave IF and IOPL as they are without a trap: IF goes to the vcpu") \
    X(IF, "IF is virtual: a byte of the vcpu") \
    X(REX, "40-4F are REX prefixes in 64-bit code: a longer form does the same") \
    X(SELECTOR, "would show the real selector, and in it the real ring: the guest's is in the vcpu") \
    X(CONTROL, "would fault, or show the host's register: the guest's is in the vcpu") \
    X(SEGMENT_LOAD, "would load from the host's tables: what the selector meant is copied, if the guest's table says the same") \
    X(STALE_FLAGS, "QEMU's emulator leaves stray flags behind it but for a jump before it") \
    X(NOTHING, "does nothing, so nothing is emitted") \
    X(HIGH_BYTE, "AH, CH, DH and BH cannot be named beside a REX prefix: through CL") \
    /* exits */ \
    X(JUMP, "a jump to a known address: within the block, or by an exit that is connected later") \
    X(COUNTED_JUMP, "its displacement has 8 bits: it jumps over a jump that leads anywhere") \
    X(CALL, "the guest's return address is stored, the host's is pushed on a stack of its own") \
    X(COMPUTED, "the target is a guest address: the look-up table says where its translation is") \
    X(RET, "a host return; where it leads, the guest's return address is compared") \
    X(IRET, "would use the real rings: within the kernel it is done here, others by the host or the interpreter") \
    X(SYSTEM_CALL, "a system call of user code: the host has a way to the kernel that needs no monitor") \
    X(GOES_ON, "the block ends: an exit to the instruction behind it") \
    X(FAR_TARGET, "an exit for the block's jumps to this address") \
    /* callouts */ \
    X(UNDEFINED, "raises #UD") \
    X(BAD_LOCK, "LOCK is not allowed here: it raises #UD") \
    X(NOT_THERE, "does not exist in 64-bit code") \
    X(NOT_EVERYWHERE, "does not exist in 64-bit code on every CPU") \
    X(ENTER, "would use the host's stack, with 64-bit elements") \
    X(PRIVILEGED, "faults outside ring 0, or would act on the real machine") \
    X(SENSITIVE, "shows or changes something of the real machine, or does less outside ring 0") \
    X(INTERRUPT, "goes through the guest's interrupt table") \
    X(LEVEL, "at this level it depends on IOPL or faults") \
    X(STACK_SIZE, "an operand of the stack or of EIP that has not the size of the code's own") \
    X(ADDRESS16, "16-bit addresses do not exist in 64-bit code") \
    X(SEGMENT, "a memory operand in a segment that is not flat, or must not be written") \
    X(SEGMENT_END, "the code segment ends with it") \
    X(SEGMENT_OTHER, "of segment loads only those of flat DS and ES, FS and GS in the kernel are done here") \
    X(SHADOW, "stands behind STI, where events are held off, and has no place for their test") \
    X(LAST, "events are held off for one instruction more, which is not in this block") \
    X(HIGH_BYTE_LEFT, "AH, CH, DH and BH cannot be named beside a REX prefix") \
    X(IMPLIED, "its operand is implied by the opcode and cannot be led to where it is") \
    X(HYPERCALL, "a call of the monitor")                                                          \
    X(HEEDED, "CR0 and CR4 would make it fault, and only the interpreter heeds them here") \
    X(ADAPTED, "it faulted again and again")

/* What was changed of a copy, or of an operand. */
#define CHANGES(X) \
    X(ADDRESS, "67h: the CPU wraps the address at 32 bits") \
    X(WINDOW, "GS: the guest's memory begins at its base") \
    X(ABSOLUTE, "by a SIB byte: what means [disp32] is relative to RIP in 64-bit code") \
    X(ESP, "ESP is R14") \
    X(OWED, "the displacement holds what R14 lags behind") \
    X(SETTLED, "R14 is brought up to date first") \
    X(PLACE, "where FS or GS begins is added in 64 bits") \
    X(OFFSET16, "the address is computed in 16 bits, compared with the segment's end and added to its beginning") \
    X(SIZE, "the default size of operands is another in 64-bit code") \
    X(OTHER_WINDOW, "the operand is in the window of user memory") \
    X(BY_ADDRESS, "the address says in which window the operand is") \
    X(STRING, "ESI and EDI are host addresses meanwhile") \
    X(FEW, "few elements are moved one by one") \
    X(MOFFS, "as a ModRM operand, which takes 67h without delay") \
    X(PREFIX, "prefixes that mean nothing here are left out") \
    X(ALIAS, "82h does not exist in 64-bit code, 80h is the same") \
    X(COUNTED, "it is counted first") \
    X(EVENTS, "events that were held off are looked for")
/* clang-format on */

enum why {
#define X(name, text) WHY_##name,
    WHYS(X)
#undef X
        WHY_COUNT
};

enum change_bit {
#define X(name, text) CHANGE_BIT_##name,
    CHANGES(X)
#undef X
        CHANGE_COUNT
};
enum change {
#define X(name, text) CHANGE_##name = 1u << CHANGE_BIT_##name,
    CHANGES(X)
#undef X
};

/* Host code from AT, an offset in the block's code, to the next note's, for the guest's instruction
 * at EIP; or, if WHY is GOES_ON or FAR_TARGET, for an exit to EIP. In the order of the host code.
 */
struct note {
    uint32_t eip, at;
    uint8_t treatment; /* enum treatment */
    uint8_t why;       /* enum why */
    uint32_t changes;  /* enum change */
};

/* Of the block made last. */
#define MAX_NOTES 256u
struct notes {
    uint32_t count;
    struct note note[MAX_NOTES];
};

#endif
