/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Loading segment registers, LDTR and TR, and the check that every access makes. Selectors
 * come in; hidden parts, or the exception that the manual wants, go out. Control transfers,
 * which load CS, are in farxfer.c and farret.c.
 */
#include "monitor/segment.h"

#include "monitor/direct.h"
#include "monitor/selector.h"
#include "monitor/vm.h"

/* ---- Data and stack segments ----------------------------------------------- */

/* SDM 2, MOV, "loading a segment register": SS. */
static bool stack_segment_fits(const struct vcpu *v, uint16_t sel, uint32_t attr)
{
    return SEL_RPL(sel) == v->cpl && attr_is_writable(attr) && attr_dpl(attr) == v->cpl;
}

/* The same for DS, ES, FS and GS. Conforming code may be read at any privilege. */
static bool data_segment_fits(const struct vcpu *v, uint16_t sel, uint32_t attr)
{
    if (!attr_is_readable(attr))
        return false;
    return attr_is_conforming(attr) || (SEL_RPL(sel) <= attr_dpl(attr) && v->cpl <= attr_dpl(attr));
}

static bool load_null(struct vcpu *v, enum sreg r, uint16_t sel)
{
    if (r == S_SS)
        return vcpu_raise_error(v, VEC_GP, 0);
    v->seg[r] = (struct segment){.attr = SA_NULL, .sel = sel};
    return true;
}

/* Writable data that covers 4 GiB, from the GDT, may be loaded again without us. */
static void note(struct vcpu *v, enum sreg r, uint16_t sel, const struct descriptor *d)
{
    const uint32_t must = SA_P | SA_S | SA_RW, mask = must | SA_CODE | SA_DC;
    const struct segment *s = &v->seg[r];
    if (v->cpl == 0 && r != S_SS && !(sel & SEL_TI) && s->limit == 0xffffffffu &&
        (s->attr & mask) == must)
        vcpu_memo(&v->memo[sel % SEGMENT_MEMOS], sel, d->where.v, d->raw, s);
}

bool segment_load(struct vcpu *v, enum sreg r, uint16_t sel)
{
    struct descriptor d;
    if (!vcpu_protected(v)) {
        v->seg[r] = segment_real(v, r, sel);
        return true;
    }
    if (NO_SELECTOR(sel))
        return load_null(v, r, sel);
    if (!selector_read(v, sel, VEC_GP, 0, &d))
        return false;
    uint32_t attr = descriptor_attr(&d);
    if (!(r == S_SS ? stack_segment_fits : data_segment_fits)(v, sel, attr))
        return selector_fault(v, VEC_GP, sel, 0);
    if (!(attr & SA_P))
        return selector_fault(v, r == S_SS ? VEC_SS : VEC_NP, sel, 0);
    if (!descriptor_mark_accessed(v, &d))
        return false;
    segment_unpack(sel, d.raw, &v->seg[r]);
    note(v, r, sel, &d);
    return true;
}

/* ---- The check of every access ---------------------------------------------- */

/* What a segment type allows (SDM 3A table 3-1), by SA_CODE and SA_RW. */
enum { CAN_READ = 1, CAN_WRITE = 2, CAN_EXECUTE = 4 };
/* clang-format off */
static const uint8_t type_allows[4] = {
    [0] =           CAN_READ,               /* read-only data */
    [1] =           CAN_READ | CAN_WRITE,   /* data */
    [2] =           CAN_EXECUTE,            /* execute-only code */
    [3] =           CAN_READ | CAN_EXECUTE, /* code */
};
/* clang-format on */

static inline unsigned wanted(unsigned access)
{
    if (access & PF_I)
        return CAN_EXECUTE;
    return access & PF_W ? CAN_WRITE : CAN_READ;
}

static inline bool type_permits(uint32_t attr, unsigned access)
{
    return type_allows[(attr & SA_CODE) >> 2 | (attr & SA_RW) >> 1] & wanted(access);
}

static bool check_slowly(struct vcpu *v, enum sreg r, uint32_t off, unsigned len, unsigned access)
{
    const struct segment *s = &v->seg[r];
    bool typed = vcpu_protected(v); /* real and V86 mode know limits only */
    bool whole = s->limit == 0xffffffffu && (s->attr & (SA_CODE | SA_DC)) != SA_DC;
    if (!(s->attr & SA_NULL) && (!typed || type_permits(s->attr, access)) &&
        (whole || len == 0 || segment_in_limit(s, off, len)))
        return true;
    return vcpu_raise_error(v, r == S_SS ? VEC_SS : VEC_GP, 0);
}

/* Under a limit of 4 GiB an access may wrap: the manual leaves it open (SDM 3A 5.3, last
 * paragraph), and CPUs let it. */
bool segment_check(struct vcpu *v, enum sreg r, uint32_t off, unsigned len, unsigned access,
                   gva_t *linear)
{
    const struct segment *s = &v->seg[r];
    const uint32_t odd = SA_NULL | SA_CODE | SA_DC | SA_RW;
    *linear = gva(s->base + off);
    if (s->limit == 0xffffffffu && (s->attr & odd) == SA_RW && !(access & PF_I))
        return true;
    return check_slowly(v, r, off, len, access);
}

/* ---- LDTR and TR -------------------------------------------------------------- */

/* SDM 2, LLDT. What the hardware's LDT mirrors is then no longer the guest's. */
bool segment_load_ldtr(struct vcpu *v, uint16_t sel)
{
    struct descriptor d;
    if (NO_SELECTOR(sel)) {
        v->ldtr = (struct segment){.attr = SA_NULL, .sel = sel};
        segtab_forget(v);
        return true;
    }
    if (sel & SEL_TI)
        return selector_fault(v, VEC_GP, sel, 0);
    if (!selector_read(v, sel, VEC_GP, 0, &d))
        return false;
    if (attr_system_type(descriptor_attr(&d)) != SYS_LDT)
        return selector_fault(v, VEC_GP, sel, 0);
    if (!(descriptor_attr(&d) & SA_P))
        return selector_fault(v, VEC_NP, sel, 0);
    segment_unpack(sel, d.raw, &v->ldtr);
    segtab_forget(v);
    return true;
}

/* SDM 2, LTR. The only busy types are the available ones plus 2. */
bool segment_load_tr(struct vcpu *v, uint16_t sel)
{
    struct descriptor d;
    if (NO_SELECTOR(sel))
        return vcpu_raise_error(v, VEC_GP, 0);
    if (sel & SEL_TI)
        return selector_fault(v, VEC_GP, sel, 0);
    if (!selector_read(v, sel, VEC_GP, 0, &d))
        return false;
    unsigned type = attr_system_type(descriptor_attr(&d));
    if (type != SYS_TSS16 && type != SYS_TSS32)
        return selector_fault(v, VEC_GP, sel, 0);
    if (!(descriptor_attr(&d) & SA_P))
        return selector_fault(v, VEC_NP, sel, 0);
    if (!descriptor_set_type(v, &d, type + 2))
        return false;
    segment_unpack(sel, d.raw, &v->tr);
    direct_disarm(v);
    return true;
}
