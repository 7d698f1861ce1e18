/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See zeropage.h. What a PC's setup code would ask its BIOS for is written down here (Linux,
 * Documentation/arch/x86/zero-page.rst).
 */
#include "loader/zeropage.h"

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

static bool add_initrd(const struct kernel_request *r, uint32_t initrd_max, struct image *im,
                       uint8_t *zero_page, struct problem *p)
{
    if (!r->initrd_path)
        return true;
    uint32_t top = im->ram;
    if (initrd_max < top)
        top = initrd_max + 1;
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

static bool add_command_line(const struct kernel_request *r, uint32_t limit, struct image *im,
                             uint8_t *zero_page, struct problem *p)
{
    size_t length = strlen(r->append);
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

bool zeropage_add(const struct kernel_request *r, const uint8_t h[H_END], uint32_t initrd_max,
                  uint32_t command_line_max, struct image *im, struct problem *p)
{
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
    return add_command_line(r, command_line_max, im, zero_page, p) &&
           add_initrd(r, initrd_max, im, zero_page, p) && image_add_gdt(im, p);
}
