/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two machines with the same pages and segments: the real CPU and the interpreter's guest. How they
 * are built and filled, how the guest starts from a state and what state it ends in. Included by
 * one file of a test program. Read real_insn.h next.
 */
#ifndef RING1_REAL_TWIN_H
#define RING1_REAL_TWIN_H

#include "tests/unit/real_segment.h"

/* ---- Building ------------------------------------------------------------------- */

static inline int build_machines(void **state)
{
    (void)state;
    vm = fake_vm(4u << 20);
    struct vcpu *v = vm->vcpu;
    assert_true(trace_create(vm));
    assert_true(interp_create(vm));
    paging(v, PD);
    v->cr0 |= CR0_AM;
    fill_tables(v);
    poke(vm, PD, PT | PTE_P | PTE_W | PTE_U);
    for (uint32_t n = 0; n <= HANDLERS; n += PAGE_SIZE)
        poke(vm, PT + n / PAGE_SIZE * 4, n | PTE_P | PTE_W);
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++) {
        const struct page *p = &pages[n];
        assert_ptr_equal(mmap(native(p->where), 4096, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
                         native(p->where));
        memset(native(p->where), 0xcc, 4096);
        guest_memory[n] = guest_page(vm, gpa(p->where), 4096);
        memset(guest_memory[n], 0xcc, 4096);
        assert_int_equal(mprotect(native(p->where), 4096, p->prot), 0);
        poke(vm, PT + p->where / 4096 * 4,
             p->where | PTE_P | PTE_U | (p->prot & PROT_WRITE ? PTE_W : 0u));
    }
    return 0;
}

/* What nobody writes to is as on the real CPU. */
static inline void copy_readonly(void)
{
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        if (n == 0 || !(pages[n].prot & PROT_WRITE))
            memcpy(guest_memory[n], native(pages[n].where), 4096);
}

/* Fresh bytes for all other pages, the same on both sides. */
static inline void refill_memory(void)
{
    copy_readonly();
    for (size_t n = 1; n < ARRAY_SIZE(pages); n++) {
        const uint8_t *from = pattern + rnd_below(1024) * 4;
        if (!(pages[n].prot & PROT_WRITE))
            continue;
        memcpy(native(pages[n].where), from, 4096);
        memcpy(guest_memory[n], from, 4096);
    }
}

static inline void make_pattern(void)
{
    static const uint8_t often[4] = {0, 1, 0xff, 0x80};
    for (size_t n = 0; n < sizeof pattern; n++)
        pattern[n] = n & 256 ? often[rnd_below(4)] : (uint8_t)rnd();
}

/* ---- Run and compare ------------------------------------------------------------ */

static inline bool same_memory(void)
{
    bool same = true;
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        same &= memcmp(native(pages[n].where), guest_memory[n], 4096) == 0;
    return same;
}

static inline unsigned long from_environment(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 0) : otherwise;
}

/* ---- The interpreter's side of a run -------------------------------------------- */

static inline void start_at(struct vcpu *v, const struct real_state *in)
{
    memcpy(v->gpr, in->gpr, sizeof v->gpr);
    for (unsigned r = 0; r < S_COUNT; r++)
        v->seg[r] = segment_of(in->sel[r]);
    v->cpl = 3;
    v->eip = in->eip;
    v->eflags = in->eflags | FL_ONE;
    v->vif = 1;
    v->inhibit = 0;
    v->dr[6] = 0;
    memset(&v->exc, 0, sizeof v->exc);
}

/* The handler of a software interrupt was entered: the state is that of its frame. */
static inline void end_in_handler(const struct vcpu *v, struct real_state *out)
{
    uint32_t at = v->gpr[R_ESP];
    assert_int_equal(at, KERNEL_STACK - 20);
    out->vector = (int)(v->eip - HANDLERS) / 16;
    out->eip = peek(vm, at);
    out->sel[S_CS] = (uint16_t)peek(vm, at + 4);
    out->eflags = peek(vm, at + 8);
    out->gpr[R_ESP] = peek(vm, at + 12);
    out->sel[S_SS] = (uint16_t)peek(vm, at + 16);
}

/* Without an exception the real CPU came to the INT3 behind the instruction, and is behind that. */
static inline void end_state(const struct vcpu *v, struct real_state *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->gpr, v->gpr, sizeof out->gpr);
    for (unsigned r = 0; r < S_COUNT; r++)
        out->sel[r] = v->seg[r].sel;
    out->eip = v->eip + !v->exc.valid;
    out->eflags = vcpu_eflags(v);
    out->vector = v->exc.valid ? v->exc.vector : VEC_BP;
    out->error = v->exc.error;
    out->cr2 = v->exc.cr2;
    if (v->cpl == 0)
        end_in_handler(v, out);
}

#endif
