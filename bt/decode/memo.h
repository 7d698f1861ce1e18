/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Decoding what has been decoded before: 32-bit code is made of few forms. A form is an instruction
 * without prefixes up to its SIB byte; what follows, displacement and immediate, is read anew each
 * time. The result is insn_decode's, but for the bytes behind the instruction's length.
 */
#ifndef RING1_DECODE_MEMO_H
#define RING1_DECODE_MEMO_H

#include "bt/decode/insn.h"

#define MEMO_ROWS 1024u

struct decode_memo {
    bool ready;
    uint8_t form[2][256]; /* enum form by opcode, of one byte and behind 0F (memo.c) */
    struct memo_row {
        uint64_t key;   /* of the form; 0: none here */
        bool is_signed; /* its immediate is sign-extended */
        struct insn insn;
    } row[MEMO_ROWS];
};

/* insn_decode of 32-bit code. MEMO starts as zeros. */
enum decode_result decode_again(struct decode_memo *memo, const uint8_t *bytes, size_t len,
                                struct insn *out);

#endif
