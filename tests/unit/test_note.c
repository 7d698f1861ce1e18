/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the translator says that it did (bt/note.h) against what it did: every instruction of the
 * decoder's tables, in the modes of all hosts. One that is said to be copied unchanged is the
 * guest's byte for byte; one that is not copied has a reason of its own; one that is left to the
 * interpreter ends with that gate. And no reason and no change is in the list that nothing needs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_world.h"

#define EIP (BT_CODE + 0x100)

static struct vm *vm;
static struct notes notes;
static bool op_seen[OP_COUNT], why_seen[WHY_COUNT], change_seen[CHANGE_COUNT];
static unsigned tried;
static uint32_t block_len; /* host code of the last block */

static void see(const struct note *n)
{
    why_seen[n->why] = true;
    for (unsigned bit = 0; bit < CHANGE_COUNT; bit++)
        change_seen[bit] |= n->changes >> bit & 1;
}

static struct mode {
    const char *name;
    bool patching, windows, count, not_flat, control, code16;
    unsigned cpl;
} modes[] = {
    {.name = "pc", .patching = true},
    {.name = "tcg", .count = true},
    {.name = "pc, not flat, CPL 1", .patching = true, .not_flat = true, .cpl = 1},
    {.name = "process", .patching = true, .windows = true},
    {.name = "process, user code", .patching = true, .windows = true, .cpl = 3},
    {.name = "process, TS", .patching = true, .windows = true, .control = true},
    {.name = "16-bit code", .patching = true, .code16 = true},
    {.name = "process, 16-bit user code",
     .patching = true,
     .windows = true,
     .code16 = true,
     .cpl = 3},
};

static void set_mode(const struct mode *m)
{
    struct bt *bt = vm->bt;
    struct vcpu *v = vm->vcpu;
    bt->patching = bt->save_flags = m->patching;
    bt->tc.user_code = vm->user_code = m->windows;
    bt->tc.gate_kind = m->windows ? GATE_NEAR : GATE_FAR;
    bt->tc.user_call = m->windows ? BT_GATE_NEAR : 0;
    bt->count = m->count;
    v->cpl = (uint8_t)m->cpl;
    v->cr0 = CR0_PE | CR0_ET | (m->control ? (uint32_t)CR0_TS : 0);
    v->cr4 = CR4_OSFXSR;
    v->seg[S_CS].attr = SA_P | SA_S | SA_CODE | SA_RW | (m->code16 ? 0 : (uint32_t)SA_DB);
    v->seg[S_CS].base = m->code16 ? BT_CODE : 0;
    v->seg[S_DS].limit = v->seg[S_ES].limit = m->not_flat ? 0xfffff : 0xffffffff;
    cache_flush_all(vm);
}

/* The block at EIP is made of CODE, and of HLT behind it. Returns its first byte in the cache. */
static const uint8_t *translate_at(uint32_t eip, const uint8_t *code, unsigned len)
{
    memset(bt_ram(vm, BT_CODE), 0xf4, PAGE_SIZE);
    memset(bt_ram(vm, BT_CODE + PAGE_SIZE), 0xf4, PAGE_SIZE);
    bt_put(vm, eip, code, len);
    vm->vcpu->eip = eip - vm->vcpu->seg[S_CS].base;
    notes.count = 0;
    uint64_t entry = bt_find(vm->vcpu);
    if (!entry)
        return NULL;
    const uint8_t *at = vm->bt->tc.write + (entry - vm->bt->tc.exec);
    uint32_t block = bt_block(vm, entry);
    block_len = vm->bt->block[block].tc_len;
    cache_drop(vm, block);
    memset(vm->bt->drops, 0, vm->bt->nframes);
    return at;
}

static bool is_gate_of(const uint8_t *end, size_t gate)
{
    const uint8_t near[] = {0x41, 0xff, 0x57, (uint8_t)gate};
    const uint8_t far[] = {0x41, 0xff, 0x5f, (uint8_t)gate};
    return memcmp(end - 4, vm->bt->tc.gate_kind == GATE_NEAR ? near : far, 4) == 0;
}

static bool is_gate(const uint8_t *end)
{
    return is_gate_of(end, offsetof(struct vcpu, gate[TC_EXIT_INTERP])) ||
           is_gate_of(end, offsetof(struct vcpu, gate[TC_EXIT_CALL]));
}

static void wrong(const struct mode *m, const struct insn *i, const char *what)
{
    char text[100], hex[3 * INSN_MAX + 1] = "";
    insn_format(i, EIP, text, sizeof text);
    for (unsigned n = 0; n < i->len; n++)
        sprintf(hex + 3 * n, "%02x ", i->bytes[n]);
    fail_msg("%s: %s(%s): %s", m->name, hex, text, what);
}

