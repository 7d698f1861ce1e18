/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See tell.h. The reasons for classes of instructions are those of the translator (docs/design.md).
 */
#include "loader/patch/tell.h"

#include "loader/census.h"

#include <string.h>

#define INLINE  "translated in line: no exit"
#define AT_BOOT "few, and run at boot"
#define MEANT   "is meant to raise its exception"

static const struct {
    const char *class, *why;
} reasons[] = {
    {"POPF", INLINE},
    {"PUSHF", INLINE},
    {"CLI STI", INLINE},
    {"IRET", "translated in line, within the kernel and to programs"},
    {"INT INTO", MEANT},
    {"INT3", MEANT},
    {"far CALL JMP RET", AT_BOOT},
    {"segment loads", "translated in line while the descriptor is as it was at the last load"},
    {"segment reads", INLINE},
    {"LAR LSL VERR VERW", AT_BOOT},
    {"SGDT SIDT SLDT STR SMSW", AT_BOOT},
    {"CPUID", AT_BOOT},
    {"IN OUT INS OUTS", "a device hears of each"},
    {"LGDT LIDT LLDT LTR LMSW", AT_BOOT},
    {"MOV CR", "new page tables and modes must be known at once"},
    {"MOV DR", "breakpoints"},
    {"CLTS", AT_BOOT},
    {"INVLPG INVD WBINVD", "a mapping changed, which shadow tables and translations must follow"},
    {"HLT", "the guest sleeps there"},
    {"RDMSR WRMSR RDPMC", AT_BOOT},
    {"RDTSC", INLINE},
    {"SYSENTER SYSEXIT SYSCALL SYSRET RSM", "not run: CPUID shows none of them"},
    {"VMCALL VMMCALL", "not run: behind a test for features that are not shown"},
};

static const char *reason_for(const char *class)
{
    for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i].class, class) == 0)
            return reasons[i].why;
    }
    return "left to the translator";
}

static void tell_changes(const struct rule_result *result, const bool *asked, struct sheet *s)
{
    sheet_begin(s, "Changed", "changed", false);
    for (const struct rule *rule = rules; rule < rules_end; rule++) {
        const struct rule_result *r = &result[rule - rules];
        if (asked[rule - rules])
            sheet_add(s, rule->name,
                      json_pack("{s:I,s:I,s:s,s:s,s:s,s:b}", "changed", (json_int_t)r->changed,
                                "sites", (json_int_t)r->sites, "change", rule->change, "saves",
                                rule->saves, "holds", rule->holds, "ring1_only", rule->ring1_only),
                      "%5u of %5u  %s", r->changed, r->sites, rule->change);
    }
}

static void tell_where(const bool *asked, struct sheet *s)
{
    sheet_begin(s, "Where the kernel does the same as before", "holds", false);
    for (const struct rule *rule = rules; rule < rules_end; rule++) {
        if (asked[rule - rules])
            sheet_text(s, rule->name, rule->holds);
    }
}

static void tell_left(const struct rule_result *result, const bool *asked, struct sheet *s)
{
    sheet_begin(s, "Not changed, and why", "left", true);
    for (const struct rule *rule = rules; rule < rules_end; rule++) {
        const struct rule_result *r = &result[rule - rules];
        if (!asked[rule - rules])
            sheet_add(s, rule->name,
                      json_pack("{s:s,s:s}", "rule", rule->name, "why", "--portable"),
                      "       --portable: it does not hold everywhere");
        for (unsigned i = 0; i < r->reasons; i++)
            sheet_add(s, rule->name,
                      json_pack("{s:s,s:I,s:s}", "rule", rule->name, "sites",
                                (json_int_t)r->left[i].count, "why", r->left[i].why),
                      "%5u  %s", r->left[i].count, r->left[i].why);
    }
}

static void tell_rest(const struct subject *k, struct sheet *s)
{
    struct census c = {0};
    for (unsigned i = 0; i < k->sections; i++) {
        if (k->section[i].code)
            census_add(&c, k->elf.data + k->section[i].offset, k->section[i].size);
    }
    sheet_begin(s, "Sensitive instructions left to the translator (a linear sweep)", "translator",
                false);
    for (unsigned i = 0; i < CENSUS_CLASSES; i++) {
        const char *name = census_classes[i].name, *why = reason_for(name);
        if (c.count[i])
            sheet_add(s, name, json_pack("{s:I,s:s}", "count", (json_int_t)c.count[i], "why", why),
                      "%6llu  %s", (unsigned long long)c.count[i], why);
    }
}

void tell(const struct subject *k, const struct rule_result *result, const bool *asked,
          struct sheet *s)
{
    tell_changes(result, asked, s);
    tell_where(asked, s);
    tell_left(result, asked, s);
    tell_rest(k, s);
}
