/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads the log line by line. Bochs mixes its own output into it, so a line counts by how it
 * starts and by nothing else. What is printed is made harmless for a terminal first: a
 * guest's bytes may be in it.
 */
#include "loader/verdict.h"

#include "loader/problem.h"

#include <string.h>

#define LINE_MAX_SHOWN 500
#define EXIT_MARK      "ring1-exit: "
#define RUN_MARK       "ring1-run: "
#define REPORT_MARK    "report: "
#define PANIC_MARK     "ring1: panic: "
#define STAT_MARK      "stat "

/* Copies the line at TEXT, printable and cut, and returns the next line's start; NULL at the
 * end. */
static const char *take_line(const char *text, char line[LINE_MAX_SHOWN])
{
    size_t length = strcspn(text, "\n"), shown = length;
    if (!*text)
        return NULL;
    if (shown > LINE_MAX_SHOWN - 1)
        shown = LINE_MAX_SHOWN - 1;
    memcpy(line, text, shown);
    line[shown] = 0;
    if (shown && line[shown - 1] == '\r')
        line[shown - 1] = 0;
    problem_make_printable(line);
    return text + length + (text[length] == '\n');
}

/* What stands behind MARK in LINE; NULL if LINE does not start with it. */
static const char *behind(const char *line, const char *mark)
{
    size_t length = strlen(mark);
    return strncmp(line, mark, length) == 0 ? line + length : NULL;
}

/* BAD_INPUT and TIMEOUT are the loader's own: a monitor that says them is not ours. */
static bool known_status(unsigned n)
{
    return n == EXIT_GUEST_OFF || n == EXIT_DIFFERS || n == EXIT_HOST_TROUBLE ||
           n == EXIT_GUEST_HALTED || n == EXIT_GUEST_KILLED;
}

static bool parse_exit(const char *line, struct verdict *v)
{
    const char *s = behind(line, EXIT_MARK);
    unsigned number;
    int name = 0, reason = 0;
    if (!s || sscanf(s, "%3u %n%31[^: ]%n", &number, &name, v->name, &reason) != 2)
        return false;
    if (!known_status(number) || strncmp(s + reason, ": ", 2) != 0)
        return false;
    v->status = (enum plan_exit)number;
    snprintf(v->reason, sizeof v->reason, "%s", s + reason + 2);
    return true;
}

bool verdict_find(const char *log, struct verdict *v)
{
    char line[LINE_MAX_SHOWN];
    bool found = false;
    while ((log = take_line(log, line))) {
        if (behind(line, EXIT_MARK))
            found = parse_exit(line, v);
    }
    return found;
}

void verdict_print_report(FILE *to, const char *log)
{
    char line[LINE_MAX_SHOWN];
    while ((log = take_line(log, line))) {
        const char *text = behind(line, REPORT_MARK), *run = behind(line, RUN_MARK);
        if (!text && behind(line, PANIC_MARK))
            text = line;
        if (run)
            fprintf(to, "  run %s\n", run);
        else if (text)
            fprintf(to, "  %s\n", text);
    }
}

void verdict_print_stats(FILE *to, const char *log)
{
    char line[LINE_MAX_SHOWN], name[64];
    unsigned long long value;
    int text;
    bool any = false, answer = false; /* one was shown when it was asked for */
    while ((log = take_line(log, line))) {
        const char *s = behind(line, STAT_MARK);
        answer =
            strcmp(line, PLAN_ANSWER_BEGIN) == 0 || (answer && strcmp(line, PLAN_ANSWER_END) != 0);
        if (!s || answer || sscanf(s, "%63s %llu %n", name, &value, &text) != 2)
            continue;
        if (!any)
            fprintf(to, "%18s  %-20s %s\n", "value", "counter", "meaning");
        fprintf(to, "%18llu  %-20s %s\n", value, name, s + text);
        any = true;
    }
    if (!any)
        fprintf(to, "ring1: the monitor left no statistics\n");
}

void verdict_print_tail(FILE *to, const char *text, unsigned count, const char *prefix)
{
    char line[LINE_MAX_SHOWN];
    const char *at = text + strlen(text);
    for (unsigned lines = 0; at > text; at--) {
        if (at[-1] == '\n' && *at && ++lines == count)
            break;
    }
    while ((at = take_line(at, line)))
        fprintf(to, "%s%s\n", prefix, line);
}
