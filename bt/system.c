/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sensitive instructions that a kernel executes all the time, without leaving the cache: loads of
 * data segments, POPF, IRET within the kernel. Each looks whether its case is the usual one,
 * changing nothing of the guest, and leaves what is not to the interpreter. A descriptor is the
 * usual one if the guest's table still holds what the interpreter found when it loaded the same
 * selector (struct segment_memo).
 */
#include "bt/translation.h"

/* Flags beyond the arithmetic ones, DF and IF: POPF and IRET that change one are interpreted. */
#define OTHER_FLAGS (FL_TF | FL_IOPL | FL_NT | FL_VM | FL_AC | FL_VIF | FL_VIP | FL_ID)

static bool kernel_level(const struct translation *t)
{
    return (t->b->mode & MODE_CPL) == 0;
}

/* ---- Loads of DS, ES, FS, GS ------------------------------------------------- */

#define MEMO(field) ((uint32_t)(offsetof(struct vcpu, memo) + offsetof(struct segment_memo, field)))

static uint32_t segment_offset(unsigned sreg)
{
    return (uint32_t)(offsetof(struct vcpu, seg) + sreg * sizeof(struct segment));
}

/* OP r, [r15 + r9*4 + off]: a field of the memo that R9 = 8 * index leads to. */
static void emit_load_memo(struct code *c, unsigned r, uint32_t off, bool wide)
{
    struct mem_form m = {.reg = r, .base = H_R15, .index = H_R9, .scale = 4, .disp = (int32_t)off};
    emit8(c, emit_rex(&m, wide));
    emit8(c, 0x8b);
    emit_modrm_mem(c, &m);
}

/* Goes on if RCX is 0; else the interpreter has the instruction. ECX waits in R11. */
static void emit_unless_zero_leave(struct translation *t)
{
    struct code *c = &t->code;
    uint32_t on = emit_jrcxz8(c);
    emit_mov_reg(c, H_RCX, H_R11);
    emit_gate(t->bt, c, TC_EXIT_INTERP);
    emit_patch8(c, on);
}

/* 16 bytes of struct segment from [R15 + R9*4 + FROM] to register SREG. Interrupted in between, the
 * load starts again; no kernel relies on a selector that it is just replacing. */
static void emit_copy_segment(struct code *c, unsigned sreg, uint32_t from)
{
    for (unsigned half = 0; half < 16; half += 8) {
        emit_load_memo(c, H_R10, from + half, true);
        emit_store_vcpu64(c, segment_offset(sreg) + half, H_R10);
    }
}

static void emit_set_place(struct code *c, unsigned sreg)
{
    emit_store_vcpu64(c, (uint32_t)offsetof(struct vcpu, place) + sreg * 8, H_R10);
}

/* FS and GS may become null, which takes their place away. Returns the jump over the rest. */
static uint32_t emit_null_case(struct translation *t, unsigned sreg)
{
    struct code *c = &t->code;
    emit_mov_reg(c, H_RCX, H_R8);
    uint32_t null = emit_jrcxz8(c), other = emit_jmp8(c);
    emit_patch8(c, null);
    emit_mov_imm(c, H_R9, 0);
    emit_copy_segment(c, sreg, (uint32_t)offsetof(struct vcpu, null_segment));
    emit_load_vcpu64(c, H_R10, offsetof(struct vcpu, no_place));
    emit_set_place(c, sreg);
    uint32_t done = emit_jmp8(c);
    emit_patch8(c, other);
    return done;
}

/* SREG = R8D, which is zero-extended; ECX is in R11. */
static void emit_load_segment(struct translation *t, unsigned sreg)
{
    static const uint8_t movzx_r9d_r8b[] = {0x45, 0x0f, 0xb6, 0xc8};
    static const uint8_t add_raw[] = {0x4a, 0x8d, 0x0c, 0x11}; /* lea rcx, [rcx + r10] */
    struct code *c = &t->code;
    bool plain = sreg == S_FS || sreg == S_GS;
    uint32_t done = plain ? emit_null_case(t, sreg) : 0;
    emit_bytes(c, movzx_r9d_r8b, sizeof movzx_r9d_r8b);
    emit_lea(c, H_R9, H_NONE, H_R9, 8, 0);
    emit_load_memo(c, H_RCX, MEMO(minus_sel), false);
    emit_lea(c, H_RCX, H_RCX, H_R8, 1, 0);
    emit_unless_zero_leave(t);
    emit_load_memo(c, H_R10, MEMO(where), false);
    emit_load_guest64(c, H_RCX, H_R10, 0);
    emit_load_memo(c, H_R10, MEMO(minus_raw), true);
    emit_bytes(c, add_raw, sizeof add_raw);
    emit_unless_zero_leave(t);
    if (!plain) { /* the block is for flat DS and ES */
        emit_load_memo(c, H_RCX, MEMO(seg.base), false);
        emit_unless_zero_leave(t);
    }
    emit_copy_segment(c, sreg, MEMO(seg));
    if (plain) {
        emit_load_memo(c, H_R10, MEMO(seg.base), false);
        emit_set_place(c, sreg);
        emit_patch8(c, done);
    }
}

