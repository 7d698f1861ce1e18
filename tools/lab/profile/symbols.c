/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table, and the choice of a format. While it grows, a name is an offset into the names.
 */
#include "tools/lab/profile/symbols.h"

#include "loader/bzimage.h"
#include "loader/kernel.h"
#include "loader/unpack.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SYMBOLS 2000000u
#define REACH       65536u /* a function without a size is not longer */

static bool grow(void **data, size_t *room, size_t want, size_t each)
{
    if (want <= *room)
        return true;
    size_t more = *room * 2 > want ? *room * 2 : want + 4096 / each;
    void *moved = realloc(*data, more * each);
    if (!moved)
        return false;
    *data = moved;
    *room = more;
    return true;
}

void symbols_add(struct symbols *s, uint32_t address, uint32_t size, const char *name,
                 size_t length)
{
    void *symbol = s->symbol, *names = s->names;
    bool ok = s->count < MAX_SYMBOLS && grow(&symbol, &s->room, s->count + 1, sizeof *s->symbol) &&
              grow(&names, &s->names_room, s->names_size + length + 1, 1);
    s->symbol = symbol;
    s->names = names;
    if (!ok) {
        s->failed = true;
        return;
    }
    s->symbol[s->count++] = (struct symbol){address, size, (const char *)s->names_size};
    memcpy(s->names + s->names_size, name, length);
    s->names[s->names_size + length] = 0;
    s->names_size += length + 1;
}

/* Of several at one address the first of the file is taken (they were added in its order). */
static int by_address(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static void finish(struct symbols *s)
{
    size_t kept = 0;
    qsort(s->symbol, s->count, sizeof *s->symbol, by_address);
    for (size_t i = 0; i < s->count; i++) {
        if (kept && s->symbol[kept - 1].address == s->symbol[i].address)
            continue;
        s->symbol[kept] = s->symbol[i];
        s->symbol[kept++].name = s->names + (uintptr_t)s->symbol[i].name;
    }
    s->count = kept;
}

/* What is packed in a bzImage. */
static bool unpack_kernel(const char *name, const struct blob *k, struct blob *out,
                          struct problem *p)
{
    struct blob packed;
    struct problem why;
    uint8_t h[H_END];
    if (!bzimage_copy_header(k, h) || !bzimage_payload(k, h, &packed))
        return problem_bad(p,
                           "%s: the header does not say where the packed kernel is, or it is "
                           "cut short",
                           name);
    return unpack(&packed, out, &why) || problem_bad(p, "%s: %s", name, why.text);
}

static bool read_kernel(const struct blob *image, struct symbols *s)
{
    return (elf_probe(image) && symbols_from_elf(image, s)) || symbols_from_kallsyms(image, s);
}

static bool read_any(const char *name, const struct blob *file, struct symbols *s,
                     struct problem *p)
{
    struct blob image = *file;
    bool packed = bzimage_probe(file);
    if (!packed && !elf_probe(file) && !multiboot_probe(file))
        return symbols_from_map(name, file, s, p);
    if (packed && !unpack_kernel(name, file, &image, p))
        return false;
    bool ok = read_kernel(&image, s);
    if (packed)
        blob_free(&image);
    return ok || problem_bad(p,
                             "%s: this kernel has no symbols, neither in an ELF table nor as "
                             "kallsyms; its System.map or a file that was not stripped has them",
                             name);
}

bool symbols_read(const char *name, const struct blob *file, struct symbols *s, struct problem *p)
{
    memset(s, 0, sizeof *s);
    bool ok = read_any(name, file, s, p);
    if (s->failed)
        return problem_host(p, "%s: too many symbols for the memory there is", name);
    if (ok)
        finish(s);
    return ok;
}

void symbols_free(struct symbols *s)
{
    free(s->symbol);
    free(s->names);
    memset(s, 0, sizeof *s);
}

/* Linux's names for it: since 5.8, and before. */
void symbols_slide(struct symbols *s, uint32_t handler)
{
    static const char *const names[] = {"asm_exc_page_fault", "page_fault"};
    for (size_t i = 0; handler && i < s->count; i++) {
        for (unsigned n = 0; n < sizeof names / sizeof names[0]; n++) {
            if (strcmp(s->symbol[i].name, names[n]) != 0)
                continue;
            uint32_t slide = handler - s->symbol[i].address;
            s->doubtful = slide % 4096 != 0;
            s->slide = s->doubtful ? 0 : slide;
            return;
        }
    }
}

const struct symbol *symbols_find(const struct symbols *s, uint32_t address, uint32_t *offset)
{
    size_t lo = 0, hi = s->count;
    address -= s->slide;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->symbol[mid].address <= address)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct symbol *found = lo ? &s->symbol[lo - 1] : NULL;
    if (!found || address - found->address >= (found->size ? found->size : REACH))
        return NULL;
    *offset = address - found->address;
    return found;
}
