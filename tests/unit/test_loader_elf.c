/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ELF kernels: segments and entry at their physical addresses, and what is said of files that are
 * not i386 executables, cut short, or put together wrongly. Also of files that are no kernels.
 */
#include "tests/unit/loader_elf.h"

static void elf_loads_at_physical_addresses(void **state)
{
    (void)state;
    struct kernel_request r = good_elf();
    assert_loads(&r);
    assert_int_equal(im.seg[0].gpa, 0x100000);
    assert_int_equal(im.seg[1].gpa, 0x102000);
    assert_int_equal(im.seg[1].file_size, 100);
    assert_int_equal(im.seg[1].size, 0x3000);
    assert_memory_equal(at(0x102000), ef.text + 4096, 100);
    assert_int_equal(im.count, 3); /* and the GDT */
    assert_int_equal(im.eax, 0);
    assert_int_equal(im.ebx, 0);
}

static void elf_entry_is_made_physical(void **state)
{
    (void)state;
    struct kernel_request r = good_elf();
    assert_loads(&r);
    assert_int_equal(im.eip, 0x100010);
    ef.eh.e_entry = 0x100020; /* already physical, as Linux's vmlinux has it */
    assert_loads(&r);
    assert_int_equal(im.eip, 0x100020);
    ef.eh.e_entry = 0xc0500000;
    assert_refused(&r, "entry point 0xc0500000 lies in no loaded segment");
}

static void wrong_elf_files_are_named(void **state)
{
    (void)state;
    struct kernel_request r = good_elf();
    ef.eh.e_machine = EM_ARM;
    assert_refused(&r, "not for 32-bit x86 (machine 40, 32-bit)");
    ef.eh.e_machine = EM_X86_64;
    assert_refused(&r, "64-bit (x86-64)");
    r = good_elf();
    ef.eh.e_type = ET_REL;
    assert_refused(&r, "not an executable");
    ef.eh.e_type = ET_DYN;
    assert_refused(&r, "not an executable");
    r = good_elf();
    ef.ph[0].p_type = ef.ph[1].p_type = PT_NULL;
    assert_refused(&r, "no loadable segment");
    r = good_elf();
    r.kernel.size = 40;
    assert_refused(&r, "header is truncated");
    r = good_elf();
    r.append = "text";
    assert_refused(&r, "takes no --append");
    r.initrd_path = "I";
    assert_refused(&r, "takes no --initrd");
}

static void elf64_is_named(void **state)
{
    (void)state;
    static Elf64_Ehdr eh;
    memcpy(eh.e_ident, ELFMAG, SELFMAG);
    eh.e_ident[EI_CLASS] = ELFCLASS64;
    eh.e_ident[EI_DATA] = ELFDATA2LSB;
    eh.e_ident[EI_VERSION] = EV_CURRENT;
    eh.e_type = ET_EXEC;
    eh.e_machine = EM_X86_64;
    eh.e_version = EV_CURRENT;
    struct kernel_request r = request((uint8_t *)&eh, sizeof eh);
    assert_refused(&r, "64-bit (x86-64)");
    eh.e_machine = EM_AARCH64;
    assert_refused(&r, "machine 183, 64-bit");
}

static void bad_elf_segments_are_named(void **state)
{
    (void)state;
    struct kernel_request r = good_elf();
    ef.ph[1].p_paddr = 0x100fff;
    assert_refused(&r, "overlaps the kernel segment at 0x100000");
    r = good_elf();
    ef.ph[1].p_paddr = RAM - 0x2fff;
    assert_refused(&r, "not in the guest's 64 MiB of RAM");
    ef.ph[1].p_paddr = RAM - 0x3000;
    assert_loads(&r);
    ef.ph[1].p_paddr = 0xfffffff0;
    assert_refused(&r, "not in the guest's 64 MiB of RAM");
    ef.ph[1].p_paddr = 0x9f000; /* into the hole below 1 MiB */
    assert_refused(&r, "not in the guest's 64 MiB of RAM");
    ef.ph[1].p_paddr = 0xb8000;
    assert_refused(&r, "not in the guest's 64 MiB of RAM");
    r = good_elf();
    ef.ph[1].p_filesz = 0x3001;
    assert_refused(&r, "more bytes in the file than in memory");
    r = good_elf();
    ef.ph[1].p_offset = sizeof ef - 99;
    assert_refused(&r, "lies behind the file's end");
    ef.ph[1].p_offset = 0xffffffff;
    assert_refused(&r, "lies behind the file's end");
    r = good_elf();
    r.kernel.size = TEXT_OFFSET + 4096;
    assert_refused(&r, "lies behind the file's end");
}

