/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The packets of GDB manual E.2 and E.3, a function each: registers, memory, breakpoints, how to go
 * on. What is not in the table is answered by an empty packet, which says so to gdb.
 */
#include "monitor/gdb/memory.h"
#include "monitor/gdb/registers.h"
#include "monitor/gdb/state.h"
#include "monitor/mem.h"

static void okay(struct gdb *g)
{
    gdb_add(&g->answer, "OK");
}

/* ---- Registers ------------------------------------------------------------------ */

static void why(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    gdb_add_stop(v->vm->gdb);
}

static void read_all(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    (void)w;
    for (unsigned n = 0; n < GDB_REGISTERS; n++)
        registers_read(v, &g->fpu, n, &g->answer);
}

static void write_all(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    for (unsigned n = 0; n < GDB_REGISTERS; n++) {
        if (!registers_write(v, &g->fpu, n, w)) {
            gdb_error(g, ERROR_BAD);
            return;
        }
    }
    okay(g);
}

static void read_one(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    uint32_t n;
    if (!gdb_take_number(w, &n) || !gdb_at_end(w) || !registers_read(v, &g->fpu, n, &g->answer))
        gdb_error(g, ERROR_BAD);
}

static void write_one(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    uint32_t n;
    if (gdb_take_number(w, &n) && gdb_take(w, "=") && registers_write(v, &g->fpu, n, w))
        okay(g);
    else
        gdb_error(g, ERROR_BAD);
}

/* ---- Memory --------------------------------------------------------------------- */

static bool take_range(struct gdb_words *w, uint32_t *linear, uint32_t *len)
{
    return gdb_take_number(w, linear) && gdb_take(w, ",") && gdb_take_number(w, len);
}

static void read_memory(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    uint32_t linear, len;
    if (!take_range(w, &linear, &len) || !gdb_at_end(w)) {
        gdb_error(g, ERROR_BAD);
        return;
    }
    size_t n = gdb_memory_read(v, linear, g->bytes, len < sizeof g->bytes ? len : sizeof g->bytes);
    if (n || !len)
        gdb_add_bytes(&g->answer, g->bytes, n);
    else
        gdb_error(g, ERROR_MEMORY);
}

static void store(struct vcpu *v, uint32_t linear, const void *bytes, uint32_t len)
{
    if (gdb_memory_write(v, linear, bytes, len))
        okay(v->vm->gdb);
    else
        gdb_error(v->vm->gdb, ERROR_MEMORY);
}

static void write_memory(struct vcpu *v, struct gdb_words *w)
{
    uint8_t *bytes = v->vm->gdb->bytes;
    uint32_t linear, len;
    if (take_range(w, &linear, &len) && gdb_take(w, ":") && len <= GDB_BYTES_MAX &&
        gdb_take_bytes(w, bytes, len) && gdb_at_end(w))
        store(v, linear, bytes, len);
    else
        gdb_error(v->vm->gdb, ERROR_BAD);
}

static void write_binary(struct vcpu *v, struct gdb_words *w)
{
    uint32_t linear, len;
    if (take_range(w, &linear, &len) && gdb_take(w, ":") && (size_t)(w->end - w->at) == len)
        store(v, linear, w->at, len);
    else
        gdb_error(v->vm->gdb, ERROR_BAD);
}

/* ---- Breakpoints ------------------------------------------------------------------ */

/* Watchpoints are not there: gdb steps instead. Conditions and commands were not offered. */
static bool take_break(struct gdb_words *w, enum gdb_break_kind *kind, uint32_t *linear)
{
    uint32_t size;
    *kind = gdb_take(w, "1") ? GDB_BREAK_HARD : GDB_BREAK_SOFT;
    return (*kind == GDB_BREAK_HARD || gdb_take(w, "0")) && gdb_take(w, ",") &&
           gdb_take_number(w, linear) && gdb_take(w, ",") && gdb_take_number(w, &size);
}

static bool is_watchpoint(const struct gdb_words *w)
{
    return w->at < w->end && *w->at >= '2' && *w->at <= '9';
}

static void insert(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    enum gdb_break_kind kind;
    uint32_t linear;
    if (is_watchpoint(w))
        return;
    if (!take_break(w, &kind, &linear) || !gdb_at_end(w))
        gdb_error(g, ERROR_BAD);
    else if (!breaks_insert(v, &g->breaks, linear, kind))
        gdb_error(g, ERROR_FULL);
    else
        okay(g);
}

static void take_away(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    enum gdb_break_kind kind;
    uint32_t linear;
    if (is_watchpoint(w))
        return;
    if (!take_break(w, &kind, &linear) || !gdb_at_end(w)) {
        gdb_error(g, ERROR_BAD);
        return;
    }
    breaks_remove(&g->breaks, linear, kind);
    okay(g);
}

