/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the probe runs: on an emulator's bare CPU, or as a guest of Ring1. Its console's output
 * comes back as text. And the image that boots it on a PC.
 */
#ifndef RING1_HOLE_MACHINE_H
#define RING1_HOLE_MACHINE_H

#include "loader/action.h"

/* The probe's file, a flat multiboot kernel (probe.asm), from data.asm. */
extern const uint8_t hole_probe[];
extern const uint32_t hole_probe_size;

struct hole_machine {
    const struct emulator *on;
    bool guest;       /* of Ring1; else bare */
    uint32_t timeout; /* seconds */
    int signals;      /* from relay_signals */
};

/* Runs the probe to its end. TEXT is allocated, what it printed, NUL-terminated; NULL if
 * OUT->signal ended it. False: it could not be run to its end, and P says why. Nothing is left of
 * the run. */
bool hole_machine_run(const struct hole_machine *m, char **text, struct outcome *out,
                      struct problem *p);

/* Makes FILE, a CD image with a menu: the probe on the bare machine, and under Ring1. */
bool hole_image_make(const char *file, int signals, struct outcome *out, struct problem *p);

#endif
