/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of rules (rules.h). Each is there because `ring1 run --trace exits' showed that a boot
 * spends exits on what it takes away; docs/patch.md has the figures.
 */
#include "loader/patch/rules.h"

#include <string.h>

/* clang-format off */
const struct rule rules[] = {
    {"locks", "LOCK prefix to DS prefix, and maxcpus=1 as the default",
     "the kernel does it when it finds one CPU, each by two CR3 loads and three page-table writes",
     "everywhere, with one CPU in use; not with maxcpus=2 or more, or noreplace-smp", false, rule_locks},
    {"mp-table", "x86_init.mpparse.find_smp_config to x86_init_noop",
     "the search maps 64 KiB anew for each 16 bytes of it, with an INVLPG a page",
     "where ACPI tables describe the machine or there is no MP table; Ring1 has none", true, rule_mptable},
    {"dead-read", "IN AL,21h and IN AL,A1h to NOP where AL is not used",
     "one of six port accesses of each timer interrupt",
     "everywhere: to read an interrupt mask has no effect", false, rule_deadread},
};
/* clang-format on */

const struct rule *const rules_end = rules + sizeof rules / sizeof rules[0];

void rule_leave(struct rule_result *r, const char *why, uint32_t count)
{
    unsigned i = 0;
    while (i < r->reasons && strcmp(r->left[i].why, why) != 0)
        i++;
    if (i == RULE_REASONS || !count)
        return;
    if (i == r->reasons)
        r->left[r->reasons++].why = why;
    r->left[i].count += count;
}
