/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What Ring1's translator makes of an instruction of the probe, as text (tools/lab/translate.h).
 */
#ifndef RING1_HOLE_TRANSLATION_H
#define RING1_HOLE_TRANSLATION_H

#include "tools/lab/hole/parse.h"
#include "tools/lab/translate.h"

/* Calls LINE(WITH, TEXT) for each line of the text: what was done and why, then the host's
 * instructions. CPL is the virtual ring. False: there is no translation to be had, and nothing was
 * said. */
bool hole_translation(const struct hole_test *t, uint8_t cpl, enum lab_host host,
                      void (*line)(void *with, const char *text), void *with);

#endif
