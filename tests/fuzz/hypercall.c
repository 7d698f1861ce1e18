/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls of a hostile guest. In: stores to its page tables and arrays, entries that it tells of or
 * does not, calls with any number and arguments, page faults. A call raises nothing and changes no
 * register but EAX, no entry maps a frame that is not the guest's, and at the end the host has
 * its tables back.
 */
#include "monitor/hypercall.h"
#include "monitor/pool.h"
#include "monitor/priv.h"
#include "monitor/run.h"
#include "shadow/shadow.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_host.h"

#include "monitor/guestmem.h"

#define RAM_MIB 4u
#define RAM     (RAM_MIB << 20)
#define PD      0x10000u
#define PT      0x11000u
#define ARRAY   0x20000u
#define SHARED  0x30000u
#define U       (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

static struct vm *vm;
static struct vcpu *v;

/* Places that mean something, or any. */
static uint32_t place(struct input *in)
{
    static const uint32_t known[] = {PD, PT, ARRAY, SHARED, PD + 0x20, 0, RAM - 16, ~15u};
    uint8_t how = take8(in);
    return how & 0x80 ? take32(in) : known[how & 7] + (how >> 3 & 15) * 4;
}

static void call(uint32_t number, const uint32_t arg[5])
{
    static const uint8_t reg[5] = {R_EBX, R_ECX, R_EDX, R_ESI, R_EDI};
    v->gpr[R_EAX] = number;
    for (unsigned i = 0; i < 5; i++)
        v->gpr[reg[i]] = arg[i];
    hypercall(v);
    must(!v->exc.valid, "call %u raised vector %u", number, v->exc.vector);
    for (unsigned i = 0; i < 5; i++)
        must(v->gpr[reg[i]] == arg[i], "call %u changed argument %u", number, i);
    v->halted = false;
}

static void any_call(struct input *in)
{
    uint8_t number = take8(in);
    uint32_t arg[5] = {0};
    for (unsigned i = 0; i < 4; i++)
        arg[i] = number & 0x80 ? place(in) : i ? take8(in) : place(in);
    if ((number & 0x7f) != RING1_CALL_SHUTDOWN)
        call((number & 0x7f) % (RING1_CALLS + 2), arg);
}

static bool is_guests(hfn_t host)
{
    for (uint32_t f = 0; f < RAM / PAGE_SIZE; f++) {
        if (guest_frame(vm, gfn(f)).v == host.v)
            return true;
    }
    return false;
}

static void touch(struct input *in)
{
    uint8_t how = take8(in);
    uint32_t error, at = take16(in) << 12, access = how & (PF_W | PF_U);
    unsigned flags;
    if (shadow_fault(v, gva(at), access, &error) != SHADOW_FIXED)
        return;
    hfn_t host = fake_lookup(gva(at), &flags);
    must(host.v && is_guests(host), "%08x maps frame %x", at, host.v);
}

static void one(struct input *in)
{
    uint32_t at, value;
    switch (take8(in) & 7) {
    case 0:
    case 1:
        at = place(in);
        value = take8(in) & 1 ? (uint32_t)take16(in) << 12 | U : take32(in);
        guest_write(vm, gpa(at), &value, sizeof value);
        break;
    case 2:
        at = v->shared.told_count++ % RING1_TOLD_MAX;
        v->shared.told[at] = place(in) | (take8(in) & 1);
        break;
    case 3:
        v->shared.told_count = take32(in);
        break;
    case 4:
    case 5:
        touch(in);
        break;
    default:
        any_call(in);
    }
}

static void start(uint8_t how)
{
    const struct plan plan = {.magic = PLAN_MAGIC,
                              .version = PLAN_VERSION,
                              .total_size = sizeof plan,
                              .memory_mib = RAM_MIB,
                              .engine = PLAN_TRANSLATE,
                              .runs = 1,
                              .cs = 8,
                              .ds = 16};
    const uint32_t arg[5] = {RING1_ABI_VERSION, SHARED, how & 3u, 0xf3};
    vm = vm_create(&plan, fake_host_reset(16000), 1);
    must(vm, "no guest");
    v = vm->vcpu;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t pde = PT | U;
        guest_write(vm, gpa(PD + i * 4), &pde, sizeof pde);
    }
    (void)priv_write_cr(v, 4, how & 4 ? CR4_PAE : CR4_PSE);
    (void)priv_write_cr(v, 3, PD);
    (void)priv_write_cr(v, 0, v->cr0 | CR0_PG | (how & 8 ? CR0_WP : 0));
    v->exc.valid = false;
    call(RING1_CALL_ENABLE, arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    start(take8(&in));
    while (in.left)
        one(&in);
    vm_destroy(vm);
    must(!fake.tables_live && !fake.spaces_live, "the host's tables are left");
    return 0;
}
