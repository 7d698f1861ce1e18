/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The network of the process host: a socket, on which each message is a frame, to a process that
 * the loader has started (loader/netuser.c). What comes in raises SIGIO, as the console's input
 * does.
 */
#include "monitor/host_io.h"
#include "monitor/mem.h"
#include "monitor/process/console.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"

static int net = -1;

void process_net_init(const struct process_io *io)
{
    net = io->net;
    if (net >= 0)
        process_signal_input(net);
}

/* Locally administered; the guest is alone with its host in its network. */
bool host_net(uint8_t mac[6])
{
    static const uint8_t address[6] = {0x52, 0x31, 0, 0, 0, 1};
    memcpy(mac, address, sizeof address);
    return net >= 0;
}

void host_net_send(const void *frame, size_t len)
{
    enum { DONTWAIT = 0x40, NOSIGNAL = 0x4000 };
    sys_call6(__NR_sendto, (uint64_t)net, (uint64_t)frame, len, DONTWAIT | NOSIGNAL, 0, 0);
}

size_t host_net_receive(void *frame, size_t size)
{
    int64_t n = process_receive(net, frame, size);
    if (n < 0) /* the other side has gone */
        net = -1;
    return n > 0 ? (size_t)n : 0;
}
