/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The monitor's side of the boot plan: any bytes as one. In: a byte of options, then the plan. The
 * hosts have looked that its size is not beyond the module's, and nothing else. It is refused with
 * a line, or the guest has the RAM, registers and bytes that the plan says.
 */
#include "monitor/guestmem.h"
#include "monitor/run.h"
#include "monitor/vcpu.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_host.h"

#define FRAMES     6144u /* 24 MiB */
#define MIB_MASK   1u
#define MAX_RAM    (2u << 20)
#define KEEP_MAGIC 1u
#define KEEP_SIZE  2u

static void make_plausible(struct plan *p, size_t size, uint8_t options)
{
    if (!(options & KEEP_MAGIC)) {
        p->magic = PLAN_MAGIC;
        p->version = PLAN_VERSION;
    }
    if (!(options & KEEP_SIZE) || p->total_size > size)
        p->total_size = (uint32_t)size;
    if (p->memory_mib & 0x80000000u) /* one in two is any size at all */
        p->memory_mib &= 0x7fffffffu;
    else
        p->memory_mib = 1 + (p->memory_mib & MIB_MASK);
}

/* The other engines' tables take long to make; test_create has them. */
static void choose_engine(struct plan *p)
{
    if (p->engine <= PLAN_TRANSLATE)
        p->engine = PLAN_INTERP;
}

/* RAM as the segments say, one after the other. WRITTEN: which bytes they do. */
static void build(const struct plan *p, uint8_t *ram, uint8_t *written)
{
    const struct plan_segment *s = (const void *)(p + 1);
    for (uint32_t i = 0; i < p->segments; i++) {
        memset(ram + s[i].gpa, 0, s[i].size);
        memcpy(ram + s[i].gpa, (const uint8_t *)p + s[i].file_offset, s[i].file_size);
        memset(written + s[i].gpa, 1, s[i].size);
    }
}

/* Bytes that only zeros were promised for may hold what the board has put there before. */
static void check_ram(const struct vm *vm, const struct plan *p)
{
    static uint8_t ram[MAX_RAM], written[MAX_RAM], is[MAX_RAM];
    memset(ram, 0, vm->ram.size);
    memset(written, 0, vm->ram.size);
    build(p, ram, written);
    must(guest_read(vm, gpa(0), is, vm->ram.size), "RAM");
    for (uint32_t i = 0; i < vm->ram.size; i++) {
        bool board = (i >= 0xa0000 && i < 0x100000) || (i >= 0x400 && i < 0x500);
        must(!written[i] || is[i] == ram[i] || (board && ram[i] == 0), "byte at %x", i);
    }
}

static void check_guest(const struct vm *vm, const struct plan *p)
{
    const struct vcpu *v = vm->vcpu;
    must(vm->ram.size == (uint64_t)p->memory_mib << 20, "%lu bytes of RAM", vm->ram.size);
    must(v->eip == p->eip && v->gpr[R_ESP] == p->esp && v->gpr[R_ESI] == p->esi, "registers");
    must(v->cpl == 0 && v->cr0 == (CR0_PE | CR0_ET) && !v->vif && !v->exc.valid, "state");
    must(v->seg[S_CS].sel == p->cs && v->seg[S_DS].sel == p->ds, "selectors");
    must(p->segments <= 64 && p->engine <= PLAN_TRANSLATE, "an impossible plan was taken");
    if (vm->ram.size <= MAX_RAM)
        check_ram(vm, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 + sizeof(struct plan))
        return 0;
    struct plan *p = malloc(size - 1);
    memcpy(p, data + 1, size - 1);
    make_plausible(p, size - 1, data[0]);
    choose_engine(p);
    struct pool *pool = fake_host_reset(FRAMES);
    struct vm *vm = vm_create(p, pool, 1);
    if (vm)
        check_guest(vm, p);
    else
        must(fake.log_len && fake.log[fake.log_len - 1] == '\n', "refused without a line");
    free(p);
    return 0;
}
