/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The board (board.h): the table of ports, the interrupt lines, and the only place where
 * devices meet one another, the console and the clock. Before each access the
 * clocked devices are brought up to its time; after it every line is recomputed.
 */
#include "devices/board.h"

#include "devices/acpi_pm.h"
#include "devices/acpi_tables.h"
#include "devices/i8042.h"
#include "devices/misc.h"
#include "devices/pic.h"
#include "devices/pit.h"
#include "devices/rtc.h"
#include "devices/slots.h"
#include "devices/uart.h"
#include "devices/vga.h"
#include "monitor/host.h"
#include "monitor/mem.h"
#include "monitor/pool.h"

struct board {
    struct pics pics;
    struct pit pit;
    struct rtc rtc;
    struct uart uart[2]; /* COM1 is the console; nothing is at COM2's end */
    struct i8042 i8042;
    struct misc misc;
    struct acpi_pm acpi_pm;
    struct vga vga;
    struct slots slots;       /* PCI bus 0 */
    uint64_t now;             /* virtual time of the current access or advance */
    uint64_t pit_unmasked_at; /* when IRQ 0 was last seen unmasked */
    uint64_t next_event;      /* board_next_event's answer, if next_known */
    bool next_known, silent;  /* nothing has changed since; the console's output goes nowhere */
    bool clock_on;            /* a first time has been seen: the clocks start from it */
    bool mark;                /* the access at hand is to the statistics port */
    uint8_t run;              /* which of the session's guests this is */
};

/* A handler masks its interrupt while it runs (Linux masks every one); a guest that gives the timer
 * up keeps it masked. Only then are its late ticks forgotten. */
#define MASKED_FOR_GOOD_NS 100000000u

#define IRQ_PIT      0u
#define IRQ_KEYBOARD 1u
#define IRQ_COM2     3u
#define IRQ_COM1     4u
#define IRQ_RTC      8u
#define IRQ_FPU      13u

/* ---- Ports --------------------------------------------------------------- */

static uint8_t read_pic_master(struct board *b, unsigned offset)
{
    return pics_read(&b->pics, PIC_MASTER, offset);
}

static void write_pic_master(struct board *b, unsigned offset, uint8_t value)
{
    pics_write(&b->pics, PIC_MASTER, offset, value);
}

static uint8_t read_pic_slave(struct board *b, unsigned offset)
{
    return pics_read(&b->pics, PIC_SLAVE, offset);
}

static void write_pic_slave(struct board *b, unsigned offset, uint8_t value)
{
    pics_write(&b->pics, PIC_SLAVE, offset, value);
}

static uint8_t read_elcr(struct board *b, unsigned offset)
{
    return pics_read_elcr(&b->pics, (enum pic_chip)offset);
}

static void write_elcr(struct board *b, unsigned offset, uint8_t value)
{
    pics_write_elcr(&b->pics, (enum pic_chip)offset, value);
}

static uint8_t read_pit(struct board *b, unsigned offset)
{
    return pit_read(&b->pit, offset);
}

static void write_pit(struct board *b, unsigned offset, uint8_t value)
{
    pit_write(&b->pit, offset, value);
}

static uint8_t read_i8042_data(struct board *b, unsigned offset)
{
    (void)offset;
    return i8042_read_data(&b->i8042);
}

static void write_i8042_data(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset;
    i8042_write_data(&b->i8042, value);
}

static uint8_t read_i8042_status(struct board *b, unsigned offset)
{
    (void)offset;
    return i8042_read_status(&b->i8042);
}

static void write_i8042_command(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset;
    i8042_write_command(&b->i8042, value);
}

static uint8_t read_port61(struct board *b, unsigned offset)
{
    (void)offset;
    return misc_read_61(&b->misc, pit_out2(&b->pit), b->now);
}

static void write_port61(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset;
    misc_write_61(&b->misc, value);
    pit_set_gate2(&b->pit, misc_gate2(&b->misc));
}

static uint8_t read_rtc(struct board *b, unsigned offset)
{
    return rtc_read(&b->rtc, offset);
}

static void write_rtc(struct board *b, unsigned offset, uint8_t value)
{
    rtc_write(&b->rtc, offset, value, b->now);
}

