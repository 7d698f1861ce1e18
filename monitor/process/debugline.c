/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The line to a debugger: a socket to the loader, as the console's is. What comes in raises SIGIO,
 * so that a running guest hears of it at once.
 */
#define _GNU_SOURCE
#include <poll.h>

#include "monitor/process/console.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"

static int line = -1;
static uint8_t in[512];
static size_t in_at, in_len;

void process_debug_init(const struct process_io *io)
{
    line = io->debug;
    if (line >= 0)
        process_signal_input(line);
}

int host_debug_get(void)
{
    if (in_at == in_len) {
        int64_t n = line < 0 ? 0 : process_receive(line, in, sizeof in);
        in_at = 0;
        in_len = n > 0 ? (size_t)n : 0;
    }
    return in_at < in_len ? in[in_at++] : -1;
}

void host_debug_put(const char *bytes, size_t len)
{
    process_write_all(line, bytes, len);
}

void host_debug_wait(void)
{
    process_sleep(line);
}
