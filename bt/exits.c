/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ways out of a block: through a slot to a known address, through the look-up table to a computed
 * one, through a gate to the monitor. None changes a flag: comparisons are made with LEA and
 * JRCXZ while R11 holds the guest's ECX, or while R9 holds the flags.
 */
#include "bt/translation.h"
#include "monitor/mem.h"

#define INT_N      0xcd
#define CALL_NEAR  2 /* of opcode FF */
#define CALL_FAR   3
#define JMP_NEAR   4
#define JMP_REL32  0xe9
#define CALL_REL32 0xe8

void emit_gate(const struct bt *bt, struct code *c, enum tc_code code)
{
    const struct mem_form m = {
        .reg = bt->tc.gate_kind == GATE_FAR ? CALL_FAR : CALL_NEAR,
        .base = H_R15,
        .index = H_NONE,
        .disp = (int32_t)offsetof(struct vcpu, gate[code]),
    };
    _Static_assert(ARRAY_SIZE(((struct vcpu *)0)->gate) == TC_CODES &&
                       offsetof(struct vcpu, gate[TC_CODES - 1]) < 128,
                   "gate_size");
    if (bt->tc.gate_kind != GATE_INT) {
        emit8(c, emit_rex(&m, false));
        emit8(c, 0xff);
        emit_modrm_mem(c, &m);
        return;
    }
    emit8(c, INT_N);
    emit8(c, (uint8_t)(TC_GATE_VECTOR + code));
}

/* JMP or CALL [RIP + disp32]. */
static void emit_through_slot(struct translation *t, enum exit_kind kind, uint64_t slot)
{
    uint64_t behind = t->bt->tc.exec + t->b->tc + t->code.len + 6;
    emit8(&t->code, 0xff);
    emit8(&t->code, kind == EXIT_CALL ? 0x15 : 0x25);
    emit32(&t->code, (uint32_t)(slot - behind));
}

static void emit_thunk(struct code *c, uint32_t at, uint8_t opcode, uint32_t thunk)
{
    emit8(c, opcode);
    emit32(c, thunk - (at + c->len + 4));
}

/* An exit to EIP by the first level of the look-up table, whose entry for it is known now; by the
 * thunk if it holds another address. */
static void emit_lookup_of(struct translation *t, uint32_t eip, enum exit_kind kind)
{
    struct code *c = &t->code;
    enum side side = side_of(t->b->mode);
    uint32_t thunk = t->bt->thunk[side].lookup, over = 0;
    const int32_t entry =
        (int32_t)(LOOKUP_TABLE(side) + sizeof(struct lookup_entry) * lookup_index(eip));
    const struct mem_form target = {
        .reg = kind == EXIT_CALL ? CALL_NEAR : JMP_NEAR,
        .base = H_R15,
        .index = H_NONE,
        .disp = entry + (int32_t)offsetof(struct lookup_entry, target),
    };
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, eip, 0, UNWIND_ECX_R11);
    emit_load_vcpu(c, H_RCX, (uint32_t)entry);
    emit_lea(c, H_RCX, H_RCX, H_NONE, 1, (int32_t)eip);
    uint32_t hit = emit_jrcxz8(c);
    emit_mov_reg(c, H_RCX, H_R11);
    emit_mov_imm(c, H_R8, eip);
    record(t, 0, 0, UNWIND_FORWARD);
    emit_thunk(c, t->b->tc, kind == EXIT_CALL ? CALL_REL32 : JMP_REL32, thunk);
    if (kind == EXIT_CALL)
        over = emit_jmp8(c);
    record(t, eip, 0, UNWIND_ECX_R11);
    emit_patch8(c, hit);
    emit_mov_reg(c, H_RCX, H_R11);
    record(t, eip, 0, UNWIND_EIP);
    emit8(c, emit_rex(&target, false));
    emit8(c, 0xff);
    emit_modrm_mem(c, &target);
    if (over)
        emit_patch8(c, over);
}

/* A slot that leads to no block leads here: out, to be connected (bt_chain knows the slot by its
 * stub); or, where no connection is allowed, to the look-up table each time (slot_search). */
