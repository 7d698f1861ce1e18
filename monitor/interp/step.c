/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One instruction: fetched, decoded, dispatched, and what surrounds it: RF, the STI and
 * MOV SS shadow, the single-step trap. Decoded instructions are kept by linear address and
 * used again after a compare of their bytes, which makes the cache right whatever the guest does
 * to its code or its page tables; decoding costs many times the compare.
 */
#include "monitor/interp/interp.h"
#include "monitor/interp/ops.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

#define SLOT_BITS 13
#define SLOTS     (1u << SLOT_BITS)

struct slot {
    struct insn insn;
    interp_fn *run; /* NULL: empty */
    uint32_t linear;
    bool code32;
};

struct interp {
    struct slot slot[SLOTS];
};

bool interp_create(struct vm *vm)
{
    vm->interp = pool_alloc(vm->pool, sizeof *vm->interp);
    return vm->interp != NULL;
}

/* ---- Fetch and decode -------------------------------------------------------- */

/* Multiplicative: instructions lie close together, and each starts at its own byte. */
static unsigned slot_index(uint32_t linear)
{
    return linear * 0x9e3779b1u >> (32 - SLOT_BITS);
}

/* The checks that only some instructions need, out of the way of the others. */
static bool run_checked(struct vcpu *v, const struct insn *i)
{
    const struct interp_op *op = interp_op(i->op);
    if (i->flags & INSN_BAD_LOCK)
        return vcpu_raise(v, VEC_UD);
    if (op->need == NEED_PROTECTED && !vcpu_protected(v))
        return vcpu_raise(v, VEC_UD);
    if ((i->flags & INSN_PRIVILEGED) && v->cpl != 0)
        return vcpu_raise_error(v, VEC_GP, 0);
    return op->run(v, i);
}

static interp_fn *choose_handler(const struct insn *i)
{
    const struct interp_op *op = interp_op(i->op);
    bool plain = op->need == NEED_NOTHING && !(i->flags & (INSN_BAD_LOCK | INSN_PRIVILEGED));
    return plain ? op->run : run_checked;
}

/* Bytes that the code segment still has at eip, at most INSN_MAX; 0: none. */
static unsigned bytes_in_segment(const struct vcpu *v)
{
    uint32_t limit = v->seg[S_CS].limit;
    if (v->eip > limit)
        return 0;
    return limit - v->eip >= INSN_MAX ? INSN_MAX : limit - v->eip + 1;
}

/* The second page is read only if the instruction needs it: it may not be there. */
static bool fetch_and_decode(struct vcpu *v, uint32_t linear, bool code32, struct insn *i)
{
    uint8_t buf[INSN_MAX + 1];
    unsigned got, most = bytes_in_segment(v), left = PAGE_SIZE - (linear & PAGE_MASK);
    unsigned first = most < left ? most : left;
    if (!most)
        return vcpu_raise_error(v, VEC_GP, 0);
    if (!vmem_fetch(v, gva(linear), buf, first, &got))
        return false;
    enum decode_result r = insn_decode(buf, first, code32, i);
    if (r == DECODE_SHORT && first < most) {
        if (!vmem_fetch(v, gva(linear + first), buf + first, most - first, &got))
            return false;
        r = insn_decode(buf, most, code32, i);
    }
    return r == DECODE_OK ? true : vcpu_raise_error(v, VEC_GP, 0);
}

static bool fill_slot(struct vcpu *v, uint32_t linear, bool code32, struct slot *s)
{
    s->run = NULL;
    if (!fetch_and_decode(v, linear, code32, &s->insn))
        return false;
    s->run = choose_handler(&s->insn);
    s->linear = linear;
    s->code32 = code32;
    return true;
}

/* The first eight and the other seven bytes as numbers; what is behind len is 0. */
static bool same_bytes(const struct insn *i, const uint8_t buf[16])
{
    uint64_t a, b, keep = ~0ull >> (i->len >= 8 ? 0 : 64 - 8 * i->len);
    memcpy(&a, i->bytes, 8);
    memcpy(&b, buf, 8);
    if ((a ^ b) & keep)
        return false;
    return i->len <= 8 || memcmp(i->bytes + 8, buf + 8, i->len - 8u) == 0;
}

