/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Mirrors: the guest frames that shadow tables and spaces are derived from, and their page
 * traces.
 */
#ifndef RING1_SHADOW_MIRROR_H
#define RING1_SHADOW_MIRROR_H

#include "shadow/state.h"

/* The mirror of guest frame F, or NULL. */
struct mirror *mirror_find(struct shadow *s, gfn_t f);

/* The same, made and traced if there is none. NULL: out of records. The caller hangs
 * something under it or calls mirror_release. */
struct mirror *mirror_get(struct shadow *s, gfn_t f);

/* Untraces and frees M if nothing is derived from it any more. */
void mirror_release(struct shadow *s, struct mirror *m);

#endif
