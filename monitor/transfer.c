/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames and entries, see transfer.h. A frame is moved as one piece of memory, so that a kernel
 * entry costs one write; only where it wraps around the end of a 16-bit stack is it
 * moved item by item.
 */
#include "monitor/transfer.h"

#include "monitor/mem.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

/* ---- Stacks ----------------------------------------------------------------- */

static uint32_t stack_mask(const struct segment *ss)
{
    return ss->attr & SA_DB ? 0xffffffffu : 0xffffu;
}

static unsigned rights(unsigned cpl)
{
    return cpl == 3 ? PF_U : 0;
}

static void set_pointer(struct stack *st, uint32_t esp)
{
    uint32_t mask = stack_mask(&st->ss);
    st->esp = (st->esp & ~mask) | (esp & mask);
}

struct stack frame_current(const struct vcpu *v, unsigned ext)
{
    return (struct stack){v->seg[S_SS], v->gpr[R_ESP], ext, rights(v->cpl)};
}

struct stack frame_outer(const struct segment *ss, uint32_t esp, uint32_t old, unsigned cpl)
{
    struct stack st = {*ss, old, 0, rights(cpl)};
    set_pointer(&st, esp);
    return st;
}

void frame_skip(struct stack *st, uint32_t bytes)
{
    set_pointer(st, st->esp + bytes);
}

/* SDM 3A 7.2.1, figures 7-2 and 7-10: per level 8 bytes from 4, or 4 bytes from 2. */
bool frame_tss(struct vcpu *v, unsigned cpl, unsigned ext, uint16_t *ss, uint32_t *esp)
{
    unsigned half = v->tr.attr & 8 ? 4 : 2; /* the 32-bit types have bit 3 */
    uint32_t at = half + cpl * 2 * half;
    *esp = 0;
    if (v->tr.attr & SA_NULL || at + half + 1 > v->tr.limit)
        return selector_fault(v, VEC_TS, v->tr.sel, ext);
    return vmem_read(v, gva(v->tr.base + at), esp, half, 0) &&
           vmem_read(v, gva(v->tr.base + at + half), ss, 2, 0);
}

/* SDM 3A 5.8.5 and CALL's pseudocode, "MORE-PRIVILEGE". */
bool frame_inner(struct vcpu *v, unsigned cpl, unsigned ext, struct stack *st)
{
    struct descriptor d;
    uint16_t sel;
    uint32_t esp;
    if (!frame_tss(v, cpl, ext, &sel, &esp))
        return false;
    if (NO_SELECTOR(sel))
        return selector_fault(v, VEC_TS, sel, ext);
    if (!selector_read(v, sel, VEC_TS, ext, &d))
        return false;
    uint32_t attr = descriptor_attr(&d);
    if (SEL_RPL(sel) != cpl || attr_dpl(attr) != cpl || !attr_is_writable(attr))
        return selector_fault(v, VEC_TS, sel, ext);
    if (!(attr & SA_P))
        return selector_fault(v, VEC_SS, sel, ext);
    if (!descriptor_mark_accessed(v, &d))
        return false;
    struct segment ss;
    segment_unpack(sel, d.raw, &ss);
    *st = frame_outer(&ss, esp, v->gpr[R_ESP], cpl);
    st->error = selector_error(sel, ext);
    return true;
}

/* ---- Moving frames ------------------------------------------------------------ */

/* The size of the pieces in which [off, off+bytes) of the stack is moved: all, or an item. */
static unsigned piece(const struct stack *st, uint32_t off, unsigned bytes, unsigned size)
{
    return stack_mask(&st->ss) == 0xffff && off + bytes > 0x10000 ? size : bytes;
}

/* User code's frames are checked as all its accesses are (SDM 3A 6.15, #AC). Items are aligned
 * alike. */
static bool misaligned(const struct vcpu *v, const struct stack *st, uint32_t off, unsigned size)
{
    return (st->access & PF_U) && (v->cr0 & CR0_AM) && (v->eflags & FL_AC) &&
           ((st->ss.base + off) & (size - 1));
}

/* N items of SIZE at OFF, in limit and aligned? */
static bool movable(struct vcpu *v, const struct stack *st, uint32_t off, unsigned n, unsigned size)
{
    bool whole = st->ss.limit == 0xffffffffu && !(st->ss.attr & (SA_DC | SA_NULL));
    unsigned step = piece(st, off, n * size, size);
    for (unsigned i = 0; i < n * size && !whole; i += step) {
        if (!segment_in_limit(&st->ss, (off + i) & stack_mask(&st->ss), step))
            return vcpu_raise_error(v, VEC_SS, st->error);
    }
    return n == 0 || !misaligned(v, st, off, size) || vcpu_raise_error(v, VEC_AC, 0);
}

