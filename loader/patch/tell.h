/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What `ring1 patch' prints: what was changed, why not the rest, and what is left to the
 * translator.
 */
#ifndef RING1_LOADER_PATCH_TELL_H
#define RING1_LOADER_PATCH_TELL_H

#include "loader/patch/rules.h"
#include "loader/sheet.h"

/* RESULT has an entry for each of the rules; of a rule that was not asked for ASKED is false. */
void tell(const struct subject *k, const struct rule_result *result, const bool *asked,
          struct sheet *s);

#endif
