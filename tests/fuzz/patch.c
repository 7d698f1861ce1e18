/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Kernels for `ring1 patch'. In: a byte, and if it is even any bytes as a kernel file; if it is odd
 * changes to a good kernel (tests/unit/patch_kernel.h), each an offset of two bytes and a value.
 * What is read is patched by every rule: no more bytes change than a rule says it changed, and what
 * it did not change it counts.
 */
#include "loader/patch/rules.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/patch_kernel.h"

/* Bytes that one change may be. */
#define CHANGE_BYTES 4u
#define ONCE_BYTES   4u /* setup_max_cpus */

static void put_changes(struct input *in)
{
    good_kernel();
    memcpy(kf.text + 0x10, "\xf0\xff\x05\x00\x00\x00\xc2", 7);
    memcpy(kf.text + 0x110, "\xe4\x21\x0f\xb6\x05\x44\xe3\xc4\xc1", 9);
    lock_site(0, TEXT + 0x10);
    put32(kf.data, 0x20, INIT);
    put32(kf.data, 0x24, INIT + 0x20);
    while (in->left >= 3) {
        size_t at = take16(in) % sizeof kf;
        ((uint8_t *)&kf)[at] = take8(in);
    }
}

static size_t differing(const struct blob *a, const uint8_t *b)
{
    size_t n = 0;
    for (size_t i = 0; i < a->size; i++)
        n += a->data[i] != b[i];
    return n;
}

static void apply(struct subject *k, const struct rule *rule)
{
    struct rule_result r = {0};
    uint8_t *before = malloc(k->elf.size);
    memcpy(before, k->elf.data, k->elf.size);
    rule->apply(k, &r);
    uint32_t left = 0;
    for (unsigned i = 0; i < r.reasons; i++)
        left += r.left[i].count;
    must(r.changed + left == r.sites, "%u changed, %u left, of %u", r.changed, left, r.sites);
    must(differing(&k->elf, before) <= r.changed * CHANGE_BYTES + (r.changed ? ONCE_BYTES : 0),
         "%s changed more than it says", rule->name);
    free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct problem p = {0};
    struct subject k = {.path = "K"};
    if (size < 2)
        return 0;
    bool changes = take8(&in) & 1;
    if (changes)
        put_changes(&in);
    k.file.size = changes ? sizeof kf : in.left;
    k.file.data = malloc(k.file.size);
    memcpy(k.file.data, changes ? (const uint8_t *)&kf : in.at, k.file.size);
    if (subject_open(&k, &p)) {
        for (const struct rule *rule = rules; rule < rules_end; rule++)
            apply(&k, rule);
    } else {
        must(p.status && p.text[0], "refused without a word");
    }
    subject_free(&k);
    return 0;
}
