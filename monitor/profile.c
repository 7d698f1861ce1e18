/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See profile.h. Samples of one interval at the same place are one entry with a count; there are
 * more entries than an interval has samples, so none is lost.
 */
#include "monitor/profile.h"

#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/host.h"
#include "monitor/log.h"
#include "monitor/pool.h"
#include "monitor/run.h"
#include "monitor/vcpu.h"

#define ENTRIES      256u
#define GATE_PRESENT (1u << 15) /* of its high half */
#define IN_BLOCK     4096u      /* a place farther behind a block's start is not in the block */

struct entry {
    uint32_t at, block; /* linear addresses; 0: no block is known */
    uint32_t space;     /* CR3 where user code runs, else 0 */
    uint32_t count;
    char mode;
};

struct profile {
    uint64_t period, interval;
    uint64_t start; /* host time at which this interval began */
    uint32_t left;  /* intervals until both times double */
    uint32_t used;
    uint32_t fault_handler; /* as it was logged last */
    struct entry entry[ENTRIES];
    struct stats before; /* as they were at the start of the interval */
};

/* A log line in the making; words that do not fit begin another. */
struct line {
    char text[300];
    const char *kind;
    size_t length, head;
};

bool profile_create(struct vm *vm)
{
    vm->profile = pool_alloc(vm->pool, sizeof *vm->profile);
    return vm->profile != NULL;
}

/* ---- Writing ---------------------------------------------------------------- */

static void open_line(struct line *l, const char *kind)
{
    l->kind = kind;
    l->head = l->length = fmt_print(l->text, sizeof l->text, PLAN_PROFILE_MARK "%s", kind);
}

static void close_line(struct line *l)
{
    if (l->length > l->head)
        log_line("%s", l->text);
    open_line(l, l->kind);
}

static void add_word(struct line *l, const char *word)
{
    size_t room = sizeof l->text - l->length;
    size_t n = fmt_print(l->text + l->length, room, " %s", word);
    if (n + 1 < room) {
        l->length += n;
        return;
    }
    l->text[l->length] = 0;
    close_line(l);
    l->length += fmt_print(l->text + l->length, sizeof l->text - l->length, " %s", word);
}

static void write_counters(const struct profile *pr, const struct stats *now)
{
    struct line l;
    char word[32];
    open_line(&l, "c");
    for (unsigned i = 0; i < STAT_COUNT; i++) {
        if (now->n[i] == pr->before.n[i])
            continue;
        fmt_print(word, sizeof word, "%x:%lx", i, now->n[i] - pr->before.n[i]);
        add_word(&l, word);
    }
    close_line(&l);
}

static void write_samples(struct profile *pr)
{
    struct line l;
    char word[48];
    uint32_t space = 0;
    open_line(&l, "s");
    for (const struct entry *e = pr->entry; e < pr->entry + pr->used; e++) {
        if (e->space && e->space != space) {
            space = e->space;
            fmt_print(word, sizeof word, "@%x", space);
            add_word(&l, word);
        }
        size_t n = fmt_print(word, sizeof word, "%c%x", e->mode, e->at);
        if (e->block)
            n += fmt_print(word + n, sizeof word - n, "-%x", e->at - e->block);
        if (e->count > 1)
            fmt_print(word + n, sizeof word - n, "*%x", e->count);
        add_word(&l, word);
    }
    close_line(&l);
    pr->used = 0;
}

/* Where the guest's IDT leads for a page fault; 0: nowhere. Changes nothing. */
static uint32_t find_fault_handler(struct vcpu *v)
{
    struct walk w;
    uint32_t error, gate[2], where = v->idtr.base + VEC_PF * sizeof gate;
    if (!vcpu_protected(v) || v->idtr.limit < (VEC_PF + 1) * sizeof gate - 1 ||
        !guest_walk(v, gva(where), 0, &w, &error) ||
        !guest_read(v->vm, gpa(w.page.v + (where & PAGE_MASK)), gate, sizeof gate))
        return 0;
    return gate[1] & GATE_PRESENT ? (gate[0] & 0xffff) | (gate[1] & 0xffff0000) : 0;
}

