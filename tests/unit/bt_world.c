/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest of the translator's tests (bt_world.h). The low mappings, the windows and the pool's
 * frames are the same memory, a memfd.
 */
#define _GNU_SOURCE
#include "tests/unit/bt_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/guestmem.h"
#include "monitor/trace.h"
#include "tests/unit/fake_host.h"

static int fd = -1;

static void need(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

static void map_at(uint64_t where, uint32_t address)
{
    void *at = (void *)(uintptr_t)where;
    need(mmap(at, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd,
              address) == at,
         "guest page");
}

/* COUNT guest pages from FIRST: their frames become the memfd's, and are seen below 4 GiB, too, and
 * in both windows. */
static void map_low(struct vm *vm, uint32_t first, uint32_t count)
{
    for (uint32_t a = first; a < first + count * PAGE_SIZE; a += PAGE_SIZE) {
        void *frame = bt_ram(vm, a);
        need(mmap(frame, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, a) == frame,
             "frame");
        map_at(a, a);
        map_at(BT_KERNEL_WINDOW + a, a);
        map_at(BT_USER_WINDOW + a, a);
    }
}

static void make_native(struct vm *vm)
{
    need(fd < 0, "one native world a process");
    fd = memfd_create("guest", MFD_CLOEXEC);
    need(fd >= 0 && ftruncate(fd, BT_RAM) == 0, "memfd");
    map_low(vm, BT_CODE, BT_CODE_PAGES);
    map_low(vm, BT_DATA, BT_DATA_PAGES);
    map_low(vm, BT_STACK, BT_STACK_PAGES);
    map_low(vm, BT_GDT, 1);
}

struct vm *bt_world(bool native)
{
    static uint8_t span[VCPU_SPAN(true)] __attribute__((aligned(PAGE_SIZE)));
    struct vm *vm = fake_vm(BT_RAM);
    memset(span, 0, sizeof span);
    memcpy(span, vm->vcpu, sizeof *vm->vcpu);
    vm->vcpu = (struct vcpu *)span;
    need(trace_create(vm) && bt_create(vm), "bt_create");
    if (native)
        make_native(vm);
    vm->vcpu->eip = BT_CODE;
    vm->vcpu->gpr[R_ESP] = BT_STACK + PAGE_SIZE;
    return vm;
}

void *bt_ram(struct vm *vm, uint32_t address)
{
    void *p = guest_page(vm, gpa(address), 1);
    need(p != NULL, "guest RAM");
    return p;
}

uint32_t bt_put(struct vm *vm, uint32_t eip, const void *code, size_t len)
{
    need(guest_write(vm, gpa(eip), code, len), "guest code");
    return eip + (uint32_t)len;
}

struct code_page bt_page(struct vm *vm, uint32_t linear)
{
    uint32_t first = linear & ~PAGE_MASK;
    bool global = vm->vcpu->cpl != 3;
    return (struct code_page){gva(first), gfn(first >> PAGE_SHIFT), bt_ram(vm, first), global};
}

uint32_t bt_make(struct vm *vm, uint32_t eip, const void *code, size_t len, bool global,
                 uint32_t frame)
{
    struct code_page page, next;
    bt_put(vm, eip, code, len);
    page = bt_page(vm, eip);
    next = bt_page(vm, eip + PAGE_SIZE);
    page.global = next.global = global;
    if (frame)
        page.frame = gfn(frame);
    vm->vcpu->eip = eip;
    bt_lookup(vm->vcpu);
    return bt_block(vm, bt_translate(vm->vcpu, &page, &next));
}

uint64_t bt_find(struct vcpu *v)
{
    uint64_t entry = bt_lookup(v);
    if (entry)
        return entry;
    uint32_t at = vcpu_next(v);
    struct code_page page = bt_page(v->vm, at), next = bt_page(v->vm, at + PAGE_SIZE);
    return bt_translate(v, &page, &next);
}

uint32_t bt_block(struct vm *vm, uint64_t entry)
{
    uint32_t b = cache_block_at(vm->bt, (uint32_t)(entry - vm->bt->tc.exec));
    need(bt_entry(vm->bt, b) == entry, "not an entry");
    return b;
}

uint64_t bt_entry(const struct bt *bt, uint32_t block)
{
    return entry_address(bt, bt->block[block].entries);
}

uint32_t bt_leads_to(const struct bt *bt, uint32_t slot)
{
    uint32_t rel, at = bt->slot[slot].at;
    if (!bt->patching)
        return (uint32_t)(bt->slot_value[slot] - bt->tc.exec);
    memcpy(&rel, bt->tc.write + at, sizeof rel);
    return at + 4 + rel;
}
