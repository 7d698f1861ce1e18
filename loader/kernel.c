/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tells kernel formats apart, and names what a file is when it is none of them.
 */
#include "loader/kernel.h"

#include <string.h>

/* In the order of asking: a multiboot kernel is usually an ELF file too, and multiboot says more
 * about how it wants to be started. */
static const struct {
    bool (*probe)(const struct blob *kernel);
    bool (*load)(const struct kernel_request *r, struct image *im, struct problem *p);
} formats[] = {
    {bzimage_probe, bzimage_load},
    {multiboot_probe, multiboot_load},
    {vmlinux_probe, vmlinux_load},
    {elf_probe, elf_load},
};

/* Things that people take for kernels, by their first bytes. */
static const struct {
    const char *magic;
    size_t length;
    const char *advice;
} lookalikes[] = {
    {"\x1f\x8b", 2, "this is gzip-compressed; unpack it with gunzip first"},
    {"\xfd"
     "7zXZ",
     5, "this is xz-compressed; unpack it with unxz first"},
    {"\x28\xb5\x2f\xfd", 4, "this is zstd-compressed; unpack it with unzstd first"},
    {"BZh", 3, "this is bzip2-compressed; unpack it with bunzip2 first"},
    {"070701", 6, "this is a cpio archive, probably an initrd; the kernel is another file"},
    {"!<arch>", 7, "this is a package or library archive, not a kernel"},
    {"#!", 2, "this is a script, not a kernel"},
    {"MZ", 2,
     "this starts like an EFI program but has no Linux boot header; it is truncated or not a "
     "kernel"},
};

static bool refuse(const struct kernel_request *r, struct problem *p)
{
    for (unsigned i = 0; i < sizeof lookalikes / sizeof lookalikes[0]; i++) {
        if (r->kernel.size >= lookalikes[i].length &&
            memcmp(r->kernel.data, lookalikes[i].magic, lookalikes[i].length) == 0)
            return problem_bad(p, "kernel %s: %s", r->path, lookalikes[i].advice);
    }
    return problem_bad(p,
                       "kernel %s: not a kernel that Ring1 knows (a 32-bit Linux bzImage, a "
                       "multiboot kernel, or an i386 ELF file)",
                       r->path);
}

bool kernel_load(const struct kernel_request *r, struct image *im, struct problem *p)
{
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (formats[i].probe(&r->kernel))
            return formats[i].load(r, im, p);
    }
    return refuse(r, p);
}
