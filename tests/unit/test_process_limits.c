/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the system may refuse the process host's memory: the memory file, addresses, mappings. Each
 * case is a child of its own, made with what is refused by a seccomp filter or a resource limit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/process/frames.h"
#include "monitor/process/pane.h"
#include "monitor/process/record.h"
#include "tests/unit/process_world.h"

#define SLOT 0x40u

/* ---- Children ---------------------------------------------------------------- */

/* Runs CHILD in a process; its status must be 0. */
static void in_child(void (*child)(void))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        child();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* assert_true's of a child. */
static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "not so in a child: %s\n", what);
    _exit(1);
}
#define MUST(what) must((what), #what)

/* System call NUMBER fails with ERROR from now on, if its argument ARG has all of BITS. */
static void refuse(unsigned number, unsigned error, unsigned arg, uint32_t bits)
{
    const uint32_t at = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg);
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_SIZE(code), code};
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* No more addresses than are in use now and BYTES. */
static void limit_addresses(uint64_t bytes)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    MUST(f && fscanf(f, "%lu", &pages) == 1);
    fclose(f);
    struct rlimit r = {pages * PAGE_SIZE + bytes, RLIM_INFINITY};
    MUST(setrlimit(RLIMIT_AS, &r) == 0);
}

static void says(const char *line, const char *part)
{
    MUST(line != NULL);
    if (!strstr(line, part) || strchr(line, '\n'))
        fprintf(stderr, "said: %s\n", line);
    MUST(strstr(line, part) && !strchr(line, '\n'));
}

/* ---- The memory file ---------------------------------------------------------- */

static void no_memfd(void)
{
    refuse(SYS_memfd_create, EPERM, 0, 0);
    says(frames_create(256), "memfd_create is refused for 1 MiB");
    MUST(frames_fd() == -1);
}

static void no_noexec(void)
{
    refuse(SYS_memfd_create, EINVAL, 1, 8); /* a kernel before 6.3 */
    MUST(!frames_create(256));
    MUST(fcntl(frames_fd(), F_GETFD) >= 0);
}

static void no_seals(void)
{
    refuse(SYS_fcntl, EPERM, 1, F_ADD_SEALS);
    says(frames_create(256), "cannot be sealed");
    MUST(frames_fd() == -1);
}

