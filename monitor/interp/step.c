/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One instruction: fetched, decoded, dispatched, and what surrounds it: RF, the STI and
 * MOV SS shadow, the single-step trap. Decoded instructions are kept by linear address and
 * used again after a compare of their bytes, which makes the cache right whatever the guest does
 * to its code or its page tables; decoding costs many times the compare. A run of
 * instructions with fast handlers goes without most of the rest.
 */
#include "monitor/debugreg.h"
#include "monitor/interp/interp.h"
#include "monitor/interp/operand.h"
#include "monitor/interp/ops.h"
#include "monitor/interp/slot.h"
#include "monitor/mem.h"
#include "monitor/pool.h"
#include "monitor/vm.h"
#include "monitor/vmem.h"

#define SLOT_BITS 13
#define SLOTS     (1u << SLOT_BITS)

struct interp {
    struct slot slot[SLOTS];
};

bool interp_create(struct vm *vm)
{
    vm->interp = pool_alloc(vm->pool, sizeof *vm->interp);
    for (unsigned n = 0; vm->interp && n < SLOTS; n++)
        vm->interp->slot[n].key = SLOT_EMPTY;
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
    s->key = SLOT_EMPTY;
    if (!fetch_and_decode(v, linear, code32, &s->insn))
        return false;
    s->run = choose_handler(&s->insn);
    slot_prepare(s);
    s->key = slot_key(linear, code32);
    return true;
}

/* Eight bytes of code are at P, and all that the instruction has more. */
static inline bool same_bytes(const struct slot *s, const uint8_t *p)
{
    uint64_t bytes;
    __builtin_memcpy(&bytes, p, 8);
    if ((bytes ^ s->bytes) & s->keep)
        return false;
    return s->len <= 8 || memcmp(s->insn.bytes + 8, p + 8, s->len - 8u) == 0;
}

/*
 * Is the instruction in S still the one at LINEAR? *VALID answers; false: the fetch faults. One
 * that crosses a page or the segment's end is decoded anew each time.
 */
static bool verify_slot(struct vcpu *v, const struct slot *s, uint32_t linear, bool *valid)
{
    uint8_t buf[16] = {0};
    unsigned got;
    *valid = false;
    if ((linear & PAGE_MASK) + s->len > PAGE_SIZE || bytes_in_segment(v) < s->len)
        return true;
    if (!vmem_fetch(v, gva(linear), buf, s->len, &got))
        return false;
    *valid = same_bytes(s, buf);
    return true;
}

/* The decoded instruction at CS:EIP, in SCRATCH if there is no cache; NULL: v->exc is set. */
static const struct slot *find_instruction(struct vcpu *v, struct slot *scratch)
{
    uint32_t linear = vcpu_next(v);
    bool code32 = v->seg[S_CS].attr & SA_DB, valid = false;
    struct interp *cache = v->vm->interp;
    struct slot *s = cache ? &cache->slot[slot_index(linear)] : scratch;
    if (cache && s->key == slot_key(linear, code32) && !verify_slot(v, s, linear, &valid))
        return NULL;
    return valid || fill_slot(v, linear, code32, s) ? s : NULL;
}

/* ---- Execution --------------------------------------------------------------- */

/* At CPL 3 with AC set each access must be looked at for alignment. */
static bool fast_allowed(const struct vcpu *v)
{
    return v->cpl != 3 || !(v->eflags & FL_AC);
}

static bool execute(struct vcpu *v, const struct slot *s)
{
    if (s->fast && fast_allowed(v) && s->fast(v, s))
        return true;
    return s->run(v, &s->insn);
}

/* The handler failed: eip goes back, unless the exception is a trap or another task's. A VM that
 * has just been killed may have no exception. */
static enum interp_result give_up(struct vcpu *v, uint32_t start)
{
    if (!v->exc.valid || !(v->exc.is_trap || v->exc.new_task))
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
        return v->inhibit == INHIBIT_SS;
    default:
        return false;
    }
}

/* A debug trap wakes from HLT too (SDM 3B 17.3.1.4, SDM 2 HLT). WHY: bits of DR6. */
static enum interp_result raise_trap(struct vcpu *v, uint32_t why)
{
    v->halted = false;
    v->met = 0;
    v->dr[6] = (v->dr[6] & ~(uint32_t)DR6_MET) | why;
    vcpu_raise(v, VEC_DB);
    v->exc.is_trap = true;
    return INTERP_EXCEPTION;
}

/* Breakpoints on the instruction come before everything else of it, its fetch included; RF and a
 * load of SS before it hold them off. */
static bool at_breakpoint(struct vcpu *v)
{
    if (!(v->armed & ARMED_CODE) || (v->eflags & FL_RF) || v->inhibit == INHIBIT_SS)
        return false;
    uint32_t met = debugreg_code(v, vcpu_next(v));
    if (!met)
        return false;
    v->dr[6] = (v->dr[6] & ~(uint32_t)DR6_MET) | met;
    return !vcpu_raise(v, VEC_DB);
}

/* A string instruction that is not done yet keeps RF. */
static bool repeats(const struct vcpu *v, const struct slot *s, uint32_t start)
{
    return v->eip == start && (s->insn.flags & INSN_STRING);
}

