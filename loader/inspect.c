/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 inspect: a kernel file comes in; what it is, where it goes, whether Ring1 starts it, and
 * how many instructions of its code need Ring1 come out.
 */
#include "loader/action.h"
#include "loader/describe.h"
#include "loader/guest.h"
#include "loader/kernel.h"

#include <errno.h>
#include <string.h>

static const struct {
    bool (*probe)(const struct blob *kernel);
    void (*describe)(const struct blob *kernel, struct sheet *s, struct census *c);
    const char *name;
} formats[] = {
    {bzimage_probe, describe_bzimage, "Linux bzImage"},
    {multiboot_probe, describe_multiboot, "multiboot kernel"},
    {vmlinux_probe, describe_elf, "Linux vmlinux"},
    {elf_probe, describe_elf, "ELF file"},
};

static const char *const kind_names[] = {
    [CENSUS_SILENT] = "silent", [CENSUS_IOPL] = "IOPL", [CENSUS_TRAPS] = "traps"};

static uint64_t sensitive(const struct census *c)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < CENSUS_CLASSES; i++)
        sum += c->count[i];
    return sum;
}

static void add_census(const struct census *c, struct sheet *s)
{
    sheet_begin(s, "Code (a linear sweep: data in it counts as code)", "code", false);
    sheet_number(s, "bytes", c->bytes);
    sheet_number(s, "instructions", c->instructions);
    sheet_number(s, "undecodable", c->undecodable);
    sheet_number(s, "sensitive", sensitive(c));
    sheet_begin(s, "Sensitive instructions, and what they do at a lower privilege", "sensitive",
                false);
    for (unsigned i = 0; i < CENSUS_CLASSES; i++)
        sheet_add(s, census_classes[i].name,
                  json_pack("{s:I,s:s}", "count", (json_int_t)c->count[i], "kind",
                            kind_names[census_classes[i].kind]),
                  "%8llu  %-6s  %s", (unsigned long long)c->count[i],
                  kind_names[census_classes[i].kind], census_classes[i].what);
}

/* Tries to load it, with the memory that a guest has if nobody says otherwise. */
static void add_verdict(const struct kernel_request *r, uint32_t mib, struct sheet *s)
{
    struct image im;
    struct problem p;
    image_init(&im, mib);
    sheet_begin(s, "Under Ring1", "ring1", false);
    bool ok = kernel_load(r, &im, &p);
    sheet_add(s, "starts", json_boolean(ok), "%s", ok ? "yes" : "no");
    if (ok)
        sheet_hex(s, "entry", im.eip);
    else
        sheet_text(s, "because", p.text);
    image_free(&im);
}

/* False: it is no kernel, which kernel_load says best. */
static bool fill(const struct kernel_request *r, uint32_t mib, struct sheet *s, struct problem *p)
{
    struct census c = {0};
    struct image im;
    unsigned i = 0;
    while (i < sizeof formats / sizeof formats[0] && !formats[i].probe(&r->kernel))
        i++;
    if (i == sizeof formats / sizeof formats[0]) {
        image_init(&im, mib);
        return kernel_load(r, &im, p);
    }
    sheet_begin(s, "File", "file", false);
    sheet_text(s, "name", input_base_name(r->path));
    sheet_text(s, "format", formats[i].name);
    sheet_number(s, "bytes", r->kernel.size);
    add_verdict(r, mib, s);
    formats[i].describe(&r->kernel, s, &c);
    if (c.bytes)
        add_census(&c, s);
    return true;
}

bool action_inspect(const struct options *o, struct outcome *out, struct problem *p)
{
    struct kernel_request r = {.path = o->kernel, .append = ""};
    struct sheet s = {0};
    bool ok = input_read(o->kernel, "kernel", KERNEL_MAX, KERNEL_TOO_LONG, &r.kernel, p) &&
              fill(&r, o->memory_mib, &s, p);
    if (ok && !(o->json ? sheet_print_json : sheet_print)(&s, stdout))
        ok = problem_host(p, "cannot write to the standard output: %s", strerror(errno));
    out->status = EXIT_GUEST_OFF;
    sheet_free(&s);
    blob_free(&r.kernel);
    return ok;
}
