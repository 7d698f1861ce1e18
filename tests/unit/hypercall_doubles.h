/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls of the monitor are counted. Included by one file of a test program that does not want the
 * rooms behind them.
 */
#ifndef RING1_HYPERCALL_DOUBLES_H
#define RING1_HYPERCALL_DOUBLES_H

#include "monitor/hypercall.h"

static unsigned hypercalls;

void hypercall(struct vcpu *v)
{
    (void)v;
    hypercalls++;
}

bool hypercall_quick(struct vcpu *v)
{
    (void)v;
    hypercalls++;
    return true;
}

void hypercall_end(struct vm *vm)
{
    (void)vm;
}

#endif
