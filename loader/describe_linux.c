/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Linux bzImages for `ring1 inspect`: the setup header, and the kernel proper that is packed
 * inside.
 */
#include "loader/bzimage.h"
#include "loader/describe.h"
#include "loader/kernel.h"
#include "loader/unpack.h"

#include <string.h>

/* A row of the header: shown if the boot protocol has it. */
static const struct {
    const char *name;
    unsigned version, at, size;
    enum { NUMBER, HEX, YES_NO } as;
} fields[] = {
    {"command-line limit", 0x206, H_CMDLINE_SIZE, 4, NUMBER},
    {"initrd up to", 0x203, H_INITRD_ADDR_MAX, 4, HEX},
    {"relocatable", 0x205, H_RELOCATABLE, 1, YES_NO},
    {"alignment", 0x205, H_KERNEL_ALIGNMENT, 4, HEX},
    {"preferred address", 0x20a, H_PREF_ADDRESS, 8, HEX},
    {"init_size", 0x20a, H_INIT_SIZE, 4, NUMBER},
    {"32-bit entry", 0x200, H_CODE32_START, 4, HEX},
};

static uint64_t get(const uint8_t *h, unsigned at, unsigned size)
{
    if (size == 1)
        return h[at];
    return size == 4 ? get32(h, at) : get32(h, at) | (uint64_t)get32(h, at + 4) << 32;
}

static void add_fields(const uint8_t *h, struct sheet *s)
{
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (get16(h, H_VERSION) < fields[i].version)
            continue;
        uint64_t v = get(h, fields[i].at, fields[i].size);
        if (fields[i].as == YES_NO)
            sheet_add(s, fields[i].name, json_boolean(v != 0), "%s", v ? "yes" : "no");
        else
            (fields[i].as == HEX ? sheet_hex : sheet_number)(s, fields[i].name, v);
    }
}

/* The text that names the version, somewhere in the setup code. It is ASCII, or not shown. */
static void add_version(const struct blob *k, const uint8_t *h, struct sheet *s)
{
    char text[160] = "";
    size_t at = 0x200u + get16(h, H_KERNEL_VERSION);
    for (size_t n = 0; n + 1 < sizeof text && at + n < k->size && k->data[at + n]; n++) {
        text[n] = k->data[at + n] < 0x80 ? (char)k->data[at + n] : '?';
        text[n + 1] = 0;
    }
    if (get16(h, H_KERNEL_VERSION))
        sheet_text(s, "kernel version", text);
}

static void add_header(const struct blob *k, const uint8_t *h, struct sheet *s)
{
    unsigned version = get16(h, H_VERSION);
    char text[24];
    bool wide = version >= 0x20c && (get16(h, H_XLOADFLAGS) & XLF_KERNEL_64);
    snprintf(text, sizeof text, "%u.%02u", version >> 8, version & 0xff);
    sheet_text(s, "boot protocol", text);
    add_version(k, h, s);
    sheet_add(s, "bits", json_integer(wide ? 64 : 32), "%u", wide ? 64u : 32u);
    sheet_number(s, "setup bytes", bzimage_setup_size(h));
    add_fields(h, s);
}

static void add_payload(const struct blob *packed, struct sheet *s, struct census *c)
{
    struct problem p;
    struct blob plain;
    const char *format = unpack_format(packed);
    sheet_text(s, "packed with", format ? format : "unknown");
    sheet_number(s, "packed bytes", packed->size);
    if (!unpack(packed, &plain, &p)) {
        sheet_text(s, "not unpacked", p.text);
        return;
    }
    sheet_number(s, "unpacked bytes", plain.size);
    describe_elf_content(&plain, s, c);
    blob_free(&plain);
}

void describe_bzimage(const struct blob *k, struct sheet *s, struct census *c)
{
    uint8_t h[H_END];
    struct blob packed;
    sheet_begin(s, "Linux boot header", "linux", false);
    if (!bzimage_copy_header(k, h)) {
        sheet_text(s, "damaged", "the header is cut short");
        return;
    }
    add_header(k, h, s);
    sheet_begin(s, "Packed kernel", "payload", false);
    if (bzimage_payload(k, h, &packed))
        add_payload(&packed, s, c);
    else
        sheet_text(s, "not unpacked", "the header does not say where it is, or it is cut short");
}
