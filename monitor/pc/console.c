/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * COM1 as the guest's console and port 0xE9 as the log, and the ways to end the
 * machine. Both emulators have port 0xE9; on a real PC, where it reads as no 0xE9, the log
 * goes to COM1 as well, and to the text screen.
 */
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"

#define COM1     0x3f8
#define COM2     0x2f8
#define LSR_DATA 0x01
#define LSR_THRE 0x20

#define TRANSMITTER_TRIES 20000000u /* reads of LSR, a microsecond or more each */

static bool requests; /* there is a COM2 */

/* Requests come in on COM2. A machine without one reads ones there; what one writes to the scratch
 * register of one that exists stays. It is polled: no interrupt. */
static void init_requests(void)
{
    out8(COM2 + 7, 0x5a);
    requests = in8(COM2 + 7) == 0x5a && in8(COM2 + 5) != 0xff;
    if (!requests)
        return;
    out8(COM2 + 3, 0x80); /* DLAB: 115200 baud */
    out8(COM2 + 0, 1);
    out8(COM2 + 1, 0);
    out8(COM2 + 3, 3);    /* 8N1 */
    out8(COM2 + 4, 0x03); /* DTR, RTS */
}

/* The FIFOs stay as the firmware left them: turning them on would empty the receiver of what was
 * typed ahead. */
void pc_console_init(void)
{
    out8(COM1 + 3, 0x80); /* DLAB: 115200 baud */
    out8(COM1 + 0, 1);
    out8(COM1 + 1, 0);
    out8(COM1 + 3, 3);    /* 8N1 */
    out8(COM1 + 4, 0x0b); /* DTR, RTS, OUT2: interrupts reach the 8259 */
    out8(COM1 + 1, 1);    /* an interrupt for received data wakes the idle host */
    init_requests();
}

/* What is written while the transmitter is busy is lost. On an emulated machine it may be busy for
 * seconds: its other half waits for a processor. One that stays so is not waited for again. */
void host_console_put(uint8_t c)
{
    static bool stuck;
    unsigned tries = stuck ? 0 : TRANSMITTER_TRIES;
    bool ready = in8(COM1 + 5) & LSR_THRE;
    while (!ready && tries--)
        ready = in8(COM1 + 5) & LSR_THRE;
    stuck = !ready;
    out8(COM1, c);
}

int host_console_get(void)
{
    return in8(COM1 + 5) & LSR_DATA ? in8(COM1) : -1;
}

int host_request(void)
{
    return requests && in8(COM2 + 5) & LSR_DATA ? in8(COM2) : -1;
}

/* Terminals want a carriage return. */
static void put_log_byte(uint8_t c)
{
    if (c == '\n')
        host_console_put('\r');
    host_console_put(c);
}

void host_log_write(const char *text, size_t len)
{
    if (in8(0xe9) == 0xe9) {
        out8_all(0xe9, text, len);
        return;
    }
    for (size_t i = 0; i < len; i++)
        put_log_byte((uint8_t)text[i]);
    pc_screen_write(text, len);
}

_Noreturn void host_exit(int status)
{
    out8(0xf4, (uint8_t)status); /* QEMU: isa-debug-exit */
    for (const char *s = "Shutdown"; *s; s++)
        out8(0x8900, (uint8_t)*s); /* Bochs */
    for (;;)
        __asm__ volatile("cli; hlt");
}