static uint8_t read_post(struct board *b, unsigned offset)
{
    (void)offset;
    return misc_read_post(&b->misc);
}

static void write_post(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset;
    misc_write_post(&b->misc, value);
}

static uint8_t read_port92(struct board *b, unsigned offset)
{
    (void)offset;
    return misc_read_92(&b->misc);
}

static void write_port92(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset;
    misc_write_92(&b->misc, value);
}

static void write_fpu(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset, (void)value;
    misc_write_fpu(&b->misc);
}

static uint8_t read_com1(struct board *b, unsigned offset)
{
    return uart_read(&b->uart[0], offset);
}

static void write_com1(struct board *b, unsigned offset, uint8_t value)
{
    uint8_t c;
    uart_write(&b->uart[0], offset, value);
    if (!uart_take_output(&b->uart[0], &c) || b->silent)
        return;
    host_console_put(c);
    b->slots.console.spoke = false;
}

static uint8_t read_com2(struct board *b, unsigned offset)
{
    return uart_read(&b->uart[1], offset);
}

static void write_com2(struct board *b, unsigned offset, uint8_t value)
{
    uint8_t lost;
    uart_write(&b->uart[1], offset, value);
    uart_take_output(&b->uart[1], &lost);
}

static void write_debug_exit(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset;
    misc_write_debug_exit(&b->misc, value);
}

/* The counters are not the board's: who made the access hears of it. */
static void write_statistics(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset, (void)value;
    b->mark = true;
}

static uint8_t read_run(struct board *b, unsigned offset)
{
    (void)offset;
    return b->run;
}

static uint8_t read_reset_control(struct board *b, unsigned offset)
{
    (void)offset;
    return misc_read_reset_control(&b->misc);
}

static void write_reset_control(struct board *b, unsigned offset, uint8_t value)
{
    (void)offset;
    misc_write_reset_control(&b->misc, value);
}

static uint8_t read_acpi_pm(struct board *b, unsigned offset)
{
    return acpi_pm_read(&b->acpi_pm, offset);
}

static void write_acpi_pm(struct board *b, unsigned offset, uint8_t value)
{
    acpi_pm_write(&b->acpi_pm, offset, value);
}

static uint8_t read_vga(struct board *b, unsigned offset)
{
    return vga_read(&b->vga, offset, b->now);
}

static void write_vga(struct board *b, unsigned offset, uint8_t value)
{
    vga_write(&b->vga, offset, value);
}

/* Every port that answers, but for PCI's (slots.h): its configuration ports, which are there first,
 * and the I/O BARs, which the guest may move, and which have what is left. All devices of this
 * table are a byte wide: a wider access reaches them as bytes, low address first. ALONE: only
 * an access to this very byte does, because wider ones at CF8h are another device's (PCI
 * configuration). NULL: ones, or nothing. */
enum width { BYTES, ALONE };
static const struct port_range {
    uint16_t first, last;
    enum width width;
    uint8_t (*read)(struct board *b, unsigned offset);
    void (*write)(struct board *b, unsigned offset, uint8_t value);
} ports[] = {
    /* clang-format off */
    {0x020, 0x021, BYTES, read_pic_master,    write_pic_master},
    {0x040, 0x043, BYTES, read_pit,           write_pit},
    {0x060, 0x060, BYTES, read_i8042_data,    write_i8042_data},
    {0x061, 0x061, BYTES, read_port61,        write_port61},
    {0x064, 0x064, BYTES, read_i8042_status,  write_i8042_command},
    {0x070, 0x071, BYTES, read_rtc,           write_rtc},
    {0x080, 0x080, BYTES, read_post,          write_post},
    {0x092, 0x092, BYTES, read_port92,        write_port92},
    {0x0a0, 0x0a1, BYTES, read_pic_slave,     write_pic_slave},
    {0x0f0, 0x0f0, BYTES, NULL,               write_fpu},
    {VGA_PORT, VGA_PORT_LAST, BYTES, read_vga, write_vga},
    {0x2f8, 0x2ff, BYTES, read_com2,          write_com2},
    {0x3f8, 0x3ff, BYTES, read_com1,          write_com1},
    {0x4d0, 0x4d1, BYTES, read_elcr,          write_elcr},
    {0x501, 0x501, BYTES, NULL,               write_debug_exit},
    {0x502, 0x502, ALONE, NULL,               write_statistics},
    {0x503, 0x503, ALONE, read_run,           NULL},
    {ACPI_PM1_EVENT, ACPI_PM_LAST, BYTES, read_acpi_pm, write_acpi_pm},
    {0xcf9, 0xcf9, ALONE, read_reset_control, write_reset_control},
    /* clang-format on */
};

