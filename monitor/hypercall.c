/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of calls, enabling, and calls about the machine.
 */
#include "monitor/hypercall.h"

#include "devices/board.h"
#include "monitor/guestmem.h"
#include "monitor/host.h"
#include "monitor/host_io.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/priv.h"
#include "monitor/timer.h"
#include "monitor/trace.h"
#include "monitor/vclock.h"
#include "monitor/vmem.h"
#include "shadow/shadow.h"

#define NS_PER_S 1000000000ull
#define PV_LINES 4u

/* ---- Enabling --------------------------------------------------------------------- */

static uint32_t tsc_khz(const struct vm *vm)
{
    return (uint32_t)(vclock_tsc_hz(vm) / 1000);
}

static hfn_t shared_frame(const struct vm *vm)
{
    return hfn(vm->vcpu_frames.v + offsetof(struct vcpu, shared_page) / PAGE_SIZE);
}

/* Guest frame F has another frame of the host from now on. */
static hfn_t replace(struct vm *vm, gfn_t f, hfn_t h)
{
    hfn_t was = guest_frame_replace(vm, f, h);
    if (vm->shadow)
        shadow_frame_replaced(vm, f);
    vmem_forget(vm->vcpu);
    return was;
}

void hypercall_end(struct vm *vm)
{
    if (!vm->pv.enabled)
        return;
    replace(vm, vm->pv.shared, vm->pv.replaced);
    if (vm->shadow)
        shadow_agree(vm, false, false);
    vm->pv = (struct paravirt){0};
    timer_update_event(vm);
}

/* Nanoseconds since the guest began, and its counter's worth in them. */
static void publish_time(struct vcpu *v)
{
    struct ring1_shared *s = &v->shared;
    uint64_t hz = vclock_tsc_hz(v->vm);
    s->tsc_khz = tsc_khz(v->vm);
    s->tsc_version++;
    s->tsc_shift = 32;
    while ((NS_PER_S << s->tsc_shift) / hz >> 32)
        s->tsc_shift--;
    s->tsc_multiplier = (uint32_t)((NS_PER_S << s->tsc_shift) / hz);
    s->tsc_base = vclock_tsc(v->vm);
    s->ns_base = vclock_ns(v->vm);
    s->tsc_version++;
}

/* May a line of what enabling came to go to the log? A guest can try it for ever. */
static bool may_say(struct vm *vm)
{
    return vm->pv_lines++ < PV_LINES;
}

static int32_t begin(struct vcpu *v, gfn_t f, uint32_t flags, uint8_t vector)
{
    struct vm *vm = v->vm;
    uint8_t vif = v->vif;
    hypercall_end(vm);
    memset(v->shared_page, 0, sizeof v->shared_page);
    v->vif = vif;
    publish_time(v);
    vm->pv = (struct paravirt){.enabled = true, .vector = vector, .shared = f};
    vm->pv.replaced = replace(vm, f, shared_frame(vm));
    if (vm->shadow)
        shadow_agree(vm, flags & RING1_ENABLE_TELLS_PAGES, flags & RING1_ENABLE_EARLY_ACCESSED);
    timer_update_event(vm);
    if (may_say(vm))
        log_line("ring1: the guest knows Ring1 and uses its calls, version %u", RING1_ABI_VERSION);
    return 0;
}

static int32_t enable(struct vcpu *v, const uint32_t arg[5])
{
    const uint32_t known = RING1_ENABLE_EARLY_ACCESSED | RING1_ENABLE_TELLS_PAGES;
    gfn_t f = gpa_to_gfn(gpa(arg[1]));
    if (arg[0] < RING1_ABI_OLDEST || arg[0] > RING1_ABI_VERSION) {
        if (may_say(v->vm))
            log_line("ring1: the guest wants version %u of Ring1's calls; here are %u to %u, so it "
                     "runs without them",
                     arg[0], RING1_ABI_OLDEST, RING1_ABI_VERSION);
        return RING1_E_VERSION;
    }
    if (arg[1] == 0) {
        hypercall_end(v->vm);
        return 0;
    }
    if ((arg[2] & ~known) || arg[3] > 255 || (arg[3] && arg[3] < 32))
        return RING1_E_ARGUMENT;
    if ((arg[1] & PAGE_MASK) || !guest_frame(v->vm, f).v || trace_clients(v->vm, f) ||
        (v->vm->pv.enabled && f.v == v->vm->pv.shared.v))
        return RING1_E_ADDRESS;
    return begin(v, f, arg[2], (uint8_t)arg[3]);
}

