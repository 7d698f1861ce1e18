/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A switch in two halves. Until `commit` everything that it reads and writes is looked at, and what
 * fails is the old task's exception with nothing changed. `commit` cannot fail. Behind it
 * stands the new task: its selectors are loaded one by one, and what fails there is its own.
 */
#include "monitor/task.h"

#include "monitor/debugreg.h"
#include "monitor/direct.h"
#include "monitor/host.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/priv.h"
#include "monitor/selector.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

/* ---- The two formats (SDM 3A figures 8-2 and 8-10) ------------------------------- */

struct format {
    uint8_t least_limit;
    uint8_t word;                                  /* of registers; selectors take as much room */
    uint8_t sregs;                                 /* how many, in the order of enum sreg */
    uint8_t cr3, eip, flags, gpr, sreg, ldt, trap; /* offsets; cr3 and trap 0: there is none */
};

static const struct format formats[2] = {
    {0x2b, 2, 4, 0, 0x0e, 0x10, 0x12, 0x22, 0x2a, 0},
    {0x67, 4, 6, 0x1c, 0x20, 0x24, 0x28, 0x48, 0x60, 0x64},
};
#define TSS_MAX 0x68u

/* The types of 32-bit segments have bit 3. */
static const struct format *format_of(uint32_t attr)
{
    return &formats[attr >> 3 & 1];
}

struct incoming {
    enum task_way way;
    unsigned ext;
    struct descriptor d;
    struct segment tss; /* as TR will hold it */
    const struct format *fmt;
    uint8_t image[TSS_MAX];
};

static uint32_t word(const struct incoming *t, unsigned offset, unsigned size)
{
    uint32_t x = 0;
    memcpy(&x, t->image + offset, size);
    return x;
}

static uint16_t selector(const struct incoming *t, unsigned offset)
{
    return (uint16_t)word(t, offset, 2);
}

static bool nested(enum task_way way)
{
    return way == TASK_CALL || way == TASK_EVENT;
}

/* ---- Before: everything that the old task can be refused for -------------------------- */

/* SDM 3A 8.3 steps 3 and 4, and table 8-1. A return wants a busy TSS, all others one that is not.
 */
static bool find(struct vcpu *v, uint16_t sel, struct incoming *t)
{
    uint8_t vector = t->way == TASK_RETURN ? VEC_TS : VEC_GP;
    unsigned busy = t->way == TASK_RETURN ? 2 : 0;
    if (NO_SELECTOR(sel) || (sel & SEL_TI))
        return selector_fault(v, vector, sel, t->ext);
    if (!selector_read(v, sel, vector, t->ext, &t->d))
        return false;
    uint32_t attr = descriptor_attr(&t->d);
    unsigned type = attr_system_type(attr);
    if (type != (SYS_TSS16 | busy) && type != (SYS_TSS32 | busy))
        return selector_fault(v, vector, sel, t->ext);
    if (!(attr & SA_P))
        return selector_fault(v, VEC_NP, sel, t->ext);
    segment_unpack(sel, t->d.raw | 2ull << 40, &t->tss);
    t->fmt = format_of(attr);
    return t->tss.limit >= t->fmt->least_limit || selector_fault(v, VEC_TS, sel, t->ext);
}

/* The rights byte of a TSS descriptor, which holds the busy bit. */
static gva_t rights_byte(uint32_t descriptor)
{
    return gva(descriptor + 5);
}

static uint32_t current_descriptor(const struct vcpu *v)
{
    return v->gdtr.base + (v->tr.sel & 0xfff8u);
}

static unsigned saved_bytes(const struct format *fmt)
{
    return fmt->sreg + fmt->sregs * fmt->word - fmt->eip;
}

/* SDM 3A 8.3 step 5: nothing that `commit` touches can fault. */
static bool reachable(struct vcpu *v, struct incoming *t)
{
    const struct format *old = format_of(v->tr.attr);
    if ((v->tr.attr & SA_NULL) || v->tr.limit < old->least_limit)
        return selector_fault(v, VEC_TS, v->tr.sel, t->ext);
    if (!vmem_read(v, gva(t->tss.base), t->image, t->fmt->least_limit + 1u, 0) ||
        !vmem_probe(v, gva(v->tr.base + old->eip), saved_bytes(old), PF_W))
        return false;
    if (nested(t->way) && !vmem_probe(v, gva(t->tss.base), 2, PF_W))
        return false;
    if (t->way != TASK_RETURN && !vmem_probe(v, rights_byte(t->d.where.v), 1, PF_W))
        return false;
    return nested(t->way) || vmem_probe(v, rights_byte(current_descriptor(v)), 1, PF_W);
}

