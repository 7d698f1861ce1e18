/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The memo of decoded forms against the decoder itself: all first bytes, with everything behind
 * them at random, in an order that fills the memo, hits it and throws rows out of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bt/decode/memo.h"
#include "tests/unit/random.h"

static struct decode_memo memo;

static uint8_t random_byte(void)
{
    return (uint8_t)(next_number() >> 24);
}

static unsigned rows_in_use(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < MEMO_ROWS; i++)
        n += memo.row[i].key != 0;
    return n;
}

static void compare(const uint8_t *bytes, size_t len)
{
    struct insn want, got;
    enum decode_result r = insn_decode(bytes, len, true, &want);
    assert_int_equal(decode_again(&memo, bytes, len, &got), r);
    if (r != DECODE_OK)
        return;
    assert_memory_equal(got.bytes, bytes, got.len);
    memcpy(got.bytes, want.bytes, sizeof got.bytes);
    assert_memory_equal(&got, &want, sizeof got);
}

/* Twice, so that whatever is kept is also used; and once with other bytes behind the same form. */
static void several(uint8_t *bytes, unsigned form)
{
    for (unsigned n = 0; n < 3; n++) {
        for (unsigned i = form; i < 16; i++)
            bytes[i] = random_byte();
        compare(bytes, 15);
    }
}

static void every_opcode_and_modrm(void **state)
{
    (void)state;
    uint8_t bytes[16] = {0};
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned modrm = 0; modrm < 256; modrm++) {
            bytes[0] = (uint8_t)first;
            bytes[1] = (uint8_t)modrm;
            several(bytes, 2);
            bytes[0] = 0x0f;
            bytes[1] = (uint8_t)first;
            bytes[2] = (uint8_t)modrm;
            several(bytes, 3);
        }
    }
    assert_true(rows_in_use() > MEMO_ROWS * 9 / 10);
}

static void every_sib(void **state)
{
    (void)state;
    uint8_t bytes[16] = {0};
    for (unsigned modrm = 4; modrm < 256; modrm += 8) {
        for (unsigned sib = 0; sib < 256; sib++) {
            memcpy(bytes, (uint8_t[]){0x8b, (uint8_t)modrm, (uint8_t)sib}, 3);
            several(bytes, 3);
            memcpy(bytes, (uint8_t[]){0x0f, 0xb6, (uint8_t)modrm, (uint8_t)sib}, 4);
            several(bytes, 4);
        }
    }
}

/* Whatever is in the memo, the end of the bytes is seen. */
static void short_of_bytes(void **state)
{
    (void)state;
    uint8_t bytes[16] = {0x81, 0x84, 0x24, 0x78, 0x56, 0x34, 0x12, 0xef, 0xbe, 0xad, 0xde};
    compare(bytes, 15);
    compare(bytes, 15);
    for (size_t len = 0; len < 15; len++)
        compare(bytes, len);
}

/* The memo is used: its row is changed here, and that shows. */
static void second_time_is_from_the_memo(void **state)
{
    (void)state;
    uint8_t bytes[16] = {0x83, 0xc0, 0xfe}; /* add eax, -2 */
    struct insn i;
    memset(&memo, 0, sizeof memo);
    decode_again(&memo, bytes, 15, &i);
    assert_int_equal(rows_in_use(), 1);
    for (unsigned n = 0; n < MEMO_ROWS; n++)
        memo.row[n].insn.op = memo.row[n].key ? OP_SUB : 0;
    decode_again(&memo, bytes, 15, &i);
    assert_int_equal(i.op, OP_SUB);
    assert_int_equal(i.imm, 0xfffffffe);
}

int main(void)
{
    seed = 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_opcode_and_modrm),
        cmocka_unit_test(every_sib),
        cmocka_unit_test(short_of_bytes),
        cmocka_unit_test(second_time_is_from_the_memo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