/* Which loads are tried: not SS, and no DS or ES where the block has it not flat. */
static bool loads_inline(const struct translation *t, unsigned sreg)
{
    return kernel_level(t) && sreg != S_SS && sreg != S_CS &&
           (sreg != S_DS || (t->b->mode & MODE_DS)) && (sreg != S_ES || (t->b->mode & MODE_ES));
}

static void emit_segment(struct translation *t, unsigned sreg)
{
    emit_mov_reg(&t->code, H_R11, H_RCX);
    record(t, t->eip, 0, UNWIND_ECX_R11);
    emit_load_segment(t, sreg);
    emit_mov_reg(&t->code, H_RCX, H_R11);
}

enum end mov_to_sreg(struct translation *t)
{
    const struct operand *o = &t->insn.opd[1];
    unsigned sreg = t->insn.opd[0].reg;
    if (!loads_inline(t, sreg))
        return callout_for(t, WHY_SEGMENT_OTHER);
    if (o->kind == OPD_GPR && o->reg == R_ESP)
        esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    if (o->kind == OPD_GPR)
        emit_movzx16(&t->code, H_R8, host_gpr(o->reg));
    else if (!ident_load16(t, H_R8))
        return callout(t);
    emit_segment(t, sreg);
    return END_NO;
}

enum end pop_sreg(struct translation *t)
{
    unsigned sreg = t->insn.opd[0].reg;
    if (!loads_inline(t, sreg))
        return callout_for(t, WHY_SEGMENT_OTHER);
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_guest(&t->code, H_R8, H_R14, t->delta);
    emit_movzx16(&t->code, H_R8, H_R8);
    emit_segment(t, sreg);
    move_esp(t, 4);
    return END_NO;
}

/* ---- System calls ---------------------------------------------------------- */

/* INT 80h of user code, where the host has code that takes it to the kernel. */
enum end int_n(struct translation *t)
{
    if (side_of(t->b->mode) != SIDE_USER || !t->bt->tc.user_call || t->insn.imm != 0x80 ||
        t->insn.len != 2)
        return callout_for(t, WHY_INTERRUPT);
    esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_mov_imm(&t->code, H_R8, t->eip);
    emit_user_call_exit(t);
    return END_BLOCK;
}

/* ---- POPF and IRET ------------------------------------------------------------ */

/* The guest's flags to R11, so that the code that follows may change them. */
static void emit_park_flags(struct translation *t)
{
    static const uint8_t pop_r11[] = {0x41, 0x5b};
    emit8(&t->code, 0x9c); /* pushfq */
    record(t, t->eip, 0, UNWIND_PUSHED);
    emit_bytes(&t->code, pop_r11, sizeof pop_r11);
    record(t, t->eip, 0, UNWIND_FLAGS_R11);
}

#define COND_Z  4
#define COND_NZ 5

/* Leaves if the image R8D differs from the vcpu's in a flag that is not live in RFLAGS. */
static void emit_check_others(struct translation *t)
{
    struct code *c = &t->code;
    static const uint8_t xor_r9d_r8d[] = {0x45, 0x31, 0xc1};
    static const uint8_t test_r9d[] = {0x41, 0xf7, 0xc1};
    emit_load_vcpu(c, H_R9, offsetof(struct vcpu, eflags));
    emit_bytes(c, xor_r9d_r8d, sizeof xor_r9d_r8d);
    emit_bytes(c, test_r9d, sizeof test_r9d);
    emit32(c, OTHER_FLAGS);
    uint32_t same = emit_jcc8(c, COND_Z);
    emit_gate(t->bt, c, TC_EXIT_INTERP);
    emit_patch8(c, same);
}

/* R10D = IF of the image R8D, 0 or 1; RFLAGS = its arithmetic flags and DF; R8 is lost. */
static void emit_load_flags(struct translation *t)
{
    struct code *c = &t->code;
    static const uint8_t split[] = {
        0x45, 0x89, 0xc2,       /* mov r10d, r8d */
        0x41, 0xc1, 0xea, 0x09, /* shr r10d, 9 */
        0x41, 0x83, 0xe2, 0x01, /* and r10d, 1 */
        0x41, 0x81, 0xe0,       /* and r8d, imm32 */
    };
    static const uint8_t or_r8d[] = {0x41, 0x81, 0xc8};
    static const uint8_t push_r8[] = {0x41, 0x50};
    emit_bytes(c, split, sizeof split);
    emit32(c, FL_ARITH | FL_DF);
    emit_bytes(c, or_r8d, sizeof or_r8d);
    emit32(c, FL_IF | FL_ONE);
    emit_bytes(c, push_r8, sizeof push_r8);
    record(t, t->eip, 0, UNWIND_PUSHED | UNWIND_FLAGS_R11);
    emit8(c, 0x9d); /* popfq */
    record(t, t->eip, 0, UNWIND_FLAGS_R11);
}

