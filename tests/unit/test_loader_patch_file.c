/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Kernels to be patched as files: what is read of them, what is said of those that are none, cut or
 * garbled at every byte, and a bzImage packed anew.
 */
#include "loader/bzimage.h"
#include "loader/patch/repack.h"
#include "loader/unpack.h"
#include "tests/unit/patch_world.h"

#include <lzma.h>

static void sections_and_functions(void **state)
{
    (void)state;
    CODE(TEXT + 0x10, "\x12\x34");
    read_good();
    assert_int_equal(subject.sections, 6); /* those that are loaded */
    assert_non_null(subject_find(&subject, ".smp_locks"));
    assert_null(subject_find(&subject, ".symtab"));
    assert_memory_equal(subject_bytes(&subject, TEXT + 0x10, 2), "\x12\x34", 2);
    assert_ptr_equal(subject_at(&subject, TEXT + 0x3ff, 1), subject_find(&subject, ".text"));
    assert_null(subject_at(&subject, TEXT + 0x3ff, 2));
    assert_null(subject_at(&subject, TEXT - 1, 1));
    assert_null(subject_at(&subject, TEXT + 1, 0xffffffff));
    assert_null(subject_bytes(&subject, 0, 1));
    assert_int_equal(subject_function(&subject, "x86_init_noop"), TEXT + 0x200);
    assert_int_equal(subject_function(&subject, "x86_init_noo"), 0);
    function(6, "x86_init_noop", TEXT + 0x300); /* two of a name */
    read_good();
    assert_int_equal(subject_function(&subject, "x86_init_noop"), 0);
}

static void other_files_are_named(void **state)
{
    (void)state;
    kf.eh.e_machine = EM_ARM;
    assert_unreadable("no executable for 32-bit x86");
    kf.eh.e_machine = EM_386;
    kf.eh.e_type = ET_REL;
    assert_unreadable("no executable for 32-bit x86");
    good_kernel();
    kf.data[0x80] = 'l';
    assert_unreadable("no Linux kernel");
    good_kernel();
    memset(kf.sh, 0, sizeof kf.sh);
    kf.eh.e_shnum = 0;
    assert_unreadable("no section table");
    good_kernel();
    for (unsigned n = S_TEXT; n <= S_NAMES; n++)
        kf.sh[n].sh_offset = 0xfffffff0;
    assert_unreadable("no section table");
    good_kernel();
    kf.sh[S_SYMTAB].sh_type = SHT_NULL;
    assert_unreadable("kallsyms");
    memcpy(&kf, "#!/bin/sh\n\0", 11);
    assert_unreadable("neither a bzImage nor an ELF file");
    memset(&kf, 0, 64);
    memcpy(kf.eh.e_ident, ELFMAG "\2\1\1", SELFMAG + 3);
    kf.eh.e_machine = EM_X86_64;
    assert_unreadable("64-bit");
}

static void many_sections_are_too_many(void **state)
{
    static struct {
        struct kernel_file kf;
        Elf32_Shdr sh[SUBJECT_SECTIONS + 40];
    } big;
    (void)state;
    big.kf = kf;
    big.kf.eh.e_shoff = (uint32_t)offsetof(typeof(big), sh);
    big.kf.eh.e_shnum = SUBJECT_SECTIONS + 40;
    memcpy(big.sh, kf.sh, sizeof kf.sh);
    for (unsigned n = SECTIONS; n < SUBJECT_SECTIONS + 40; n++)
        big.sh[n] = kf.sh[S_DATA];
    char name[] = "/tmp/ring1-patch.XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0 && write(fd, &big, sizeof big) == (ssize_t)sizeof big);
    close(fd);
    assert_true(subject_read(name, &subject, &problem));
    assert_int_equal(subject.sections, SUBJECT_SECTIONS);
    unlink(name);
}

/* What every rule makes of the file as it stands; nothing is read or written outside it. */
static void use(void)
{
    for (const struct rule *rule = rules; rule < rules_end; rule++) {
        memset(&result, 0, sizeof result);
        rule->apply(&subject, &result);
        assert_true(result.changed <= result.sites);
    }
}

static void cut_files_do_no_harm(void **state)
{
    unsigned whole = 0;
    (void)state;
    for (size_t size = 1; size <= sizeof kf; size += 13) {
        if (!read_size(size))
            continue;
        use();
        whole++;
    }
    assert_true(whole < sizeof kf / 13);
}

static void garbled_files_do_no_harm(void **state)
{
    unsigned whole = 0;
    (void)state;
    srand(6);
    for (unsigned n = 0; n < 4000; n++) {
        good_kernel();
        for (unsigned i = 0; i < 4; i++) {
            size_t range = n & 1 ? sizeof kf : offsetof(struct kernel_file, text);
            ((uint8_t *)&kf)[(size_t)rand() % range] = (uint8_t)rand();
        }
        if (!read_size(sizeof kf))
            continue;
        use();
        whole++;
    }
    assert_in_range(whole, 1000, 3900);
}

/* ---- bzImages ------------------------------------------------------------------------------- */

#define SETUP (3u * 512)
static struct {
    uint8_t setup[SETUP], payload[8192], code[512];
} bz;

static size_t pack(const void *what, size_t size, uint8_t *to, size_t room, uint32_t preset)
{
    lzma_options_lzma options;
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    size_t made = 0;
    lzma_lzma_preset(&options, preset);
    assert_int_equal(
        lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, what, size, to, &made, room),
        LZMA_OK);
    put32(to, made, (uint32_t)size);
    return made + 4;
}

