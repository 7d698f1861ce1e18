/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hardware's GDT and LDT for direct execution. The guest's tables come in; entries that ring 3
 * may load, or that LAR and its kin may show it, and never anything else, go to the host. What was
 * last read is kept and compared with the guest's tables before each entry into user code: a
 * loaded segment is reversible while the table still says what was loaded.
 */
#include "monitor/direct.h"
#include "monitor/host.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/segment.h"
#include "monitor/selector.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

#define ENTRIES 8192u
#define CHUNK   64u  /* entries that are compared together */
#define NEAR    128u /* entries of which all are compared, whether the hardware has them or not */

struct table {
    uint32_t base, n;               /* the guest's; N entries, none without an LDT */
    bool whole;                     /* compare all of it next time */
    uint64_t raw[ENTRIES];          /* as last read; 0 if there were no bytes to read */
    uint64_t changed[ENTRIES / 64]; /* a bit for each that the guest has changed since */
    uint8_t shown[ENTRIES / CHUNK]; /* how many of a chunk the hardware has */
};

struct segtab {
    struct table table[2];     /* GDT, LDT */
    uint16_t entered[S_COUNT]; /* the selectors that user code started with */
    struct direct_check list[DIRECT_MIRRORS];
    unsigned listed; /* of these are right; more than there is room for; or ... */
};
#define NOT_LISTED (~0u)

bool segtab_create(struct vm *vm)
{
    struct segtab *t = pool_alloc(vm->pool, sizeof *t);
    vm->segtab = t;
    if (t)
        t->listed = NOT_LISTED;
    return t != NULL;
}

void segtab_forget(struct vcpu *v)
{
    struct segtab *t = v->vm->segtab;
    if (!t)
        return;
    t->table[0].whole = t->table[1].whole = true;
    direct_disarm(v);
}

static bool local(uint16_t sel)
{
    return sel & SEL_TI;
}

/* SEL's table if SEL lies in what is known of it and is not null. */
static struct table *table_of(struct segtab *t, uint16_t sel)
{
    struct table *in = &t->table[local(sel)];
    return !NO_SELECTOR(sel) && SEL_INDEX(sel) < in->n ? in : NULL;
}

/* ---- What the hardware may hold ------------------------------------------------ */

/*
 * Code and data of DPL 3, never L (64-bit code). Those that are present have the accessed bit set
 * already, or the CPU would write to our table; the others may be looked at. Conforming code of an
 * inner level and all gates are left to the interpreter. Bases, limits and sizes are
 * the guest's own business: linear addresses wrap at 4 GiB in compatibility mode.
 */
static uint64_t sanitised(uint64_t raw)
{
    const uint32_t needed = SA_S | SA_DPL;
    struct descriptor d = {.raw = raw};
    uint32_t attr = descriptor_attr(&d);
    if ((attr & needed) != needed || (attr & (SA_P | SA_ACCESSED)) == SA_P)
        return 0;
    return raw & ~((uint64_t)SA_L << 40);
}

static bool loadable(uint64_t raw)
{
    return sanitised(raw) && (raw & (uint64_t)SA_P << 40);
}

static void set(struct segtab *t, uint16_t sel, uint64_t raw)
{
    struct table *in = &t->table[local(sel)];
    unsigned i = SEL_INDEX(sel);
    uint64_t had = sanitised(in->raw[i]), has = sanitised(raw);
    in->raw[i] = raw;
    t->listed = NOT_LISTED;
    if (had == has)
        return;
    in->shown[i / CHUNK] = (uint8_t)(in->shown[i / CHUNK] + (has != 0) - (had != 0));
    host_descriptor_set(sel & 0xfffc, has);
}

/* The next guest's table begins as empty as this one's did. */
void segtab_destroy(struct vcpu *v)
{
    struct segtab *t = v->vm->segtab;
    for (unsigned i = 0; t && i < ENTRIES; i++) {
        set(t, (uint16_t)(i * 8), 0);
        set(t, (uint16_t)(i * 8 | SEL_TI), 0);
    }
    segtab_forget(v);
}

/* ---- Following the guest ----------------------------------------------------------- */

/* The eight bytes at WHERE, 0 where their page is not mapped: nobody has asked for a fault here. */
static uint64_t peek(struct vcpu *v, gva_t where)
{
    struct exception pending = v->exc;
    uint64_t raw;
    v->exc.valid = false;
    if (!vmem_read(v, where, &raw, sizeof raw, 0))
        raw = 0;
    v->exc = pending;
    return raw;
}

/* The accessed bit alone is the CPU's doing. */
static void note_change(struct table *in, unsigned i, uint64_t raw)
{
    if ((in->raw[i] ^ raw) & ~((uint64_t)SA_ACCESSED << 40))
        in->changed[i / 64] |= 1ull << i % 64;
}

/* Entries [FIRST, END) of table LOCAL, of which those from N on are not the guest's any more. The
 * GDT's first is no descriptor. */
