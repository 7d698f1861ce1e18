/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One row a request. The marks keep an answer apart from what the log says by itself.
 */
#include "monitor/request.h"

#include "monitor/host.h"
#include "monitor/log.h"
#include "monitor/run.h"
#include "monitor/types.h"

static void statistics(struct vm *vm)
{
    struct stats now;
    vm_counters(vm, &now);
    stats_print(&now);
}

static const struct {
    enum plan_request request;
    void (*answer)(struct vm *vm);
} rows[] = {
    {PLAN_REQUEST_STATS, statistics},
};

void request_service(struct vm *vm)
{
    int request = host_request();
    for (unsigned i = 0; request >= 0 && i < ARRAY_SIZE(rows); i++) {
        if (request != (int)rows[i].request)
            continue;
        log_line(PLAN_ANSWER_BEGIN);
        rows[i].answer(vm);
        log_line(PLAN_ANSWER_END);
    }
}
