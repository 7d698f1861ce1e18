/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of emulators. Another machine is another row and another file.
 */
#include "loader/emulator.h"

#include <string.h>

static const struct emulator *const emulators[] = {&emulator_qemu, &emulator_bochs,
                                                   &emulator_process};

const struct emulator *emulator_find(const char *name)
{
    for (unsigned i = 0; i < sizeof emulators / sizeof emulators[0]; i++) {
        if (strcmp(name, emulators[i]->name) == 0)
            return emulators[i];
    }
    return NULL;
}

const struct emulator *emulator_default(void)
{
    return emulators[0];
}
