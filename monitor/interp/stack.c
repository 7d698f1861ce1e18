/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * PUSH, POP and the frames of ENTER and LEAVE. ESP changes last, so that a fault leaves it
 * as it was; a 16-bit stack wraps at 64 KiB and keeps the upper half of ESP.
 */
#include "monitor/interp/stack.h"

#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/mem.h"
#include "monitor/segment.h"

bool stack_push(struct vcpu *v, uint32_t value, unsigned size)
{
    uint32_t esp = stack_moved(v, 0u - size);
    if (!mem_write(v, S_SS, esp & stack_mask(v), &value, size))
        return false;
    v->gpr[R_ESP] = esp;
    return true;
}

bool stack_peek(struct vcpu *v, uint32_t offset, unsigned size, uint32_t *value)
{
    *value = 0;
    return mem_read(v, S_SS, stack_moved(v, offset) & stack_mask(v), value, size, 0);
}

/* PUSH ESP pushes the old value, and an operand in memory is found with the old ESP. */
bool interp_push(struct vcpu *v, const struct insn *i)
{
    uint32_t x;
    return operand_read(v, i, 0, &x) && stack_push(v, x, i->opsize);
}

/* ESP moves before a destination in memory is addressed and before POP ESP writes it. */
bool interp_pop(struct vcpu *v, const struct insn *i)
{
    uint32_t x, old = v->gpr[R_ESP];
    if (!stack_peek(v, 0, i->opsize, &x))
        return false;
    v->gpr[R_ESP] = stack_moved(v, i->opsize);
    if (operand_write(v, i, 0, x))
        return true;
    v->gpr[R_ESP] = old;
    return false;
}

/* Eight slots at OFF as eight accesses. All are probed before the first is written. */
static bool slots_write(struct vcpu *v, uint32_t off, const uint8_t *block, unsigned size)
{
    for (unsigned n = 0; n < 8; n++)
        if (!mem_probe_write(v, S_SS, (off + n * size) & stack_mask(v), size))
            return false;
    for (unsigned n = 0; n < 8; n++)
        if (!mem_write(v, S_SS, (off + n * size) & stack_mask(v), block + n * size, size))
            return false;
    return true;
}

static bool slots_read(struct vcpu *v, uint32_t off, uint8_t *block, unsigned size)
{
    for (unsigned n = 0; n < 8; n++)
        if (!mem_read(v, S_SS, (off + n * size) & stack_mask(v), block + n * size, size, 0))
            return false;
    return true;
}

/* Must the block go slot by slot? It wraps at the end of the stack's offsets, or each slot's
 * alignment counts. */
static bool by_slots(const struct vcpu *v, uint32_t off, unsigned len)
{
    return off > stack_mask(v) - (len - 1) || (v->cpl == 3 && (v->eflags & FL_AC));
}

bool interp_pusha(struct vcpu *v, const struct insn *i)
{
    uint8_t block[32];
    unsigned size = i->opsize;
    for (unsigned r = 0; r < 8; r++)
        memcpy(block + (7 - r) * size, &v->gpr[r], size);
    uint32_t esp = stack_moved(v, 0u - 8 * size), off = esp & stack_mask(v);
    bool ok = by_slots(v, off, 8 * size) ? slots_write(v, off, block, size)
                                         : mem_write(v, S_SS, off, block, 8 * size);
    if (ok)
        v->gpr[R_ESP] = esp;
    return ok;
}

bool interp_popa(struct vcpu *v, const struct insn *i)
{
    uint8_t block[32];
    unsigned size = i->opsize;
    uint32_t off = v->gpr[R_ESP] & stack_mask(v);
    bool ok = by_slots(v, off, 8 * size) ? slots_read(v, off, block, size)
                                         : mem_read(v, S_SS, off, block, 8 * size, 0);
    if (!ok)
        return false;
    for (unsigned r = 0; r < 8; r++)
        if (r != R_ESP)
            memcpy(&v->gpr[r], block + (7 - r) * size, size);
    v->gpr[R_ESP] = stack_moved(v, 8 * size);
    return true;
}

/* A 32-bit push writes the selector zero-extended: SDM 2, PUSH, allows that or a 16-bit store. */
bool interp_push_sreg(struct vcpu *v, const struct insn *i)
{
    return stack_push(v, v->seg[i->opd[0].reg % S_COUNT].sel, i->opsize);
}

bool interp_pop_sreg(struct vcpu *v, const struct insn *i)
{
    uint32_t sel, esp = stack_moved(v, i->opsize);
    if (!stack_peek(v, 0, i->opsize, &sel) ||
        !segment_load(v, (enum sreg)i->opd[0].reg, (uint16_t)sel))
        return false;
    v->gpr[R_ESP] = esp;
    if (i->opd[0].reg == S_SS)
        v->inhibit = INHIBIT_SS;
    return true;
}

/* Copies LEVEL - 1 frame pointers of the enclosing procedures, then pushes FRAME's own. */
static bool enter_display(struct vcpu *v, unsigned level, unsigned size, uint32_t frame)
{
    for (unsigned n = 1; n < level; n++) {
        uint32_t x = 0, from = (v->gpr[R_EBP] - n * size) & stack_mask(v);
        if (!mem_read(v, S_SS, from, &x, size, 0) || !stack_push(v, x, size))
            return false;
    }
    return stack_push(v, frame, size);
}

/* The memory at the final ESP is touched, not written (SDM 2, ENTER). */
bool interp_enter(struct vcpu *v, const struct insn *i)
{
    unsigned size = i->opsize, level = i->imm2 & 31;
    uint32_t old = v->gpr[R_ESP];
    bool ok = stack_push(v, v->gpr[R_EBP], size);
    uint32_t frame = v->gpr[R_ESP];
    if (ok && level)
        ok = enter_display(v, level, size, frame);
    uint32_t esp = stack_moved(v, 0u - (i->imm & 0xffff));
    if (!ok || !mem_probe_write(v, S_SS, esp & stack_mask(v), size)) {
        v->gpr[R_ESP] = old;
        return false;
    }
    v->gpr[R_ESP] = esp;
    gpr_write(v, R_EBP, size, frame);
    return true;
}

bool interp_leave(struct vcpu *v, const struct insn *i)
{
    uint32_t x = 0, mask = stack_mask(v), ebp = v->gpr[R_EBP], old = v->gpr[R_ESP];
    if (!mem_read(v, S_SS, ebp & mask, &x, i->opsize, 0))
        return false;
    v->gpr[R_ESP] = (old & ~mask) | ((ebp + i->opsize) & mask);
    gpr_write(v, R_EBP, i->opsize, x);
    return true;
}
