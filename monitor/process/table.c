/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shadow tables and spaces as records in ordinary memory. A change to less takes mappings away at
 * once (pane.h); a change to more does nothing, for the access that wants it comes as a fault.
 */
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/process/pane.h"
#include "monitor/process/record.h"
#include "monitor/process/room.h"

/* ---- Tables ----------------------------------------------------------------- */

static struct table *table(htable_t t)
{
    if (!t.id || t.id >= MAX_TABLES || !records.table[t.id].live)
        panic("there is no shadow table %u", t.id);
    return &records.table[t.id];
}

htable_t host_table_create(void)
{
    uint32_t id = records.free_table;
    if (id)
        records.free_table = records.table[id].next;
    else if (records.last_table < MAX_TABLES - 1)
        id = ++records.last_table;
    else
        return (htable_t){0};
    memset(&records.table[id], 0, sizeof records.table[id]);
    records.table[id].live = true;
    return (htable_t){id};
}

void host_table_free(htable_t id)
{
    struct table *t = table(id);
    if (t->attached || t->panes)
        panic("shadow table %u is freed while it is attached", id.id);
    t->live = false;
    t->next = records.free_table;
    records.free_table = id.id;
}

bool host_table_set(htable_t id, unsigned index, hfn_t frame, unsigned flags)
{
    struct table *t = table(id);
    uint32_t old = t->entry[index], new = entry_of(frame, flags);
    if ((old ^ new) & ~(uint32_t)(SH_WRITE | SH_EXEC))
        pane_unmap(t, index);
    else if (old & ~new &(uint32_t)SH_WRITE)
        pane_close(t, index);
    t->entry[index] = new;
    room_for(0); /* a mapping may have been split */
    return old & SH_PRESENT;
}

/* ---- Spaces ----------------------------------------------------------------- */

static struct space *space(hspace_t s)
{
    if (!s.id || s.id >= MAX_SPACES || !records.space[s.id].live)
        panic("there is no address space %u", s.id);
    return &records.space[s.id];
}

hspace_t host_space_create(void)
{
    for (uint32_t i = 1; i < MAX_SPACES; i++) {
        struct space *s = &records.space[i];
        if (s->live)
            continue;
        s->live = true; /* the slots were emptied when it was freed */
        return (hspace_t){i};
    }
    return (hspace_t){0};
}

/* The windows go first, each as a whole: to detach what they show would cost a call a slot. */
void host_space_free(hspace_t s)
{
    struct space *p = space(s);
    if (records.window[s.id].pieces)
        pane_clear_window(s.id);
    if (records.current == s.id && records.window[0].pieces)
        pane_clear_window(0);
    for (unsigned i = 0; i < HOST_SPACE_SLOTS; i++) {
        if (p->slot[i])
            host_space_detach(s, i);
    }
    if (records.current == s.id)
        records.current = 0;
    p->live = false;
}

/* Puts CONTENT at SLOT. What both windows of the space show there goes. */
static void put(hspace_t s, unsigned slot, uint32_t content)
{
    struct space *p = space(s);
    if (p->slot[slot] == content)
        return;
    if (records.window[s.id].shows[slot])
        pane_clear(s.id, slot, slot);
    if (records.current == s.id && records.window[0].shows[slot])
        pane_clear(0, slot, slot);
    struct table *before = slot_table(p->slot[slot]), *after = slot_table(content);
    if (before)
        before->attached--;
    if (after)
        after->attached++;
    p->slot[slot] = content;
    p->agreed = 0;
}

void host_space_attach(hspace_t s, unsigned slot, htable_t t)
{
    table(t);
    put(s, slot, t.id << SLOT_TABLE_SHIFT);
}

void host_space_attach_large(hspace_t s, unsigned slot, hfn_t first, unsigned flags)
{
    put(s, slot, entry_of(first, flags));
}

void host_space_detach(hspace_t s, unsigned slot)
{
    put(s, slot, 0);
}

/* ---- Using one --------------------------------------------------------------- */

/* What the kernel window shows of the space before and not of P goes; a kernel's own part is the
 * same tables in all spaces and stays. Neighbours go by one call. */
static void change_kernel_window(const struct space *p)
{
    const struct window *w = &records.window[0];
    unsigned first = HOST_SPACE_SLOTS, last = 0;
    for (unsigned i = pane_next(w, 0); i < HOST_SPACE_SLOTS; i = pane_next(w, i + 1)) {
        if (w->shows[i] != p->slot[i]) {
            first = first == HOST_SPACE_SLOTS ? i : first;
            last = i;
        } else if (first != HOST_SPACE_SLOTS) {
            pane_clear(0, first, last);
            first = HOST_SPACE_SLOTS;
        }
    }
    if (first != HOST_SPACE_SLOTS)
        pane_clear(0, first, last);
}

void host_space_use(hspace_t s)
{
    const struct space *p = space(s);
    if (records.current == s.id)
        return;
    records.space[records.current].agreed = records.kernel_changes;
    if (p->agreed != records.kernel_changes)
        change_kernel_window(p);
    records.current = s.id;
    records.window[s.id].last_use = ++records.clock;
}

/* The windows never show what the tables do not allow, so there is nothing to forget. */
void host_flush_page(gva_t page)
{
    (void)page;
}

void host_flush_all(void)
{
}
