/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * String operations, one element at a time, and MOVS and STOS in blocks where nobody
 * can tell. A repeated one keeps its finished iterations when an element faults, and stops
 * with eip still at the instruction after BUDGET bytes, so that interrupts get in.
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/mem.h"
#include "monitor/priv.h"
#include "monitor/segment.h"

#define BUDGET 4096u /* bytes a step */
#define BLOCK  1024u /* bytes on the monitor's stack */

static uint32_t index_of(const struct vcpu *v, const struct insn *i, enum gpr r)
{
    return gpr_read(v, r, i->addrsize);
}

/* Moves index register R by BYTES in the direction of DF. */
static void advance(struct vcpu *v, const struct insn *i, enum gpr r, unsigned bytes)
{
    uint32_t step = v->eflags & FL_DF ? 0u - bytes : bytes;
    gpr_write(v, r, i->addrsize, index_of(v, i, r) + step);
}

static bool read_source(struct vcpu *v, const struct insn *i, unsigned size, uint32_t *x)
{
    *x = 0;
    return mem_read(v, i->mem.seg, index_of(v, i, R_ESI), x, size, 0);
}

static bool read_destination(struct vcpu *v, const struct insn *i, unsigned size, uint32_t *x)
{
    *x = 0;
    return mem_read(v, S_ES, index_of(v, i, R_EDI), x, size, 0);
}

static bool write_destination(struct vcpu *v, const struct insn *i, unsigned size, uint32_t x)
{
    return mem_write(v, S_ES, index_of(v, i, R_EDI), &x, size);
}

/* ---- One element ----------------------------------------------------------- */

static bool movs(struct vcpu *v, const struct insn *i, unsigned size)
{
    uint32_t x;
    if (!read_source(v, i, size, &x) || !write_destination(v, i, size, x))
        return false;
    advance(v, i, R_ESI, size);
    advance(v, i, R_EDI, size);
    return true;
}

static bool cmps(struct vcpu *v, const struct insn *i, unsigned size)
{
    uint32_t a, b;
    if (!read_source(v, i, size, &a) || !read_destination(v, i, size, &b))
        return false;
    alu_binary(OP_CMP, size, a, b, &v->eflags);
    advance(v, i, R_ESI, size);
    advance(v, i, R_EDI, size);
    return true;
}

static bool scas(struct vcpu *v, const struct insn *i, unsigned size)
{
    uint32_t b;
    if (!read_destination(v, i, size, &b))
        return false;
    alu_binary(OP_CMP, size, gpr_read(v, R_EAX, size), b, &v->eflags);
    advance(v, i, R_EDI, size);
    return true;
}

static bool lods(struct vcpu *v, const struct insn *i, unsigned size)
{
    uint32_t x;
    if (!read_source(v, i, size, &x))
        return false;
    gpr_write(v, R_EAX, size, x);
    advance(v, i, R_ESI, size);
    return true;
}

static bool stos(struct vcpu *v, const struct insn *i, unsigned size)
{
    if (!write_destination(v, i, size, v->gpr[R_EAX]))
        return false;
    advance(v, i, R_EDI, size);
    return true;
}

/* The port is read last: a device may not be asked twice when the store faults. */
static bool ins(struct vcpu *v, const struct insn *i, unsigned size)
{
    uint16_t port = (uint16_t)v->gpr[R_EDX];
    uint32_t x;
    if (!segment_port_allowed(v, port, size) ||
        !mem_probe_write(v, S_ES, index_of(v, i, R_EDI), size) || !priv_in(v, port, size, &x) ||
        !write_destination(v, i, size, x))
        return false;
    advance(v, i, R_EDI, size);
    return true;
}

static bool outs(struct vcpu *v, const struct insn *i, unsigned size)
{
    uint16_t port = (uint16_t)v->gpr[R_EDX];
    uint32_t x;
    if (!read_source(v, i, size, &x) || !priv_out(v, port, size, x))
        return false;
    advance(v, i, R_ESI, size);
    return true;
}

static bool (*const element_table[])(struct vcpu *, const struct insn *, unsigned) = {
    [OP_MOVS - OP_MOVS] = movs, [OP_CMPS - OP_MOVS] = cmps, [OP_SCAS - OP_MOVS] = scas,
    [OP_LODS - OP_MOVS] = lods, [OP_STOS - OP_MOVS] = stos, [OP_INS - OP_MOVS] = ins,
    [OP_OUTS - OP_MOVS] = outs,
};

