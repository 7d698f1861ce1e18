/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Permissions of shadow entries. An entry that the CPU would first have to mark (A, or D
 * for a write) stays closed, so that the fault lets the walker mark it.
 */
#include "shadow/perm.h"

#include "monitor/x86.h"

unsigned shadow_perm(struct perm p, bool traced, bool wp)
{
    if (!p.accessed)
        return 0;
    unsigned flags = SH_PRESENT;
    if (p.user)
        flags |= SH_USER | (p.exec ? (unsigned)SH_EXEC : 0u);
    /* With WP clear the supervisor may write anything (SDM 3A 4.6.1). Only a page that user
     * code cannot reach can say so in the hardware's terms, where WP is always set; the others wait
     * for the write (table_flip). */
    bool may_write = p.writable || (!wp && !p.user);
    if (may_write && p.dirty && !traced)
        flags |= SH_WRITE;
    return flags;
}

bool shadow_grants(unsigned flags, unsigned access)
{
    if (!(flags & SH_PRESENT))
        return false;
    if ((access & PF_U) && !(flags & SH_USER))
        return false;
    if ((access & PF_U) && (access & PF_I) && !(flags & SH_EXEC))
        return false;
    return !(access & PF_W) || (flags & SH_WRITE);
}
