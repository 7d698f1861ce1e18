/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pieces of guest memory side by side, and the file that they become: read back here as the
 * monitor reads it.
 */
#define _GNU_SOURCE /* memfd_create */
#include "loader/planfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct image im;
static struct problem problem;
static uint8_t bytes[5000];

static int start(void **state)
{
    (void)state;
    image_init(&im, 16);
    memset(&problem, 0, sizeof problem);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 13 + 7);
    return 0;
}

static int end(void **state)
{
    (void)state;
    image_free(&im);
    return 0;
}

static bool add(uint64_t gpa, uint64_t size)
{
    return image_add(&im, "piece", gpa, size, bytes, 0, &problem);
}

static void pieces_stay_in_ram(void **state)
{
    (void)state;
    assert_true(add(0, 0x9fc00));
    assert_false(add(0x9fc00, 1));
    assert_false(add(0xfffff, 1));
    assert_true(add(0x100000, 0xf00000));
    assert_false(add(0x1000000, 1));
    image_free(&im);
    assert_false(add(0x9fbff, 2));
    assert_false(add(0x100000, 0xf00001));
    assert_false(add(0xffffffff, 1));
    assert_false(add(1ull << 32, 1));
    assert_false(add(UINT64_MAX, 2));
    assert_false(add(0x100000, UINT64_MAX));
    assert_true(add(0x1000000, 0)); /* nothing is nowhere */
    assert_int_equal(im.count, 0);
}

static void pieces_do_not_overlap(void **state)
{
    (void)state;
    assert_true(add(0x200000, 0x1000));
    assert_false(add(0x200fff, 1));
    assert_false(add(0x1fffff, 2));
    assert_false(add(0x1ff000, 0x3000));
    assert_non_null(strstr(problem.text, "overlaps the piece at 0x200000"));
    assert_true(add(0x201000, 1));
    assert_true(add(0x1fffff, 1));
    assert_int_equal(im.count, 3);
}

static void pieces_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < IMAGE_MAX_SEGMENTS; i++)
        assert_true(add(0x100000 + i * 16, 16));
    assert_false(add(0x200000, 16));
    assert_non_null(strstr(problem.text, "more than 64"));
}

static void free_places_are_found(void **state)
{
    (void)state;
    assert_int_equal(image_find_low(&im, 100, 16, 0x1000, LOW_RAM_END), 0x1000);
    assert_int_equal(image_find_high(&im, 100, 4096, HIGH_RAM_START, 0x1000000), 0xfff000);
    assert_true(add(0x1000, 0x101));
    assert_true(add(0xfff000, 0x1000));
    assert_int_equal(image_find_low(&im, 100, 16, 0x1000, LOW_RAM_END), 0x1110);
    assert_int_equal(image_find_high(&im, 100, 4096, HIGH_RAM_START, 0x1000000), 0xffe000);
    assert_true(add(0x1110, 100));
    assert_int_equal(image_find_low(&im, 100, 4096, 0x1000, LOW_RAM_END), 0x2000);
    assert_int_equal(image_find_high(&im, 0xeff000, 4096, HIGH_RAM_START, 0x1000000), 0x100000);
    assert_int_equal(image_find_high(&im, 0xeff001, 4096, HIGH_RAM_START, 0x1000000), 0);
    assert_int_equal(image_find_low(&im, 0x9f000, 16, 0x1000, LOW_RAM_END), 0);
    assert_int_equal(image_find_low(&im, 0xffffffff, 16, 0x1000, LOW_RAM_END), 0);
    assert_int_equal(image_find_high(&im, 0xffffffff, 16, 0x1000, 0x1000000), 0);
}

/* The gap between two pieces is used before what lies above them. */
static void gaps_are_found(void **state)
{
    (void)state;
    assert_true(add(0x100000, 0x100000));
    assert_true(add(0x202000, 0x1000));
    assert_int_equal(image_find_low(&im, 0x2000, 4096, HIGH_RAM_START, 0x1000000), 0x200000);
    assert_int_equal(image_find_low(&im, 0x2001, 4096, HIGH_RAM_START, 0x1000000), 0x203000);
    assert_int_equal(image_find_high(&im, 0x2000, 4096, HIGH_RAM_START, 0x203000), 0x200000);
}

