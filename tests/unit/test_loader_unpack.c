/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Payloads as Linux's build packs them, made here with the libraries' own compressors, whole,
 * damaged at every byte, and cut.
 */
#include "loader/unpack.h"

#include "loader/kernel.h"

#include <lz4.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#define SIZE  20000u
#define STEPS 100u

static uint8_t plain[SIZE], packed[2 * SIZE];
static struct problem problem;

static int start(void **state)
{
    (void)state;
    memset(&problem, 0, sizeof problem);
    for (unsigned i = 0; i < SIZE; i++)
        plain[i] = (uint8_t)((i * 2654435761u) >> 29);
    return 0;
}

/* What Linux appends to all formats but gzip, which has it. */
static size_t append_size(size_t n)
{
    put32(packed, n, SIZE);
    return n + 4;
}

static size_t pack_gzip(void)
{
    z_stream z = {
        .next_in = plain, .avail_in = SIZE, .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t pack_lzma(lzma_stream *z)
{
    z->next_in = plain;
    z->avail_in = SIZE;
    z->next_out = packed;
    z->avail_out = sizeof packed;
    assert_int_equal(lzma_code(z, LZMA_FINISH), LZMA_STREAM_END);
    size_t n = z->total_out;
    lzma_end(z);
    return append_size(n);
}

static size_t pack_xz(void)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_lzma_preset(&options, 6);
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    assert_int_equal(lzma_stream_encoder(&z, filters, LZMA_CHECK_CRC32), LZMA_OK);
    return pack_lzma(&z);
}

static size_t pack_lzma_alone(void)
{
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_lzma_preset(&options, 6);
    assert_int_equal(lzma_alone_encoder(&z, &options), LZMA_OK);
    return pack_lzma(&z);
}

static size_t pack_zstd(void)
{
    size_t n = ZSTD_compress(packed, sizeof packed, plain, SIZE, 9);
    assert_false(ZSTD_isError(n));
    return append_size(n);
}

/* Two blocks, the second one short. */
static size_t pack_lz4(void)
{
    static const unsigned half = SIZE / 2 + 100;
    put32(packed, 0, 0x184c2102);
    size_t at = 4;
    for (unsigned from = 0; from < SIZE; from += half) {
        unsigned some = SIZE - from < half ? SIZE - from : half;
        int n = LZ4_compress_default((const char *)plain + from, (char *)packed + at + 4, (int)some,
                                     (int)(sizeof packed - at - 4));
        assert_true(n > 0);
        put32(packed, at, (uint32_t)n);
        at += 4 + (size_t)n;
    }
    return append_size(at);
}

static const struct {
    const char *name;
    size_t (*pack)(void);
    bool checked; /* the format has a checksum */
} formats[] = {
    {"gzip", pack_gzip, true},  {"xz", pack_xz, true},    {"lzma", pack_lzma_alone, false},
    {"zstd", pack_zstd, false}, {"lz4", pack_lz4, false},
};
#define FORMATS (sizeof formats / sizeof formats[0])

static void all_formats(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FORMATS; i++) {
        struct blob in = {packed, formats[i].pack()}, out;
        assert_string_equal(unpack_format(&in), formats[i].name);
        if (!unpack(&in, &out, &problem))
            fail_msg("%s: %s", formats[i].name, problem.text);
        assert_int_equal(out.size, SIZE);
        assert_memory_equal(out.data, plain, SIZE);
        blob_free(&out);
    }
}

static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, SIZE - 1, SIZE + 1, 0x20000001, 0xffffffff};
    for (unsigned i = 0; i < FORMATS; i++) {
        struct blob in = {packed, formats[i].pack()}, out;
        for (unsigned j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            put32(packed, in.size - 4, sizes[j]);
            assert_false(unpack(&in, &out, &problem));
            assert_null(out.data);
        }
    }
}

/* The result may be right by chance (a header's unused byte); reading or writing outside may not.
 */
static void damage_is_survived(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FORMATS; i++) {
        size_t size = formats[i].pack();
        unsigned refused = 0, tried = 0;
        for (size_t at = 0; at < size; at += 1 + size / STEPS) {
            uint8_t *copy = malloc(size);
            memcpy(copy, packed, size);
            copy[at] ^= 0x55;
            struct blob in = {copy, size}, out;
            tried++;
            refused += !unpack(&in, &out, &problem);
            blob_free(&out);
            free(copy);
        }
        assert_true(formats[i].checked ? refused * 10 >= tried * 8 : refused > 2);
        for (size_t cut = 0; cut < size; cut += 1 + size / STEPS) {
            uint8_t *copy = malloc(cut ? cut : 1);
            memcpy(copy, packed, cut);
            struct blob in = {copy, cut}, out;
            assert_false(unpack(&in, &out, &problem));
            free(copy);
        }
    }
}

static void the_unknown_has_a_name(void **state)
{
    (void)state;
    struct blob in = {packed, 100}, out;
    memset(packed, 0, 100);
    assert_null(unpack_format(&in));
    assert_false(unpack(&in, &out, &problem));
    assert_non_null(strstr(problem.text, "does not know"));
    memcpy(packed, "BZh9", 4);
    assert_false(unpack(&in, &out, &problem));
    assert_non_null(strstr(problem.text, "bzip2, which Ring1 cannot unpack"));
    in.size = 3;
    assert_null(unpack_format(&in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_formats, start),
        cmocka_unit_test_setup(wrong_sizes_are_refused, start),
        cmocka_unit_test_setup(damage_is_survived, start),
        cmocka_unit_test_setup(the_unknown_has_a_name, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
