/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 8259A pair: initialisation, priorities, every end-of-interrupt and rotation, edge and
 * level, the cascade, polling, spurious interrupts, and Linux's probe and mask-and-ack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/pic.h"

#define M        PIC_MASTER
#define S        PIC_SLAVE
#define EOI      0x20u
#define READ_IRR 0x0au
#define READ_ISR 0x0bu

static void init_chip(struct pics *p, enum pic_chip which, unsigned icw2, unsigned icw4)
{
    pics_write(p, which, 0, 0x11);
    pics_write(p, which, 1, (uint8_t)icw2);
    pics_write(p, which, 1, which == M ? 0x04 : 0x02);
    pics_write(p, which, 1, (uint8_t)icw4);
}

/* As Linux does: vectors 30h-3Fh. */
static struct pics ready(unsigned icw4)
{
    struct pics p;
    pics_reset(&p);
    init_chip(&p, M, 0x30, icw4);
    init_chip(&p, S, 0x38, icw4);
    return p;
}

static void pulse(struct pics *p, unsigned irq)
{
    pics_set_line(p, irq, false);
    pics_set_line(p, irq, true);
}

static unsigned isr(struct pics *p, enum pic_chip which)
{
    pics_write(p, which, 0, READ_ISR);
    return pics_read(p, which, 0);
}

static unsigned irr(struct pics *p, enum pic_chip which)
{
    pics_write(p, which, 0, READ_IRR);
    return pics_read(p, which, 0);
}

static void silent_until_initialised(void **state)
{
    (void)state;
    struct pics p;
    pics_reset(&p);
    pics_set_line(&p, 1, true);
    pics_set_line(&p, 9, true);
    assert_false(pics_int(&p));
    pics_write(&p, M, 1, 0xfb); /* Linux's probe_8259A: the mask must read back */
    assert_int_equal(pics_read(&p, M, 1), 0xfb);
    pics_write(&p, M, 0, 0x11);
    pics_set_line(&p, 3, true);
    pics_write(&p, M, 1, 0x30);
    pics_write(&p, M, 1, 0x04);
    assert_false(pics_int(&p));
    pics_write(&p, M, 1, 0x01);
    assert_true(pics_int(&p));
    /* ICW1 forgot the edge of IRQ 1, which came before it, and unmasked everything. */
    assert_int_equal(irr(&p, M), 0x08);
    assert_int_equal(pics_read(&p, M, 1), 0);
    assert_int_equal(pics_ack(&p), 0x33);
}

/* ICW1 begins anew whatever state the chip was left in. */
static void initialisation_forgets(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pulse(&p, 3);
    assert_int_equal(pics_ack(&p), 0x33);
    pics_write(&p, M, 0, 0xc0 | 4); /* priorities turned, special mask, ISR shown, poll */
    pics_write(&p, M, 0, 0x68);
    pics_write(&p, M, 0, READ_ISR);
    pics_write(&p, M, 0, 0x80);
    pics_write(&p, M, 0, 0x0c);
    pulse(&p, 1);
    pics_write(&p, M, 0, 0x11);
    pulse(&p, 6);
    pulse(&p, 5);
    assert_false(pics_int(&p)); /* not half-way through */
    assert_int_equal(pics_read(&p, M, 0), 0x60);
    pics_write(&p, M, 1, 0x40);
    pics_write(&p, M, 1, 0x04);
    pics_write(&p, M, 1, 0x03); /* automatic EOI: it must not rotate */
    assert_int_equal(p.chip[M].isr, 0);
    assert_int_equal(pics_ack(&p), 0x45);
    pulse(&p, 5);
    assert_int_equal(pics_ack(&p), 0x45);
    assert_int_equal(pics_ack(&p), 0x46);
    init_chip(&p, M, 0x30, 1);
    pulse(&p, 3);
    pics_ack(&p);
    pics_write(&p, M, 1, 0x08);
    pulse(&p, 6);
    assert_false(pics_int(&p)); /* special mask mode is off */
}

