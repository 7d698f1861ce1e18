/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The one place that decides how the next guest instructions run.
 */
#ifndef RING1_MODE_H
#define RING1_MODE_H

#include "monitor/stats.h"
#include "monitor/vcpu.h"

enum run_mode {
    MODE_DIRECT,     /* user code, natively in ring 3 */
    MODE_TRANSLATED, /* kernel code, on some hosts all code, from the translation cache */
    MODE_INTERPRETED,
};

/* *WHY is the fallback's counter if the answer is MODE_INTERPRETED. Prepares the shadow
 * descriptor tables when it answers MODE_DIRECT. */
enum run_mode mode_choose(struct vcpu *v, enum stat *why);

#endif
