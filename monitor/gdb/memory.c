/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See memory.h.
 */
#include "monitor/gdb/memory.h"

#include "monitor/guestmem.h"
#include "monitor/guestwalk.h"
#include "monitor/vmem.h"

/* Bytes from LINEAR on in its page, at most LEN, with the address of the first in *AT; 0: no RAM.
 * Addresses do not wrap at 4 GiB. */
static size_t piece(struct vcpu *v, uint64_t linear, size_t len, gpa_t *at)
{
    struct walk w;
    uint32_t error, offset = linear & PAGE_MASK;
    size_t left = PAGE_SIZE - offset;
    if (linear >> 32 || !guest_walk(v, gva((uint32_t)linear), 0, &w, &error))
        return 0;
    *at = gpa(w.page.v + offset);
    len = len < left ? len : left;
    return guest_page(v->vm, *at, len) ? len : 0;
}

size_t gdb_memory_read(struct vcpu *v, uint32_t linear, void *to, size_t len)
{
    size_t done = 0;
    while (done < len) {
        gpa_t at;
        size_t n = piece(v, (uint64_t)linear + done, len - done, &at);
        if (!n || !guest_read(v->vm, at, (uint8_t *)to + done, n))
            break;
        done += n;
    }
    return done;
}

bool gdb_memory_write(struct vcpu *v, uint32_t linear, const void *from, size_t len)
{
    gpa_t at;
    size_t n;
    for (size_t done = 0; done < len; done += n) {
        if (!(n = piece(v, (uint64_t)linear + done, len - done, &at)))
            return false;
    }
    for (size_t done = 0; done < len; done += n) {
        n = piece(v, (uint64_t)linear + done, len - done, &at);
        if (!n || !vmem_write_physical(v->vm, at, (const uint8_t *)from + done, n))
            return false; /* what was written has taken away its own page */
    }
    return true;
}
