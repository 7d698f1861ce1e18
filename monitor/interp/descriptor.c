/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Descriptor-table registers and the instructions that ask about selectors. The tables
 * themselves are segment.c's.
 */
#include "monitor/direct.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/mem.h"
#include "monitor/segment.h"
#include "monitor/vm.h"

/* SGDT, SIDT. All 32 bits of the base are stored whatever the operand size: so does every
 * CPU since the 386, in spite of the manual's pseudocode. */
bool interp_store_table(struct vcpu *v, const struct insn *i)
{
    const struct table_reg *t = i->op == OP_SGDT ? &v->gdtr : &v->idtr;
    uint8_t raw[6];
    memcpy(raw, &t->limit, 2);
    memcpy(raw + 2, &t->base, 4);
    return mem_write(v, i->mem.seg, operand_offset(v, i), raw, sizeof raw);
}

/* LGDT, LIDT: a 16-bit operand size loads 24 bits of base. */
bool interp_load_table(struct vcpu *v, const struct insn *i)
{
    struct table_reg t;
    uint8_t raw[6];
    if (!mem_read(v, i->mem.seg, operand_offset(v, i), raw, sizeof raw, 0))
        return false;
    memcpy(&t.limit, raw, 2);
    memcpy(&t.base, raw + 2, 4);
    if (i->opsize == 2)
        t.base &= 0xffffff;
    if (i->op == OP_LIDT) {
        v->idtr = t;
        direct_disarm(v);
        return true;
    }
    v->gdtr = t;
    direct_disarm(v);
    vcpu_forget_memos(v);
    if (v->vm->segtab)
        segtab_forget(v);
    return true;
}

/* SLDT, STR. */
bool interp_store_selector(struct vcpu *v, const struct insn *i)
{
    return operand_write(v, i, 0, i->op == OP_SLDT ? v->ldtr.sel : v->tr.sel);
}

/* LLDT, LTR. */
bool interp_load_selector(struct vcpu *v, const struct insn *i)
{
    uint32_t sel;
    if (!operand_read(v, i, 0, &sel))
        return false;
    return i->op == OP_LLDT ? segment_load_ldtr(v, (uint16_t)sel)
                            : segment_load_tr(v, (uint16_t)sel);
}

static void set_zf(struct vcpu *v, bool on)
{
    v->eflags = (v->eflags & ~(uint32_t)FL_ZF) | (on ? FL_ZF : 0u);
}

typedef bool ask_fn(struct vcpu *v, uint16_t sel, bool *ok, uint32_t *value);

static bool ask(struct vcpu *v, const struct insn *i, ask_fn *fn)
{
    uint32_t sel, value = 0;
    bool ok;
    if (!operand_read(v, i, 1, &sel) || !fn(v, (uint16_t)sel, &ok, &value))
        return false;
    set_zf(v, ok);
    return ok ? operand_write(v, i, 0, value) : true;
}

bool interp_lar(struct vcpu *v, const struct insn *i)
{
    return ask(v, i, segment_lar);
}

bool interp_lsl(struct vcpu *v, const struct insn *i)
{
    return ask(v, i, segment_lsl);
}

/* VERR, VERW. */
bool interp_verify(struct vcpu *v, const struct insn *i)
{
    uint32_t sel;
    bool ok;
    if (!operand_read(v, i, 0, &sel) || !segment_verify(v, (uint16_t)sel, i->op == OP_VERW, &ok))
        return false;
    set_zf(v, ok);
    return true;
}

/* Raises the RPL of the destination to that of the source. Memory that needs no adjustment is
 * not written, nor need it be writable: so it is on the real CPU that the tests ran on. */
bool interp_arpl(struct vcpu *v, const struct insn *i)
{
    uint32_t dst = 0, src = gpr_read(v, i->opd[1].reg, 2);
    if (i->opd[0].kind == OPD_GPR)
        dst = gpr_read(v, i->opd[0].reg, 2);
    else if (!mem_read(v, i->mem.seg, operand_offset(v, i), &dst, 2, 0))
        return false;
    bool adjust = SEL_RPL(dst) < SEL_RPL(src);
    if (adjust && !operand_write(v, i, 0, (dst & ~3u) | SEL_RPL(src)))
        return false;
    set_zf(v, adjust);
    return true;
}
