/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Loaded before the C library: a system whose programs may not write the base of GS (Linux before
 * 5.9 tells them nothing).
 */
#include <sys/auxv.h>

unsigned long getauxval(unsigned long type)
{
    (void)type;
    return 0;
}
