/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reset state, the EFLAGS image and the raising of exceptions.
 */
#include "monitor/vcpu.h"

#include "monitor/log.h"
#include "monitor/mem.h"

uint32_t vcpu_eflags(const struct vcpu *v)
{
    return v->eflags | FL_ONE | (v->vif ? FL_IF : 0u);
}

void vcpu_set_eflags(struct vcpu *v, uint32_t fl)
{
    v->eflags = (fl & ~(uint32_t)FL_IF) | FL_ONE;
    v->vif = (fl & FL_IF) != 0;
}

static const struct segment reset_data = {0, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED, 0};

void vcpu_reset(struct vcpu *v, struct vm *vm)
{
    memset(v, 0, sizeof *v);
    v->vm = vm;
    v->eip = 0xfff0;
    v->eflags = FL_ONE;
    v->gpr[R_EDX] = 0x600; /* family 6: the processor signature */
    v->cr0 = CR0_ET | CR0_NW | CR0_CD;
    for (unsigned i = 0; i < S_COUNT; i++)
        v->seg[i] = reset_data;
    v->seg[S_CS] =
        (struct segment){0xffff0000, 0xffff, SA_P | SA_S | SA_CODE | SA_RW | SA_ACCESSED, 0xf000};
    v->ldtr = (struct segment){0, 0xffff, SA_P | SYS_LDT, 0};
    v->tr = (struct segment){0, 0xffff, SA_P | SYS_TSS32_BUSY, 0};
    v->gdtr.limit = v->idtr.limit = 0xffff;
    v->dr[6] = 0xffff0ff0;
    v->dr[7] = 0x400;
    v->misc_enable = 1;
    v->null_segment.attr = SA_NULL;
    vcpu_forget_memos(v);
    for (unsigned i = 0; i < SOFT_TLB_SIZE; i++)
        v->tlb[i].tag = ~0u;
}

void vcpu_memo(struct segment_memo *m, uint16_t sel, uint32_t where, uint64_t raw,
               const struct segment *seg)
{
    *m = (struct segment_memo){-raw, -(uint32_t)sel, where, *seg};
}

void vcpu_forget_memos(struct vcpu *v)
{
    v->code_memo.minus_sel = 1;
    for (unsigned i = 0; i < SEGMENT_MEMOS; i++)
        v->memo[i].minus_sel = 1;
}

static bool raise(struct vcpu *v, struct exception e)
{
    if (v->exc.valid)
        panic("exception %u raised at eip %x while %u is pending", e.vector, v->eip, v->exc.vector);
    e.valid = true;
    v->exc = e;
    return false;
}

bool vcpu_raise(struct vcpu *v, uint8_t vector)
{
    return raise(v, (struct exception){.vector = vector});
}

bool vcpu_raise_error(struct vcpu *v, uint8_t vector, uint32_t error)
{
    return raise(v, (struct exception){.vector = vector, .has_error = true, .error = error});
}

bool vcpu_raise_pf(struct vcpu *v, gva_t where, uint32_t error)
{
    return raise(
        v, (struct exception){.vector = VEC_PF, .has_error = true, .error = error, .cr2 = where.v});
}

bool segment_holds16(const struct vcpu *v, enum sreg r)
{
    const struct segment *s = &v->seg[r];
    const uint32_t kind = r == S_CS ? (uint32_t)SA_CODE : 0;
    bool down = (s->attr & (SA_CODE | SA_DC)) == SA_DC;
    bool typed = vcpu_protected(v); /* other modes know limits only */
    return s->limit >= 0xffff && !(s->attr & SA_NULL) && !down &&
           (!typed || (s->attr & (SA_P | SA_S | SA_RW | SA_CODE)) == (SA_P | SA_S | SA_RW | kind));
}
