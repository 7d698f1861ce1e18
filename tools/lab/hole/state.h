/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A state of the CPU as the probe notes it, in words; and how one is told to a person.
 */
#ifndef RING1_HOLE_STATE_H
#define RING1_HOLE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of probe/state.inc, whose names these are: M0-M3 are the 16 bytes that tests store
 * to, S0-S2 the words at ESP, GDTB and GDTL base and limit, PIC the first PIC's mask. */
/* clang-format off */
#define HOLE_ITEMS(X) \
    X(EAX, "eax") X(ECX, "ecx") X(EDX, "edx") X(EBX, "ebx") X(ESP, "esp") X(EBP, "ebp") \
    X(ESI, "esi") X(EDI, "edi") X(EIP, "eip") X(EFLAGS, "eflags") X(CS, "cs") X(SS, "ss") \
    X(DS, "ds") X(ES, "es") X(FS, "fs") X(GS, "gs") X(M0, "m0") X(M1, "m1") X(M2, "m2") \
    X(M3, "m3") X(S0, "s0") X(S1, "s1") X(S2, "s2") X(CR0, "cr0") X(CR2, "cr2") X(CR3, "cr3") \
    X(CR4, "cr4") X(GDTB, "gdtb") X(GDTL, "gdtl") X(IDTB, "idtb") X(IDTL, "idtl") \
    X(LDTR, "ldtr") X(TR, "tr") X(DR0, "dr0") X(DR7, "dr7") X(EFER, "efer") X(XCR0, "xcr0") \
    X(PIC, "pic")
/* clang-format on */
enum hole_item {
#define X(id, name) HOLE_##id,
    HOLE_ITEMS(X)
#undef X
        HOLE_ITEM_COUNT
};

struct hole_state {
    uint32_t v[HOLE_ITEM_COUNT];
};

extern const char *const hole_item_name[HOLE_ITEM_COUNT];

/* EFLAGS.RF of a fault's frame: some emulators set it, others do not. It is not compared. */
#define HOLE_RF     0x10000u
#define HOLE_IF     0x200u
#define HOLE_ZF     0x40u
#define HOLE_IOPL_3 0x3000u

/* Is item I, but for RF, the same in both? */
bool hole_item_same(const struct hole_state *a, const struct hole_state *b, enum hole_item i);

/* What differs from A to B, as "eflags 202 > 2 (IF), esp 21fefc > 21ff00"; "nothing" if nothing.
 * EIP is told only if B's is not NEXT. Cut to SIZE. */
void hole_changes(const struct hole_state *a, const struct hole_state *b, uint32_t next, char *out,
                  size_t size);

/* Item I as "name value", EFLAGS with the names of its flags. */
void hole_item_text(enum hole_item i, uint32_t value, char *out, size_t size);

#endif
