/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One record per mirrored guest frame, found by a table of one number per frame: no
 * hash that a guest could fill with collisions.
 */
#include "shadow/mirror.h"

#include "monitor/trace.h"
#include "shadow/table.h"

struct mirror *mirror_find(struct shadow *s, gfn_t f)
{
    if (f.v >= s->vm->ram.size / PAGE_SIZE || !s->mirror_of[f.v])
        return NULL;
    return &s->mirror[s->mirror_of[f.v] - 1];
}

struct mirror *mirror_get(struct shadow *s, gfn_t f)
{
    struct mirror *m = mirror_find(s, f);
    if (m || !s->free_mirrors || f.v >= s->vm->ram.size / PAGE_SIZE)
        return m;
    m = s->free_mirrors;
    s->free_mirrors = m->next;
    *m = (struct mirror){.frame = f};
    s->mirror_of[f.v] = (uint16_t)(m - s->mirror + 1);
    if (!s->told && trace_add(s->vm, f, TRACE_PAGETABLE))
        table_protect_frame(s, f);
    return m;
}

void mirror_release(struct shadow *s, struct mirror *m)
{
    if (m->tables || m->roots)
        return;
    trace_remove(s->vm, m->frame, TRACE_PAGETABLE);
    s->mirror_of[m->frame.v] = 0;
    m->next = s->free_mirrors;
    s->free_mirrors = m;
}
