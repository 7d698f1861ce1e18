/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ring1 patch: a kernel comes in, the rules are applied, the kernel goes out as a file of the same
 * kind, whole or not at all, and what was done is printed.
 */
#include "loader/action.h"
#include "loader/outfile.h"
#include "loader/patch/repack.h"
#include "loader/patch/tell.h"

#include <errno.h>
#include <string.h>

#define RULES_MAX 16u

static uint32_t apply(struct subject *k, bool portable, struct rule_result *result, bool *asked)
{
    uint32_t changed = 0;
    for (const struct rule *rule = rules; rule < rules_end; rule++) {
        unsigned i = (unsigned)(rule - rules);
        asked[i] = !portable || !rule->ring1_only;
        if (asked[i])
            rule->apply(k, &result[i]);
        changed += result[i].changed;
    }
    return changed;
}

static bool write_out(const char *name, const struct blob *data, struct problem *p)
{
    struct outfile f = {0};
    bool ok = outfile_open(&f, "--output", name, p) &&
              outfile_write(&f, (const char *)data->data, data->size, p) && outfile_commit(&f, p);
    outfile_drop(&f);
    return ok;
}

/* That the file can be written is asked before the kernel is packed, which takes long. */
static bool can_write(const char *name, struct problem *p)
{
    struct outfile f = {0};
    bool ok = outfile_open(&f, "--output", name, p);
    outfile_drop(&f);
    return ok;
}

static bool print(const struct subject *k, const struct rule_result *result, const bool *asked,
                  const struct options *o, struct problem *p)
{
    struct sheet s = {0};
    sheet_begin(&s, "File", "file", false);
    sheet_text(&s, "kernel", o->kernel);
    sheet_text(&s, "written", o->output);
    sheet_text(&s, "format", k->payload.size && !o->elf ? "bzImage" : "ELF file");
    tell(k, result, asked, &s);
    bool ok = (o->json ? sheet_print_json : sheet_print)(&s, stdout);
    sheet_free(&s);
    return ok || problem_host(p, "cannot write to the standard output: %s", strerror(errno));
}

static bool patch(struct subject *k, const struct options *o, struct problem *p)
{
    struct rule_result result[RULES_MAX] = {0};
    bool asked[RULES_MAX] = {false};
    struct blob out = {0};
    if (!apply(k, o->portable, result, asked))
        return problem_bad(
            p, "kernel %s: there is nothing in it to patch, or it was patched before", k->path);
    bool ok = can_write(o->output, p) && (o->elf ? repack_elf : repack)(k, &out, p) &&
              write_out(o->output, &out, p) && print(k, result, asked, o, p);
    blob_free(&out);
    return ok;
}

bool action_patch(const struct options *o, struct outcome *out, struct problem *p)
{
    struct subject k;
    bool ok = subject_read(o->kernel, &k, p) && patch(&k, o, p);
    out->status = EXIT_GUEST_OFF;
    subject_free(&k);
    return ok;
}