/* ---- Interrupt lines ----------------------------------------------------- */

/* Which device drives which line. */
static void drive_lines(struct board *b)
{
    pics_set_line(&b->pics, IRQ_PIT, pit_irq(&b->pit));
    pics_set_line(&b->pics, IRQ_KEYBOARD, i8042_irq(&b->i8042));
    pics_set_line(&b->pics, IRQ_COM2, uart_irq(&b->uart[1]));
    pics_set_line(&b->pics, IRQ_COM1, uart_irq(&b->uart[0]));
    pics_set_line(&b->pics, IRQ_RTC, rtc_irq(&b->rtc));
    pics_set_line(&b->pics, IRQ_FPU, misc_fpu_irq(&b->misc));
    pics_set_line(&b->pics, ACPI_SCI_IRQ, acpi_pm_irq(&b->acpi_pm));
    pics_set_line(&b->pics, SLOTS_IRQ_EVEN, slots_irq(&b->slots, SLOTS_IRQ_EVEN));
    pics_set_line(&b->pics, SLOTS_IRQ_ODD, slots_irq(&b->slots, SLOTS_IRQ_ODD));
}

/* Lines that must fall before they rise again are passed on twice: the keyboard's when the next
 * byte replaces the one just read, the timer's when one of several ticks owed was acknowledged. */
static void settle(struct board *b)
{
    b->next_known = false;
    drive_lines(b);
    if (i8042_pump(&b->i8042))
        drive_lines(b);
    if (pics_take_acked(&b->pics) >> IRQ_PIT & 1) {
        pit_tick_taken(&b->pit);
        pics_set_line(&b->pics, IRQ_PIT, false);
        drive_lines(b);
    }
}

/* ---- Time and input ------------------------------------------------------ */

static void run_clocks(struct board *b, uint64_t now)
{
    if (!b->clock_on) {
        b->clock_on = true;
        pit_reset(&b->pit, now);
        rtc_start(&b->rtc, now);
    }
    if (now > b->now)
        b->now = now;
    if (pit_advance(&b->pit, b->now))
        pics_set_line(&b->pics, IRQ_PIT, false);
    if (!pics_masked(&b->pics, IRQ_PIT))
        b->pit_unmasked_at = b->now;
    else if (b->now - b->pit_unmasked_at >= MASKED_FOR_GOOD_NS)
        pit_forget_backlog(&b->pit);
    rtc_advance(&b->rtc, b->now);
    acpi_pm_advance(&b->acpi_pm, b->now);
}

/* Input is COM1's unless the guest's last word came by another console. */
static void take_input(struct vm *vm)
{
    struct uart *u = &vm->board->uart[0];
    bool others = vm->pace.on || virtio_console_listens(&vm->board->slots.console);
    for (int c; !others && uart_wants_input(u) && (c = host_console_get()) >= 0;)
        uart_receive(u, (uint8_t)c, 0);
}

void board_advance(struct vm *vm, uint64_t now)
{
    run_clocks(vm->board, now);
    take_input(vm);
    slots_poll(vm, &vm->board->slots);
    settle(vm->board);
}

static uint64_t find_next_event(const struct board *b)
{
    uint64_t pit = pit_next_event(&b->pit), rtc = rtc_next_event(&b->rtc);
    uint64_t acpi = acpi_pm_next_event(&b->acpi_pm), sooner = pit < rtc ? pit : rtc;
    return acpi < sooner ? acpi : sooner;
}

/* Asked twice at every exit, where it took one instruction in twenty: what changes a device passes
 * through settle. */
uint64_t board_next_event(const struct vm *vm)
{
    struct board *b = vm->board;
    if (!b->next_known)
        b->next_event = find_next_event(b);
    b->next_known = true;
    return b->next_event;
}

