/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * --perf-map: tells `perf' what the bytes of the translation cache are, by the file that Linux's
 * tools/perf/Documentation/jit-interface.txt describes: a line "START SIZE NAME" for each piece of
 * code. A line is written when its block is made, which takes ten times as long as that, so that
 * the file is whole whenever the machine ends. The first line of the shared code stands at the
 * start and wherever the cache was emptied: what follows may lie where something else was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "monitor/log.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"

#define NAME_SIZE 64u

static int map = -1;

static void line(uint64_t start, uint32_t bytes, const char *name)
{
    char text[128];
    size_t n = fmt_print(text, sizeof text, "%lx %x %s\n", start, bytes, name);
    sys_call6(__NR_write, (uint64_t)map, (uint64_t)text, n, 0, 0, 0);
}

/* Who made a file of this name before is gone, as its number is ours. */
const char *process_perf_map_init(void)
{
    char name[NAME_SIZE];
    struct process_code_area fpu = process_fpu_area();
    fmt_print(name, sizeof name, "/tmp/perf-%d.map", (int)getpid());
    unlink(name);
    map = open(name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (map < 0)
        return "--perf-map: cannot make /tmp/perf-PID.map: /tmp must be writable, and no other "
               "user's file be there";
    line(fpu.exec, fpu.size, "ring1:fpu");
    return NULL;
}

int process_perf_map_fd(void)
{
    return map;
}

void process_perf_map_code(uint64_t exec, uint32_t bytes, uint32_t eip, bool user)
{
    char name[NAME_SIZE] = "ring1:thunks";
    if (map < 0)
        return;
    if (exec != process_cpu.tc_start)
        fmt_print(name, sizeof name, "guest:%s:%08x", user ? "user" : "kernel", eip);
    line(exec, bytes, name);
}
