/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a shadow entry may grant, as one pure function of what the guest's tables say and
 * whether the frame is traced. It does not depend on the virtual CPL: the same entry
 * serves kernel and user code.
 */
#ifndef RING1_SHADOW_PERM_H
#define RING1_SHADOW_PERM_H

#include "monitor/host.h"
#include "monitor/types.h"

/* The guest's rights, combined over all levels of the path. */
struct perm {
    bool user;
    bool writable;
    bool exec;
    bool dirty;    /* D of the leaf */
    bool accessed; /* A of every level */
};

/* Flags (enum shadow_flags) for a page with rights P; 0: not to be mapped yet. WP is
 * CR0.WP. */
unsigned shadow_perm(struct perm p, bool traced, bool wp);

/* With WP clear the supervisor may write a user page that the user may not, and no entry can say
 * so to both: what the page's entry becomes for such a write to a frame that is not traced. A
 * user access faults then, and shadow_perm's flags return. */
#define SHADOW_SUPERVISOR_WRITES (SH_PRESENT | SH_WRITE)

/* Do FLAGS grant ACCESS (PF_W, PF_U, PF_I as in an error code)? */
bool shadow_grants(unsigned flags, unsigned access);

#endif