static uint32_t below(const struct stack *st, unsigned bytes)
{
    return (st->esp - bytes) & stack_mask(&st->ss);
}

bool frame_room(struct vcpu *v, const struct stack *st, unsigned n, unsigned size)
{
    return movable(v, st, below(st, n * size), n, size);
}

/* N items of SIZE cannot all be written. The CPU pushes one after the other, so the page fault is
 * that of the first that fails; the pending one is of the frame as a whole. */
static bool refused(struct vcpu *v, const struct stack *st, unsigned n, unsigned size)
{
    struct exception whole = v->exc;
    v->exc.valid = false;
    for (unsigned i = 1; i <= n; i++) {
        gva_t at = gva(st->ss.base + below(st, i * size));
        if (!vmem_probe(v, at, size, st->access | PF_W))
            return false;
    }
    v->exc = whole;
    return false;
}

bool frame_push(struct vcpu *v, struct stack *st, const uint32_t *words, unsigned n, unsigned size)
{
    uint8_t image[FRAME_MAX * 4];
    unsigned bytes = n * size;
    uint32_t off = below(st, bytes);
    unsigned step = piece(st, off, bytes, size);
    for (unsigned i = 0; i < n; i++)
        memcpy(image + (n - 1 - i) * size, &words[i], size);
    if (!movable(v, st, off, n, size))
        return false;
    for (unsigned i = 0; i < bytes; i += step) {
        gva_t at = gva(st->ss.base + ((off + i) & stack_mask(&st->ss)));
        if (!vmem_write(v, at, image + i, step, st->access | PF_W))
            return refused(v, st, n, size);
    }
    set_pointer(st, st->esp - bytes);
    return true;
}

bool frame_pop(struct vcpu *v, struct stack *st, uint32_t *words, unsigned n, unsigned size)
{
    uint8_t image[FRAME_MAX * 4];
    unsigned bytes = n * size;
    uint32_t off = st->esp & stack_mask(&st->ss);
    unsigned step = piece(st, off, bytes, size);
    if (!movable(v, st, off, n, size))
        return false;
    for (unsigned i = 0; i < bytes; i += step) {
        gva_t at = gva(st->ss.base + ((off + i) & stack_mask(&st->ss)));
        if (!vmem_read(v, at, image + i, step, st->access))
            return false;
    }
    for (unsigned i = 0; i < n; i++) {
        words[i] = 0;
        memcpy(&words[i], image + i * size, size);
    }
    set_pointer(st, st->esp + bytes);
    return true;
}

/* ---- Entries ------------------------------------------------------------------ */

void entry_aim(struct entry *e, uint16_t sel, const struct descriptor *d, uint32_t eip,
               unsigned cpl)
{
    e->code = *d;
    e->eip = eip;
    e->cpl = (uint8_t)cpl;
    segment_unpack((uint16_t)((sel & 0xfffcu) | cpl), d->raw | (uint64_t)SA_ACCESSED << 40, &e->cs);
}

void entry_add(struct entry *e, uint32_t word)
{
    e->words[e->n++] = word;
}

bool entry_check(struct vcpu *v, const struct entry *e, const struct stack *st)
{
    if (e->n && !frame_room(v, st, e->n, e->size))
        return false;
    return e->eip <= e->cs.limit || vcpu_raise_error(v, VEC_GP, e->ext);
}

/* An IRET within CPL 0 to the CS that is loaded needs us no more. */
static void note_code(struct vcpu *v, const struct entry *e)
{
    v->code_memo.minus_sel = 1;
    if (e->cpl == 0 && e->code.raw && !(e->cs.sel & SEL_TI))
        vcpu_memo(&v->code_memo, e->cs.sel, e->code.where.v, e->code.raw, &e->cs);
}

bool entry_finish(struct vcpu *v, struct entry *e, struct stack *st)
{
    if (!entry_check(v, e, st))
        return false;
    if (e->code.raw && !descriptor_mark_accessed(v, &e->code))
        return false;
    if (e->n && !frame_push(v, st, e->words, e->n, e->size))
        return false;
    v->seg[S_CS] = e->cs;
    v->seg[S_SS] = st->ss;
    v->gpr[R_ESP] = st->esp;
    v->eip = e->eip;
    v->cpl = e->cpl;
    note_code(v, e);
    return true;
}
