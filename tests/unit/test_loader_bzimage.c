/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Linux kernel files, built here byte by byte: where a good one goes and what its zero page says,
 * and what is said of each way in which one can be bad.
 */
#include "tests/unit/loader_world.h"

#define SETUP_SECTS   2u
#define SETUP_BYTES   ((SETUP_SECTS + 1) * 512)
#define PAYLOAD_BYTES 4096u
#define BZ_BYTES      (SETUP_BYTES + PAYLOAD_BYTES)

static uint8_t bz[BZ_BYTES];
static uint8_t ramdisk[10000];

static void put16(size_t where, uint16_t v)
{
    bz[where] = (uint8_t)v;
    bz[where + 1] = (uint8_t)(v >> 8);
}

/* A relocatable kernel of protocol 2.15, as Debian's are. */
static struct kernel_request good_bzimage(void)
{
    memset(bz, 0, sizeof bz);
    bz[0x1f1] = SETUP_SECTS;
    put32(bz, 0x1f4, PAYLOAD_BYTES / 16);
    put16(0x1fe, 0xaa55);
    bz[0x200] = 0xeb;
    bz[0x201] = 0x66; /* the header ends at 0x268 */
    memcpy(bz + 0x202, "HdrS", 4);
    put16(0x206, 0x20f);
    bz[0x211] = 1;
    put32(bz, 0x214, 0x100000);
    put32(bz, 0x22c, 0x37ffffff);
    put32(bz, 0x230, 0x1000000);
    bz[0x234] = 1;
    put32(bz, 0x238, 2047);
    put32(bz, 0x258, 0x1000000);
    put32(bz, 0x260, 0x800000);
    for (unsigned i = 0; i < PAYLOAD_BYTES; i++)
        bz[SETUP_BYTES + i] = (uint8_t)(i * 7 + 1);
    return request(bz, sizeof bz);
}

static void bzimage_goes_to_its_preferred_address(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    assert_loads(&r);
    const struct image_segment *k = segment("kernel");
    assert_int_equal(k->gpa, 0x1000000);
    assert_int_equal(k->file_size, PAYLOAD_BYTES);
    assert_int_equal(k->size, 0x800000);
    assert_memory_equal(k->bytes, bz + SETUP_BYTES, PAYLOAD_BYTES);
    assert_int_equal(im.eip, 0x1000000);
}

static void bzimage_registers_are_the_protocol_s(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    assert_loads(&r);
    assert_int_equal(im.ebx, 0);
    assert_int_equal(im.ebp, 0);
    assert_int_equal(im.edi, 0);
    assert_int_equal(im.esi, segment("zero page")->gpa);
    const uint8_t *gdt = at(im.gdt_base);
    static const uint8_t code[8] = {0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0};
    static const uint8_t data[8] = {0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0};
    assert_int_equal(im.gdt_limit, 0x1f);
    assert_memory_equal(gdt + 0x10, code, 8);
    assert_memory_equal(gdt + 0x18, data, 8);
}

static void zero_page_tells_memory(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    assert_loads(&r);
    const uint8_t *z = at(im.esi);
    static const uint32_t map[3][3] = {
        {0, 0x9fc00, 1}, {0x9fc00, 0x100000 - 0x9fc00, 2}, {0x100000, RAM - 0x100000, 1}};
    assert_int_equal(z[0x1e8], 3);
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *e = z + 0x2d0 + i * 20;
        assert_int_equal(get32(e, 0), map[i][0]);
        assert_int_equal(get32(e, 4), 0);
        assert_int_equal(get32(e, 8), map[i][1]);
        assert_int_equal(get32(e, 12), 0);
        assert_int_equal(get32(e, 16), map[i][2]);
    }
    assert_int_equal(get32(z, 0x1e0), RAM / 1024 - 1024);
    assert_int_equal(get16(z, 2), 0xfc00);
    assert_int_equal(z[0x06], 3); /* a VGA in mode 3: 80 columns, 25 lines, characters of 16 */
    assert_int_equal(z[0x07], 80);
    assert_int_equal(z[0x0e], 25);
    assert_int_equal(z[0x0f], 1);
    assert_int_equal(get16(z, 0x10), 16);
    assert_int_equal(z[0x1ef], 0); /* the sentinel */
    assert_int_equal(z[0x210], 0xff);
    assert_memory_equal(z + 0x202, "HdrS", 4);
}

static void command_line_is_passed(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    r.append = "console=ttyS0 quiet";
    assert_loads(&r);
    assert_string_equal((const char *)at(get32(at(im.esi), 0x228)), r.append);
}

static void command_line_has_the_kernel_s_limit(void **state)
{
    (void)state;
    static char text[2049];
    struct kernel_request r = good_bzimage();
    memset(text, 'x', 2047);
    r.append = text;
    assert_loads(&r);
    text[2047] = 'x';
    assert_refused(&r, "2048 characters are too many; this kernel takes 2047");
    put32(bz, 0x238, 10);
    assert_refused(&r, "takes 10");
    put16(0x206, 0x205); /* before cmdline_size */
    assert_refused(&r, "takes 255");
}

static void initrd_goes_to_the_top(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    r.initrd_path = "I";
    r.initrd = (struct blob){ramdisk, sizeof ramdisk};
    assert_loads(&r);
    const uint8_t *z = at(im.esi);
    assert_int_equal(get32(z, 0x218), (RAM - sizeof ramdisk) & ~0xfffu);
    assert_int_equal(get32(z, 0x21c), sizeof ramdisk);
    put32(bz, 0x22c, 0x2ffffff); /* initrd_addr_max */
    assert_loads(&r);
    assert_int_equal(get32(at(im.esi), 0x218), (0x3000000 - sizeof ramdisk) & ~0xfffu);
    put32(bz, 0x22c, 0x17fffff); /* all of it below that is the kernel's, but for 1 - 16 MiB */
    assert_loads(&r);
    assert_int_equal(get32(at(im.esi), 0x218), (0x1000000 - sizeof ramdisk) & ~0xfffu);
}

