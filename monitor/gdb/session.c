/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When the guest stands still and when it goes on. gdb.h's functions are the run loop's side of it,
 * the rest is the debugger's. While the guest stands, time goes on for it: its clocks are the
 * host's.
 */
#include "bt/bt.h"
#include "bt/decode/insn.h"
#include "monitor/direct.h"
#include "monitor/gdb/memory.h"
#include "monitor/gdb/state.h"
#include "monitor/host.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/request.h"

#define POLL_BYTES 512u /* taken at most in one look while the guest runs */

static uint32_t here(const struct vcpu *v)
{
    return vcpu_next(v);
}

/* ---- The line --------------------------------------------------------------------- */

static void put(const char *text, size_t len)
{
    host_debug_put(text, len);
}

void gdb_send(struct gdb *g)
{
    g->frame_length = gdb_line_frame(g->frame, g->answer.text, g->answer.length);
    g->answer.length = 0;
    put(g->frame, g->frame_length);
}

void gdb_error(struct gdb *g, enum gdb_error e)
{
    g->answer.length = 0;
    gdb_add(&g->answer, "E%02x", e);
}

void gdb_add_stop(struct gdb *g)
{
    static const char *const kinds[GDB_BREAK_KINDS] = {
        [GDB_BREAK_SOFT] = "swbreak:;", [GDB_BREAK_HARD] = "hwbreak:;"};
    gdb_add(&g->answer, "T%02xthread:1;", g->last.signal);
    if (g->last.at && g->told_why)
        gdb_add(&g->answer, "%s", kinds[g->last.at->kind]);
}

/* What is printed at the debugger. Only while it waits for an answer. */
void gdb_console(struct gdb *g, const char *format, ...)
{
    char line[200];
    va_list ap;
    va_start(ap, format);
    size_t n = fmt_vprint(line, sizeof line, format, ap);
    va_end(ap);
    g->answer.length = 0;
    gdb_add(&g->answer, "O");
    gdb_add_bytes(&g->answer, line, n);
    gdb_send(g);
}

static void acknowledge(const struct gdb *g, const char *how)
{
    if (!g->no_acks)
        put(how, 1);
}

static void take_byte(struct gdb *g, uint8_t c)
{
    enum gdb_input in = gdb_line_byte(&g->line, c);
    switch (in) {
    case GDB_MORE:
        break;
    case GDB_PACKET:
    case GDB_TOO_LONG:
        g->whole = true;
        g->too_long = in == GDB_TOO_LONG;
        acknowledge(g, "+");
        break;
    case GDB_BROKEN:
        acknowledge(g, "-");
        break;
    case GDB_BREAK:
        g->interrupt = true;
        break;
    case GDB_AGAIN:
        if (!g->no_acks)
            put(g->frame, g->frame_length);
        break;
    }
}

/* Until a packet is whole, an interrupt came or nothing more is there. */
static void listen(struct gdb *g, unsigned most)
{
    int c;
    while (most-- && !g->whole && !g->interrupt && (c = host_debug_get()) >= 0)
        take_byte(g, (uint8_t)c);
}

/* ---- The loader's packet ------------------------------------------------------------- */

static bool is_gone(const struct gdb *g)
{
    return g->whole && !g->too_long && strcmp(g->line.data, PLAN_GDB_GONE) == 0;
}

/* The connection is no more. A guest that waits for its debugger waits on if there was not a word
 * from it. */
static void take_leave(struct vcpu *v)
{
    static const char clean = PLAN_GDB_CLEAN;
    struct gdb *g = v->vm->gdb;
    g->whole = g->interrupt = false;
    if (g->talked || !g->wait)
        gdb_detach(v);
    gdb_line_reset(&g->line);
    g->frame_length = 0;
    put(&clean, 1);
}

/* ---- Standing still -------------------------------------------------------------------- */

void gdb_resume(struct vcpu *v, bool step)
{
    struct gdb *g = v->vm->gdb;
    g->go = g->quiet = g->expects = true;
    g->step = step;
    g->fresh = g->first = true;
    g->was_halted = v->halted;
    g->from = here(v);
    g->fpu.known = false;
    direct_disarm(v);
    if (v->vm->bt)
        bt_forget_calls(v);
}

void gdb_detach(struct vcpu *v)
{
    struct gdb *g = v->vm->gdb;
    g->breaks.count = 0;
    if (g->halted)
        gdb_resume(v, false);
    g->step = g->stop = false;
    g->talked = g->expects = g->no_acks = g->told_why = false;
}

