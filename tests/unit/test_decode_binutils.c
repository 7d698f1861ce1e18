/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The decoder against binutils' libopcodes: validity, length and mnemonic of every opcode with
 * every ModRM byte and prefix that matters. libopcodes only prints, and forgives more than a
 * CPU does; test_decode_oracle.c looks at operands and flags. With the name of an ELF file as
 * argument it sweeps that file's .text instead.
 */
#define PACKAGE "ring1" /* <bfd.h> insists */

#include "tests/unit/decode_space.h"

#include <dis-asm.h>

static disassemble_info info[2];
static disassembler_ftype disassemble[2];

/* The line that libopcodes prints. */
static struct {
    char text[256];
    size_t len;
} line;

static int print(void *stream, const char *format, ...)
{
    va_list ap;

    (void)stream;
    va_start(ap, format);
    int n = vsnprintf(line.text + line.len, sizeof line.text - line.len, format, ap);
    va_end(ap);
    if (n > 0)
        line.len += (size_t)n;
    return n;
}

static int print_styled(void *stream, enum disassembler_style style, const char *format, ...)
{
    va_list ap;

    (void)stream;
    (void)style;
    va_start(ap, format);
    int n = vsnprintf(line.text + line.len, sizeof line.text - line.len, format, ap);
    va_end(ap);
    if (n > 0)
        line.len += (size_t)n;
    return n;
}

/* ---- Names ----------------------------------------------------------------- */

/* Instructions of newer or other CPUs that Ring1's guests do not have: a name, or what it
 * starts with. They are invalid here. */
static const char *const absent[] = {"zzz"};
static unsigned long absent_used[ARRAY_SIZE(absent)];

static const char *const prefix_words[] = {"lock", "rep", "repz", "repnz", "data16", "data32",
    "addr16", "addr32", "es", "cs", "ss", "ds", "fs", "gs", "bnd", "notrack", "xacquire", "xrelease"};

static const struct {
    enum op op;
    const char *name;
} renamed[] = {
    {OP_CALL_FAR, "call"},
};

static bool is_prefix_word(const char *word)
{
    for (unsigned n = 0; n < ARRAY_SIZE(prefix_words); n++) {
        if (!strcmp(word, prefix_words[n]))
            return true;
    }
    return false;
}

/* The mnemonic in TEXT, behind the names of prefixes. */
static void first_word(const char *text, char *word, size_t size)
{
    do {
        size_t n = strcspn(text, " ");
        snprintf(word, size, "%.*s", (int)n, text);
        text += n;
        text += strspn(text, " ");
    } while (*text && is_prefix_word(word));
}

static bool known_absent(const char *word)
{
    for (unsigned n = 0; n < ARRAY_SIZE(absent); n++) {
        if (!strcmp(word, absent[n]))
            return ++absent_used[n];
    }
    return false;
}

static bool same_name(const char *word)
{
    char ours[120], name[40];

    if (insn.op == OP_X87)
        return word[0] == 'f';
    if (insn.op == OP_MMX || insn.op == OP_SSE)
        return strstr(line.text, "mm") != NULL;
    insn_format(&insn, 0, ours, sizeof ours);
    first_word(ours, name, sizeof name);
    return !strcmp(name, word);
}

static struct difference differences[] = {
    {KNOWN_HERE, OP_VMCALL, 1, 0, "with a prefix: no CPU gives it another meaning", 0},
};

static unsigned compare(const uint8_t *bytes, bool code32)
{
    char word[40];

    line.len = 0;
    line.text[0] = 0;
    info[code32].buffer = (bfd_byte *)(uintptr_t)bytes;
    int len = disassemble[code32](0, &info[code32]);
    first_word(line.text, word, sizeof word);
    bool there = len > 0 && !strstr(line.text, "(bad)");
    bool here = insn_decode(bytes, INSN_MAX, code32, &insn) == DECODE_OK && insn.op != OP_INVALID;

    book.instructions++;
    if (here && !there)
        book_same(KNOWN_HERE, 1, 0, bytes, line.text);
    else if (there && !here && !known_absent(word))
        book_same(KNOWN_THERE, 0, 1, bytes, line.text);
    if (here && there) {
        book_same(LENGTH, insn.len, (uint32_t)len, bytes, line.text);
        book_same(NAME, same_name(word), true, bytes, line.text);
    }
    return here ? insn.len : there ? (unsigned)len : 1;
}

static void open_disassemblers(void)
{
    static const unsigned long machines[2] = {bfd_mach_i386_i8086 | bfd_mach_i386_intel_syntax,
                                              bfd_mach_i386_i386 | bfd_mach_i386_intel_syntax};

    for (unsigned n = 0; n < 2; n++) {
        init_disassemble_info(&info[n], NULL, print, print_styled);
        info[n].arch = bfd_arch_i386;
        info[n].mach = machines[n];
        info[n].buffer_length = INSN_MAX;
        disassemble_init_for_target(&info[n]);
        disassemble[n] = disassembler(bfd_arch_i386, false, machines[n], NULL);
    }
    book.rows = differences;
    book.count = ARRAY_SIZE(differences);
}

static void all_encodings(void **state)
{
    (void)state;
    space_walk(compare, true);
    space_walk(compare, false);
    for (unsigned n = 0; n < ARRAY_SIZE(absent); n++)
        assert_true(absent_used[n] > 0);
    book_close();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_encodings)};

    open_disassemblers();
    if (argc == 2)
        return sweep_file(argv[1], compare);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
