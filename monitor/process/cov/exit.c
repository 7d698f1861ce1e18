/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For COV=1 only: what was counted is written out before the process ends, which no other code of
 * the C library's hears of. The guest is over then, so that its vector registers are free. The
 * linker puts this in the other's place (--wrap).
 */
#include "monitor/host.h"

void __gcov_dump(void);
_Noreturn void __real_host_exit(int status);
_Noreturn void __wrap_host_exit(int status);

_Noreturn void __wrap_host_exit(int status)
{
    __gcov_dump();
    __real_host_exit(status);
}