/* ---- Calls about the machine -------------------------------------------------------- */

static int32_t ts(struct vcpu *v, const uint32_t arg[5])
{
    if (arg[0] > 1)
        return RING1_E_ARGUMENT;
    (void)priv_write_cr(v, 0, (v->cr0 & ~(uint32_t)CR0_TS) | (arg[0] ? CR0_TS : 0));
    return 0;
}

static int32_t halt(struct vcpu *v, const uint32_t arg[5])
{
    (void)arg;
    v->vif = 1;
    priv_halt(v);
    return 0;
}

/* At most RING1_BUFFER_MAX bytes at WHERE, all in RAM. */
static bool is_buffer(const struct vm *vm, uint32_t where, uint32_t length)
{
    return length <= RING1_BUFFER_MAX && (uint64_t)where + length <= vm->ram.size;
}

static int32_t shutdown(struct vcpu *v, const uint32_t arg[5])
{
    static const char *const what[] = {[RING1_SHUTDOWN_OFF] = "the guest switched the machine off",
                                       [RING1_SHUTDOWN_REBOOT] = "the guest reset the machine",
                                       [RING1_SHUTDOWN_CRASH] = "the guest crashed"};
    char reason[120] = "";
    uint32_t n = arg[2] < sizeof reason ? arg[2] : (uint32_t)sizeof reason - 1;
    if (arg[0] > RING1_SHUTDOWN_CRASH)
        return RING1_E_ARGUMENT;
    if (!is_buffer(v->vm, arg[1], arg[2]) || !guest_read(v->vm, gpa(arg[1]), reason, n))
        return RING1_E_ADDRESS;
    for (uint32_t i = 0; i < n; i++) {
        if (reason[i] < ' ' || reason[i] > '~')
            reason[i] = '.';
    }
    enum plan_exit how = arg[0] == RING1_SHUTDOWN_CRASH ? EXIT_GUEST_KILLED : EXIT_GUEST_OFF;
    vm_end(v->vm, how, "%s%s%s", what[arg[0]], n ? ": " : "", reason);
    return 0;
}

static int32_t clock(struct vcpu *v, const uint32_t arg[5])
{
    struct ring1_clock c = {.tsc = vclock_tsc(v->vm), .ns = vclock_ns(v->vm)};
    c.wall = (v->vm->pace.on ? PACE_START + c.ns / NS_PER_S : host_wallclock_s()) * NS_PER_S;
    if ((arg[0] & 7) || !vmem_write_physical(v->vm, gpa(arg[0]), &c, sizeof c))
        return RING1_E_ADDRESS;
    return 0;
}

static int32_t timer(struct vcpu *v, const uint32_t arg[5])
{
    if (!v->vm->pv.vector)
        return RING1_E_ARGUMENT;
    uint64_t ns = (uint64_t)arg[1] << 32 | arg[0];
    v->vm->pv.timer_ns = ns == UINT64_MAX ? 0 : ns ? ns : 1;
    v->vm->pv.timer_due = false;
    timer_update_event(v->vm);
    return 0;
}

static int32_t console_write(struct vcpu *v, const uint32_t arg[5])
{
    if (!is_buffer(v->vm, arg[0], arg[1]))
        return RING1_E_ADDRESS;
    for (uint32_t i = 0; i < arg[1]; i++) {
        uint8_t c;
        if (!guest_read(v->vm, gpa(arg[0] + i), &c, 1))
            return i ? (int32_t)i : RING1_E_ADDRESS;
        if (!v->vm->pace.silent)
            host_console_put(c);
    }
    return (int32_t)arg[1];
}

/* A VM in lock step has no input. */
static int32_t console_read(struct vcpu *v, const uint32_t arg[5])
{
    uint32_t n = 0;
    if (!is_buffer(v->vm, arg[0], arg[1]))
        return RING1_E_ADDRESS;
    while (n < arg[1] && !v->vm->pace.on) {
        int in = host_console_get();
        uint8_t c = (uint8_t)in;
        if (in < 0 || !vmem_write_physical(v->vm, gpa(arg[0] + n), &c, 1))
            break;
        n++;
    }
    return (int32_t)n;
}

