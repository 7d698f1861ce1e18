/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See line.h. A line that is held down by somebody who is not driven here would interrupt for ever:
 * after a while it is not listened to any more.
 */
#include "monitor/pc/line.h"

#include "monitor/log.h"
#include "monitor/pc/pc.h"

#define DEVICES     (PLAN_DISKS + 1u) /* and the network */
#define MOST_STRAYS 1000u

static struct {
    const struct vq_device *device;
    unsigned irq;
} listening[DEVICES];
static unsigned count, strays;

bool line_listen(const struct vq_device *d)
{
    unsigned irq = pc_pci_interrupt(d->pci.slot);
    if (count == DEVICES || irq > 15 || !pc_irq_share(irq))
        return false;
    listening[count].device = d;
    listening[count++].irq = irq;
    return true;
}

bool pc_line_came(unsigned irq)
{
    bool ours = false;
    for (unsigned i = 0; i < count; i++)
        ours |= listening[i].irq == irq && vq_take_isr(listening[i].device);
    strays = ours ? 0 : strays + 1;
    if (strays < MOST_STRAYS)
        return true;
    log_line("ring1: interrupt line %u is held down by a device that nobody drives: it is masked, "
             "and disks and network may be slow",
             irq);
    strays = 0;
    return false;
}
