/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The assembler: appends the few dozen 64-bit instructions that rewriting needs. None but those
 * whose name says so changes a flag. Registers are host numbers 0-15; guest EAX..EDI are
 * 0-7 except ESP, which is R14. SDM volume 2, 2.2.
 */
#ifndef RING1_BT_EMIT_H
#define RING1_BT_EMIT_H

#include "monitor/types.h"

enum host_reg {
    H_RAX,
    H_RCX,
    H_RDX,
    H_RBX,
    H_RSP, /* the host stack */
    H_RBP,
    H_RSI,
    H_RDI,
    H_R8, /* scratch; the target of a computed jump */
    H_R9,
    H_R10,
    H_R11,
    H_R12, /* base of the guest window: 0 on the PC */
    H_R13,
    H_R14, /* guest ESP */
    H_R15, /* struct vcpu */
};

/* Appends to at[len..]; past SIZE nothing is written and OVERFLOW is set. */
struct code {
    uint8_t *at;
    uint32_t size, len;
    bool overflow;
    bool gs; /* guest memory is a window, and GS its base */
};

static inline void emit8(struct code *c, uint8_t b)
{
    if (c->len < c->size)
        c->at[c->len] = b;
    else
        c->overflow = true;
    c->len++;
}

static inline void emit32(struct code *c, uint32_t d)
{
    for (unsigned i = 0; i < 4; i++)
        emit8(c, (uint8_t)(d >> 8 * i));
}

void emit_bytes(struct code *c, const uint8_t *b, unsigned n);

/* r32 = imm32, r32 = r32, r32 = [vcpu + off] (load), 8-bit zero-extended, 16-bit likewise, 64-bit.
 */
void emit_mov_imm(struct code *c, unsigned r, uint32_t imm);
void emit_mov_reg(struct code *c, unsigned dst, unsigned src);
void emit_load_vcpu(struct code *c, unsigned r, uint32_t off);
void emit_load_vcpu8(struct code *c, unsigned r, uint32_t off);
void emit_load_vcpu16(struct code *c, unsigned r, uint32_t off);
void emit_load_vcpu64(struct code *c, unsigned r, uint32_t off);
void emit_load_vcpu64_at(struct code *c, unsigned r, unsigned index, uint32_t off); /* + r64 */
void emit_store_vcpu64(struct code *c, uint32_t off, unsigned r);
void emit_store_vcpu8(struct code *c, uint32_t off, unsigned r); /* R8 and above */
void emit_store_vcpu8_imm(struct code *c, uint32_t off, uint8_t imm);
/* r64 = r32 with its sign, r32 = r16; DST is R8 or above. */
void emit_movsxd(struct code *c, unsigned dst, unsigned src);
void emit_movzx16(struct code *c, unsigned dst, unsigned src);
/* The low half of r32 = that of r32, the upper one stays; r32 = its bytes in reverse order. */
void emit_mov_low(struct code *c, unsigned dst, unsigned src);
void emit_bswap(struct code *c, unsigned r); /* R8 and above */

/* r32 = [base + index*scale + disp], 32 bits; index H_NONE for none. */
#define H_NONE 0xff
void emit_lea(struct code *c, unsigned r, unsigned base, unsigned index, unsigned scale,
              int32_t disp);
/* The same with a 64-bit result; r64 = base + index. */
void emit_lea64(struct code *c, unsigned r, unsigned base, int32_t disp);
void emit_add64(struct code *c, unsigned r, unsigned base, unsigned index);

/* Guest memory at [base + disp], 32-bit address arithmetic: load r32 or r64, store r32 or imm32. */
void emit_load_guest(struct code *c, unsigned r, unsigned base, int32_t disp);
void emit_load_guest64(struct code *c, unsigned r, unsigned base, int32_t disp);
void emit_store_guest(struct code *c, unsigned base, int32_t disp, unsigned r);
void emit_store_guest_imm(struct code *c, unsigned base, int32_t disp, uint32_t imm);

/* One instruction OPCODE (with its 0F.. map bytes in ESC) with ModRM [base + disp] or
 * [disp32] (base H_NONE), ModRM.reg = REG; ADDR32 adds 67h, GUEST the window's segment prefix, WIDE
 * REX.W. */
struct mem_form {
    unsigned reg, base, index, scale;
    int32_t disp;
    bool addr32, guest;
};
void emit_mem_prefixes(struct code *c, const struct mem_form *m);
void emit_modrm_mem(struct code *c, const struct mem_form *m);
/* r64 = M's address in the guest, in 64 bits. */
void emit_address(struct code *c, unsigned r, const struct mem_form *m);
/* REX for M, or 0 if none is needed; W is REX.W. */
uint8_t emit_rex(const struct mem_form *m, bool w);

/* Jumps inside the block: returns where the 8-bit displacement stands, for emit_patch8. */
uint32_t emit_jcc8(struct code *c, unsigned cond);
uint32_t emit_jrcxz8(struct code *c);
uint32_t emit_jmp8(struct code *c);
void emit_patch8(struct code *c, uint32_t at);

#endif
