/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names of code from each kind of file, whole and spoilt. The kallsyms image is packed here, as
 * Linux's scripts/kallsyms.c does it but without looking for good pieces.
 */
#include "loader/kernel.h"
#include "tools/lab/profile/symbols.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct symbols s;
static struct problem problem;

static int forget(void **state)
{
    (void)state;
    symbols_free(&s);
    return 0;
}

static bool read_bytes(const void *data, size_t size)
{
    struct blob b = {malloc(size ? size : 1), size}; /* exactly so long, for the sanitizer */
    memcpy(b.data, data, size);
    problem = (struct problem){.text = ""};
    symbols_free(&s);
    bool ok = symbols_read("F", &b, &s, &problem);
    free(b.data);
    assert_true(ok != (problem.text[0] != 0));
    return ok;
}

static bool read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void found(uint32_t address, const char *name, uint32_t offset)
{
    uint32_t at = 0;
    const struct symbol *symbol = symbols_find(&s, address, &at);
    if (!name) {
        assert_null(symbol);
        return;
    }
    assert_non_null(symbol);
    assert_string_equal(symbol->name, name);
    assert_int_equal(at, offset);
}

/* ---- System.map -------------------------------------------------------------------- */

static void a_map(void **state)
{
    (void)state;
    assert_true(read_text("c1000200 t later\n"
                          "c1000000 T _text\nc1000000 T startup_32\n"
                          "c1000100 D data\n"
                          "00000000 A absolute\n"
                          "f8000000 t of_module\t[module]\n"
                          "c1000300 W weak"));
    assert_string_equal(s.from, "System.map");
    assert_int_equal(s.count, 4);
    found(0xc1000000, "_text", 0);
    found(0xc10001ff, "_text", 0x1ff);
    found(0xc1000205, "later", 5);
    found(0xc1000300, "weak", 0);
    found(0xc10102ff, "weak", 0xffff);
    found(0xc1010300, NULL, 0);
    found(0xbfffffff, NULL, 0);
    found(0xf8000010, "of_module", 0x10);
}

static void not_maps(void **state)
{
    (void)state;
    assert_false(read_text("c1000000 T a\nhello\n"));
    assert_non_null(strstr(problem.text, "F:2: not a line of a System.map"));
    assert_false(read_text("ffffffff81000000 T a\n"));
    assert_non_null(strstr(problem.text, "F:1: not a line"));
    assert_false(read_text("c1000000 T\n"));
    assert_false(read_text("c1000000 TT a\n"));
    assert_false(read_text(" c1000000 T a\n"));
    assert_false(read_text("-1 T a\n"));
    assert_false(read_text(""));
    assert_false(read_text("c1000000 D a\n"));
    assert_non_null(strstr(problem.text, "no symbols of code"));
    assert_false(read_text("00000000 T a\n00000000 t b\n"));
    assert_non_null(strstr(problem.text, "as root"));
    assert_false(
        read_text("ffffffffffffffff B The real System.map is in the linux-image-x-dbg package\n"));
    assert_non_null(strstr(problem.text, "Debian's note"));
    char longest[3000];
    memset(longest, 'a', sizeof longest);
    assert_false(read_bytes(longest, sizeof longest));
}

static void a_kernel_that_moved(void **state)
{
    (void)state;
    assert_true(read_text("c1000000 T a\nc1001c30 T asm_exc_page_fault\n"));
    symbols_slide(&s, 0);
    assert_int_equal(s.slide, 0);
    assert_false(s.doubtful);
    symbols_slide(&s, 0xc3001c34); /* no whole pages: something else stands there */
    assert_int_equal(s.slide, 0);
    assert_true(s.doubtful);
    symbols_slide(&s, 0xc3001c30);
    assert_int_equal(s.slide, 0x2000000);
    assert_false(s.doubtful);
    found(0xc3000010, "a", 0x10);
    found(0xc1000010, NULL, 0);
    assert_true(read_text("c1000c30 T page_fault\n"));
    symbols_slide(&s, 0xc0000c30); /* downwards */
    found(0xc0000c31, "page_fault", 1);
    assert_true(read_text("c1000c30 T other\n"));
    symbols_slide(&s, 0xc0000c30);
    assert_int_equal(s.slide, 0);
}

/* ---- ELF --------------------------------------------------------------------------- */

static struct elf {
    Elf32_Ehdr eh;
    char strings[64];
    Elf32_Sym sym[7];
    Elf32_Shdr sh[5];
} elf;

