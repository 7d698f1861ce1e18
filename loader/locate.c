/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Looks in the build tree's and in an installation's place. Absolute, because emulators are
 * started in another directory.
 */
#include "loader/locate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_image(const char *path, char out[LOCATE_PATH_MAX])
{
    struct stat st;
    char *whole = realpath(path, NULL);
    bool ok = whole && strlen(whole) < LOCATE_PATH_MAX && stat(whole, &st) == 0;
    if (ok && !S_ISREG(st.st_mode)) {
        errno = EINVAL;
        ok = false;
    }
    if (ok && access(whole, R_OK) != 0)
        ok = false;
    if (ok)
        strcpy(out, whole);
    free(whole);
    return ok;
}

bool locate_monitor(char out[LOCATE_PATH_MAX], struct problem *p)
{
    static const char *const places[] = {"ring1.elf", "../lib/ring1/ring1.elf"};
    const char *named = getenv("RING1_MONITOR");
    char self[LOCATE_PATH_MAX], path[LOCATE_PATH_MAX + 64];
    if (named && named[0])
        return is_image(named, out) || problem_host(p,
                                                    "RING1_MONITOR=%s: cannot read this "
                                                    "monitor image: %s",
                                                    named, strerror(errno));
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash)
        slash[1] = 0;
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, sizeof path, "%s%s", self, places[i]);
        if (is_image(path, out))
            return true;
    }
    return problem_host(p,
                        "there is no monitor image ring1.elf in %s or ../lib/ring1; build it "
                        "with `make', or set RING1_MONITOR",
                        self);
}
