/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * System.map and /proc/kallsyms: lines "ADDRESS TYPE NAME", the latter with "[MODULE]" behind for a
 * module's. Types of code are t, T, w and W (nm(1)).
 */
#include "tools/lab/profile/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 1024u

static bool is_code(char type)
{
    return strchr("tTwW", type) != NULL;
}

/* Debian ships a file that only says where the real one is. */
static bool refuse(const char *name, unsigned long line, const char *text, struct problem *p)
{
    if (strstr(text, "real System.map"))
        return problem_bad(p,
                           "%s: this is only Debian's note that its System.map is elsewhere; the "
                           "kernel file itself has the symbols",
                           name);
    return problem_bad(p,
                       "%s:%lu: not a line of a System.map (ADDRESS TYPE NAME), and the file is no "
                       "kernel either",
                       name, line);
}

static bool take_line(const char *name, unsigned long number, const char *line, struct symbols *s,
                      bool *nonzero, struct problem *p)
{
    char *end;
    unsigned long long address = strtoull(line, &end, 16);
    if (end == line || strchr(" \t-+", line[0]) || end[0] != ' ' || !end[1] || end[2] != ' ' ||
        !end[3] || address > UINT32_MAX)
        return refuse(name, number, line, p);
    size_t length = strcspn(end + 3, " \t");
    *nonzero |= address != 0;
    if (is_code(end[1]) && length)
        symbols_add(s, (uint32_t)address, 0, end + 3, length);
    return true;
}

bool symbols_from_map(const char *name, const struct blob *file, struct symbols *s,
                      struct problem *p)
{
    const char *at = (const char *)file->data, *end = at + file->size;
    bool nonzero = false;
    for (unsigned long number = 1; at < end; number++) {
        char line[LINE];
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((newline ? newline : end) - at);
        if (length >= sizeof line)
            return refuse(name, number, "", p);
        memcpy(line, at, length);
        line[length] = 0;
        if (!take_line(name, number, line, s, &nonzero, p))
            return false;
        at += length + 1;
    }
    if (!nonzero)
        return problem_bad(p, "%s: all addresses are 0: read /proc/kallsyms as root", name);
    if (!s->count)
        return problem_bad(p, "%s: there are no symbols of code in it", name);
    s->from = "System.map";
    return true;
}
