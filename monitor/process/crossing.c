/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See crossing.h. What follows a commit is done here once more from its beginning: nothing that it
 * reads has changed. R15 is the vcpu throughout.
 */
#include "monitor/process/crossing.h"

#include "monitor/vcpu.h"

static bool between(uint64_t rip, const uint8_t *first, const uint8_t *end)
{
    return rip >= (uint64_t)first && rip < (uint64_t)end;
}

bool crossing_at(uint64_t rip)
{
    return between(rip, gate_call, gate_call_end) || between(rip, gate_return, gate_return_end);
}

/* GS and what is noted of it may differ just now. */
static void finish(struct vcpu *v, struct tc_frame *f, unsigned cpl)
{
    process_cpu.gs = PROCESS_GS_UNKNOWN;
    v->cpl = (uint8_t)cpl;
    f->rsp = v->direct.calls;
    *(uint64_t *)f->rsp = v->direct.empty[cpl == 3];
}

static void finish_call(struct vcpu *v, struct tc_frame *f)
{
    f->r14 = (uint32_t)f->r13;
    f->r8 = v->direct.eip;
    f->rflags = f->r11;
    f->rip = v->direct.lookup;
    v->seg[S_CS] = v->direct.kernel_cs;
    v->seg[S_SS] = v->direct.kernel_ss;
    v->vif = (uint8_t)v->direct.vif;
    finish(v, f, 0);
}

static void finish_return(struct vcpu *v, struct tc_frame *f)
{
    f->r8 = process_cpu.gate_eip;
    f->r14 = process_cpu.gate_esp;
    f->rflags = f->r13;
    f->rip = v->direct.user_lookup;
    v->seg[S_CS] = v->direct.user_cs;
    v->seg[S_SS] = v->direct.user_ss;
    v->vif = 1;
    finish(v, f, 3);
}

uint64_t crossing_slow(const struct tc_frame *f)
{
    const struct vcpu *v = (const struct vcpu *)f->r15;
    return between(f->rip, gate_call, gate_call_end) ? v->direct.user_slow : v->direct.slow;
}

/* At the slow way's jump nothing has been committed either. */
void crossing_stop(struct tc_frame *f)
{
    struct vcpu *v = (struct vcpu *)f->r15;
    if (f->rip == (uint64_t)gate_call_done)
        f->rip = v->direct.lookup;
    else if (f->rip == (uint64_t)gate_return_done)
        f->rip = v->direct.user_lookup;
    else if (between(f->rip, gate_call_commit, gate_call_done))
        finish_call(v, f);
    else if (between(f->rip, gate_return_commit, gate_return_done))
        finish_return(v, f);
    else
        f->rip = crossing_slow(f);
}
