/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 16550A: registers, FIFOs, each interrupt and its priority, errors, loopback, and the
 * probing that Linux's 8250 driver does (autoconfig, autoconfig_16550a, serial8250_startup).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/uart.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = 2 };

static struct uart open_port(unsigned fcr, unsigned ier)
{
    struct uart u;
    uart_reset(&u);
    uart_write(&u, LCR, 0x03);
    uart_write(&u, FCR, (uint8_t)fcr);
    uart_write(&u, MCR, 0x0b);
    uart_write(&u, IER, (uint8_t)ier);
    return u;
}

static void receive(struct uart *u, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        uart_receive(u, (uint8_t)('a' + i), 0);
}

static void output(void **state)
{
    (void)state;
    struct uart u = open_port(1, 0);
    uint8_t c;
    assert_false(uart_take_output(&u, &c));
    uart_write(&u, DATA, 0xc1);
    assert_true(uart_take_output(&u, &c));
    assert_int_equal(c, 0xc1);
    assert_false(uart_take_output(&u, &c));
    assert_int_equal(uart_read(&u, LSR), 0x60); /* empty at once */
    uart_write(&u, LCR, 0x02);
    uart_write(&u, DATA, 0xc1);
    assert_true(uart_take_output(&u, &c));
    assert_int_equal(c, 0x41); /* seven bits */
}

static void registers(void **state)
{
    (void)state;
    struct uart u;
    uint8_t c;
    uart_reset(&u);
    assert_int_equal(uart_read(&u, IIR), 0x01);
    assert_int_equal(uart_read(&u, LSR), 0x60);
    assert_int_equal(uart_read(&u, MSR), 0xb0);
    uart_write(&u, SCR, 0xa5);
    assert_int_equal(uart_read(&u, SCR), 0xa5);
    uart_write(&u, LCR, 0x83);
    uart_write(&u, DATA, 0x34);
    uart_write(&u, IER, 0x12);
    assert_false(uart_take_output(&u, &c));
    assert_int_equal(uart_read(&u, DATA), 0x34);
    assert_int_equal(uart_read(&u, IER), 0x12);
    uart_write(&u, LCR, 0x03);
    assert_int_equal(uart_read(&u, LCR), 0x03);
    assert_int_equal(uart_read(&u, IER), 0);
    uart_write(&u, IER, 0xff);
    assert_int_equal(uart_read(&u, IER), 0x0f);
    uart_write(&u, MCR, 0xff);
    assert_int_equal(uart_read(&u, MCR), 0x1f);
    uart_write(&u, MCR, 0);
    uart_read(&u, MSR);
    uart_write(&u, LSR, 0xff); /* read-only, both */
    uart_write(&u, MSR, 0xff);
    assert_int_equal(uart_read(&u, LSR), 0x60);
    assert_int_equal(uart_read(&u, MSR), 0xb0);
}

static void one_byte_without_fifos(void **state)
{
    (void)state;
    struct uart u = open_port(0, 1);
    assert_true(uart_wants_input(&u));
    receive(&u, 1);
    assert_false(uart_wants_input(&u));
    assert_true(uart_irq(&u));
    assert_int_equal(uart_read(&u, IIR), 0x04);
    assert_int_equal(uart_read(&u, LSR), 0x61);
    assert_int_equal(uart_read(&u, DATA), 'a');
    assert_false(uart_irq(&u));
    assert_int_equal(uart_read(&u, LSR), 0x60);
    assert_int_equal(uart_read(&u, DATA), 'a'); /* nothing new: the old byte again */
    receive(&u, 2);                             /* overrun: the later one stays */
    assert_int_equal(uart_read(&u, LSR), 0x63);
    assert_int_equal(uart_read(&u, LSR), 0x61);
    assert_int_equal(uart_read(&u, DATA), 'b');
}

