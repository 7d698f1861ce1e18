/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translator on any bytes as guest code. In: the mode and policies, a list of what happens to
 * the cache (translations, writes, flushes, faults, links), and the code. Nothing may crash; all
 * that was emitted is decoded again by Zydis and must be confined (bt_confined.h), and every byte
 * of it must have an unwind record.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/bt_confined.h"
#include "tests/unit/bt_world.h"
#include "tests/unit/fake_host.h"

static struct vm *vm;
static struct vcpu *v;

#define CODE_BYTES (2 * PAGE_SIZE)

static void make_world(void)
{
    vm = bt_world(false);
    v = vm->vcpu;
}

/* ---- The guest ------------------------------------------------------------ */

enum choices {
    C_WINDOWS = 1u << 2,
    C_PATCHING = 1u << 3,
    C_INLINE = 1u << 4,
    C_COUNT = 1u << 5,
    C_GATES = 1u << 6,
    C_HOST_CODE = 1u << 7,
    C_NO_DS = 1u << 8,
    C_NO_ES = 1u << 9,
    C_CONTROL = 1u << 10,
    C_LOCAL = 1u << 11,
    C_SMALL_GS = 1u << 12,
    C_NULL_FS = 1u << 13,
    C_PAGING = 1u << 14,
    C_CODE16 = 1u << 15,
};

static void choose_policy(uint16_t choices)
{
    struct bt *bt = vm->bt;
    bool windows = choices & C_WINDOWS;
    bt->inline_lookup = choices & C_INLINE;
    bt->count = choices & C_COUNT;
    bt->patching = bt->save_flags = choices & C_PATCHING;
    bt->tc.user_code = vm->user_code = windows;
    bt->tc.gate_kind = windows ? GATE_NEAR : choices & C_GATES ? GATE_FAR : GATE_INT;
    bt->tc.gate = windows ? BT_GATE_NEAR : BT_GATE_FAR;
    bt->tc.gate_spacing = 16;
    bt->tc.user_return = bt->tc.user_call = choices & C_HOST_CODE ? 1ull << 46 : 0;
}

/* 16-bit code whose segment begins BEFORE the code. */
static void choose_code16(uint32_t before)
{
    for (unsigned n = S_CS; n <= S_SS; n++) {
        v->seg[n].attr &= ~(uint32_t)(SA_DB | SA_G);
        v->seg[n].limit = 0xffff;
    }
    v->seg[S_CS].base = BT_CODE - before;
}

static void choose_guest(struct input *in, uint16_t choices)
{
    const uint32_t attr = SA_P | SA_S | SA_RW | SA_ACCESSED | SA_DB | SA_G;
    v->cpl = (choices & 3) == 3 && !(choices & C_WINDOWS) ? 0 : choices & 3;
    v->cr0 = CR0_PE | CR0_ET | (choices & C_CONTROL ? CR0_TS : 0u);
    v->cr0 |= choices & C_PAGING ? (unsigned)CR0_PG : 0u;
    for (unsigned n = 0; n < S_COUNT; n++)
        v->seg[n] = (struct segment){0, 0xffffffffu, attr | (n == S_CS ? SA_CODE : 0u), 0x10};
    v->seg[S_DS].base = choices & C_NO_DS ? 0x1000 : 0;
    v->seg[S_ES].limit = choices & C_NO_ES ? 0xffff : 0xffffffffu;
    v->seg[S_FS].base = take32(in);
    v->seg[S_GS].base = take32(in);
    v->seg[S_GS].limit = choices & C_SMALL_GS ? 0xfff : 0xffffffffu;
    v->seg[S_FS].attr = choices & C_NULL_FS ? SA_NULL : attr;
    if (choices & C_CODE16)
        choose_code16(v->seg[S_FS].base & 0xf000);
    v->tc_rsp = (uint64_t)(vm->bt->tc.stack + vm->bt->tc.stack_words / 2);
    v->inhibit = 0;
}

static void start(struct input *in)
{
    uint16_t choices = take16(in);
    choose_policy(choices);
    choose_guest(in, choices);
    memset(&vm->bt->adapt, 0, sizeof vm->bt->adapt);
    memset(&vm->bt->windows, 0, sizeof vm->bt->windows);
    memset(vm->bt->drops, 0, vm->bt->nframes);
    cache_flush_all(vm);
}

/* ---- What happens to the cache ---------------------------------------------- */

static bool local;

static struct code_page page_of(uint32_t linear)
{
    struct code_page page = bt_page(vm, linear);
    page.global &= !local;
    return page;
}

static uint64_t translate(uint32_t eip, bool alone)
{
    uint32_t before = vm->bt->nblocks;
    v->eip = eip - v->seg[S_CS].base;
    if (!(v->seg[S_CS].attr & SA_DB) && v->eip > 0xffff) /* the interpreter's (mode.c) */
        return 0;
    uint64_t entry = bt_lookup(v);
    if (!entry) {
        struct code_page page = page_of(eip), next = page_of(eip + PAGE_SIZE);
        entry = bt_translate(v, &page, alone ? NULL : &next);
    }
    if (entry && vm->bt->nblocks > before)
        confined_check(v, vm->bt->nblocks - 1);
    return entry;
}