/* A Linux vmlinux is told by its banner; it gets what a bzImage gets. */
static void vmlinux_has_a_zero_page(void **state)
{
    (void)state;
    static uint8_t ramdisk[5000];
    struct kernel_request r = good_elf();
    memcpy(ef.text + 64, "Linux version 6.1.0", 20);
    r.append = "console=ttyS0";
    r.initrd_path = "I";
    r.initrd = (struct blob){ramdisk, sizeof ramdisk};
    assert_loads(&r);
    assert_int_equal(im.eip, 0x100010);
    const uint8_t *zero = at(im.esi);
    assert_memory_equal(zero + 0x202, "HdrS", 4);
    assert_int_equal(get16(zero, 0x1fe), 0xaa55);
    assert_int_equal(get16(zero, 0x206), 0x20f);
    assert_int_equal(zero[0x210], 0xff);
    assert_int_equal(zero[0x211], 1);
    assert_int_equal(get32(zero, 0x21c), sizeof ramdisk);
    assert_int_equal(get32(zero, 0x218), segment("initrd")->gpa);
    assert_string_equal((const char *)at(get32(zero, 0x228)), "console=ttyS0");
    assert_int_equal(zero[0x1e8], 3); /* the memory map */
    assert_int_equal(im.gdt_limit, 0x1f);
}

static void other_banners_are_no_kernel(void **state)
{
    (void)state;
    static const char *const text[] = {"Linux version ", "Linux version of", "Linux version 1.0",
                                       "Linux version 6", "linux version 6.1"};
    for (unsigned i = 0; i < sizeof text / sizeof text[0]; i++) {
        struct kernel_request r = good_elf();
        memset(ef.text + 64, 0, 32);
        memcpy(ef.text + 64, text[i], strlen(text[i]));
        r.append = "text";
        assert_refused(&r, "a plain ELF kernel takes no --append");
    }
    struct kernel_request r = good_elf(); /* at the file's very end */
    memcpy(ef.text + sizeof ef.text - 14, "Linux version ", 14);
    r.append = "text";
    assert_refused(&r, "a plain ELF kernel takes no --append");
    r = good_elf();
    memcpy(ef.text + 64, "Linux version 5.10", 18);
    static char longest[2049];
    memset(longest, 'x', 2048);
    r.append = longest;
    assert_refused(&r, "2048 characters are too many");
    longest[2047] = 0;
    assert_loads(&r);
}

static void random_elf_files_do_no_harm(void **state)
{
    (void)state;
    unsigned loaded = 0;
    srand(2);
    for (unsigned n = 0; n < 20000; n++) {
        struct kernel_request r = good_elf();
        for (unsigned i = 0; i < 3; i++)
            ((uint8_t *)&ef)[(unsigned)rand() % TEXT_OFFSET] = (uint8_t)rand();
        if (rand() % 4 == 0)
            r.kernel.size = (size_t)rand() % sizeof ef + 1;
        loaded += load(&r);
    }
    assert_true(loaded > 1000 && loaded < 19000);
}

static void lookalikes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *words;
        size_t size;
    } rows[] = {
        {"\x1f\x8b\x08\x00xxxx", "gunzip", 8}, {"070701xxxxxxxx", "cpio archive", 14},
        {"#!/bin/sh\n", "script", 10},         {"hello, world\n", "not a kernel that", 13},
        {"x", "not a kernel that", 1},         {"MZ", "truncated or not a kernel", 2},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *copy = malloc(rows[i].size); /* exactly, so that a read past its end is seen */
        memcpy(copy, rows[i].bytes, rows[i].size);
        struct kernel_request r = request((uint8_t *)copy, rows[i].size);
        assert_refused(&r, rows[i].words);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(elf_loads_at_physical_addresses),
        T(elf_entry_is_made_physical),
        T(wrong_elf_files_are_named),
        T(elf64_is_named),
        T(bad_elf_segments_are_named),
        T(vmlinux_has_a_zero_page),
        T(other_banners_are_no_kernel),
        T(random_elf_files_do_no_harm),
        T(lookalikes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
