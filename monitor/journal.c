/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See journal.h. A line is cut at 100 bytes, so that all of them are less than the 256 MiB that
 * the loader lets a log grow to.
 */
#include "monitor/journal.h"

#include "monitor/host.h"
#include "monitor/log.h"

static const char *const names[PLAN_TRACE_COUNT] = {
#define X(id, name, text) [PLAN_TRACE_##id] = name,
    PLAN_TRACES(X)
#undef X
};

void journal_write(struct vm *vm, enum plan_trace kind, const char *format, ...)
{
    char text[80];
    va_list ap;
    va_start(ap, format);
    fmt_vprint(text, sizeof text, format, ap);
    va_end(ap);
    log_line("trace %lu %s %s", host_now_ns(), names[kind], text);
    if (++vm->journal_lines < JOURNAL_LINES)
        return;
    vm->journal = 0;
    log_line("trace %lu end after %u lines", host_now_ns(), JOURNAL_LINES);
}
