/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * FPU instructions for the interpreter, run here with the guest's FPU state, which is in the
 * hardware all the time. Prepared instructions are kept in executable memory, found again by their
 * bytes.
 */
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/process/process.h"

#define STUB_SIZE 16u /* 15 bytes of instruction and a RET */
#define RET       0xc3

/* What FXRSTOR loads: the control word of FNINIT, MXCSR of power-on, empty registers of 0. */
static const uint8_t at_power_on[512]
    __attribute__((aligned(16))) = {[0] = 0x7f, [1] = 0x03, [24] = 0x80, [25] = 0x1f};

void host_fpu_reset(void)
{
    __asm__ volatile("fninit\n\tfxrstor64 %0" : : "m"(at_power_on));
}

static unsigned hash(const uint8_t *code, unsigned len)
{
    uint32_t h = len;
    for (unsigned i = 0; i < len; i++)
        h = h * 31 + code[i];
    return h % (process_fpu_area().size / STUB_SIZE);
}

int host_fpu_run(struct vcpu *v, const uint8_t *code, unsigned len, void *mem)
{
    struct process_code_area area = process_fpu_area();
    if (len >= STUB_SIZE)
        panic("FPU instruction of %u bytes", len);
    unsigned offset = hash(code, len) * STUB_SIZE;
    uint8_t *stub = area.write + offset;
    if (memcmp(stub, code, len) != 0 || stub[len] != RET) {
        memcpy(stub, code, len);
        stub[len] = RET;
    }
    return process_fpu_call(v, area.exec + offset, mem);
}

void host_fpu_exchange(void *image)
{
    static uint8_t before[512] __attribute__((aligned(16)));
    __asm__ volatile("fxsave64 %0" : "=m"(before));
    __asm__ volatile("fxrstor64 %0" : : "m"(*(uint8_t(*)[512])image));
    memcpy(image, before, sizeof before);
}
