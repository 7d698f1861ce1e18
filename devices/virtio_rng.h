/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The entropy device: every buffer comes back full of the host's random bytes. Virtual I/O Device
 * 1.2, section 5.4.
 */
#ifndef RING1_VIRTIO_RNG_H
#define RING1_VIRTIO_RNG_H

#include "devices/virtio.h"

struct virtio_rng {
    struct virtio v;
};

extern const struct virtio_class virtio_rng;

#endif