/* The order of prefixes means nothing. */
static bool same_bytes(const struct insn *i, const uint8_t *code, uint32_t len)
{
    int sum = 0;
    for (unsigned n = 0; n < i->prefix_len && n < len; n++)
        sum += i->bytes[n] - code[n];
    return len == i->len && sum == 0 &&
           memcmp(code + i->prefix_len, i->bytes + i->prefix_len, len - i->prefix_len) == 0;
}

static void check(const struct mode *m, const struct insn *i, const uint8_t *code)
{
    const struct note *n = &notes.note[0];
    uint32_t len = notes.count > 1 ? notes.note[1].at : block_len;
    bool said_copied = n->why == WHY_SAME || n->why == WHY_TSC;
    if (n->eip != EIP || n->at != 0)
        wrong(m, i, "the first note is not of it");
    if (said_copied != (n->treatment == TREAT_COPIED))
        wrong(m, i, "copied, and with the reason of what is not; or not, and without one");
    if (n->treatment == TREAT_COPIED && !n->changes && !same_bytes(i, code, len))
        wrong(m, i, "said to be copied unchanged, and is not");
    if (n->treatment == TREAT_CALLOUT && !is_gate(code + len))
        wrong(m, i, "said to be left to the interpreter, and is not");
    if (i->flags & (INSN_PRIVILEGED | INSN_SENSITIVE) && said_copied && i->op != OP_RDTSC)
        wrong(m, i, "sensitive, and copied");
    see(n);
    op_seen[i->op] = true;
    tried++;
}

static void one(const struct mode *m, const uint8_t *bytes)
{
    struct insn i;
    if (insn_decode(bytes, INSN_MAX, !m->code16, &i) != DECODE_OK)
        return;
    const uint8_t *code = translate_at(EIP, i.bytes, i.len);
    assert_non_null(code);
    check(m, &i, code);
}

static void all_modrm(const struct mode *m, uint8_t *bytes, unsigned at)
{
    static const uint8_t forms[] = {0x00, 0x04, 0x05, 0x44, 0x45, 0x80, 0xc0, 0xc1, 0xc4, 0xc6};
    for (unsigned reg = 0; reg < 8; reg++) {
        for (unsigned f = 0; f < ARRAY_SIZE(forms); f++) {
            bytes[at] = (uint8_t)(forms[f] | reg << 3);
            bytes[at + 1] = 0x24; /* [esp], as a SIB byte */
            one(m, bytes);
        }
    }
}

/* Every opcode of every map behind PREFIX (0: none). */
static void all_opcodes(const struct mode *m, uint8_t prefix)
{
    static const uint8_t map[4][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
    static const unsigned map_len[4] = {0, 1, 2, 2};
    uint8_t bytes[INSN_MAX + 2];
    for (unsigned n = 0; n < 4 * 256; n++) {
        unsigned at = 0, k = n / 256;
        memset(bytes, 0x11, sizeof bytes);
        if (prefix)
            bytes[at++] = prefix;
        memcpy(bytes + at, map[k], map_len[k]);
        at += map_len[k];
        bytes[at++] = (uint8_t)n;
        all_modrm(m, bytes, at);
    }
}

static void all(void **state)
{
    static const uint8_t prefixes[] = {0, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64};
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(modes); n++) {
        set_mode(&modes[n]);
        for (unsigned k = 0; k < ARRAY_SIZE(prefixes); k++)
            all_opcodes(&modes[n], prefixes[k]);
    }
    for (unsigned op = 0; op < OP_COUNT; op++) {
        if (!op_seen[op])
            fail_msg("no %s was among them", op_name((enum op)op));
    }
    assert_true(tried > 100000);
}

/* ---- What depends on what is around ------------------------------------------------- */

/* Instruction N of what CODE becomes at EIP. */
static const struct note *nth(uint32_t eip, const void *code, unsigned len, unsigned n)
{
    assert_non_null(translate_at(eip, code, len));
    assert_true(n < notes.count);
    for (unsigned k = 0; k < notes.count; k++)
        see(&notes.note[k]);
    return &notes.note[n];
}

#define NTH(eip, n, code) nth(eip, code, sizeof(code) - 1, n)

