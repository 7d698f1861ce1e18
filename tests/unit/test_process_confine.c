/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The filter of system calls: what a running guest needs passes, and whatever else a process could
 * do ends it. Each call is made in a process of its own that has the filter.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/host_io.h"
#include "monitor/process/frames.h"
#include "monitor/process/process.h"
#include "monitor/process/sys.h"
#include "tests/unit/process_world.h"

#define MIB      (1ull << 20)
#define GIB      (1ull << 30)
#define TERABYTE (1ull << 40) /* the windows end before the next one */
#define X32      0x40000000

enum end { PASSED, KILLED, FAILED };

static struct process_io io;
static int sockets[2], debugger[2];
static volatile sig_atomic_t caught;

static int64_t call(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    return sys_call6(number, a, b, c, d, e, 0);
}

static int64_t map_at(uint64_t address, int protection, int flags, int fd)
{
    return sys_mmap(address, PAGE_SIZE, protection, flags, fd, 0);
}

static int64_t map_in_window(int protection)
{
    return map_at(window_kernel(), protection, MAP_SHARED | MAP_FIXED, frames_fd());
}

/* ---- Calls that pass: below 0 where they do not do what they are for --------------- */

static int64_t window_calls(void)
{
    uint64_t at = window_kernel() + 3 * PAGE_SIZE;
    if (map_at(at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, frames_fd()) < 0)
        return -1;
    *(volatile uint32_t *)at = 1;
    return sys_mprotect(at, PAGE_SIZE, PROT_READ) | sys_munmap(at, PAGE_SIZE) |
           sys_munmap(window_kernel(), 4 * GIB);
}

static int64_t write_log(void)
{
    return call(__NR_write, (uint64_t)io.log, (uint64_t) "x", 1, 0, 0);
}

static int64_t receive(void)
{
    char c;
    return call(__NR_recvfrom, (uint64_t)io.control, (uint64_t)&c, 1, MSG_DONTWAIT, 0) == -EAGAIN
               ? 0
               : -1;
}

static int64_t talk_to_debugger(void)
{
    char c;
    return call(__NR_write, (uint64_t)io.debug, (uint64_t) "x", 1, 0, 0) == 1 &&
                   call(__NR_recvfrom, (uint64_t)io.debug, (uint64_t)&c, 1, MSG_DONTWAIT, 0) ==
                       -EAGAIN
               ? 0
               : -1;
}

static int64_t sleep_shortly(void)
{
    struct timespec t = {.tv_nsec = 1000000};
    return call(__NR_ppoll, 0, 0, (uint64_t)&t, 0, 0);
}

static int64_t mask_signals(void)
{
    uint64_t set;
    return call(__NR_rt_sigprocmask, SIG_BLOCK, 0, (uint64_t)&set, sizeof set, 0);
}

static int64_t read_clock(void)
{
    struct timespec t;
    return call(__NR_clock_gettime, CLOCK_REALTIME, (uint64_t)&t, 0, 0, 0);
}

static int64_t set_no_timer(void)
{
    struct itimerspec when = {0};
    return call(__NR_timer_settime, 12345, 0, (uint64_t)&when, 0, 0) == -EINVAL ? 0 : -1;
}

/* The alarm was set before. */
static int64_t signal_and_return(void)
{
    while (!caught)
        ;
    return 0;
}

static int64_t set_gs(void)
{
    return call(__NR_arch_prctl, ARCH_SET_GS, 0, 0, 0, 0);
}

/* ---- Calls that do not ----------------------------------------------------------- */

static int64_t open_file(void)
{
    return call(__NR_open, (uint64_t) "/dev/null", O_RDONLY, 0, 0, 0);
}

static int64_t open_file_at(void)
{
    return call(__NR_openat, (uint64_t)AT_FDCWD, (uint64_t) "/dev/null", O_RDONLY, 0, 0);
}

static int64_t make_socket(void)
{
    return call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0);
}

