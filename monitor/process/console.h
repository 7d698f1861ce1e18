/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's console, requests and the log as file descriptors.
 */
#ifndef RING1_PROCESS_CONSOLE_H
#define RING1_PROCESS_CONSOLE_H

#include "monitor/process/process.h"

/* What the guest wrote and waits here goes out. */
void process_console_flush(void);

/* For poll: the descriptor of console input, -1 where there is none any more. */
int process_console_fd(void);

#endif
