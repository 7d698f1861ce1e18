/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that ask and that set (GDB manual E.4).
 */
#include "monitor/gdb/registers.h"
#include "monitor/gdb/state.h"
#include "monitor/mem.h"

static void supported(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    static const char kinds[] = "swbreak+";
    for (; (size_t)(w->end - w->at) >= sizeof kinds - 1; w->at++)
        g->told_why |= memcmp(w->at, kinds, sizeof kinds - 1) == 0;
    gdb_add(&g->answer,
            "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;"
            "hwbreak+",
            GDB_PACKET_MAX);
}

/* :ANNEX:OFFSET,LENGTH. The answer begins with m if there is more, else with l. */
static void description(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    uint32_t offset, len;
    size_t size = strlen(registers_xml);
    if (!gdb_take(w, "target.xml:") || !gdb_take_number(w, &offset) || !gdb_take(w, ",") ||
        !gdb_take_number(w, &len) || offset > size) {
        gdb_error(g, ERROR_BAD);
        return;
    }
    size_t left = size - offset, most = GDB_PACKET_MAX / 2;
    bool more = left > len || left > most;
    gdb_add(&g->answer, more ? "m" : "l");
    if (len > left)
        len = (uint32_t)left;
    gdb_add_text(&g->answer, registers_xml + offset, len < most ? len : most);
}

/* The line comes in hexadecimal. */
static void command_line(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    char line[120];
    size_t n = (size_t)(w->end - w->at) / 2;
    if (n >= sizeof line || !gdb_take_bytes(w, (uint8_t *)line, n) || !gdb_at_end(w)) {
        gdb_error(g, ERROR_BAD);
        return;
    }
    line[n] = 0;
    gdb_ask(v, line);
    gdb_add(&g->answer, "OK");
}

/* A question with one answer. */
static void attached(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    gdb_add(&v->vm->gdb->answer, "1"); /* who leaves lets it run */
}

static void thread(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    gdb_add(&v->vm->gdb->answer, "QC1");
}

static void threads(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    gdb_add(&v->vm->gdb->answer, "m1");
}

static void no_more_threads(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    gdb_add(&v->vm->gdb->answer, "l");
}

/* gdb offers to look up symbols. */
static void no_symbols(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    gdb_add(&v->vm->gdb->answer, "OK");
}

/* The answer itself is acknowledged still: that is a + that means nothing. */
static void no_acks(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    (void)w;
    gdb_add(&g->answer, "OK");
    g->no_acks = true;
}

struct row {
    const char *name;
    void (*answer)(struct vcpu *v, struct gdb_words *w);
};

static void look_up(const struct row *rows, unsigned count, struct vcpu *v, struct gdb_words *w)
{
    for (unsigned i = 0; i < count; i++) {
        if (gdb_take(w, rows[i].name)) {
            rows[i].answer(v, w);
            return;
        }
    }
}

void gdb_query(struct vcpu *v, struct gdb_words *w)
{
    static const struct row rows[] = {
        {"Supported", supported}, {"Xfer:features:read:", description},
        {"Rcmd,", command_line},  {"Attached", attached},
        {"fThreadInfo", threads}, {"sThreadInfo", no_more_threads},
        {"Symbol::", no_symbols}, {"C", thread},
    };
    look_up(rows, ARRAY_SIZE(rows), v, w);
}

void gdb_set(struct vcpu *v, struct gdb_words *w)
{
    static const struct row rows[] = {{"StartNoAckMode", no_acks}};
    look_up(rows, ARRAY_SIZE(rows), v, w);
}
