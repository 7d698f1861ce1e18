/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The commands of ring1, a file each. Each takes checked options, prints what there is to say
 * but for the error line in P, and undoes all it made whatever happens.
 */
#ifndef RING1_LOADER_ACTION_H
#define RING1_LOADER_ACTION_H

#include "loader/options.h"

struct outcome {
    int status; /* of the program; counts if the command succeeded */
    int signal; /* not 0: the signal that ended it, and that is to end the program */
};

/* False: P says what was wrong. */
bool action_run(const struct options *o, struct outcome *out, struct problem *p);
bool action_image(const struct options *o, struct outcome *out, struct problem *p);
bool action_inspect(const struct options *o, struct outcome *out, struct problem *p);
bool action_check(const struct options *o, struct outcome *out, struct problem *p);
bool action_patch(const struct options *o, struct outcome *out, struct problem *p);
bool action_lab(const struct options *o, struct outcome *out, struct problem *p);

#endif
