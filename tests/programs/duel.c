/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Images with candidates, run on both machines (duel.h). A machine that dies in a candidate leaves
 * those behind it unjudged; they are run again without it.
 */
#include "tests/programs/duel.h"

#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 64 << 20);
    if (!text)
        error(3, errno, "memory");
    size_t n = f ? fread(text, 1, (64 << 20) - 1, f) : 0, kept = 0;
    if (f)
        fclose(f);
    for (size_t i = 0; i < n; i++)
        if (text[i] != '\r' && text[i] != 0)
            text[kept++] = text[i];
    text[kept] = 0;
    char *shrunk = realloc(text, kept + 1);
    return shrunk ? shrunk : text;
}

/* Cuts the console at lines that begin a program, and at the end. */
static void cut(struct console *c)
{
    char *end = strstr(c->text, "\nend");
    if (end)
        end[1] = 0;
    c->program = calloc(strlen(c->text) / 8 + 2, sizeof(char *));
    for (char *at = strstr(c->text, "program "); at && c->program; at = strstr(at, "\nprogram ")) {
        if (*at == '\n')
            *at++ = 0;
        c->program[c->programs++] = at;
    }
}

/* A new file of that name in the user's directory for such. */
static char *scratch(const char *name)
{
    const char *dir = getenv("TMPDIR");
    char *path;
    if (asprintf(&path, "%s/ring1-%s.XXXXXX", dir ? dir : "/tmp", name) < 0)
        error(3, errno, "memory");
    int fd = mkstemp(path);
    if (fd < 0)
        error(3, errno, "%s", path);
    close(fd);
    return path;
}

/* Removes it, and PATH.err, where run.sh leaves what the machine said. */
static void discard(char *path)
{
    char *err;
    unlink(path);
    if (asprintf(&err, "%s.err", path) >= 0) {
        unlink(err);
        free(err);
    }
    free(path);
}

static void run(const char *command, const char *image, struct console *out)
{
    char *console = scratch("console"), *line;
    if (asprintf(&line, "%s '%s' '%s'", command, image, console) < 0)
        error(3, errno, "memory");
    if (system(line) == -1)
        error(3, errno, "%s", line);
    free(line);
    memset(out, 0, sizeof(*out));
    out->text = slurp(console);
    cut(out);
    discard(console);
}

uint32_t duel_run(const struct pair *p, const struct choice *choices, uint32_t n, bool verbose,
                  struct console out[2])
{
    struct image im;
    char *image = scratch("image");
    image_open(&im, p->runtime, verbose);
    uint32_t fits = 0;
    while (fits < n && image_add(&im, &choices[fits]))
        fits++;
    image_close(&im, image);
    for (int i = 0; i < 2; i++)
        run(p->command[i], image, &out[i]);
    discard(image);
    return fits;
}

void duel_free(struct console out[2])
{
    for (int i = 0; i < 2; i++) {
        free(out[i].text);
        free(out[i].program);
    }
}

int duel(const struct pair *p, const struct choice *choices, uint32_t n)
{
    uint32_t done = 0;
    int found = -1;
    while (done < n && found < 0) {
        struct console out[2];
        uint32_t fits = duel_run(p, choices + done, n - done, false, out);
        uint32_t least = out[0].programs < out[1].programs ? out[0].programs : out[1].programs;
        if (fits == 0 || (out[0].programs == 0 && out[1].programs == 0))
            error(3, 0, "a machine did not run: no output");
        for (uint32_t i = 0; i < least && found < 0; i++)
            if (strcmp(out[0].program[i], out[1].program[i]))
                found = (int)(done + i);
        if (found < 0 && out[0].programs != out[1].programs)
            found = (int)(done + least);
        done += least ? least : 1;
        duel_free(out);
    }
    return found;
}
