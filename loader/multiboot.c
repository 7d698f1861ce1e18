/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Multiboot 1 kernels (Multiboot Specification version 0.6.96): the header in the first
 * 8 KiB says where to load, either by itself (flag 16) or through the ELF file around it.
 * The information structure with memory map, command line and one module (the initrd)
 * goes to the first free place in low memory.
 */
#include "loader/multiboot.h"
#include "loader/kernel.h"

#include <string.h>

#define BOOT_MAGIC   0x2badb002u
#define SEARCH_BYTES 8192u
#define WANT_KNOWN   (WANT_PAGE_ALIGN | WANT_MEMORY | WANT_VIDEO)

/* The information structure, section 3.3, and what follows it in the same piece of memory. */
enum info {
    I_FLAGS = 0,
    I_MEM_LOWER = 4,
    I_MEM_UPPER = 8,
    I_CMDLINE = 16,
    I_MODS_COUNT = 20,
    I_MODS_ADDR = 24,
    I_MMAP_LENGTH = 44,
    I_MMAP_ADDR = 48,
    I_BOOT_LOADER_NAME = 64,
    I_MODULE = 128,
    I_MMAP = 144,
    I_MMAP_ENTRY = 24, /* its size field counts the 20 bytes behind it */
    I_TEXT = I_MMAP + 3 * I_MMAP_ENTRY,
};
#define I_VALID                                                                                    \
    (1u << 0 | 1u << 2 | 1u << 3 | 1u << 6 | 1u << 9) /* memory, cmdline, mods, mmap, name */

#define LOWEST_INFO      0x1000u
#define COMMAND_LINE_MAX 4096u

static const char loader_name[] = "Ring1";

long multiboot_find_header(const struct blob *k)
{
    size_t end = k->size < SEARCH_BYTES ? k->size : SEARCH_BYTES;
    for (size_t at = 0; at + H_SIZE <= end; at += 4) {
        const uint8_t *h = k->data + at;
        if (get32(h, 0) == HEADER_MAGIC &&
            (uint32_t)(HEADER_MAGIC + get32(h, H_FLAGS) + get32(h, H_CHECKSUM)) == 0)
            return (long)at;
    }
    return -1;
}

bool multiboot_probe(const struct blob *kernel)
{
    return multiboot_find_header(kernel) >= 0;
}

/* Flag 16: the header's addresses describe one segment. Where load_end_addr is 0 it ends with
 * the file, where bss_end_addr is 0 there is no bss. */
static bool load_by_addresses(const struct kernel_request *r, size_t at, struct image *im,
                              struct problem *p)
{
    const uint8_t *h = r->kernel.data + at;
    if (r->kernel.size - at < H_SIZE_WITH_ADDRESSES)
        return problem_bad(p, "kernel %s: the multiboot header is truncated", r->path);
    uint32_t header = get32(h, H_HEADER_ADDR), start = get32(h, H_LOAD_ADDR);
    uint32_t load_end = get32(h, H_LOAD_END_ADDR), bss_end = get32(h, H_BSS_END_ADDR);
    if (start > header || header - start > at)
        return problem_bad(p,
                           "kernel %s: multiboot load_addr %#x does not fit header_addr %#x and "
                           "the header's place in the file",
                           r->path, start, header);
    size_t from = at - (header - start);
    uint64_t bytes = r->kernel.size - from;
    if (load_end && (load_end < start || load_end - start > bytes))
        return problem_bad(p,
                           "kernel %s: multiboot load_end_addr %#x lies behind the file's end; it "
                           "is truncated or damaged",
                           r->path, load_end);
    if (load_end)
        bytes = load_end - start;
    uint64_t size = bss_end ? (uint64_t)bss_end - start : bytes;
    if (size < bytes || size >> 32)
        return problem_bad(p, "kernel %s: multiboot bss_end_addr %#x lies inside the loaded bytes",
                           r->path, bss_end);
    im->eip = get32(h, H_ENTRY_ADDR);
    if (!image_add(im, "kernel", start, size, r->kernel.data + from, (uint32_t)bytes, p))
        return false;
    if (!image_covers(im, im->eip))
        return problem_bad(p, "kernel %s: multiboot entry_addr %#x lies outside the kernel",
                           r->path, im->eip);
    return true;
}

static bool load_kernel(const struct kernel_request *r, struct image *im, struct problem *p)
{
    size_t at = (size_t)multiboot_find_header(&r->kernel);
    uint32_t flags = get32(r->kernel.data + at, H_FLAGS);
    if (flags & WANT_MASK & ~WANT_KNOWN)
        return problem_bad(p,
                           "kernel %s: it demands multiboot features that Ring1 lacks (flags %#x)",
                           r->path, flags);
    if (flags & HAS_ADDRESSES)
        return load_by_addresses(r, at, im, p);
    if (!elf_probe(&r->kernel))
        return problem_bad(p,
                           "kernel %s: its multiboot header has no addresses (flag 16) and it is "
                           "no ELF file, so nothing says where to load it",
                           r->path);
    return elf_load_segments(r, im, p);
}

