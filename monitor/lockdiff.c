/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Comparing two VMs in lock step, and the report of a difference. Flags that the manual leaves
 * open, and what the FPU stores of itself, are the leader's on both sides afterwards.
 */
#include "devices/board.h"
#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/lockstep.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/trace.h"

bool lockstep_differ(struct lockstep *l, const char *format, ...)
{
    va_list ap;
    if (l->differs)
        return false;
    l->differs = true;
    va_start(ap, format);
    fmt_vprint(l->what, sizeof l->what, format, ap);
    va_end(ap);
    return false;
}

bool lockstep_peek(struct vcpu *v, uint32_t eip, struct insn *i)
{
    uint8_t bytes[INSN_MAX];
    size_t n = 0;
    for (; n < sizeof bytes; n++) {
        struct walk w;
        uint32_t error;
        gva_t at = gva(v->seg[S_CS].base + eip + (uint32_t)n);
        if (!guest_walk(v, at, 0, &w, &error) ||
            !guest_read(v->vm, gpa(w.page.v + (at.v & PAGE_MASK)), bytes + n, 1))
            break;
    }
    return n && insn_decode(bytes, n, v->seg[S_CS].attr & SA_DB, i) == DECODE_OK;
}

/* ---- What is open ----------------------------------------------------------------- */

static void settle_flags(struct lockstep *l)
{
    struct vcpu *a = l->leader->vcpu, *b = l->follower->vcpu;
    uint32_t same = l->open | FL_RF;
    b->eflags = (b->eflags & ~same) | (a->eflags & same);
    l->open = 0;
    if (a->inhibit && !b->inhibit)
        b->inhibit = a->inhibit; /* one needless shadow behind an STI (docs/limits.md) */
}

/* In memory: the FPU's own, and flags. */
static void settle_areas(struct lockstep *l)
{
    for (unsigned n = 0; n < l->areas; n++) {
        uint8_t bytes[8];
        if (guest_read(l->leader, l->area[n].at, bytes, l->area[n].len))
            guest_write(l->follower, l->area[n].at, bytes, l->area[n].len);
    }
    l->areas = 0;
    l->open_stored = false;
}

/* ---- Registers ---------------------------------------------------------------------- */

struct field {
    const char *name;
    uint32_t offset;
    uint8_t size;
};
#define FIELD(f)                                                                                   \
    {                                                                                              \
#f, offsetof(struct vcpu, f), sizeof((struct vcpu *)0)->f                                  \
    }
#define NAMED(name, f)                                                                             \
    {                                                                                              \
        name, offsetof(struct vcpu, f), sizeof((struct vcpu *)0)->f                                \
    }
#define SEGMENT(name, f)                                                                           \
    NAMED(name, f.sel), NAMED(name " base", f.base), NAMED(name " limit", f.limit),                \
        NAMED(name " attributes", f.attr)

/* clang-format off */
static const struct field fields[] = {
    FIELD(eip), NAMED("eax", gpr[R_EAX]), NAMED("ecx", gpr[R_ECX]), NAMED("edx", gpr[R_EDX]),
    NAMED("ebx", gpr[R_EBX]), NAMED("esp", gpr[R_ESP]), NAMED("ebp", gpr[R_EBP]),
    NAMED("esi", gpr[R_ESI]), NAMED("edi", gpr[R_EDI]), FIELD(eflags), NAMED("IF", vif), FIELD(cpl),
    NAMED("the interrupt shadow", inhibit), FIELD(halted),
    SEGMENT("es", seg[S_ES]), SEGMENT("cs", seg[S_CS]), SEGMENT("ss", seg[S_SS]),
    SEGMENT("ds", seg[S_DS]), SEGMENT("fs", seg[S_FS]), SEGMENT("gs", seg[S_GS]),
    SEGMENT("ldtr", ldtr), SEGMENT("tr", tr),
    FIELD(gdtr.base), FIELD(gdtr.limit), FIELD(idtr.base), FIELD(idtr.limit),
    FIELD(cr0), FIELD(cr2), FIELD(cr3), FIELD(cr4), FIELD(efer),
    FIELD(dr[0]), FIELD(dr[1]), FIELD(dr[2]), FIELD(dr[3]), FIELD(dr[6]), FIELD(dr[7]),
    FIELD(pdpte[0]), FIELD(pdpte[1]), FIELD(pdpte[2]), FIELD(pdpte[3]),
    FIELD(exc.valid), FIELD(nmi_blocked),
};
/* clang-format on */