/* A VM in lock step has no randomness of its own. */
static int32_t random(struct vcpu *v, const uint32_t arg[5])
{
    uint8_t bytes[64];
    uint32_t n;
    if (!is_buffer(v->vm, arg[0], arg[1]))
        return RING1_E_ADDRESS;
    if (v->vm->pace.on)
        return RING1_E_HOST;
    for (uint32_t i = 0; i < arg[1]; i += n) {
        n = arg[1] - i < sizeof bytes ? arg[1] - i : (uint32_t)sizeof bytes;
        host_random(bytes, n);
        if (!vmem_write_physical(v->vm, gpa(arg[0] + i), bytes, n))
            return i ? (int32_t)i : RING1_E_ADDRESS;
    }
    return (int32_t)arg[1];
}

/* The host's interrupts have been heeded and its clock looked at; there is no other vcpu yet. */
static int32_t yield(struct vcpu *v, const uint32_t arg[5])
{
    (void)arg;
    timer_service(v->vm, true);
    return 0;
}

/* ---- The table ------------------------------------------------------------------------ */

static hypercall_fn batch;

static hypercall_fn *const calls[RING1_CALLS] = {
    [RING1_CALL_ENABLE] = enable,
    [RING1_CALL_BATCH] = batch,
    [RING1_CALL_PAGES] = hypercall_pages,
    [RING1_CALL_ROOT] = hypercall_root,
    [RING1_CALL_PIN] = hypercall_pin,
    [RING1_CALL_UNPIN] = hypercall_unpin,
    [RING1_CALL_FLUSH] = hypercall_flush,
    [RING1_CALL_TABLE] = hypercall_table,
    [RING1_CALL_STACK] = hypercall_stack,
    [RING1_CALL_TRAPS] = hypercall_traps,
    [RING1_CALL_TS] = ts,
    [RING1_CALL_HALT] = halt,
    [RING1_CALL_SHUTDOWN] = shutdown,
    [RING1_CALL_CLOCK] = clock,
    [RING1_CALL_TIMER] = timer,
    [RING1_CALL_WRITE] = console_write,
    [RING1_CALL_READ] = console_read,
    [RING1_CALL_RANDOM] = random,
    [RING1_CALL_YIELD] = yield,
};

static int32_t call(struct vcpu *v, uint32_t number, const uint32_t arg[5])
{
    if (number >= RING1_CALLS || !calls[number] ||
        (!v->vm->pv.enabled && number != RING1_CALL_ENABLE))
        return RING1_E_NO_CALL;
    return calls[number](v, arg);
}

/* What ends or stops the guest's turn comes last; HALT is over when an interrupt comes. */
static int32_t batch(struct vcpu *v, const uint32_t arg[5])
{
    struct ring1_call c;
    if (!hypercall_array(v->vm, arg[0], arg[1], sizeof c))
        return RING1_E_ADDRESS;
    for (uint32_t i = 0; i < arg[1]; i++) {
        gpa_t where = gpa(arg[0] + i * sizeof c);
        if (!guest_read(v->vm, where, &c, sizeof c))
            return i ? (int32_t)i : RING1_E_ADDRESS;
        bool allowed = c.number != RING1_CALL_BATCH && c.number != RING1_CALL_ENABLE && !c.reserved;
        c.result = allowed ? call(v, c.number, c.arg) : RING1_E_ARGUMENT;
        (void)vmem_write_physical(v->vm, gpa(where.v + offsetof(struct ring1_call, result)),
                                  &c.result, sizeof c.result);
        if (c.result < 0 || v->halted || v->vm->ended)
            return (int32_t)i + (c.result >= 0);
    }
    return (int32_t)arg[1];
}

bool hypercall_quick(struct vcpu *v)
{
    const uint32_t quick = 1u << RING1_CALL_PAGES | 1u << RING1_CALL_ROOT | 1u << RING1_CALL_PIN |
                           1u << RING1_CALL_UNPIN | 1u << RING1_CALL_FLUSH;
    if (v->gpr[R_EAX] >= RING1_CALLS || !(quick >> v->gpr[R_EAX] & 1))
        return false;
    hypercall(v);
    return true;
}

void hypercall(struct vcpu *v)
{
    const uint32_t arg[5] = {v->gpr[R_EBX], v->gpr[R_ECX], v->gpr[R_EDX], v->gpr[R_ESI],
                             v->gpr[R_EDI]};
    v->vm->stats.n[STAT_HYPERCALLS]++;
    v->gpr[R_EAX] = (uint32_t)call(v, v->gpr[R_EAX], arg);
}
