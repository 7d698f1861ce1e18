/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The marks behind page traces: one byte of clients per guest frame. Marks come in and
 * go out; who acts on them is not known here.
 */
#include "monitor/trace.h"

#include "monitor/pool.h"

bool trace_create(struct vm *vm)
{
    uint32_t frames = (uint32_t)(vm->ram.size / PAGE_SIZE);
    vm->trace = pool_alloc(vm->pool, sizeof *vm->trace + frames);
    if (!vm->trace)
        return false;
    vm->trace->frames = frames;
    return true;
}

static bool marked(const struct trace *t, gfn_t f)
{
    return t && f.v < t->frames;
}

unsigned trace_clients(const struct vm *vm, gfn_t f)
{
    return marked(vm->trace, f) ? vm->trace->clients[f.v] : 0;
}

bool trace_add(struct vm *vm, gfn_t f, enum trace_client c)
{
    if (!marked(vm->trace, f))
        return false;
    unsigned before = vm->trace->clients[f.v];
    vm->trace->clients[f.v] = (uint8_t)(before | c);
    return !before;
}

bool trace_remove(struct vm *vm, gfn_t f, enum trace_client c)
{
    if (!marked(vm->trace, f))
        return false;
    unsigned before = vm->trace->clients[f.v];
    vm->trace->clients[f.v] = (uint8_t)(before & ~(unsigned)c);
    return before && !vm->trace->clients[f.v];
}
