/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See dma.h. The clients of a written frame are told by vmem.c, as for every other write.
 */
#include "monitor/dma.h"

#include "monitor/guestmem.h"
#include "monitor/host_io.h"
#include "monitor/vmem.h"

bool dma_read(const struct vm *vm, gpa_t where, void *buf, size_t len)
{
    return guest_read(vm, where, buf, len);
}

bool dma_write(struct vm *vm, gpa_t where, const void *buf, size_t len)
{
    return vmem_write_physical(vm, where, buf, len);
}

static size_t in_page(gpa_t where, size_t len)
{
    size_t left = PAGE_SIZE - (where.v & PAGE_MASK);
    return len < left ? len : left;
}

void *dma_lend(const struct vm *vm, gpa_t where, size_t len, size_t *got)
{
    size_t n = in_page(where, len);
    uint8_t *start = guest_page(vm, where, n);
    for (*got = n; start && *got < len; *got += n) {
        gpa_t next = gpa(where.v + *got);
        n = in_page(next, len - *got);
        if (guest_page(vm, next, n) != start + *got)
            break;
    }
    return start;
}

void dma_wrote(struct vm *vm, gpa_t where, size_t len)
{
    while (len) {
        size_t n = in_page(where, len);
        vmem_wrote_physical(vm, where, (unsigned)n);
        where.v += n;
        len -= n;
    }
}

/* How many of the pages from F on to END have host frames in a row. */
static uint32_t in_a_row(const struct vm *vm, gfn_t f, uint32_t end)
{
    uint32_t n = 1, first = guest_frame(vm, f).v;
    while (first && f.v + n < end && guest_frame(vm, gfn(f.v + n)).v == first + n)
        n++;
    return n;
}

/* Their content changes, which is a write to whoever watches them. */
void dma_forget(struct vm *vm, gpa_t where, uint64_t len)
{
    uint64_t last = where.v + len < vm->ram.size ? where.v + len : vm->ram.size;
    if (where.v >= vm->ram.size || len > vm->ram.size)
        return;
    uint32_t f = (uint32_t)((where.v + PAGE_MASK) >> PAGE_SHIFT),
             end = (uint32_t)(last >> PAGE_SHIFT);
    for (uint32_t n; f < end; f += n) {
        n = in_a_row(vm, gfn(f), end);
        if (!guest_frame(vm, gfn(f)).v)
            continue;
        host_frames_forget(guest_frame(vm, gfn(f)), n);
        dma_wrote(vm, gfn_to_gpa(gfn(f)), (size_t)n << PAGE_SHIFT);
    }
}
