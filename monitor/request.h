/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the user asks of a running monitor (Ctrl-A t and the like): a request comes from
 * host_request, its answer goes to the log between two lines that say so.
 */
#ifndef RING1_REQUEST_H
#define RING1_REQUEST_H

#include "monitor/vm.h"

/* Answers at most one request, if there is one. Cheap if there is none. */
void request_service(struct vm *vm);

#endif
