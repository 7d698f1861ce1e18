/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Numbers and bytes as the laboratory's user types them.
 */
#ifndef RING1_LAB_NUMBER_H
#define RING1_LAB_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A 32-bit number, 0x for a hexadecimal one. False: it is none, or too large. */
bool lab_number(const char *text, uint32_t *n);

/* Adds the bytes of "fa 9c 58cf" to TO[*LEN...], of ROOM. False: it is not pairs of hexadecimal
 * digits, or too many. */
bool lab_hex(const char *text, uint8_t *to, uint32_t room, uint32_t *len);

#endif