static const uint8_t *write_plan(const struct plan_choice *c, size_t *size)
{
    int fd = memfd_create("plan", 0);
    struct stat st;
    uint32_t announced;
    assert_true(planfile_size(&im, c, &announced, &problem));
    assert_true(planfile_write(fd, &im, c, &problem));
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, announced);
    *size = announced;
    const uint8_t *p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    close(fd);
    return p;
}

static void plan_holds_the_image(void **state)
{
    (void)state;
    struct plan_choice c = {.name = "kernel",
                            .append = "some text",
                            .engine = PLAN_INTERP,
                            .flags = PLAN_STATS,
                            .runs = 7};
    size_t size;
    assert_true(image_add(&im, "a", 0x100000, 0x2000, bytes, 4999, &problem));
    assert_true(image_add(&im, "b", 0x1000, 10, bytes + 100, 10, &problem));
    uint32_t *r = &im.eip;
    for (unsigned i = 0; i < 9; i++)
        r[i] = 0x1000 + i;
    assert_true(image_add_gdt(&im, &problem));
    const uint8_t *file = write_plan(&c, &size);
    const struct plan *p = (const void *)file;
    const struct plan_segment *s = (const void *)(p + 1);
    assert_int_equal(p->magic, PLAN_MAGIC);
    assert_int_equal(p->version, PLAN_VERSION);
    assert_int_equal(p->total_size, size);
    assert_int_equal(p->memory_mib, 16);
    assert_int_equal(p->engine, PLAN_INTERP);
    assert_int_equal(p->flags, PLAN_STATS);
    assert_int_equal(p->segments, 3);
    assert_int_equal(p->runs, 7);
    assert_int_equal(p->append_len, 9);
    assert_memory_equal(s + 3, "some text", 9);
    assert_string_equal(p->name, "kernel");
    assert_int_equal(s[0].gpa, 0x100000);
    assert_int_equal(s[0].size, 0x2000);
    assert_int_equal(s[0].file_size, 4999);
    assert_memory_equal(file + s[0].file_offset, bytes, 4999);
    assert_memory_equal(file + s[1].file_offset, bytes + 100, 10);
    assert_int_equal(s[2].gpa, p->gdt_base);
    for (unsigned i = 0; i < 3; i++)
        assert_true(s[i].file_offset + s[i].file_size <= size && s[i].file_offset % 16 == 0);
    munmap((void *)file, size);
}

static void plan_holds_the_registers(void **state)
{
    (void)state;
    struct plan_choice c = {.name = "kernel", .append = "", .runs = 1};
    size_t size;
    im.eip = 1, im.esp = 2, im.eax = 3, im.ebx = 4, im.ecx = 5;
    im.edx = 6, im.esi = 7, im.edi = 8, im.ebp = 9;
    assert_true(image_add_gdt(&im, &problem));
    const struct plan *p = (const void *)write_plan(&c, &size);
    assert_int_equal(p->eip, 1);
    assert_int_equal(p->esp, 2);
    assert_int_equal(p->eax, 3);
    assert_int_equal(p->ebx, 4);
    assert_int_equal(p->ecx, 5);
    assert_int_equal(p->edx, 6);
    assert_int_equal(p->esi, 7);
    assert_int_equal(p->edi, 8);
    assert_int_equal(p->ebp, 9);
    assert_int_equal(p->cs, 0x10);
    assert_int_equal(p->ds, 0x18);
    assert_int_equal(p->gdt_limit, 0x1f);
    assert_int_equal(p->gdt_base, im.gdt_base);
    munmap((void *)p, size);
}

static void long_names_are_cut(void **state)
{
    (void)state;
    char name[200];
    struct plan_choice c = {.name = name, .append = "", .runs = 1};
    size_t size;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    const struct plan *p = (const void *)write_plan(&c, &size);
    assert_int_equal(strlen(p->name), 63);
    munmap((void *)p, size);
}