/* ---- The commit ------------------------------------------------------------------------ */

/* What `reachable` has looked at. */
static void put(struct vcpu *v, uint32_t where, uint32_t value, unsigned size)
{
    if (!vmem_write(v, gva(where), &value, size, PF_W))
        panic("a task switch faults at %08x", where);
}

static void mark_busy(struct vcpu *v, uint32_t descriptor, bool busy)
{
    uint8_t rights;
    if (!vmem_read(v, rights_byte(descriptor), &rights, 1, 0))
        panic("a task switch faults at %08x", descriptor);
    put(v, rights_byte(descriptor).v, busy ? rights | 2u : rights & ~2u, 1);
}

/* Selectors are words; what stands in their upper halves stays. */
static void save(struct vcpu *v, uint32_t flags)
{
    const struct format *f = format_of(v->tr.attr);
    put(v, v->tr.base + f->eip, v->eip, f->word);
    put(v, v->tr.base + f->flags, flags, f->word);
    for (unsigned r = 0; r < 8; r++)
        put(v, v->tr.base + f->gpr + r * f->word, v->gpr[r], f->word);
    for (unsigned r = 0; r < f->sregs; r++)
        put(v, v->tr.base + f->sreg + r * f->word, v->seg[r].sel, 2);
}

/* A 16-bit task's registers have upper halves of ones, as on QEMU and Bochs; the manual leaves
 * them open. Until they are loaded segments hold a selector and nothing behind it. */
static void load_registers(struct vcpu *v, const struct incoming *t)
{
    const struct format *f = t->fmt;
    uint32_t upper = f->word == 2 ? 0xffff0000u : 0;
    v->eip = word(t, f->eip, f->word);
    for (unsigned r = 0; r < 8; r++)
        v->gpr[r] = word(t, f->gpr + r * f->word, f->word) | upper;
    for (unsigned r = 0; r < S_COUNT; r++) {
        uint16_t sel = r < f->sregs ? selector(t, f->sreg + r * f->word) : 0;
        v->seg[r] = (struct segment){.attr = SA_NULL, .sel = sel};
    }
    v->ldtr = (struct segment){.attr = SA_NULL, .sel = selector(t, f->ldt)};
    uint32_t flags = word(t, f->flags, f->word) & FL_ALL;
    vcpu_set_eflags(v, flags | (nested(t->way) ? FL_NT : 0u));
    v->cpl = flags & FL_VM ? 3 : SEL_RPL(v->seg[S_CS].sel);
}

/* What others keep of the old task. */
static void forget(struct vcpu *v)
{
    v->inhibit = INHIBIT_NONE;
    v->code_memo.minus_sel = 1;
    v->dr[7] &= ~(uint32_t)DR7_LOCAL;
    debugreg_changed(v);
    v->cr0 |= CR0_TS;
    host_load_control(v);
    direct_disarm(v);
    segtab_forget(v);
}

static void commit(struct vcpu *v, const struct incoming *t, uint32_t flags)
{
    uint16_t old = v->tr.sel;
    if (!nested(t->way))
        mark_busy(v, current_descriptor(v), false);
    save(v, flags);
    if (nested(t->way))
        put(v, t->tss.base, old, 2);
    if (t->way != TASK_RETURN)
        mark_busy(v, t->d.where.v, true);
    v->tr = t->tss;
    load_registers(v, t);
    forget(v);
    v->vm->stats.n[STAT_TASKS]++;
}

/* ---- Behind it: the new task's selectors (SDM 3A table 8-1) --------------------------------- */

