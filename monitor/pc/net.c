/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A PC gives the guest no network yet.
 */
#include "monitor/host_io.h"

bool host_net(uint8_t mac[6])
{
    (void)mac;
    return false;
}

void host_net_send(const void *frame, size_t len)
{
    (void)frame, (void)len;
}

size_t host_net_receive(void *frame, size_t size)
{
    (void)frame, (void)size;
    return 0;
}
