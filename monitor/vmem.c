/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Guest memory as the virtual CPU sees it. A linear address and an access come in; it is
 * looked up in the soft TLB, walked if it is not there, and bytes move to or from RAM
 * or, in pieces that a device understands, the board. Who traces a written frame is
 * told here and only here. It does not know why an access is made.
 */
#include "monitor/vmem.h"

#include "bt/bt.h"
#include "devices/board.h"
#include "monitor/debugreg.h"
#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/timer.h"
#include "monitor/trace.h"
#include "monitor/vclock.h"
#include "shadow/shadow.h"

/* ---- The soft TLB -------------------------------------------------------- */

static struct soft_tlb_entry *tlb_entry(struct vcpu *v, gva_t where)
{
    return &v->tlb[(where.v >> PAGE_SHIFT) % SOFT_TLB_SIZE];
}

static void tlb_drop(struct vcpu *v, gva_t where)
{
    struct soft_tlb_entry *e = tlb_entry(v, where);
    if ((e->tag & ~PAGE_MASK) == (where.v & ~PAGE_MASK))
        e->tag = ~0u;
}

/* Writes are answered only once D is set, as in a hardware TLB (SDM 3A 4.10.2). */
static uint32_t refused_kinds(const struct vcpu *v, gva_t where, const struct walk *w)
{
    uint32_t granted = vmem_kind(0);
    if ((v->armed & ARMED_DATA) && debugreg_page(v, where.v))
        return PAGE_MASK &
               ~(w->exec ? vmem_kind(PF_I) | (w->user ? vmem_kind(PF_I | PF_U) : 0u) : 0u);
    if (w->dirty && (w->writable || !(v->cr0 & CR0_WP)))
        granted |= vmem_kind(PF_W);
    if (w->user)
        granted |= vmem_kind(PF_U);
    if (w->user && w->writable && w->dirty)
        granted |= vmem_kind(PF_W | PF_U);
    if (w->exec)
        granted |= vmem_kind(PF_I) | (w->user ? vmem_kind(PF_I | PF_U) : 0u);
    return PAGE_MASK & ~granted;
}

/* A page fault drops what was cached for its page (SDM 3A 4.10.4.1). */
static bool tlb_fill(struct vcpu *v, gva_t where, unsigned access, gfn_t *f, uint32_t *error)
{
    struct walk w;
    if (!guest_walk(v, where, (access & (PF_W | PF_U | PF_I)) | WALK_SET_AD, &w, error)) {
        tlb_drop(v, where);
        return false;
    }
    *f = gpa_to_gfn(w.page);
    if (w.large)
        vmem_used_large(v, where);
    struct soft_tlb_entry *e = tlb_entry(v, where);
    e->tag = (where.v & ~PAGE_MASK) | refused_kinds(v, where, &w);
    e->gfn = f->v;
    e->page = guest_page(v->vm, gfn_to_gpa(*f), PAGE_SIZE);
    return true;
}

static inline bool find_frame(struct vcpu *v, gva_t where, unsigned access, gfn_t *f,
                              uint32_t *error)
{
    const struct soft_tlb_entry *e = vmem_entry(v, where);
    if ((e->tag & (~PAGE_MASK | vmem_kind(access))) != (where.v & ~PAGE_MASK))
        return tlb_fill(v, where, access, f, error);
    *f = gfn(e->gfn);
    return true;
}

bool vmem_translate(struct vcpu *v, gva_t where, unsigned access, gpa_t *out)
{
    gfn_t f;
    uint32_t error;
    if (!find_frame(v, where, access, &f, &error))
        return vcpu_raise_pf(v, where, error);
    *out = gpa(gfn_to_gpa(f).v + (where.v & PAGE_MASK));
    return true;
}

/* ---- Moving bytes -------------------------------------------------------- */

/* The sizes that instructions move, without a call; a freestanding compiler needs telling. */
static inline void copy(void *to, const void *from, unsigned len)
{
    switch (len) {
    case 1:
        __builtin_memcpy(to, from, 1);
        break;
    case 2:
        __builtin_memcpy(to, from, 2);
        break;
    case 4:
        __builtin_memcpy(to, from, 4);
        break;
    case 8:
        __builtin_memcpy(to, from, 8);
        break;
    default:
        memcpy(to, from, len);
    }
}