/* ---- Going on ----------------------------------------------------------------------- */

/* [ADDR] behind c and s: where to go on. A signal before it (C, S) means nothing to a CPU. */
static void go_on(struct vcpu *v, struct gdb_words *w, bool step, bool signal)
{
    struct gdb *g = v->vm->gdb;
    uint32_t number;
    if (signal && (!gdb_take_number(w, &number) || (!gdb_take(w, ";") && !gdb_at_end(w)))) {
        gdb_error(g, ERROR_BAD);
        return;
    }
    if (!gdb_at_end(w)) {
        if (!gdb_take_number(w, &number) || !gdb_at_end(w)) {
            gdb_error(g, ERROR_BAD);
            return;
        }
        registers_go(v, number);
    }
    gdb_resume(v, step);
}

static void resume(struct vcpu *v, struct gdb_words *w)
{
    go_on(v, w, false, false);
}

static void resume_signal(struct vcpu *v, struct gdb_words *w)
{
    go_on(v, w, false, true);
}

static void step(struct vcpu *v, struct gdb_words *w)
{
    go_on(v, w, true, false);
}

static void step_signal(struct vcpu *v, struct gdb_words *w)
{
    go_on(v, w, true, true);
}

/* One of vCont's actions, with the thread that it is for. *APPLIES: to the one there is. */
static bool take_action(struct gdb_words *w, bool *steps, bool *applies)
{
    uint32_t number;
    if (w->end - w->at < 2 || *w->at != ';')
        return false;
    char action = w->at[1];
    w->at += 2;
    *steps = action == 's' || action == 'S';
    if (!*steps && action != 'c' && action != 'C')
        return false;
    if ((action == 'S' || action == 'C') && !gdb_take_number(w, &number))
        return false;
    if (!gdb_take(w, ":") || gdb_take(w, "-1"))
        *applies = true;
    else if (gdb_take_number(w, &number))
        *applies = number <= 1;
    else
        return false;
    return true;
}

/* The first action that is for the CPU counts. */
static void resume_threads(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    bool steps = false, applies = false, found = false, found_steps = false;
    if (gdb_take(w, "?")) {
        gdb_add(&g->answer, "vCont;c;C;s;S");
        return;
    }
    bool right = true;
    while (right && !gdb_at_end(w)) {
        right = take_action(w, &steps, &applies);
        if (applies && !found)
            found_steps = steps;
        found |= applies;
    }
    if (found && right)
        gdb_resume(v, found_steps);
    else
        gdb_error(g, ERROR_BAD);
}

/* ---- Leaving -------------------------------------------------------------------------- */

static void detach(struct vcpu *v, struct gdb_words *w)
{
    struct gdb *g = v->vm->gdb;
    (void)w;
    okay(g);
    gdb_send(g);
    gdb_detach(v);
}

static void end_guest(struct vcpu *v)
{
    vm_end(v->vm, EXIT_GUEST_OFF, "the debugger ended the guest");
    v->vm->gdb->go = v->vm->gdb->quiet = true;
    v->vm->gdb->talked = false;
}

static void kill(struct vcpu *v, struct gdb_words *w)
{
    if (gdb_at_end(w))
        end_guest(v);
}

static void kill_process(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    okay(v->vm->gdb);
    gdb_send(v->vm->gdb);
    end_guest(v);
}

/* There is one thread, the CPU. */
static void any_thread(struct vcpu *v, struct gdb_words *w)
{
    (void)w;
    okay(v->vm->gdb);
}

/* ---- Which packet ----------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*answer)(struct vcpu *v, struct gdb_words *w);
} packets[] = {
    {"?", why},
    {"g", read_all},
    {"G", write_all},
    {"p", read_one},
    {"P", write_one},
    {"m", read_memory},
    {"M", write_memory},
    {"X", write_binary},
    {"Z", insert},
    {"z", take_away},
    {"c", resume},
    {"C", resume_signal},
    {"s", step},
    {"S", step_signal},
    {"vCont", resume_threads},
    {"vKill", kill_process},
    {"D", detach},
    {"k", kill},
    {"H", any_thread},
    {"T", any_thread},
    {"q", gdb_query},
    {"Q", gdb_set},
};

void gdb_command(struct vcpu *v)
{
    struct gdb *g = v->vm->gdb;
    struct gdb_words w = {g->line.data, g->line.data + g->line.length};
    g->whole = false;
    g->answer.length = 0;
    g->quiet = false;
    g->talked = true;
    if (g->too_long) {
        gdb_error(g, ERROR_TOO_LONG);
    } else {
        for (unsigned i = 0; i < ARRAY_SIZE(packets); i++) {
            if (!gdb_take(&w, packets[i].name))
                continue;
            packets[i].answer(v, &w);
            break;
        }
    }
    if (!g->quiet)
        gdb_send(g);
}