static void write_errors_are_told(void **state)
{
    (void)state;
    struct plan_choice c = {.name = "kernel", .append = "", .runs = 1};
    assert_false(planfile_write(-1, &im, &c, &problem));
    assert_int_equal(problem.status, EXIT_HOST_TROUBLE);
    assert_non_null(strstr(problem.text, "cannot write the boot plan"));
}

static void plans_have_a_limit(void **state)
{
    (void)state;
    struct plan_choice c = {.name = "kernel", .append = "", .runs = 1};
    uint32_t size;
    im.ram = 0x80000000u;
    for (unsigned i = 0; i < 2; i++) /* not real: only their sizes are looked at */
        im.seg[i] = (struct image_segment){.size = 0xffffffff, .file_size = 0xfffffff0};
    im.count = 2;
    assert_false(planfile_size(&im, &c, &size, &problem));
    assert_non_null(strstr(problem.text, "larger than 4 GiB"));
    im.count = 0;
}

/* A disk's content follows where the machine has no other way to it. */
static void plan_holds_the_disks(void **state)
{
    (void)state;
    struct disks disks = {.count = 2,
                          .file = {{"a", memfd_create("a", 0), 10, false, false},
                                   {"b", memfd_create("b", 0), 1, true, false}}};
    struct plan_choice c = {.name = "kernel", .append = "", .runs = 1, .disks = &disks};
    size_t size;
    assert_int_equal(pwrite(disks.file[0].fd, bytes, 4096, 0), 4096);
    assert_int_equal(pwrite(disks.file[0].fd, bytes, 1024, 4096), 1024);
    assert_int_equal(pwrite(disks.file[1].fd, bytes + 77, 512, 0), 512);
    const struct plan *p = (const void *)write_plan(&c, &size);
    assert_int_equal(p->disks, 2);
    assert_int_equal(p->disk[0].sectors, 10);
    assert_int_equal(p->disk[0].flags, 0);
    assert_int_equal(p->disk[1].flags, PLAN_DISK_READ);
    assert_int_equal(p->disk[0].file_offset + p->disk[1].file_offset, 0);
    assert_true(size < 5000);
    munmap((void *)p, size);
    c.disks_inside = true;
    p = (const void *)write_plan(&c, &size);
    assert_memory_equal((const uint8_t *)p + p->disk[0].file_offset, bytes, 4096);
    assert_memory_equal((const uint8_t *)p + p->disk[0].file_offset + 4096, bytes, 1024);
    assert_memory_equal((const uint8_t *)p + p->disk[1].file_offset, bytes + 77, 512);
    assert_true(p->disk[0].file_offset && p->disk[1].file_offset + 512u <= size);
    munmap((void *)p, size);
    int fd = memfd_create("plan", 0);
    assert_int_equal(ftruncate(disks.file[0].fd, 512), 0);
    assert_false(planfile_write(fd, &im, &c, &problem));
    assert_non_null(strstr(problem.text, "--disk a: cannot read it: it has become shorter"));
    disks.file[1].sectors = 1u << 23;
    uint32_t announced;
    assert_false(planfile_size(&im, &c, &announced, &problem));
    assert_non_null(strstr(problem.text, "needs another host than Bochs"));
    close(fd);
    disks_close(&disks);
}

/* tests/loader/fake_monitor.asm has these in numbers. */
static void the_layout_is_fixed(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct plan), 288);
    assert_int_equal(sizeof(struct plan_segment), 16);
    assert_int_equal(offsetof(struct plan, total_size), 8);
    assert_int_equal(offsetof(struct plan, segments), 24);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pieces_stay_in_ram),       T(pieces_do_not_overlap), T(pieces_are_counted),
        T(free_places_are_found),    T(gaps_are_found),        T(plan_holds_the_image),
        T(plan_holds_the_registers), T(long_names_are_cut),    T(write_errors_are_told),
        T(plans_have_a_limit),       T(plan_holds_the_disks),  T(the_layout_is_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