static int64_t execute(void)
{
    return call(__NR_execve, (uint64_t) "/bin/true", 0, 0, 0, 0);
}

static int64_t fork_itself(void)
{
    return call(__NR_fork, 0, 0, 0, 0, 0);
}

static int64_t kill_parent(void)
{
    return call(__NR_kill, (uint64_t)getppid(), 0, 0, 0, 0);
}

static int64_t set_filter(void)
{
    return call(__NR_prctl, 0, 0, 0, 0, 0);
}

static int64_t write_elsewhere(void)
{
    return call(__NR_write, (uint64_t)sockets[1], (uint64_t) "x", 1, 0, 0);
}

static int64_t map_executable(void)
{
    return map_in_window(PROT_READ | PROT_EXEC);
}

static int64_t map_anonymous(void)
{
    return map_at(window_kernel(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
}

static int64_t map_other_file(void)
{
    return map_at(window_kernel(), PROT_READ, MAP_SHARED | MAP_FIXED, frames_fd() + 1);
}

static int64_t map_anywhere(void)
{
    return map_at(window_kernel(), PROT_READ, MAP_SHARED, frames_fd());
}

static int64_t map_below(void)
{
    return map_at(window_kernel() - PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, frames_fd());
}

static int64_t map_above(void)
{
    return map_at(window_kernel() + TERABYTE, PROT_READ, MAP_SHARED | MAP_FIXED, frames_fd());
}

static int64_t protect_executable(void)
{
    return sys_mprotect(window_kernel(), PAGE_SIZE, PROT_READ | PROT_EXEC);
}

static int64_t protect_itself(void)
{
    return sys_mprotect((uint64_t)&io & ~PAGE_MASK, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static int64_t unmap_itself(void)
{
    return sys_munmap((uint64_t)&io & ~PAGE_MASK, PAGE_SIZE);
}

static int64_t unmap_much(void)
{
    return sys_munmap(window_kernel(), 8 * GIB);
}

static int64_t set_fs(void)
{
    return call(__NR_arch_prctl, ARCH_GET_FS, (uint64_t)&io, 0, 0, 0);
}

static int64_t x32_call(void)
{
    return call(__NR_write | X32, (uint64_t)io.log, (uint64_t) "x", 1, 0, 0);
}

/* 4 is write there. */
static int64_t i386_call(void)
{
    int64_t result = 4;
    __asm__ volatile("int $0x80"
                     : "+a"(result)
                     : "b"(io.log), "c"(0), "d"(0)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

/* ---- Disks, memory that is given back, the network ---- */

static int64_t use_disk(void)
{
    uint8_t sector[512] = {7};
    uint64_t fd = (uint64_t)io.disk[0], buf = (uint64_t)sector;
    if (call(__NR_pwrite64, fd, buf, 512, 512, 0) != 512 ||
        call(__NR_fdatasync, fd, 0, 0, 0, 0) != 0)
        return -1;
    sector[0] = 0;
    if (call(__NR_pread64, fd, buf, 512, 512, 0) != 512 || sector[0] != 7)
        return -1;
    return call(__NR_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 512, 512, 0);
}

static int64_t forget_frame(void)
{
    host_frames_forget(hfn(1), 1);
    return 0;
}

static int64_t random_bytes(void)
{
    uint8_t bytes[8];
    return call(__NR_getrandom, (uint64_t)bytes, 8, 0, 0, 0) == 8 ? 0 : -1;
}

static int64_t send_frame(void)
{
    return sys_call6(__NR_sendto, (uint64_t)io.net, (uint64_t) "frame", 5, MSG_DONTWAIT, 0, 0) - 5;
}

static int64_t send_to_address(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/tmp/x"};
    return sys_call6(__NR_sendto, (uint64_t)io.net, (uint64_t) "frame", 5, 0, (uint64_t)&at,
                     sizeof at);
}

static int64_t send_elsewhere(void)
{
    return sys_call6(__NR_sendto, (uint64_t)io.control, (uint64_t) "x", 1, 0, 0, 0);
}

static int64_t read_no_disk(void)
{
    uint8_t byte;
    return call(__NR_pread64, (uint64_t)frames_fd(), (uint64_t)&byte, 1, 0, 0);
}

static int64_t write_no_disk(void)
{
    return call(__NR_pwrite64, (uint64_t)io.log, (uint64_t) "x", 1, 0, 0);
}

static int64_t sync_no_disk(void)
{
    return call(__NR_fdatasync, (uint64_t)io.log, 0, 0, 0, 0);
}

static int64_t punch_no_disk(void)
{
    return call(__NR_fallocate, (uint64_t)io.log, 0, 0, 1, 0);
}

/* ---- Trying them ---------------------------------------------------------------- */

static void on_alarm(int number)
{
    caught = number;
}

static _Noreturn void child(int64_t (*attempt)(void))
{
    const struct rlimit no_core = {0, 0};
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &soon, NULL);
    uint64_t status = process_confine(&io) ? 2 : attempt() < 0;
    for (;;)
        call(__NR_exit_group, status, 0, 0, 0, 0);
}

static enum end try(int64_t (*attempt)(void))
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(attempt);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return KILLED;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PASSED : FAILED;
}

struct row {
    const char *name;
    int64_t (*attempt)(void);
};

static void all_end(const struct row *rows, unsigned count, enum end how)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < count; i++) {
        enum end got = try(rows[i].attempt);
        if (got != how)
            print_error("%s: %d\n", rows[i].name, got);
        wrong += got != how;
    }
    assert_int_equal(wrong, 0);
}

#define ROW(f)                                                                                     \
    {                                                                                              \
#f, f                                                                                      \
    }

static void what_a_guest_needs(void **state)
{
    static const struct row rows[] = {
        ROW(window_calls),      ROW(write_log),    ROW(receive),      ROW(talk_to_debugger),
        ROW(sleep_shortly),     ROW(mask_signals), ROW(read_clock),   ROW(set_no_timer),
        ROW(signal_and_return), ROW(use_disk),     ROW(forget_frame), ROW(random_bytes),
        ROW(send_frame)};
    (void)state;
    all_end(rows, ARRAY_SIZE(rows), PASSED);
}

static void whatever_else(void **state)
{
    static const struct row rows[] = {
        ROW(open_file),     ROW(open_file_at),       ROW(make_socket),
        ROW(execute),       ROW(fork_itself),        ROW(kill_parent),
        ROW(set_filter),    ROW(write_elsewhere),    ROW(map_executable),
        ROW(map_anonymous), ROW(map_other_file),     ROW(map_anywhere),
        ROW(map_below),     ROW(map_above),          ROW(unmap_itself),
        ROW(unmap_much),    ROW(protect_executable), ROW(protect_itself),
        ROW(x32_call),      ROW(i386_call),          ROW(set_gs),
        ROW(set_fs),        ROW(send_to_address),    ROW(send_elsewhere),
        ROW(read_no_disk),  ROW(write_no_disk),      ROW(sync_no_disk),
        ROW(punch_no_disk),
    };
    (void)state;
    all_end(rows, ARRAY_SIZE(rows), KILLED);
}

static void gs_by_a_call(void **state)
{
    (void)state;
    world_wrgsbase = false;
    assert_int_equal(try(set_gs), PASSED);
    assert_int_equal(try(set_fs), KILLED);
    world_wrgsbase = true;
}

static int make(void **state)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, debugger) != 0)
        return -1;
    int net[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, net) != 0)
        return -1;
    io = (struct process_io){.net = net[0],
                             .disk = {memfd_create("disk", 0)},
                             .disks = 1,
                             .console = -1,
                             .control = sockets[0],
                             .debug = debugger[0],
                             .log = open("/dev/null", O_WRONLY)};
    return world_make(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_guest_needs),
        cmocka_unit_test(whatever_else),
        cmocka_unit_test(gs_by_a_call),
    };
    return cmocka_run_group_tests(tests, make, NULL);
}