/* ---- Blocks ----------------------------------------------------------------- */

static uint32_t to_page_end(uint32_t linear)
{
    return PAGE_SIZE - (linear & PAGE_MASK);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * Bytes, at most LEFT, of a MOVS or STOS that can move as one block with nothing that an
 * element alone could see: upwards, no limit, no alignment check, one page on each side, and no
 * byte read that the block has written. Pages may alias, so the last is judged by page
 * offsets. 0: none.
 */
static uint32_t block_bytes(const struct vcpu *v, const struct insn *i, uint32_t left)
{
    const struct segment *from = &v->seg[i->mem.seg], *to = &v->seg[S_ES];
    uint32_t dst = to->base + v->gpr[R_EDI], src = from->base + v->gpr[R_ESI];
    if (i->addrsize != 4 || (v->eflags & (FL_DF | FL_AC)) || !segment_unlimited(to))
        return 0;
    uint32_t n = least(least(left, BLOCK), to_page_end(dst));
    if (i->op == OP_STOS)
        return n;
    if (i->op != OP_MOVS || !segment_unlimited(from))
        return 0;
    uint32_t gap = (dst - src) & PAGE_MASK;
    return least(least(n, to_page_end(src)), gap ? gap : BLOCK);
}

static void fill(uint8_t *buf, uint32_t bytes, unsigned size, uint32_t x)
{
    for (uint32_t n = 0; n < bytes; n += size)
        memcpy(buf + n, &x, size);
}

/* Moves a block of up to COUNT elements; *DONE = how many, 0 if it must go one by one. */
static bool block(struct vcpu *v, const struct insn *i, unsigned size, uint32_t count,
                  uint32_t *done)
{
    uint8_t buf[BLOCK];
    uint32_t bytes = block_bytes(v, i, count * size);
    bytes -= bytes % size;
    *done = bytes / size;
    if (!bytes)
        return true;
    if (i->op == OP_STOS)
        fill(buf, bytes, size, v->gpr[R_EAX]);
    else if (!mem_read(v, i->mem.seg, v->gpr[R_ESI], buf, bytes, 0))
        return false;
    if (!mem_write(v, S_ES, v->gpr[R_EDI], buf, bytes))
        return false;
    v->gpr[R_EDI] += bytes;
    if (i->op == OP_MOVS)
        v->gpr[R_ESI] += bytes;
    return true;
}

/* ---- Repetition ------------------------------------------------------------- */

/* Has REPE met a difference, or REPNE a match? */
static bool ended_by_flag(const struct vcpu *v, const struct insn *i)
{
    if (i->op != OP_CMPS && i->op != OP_SCAS)
        return false;
    bool zf = v->eflags & FL_ZF;
    return i->flags & INSN_REPNE ? zf : !zf;
}

/* Up to MOST elements, at least one; *DONE = how many. */
static bool some_elements(struct vcpu *v, const struct insn *i, unsigned size, uint32_t most,
                          uint32_t *done)
{
    *done = 0;
    if (most > 4 && (i->op == OP_MOVS || i->op == OP_STOS) && !block(v, i, size, most, done))
        return false;
    if (*done)
        return true;
    *done = 1;
    return element_table[i->op - OP_MOVS](v, i, size);
}

/* Under TF, and where a breakpoint is met, an iteration ends in a debug trap (SDM 3B 17.3.1.4), so
 * one is all. */
static bool repeat(struct vcpu *v, const struct insn *i, unsigned size)
{
    uint32_t budget = (v->eflags & FL_TF) || v->armed ? 1 : BUDGET / size, done;
    uint32_t count = gpr_read(v, R_ECX, i->addrsize);
    while (count && budget) {
        if (!some_elements(v, i, size, least(count, budget), &done))
            return false;
        count -= done;
        budget -= done;
        gpr_write(v, R_ECX, i->addrsize, count);
        if (ended_by_flag(v, i))
            return true;
    }
    if (count)
        v->eip -= i->len;
    return true;
}

/* INS and OUTS: the port's permission comes before everything else, even with nothing to do. */
bool interp_string(struct vcpu *v, const struct insn *i)
{
    unsigned size = i->opd[0].size;
    bool port = i->op == OP_INS || i->op == OP_OUTS;
    if (port && !segment_port_allowed(v, (uint16_t)v->gpr[R_EDX], size))
        return false;
    if (i->flags & (INSN_REP | INSN_REPNE))
        return repeat(v, i, size);
    return element_table[i->op - OP_MOVS](v, i, size);
}