/*
 * With TF, RF, a breakpoint or an interrupt shadow set. RF and the shadow end with this
 * instruction, unless it faults; it may set them again itself (IRET; STI, MOV SS). TF is a task's
 * own: a switch of tasks is not stepped.
 */
static enum interp_result step_special(struct vcpu *v, const struct slot *s)
{
    uint32_t start = v->eip, before = v->eflags;
    uint16_t task = v->tr.sel;
    uint8_t inhibit = v->inhibit;
    if (inhibit != INHIBIT_SS) /* what a load of SS has met is still to be told */
        v->met = 0;
    v->eflags &= ~(uint32_t)FL_RF;
    v->inhibit = 0;
    v->eip = start + s->len;
    if (!execute(v, s)) {
        enum interp_result r = give_up(v, start);
        v->met = 0;
        if (!v->exc.is_trap && !v->exc.new_task) {
            v->eflags |= before & FL_RF;
            v->inhibit = v->exc.valid ? inhibit : 0; /* what it waits for may come */
        }
        return r;
    }
    if (repeats(v, s, start))
        v->eflags |= before & FL_RF;
    bool switched = v->tr.sel != task && s->insn.op != OP_LTR;
    bool steps = (before & FL_TF) && !switched && !steps_silently(v, &s->insn);
    if (steps || (v->met && v->inhibit != INHIBIT_SS))
        return raise_trap(v, v->met | (steps ? DR6_BS : 0u));
    return INTERP_OK;
}

static bool special(const struct vcpu *v)
{
    return (v->eflags & (FL_TF | FL_RF)) || v->inhibit || v->armed;
}

static inline enum interp_result step_found(struct vcpu *v, const struct slot *s)
{
    if (special(v))
        return step_special(v, s);
    uint32_t start = v->eip;
    v->eip = start + s->len;
    return execute(v, s) ? INTERP_OK : give_up(v, start);
}

enum interp_result interp_step(struct vcpu *v)
{
    struct slot scratch;
    const struct slot *s = at_breakpoint(v) ? NULL : find_instruction(v, &scratch);
    return s ? step_found(v, s) : INTERP_EXCEPTION;
}

enum interp_result interp_step_watched(struct vcpu *v,
                                       void (*before)(void *with, const struct insn *i), void *with,
                                       const struct insn **done)
{
    const struct slot *s = at_breakpoint(v) ? NULL : find_instruction(v, NULL);
    *done = s ? &s->insn : NULL;
    if (!s)
        return INTERP_EXCEPTION;
    before(with, &s->insn);
    return step_found(v, s);
}

/* ---- Runs -------------------------------------------------------------------- */

/* The page that a run is in, and what else the next instructions have in common. Fast handlers
 * change none of it. */
struct window {
    const struct slot *slots;
    const uint8_t *page;  /* RAM of the page ... */
    uint32_t page_linear; /* ... at this address */
    uint32_t base;        /* of CS */
    uint32_t reach;       /* below it at least INSN_MAX bytes are left in CS */
    bool code32;
};

/* To the page of LINEAR, if it is known and has eight bytes left there. */
static __attribute__((noinline)) bool window_move(const struct vcpu *v, struct window *w,
                                                  uint32_t linear)
{
    uint32_t page = linear & ~PAGE_MASK;
    const uint8_t *ram = vmem_hit(v, gva(page), PAGE_SIZE, access_rights(v) | PF_I);
    if (!ram || linear - page > PAGE_SIZE - 8)
        return false;
    w->page = ram;
    w->page_linear = page;
    return true;
}

static bool window_open(const struct vcpu *v, struct window *w)
{
    const struct segment *cs = &v->seg[S_CS];
    if (!v->vm->interp || special(v) || !fast_allowed(v))
        return false;
    w->slots = v->vm->interp->slot;
    w->base = cs->base;
    w->reach = cs->limit < INSN_MAX ? 0 : cs->limit - INSN_MAX + 1;
    w->code32 = cs->attr & SA_DB;
    return window_move(v, w, cs->base + v->eip);
}

/* The instruction at CS:EIP, if it is in the cache and in the window; else NULL. */
static inline const struct slot *window_find(const struct vcpu *v, struct window *w)
{
    uint32_t linear = w->base + v->eip;
    const struct slot *s = &w->slots[slot_index(linear)];
    if (s->key != slot_key(linear, w->code32) || v->eip >= w->reach)
        return NULL;
    uint32_t offset = linear - w->page_linear;
    if (offset > PAGE_SIZE - 8 && !window_move(v, w, linear))
        return NULL;
    offset = linear - w->page_linear;
    if (offset + s->len > PAGE_SIZE || !same_bytes(s, w->page + offset))
        return NULL;
    return s;
}

unsigned interp_run(struct vcpu *v, unsigned most)
{
    struct window w;
    bool open = window_open(v, &w);
    for (unsigned n = 1;; n++) {
        const struct slot *s = open ? window_find(v, &w) : NULL;
        if (!s) {
            interp_step(v);
            return n;
        }
        uint32_t start = v->eip;
        v->eip = start + s->len;
        if (!s->fast || !s->fast(v, s)) {
            if (!s->run(v, &s->insn))
                give_up(v, start);
            return n;
        }
        if (n >= most)
            return n;
    }
}
