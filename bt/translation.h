/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One block's translation: its state, and what translate.c, rewrite.c, ident.c, exits.c and the
 * files of single operations do for one another. Private to bt/.
 */
#ifndef RING1_BT_TRANSLATION_H
#define RING1_BT_TRANSLATION_H

#include "bt/cache.h"
#include "bt/decode/insn.h"
#include "bt/emit.h"

enum end { END_NO, END_BLOCK };

struct translation {
    struct bt *bt;
    struct vcpu *v;
    struct code code;
    struct block *b;
    uint32_t self; /* b's index */
    uint32_t eip;  /* of the instruction at hand */
    uint32_t next; /* of the one behind it */
    uint32_t base; /* where CS begins: addresses here are linear ones */
    struct insn insn;
    int delta;                    /* the guest's ESP is R14 plus this (stack.c) */
    const struct code_page *page; /* that the block's instructions are in */
    bool returns;                 /* the code just made is where a call returns to */
    bool parked;    /* ... and the guest's flags are in R9 until the instruction there is done */
    bool sti;       /* the instruction at hand is an STI ... */
    bool after_sti; /* ... or in the shadow of one */
    bool can_look_ahead;      /* another instruction will follow in this block */
    bool failed;              /* out of slots or records: flush and start again */
    enum treatment treatment; /* what is being done with the instruction at hand, ... */
    enum why why;             /* ... why (note.h), ... */
    unsigned changes;         /* ... and what is changed of it (enum change) */
    uint32_t end;             /* behind the last guest byte that was translated */
    unsigned nmade, njumps;
    struct made {
        uint32_t eip, at;    /* at: offset in code; NOT_HERE if it cannot be jumped to */
    } made[MAX_BLOCK_INSNS]; /* instructions translated so far, in ascending order */
    struct jump {
        uint32_t eip, at;    /* at: of the rel32 that is to lead to eip */
    } jump[MAX_BLOCK_INSNS]; /* jumps forward whose target has not been translated */
};

#define NOT_HERE 0xffffffffu

static inline bool is_code16(const struct translation *t)
{
    return t->b->mode & MODE_CODE16;
}

/* The default size of the code's operands and addresses. */
static inline unsigned code_size(const struct translation *t)
{
    return is_code16(t) ? 2 : 4;
}

/* insn_decode for t's code. */
enum decode_result decode_code(const struct translation *t, const uint8_t *bytes, size_t len,
                               struct insn *out);

/* Adds an unwind record for what is emitted from here on; t->delta is in it. */
void record(struct translation *t, uint32_t eip, int esp_delta, unsigned how);

/* An instruction, or the host code from AT on, is told of (note.h). */
void note(struct translation *t, uint32_t eip, uint32_t at);

/* N more guest instructions run from the cache (v->tc_insns). */
void emit_count(struct translation *t, int n);

/* ---- exits.c ---- */

/* A direct exit to EIP, a jump or a call through a new slot. */
enum exit_kind { EXIT_JUMP, EXIT_CALL };
void emit_exit(struct translation *t, uint32_t eip, enum exit_kind kind);

/* rel32 of a jump that has just been emitted up to there: leads to guest address EIP, inside this
 * block if that is or will be translated in it, else by an exit behind the block. */
void emit_target(struct translation *t, uint32_t eip);

/* Does a jump forward lead to EIP? */
bool is_awaited(const struct translation *t, uint32_t eip);

/* Jumps forward to t->eip lead to here. */
void resolve_jumps(struct translation *t);

/* The lowest target of a jump that waits, at or above FROM; FROM - 1 if there is none. */
uint32_t next_target(const struct translation *t, uint32_t from);

/* Exits for the jumps that still wait. */
void emit_far_targets(struct translation *t);

/* A computed exit to R8D: at the place or by the thunk, as the policy is; by the thunk; the same
 * as a call. */
void emit_lookup_exit(struct translation *t);
void emit_lookup_thunk(struct translation *t);
void emit_lookup_call(struct translation *t);

