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

static int append(const char *format, va_list ap)
{
    int n = vsnprintf(line.text + line.len, sizeof line.text - line.len, format, ap);
    if (n > 0)
        line.len += (size_t)n;
    if (line.len >= sizeof line.text)
        line.len = sizeof line.text - 1;
    return n;
}

static int print(void *stream, const char *format, ...)
{
    va_list ap;

    (void)stream;
    va_start(ap, format);
    int n = append(format, ap);
    va_end(ap);
    return n;
}

static int print_styled(void *stream, enum disassembler_style style, const char *format, ...)
{
    va_list ap;

    (void)stream;
    (void)style;
    va_start(ap, format);
    int n = append(format, ap);
    va_end(ap);
    return n;
}

/* ---- Names ----------------------------------------------------------------- */

/* Instructions of newer or other CPUs that Ring1's guests do not have. They are invalid here. */
/* clang-format off */
static const char *const absent[] = {
    "aadd", "aand", "adcx", "adox", "aesdec", "aesdec128kl", "aesdec256kl", "aesdeclast",
    "aesdecwide128kl", "aesdecwide256kl", "aesenc", "aesenc128kl", "aesenc256kl", "aesenclast",
    "aesencwide128kl", "aesencwide256kl", "aesimc", "aeskeygenassist", "aor", "axor", "clac",
    "clflushopt", "clgi", "clrssbsy", "clwb", "clzero", "encls", "enclu", "enclv",
    "encodekey128", "encodekey256", "enqcmd", "enqcmds", "extrq", "femms", "getsec",
    "gf2p8affineinvqb", "gf2p8affineqb", "gf2p8mulb", "hreset", "incsspd", "insertq", "invept",
    "invlpga", "invlpgb", "invpcid", "invvpid", "loadiwkey", "mcommit", "monitor", "monitorx",
    "montmul", "movdir64b", "movdiri", "movntsd", "movntss", "mwait", "mwaitx", "pclmulqdq",
    "pconfig", "pfmin", "ptwrite", "pvalidate", "rdfsbase", "rdgsbase", "rdpid", "rdpkru",
    "rdpru", "rdrand", "rdseed", "rdtscp", "rstorssp", "saveprevssp", "serialize", "setssbsy",
    "sha1msg1", "sha1msg2", "sha1nexte", "sha1rnds4", "sha256msg1", "sha256msg2", "sha256rnds2",
    "skinit", "stac", "stgi", "swapgs", "tdcall", "tlbsync", "tpause", "umonitor", "umwait",
    "vmclear", "vmfunc", "vmlaunch", "vmload", "vmptrld", "vmptrst", "vmread", "vmresume",
    "vmrun", "vmsave", "vmwrite", "vmxoff", "vmxon", "wrfsbase", "wrgsbase", "wrmsrns", "wrpkru",
    "wrssd", "wrussd", "xabort", "xbegin", "xbegind", "xbeginw", "xcrypt-cbc", "xcrypt-cfb",
    "xcrypt-ctr", "xcrypt-ecb", "xcrypt-ofb", "xend", "xgetbv", "xresldtrk", "xrstor", "xrstors",
    "xsave", "xsavec", "xsaveopt", "xsaves", "xsetbv", "xsha1", "xsha256", "xstore-rng",
    "xsusldtrk", "xtest",
};
static unsigned long absent_used[ARRAY_SIZE(absent)];

static const char *const prefix_words[] = {
    "lock", "rep", "repz", "repnz", "repne", "data16", "data32", "addr16", "addr32",
    "es", "cs", "ss", "ds", "fs", "gs", "bnd", "notrack", "xacquire", "xrelease",
};

