/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Doubles of what tells the translator that something changed (bt/adapt.c and bt_drop_page), for
 * top_world.h.
 */
#ifndef RING1_ADAPT_DOUBLES_H
#define RING1_ADAPT_DOUBLES_H

#include "bt/bt.h"

static struct {
    unsigned faults, missed, ordinary, trapping; /* bt_faulted; bt_called_out by its answer */
    unsigned turns, strings;                     /* bt_turn_window; of string operations */
    bool turn_refused;
    uint32_t eip;
    uint32_t block;     /* what bt_block_of answers */
    unsigned dropped;   /* pages by bt_drop_page ... */
    gva_t dropped_page; /* ... and the last of them */
} heard;

uint32_t bt_block_of(const struct vcpu *of, const struct host_exit *x)
{
    (void)of;
    (void)x;
    return heard.block;
}

void bt_missed(struct vcpu *of, const struct host_exit *x)
{
    (void)of;
    (void)x;
    heard.missed++;
}

void bt_faulted(struct vcpu *of, const struct host_exit *x)
{
    (void)x;
    heard.faults++;
    heard.eip = of->eip;
}

void bt_called_out(struct vcpu *of, const struct host_exit *x, uint32_t eip, bool ordinary)
{
    (void)of;
    (void)x;
    heard.eip = eip;
    *(ordinary ? &heard.ordinary : &heard.trapping) += 1;
}

void bt_drop_page(struct vm *of, gva_t page)
{
    (void)of;
    heard.dropped++;
    heard.dropped_page = page;
}

bool bt_turn_window(struct vcpu *of, const struct host_exit *x, bool string)
{
    (void)x;
    heard.turns++;
    heard.strings += string;
    heard.eip = of->eip;
    return !heard.turn_refused;
}

#endif