static uint64_t get(const struct vcpu *v, const struct field *f)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)v + f->offset, f->size);
    return value;
}

static bool compare_registers(struct lockstep *l)
{
    for (unsigned n = 0; n < ARRAY_SIZE(fields); n++) {
        uint64_t a = get(l->leader->vcpu, &fields[n]), b = get(l->follower->vcpu, &fields[n]);
        if (a != b)
            return lockstep_differ(l, "%s is %lx translated and %lx interpreted", fields[n].name, a,
                                   b);
    }
    return true;
}

/* At which byte of a long operand a page fault is seen is the CPU's affair (SDM 3A 4.7). */
static void settle_cr2(struct lockstep *l)
{
    const struct exception *a = &l->leader->vcpu->exc;
    struct exception *b = &l->follower->vcpu->exc;
    struct insn i;
    if (a->valid && b->valid && a->vector == VEC_PF && b->vector == VEC_PF &&
        !((a->cr2 ^ b->cr2) & ~PAGE_MASK) &&
        lockstep_peek(l->follower->vcpu, l->follower->vcpu->eip, &i) && (i.flags & INSN_FPU))
        b->cr2 = a->cr2;
}

static bool compare_exceptions(struct lockstep *l)
{
    const struct exception *a = &l->leader->vcpu->exc, *b = &l->follower->vcpu->exc;
    if (!a->valid || (a->vector == b->vector && a->error == b->error && a->is_trap == b->is_trap &&
                      (a->vector != VEC_PF || a->cr2 == b->cr2)))
        return true;
    return lockstep_differ(l, "exception %u error %x translated, %u error %x interpreted",
                           a->vector, a->error, b->vector, b->error);
}

/* The vendor's part of an image is its own: opcode and pointers, and what lies behind XMM7. */
static bool compare_fpu(struct lockstep *l)
{
    static const struct {
        uint16_t first, len;
    } parts[] = {{0, 5}, {24, 4}, {32, 256}};
    for (unsigned n = 0; n < ARRAY_SIZE(parts); n++) {
        if (memcmp(l->leader_fpu + parts[n].first, l->fpu + parts[n].first, parts[n].len) != 0)
            return lockstep_differ(l, "the FPU's state differs");
    }
    return true;
}

static bool compare_boards(struct lockstep *l)
{
    if (l->leader->ended != l->follower->ended)
        return lockstep_differ(l, "the machine ends %s only: %s",
                               l->leader->ended ? "translated" : "interpreted",
                               l->leader->ended ? l->leader->reason : l->follower->reason);
    if (board_pending(l->leader) != board_pending(l->follower) ||
        board_next_event(l->leader) != board_next_event(l->follower))
        return lockstep_differ(l, "the devices differ");
    return true;
}

/* ---- Memory ---------------------------------------------------------------------------- */

/*
 * In a page table: A and D of an entry that the guest has rewritten and not flushed are set when a
 * TLB is filled next, and what is in a TLB is the CPU's affair (SDM 3A 4.8, 4.10.2.3).
 */
static bool only_accessed(struct lockstep *l, gfn_t f, uint32_t a, uint32_t b)
{
    return !((a ^ b) & ~(uint32_t)(PTE_A | PTE_D)) &&
           (trace_clients(l->leader, f) & TRACE_PAGETABLE);
}

