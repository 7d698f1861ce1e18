/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For tests of the top: the segment world, and doubles of the translator, the shadow and the board
 * that answer what a test says and note what they were asked. Segments, events and the interpreter
 * are the real ones. Included by one file of a test program.
 */
#ifndef RING1_TOP_WORLD_H
#define RING1_TOP_WORLD_H

#include "shadow/shadow.h"
#include "tests/unit/adapt_doubles.h"
#include "tests/unit/hypercall_doubles.h"
#include "tests/unit/inject_world.h"

static struct {
    /* Translator. */
    uint64_t known, made; /* what bt_lookup and bt_translate answer */
    bool traces;          /* bt_translate traces what it was given */
    unsigned translations, unwinds, chains;
    struct code_page page, next;
    bool has_next;
    uint32_t eip; /* where bt_unwind puts v */
    uint64_t chained;
    /* Shadow. */
    enum shadow_answer answer;
    uint32_t error, access;
    gva_t linear;
    unsigned faults, trace_changes;
    gfn_t changed[4];
    /* Board. */
    uint8_t vector;
    unsigned acks, advances;
    unsigned pending_after; /* so many calls of board_advance; 0: never */
    uint64_t advanced_to, due;
    enum board_request request;
    /* The room whose creation fails: 1 board, 2 shadow, 3 translator. */
    unsigned fails;
} top;

bool bt_create(struct vm *of)
{
    of->bt = (struct bt *)&top;
    return top.fails != 3;
}

void bt_tidy(struct vm *of, uint64_t now_ns)
{
    (void)of;
    (void)now_ns;
}

uint64_t bt_lookup(struct vcpu *of)
{
    (void)of;
    return top.known;
}

uint64_t bt_translate(struct vcpu *of, const struct code_page *page, const struct code_page *next)
{
    top.translations++;
    top.page = *page;
    top.has_next = next != NULL;
    if (next)
        top.next = *next;
    if (top.traces) {
        trace_add(of->vm, page->frame, TRACE_CODE);
        if (next)
            trace_add(of->vm, next->frame, TRACE_CODE);
    }
    return top.made;
}

void bt_unwind(struct vcpu *of, const struct host_exit *x)
{
    (void)x;
    top.unwinds++;
    of->eip = top.eip;
}

void bt_chain(struct vcpu *of, const struct host_exit *x, uint64_t entry)
{
    (void)of;
    (void)x;
    top.chains++;
    top.chained = entry;
}

unsigned bt_recent(const struct vm *of, uint32_t *eips, unsigned max)
{
    (void)of;
    for (unsigned i = 0; i < max && i < 2; i++)
        eips[i] = 0xc0100000u + i;
    return max < 2 ? max : 2;
}

bool shadow_create(struct vm *of)
{
    of->shadow = (struct shadow *)&top;
    return top.fails != 2;
}

enum shadow_answer shadow_fault(struct vcpu *of, gva_t linear, uint32_t hw, uint32_t *error)
{
    (void)of;
    top.faults++;
    top.linear = linear;
    top.access = hw;
    *error = top.error;
    return top.answer;
}

void shadow_switch(struct vcpu *of, bool global_too)
{
    (void)of;
    (void)global_too;
}

void shadow_invlpg(struct vcpu *of, gva_t linear)
{
    (void)of;
    (void)linear;
}

void shadow_wrote(struct vm *of, gpa_t where, size_t len)
{
    (void)of;
    (void)where;
    (void)len;
}

void shadow_trace_changed(struct vm *of, gfn_t f)
{
    (void)of;
    if (top.trace_changes < 4)
        top.changed[top.trace_changes] = f;
    top.trace_changes++;
}

void board_end(struct vm *of)
{
    (void)of;
}

bool board_create(struct vm *of)
{
    of->board = (struct board *)&top;
    return top.fails != 1;
}

void board_advance(struct vm *of, uint64_t now)
{
    (void)of;
    if (++top.advances == top.pending_after)
        told.interrupt = true;
    top.advanced_to = now;
}

uint64_t board_next_event(const struct vm *of)
{
    (void)of;
    return top.due;
}

uint8_t board_ack(struct vm *of)
{
    (void)of;
    top.acks++;
    told.interrupt = false;
    return top.vector;
}

enum board_request board_request(const struct vm *of)
{
    (void)of;
    return top.request;
}

struct board_text board_text(const struct vm *of)
{
    (void)of;
    return (struct board_text){0};
}

static inline int top_world(void **state)
{
    memset(&top, 0, sizeof top);
    told.interrupt = false;
    events(state);
    top.due = UINT64_MAX;
    assert_true(trace_create(vm) && segtab_create(vm));
    return 0;
}

/* Code at v->eip. */
#define CODE_AT(...)                                                                               \
    assert_true(guest_write(vm, gpa(v->eip), (const uint8_t[]){__VA_ARGS__},                       \
                            sizeof((const uint8_t[]){__VA_ARGS__})))

#endif
