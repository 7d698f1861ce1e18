/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line of `ring1 lab blocks', checked.
 */
#ifndef RING1_LAB_BLOCKS_OPTIONS_H
#define RING1_LAB_BLOCKS_OPTIONS_H

#include "tools/lab/translate.h"

#define BLOCKS_HEX_MAX 4096u

struct blocks_options {
    struct lab_mode mode;
    const char *file;                   /* raw bytes */
    const char *kernel;                 /* or a kernel, ... */
    const char *from, *to, *trace_file; /* ... and what of it; NULL: not given */
    uint8_t hex[BLOCKS_HEX_MAX];        /* or bytes of the command line */
    uint32_t hex_len;
    uint32_t at; /* where FILE or the hexadecimal bytes lie */
    bool has_at;
    uint32_t blocks; /* the most to translate */
    bool json, unwind;
};

bool blocks_options_parse(int argc, char **argv, struct blocks_options *o, struct problem *p);

#endif
