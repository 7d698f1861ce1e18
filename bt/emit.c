/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Encodings. Everything goes through one function for ModRM forms, so that the traps (RBP and R13
 * have no mod-0 form, RSP and R12 need a SIB, a bare disp32 is RIP-relative) stand in one place.
 */
#include "bt/emit.h"

#define GS     0x65
#define ADDR32 0x67
#define REX    0x40
#define REX_W  0x48

void emit_bytes(struct code *c, const uint8_t *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        emit8(c, b[i]);
}

static unsigned scale_bits(unsigned scale)
{
    return scale == 8 ? 3 : scale == 4 ? 2 : scale == 2 ? 1 : 0;
}

uint8_t emit_rex(const struct mem_form *m, bool w)
{
    uint8_t rex = w ? REX_W : REX;
    if (m->reg >= 8)
        rex |= 4;
    if (m->index != H_NONE && m->index >= 8)
        rex |= 2;
    if (m->base != H_NONE && m->base >= 8)
        rex |= 1;
    return rex == REX ? 0 : rex;
}

/* mod for a displacement; RBP and R13 as base have no form without one. */
static unsigned mod_for(const struct mem_form *m)
{
    if (m->base == H_NONE)
        return 0;
    if (m->disp == 0 && (m->base & 7) != H_RBP)
        return 0;
    return m->disp >= -128 && m->disp <= 127 ? 1 : 2;
}

void emit_modrm_mem(struct code *c, const struct mem_form *m)
{
    unsigned mod = mod_for(m), reg = m->reg & 7;
    if (m->index == H_NONE && m->base != H_NONE && (m->base & 7) != H_RSP) {
        emit8(c, (uint8_t)(mod << 6 | reg << 3 | (m->base & 7)));
    } else {
        unsigned index = m->index == H_NONE ? 4 : m->index & 7;
        unsigned base = m->base == H_NONE ? 5 : m->base & 7;
        emit8(c, (uint8_t)(mod << 6 | reg << 3 | 4));
        emit8(c, (uint8_t)(scale_bits(m->scale) << 6 | index << 3 | base));
    }
    if (mod == 1)
        emit8(c, (uint8_t)m->disp);
    else if (mod == 2 || m->base == H_NONE)
        emit32(c, (uint32_t)m->disp);
}

void emit_mem_prefixes(struct code *c, const struct mem_form *m)
{
    if (m->guest && c->gs)
        emit8(c, GS);
    if (m->addr32)
        emit8(c, ADDR32);
}

/* [65] [67] [REX] OP1 [OP2] ModRM */
static void emit_op_mem(struct code *c, unsigned op1, int op2, const struct mem_form *m, bool w)
{
    uint8_t rex = emit_rex(m, w);
    emit_mem_prefixes(c, m);
    if (rex)
        emit8(c, rex);
    emit8(c, (uint8_t)op1);
    if (op2 >= 0)
        emit8(c, (uint8_t)op2);
    emit_modrm_mem(c, m);
}

void emit_mov_imm(struct code *c, unsigned r, uint32_t imm)
{
    if (r >= 8)
        emit8(c, REX | 1);
    emit8(c, (uint8_t)(0xb8 | (r & 7)));
    emit32(c, imm);
}

void emit_mov_reg(struct code *c, unsigned dst, unsigned src)
{
    uint8_t rex = (uint8_t)(REX | (src >= 8 ? 4 : 0) | (dst >= 8 ? 1 : 0));
    if (rex != REX)
        emit8(c, rex);
    emit8(c, 0x89);
    emit8(c, (uint8_t)(0xc0 | (src & 7) << 3 | (dst & 7)));
}

static struct mem_form vcpu_form(unsigned r, uint32_t off)
{
    return (struct mem_form){.reg = r, .base = H_R15, .index = H_NONE, .disp = (int32_t)off};
}

void emit_load_vcpu(struct code *c, unsigned r, uint32_t off)
{
    struct mem_form m = vcpu_form(r, off);
    emit_op_mem(c, 0x8b, -1, &m, false);
}

void emit_load_vcpu8(struct code *c, unsigned r, uint32_t off)
{
    struct mem_form m = vcpu_form(r, off);
    emit_op_mem(c, 0x0f, 0xb6, &m, false);
}

void emit_load_vcpu16(struct code *c, unsigned r, uint32_t off)
{
    struct mem_form m = vcpu_form(r, off);
    emit_op_mem(c, 0x0f, 0xb7, &m, false);
}

void emit_load_vcpu64(struct code *c, unsigned r, uint32_t off)
{
    struct mem_form m = vcpu_form(r, off);
    emit_op_mem(c, 0x8b, -1, &m, true);
}

