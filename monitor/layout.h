/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where things lie in linear address space while a guest runs on the bare PC.
 * The guest can name 0 - 4 GiB and no more; everything else is the monitor's,
 * in supervisor pages that no 32-bit address reaches. Shared with NASM through
 * generated constants; the linker script uses the same numbers.
 */
#ifndef RING1_LAYOUT_H
#define RING1_LAYOUT_H

#define GUEST_SPAN 0x100000000ull /* the guest's linear space: 0 .. 4 GiB */

/* One PML4 slot (512 GiB) each; all in 0xffff9... so that no sign-extended
 * 32-bit displacement comes near. */
#define DIRECT_MAP   0xffff900000000000ull /* all host RAM, read-write, not executable */
#define MONITOR_BASE 0xffff910000000000ull /* the monitor image */
#define TC_EXEC      0xffff920000000000ull /* translation cache: read-only + executable */
#define TC_STACK     0xffff930000000000ull /* its stack; nothing is mapped below */

#endif
