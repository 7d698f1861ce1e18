/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 lab blocks: guest code in, its translation beside it out. Where the code comes from is
 * here; how it is shown is in print.c.
 */
#include "tools/lab/blocks/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lab/blocks/options.h"

/* A block is made of one page, and of an instruction that begins in it. */
#define ONE_BLOCK_BYTES 8192u
#define TRACE_MAX       (256ull << 20)

static bool from_file(const struct blocks_options *o, struct lab_listing *l, struct problem *p)
{
    struct blob b = {0};
    bool ok = input_read(o->file, "code", LAB_CODE_MAX, "over 1 MiB long", &b, p);
    if (ok) {
        struct lab_code code = {o->at, b.data, (uint32_t)b.size};
        ok = lab_translate(&code, o->at, o->blocks, &o->mode, l, p);
    }
    blob_free(&b);
    return ok;
}

/* SIZE bytes of the piece at ADDRESS, or as many as there are. */
static struct lab_code part(const struct lab_code *piece, uint32_t address, uint32_t size)
{
    uint32_t at = address - piece->address, left = piece->size - at;
    return (struct lab_code){address, piece->bytes + at, left < size ? left : size};
}

static bool from_range(const struct blocks_options *o, const struct lab_kernel *k,
                       struct lab_listing *l, struct problem *p)
{
    uint32_t from, to, size, none, blocks = o->blocks;
    if (!lab_kernel_address(k, o->from, &from, &size, p) ||
        (o->to && !lab_kernel_address(k, o->to, &to, &none, p)))
        return false;
    const struct lab_code *piece = lab_kernel_find(k, from);
    if (!piece)
        return problem_bad(p, "--from %s: kernel %s has no bytes at %#x", o->from, o->kernel, from);
    if (o->to && (to <= from || to - piece->address > piece->size))
        return problem_bad(p, "--to %s: %#x is not behind --from, or outside its segment", o->to,
                           to);
    if (o->to)
        size = to - from;
    if (!size) {
        size = ONE_BLOCK_BYTES;
        blocks = blocks < 1 ? blocks : 1;
    }
    struct lab_code code = part(piece, from, size);
    return lab_translate(&code, from, blocks, &o->mode, l, p);
}

/* ---- Traces -------------------------------------------------------------------- */

struct told {
    uint32_t *eip, count, room, left; /* left: that the kernel's file does not hold */
};

static bool was_told(const struct told *t, uint32_t eip)
{
    for (uint32_t n = 0; n < t->count; n++) {
        if (t->eip[n] == eip)
            return true;
    }
    return false;
}

static bool tell(struct told *t, uint32_t eip)
{
    if (t->count == t->room) {
        uint32_t room = t->room ? 2 * t->room : 256;
        uint32_t *bigger = realloc(t->eip, room * sizeof *bigger);
        if (!bigger)
            return false;
        t->eip = bigger;
        t->room = room;
    }
    t->eip[t->count++] = eip;
    return true;
}

/* Lines "trace <ns> blocks eip <address> ..."; others are others' business. */
static bool read_trace(const struct blocks_options *o, const struct lab_kernel *k, struct told *t,
                       struct problem *p)
{
    struct blob b = {0};
    if (!input_read(o->trace_file, "trace", TRACE_MAX, "over 256 MiB long", &b, p))
        return false;
    FILE *f = fmemopen(b.data, b.size, "r");
    bool ok = f != NULL;
    char line[256];
    uint32_t eip;
    while (ok && t->count < o->blocks && fgets(line, sizeof line, f)) {
        if (sscanf(line, "trace %*u blocks eip %x", &eip) != 1 || was_told(t, eip))
            continue;
        if (lab_kernel_find(k, eip))
            ok = tell(t, eip);
        else
            t->left++;
    }
    if (f)
        fclose(f);
    blob_free(&b);
    return ok || problem_host(p, "no memory to read %s", o->trace_file);
}

static bool from_trace(const struct blocks_options *o, const struct lab_kernel *k,
                       struct lab_listing *l, struct problem *p)
{
    struct told t = {0};
    bool ok = read_trace(o, k, &t, p);
    if (ok && !t.count)
        ok = problem_bad(p, "trace %s: it tells of no block whose bytes are in %s", o->trace_file,
                         o->kernel);
    for (uint32_t n = 0; ok && n < t.count; n++) {
        struct lab_code code = part(lab_kernel_find(k, t.eip[n]), t.eip[n], ONE_BLOCK_BYTES);
        ok = lab_translate(&code, t.eip[n], 1, &o->mode, l, p);
    }
    if (ok && t.left)
        fprintf(stderr, "ring1: %u blocks of the trace are not shown: their bytes are not in %s\n",
                t.left, o->kernel);
    free(t.eip);
    return ok;
}

static bool translate(const struct blocks_options *o, struct lab_kernel *k, struct lab_listing *l,
                      struct problem *p)
{
    if (o->file)
        return from_file(o, l, p);
    if (!o->kernel) {
        struct lab_code code = {o->at, o->hex, o->hex_len};
        return lab_translate(&code, o->at, o->blocks, &o->mode, l, p);
    }
    return lab_kernel_open(o->kernel, k, p) &&
           (o->trace_file ? from_trace(o, k, l, p) : from_range(o, k, l, p));
}

bool blocks_run(int argc, char **argv, struct outcome *out, struct problem *p)
{
    static struct blocks_options o;
    struct lab_kernel k = {0};
    struct lab_listing l = {0};
    bool ok = blocks_options_parse(argc, argv, &o, p) && translate(&o, &k, &l, p);
    if (ok && !(o.json ? blocks_print_json(&l, &k, &o.mode, stdout)
                       : blocks_print(&l, &k, o.unwind, stdout)))
        ok = problem_host(p, "cannot write to the standard output: %s", strerror(errno));
    out->status = EXIT_GUEST_OFF;
    lab_listing_free(&l);
    lab_kernel_free(&k);
    return ok;
}