/* ---- Accesses ------------------------------------------------------------ */

static const struct port_range *find_port(uint64_t port, unsigned size)
{
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
        const struct port_range *r = &ports[i];
        if (port >= r->first && port <= r->last)
            return r->width == ALONE && size != 1 ? NULL : r;
    }
    return NULL;
}

static uint8_t access_byte(struct board *b, uint64_t port, unsigned size, bool write, uint8_t value)
{
    const struct port_range *r = find_port(port, size);
    if (!r || (write && !r->write) || (!write && !r->read))
        return 0xff;
    unsigned offset = (unsigned)(port - r->first);
    if (!write)
        return r->read(b, offset);
    r->write(b, offset, value);
    return 0xff;
}

static bool any_port(uint64_t first, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        if (find_port(first + i, size))
            return true;
    }
    return false;
}

static void access_bytes(struct board *b, struct io_access *io)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < io->size; i++) {
        uint8_t out = (uint8_t)(io->value >> 8 * i);
        value |= (uint32_t)access_byte(b, io->address + i, io->size, io->write, out) << 8 * i;
        settle(b);
    }
    if (!io->write)
        io->value = value;
}

/* RAM is not the board's: what comes here is a port, or a physical address outside it. Where nobody
 * is: ones, and what is written is lost. */
void board_access(struct vm *vm, struct io_access *io, uint64_t now)
{
    struct board *b = vm->board;
    b->mark = false;
    run_clocks(b, now);
    settle(b);
    if (!io->mmio && any_port(io->address, io->size))
        access_bytes(b, io);
    else if (slots_access(vm, &b->slots, io))
        settle(b);
    else if (!io->write)
        io->value = 0xffffffffu >> (32 - 8 * io->size);
    io->mark = b->mark;
}

/* ---- The rest of the machine --------------------------------------------- */

bool board_create(struct vm *vm)
{
    struct board *b = pool_alloc(vm->pool, sizeof *b);
    if (!b)
        return false;
    pics_reset(&b->pics);
    pit_reset(&b->pit, 0);
    b->silent = vm->pace.silent;
    rtc_reset(&b->rtc, vm->pace.on ? PACE_START : host_wallclock_s(), vm->ram.size, 0);
    uart_reset(&b->uart[0]);
    uart_reset(&b->uart[1]);
    i8042_reset(&b->i8042);
    misc_reset(&b->misc);
    acpi_pm_reset(&b->acpi_pm);
    vga_reset(&b->vga);
    slots_reset(vm, &b->slots);
    pics_write_elcr(&b->pics, PIC_SLAVE, 1u << (SLOTS_IRQ_EVEN - 8) | 1u << (SLOTS_IRQ_ODD - 8));
    vga_clear_text(vm);
    (void)acpi_tables_write(vm, &b->slots); /* a guest of less than 1 MiB goes without */
    b->run = (uint8_t)vm->run;
    vm->board = b;
    return true;
}

void board_end(struct vm *vm)
{
    slots_end(vm, &vm->board->slots);
}

void board_fpu_error(struct vm *vm)
{
    misc_fpu_error(&vm->board->misc);
    settle(vm->board);
}

bool board_pending(const struct vm *vm)
{
    return pics_int(&vm->board->pics);
}

uint8_t board_ack(struct vm *vm)
{
    uint8_t vector = pics_ack(&vm->board->pics);
    settle(vm->board);
    return vector;
}

enum board_request board_request(const struct vm *vm)
{
    const struct board *b = vm->board;
    if (b->misc.off_asked || b->acpi_pm.off_asked)
        return BOARD_OFF;
    return b->misc.reset_asked || b->i8042.reset_asked ? BOARD_RESET : BOARD_RUN;
}

struct board_text board_text(const struct vm *vm)
{
    const struct vga *g = &vm->board->vga;
    return (struct board_text){vga_text(g), VGA_TEXT_START, VGA_TEXT_SIZE, vga_start(g)};
}

bool board_a20(const struct vm *vm)
{
    return i8042_a20(&vm->board->i8042) || misc_a20(&vm->board->misc);
}
