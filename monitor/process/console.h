/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's console, requests and the log as file descriptors.
 */
#ifndef RING1_PROCESS_CONSOLE_H
#define RING1_PROCESS_CONSOLE_H

#include "monitor/process/process.h"

/* What the guest wrote and waits here goes out. */
void process_console_flush(void);

/* All of LEN bytes to FD, however long the other side takes; nowhere if nobody is there. */
void process_write_all(int fd, const void *from, size_t len);

/* Bytes that wait at socket FD, without waiting for more: 0 for none, below 0 where none will come.
 */
int64_t process_receive(int fd, void *to, size_t size);

/* Input at socket FD is to raise SIGIO. */
void process_signal_input(int fd);

/* For poll: the descriptor of console input, -1 where there is none any more. */
int process_console_fd(void);

#endif