static void fifo_of_sixteen(void **state)
{
    (void)state;
    struct uart u = open_port(0xc1, 1); /* trigger at 14 */
    receive(&u, 13);
    assert_true(uart_irq(&u));
    assert_int_equal(uart_read(&u, IIR), 0xcc); /* below the trigger: timeout */
    receive(&u, 1);
    assert_int_equal(uart_read(&u, IIR), 0xc4);
    receive(&u, 2);
    assert_false(uart_wants_input(&u));
    uart_receive(&u, 'Z', 0);
    assert_int_equal(uart_read(&u, LSR), 0x63); /* overrun: the new one is lost */
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(uart_read(&u, LSR), 0x61);
        assert_int_equal(uart_read(&u, DATA), i < 13 ? 'a' + i : i < 14 ? 'a' : 'a' + i - 14);
    }
    assert_int_equal(uart_read(&u, LSR), 0x60);
    assert_int_equal(uart_read(&u, IIR), 0xc1);
    assert_true(uart_wants_input(&u));
}

static void triggers(void **state)
{
    (void)state;
    static const unsigned level[] = {1, 4, 8, 14};
    for (unsigned i = 0; i < 4; i++) {
        struct uart u = open_port(i << 6 | 1, 1);
        receive(&u, level[i] - 1);
        assert_int_equal(uart_read(&u, IIR), i ? 0xcc : 0xc1);
        receive(&u, 1);
        assert_int_equal(uart_read(&u, IIR), 0xc4);
    }
}

static void fifo_control(void **state)
{
    (void)state;
    struct uart u = open_port(1, 0);
    receive(&u, 5);
    uart_write(&u, FCR, 0x03); /* clear receiver */
    assert_int_equal(uart_read(&u, LSR), 0x60);
    receive(&u, 5);
    uart_write(&u, FCR, 0x05); /* clear transmitter: not the receiver */
    assert_int_equal(uart_read(&u, LSR), 0x61);
    uart_write(&u, FCR, 0x00); /* off: clears */
    assert_int_equal(uart_read(&u, LSR), 0x60);
    assert_int_equal(uart_read(&u, IIR), 0x01);
    receive(&u, 1);
    uart_write(&u, FCR, 0x02); /* without the enable bit the others are not looked at */
    assert_int_equal(uart_read(&u, LSR), 0x61);
    uart_write(&u, FCR, 0x01); /* on: clears */
    assert_int_equal(uart_read(&u, LSR), 0x60);
}

static void transmitter_empty(void **state)
{
    (void)state;
    struct uart u = open_port(1, 0);
    uint8_t c;
    assert_false(uart_irq(&u));
    uart_write(&u, IER, 0x02); /* enabling tells that it is empty */
    assert_true(uart_irq(&u));
    assert_int_equal(uart_read(&u, IIR), 0xc2);
    assert_false(uart_irq(&u)); /* reading IIR took note */
    assert_int_equal(uart_read(&u, IIR), 0xc1);
    uart_write(&u, DATA, 'x');
    uart_take_output(&u, &c);
    assert_true(uart_irq(&u)); /* filled and empty again */
    uart_write(&u, IER, 0x00);
    assert_false(uart_irq(&u));
    uart_write(&u, IER, 0x02);
    assert_true(uart_irq(&u));
    uart_write(&u, IER, 0x03);
    receive(&u, 1);
    assert_int_equal(uart_read(&u, IIR), 0xc4); /* this read reported something else */
    uart_read(&u, DATA);
    assert_int_equal(uart_read(&u, IIR), 0xc2);
    uart_write(&u, IER, 0x03); /* no change: not told again */
    assert_int_equal(uart_read(&u, IIR), 0xc1);
}

static void priorities(void **state)
{
    (void)state;
    struct uart u = open_port(1, 0x0f);
    uart_receive(&u, 0, UART_BREAK);
    assert_int_equal(uart_read(&u, IIR), 0xc6);
    assert_int_equal(uart_read(&u, LSR), 0xf1);
    assert_int_equal(uart_read(&u, IIR), 0xc4);
    uart_read(&u, DATA);
    assert_int_equal(uart_read(&u, IIR), 0xc2);
    assert_int_equal(uart_read(&u, IIR), 0xc1);
    uart_write(&u, MCR, 0x18); /* in loopback CTS and DSR follow RTS and DTR: away */
    assert_int_equal(uart_read(&u, IIR), 0xc0);
    assert_int_equal(uart_read(&u, MSR), 0x83);
    assert_int_equal(uart_read(&u, IIR), 0xc1);
}

