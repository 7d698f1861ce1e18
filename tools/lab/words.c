/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The names and sentences of note.h.
 */
#include "tools/lab/translate.h"

static const char *const treatments[] = {[TREAT_COPIED] = "copied",
                                         [TREAT_REWRITTEN] = "rewritten",
                                         [TREAT_EXIT] = "exit",
                                         [TREAT_CALLOUT] = "callout"};

static const struct {
    const char *name, *text;
} whys[] =
    {
#define X(name, text) {#name, text},
        WHYS(X)
#undef X
},
  changes[] = {
#define X(name, text) {#name, text},
      CHANGES(X)
#undef X
};

const char *lab_treatment_name(enum treatment t)
{
    return treatments[t];
}

const char *lab_why_name(enum why w)
{
    return whys[w].name;
}

const char *lab_why_text(enum why w)
{
    return whys[w].text;
}

const char *lab_change_name(unsigned bit)
{
    return changes[bit].name;
}

const char *lab_change_text(unsigned bit)
{
    return changes[bit].text;
}
