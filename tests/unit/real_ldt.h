/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An LDT of random segments, the same for the real CPU (modify_ldt) and for the guest, whose
 * offsets of interest lie in the pages of real_twin.h. By number: 16-bit code, 32-bit code,
 * stacks, data of all kinds, and what cannot be loaded. Included by one file of a test program.
 */
#ifndef RING1_REAL_LDT_H
#define RING1_REAL_LDT_H

#include <asm/ldt.h>

#include "tests/unit/real_select.h"

/* The first entry of each kind; entry 0 stays empty. */
enum {
    LDT_CODE16 = 1,
    LDT_CODE32 = 13,
    LDT_STACK = 19,
    LDT_DATA = 33,
    LDT_CODE_DATA = 53,
    LDT_BAD = 56,
    LDT_END = LDT_MOST,
};

enum { LDT_RW = 0, LDT_DOWN = 1, LDT_CODE = 2, LDT_CONFORMING = 3 };

static inline uint16_t ldt_selector(unsigned first, unsigned end)
{
    return (uint16_t)((first + rnd_below(end - first)) * 8 | SEL_TI | 3);
}

static inline void ldt_put(const struct user_desc *d)
{
    long r = syscall(SYS_modify_ldt, 0x11, d, sizeof *d);
    if (r)
        fail_msg("modify_ldt: %ld: this system has no 16-bit segments", r);
}

/* An upper limit that lets LAST be reached: just so, or by far. */
static inline void choose_limit(struct user_desc *d, uint32_t last)
{
    static const uint32_t wide[] = {0xffff, 0xfffff, 0x1ffff, 0x10000, 0xfffe};
    d->limit_in_pages = rnd_below(4) == 0;
    if (d->limit_in_pages)
        d->limit = rnd_below(2) ? 0xfffff : (last >> 12) + rnd_below(3);
    else
        d->limit = rnd_below(2) ? last + rnd_below(24) : wide[rnd_below(ARRAY_SIZE(wide))];
    uint32_t bytes = d->limit_in_pages ? d->limit << 12 | 0xfff : d->limit;
    if (bytes < last || d->limit > 0xfffff) {
        d->limit_in_pages = 1;
        d->limit = last >> 12;
    }
}

/* A segment that can be used above its limit only: the limit lies below FIRST. */
static inline void choose_lower_limit(struct user_desc *d, uint32_t first)
{
    uint32_t limit = rnd_below(2) ? first - 1 - rnd_below(24) : rnd_below(256);
    d->limit_in_pages = first >= 0x1000 && rnd_below(3) == 0;
    if ((int32_t)limit < 0 || limit >= first)
        limit = 0;
    d->limit = d->limit_in_pages ? (first >> 12) - 1 : limit & 0xfffff;
}

/* Offsets at which things go wrong, or do not. */
static inline uint32_t offset_of_interest(bool wide)
{
    switch (rnd_below(wide ? 8 : 6)) {
    case 0:
        return rnd_below(0x40);
    case 1:
        return 0x8000 - rnd_below(16);
    case 2:
    case 3:
        return 0x10000 - rnd_below(0x20);
    case 6:
        return 0x10000 + rnd_below(0x2000);
    case 7:
        return rnd() >> rnd_below(12) | 1;
    default:
        return rnd_below(0x10000);
    }
}

/* The instruction of each case is at CODE + 800h, and 32 bytes are left to it at least, or some. */
static inline void put_code_segment(unsigned n, bool code32)
{
    uint32_t ip = offset_of_interest(true);
    if (!code32 && rnd_below(4))
        ip &= 0xffff;
    struct user_desc d = {.entry_number = n, .contents = LDT_CODE, .seg_32bit = code32};
    d.base_addr = CODE + 0x800 - ip;
    d.useable = rnd_below(2);
    choose_limit(&d, ip);
    ldt_put(&d);
}

static inline void put_stack_segment(unsigned n)
{
    struct user_desc d = {.entry_number = n, .seg_32bit = rnd_below(2)};
    uint32_t sp = rnd_below(3) ? offset_of_interest(d.seg_32bit) : 0;
    d.base_addr = STACK + (sp ? 0x1000 : 0) - sp;
    d.contents = sp > 0x100 && rnd_below(3) == 0 ? LDT_DOWN : LDT_RW;
    if (d.contents == LDT_DOWN)
        choose_lower_limit(&d, sp);
    else
        choose_limit(&d, sp);
    ldt_put(&d);
}

static inline void put_data_segment(unsigned n, unsigned contents)
{
    struct user_desc d = {.entry_number = n, .seg_32bit = rnd_below(2), .contents = contents};
    uint32_t off = offset_of_interest(d.seg_32bit);
    if (contents == LDT_RW && off > 0x100 && rnd_below(3) == 0)
        d.contents = LDT_DOWN;
    d.base_addr = target() - off;
    d.read_exec_only = contents == LDT_RW && rnd_below(6) == 0;
    if (d.contents == LDT_DOWN)
        choose_lower_limit(&d, off);
    else
        choose_limit(&d, off);
    ldt_put(&d);
}

/* Segments that are not present, of each type, and code that cannot be read. */
static inline void put_bad_segment(unsigned n)
{
    struct user_desc d = {.entry_number = n, .base_addr = CODE, .limit = 0xffff};
    d.contents = n & 3;
    d.seg_not_present = n < LDT_END - 2 || d.contents == LDT_CONFORMING;
    d.read_exec_only = !d.seg_not_present;
    if (n == LDT_END - 1) {
        d.contents = LDT_CODE;
        d.seg_not_present = 0;
        d.read_exec_only = 1;
    }
    ldt_put(&d);
}

/* The guest's LDT gets what the hardware's holds. */
static inline void copy_ldt(void)
{
    uint8_t raw[LDT_END * 8];
    assert_int_equal(syscall(SYS_modify_ldt, 0, raw, sizeof raw), sizeof raw);
    assert_true(guest_write(vm, gpa(LDT), raw, sizeof raw));
    vm->vcpu->ldtr = (struct segment){LDT, sizeof raw - 1, SA_P | SYS_LDT, 0x50};
    ldt_entries = LDT_END;
}

static inline void random_ldt(void)
{
    for (unsigned n = LDT_CODE16; n < LDT_STACK; n++)
        put_code_segment(n, n >= LDT_CODE32);
    for (unsigned n = LDT_STACK; n < LDT_DATA; n++)
        put_stack_segment(n);
    for (unsigned n = LDT_DATA; n < LDT_BAD; n++)
        put_data_segment(n, n < LDT_CODE_DATA ? LDT_RW : LDT_CODE);
    for (unsigned n = LDT_BAD; n < LDT_END; n++)
        put_bad_segment(n);
    copy_ldt();
}

#endif
