/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Lines of "name : value". Flags are whole words: "lm" is not in "lahf_lm".
 */
#include "loader/machine.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the value of the first line called NAME starts; NULL: there is no such line. */
static const char *value_of(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *colon = line + strcspn(line, ":\n");
        if (strncmp(line, name, length) == 0 && *colon == ':' &&
            strspn(line + length, " \t") == (size_t)(colon - line) - length)
            return colon + 1 + strspn(colon + 1, " \t");
    }
    return NULL;
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    while (list && *list && *list != '\n') {
        size_t n = strcspn(list, " \n");
        if (n == length && memcmp(list, word, n) == 0)
            return true;
        list += n + strspn(list + n, " ");
    }
    return false;
}

static uint64_t number(const char *text)
{
    return text ? strtoull(text, NULL, 10) : 0;
}

void machine_read(const char *cpuinfo, const char *meminfo, struct machine *m)
{
    static const struct {
        const char *word;
        size_t field;
    } flags[] = {
        {"lm", offsetof(struct machine, long_mode)},
        {"nx", offsetof(struct machine, nx)},
        {"smep", offsetof(struct machine, smep)},
        {"vmx", offsetof(struct machine, vmx)},
        {"svm", offsetof(struct machine, svm)},
        {"hypervisor", offsetof(struct machine, hypervisor)},
    };
    const char *name = value_of(cpuinfo, "model name"), *list = value_of(cpuinfo, "flags");
    *m = (struct machine){0};
    if (name)
        snprintf(m->cpu, sizeof m->cpu, "%.*s", (int)strcspn(name, "\n"), name);
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++)
        *(bool *)((char *)m + flags[i].field) = has_word(list, flags[i].word);
    m->memory_kib = number(value_of(meminfo, "MemTotal"));
    m->free_kib = number(value_of(meminfo, "MemAvailable"));
}