/* The largest naturally aligned piece of [where, where+len) that a device is asked for. */
static uint8_t mmio_size(gpa_t where, unsigned len)
{
    if (len >= 4 && !(where.v & 3))
        return 4;
    return len >= 2 && !(where.v & 1) ? 2 : 1;
}

/* A device's memory may raise or lower its interrupt line, as its ports may. */
static void access_board(struct vm *vm, struct io_access *io)
{
    board_access(vm, io, vclock_ns(vm));
    timer_update_event(vm);
}

static void mmio_read(struct vm *vm, gpa_t where, uint8_t *buf, unsigned len)
{
    vm->trapping++;
    while (len) {
        struct io_access io = {.mmio = true, .size = mmio_size(where, len), .address = where.v};
        access_board(vm, &io);
        memcpy(buf, &io.value, io.size);
        where.v += io.size;
        buf += io.size;
        len -= io.size;
    }
}

static void mmio_write(struct vm *vm, gpa_t where, const uint8_t *buf, unsigned len)
{
    vm->trapping++;
    while (len) {
        struct io_access io = {
            .mmio = true, .write = true, .size = mmio_size(where, len), .address = where.v};
        memcpy(&io.value, buf, io.size);
        access_board(vm, &io);
        where.v += io.size;
        buf += io.size;
        len -= io.size;
    }
}

static inline void load(struct vm *vm, gpa_t where, void *buf, unsigned len)
{
    const void *ram = guest_page(vm, where, len);
    if (ram)
        copy(buf, ram, len);
    else
        mmio_read(vm, where, buf, len);
}

/* Bytes of a traced frame changed. The translator gives up its trace by itself when it
 * drops its last block there; shadow entries of the frame may then be writable again. */
static void tell_clients(struct vm *vm, gpa_t where, unsigned len, unsigned clients)
{
    gfn_t f = gpa_to_gfn(where);
    unsigned first = where.v & PAGE_MASK;
    vm->trapping++;
    if ((clients & TRACE_PAGETABLE) && vm->shadow)
        shadow_wrote(vm, where, len);
    if ((clients & TRACE_CODE) && vm->bt)
        bt_wrote(vm, f, first, first + len - 1);
    if (!trace_clients(vm, f) && vm->shadow)
        shadow_trace_changed(vm, f);
}

/* [where, where+len) lies in one page. */
static inline void store(struct vm *vm, gpa_t where, const void *buf, unsigned len)
{
    void *ram = guest_page(vm, where, len);
    if (!ram) {
        mmio_write(vm, where, buf, len);
        return;
    }
    unsigned clients = trace_clients(vm, gpa_to_gfn(where));
    copy(ram, buf, len);
    if (clients)
        tell_clients(vm, where, len, clients);
}

/* ---- Accesses ------------------------------------------------------------ */

/* An access as at most two pieces, each in one page; part[1] is 0 if it crosses none. */
struct span {
    gpa_t at[2];
    unsigned part[2];
};

static bool resolve(struct vcpu *v, gva_t where, unsigned len, unsigned access, struct span *s)
{
    unsigned left = PAGE_SIZE - (where.v & PAGE_MASK);
    if (len > PAGE_SIZE)
        panic("a guest access of %u bytes at %x", len, where.v);
    s->part[0] = len < left ? len : left;
    s->part[1] = len - s->part[0];
    if (!vmem_translate(v, where, access, &s->at[0]))
        return false;
    return !s->part[1] || vmem_translate(v, gva(where.v + left), access, &s->at[1]);
}

static __attribute__((noinline)) bool read_slowly(struct vcpu *v, gva_t where, void *buf,
                                                  unsigned len, unsigned access)
{
    struct span s;
    if (!resolve(v, where, len, access, &s))
        return false;
    load(v->vm, s.at[0], buf, s.part[0]);
    if (s.part[1])
        load(v->vm, s.at[1], (uint8_t *)buf + s.part[0], s.part[1]);
    if (v->armed & ARMED_DATA)
        debugreg_data(v, where.v, len, false);
    return true;
}

bool vmem_read(struct vcpu *v, gva_t where, void *buf, unsigned len, unsigned access)
{
    const void *ram = vmem_hit(v, where, len, access);
    if (!ram)
        return read_slowly(v, where, buf, len, access);
    copy(buf, ram, len);
    return true;
}

