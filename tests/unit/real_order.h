/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The order in which an instruction of several accesses meets its faults is the CPU's (SDM 3A 6.9,
 * "faults on executing an instruction"). Where the real CPU reports another fault than the
 * interpreter does, the latter must find that one, too, once it skips a check of other kinds: of
 * the code segment's, stack's or other limits, of pages, of alignment. What was pushed before the
 * fault may be there or not. Included by one file of a test program.
 */
#ifndef RING1_REAL_ORDER_H
#define RING1_REAL_ORDER_H

#include "tests/unit/real_run.h"

enum { PUSHED_MOST = 32 * 4 }; /* by ENTER */

/* ---- Which instructions ------------------------------------------------------------- */

static inline bool accesses_twice(const struct insn *i)
{
    switch (i->op) {
    case OP_CMPS:
    case OP_MOVS:
    case OP_BOUND:
    case OP_PUSHA:
    case OP_POPA:
    case OP_ENTER:
    case OP_CALL:
    case OP_CALL_IND:
    case OP_CALL_FAR:
    case OP_CALL_FAR_IND:
    case OP_RET_FAR:
    case OP_IRET:
        return true;
    case OP_PUSH:
    case OP_POP:
        return i->opd[0].kind == OPD_MEM;
    default:
        return false;
    }
}

/* With half of what the manual says. */
static inline bool moves_half(const struct insn *i)
{
    bool pops = i->op == OP_POP_SREG || i->op == OP_RET_FAR || i->op == OP_IRET;
    return i->opsize == 4 && ((pops && host.pop16) || (i->op == OP_PUSH_SREG && host.push16));
}

/* ---- Memory --------------------------------------------------------------------------- */

static uint8_t guest_before[ARRAY_SIZE(pages)][4096];

static inline void save_guest(void)
{
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        memcpy(guest_before[n], guest_memory[n], 4096);
}

static inline void restore_guest(void)
{
    for (size_t n = 0; n < ARRAY_SIZE(pages); n++)
        memcpy(guest_memory[n], guest_before[n], 4096);
}

/* The bytes below the top of the stack become those of the real CPU. A push of four may go over the
 * end of 64 KiB, though ESP wraps there. */
static inline void forget_pushes(const struct test_case *c)
{
    for (uint32_t n = 4; n < 4 * PUSHED_MOST + 4; n++) {
        uint32_t where = stack_linear(c, c->in.gpr[R_ESP] - n / 4) + n % 4;
        if (n / 4 > n % 4 && is_writable(where))
            *guest_byte(where) = *(uint8_t *)native(where);
    }
}

/* ---- Another run ---------------------------------------------------------------------- */

/* Another of several pages: it is absent, or read-only and written to. */
static inline void choose_page(struct real_state *soft, const struct real_state *hard)
{
    uint32_t present = is_mapped(hard->cr2) ? PF_P : 0;
    if (soft->vector != VEC_PF || hard->vector != VEC_PF || soft->cr2 == hard->cr2 ||
        is_writable(hard->cr2))
        return;
    soft->cr2 = hard->cr2;
    soft->error = PF_U | present | (present ? PF_W : hard->error & PF_W);
}

static inline bool agrees_relaxed(const struct test_case *c, unsigned relaxed, uint16_t pushed_over,
                                  const struct real_state *hard)
{
    struct test_case other = *c;
    struct real_state copy = *hard, soft;
    other.relaxed = relaxed;
    restore_guest();
    run_and_choose(&other, pushed_over, &soft);
    if (is_fault(hard))
        forget_pushes(c);
    copy_readonly();
    choose_page(&soft, hard);
    return compare(c, &copy, &soft) && same_memory();
}

/* Is HARD what comes of C if some of its checks are made later? Also where the host does not make
 * them at all, or makes one more (real_probe.h). */
static inline bool order_explains(const struct test_case *c, uint16_t pushed_over,
                                  const struct real_state *hard)
{
    bool twice = accesses_twice(&c->insn) && is_fault(hard);
    bool half = moves_half(&c->insn);
    unsigned wrap = choice_of_wrap(c) ? NO_WRAP : 0;
    if (wrap && is_fault(hard) && agrees_relaxed(c, NO_WRAP, pushed_over, hard))
        return true;
    for (unsigned relaxed = 0; relaxed <= FREE_ALL && (twice || half); relaxed++)
        if (agrees_relaxed(c, relaxed, pushed_over, hard) ||
            (wrap && agrees_relaxed(c, relaxed | wrap, pushed_over, hard)))
            return true;
    return false;
}

/* ---- A case ----------------------------------------------------------------------------- */

static inline void report(const struct test_case *c, unsigned number, const struct real_state *hard,
                          const struct real_state *soft, bool memory)
{
    print_case(c, number);
    print_state("start", &c->in);
    print_state("real ", hard);
    print_state("ours ", soft);
    print_segments(&c->in);
    fprintf(stderr, "    memory %s\n", memory ? "equal" : "differs");
}

/* Ours first: a far transfer to 64-bit code is not for the real CPU. */
static inline bool try_case(const struct test_case *c, unsigned number)
{
    struct real_state hard = c->in, soft;
    uint16_t pushed_over = word_at(stack_linear(c, c->in.gpr[R_ESP] - 4) + 2);
    put_code(c);
    save_guest();
    run_and_choose(c, pushed_over, &soft);
    if ((soft.sel[S_CS] | 3) == REAL_CS64) {
        refill_memory();
        return true;
    }
    real_run(&hard);
    bool same = compare(c, &hard, &soft), memory = same_memory();
    if ((same && memory) || order_explains(c, pushed_over, &hard))
        return true;
    report(c, number, &hard, &soft, memory);
    return false;
}

/* COUNT cases that MAKE makes (false: another), up to ten failures. */
static inline unsigned try_cases(bool (*make)(struct test_case *c), unsigned count)
{
    unsigned failures = 0;
    struct test_case c;
    for (unsigned n = 0; n < count && failures < 10; n++) {
        if (n % 16 == 0)
            refill_memory();
        while (!make(&c))
            ;
        executed[c.insn.op]++;
        if (!try_case(&c, n)) {
            failures++;
            refill_memory();
        }
    }
    return failures;
}

#endif