static void compare(struct vcpu *v, unsigned is_local, unsigned first, unsigned end, unsigned n)
{
    struct segtab *t = v->vm->segtab;
    struct table *in = &t->table[is_local];
    unsigned bytes = ((n < end ? n : end) - first) * 8;
    const uint8_t *ram = first < n ? vmem_hit(v, gva(in->base + first * 8), bytes, 0) : NULL;
    for (unsigned i = first ? first : !is_local; i < end; i++) {
        uint64_t raw = 0;
        if (i < n && ram)
            __builtin_memcpy(&raw, ram + (i - first) * 8, sizeof raw);
        else if (i < n)
            raw = peek(v, gva(in->base + i * 8));
        if (raw == in->raw[i])
            continue;
        note_change(in, i, raw);
        set(t, (uint16_t)(i * 8 | (is_local ? SEL_TI : 0)), raw);
    }
}

/* How many entries table LOCAL of the guest has, without those that only the host can have. */
static unsigned extent(const struct vcpu *v, unsigned is_local)
{
    uint32_t limit = is_local ? v->ldtr.limit : v->gdtr.limit;
    if (is_local && (v->ldtr.attr & SA_NULL))
        return 0;
    uint32_t n = limit >= 0xffff ? ENTRIES : (limit + 1) / 8;
    return !is_local && n > HOST_FIRST_SELECTOR / 8 ? HOST_FIRST_SELECTOR / 8 : n;
}

/*
 * Far entries that the hardware has not are compared only when the guest has named its table anew:
 * a table may be 64 KiB of nothing. If one of those changes, its load faults, and
 * is mended; LAR alone would miss it.
 */
static void follow(struct vcpu *v, unsigned is_local)
{
    struct segtab *t = v->vm->segtab;
    struct table *in = &t->table[is_local];
    uint32_t base = is_local ? v->ldtr.base : v->gdtr.base;
    unsigned n = extent(v, is_local), end = n > in->n ? n : in->n;
    bool other = in->base != base || !in->n;
    in->base = base;
    for (unsigned first = 0; first < end; first += CHUNK) {
        if (first < NEAR || in->whole || in->shown[first / CHUNK])
            compare(v, is_local, first, first + CHUNK < end ? first + CHUNK : end, n);
    }
    if (other)
        memset(in->changed, 0, sizeof in->changed);
    if (in->n != n)
        t->listed = NOT_LISTED;
    in->n = n;
    in->whole = false;
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
    const struct table *in = table_of(v->vm->segtab, s->sel);
    if (!in || !loadable(in->raw[SEL_INDEX(s->sel)]))
        return false;
    segment_unpack(s->sel, in->raw[SEL_INDEX(s->sel)], &loaded);
    return same_segment(&loaded, s);
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
    follow(v, 0);
    follow(v, 1);
    for (unsigned r = 0; r < S_COUNT; r++) {
        if (!reversible(v, (enum sreg)r))
            return false;
        t->entered[r] = v->seg[r].sel;
    }
    return true;
}

/* ---- For system calls without us --------------------------------------------------- */

static bool changed(const struct table *in, unsigned i)
{
    return in->changed[i / 64] >> i % 64 & 1;
}

/*
 * Must a change of entry I be seen at once? If the hardware has it, and if it is empty but one
 * that the guest fills now and then, or one of the two behind such: systems have thread-local
 * segments in a row.
 */
static bool watched(const struct table *in, unsigned i)
{
    if (in->raw[i])
        return sanitised(in->raw[i]);
    return changed(in, i) || (i > 0 && changed(in, i - 1)) || (i > 1 && changed(in, i - 2));
}

static void list_table(struct segtab *t, const struct table *in)
{
    for (unsigned i = 0; i < in->n && t->listed <= DIRECT_MIRRORS; i++) {
        if (!watched(in, i))
            continue;
        if (t->listed < DIRECT_MIRRORS)
            t->list[t->listed] = (struct direct_check){in->raw[i], in->base + i * 8};
        t->listed++;
    }
}

bool segtab_list(struct vcpu *v, struct direct_check *list, uint32_t *n)
{
    struct segtab *t = v->vm->segtab;
    if (t->listed == NOT_LISTED) {
        t->listed = 0;
        list_table(t, &t->table[0]);
        list_table(t, &t->table[1]);
    }
    if (t->listed > DIRECT_MIRRORS)
        return false;
    for (unsigned i = 0; i < t->listed; i++)
        list[i] = t->list[i];
    *n = t->listed;
    return *n != 0;
}

/* ---- Out of user code ----------------------------------------------------------- */

/* User code loaded SEL into a register: from the guest's tables, or it is null, or one of the
 * host's own descriptors, which no guest table vouches for and which becomes unusable. */
static void complete(struct segtab *t, struct segment *s)
{
    const struct table *in = table_of(t, s->sel);
    if (in && loadable(in->raw[SEL_INDEX(s->sel)]))
        segment_unpack(s->sel, in->raw[SEL_INDEX(s->sel)], s);
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

/* A fault on a selector that the hardware has as the guest has it is the guest's own; one that is
 * not marked accessed is for the interpreter, as only a load that succeeds marks it. */
bool segtab_fill(struct vcpu *v, uint16_t sel)
{
    const struct table *in = table_of(v->vm->segtab, sel);
    if (!in)
        return false;
    uint64_t raw = peek(v, gva(in->base + SEL_INDEX(sel) * 8));
    if (!loadable(raw) || in->raw[SEL_INDEX(sel)] == raw)
        return false;
    set(v->vm->segtab, sel, raw);
    return true;
}
