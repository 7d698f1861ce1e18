/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a boot plan to a VM about to run its first instruction. The plan is checked as if a stranger
 * had written it.
 */
#include "bt/bt.h"
#include "devices/board.h"
#include "monitor/gdb/gdb.h"
#include "monitor/guestmem.h"
#include "monitor/host.h"
#include "monitor/hypercall.h"
#include "monitor/interp/interp.h"
#include "monitor/log.h"
#include "monitor/profile.h"
#include "monitor/run.h"
#include "monitor/segment.h"
#include "monitor/selector.h"
#include "monitor/trace.h"
#include "monitor/vcpu.h"
#include "monitor/vmem.h"
#include "shadow/shadow.h"

#define MIB (1024u * 1024u)

/* The guest starts at CPL 0, which CS and SS must agree with. */
static bool start_state_valid(const struct plan *p)
{
    return p->cs <= 0xffff && p->ds <= 0xffff && p->gdt_limit <= 0xffff && !NO_SELECTOR(p->cs) &&
           !NO_SELECTOR(p->ds) && SEL_RPL(p->cs) == 0 && SEL_RPL(p->ds) == 0;
}

static bool plan_fits(const struct plan *p)
{
    uint64_t head = sizeof *p + (uint64_t)p->segments * sizeof(struct plan_segment) + p->append_len;
    if (p->magic != PLAN_MAGIC || p->version != PLAN_VERSION) {
        log_line("ring1: the boot plan is of another version; use the loader built with me");
        return false;
    }
    if (p->segments > 64 || head > p->total_size || p->memory_mib == 0 ||
        p->memory_mib > PLAN_MEMORY_MAX_MIB || p->engine > PLAN_TRANSLATE || p->runs == 0 ||
        p->runs > PLAN_RUNS_MAX || p->disks > PLAN_DISKS || !start_state_valid(p)) {
        log_line("ring1: the boot plan contradicts itself");
        return false;
    }
    return true;
}

/* Of what segment S has beyond its bytes, those of segment OTHER become zeros. */
static bool clear(struct vm *vm, const struct plan_segment *s, const struct plan_segment *other)
{
    uint64_t first = (uint64_t)s->gpa + s->file_size, end = (uint64_t)s->gpa + s->size;
    uint64_t other_end = (uint64_t)other->gpa + other->file_size;
    first = other->gpa > first ? other->gpa : first;
    end = other_end < end ? other_end : end;
    return first >= end || guest_zero(vm, gpa(first), end - first);
}

/* RAM is zeros at first, and a Linux kernel asks for 26 MiB of them: only what segments BEFORE this
 * one have written is cleared. */
static bool load_bytes(struct vm *vm, const struct plan *p, const struct plan_segment *s,
                       uint32_t before)
{
    if (!guest_write(vm, gpa(s->gpa), (const uint8_t *)p + s->file_offset, s->file_size))
        return false;
    for (uint32_t i = 1; i <= before; i++) {
        if (!clear(vm, s, s - i))
            return false;
    }
    return true;
}

static bool load_segment(struct vm *vm, const struct plan *p, const struct plan_segment *s,
                         uint32_t before)
{
    if (s->file_size > s->size || (uint64_t)s->file_offset + s->file_size > p->total_size ||
        (uint64_t)s->gpa + s->size > vm->ram.size || !load_bytes(vm, p, s, before)) {
        log_line("ring1: boot plan: segment at %08x of %u bytes leaves the plan or guest RAM",
                 s->gpa, s->size);
        return false;
    }
    return true;
}

static bool load_segments(struct vm *vm, const struct plan *p)
{
    const struct plan_segment *s = (const void *)(p + 1);
    for (uint32_t i = 0; i < p->segments; i++) {
        if (!load_segment(vm, p, &s[i], i))
            return false;
    }
    return true;
}

