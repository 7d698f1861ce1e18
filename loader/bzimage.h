/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where things stand in a Linux bzImage (Documentation/arch/x86/boot.rst in the Linux tree): for
 * the loader and for `ring1 inspect`.
 */
#ifndef RING1_LOADER_BZIMAGE_H
#define RING1_LOADER_BZIMAGE_H

#include "loader/input.h"

/* Offsets in the setup header, which has the same place in the file and in the zero page. */
enum bzimage_header {
    H_SETUP_SECTS = 0x1f1,
    H_SYSSIZE = 0x1f4,
    H_BOOT_FLAG = 0x1fe,
    H_LENGTH = 0x201, /* the header ends this many bytes behind 0x202 */
    H_MAGIC = 0x202,
    H_VERSION = 0x206,
    H_KERNEL_VERSION = 0x20e, /* of a text, from 0x200 */
    H_LOADER_TYPE = 0x210,
    H_LOADFLAGS = 0x211,
    H_CODE32_START = 0x214,
    H_RAMDISK_IMAGE = 0x218,
    H_RAMDISK_SIZE = 0x21c,
    H_CMD_LINE_PTR = 0x228,
    H_INITRD_ADDR_MAX = 0x22c,
    H_KERNEL_ALIGNMENT = 0x230,
    H_RELOCATABLE = 0x234,
    H_XLOADFLAGS = 0x236,
    H_CMDLINE_SIZE = 0x238,
    H_PAYLOAD_OFFSET = 0x248, /* from the end of the setup code; version 2.08 */
    H_PAYLOAD_LENGTH = 0x24c,
    H_PREF_ADDRESS = 0x258,
    H_INIT_SIZE = 0x260,
    H_END = 0x268, /* of the fields used here */
};

#define LOADED_HIGH   0x01u /* of H_LOADFLAGS */
#define XLF_KERNEL_64 0x01u /* of H_XLOADFLAGS, version 2.12 */

/* Copies KERNEL's header into H, zeros behind its end: old headers and small files end early.
 * False: it ends before the fields that every loader needs. */
bool bzimage_copy_header(const struct blob *kernel, uint8_t h[H_END]);

/* Bytes of the setup code, the boot sector included. */
size_t bzimage_setup_size(const uint8_t h[H_END]);

/* Where the packed kernel lies in KERNEL; borrowed. False: this version does not tell, or it lies
 * outside. */
bool bzimage_payload(const struct blob *kernel, const uint8_t h[H_END], struct blob *out);

#endif
