/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's text screen as lines of the log. The screen of the VGA is taken out of guest RAM; a
 * host program finds the last whole one in the log (loader/screenfile.h). Each row is a line
 *     screen <row, two digits> |<text>
 * with trailing blanks left out; a backslash and two hexadecimal digits stand for what is not
 * printable ASCII, and for the backslash, by its code in the VGA's character set.
 */
#ifndef RING1_SCREEN_H
#define RING1_SCREEN_H

#include "monitor/vm.h"

#define SCREEN_ROWS    25u
#define SCREEN_COLUMNS 80u

/* Logs the screen as it is now. In a graphics mode it is blank but for a word that says so. */
void screen_log(const struct vm *vm);

/* If the plan asked for it (vm->screen.wanted): logs the screen when it has changed, or when many
 * lines of the journal stand behind it, and a second has passed since the last look. To be called
 * now and then. */
void screen_watch(struct vm *vm);

#endif