void emit_load_vcpu64_at(struct code *c, unsigned r, unsigned index, uint32_t off)
{
    struct mem_form m = vcpu_form(r, off);
    m.index = index;
    m.scale = 1;
    emit_op_mem(c, 0x8b, -1, &m, true);
}

void emit_store_vcpu64(struct code *c, uint32_t off, unsigned r)
{
    struct mem_form m = vcpu_form(r, off);
    emit_op_mem(c, 0x89, -1, &m, true);
}

void emit_store_vcpu8(struct code *c, uint32_t off, unsigned r)
{
    struct mem_form m = vcpu_form(r, off);
    emit_op_mem(c, 0x88, -1, &m, false);
}

void emit_movsxd(struct code *c, unsigned dst, unsigned src)
{
    emit8(c, (uint8_t)(REX_W | (dst >= 8 ? 4 : 0) | (src >= 8 ? 1 : 0)));
    emit8(c, 0x63);
    emit8(c, (uint8_t)(0xc0 | (dst & 7) << 3 | (src & 7)));
}

void emit_movzx16(struct code *c, unsigned dst, unsigned src)
{
    emit8(c, (uint8_t)(REX | 4 | (src >= 8 ? 1 : 0)));
    emit8(c, 0x0f);
    emit8(c, 0xb7);
    emit8(c, (uint8_t)(0xc0 | (dst & 7) << 3 | (src & 7)));
}

void emit_mov_low(struct code *c, unsigned dst, unsigned src)
{
    emit8(c, 0x66);
    emit_mov_reg(c, dst, src);
}

void emit_bswap(struct code *c, unsigned r)
{
    emit8(c, REX | 1);
    emit8(c, 0x0f);
    emit8(c, (uint8_t)(0xc8 | (r & 7)));
}

void emit_store_vcpu8_imm(struct code *c, uint32_t off, uint8_t imm)
{
    struct mem_form m = vcpu_form(0, off);
    emit_op_mem(c, 0xc6, -1, &m, false);
    emit8(c, imm);
}

void emit_lea(struct code *c, unsigned r, unsigned base, unsigned index, unsigned scale,
              int32_t disp)
{
    struct mem_form m = {r, base, index, scale, disp, false, false};
    emit_op_mem(c, 0x8d, -1, &m, false);
}

void emit_lea64(struct code *c, unsigned r, unsigned base, int32_t disp)
{
    struct mem_form m = {.reg = r, .base = base, .index = H_NONE, .disp = disp};
    emit_op_mem(c, 0x8d, -1, &m, true);
}

void emit_add64(struct code *c, unsigned r, unsigned base, unsigned index)
{
    struct mem_form m = {.reg = r, .base = base, .index = index, .scale = 1};
    emit_op_mem(c, 0x8d, -1, &m, true);
}

void emit_address(struct code *c, unsigned r, const struct mem_form *m)
{
    struct mem_form address = *m;
    address.reg = r;
    address.guest = address.addr32 = false;
    emit_op_mem(c, 0x8d, -1, &address, true);
}

static struct mem_form guest_form(unsigned r, unsigned base, int32_t disp)
{
    return (struct mem_form){r, base, H_NONE, 1, disp, true, true};
}

void emit_load_guest(struct code *c, unsigned r, unsigned base, int32_t disp)
{
    struct mem_form m = guest_form(r, base, disp);
    emit_op_mem(c, 0x8b, -1, &m, false);
}

void emit_load_guest64(struct code *c, unsigned r, unsigned base, int32_t disp)
{
    struct mem_form m = guest_form(r, base, disp);
    emit_op_mem(c, 0x8b, -1, &m, true);
}

void emit_store_guest(struct code *c, unsigned base, int32_t disp, unsigned r)
{
    struct mem_form m = guest_form(r, base, disp);
    emit_op_mem(c, 0x89, -1, &m, false);
}

void emit_store_guest_imm(struct code *c, unsigned base, int32_t disp, uint32_t imm)
{
    struct mem_form m = guest_form(0, base, disp);
    emit_op_mem(c, 0xc7, -1, &m, false);
    emit32(c, imm);
}

static uint32_t emit_short(struct code *c, uint8_t opcode)
{
    emit8(c, opcode);
    emit8(c, 0);
    return c->len - 1;
}

uint32_t emit_jcc8(struct code *c, unsigned cond)
{
    return emit_short(c, (uint8_t)(0x70 | cond));
}

uint32_t emit_jrcxz8(struct code *c)
{
    return emit_short(c, 0xe3);
}

uint32_t emit_jmp8(struct code *c)
{
    return emit_short(c, 0xeb);
}

void emit_patch8(struct code *c, uint32_t at)
{
    uint32_t distance = c->len - at - 1;
    if (distance > 127)
        c->overflow = true;
    if (at < c->size)
        c->at[at] = (uint8_t)distance;
}
