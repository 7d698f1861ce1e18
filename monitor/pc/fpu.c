/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * FPU instructions for the interpreter, run here with the guest's FPU state, which is in the
 * hardware all the time. Prepared instructions are kept in executable memory, found again by
 * their bytes: an emulated host translates each written one anew.
 */
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"
#include "monitor/x86.h"

#define STUB_SIZE 16u /* 15 bytes of instruction and a RET */
#define RET       0xc3

int pc_fpu_call(struct vcpu *v, uint64_t code, void *mem); /* fpu_call.asm */

/* What FXRSTOR loads: the control word of FNINIT, MXCSR of power-on, empty registers of 0. */
static const uint8_t at_power_on[512]
    __attribute__((aligned(16))) = {[0] = 0x7f, [1] = 0x03, [24] = 0x80, [25] = 0x1f};

static struct pc_code_area area;

void pc_fpu_init(void)
{
    area = pc_fpu_area();
}

void host_fpu_reset(void)
{
    uint64_t cr0 = read_cr0(), cr4 = read_cr4();
    write_cr0(cr0 & ~(uint64_t)(CR0_EM | CR0_TS));
    write_cr4(cr4 | CR4_OSFXSR); /* or XMM registers stay as they are */
    __asm__ volatile("fninit\n\tfxrstor64 %0" : : "m"(at_power_on));
    write_cr4(cr4);
    write_cr0(cr0);
}

static unsigned hash(const uint8_t *code, unsigned len)
{
    uint32_t h = len;
    for (unsigned i = 0; i < len; i++)
        h = h * 31 + code[i];
    return h % (area.size / STUB_SIZE);
}

int host_fpu_run(struct vcpu *v, const uint8_t *code, unsigned len, void *mem)
{
    if (len >= STUB_SIZE)
        panic("FPU instruction of %u bytes", len);
    unsigned offset = hash(code, len) * STUB_SIZE;
    uint8_t *stub = area.write + offset;
    if (memcmp(stub, code, len) != 0 || stub[len] != RET) {
        memcpy(stub, code, len);
        stub[len] = RET;
    }
    return pc_fpu_call(v, area.exec + offset, mem);
}

void host_fpu_exchange(void *image)
{
    static uint8_t before[512] __attribute__((aligned(16)));
    __asm__ volatile("fxsave64 %0" : "=m"(before));
    __asm__ volatile("fxrstor64 %0" : : "m"(*(uint8_t(*)[512])image));
    memcpy(image, before, sizeof before);
}
