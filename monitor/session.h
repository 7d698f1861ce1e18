/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A session: what the monitor does with a boot plan from the plan to the last guest's end.
 */
#ifndef RING1_SESSION_H
#define RING1_SESSION_H

#include "monitor/plan.h"
#include "monitor/pool.h"

/* Runs the guest that PLAN describes as often as PLAN says, each time in a VM made from POOL anew,
 * of which nothing is left when the next one begins; that is checked. Returns how the last one
 * ended (enum plan_exit), or -1, after a log line, if a VM could not be made. */
int session_run(const struct plan *plan, struct pool *pool);

#endif