static void write_fault_handler(struct vm *vm)
{
    uint32_t now = find_fault_handler(vm->vcpu);
    if (!now || now == vm->profile->fault_handler)
        return;
    vm->profile->fault_handler = now;
    log_line(PLAN_PROFILE_MARK "i %x", now);
}

static void write_interval(struct vm *vm, const struct stats *now)
{
    struct profile *pr = vm->profile;
    uint64_t end = vm->started_ns + now->n[STAT_NS_TOTAL];
    write_counters(pr, now);
    write_samples(pr);
    write_fault_handler(vm);
    log_line(PLAN_PROFILE_MARK "t %lx %lx %lx", pr->start - vm->started_ns, end - vm->started_ns,
             pr->period);
    pr->before = *now;
    pr->start = end;
    if (--pr->left)
        return;
    pr->left = PROFILE_INTERVALS;
    pr->period *= 2;
    pr->interval *= 2;
}

static void next_interval(struct vm *vm)
{
    struct stats now;
    vm_counters(vm, &now);
    write_interval(vm, &now);
}

void profile_begin(struct vm *vm)
{
    static const char *const names[STAT_COUNT] = {
#define X(id, name, text) [STAT_##id] = name,
        STATS(X)
#undef X
    };
    struct profile *pr = vm->profile;
    struct line l;
    pr->period = PROFILE_PERIOD_NS;
    pr->interval = PROFILE_INTERVAL_NS;
    pr->left = PROFILE_INTERVALS;
    pr->start = vm->started_ns;
    vm->sample_ns = pr->start + pr->period;
    log_line(PLAN_PROFILE_MARK "begin %u", PLAN_PROFILE_VERSION);
    open_line(&l, "n");
    for (unsigned i = 0; i < STAT_COUNT; i++)
        add_word(&l, names[i]);
    close_line(&l);
}

void profile_service(struct vm *vm)
{
    if (host_now_ns() - vm->profile->start >= vm->profile->interval)
        next_interval(vm);
}

void profile_end(struct vm *vm)
{
    write_interval(vm, &vm->stats);
    log_line(PLAN_PROFILE_MARK "end");
}

/* ---- Sampling --------------------------------------------------------------- */

static struct entry *find(struct profile *pr, const struct entry *like)
{
    for (struct entry *e = pr->entry; e < pr->entry + pr->used; e++) {
        if (e->at == like->at && e->block == like->block && e->space == like->space &&
            e->mode == like->mode)
            return e;
    }
    return NULL;
}

static void note(struct vcpu *v, const struct entry *new)
{
    struct profile *pr = v->vm->profile;
    struct entry *e = find(pr, new);
    if (e) {
        e->count += new->count;
        return;
    }
    if (pr->used == ENTRIES)
        next_interval(v->vm);
    pr->entry[pr->used++] = *new;
}

/* Periods that have passed, and will not be counted again. */
static uint32_t take_due(struct vm *vm)
{
    uint64_t period = vm->profile->period, n = (vm->now_ns - vm->sample_ns) / period + 1;
    vm->sample_ns += n * period;
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

void profile_sample(struct vcpu *v, enum profile_who who, uint32_t block)
{
    static const char modes[][2] = {
        [PROFILE_GUEST] = PLAN_PROFILE_GUEST,
        [PROFILE_INTERPRETER] = PLAN_PROFILE_INTERPRETER,
        [PROFILE_MONITOR] = PLAN_PROFILE_MONITOR,
    };
    struct entry e = {.count = take_due(v->vm)};
    bool user = v->cpl == 3;
    e.at = vcpu_next(v);
    e.block = block && e.at - block < IN_BLOCK ? block : 0;
    e.space = user && vcpu_paging(v) ? v->cr3 : 0;
    e.mode = modes[who][user];
    note(v, &e);
}

uint64_t profile_arm(struct vm *vm, uint64_t deadline)
{
    if (vm->vcpu->halted)
        return deadline;
    if (profile_due(vm))
        profile_sample(vm->vcpu, PROFILE_MONITOR, 0);
    return vm->sample_ns < deadline ? vm->sample_ns : deadline;
}

void profile_slept(struct vm *vm, uint64_t ns)
{
    vm->sample_ns += ns;
}