static void emit_stub(const struct bt *bt, uint32_t slot)
{
    uint32_t at = slot_stub(bt, slot);
    uint8_t bytes[STUB_SIZE] = {0};
    struct code c = {.at = bytes, .size = STUB_SIZE};
    emit_gate(bt, &c, TC_EXIT_MISS);
    emit_mov_imm(&c, H_R8, bt->slot[slot].eip);
    emit_thunk(&c, at, JMP_REL32, bt->thunk[side_of(bt->block[bt->slot[slot].from].mode)].lookup);
    memcpy(bt->tc.write + at, bytes,
           STUB_SIZE); /* in few stores: the page may have been executed */
}

/* A slot for an exit to EIP. 0: there is none, and the translation fails. */
static uint32_t new_exit(struct translation *t, uint32_t eip)
{
    uint32_t slot = slot_new(t->bt, t->self, eip);
    if (slot)
        emit_stub(t->bt, slot);
    else
        t->failed = true;
    return slot;
}

static const struct thunks *thunks_of(const struct translation *t)
{
    return &t->bt->thunk[side_of(t->b->mode)];
}

static void patch32(struct translation *t, uint32_t at, uint32_t to)
{
    uint32_t rel = to - (at + 4);
    for (unsigned i = 0; i < 4 && at + i < t->code.size; i++)
        t->code.at[at + i] = (uint8_t)(rel >> 8 * i);
}

/* The displacement at AT, which will be patched when SLOT is connected. */
static void lead_to_stub(struct translation *t, uint32_t slot, uint32_t at)
{
    t->bt->slot[slot].at = t->b->tc + at;
    patch32(t, at, slot_stub(t->bt, slot) - t->b->tc);
}

/* Only code on global pages, or within one page, may be connected (chain.c): what user code has on
 * its other pages is looked up each time, without a way through a shared jump. */
static bool is_looked_up(const struct translation *t, uint32_t eip)
{
    return side_of(t->b->mode) == SIDE_USER && t->bt->tc.user_code && !t->page->global &&
           ((eip ^ t->page->linear.v) & ~PAGE_MASK);
}

void emit_exit(struct translation *t, uint32_t eip, enum exit_kind kind)
{
    esp_settle(t, eip);
    record(t, eip, 0, UNWIND_EIP);
    if (is_looked_up(t, eip)) {
        emit_lookup_of(t, eip, kind);
        return;
    }
    uint32_t slot = new_exit(t, eip);
    if (!slot)
        return;
    if (!t->bt->patching) {
        emit_through_slot(t, kind, slot_address(t->bt, slot));
        slot_disconnect(t->bt, slot);
        return;
    }
    emit8(&t->code, kind == EXIT_CALL ? CALL_REL32 : JMP_REL32);
    emit32(&t->code, 0);
    lead_to_stub(t, slot, t->code.len - 4);
}

static void emit_jump(struct translation *t, uint8_t opcode, uint32_t thunk)
{
    emit_thunk(&t->code, t->b->tc, opcode, thunk);
}

void emit_unless_equal(struct translation *t, uint32_t thunk)
{
    emit8(&t->code, 0x0f);
    emit_jump(t, 0x85, thunk);
}

/* ---- Inside the block ------------------------------------------------------ */

static const struct made *find_made(const struct translation *t, uint32_t eip)
{
    for (unsigned n = t->nmade; n-- > 0 && t->made[n].eip >= eip;) {
        if (t->made[n].eip == eip && t->made[n].at != NOT_HERE)
            return &t->made[n];
    }
    return NULL;
}

void emit_target(struct translation *t, uint32_t eip)
{
    const struct made *m = find_made(t, eip);
    uint32_t at = t->code.len;
    emit32(&t->code, 0);
    if (m)
        patch32(t, at, m->at);
    else
        t->jump[t->njumps++] = (struct jump){eip, at};
}

bool is_awaited(const struct translation *t, uint32_t eip)
{
    for (unsigned i = 0; i < t->njumps; i++) {
        if (t->jump[i].eip == eip)
            return true;
    }
    return false;
}

void resolve_jumps(struct translation *t)
{
    if (is_awaited(t, t->eip))
        esp_settle(t, t->eip);
    for (unsigned i = 0; i < t->njumps;) {
        if (t->jump[i].eip == t->eip) {
            patch32(t, t->jump[i].at, t->code.len);
            t->jump[i] = t->jump[--t->njumps];
        } else {
            i++;
        }
    }
}

