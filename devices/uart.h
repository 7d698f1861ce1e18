/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A 16550A UART: port bytes and received characters come in, sent characters and the level
 * of its interrupt line go out. Characters take no time: the transmitter is always
 * empty when the guest looks, and the receiver's character timeout is over at once. The
 * line ends at a terminal that is always there (DCD, DSR, CTS) and honours RTS. National
 * Semiconductor PC16550D data sheet.
 */
#ifndef RING1_UART_H
#define RING1_UART_H

#include "monitor/types.h"

#define UART_FIFO 16

/* Receive errors, as in LSR. */
enum uart_error {
    UART_OVERRUN = 0x02,
    UART_PARITY = 0x04,
    UART_FRAMING = 0x08,
    UART_BREAK = 0x10,
};

struct uart {
    uint8_t ier, fcr, lcr, mcr, scratch;
    uint8_t divisor[2];
    uint8_t msr_delta;  /* low half of MSR */
    uint8_t lsr_errors; /* uart_error bits that LSR shows */
    bool thre_pending;  /* THR became empty and nobody was told yet */
    bool tx_full;       /* TX waits for uart_take_output */
    uint8_t tx;
    uint8_t rx[UART_FIFO], rx_error[UART_FIFO];
    uint8_t rx_head, rx_count;
    uint8_t idle_polls; /* reads of LSR since the last write here, at most 255 */
};

void uart_reset(struct uart *u);
uint8_t uart_read(struct uart *u, unsigned offset); /* offset 0-7 */
void uart_write(struct uart *u, unsigned offset, uint8_t value);

/* The character that the last write sent, if any. To be asked after every write. */
bool uart_take_output(struct uart *u, uint8_t *c);

/*
 * Would the guest take a character now? It has room, and it listens: its receive interrupt is on,
 * or RTS is and it has read LSR UART_POLLS times without writing anything. A driver that starts up
 * clears the receiver more than once; what is typed before it listens waits at the host.
 */
#define UART_POLLS 32
bool uart_wants_input(const struct uart *u);

/* A character arrives, with ERRORS (uart_error bits but UART_OVERRUN). Without room it is
 * an overrun: lost with FIFOs on, else it replaces the one before. */
void uart_receive(struct uart *u, uint8_t c, unsigned errors);

/* The line to the interrupt controller, which OUT2 gates on a PC. */
bool uart_irq(const struct uart *u);

#endif
