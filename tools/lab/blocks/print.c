/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A listing for people: the guest's instruction on the left; on the right what was done, why, and
 * the host's instructions.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lab/blocks/blocks.h"

#define LEFT 58 /* columns of the guest's side */

struct paint {
    FILE *to;
    const char *treatment[4], *address, *dim, *off; /* escape sequences, or "" */
};

static struct paint paint_for(FILE *to)
{
    struct paint p = {to, {"", "", "", ""}, "", "", ""};
    if (!isatty(fileno(to)) || getenv("NO_COLOR"))
        return p;
    p.treatment[TREAT_COPIED] = "\033[32m";
    p.treatment[TREAT_REWRITTEN] = "\033[33m";
    p.treatment[TREAT_EXIT] = "\033[36m";
    p.treatment[TREAT_CALLOUT] = "\033[31m";
    p.address = "\033[1m";
    p.dim = "\033[2m";
    p.off = "\033[0m";
    return p;
}

static void hex_of(const uint8_t *bytes, unsigned len, char *to)
{
    for (unsigned n = 0; n < len; n++)
        sprintf(to + 3 * n, "%02x ", bytes[n]);
    to[len ? 3 * len - 1 : 0] = 0;
}

/* The left side; without ROW it is empty. */
static void print_left(const struct paint *p, const struct lab_row *row)
{
    char hex[3 * 15 + 1], text[256];
    if (!row) {
        fprintf(p->to, "%*s| ", LEFT, "");
        return;
    }
    hex_of(row->bytes, row->len, hex);
    int n = snprintf(text, sizeof text, "%-21s %s", hex, row->text);
    fprintf(p->to, "%s%08x%s  %s%*s| ", p->address, row->eip, p->off, text,
            n < LEFT - 10 ? LEFT - 10 - n : 0, "");
}

static void print_changes(const struct paint *p, uint32_t changes)
{
    for (unsigned bit = 0; bit < CHANGE_COUNT; bit++) {
        if (!(changes & 1u << bit))
            continue;
        print_left(p, NULL);
        fprintf(p->to, "%s  %s%s\n", p->dim, lab_change_text(bit), p->off);
    }
}

static void print_line(const struct paint *p, const struct lab_line *line, bool unwind)
{
    char hex[3 * 15 + 1], at[16];
    hex_of(line->bytes, line->len, hex);
    snprintf(at, sizeof at, "+%x", line->at);
    print_left(p, NULL);
    fprintf(p->to, "  %s%-5s%s %-29s ", p->dim, at, p->off, hex);
    if (unwind)
        fprintf(p->to, "%-48s %s%s%s\n", line->text, p->dim, line->unwind, p->off);
    else
        fprintf(p->to, "%s\n", line->text);
}

static void print_row(const struct paint *p, const struct lab_listing *l, const struct lab_row *row,
                      bool unwind)
{
    print_left(p, row);
    if (row->cut) {
        fprintf(p->to, "not translated\n");
        return;
    }
    fprintf(p->to, "%s%s%s: %s\n", p->treatment[row->treatment], lab_treatment_name(row->treatment),
            p->off, lab_why_text(row->why));
    print_changes(p, row->changes);
    for (uint32_t n = 0; n < row->lines; n++)
        print_line(p, &l->line[row->first + n], unwind);
}

static void print_head(const struct paint *p, const struct lab_listing *l, uint32_t at,
                       const struct lab_kernel *k)
{
    const struct lab_row *first = &l->row[at];
    const struct lab_symbol *s = lab_kernel_symbol(k, first->eip);
    uint32_t insns = 0, bytes = 0;
    for (uint32_t n = at; n < l->rows && l->row[n].block == first->block; n++) {
        insns += l->row[n].len > 0;
        for (uint32_t i = 0; i < l->row[n].lines; i++)
            bytes += l->line[l->row[n].first + i].len;
    }
    fprintf(p->to, "%sblock at %08x", at ? "\n" : "", first->eip);
    if (s)
        fprintf(p->to, " <%s+0x%x>", s->name, first->eip - s->address);
    fprintf(p->to, ": %u instruction%s, %u bytes of host code\n", insns, insns == 1 ? "" : "s",
            bytes);
}

bool blocks_print(const struct lab_listing *l, const struct lab_kernel *k, bool unwind, FILE *to)
{
    struct paint p = paint_for(to);
    for (uint32_t n = 0; n < l->rows; n++) {
        if (n == 0 || l->row[n].block != l->row[n - 1].block)
            print_head(&p, l, n, k);
        print_row(&p, l, &l->row[n], unwind);
    }
    return fflush(to) == 0 && !ferror(to);
}