static void shadows_and_ends(void **state)
{
    (void)state;
    set_mode(&modes[0]);
    assert_int_equal(NTH(EIP, 1, "\xfb\x74\x10")->why, WHY_SHADOW);
    assert_true(NTH(EIP, 1, "\xfb\x90")->changes & CHANGE_EVENTS);
    assert_int_equal(NTH(BT_CODE + PAGE_SIZE - 1, 0, "\xfb")->why, WHY_LAST);
    assert_int_equal(NTH(BT_CODE + PAGE_SIZE - 1, 1, "\x90")->why, WHY_GOES_ON);
    assert_true(NTH(EIP, 1, "\x50\x89\xe0")->changes & CHANGE_SETTLED);
    assert_true(NTH(EIP, 1, "\x50\x8b\x04\x24")->changes & CHANGE_OWED);
    set_mode(&modes[1]); /* links are data: jumps meet behind the block */
    const struct note *last = NTH(EIP, 0, "\x74\x80\xf4");
    for (unsigned n = 0; n < notes.count; n++)
        last = &notes.note[n];
    assert_int_equal(last->why, WHY_FAR_TARGET);
    assert_int_equal(last->eip, EIP + 2 - 0x80);
}

/* What is learnt of an instruction changes its translation, and says so. */
static void what_is_learnt(void **state)
{
    struct window_sites *w = &vm->bt->windows;
    (void)state;
    set_mode(&modes[3]);
    window_turn(w, EIP, WINDOW_SOURCE, 0, 0);
    assert_true(NTH(EIP, 0, "\x8b\x03")->changes & CHANGE_OTHER_WINDOW);
    assert_int_equal(NTH(EIP, 0, "\xd7")->why, WHY_IMPLIED);
    for (unsigned n = 1; n < WINDOW_TURNS; n++)
        window_turn(w, EIP, WINDOW_SOURCE, 0, 0);
    assert_true(NTH(EIP, 0, "\x8b\x03")->changes & CHANGE_BY_ADDRESS);
    memset(w, 0, sizeof *w);
    set_mode(&modes[0]);
    while (!adapt_is_callout(&vm->bt->adapt, EIP))
        adapt_faulted(&vm->bt->adapt, EIP);
    assert_int_equal(NTH(EIP, 0, "\x89\x03")->why, WHY_ADAPTED);
    memset(&vm->bt->adapt, 0, sizeof vm->bt->adapt);
}

/* The last byte of the segment, and what goes beyond. */
static void end_of_segment(void **state)
{
    (void)state;
    set_mode(&modes[6]);
    assert_true(modes[6].code16);
    assert_int_equal(NTH(BT_CODE + 0xfffe, 0, "\x90")->why, WHY_NOTHING);
    assert_int_equal(NTH(BT_CODE + 0xffff, 0, "\x90")->why, WHY_SEGMENT_END);
    assert_int_equal(NTH(BT_CODE + 0xfffe, 0, "\xb0\x01")->why, WHY_SEGMENT_END);
}

static void lock_step(void **state)
{
    (void)state;
    set_mode(&modes[0]);
    assert_int_equal(NTH(EIP, 0, "\x0f\x31")->why, WHY_TSC);
    vm->pace.on = true;
    assert_int_equal(NTH(EIP, 0, "\x0f\x31")->why, WHY_HEEDED);
    vm->pace.on = false;
}

/* Without notes nothing is written. */
static void nobody_asks(void **state)
{
    (void)state;
    vm->bt->notes = NULL;
    notes.count = 0;
    assert_non_null(translate_at(EIP, (const uint8_t *)"\x90", 1));
    assert_int_equal(notes.count, 0);
    vm->bt->notes = &notes;
}

/* Comes last. */
static void none_is_idle(void **state)
{
    static const char *const whys[] =
        {
#define X(name, text) #name,
            WHYS(X)
#undef X
        },
                             *const changes[] = {
#define X(name, text) #name,
                                 CHANGES(X)
#undef X
                             };
    (void)state;
    for (unsigned n = 0; n < WHY_COUNT; n++) {
        if (!why_seen[n])
            fail_msg("nothing is done for the reason %s", whys[n]);
    }
    for (unsigned n = 0; n < CHANGE_COUNT; n++) {
        if (!change_seen[n])
            fail_msg("no change %s", changes[n]);
    }
}

static int set_up(void **state)
{
    (void)state;
    vm = bt_world(false);
    vm->bt->notes = &notes;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all),
        cmocka_unit_test(shadows_and_ends),
        cmocka_unit_test(what_is_learnt),
        cmocka_unit_test(end_of_segment),
        cmocka_unit_test(lock_step),
        cmocka_unit_test(nobody_asks),
        cmocka_unit_test(none_is_idle),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
