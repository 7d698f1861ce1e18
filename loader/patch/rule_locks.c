/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * LOCK prefixes. A kernel for several CPUs that finds itself on one turns each of them into a DS
 * prefix, by its table .smp_locks (Linux, arch/x86/kernel/alternative.c: alternatives_smp_unlock):
 * some eight thousand times it maps the page in an address space of its own, loads CR3 twice and
 * writes page tables. The same is done here, once and for all, to the same sites. A site that has
 * no LOCK any more the kernel passes over.
 *
 * The proof. Each site stands in the kernel's own table. It must decode as an instruction with LOCK
 * and, after the change, as the same instruction without; a jump behind the prefix finds the bytes
 * that it found. With one CPU LOCK means nothing. That it is one is the kernel's decision: the
 * exported variable setup_max_cpus becomes 1, as by maxcpus=1 on the command line, so that on a
 * machine with more the kernel sees the same case. If another CPU is started later (sysfs), it
 * writes all LOCK prefixes of its table, these too.
 */
#include "bt/decode/insn.h"
#include "loader/kernel.h"
#include "loader/patch/rules.h"

#include <string.h>

#define LOCK 0xf0u
#define DS   0x3eu

/* A row of __ksymtab: offsets from where they stand, to the value, the name and the name space
 * (Linux since 4.19, include/linux/export.h). */
#define KSYM_SIZE 12u
#define KSYM_NAME 4u

static bool is_name(const struct subject *k, uint32_t at, const char *name)
{
    uint32_t size = (uint32_t)strlen(name) + 1;
    const uint8_t *text = subject_bytes(k, at, size);
    return text && memcmp(text, name, size) == 0;
}

/* Where the exported variable NAME of SIZE bytes is in the file; NULL: no such export, or it is not
 * among the data that the kernel is given. */
static uint8_t *exported(const struct subject *k, const char *section, const char *name,
                         uint32_t size)
{
    const struct subject_section *s = subject_find(k, section);
    for (uint32_t at = 0; s && at + KSYM_SIZE <= s->size; at += KSYM_SIZE) {
        const uint8_t *row = k->elf.data + s->offset + at;
        uint32_t here = s->address + at;
        if (!is_name(k, here + KSYM_NAME + get32(row, KSYM_NAME), name))
            continue;
        const struct subject_section *in = subject_at(k, here + get32(row, 0), size);
        return in && subject_is_data(in) ? subject_bytes(k, here + get32(row, 0), size) : NULL;
    }
    return NULL;
}

static uint8_t *find_setup_max_cpus(const struct subject *k)
{
    static const char name[] = "setup_max_cpus";
    uint8_t *at = exported(k, "__ksymtab", name, 4);
    return at ? at : exported(k, "__ksymtab_gpl", name, 4);
}

/* NULL: the site may be changed; else why not. */
static const char *check(const struct subject *k, uint32_t address)
{
    struct insn before, after;
    uint8_t bytes[INSN_MAX];
    const struct subject_section *s = subject_at(k, address, 1);
    if (!s || !s->code)
        return "the table points to no code";
    if (strcmp(s->name, ".text") != 0)
        return "outside .text, where the kernel leaves them, too";
    uint32_t room = s->size - (address - s->address);
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, k->elf.data + s->offset + (address - s->address),
           room < sizeof bytes ? room : sizeof bytes);
    if (bytes[0] == DS)
        return "it is a DS prefix already";
    if (bytes[0] != LOCK)
        return "the byte there is no LOCK prefix";
    if (room < INSN_MAX || insn_decode(bytes, sizeof bytes, true, &before) != DECODE_OK ||
        before.op == OP_INVALID || !(before.flags & INSN_LOCK) || (before.flags & INSN_BAD_LOCK))
        return "no instruction that can be locked";
    bytes[0] = DS;
    if (insn_decode(bytes, sizeof bytes, true, &after) != DECODE_OK || after.op != before.op ||
        after.len != before.len || before.flags & INSN_SEG_OVERRIDE)
        return "it would be another instruction";
    return NULL;
}

/* An entry is an offset from itself; 0 is padding. */
static bool entry(const struct subject *k, const struct subject_section *table, uint32_t i,
                  uint32_t *address)
{
    uint32_t offset = get32(k->elf.data + table->offset, 4 * (size_t)i);
    *address = table->address + 4 * i + offset;
    return offset != 0;
}

void rule_locks(struct subject *k, struct rule_result *r)
{
    const struct subject_section *table = subject_find(k, ".smp_locks");
    uint8_t *cpus = find_setup_max_cpus(k);
    uint32_t address, n = table ? table->size / 4 : 0;
    for (uint32_t i = 0; i < n; i++)
        r->sites += entry(k, table, i, &address);
    if (!cpus || get32(cpus, 0) == 0) {
        rule_leave(r, "no setup_max_cpus is exported, so the kernel could use several CPUs",
                   r->sites);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!entry(k, table, i, &address))
            continue;
        const char *why = check(k, address);
        if (why) {
            rule_leave(r, why, 1);
            continue;
        }
        *subject_bytes(k, address, 1) = DS;
        r->changed++;
    }
    if (r->changed)
        put32(cpus, 0, 1);
}
