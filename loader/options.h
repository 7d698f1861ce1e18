/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line: argv comes in, checked values go out. Knows no file's content.
 */
#ifndef RING1_LOADER_OPTIONS_H
#define RING1_LOADER_OPTIONS_H

#include "loader/diskfile.h"
#include "loader/emulator.h"

#include <argp.h>
#include <stdint.h>

enum command_name {
    COMMAND_RUN,
    COMMAND_IMAGE,
    COMMAND_INSPECT,
    COMMAND_CHECK,
    COMMAND_PATCH,
    COMMAND_LAB
};

struct options {
    enum command_name command;
    const char *kernel;
    const char *output;  /* image, patch: the file to make */
    const char *initrd;  /* NULL: none */
    const char *append;  /* "" if none */
    const char *console; /* file for the console's output; NULL: standard input and output */
    const char *screen;  /* file for the text screen; NULL: none */
    struct disk_choice disk[PLAN_DISKS];
    unsigned disks;
    bool net;  /* --net user */
    bool mmio; /* --virtio mmio */
    const char *host_args;
    const struct emulator *on;
    enum plan_engine engine;
    uint32_t memory_mib, timeout; /* timeout in seconds, 0: none */
    uint32_t runs;                /* of the guest, one after another */
    uint32_t trace;               /* bits of enum plan_trace */
    const char *trace_file;       /* NULL: standard error */
    const char *profile;          /* file for the profile; NULL: none */
    int profile_fd;               /* the same, for a tool that opened it; -1: none */
    bool stats, count, verbose, perf_map;
    uint32_t gdb_port; /* 0: no debugger */
    bool gdb_nowait;   /* the guest does not wait for it */
    bool no_confine;   /* the process host: without its filter of system calls */
    bool json;         /* inspect, check, patch */
    bool portable;     /* patch: only what holds everywhere ... */
    bool elf;          /* ... and the kernel unpacked */
    bool lockstep;     /* ring1 lab step: PLAN_LOCKSTEP ... */
    bool alone;        /* ... and PLAN_ALONE */
    char **lab_argv;   /* lab: "lab" and what follows it */
    int lab_argc;
};

/* Parses "ring1 COMMAND ..." into O; strings point into ARGV. False: P says what is wrong. Help and
 * version, and options that do not exist, are answered here and end the program. */
bool options_parse(int argc, char **argv, struct options *o, struct problem *p);

/*
 * The options of `ring1 run' and its KERNEL, for a tool that runs a guest and has options of its
 * own: a child of the tool's argp, with a struct options_parse as its input and .o set by
 * options_init.
 */
struct options_parse {
    struct options *o;
    struct problem *p;
    const char *program; /* for messages; NULL: the command's own */
    bool no_kernel;      /* there need be none */
    int rest;            /* of argv, from the command's name on; 0: no command yet */
};
extern const struct argp options_run_argp;
void options_init(struct options *o);

#endif
