/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The decoder and its text against tests/golden/decode.out, a line for each line of
 * decode.in ("32" or "16", then the bytes). After a wanted change write decode.out anew with
 *     REBASE=1 build/unit/test_decode_golden
 * from the tree's root, and read the difference before committing it.
 */
#include <stdio.h>

#include "monitor/log.h"
#include "tests/unit/decode_helpers.h"

#define IN  "tests/golden/decode.in"
#define OUT "tests/golden/decode.out"

static const char *const kinds[] = {"none", "gpr", "mem", "imm", "imm2", "rel",
                                    "sreg", "cr",  "dr",  "st",  "mm",   "xmm"};

static const struct {
    uint32_t bit;
    const char *name;
} flag_names[] = {
    {INSN_LOCK, "lock"},        {INSN_REP, "rep"},           {INSN_REPNE, "repne"},
    {INSN_SEG_OVERRIDE, "seg"}, {INSN_PRIVILEGED, "priv"},   {INSN_SENSITIVE, "sens"},
    {INSN_BRANCH, "branch"},    {INSN_STRING, "string"},     {INSN_FPU, "fpu"},
    {INSN_BAD_LOCK, "badlock"}, {INSN_IMPLICIT_MEM, "imem"}, {INSN_ALIGN16, "align16"},
};

static size_t put_operands(char *buf, size_t size, const struct insn *i)
{
    static const char *const access[] = {"", "r", "w", "rw"};
    size_t len = 0;

    for (unsigned n = 0; n < i->nopd; n++) {
        const struct operand *o = &i->opd[n];
        len += fmt_print(buf + len, size - len, " %s", kinds[o->kind]);
        if (o->kind != OPD_MEM && o->kind != OPD_IMM && o->kind != OPD_IMM2 && o->kind != OPD_REL)
            len += fmt_print(buf + len, size - len, "%u", o->reg);
        len += fmt_print(buf + len, size - len, ":%u%s", o->size, access[o->access]);
    }
    return len;
}

static void describe(const struct insn *i, char *buf, size_t size)
{
    size_t len =
        fmt_print(buf, size, "%s o%u a%u", op_name((enum op)i->op), i->opsize, i->addrsize);

    len += put_operands(buf + len, size - len, i);
    if (i->flags_read || i->flags_written)
        len += fmt_print(buf + len, size - len, " eflags %x>%x", i->flags_read, i->flags_written);
    for (unsigned n = 0; n < ARRAY_SIZE(flag_names); n++) {
        if (i->flags & flag_names[n].bit)
            len += fmt_print(buf + len, size - len, " %s", flag_names[n].name);
    }
}

/* One line of decode.out, without its end, from one of decode.in. */
static void answer(const char *line, char *buf, size_t size)
{
    uint8_t bytes[INSN_MAX + 1];
    char text[120], what[240];
    size_t len = parse(line + 2, bytes, sizeof bytes);

    assert_true(!strncmp(line, "32", 2) || !strncmp(line, "16", 2));
    if (insn_decode(bytes, len, line[0] == '3', &insn) != DECODE_OK || insn.len != len)
        fail_msg("%s: not one instruction of this length", line);
    insn_format(&insn, 0x1000, text, sizeof text);
    describe(&insn, what, sizeof what);
    fmt_print(buf, size, "%s | %s | %s", line, text, what);
}

static FILE *open_or_fail(const char *name, const char *mode)
{
    FILE *f = fopen(name, mode);
    if (!f)
        fail_msg("cannot open %s: run this from the tree's root", name);
    return f;
}

/* The next line that holds an instruction. */
static bool next_sample(FILE *in, char *line, int size)
{
    while (fgets(line, size, in)) {
        line[strcspn(line, "#\n")] = 0;
        for (size_t n = strlen(line); n > 0 && line[n - 1] == ' ';)
            line[--n] = 0;
        if (line[0])
            return true;
    }
    return false;
}

static void golden(void **state)
{
    bool rebase = getenv("REBASE") != NULL;
    FILE *in = open_or_fail(IN, "r"), *out = open_or_fail(OUT, rebase ? "w" : "r");
    char line[400], want[400], got[400];
    unsigned count = 0;

    (void)state;
    for (; next_sample(in, line, sizeof line); count++) {
        answer(line, got, sizeof got);
        if (rebase) {
            fprintf(out, "%s\n", got);
            continue;
        }
        assert_non_null(fgets(want, sizeof want, out));
        want[strcspn(want, "\n")] = 0;
        assert_string_equal(got, want);
    }
    if (!rebase)
        assert_null(fgets(want, sizeof want, out));
    assert_true(count >= 300);
    fclose(in);
    fclose(out);
}

/* Any buffer is filled to its size at most, and terminated. */
static void text_is_cut(void **state)
{
    static const char *const samples[] = {"f0 64 81 84 88 44 33 22 11 dd cc bb aa", "f3 64 a5",
                                          "66 0f 3a 61 c1 00", "d9 d0", "9a 44 33 22 11 08 00"};
    char whole[120], cut[120];

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(samples); n++) {
        size_t len = insn_format(d32(samples[n]), 0, whole, sizeof whole);
        assert_int_equal(len, strlen(whole));
        for (size_t size = 1; size <= len + 1; size++) {
            memset(cut, 'x', sizeof cut);
            assert_int_equal(insn_format(&insn, 0, cut, size), size - 1);
            assert_memory_equal(cut, whole, size - 1);
            assert_int_equal(cut[size - 1], 0);
            assert_int_equal(cut[size], 'x');
        }
        cut[0] = 'x';
        assert_int_equal(insn_format(&insn, 0, cut, 0), 0);
        assert_int_equal(cut[0], 'x');
    }
}

static void every_op_has_a_name(void **state)
{
    (void)state;
    for (unsigned op = 0; op < OP_COUNT; op++)
        assert_true(strlen(op_name((enum op)op)) > 1);
    assert_string_equal(op_name(OP_ADD), "ADD");
    assert_string_equal(op_name(OP_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(text_is_cut),
        cmocka_unit_test(every_op_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
