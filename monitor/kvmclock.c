/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * KVM's clock (kvmclock.h), made of the virtual clock. That is the guest's time-stamp counter
 * scaled by one factor for ever (vclock.h), so what a structure says once stays true and nobody has
 * to come back to it. A guest in lock step gets the time that it is told, like its counter's.
 */
#include "monitor/kvmclock.h"

#include "devices/board.h"
#include "monitor/guestmem.h"
#include "monitor/host.h"
#include "monitor/mem.h"
#include "monitor/vclock.h"
#include "monitor/vmem.h"

#define NS_PER_S 1000000000ull
#define Y2000    946684800u /* where the board's clock starts, too, if the host has none */

_Static_assert(sizeof(struct kvm_time) == 32, "as guests know it");
_Static_assert(sizeof(struct kvm_wall) == 12, "as guests know it");

bool kvmclock_cpuid(uint32_t leaf, uint32_t regs[4])
{
    if (leaf == KVM_CPUID_BASE) {
        regs[0] = KVM_CPUID_FEATURES; /* the highest of these leaves */
        memcpy(&regs[1], KVM_CPUID_SIGNATURE, 12);
        return true;
    }
    if (leaf != KVM_CPUID_FEATURES)
        return false;
    regs[0] = KVM_FEATURES;
    return true;
}

/* The structure of LEN bytes at WHERE, which begins with its version, becomes IMAGE. Version is odd
 * in between, and goes on from whatever the guest has there. */
static void publish(struct vm *vm, uint64_t where, void *image, unsigned len)
{
    uint32_t version;
    if (!guest_page(vm, gpa(where), len) || !guest_read(vm, gpa(where), &version, sizeof version))
        return;
    version = (version + 1) | 1;
    vmem_write_physical(vm, gpa(where), &version, sizeof version);
    memcpy(image, &version, sizeof version);
    vmem_write_physical(vm, gpa(where), image, len);
    version++;
    vmem_write_physical(vm, gpa(where), &version, sizeof version);
}

/* MUL gets all its 32 bits: the counter's rate is brought to between 1 and 2 GHz. */
static void scale(struct kvm_time *t, uint64_t hz)
{
    while (hz >= 2 * NS_PER_S) {
        hz >>= 1;
        t->shift--;
    }
    while (hz <= NS_PER_S) {
        hz <<= 1;
        t->shift++;
    }
    t->mul = (uint32_t)((NS_PER_S << 32) / hz);
}

/* The time as it was between two looks at the counter. */
static struct kvm_time now(const struct vm *vm)
{
    uint64_t before = vclock_tsc(vm);
    struct kvm_time t = {.system_ns = vclock_ns(vm), .flags = KVM_TIME_STABLE};
    t.tsc = before + (vclock_tsc(vm) - before) / 2;
    scale(&t, vclock_tsc_hz(vm));
    return t;
}

uint64_t kvmclock_read_time(const struct vcpu *v)
{
    return v->kvm_time;
}

void kvmclock_write_time(struct vcpu *v, uint64_t where)
{
    v->kvm_time = where;
    if (!(where & 1))
        return;
    struct kvm_time t = now(v->vm);
    publish(v->vm, where & ~1ull, &t, sizeof t);
}

uint64_t kvmclock_read_wall(const struct vcpu *v)
{
    return v->kvm_wall;
}

void kvmclock_write_wall(struct vcpu *v, uint64_t where)
{
    uint64_t date = v->vm->pace.on ? PACE_START : host_wallclock_s();
    uint64_t ns = (date ? date : Y2000) * NS_PER_S, since = vclock_ns(v->vm);
    ns = ns > since ? ns - since : 0;
    struct kvm_wall w = {0, (uint32_t)(ns / NS_PER_S), (uint32_t)(ns % NS_PER_S)};
    v->kvm_wall = where;
    publish(v->vm, where, &w, sizeof w);
}