static void symbol(unsigned i, uint32_t name, uint32_t value, uint32_t size, unsigned type,
                   unsigned section)
{
    elf.sym[i] = (Elf32_Sym){
        name, value, size, (unsigned char)ELF32_ST_INFO(STB_GLOBAL, type), 0, (Elf32_Half)section};
}

static void make_elf(void)
{
    memset(&elf, 0, sizeof elf);
    memcpy(elf.eh.e_ident, ELFMAG, SELFMAG);
    elf.eh.e_ident[EI_CLASS] = ELFCLASS32;
    elf.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    elf.eh.e_ident[EI_VERSION] = EV_CURRENT;
    elf.eh.e_type = ET_EXEC;
    elf.eh.e_machine = EM_386;
    elf.eh.e_version = EV_CURRENT;
    elf.eh.e_ehsize = sizeof elf.eh;
    elf.eh.e_shoff = offsetof(struct elf, sh);
    elf.eh.e_shentsize = sizeof elf.sh[0];
    elf.eh.e_shnum = 5;
    elf.eh.e_shstrndx = 3;
    memcpy(elf.strings, "\0func\0label\0data\0file\0", 22);
    symbol(1, 1, 0x1000, 0x20, STT_FUNC, 1);
    symbol(2, 6, 0x1100, 0, STT_NOTYPE, 1);
    symbol(3, 12, 0x2000, 4, STT_OBJECT, 2);
    symbol(4, 17, 0, 0, STT_FILE, SHN_ABS);
    symbol(5, 12, 0x1200, 0, STT_NOTYPE, 2); /* a label among data */
    symbol(6, 1, 0, 0, STT_FUNC, SHN_UNDEF);
    elf.sh[1] = (Elf32_Shdr){.sh_type = SHT_NOBITS,
                             .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                             .sh_addr = 0x1000,
                             .sh_size = 0x200};
    elf.sh[2] = (Elf32_Shdr){.sh_type = SHT_NOBITS,
                             .sh_flags = SHF_ALLOC | SHF_WRITE,
                             .sh_addr = 0x2000,
                             .sh_size = 0x200};
    elf.sh[3] = (Elf32_Shdr){.sh_type = SHT_STRTAB,
                             .sh_offset = offsetof(struct elf, strings),
                             .sh_size = sizeof elf.strings};
    elf.sh[4] = (Elf32_Shdr){.sh_type = SHT_SYMTAB,
                             .sh_offset = offsetof(struct elf, sym),
                             .sh_size = sizeof elf.sym,
                             .sh_link = 3,
                             .sh_entsize = sizeof(Elf32_Sym),
                             .sh_addralign = 4};
}

static void an_elf_file(void **state)
{
    (void)state;
    make_elf();
    assert_true(read_bytes(&elf, sizeof elf));
    assert_string_equal(s.from, "ELF symbols");
    assert_int_equal(s.count, 2);
    found(0x1000, "func", 0);
    found(0x101f, "func", 0x1f);
    found(0x1020, NULL, 0); /* behind its end */
    found(0x1105, "label", 5);
}

static void stripped(void **state)
{
    (void)state;
    make_elf();
    elf.sh[4].sh_type = SHT_NULL;
    assert_false(read_bytes(&elf, sizeof elf));
    assert_non_null(strstr(problem.text, "this kernel has no symbols"));
}

static void spoilt_elf(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 1, 0x7f, 0x80, 0xff};
    make_elf();
    for (size_t at = SELFMAG; at < sizeof elf; at++) {
        uint8_t *byte = (uint8_t *)&elf + at, old = *byte;
        for (size_t i = 0; i < sizeof bytes; i++) {
            *byte = bytes[i];
            read_bytes(&elf, sizeof elf);
        }
        *byte = old;
    }
    for (size_t n = SELFMAG; n < sizeof elf; n++)
        read_bytes(&elf, n);
}

/* ---- kallsyms ------------------------------------------------------------------------ */

#define SYMBOLS 300u
enum layout { OLD, ABSOLUTE, NEW };

static uint8_t image[65536];
static size_t fill;

static void word(uint32_t n)
{
    put32(image, fill, n);
    fill += 4;
}

static void align4(void)
{
    fill = (fill + 3) & ~(size_t)3;
}

