/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Multiboot kernels: both ways of saying where to load, the information that the guest gets, and
 * headers that lie.
 */
#include "tests/unit/loader_elf.h"

static uint8_t ramdisk[10000];
#define MB_AT 64u

static uint8_t mb[8192 + 4096];

static void put_multiboot(uint8_t *where, uint32_t flags)
{
    put32(where, 0, 0x1badb002);
    put32(where, 4, flags);
    put32(where, 8, 0u - 0x1badb002 - flags);
}

/* A flat file whose header says: load me at 2 MiB, 4096 bytes of bss. */
static struct kernel_request good_multiboot(void)
{
    memset(mb, 0x90, sizeof mb);
    put_multiboot(mb + MB_AT, 0x10003);
    put32(mb, MB_AT + 12, 0x200000 + MB_AT);
    put32(mb, MB_AT + 16, 0x200000);
    put32(mb, MB_AT + 20, 0x200000 + sizeof mb);
    put32(mb, MB_AT + 24, 0x201000 + sizeof mb);
    put32(mb, MB_AT + 28, 0x200100);
    return request(mb, sizeof mb);
}

static void multiboot_addresses_are_obeyed(void **state)
{
    (void)state;
    struct kernel_request r = good_multiboot();
    assert_loads(&r);
    const struct image_segment *k = segment("kernel");
    assert_int_equal(k->gpa, 0x200000);
    assert_int_equal(k->file_size, sizeof mb);
    assert_int_equal(k->size, sizeof mb + 0x1000);
    assert_int_equal(im.eip, 0x200100);
    assert_int_equal(im.eax, 0x2badb002);
    put32(mb, MB_AT + 16, 0x200000 + MB_AT); /* loading starts with the header */
    put32(mb, MB_AT + 20, 0);                /* to the file's end */
    put32(mb, MB_AT + 24, 0);                /* no bss */
    assert_loads(&r);
    assert_int_equal(segment("kernel")->gpa, 0x200000 + MB_AT);
    assert_int_equal(segment("kernel")->size, sizeof mb - MB_AT);
    assert_ptr_equal(segment("kernel")->bytes, mb + MB_AT);
}

static void multiboot_information_is_complete(void **state)
{
    (void)state;
    struct kernel_request r = good_multiboot();
    r.append = "some text";
    r.initrd_path = "dir/I";
    r.initrd = (struct blob){ramdisk, sizeof ramdisk};
    assert_loads(&r);
    const uint8_t *info = at(im.ebx);
    assert_int_equal(get32(info, 0), 0x24d);
    assert_int_equal(get32(info, 4), 639);
    assert_int_equal(get32(info, 8), RAM / 1024 - 1024);
    assert_string_equal((const char *)at(get32(info, 16)), "some text");
    assert_int_equal(get32(info, 20), 1);
    const uint8_t *module = at(get32(info, 24));
    assert_int_equal(get32(module, 0) % 4096, 0);
    assert_int_equal(get32(module, 0), 0x204000); /* behind the kernel's bss */
    assert_int_equal(get32(module, 4) - get32(module, 0), sizeof ramdisk);
    assert_ptr_equal(at(get32(module, 0)), ramdisk);
    assert_string_equal((const char *)at(get32(module, 8)), "I");
    assert_string_equal((const char *)at(get32(info, 64)), "Ring1");
    const uint8_t *map = at(get32(info, 48));
    assert_int_equal(get32(info, 44), 3 * 24);
    assert_int_equal(get32(map, 0), 20);
    assert_int_equal(get32(map, 48 + 4), 0x100000);
    assert_int_equal(get32(map, 48 + 12), RAM - 0x100000);
    assert_int_equal(get32(map, 48 + 20), 1);
    assert_int_equal(get32(map, 24 + 20), 2);
}

static void multiboot_without_module_says_none(void **state)
{
    (void)state;
    struct kernel_request r = good_multiboot();
    assert_loads(&r);
    assert_int_equal(get32(at(im.ebx), 20), 0);
    assert_string_equal((const char *)at(get32(at(im.ebx), 16)), "");
}

static void multiboot_elf_is_loaded_as_elf(void **state)
{
    (void)state;
    struct kernel_request r = good_elf();
    put_multiboot(ef.text, 3);
    r.append = "text";
    assert_loads(&r);
    assert_int_equal(im.eip, 0x100010);
    assert_int_equal(im.eax, 0x2badb002);
    assert_string_equal((const char *)at(get32(at(im.ebx), 16)), "text");
}

static void multiboot_header_must_be_real(void **state)
{
    (void)state;
    struct kernel_request r = good_multiboot();
    mb[MB_AT + 8] ^= 1;
    assert_refused(&r, "not a kernel that Ring1 knows");
    r = good_multiboot();
    memmove(mb + MB_AT + 2, mb + MB_AT, 32); /* not on a multiple of 4 */
    assert_refused(&r, "not a kernel that Ring1 knows");
    memset(mb, 0, sizeof mb);
    put_multiboot(mb + 8192 - 8, 0x10003); /* not whole within 8 KiB */
    assert_refused(&r, "not a kernel that Ring1 knows");
}

static void bad_multiboot_files_are_named(void **state)
{
    (void)state;
    struct kernel_request r = good_multiboot();
    put_multiboot(mb + MB_AT, 0x10008);
    assert_refused(&r, "demands multiboot features");
    put_multiboot(mb + MB_AT, 3);
    assert_refused(&r, "nothing says where to load it");
    r = good_multiboot();
    put32(mb, MB_AT + 16, 0x200000 + MB_AT + 1);
    assert_refused(&r, "load_addr");
    put32(mb, MB_AT + 16, 0x200000 - 1);
    assert_refused(&r, "load_addr");
    r = good_multiboot();
    put32(mb, MB_AT + 20, 0x200001 + sizeof mb);
    assert_refused(&r, "load_end_addr");
    put32(mb, MB_AT + 20, 0x1fffff);
    assert_refused(&r, "load_end_addr");
    r = good_multiboot();
    put32(mb, MB_AT + 24, 0x200010);
    assert_refused(&r, "bss_end_addr");
    put32(mb, MB_AT + 24, 0x1fffff);
    assert_refused(&r, "bss_end_addr");
    r = good_multiboot();
    put32(mb, MB_AT + 28, 0x1fffff);
    assert_refused(&r, "entry_addr");
    r = good_multiboot();
    r.kernel.size = MB_AT + 20;
    assert_refused(&r, "header is truncated");
    r = good_multiboot();
    r.initrd_path = "I";
    r.initrd = (struct blob){ramdisk, RAM - (2u << 20)};
    assert_refused(&r, "do not fit behind the kernel");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(multiboot_addresses_are_obeyed),     T(multiboot_information_is_complete),
        T(multiboot_without_module_says_none), T(multiboot_elf_is_loaded_as_elf),
        T(multiboot_header_must_be_real),      T(bad_multiboot_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
