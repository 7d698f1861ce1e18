/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The line to a debugger: COM4, whose interrupt wakes a sleeping host and stops a running guest.
 * COM3 would share its interrupt with the console. National PC16550D data sheet.
 */
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"

#define COM4     0x2e8
#define COM4_IRQ 3
#define LSR_DATA 0x01
#define LSR_THRE 0x20
#define LSR_TEMT 0x40

#define FIFO_ON 0x07 /* both emptied; an interrupt for the first byte */

#define TRANSMITTER_TRIES 20000000u /* reads of LSR, a microsecond or more each */

/* The loader sends nothing before it has heard from here, so that the FIFO may be emptied. */
bool pc_debug_init(void)
{
    out8(COM4 + 7, 0x5a); /* the scratch register: what is written to one that exists stays */
    if (in8(COM4 + 7) != 0x5a || in8(COM4 + 5) == 0xff)
        return false;
    out8(COM4 + 3, 0x80); /* DLAB: 115200 baud */
    out8(COM4 + 0, 1);
    out8(COM4 + 1, 0);
    out8(COM4 + 3, 3); /* 8N1 */
    out8(COM4 + 2, FIFO_ON);
    out8(COM4 + 4, 0x0b); /* DTR, RTS, OUT2: interrupts reach the 8259 */
    out8(COM4 + 1, 1);    /* ... for received data */
    pc_irq_enable(COM4_IRQ);
    return true;
}

int host_debug_get(void)
{
    return in8(COM4 + 5) & LSR_DATA ? in8(COM4) : -1;
}

/* A debugger that does not read what it asked for is waited for; but not for ever, as it may have
 * been stopped. */
static void await(uint8_t state)
{
    for (unsigned tries = TRANSMITTER_TRIES; !(in8(COM4 + 5) & state) && tries; tries--)
        ;
}

/* All of it is out at the end: the machine may be switched off next. */
void host_debug_put(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        await(LSR_THRE);
        out8(COM4, (uint8_t)bytes[i]);
    }
    await(LSR_TEMT);
}

void host_debug_wait(void)
{
    host_idle();
}
