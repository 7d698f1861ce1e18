/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What tests of `ring1 patch' share: the small kernel (patch_kernel.h) read as a subject, a rule
 * applied to it, and assertions on what became of it.
 */
#ifndef RING1_PATCH_WORLD_H
#define RING1_PATCH_WORLD_H

#include "loader/patch/rules.h"
#include "tests/unit/patch_kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct subject subject;
static struct problem problem;
static struct rule_result result;

static inline uint32_t word(const uint8_t *at)
{
    return get32(at, 0);
}

/* Reads SIZE bytes at BYTES as a file. */
static inline bool read_bytes(const void *bytes, size_t size)
{
    static char name[32]; /* for messages */
    strcpy(name, "/tmp/ring1-patch.XXXXXX");
    int fd = mkstemp(name);
    assert_true(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    subject_free(&subject);
    memset(&problem, 0, sizeof problem);
    bool ok = subject_read(name, &subject, &problem);
    unlink(name);
    return ok;
}

static inline bool read_size(size_t size)
{
    return read_bytes(&kf, size);
}

static inline void read_good(void)
{
    if (!read_size(sizeof kf))
        fail_msg("refused: %s", problem.text);
}

static inline void assert_unreadable(const char *words)
{
    assert_false(read_size(sizeof kf));
    assert_int_equal(problem.status, EXIT_BAD_INPUT);
    if (!strstr(problem.text, words))
        fail_msg("wanted \"%s\" in: %s", words, problem.text);
}

/* Applies RULE to the kernel as it stands. */
static inline void apply(void (*rule)(struct subject *k, struct rule_result *r))
{
    read_good();
    memset(&result, 0, sizeof result);
    rule(&subject, &result);
    uint32_t left = 0;
    for (unsigned i = 0; i < result.reasons; i++)
        left += result.left[i].count;
    assert_int_equal(result.changed + left, result.sites);
}

static inline uint32_t left_because(const char *words)
{
    for (unsigned i = 0; i < result.reasons; i++) {
        if (strstr(result.left[i].why, words))
            return result.left[i].count;
    }
    return 0;
}

/* What the patched kernel has at ADDRESS; and is nothing else changed than BYTES bytes? */
static inline const uint8_t *patched(uint32_t address)
{
    const uint8_t *at = subject_bytes(&subject, address, 1);
    assert_non_null(at);
    return at;
}

static inline void assert_changed_bytes(unsigned bytes)
{
    unsigned n = 0;
    for (size_t i = 0; i < sizeof kf; i++)
        n += subject.elf.data[i] != ((uint8_t *)&kf)[i];
    assert_int_equal(n, bytes);
}

static inline int begin(void **state)
{
    (void)state;
    good_kernel();
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    subject_free(&subject);
    subject = (struct subject){0};
    return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
