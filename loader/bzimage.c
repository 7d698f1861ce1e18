/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Linux bzImage by the 32-bit boot protocol (Documentation/arch/x86/boot.rst in the Linux
 * tree). The header is checked, the protected-mode part goes where the kernel wants it,
 * and the "zero page" tells it of its memory, command line and initrd. The real-mode
 * setup code is skipped: what it would ask a BIOS stands in the zero page.
 */
#include "loader/bzimage.h"
#include "loader/kernel.h"

#include <stdio.h>
#include <string.h>

/* Other fields of the zero page. */
enum zero_page {
    Z_EXT_MEM_K = 0x2,
    Z_VIDEO_MODE = 0x6,
    Z_VIDEO_COLUMNS = 0x7,
    Z_VIDEO_LINES = 0xe,
    Z_VIDEO_IS_VGA = 0xf,
    Z_VIDEO_POINTS = 0x10,
    Z_ALT_MEM_K = 0x1e0,
    Z_E820_ENTRIES = 0x1e8,
    Z_E820_TABLE = 0x2d0,
    Z_E820_ENTRY_SIZE = 20,
    Z_SIZE = 4096,
};

#define LOADER_UNKNOWN 0xffu
#define E820_RAM       1u
#define E820_RESERVED  2u

/* Where the loader's own pieces go, all in conventional memory. */
#define ZERO_PAGE        0x10000u
#define COMMAND_LINE     0x20000u
#define COMMAND_LINE_END 0x80000u
#define INITIAL_STACK    0x90000u

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

static bool add_initrd(const struct kernel_request *r, const struct header_facts *f,
                       struct image *im, uint8_t *zero_page, struct problem *p)
{
    if (!r->initrd_path)
        return true;
    uint32_t top = im->ram;
    if (f->initrd_max < top)
        top = f->initrd_max + 1;
    uint32_t size = (uint32_t)r->initrd.size;
    uint32_t at = image_find_high(im, size, 4096, HIGH_RAM_START, top);
    if (!at)
        return problem_bad(p,
                           "initrd %s: its %zu KiB do not fit beside the kernel in %u MiB of guest "
                           "memory; try a larger --memory",
                           r->initrd_path, r->initrd.size >> 10, im->ram >> 20);
    put32(zero_page, H_RAMDISK_IMAGE, at);
    put32(zero_page, H_RAMDISK_SIZE, size);
    return image_add(im, "initrd", at, size, r->initrd.data, size, p);
}

static bool add_command_line(const struct kernel_request *r, const struct header_facts *f,
                             struct image *im, uint8_t *zero_page, struct problem *p)
{
    size_t length = strlen(r->append);
    uint32_t limit = f->command_line_max;
    if (limit > COMMAND_LINE_END - COMMAND_LINE - 1)
        limit = COMMAND_LINE_END - COMMAND_LINE - 1;
    if (length > limit)
        return problem_bad(p, "--append: %zu characters are too many; this kernel takes %u", length,
                           limit);
    uint8_t *text = image_make(im, "command line", COMMAND_LINE, (uint32_t)length + 1, p);
    if (!text)
        return false;
    memcpy(text, r->append, length);
    put32(zero_page, H_CMD_LINE_PTR, COMMAND_LINE);
    return true;
}

static void put_e820(uint8_t *zero_page, uint32_t start, uint32_t end, uint32_t type)
{
    uint8_t *entry = zero_page + Z_E820_TABLE + zero_page[Z_E820_ENTRIES]++ * Z_E820_ENTRY_SIZE;
    put32(entry, 0, start);
    put32(entry, 8, end - start);
    put32(entry, 16, type);
}

static void put_memory_map(uint8_t *zero_page, uint32_t ram)
{
    uint32_t high_kib = (ram - HIGH_RAM_START) >> 10;
    put_e820(zero_page, 0, LOW_RAM_END, E820_RAM);
    put_e820(zero_page, LOW_RAM_END, HIGH_RAM_START, E820_RESERVED);
    put_e820(zero_page, HIGH_RAM_START, ram, E820_RAM);
    put32(zero_page, Z_ALT_MEM_K, high_kib);
    uint32_t short_kib = high_kib < 0xfc00 ? high_kib : 0xfc00; /* what INT 15h AH=88h can say */
    zero_page[Z_EXT_MEM_K] = (uint8_t)short_kib;
    zero_page[Z_EXT_MEM_K + 1] = (uint8_t)(short_kib >> 8);
}

/* A VGA in text mode 3: 80x25, characters of 16 lines, the cursor at the top (struct screen_info).
 */
static void put_video(uint8_t *zero_page)
{
    zero_page[Z_VIDEO_MODE] = 3;
    zero_page[Z_VIDEO_COLUMNS] = 80;
    zero_page[Z_VIDEO_LINES] = 25;
    zero_page[Z_VIDEO_IS_VGA] = 1;
    zero_page[Z_VIDEO_POINTS] = 16;
}

bool bzimage_load(const struct kernel_request *r, struct image *im, struct problem *p)
{
    uint8_t h[H_END];
    struct header_facts f = {0};
    if (!copy_header(r, h, p) || !read_header(r, h, &f, p) || !add_payload(r, &f, im, p))
        return false;
    uint8_t *zero_page = image_make(im, "zero page", ZERO_PAGE, Z_SIZE, p);
    if (!zero_page)
        return false;
    memcpy(zero_page + H_SETUP_SECTS, h + H_SETUP_SECTS, H_END - H_SETUP_SECTS);
    zero_page[H_LOADER_TYPE] = LOADER_UNKNOWN;
    put32(zero_page, H_RAMDISK_IMAGE, 0);
    put32(zero_page, H_RAMDISK_SIZE, 0);
    put32(zero_page, H_CODE32_START, im->eip);
    put_memory_map(zero_page, im->ram);
    put_video(zero_page);
    im->esi = ZERO_PAGE;
    im->esp = INITIAL_STACK;
    return add_command_line(r, &f, im, zero_page, p) && add_initrd(r, &f, im, zero_page, p) &&
           image_add_gdt(im, p);
}
