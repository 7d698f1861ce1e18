/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading state for people. Nothing here may fault: code bytes are fetched only if they are there.
 */
#include "monitor/report.h"

#include "bt/bt.h"
#include "bt/decode/insn.h"
#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/log.h"
#include "monitor/screen.h"
#include "monitor/vcpu.h"

/* Up to LEN bytes at CS:EIP without faults or side effects. */
static size_t peek_code(struct vcpu *v, uint32_t eip, uint8_t *buf, size_t len)
{
    size_t n = 0;
    for (; n < len; n++) {
        struct walk w;
        uint32_t error;
        gva_t at = gva(v->seg[S_CS].base + eip + (uint32_t)n);
        if (!guest_walk(v, at, 0, &w, &error))
            break;
        if (!guest_read(v->vm, gpa(w.page.v + (at.v & PAGE_MASK)), buf + n, 1))
            break;
    }
    return n;
}

static void report_instruction(struct vcpu *v)
{
    uint8_t bytes[INSN_MAX];
    char hex[INSN_MAX * 3 + 1], text[100];
    struct insn insn;
    uint32_t eip = v->halted ? v->eip - 1 : v->eip; /* a HLT is over when it halts */
    size_t n = peek_code(v, eip, bytes, sizeof bytes), at = 0;
    if (n == 0) {
        log_line("report: no code can be read at the instruction pointer");
        return;
    }
    enum decode_result r = insn_decode(bytes, n, v->seg[S_CS].attr & SA_DB, &insn);
    if (r == DECODE_OK) {
        n = insn.len;
        insn_format(&insn, eip, text, sizeof text);
    } else {
        fmt_print(text, sizeof text, "(not a whole instruction)");
    }
    for (size_t i = 0; i < n; i++)
        at += fmt_print(hex + at, sizeof hex - at, "%02x ", bytes[i]);
    log_line("report: instruction at %04x:%08x: %s  %s", v->seg[S_CS].sel, eip, hex, text);
}

static void report_segments(const struct vcpu *v)
{
    static const char names[S_COUNT][3] = {"es", "cs", "ss", "ds", "fs", "gs"};
    for (unsigned i = 0; i < S_COUNT; i++) {
        const struct segment *s = &v->seg[i];
        log_line("report: %s %04x base %08x limit %08x attr %05x", names[i], s->sel, s->base,
                 s->limit, s->attr);
    }
}

void report_state(struct vm *vm)
{
    struct vcpu *v = vm->vcpu;
    uint32_t recent[8];
    log_line("report: %s", vm->reason);
    report_instruction(v);
    log_line("report: eax %08x ecx %08x edx %08x ebx %08x", v->gpr[R_EAX], v->gpr[R_ECX],
             v->gpr[R_EDX], v->gpr[R_EBX]);
    log_line("report: esp %08x ebp %08x esi %08x edi %08x", v->gpr[R_ESP], v->gpr[R_EBP],
             v->gpr[R_ESI], v->gpr[R_EDI]);
    log_line("report: eip %08x eflags %08x cpl %u cr0 %08x cr2 %08x cr3 %08x cr4 %08x", v->eip,
             vcpu_eflags(v), v->cpl, v->cr0, v->cr2, v->cr3, v->cr4);
    report_segments(v);
    log_line("report: gdtr %08x/%04x idtr %08x/%04x ldtr %04x tr %04x", v->gdtr.base, v->gdtr.limit,
             v->idtr.base, v->idtr.limit, v->ldtr.sel, v->tr.sel);
    unsigned n = vm->bt ? bt_recent(vm, recent, 8) : 0;
    for (unsigned i = 0; i < n; i++)
        log_line("report: block %u back: %08x", i, recent[i]);
}

void report_exit(const struct vm *vm, uint32_t run, uint32_t runs)
{
    static const char *const names[] = {
        [EXIT_GUEST_OFF] = "guest-off",       [EXIT_DIFFERS] = "differs",
        [EXIT_BAD_INPUT] = "bad-input",       [EXIT_HOST_TROUBLE] = "host-trouble",
        [EXIT_GUEST_HALTED] = "guest-halted", [EXIT_GUEST_KILLED] = "guest-killed",
        [EXIT_TIMEOUT] = "time-out",
    };
    if (run < runs)
        log_line("ring1-run: %u of %u: %d %s: %s", run, runs, vm->exit, names[vm->exit],
                 vm->reason);
    else
        log_line("ring1-exit: %d %s: %s", vm->exit, names[vm->exit], vm->reason);
}

void report_end(struct vm *vm, uint32_t flags)
{
    if (flags & PLAN_SCREEN)
        screen_log(vm);
    if (flags & PLAN_STATS)
        stats_print(&vm->stats);
    if (vm->exit == EXIT_GUEST_KILLED || vm->exit == EXIT_GUEST_HALTED)
        report_state(vm);
}