static void initrd_must_fit(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    r.initrd_path = "I";
    r.initrd = (struct blob){ramdisk, RAM - (1u << 20)}; /* never read */
    assert_refused(&r, "initrd I: its 64512 KiB do not fit");
}

static void kernel_moves_down_in_little_memory(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    put32(bz, 0x260, RAM - 0x900000);
    put32(bz, 0x230, 0x200000);
    assert_loads(&r);
    assert_int_equal(segment("kernel")->gpa, 0x200000);
    assert_int_equal(im.eip, 0x200000);
    put32(bz, 0x260, RAM - 0x100000);
    assert_refused(&r, "65 MiB of guest memory to start and has 64");
    put32(bz, 0x260, 0xffffffff);
    assert_refused(&r, "of guest memory to start");
}

static void fixed_kernel_loads_at_one_mib(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    bz[0x234] = 0;
    assert_loads(&r);
    const struct image_segment *k = segment("kernel");
    assert_int_equal(k->gpa, 0x100000);
    assert_int_equal(k->gpa + k->size, 0x1800000); /* to where it will have moved itself */
    assert_int_equal(im.eip, 0x100000);
    put32(bz, 0x214, 0x100010);
    assert_loads(&r);
    assert_int_equal(im.eip, 0x100010);
    put32(bz, 0x214, 0x90000);
    assert_refused(&r, "code32_start 0x90000");
}

static void old_protocols_are_known(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    put16(0x206, 0x202);
    bz[0x201] = 0x2a;    /* the header ends at 0x22c */
    put32(bz, 0x1f4, 1); /* without meaning there */
    assert_loads(&r);
    assert_int_equal(segment("kernel")->gpa, 0x100000);
    assert_int_equal(segment("kernel")->file_size, PAYLOAD_BYTES);
    put16(0x206, 0x201);
    assert_refused(&r, "boot protocol 2.01 is too old");
}

static void bad_bzimage_headers_are_named(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    put16(0x1fe, 0);
    assert_refused(&r, "0xAA55");
    r = good_bzimage();
    bz[0x211] = 0;
    assert_refused(&r, "zImage");
    r = good_bzimage();
    put16(0x236, 1);
    assert_refused(&r, "64-bit");
    r = good_bzimage();
    bz[0x201] = 5;
    assert_refused(&r, "header is truncated");
    r = good_bzimage();
    put32(bz, 0x230, 0x300000);
    assert_refused(&r, "kernel_alignment 0x300000");
    r = good_bzimage();
    put32(bz, 0x230, 0);
    assert_refused(&r, "kernel_alignment 0");
    r = good_bzimage();
    put32(bz, 0x25c, 1);
    assert_refused(&r, "pref_address 0x101000000");
    r = good_bzimage();
    put32(bz, 0x258, 0x1000);
    assert_refused(&r, "pref_address 0x1000 ");
}

static void truncated_bzimages_are_named(void **state)
{
    (void)state;
    struct kernel_request r = good_bzimage();
    r.kernel.size = 0x210;
    assert_refused(&r, "header is truncated");
    r.kernel.size = SETUP_BYTES;
    assert_refused(&r, "ends inside the setup code (2 sectors)");
    r.kernel.size = BZ_BYTES - 16;
    assert_refused(&r, "promises 4096 bytes of kernel and the file has 4080");
    bz[0x1f1] = 255;
    r.kernel.size = BZ_BYTES;
    assert_refused(&r, "ends inside the setup code (255 sectors)");
    r = good_bzimage();
    put32(bz, 0x1f4, 0xffffffff);
    assert_refused(&r, "promises 68719476720 bytes");
    put32(bz, 0x1f4, 0);
    assert_refused(&r, "promises 0 bytes");
}

/* Whatever the header says, the result is an error or an image within RAM. */
static void random_headers_do_no_harm(void **state)
{
    (void)state;
    unsigned loaded = 0;
    srand(1);
    for (unsigned n = 0; n < 20000; n++) {
        struct kernel_request r = good_bzimage();
        for (unsigned i = 0; i < 3; i++) {
            bz[0x1f1 + (unsigned)rand() % (0x268 - 0x1f1)] = (uint8_t)rand();
            if (rand() % 4 == 0)
                r.kernel.size = (size_t)rand() % BZ_BYTES + 1;
        }
        r.initrd_path = "I";
        r.initrd = (struct blob){ramdisk, sizeof ramdisk};
        if (!load(&r)) {
            assert_int_not_equal(problem.text[0], 0);
            continue;
        }
        loaded++;
        for (unsigned i = 0; i < im.count; i++) {
            assert_true(im.seg[i].file_size <= im.seg[i].size);
            assert_true((uint64_t)im.seg[i].gpa + im.seg[i].size <= RAM);
        }
        assert_true(image_covers(&im, im.eip));
    }
    assert_true(loaded > 1000 && loaded < 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bzimage_goes_to_its_preferred_address),
        T(bzimage_registers_are_the_protocol_s),
        T(zero_page_tells_memory),
        T(command_line_is_passed),
        T(command_line_has_the_kernel_s_limit),
        T(initrd_goes_to_the_top),
        T(initrd_must_fit),
        T(kernel_moves_down_in_little_memory),
        T(fixed_kernel_loads_at_one_mib),
        T(old_protocols_are_known),
        T(bad_bzimage_headers_are_named),
        T(truncated_bzimages_are_named),
        T(random_headers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
