/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What packets are written in: hexadecimal numbers, bytes in the target's order, separators. A
 * reader takes what it expects from the front and says whether it was there; a writer adds at the
 * end and drops what has no room.
 */
#ifndef RING1_GDB_TEXT_H
#define RING1_GDB_TEXT_H

#include "monitor/types.h"

static inline int gdb_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The digit of the low four bits. */
static inline char gdb_hex_char(unsigned value)
{
    return "0123456789abcdef"[value & 15];
}

/* What is left to read. */
struct gdb_words {
    const char *at, *end;
};

bool gdb_take(struct gdb_words *w, const char *word);                 /* exactly these characters */
bool gdb_take_number(struct gdb_words *w, uint32_t *value);           /* hexadecimal, 32 bits */
bool gdb_take_bytes(struct gdb_words *w, uint8_t *bytes, size_t len); /* two digits each */

static inline bool gdb_at_end(const struct gdb_words *w)
{
    return w->at == w->end;
}

/* What is written: .length bytes of .text, never more than .size. */
struct gdb_answer {
    char *text;
    size_t length, size;
};

void gdb_add(struct gdb_answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gdb_add_bytes(struct gdb_answer *a, const void *bytes, size_t len); /* two digits each */
void gdb_add_text(struct gdb_answer *a, const char *text, size_t len);   /* as it is */

#endif
