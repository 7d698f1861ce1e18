/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tests of kernel formats share: a guest of 64 MiB, a request without a command
 * line, and assertions on what kernel_load makes of it.
 */
#ifndef RING1_LOADER_WORLD_H
#define RING1_LOADER_WORLD_H

#include "loader/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB 64u
#define RAM (MIB << 20)

static struct image im;
static struct problem problem;

static inline struct kernel_request request(uint8_t *data, size_t size)
{
    return (struct kernel_request){.path = "K", .kernel = {data, size}, .append = ""};
}

static inline int forget(void **state)
{
    (void)state;
    image_free(&im);
    return 0;
}

static inline bool load(const struct kernel_request *r)
{
    image_free(&im);
    image_init(&im, MIB);
    memset(&problem, 0, sizeof problem);
    return kernel_load(r, &im, &problem);
}

static inline void assert_loads(const struct kernel_request *r)
{
    if (!load(r))
        fail_msg("refused: %s", problem.text);
}

static inline void assert_refused(const struct kernel_request *r, const char *words)
{
    assert_false(load(r));
    assert_int_equal(problem.status, EXIT_BAD_INPUT);
    if (!strstr(problem.text, words))
        fail_msg("wanted \"%s\" in: %s", words, problem.text);
}

static inline const struct image_segment *segment(const char *what)
{
    for (unsigned i = 0; i < im.count; i++) {
        if (strcmp(im.seg[i].what, what) == 0)
            return &im.seg[i];
    }
    fail_msg("no segment called %s", what);
    return NULL;
}

/* The bytes that the guest will find at ADDRESS. */
static inline const uint8_t *at(uint32_t address)
{
    for (unsigned i = 0; i < im.count; i++) {
        const struct image_segment *s = &im.seg[i];
        if (address >= s->gpa && address - s->gpa < s->file_size)
            return s->bytes + (address - s->gpa);
    }
    fail_msg("nothing at %#x", address);
    return NULL;
}

#define T(name) cmocka_unit_test_teardown(name, forget)

#endif