uint32_t next_target(const struct translation *t, uint32_t from)
{
    uint32_t lowest = from - 1;
    for (unsigned i = 0; i < t->njumps; i++) {
        if (t->jump[i].eip >= from && t->jump[i].eip < lowest)
            lowest = t->jump[i].eip;
        else if (t->jump[i].eip >= from && lowest == from - 1)
            lowest = t->jump[i].eip;
    }
    return lowest;
}

/* A jump whose displacement may be patched is an exit itself; others meet at one exit for each
 * target. */
void emit_far_targets(struct translation *t)
{
    while (t->njumps && !t->failed) {
        struct jump j = t->jump[0];
        uint32_t at = t->code.len;
        t->eip = j.eip;
        if (t->bt->patching && !is_looked_up(t, j.eip)) {
            t->jump[0] = t->jump[--t->njumps];
            lead_to_stub(t, new_exit(t, j.eip), j.at);
        } else {
            resolve_jumps(t);
            emit_exit(t, j.eip, EXIT_JUMP);
            note(t, j.eip, at);
        }
    }
}

/* ---- Out of it ------------------------------------------------------------- */

/* R10 = twice the index, the low 15 bits of eip + byte-swapped eip: 64 KiB apart is far apart. */
static void emit_lookup_index(struct code *c)
{
    static const uint8_t bswap_r10[] = {0x41, 0x0f, 0xca};
    static const uint8_t movzx_r10_r10w[] = {0x45, 0x0f, 0xb7, 0xd2};
    emit_mov_reg(c, H_R10, H_R8);
    emit_bytes(c, bswap_r10, sizeof bswap_r10);
    emit_lea(c, H_R10, H_R10, H_R8, 1, 0);
    emit_lea(c, H_R10, H_R10, H_R10, 1, 0);
    emit_bytes(c, movzx_r10_r10w, sizeof movzx_r10_r10w);
}

/* ECX = 0 if entry R10 / 2 + WAY is R8D's: a tag is minus the address. */
static void emit_compare_tag(struct translation *t, unsigned way)
{
    static const uint8_t opcode[] = {0x43, 0x8b, 0x8c, 0xd7}; /* mov ecx, [r15 + r10*8 + d32] */
    struct code *c = &t->code;
    emit_bytes(c, opcode, sizeof opcode);
    emit32(c, LOOKUP_TABLE(side_of(t->b->mode)) + (uint32_t)sizeof(struct lookup_entry) * way);
    emit_lea(c, H_RCX, H_RCX, H_R8, 1, 0);
}

/* JMP or CALL [r15 + r10*8 + d32]. */
static void emit_indexed(struct translation *t, enum exit_kind kind)
{
    const uint8_t opcode[] = {0x43, 0xff, kind == EXIT_CALL ? 0x94 : 0xa4, 0xd7};
    emit_bytes(&t->code, opcode, sizeof opcode);
    emit32(&t->code,
           LOOKUP_TABLE(side_of(t->b->mode)) + (uint32_t)offsetof(struct lookup_entry, target));
}

/* The first level. A call that misses comes back behind the other one: what its RET takes from the
 * call stack must be in this block. */
static void emit_lookup(struct translation *t, enum exit_kind kind)
{
    struct code *c = &t->code;
    record(t, 0, 0, UNWIND_FORWARD);
    emit_lookup_index(c);
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, 0, 0, UNWIND_FORWARD | UNWIND_ECX_R11);
    emit_compare_tag(t, 0);
    uint32_t hit = emit_jrcxz8(c);
    uint32_t over = 0;
    if (kind == EXIT_CALL) {
        emit_jump(t, CALL_REL32, thunks_of(t)->probe);
        record(t, 0, 0, UNWIND_FORWARD);
        over = emit_jmp8(c);
        record(t, 0, 0, UNWIND_FORWARD | UNWIND_ECX_R11);
    } else {
        emit_jump(t, JMP_REL32, thunks_of(t)->probe);
    }
    emit_patch8(c, hit);
    emit_mov_reg(c, H_RCX, H_R11);
    emit_indexed(t, kind);
    if (over)
        emit_patch8(c, over);
}

