/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a guest may know of Ring1: the CPUID leaf that says it is there. The only
 * header that guest patches see. The hypercall interface will be described here.
 */
#ifndef RING1_ABI_H
#define RING1_ABI_H

/* CPUID leaf 0x40000000: EAX = highest leaf, EBX:ECX:EDX = this signature. */
#define RING1_CPUID_BASE 0x40000000u
#define RING1_SIGNATURE  "Ring1VMMx86\0" /* 12 bytes */

#endif
