/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One row a format, one call of its library. The buffer has the promised size, so a file that
 * unpacks to more than it promises is stopped by the library's own bounds.
 */
#include "loader/unpack.h"

#include "loader/kernel.h"

#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define UNPACKED_MAX (512u << 20)
#define MEMORY_MAX   (512ull << 20) /* for xz's dictionary */

#define LZ4_BLOCK_MAX (8u << 20) /* of the legacy format that Linux uses */

static bool from_gzip(const struct blob *in, struct blob *out)
{
    z_stream z = {.next_in = in->data,
                  .avail_in = (uInt)in->size,
                  .next_out = out->data,
                  .avail_out = (uInt)out->size};
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return false;
    int r = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return r == Z_STREAM_END && z.avail_out == 0;
}

static bool run_lzma(lzma_stream *z, lzma_ret made, const struct blob *in, struct blob *out)
{
    z->next_in = in->data;
    z->avail_in = in->size;
    z->next_out = out->data;
    z->avail_out = out->size;
    bool ok = made == LZMA_OK && lzma_code(z, LZMA_FINISH) == LZMA_STREAM_END && !z->avail_out;
    lzma_end(z);
    return ok;
}

static bool from_xz(const struct blob *in, struct blob *out)
{
    lzma_stream z = LZMA_STREAM_INIT;
    return run_lzma(&z, lzma_stream_decoder(&z, MEMORY_MAX, 0), in, out);
}

static bool from_lzma(const struct blob *in, struct blob *out)
{
    lzma_stream z = LZMA_STREAM_INIT;
    return run_lzma(&z, lzma_alone_decoder(&z, MEMORY_MAX), in, out);
}

/* The stream functions, since the appended size is no part of the frame. */
static bool from_zstd(const struct blob *in, struct blob *out)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer from = {in->data, in->size, 0};
    ZSTD_outBuffer to = {out->data, out->size, 0};
    size_t left = 1;
    while (z && left && !ZSTD_isError(left)) {
        size_t before = from.pos + to.pos;
        left = ZSTD_decompressStream(z, &to, &from);
        if (from.pos + to.pos == before)
            break;
    }
    ZSTD_freeDStream(z);
    return left == 0 && to.pos == out->size;
}

/* Blocks behind their compressed sizes; what is no block any more ends them. */
static bool from_lz4(const struct blob *in, struct blob *out)
{
    size_t at = 4, made = 0;
    while (in->size - at > 4) {
        uint32_t size = get32(in->data, at);
        size_t room = out->size - made < LZ4_BLOCK_MAX ? out->size - made : LZ4_BLOCK_MAX;
        at += 4;
        if (size > in->size - at)
            return false;
        int n = LZ4_decompress_safe((const char *)in->data + at, (char *)out->data + made,
                                    (int)size, (int)room);
        if (n < 0)
            return false;
        made += (size_t)n;
        at += size;
    }
    return made == out->size;
}

static bool from_plain_elf(const struct blob *in, struct blob *out)
{
    memcpy(out->data, in->data, out->size);
    return true;
}

static const struct format {
    const char *name, *magic;
    size_t length;
    bool (*unpack)(const struct blob *in, struct blob *out); /* NULL: no library for it */
} formats[] = {
    {"gzip", "\x1f\x8b", 2, from_gzip},
    {"xz",
     "\xfd"
     "7zXZ",
     6, from_xz},
    {"zstd", "\x28\xb5\x2f\xfd", 4, from_zstd},
    {"lz4", "\x02\x21\x4c\x18", 4, from_lz4},
    {"lzma", "\x5d\0\0", 3, from_lzma},
    {"none", "\177ELF", 4, from_plain_elf},
    {"bzip2", "BZh", 3, NULL},
    {"lzo", "\x89LZO", 4, NULL},
};

static const struct format *find(const struct blob *packed)
{
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (packed->size >= formats[i].length + 8 &&
            memcmp(packed->data, formats[i].magic, formats[i].length) == 0)
            return &formats[i];
    }
    return NULL;
}

const char *unpack_format(const struct blob *packed)
{
    const struct format *f = find(packed);
    return f ? f->name : NULL;
}

bool unpack(const struct blob *packed, struct blob *out, struct problem *p)
{
    const struct format *f = find(packed);
    *out = (struct blob){0};
    if (!f)
        return problem_bad(p, "the payload is packed in a way that Ring1 does not know");
    if (!f->unpack)
        return problem_bad(p, "the payload is packed with %s, which Ring1 cannot unpack", f->name);
    uint32_t size = get32(packed->data, packed->size - 4);
    if (f->unpack == from_plain_elf)
        size = (uint32_t)packed->size;
    if (size == 0 || size > UNPACKED_MAX)
        return problem_bad(p, "the payload promises %u bytes unpacked; it is damaged", size);
    *out = (struct blob){calloc(1, size), size};
    if (!out->data)
        return problem_host(p, "out of memory for %u bytes", size);
    if (f->unpack(packed, out))
        return true;
    blob_free(out);
    return problem_bad(p, "the payload (%s) is damaged", f->name);
}