void emit_lookup_exit(struct translation *t)
{
    if (t->bt->inline_lookup)
        emit_lookup(t, EXIT_JUMP);
    else
        emit_lookup_thunk(t);
}

void emit_lookup_thunk(struct translation *t)
{
    record(t, 0, 0, UNWIND_FORWARD);
    emit_jump(t, JMP_REL32, thunks_of(t)->lookup);
}

void emit_lookup_call(struct translation *t)
{
    record(t, 0, 0, UNWIND_FORWARD);
    if (t->bt->inline_lookup)
        emit_lookup(t, EXIT_CALL);
    else
        emit_jump(t, CALL_REL32, thunks_of(t)->lookup);
}

/* LAHF and SETO AL: all of them but DF, which stays where it is. */
void emit_save_flags(struct translation *t, unsigned how)
{
    static const uint8_t lahf_seto_al[] = {0x9f, 0x0f, 0x90, 0xc0};
    struct code *c = &t->code;
    emit_mov_reg(c, H_R10, H_RAX);
    record(t, 0, 0, how | UNWIND_EAX_R10);
    emit_bytes(c, lahf_seto_al, sizeof lahf_seto_al);
    emit_mov_reg(c, H_R9, H_RAX);
    emit_mov_reg(c, H_RAX, H_R10);
    record(t, 0, 0, how);
}

/* 1 + 127 overflows. */
void emit_restore_flags(struct translation *t, unsigned how)
{
    static const uint8_t add_al_127_sahf[] = {0x04, 0x7f, 0x9e};
    struct code *c = &t->code;
    record(t, 0, 0, how | UNWIND_FLAGS_R9);
    emit_mov_reg(c, H_R10, H_RAX);
    record(t, 0, 0, how | UNWIND_FLAGS_R9 | UNWIND_EAX_R10);
    emit_mov_reg(c, H_RAX, H_R9);
    emit_bytes(c, add_al_127_sahf, sizeof add_al_127_sahf);
    emit_mov_reg(c, H_RAX, H_R10);
    record(t, 0, 0, how);
}

void emit_user_call_exit(struct translation *t)
{
    emit_jump(t, JMP_REL32, thunks_of(t)->call);
}

void emit_user_exit(struct translation *t)
{
    emit_jump(t, JMP_REL32, thunks_of(t)->user);
}

void emit_event_test(struct translation *t, uint32_t eip, unsigned how)
{
    struct code *c = &t->code;
    t->changes |= CHANGE_EVENTS;
    record(t, eip, 0, how);
    emit_mov_reg(c, H_R11, H_RCX);
    record(t, eip, 0, how | UNWIND_ECX_R11);
    emit_load_vcpu8(c, H_RCX, offsetof(struct vcpu, event));
    uint32_t quiet = emit_jrcxz8(c);
    emit_load_vcpu8(c, H_RCX, offsetof(struct vcpu, vif));
    uint32_t masked = emit_jrcxz8(c);
    emit_gate(t->bt, c, TC_EXIT_EVENT);
    emit_patch8(c, quiet);
    emit_patch8(c, masked);
    emit_mov_reg(c, H_RCX, H_R11);
    record(t, eip, 0, how);
}

/* The second level, once for all: from the first with R10 the entry that it tried. */
static void emit_probe(struct translation *t)
{
    struct code *c = &t->code;
    uint32_t hit[LOOKUP_WAYS];
    record(t, 0, 0, UNWIND_FORWARD | UNWIND_ECX_R11);
    for (unsigned way = 1; way < LOOKUP_WAYS; way++) {
        emit_compare_tag(t, way);
        hit[way] = emit_jrcxz8(c);
    }
    emit_gate(t->bt, c, TC_EXIT_MISS);
    for (unsigned way = LOOKUP_WAYS - 1; way > 0; way--) {
        emit_patch8(c, hit[way]);
        emit_lea(c, H_R10, H_R10, H_NONE, 1, 2);
    }
    emit_mov_reg(c, H_RCX, H_R11);
    emit_indexed(t, EXIT_JUMP);
}

/* What a RET finds in an empty call stack: it stays there, and the return is looked up. */
static void emit_empty(struct translation *t)
{
    record(t, 0, 0, UNWIND_FORWARD);
    emit_lea64(&t->code, H_RSP, H_RSP, -8);
}