/* The module goes behind the kernel, page-aligned, where other loaders put it too. */
static bool add_module(const struct kernel_request *r, struct image *im, uint32_t *at,
                       struct problem *p)
{
    uint32_t end = HIGH_RAM_START;
    for (unsigned i = 0; i < im->count; i++) {
        if (im->seg[i].gpa + im->seg[i].size > end)
            end = im->seg[i].gpa + im->seg[i].size;
    }
    uint32_t size = (uint32_t)r->initrd.size;
    *at = image_find_low(im, size, 4096, end, im->ram);
    if (!*at)
        return problem_bad(p,
                           "initrd %s: its %zu KiB do not fit behind the kernel in %u MiB of guest "
                           "memory; try a larger --memory",
                           r->initrd_path, r->initrd.size >> 10, im->ram >> 20);
    return image_add(im, "initrd", *at, size, r->initrd.data, size, p);
}

static void put_region(uint8_t *info, unsigned index, uint32_t start, uint32_t end, uint32_t type)
{
    uint8_t *e = info + I_MMAP + index * I_MMAP_ENTRY;
    put32(e, 0, I_MMAP_ENTRY - 4);
    put32(e, 4, start);
    put32(e, 12, end - start);
    put32(e, 20, type);
}

static void put_memory(uint8_t *info, uint32_t base, uint32_t ram)
{
    put32(info, I_MEM_LOWER, LOW_RAM_END >> 10);
    put32(info, I_MEM_UPPER, (ram - HIGH_RAM_START) >> 10);
    put32(info, I_MMAP_ADDR, base + I_MMAP);
    put32(info, I_MMAP_LENGTH, 3 * I_MMAP_ENTRY);
    put_region(info, 0, 0, LOW_RAM_END, 1);
    put_region(info, 1, LOW_RAM_END, HIGH_RAM_START, 2);
    put_region(info, 2, HIGH_RAM_START, ram, 1);
}

/* Copies TEXT with its NUL to *OFFSET of INFO, moves *OFFSET behind it, and writes its address
 * into FIELD. */
static void put_text(uint8_t *info, uint32_t base, unsigned field, const char *text, size_t *offset)
{
    size_t length = strlen(text) + 1;
    memcpy(info + *offset, text, length);
    put32(info, field, base + (uint32_t)*offset);
    *offset += length;
}

static bool add_info(const struct kernel_request *r, struct image *im, uint32_t module,
                     struct problem *p)
{
    const char *module_name = r->initrd_path ? input_base_name(r->initrd_path) : "";
    size_t size = I_TEXT + strlen(r->append) + 1 + sizeof loader_name + strlen(module_name) + 1;
    uint32_t base = image_find_low(im, (uint32_t)size, 16, LOWEST_INFO, LOW_RAM_END);
    if (!base)
        return problem_bad(p,
                           "kernel %s: it leaves no room below 639 KiB for multiboot's "
                           "information",
                           r->path);
    uint8_t *info = image_make(im, "multiboot information", base, (uint32_t)size, p);
    if (!info)
        return false;
    size_t offset = I_TEXT;
    put32(info, I_FLAGS, I_VALID);
    put_memory(info, base, im->ram);
    put_text(info, base, I_CMDLINE, r->append, &offset);
    put_text(info, base, I_BOOT_LOADER_NAME, loader_name, &offset);
    if (r->initrd_path) {
        put32(info, I_MODS_COUNT, 1);
        put32(info, I_MODS_ADDR, base + I_MODULE);
        put32(info, I_MODULE, module);
        put32(info, I_MODULE + 4, module + (uint32_t)r->initrd.size);
        put_text(info, base, I_MODULE + 8, module_name, &offset);
    }
    im->ebx = base;
    return true;
}

bool multiboot_load(const struct kernel_request *r, struct image *im, struct problem *p)
{
    uint32_t module = 0;
    if (strlen(r->append) > COMMAND_LINE_MAX)
        return problem_bad(p, "--append: %zu characters are too many; a multiboot kernel gets %u",
                           strlen(r->append), COMMAND_LINE_MAX);
    if (!load_kernel(r, im, p) || (r->initrd_path && !add_module(r, im, &module, p)) ||
        !add_info(r, im, module, p))
        return false;
    im->eax = BOOT_MAGIC;
    return image_add_gdt(im, p);
}