static void errors_come_with_their_character(void **state)
{
    (void)state;
    struct uart u = open_port(1, 4);
    receive(&u, 1);
    uart_receive(&u, 'p', UART_PARITY);
    uart_receive(&u, 'f', UART_FRAMING);
    assert_false(uart_irq(&u));
    assert_int_equal(uart_read(&u, LSR), 0xe1); /* some character in the FIFO is bad */
    uart_read(&u, DATA);
    assert_true(uart_irq(&u));
    assert_int_equal(uart_read(&u, LSR), 0xe5);
    assert_int_equal(uart_read(&u, LSR), 0xe1);
    uart_read(&u, DATA);
    assert_int_equal(uart_read(&u, LSR), 0xe9);
    assert_int_equal(uart_read(&u, LSR), 0x61);
    uart_receive(&u, 0, UART_BREAK);
    uart_write(&u, FCR, 0x03);
    assert_int_equal(uart_read(&u, LSR), 0x60);
}

static void irq_needs_out2(void **state)
{
    (void)state;
    struct uart u = open_port(1, 1);
    receive(&u, 1);
    assert_true(uart_irq(&u));
    uart_write(&u, MCR, 0x03);
    assert_false(uart_irq(&u));
    uart_write(&u, MCR, 0x1b);
    assert_false(uart_irq(&u));
    uart_write(&u, MCR, 0x08);
    assert_true(uart_irq(&u));
}

static void who_listens(void **state)
{
    (void)state;
    struct uart u;
    uart_reset(&u);
    assert_false(uart_wants_input(&u)); /* nobody has opened it */
    uart_write(&u, MCR, 0x01);
    assert_false(uart_wants_input(&u));
    uart_write(&u, MCR, 0x02);
    for (unsigned i = 0; i < UART_POLLS; i++) {
        assert_false(uart_wants_input(&u));
        uart_read(&u, LSR);
    }
    assert_true(uart_wants_input(&u)); /* it waits for input by polling */
    uart_write(&u, DATA, 'x');
    assert_false(uart_wants_input(&u)); /* it polled for the transmitter */
    uart_write(&u, MCR, 0x12);
    for (unsigned i = 0; i < 2 * UART_POLLS; i++)
        uart_read(&u, LSR);
    assert_false(uart_wants_input(&u)); /* in loopback the line is cut off */
    uart_write(&u, MCR, 0);
    uart_write(&u, IER, 0x01);
    assert_true(uart_wants_input(&u));
}

static void loopback(void **state)
{
    (void)state;
    struct uart u;
    uint8_t c;
    uart_reset(&u);
    uart_write(&u, LCR, 0x03);
    uart_write(&u, MCR, 0x10);
    uart_read(&u, MSR);
    /* Each output bit and the MSR bit it is connected to. */
    static const uint8_t pairs[][2] = {{0x01, 0x20}, {0x02, 0x10}, {0x04, 0x40}, {0x08, 0x80}};
    for (unsigned i = 0; i < 4; i++) {
        uart_write(&u, MCR, 0x10 | pairs[i][0]);
        assert_int_equal(uart_read(&u, MSR), pairs[i][1] | (i == 2 ? 0 : pairs[i][1] >> 4));
        assert_int_equal(uart_read(&u, MSR), pairs[i][1]);
        uart_write(&u, MCR, 0x10);
        assert_int_equal(uart_read(&u, MSR), pairs[i][1] >> 4); /* RI: on its trailing edge */
    }
    uart_write(&u, DATA, 'L');
    assert_false(uart_take_output(&u, &c));
    assert_int_equal(uart_read(&u, LSR), 0x61);
    assert_int_equal(uart_read(&u, DATA), 'L');
    uart_write(&u, LCR, 0x43);
    assert_int_equal(uart_read(&u, LSR), 0x71); /* break */
    assert_int_equal(uart_read(&u, DATA), 0);
    uart_write(&u, MCR, 0);
    uart_write(&u, LCR, 0x03);
    uart_write(&u, LCR, 0x43); /* on the line it goes nowhere */
    assert_int_equal(uart_read(&u, LSR), 0x60);
}

