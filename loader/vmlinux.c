/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A Linux vmlinux: the ELF file that a bzImage has inside. It starts where the bzImage's unpacker
 * would jump to, with the same zero page, whose setup header the file does not have: one is made up
 * of what the kernel proper reads there. Its segments lie where it was linked for; it does not
 * move.
 */
#define _GNU_SOURCE /* memmem */
#include "loader/kernel.h"
#include "loader/zeropage.h"

#include <string.h>

#define PROTOCOL         0x20fu /* of the header: Linux 5.5 */
#define INITRD_MAX       0x37ffffffu
#define COMMAND_LINE_MAX 2047u /* COMMAND_LINE_SIZE of every x86 kernel since 2.6.21 */

/* Every Linux kernel has its banner. What only names it, in a message perhaps, has no digit there.
 */
bool vmlinux_probe(const struct blob *kernel)
{
    static const char banner[] = "Linux version ";
    const uint8_t *at = kernel->data, *end = kernel->data + kernel->size;
    if (!elf_probe(kernel))
        return false;
    while ((at = memmem(at, (size_t)(end - at), banner, sizeof banner - 1))) {
        at += sizeof banner - 1;
        if (end - at >= 2 && at[0] >= '2' && at[0] <= '9' && at[1] == '.')
            return true;
    }
    return false;
}

bool vmlinux_load(const struct kernel_request *r, struct image *im, struct problem *p)
{
    uint8_t h[H_END] = {0};
    if (!elf_load_segments(r, im, p))
        return false;
    put32(h, H_BOOT_FLAG, 0xaa55);
    memcpy(h + H_MAGIC, "HdrS", 4);
    put32(h, H_VERSION, PROTOCOL);
    h[H_LOADFLAGS] = LOADED_HIGH;
    put32(h, H_INITRD_ADDR_MAX, INITRD_MAX);
    put32(h, H_CMDLINE_SIZE, COMMAND_LINE_MAX);
    return zeropage_add(r, h, INITRD_MAX, COMMAND_LINE_MAX, im, p);
}
