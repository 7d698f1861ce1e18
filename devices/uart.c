/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The 16550A (uart.h). The interrupt line and IIR are functions of the state: the highest
 * of four conditions that its enable bit lets through. Only "transmitter empty" is an
 * event that must be remembered, for reading IIR is what forgets it.
 */
#include "devices/uart.h"

#include "monitor/mem.h"

enum reg { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };

enum ier { IER_RX = 0x01, IER_THRE = 0x02, IER_LINE = 0x04, IER_MODEM = 0x08, IER_ALL = 0x0f };
enum iir {
    IIR_MODEM = 0x00,
    IIR_NONE = 0x01,
    IIR_THRE = 0x02,
    IIR_RX = 0x04,
    IIR_LINE = 0x06,
    IIR_TIMEOUT = 0x0c,
    IIR_FIFOS = 0xc0,
};
enum fcr { FCR_ENABLE = 0x01, FCR_CLEAR_RX = 0x02, FCR_TRIGGER_SHIFT = 6, FCR_KEPT = 0xc9 };
enum lcr { LCR_LENGTH = 0x03, LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum mcr {
    MCR_DTR = 0x01,
    MCR_RTS = 0x02,
    MCR_OUT1 = 0x04,
    MCR_OUT2 = 0x08,
    MCR_LOOP = 0x10,
    MCR_ALL = 0x1f
};
enum lsr { LSR_READY = 0x01, LSR_THRE = 0x20, LSR_TEMT = 0x40, LSR_FIFO_ERROR = 0x80 };
enum msr { MSR_TERI = 0x04, MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

void uart_reset(struct uart *u)
{
    memset(u, 0, sizeof *u);
    u->divisor[0] = 12; /* 9600 baud */
}

static bool fifos(const struct uart *u)
{
    return u->fcr & FCR_ENABLE;
}

static unsigned room(const struct uart *u)
{
    return (fifos(u) ? UART_FIFO : 1u) - u->rx_count;
}

static unsigned trigger(const struct uart *u)
{
    static const uint8_t levels[] = {1, 4, 8, 14};
    return fifos(u) ? levels[u->fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/* ---- Interrupts ---------------------------------------------------------- */

static uint8_t interrupt_id(const struct uart *u)
{
    if ((u->ier & IER_LINE) && u->lsr_errors)
        return IIR_LINE;
    if ((u->ier & IER_RX) && u->rx_count)
        return u->rx_count >= trigger(u) ? IIR_RX : IIR_TIMEOUT;
    if ((u->ier & IER_THRE) && u->thre_pending)
        return IIR_THRE;
    if ((u->ier & IER_MODEM) && u->msr_delta)
        return IIR_MODEM;
    return IIR_NONE;
}

bool uart_irq(const struct uart *u)
{
    /* In loopback the OUT2 pin is inactive whatever MCR says. */
    return (u->mcr & MCR_OUT2) && !(u->mcr & MCR_LOOP) && interrupt_id(u) != IIR_NONE;
}

/* ---- Receiver ------------------------------------------------------------ */

/* A character's errors show in LSR when it becomes the next to be read. */
static void show_head(struct uart *u)
{
    if (u->rx_count)
        u->lsr_errors |= u->rx_error[u->rx_head];
}

static void clear_receiver(struct uart *u)
{
    u->rx_count = 0;
    u->lsr_errors &= UART_OVERRUN;
}

static void push(struct uart *u, uint8_t c, unsigned errors)
{
    unsigned at = (u->rx_head + u->rx_count) % UART_FIFO;
    u->rx[at] = c;
    u->rx_error[at] = (uint8_t)(errors & (UART_PARITY | UART_FRAMING | UART_BREAK));
    u->rx_count++;
    if (u->rx_count == 1)
        show_head(u);
}

void uart_receive(struct uart *u, uint8_t c, unsigned errors)
{
    if (!room(u)) {
        u->lsr_errors |= UART_OVERRUN;
        if (fifos(u))
            return;
        u->rx_count = 0;
    }
    push(u, c, errors);
}

bool uart_wants_input(const struct uart *u)
{
    bool polling = (u->mcr & MCR_RTS) && u->idle_polls >= UART_POLLS;
    bool listening = polling || (u->ier & IER_RX);
    return listening && !(u->mcr & MCR_LOOP) && room(u);
}

static uint8_t read_data(struct uart *u)
{
    uint8_t c = u->rx[u->rx_head];
    if (!u->rx_count)
        return c;
    if (fifos(u)) /* else there is one register, which keeps what was read */
        u->rx_head = (u->rx_head + 1) % UART_FIFO;
    u->rx_count--;
    show_head(u);
    return c;
}

static uint8_t read_lsr(struct uart *u)
{
    uint8_t value = LSR_THRE | LSR_TEMT | u->lsr_errors;
    if (u->rx_count)
        value |= LSR_READY;
    for (unsigned i = 0; i < u->rx_count && fifos(u); i++) {
        if (u->rx_error[(u->rx_head + i) % UART_FIFO])
            value |= LSR_FIFO_ERROR;
    }
    u->lsr_errors = 0;
    u->rx_error[u->rx_head] = 0;
    return value;
}

/* ---- Transmitter --------------------------------------------------------- */

static void send(struct uart *u, uint8_t c)
{
    c &= 0xff >> (3 - (u->lcr & LCR_LENGTH));
    if (u->mcr & MCR_LOOP) {
        uart_receive(u, c, 0);
    } else {
        u->tx = c;
        u->tx_full = true;
    }
    u->thre_pending = true; /* filled and empty again */
}

bool uart_take_output(struct uart *u, uint8_t *c)
{
    bool full = u->tx_full;
    *c = u->tx;
    u->tx_full = false;
    return full;
}

/* ---- Modem lines --------------------------------------------------------- */

static uint8_t modem_lines(const struct uart *u)
{
    if (!(u->mcr & MCR_LOOP))
        return MSR_DCD | MSR_DSR | MSR_CTS;
    return (uint8_t)((u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
                     (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_mcr(struct uart *u, uint8_t value)
{
    uint8_t before = modem_lines(u);
    u->mcr = value & MCR_ALL;
    uint8_t changed = before ^ modem_lines(u);
    /* RI alone is noted only when it goes away. */
    if ((changed & MSR_RI) && (before & MSR_RI))
        u->msr_delta |= MSR_TERI;
    u->msr_delta |= (changed & ~MSR_RI) >> 4;
}

static uint8_t read_msr(struct uart *u)
{
    uint8_t value = modem_lines(u) | u->msr_delta;
    u->msr_delta = 0;
    return value;
}

/* ---- Registers ----------------------------------------------------------- */

static uint8_t read_iir(struct uart *u)
{
    uint8_t id = interrupt_id(u);
    if (id == IIR_THRE)
        u->thre_pending = false;
    return id | (fifos(u) ? IIR_FIFOS : 0);
}

static void write_ier(struct uart *u, uint8_t value)
{
    if ((value & IER_THRE) && !(u->ier & IER_THRE))
        u->thre_pending = true; /* THR is empty, and enabling says so */
    u->ier = value & IER_ALL;
}

static void write_fcr(struct uart *u, uint8_t value)
{
    bool toggled = (value ^ u->fcr) & FCR_ENABLE;
    u->fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;
    if (toggled || ((value & FCR_ENABLE) && (value & FCR_CLEAR_RX)))
        clear_receiver(u);
}

static void write_lcr(struct uart *u, uint8_t value)
{
    bool starts_break = (value & LCR_BREAK) && !(u->lcr & LCR_BREAK);
    u->lcr = value;
    if (starts_break && (u->mcr & MCR_LOOP))
        uart_receive(u, 0, UART_BREAK);
}

uint8_t uart_read(struct uart *u, unsigned offset)
{
    bool dlab = u->lcr & LCR_DLAB;
    switch ((enum reg)offset) {
    case REG_DATA:
        return dlab ? u->divisor[0] : read_data(u);
    case REG_IER:
        return dlab ? u->divisor[1] : u->ier;
    case REG_IIR_FCR:
        return read_iir(u);
    case REG_LCR:
        return u->lcr;
    case REG_MCR:
        return u->mcr;
    case REG_LSR:
        u->idle_polls += u->idle_polls < UINT8_MAX;
        return read_lsr(u);
    case REG_MSR:
        return read_msr(u);
    case REG_SCRATCH:
        return u->scratch;
    }
    return 0xff;
}

static void write_low(struct uart *u, unsigned offset, uint8_t value)
{
    if (u->lcr & LCR_DLAB)
        u->divisor[offset] = value;
    else if (offset == REG_IER)
        write_ier(u, value);
    else
        send(u, value);
}

void uart_write(struct uart *u, unsigned offset, uint8_t value)
{
    u->idle_polls = 0;
    switch ((enum reg)offset) {
    case REG_DATA:
    case REG_IER:
        write_low(u, offset, value);
        break;
    case REG_IIR_FCR:
        write_fcr(u, value);
        break;
    case REG_LCR:
        write_lcr(u, value);
        break;
    case REG_MCR:
        write_mcr(u, value);
        break;
    case REG_SCRATCH:
        u->scratch = value;
        break;
    case REG_LSR: /* factory test only */
    case REG_MSR:
        break;
    }
}
