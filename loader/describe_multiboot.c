/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Multiboot kernels for `ring1 inspect`: the header, then the ELF file around it, or the one
 * piece that the header's addresses describe.
 */
#include "loader/describe.h"
#include "loader/kernel.h"
#include "loader/multiboot.h"

static const struct {
    uint32_t bit;
    const char *name;
} flag_names[] = {
    {WANT_PAGE_ALIGN, "page-aligned modules"},
    {WANT_MEMORY, "memory map"},
    {WANT_VIDEO, "video mode"},
    {HAS_ADDRESSES, "addresses in the header"},
};

static const struct {
    const char *name;
    unsigned at;
} addresses[] = {
    {"header address", H_HEADER_ADDR}, {"load address", H_LOAD_ADDR}, {"load end", H_LOAD_END_ADDR},
    {"bss end", H_BSS_END_ADDR},       {"entry", H_ENTRY_ADDR},
};

static void add_flags(uint32_t flags, struct sheet *s)
{
    char text[200] = "";
    size_t n = 0;
    for (unsigned i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++) {
        if (flags & flag_names[i].bit)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "",
                                  flag_names[i].name);
    }
    sheet_add(s, "flags", json_integer(flags), "%#x (%s)", flags, n ? text : "none");
}

/* From the load address to the end of what is in the file: code and data in one. */
static void count_flat(const struct blob *k, size_t header, struct census *c)
{
    const uint8_t *h = k->data + header;
    uint32_t before = get32(h, H_HEADER_ADDR) - get32(h, H_LOAD_ADDR);
    uint32_t end = get32(h, H_LOAD_END_ADDR), start = get32(h, H_LOAD_ADDR);
    if (get32(h, H_HEADER_ADDR) < start || before > header)
        return;
    size_t size = k->size - (header - before);
    if (end > start && end - start < size)
        size = end - start;
    census_add(c, k->data + header - before, size);
}

void describe_multiboot(const struct blob *k, struct sheet *s, struct census *c)
{
    size_t at = (size_t)multiboot_find_header(k);
    uint32_t flags = get32(k->data + at, H_FLAGS);
    bool whole = k->size - at >= H_SIZE_WITH_ADDRESSES;
    sheet_begin(s, "Multiboot header", "multiboot", false);
    sheet_hex(s, "offset", at);
    add_flags(flags, s);
    for (unsigned i = 0;
         flags & HAS_ADDRESSES && whole && i < sizeof addresses / sizeof addresses[0]; i++)
        sheet_hex(s, addresses[i].name, get32(k->data + at, addresses[i].at));
    if (elf_probe(k))
        describe_elf(k, s, c);
    else if (whole && flags & HAS_ADDRESSES)
        count_flat(k, at, c);
}
