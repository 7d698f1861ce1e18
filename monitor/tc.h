/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What emitted code and the hosts' assembler read in the vcpu, beside the guest's own state.
 */
#ifndef RING1_TC_H
#define RING1_TC_H

#include "monitor/types.h"

/* Eight bytes of a guest table at a linear address, as they were found. */
struct direct_check {
    uint64_t raw;
    uint32_t where;
};
enum direct_checks { DIRECT_GATE, DIRECT_CODE, DIRECT_STACK, DIRECT_CHECKS };
#define DIRECT_MIRRORS 16

/* What a call reads to leave the cache: 6 bytes for a far one, or the address. */
union tc_gate {
    struct {
        uint16_t offset[2]; /* of no meaning for a call gate */
        uint16_t sel;
    } far;
    uint64_t near;
};

/* Where there are windows (host_tc.user_code): their bases, 255 bytes apart, because emitted code
 * finds one of them by a byte that is 0 or 255; and 2^64 minus the address from which on the
 * kernel's is the likelier one. */
struct windows {
    uint64_t kernel;
    uint8_t gap[247];
    uint64_t user;
    uint64_t minus_split;
} __attribute__((packed));

#endif
