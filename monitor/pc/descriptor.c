/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * GDT, LDT, IDT and TSS of the host CPU. The GDT is a full 64 KiB: guest descriptors stand
 * at their own selectors, the monitor's at the top. No call gate that CPL 3 may use ever stands
 * in either table: it would let user code in. SDM 3A 3.4.5, 5.8.3, 6.14, 7.7.
 */
#include "monitor/mem.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"
#include "monitor/x86.h"

#define CODE64(dpl)    (0x00209b0000000000ull | (uint64_t)(dpl) << 45)
#define DATA(dpl)      (0x00cf93000000ffffull | (uint64_t)(dpl) << 45)
#define GATE_INTERRUPT 0x8e00u
#define GATE_TRAP      0x8f00u
#define GATE_CALL      0x8c00u

static uint64_t gdt[8192] __attribute__((aligned(4096)));
static uint64_t ldt[8192] __attribute__((aligned(4096)));
static struct {
    uint64_t lo, hi;
} idt[256] __attribute__((aligned(4096)));

static void system_descriptor(uint16_t sel, const void *base, uint32_t limit, uint64_t type)
{
    uint64_t b = (uint64_t)base;
    gdt[SEL_INDEX(sel)] = (limit & 0xffff) | (b & 0xffffff) << 16 | type << 40 |
                          (uint64_t)(limit >> 16 & 15) << 48 | (b >> 24 & 0xff) << 56;
    gdt[SEL_INDEX(sel) + 1] = b >> 32;
}

static void gate(unsigned vector, unsigned dpl, unsigned ist)
{
    uint64_t h = pc_stubs[vector];
    idt[vector].lo = (h & 0xffff) | (uint64_t)SEL_MONITOR_CODE << 16 | (uint64_t)ist << 32 |
                     (uint64_t)(GATE_INTERRUPT | dpl << 13) << 32 | (h >> 16 & 0xffff) << 48;
    idt[vector].hi = h >> 32;
}

/* To ring 1. A trap gate: ring 1 could not set the real IF again. */
static void syscall_gate(void)
{
    uint64_t h = (uint64_t)gate_syscall;
    idt[VEC_SYSCALL].lo = (h & 0xffff) | (uint64_t)(SEL_TC_CODE & ~3u) << 16 |
                          (uint64_t)(GATE_TRAP | 3u << 13) << 32 | (h >> 16 & 0xffff) << 48;
    idt[VEC_SYSCALL].hi = h >> 32;
}

/* From ring 1 to ring 0, as the INT gates of the same codes; CPL 3 may not use it. */
static void call_gate(unsigned code)
{
    unsigned at = SEL_INDEX(SEL_TC_GATES) + code * GATE_SPACING / sizeof gdt[0];
    uint64_t h = pc_call_stubs[code];
    gdt[at] = (h & 0xffff) | (uint64_t)SEL_MONITOR_CODE << 16 |
              (uint64_t)(GATE_CALL | 1u << 13) << 32 | (h >> 16 & 0xffff) << 48;
    gdt[at + 1] = h >> 32;
}

static void build_idt(void)
{
    for (unsigned v = 0; v < 256; v++)
        gate(v, 0, 0);
    gate(VEC_DB, 0, 1);
    gate(VEC_NMI, 0, 2);
    gate(VEC_DF, 0, 3);
    gate(VEC_MC, 0, 3);
    gate(VEC_BP, 3, 0);
    gate(VEC_OF, 3, 0);
    syscall_gate();
    for (unsigned code = 0; code < 8; code++)
        gate(VEC_TC_BASE + code, 1, 0);
}

static void load(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) g = {sizeof gdt - 1, (uint64_t)gdt},
                              i = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile(
        "lgdt %0\n\tlidt %1\n\t"
        "push %2\n\tlea 1f(%%rip), %%rax\n\tpush %%rax\n\tlretq\n1:\n\t"
        "mov %3, %%ss\n\tmov %4, %%ds\n\tmov %4, %%es\n\tmov %4, %%fs\n\tmov %4, %%gs\n\t"
        "lldt %w5\n\tltr %w6"
        :
        : "m"(g), "m"(i), "r"((uint64_t)SEL_MONITOR_CODE), "r"(SEL_MONITOR_DATA), "r"(0),
          "r"(SEL_LDT), "r"(SEL_TSS)
        : "rax", "memory");
}

void pc_descriptors_init(void)
{
    gdt[SEL_INDEX(SEL_MONITOR_CODE)] = CODE64(0);
    gdt[SEL_INDEX(SEL_MONITOR_DATA)] = DATA(0);
    gdt[SEL_INDEX(SEL_TC_CODE)] = CODE64(1);
    system_descriptor(SEL_TSS, &pc_cpu.tss, sizeof pc_cpu.tss - 1, 0x89);
    system_descriptor(SEL_LDT, ldt, sizeof ldt - 1, 0x82);
    pc_cpu.tss.rsp[0] = (uint64_t)(&pc_cpu.entry_frame + 1);
    pc_cpu.tss.rsp[1] = (uint64_t)(pc_cpu.ring1_stack + sizeof pc_cpu.ring1_stack);
    for (unsigned i = 0; i < 3; i++)
        pc_cpu.tss.ist[i] = (uint64_t)(pc_cpu.ist_stack[i] + sizeof pc_cpu.ist_stack[i]);
    pc_cpu.tss.iomap = sizeof pc_cpu.tss; /* beyond the limit: every port traps */
    for (unsigned code = 0; code < TC_CODES; code++)
        call_gate(code);
    build_idt();
    load();
    wrmsr(MSR_SYSENTER_CS, 0); /* SYSENTER raises #GP, whatever firmware left there */
}

void host_descriptor_set(uint16_t selector, uint64_t descriptor)
{
    (selector & SEL_TI ? ldt : gdt)[SEL_INDEX(selector)] = descriptor;
}
