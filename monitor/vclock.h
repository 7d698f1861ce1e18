/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The virtual clock: what the host's clock and time-stamp counter are to the guest. Devices and
 * RDTSC both read it here, so that they agree. It runs with the host's, except under --engine
 * interp: there no guest code reads the hardware's counter, and instructions take a hundred times
 * as long as translated ones, so that a kernel would spend all its time on timer ticks that come in
 * real time. Both clocks run VCLOCK_SLOW times slower then. A VM in lock step has a time of its
 * own, and a counter that counts nanoseconds.
 */
#ifndef RING1_VCLOCK_H
#define RING1_VCLOCK_H

#include "monitor/host.h"
#include "monitor/vm.h"

#define VCLOCK_SLOW 16u

static inline uint64_t vclock_divisor(const struct vm *vm)
{
    return vm->engine == PLAN_INTERP ? VCLOCK_SLOW : 1;
}

/* Now, in nanoseconds of the guest's time; its time-stamp counter. */
static inline uint64_t vclock_ns(const struct vm *vm)
{
    return vm->pace.on ? vm->pace.ns : host_now_ns() / vclock_divisor(vm);
}

static inline uint64_t vclock_tsc(const struct vm *vm)
{
    return vm->pace.on ? vm->pace.ns : host_tsc() / vclock_divisor(vm);
}

static inline uint64_t vclock_tsc_hz(const struct vm *vm)
{
    return vm->pace.on ? 1000000000u : host_tsc_hz() / vclock_divisor(vm);
}

/* When on the host's clock it is NS on the guest's; UINT64_MAX is never on both. */
static inline uint64_t vclock_to_host(const struct vm *vm, uint64_t ns)
{
    uint64_t by = vclock_divisor(vm);
    return ns > UINT64_MAX / by ? UINT64_MAX : ns * by;
}

#endif
