/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * FXSAVE and FXRSTOR. The host runs their 64-bit forms, which also move XMM8-15; a 32-bit
 * guest has no such registers, so these bytes of the image never cross (SDM 2, table 3-43:
 * outside 64-bit mode they are reserved).
 */
#include "monitor/interp/fpu.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/mem.h"

enum { XMM8_OFFSET = 288, XMM8_SIZE = 128 };

/* All 512 bytes are checked, 288 are written: the rest a 32-bit FXSAVE leaves alone. */
bool interp_fxsave(struct vcpu *v, const struct insn *i)
{
    uint8_t image[FXSAVE_SIZE] __attribute__((aligned(64)));
    uint32_t off = operand_offset(v, i);
    return fpu_available(v, i) && fpu_aligned16(v, i) &&
           mem_read(v, i->mem.seg, off, image, sizeof image, PF_W) && fpu_run(v, i, image) &&
           mem_write(v, i->mem.seg, off, image, XMM8_OFFSET);
}

/* Reserved bits in the MXCSR image: the host raises #GP, which is the guest's. */
bool interp_fxrstor(struct vcpu *v, const struct insn *i)
{
    uint8_t image[FXSAVE_SIZE] __attribute__((aligned(64)));
    if (!fpu_available(v, i) || !fpu_aligned16(v, i) ||
        !mem_read(v, i->mem.seg, operand_offset(v, i), image, sizeof image, 0))
        return false;
    memset(image + XMM8_OFFSET, 0, XMM8_SIZE);
    return fpu_run(v, i, image);
}
