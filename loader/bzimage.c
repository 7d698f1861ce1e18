/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Linux bzImage by the 32-bit boot protocol (Documentation/arch/x86/boot.rst in the Linux
 * tree). The header is checked, and the protected-mode part goes where the kernel wants it. The
 * real-mode setup code is skipped: what it would ask a BIOS stands in the zero page (zeropage.c).
 */
#include "loader/bzimage.h"
#include "loader/kernel.h"
#include "loader/zeropage.h"

#include <stdio.h>
#include <string.h>

/* The header, made uniform: what an old version does not have gets the value that boot.rst
 * gives for it. */
struct header_facts {
    uint32_t version, setup_bytes, payload_bytes;
    uint32_t code32_start, initrd_max, alignment, command_line_max;
    uint64_t pref_address;
    uint32_t init_size;
    bool relocatable;
};

bool bzimage_probe(const struct blob *kernel)
{
    return kernel->size >= H_MAGIC + 4 && memcmp(kernel->data + H_MAGIC, "HdrS", 4) == 0;
}

bool bzimage_copy_header(const struct blob *kernel, uint8_t h[H_END])
{
    size_t end = H_MAGIC + kernel->data[H_LENGTH];
    memset(h, 0, H_END);
    if (end > H_END)
        end = H_END;
    if (end < H_CMD_LINE_PTR + 4 || kernel->size < end)
        return false;
    memcpy(h, kernel->data, end);
    return true;
}

size_t bzimage_setup_size(const uint8_t h[H_END])
{
    return ((h[H_SETUP_SECTS] ? h[H_SETUP_SECTS] : 4u) + 1) * 512;
}

bool bzimage_payload(const struct blob *kernel, const uint8_t h[H_END], struct blob *out)
{
    uint64_t at = (uint64_t)bzimage_setup_size(h) + get32(h, H_PAYLOAD_OFFSET);
    uint64_t size = get32(h, H_PAYLOAD_LENGTH);
    if (get16(h, H_VERSION) < 0x208 || size == 0 || at > kernel->size || size > kernel->size - at)
        return false;
    *out = (struct blob){kernel->data + at, (size_t)size};
    return true;
}

static bool copy_header(const struct kernel_request *r, uint8_t h[H_END], struct problem *p)
{
    return bzimage_copy_header(&r->kernel, h) ||
           problem_bad(p, "kernel %s: the bzImage header is truncated or damaged", r->path);
}

static bool check_header(const struct kernel_request *r, const uint8_t *h, struct problem *p)
{
    unsigned version = get16(h, H_VERSION);
    if (get16(h, H_BOOT_FLAG) != 0xaa55)
        return problem_bad(p, "kernel %s: the bzImage boot sector lacks its 0xAA55 mark", r->path);
    if (version < 0x202)
        return problem_bad(p,
                           "kernel %s: boot protocol %u.%02u is too old; Ring1 needs 2.02 "
                           "(Linux 2.4) or later",
                           r->path, version >> 8, version & 0xff);
    if (!(h[H_LOADFLAGS] & LOADED_HIGH))
        return problem_bad(p, "kernel %s: this is a zImage (loads below 1 MiB); build a bzImage",
                           r->path);
    if (version >= 0x20c && (get16(h, H_XLOADFLAGS) & XLF_KERNEL_64))
        return problem_bad(p,
                           "kernel %s: this Linux kernel is 64-bit; Ring1 runs 32-bit guests, "
                           "such as Debian's linux-image-686",
                           r->path);
    return true;
}

static bool check_payload(const struct kernel_request *r, const uint8_t *h, struct header_facts *f,
                          struct problem *p)
{
    unsigned sectors = h[H_SETUP_SECTS] ? h[H_SETUP_SECTS] : 4;
    uint64_t payload = (uint64_t)get32(h, H_SYSSIZE) * 16;
    f->setup_bytes = (sectors + 1) * 512;
    if (f->setup_bytes >= r->kernel.size)
        return problem_bad(p,
                           "kernel %s: the file ends inside the setup code (%u sectors); it is "
                           "truncated",
                           r->path, sectors);
    uint64_t there = r->kernel.size - f->setup_bytes;
    if (get16(h, H_VERSION) < 0x204) /* syssize has 16 bits there and means nothing */
        payload = there;
    if (payload == 0 || payload > there + 15)
        return problem_bad(p,
                           "kernel %s: the header promises %llu bytes of kernel and the file has "
                           "%llu; it is truncated or damaged",
                           r->path, (unsigned long long)payload, (unsigned long long)there);
    f->payload_bytes = (uint32_t)(payload < there ? payload : there);
    return true;
}