static void packed_name(unsigned i)
{
    char name[400];
    size_t n = (size_t)snprintf(name, sizeof name, "%cname_%u", i % 3 ? 'T' : 'd', i);
    if (i == 5) { /* longer than one byte of length can say */
        memset(name + n, 'x', 200);
        n += 200;
    }
    if (n > 127) {
        image[fill++] = (uint8_t)(0x80 | (n & 0x7f));
        image[fill++] = (uint8_t)(n >> 7);
    } else {
        image[fill++] = (uint8_t)n;
    }
    memcpy(image + fill, name, n);
    fill += n;
}

static void names(void)
{
    uint32_t marker[(SYMBOLS + 255) / 256];
    size_t start = fill;
    for (unsigned i = 0; i < SYMBOLS; i++) {
        if (i % 256 == 0)
            marker[i / 256] = (uint32_t)(fill - start);
        packed_name(i);
    }
    align4();
    for (unsigned i = 0; i < sizeof marker / sizeof marker[0]; i++)
        word(marker[i]);
}

/* Printable characters stand for themselves; piece 1 is "name_". */
static void pieces(void)
{
    uint16_t offset[256];
    size_t start = fill;
    for (unsigned i = 0; i < 256; i++) {
        offset[i] = (uint16_t)(fill - start);
        if (i == 1)
            fill += (size_t)sprintf((char *)image + fill, "name_");
        else if (i > ' ' && i < 127)
            image[fill++] = (uint8_t)i;
        image[fill++] = 0;
    }
    align4();
    for (unsigned i = 0; i < 256; i++, fill += 2)
        memcpy(image + fill, &offset[i], 2);
}

static void offsets(uint32_t base)
{
    for (unsigned i = 0; i < SYMBOLS; i++)
        word(base + i * 0x40);
}

/* Between other bytes, of which some look like the start of it. */
static void make_image(enum layout layout)
{
    static const char decoy[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
    memset(image, 0, sizeof image);
    memcpy(image, ELFMAG, SELFMAG); /* no more than that of an ELF file */
    memcpy(image + 100, decoy, sizeof decoy);
    fill = 2000;
    for (unsigned i = 0; i < 50; i++)
        word(0xc0000000u + i * 7919u);
    if (layout == OLD)
        offsets(0);
    if (layout == ABSOLUTE)
        offsets(0xc1000000);
    if (layout == OLD)
        word(0xc1000000);
    word(SYMBOLS);
    names();
    fill += layout == OLD ? 3 * SYMBOLS : 0; /* 6.2 has a table more here */
    align4();
    pieces();
    align4();
    if (layout == NEW) {
        offsets(0);
        word(0xc1000000);
    }
    fill += 500;
}

static void check_image(void)
{
    assert_true(read_bytes(image, fill));
    assert_string_equal(s.from, "kallsyms");
    assert_int_equal(s.count, 200);
    found(0xc1000040, "name_1", 0);
    found(0xc1000044, "name_1", 4);
    found(0xc1000000 + 299 * 0x40, "name_299", 0);
    uint32_t at;
    const struct symbol *longest = symbols_find(&s, 0xc1000000 + 5 * 0x40, &at);
    assert_non_null(longest);
    assert_int_equal(strlen(longest->name), 206);
}

static void kallsyms(void **state)
{
    (void)state;
    for (enum layout layout = OLD; layout <= NEW; layout++) {
        make_image(layout);
        check_image();
    }
}

/* No table is better than a wrong one read beyond its end. */
static void spoilt_kallsyms(void **state)
{
    (void)state;
    for (enum layout layout = OLD; layout <= NEW; layout++) {
        make_image(layout);
        for (size_t at = SELFMAG; at < fill; at += 3) {
            uint8_t old = image[at];
            image[at] = (uint8_t)(old ^ 0x81);
            read_bytes(image, fill);
            image[at] = old;
        }
        for (size_t n = SELFMAG; n < fill - 500; n += 5)
            if (read_bytes(image, n))
                fail_msg("symbols in %zu bytes of %zu", n, fill);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_map, forget),
        cmocka_unit_test_teardown(not_maps, forget),
        cmocka_unit_test_teardown(a_kernel_that_moved, forget),
        cmocka_unit_test_teardown(an_elf_file, forget),
        cmocka_unit_test_teardown(stripped, forget),
        cmocka_unit_test_teardown(spoilt_elf, forget),
        cmocka_unit_test_teardown(kallsyms, forget),
        cmocka_unit_test_teardown(spoilt_kallsyms, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
