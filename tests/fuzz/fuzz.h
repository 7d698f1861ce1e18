/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the fuzzers share: an input read as numbers and bytes, zeros behind its end; and `must`,
 * which says what does not hold and aborts. A fuzzer is one file, linked with clang's libFuzzer.
 */
#ifndef RING1_FUZZ_H
#define RING1_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

static inline size_t take(struct input *in, void *to, size_t size)
{
    size_t n = in->left < size ? in->left : size;
    memset(to, 0, size);
    if (n)
        memcpy(to, in->at, n);
    in->at += n;
    in->left -= n;
    return n;
}

static inline uint8_t take8(struct input *in)
{
    uint8_t x;
    take(in, &x, sizeof x);
    return x;
}

static inline uint16_t take16(struct input *in)
{
    uint16_t x;
    take(in, &x, sizeof x);
    return x;
}

static inline uint32_t take32(struct input *in)
{
    uint32_t x;
    take(in, &x, sizeof x);
    return x;
}

#define must(what, ...)                                                                            \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s: ", __FILE__, __LINE__, #what);              \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
