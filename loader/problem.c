/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Formats the loader's error lines. Nothing is printed here: main.c does that, once.
 */
#include "loader/problem.h"

#include <stdarg.h>
#include <stdio.h>

void problem_make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            *text = '?';
    }
}

static bool set(struct problem *p, enum plan_exit status, const char *format, va_list ap)
{
    p->status = status;
    vsnprintf(p->text, sizeof p->text, format, ap);
    problem_make_printable(p->text);
    return false;
}

bool problem_bad(struct problem *p, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set(p, EXIT_BAD_INPUT, format, ap);
    va_end(ap);
    return false;
}

bool problem_host(struct problem *p, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    set(p, EXIT_HOST_TROUBLE, format, ap);
    va_end(ap);
    return false;
}
