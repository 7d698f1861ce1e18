/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest code and its translation, for tools that show them: bytes in, a row for each guest
 * instruction out, with the host instructions that it became, what was done and why. The translator
 * is the monitor's own (bt/), on a host that only holds its cache (host.c): nothing is executed.
 */
#ifndef RING1_LAB_TRANSLATE_H
#define RING1_LAB_TRANSLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bt/note.h"
#include "loader/problem.h"

/* Whose translations: each host has its own policy (monitor/host.h, struct host_tc). */
enum lab_host {
    LAB_PC,      /* the bare PC, on a real CPU or Bochs: links are patched into the code */
    LAB_TCG,     /* the bare PC on QEMU's emulator: links are data, nothing saves flags */
    LAB_PROCESS, /* a Linux process: windows, user code too */
};

struct lab_mode {
    enum lab_host host;
    uint8_t cpl;               /* virtual CPL, 0 to 3; 3 with LAB_PROCESS only */
    uint32_t fs_base, gs_base; /* guesses depend on them; 0 is as good as any */
    bool data_not_flat;        /* DS and ES have a limit */
    bool code16;               /* CS is a 16-bit segment, which begins at a multiple of 64 KiB */
    bool count;                /* as with --count: instructions are counted */
};

/* Guest bytes at linear addresses [ADDRESS, ADDRESS + SIZE); what is not in it is not there. */
struct lab_code {
    uint32_t address;
    const uint8_t *bytes;
    uint32_t size;
};
#define LAB_CODE_MAX   (1u << 20)
#define LAB_ALL_BLOCKS UINT32_MAX

/* A host instruction. */
struct lab_line {
    uint32_t at; /* offset in its block's code */
    uint8_t len, bytes[15];
    char text[120];   /* with names for the vcpu's fields, gates and jump targets */
    char unwind[100]; /* what guest state a stop before it means */
};

/* A guest instruction; or an exit of the block that is none (LEN is 0): to EIP. */
struct lab_row {
    uint32_t block; /* rows of one block have the same number; blocks are counted from 0 */
    uint32_t eip;
    uint8_t len, bytes[15];
    bool cut;       /* its bytes go on behind the end: it has no translation */
    char text[120]; /* "" for an exit that is no instruction's */
    enum treatment treatment;
    enum why why;
    uint32_t changes;      /* enum change */
    uint32_t first, lines; /* its host instructions: listing.line[first ...] */
};

struct lab_listing {
    struct lab_row *row;
    struct lab_line *line;
    uint32_t rows, lines, blocks;
    uint32_t row_room, line_room;
};

/*
 * Translates CODE from START on, a block after the other, to its end or for BLOCKS blocks, and adds
 * what came of it to OUT (zero at first). A block that is left by an unconditional jump is followed
 * by one at the next byte that none before it holds. False, with P: addresses beyond 4 GiB or, of
 * 16-bit code, 64 KiB; more than LAB_CODE_MAX bytes; no memory.
 */
bool lab_translate(const struct lab_code *code, uint32_t start, uint32_t blocks,
                   const struct lab_mode *mode, struct lab_listing *out, struct problem *p);
void lab_listing_free(struct lab_listing *l);

/* Words for people and for JSON: "copied", "IF", a sentence; a change likewise. */
const char *lab_treatment_name(enum treatment t);
const char *lab_why_name(enum why w);
const char *lab_why_text(enum why w);
const char *lab_change_name(unsigned bit); /* bit number: 0 to CHANGE_COUNT - 1 */
const char *lab_change_text(unsigned bit);

#endif