static void short_initialisations(void **state)
{
    (void)state;
    struct pics p;
    pics_reset(&p);
    pics_write(&p, M, 0, 0x12); /* single, no ICW4 */
    pics_write(&p, M, 1, 0x57); /* the low three bits are not part of the vector */
    pics_write(&p, M, 1, 0xfe); /* already the mask */
    assert_int_equal(pics_read(&p, M, 1), 0xfe);
    pics_set_line(&p, 0, true);
    assert_int_equal(pics_ack(&p), 0x50);
    pics_write(&p, S, 0, 0x13); /* single, with ICW4 */
    pics_write(&p, S, 1, 0x60);
    pics_write(&p, S, 1, 0x03);
    pics_write(&p, S, 1, 0x55);
    assert_int_equal(pics_read(&p, S, 1), 0x55);
    assert_int_equal(p.chip[S].icw4, 0x03);
    pics_write(&p, S, 0, 0x10); /* cascaded, no ICW4: what it said before is forgotten */
    pics_write(&p, S, 1, 0x60);
    pics_write(&p, S, 1, 0x02);
    assert_int_equal(p.chip[S].icw4, 0);
    assert_true(p.chip[S].ready);
}

static void nested_priorities(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pulse(&p, 4);
    assert_true(pics_int(&p));
    assert_int_equal(pics_ack(&p), 0x34);
    assert_int_equal(isr(&p, M), 0x10);
    assert_int_equal(irr(&p, M), 0);
    assert_false(pics_int(&p));
    pulse(&p, 4);
    pulse(&p, 6);
    assert_false(pics_int(&p)); /* same and lower wait */
    pulse(&p, 1);
    assert_true(pics_int(&p)); /* higher does not */
    assert_int_equal(pics_ack(&p), 0x31);
    assert_int_equal(isr(&p, M), 0x12);
    pics_write(&p, M, 0, EOI); /* ends the highest */
    assert_int_equal(isr(&p, M), 0x10);
    assert_false(pics_int(&p));
    pics_write(&p, M, 0, EOI);
    assert_int_equal(pics_ack(&p), 0x34);
    pics_write(&p, M, 0, 0x60 | 4); /* specific */
    assert_int_equal(pics_ack(&p), 0x36);
    pics_write(&p, M, 0, EOI);
    pics_write(&p, M, 0, EOI); /* nothing to end */
    assert_int_equal(isr(&p, M), 0);
}

static void edges(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pics_set_line(&p, 3, true);
    assert_int_equal(pics_ack(&p), 0x33);
    pics_write(&p, M, 0, EOI);
    pics_set_line(&p, 3, true); /* still high: no edge */
    assert_false(pics_int(&p));
    pulse(&p, 3);
    assert_true(pics_int(&p));
    pics_set_line(&p, 3, false); /* withdrawn */
    assert_false(pics_int(&p));
    assert_int_equal(pics_ack(&p), 0x37); /* spurious: not in service */
    assert_int_equal(isr(&p, M), 0);
    pics_write(&p, M, 1, 0x08);
    pulse(&p, 3);
    assert_false(pics_int(&p));
    pics_write(&p, M, 1, 0); /* a masked edge is kept */
    assert_true(pics_int(&p));
}

static void levels(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pics_write_elcr(&p, M, 0xff);
    pics_write_elcr(&p, S, 0xff);
    assert_int_equal(pics_read_elcr(&p, M), 0xf8);
    assert_int_equal(pics_read_elcr(&p, S), 0xde);
    pics_set_line(&p, 11, true);
    assert_int_equal(pics_ack(&p), 0x3b);
    pics_write(&p, S, 0, EOI);
    pics_write(&p, M, 0, EOI);
    assert_true(pics_int(&p)); /* the line is still high */
    assert_int_equal(irr(&p, S), 0x08);
    pics_set_line(&p, 11, false);
    assert_false(pics_int(&p));
    pics_set_line(&p, 5, true);
    pics_write_elcr(&p, M, 0); /* edge again: the level alone does not count */
    assert_false(pics_int(&p));
}

static void cascade(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pulse(&p, 12);
    assert_int_equal(irr(&p, M), 0x04);
    assert_int_equal(pics_ack(&p), 0x3c);
    assert_int_equal(isr(&p, M), 0x04);
    assert_int_equal(isr(&p, S), 0x10);
    pulse(&p, 9); /* higher on the slave, but the master's IR2 is in service */
    assert_false(pics_int(&p));
    pulse(&p, 1);
    assert_int_equal(pics_ack(&p), 0x31);
    pics_write(&p, M, 0, 0x61);
    pics_write(&p, S, 0, 0x64);
    pics_write(&p, M, 0, 0x62);
    assert_int_equal(pics_ack(&p), 0x39);
    pics_write(&p, S, 0, EOI);
    pics_write(&p, M, 0, EOI);
    assert_false(pics_int(&p));
    /* Two requests on the slave: each makes its own edge at the master. */
    pulse(&p, 8);
    pulse(&p, 15);
    assert_int_equal(pics_ack(&p), 0x38);
    pics_write(&p, M, 0, EOI); /* the master first, as some systems do */
    assert_false(pics_int(&p));
    pics_write(&p, S, 0, EOI);
    assert_int_equal(pics_ack(&p), 0x3f);
}

