/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The program that the benchmark executes: it ends at once.
 */
#include "tests/bench/guest/sys.h"

void _start(void);
void _start(void)
{
    for (;;)
        call3(SYS_EXIT, 0, 0, 0);
}
