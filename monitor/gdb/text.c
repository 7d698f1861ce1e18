/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See text.h.
 */
#include "monitor/gdb/text.h"

#include "monitor/log.h"
#include "monitor/mem.h"

bool gdb_take(struct gdb_words *w, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(w->end - w->at) < n || memcmp(w->at, word, n) != 0)
        return false;
    w->at += n;
    return true;
}

bool gdb_take_number(struct gdb_words *w, uint32_t *value)
{
    uint64_t n = 0;
    const char *at = w->at;
    for (; at < w->end && gdb_hex_digit(*at) >= 0; at++) {
        n = n << 4 | (unsigned)gdb_hex_digit(*at);
        if (n >> 32)
            return false;
    }
    if (at == w->at)
        return false;
    w->at = at;
    *value = (uint32_t)n;
    return true;
}

bool gdb_take_bytes(struct gdb_words *w, uint8_t *bytes, size_t len)
{
    if ((size_t)(w->end - w->at) / 2 < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = gdb_hex_digit(w->at[2 * i]), low = gdb_hex_digit(w->at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    w->at += 2 * len;
    return true;
}

void gdb_add_text(struct gdb_answer *a, const char *text, size_t len)
{
    size_t room = a->size - a->length;
    if (len > room)
        len = room;
    memcpy(a->text + a->length, text, len);
    a->length += len;
}

void gdb_add(struct gdb_answer *a, const char *format, ...)
{
    char line[200];
    va_list ap;
    va_start(ap, format);
    gdb_add_text(a, line, fmt_vprint(line, sizeof line, format, ap));
    va_end(ap);
}

void gdb_add_bytes(struct gdb_answer *a, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    for (size_t i = 0; i < len; i++) {
        char pair[2] = {gdb_hex_char(b[i] >> 4), gdb_hex_char(b[i])};
        gdb_add_text(a, pair, sizeof pair);
    }
}
