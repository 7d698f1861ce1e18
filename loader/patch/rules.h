/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What `ring1 patch' changes: a table of rules, each of which finds its sites by what the kernel
 * says of itself, changes those for which it can prove that the kernel stays what it was, byte for
 * byte in place, and counts the others with the reason. A rule does nothing before it has looked at
 * all that it depends on.
 */
#ifndef RING1_LOADER_PATCH_RULES_H
#define RING1_LOADER_PATCH_RULES_H

#include "loader/patch/subject.h"

#define RULE_REASONS 8u

struct rule_result {
    uint32_t sites, changed;
    unsigned reasons;
    struct {
        const char *why; /* "the byte there is no LOCK" */
        uint32_t count;
    } left[RULE_REASONS]; /* the sites that were not changed */
};

struct rule {
    const char *name;
    const char *change; /* what becomes what */
    const char *saves;  /* under Ring1 */
    const char *holds;  /* where the patched kernel does the same as before */
    bool ring1_only;    /* not everywhere: left out by --portable */
    void (*apply)(struct subject *k, struct rule_result *r);
};

extern const struct rule rules[], *const rules_end;

/* rule_locks.c, rule_mptable.c, rule_deadread.c */
void rule_locks(struct subject *k, struct rule_result *r);
void rule_mptable(struct subject *k, struct rule_result *r);
void rule_deadread(struct subject *k, struct rule_result *r);

/* Counts COUNT sites that are left as they are for the reason WHY, which outlives R. */
void rule_leave(struct rule_result *r, const char *why, uint32_t count);

#endif
