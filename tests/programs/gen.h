/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The generator's state, and what all kinds of atoms are made with. An atom is what can be left out
 * of a program: one to a few instructions that need nothing of those before them. It has a number
 * within its section, and random numbers of its own, so that an atom stays what it is while others
 * are dropped. Where an atom begins is a bound: behind an exception the program goes on at the next
 * one.
 *
 * No flag that an instruction leaves undefined may be seen: `undefined` holds them, and whoever
 * looks at flags calls use_flags first, which emits a comparison if need be.
 */
#ifndef RING1_PROGRAMS_GEN_H
#define RING1_PROGRAMS_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/programs/layout.h"

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };
enum { ES, CS, SS, DS, FS, GS };
enum { F_C = 1, F_P = 4, F_A = 0x10, F_Z = 0x40, F_S = 0x80, F_O = 0x800, F_ALL = 0x8d5 };
enum { MAX_CODE = 0x6000, MAX_ATOMS = 2000, MAX_TURNS = 2000, MAX_SECTIONS = 64 };

/* A segment as generated code finds it. What is not writable is not written on purpose, and so on.
 */
struct segment {
    uint32_t selector, base, limit;
    bool write, read;
};

/* What a section's code runs in, as its header prescribes it (layout.h). */
struct mode {
    const char *name;
    uint32_t kind, cpl, bits;
    uint32_t cr0, cr3, cr4, eflags, esp;
    struct segment seg[6];
    bool paging, stack16;
};

/* What to make: the seed, and which atoms of it not to. */
struct choice {
    uint32_t seed;
    bool direct; /* nothing that TCG does not check, for user code that runs directly on it */
    const uint8_t
        *dropped;   /* NULL, or a byte for each atom of all sections in a row: 1 is left out */
    uint32_t plant; /* 0, or this atom (from 1 on, in a row) reads what differs from machine to
                       machine */
    bool note;      /* a record at every atom */
    bool once;      /* each section runs once */
};

struct turn {
    uint32_t offset, bits; /* from here on code is so wide; for the listing */
};

struct bound {
    uint32_t offset, undefined, atom; /* atom: number in the whole program */
};

struct gen {
    const struct choice *choice;
    uint64_t random;
    uint32_t section, first, atoms; /* first: the section's first atom in the whole program */
    bool kept;                      /* the present atom is not left out */
    struct mode mode;
    uint32_t undefined; /* flags */
    uint32_t reserved;  /* registers that are not to be written, a bit each */
    uint32_t depth;     /* of atoms within atoms */
    bool still;         /* no bounds: an excursion, whose code another mode runs */
    bool steady;        /* no atom may touch the stack */
    uint8_t code[MAX_CODE + 256];
    uint32_t len;
    struct bound bounds[MAX_ATOMS + 1];
    uint32_t nbounds;
    uint32_t repeat; /* how often the section runs */
    bool empty;      /* all its atoms are left out */
    struct turn turns[MAX_TURNS];
    uint32_t nturns;
};

/* ---- Random numbers (gen.c): below N; true once in N times; one of the arguments */

uint32_t below(struct gen *g, uint32_t n);
uint32_t any32(struct gen *g);
bool once_in(struct gen *g, uint32_t n);
#define one_of(g, ...)                                                                             \
    (((const uint32_t[]){                                                                          \
        __VA_ARGS__})[below(g, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))])

/* ---- Atoms. Whatever is emitted stands between atom_begin and atom_end; atoms may hold atoms. */

struct atom {
    uint64_t random;
    bool kept;
};
struct atom atom_begin(struct gen *g);
void atom_end(struct gen *g, struct atom outer);
/* A bound behind atoms within an atom, where its own code goes on. */
void bound(struct gen *g);

/* ---- Bytes. All of this does nothing in an atom that is left out. */

