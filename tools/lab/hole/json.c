/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The runs as JSON: numbers are numbers, each state has all of its words.
 */
#include "tools/lab/hole/report.h"

#include <jansson.h>
#include <string.h>

static json_t *state(const struct hole_state *s)
{
    json_t *o = json_object();
    for (unsigned i = 0; i < HOLE_ITEM_COUNT; i++)
        json_object_set_new(o, hole_item_name[i], json_integer(s->v[i]));
    return o;
}

static json_t *result(const struct hole_row *row, const struct hole_result *r)
{
    static const char *const names[] = {
        [HOLE_RAN] = "ran", [HOLE_GATE] = "gate", [HOLE_TRAP] = "trap"};
    json_t *o = json_pack("{s:s}", "outcome", names[hole_outcome(row, r)]);
    if (r->trapped)
        json_object_set_new(o, "vector", json_integer(r->vector));
    if (r->has_error)
        json_object_set_new(o, "error", json_integer(r->error));
    json_object_set_new(o, "before", state(&r->before));
    json_object_set_new(o, "after", state(&r->after));
    return o;
}

/* Keys "ring0", "ring1" and "ring3". */
static void set_ring(json_t *o, enum hole_ring r, json_t *value)
{
    char key[8];
    snprintf(key, sizeof key, "ring%u", hole_ring_number[r]);
    json_object_set_new(o, key, value);
}

static json_t *results(const struct hole_row *row, const struct hole_test *t)
{
    json_t *o = json_pack("{s:b}", "offered", !t->absent);
    for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
        set_ring(o, r, result(row, &t->ring[r]));
    return o;
}

static json_t *classes(unsigned class)
{
    static const char *const names[] = {"control", "behaviour", "location", "mode"};
    json_t *a = json_array();
    for (unsigned i = 0; i < 4; i++) {
        if (class >> i & 1)
            json_array_append_new(a, json_string(names[i]));
    }
    return a;
}

static json_t *matches(const struct hole_row *row, const struct hole_test *n,
                       const struct hole_test *g)
{
    json_t *o = json_object();
    for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
        set_ring(o, r, json_string(hole_match_name[hole_match(row, n, g, r)]));
    return o;
}

static json_t *test(const struct hole_report *rep, unsigned i)
{
    const struct hole_row *row = &hole_table[i];
    const struct hole_test *n = &rep->runs->native.test[i], *g = &rep->runs->guest.test[i];
    enum hole_verdict v = hole_judge(row, n);
    char bytes[2 * HOLE_INSN_MAX + 1] = "";
    bool manual = true;
    for (unsigned b = 0; b < n->length; b++)
        snprintf(bytes + strlen(bytes), 3, "%02x", n->bytes[b]);
    for (enum hole_ring r = 0; r < HOLE_RINGS; r++)
        manual &= hole_as_manual(row, n, r);
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:b, s:s, s:s, s:b, s:b, s:o}", "id", row->id,
                  "instruction", row->label, "bytes", bytes, "classes", classes(row->class),
                  "privileged", row->guard == HOLE_GUARD_CPL, "manual", row->name, "robin_irvine",
                  row->robin_irvine, "why", row->why, "verdict", hole_verdict_name[v], "hole",
                  hole_is_hole(v), "as_manual", manual, "native", results(row, n));
    if (rep->runs->guest.there) {
        json_object_set_new(o, "guest", results(row, g));
        json_object_set_new(o, "match", matches(row, n, g));
    }
    return o;
}

static json_t *machine(const struct hole_run *r)
{
    return json_pack("{s:s, s:s, s:i}", "place", r->place, "vendor", r->vendor, "signature",
                     (int)r->signature);
}

bool hole_print_json(const struct hole_report *rep, FILE *to)
{
    json_t *tests = json_array();
    json_t *all = json_pack("{s:o}", "native", machine(&rep->runs->native));
    if (rep->runs->guest.there)
        json_object_set_new(all, "guest", machine(&rep->runs->guest));
    bool ok = tests && all;
    for (unsigned i = 0; ok && i < HOLE_TESTS; i++)
        ok = !rep->chosen[i] || json_array_append_new(tests, test(rep, i)) == 0;
    ok = ok && json_object_set(all, "tests", tests) == 0 &&
         json_dumpf(all, to, JSON_INDENT(1)) == 0 && fputc('\n', to) != EOF && fflush(to) == 0;
    json_decref(tests);
    json_decref(all);
    return ok;
}