static __attribute__((noinline)) bool write_slowly(struct vcpu *v, gva_t where, const void *buf,
                                                   unsigned len, unsigned access)
{
    struct span s;
    if (!resolve(v, where, len, access, &s))
        return false;
    store(v->vm, s.at[0], buf, s.part[0]);
    if (s.part[1])
        store(v->vm, s.at[1], (const uint8_t *)buf + s.part[0], s.part[1]);
    if (v->armed & ARMED_DATA)
        debugreg_data(v, where.v, len, true);
    return true;
}

bool vmem_write(struct vcpu *v, gva_t where, const void *buf, unsigned len, unsigned access)
{
    void *ram = vmem_hit_write(v, where, len, access);
    if (!ram)
        return write_slowly(v, where, buf, len, access | PF_W);
    copy(ram, buf, len);
    return true;
}

bool vmem_probe(struct vcpu *v, gva_t where, unsigned len, unsigned access)
{
    struct span s;
    return resolve(v, where, len, access, &s);
}

bool vmem_fetch(struct vcpu *v, gva_t where, uint8_t *buf, unsigned len, unsigned *got)
{
    unsigned left = PAGE_SIZE - (where.v & PAGE_MASK);
    unsigned access = v->cpl == 3 ? PF_I | PF_U : PF_I;
    gfn_t f;
    gpa_t at;
    uint32_t error;
    const void *ram = vmem_hit(v, where, len, access);
    if (ram) {
        copy(buf, ram, len);
        *got = len;
        return true;
    }
    if (!vmem_translate(v, where, access, &at))
        return false;
    *got = len < left ? len : left;
    load(v->vm, at, buf, *got);
    gva_t next = gva(where.v + left);
    if (*got < len && find_frame(v, next, access, &f, &error)) {
        load(v->vm, gfn_to_gpa(f), buf + left, len - left);
        *got = len;
    }
    return true;
}

/* All of [where, where+len) is RAM. */
static bool all_ram(const struct vm *vm, gpa_t where, size_t len)
{
    if (where.v > vm->ram.size || len > vm->ram.size - where.v)
        return false;
    for (uint64_t at = where.v & ~(uint64_t)PAGE_MASK; at < where.v + len; at += PAGE_SIZE) {
        if (!guest_frame(vm, gpa_to_gfn(gpa(at))).v)
            return false;
    }
    return true;
}

bool vmem_write_physical(struct vm *vm, gpa_t where, const void *buf, size_t len)
{
    const uint8_t *from = buf;
    if (!all_ram(vm, where, len))
        return false;
    while (len) {
        size_t left = PAGE_SIZE - (where.v & PAGE_MASK);
        size_t n = len < left ? len : left;
        store(vm, where, from, (unsigned)n);
        where.v += n;
        from += n;
        len -= n;
    }
    return true;
}

void vmem_wrote_physical(struct vm *vm, gpa_t where, unsigned len)
{
    unsigned clients = trace_clients(vm, gpa_to_gfn(where));
    if (clients)
        tell_clients(vm, where, len, clients);
}

/* ---- Maintenance --------------------------------------------------------- */

void vmem_faulted(struct vcpu *v, gva_t where)
{
    tlb_drop(v, where);
}

void vmem_forget(struct vcpu *v)
{
    for (unsigned i = 0; i < SOFT_TLB_SIZE; i++)
        v->tlb[i].tag = ~0u;
}

/* Where large pages were used everything is forgotten: kernels hardly ever change those. */
static void forget_page(struct vcpu *v, gva_t where)
{
    uint32_t *used = &v->large_used[where.v >> 27], bit = 1u << (where.v >> 22 & 31);
    bool large = *used & bit;
    *used &= ~bit;
    if (large)
        vmem_forget(v);
    else
        tlb_drop(v, where);
    if (v->vm->bt && large)
        bt_flush_space(v, true);
    else if (v->vm->bt)
        bt_flush_linear(v, gva(where.v & ~PAGE_MASK));
}

void vmem_invlpg(struct vcpu *v, gva_t where)
{
    if (v->vm->shadow)
        shadow_invlpg(v, where);
    forget_page(v, where);
}

void vmem_flush_pages(struct vcpu *v, gva_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        forget_page(v, gva(first.v + i * PAGE_SIZE));
}

void vmem_flush(struct vcpu *v, bool global_too)
{
    vmem_forget(v);
    if (global_too)
        memset(v->large_used, 0, sizeof v->large_used);
    if (v->vm->shadow)
        shadow_switch(v, global_too);
    if (v->vm->bt)
        bt_flush_space(v, global_too);
}