enum end popf(struct translation *t)
{
    if (!kernel_level(t))
        return callout_for(t, WHY_LEVEL);
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_load_guest(&t->code, H_R8, H_R14, t->delta);
    emit_park_flags(t);
    emit_check_others(t);
    emit_load_flags(t);
    emit_store_vcpu8(&t->code, offsetof(struct vcpu, vif), H_R10);
    move_esp(t, 4);
    emit_event_test(t, t->next, UNWIND_EIP);
    return END_NO;
}

/* To user code by a way of its own. Leaves unless CS stays what it is: the selector R9D is the
 * current one, and the guest's table still holds what it was loaded from. */
static void emit_check_code(struct translation *t)
{
    struct code *c = &t->code;
    static const uint8_t and_r9d_3[] = {0x41, 0x83, 0xe1, 0x03};
    static const uint8_t cmp_r9d_3[] = {0x41, 0x83, 0xf9, 0x03};
    static const uint8_t add_r9d_r10d[] = {0x45, 0x01, 0xd1};
    static const uint8_t cmp_r9_r10[] = {0x4d, 0x39, 0xd1};
    static const uint8_t neg_r10[] = {0x49, 0xf7, 0xda};
    const uint32_t memo = offsetof(struct vcpu, code_memo);
    uint32_t leave[2];
    emit_movzx16(c, H_R9, H_R9);
    emit_mov_reg(c, H_R10, H_R9);
    emit_bytes(c, and_r9d_3, sizeof and_r9d_3);
    emit_bytes(c, cmp_r9d_3, sizeof cmp_r9d_3);
    uint32_t inner = emit_jcc8(c, COND_NZ);
    emit_mov_imm(c, H_R8, t->eip);
    emit_user_exit(t);
    emit_patch8(c, inner);
    emit_mov_reg(c, H_R9, H_R10);
    emit_load_vcpu(c, H_R10, memo + (uint32_t)offsetof(struct segment_memo, minus_sel));
    emit_bytes(c, add_r9d_r10d, sizeof add_r9d_r10d);
    leave[0] = emit_jcc8(c, COND_NZ);
    emit_load_vcpu(c, H_R10, memo + (uint32_t)offsetof(struct segment_memo, where));
    emit_load_guest64(c, H_R9, H_R10, 0);
    emit_load_vcpu64(c, H_R10, memo + (uint32_t)offsetof(struct segment_memo, minus_raw));
    emit_bytes(c, neg_r10, sizeof neg_r10);
    emit_bytes(c, cmp_r9_r10, sizeof cmp_r9_r10);
    leave[1] = emit_jcc8(c, COND_NZ);
    uint32_t on = emit_jmp8(c);
    emit_patch8(c, leave[0]);
    emit_patch8(c, leave[1]);
    emit_gate(t->bt, c, TC_EXIT_INTERP);
    emit_patch8(c, on);
}

/* NT in the vcpu would make it a task switch, which does not look at the stack. */
static void emit_check_nt(struct translation *t)
{
    struct code *c = &t->code;
    struct mem_form m = {.base = H_R15, .index = H_NONE, .disp = offsetof(struct vcpu, eflags)};
    emit8(c, emit_rex(&m, false)); /* test dword [vcpu.eflags], imm32 */
    emit8(c, 0xf7);
    emit_modrm_mem(c, &m);
    emit32(c, FL_NT);
    uint32_t clear = emit_jcc8(c, COND_Z);
    emit_gate(t->bt, c, TC_EXIT_INTERP);
    emit_patch8(c, clear);
}

/* To the same level: EIP waits in R13, then R8; all that may fault comes first. */
enum end iret(struct translation *t)
{
    struct code *c = &t->code;
    if (!kernel_level(t))
        return callout_for(t, WHY_LEVEL);
    if (t->insn.opsize != 4)
        return callout_for(t, WHY_STACK_SIZE);
    esp_settle(t, t->eip);
    record(t, t->eip, 0, UNWIND_EIP);
    emit_park_flags(t);
    emit_check_nt(t);
    emit_load_guest(c, H_R13, H_R14, 0);
    emit_load_guest(c, H_R9, H_R14, 4);
    emit_load_guest(c, H_R8, H_R14, 8);
    emit_check_code(t);
    emit_check_others(t);
    emit_load_flags(t);
    emit_mov_reg(c, H_R8, H_R13);
    emit_store_vcpu8(c, offsetof(struct vcpu, vif), H_R10);
    record(t, 0, 12, UNWIND_FORWARD);
    emit_lea(c, H_R14, H_R14, H_NONE, 1, 12);
    emit_event_test(t, 0, UNWIND_FORWARD);
    emit_lookup_exit(t);
    return END_BLOCK;
}