/* Where the mnemonics differ. WHY NULL: two names of the same. */
static struct {
    enum op op;
    const char *word, *why;
    unsigned long used;
} renamed[] = {
    {OP_ICEBP, "int1", NULL, 0},
    {OP_WAIT, "fwait", NULL, 0},
    {OP_NOP, "xchg", "66 90 exchanges AX with itself", 0},
    {OP_BSF, "tzcnt", "the guest has no BMI, so F3 means nothing", 0},
    {OP_BSR, "lzcnt", "the guest has no LZCNT, so F3 means nothing", 0},
    {OP_WBINVD, "wbnoinvd", "the guest has no WBNOINVD, so F3 means nothing", 0},
    {OP_VMMCALL, "vmgexit", "the guest has no SEV-ES, so F2 and F3 mean nothing", 0},
    {OP_NOP, "bndcl", "a NOP without MPX", 0},
    {OP_NOP, "bndcn", "a NOP without MPX", 0},
    {OP_NOP, "bndcu", "a NOP without MPX", 0},
    {OP_NOP, "bndldx", "a NOP without MPX", 0},
    {OP_NOP, "bndmk", "a NOP without MPX", 0},
    {OP_NOP, "bndmov", "a NOP without MPX", 0},
    {OP_NOP, "bndstx", "a NOP without MPX", 0},
    {OP_NOP, "cldemote", "a NOP without CLDEMOTE", 0},
    {OP_NOP, "endbr32", "a NOP without CET", 0},
    {OP_NOP, "endbr64", "a NOP without CET", 0},
    {OP_NOP, "rdsspd", "a NOP without CET", 0},
    {OP_PREFETCH, "prefetchnta", NULL, 0},
    {OP_PREFETCH, "prefetcht0", NULL, 0},
    {OP_PREFETCH, "prefetcht1", NULL, 0},
    {OP_PREFETCH, "prefetcht2", NULL, 0},
    {OP_PREFETCH, "prefetchwt1", NULL, 0},
};

#define WITH_WAIT "libopcodes takes 9B for a prefix of the next x87 instruction"
#define ALIAS "undocumented, but every CPU has it"
static struct difference differences[] = {
    {KNOWN_HERE, OP_BSF, 0x1bc, UNKNOWN, "F2 means nothing here", 0},
    {KNOWN_HERE, OP_BSR, 0x1bd, UNKNOWN, "F2 means nothing here", 0},
    {KNOWN_HERE, OP_WBINVD, 0x109, UNKNOWN, "66 and F2 mean nothing here", 0},
    {KNOWN_HERE, OP_VMMCALL, 0x101, UNKNOWN, "66 means nothing here", 0},
    {KNOWN_HERE, OP_MFENCE, 0x1ae, UNKNOWN, "ModRM.rm is ignored (SDM volume 2, MFENCE)", 0},
    {KNOWN_HERE, OP_SFENCE, 0x1ae, UNKNOWN, "ModRM.rm is ignored (SDM volume 2, SFENCE)", 0},
    {KNOWN_HERE, OP_NOP, 0x10d, UNKNOWN, "prefetches of a register are NOPs", 0},
    {KNOWN_HERE, OP_NOP, 0x11a, UNKNOWN, "a NOP without MPX, whatever the register", 0},
    {KNOWN_HERE, OP_NOP, 0x11b, UNKNOWN, "a NOP without MPX, whatever the register", 0},
    {KNOWN_HERE, OP_SALC, 0xd6, UNKNOWN, ALIAS, 0},
    {KNOWN_HERE, OP_X87, 0xd9, UNKNOWN, ALIAS, 0},
    {KNOWN_HERE, OP_X87, 0xdc, UNKNOWN, ALIAS, 0},
    {KNOWN_HERE, OP_X87, 0xdd, UNKNOWN, ALIAS, 0},
    {KNOWN_HERE, OP_X87, 0xde, UNKNOWN, ALIAS, 0},
    {KNOWN_HERE, OP_X87, 0xdf, UNKNOWN, ALIAS, 0},
    {KNOWN_HERE, OP_WAIT, 0x9b, UNKNOWN, WITH_WAIT, 0},
    {LENGTH, OP_WAIT, ANY, ANY, WITH_WAIT, 0},
    {NAME, OP_WAIT, 0, 1, WITH_WAIT, 0},