static void sleep(struct vm *vm)
{
    request_service(vm);
    host_timer_arm(UINT64_MAX);
    host_debug_wait();
}

/* Until the debugger lets the guest go on, or is gone. */
static void halt(struct vcpu *v)
{
    struct gdb *g = v->vm->gdb;
    g->stop = g->step = g->first = false;
    g->halted = true;
    g->go = false;
    if (g->expects) {
        g->expects = false;
        gdb_add_stop(g);
        gdb_send(g);
    }
    while (!g->go) {
        g->interrupt = false;
        listen(g, UINT32_MAX);
        if (is_gone(g))
            take_leave(v);
        else if (g->whole)
            gdb_command(v);
        else
            sleep(v->vm);
    }
    g->halted = g->wait = g->interrupt = false;
}

static void halt_for(struct vcpu *v, enum gdb_signal signal, const struct gdb_break *at)
{
    struct gdb *g = v->vm->gdb;
    g->last = (struct gdb_stop){signal, NULL};
    if (at) { /* the debugger may take it away */
        g->last_break = *at;
        g->last.at = &g->last_break;
    }
    halt(v);
}

/* ---- The run loop's side ------------------------------------------------------------------ */

bool gdb_create(struct vm *vm, bool wait)
{
    struct gdb *g = pool_alloc(vm->pool, sizeof *g);
    if (!g)
        return false;
    g->answer = (struct gdb_answer){g->text, 0, sizeof g->text};
    gdb_line_reset(&g->line);
    g->stop = g->wait = wait;
    vm->gdb = g;
    return true;
}

void gdb_begin(void)
{
    static const char clean = PLAN_GDB_CLEAN;
    put(&clean, 1);
}

void gdb_poll(struct vm *vm)
{
    struct gdb *g = vm->gdb;
    listen(g, POLL_BYTES);
    if (is_gone(g))
        take_leave(vm->vcpu);
    if (g->whole || g->interrupt)
        g->stop = true;
}

/* A repeated string instruction stops between elements, with EIP on it. */
static bool repeats(struct vcpu *v)
{
    uint8_t bytes[INSN_MAX];
    struct insn i;
    size_t n = gdb_memory_read(v, here(v), bytes, sizeof bytes);
    return insn_decode(bytes, n, v->seg[S_CS].attr & SA_DB, &i) == DECODE_OK &&
           (i.flags & INSN_STRING) && (i.flags & (INSN_REP | INSN_REPNE));
}

/* Is what the guest was let go on with still being done: one instruction, or the sleep in HLT? */
static bool is_at_first(struct vcpu *v)
{
    const struct gdb *g = v->vm->gdb;
    if (!g->first || here(v) != g->from)
        return false;
    return v->halted ? g->was_halted : repeats(v);
}

bool gdb_attend(struct vcpu *v)
{
    struct gdb *g = v->vm->gdb;
    if (g->fresh) {
        g->fresh = false;
        return false;
    }
    if (!g->stop && is_at_first(v))
        return false;
    g->first = false;
    const struct gdb_break *at = breaks_find(&g->breaks, here(v));
    if (!g->stop && !g->step && !at)
        return false;
    halt_for(v, g->step || at || g->wait ? SIGNAL_TRAP : SIGNAL_INT, at);
    return true;
}

bool gdb_holds_interrupts(const struct vcpu *v)
{
    const struct gdb *g = v->vm->gdb;
    return !v->halted && (g->step || (g->first && here(v) == g->from));
}

bool gdb_interprets(struct vcpu *v)
{
    const struct gdb *g = v->vm->gdb;
    if (g->first || g->step || breaks_on_page(&g->breaks, here(v)))
        return true;
    return v->cpl == 3 && !v->vm->user_code && breaks_in_user_code(v, &g->breaks);
}

bool gdb_breaks_any(const struct vm *vm)
{
    return vm->gdb && vm->gdb->breaks.count;
}

bool gdb_breaks_on_page(const struct vm *vm, uint32_t linear)
{
    return vm->gdb && breaks_on_page(&vm->gdb->breaks, linear);
}

/* A debugger that is there may look at a guest that was killed; nothing brings it back. */
void gdb_end(struct vm *vm)
{
    struct gdb *g = vm->gdb;
    if (!g->talked)
        return;
    if (vm->exit != EXIT_GUEST_OFF && g->expects) {
        gdb_console(g, "ring1: the guest has ended: %s\n", vm->reason);
        halt_for(vm->vcpu, SIGNAL_ABORT, NULL);
    }
    if (g->expects) {
        gdb_add(&g->answer, "W%02x", vm->exit);
        gdb_send(g);
    }
}