static bool load_ldt(struct vcpu *v, unsigned ext)
{
    uint16_t sel = v->ldtr.sel;
    struct descriptor d;
    if (NO_SELECTOR(sel))
        return true;
    if (sel & SEL_TI)
        return selector_fault(v, VEC_TS, sel, ext);
    if (!selector_read(v, sel, VEC_TS, ext, &d))
        return false;
    uint32_t attr = descriptor_attr(&d);
    if (attr_system_type(attr) != SYS_LDT || !(attr & SA_P))
        return selector_fault(v, VEC_TS, sel, ext);
    segment_unpack(sel, d.raw, &v->ldtr);
    return true;
}

/* May register R of a task at CPL hold a segment with ATTR, by selector SEL? */
static bool fits(const struct vcpu *v, unsigned r, uint16_t sel, uint32_t attr)
{
    unsigned dpl = attr_dpl(attr), rpl = SEL_RPL(sel);
    if (r == S_CS)
        return attr_is_code(attr) && (attr_is_conforming(attr) ? dpl <= rpl : dpl == rpl);
    if (r == S_SS)
        return attr_is_writable(attr) && dpl == v->cpl && rpl == v->cpl;
    return attr_is_readable(attr) && (attr_is_conforming(attr) || (dpl >= v->cpl && dpl >= rpl));
}

static bool load_segment(struct vcpu *v, unsigned r, unsigned ext)
{
    struct descriptor d;
    uint16_t sel = v->seg[r].sel;
    if (NO_SELECTOR(sel))
        return (r != S_CS && r != S_SS) || selector_fault(v, VEC_TS, sel, ext);
    if (!selector_read(v, sel, VEC_TS, ext, &d))
        return false;
    uint32_t attr = descriptor_attr(&d);
    if (!fits(v, r, sel, attr))
        return selector_fault(v, VEC_TS, sel, ext);
    if (!(attr & SA_P))
        return selector_fault(v, r == S_SS ? VEC_SS : VEC_NP, sel, ext);
    if (!descriptor_mark_accessed(v, &d))
        return false;
    segment_unpack(sel, d.raw, &v->seg[r]);
    return true;
}

/* CS and SS first: the others' faults are delivered with them. */
static bool load_segments(struct vcpu *v, unsigned ext)
{
    static const uint8_t order[S_COUNT] = {S_CS, S_SS, S_DS, S_ES, S_FS, S_GS};
    for (unsigned i = 0; i < S_COUNT; i++) {
        if (vcpu_v86(v))
            v->seg[i] = segment_real(v, (enum sreg)i, v->seg[i].sel);
        else if (!load_segment(v, order[i], ext))
            return false;
    }
    return true;
}

/* The T bit of its TSS: a debug trap before the new task's first instruction. */
static bool trap(struct vcpu *v)
{
    v->dr[6] |= DR6_BT;
    vcpu_raise(v, VEC_DB);
    v->exc.is_trap = true;
    return false;
}

static bool arrive(struct vcpu *v, const struct incoming *t)
{
    if (t->fmt->cr3 && vcpu_paging(v) && !priv_write_cr(v, 3, word(t, t->fmt->cr3, 4)))
        return false;
    if (!load_ldt(v, t->ext) || !load_segments(v, t->ext))
        return false;
    if (v->eip > v->seg[S_CS].limit)
        return vcpu_raise_error(v, VEC_GP, t->ext);
    return !(t->fmt->trap && word(t, t->fmt->trap, 1) & 1) || trap(v);
}

bool task_switch(struct vcpu *v, enum task_way way, uint16_t sel, unsigned ext, uint32_t flags)
{
    struct incoming t = {.way = way, .ext = ext};
    if (!find(v, sel, &t) || !reachable(v, &t))
        return false;
    commit(v, &t, flags);
    if (arrive(v, &t))
        return true;
    v->exc.new_task = true;
    return false;
}

/* The flags saved are without NT: this task is not nested any more. */
bool task_return(struct vcpu *v)
{
    uint16_t link;
    if (v->tr.attr & SA_NULL || v->tr.limit < 1)
        return selector_fault(v, VEC_TS, v->tr.sel, 0);
    return vmem_read(v, gva(v->tr.base), &link, 2, 0) &&
           task_switch(v, TASK_RETURN, link, 0, vcpu_eflags(v) & ~(uint32_t)FL_NT);
}