    {KNOWN_THERE, OP_INVALID, 0x0c4, UNKNOWN, "VEX", 0},
    {KNOWN_THERE, OP_INVALID, 0x0c5, UNKNOWN, "VEX", 0},
    {KNOWN_THERE, OP_INVALID, 0x0db, UNKNOWN, "FRSTPM: only an 80287 had it", 0},
    {KNOWN_THERE, OP_INVALID, 0x08c, UNKNOWN, "there is no segment register 6 or 7", 0},
    {KNOWN_THERE, OP_INVALID, 0x08e, UNKNOWN, "there is none, and CS cannot be loaded", 0},
    {KNOWN_THERE, OP_INVALID, 0x120, UNKNOWN, "CR1, CR5 - CR15 do not exist", 0},
    {KNOWN_THERE, OP_INVALID, 0x122, UNKNOWN, "CR1, CR5 - CR15 do not exist", 0},
    {KNOWN_THERE, OP_INVALID, 0x124, UNKNOWN, "test registers went with the 80486", 0},
    {KNOWN_THERE, OP_INVALID, 0x126, UNKNOWN, "test registers went with the 80486", 0},
    {KNOWN_THERE, OP_INVALID, 0x1ae, UNKNOWN, "FXSAVE and its group have no prefix (NP)", 0},
    {KNOWN_THERE, OP_INVALID, 0x1d7, UNKNOWN, "PMOVMSKB has no F2 or F3 form", 0},
};
/* clang-format on */

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

/* The same, or the same but for a letter that gives the operand size. */
static bool same_but_for_size(const char *a, const char *b)
{
    size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
    const char *rest = a[n] ? a + n : b + n;

    return !strncmp(a, b, n) && (!*rest || (strchr("bwd", *rest) && !rest[1]));
}

static bool known_name(const char *word)
{
    for (unsigned n = 0; n < ARRAY_SIZE(renamed); n++) {
        if (renamed[n].op == insn.op && !strcmp(renamed[n].word, word))
            return ++renamed[n].used;
    }
    return false;
}

static bool same_name(const char *word)
{
    char ours[120], name[40];

    if (insn.op == OP_X87)
        return word[0] == 'f';
    if (insn.op == OP_MMX || insn.op == OP_SSE)
        return strstr(line.text, "mm") || !strncmp(word, "cvt", 3);
    insn_format(&insn, 0, ours, sizeof ours);
    first_word(ours, name, sizeof name);
    return same_but_for_size(name, word) || known_name(word);
}

/* ---- Both ------------------------------------------------------------------ */

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
        book_same(KNOWN_HERE, opcode_id(), UNKNOWN, bytes, line.text);
    else if (there && !here && !known_absent(word))
        book_same(KNOWN_THERE, opcode_id(), UNKNOWN, bytes, line.text);
    book.unknown += !here && !there;
    if (here && there) {
        book_same(LENGTH, insn.len, (uint32_t)len, bytes, line.text);
        book_same(NAME, same_name(word), true, bytes, line.text);
    }
    return here ? insn.len : there ? (unsigned)len : 1;
}

static void open_disassemblers(void)
{
    static const char *const options[2] = {"i8086,intel", "i386,intel"};

    for (unsigned n = 0; n < 2; n++) {
        init_disassemble_info(&info[n], NULL, print, print_styled);
        info[n].arch = bfd_arch_i386;
        info[n].mach = bfd_mach_i386_i386;
        info[n].disassembler_options = options[n];
        info[n].buffer_length = INSN_MAX;
        disassemble_init_for_target(&info[n]);
        disassemble[n] = disassembler(bfd_arch_i386, false, bfd_mach_i386_i386, NULL);
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
    for (unsigned n = 0; n < ARRAY_SIZE(renamed); n++)
        assert_true(renamed[n].used > 0);
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
