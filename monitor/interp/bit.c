/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bit tests, scans and counts. A bit offset in a register reaches memory far from the
 * operand's address, in steps of the operand size (SDM 2, BT).
 */
#include "monitor/interp/alu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"

static uint32_t changed_bit(unsigned op, uint32_t value, uint32_t bit)
{
    switch (op) {
    case OP_BTS:
        return value | bit;
    case OP_BTR:
        return value & ~bit;
    case OP_BTC:
        return value ^ bit;
    default:
        return value;
    }
}

/* Where the operand that holds bit OFFSET stands. */
static uint32_t bit_address(const struct vcpu *v, const struct insn *i, uint32_t offset)
{
    uint32_t off = operand_offset(v, i);
    if (i->opd[1].kind == OPD_GPR) {
        int32_t signed_offset = (int32_t)sign_extend(offset, i->opd[1].size);
        unsigned shift = i->opd[0].size == 4 ? 5 : 4;
        off += (uint32_t)(signed_offset >> shift) * i->opd[0].size;
    }
    return off & size_mask(i->addrsize);
}

/* CF is the bit; the other flags are undefined (ZF: unchanged) and left alone. */
bool interp_bit_test(struct vcpu *v, const struct insn *i)
{
    unsigned size = i->opd[0].size;
    bool in_memory = i->opd[0].kind == OPD_MEM, writes = i->op != OP_BT;
    uint32_t offset, value = 0, where = 0;
    if (!operand_read(v, i, 1, &offset))
        return false;
    if (in_memory) {
        where = bit_address(v, i, offset);
        if (!mem_read(v, i->mem.seg, where, &value, size, writes ? PF_W : 0))
            return false;
    } else {
        value = gpr_read(v, i->opd[0].reg, size);
    }
    uint32_t bit = 1u << (offset & (8 * size - 1));
    uint32_t new = changed_bit(i->op, value, bit);
    if (writes && in_memory && !mem_write(v, i->mem.seg, where, &new, size))
        return false;
    if (writes && !in_memory)
        gpr_write(v, i->opd[0].reg, size, new);
    v->eflags = flags_merge(v->eflags, value & bit ? FL_CF : 0, FL_CF);
    return true;
}

/* A source of zero leaves the destination as it is, on every CPU since the Pentium. The host
 * scans a source made non-zero; ZF is ours, the undefined flags are the host's. */
bool interp_bit_scan(struct vcpu *v, const struct insn *i)
{
    uint32_t src, dst = 0;
    uint64_t f;
    if (!operand_read(v, i, 1, &src))
        return false;
    if (i->op == OP_BSF)
        __asm__("bsfl %[s], %[d]\n\t" ASM_GET_FLAGS
                : [d] "+r"(dst), [f] "=&r"(f)
                : [s] "r"(src)
                : "cc");
    else
        __asm__("bsrl %[s], %[d]\n\t" ASM_GET_FLAGS
                : [d] "+r"(dst), [f] "=&r"(f)
                : [s] "r"(src)
                : "cc");
    v->eflags = flags_merge(v->eflags, f, FL_ARITH);
    if (src)
        gpr_write(v, i->opd[0].reg, i->opd[0].size, dst);
    return true;
}

/* With a 16-bit operand the result is undefined; CPUs give zero. */
bool interp_bswap(struct vcpu *v, const struct insn *i)
{
    uint32_t x = v->gpr[i->opd[0].reg & 7];
    if (i->opsize == 2)
        gpr_write(v, i->opd[0].reg, 2, 0);
    else
        v->gpr[i->opd[0].reg & 7] = __builtin_bswap32(x);
    return true;
}

bool interp_popcnt(struct vcpu *v, const struct insn *i)
{
    uint32_t src, n = 0;
    if (!operand_read(v, i, 1, &src))
        return false;
    for (uint32_t rest = src; rest; rest &= rest - 1)
        n++;
    gpr_write(v, i->opd[0].reg, i->opd[0].size, n);
    v->eflags = flags_merge(v->eflags, src ? 0 : FL_ZF, FL_ARITH);
    return true;
}

/* CRC-32C, reflected polynomial 0x82f63b78, no inversion (SDM 2, CRC32). */
bool interp_crc32(struct vcpu *v, const struct insn *i)
{
    uint32_t src, crc = v->gpr[i->opd[0].reg & 7];
    if (!operand_read(v, i, 1, &src))
        return false;
    crc ^= src;
    for (unsigned n = 0; n < 8u * i->opd[1].size; n++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    v->gpr[i->opd[0].reg & 7] = crc;
    return true;
}
