/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See breaks.h. That a page has a breakpoint is told to the translator once, which drops what it
 * has made of that page; that nothing new is made of it is exit.c's to see to.
 */
#include "monitor/gdb/breaks.h"

#include "bt/bt.h"
#include "monitor/guestwalk.h"

bool breaks_insert(struct vcpu *v, struct gdb_breaks *b, uint32_t linear, enum gdb_break_kind kind)
{
    for (unsigned i = 0; i < b->count; i++) {
        if (b->at[i].linear == linear && b->at[i].kind == kind)
            return true;
    }
    if (b->count == GDB_BREAKS_MAX)
        return false;
    bool known = breaks_on_page(b, linear);
    b->at[b->count++] = (struct gdb_break){linear, kind};
    if (!known && v->vm->bt)
        bt_drop_page(v->vm, gva(linear & ~PAGE_MASK));
    return true;
}

void breaks_remove(struct gdb_breaks *b, uint32_t linear, enum gdb_break_kind kind)
{
    for (unsigned i = 0; i < b->count; i++) {
        if (b->at[i].linear == linear && b->at[i].kind == kind) {
            b->at[i] = b->at[--b->count];
            return;
        }
    }
}

const struct gdb_break *breaks_find(const struct gdb_breaks *b, uint32_t linear)
{
    for (unsigned i = 0; i < b->count; i++) {
        if (b->at[i].linear == linear)
            return &b->at[i];
    }
    return NULL;
}

bool breaks_on_page(const struct gdb_breaks *b, uint32_t linear)
{
    for (unsigned i = 0; i < b->count; i++) {
        if (!((b->at[i].linear ^ linear) & ~PAGE_MASK))
            return true;
    }
    return false;
}

bool breaks_in_user_code(struct vcpu *v, const struct gdb_breaks *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        struct walk w;
        uint32_t error;
        if (guest_walk(v, gva(b->at[i].linear), PF_U | PF_I, &w, &error))
            return true;
    }
    return false;
}