static void slave_masked_or_withdrawn(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pics_write(&p, S, 1, 0xff);
    pulse(&p, 10);
    assert_false(pics_int(&p));
    assert_true(pics_masked(&p, 10));
    pics_write(&p, S, 1, 0xfb);
    assert_false(pics_masked(&p, 10));
    assert_true(pics_int(&p));
    pics_set_line(&p, 10, false);
    assert_false(pics_int(&p));
    pulse(&p, 10);
    pics_write(&p, M, 1, 0x04);
    assert_false(pics_int(&p));
}

static void special_fully_nested(void **state)
{
    (void)state;
    struct pics p = ready(1);
    init_chip(&p, M, 0x30, 0x11);
    pulse(&p, 12);
    assert_int_equal(pics_ack(&p), 0x3c);
    pulse(&p, 14);
    assert_false(pics_int(&p)); /* lower than what the slave serves */
    pulse(&p, 9);
    assert_true(pics_int(&p));
    assert_int_equal(pics_ack(&p), 0x39);
    pulse(&p, 3);
    assert_false(pics_int(&p));
}

static void automatic_eoi(void **state)
{
    (void)state;
    struct pics p = ready(3);
    pulse(&p, 4);
    pulse(&p, 5);
    assert_int_equal(pics_ack(&p), 0x34);
    assert_int_equal(isr(&p, M), 0);
    pulse(&p, 4);
    assert_int_equal(pics_ack(&p), 0x34);
    pics_write(&p, M, 0, 0x80); /* rotate in automatic EOI mode: on */
    pulse(&p, 4);
    assert_int_equal(pics_ack(&p), 0x34);
    pulse(&p, 4);
    assert_int_equal(pics_ack(&p), 0x35); /* 4 is the lowest now */
    pics_write(&p, M, 0, 0x00);           /* off */
    assert_int_equal(pics_ack(&p), 0x34);
    pulse(&p, 5);
    pulse(&p, 6);
    assert_int_equal(pics_ack(&p), 0x36); /* 5 became the lowest, and stayed it */
    pulse(&p, 9);
    pulse(&p, 10);
    assert_int_equal(pics_ack(&p), 0x39);
    assert_true(pics_int(&p)); /* the slave's next request has its own edge */
}

static void rotations(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pics_write(&p, M, 0, 0xc0 | 3); /* set priority: 3 lowest, 4 highest */
    pulse(&p, 0);
    pulse(&p, 3);
    pulse(&p, 5);
    assert_int_equal(pics_ack(&p), 0x35);
    pics_write(&p, M, 0, 0xa0); /* rotate on non-specific EOI: 5 lowest */
    pulse(&p, 6);
    assert_int_equal(pics_ack(&p), 0x36);
    pics_write(&p, M, 0, 0xe0 | 6); /* rotate on specific EOI: 6 lowest, 0 above 3 */
    assert_int_equal(isr(&p, M), 0);
    pulse(&p, 6);
    assert_int_equal(pics_ack(&p), 0x30);
    pics_write(&p, M, 0, EOI);
    assert_int_equal(pics_ack(&p), 0x33);
    pics_write(&p, M, 0, 0x40); /* no operation */
    assert_int_equal(isr(&p, M), 0x08);
    pics_write(&p, M, 0, EOI);
    assert_int_equal(pics_ack(&p), 0x36);
}

static void special_mask(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pulse(&p, 3);
    assert_int_equal(pics_ack(&p), 0x33);
    pulse(&p, 6);
    assert_false(pics_int(&p));
    pics_write(&p, M, 0, 0x68);
    pics_write(&p, M, 1, 0x08); /* mask the level in service: lower ones come through */
    assert_int_equal(pics_ack(&p), 0x36);
    pics_write(&p, M, 0, EOI); /* ends 6, for 3 is masked */
    assert_int_equal(isr(&p, M), 0x08);
    pics_write(&p, M, 0, EOI);
    assert_int_equal(isr(&p, M), 0x08);
    pulse(&p, 6);
    pics_write(&p, M, 0, 0x48); /* mode off: 3 blocks again */
    assert_false(pics_int(&p));
    pics_write(&p, M, 0, 0x63);
    assert_int_equal(isr(&p, M), 0);
    assert_true(pics_int(&p));
}

