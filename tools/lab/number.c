/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See number.h.
 */
#include "tools/lab/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool lab_number(const char *text, uint32_t *n)
{
    char *end;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    if (!isxdigit((unsigned char)digits[0]))
        return false;
    errno = 0;
    unsigned long long v = strtoull(digits, &end, hex ? 16 : 10);
    if (*end || end == digits || errno || v > UINT32_MAX)
        return false;
    *n = (uint32_t)v;
    return true;
}

static int digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, tolower((unsigned char)c));
    return c && at ? (int)(at - digits) : -1;
}

bool lab_hex(const char *text, uint8_t *to, uint32_t room, uint32_t *len)
{
    for (;;) {
        while (isspace((unsigned char)*text))
            text++;
        if (!*text)
            return true;
        int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
        if (low < 0 || *len == room)
            return false;
        to[(*len)++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
}
