/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The symbol table that a Linux kernel carries for its own messages, found by its shape (Linux,
 * scripts/kallsyms.c writes it, kernel/kallsyms.c reads it). Its parts, each aligned to 4 bytes:
 * offsets of the symbols, in their order, and the base that they are from (before the names up to
 * 6.3, behind the rest since); the number of symbols; their names, packed; for each 256th, where it
 * is; 256 pieces that names are made of, and where each of them begins. A packed name is a length
 * (two bytes if the first is over 127) and so many numbers of pieces; the first character is the
 * type as in nm(1). Nothing says where it all is: the pieces are recognised because the digits are
 * among them, and their index fits; the number because all names behind it can be walked and fit
 * the table of every 256th.
 */
#define _GNU_SOURCE /* memmem */
#include "tools/lab/profile/symbols.h"

#include "loader/kernel.h"

#include <string.h>

#define PIECES         256u
#define MARKER         256u /* a place is noted for each such name */
#define LEAST          64u  /* symbols; fewer are no kernel's */
#define MOST           1000000u
#define SEARCH         (32u << 20) /* bytes before the pieces that names may begin in */
#define NAME_LENGTH    512u
#define LONGEST_KERNEL (512u << 20)
#define MOST_WALKED    100000000u /* a file made to take long is given up */

struct tables {
    const struct blob *image;
    size_t pieces, index; /* where they are; index is of 16-bit offsets */
    size_t number;        /* of symbols: the 32-bit count ... */
    uint32_t count;       /* ... and what it says */
    uint32_t walked;      /* names so far, of all that were tried */
};

static size_t align(size_t at)
{
    return (at + 3) & ~(size_t)3;
}

/* ---- The pieces --------------------------------------------------------------------- */

/* START is the first of 256 strings, and behind them is an index that says the same. */
static bool pieces_at(const struct blob *image, size_t start, struct tables *t)
{
    uint16_t offset[PIECES];
    size_t at = start;
    for (unsigned i = 0; i < PIECES; i++) {
        if (at - start > UINT16_MAX || at >= image->size)
            return false;
        offset[i] = (uint16_t)(at - start);
        const uint8_t *end = memchr(image->data + at, 0, image->size - at);
        if (!end)
            return false;
        at = (size_t)(end - image->data) + 1;
    }
    at = align(at);
    for (unsigned i = 0; i < PIECES; i++) {
        if (at + 2 * i + 2 > image->size || get16(image->data, at + 2 * i) != offset[i])
            return false;
    }
    *t = (struct tables){.image = image, .pieces = start, .index = at};
    return true;
}

/* Piece '0' is at ZERO: the first one is as many strings before. */
static bool pieces_before(const struct blob *image, size_t zero, struct tables *t)
{
    size_t at = zero;
    for (unsigned i = 0; i < '0'; i++) {
        if (at < 2)
            return false;
        at--;
        while (at && image->data[at - 1])
            at--;
    }
    return pieces_at(image, at, t);
}

static bool find_pieces(const struct blob *image, struct tables *t)
{
    static const char digits[20] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
    size_t at = 0;
    while (at + sizeof digits <= image->size) {
        const uint8_t *hit = memmem(image->data + at, image->size - at, digits, sizeof digits);
        if (!hit)
            return false;
        at = (size_t)(hit - image->data);
        if (pieces_before(image, at, t))
            return true;
        at++;
    }
    return false;
}

/* ---- The names ------------------------------------------------------------------------ */

/* The packed name at *AT: how many numbers of pieces it has, and *AT is at the first. 0: none. */
static uint32_t name_length(const struct tables *t, size_t *at)
{
    const uint8_t *data = t->image->data;
    uint32_t length = data[(*at)++];
    if (length & 0x80)
        length = (length & 0x7f) | (uint32_t)data[(*at)++] << 7;
    return *at + length <= t->pieces ? length : 0;
}

/* Are there COUNT names behind the number at NUMBER, and then the right places of each 256th? Those
 * are compared on a second walk, when it is known where they stand. */
static bool walk_names(struct tables *t, size_t first, uint32_t count, size_t markers, size_t *end)
{
    size_t at = first;
    for (uint32_t i = 0; i < count; i++) {
        if (markers && i % MARKER == 0 &&
            get32(t->image->data, markers + (i / MARKER) * 4) != at - first)
            return false;
        if (at + 2 > t->pieces || t->walked++ > MOST_WALKED)
            return false;
        uint32_t length = name_length(t, &at);
        if (!length)
            return false;
        at += length;
    }
    *end = at;
    return true;
}

