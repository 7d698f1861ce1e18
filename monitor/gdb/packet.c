/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See packet.h.
 */
#include "monitor/gdb/packet.h"

#include "monitor/gdb/text.h"

#define BREAK_BYTE 0x03
#define ESCAPE     '}'
#define ESCAPE_XOR 0x20

void gdb_line_reset(struct gdb_line *l)
{
    l->state = LINE_OUTSIDE;
    l->length = 0;
    l->data[0] = 0;
}

static enum gdb_input begin(struct gdb_line *l)
{
    l->state = LINE_INSIDE;
    l->escaped = l->too_long = false;
    l->sum = 0;
    l->length = 0;
    return GDB_MORE;
}

static enum gdb_input outside(const struct gdb_line *l, uint8_t c)
{
    (void)l;
    if (c == BREAK_BYTE)
        return GDB_BREAK;
    return c == '-' ? GDB_AGAIN : GDB_MORE;
}

static void keep(struct gdb_line *l, uint8_t c)
{
    if (l->length == GDB_PACKET_MAX)
        l->too_long = true;
    else
        l->data[l->length++] = (char)c;
}

static enum gdb_input inside(struct gdb_line *l, uint8_t c)
{
    if (c == '#' && !l->escaped) {
        l->state = LINE_SUM_HIGH;
        return GDB_MORE;
    }
    l->sum = (uint8_t)(l->sum + c);
    if (l->escaped)
        keep(l, c ^ ESCAPE_XOR);
    else if (c != ESCAPE)
        keep(l, c);
    l->escaped = !l->escaped && c == ESCAPE;
    return GDB_MORE;
}

static enum gdb_input finish(struct gdb_line *l)
{
    l->state = LINE_OUTSIDE;
    l->data[l->length] = 0;
    if (l->wanted != l->sum)
        return GDB_BROKEN;
    return l->too_long ? GDB_TOO_LONG : GDB_PACKET;
}

static enum gdb_input sum_digit(struct gdb_line *l, uint8_t c)
{
    int digit = gdb_hex_digit((char)c);
    if (digit < 0) {
        l->state = LINE_OUTSIDE;
        return GDB_BROKEN;
    }
    l->wanted = (uint8_t)(l->wanted << 4 | digit);
    if (l->state == LINE_SUM_LOW)
        return finish(l);
    l->state = LINE_SUM_LOW;
    return GDB_MORE;
}

enum gdb_input gdb_line_byte(struct gdb_line *l, uint8_t c)
{
    if (c == '$' && !(l->state == LINE_INSIDE && l->escaped))
        return begin(l);
    switch (l->state) {
    case LINE_OUTSIDE:
        return outside(l, c);
    case LINE_INSIDE:
        return inside(l, c);
    case LINE_SUM_HIGH:
    case LINE_SUM_LOW:
        return sum_digit(l, c);
    }
    return GDB_MORE;
}

size_t gdb_line_frame(char *out, const char *data, size_t length)
{
    size_t n = 0;
    uint8_t sum = 0;
    out[n++] = '$';
    for (size_t i = 0; i < length; i++) {
        char c = data[i];
        if (c == '$' || c == '#' || c == ESCAPE || c == '*') {
            out[n++] = ESCAPE;
            c ^= ESCAPE_XOR;
        }
        out[n++] = c;
    }
    for (size_t i = 1; i < n; i++)
        sum = (uint8_t)(sum + (uint8_t)out[i]);
    out[n++] = '#';
    out[n++] = gdb_hex_char(sum >> 4);
    out[n++] = gdb_hex_char(sum);
    return n;
}
