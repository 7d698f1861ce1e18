/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What `ring1 inspect` says of kernel files built here, as text and as JSON; and that it survives
 * files that lie, under the sanitizers.
 */
#define _GNU_SOURCE /* open_memstream */
#include "tests/unit/loader_elf.h"

#include "loader/bzimage.h"
#include "loader/describe.h"

#define ROUNDS 3000u
#define SETUP  1024u

typedef void describer(const struct blob *kernel, struct sheet *s, struct census *c);

static struct sheet sheet;
static struct census census;
static char *text;
static size_t text_size;

/* What F says of DATA, in text. The copy has no byte to spare. */
static const char *describe(describer *f, const void *data, size_t size, bool json)
{
    struct blob b = {malloc(size), size};
    memcpy(b.data, data, size);
    free(text);
    memset(&census, 0, sizeof census);
    FILE *to = open_memstream(&text, &text_size);
    f(&b, &sheet, &census);
    assert_true((json ? sheet_print_json : sheet_print)(&sheet, to));
    fclose(to);
    sheet_free(&sheet);
    blob_free(&b);
    return text;
}

static void has(const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static int end(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

static void elf_files(void **state)
{
    (void)state;
    good_elf();
    ef.ph[0].p_flags = PF_R | PF_X;
    ef.ph[1].p_flags = PF_R | PF_W;
    memset(ef.text, 0x90, 4096);
    ef.text[7] = 0x9d;
    describe(describe_elf, &ef, sizeof ef, false);
    has("3 (32-bit x86)");
    has("entry    0xc0100010");
    has("0  physical 00100000  virtual c0100000  in file      4096  in memory      4096  r-x");
    has("1  physical 00102000  virtual c0102000  in file       100  in memory     12288  rw-");
    assert_null(strstr(text, "behind"));
    assert_int_equal(census.instructions, 4096);
    assert_int_equal(census.count[0], 1);
    ef.ph[0].p_filesz = sizeof ef;
    describe(describe_elf, &ef, sizeof ef, false);
    has("(behind the file's end)");
    assert_int_equal(census.bytes, 0);
    ef.eh.e_machine = EM_X86_64;
    ef.ph[0].p_filesz = 4096;
    describe(describe_elf, &ef, sizeof ef, false);
    has("64-bit x86");
    assert_int_equal(census.bytes, 0);
    describe(describe_elf, &ef, 30, false);
    has("no readable ELF file");
}

static uint8_t bz[SETUP + sizeof ef];

static void make_bzimage(void)
{
    memset(bz, 0, sizeof bz);
    bz[H_SETUP_SECTS] = SETUP / 512 - 1;
    bz[H_LENGTH] = 0x66;
    memcpy(bz + H_MAGIC, "HdrS", 4);
    bz[H_VERSION] = 0x0f;
    bz[H_VERSION + 1] = 2;
    put32(bz, H_KERNEL_VERSION, 0x100);
    strcpy((char *)bz + 0x300, "6.6.6-\033[31mevil");
    put32(bz, H_CMDLINE_SIZE, 2047);
    put32(bz, H_PREF_ADDRESS, 0x1000000);
    put32(bz, H_INIT_SIZE, 12345678);
    put32(bz, H_PAYLOAD_LENGTH, sizeof ef);
    good_elf();
    ef.ph[0].p_flags = PF_X;
    memcpy(bz + SETUP, &ef, sizeof ef);
}

static void linux_files(void **state)
{
    (void)state;
    make_bzimage();
    describe(describe_bzimage, bz, sizeof bz, false);
    has("boot protocol       2.15");
    has("kernel version      6.6.6-?[31mevil");
    has("command-line limit  2047");
    has("preferred address   0x1000000");
    has("init_size           12345678");
    has("packed with     none");
    has("physical 00100000");
    assert_int_equal(census.bytes, 4096);
    put32(bz, H_PAYLOAD_LENGTH, sizeof ef + 1);
    describe(describe_bzimage, bz, sizeof bz, false);
    has("not unpacked  the header does not say where it is, or it is cut short");
    bz[H_XLOADFLAGS] = 1;
    describe(describe_bzimage, bz, sizeof bz, false);
    has("bits                64");
    bz[H_VERSION] = 2;
    describe(describe_bzimage, bz, sizeof bz, false);
    assert_null(strstr(text, "init_size"));
    describe(describe_bzimage, bz, 0x210, false);
    has("the header is cut short");
}

static uint32_t mb[256];

static void make_multiboot(void)
{
    static const uint32_t head[8] = {0x1badb002, 0x10003,  (uint32_t) - (0x1badb002 + 0x10003),
                                     0x100010,   0x100000, 0x100200,
                                     0,          0x100040};
    memset(mb, 0x90, sizeof mb);
    memcpy(mb + 4, head, sizeof head);
}

static void multiboot_files(void **state)
{
    (void)state;
    make_multiboot();
    describe(describe_multiboot, mb, sizeof mb, false);
    has("offset          0x10");
    has("flags           0x10003 (page-aligned modules, memory map, addresses in the header)");
    has("entry           0x100040");
    assert_int_equal(census.bytes, 0x200);
    mb[4 + 5] = 0;
    describe(describe_multiboot, mb, sizeof mb, false);
    assert_int_equal(census.bytes, sizeof mb);
    mb[4 + 4] = 0xf0000; /* load_addr further below than the header is into the file */
    describe(describe_multiboot, mb, sizeof mb, false);
    assert_int_equal(census.bytes, 0);
}

static void json_says_the_same(void **state)
{
    (void)state;
    json_error_t error;
    make_bzimage();
    describe(describe_bzimage, bz, sizeof bz, true);
    json_t *all = json_loads(text, 0, &error);
    assert_non_null(all);
    const json_t *head = json_object_get(all, "linux");
    assert_int_equal(json_integer_value(json_object_get(head, "command-line_limit")), 2047);
    assert_string_equal(json_string_value(json_object_get(head, "boot_protocol")), "2.15");
    const json_t *segments = json_object_get(all, "segments");
    assert_int_equal(json_array_size(segments), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(segments, 1), "physical")),
                     0x102000);
    json_decref(all);
}

/* Some bytes of the headers changed, often to extremes; sometimes cut short. */
static void lies(describer *f, const void *good, size_t size, size_t header,
                 bool (*probe)(const struct blob *))
{
    static const uint8_t extremes[] = {0, 1, 0x7f, 0x80, 0xff};
    uint8_t *bad = malloc(size);
    for (unsigned round = 0; round < ROUNDS; round++) {
        memcpy(bad, good, size);
        for (int n = rand() % 6; n >= 0; n--)
            bad[(size_t)rand() % header] = rand() % 2 ? extremes[rand() % 5] : (uint8_t)rand();
        struct blob b = {bad, rand() % 4 ? size : (size_t)rand() % size};
        if (b.size && probe(&b))
            describe(f, b.data, b.size, round % 2);
    }
    free(bad);
}

static void lies_are_survived(void **state)
{
    (void)state;
    srand(1);
    make_multiboot();
    lies(describe_multiboot, mb, sizeof mb, 80, multiboot_probe);
    make_bzimage();
    lies(describe_bzimage, bz, sizeof bz, sizeof bz - sizeof ef.text, bzimage_probe);
    lies(describe_elf, &ef, sizeof ef, TEXT_OFFSET, elf_probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(elf_files, end),
        cmocka_unit_test_teardown(linux_files, end),
        cmocka_unit_test_teardown(multiboot_files, end),
        cmocka_unit_test_teardown(json_says_the_same, end),
        cmocka_unit_test_teardown(lies_are_survived, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
