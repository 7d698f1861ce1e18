/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The system calls that are made while the guest's vector registers are live, as instructions: a
 * function of the C library may use those registers, and sets errno, which is the interrupted
 * code's. All return what Linux returns: -errno where it refuses. (x86-64 psABI, A.2.1.)
 */
#ifndef RING1_PROCESS_SYS_H
#define RING1_PROCESS_SYS_H

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

static inline int64_t sys_call6(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                uint64_t e, uint64_t f)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline int64_t sys_mmap(uint64_t address, uint64_t bytes, int protection, int flags, int fd,
                               uint64_t offset)
{
    return sys_call6(__NR_mmap, address, bytes, (uint64_t)protection, (uint64_t)flags, (uint64_t)fd,
                     offset);
}

static inline int64_t sys_munmap(uint64_t address, uint64_t bytes)
{
    return sys_call6(__NR_munmap, address, bytes, 0, 0, 0, 0);
}

static inline int64_t sys_mprotect(uint64_t address, uint64_t bytes, int protection)
{
    return sys_call6(__NR_mprotect, address, bytes, (uint64_t)protection, 0, 0, 0);
}

#endif
