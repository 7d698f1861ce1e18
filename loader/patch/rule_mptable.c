/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The search for the MP table of PCs before ACPI (Linux, arch/x86/kernel/mpparse.c:
 * smp_scan_config): each 16 bytes of 64 KiB are looked at through a mapping of all that follows
 * them, made and taken away a page at a time. A machine that has no such table, as Ring1's, has the
 * kernel make 70000 INVLPG for nothing.
 *
 * The proof. struct x86_init (arch/x86/include/asm/x86_init.h) has the search as a pointer, beside
 * one to the function that reads what was found; platforms without such tables put x86_init_noop
 * there. The pointer is told by both functions' addresses, one behind the other, of which there
 * must be one pair in all data; and the two are of one type, void (void). Without a search the
 * kernel has found nothing, which is the truth.
 */
#include "loader/kernel.h"
#include "loader/patch/rules.h"

struct pair {
    uint32_t first, second; /* looked for, one behind the other */
    uint32_t count;
    uint8_t *at;
};

static void look(const struct subject *k, const struct subject_section *s, struct pair *w)
{
    uint8_t *data = k->elf.data + s->offset;
    for (uint32_t at = (0u - s->address) % 4; s->size >= 8 && at <= s->size - 8; at += 4) {
        if (get32(data, at) == w->first && get32(data, at + 4) == w->second) {
            w->at = data + at;
            w->count++;
        }
    }
}

void rule_mptable(struct subject *k, struct rule_result *r)
{
    uint32_t noop = subject_function(k, "x86_init_noop");
    struct pair w = {.first = subject_function(k, "default_find_smp_config"),
                     .second = subject_function(k, "default_get_smp_config")};
    r->sites = 1;
    if (!noop || !w.first || !w.second || w.first == noop) {
        rule_leave(r, "the kernel has no function of these names", 1);
        return;
    }
    for (unsigned i = 0; i < k->sections; i++) {
        if (subject_is_data(&k->section[i]))
            look(k, &k->section[i], &w);
    }
    if (w.count != 1) {
        rule_leave(r,
                   w.count ? "more than one place looks like the pointer"
                           : "no pointer to the search was found",
                   1);
        return;
    }
    put32(w.at, 0, noop);
    r->changed = 1;
}
