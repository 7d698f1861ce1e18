/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Questions about segments that load nothing: LAR, LSL, VERR, VERW, and what the current TSS
 * says about stacks and ports. A bad selector is an answer here, not a fault.
 */
#include "monitor/segment.h"
#include "monitor/selector.h"
#include "monitor/vmem.h"

/* Which system descriptors LAR and LSL answer for (SDM 2, tables of LAR and LSL). */
#define BIT(n) (1u << (n))
static const uint32_t lar_types = BIT(SYS_TSS16) | BIT(SYS_LDT) | BIT(SYS_TSS16_BUSY) |
                                  BIT(SYS_CALL16) | BIT(SYS_TASK) | BIT(SYS_TSS32) |
                                  BIT(SYS_TSS32_BUSY) | BIT(SYS_CALL32);
static const uint32_t lsl_types =
    BIT(SYS_TSS16) | BIT(SYS_LDT) | BIT(SYS_TSS16_BUSY) | BIT(SYS_TSS32) | BIT(SYS_TSS32_BUSY);

/* SEL's descriptor if CPL and RPL may see it. False only for a page fault of the table. */
static bool look(struct vcpu *v, uint16_t sel, struct descriptor *d, bool *visible)
{
    gva_t where;
    *visible = false;
    if (NO_SELECTOR(sel) || !selector_locate(v, sel, &where))
        return true;
    if (!selector_read(v, sel, VEC_GP, 0, d))
        return false;
    uint32_t attr = descriptor_attr(d);
    unsigned dpl = attr_dpl(attr);
    *visible = attr_is_conforming(attr) || (v->cpl <= dpl && SEL_RPL(sel) <= dpl);
    return true;
}

static bool answers(uint32_t attr, uint32_t types)
{
    return (attr & SA_S) || (types & BIT(attr_system_type(attr)));
}

/* Bits 16 to 19, of the limit, are undefined (SDM 2, LAR); CPUs leave them in. */
bool segment_lar(struct vcpu *v, uint16_t sel, bool *ok, uint32_t *value)
{
    struct descriptor d;
    if (!look(v, sel, &d, ok))
        return false;
    *ok = *ok && answers(descriptor_attr(&d), lar_types);
    if (*ok)
        *value = (uint32_t)(d.raw >> 32) & 0x00ffff00;
    return true;
}

bool segment_lsl(struct vcpu *v, uint16_t sel, bool *ok, uint32_t *value)
{
    struct descriptor d;
    struct segment s;
    if (!look(v, sel, &d, ok))
        return false;
    *ok = *ok && answers(descriptor_attr(&d), lsl_types);
    if (*ok) {
        segment_unpack(sel, d.raw, &s);
        *value = s.limit;
    }
    return true;
}

bool segment_verify(struct vcpu *v, uint16_t sel, bool write, bool *ok)
{
    struct descriptor d;
    if (!look(v, sel, &d, ok))
        return false;
    if (*ok)
        *ok = write ? attr_is_writable(descriptor_attr(&d)) : attr_is_readable(descriptor_attr(&d));
    return true;
}

/* ---- Ports -------------------------------------------------------------------- */

#define TSS_IO_MAP 0x66 /* offset of the bitmap's offset in a 32-bit TSS */

/* SDM 1 18.5.2: the CPU reads two bytes of the bitmap, both within the TSS. */
static bool bitmap_allows(struct vcpu *v, uint16_t port, unsigned len, bool *allowed)
{
    uint16_t map, bits;
    *allowed = false;
    if ((v->tr.attr & (SA_S | 8u)) != 8u || v->tr.limit < TSS_IO_MAP + 1)
        return true;
    if (!vmem_read(v, gva(v->tr.base + TSS_IO_MAP), &map, 2, 0))
        return false;
    uint32_t at = (uint32_t)map + port / 8;
    if (at + 1 > v->tr.limit)
        return true;
    if (!vmem_read(v, gva(v->tr.base + at), &bits, 2, 0))
        return false;
    *allowed = !(bits >> (port & 7) & ((1u << len) - 1));
    return true;
}

bool segment_port_allowed(struct vcpu *v, uint16_t port, unsigned len)
{
    bool allowed;
    if (!vcpu_v86(v) && v->cpl <= vcpu_iopl(v))
        return true;
    if (!bitmap_allows(v, port, len, &allowed))
        return false;
    return allowed || vcpu_raise_error(v, VEC_GP, 0);
}