/* A stop of translated code at byte AT of the cache's blocks, turned to guest state. */
static bool stop(uint32_t at, struct host_exit *x)
{
    struct bt *bt = vm->bt;
    if (bt->nblocks < 2)
        return false;
    const struct block *b = &bt->block[1 + at % (bt->nblocks - 1)];
    *x = (struct host_exit){.kind = HX_EXCEPTION, .vector = VEC_PF};
    x->rip = bt->tc.exec + b->tc + (at >> 8) % b->tc_len;
    x->scratch[SCR_R8] = BT_CODE + at % CODE_BYTES;
    x->scratch[SCR_RSP] = v->tc_rsp;
    bt_unwind(v, x);
    v->inhibit = 0;
    return true;
}

static bool is_code(uint32_t eip)
{
    return eip >= BT_CODE && eip < BT_CODE + 3 * PAGE_SIZE;
}

/* Slot number N leaves: its target is found and connected. */
static void follow_slot(unsigned n)
{
    struct bt *bt = vm->bt;
    if (bt->nslots < 2)
        return;
    uint32_t slot = 1 + n % (bt->nslots - 1), from = bt->slot[slot].from;
    struct host_exit x = {.kind = HX_TC, .code = TC_EXIT_MISS};
    if (!is_code(bt->slot[slot].eip) || !bt->block[from].live)
        return;
    x.rip = bt->tc.exec + slot_stub(bt, slot) + gate_size(bt);
    x.scratch[SCR_RSP] = v->tc_rsp;
    bt_unwind(v, &x);
    must(vcpu_next(v) == bt->slot[slot].eip, "slot %u leaves at %x", slot, v->eip);
    uint64_t entry = translate(vcpu_next(v), false);
    if (!entry)
        return;
    bt_chain(v, &x, entry);
    if (bt->block[from].live)
        confined_check(v, from);
}

static void write_code(uint32_t arg)
{
    uint32_t at = BT_CODE + arg % CODE_BYTES;
    uint8_t byte = (uint8_t)(arg >> 13);
    bt_put(vm, at, &byte, 1);
    bt_wrote(vm, gfn(at >> PAGE_SHIFT), at & PAGE_MASK, at & PAGE_MASK);
}

static void fault(uint32_t arg)
{
    struct host_exit x;
    for (unsigned n = 0; n < 40 && stop(arg, &x); n++)
        bt_faulted(v, &x);
}

static void call_out(uint32_t arg)
{
    struct host_exit x;
    for (unsigned n = 0; n < 20 && stop(arg, &x); n++)
        bt_called_out(v, &x, vcpu_next(v), arg & 1);
}

static void turn_window(uint32_t arg)
{
    struct host_exit x;
    if (!vm->user_code || !stop(arg, &x))
        return;
    x.other_window = true;
    x.cr2 = arg << 16;
    bt_turn_window(v, &x, arg & 1);
}

static void miss(uint32_t arg)
{
    struct host_exit x;
    if (stop(arg, &x))
        bt_missed(v, &x);
}

static void one_event(unsigned kind, uint32_t arg)
{
    switch (kind % 10) {
    case 0:
        translate(BT_CODE + arg % CODE_BYTES, arg >> 15 & 1);
        break;
    case 1:
    case 2:
        follow_slot(arg);
        break;
    case 3:
        write_code(arg);
        break;
    case 4:
        bt_flush_linear(v, gva(BT_CODE + arg % CODE_BYTES));
        break;
    case 5:
        bt_flush_space(v, arg & 1);
        break;
    case 6:
        fault(arg);
        break;
    case 7:
        call_out(arg);
        break;
    case 8:
        turn_window(arg);
        break;
    default:
        miss(arg);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t code[CODE_BYTES], events[32 * 3];
    if (!vm)
        make_world();
    local = size > 1 && (data[1] & C_LOCAL >> 8);
    start(&in);
    uint32_t at = take16(&in) % PAGE_SIZE;
    size_t bytes = 3u * (take8(&in) % 33);
    take(&in, events, bytes);
    size_t n = take(&in, code, CODE_BYTES - at);
    memset(bt_ram(vm, BT_CODE), 0xf4, PAGE_SIZE);
    memset(bt_ram(vm, BT_CODE + PAGE_SIZE), 0xf4, PAGE_SIZE);
    bt_put(vm, BT_CODE + at, code, n);
    translate(BT_CODE + at, false);
    for (size_t e = 0; e < bytes; e += 3)
        one_event(events[e], events[e + 1] | (uint32_t)events[e + 2] << 8);
    for (uint32_t b = 0; b < vm->bt->nblocks; b++) {
        if (b == 0 || vm->bt->block[b].live)
            confined_check(v, b);
    }
    return 0;
}
