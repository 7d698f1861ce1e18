/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a VM ends: once, with the first reason kept.
 */
#include "monitor/vm.h"

#include "monitor/log.h"

static void end(struct vm *vm, enum plan_exit how, const char *format, va_list ap)
{
    if (vm->ended)
        return;
    vm->ended = true;
    vm->exit = how;
    fmt_vprint(vm->reason, sizeof vm->reason, format, ap);
}

void vm_kill(struct vm *vm, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    end(vm, EXIT_GUEST_KILLED, format, ap);
    va_end(ap);
}

void vm_end(struct vm *vm, enum plan_exit how, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    end(vm, how, format, ap);
    va_end(ap);
}
