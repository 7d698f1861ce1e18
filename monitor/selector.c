/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Descriptor tables are read and written as the CPU does it: by implicit supervisor accesses
 * at any CPL (SDM 3A 4.6.1), through vmem, so that their pages can fault. Read segment.c next.
 */
#include "monitor/selector.h"

#include "monitor/vmem.h"

#define RIGHTS_BYTE 5 /* of the eight: P, DPL, S and type */

bool selector_fault(struct vcpu *v, uint8_t vector, uint16_t sel, unsigned ext)
{
    return vcpu_raise_error(v, vector, selector_error(sel, ext));
}

/* A null LDTR has a limit of 0, which no descriptor fits in. */
bool selector_locate(const struct vcpu *v, uint16_t sel, gva_t *where)
{
    bool local = sel & SEL_TI;
    uint32_t limit = local ? v->ldtr.limit : v->gdtr.limit;
    *where = gva((local ? v->ldtr.base : v->gdtr.base) + (sel & 0xfff8u));
    if (local && (v->ldtr.attr & SA_NULL))
        return false;
    return (sel | 7u) <= limit;
}

bool selector_read(struct vcpu *v, uint16_t sel, uint8_t vector, unsigned ext, struct descriptor *d)
{
    if (!selector_locate(v, sel, &d->where))
        return selector_fault(v, vector, sel, ext);
    return vmem_read(v, d->where, &d->raw, sizeof d->raw, 0);
}

static bool write_rights(struct vcpu *v, struct descriptor *d, uint8_t rights)
{
    gva_t at = gva(d->where.v + RIGHTS_BYTE);
    if (!vmem_write(v, at, &rights, 1, PF_W))
        return false;
    d->raw = (d->raw & ~(0xffull << 40)) | (uint64_t)rights << 40;
    return true;
}

bool descriptor_mark_accessed(struct vcpu *v, struct descriptor *d)
{
    uint32_t attr = descriptor_attr(d);
    return (attr & SA_ACCESSED) || write_rights(v, d, (uint8_t)(attr | SA_ACCESSED));
}

bool descriptor_set_type(struct vcpu *v, struct descriptor *d, unsigned type)
{
    return write_rights(v, d, (uint8_t)((descriptor_attr(d) & ~(uint32_t)SA_TYPE) | type));
}

void segment_unpack(uint16_t sel, uint64_t raw, struct segment *out)
{
    struct descriptor d = {.raw = raw};
    uint32_t limit = (uint32_t)(raw & 0xffff) | (uint32_t)(raw >> 32 & 0xf0000);
    out->sel = sel;
    out->attr = descriptor_attr(&d);
    out->base = (uint32_t)(raw >> 16 & 0xffffff) | (uint32_t)(raw >> 56) << 24;
    out->limit = out->attr & SA_G ? limit << 12 | 0xfff : limit;
}

/* SDM 3A 5.3. An expand-down segment is valid above its limit, up to what its B flag says. */
bool segment_in_limit(const struct segment *s, uint32_t off, uint32_t len)
{
    uint32_t last = off + len - 1;
    if ((s->attr & SA_NULL) || last < off)
        return false;
    if ((s->attr & (SA_CODE | SA_DC)) != SA_DC)
        return last <= s->limit;
    return off > s->limit && last <= (s->attr & SA_DB ? 0xffffffffu : 0xffffu);
}

/*
 * SDM 3A 20.1.1 and 20.2.1. Real mode leaves limit and B flag alone ("unreal" mode depends on
 * it); a register that was null has nothing to leave. V86 mode fixes all of it.
 */
struct segment segment_real(const struct vcpu *v, enum sreg r, uint16_t sel)
{
    const uint32_t data = SA_P | SA_S | SA_RW | SA_ACCESSED;
    struct segment s = {(uint32_t)sel << 4, 0xffff, data, sel};
    if (vcpu_v86(v))
        s.attr |= SA_DPL;
    else if (!(v->seg[r].attr & SA_NULL)) {
        s.limit = v->seg[r].limit;
        s.attr |= v->seg[r].attr & (SA_DB | SA_G);
    }
    if (r == S_CS)
        s.attr |= SA_CODE;
    return s;
}

struct gate gate_unpack(uint64_t raw)
{
    bool wide = raw >> 40 & 8; /* the 32-bit types are the 16-bit ones plus 8 */
    struct gate g = {
        .sel = (uint16_t)(raw >> 16),
        .off = (uint32_t)(raw & 0xffff),
        .size = wide ? 4 : 2,
        .params = raw >> 32 & 31,
    };
    if (wide)
        g.off |= (uint32_t)(raw >> 48) << 16;
    return g;
}