static bool compare_frame(struct lockstep *l, gfn_t f)
{
    uint32_t *a = guest_page(l->leader, gfn_to_gpa(f), PAGE_SIZE);
    uint32_t *b = guest_page(l->follower, gfn_to_gpa(f), PAGE_SIZE);
    if (!a || !b || memcmp(a, b, PAGE_SIZE) == 0)
        return true;
    for (unsigned n = 0; n < PAGE_SIZE / sizeof *a; n++) {
        if (a[n] != b[n] && !only_accessed(l, f, a[n], b[n]))
            return lockstep_differ(l,
                                   "memory at physical %08lx is %08x translated and %08x "
                                   "interpreted",
                                   gfn_to_gpa(f).v + n * sizeof *a, a[n], b[n]);
        b[n] = a[n];
    }
    return true;
}

/* The frames that the follower wrote to since the last comparison. */
static bool compare_written(struct lockstep *l)
{
    for (unsigned n = 0; n < l->pages; n++) {
        if (!compare_frame(l, gfn(l->page[n])))
            return false;
    }
    l->pages = 0;
    return true;
}

static bool compare_all(struct lockstep *l)
{
    for (uint32_t f = 0; f < l->leader->ram.size / PAGE_SIZE; f++) {
        if (!compare_frame(l, gfn(f)))
            return false;
    }
    return true;
}

bool lockstep_compare(struct lockstep *l, bool whole)
{
    if (l->differs)
        return false;
    settle_flags(l);
    settle_areas(l);
    settle_cr2(l);
    l->compared++;
    if (!compare_registers(l) || !compare_exceptions(l) || !compare_boards(l) || !compare_fpu(l) ||
        !compare_written(l) || (whole && !compare_all(l)))
        return false;
    if (whole)
        l->next_whole = l->insns + LOCKSTEP_WHOLE;
    l->agreed = l->insns;
    return true;
}

/* ---- The report ---------------------------------------------------------------------------- */

static void report_instruction(struct lockstep *l, uint32_t eip)
{
    struct insn i;
    char hex[INSN_MAX * 3 + 1] = "", text[80] = "(not there)";
    size_t at = 0;
    if (lockstep_peek(l->follower->vcpu, eip, &i)) {
        insn_format(&i, eip, text, sizeof text);
        for (unsigned n = 0; n < i.len; n++)
            at += fmt_print(hex + at, sizeof hex - at, "%02x ", i.bytes[n]);
    }
    log_line("report:   %08x  %-24s %s", eip, hex, text);
}

static void report_state(const char *who, const struct vcpu *v)
{
    log_line("report: %s: eax %08x ecx %08x edx %08x ebx %08x", who, v->gpr[R_EAX], v->gpr[R_ECX],
             v->gpr[R_EDX], v->gpr[R_EBX]);
    log_line("report: %s: esp %08x ebp %08x esi %08x edi %08x", who, v->gpr[R_ESP], v->gpr[R_EBP],
             v->gpr[R_ESI], v->gpr[R_EDI]);
    log_line("report: %s: eip %08x eflags %08x cpl %u cr0 %08x cr2 %08x cr3 %08x cr4 %08x", who,
             v->eip, vcpu_eflags(v), v->cpl, v->cr0, v->cr2, v->cr3, v->cr4);
}

void lockstep_report(struct lockstep *l)
{
    struct insn i;
    unsigned n = l->ringed < 16 ? (unsigned)l->ringed : 16;
    log_line("report: %s", l->what);
    log_line("report: after %lu instructions, of which %lu were found equal", l->insns, l->agreed);
    report_state("translated ", l->leader->vcpu);
    report_state("interpreted", l->follower->vcpu);
    for (unsigned f = 0; f < ARRAY_SIZE(fields); f++) {
        uint64_t a = get(l->leader->vcpu, &fields[f]), b = get(l->follower->vcpu, &fields[f]);
        if (a != b)
            log_line("report: differs: %s %lx, %lx", fields[f].name, a, b);
    }
    log_line("report: the cache was entered at %08x; the last instructions:", l->entry);
    for (; n > 0; n--)
        report_instruction(l, l->ring[(l->ringed - n) % LOCKSTEP_RING]);
    if (lockstep_peek(l->follower->vcpu, l->follower->vcpu->eip, &i))
        log_line("report: next:");
    report_instruction(l, l->follower->vcpu->eip);
}