static void no_file_size(void)
{
    struct rlimit r = {1 << 20, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    MUST(setrlimit(RLIMIT_FSIZE, &r) == 0);
    says(frames_create(257), "ulimit -f");
    MUST(!frames_create(256));
}

static void no_addresses_for_frames(void)
{
    limit_addresses(4 << 20);
    says(frames_create(2048), "ulimit -v");
}

static void no_frames(void)
{
    says(frames_create(0), "ask for less");
    says(frames_create(FRAMES_MAX + 1), "ask for less");
}

static void sealed(void)
{
    MUST(!frames_create(256));
    MUST(ftruncate(frames_fd(), 1 << 20) == 0); /* as it is */
    MUST(ftruncate(frames_fd(), 2 << 20) < 0);
    MUST(ftruncate(frames_fd(), 0) < 0);
    *(uint32_t *)host_frame_ptr(hfn(255)) = 1;
}

/* A system that does not overcommit, or so it says: another file stands where Linux tells. False:
 * one may not do that here. */
static bool pretend_strict(void)
{
    char name[] = "/tmp/ring1-test-XXXXXX";
    int fd = mkstemp(name);
    MUST(fd >= 0 && write(fd, "2\n", 2) == 2);
    close(fd);
    bool done = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
                mount(name, "/proc/sys/vm/overcommit_memory", NULL, MS_BIND, NULL) == 0;
    unlink(name);
    if (!done)
        fprintf(stderr, "not tried: a system that does not overcommit\n");
    return done;
}

static void strict(void)
{
    struct stat st;
    if (!pretend_strict())
        return;
    MUST(!frames_create(256));
    MUST(fstat(frames_fd(), &st) == 0 && st.st_blocks * 512 >= 1 << 20);
}

static void strict_and_full(void)
{
    if (!pretend_strict())
        return;
    refuse(SYS_fallocate, ENOSPC, 0, 0);
    says(frames_create(256), "does not overcommit");
    MUST(frames_fd() == -1);
}

static void the_memory_file(void **state)
{
    (void)state;
    in_child(no_memfd);
    in_child(no_noexec);
    in_child(no_seals);
    in_child(no_file_size);
    in_child(no_addresses_for_frames);
    in_child(no_frames);
    in_child(sealed);
    in_child(strict);
    in_child(strict_and_full);
}

/* ---- Windows ------------------------------------------------------------------ */

static void no_memory_for_records(void)
{
    limit_addresses(2 << 20);
    says(window_create(0), "ulimit -v");
}

static void too_few_mappings(void)
{
    says(window_create(3), "vm.max_map_count");
}

static void no_holes(void)
{
    refuse(SYS_mmap, EEXIST, 3, MAP_FIXED_NOREPLACE);
    says(window_create(0), "no free addresses");
}

/* Where something is mapped already, the windows are elsewhere. */
static void in_the_way(void)
{
    MUST(!window_create(0));
    uint64_t before = records.base;
    void *way = (void *)(before + 50 * WINDOW_STRIDE);
    MUST(mmap(way, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == way);
    MUST(!window_create(0));
    MUST(records.base > before);
}

/* Under ulimit -v holes are looked for in pieces, and nothing of them stays. */
static void little_addresses(void)
{
    limit_addresses(256 << 20);
    MUST(!window_create(0));
    MUST(world_count() == 0);
}

static void making_windows(void **state)
{
    (void)state;
    in_child(no_memory_for_records);
    in_child(too_few_mappings);
    in_child(no_holes);
    in_child(in_the_way);
    in_child(little_addresses);
}

/* ---- Mappings refused -------------------------------------------------------- */

static void make_world(void)
{
    MUST(!frames_create(WORLD_FRAMES));
    MUST(!window_create(0));
    for (uint32_t f = 0; f < WORLD_FRAMES; f++)
        *world_word(f, 0) = f;
}

/* Tables at PAGES pages from SLOT on of a new space, no two neighbours in memory, for the user. */
static hspace_t scattered(unsigned pages)
{
    hspace_t s = host_space_create();
    for (unsigned n = 0; n < pages; n += HOST_TABLE_ENTRIES) {
        htable_t t = host_table_create();
        host_space_attach(s, SLOT + n / HOST_TABLE_ENTRIES, t);
        for (unsigned i = 0; i < HOST_TABLE_ENTRIES; i++)
            world_set(t, i, 1 + (n + i) * 2 % (WORLD_FRAMES - 1), SH_WRITE | SH_USER);
    }
    return s;
}

static void read_all(unsigned pages)
{
    uint64_t at = window_user() + ((uint64_t)SLOT << SLOT_SHIFT);
    for (unsigned n = 0; n < pages; n++) {
        uint32_t value = 0;
        enum reach how = world_read(at + (uint64_t)n * PAGE_SIZE, &value);
        MUST(how == REACHED || how == REACHED_AT_ONCE);
        MUST(value == 1 + n * 2 % (WORLD_FRAMES - 1));
        MUST(records.pieces <= records.limit);
    }
}

/* More addresses than ulimit -v allows: Linux answers ENOMEM, and what is mapped gives way. */
static void address_limit(void)
{
    make_world();
    hspace_t a = scattered(2048), b = scattered(2048);
    limit_addresses(6 << 20);
    for (unsigned i = 0; i < 3; i++) {
        host_space_use(a);
        read_all(2048);
        host_space_use(b);
        read_all(2048);
    }
    MUST(window_counts.evictions > 5);
}

/* Linux's own limit, with books that allow more. Rights are taken away beyond it as well. */
static void linux_limit(void)
{
    const unsigned pages = 40960;
    make_world();
    records.limit = 1u << 20;
    hspace_t a = scattered(pages), b = scattered(pages);
    host_space_use(a);
    read_all(pages);
    MUST(world_count() == records.pieces && records.pieces == pages);
    host_space_use(b);
    read_all(pages);
    MUST(window_counts.evictions >= 1);
}

/* Uses up what Linux allows. */
static void fill_up(void)
{
    uint64_t at = records.base + MAX_SPACES * WINDOW_STRIDE;
    while (mmap((void *)at, PAGE_SIZE, PROT_NONE, MAP_SHARED | MAP_FIXED, frames_fd(), 0) !=
           MAP_FAILED)
        at += 2 * PAGE_SIZE;
    MUST(errno == ENOMEM);
}

/* The limit is met while mappings are split to take rights away. */
static void linux_limit_while_splitting(void)
{
    make_world();
    records.limit = 1u << 20;
    hspace_t a = scattered(512);
    host_space_use(a);
    htable_t t = host_table_create();
    host_space_attach(a, 0x600, t);
    for (unsigned i = 0; i < 512; i++)
        world_set(t, i, 1000 + i, SH_WRITE);
    uint32_t value;
    read_all(512);
    MUST(world_read(window_kernel() + (0x600ull << SLOT_SHIFT), &value) == REACHED);
    fill_up();
    for (unsigned i = 1; i < 512; i += 2) {
        uint64_t page = window_kernel() + (0x600ull << SLOT_SHIFT) + i * PAGE_SIZE;
        if (i % 4 == 1)
            host_table_set(t, i, hfn(0), 0);
        else
            world_set(t, i, 1000 + i, 0);
        MUST(world_mapping(page) == NOT_MAPPED || (i % 4 == 3 && world_mapping(page) == READABLE));
        MUST(world_read(page - PAGE_SIZE, &value) <= REACHED_AT_ONCE && value == 1000 + i - 1);
    }
    MUST(records.pieces >= world_count());
}

/* Three large pages are one mapping, out of which the middle is taken. */
static void linux_limit_while_detaching(void)
{
    uint32_t value;
    make_world();
    hspace_t a = host_space_create();
    host_space_use(a);
    for (uint32_t i = 0; i < 3; i++) {
        host_space_attach_large(a, SLOT + i, hfn(512 + 512 * i), SH_PRESENT | SH_USER);
        uint64_t page = window_user() + ((uint64_t)(SLOT + i) << SLOT_SHIFT);
        MUST(world_read(page, &value) == REACHED && value == 512 + 512 * i);
    }
    MUST(world_count() == 1);
    fill_up();
    host_space_detach(a, SLOT + 1);
    MUST(world_count() == 0 && records.pieces == 0);
    MUST(world_read(window_user() + ((uint64_t)SLOT << SLOT_SHIFT), &value) == REACHED);
}

static void mappings_refused(void **state)
{
    (void)state;
    in_child(address_limit);
    in_child(linux_limit);
    in_child(linux_limit_while_splitting);
    in_child(linux_limit_while_detaching);
}

/* ---- A limit of one's own ------------------------------------------------------ */

/* The window unused for longest goes first, and the current ones last. */
static void oldest_first(void)
{
    hspace_t s[3];
    make_world();
    records.limit = 42;
    for (unsigned i = 0; i < 3; i++) {
        s[i] = scattered(512);
        host_space_use(s[i]);
        read_all(12);
    }
    MUST(records.pieces == 36 && window_counts.evictions == 0);
    read_all(20);
    MUST(window_counts.evictions == 1);
    MUST(!records.window[s[0].id].pieces && records.window[s[1].id].pieces == 12);
    read_all(512); /* more than there is room for */
    MUST(!records.window[s[1].id].pieces && records.window[s[2].id].pieces);
    MUST(world_count() == records.pieces);
    host_space_use(s[0]);
    read_all(12);
}

/* Splitting raises the count as well. */
static void splitting_counts(void)
{
    make_world();
    records.limit = 40;
    hspace_t a = host_space_create();
    htable_t t = host_table_create();
    host_space_use(a);
    host_space_attach(a, SLOT, t);
    for (unsigned i = 0; i < 512; i++)
        world_set(t, i, 1000 + i, SH_WRITE | SH_USER);
    for (unsigned i = 1; i < 512; i += 2) {
        uint32_t value;
        world_read(window_user() + ((uint64_t)SLOT << SLOT_SHIFT) + (i - 1) * PAGE_SIZE, &value);
        MUST(value == 1000 + i - 1);
        world_set(t, i, 1000 + i, SH_USER);
        MUST(world_count() <= 40 && records.pieces <= 40);
    }
    MUST(window_counts.evictions > 5);
}

static void a_limit_of_ones_own(void **state)
{
    (void)state;
    in_child(oldest_first);
    in_child(splitting_counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_memory_file),
        cmocka_unit_test(making_windows),
        cmocka_unit_test(mappings_refused),
        cmocka_unit_test(a_limit_of_ones_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