static void polling(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pics_write(&p, M, 0, 0x0c);
    assert_int_equal(pics_read(&p, M, 0), 0);
    pulse(&p, 5);
    pics_write(&p, M, 0, 0x0c);
    assert_int_equal(pics_read(&p, M, 0), 0x85);
    assert_int_equal(isr(&p, M), 0x20); /* the poll was an acknowledge */
    assert_int_equal(pics_take_acked(&p), 1u << 5);
    pics_write(&p, M, 0, EOI);
    pulse(&p, 9);
    pulse(&p, 10);
    pics_write(&p, M, 0, 0x0c);
    assert_int_equal(pics_read(&p, M, 1), 0x82); /* either address */
    pics_write(&p, S, 0, 0x0c);
    assert_int_equal(pics_read(&p, S, 0), 0x81);
    pics_write(&p, M, 0, EOI);
    pics_write(&p, S, 0, EOI);
    assert_int_equal(pics_ack(&p), 0x3a);
    assert_int_equal(pics_take_acked(&p), 1u << 9 | 1u << 10 | 1u << 2);
    assert_int_equal(pics_take_acked(&p), 0);
    p = ready(3); /* automatic EOI: a polled slave's next request has its own edge */
    pulse(&p, 9);
    pulse(&p, 10);
    pics_write(&p, M, 0, 0x0c);
    assert_int_equal(pics_read(&p, M, 0), 0x82);
    assert_false(pics_int(&p));
    pics_write(&p, S, 0, 0x0c);
    assert_int_equal(pics_read(&p, S, 0), 0x81);
    assert_true(pics_int(&p));
    assert_int_equal(pics_ack(&p), 0x3a);
}

static void spurious(void **state)
{
    (void)state;
    struct pics p = ready(1);
    assert_int_equal(pics_ack(&p), 0x37);
    assert_int_equal(isr(&p, M), 0);
    /* The slave's request vanishes after the master latched it: vector of IRQ 15, and the
     * master, which cannot know, has IR2 in service. */
    p.chip[M].latch = 0x04;
    assert_int_equal(pics_ack(&p), 0x3f);
    assert_int_equal(isr(&p, S), 0);
    assert_int_equal(isr(&p, M), 0x04);
}

static void register_select_stays(void **state)
{
    (void)state;
    struct pics p = ready(1);
    pulse(&p, 1);
    pics_ack(&p);
    pulse(&p, 6);
    pics_write(&p, M, 0, READ_ISR);
    assert_int_equal(pics_read(&p, M, 0), 0x02);
    assert_int_equal(pics_read(&p, M, 0), 0x02);
    pics_write(&p, M, 0, 0x08); /* OCW3 without RR changes nothing */
    assert_int_equal(pics_read(&p, M, 0), 0x02);
    pics_write(&p, M, 0, READ_IRR);
    assert_int_equal(pics_read(&p, M, 0), 0x40);
}

/* A guest writes anything: no state may escape the registers' widths or hang the chip. */
static void random_bytes(void **state)
{
    (void)state;
    struct pics p;
    srand(8259);
    pics_reset(&p);
    for (unsigned i = 0; i < 300000; i++) {
        enum pic_chip which = rand() % 2 ? M : S;
        switch (rand() % 5) {
        case 0:
            pics_write(&p, which, (unsigned)rand() % 2, (uint8_t)rand());
            break;
        case 1:
            pics_read(&p, which, (unsigned)rand() % 2);
            break;
        case 2:
            pics_set_line(&p, (unsigned)rand() % 2 * 8 + (unsigned)rand() % 2, rand() % 2);
            break;
        case 3:
            pics_write_elcr(&p, which, (uint8_t)rand());
            break;
        default:
            if (pics_int(&p))
                pics_ack(&p);
        }
        assert_true(p.chip[M].lowest < 8 && p.chip[S].lowest < 8);
    }
    p = ready(1); /* whatever it was left in, initialisation revives it */
    pulse(&p, 14);
    assert_int_equal(pics_ack(&p), 0x3e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_until_initialised),
        cmocka_unit_test(initialisation_forgets),
        cmocka_unit_test(short_initialisations),
        cmocka_unit_test(nested_priorities),
        cmocka_unit_test(edges),
        cmocka_unit_test(levels),
        cmocka_unit_test(cascade),
        cmocka_unit_test(slave_masked_or_withdrawn),
        cmocka_unit_test(special_fully_nested),
        cmocka_unit_test(automatic_eoi),
        cmocka_unit_test(rotations),
        cmocka_unit_test(special_mask),
        cmocka_unit_test(polling),
        cmocka_unit_test(spurious),
        cmocka_unit_test(register_select_stays),
        cmocka_unit_test(random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