/* To the thunk of an IRET to user code: R8D is its address, R11 the flags. */
void emit_user_exit(struct translation *t);
/* To that of user code's INT 80h at R8D. */
void emit_user_call_exit(struct translation *t);
/* JNE to a thunk. */
void emit_unless_equal(struct translation *t, uint32_t thunk);

/* R9D = the arithmetic flags, and back, which leaves R9D changed; HOW is the record of the place,
 * EIP too. EAX waits in R10D meanwhile. */
void emit_save_flags(struct translation *t, unsigned how);
void emit_restore_flags(struct translation *t, unsigned how);

/* Leaves for the run loop if an event waits and the guest takes it; EIP and HOW are the record of
 * this place. */
void emit_event_test(struct translation *t, uint32_t eip, unsigned how);

/* Leaves by gate CODE. */
void emit_gate(const struct bt *bt, struct code *c, enum tc_code code);

/* ---- stack.c, branch.c, system.c: one function an operation ---- */

unsigned host_gpr(unsigned r);           /* host register of guest register R */
uint32_t selector_offset(unsigned sreg); /* of a segment register's selector in the vcpu */

/* R8D = the guest's EFLAGS. */
void emit_flags_image(struct translation *t);

/* Where the jump at hand leads. */
uint32_t branch_target(const struct translation *t);

/* Brings R14 up to date; the guest is at EIP. */
void esp_settle(struct translation *t, uint32_t eip);

/* The guest's ESP has moved by BYTES; R14 may be left behind. */
void move_esp(struct translation *t, int bytes);

enum end push(struct translation *t);
enum end pop(struct translation *t);
enum end leave(struct translation *t);
enum end push_sreg(struct translation *t);
enum end pushf(struct translation *t);
enum end jmp(struct translation *t);
enum end jcc(struct translation *t);
enum end jump_on_count(struct translation *t);
enum end call(struct translation *t);
enum end jmp_indirect(struct translation *t);
enum end call_indirect(struct translation *t);
enum end ret(struct translation *t);
enum end popf(struct translation *t);
enum end iret(struct translation *t);
enum end int_n(struct translation *t);
enum end mov_to_sreg(struct translation *t);
enum end pop_sreg(struct translation *t);

/* ---- rewrite.c, ident.c, string.c ---- */

/* Translates t->insn; END_BLOCK if nothing may follow. */
enum end rewrite(struct translation *t);

/* The instruction with its operand and registers re-encoded, otherwise as it is. False: it has
 * no such form, call out. */
bool ident(struct translation *t);

/* The same for a string operation. */
bool ident_string(struct translation *t);

/* Host register of an operand's base or index R, perhaps H_NONE. */
unsigned host_base(uint8_t r);

/* The prefixes that stay. */
void emit_prefixes(struct translation *t);

/* May operands through SEG be used as they are? */
bool flat_segment(const struct translation *t, unsigned seg, bool store);

/* Of the kernel's instruction at hand: is operand WHICH in the user's window? Does the address
 * decide each time? In that case: R64, a guest address, += the base of its window. */
bool other_window(const struct translation *t, enum window_operand which);
bool by_address(const struct translation *t);
void add_window_by_address(struct translation *t, unsigned r);

/* Loads the address or value of the memory operand: false as above. */
bool ident_load(struct translation *t, unsigned r);                 /* r32 = [mem] */
bool ident_load8(struct translation *t, unsigned r);                /* zero-extended */
bool ident_load16(struct translation *t, unsigned r);               /* likewise */
bool ident_store(struct translation *t, unsigned r, unsigned size); /* [mem] = r */

/* Leave this instruction to the interpreter, for the reason t->why, or for WHY; the same because it
 * would fault (adapt.h). */
enum end callout(struct translation *t);
enum end callout_for(struct translation *t, enum why why);
enum end callout_adapted(struct translation *t);

/* False; t->why is WHY. */
bool refuse(struct translation *t, enum why why);

#endif
