/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names of words and of flags.
 */
#include "tools/lab/hole/state.h"

#include <stdio.h>
#include <string.h>

const char *const hole_item_name[HOLE_ITEM_COUNT] = {
#define X(id, name) name,
    HOLE_ITEMS(X)
#undef X
};

/* Intel SDM Vol. 1, EFLAGS register. */
static const struct {
    uint32_t bit;
    const char *name;
} flags[] = {
    {1u << 0, "CF"},  {1u << 2, "PF"},    {1u << 4, "AF"},   {1u << 6, "ZF"},
    {1u << 7, "SF"},  {1u << 8, "TF"},    {1u << 9, "IF"},   {1u << 10, "DF"},
    {1u << 11, "OF"}, {3u << 12, "IOPL"}, {1u << 14, "NT"},  {1u << 17, "VM"},
    {1u << 18, "AC"}, {1u << 19, "VIF"},  {1u << 20, "VIP"}, {1u << 21, "ID"},
};

static uint32_t compared(const struct hole_state *s, enum hole_item i)
{
    return i == HOLE_EFLAGS ? s->v[i] & ~HOLE_RF : s->v[i];
}

bool hole_item_same(const struct hole_state *a, const struct hole_state *b, enum hole_item i)
{
    return compared(a, i) == compared(b, i);
}

static void append(char *out, size_t size, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s", text);
}

/* " (IF IOPL)" for the flags of BITS. */
static void append_flags(uint32_t bits, char *out, size_t size)
{
    const char *before = " (";
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (bits & flags[i].bit) {
            append(out, size, before);
            append(out, size, flags[i].name);
            before = " ";
        }
    }
    if (*before == ' ' && !before[1])
        append(out, size, ")");
}

void hole_item_text(enum hole_item i, uint32_t value, char *out, size_t size)
{
    snprintf(out, size, "%s %x", hole_item_name[i], (unsigned)value);
    if (i == HOLE_EFLAGS)
        append_flags(value, out, size);
}

void hole_changes(const struct hole_state *a, const struct hole_state *b, uint32_t next, char *out,
                  size_t size)
{
    char one[160];
    *out = 0;
    for (unsigned i = 0; i < HOLE_ITEM_COUNT; i++) {
        if (hole_item_same(a, b, i) || (i == HOLE_EIP && b->v[i] == next))
            continue;
        snprintf(one, sizeof one, "%s%s %x > %x", *out ? ", " : "", hole_item_name[i],
                 (unsigned)a->v[i], (unsigned)b->v[i]);
        if (i == HOLE_EFLAGS)
            append_flags(compared(a, i) ^ compared(b, i), one, sizeof one);
        append(out, size, one);
    }
    if (!*out)
        snprintf(out, size, "nothing");
}