/* Flat 32-bit protected mode with the plan's registers. */
static void load_registers(struct vcpu *v, const struct plan *p)
{
    const uint32_t flat = SA_P | SA_S | SA_RW | SA_ACCESSED | SA_DB | SA_G;
    v->cr0 = CR0_PE | CR0_ET;
    for (unsigned i = 0; i < S_COUNT; i++)
        v->seg[i] = (struct segment){0, 0xffffffffu, flat, (uint16_t)p->ds};
    v->seg[S_CS].attr = flat | SA_CODE;
    v->seg[S_CS].sel = (uint16_t)p->cs;
    v->gdtr = (struct table_reg){p->gdt_base, (uint16_t)p->gdt_limit};
    v->eip = p->eip;
    v->gpr[R_EAX] = p->eax;
    v->gpr[R_ECX] = p->ecx;
    v->gpr[R_EDX] = p->edx;
    v->gpr[R_EBX] = p->ebx;
    v->gpr[R_ESP] = p->esp;
    v->gpr[R_EBP] = p->ebp;
    v->gpr[R_ESI] = p->esi;
    v->gpr[R_EDI] = p->edi;
}

static bool build_rooms(struct vm *vm, const struct plan *p)
{
    if (!guest_ram_create(vm, (uint64_t)p->memory_mib * MIB)) {
        log_line("ring1: this machine has no %u MiB for the guest; give the host more memory",
                 p->memory_mib);
        return false;
    }
    bool ok = trace_create(vm) && board_create(vm) && segtab_create(vm) && interp_create(vm);
    if (ok && vm->engine != PLAN_INTERP)
        ok = shadow_create(vm) && bt_create(vm);
    if (ok && (p->flags & PLAN_GDB))
        ok = gdb_create(vm, p->flags & PLAN_GDB_WAIT);
    ok = ok && (!(p->flags & PLAN_PROFILE) || profile_create(vm));
    if (!ok)
        log_line("ring1: not enough memory for the monitor's own tables");
    return ok;
}

void vm_destroy(struct vm *vm)
{
    board_end(vm);
    segtab_destroy(vm->vcpu);
    hypercall_end(vm);
    if (vm->shadow)
        shadow_destroy(vm);
    guest_ram_destroy(vm);
}

struct vm *vm_create_for(const struct plan *p, struct pool *pool, uint32_t run,
                         enum plan_engine engine)
{
    if (!plan_fits(p))
        return NULL;
    struct host_tc tc;
    host_tc_area(&tc);
    struct vm *vm = pool_alloc(pool, sizeof *vm);
    hfn_t frames = pool_get_run(pool, (VCPU_SPAN(tc.user_code) + PAGE_SIZE - 1) / PAGE_SIZE);
    if (!vm || !frames.v) {
        log_line("ring1: no memory for a virtual machine");
        return NULL;
    }
    struct vcpu *v = host_frame_ptr(frames);
    vm->pool = pool;
    vm->run = run;
    vm->vcpu = v;
    vm->vcpu_frames = frames;
    vm->engine = engine;
    vm->user_code = tc.user_code;
    vm->pace.on = p->flags & PLAN_LOCKSTEP;
    vm->pace.silent = vm->pace.on && engine == PLAN_INTERP;
    vm->pace.alone = p->flags & PLAN_ALONE;
    vm->count = (p->flags & PLAN_COUNT) || vm->pace.on;
    vm->screen.wanted = p->flags & PLAN_SCREEN;
    vm->virtio_mmio = p->flags & PLAN_VIRTIO_MMIO;
    vm->marks = p->flags & PLAN_STATS;
    host_counts(&vm->before);
    vm->journal = p->flags >> PLAN_TRACE_SHIFT & ((1u << PLAN_TRACE_COUNT) - 1);
    vcpu_reset(v, vm);
    if (!build_rooms(vm, p) || !load_segments(vm, p))
        return NULL;
    load_registers(v, p);
    host_fpu_reset();
    host_load_control(v);
    vmem_flush(v, true);
    return vm;
}

struct vm *vm_create(const struct plan *p, struct pool *pool, uint32_t run)
{
    return vm_create_for(p, pool, run, (enum plan_engine)p->engine);
}
