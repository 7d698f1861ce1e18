/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Kernel files: any bytes as a bzImage, an ELF or a multiboot kernel. In: a byte for the size of
 * RAM, one for the initrd, one for the command line, then the file. What ring1 inspect says of it
 * is made; what loads keeps the rules of an image, and the monitor takes the plan that is made of
 * it.
 */
#define _GNU_SOURCE
#include "loader/kernel.h"
#include "loader/describe.h"
#include "loader/planfile.h"
#include "monitor/run.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_host.h"

#include <sys/mman.h>
#include <unistd.h>

/* As inspect.c has it. */
static void describe(const struct blob *kernel)
{
    struct sheet s = {0};
    struct census c = {0};
    char *text = NULL;
    size_t len = 0;
    if (bzimage_probe(kernel))
        describe_bzimage(kernel, &s, &c);
    else if (multiboot_probe(kernel))
        describe_multiboot(kernel, &s, &c);
    else if (elf_probe(kernel))
        describe_elf(kernel, &s, &c);
    FILE *to = open_memstream(&text, &len);
    must(sheet_print(&s, to) && sheet_print_json(&s, to), "the sheet does not print");
    fclose(to);
    for (size_t i = 0; i < len; i++)
        must(text[i] == '\n' || (uint8_t)text[i] >= ' ', "a control character");
    must(c.undecodable <= c.bytes && c.instructions <= c.bytes, "census");
    free(text);
    sheet_free(&s);
}

static void check_image(const struct image *im)
{
    for (unsigned i = 0; i < im->count; i++) {
        const struct image_segment *s = &im->seg[i];
        must(s->size && s->file_size <= s->size, "sizes of %s", s->what);
        must(s->gpa < im->ram && s->size <= im->ram - s->gpa, "%s is outside RAM", s->what);
        for (unsigned k = 0; k < i; k++) {
            const struct image_segment *o = &im->seg[k];
            must(s->gpa >= o->gpa + o->size || o->gpa >= s->gpa + s->size, "%s lies over %s",
                 s->what, o->what);
        }
    }
    must(image_covers(im, im->eip), "the entry %x is in no segment", im->eip);
}

/* The loader's plan is one that the monitor takes. */
static void start(const struct image *im)
{
    struct plan_choice choice = {.name = "K", .append = "", .engine = PLAN_INTERP, .runs = 1};
    struct problem p;
    uint32_t size;
    int fd = memfd_create("plan", MFD_CLOEXEC);
    must(fd >= 0 && planfile_size(im, &choice, &size, &p), "%s", p.text);
    must(planfile_write(fd, im, &choice, &p), "%s", p.text);
    struct plan *plan = malloc(size);
    must(pread(fd, plan, size, 0) == (ssize_t)size, "the plan's size");
    close(fd);
    must(vm_create(plan, fake_host_reset(im->ram / PAGE_SIZE + 2048), 1), "%s", fake.log);
    free(plan);
}

/* The monitor is asked for some: that takes a hundred times as long as the rest. */
static bool is_chosen(const uint8_t *data, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += data[i];
    return sum % 64 == 0;
}

static bool sane(const struct problem *p)
{
    for (const char *c = p->text; *c; c++) {
        if ((uint8_t)*c < ' ' || *c == 127)
            return false;
    }
    return p->status && p->text[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char append[300];
    static uint8_t initrd[4096];
    struct image im;
    struct problem p = {0};
    if (size < 4)
        return 0;
    uint8_t *file = malloc(size - 3);
    memcpy(file, data + 3, size - 3);
    memset(append, 'a', sizeof append);
    append[data[2]] = 0;
    struct kernel_request r = {.path = "K",
                               .kernel = {file, size - 3},
                               .initrd_path = data[1] ? "I" : NULL,
                               .initrd = {initrd, data[1] ? data[1] * 16u : 0},
                               .append = append};
    image_init(&im, 16 + (data[0] & 3) * 8);
    if (kernel_load(&r, &im, &p)) {
        check_image(&im);
        if (is_chosen(data, size))
            start(&im);
    } else {
        must(sane(&p), "refused without a word, or with a control character");
    }
    image_free(&im);
    describe(&r.kernel);
    free(file);
    return 0;
}
