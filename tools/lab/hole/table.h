/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is known of each test before it is run: its class after Popek and Goldberg, what guards it
 * and in which rings it is to trap by the manual. A row of this table is a test of the probe.
 *
 * Sources. Classes: Popek and Goldberg, "Formal Requirements for Virtualizable Third Generation
 * Architectures", CACM 17(7), 1974. What x86 makes of them: Robin and Irvine, "Analysis of the
 * Intel Pentium's Ability to Support a Secure Virtual Machine Monitor", USENIX Security 2000.
 * Guards and traps: Intel SDM, Vol. 2 under each instruction's name, and Vol. 3A, Privileged
 * Instructions and Privilege Levels; Vol. 1, Input/Output, I/O Privilege Level.
 */
#ifndef RING1_HOLE_TABLE_H
#define RING1_HOLE_TABLE_H

#include "tools/lab/hole/state.h"

/* A sensitive instruction is of one of the first two classes or of both; how its behaviour depends
 * on what it should not is LOCATION or MODE. In Popek and Goldberg's machine there is no more to
 * depend on; on x86 there is (CR0, the TSC, CPUID ...), and then BEHAVIOUR stands alone. */
enum hole_class {
    HOLE_NEUTRAL = 0,   /* not sensitive: here to compare with */
    HOLE_CONTROL = 1,   /* changes ring, interrupt flag, tables, control registers, devices */
    HOLE_BEHAVIOUR = 2, /* what it does depends on these, or shows them */
    HOLE_LOCATION = 4,  /* ... on where the tables lie: the "relocation register" of 1974 */
    HOLE_MODE = 8,      /* ... on the ring it runs in */
};

/* What decides whether it traps outside ring 0. */
enum hole_guard {
    HOLE_GUARD_NONE, /* nothing: not privileged */
    HOLE_GUARD_CPL,  /* CPL 0 only: privileged */
    HOLE_GUARD_IOPL, /* IOPL, and for ports the TSS's bitmap */
    HOLE_GUARD_CR4,  /* a bit of CR4 */
    HOLE_GUARD_DPL,  /* the descriptor or gate that it uses */
    HOLE_GUARD_MODE, /* another mode of the CPU */
    HOLE_GUARDS
};

/* What of the state after it is worth showing in a word. */
enum hole_view {
    HOLE_VIEW_NONE,
    HOLE_VIEW_IF,
    HOLE_VIEW_IOPL,
    HOLE_VIEW_ZF,
    HOLE_VIEW_BASE, /* of the six bytes that SGDT or SIDT stored */
    HOLE_VIEW_ITEM, /* item ... */
};
#define HOLE_SHOW(item) (HOLE_VIEW_ITEM + HOLE_##item)

enum hole_ring { HOLE_RING0, HOLE_RING1, HOLE_RING3, HOLE_RINGS };
extern const unsigned hole_ring_number[HOLE_RINGS];

/* Rings as bits. */
#define HOLE_IN_0     (1u << HOLE_RING0)
#define HOLE_OUTSIDE  (1u << HOLE_RING1 | 1u << HOLE_RING3)
#define HOLE_ANYWHERE (HOLE_IN_0 | HOLE_OUTSIDE)

struct hole_row {
    const char *id;    /* the probe's */
    const char *label; /* for people, up to 24 characters */
    const char *name;  /* of the manual's page */
    unsigned class;    /* of enum hole_class */
    enum hole_guard guard;
    unsigned traps;     /* rings in which the manual wants an exception */
    unsigned view;      /* of enum hole_view */
    int gate;           /* the vector that it goes to by itself; 0: none */
    bool robin_irvine;  /* one of their sensitive, unprivileged instructions */
    uint64_t ignore;    /* bits of enum hole_item that may differ between machines */
    uint32_t undefined; /* bits of EAX that the manual leaves undefined */
    const char *why;    /* it is sensitive */
    const char *guest;  /* why it may differ under Ring1; NULL: it may not */
};

#define HOLE_TESTS 88u
extern const struct hole_row hole_table[HOLE_TESTS];
extern const char *const hole_guard_name[HOLE_GUARDS];

/* The row of ID, or HOLE_TESTS. */
unsigned hole_row_find(const char *id);

/* The class in a few letters, "CBLM" or blanks in their places; and in words. */
void hole_class_letters(unsigned class, char out[5]);
void hole_class_words(unsigned class, char *out, size_t size);

#endif
