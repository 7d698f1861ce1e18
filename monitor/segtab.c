/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hardware's GDT and LDT for direct execution. Guest selectors and the guest's own tables come
 * in; entries that ring 3 may load, and never anything else, go to the host. It remembers a
 * handful of mirrored entries and compares them with the guest's before each entry into user code:
 * a loaded segment is reversible while the table still says what was loaded.
 */
#include "monitor/direct.h"
#include "monitor/host.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/segment.h"
#include "monitor/selector.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

#define MIRRORS 16

struct mirror {
    uint16_t sel; /* RPL 0 */
    uint64_t raw; /* the guest's bytes as last read; 0 if there were none to read */
};

struct segtab {
    struct mirror entry[MIRRORS];
    unsigned n;
    uint16_t entered[S_COUNT]; /* the selectors that user code started with */
};

bool segtab_create(struct vm *vm)
{
    vm->segtab = pool_alloc(vm->pool, sizeof *vm->segtab);
    return vm->segtab != NULL;
}

static uint16_t slot_of(uint16_t sel)
{
    return sel & 0xfffc;
}

static bool mirrorable(uint16_t sel)
{
    return !NO_SELECTOR(sel) && ((sel & SEL_TI) || sel < HOST_FIRST_SELECTOR);
}

/*
 * What the hardware may hold for a guest descriptor: present code and data of DPL 3 with the
 * accessed bit set already (or the CPU would write to our table), never L (64-bit code). Conforming
 * code of an inner level is left to the interpreter. Bases, limits and sizes are
 * the guest's own business: linear addresses wrap at 4 GiB in compatibility mode.
 */
static uint64_t sanitised(uint64_t raw)
{
    const uint32_t needed = SA_P | SA_S | SA_DPL | SA_ACCESSED;
    struct descriptor d = {.raw = raw};
    if ((descriptor_attr(&d) & needed) != needed)
        return 0;
    return raw & ~((uint64_t)SA_L << 40);
}

/* The guest's bytes for SEL, 0 where there are none or their page is not mapped: nobody has
 * asked for a fault here. */
static uint64_t guest_bytes(struct vcpu *v, uint16_t sel)
{
    struct exception pending = v->exc;
    uint64_t raw;
    gva_t where;
    if (!selector_locate(v, sel, &where))
        return 0;
    v->exc.valid = false;
    if (!vmem_read(v, where, &raw, sizeof raw, 0))
        raw = 0;
    v->exc = pending;
    return raw;
}

static struct mirror *find(struct segtab *t, uint16_t sel)
{
    for (unsigned i = 0; i < t->n; i++) {
        if (t->entry[i].sel == slot_of(sel))
            return &t->entry[i];
    }
    return NULL;
}

void segtab_forget(struct vcpu *v)
{
    struct segtab *t = v->vm->segtab;
    if (!t)
        return;
    for (unsigned i = 0; i < t->n; i++)
        host_descriptor_set(t->entry[i].sel, 0);
    t->n = 0;
    direct_disarm(v);
}

static void set(struct mirror *m, uint64_t raw)
{
    m->raw = raw;
    host_descriptor_set(m->sel, sanitised(raw));
}

/* SEL's mirror, made if there is none. */
static struct mirror *obtain(struct vcpu *v, uint16_t sel)
{
    struct segtab *t = v->vm->segtab;
    struct mirror *m = find(t, sel);
    if (m)
        return m;
    if (t->n == MIRRORS)
        segtab_forget(v);
    m = &t->entry[t->n++];
    m->sel = slot_of(sel);
    set(m, guest_bytes(v, sel));
    return m;
}

static void verify(struct vcpu *v, struct mirror *m)
{
    uint64_t now = guest_bytes(v, m->sel);
    if (now != m->raw)
        set(m, now);
}

/* ---- Into user code ------------------------------------------------------------ */

static bool same_segment(const struct segment *a, const struct segment *b)
{
    return a->base == b->base && a->limit == b->limit && a->attr == b->attr;
}

/* Loading R's selector in ring 3 gives exactly what R holds. */
static bool reversible(struct vcpu *v, enum sreg r)
{
    const struct segment *s = &v->seg[r];
    struct segment loaded;
    if (s->attr & SA_NULL)
        return NO_SELECTOR(s->sel) && r != S_CS && r != S_SS;
    if (!mirrorable(s->sel))
        return false;
    const struct mirror *m = obtain(v, s->sel);
    segment_unpack(s->sel, m->raw, &loaded);
    return sanitised(m->raw) && same_segment(&loaded, s);
}

static bool level_is_user(const struct vcpu *v, enum sreg r)
{
    return SEL_RPL(v->seg[r].sel) == 3 && attr_dpl(v->seg[r].attr) == 3;
}

bool segtab_prepare(struct vcpu *v)
{
    struct segtab *t = v->vm->segtab;
    if (v->cpl != 3 || !level_is_user(v, S_CS) || !level_is_user(v, S_SS))
        return false;
    if (t->n > MIRRORS - S_COUNT) /* so that the loops below never run out of room */
        segtab_forget(v);
    for (unsigned i = 0; i < t->n; i++)
        verify(v, &t->entry[i]);
    for (unsigned r = 0; r < S_COUNT; r++) {
        if (!reversible(v, (enum sreg)r))
            return false;
        t->entered[r] = v->seg[r].sel;
    }
    return true;
}

bool segtab_list(struct vcpu *v, struct direct_check *list, unsigned most, uint32_t *n)
{
    const struct segtab *t = v->vm->segtab;
    *n = 0;
    for (unsigned i = 0; i < t->n; i++) {
        gva_t where;
        if (!selector_locate(v, t->entry[i].sel, &where))
            continue; /* outside its table, and absent in ours, until LGDT or LLDT */
        if (*n == most)
            return false;
        list[(*n)++] = (struct direct_check){t->entry[i].raw, where.v};
    }
    return *n != 0;
}

/* ---- Out of user code ----------------------------------------------------------- */

/* User code loaded SEL into a register: from a mirror, or it is null, or one of the host's own
 * descriptors, which no guest table vouches for and which becomes unusable. */
static void complete(struct segtab *t, struct segment *s)
{
    const struct mirror *m = NO_SELECTOR(s->sel) ? NULL : find(t, s->sel);
    if (m && sanitised(m->raw))
        segment_unpack(s->sel, m->raw, s);
    else
        *s = (struct segment){.attr = SA_NULL, .sel = s->sel & 3};
}

void segtab_collect(struct vcpu *v)
{
    struct segtab *t = v->vm->segtab;
    for (unsigned r = 0; r < S_COUNT; r++) {
        if (v->seg[r].sel != t->entered[r])
            complete(t, &v->seg[r]);
    }
}

/* A fault on a selector that is mirrored as the guest has it is the guest's own. The accessed bit
 * is set as the load that follows would. */
bool segtab_fill(struct vcpu *v, uint16_t sel)
{
    struct descriptor d;
    struct exception pending = v->exc;
    if (!mirrorable(sel))
        return false;
    d.raw = guest_bytes(v, sel);
    if (!sanitised(d.raw | (uint64_t)SA_ACCESSED << 40) || !selector_locate(v, sel, &d.where))
        return false;
    v->exc.valid = false;
    bool marked = descriptor_mark_accessed(v, &d);
    v->exc = pending;
    const struct mirror *m = find(v->vm->segtab, sel);
    if (!marked || (m && m->raw == d.raw))
        return false;
    set(obtain(v, sel), d.raw);
    return true;
}
