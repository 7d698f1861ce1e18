/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * `--net user': a network of the guest's own behind this process's sockets, by libslirp in a
 * process of its own. A socket on which each message is an Ethernet frame comes out. libslirp is
 * looked for when it is asked for, so that ring1 runs where it is not installed.
 */
#ifndef RING1_LOADER_NETUSER_H
#define RING1_LOADER_NETUSER_H

#include "loader/problem.h"

#include <sys/types.h>

struct netuser {
    pid_t helper; /* 0: none */
    int machine;  /* the machine's end, which does not block; -1: none */
};

/* Starts the helper, which ends with the machine's last end of the socket, or with the loader.
 * False: P says why not. */
bool netuser_start(struct netuser *n, struct problem *p);

void netuser_stop(struct netuser *n);

#endif
