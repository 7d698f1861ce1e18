/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Four breakpoints, looked at one by one: nothing of this runs while none is armed.
 */
#include "monitor/debugreg.h"

/* DR7's R/W fields (SDM 3B 17.2.4). PORT without CR4.DE is reserved and meets nothing. */
enum kind { ON_CODE, ON_WRITE, ON_PORT, ON_ACCESS };

struct breakpoint {
    enum kind kind;
    uint32_t first, last;
};

/* Breakpoint N, if it is armed. Its address is that of its length's alignment; eight bytes are for
 * 64-bit mode, and an instruction has one whatever DR7 says. */
static bool breakpoint(const struct vcpu *v, unsigned n, struct breakpoint *b)
{
    static const uint8_t lengths[4] = {1, 2, 8, 4};
    uint32_t fields = v->dr[7] >> (16 + 4 * n);
    if (!(v->dr[7] >> (2 * n) & 3))
        return false;
    b->kind = (enum kind)(fields & 3);
    uint32_t len = b->kind == ON_CODE ? 1 : lengths[fields >> 2 & 3];
    b->first = v->dr[n] & ~(len - 1);
    b->last = b->first + (len - 1);
    return b->kind != ON_PORT || (v->cr4 & CR4_DE);
}

void debugreg_changed(struct vcpu *v)
{
    static const uint8_t armed[] = {[ON_CODE] = ARMED_CODE,
                                    [ON_WRITE] = ARMED_DATA,
                                    [ON_PORT] = ARMED_PORT,
                                    [ON_ACCESS] = ARMED_DATA};
    struct breakpoint b;
    v->armed = 0;
    for (unsigned n = 0; n < 4; n++) {
        if (breakpoint(v, n, &b))
            v->armed |= armed[b.kind];
    }
}

uint32_t debugreg_code(const struct vcpu *v, uint32_t linear)
{
    struct breakpoint b;
    uint32_t met = 0;
    for (unsigned n = 0; n < 4; n++) {
        if (breakpoint(v, n, &b) && b.kind == ON_CODE && b.first == linear)
            met |= 1u << n;
    }
    return met;
}

/* [at, at+len) may wrap at 4 GiB; a breakpoint, being aligned, does not. */
static bool overlaps(const struct breakpoint *b, uint32_t at, unsigned len)
{
    return b->first - at < len || at - b->first <= b->last - b->first;
}

void debugreg_data(struct vcpu *v, uint32_t linear, unsigned len, bool write)
{
    struct breakpoint b;
    for (unsigned n = 0; n < 4; n++) {
        if (breakpoint(v, n, &b) && (b.kind == ON_ACCESS || (b.kind == ON_WRITE && write)) &&
            overlaps(&b, linear, len))
            v->met |= (uint8_t)(1u << n);
    }
}

void debugreg_port(struct vcpu *v, uint16_t port, unsigned len)
{
    struct breakpoint b;
    for (unsigned n = 0; n < 4; n++) {
        if (breakpoint(v, n, &b) && b.kind == ON_PORT && overlaps(&b, port, len))
            v->met |= (uint8_t)(1u << n);
    }
}

bool debugreg_page(const struct vcpu *v, uint32_t linear)
{
    struct breakpoint b;
    for (unsigned n = 0; n < 4; n++) {
        if (breakpoint(v, n, &b) && (b.kind == ON_ACCESS || b.kind == ON_WRITE) &&
            (b.first ^ linear) >> 12 == 0)
            return true;
    }
    return false;
}
