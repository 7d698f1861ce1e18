/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A system that refuses: refuse WHAT[,WHAT] PROGRAM ARGUMENT... runs PROGRAM where those calls fail
 * with EPERM, as in a sandbox. Names are the table's below.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANY 0xffffffffu

/* Refused where argument ARG, masked by BITS, is BITS; ANY: always. */
static const struct call {
    const char *name;
    unsigned number, arg, bits, error;
} calls[] = {
    {"memfd_create", SYS_memfd_create, 0, ANY, EPERM},
    {"timer_create", SYS_timer_create, 0, ANY, EPERM},
    {"seccomp", SYS_prctl, 0, PR_SET_SECCOMP, EINVAL},
    {"no_new_privs", SYS_prctl, 0, PR_SET_NO_NEW_PRIVS, EPERM},
    {"fallocate", SYS_fallocate, 0, ANY, ENOSPC},
    /* The C library maps programs privately. */
    {"exec", SYS_mmap, 2, PROT_EXEC, EACCES},
    /* Ends the process, as a call does that the process host's own filter forbids. */
    {"ppoll", SYS_ppoll, 0, ANY, 0},
};

static struct sock_filter program[64];
static unsigned short length;

static void emit(unsigned short code, unsigned k, unsigned char yes, unsigned char no)
{
    program[length++] = (struct sock_filter){code, yes, no, k};
}

/* A shared mapping is what the translation cache is; others pass. */
static void require_shared(void)
{
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * 3, 0, 0);
    emit(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 1, 0);
    emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static void refuse(const struct call *c)
{
    unsigned begin;
    emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    begin = length;
    emit(BPF_JMP | BPF_JEQ | BPF_K, c->number, 0, 0);
    if (c->bits != ANY) {
        emit(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * c->arg, 0, 0);
        emit(BPF_ALU | BPF_AND | BPF_K, c->bits, 0, 0);
        emit(BPF_JMP | BPF_JEQ | BPF_K, c->bits, 1, 0);
        emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    }
    if (c->number == SYS_mmap)
        require_shared();
    emit(BPF_RET | BPF_K, c->error ? SECCOMP_RET_ERRNO | c->error : SECCOMP_RET_KILL_PROCESS, 0, 0);
    program[begin].jf = (unsigned char)(length - begin - 1);
}

static int refuse_all(char *names)
{
    for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
        unsigned i = 0;
        while (i < sizeof calls / sizeof calls[0] && strcmp(calls[i].name, name) != 0)
            i++;
        if (i == sizeof calls / sizeof calls[0])
            return 0;
        refuse(&calls[i]);
    }
    emit(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    return 1;
}

int main(int argc, char **argv)
{
    struct sock_fprog filter = {0, program};
    if (argc < 3 || !refuse_all(argv[1])) {
        fprintf(stderr, "usage: refuse WHAT[,WHAT] PROGRAM ARGUMENT...\n");
        return 2;
    }
    filter.len = length;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
        perror("refuse");
        return 2;
    }
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 2;
}
