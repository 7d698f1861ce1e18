/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Lines of the log are told by how they start, as in verdict.c. One without its end is left out:
 * the emulator was ended while it wrote.
 */
#include "loader/profilefile.h"

#include "loader/input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK_LENGTH (sizeof PLAN_PROFILE_MARK - 1)

bool profilefile_open(struct profilefile *f, const struct options *o, struct problem *p)
{
    f->fd = o->profile_fd;
    if (!o->profile)
        return true;
    if (!outfile_open(&f->file, "--profile", o->profile, p))
        return false;
    f->fd = f->file.fd;
    return true;
}

static void say(FILE *to, const char *name, const char *value)
{
    char text[600];
    snprintf(text, sizeof text, "%s", value);
    problem_make_printable(text);
    fprintf(to, PROFILEFILE_RUN "%s %s\n", name, text);
}

static void describe(FILE *to, const struct options *o, const char *end)
{
    static const char *const engines[] = {
        [PLAN_AUTO] = "auto", [PLAN_INTERP] = "interp", [PLAN_TRANSLATE] = "translate"};
    char memory[24];
    snprintf(memory, sizeof memory, "%u", o->memory_mib);
    say(to, "kernel", input_base_name(o->kernel));
    if (o->append[0])
        say(to, "append", o->append);
    say(to, "on", o->on->name);
    say(to, "engine", engines[o->engine]);
    say(to, "memory", memory);
    say(to, "end", end);
}

static bool copy_lines(FILE *from, FILE *to)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    bool any = false;
    while ((n = getline(&line, &size, from)) > 0) {
        if (line[n - 1] != '\n' || strncmp(line, PLAN_PROFILE_MARK, MARK_LENGTH) != 0)
            continue;
        fwrite(line, 1, (size_t)n, to);
        any = true;
    }
    free(line);
    return any;
}

/* The log as a stream of its own: of a file without a name, the monitor's process shares the
 * offset, but it has ended. */
static FILE *open_log(const struct tempdir *dir)
{
    int fd = tempdir_open(dir, FILE_LOG);
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    FILE *log = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (fd >= 0 && !log)
        close(fd);
    return log;
}

static bool cannot(const struct options *o, struct problem *p)
{
    return problem_host(p, "--profile %s: cannot write it: %s", o->profile ? o->profile : "",
                        strerror(errno));
}

static bool write_all(const struct profilefile *f, const struct options *o,
                      const struct tempdir *dir, const char *end, bool *any)
{
    FILE *log = open_log(dir);
    int copy = log ? dup(f->fd) : -1;
    FILE *to = copy >= 0 ? fdopen(copy, "w") : NULL;
    if (to) {
        describe(to, o, end);
        *any = copy_lines(log, to);
    } else if (copy >= 0) {
        close(copy);
    }
    bool ok = to && !ferror(to);
    if (to)
        ok = fclose(to) == 0 && ok;
    if (log)
        fclose(log);
    return ok;
}

bool profilefile_write(struct profilefile *f, const struct options *o, const struct tempdir *dir,
                       const char *end, struct problem *p)
{
    bool any = false;
    if (f->fd < 0)
        return true;
    if (!write_all(f, o, dir, end, &any))
        return cannot(o, p);
    return !o->profile || !any || outfile_commit(&f->file, p);
}

void profilefile_drop(struct profilefile *f)
{
    outfile_drop(&f->file);
}
