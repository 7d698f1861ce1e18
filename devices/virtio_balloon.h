/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The balloon device: memory that the guest does without goes back to the host, whose frames are
 * then filled anew when they are used again. The host asks for none; what the guest reports as
 * free (free page reporting) is taken, as is what it puts into the balloon by itself. Virtual I/O
 * Device 1.2, section 5.5.
 */
#ifndef RING1_VIRTIO_BALLOON_H
#define RING1_VIRTIO_BALLOON_H

#include "devices/virtio.h"

struct virtio_balloon {
    struct virtio v;
    uint32_t actual; /* pages in the balloon, as the driver says */
};

extern const struct virtio_class virtio_balloon;

#endif