static bool check_placement(const struct kernel_request *r, const struct header_facts *f,
                            struct problem *p)
{
    if (f->alignment & (f->alignment - 1) || f->alignment < 0x1000 || f->alignment > 1u << 24)
        return problem_bad(p, "kernel %s: kernel_alignment %#x in the header makes no sense",
                           r->path, f->alignment);
    if (f->pref_address < HIGH_RAM_START || f->pref_address >= 1ull << 32)
        return problem_bad(p, "kernel %s: pref_address %#llx in the header makes no sense", r->path,
                           (unsigned long long)f->pref_address);
    return true;
}

static bool read_header(const struct kernel_request *r, const uint8_t *h, struct header_facts *f,
                        struct problem *p)
{
    if (!check_header(r, h, p) || !check_payload(r, h, f, p))
        return false;
    unsigned version = f->version = get16(h, H_VERSION);
    f->code32_start = get32(h, H_CODE32_START);
    f->initrd_max = version >= 0x203 ? get32(h, H_INITRD_ADDR_MAX) : 0x37ffffff;
    f->relocatable = version >= 0x205 && h[H_RELOCATABLE];
    f->alignment = version >= 0x205 ? get32(h, H_KERNEL_ALIGNMENT) : 0x1000;
    f->command_line_max = version >= 0x206 ? get32(h, H_CMDLINE_SIZE) : 255;
    f->pref_address = HIGH_RAM_START;
    if (version >= 0x20a) {
        f->pref_address = get32(h, H_PREF_ADDRESS) | (uint64_t)get32(h, H_PREF_ADDRESS + 4) << 32;
        f->init_size = get32(h, H_INIT_SIZE);
    }
    if (f->init_size < f->payload_bytes)
        f->init_size = f->payload_bytes;
    return check_placement(r, f, p);
}

static uint64_t align_up(uint64_t at, uint32_t alignment)
{
    return (at + alignment - 1) & ~(uint64_t)(alignment - 1);
}

static bool room_at(const struct image *im, uint64_t at, const struct header_facts *f)
{
    return at + f->init_size <= im->ram;
}

/* Chooses where the payload goes: where the kernel prefers to be, or, if it can move, at the
 * first aligned address above 1 MiB. One that cannot move is loaded at 1 MiB and itself
 * moves to pref_address. The whole of [*runtime, +init_size) must be RAM. */
static bool choose_address(const struct kernel_request *r, const struct header_facts *f,
                           const struct image *im, uint32_t *load, uint32_t *runtime,
                           struct problem *p)
{
    uint64_t at = f->pref_address;
    if (f->relocatable)
        at = align_up(at, f->alignment);
    if (f->relocatable && !room_at(im, at, f))
        at = align_up(HIGH_RAM_START, f->alignment);
    if (!room_at(im, at, f))
        return problem_bad(p,
                           "kernel %s: it needs %llu MiB of guest memory to start and has %u; try "
                           "a larger --memory",
                           r->path, (unsigned long long)(at + f->init_size + 0xfffff) >> 20,
                           im->ram >> 20);
    *load = f->relocatable ? (uint32_t)at : HIGH_RAM_START;
    *runtime = (uint32_t)at;
    return true;
}

static bool add_payload(const struct kernel_request *r, const struct header_facts *f,
                        struct image *im, struct problem *p)
{
    uint32_t load = 0, runtime = 0;
    if (!choose_address(r, f, im, &load, &runtime, p))
        return false;
    const uint8_t *payload = r->kernel.data + f->setup_bytes;
    im->eip = load;
    if (!f->relocatable)
        im->eip = f->code32_start ? f->code32_start : HIGH_RAM_START;
    if (im->eip - load >= f->payload_bytes)
        return problem_bad(p, "kernel %s: code32_start %#x lies outside the kernel", r->path,
                           im->eip);
    /* The segment spans all that the kernel overwrites before it knows of the initrd. */
    uint64_t end = (uint64_t)runtime + f->init_size;
    if (end < (uint64_t)load + f->payload_bytes)
        end = (uint64_t)load + f->payload_bytes;
    return image_add(im, "kernel", load, end - load, payload, f->payload_bytes, p);
}

bool bzimage_load(const struct kernel_request *r, struct image *im, struct problem *p)
{
    uint8_t h[H_END];
    struct header_facts f = {0};
    return copy_header(r, h, p) && read_header(r, h, &f, p) && add_payload(r, &f, im, p) &&
           zeropage_add(r, h, f.initrd_max, f.command_line_max, im, p);
}
