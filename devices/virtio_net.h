/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The network device: Ethernet frames between the guest and the host's network (host_io.h). Frames
 * wait at the host while the guest has no buffer for them, and are lost where either side has no
 * room. No offloads. Virtual I/O Device 1.2, section 5.1.
 */
#ifndef RING1_VIRTIO_NET_H
#define RING1_VIRTIO_NET_H

#include "devices/virtio.h"

#define VIRTIO_NET_MAC 6u

struct virtio_net {
    struct virtio v;
    uint8_t mac[VIRTIO_NET_MAC];
};

extern const struct virtio_class virtio_net;

/* Connects N to the host's network; before its first reset. False: there is none. */
bool virtio_net_attach(struct virtio_net *n);

#endif