/* kf packed, with SPARE bytes of payload that the packed kernel does not need. */
static void good_bzimage(int spare)
{
    memset(&bz, 0xcc, sizeof bz);
    memset(bz.setup, 0, sizeof bz.setup);
    size_t n = pack(&kf, sizeof kf, bz.payload, sizeof bz.payload - 4, 6);
    if (spare > 0) {
        memset(bz.payload + n - 4, 0, (size_t)spare);
        put32(bz.payload, n - 4 + (size_t)spare, sizeof kf);
    }
    bz.setup[H_SETUP_SECTS] = 2;
    put32(bz.setup, H_SYSSIZE, (sizeof bz - SETUP) / 16);
    put32(bz.setup, H_BOOT_FLAG, 0xaa55);
    bz.setup[H_LENGTH] = 0x66;
    memcpy(bz.setup + H_MAGIC, "HdrS", 4);
    put32(bz.setup, H_VERSION, 0x20f);
    bz.setup[H_LOADFLAGS] = LOADED_HIGH;
    put32(bz.setup, H_PAYLOAD_OFFSET, 0);
    put32(bz.setup, H_PAYLOAD_LENGTH, (uint32_t)((int)n + spare));
}

static bool read_bzimage(size_t size)
{
    return read_bytes(&bz, size);
}

static void a_bzimage_is_packed_anew(void **state)
{
    (void)state;
    CODE(TEXT + 0x10, "\xf0\xff\x03");
    lock_site(0, TEXT + 0x10);
    good_bzimage(64);
    assert_true(read_bzimage(sizeof bz));
    memset(&result, 0, sizeof result);
    rule_locks(&subject, &result);
    assert_int_equal(result.changed, 1);
    struct blob out, unpacked, payload;
    assert_true(repack(&subject, &out, &problem));
    assert_int_equal(out.size, sizeof bz);
    size_t first = SETUP, behind = SETUP + subject.payload.size;
    assert_memory_equal(out.data, &bz, first);
    assert_memory_equal(out.data + behind, (uint8_t *)&bz + behind, sizeof bz - behind);
    assert_true(bzimage_payload(&out, bz.setup, &payload));
    assert_true(unpack(&payload, &unpacked, &problem));
    assert_int_equal(unpacked.size, sizeof kf);
    assert_memory_equal(unpacked.data, subject.elf.data, sizeof kf);
    blob_free(&unpacked);
    blob_free(&out);
    assert_true(repack_elf(&subject, &out, &problem));
    assert_int_equal(out.size, sizeof kf);
    blob_free(&out);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    good_bzimage(0);
    assert_true(read_bzimage(sizeof bz));
    uint8_t *text = subject_bytes(&subject, TEXT, sizeof kf.text);
    for (unsigned i = 0; i < sizeof kf.text; i++)
        text[i] =
            (uint8_t)((i + 1) * 2654435761u >> 13); /* as far from what can be packed as it gets */
    struct blob out;
    assert_false(repack(&subject, &out, &problem));
    assert_int_equal(problem.status, EXIT_BAD_INPUT);
    assert_non_null(strstr(problem.text, "does not fit in the bzImage"));
    blob_free(&out);
}

static void refused(const char *words)
{
    assert_false(read_bzimage(sizeof bz));
    assert_int_equal(problem.status, EXIT_BAD_INPUT);
    if (!strstr(problem.text, words))
        fail_msg("wanted \"%s\" in: %s", words, problem.text);
}

static void bad_bzimages_are_named(void **state)
{
    (void)state;
    good_bzimage(8);
    bz.setup[H_XLOADFLAGS] = XLF_KERNEL_64;
    refused("64-bit");
    good_bzimage(8);
    put32(bz.setup, H_PAYLOAD_LENGTH, 0xfffffff0);
    refused("does not tell where");
    good_bzimage(8);
    bz.payload[100] ^= 0x55;
    refused("damaged");
    good_bzimage(8);
    bz.payload[0] ^= 0x55;
    refused("does not know");
    good_bzimage(8);
    memcpy(&kf, "none", 4);
    good_bzimage(8);
    refused("no ELF file");
    good_bzimage(8);
    bz.setup[H_LENGTH] = 0;
    refused("header is truncated");
}

/* Packed otherwise it can be read, and is written unpacked only. */
static void other_packings_are_not_written(void **state)
{
    (void)state;
    good_bzimage(0);
    memcpy(bz.payload, &kf, sizeof kf < sizeof bz.payload ? sizeof kf : 0);
    put32(bz.setup, H_PAYLOAD_LENGTH, sizeof kf);
    assert_true(read_bzimage(sizeof bz));
    struct blob out;
    assert_false(repack(&subject, &out, &problem));
    assert_non_null(strstr(problem.text, "packed with none"));
    blob_free(&out);
    assert_true(repack_elf(&subject, &out, &problem));
    blob_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(sections_and_functions),         T(other_files_are_named),
        T(many_sections_are_too_many),     T(cut_files_do_no_harm),
        T(garbled_files_do_no_harm),       T(a_bzimage_is_packed_anew),
        T(what_does_not_fit_is_refused),   T(bad_bzimages_are_named),
        T(other_packings_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
