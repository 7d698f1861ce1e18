/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Calls about page tables and descriptor tables. All of them do what the guest could do by
 * instructions; many of one kind are done at once, and where a change is told, nobody has to watch
 * for it.
 */
#include "monitor/guestmem.h"
#include "monitor/hypercall.h"
#include "monitor/priv.h"
#include "monitor/selector.h"
#include "monitor/vmem.h"
#include "shadow/shadow.h"

bool hypercall_array(const struct vm *vm, uint32_t where, uint32_t count, unsigned size)
{
    uint64_t end = (uint64_t)where + (uint64_t)count * size;
    return count <= RING1_ARRAY_MAX && !(where & 7) && end <= vm->ram.size;
}

/* ---- Page tables --------------------------------------------------------------- */

/* What the guest has written to its page tables. An address that leads nowhere, and one to a page
 * that is no table in use, changes nothing. */
int32_t hypercall_pages(struct vcpu *v, const uint32_t arg[5])
{
    struct ring1_shared *s = &v->shared;
    uint32_t n = s->told_count < RING1_TOLD_MAX ? s->told_count : RING1_TOLD_MAX;
    (void)arg;
    for (uint32_t i = 0; v->vm->shadow && i < n; i++) {
        uint32_t told = s->told[i], size = told & 1 ? 8 : 4;
        shadow_told(v->vm, gpa(told & ~(size - 1)), size);
    }
    s->told_count = 0;
    return (int32_t)n;
}

/* A call cannot fault: what has been raised is dropped, and is an error. */
static int32_t result(struct vcpu *v, bool ok, int32_t error)
{
    v->exc.valid = false;
    return ok ? 0 : error;
}

int32_t hypercall_root(struct vcpu *v, const uint32_t arg[5])
{
    hypercall_pages(v, arg);
    return result(v, priv_write_cr(v, 3, arg[0]), RING1_E_ARGUMENT);
}

static bool is_directory(const struct vcpu *v, uint32_t where)
{
    return vcpu_paging(v) && !(where & (vcpu_pae(v) ? 31u : PAGE_MASK)) && where < v->vm->ram.size;
}

int32_t hypercall_pin(struct vcpu *v, const uint32_t arg[5])
{
    if (!is_directory(v, arg[0]))
        return RING1_E_ADDRESS;
    if (v->vm->shadow)
        shadow_pin(v, arg[0]);
    return 0;
}

int32_t hypercall_unpin(struct vcpu *v, const uint32_t arg[5])
{
    if (!is_directory(v, arg[0]))
        return RING1_E_ADDRESS;
    if (v->vm->shadow)
        shadow_unpin(v, arg[0]);
    return 0;
}

int32_t hypercall_flush(struct vcpu *v, const uint32_t arg[5])
{
    if (arg[0] > RING1_FLUSH_GLOBAL || (arg[0] == RING1_FLUSH_PAGES && arg[2] > RING1_ARRAY_MAX))
        return RING1_E_ARGUMENT;
    hypercall_pages(v, arg);
    if (v->vm->shadow)
        shadow_pay(v->vm);
    if (arg[0] == RING1_FLUSH_PAGES)
        vmem_flush_pages(v, gva(arg[1]), arg[2]);
    else
        vmem_flush(v, arg[0] == RING1_FLUSH_GLOBAL);
    return 0;
}

/* ---- Descriptor tables -------------------------------------------------------------- */

static int32_t write_linear(struct vcpu *v, gva_t where, uint64_t value)
{
    return result(v, vmem_write(v, where, &value, sizeof value, 0), RING1_E_ADDRESS);
}

static int32_t set_descriptor(struct vcpu *v, uint32_t selector, uint64_t value)
{
    gva_t where;
    if (selector > 0xffff || NO_SELECTOR(selector) ||
        !selector_locate(v, (uint16_t)selector, &where))
        return RING1_E_ARGUMENT;
    return write_linear(v, where, value);
}

static int32_t set_gate(struct vcpu *v, uint32_t vector, uint64_t value)
{
    if (vector > 255 || vector * 8 + 7 > v->idtr.limit)
        return RING1_E_ARGUMENT;
    return write_linear(v, gva(v->idtr.base + vector * 8), value);
}

/* Both kinds of item: a number, a word that is 0, a descriptor. */
static int32_t set_each(struct vcpu *v, const uint32_t arg[5],
                        int32_t (*one)(struct vcpu *v, uint32_t which, uint64_t value))
{
    struct ring1_descriptor d;
    _Static_assert(sizeof d == sizeof(struct ring1_trap), "the same for both");
    if (!hypercall_array(v->vm, arg[0], arg[1], sizeof d))
        return RING1_E_ADDRESS;
    for (uint32_t i = 0; i < arg[1]; i++) {
        if (!guest_read(v->vm, gpa(arg[0] + i * sizeof d), &d, sizeof d))
            return i ? (int32_t)i : RING1_E_ADDRESS;
        int32_t error = d.reserved ? RING1_E_ARGUMENT : one(v, d.selector, d.value);
        if (error)
            return i ? (int32_t)i : error;
    }
    return (int32_t)arg[1];
}

int32_t hypercall_table(struct vcpu *v, const uint32_t arg[5])
{
    return set_each(v, arg, set_descriptor);
}

int32_t hypercall_traps(struct vcpu *v, const uint32_t arg[5])
{
    return set_each(v, arg, set_gate);
}

/* ESP0 and SS0 of the task-state segment. */
int32_t hypercall_stack(struct vcpu *v, const uint32_t arg[5])
{
    if (attr_system_type(v->tr.attr) != SYS_TSS32_BUSY || v->tr.limit < 11 || arg[0] > 0xffff)
        return RING1_E_ARGUMENT;
    return write_linear(v, gva(v->tr.base + 4), (uint64_t)arg[0] << 32 | arg[1]);
}