static bool number_at(struct tables *t, size_t number)
{
    uint32_t count = get32(t->image->data, number);
    size_t end;
    if (count < LEAST || count > MOST || (size_t)count * 2 > t->pieces - number ||
        !walk_names(t, number + 4, count, 0, &end))
        return false;
    size_t markers = align(end), nmarkers = (count + MARKER - 1) / MARKER;
    if (markers + 4 * nmarkers > t->pieces || !walk_names(t, number + 4, count, markers, &end))
        return false;
    t->number = number;
    t->count = count;
    return true;
}

static bool find_number(struct tables *t)
{
    size_t from = t->pieces > SEARCH ? align(t->pieces - SEARCH) : 0;
    for (size_t at = from; at + 8 <= t->pieces; at += 4) {
        if (number_at(t, at))
            return true;
    }
    return false;
}

/* The name at AT, of LENGTH pieces, unpacked; its length. */
static size_t unpack_name(const struct tables *t, size_t at, uint32_t length, char out[NAME_LENGTH])
{
    const uint8_t *data = t->image->data;
    size_t n = 0;
    for (uint32_t i = 0; i < length; i++) {
        const char *piece =
            (const char *)data + t->pieces + get16(data, t->index + 2u * data[at + i]);
        size_t more = strlen(piece);
        if (n + more >= NAME_LENGTH)
            break;
        memcpy(out + n, piece, more);
        n += more;
    }
    out[n] = 0;
    return n;
}

/* ---- The addresses -------------------------------------------------------------------- */

/* Do COUNT numbers stand at AT, rising, the first below FIRST and the last up to MOST? */
static bool sorted(const struct tables *t, size_t at, uint32_t first, uint32_t most)
{
    const uint8_t *data = t->image->data;
    for (uint32_t i = 1; i < t->count; i++) {
        if (get32(data, at + 4 * i) < get32(data, at + 4 * (i - 1)))
            return false;
    }
    uint32_t middle = get32(data, at + 4 * (t->count / 2)); /* the first may be zeros */
    uint32_t last = get32(data, at + 4 * (t->count - 1));
    return get32(data, at) < first && middle > 0 && last <= most;
}

/* Offsets at AT and their base at BASE_AT: from a page's start, to within a kernel's size. */
static bool relative(const struct tables *t, size_t at, size_t base_at, size_t *offsets,
                     uint32_t *base)
{
    *offsets = at;
    *base = get32(t->image->data, base_at);
    return *base && *base % 4096 == 0 && sorted(t, at, LONGEST_KERNEL, LONGEST_KERNEL);
}

/* Where the offsets are, and the base. Before there were offsets, there were addresses. */
static bool find_offsets(const struct tables *t, size_t *offsets, uint32_t *base)
{
    size_t bytes = 4 * (size_t)t->count, behind = align(t->index + 2 * PIECES);
    if (t->number >= bytes + 4 && relative(t, t->number - 4 - bytes, t->number - 4, offsets, base))
        return true;
    if (behind + bytes + 4 <= t->image->size && relative(t, behind, behind + bytes, offsets, base))
        return true;
    *base = 0;
    *offsets = t->number - bytes;
    return t->number >= bytes && sorted(t, *offsets, UINT32_MAX, UINT32_MAX);
}

bool symbols_from_kallsyms(const struct blob *image, struct symbols *s)
{
    struct tables t;
    size_t offsets;
    uint32_t base;
    if (!find_pieces(image, &t) || !find_number(&t) || !find_offsets(&t, &offsets, &base))
        return false;
    size_t at = t.number + 4;
    for (uint32_t i = 0; i < t.count && !s->failed; i++) {
        char name[NAME_LENGTH];
        uint32_t length = name_length(&t, &at);
        size_t n = unpack_name(&t, at, length, name);
        at += length;
        if (n > 1 && strchr("tTwW", name[0]))
            symbols_add(s, base + get32(image->data, offsets + 4 * i), 0, name + 1, n - 1);
    }
    s->from = s->count ? "kallsyms" : NULL;
    return s->count != 0;
}