void put(struct gen *g, uint32_t byte);
void put_n(struct gen *g, uint32_t value, unsigned bytes);
#define put_bytes(g, ...)                                                                          \
    put_all(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
void put_all(struct gen *g, const uint8_t *bytes, size_t n);
/* The prefix 66 or 67, if an operand (1, 2, 4 bytes) or address (16, 32 bits) of this size wants it
 * here. */
void operand_size(struct gen *g, unsigned bytes);
void address_size(struct gen *g, unsigned bits);
/* From here on the code is so wide; the width it was. */
uint32_t turn(struct gen *g, uint32_t bits);
/* A relative jump whose displacement (1 byte, or that of a near jump here) is filled in by land().
 */
struct jump {
    uint32_t at;
    unsigned bytes;
};
struct jump jump_short(struct gen *g, uint32_t opcode);
struct jump jump_near(struct gen *g, uint32_t opcode); /* 0xe8, 0xe9, or 0x80 - 0x8f behind 0f */
void land(struct gen *g, struct jump j);
void jump_back(struct gen *g, uint32_t opcode, uint32_t to); /* near, to an offset */

/* ---- Flags */

void use_flags(struct gen *g, uint32_t flags);
void set_flags(struct gen *g, uint32_t defined, uint32_t undefined);

/* ---- Registers */

uint32_t any_register(struct gen *g); /* to read: any but ESP */
uint32_t free_register(struct gen *g,
                       uint32_t without); /* to write: none of the mask WITHOUT either */
void move_imm(struct gen *g, uint32_t reg, uint32_t value); /* 32 bits */
/* INT n; flags are defined before. */
void interrupt(struct gen *g, uint32_t vector);

/* ---- Memory operands (operand.c) */

enum { M_READ = 1, M_WRITE = 2, M_TAME = 4 }; /* TAME: no fault on purpose */
struct memory {
    uint8_t prefix;                      /* 0, or a segment's */
    uint8_t wide;                        /* bits of the address */
    uint8_t bytes[8], len;               /* ModRM without its register, SIB, displacement */
    uint32_t segment, offset, registers; /* what it names, and a mask of what it is made of */
};
extern const uint8_t segment_prefix[6];
/* Where an operand of SIZE bytes may lie: segment and offset alone. */
void memory_place(struct gen *g, struct memory *m, uint32_t size, uint32_t access);
/* An offset in a segment, for SIZE bytes. */
uint32_t place_in(struct gen *g, uint32_t segment, uint32_t size, uint32_t access);
/* The form of an address for a place that has been chosen. */
void memory_form(struct gen *g, struct memory *m, uint32_t without);
/* Both: place and form. What its registers must hold is loaded, into none of WITHOUT. */
void memory_choose(struct gen *g, struct memory *m, uint32_t size, uint32_t access,
                   uint32_t without);
void memory_prefixes(struct gen *g, const struct memory *m);
void memory_modrm(struct gen *g, const struct memory *m, uint32_t reg);

/* A number that is filled in later: offsets of code. */
struct hole {
    uint32_t at;
    unsigned bytes;
};
struct hole hole(struct gen *g, unsigned bytes);
void fill(struct gen *g, struct hole h, uint32_t value);
/* What EIP is, in the present code segment, at the present place. */
uint32_t here(const struct gen *g);

/* ---- Kinds of atoms */

void atom_plain(struct gen *g); /* plain.c */
void atom_shift(struct gen *g); /* shift.c */
void atom_divide(struct gen *g);
void atom_bits(struct gen *g);
void atom_string(struct gen *g); /* string.c */
void atom_stack(struct gen *g);  /* stack.c */
void atom_flags(struct gen *g);
void clear_slot(struct gen *g); /* before a segment register is pushed with 32 bits */
void atom_flow(struct gen *g);  /* flow.c */
void atom_selfmod(struct gen *g);
void atom_fault(struct gen *g);   /* fault.c */
void atom_segment(struct gen *g); /* segment.c */
void atom_fpu(struct gen *g);     /* fpu.c */
void atom_far(struct gen *g);     /* far.c */
void atom_system(struct gen *g);  /* system.c */
/* One of those that touch neither stack, segments nor modes (section.c). */
void atom_simple(struct gen *g);

#endif