/* autoconfig() and autoconfig_16550a(): what must come out is a plain 16550A. */
static void linux_autoconfig(void **state)
{
    (void)state;
    struct uart u;
    uart_reset(&u);
    uart_write(&u, IER, 0x00);
    assert_int_equal(uart_read(&u, IER) & 0x0f, 0x00);
    uart_write(&u, IER, 0x0f);
    assert_int_equal(uart_read(&u, IER) & 0x0f, 0x0f);
    uart_write(&u, IER, 0x00);
    uart_write(&u, MCR, 0x1a);
    assert_int_equal(uart_read(&u, MSR) & 0xf0, 0x90);
    uart_write(&u, MCR, 0x00);
    uart_write(&u, LCR, 0xbf); /* no enhanced feature register: FCR is there */
    uart_write(&u, FCR, 0x00);
    uart_write(&u, LCR, 0x00);
    uart_write(&u, FCR, 0x01);
    assert_int_equal(uart_read(&u, IIR) >> 6, 3); /* 16550A */
    uart_write(&u, LCR, 0x80);
    assert_int_not_equal(uart_read(&u, 2), 0); /* not an ST16650 */
    uart_write(&u, LCR, 0xbf);
    assert_int_not_equal(uart_read(&u, 2), 0);
    uart_write(&u, LCR, 0x00);
    uart_write(&u, FCR, 0x21);
    assert_int_equal(uart_read(&u, IIR) >> 5, 6); /* no 64-byte FIFO */
    uart_write(&u, LCR, 0x80);
    uart_write(&u, FCR, 0x21);
    assert_int_equal(uart_read(&u, IIR) >> 5, 6);
    uart_write(&u, LCR, 0x00);
    uart_write(&u, IER, 0x40);
    assert_int_equal(uart_read(&u, IER), 0); /* no XScale */
}

/* serial8250_do_startup(): THRE is reported again when it is enabled again. */
static void linux_startup(void **state)
{
    (void)state;
    struct uart u = open_port(1, 0);
    uart_write(&u, IER, 0x02);
    assert_int_equal(uart_read(&u, IIR) & 1, 0);
    uart_write(&u, IER, 0x00);
    uart_write(&u, IER, 0x02);
    assert_int_equal(uart_read(&u, LSR) & 0x40, 0x40);
    assert_int_equal(uart_read(&u, IIR) & 1, 0);
    uart_write(&u, IER, 0x00);
    assert_int_equal(uart_read(&u, IIR) & 1, 1);
}

static void random_bytes(void **state)
{
    (void)state;
    struct uart u;
    uint8_t c;
    srand(16550);
    uart_reset(&u);
    for (unsigned i = 0; i < 300000; i++) {
        unsigned offset = (unsigned)rand() % 8;
        if (rand() % 2)
            uart_write(&u, offset, (uint8_t)rand());
        else
            uart_read(&u, offset);
        if (uart_wants_input(&u) || rand() % 8 == 0)
            uart_receive(&u, (uint8_t)rand(), (unsigned)rand());
        uart_take_output(&u, &c);
        assert_true(u.rx_count <= (u.fcr & 1 ? 16 : 1));
        assert_true(u.rx_head < 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output),
        cmocka_unit_test(registers),
        cmocka_unit_test(one_byte_without_fifos),
        cmocka_unit_test(fifo_of_sixteen),
        cmocka_unit_test(triggers),
        cmocka_unit_test(fifo_control),
        cmocka_unit_test(transmitter_empty),
        cmocka_unit_test(priorities),
        cmocka_unit_test(errors_come_with_their_character),
        cmocka_unit_test(irq_needs_out2),
        cmocka_unit_test(who_listens),
        cmocka_unit_test(loopback),
        cmocka_unit_test(linux_autoconfig),
        cmocka_unit_test(linux_startup),
        cmocka_unit_test(random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
