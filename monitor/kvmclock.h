/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * KVM's paravirtual clock, which stock kernels know: CPUID leaves 40000100h and 40000101h, and two
 * MSRs to each of which the guest gives the physical address of a structure that is filled in there
 * and then. From the one the guest has the time of any later value of its time-stamp counter, so
 * that reading the time is no exit; the other says what date it was when that time was 0. Of KVM
 * there is no more than this: no other feature is shown, none of KVM's hypercalls is there.
 *
 * An address that is not all in RAM, or whose structure crosses a page, is kept for RDMSR and
 * nothing is written, as KVM does. Layout and protocol: Linux, Documentation/virt/kvm/x86/msr.rst
 * and cpuid.rst.
 */
#ifndef RING1_KVMCLOCK_H
#define RING1_KVMCLOCK_H

#include "monitor/vcpu.h"

#define KVM_CPUID_BASE      0x40000100u
#define KVM_CPUID_FEATURES  0x40000101u
#define KVM_CPUID_SIGNATURE "KVMKVMKVM\0\0\0" /* 12 bytes */

/* Leaf 40000101h, EAX. */
enum kvm_feature {
    KVM_NOP_IO_DELAY = 1u << 1,        /* writes to port 80h delay nothing */
    KVM_CLOCKSOURCE2 = 1u << 3,        /* the MSRs below */
    KVM_CLOCKSOURCE_STABLE = 1u << 24, /* no vcpu's clock is ahead of another's, ... */
};
#define KVM_FEATURES (KVM_NOP_IO_DELAY | KVM_CLOCKSOURCE2 | KVM_CLOCKSOURCE_STABLE)

enum kvm_msr {
    MSR_KVM_WALL_CLOCK = 0x4b564d00,
    MSR_KVM_SYSTEM_TIME = 0x4b564d01, /* bit 0: enable */
};

/* What MSR_KVM_SYSTEM_TIME fills in: at TSC the time was SYSTEM_NS. A count of ticks since then,
 * shifted left by SHIFT (right, if that is negative), times MUL / 2^32, is nanoseconds. */
struct kvm_time {
    uint32_t version; /* odd while the rest is being written */
    uint32_t pad;
    uint64_t tsc;
    uint64_t system_ns;
    uint32_t mul;
    int8_t shift;
    uint8_t flags; /* bit 0: stable */
    uint8_t pad2[2];
};
#define KVM_TIME_STABLE 1u

/* What MSR_KVM_WALL_CLOCK fills in: the date, since 1970, when SYSTEM_NS was 0. */
struct kvm_wall {
    uint32_t version;
    uint32_t seconds;
    uint32_t ns;
};

/* Fills REGS if LEAF is one of KVM's; false, with nothing changed, if not. */
bool kvmclock_cpuid(uint32_t leaf, uint32_t regs[4]);

uint64_t kvmclock_read_wall(const struct vcpu *v);
uint64_t kvmclock_read_time(const struct vcpu *v);
void kvmclock_write_wall(struct vcpu *v, uint64_t where);
void kvmclock_write_time(struct vcpu *v, uint64_t where);

#endif