/* To the host's code at the address in the vcpu at OFF, for the instruction at R8D; the flags are
 * in R11. Returns where it goes on if the host cannot do it. */
static uint64_t emit_host_code(struct translation *t, uint32_t off)
{
    struct mem_form m = {.reg = JMP_NEAR, .base = H_R15, .index = H_NONE, .disp = (int32_t)off};
    record(t, 0, 0, UNWIND_FORWARD | UNWIND_FLAGS_R11);
    emit8(&t->code, emit_rex(&m, false)); /* jmp [vcpu + off] */
    emit8(&t->code, 0xff);
    emit_modrm_mem(&t->code, &m);
    uint64_t slow = t->bt->tc.exec + t->code.len;
    emit_gate(t->bt, &t->code, TC_EXIT_INTERP);
    return slow;
}

/* The IRET at R8D goes to user code. */
static void emit_user_return(struct translation *t)
{
    struct vcpu *v = t->v;
    uint64_t slow = emit_host_code(t, offsetof(struct vcpu, direct.user_return));
    if (side_of(t->b->mode) != SIDE_KERNEL)
        return;
    v->direct.slow = slow;
    v->direct.user_return = t->bt->tc.user_return ? t->bt->tc.user_return : slow;
}

/* At R8D is an INT 80h. */
static void emit_user_call(struct translation *t)
{
    static const uint8_t pop_r11[] = {0x41, 0x5b};
    struct vcpu *v = t->v;
    record(t, 0, 0, UNWIND_FORWARD);
    emit8(&t->code, 0x9c); /* pushfq */
    record(t, 0, 0, UNWIND_FORWARD | UNWIND_PUSHED);
    emit_bytes(&t->code, pop_r11, sizeof pop_r11);
    v->direct.user_slow = emit_host_code(t, offsetof(struct vcpu, direct.user_call));
    v->direct.user_call = t->bt->tc.user_call ? t->bt->tc.user_call : v->direct.user_slow;
}

/* Those of the side that t's block is on. */
static void emit_thunks(struct translation *t, struct thunks *made)
{
    made->probe = t->code.len;
    emit_probe(t);
    made->user = t->code.len;
    emit_user_return(t);
    made->call = t->code.len;
    emit_user_call(t);
    made->other = t->code.len;
    emit_restore_flags(t, UNWIND_FORWARD);
    uint32_t lookup = emit_jmp8(&t->code);
    made->empty = t->code.len;
    emit_empty(t);
    emit_patch8(&t->code, lookup); /* both go on into the look-up */
    made->lookup = t->code.len;
    emit_lookup(t, EXIT_JUMP);
}

/* Where emitted code finds what it calls to leave. */
static void note_gates(const struct bt *bt, struct vcpu *v)
{
    for (unsigned code = 0; code < TC_CODES; code++) {
        uint64_t gate = bt->tc.gate + code * bt->tc.gate_spacing;
        if (bt->tc.gate_kind == GATE_FAR)
            v->gate[code].far.sel = (uint16_t)gate;
        else
            v->gate[code].near = gate;
    }
}

void thunks_emit(struct bt *bt, struct vcpu *v)
{
    struct translation t = {.bt = bt, .v = v, .b = &bt->block[0], .self = 0};
    *t.b = (struct block){.frame = {NO_FRAME, NO_FRAME}};
    t.code = (struct code){.at = bt->tc.write, .size = MAX_BLOCK_CODE};
    note_gates(bt, v);
    for (unsigned side = SIDES; side-- > 0;) { /* the block ends up as the kernel's */
        t.b->mode = side == SIDE_USER ? 3 : 0;
        emit_thunks(&t, &bt->thunk[side]);
    }
    v->direct.lookup = bt->tc.exec + bt->thunk[SIDE_KERNEL].lookup;
    v->direct.user_lookup = bt->tc.exec + bt->thunk[SIDE_USER].lookup;
    for (unsigned side = 0; side < SIDES; side++)
        v->direct.empty[side] = bt->tc.exec + bt->thunk[side].empty;
    t.b->tc_len = t.code.len;
    bt->tc_used = (t.code.len + BLOCK_ALIGN - 1) & ~(BLOCK_ALIGN - 1);
    bt->nblocks = 1;
}
