/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The system calls that are left to the process once the guest runs: a filter of Linux's (seccomp),
 * a list of numbers and of what their arguments may be. One that is not on it ends the process by
 * SIGSYS. What the list is for: with the mappings that are there and these calls, no page becomes
 * executable, no mapping outside the windows changes, and nothing is opened.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "monitor/log.h"
#include "monitor/process/frames.h"
#include "monitor/process/pane.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"
#include "monitor/process/window.h"

/* A half of argument N: programs of this kind know 32 bits at a time. */
#define LOW(n)  (offsetof(struct seccomp_data, args) + 8 * (n))
#define HIGH(n) (LOW(n) + 4)

#define MOST 200u
static struct sock_filter program[MOST];
static unsigned length;

static void emit(uint16_t code, uint32_t k, unsigned yes, unsigned no)
{
    if (length == MOST)
        panic("the system-call filter is too long");
    program[length++] = (struct sock_filter){code, (uint8_t)yes, (uint8_t)no, k};
}

static void load(size_t offset)
{
    emit(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(uint32_t action)
{
    emit(BPF_RET | BPF_K, action, 0, 0);
}

/* A wrong word ends the process. JUMP: a comparison with K, HOLDS: what its answer must be. */
static void require(size_t offset, uint16_t jump, uint32_t k, bool holds)
{
    load(offset);
    emit(BPF_JMP | jump | BPF_K, k, holds, !holds);
    answer(SECCOMP_RET_KILL_PROCESS);
}

static void require_equal(unsigned n, uint32_t value)
{
    require(LOW(n), BPF_JEQ, value, true);
}

static void require_no_bits(unsigned n, uint32_t bits)
{
    require(LOW(n), BPF_JSET, bits, false);
}

/* Argument N is one of COUNT file descriptors. */
static void require_one(unsigned n, const int *fd, unsigned count)
{
    load(LOW(n));
    for (unsigned i = 0; i < count; i++)
        emit(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)fd[i], count - i, 0);
    answer(SECCOMP_RET_KILL_PROCESS);
}

/* Argument 0 is an address in the windows, argument 1 a size of up to 4 GiB and a bit. Behind the
 * last window there is as much of nothing. */
static void require_window(void)
{
    uint32_t first = (uint32_t)(window_kernel() >> 32);
    require(HIGH(0), BPF_JGE, first, true);
    require(HIGH(0), BPF_JGE, first + MAX_SPACES * (uint32_t)(WINDOW_STRIDE >> 32) - 1, false);
    require(HIGH(1), BPF_JGT, 1, false);
}

/* What follows up to `end` is for system call NUMBER alone; returns what end must know. */
static unsigned begin(uint32_t number)
{
    load(offsetof(struct seccomp_data, nr));
    emit(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 0);
    return length - 1;
}

static void end(unsigned at)
{
    answer(SECCOMP_RET_ALLOW);
    program[at].jf = (uint8_t)(length - at - 1);
}

static void allow(uint32_t number)
{
    end(begin(number));
}

/* ---- The list ---------------------------------------------------------------- */

static void memory_calls(void)
{
    unsigned at = begin(__NR_mmap);
    require_window();
    require_no_bits(2, ~(uint32_t)(PROT_READ | PROT_WRITE));
    require_no_bits(3, ~(uint32_t)(MAP_SHARED | MAP_FIXED | MAP_POPULATE));
    require(LOW(3), BPF_JSET, MAP_FIXED, true);
    require_equal(4, (uint32_t)frames_fd());
    end(at);
    at = begin(__NR_mprotect);
    require_window();
    require_no_bits(2, ~(uint32_t)(PROT_READ | PROT_WRITE));
    end(at);
    at = begin(__NR_munmap);
    require_window();
    end(at);
}

static void stream_calls(const struct process_io *io)
{
    const int out[] = {io->console, io->log, io->debug, process_perf_map_fd()},
              in[] = {io->console, io->control, io->debug, io->net};
    unsigned at = begin(__NR_write);
    require_one(0, out, ARRAY_SIZE(out));
    end(at);
    at = begin(__NR_recvfrom);
    require_one(0, in, ARRAY_SIZE(in));
    end(at);
    at = begin(__NR_sendto); /* to the other end and nobody else */
    require_one(0, &io->net, io->net >= 0);
    require_equal(4, 0);
    require(HIGH(4), BPF_JEQ, 0, true);
    end(at);
}

/* Only holes are made in the memory file: it is sealed against another size. */
static void file_calls(const struct process_io *io)
{
    static const uint32_t calls[] = {__NR_pread64, __NR_pwrite64, __NR_fdatasync};
    int files[PLAN_DISKS + 1] = {frames_fd()};
    for (unsigned i = 0; i < io->disks; i++)
        files[i + 1] = io->disk[i];
    unsigned at = begin(__NR_fallocate);
    require_one(0, files, io->disks + 1);
    end(at);
    for (unsigned i = 0; i < ARRAY_SIZE(calls) && io->disks; i++) {
        at = begin(calls[i]);
        require_one(0, io->disk, io->disks);
        end(at);
    }
}

/* The rest: time, sleep, signals, entropy, the end. */
static void other_calls(void)
{
    static const uint32_t plain[] = {__NR_timer_settime,  __NR_rt_sigreturn,  __NR_ppoll,
                                     __NR_rt_sigprocmask, __NR_clock_gettime, __NR_exit_group,
                                     __NR_getrandom};
    for (unsigned i = 0; i < ARRAY_SIZE(plain); i++)
        allow(plain[i]);
    if (process_has_wrgsbase())
        return;
    unsigned at = begin(__NR_arch_prctl);
    require_equal(0, ARCH_SET_GS);
    end(at);
}

/* A call of another ABI has other numbers; x32's have a bit that no number here has. The order is
 * how often they come. */
static void write_program(const struct process_io *io)
{
    length = 0;
    require(offsetof(struct seccomp_data, arch), BPF_JEQ, AUDIT_ARCH_X86_64, true);
    memory_calls();
    other_calls();
    stream_calls(io);
    file_calls(io);
    answer(SECCOMP_RET_KILL_PROCESS);
}

const char *process_confine(const struct process_io *io)
{
    static char refusal[200];
    int persona = personality(UINT32_MAX); /* asks */
    write_program(io);
    personality((unsigned long)(persona & ~READ_IMPLIES_EXEC));
    struct sock_fprog filter = {(unsigned short)length, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0)
        return NULL;
    snprintf(refusal, sizeof refusal,
             "the system refuses a system-call filter (%s): allow seccomp where ring1 is started, "
             "or run "
             "with --no-confine",
             strerror(errno));
    return refusal;
}
