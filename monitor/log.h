/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The monitor's voice: formatted lines to the host's log, and panic(), the one way
 * out for errors that are ours. Errors that are the guest's go to vm_kill (vm.h).
 */
#ifndef RING1_LOG_H
#define RING1_LOG_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Formats into BUF (SIZE bytes, always terminated) and returns the length written.
 * Knows %s %c %d %i %u %x %p %%, l, ll and z, width, 0 and - flags, and precision of %s.
 */
size_t fmt_vprint(char *buf, size_t size, const char *format, va_list ap);
size_t fmt_print(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line to the log; the newline is added. At most 400 bytes, the rest is cut. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The monitor itself is wrong: says so and ends the host with EXIT_HOST_TROUBLE. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
