/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter's handlers, one an operation or a family, and the row of the table that
 * leads to each. A handler finds v->eip behind its instruction. It returns true with everything
 * done, or false with v->exc set and nothing changed (interp_step puts eip back, save for
 * traps); string operations may keep the iterations that they completed.
 */
#ifndef RING1_INTERP_OPS_H
#define RING1_INTERP_OPS_H

#include "bt/decode/insn.h"
#include "monitor/vcpu.h"

typedef bool interp_fn(struct vcpu *v, const struct insn *i);

/* What must hold before the handler is called. */
enum interp_need {
    NEED_NOTHING,
    NEED_PROTECTED, /* #UD in real and virtual-8086 mode */
};

struct interp_op {
    interp_fn *run; /* never NULL */
    uint8_t need;   /* enum interp_need */
};

/* The row of OP, any value: what is out of range is OP_INVALID. */
const struct interp_op *interp_op(unsigned op);

/* alu.c, muldiv.c, shift.c, bit.c, decimal.c */
interp_fn interp_binary, interp_unary, interp_xadd, interp_cmpxchg, interp_cmpxchg8b;
interp_fn interp_mul, interp_imul, interp_div, interp_idiv;
interp_fn interp_shift, interp_shift_double;
interp_fn interp_bit_test, interp_bit_scan, interp_bswap, interp_popcnt, interp_crc32;
interp_fn interp_daa, interp_das, interp_aaa, interp_aas, interp_aam, interp_aad, interp_salc;

/* mov.c */
interp_fn interp_mov, interp_movsx, interp_lea, interp_xchg, interp_cbw, interp_cwd, interp_xlat;
interp_fn interp_lahf, interp_sahf, interp_cmov, interp_setcc;
interp_fn interp_mov_from_sreg, interp_mov_to_sreg, interp_load_far_pointer;
interp_fn interp_nop, interp_invalid, interp_clflush;

/* stack.c, flags.c */
interp_fn interp_push, interp_pop, interp_pusha, interp_popa, interp_push_sreg, interp_pop_sreg;
interp_fn interp_enter, interp_leave;
interp_fn interp_pushf, interp_popf, interp_clc, interp_stc, interp_cmc, interp_cld, interp_std;
interp_fn interp_cli, interp_sti;

/* string.c */
interp_fn interp_string;

/* branch.c */
interp_fn interp_jcc, interp_jcxz, interp_loop, interp_jmp, interp_jmp_ind, interp_call;
interp_fn interp_call_ind, interp_ret, interp_far_direct, interp_far_indirect, interp_ret_far;
interp_fn interp_int, interp_int3, interp_into, interp_icebp, interp_iret, interp_bound;

/* system.c, descriptor.c */
interp_fn interp_mov_from_cr, interp_mov_to_cr, interp_mov_from_dr, interp_mov_to_dr;
interp_fn interp_smsw, interp_lmsw, interp_clts, interp_invlpg, interp_hlt, interp_in, interp_out;
interp_fn interp_rdtsc, interp_rdpmc, interp_rdmsr, interp_wrmsr, interp_cpuid, interp_vmcall;
interp_fn interp_store_table, interp_load_table, interp_store_selector, interp_load_selector;
interp_fn interp_lar, interp_lsl, interp_verify, interp_arpl;

/* fpu.c, fxsave.c */
interp_fn interp_wait, interp_fpu, interp_fxsave, interp_fxrstor;

#endif