/*
 * Is the instruction in S still the one at LINEAR? *VALID answers; false: the fetch faults. One
 * that crosses a page or the segment's end is decoded anew each time. Eight bytes are
 * fetched where they suffice, because vmem copies these without a call.
 */
static bool verify_slot(struct vcpu *v, const struct slot *s, uint32_t linear, bool *valid)
{
    uint8_t buf[16];
    unsigned got, want = s->insn.len <= 8 ? 8 : s->insn.len;
    *valid = false;
    if ((linear & PAGE_MASK) > PAGE_SIZE - want || bytes_in_segment(v) < s->insn.len)
        return true;
    if (!vmem_fetch(v, gva(linear), buf, want, &got))
        return false;
    *valid = same_bytes(&s->insn, buf);
    return true;
}

/* The decoded instruction at CS:EIP, in SCRATCH if there is no cache; NULL: v->exc is set. */
static const struct slot *find_instruction(struct vcpu *v, struct slot *scratch)
{
    uint32_t linear = v->seg[S_CS].base + v->eip;
    bool code32 = v->seg[S_CS].attr & SA_DB, valid = false;
    struct interp *cache = v->vm->interp;
    struct slot *s = cache ? &cache->slot[slot_index(linear)] : scratch;
    if (cache && s->run && s->linear == linear && s->code32 == code32 &&
        !verify_slot(v, s, linear, &valid))
        return NULL;
    return valid || fill_slot(v, linear, code32, s) ? s : NULL;
}

/* ---- Execution --------------------------------------------------------------- */

/* The handler failed: eip goes back, unless the exception is a trap. A VM that has just been
 * killed may have no exception. */
static enum interp_result give_up(struct vcpu *v, uint32_t start)
{
    if (!v->exc.valid || !v->exc.is_trap)
        v->eip = start;
    return v->exc.valid ? INTERP_EXCEPTION : INTERP_OK;
}

/* A software interrupt that was delivered has cleared TF; a load of SS holds the trap off. */
static bool steps_silently(const struct vcpu *v, const struct insn *i)
{
    switch (i->op) {
    case OP_INT:
    case OP_INT3:
    case OP_INTO:
        return !(v->eflags & FL_TF);
    case OP_MOV_TO_SREG:
    case OP_POP_SREG:
        return v->inhibit;
    default:
        return false;
    }
}

/* A single-step trap wakes from HLT too (SDM 3B 17.3.1.4, SDM 2 HLT). */
static enum interp_result raise_step_trap(struct vcpu *v)
{
    v->halted = false;
    v->dr[6] |= DR6_BS;
    vcpu_raise(v, VEC_DB);
    v->exc.is_trap = true;
    return INTERP_EXCEPTION;
}

/*
 * With TF, RF or an interrupt shadow set. RF and the shadow end with this instruction, unless it
 * faults; it may set them again itself (IRET; STI, MOV SS).
 */
static enum interp_result step_special(struct vcpu *v, const struct slot *s)
{
    uint32_t start = v->eip, before = v->eflags;
    uint8_t inhibit = v->inhibit;
    v->eflags &= ~(uint32_t)FL_RF;
    v->inhibit = 0;
    v->eip = start + s->insn.len;
    if (!s->run(v, &s->insn)) {
        enum interp_result r = give_up(v, start);
        if (!v->exc.is_trap) {
            v->eflags |= before & FL_RF;
            v->inhibit = inhibit;
        }
        return r;
    }
    if ((before & FL_TF) && !steps_silently(v, &s->insn))
        return raise_step_trap(v);
    return INTERP_OK;
}

enum interp_result interp_step(struct vcpu *v)
{
    struct slot scratch;
    const struct slot *s = find_instruction(v, &scratch);
    if (!s)
        return INTERP_EXCEPTION;
    if ((v->eflags & (FL_TF | FL_RF)) || v->inhibit)
        return step_special(v, s);
    uint32_t start = v->eip;
    v->eip = start + s->insn.len;
    return s->run(v, &s->insn) ? INTERP_OK : give_up(v, start);
}
