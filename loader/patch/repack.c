/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * xz as Linux packs its kernels (scripts/xz_wrap.sh): the filter for x86 code, a dictionary of 32
 * MiB, CRC32, and behind the stream the unpacked size. What is shorter than before is filled up
 * with zeros before that size, since code in the bzImage was linked with the length.
 */
#include "loader/patch/repack.h"

#include "loader/kernel.h"
#include "loader/unpack.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#define DICTIONARY (32u << 20)
#define SIZE_BYTES 4u

static bool copy(const struct blob *from, struct blob *out, struct problem *p)
{
    *out = (struct blob){malloc(from->size), from->size};
    if (!out->data)
        return problem_host(p, "out of memory for %zu bytes", from->size);
    memcpy(out->data, from->data, from->size);
    return true;
}

/* The stream goes to TO, of ROOM bytes; 0: it does not fit, or there is no memory for it. */
static size_t pack_xz(const struct blob *in, uint32_t preset, uint8_t *to, size_t room)
{
    lzma_options_lzma options;
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    size_t made = 0;
    if (lzma_lzma_preset(&options, preset))
        return 0;
    options.dict_size = DICTIONARY;
    options.lc = 4;
    if (lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in->data, in->size, to, &made,
                                  room) != LZMA_OK)
        return 0;
    return made;
}

/* PLACE is the payload's in the new file. */
static bool pack(const struct subject *k, struct blob *place, struct problem *p)
{
    const char *format = unpack_format(&k->payload);
    if (!format || strcmp(format, "xz") != 0)
        return problem_bad(p,
                           "kernel %s: packed with %s, and Ring1 packs a bzImage with xz only; "
                           "--elf writes the unpacked kernel",
                           k->path, format ? format : "something unknown");
    size_t room = place->size - SIZE_BYTES;
    size_t made = pack_xz(&k->elf, 6, place->data, room);
    if (!made)
        made = pack_xz(&k->elf, 9 | LZMA_PRESET_EXTREME, place->data, room);
    if (!made)
        return problem_bad(p,
                           "kernel %s: packed anew it does not fit in the bzImage; --elf writes "
                           "the unpacked kernel",
                           k->path);
    memset(place->data + made, 0, room - made);
    put32(place->data, room, (uint32_t)k->elf.size);
    return true;
}

bool repack(const struct subject *k, struct blob *out, struct problem *p)
{
    if (!copy(&k->file, out, p))
        return false;
    if (!k->payload.size)
        return true; /* it is what was changed */
    struct blob place = {out->data + (k->payload.data - k->file.data), k->payload.size};
    return pack(k, &place, p);
}

bool repack_elf(const struct subject *k, struct blob *out, struct problem *p)
{
    return copy(&k->elf, out, p);
}
