/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every slot holds at most one table, so the list of a table's places runs through the
 * slots themselves and can never overflow.
 */
#include "shadow/slots.h"

#include "monitor/guestmem.h"
#include "shadow/flush.h"

struct shadow_space *slot_space(struct shadow *s, uint32_t n)
{
    return &s->space[(n - 1) / HOST_SPACE_SLOTS];
}

unsigned slot_index(uint32_t n)
{
    return (n - 1) % HOST_SPACE_SLOTS;
}

static struct shadow_slot *slot_at(struct shadow *s, uint32_t n)
{
    return &slot_space(s, n)->slot[slot_index(n)];
}

uint32_t slot_next(struct shadow *s, uint32_t n)
{
    return slot_at(s, n)->next;
}

struct shadow_table *slot_table(struct shadow *s, const struct shadow_space *sp, unsigned index)
{
    uint32_t n = sp->slot[index].table;
    return n ? &s->table[n] : NULL;
}

unsigned slot_next_held(const struct shadow_space *sp, unsigned from, unsigned end)
{
    while (from < end) {
        uint64_t left = sp->held[from / 64] >> from % 64;
        if (left) {
            from += (unsigned)__builtin_ctzll(left);
            return from < end ? from : end;
        }
        from = (from / 64 + 1) * 64;
    }
    return end;
}

static void host_attach(struct shadow *s, struct shadow_space *sp, unsigned index,
                        const struct shadow_table *t)
{
    if (!t->whole) {
        host_space_attach(sp->host, index, t->host);
        return;
    }
    s->vm->stats.n[STAT_SH_LARGE]++;
    host_space_attach_large(sp->host, index, guest_frame(s->vm, gfn(t->base)), t->whole);
}

void slot_attach(struct shadow *s, struct shadow_space *sp, unsigned index, struct shadow_table *t)
{
    uint32_t n = slot_number(s, sp, index);
    sp->slot[index] = (struct shadow_slot){.table = table_number(s, t), .next = t->slots};
    if (t->slots)
        slot_at(s, t->slots)->prev = n;
    t->slots = n;
    t->hangs++;
    sp->used++;
    sp->held[index / 64] |= 1ull << index % 64;
    host_attach(s, sp, index, t);
}

void slot_split(struct shadow *s, const struct shadow_table *t)
{
    for (uint32_t n = t->slots; n; n = slot_next(s, n)) {
        host_attach(s, slot_space(s, n), slot_index(n), t);
        if (slot_space(s, n) == s->current)
            flush_owe_all(s);
    }
}

void slot_detach(struct shadow *s, struct shadow_space *sp, unsigned index)
{
    struct shadow_slot *p = &sp->slot[index];
    struct shadow_table *t = &s->table[p->table];
    if (p->prev)
        slot_at(s, p->prev)->next = p->next;
    else
        t->slots = p->next;
    if (p->next)
        slot_at(s, p->next)->prev = p->prev;
    *p = (struct shadow_slot){0};
    t->hangs--;
    sp->used--;
    sp->held[index / 64] &= ~(1ull << index % 64);
    host_space_detach(sp->host, index);
    if (sp == s->current)
        flush_owe_all(s);
}
