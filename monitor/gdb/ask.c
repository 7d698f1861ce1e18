/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * gdb's `monitor' command: what a debugger of kernels wants to see and gdb has no register for.
 * Text for people, a line at a time.
 */
#include "monitor/gdb/state.h"
#include "monitor/guestwalk.h"
#include "monitor/log.h"
#include "monitor/mem.h"

static void ask_help(struct vcpu *v, const char *rest)
{
    static const char *const lines[] = {
        "monitor regs: segments with their hidden parts, tables, control and debug registers",
        "monitor walk ADDRESS: how the guest's page tables map this linear address",
        "monitor why: why the guest stands still",
        "monitor breaks: the breakpoints that are set now",
        "monitor help: this",
    };
    (void)rest;
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
        gdb_console(v->vm->gdb, "%s\n", lines[i]);
}

static void show_segment(struct gdb *g, const char *name, const struct segment *s)
{
    gdb_console(g, "%-4s %04x base %08x limit %08x attr %05x%s\n", name, s->sel, s->base, s->limit,
                s->attr, s->attr & SA_NULL ? " null" : "");
}

static void ask_registers(struct vcpu *v, const char *rest)
{
    static const char names[S_COUNT][3] = {"es", "cs", "ss", "ds", "fs", "gs"};
    struct gdb *g = v->vm->gdb;
    (void)rest;
    for (unsigned i = 0; i < S_COUNT; i++)
        show_segment(g, names[i], &v->seg[i]);
    show_segment(g, "ldtr", &v->ldtr);
    show_segment(g, "tr", &v->tr);
    gdb_console(g, "gdtr base %08x limit %04x\n", v->gdtr.base, v->gdtr.limit);
    gdb_console(g, "idtr base %08x limit %04x\n", v->idtr.base, v->idtr.limit);
    gdb_console(g, "cr0 %08x cr2 %08x cr3 %08x cr4 %08x efer %08lx\n", v->cr0, v->cr2, v->cr3,
                v->cr4, v->efer);
    gdb_console(g, "dr0 %08x dr1 %08x dr2 %08x dr3 %08x dr6 %08x dr7 %08x\n", v->dr[0], v->dr[1],
                v->dr[2], v->dr[3], v->dr[6], v->dr[7]);
    gdb_console(g, "eip %08x eflags %08x cpl %u%s%s\n", v->eip, vcpu_eflags(v), v->cpl,
                v->halted ? ", halted" : "", v->inhibit ? ", interrupts held off" : "");
}

/* A linear address: hexadecimal, with or without 0x. */
static bool parse_address(const char *text, uint32_t *value)
{
    struct gdb_words w = {text, text + strlen(text)};
    if (!gdb_take(&w, "0x"))
        gdb_take(&w, "0X");
    return gdb_take_number(&w, value) && gdb_at_end(&w);
}

static void show_entry(struct gdb *g, unsigned level, const struct walk *w)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {{PTE_P, "P"}, {PTE_W, "W"}, {PTE_U, "U"},   {PTE_PWT, "PWT"}, {PTE_PCD, "PCD"},
                {PTE_A, "A"}, {PTE_D, "D"}, {PTE_PS, "PS"}, {PTE_G, "G"}};
    char text[60] = "";
    size_t n = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
        if (w->entry[level] & bits[i].bit)
            n += fmt_print(text + n, sizeof text - n, " %s", bits[i].name);
    }
    gdb_console(g, "level %u: %016lx at %09lx%s%s\n", level, w->entry[level], w->entry_gpa[level].v,
                text, w->entry[level] & PTE_NX ? " NX" : "");
}

static void ask_walk(struct vcpu *v, const char *rest)
{
    struct gdb *g = v->vm->gdb;
    struct walk w;
    uint32_t linear, error;
    if (!parse_address(rest, &linear)) {
        gdb_console(g, "walk: `%s' is no linear address; write it in hexadecimal\n", rest);
        return;
    }
    bool mapped = guest_walk(v, gva(linear), 0, &w, &error);
    for (unsigned i = 0; i < w.levels; i++)
        show_entry(g, i, &w);
    if (!mapped)
        gdb_console(g, "%08x is not mapped\n", linear);
    else
        gdb_console(g, "%08x is at physical %09lx: %s, %s%s%s%s\n", linear,
                    w.page.v + (linear & PAGE_MASK), w.user ? "user" : "supervisor",
                    w.writable ? "writable" : "read-only", w.exec ? "" : ", not executable",
                    w.large ? ", large page" : "", vcpu_paging(v) ? "" : ", paging is off");
}

static void ask_why(struct vcpu *v, const char *rest)
{
    struct gdb *g = v->vm->gdb;
    (void)rest;
    if (v->vm->ended)
        gdb_console(g, "the guest has ended: %s\n", v->vm->reason);
    else if (g->last.at)
        gdb_console(g, "a breakpoint at %08x\n", g->last.at->linear);
    else
        gdb_console(g, g->last.signal == SIGNAL_INT ? "the debugger asked for it\n"
                                                    : "the start, or the end of a step\n");
}

static void ask_breaks(struct vcpu *v, const char *rest)
{
    const struct gdb_breaks *b = &v->vm->gdb->breaks;
    (void)rest;
    for (unsigned i = 0; i < b->count; i++)
        gdb_console(v->vm->gdb, "%08x\n", b->at[i].linear);
    gdb_console(v->vm->gdb, "%u of %u\n", b->count, GDB_BREAKS_MAX);
}

/* What stands in LINE behind NAME, blanks between them dropped; NULL: another word. */
static const char *behind(const char *line, const char *name)
{
    size_t n = strlen(name);
    if (memcmp(line, name, n) != 0 || (line[n] && line[n] != ' '))
        return NULL;
    line += n;
    while (*line == ' ')
        line++;
    return line;
}

void gdb_ask(struct vcpu *v, const char *line)
{
    static const struct {
        const char *name;
        void (*answer)(struct vcpu *v, const char *rest);
    } rows[] = {{"help", ask_help},
                {"regs", ask_registers},
                {"walk", ask_walk},
                {"why", ask_why},
                {"breaks", ask_breaks}};
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *rest = strlen(line) < strlen(rows[i].name) ? NULL : behind(line, rows[i].name);
        if (rest) {
            rows[i].answer(v, rest);
            return;
        }
    }
    gdb_console(v->vm->gdb, "`%s' is no command here; `monitor help' lists them\n", line);
}
