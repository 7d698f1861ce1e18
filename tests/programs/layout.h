/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the generator (C) and the runtime (NASM) have to agree on: places in the guest's memory,
 * selectors, vectors, and the image's form. The Makefile turns each line `#define NAME NUMBER` into
 * one of NASM's. Everything below 1 MiB is mapped onto itself in every paging mode, so that real
 * mode, V86 and protected mode share code, data and stacks.
 */
#ifndef RING1_PROGRAMS_LAYOUT_H
#define RING1_PROGRAMS_LAYOUT_H

/* Places. CODE, STACK and DATA are 64 KiB each. */
#define AT_IVT        0x0
#define AT_LOW        0x1000 /* the runtime's 16-bit part */
#define AT_REAL_IDTR  0x2f00 /* what real mode's IDTR is loaded with */
#define AT_STATE      0x2000
#define LOST          0x4000  /* from here to CODE are breakpoints */
#define AT_CODE       0x20000 /* a section's code, copied there */
#define AT_STACK      0x30000 /* its stack */
#define AT_DATA       0x40000 /* what its memory operands reach */
#define AT_GDT        0x60000
#define AT_LDT        0x60800
#define AT_IDT        0x61000
#define AT_TSS        0x62000
#define AT_TASK32     0x62400
#define AT_TASK16     0x62800
#define AT_PD         0x64000 /* 4 KiB pages */
#define AT_PT_LOW     0x65000
#define AT_PT_WIN     0x66000
#define AT_PD_LARGE   0x67000 /* 0 - 4 MiB as one page */
#define AT_PDPT       0x68000 /* PAE */
#define AT_PAE_PD     0x69000
#define AT_PAE_WIN    0x6a000
#define TABLES_END    0x6b000
#define TASK_STACK    0x73000
#define TASK16_STACK  0x3c00 /* its segment is SEL_LOWDATA */
#define RING2_STACK   0x74000
#define RING1_STACK   0x75000
#define RING0_STACK   0x76000
#define HANDLER_STACK 0x78000
#define AT_WIN        0x400000 /* 16 pages with all sorts of rights; without paging, plain RAM */
#define WIN_PAGES     16
#define STACK_MIDDLE  0x8000 /* where ESP of a section begins, in STACK */

/* Selectors. */
#define SEL_CODE0     0x08
#define SEL_DATA0     0x10
#define SEL_CODE3     0x1b
#define SEL_DATA3     0x23
#define SEL_TSS       0x28
#define SEL_CODE1     0x31
#define SEL_DATA1     0x39
#define SEL_CODE2     0x42
#define SEL_DATA2     0x4a
#define SEL_CODE16_0  0x50 /* base CODE, 64 KiB */
#define SEL_STACK16_0 0x58 /* base STACK, 64 KiB, B=0 */
#define SEL_CODE16_3  0x63
#define SEL_STACK16_3 0x6b
#define SEL_SMALL     0x73 /* base DATA, 64 KiB, DPL 3 */
#define SEL_DOWN      0x7b /* expand-down: what is not below DATA + 8 KiB */
#define SEL_READ      0x83 /* read-only, flat */
#define SEL_EXEC      0x8b /* execute-only, flat, DPL 3 */
#define SEL_ABSENT    0x93
#define SEL_CONFORM   0x98 /* conforming, DPL 0, flat */
#define SEL_BASED     0xa3 /* base DATA + 2 KiB, 4 GiB */
#define SEL_LDT       0xa8
#define SEL_TASK32    0xb0
#define SEL_TASK16    0xb8
#define SEL_TASKGATE  0xc3
#define SEL_GATE32    0xcb /* call gate to CPL 0, two parameters */
#define SEL_GATE16    0xd3 /* 16-bit call gate to CPL 0, one parameter */
#define SEL_GATE1     0xdb /* call gate to CPL 1 */
#define SEL_LOW16     0xe0 /* 16-bit code, base 0, 64 KiB, DPL 0 */
#define SEL_LOWDATA   0xe8 /* data, base 0, 64 KiB, B=0 */
#define SEL_FRESH     0xf3 /* data, flat, not accessed yet */
#define SEL_CODEB0    0xf8 /* 32-bit code, base CODE, 64 KiB */
#define SEL_CODEB3    0x103
#define SEL_NOGATE    0x10b /* a call gate that is not present */
#define SEL_STACKB0   0x110 /* 32-bit stack, base STACK, 64 KiB */
#define SEL_STACKB3   0x11b
#define SEL_FRESHCODE 0x120 /* code, DPL 0, flat, not accessed yet */
#define GDT_LIMIT     0x127
#define SEL_LDT_DATA  0x07 /* in the LDT: base DATA + 256, 4 KiB, DPL 3 */
#define SEL_LDT_CODE  0x0c /* in the LDT: 32-bit code, base CODE, 64 KiB, DPL 0 */
#define LDT_LIMIT     0x0f

/* Vectors. */
#define INT_CHECK   0x40 /* a record; then on at the next atom, as the section has it */
#define INT_NOTE    0x41 /* the state goes into the record; on */
#define INT_TRAP    0x42 /* a trap gate, else as INT_NOTE */
#define INT_GATE16  0x43 /* a 16-bit interrupt gate */
#define INT_CONFORM 0x44 /* to conforming code */
#define INT_RING1   0x45
#define INT_TASK    0x46
#define INT_ABSENT  0x47 /* a gate that is not present */
#define INT_BAD     0x48 /* no gate at all */
#define IDT_VECTORS 0x49

/* The image: the runtime, then at a multiple of 16 bytes behind it the header, and behind that
 * programs. */
#define IMAGE_MAGIC    0x474f5250
#define IMAGE_PROGRAMS 4
#define IMAGE_VERBOSE  8 /* every record is printed */
#define IMAGE_HEADER   16
/* A program: this, its sections. */
#define PROGRAM_SEED     0
#define PROGRAM_SECTIONS 4
#define PROGRAM_HEADER   8
/* A section: this, bounds (one for each atom: offset | flags that are undefined somewhere in it <<
 * 16; the last one, the code's length), the code, padding to 4 bytes. */
#define SECTION_KIND      0
#define SECTION_CR0       4
#define SECTION_CR3       8
#define SECTION_CR4       12
#define SECTION_EFLAGS    16
#define SECTION_CS        20
#define SECTION_EIP       24
#define SECTION_SS        28
#define SECTION_ESP       32
#define SECTION_DS        36
#define SECTION_ES        40
#define SECTION_FS        44
#define SECTION_GS        48
#define SECTION_REPEAT    52
#define SECTION_REGISTERS 56 /* what the registers begin with is made of this number */
#define SECTION_BOUNDS    60
#define SECTION_CODE      64 /* bytes of code, a multiple of 4 */
#define SECTION_HEADER    68

#define KIND_PROTECTED 0
#define KIND_V86       1
#define KIND_REAL      2

/* No section makes more records than this; it ends then. */
#define RECORDS 400

#endif
