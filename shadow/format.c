/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rows: two levels of 32-bit entries (SDM 3A 4.3), and PAE (SDM 3A 4.4).
 */
#include "shadow/format.h"

#include "monitor/guestwalk.h"
#include "monitor/x86.h"

static const struct shadow_format two_level = {
    .entry_size = 4,
    .directories = 1,
    .slots = 2,
    .large_mode = MODE_PSE,
    .base = 0xfffff000,
    .large_base = 0xffc00000,
    .large_reserved = PDE_LARGE_RESERVED,
};

static const struct shadow_format pae = {
    .entry_size = 8,
    .directories = 4,
    .slots = 1,
    .role = ROLE_PAE,
    .base = PAE_ADDRESS,
    .reserved = PAE_RESERVED,
    .large_base = PAE_ADDRESS & ~0x1fffffull,
    .large_reserved = PAE_PDE_LARGE_RESERVED,
};

const struct shadow_format *format_of_space(const struct shadow_space *sp)
{
    return sp->key & MODE_PAE ? &pae : &two_level;
}

const struct shadow_format *format_of_table(const struct shadow_table *t)
{
    return t->role & ROLE_PAE ? &pae : &two_level;
}

uint64_t format_reserved(const struct shadow_format *fmt, bool nxe)
{
    return fmt->reserved | (fmt->entry_size == 8 && !nxe ? PTE_NX : 0);
}
