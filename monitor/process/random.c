/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Entropy of the process host: the kernel's.
 */
#include <errno.h>

#include "monitor/host_io.h"
#include "monitor/log.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"

void host_random(void *buf, size_t len)
{
    for (uint8_t *to = buf; len;) {
        int64_t n = sys_call6(__NR_getrandom, (uint64_t)to, len, 0, 0, 0, 0);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            panic("getrandom: error %d", (int)-n);
        to += n;
        len -= (size_t)n;
    }
}
