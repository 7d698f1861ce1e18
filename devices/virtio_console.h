/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The console device, one port: what the guest writes goes to the host's console, as COM1's output
 * does, and input comes from there while the guest's last word came by this way (board.c). Virtual
 * I/O Device 1.2, section 5.3.
 */
#ifndef RING1_VIRTIO_CONSOLE_H
#define RING1_VIRTIO_CONSOLE_H

#include "devices/virtio.h"

struct virtio_console {
    struct virtio v;
    bool spoke; /* after anybody else did */
};

extern const struct virtio_class virtio_console;

/* Does input go to C? */
bool virtio_console_listens(const struct virtio_console *c);

#endif
