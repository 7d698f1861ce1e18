/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a shadow entry may grant, as one pure function of what the guest's tables say and
 * whether the frame is traced. It does not depend on the virtual CPL: the same entry
 * serves kernel and user code.
 */
#ifndef RING1_SHADOW_PERM_H
#define RING1_SHADOW_PERM_H

#include "monitor/types.h"

/* The guest's rights, combined over all levels of the path. */
struct perm {
    bool user;
    bool writable;
    bool dirty;    /* D of the leaf */
    bool accessed; /* A of every level */
};

/* Flags (enum shadow_flags) for a page with rights P; 0: not to be mapped yet. WP is
 * CR0.WP. */
unsigned shadow_perm(struct perm p, bool traced, bool wp);

/* Do FLAGS grant ACCESS (PF_W, PF_U as in an error code)? */
bool shadow_grants(unsigned flags, unsigned access);

#endif
