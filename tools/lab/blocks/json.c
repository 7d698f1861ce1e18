/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A listing for programs:
 *   {"host": "pc", "cpl": 0, "blocks": [{"eip": n, "symbol": "...", "rows": [ROW...]}]}
 *   ROW:  {"eip": n, "bytes": "fa", "text": "cli", "kind": "rewritten", "reason": "IF", "why":
 * "...", "changes": ["..."], "host": [LINE...]}; a row without "bytes" is an exit to "eip", one
 * with "kind": "none" has no translation LINE: {"at": n, "bytes": "...", "text": "...", "unwind":
 * "..."}
 */
#include <jansson.h>
#include <string.h>

#include "tools/lab/blocks/blocks.h"

static json_t *hex_json(const uint8_t *bytes, unsigned len)
{
    char hex[2 * 15 + 1] = "";
    for (unsigned n = 0; n < len; n++)
        sprintf(hex + 2 * n, "%02x", bytes[n]);
    return json_string(hex);
}

static json_t *line_json(const struct lab_line *line)
{
    return json_pack("{s:i,s:o,s:s,s:s}", "at", (int)line->at, "bytes",
                     hex_json(line->bytes, line->len), "text", line->text, "unwind", line->unwind);
}

static json_t *changes_json(uint32_t changes)
{
    json_t *array = json_array();
    for (unsigned bit = 0; bit < CHANGE_COUNT; bit++) {
        if (changes & 1u << bit)
            json_array_append_new(array, json_string(lab_change_text(bit)));
    }
    return array;
}

static json_t *row_json(const struct lab_listing *l, const struct lab_row *row)
{
    json_t *r = json_pack("{s:I}", "eip", (json_int_t)row->eip);
    if (row->len) {
        json_object_set_new(r, "bytes", hex_json(row->bytes, row->len));
        json_object_set_new(r, "text", json_string(row->text));
    }
    if (row->cut) {
        json_object_set_new(r, "kind", json_string("none"));
        return r;
    }
    json_t *host = json_array();
    for (uint32_t n = 0; n < row->lines; n++)
        json_array_append_new(host, line_json(&l->line[row->first + n]));
    json_object_set_new(r, "kind", json_string(lab_treatment_name(row->treatment)));
    json_object_set_new(r, "reason", json_string(lab_why_name(row->why)));
    json_object_set_new(r, "why", json_string(lab_why_text(row->why)));
    json_object_set_new(r, "changes", changes_json(row->changes));
    json_object_set_new(r, "host", host);
    return r;
}

static json_t *block_json(const struct lab_row *first, const struct lab_kernel *k)
{
    const struct lab_symbol *s = lab_kernel_symbol(k, first->eip);
    json_t *b = json_pack("{s:I,s:[]}", "eip", (json_int_t)first->eip, "rows");
    if (s)
        json_object_set_new(b, "symbol", json_string(s->name));
    return b;
}

bool blocks_print_json(const struct lab_listing *l, const struct lab_kernel *k,
                       const struct lab_mode *mode, FILE *to)
{
    static const char *const hosts[] = {
        [LAB_PC] = "pc", [LAB_TCG] = "tcg", [LAB_PROCESS] = "process"};
    json_t *all =
        json_pack("{s:s,s:i,s:[]}", "host", hosts[mode->host], "cpl", (int)mode->cpl, "blocks");
    json_t *blocks = json_object_get(all, "blocks"), *block = NULL;
    for (uint32_t n = 0; n < l->rows; n++) {
        if (n == 0 || l->row[n].block != l->row[n - 1].block) {
            block = block_json(&l->row[n], k);
            json_array_append_new(blocks, block);
        }
        json_array_append_new(json_object_get(block, "rows"), row_json(l, &l->row[n]));
    }
    bool ok = all && json_dumpf(all, to, JSON_INDENT(1)) == 0 && fputc('\n', to) != EOF;
    json_decref(all);
    return ok && fflush(to) == 0;
}
