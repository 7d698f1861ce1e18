/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every device's registers. In: a sequence of port and memory accesses of any width, acknowledged
 * interrupts, input and time. No call may take long, whatever time has passed; the board's answers
 * keep their ranges; and it never wants to be called back in the past, or at every turn.
 */
#include "devices/board.h"
#include "devices/acpi_pm.h"
#include "devices/vga.h"
#include "tests/fuzz/world.h"

#include <time.h>

#define RAM        (1u << 20)
#define LATEST_NS  (1ull << 62)
#define CALL_NS    200000000ull /* of CPU time for one call, with sanitizers; most take 1 us */
#define EVENTS     64u
#define EVENT_NS   400u /* between two timer events, on an average: a pulse of the 8254 is 838 ns */
#define MAX_INPUTS 8u

static struct vm *vm;
static uint64_t now;

/* A port of each device, and some that nobody has. */
static const struct {
    uint16_t first, count;
} ports[] = {
    {0x20, 2},
    {0x40, 4},
    {0x60, 1},
    {0x61, 1},
    {0x64, 1},
    {0x70, 2},
    {0x80, 1},
    {0x92, 1},
    {0xa0, 2},
    {0x2f8, 8},
    {0x3f8, 8},
    {0x4d0, 2},
    {0x501, 2},
    {0xcf8, 8},
    {VGA_PORT, VGA_PORT_LAST - VGA_PORT + 1u},
    {ACPI_PM1_EVENT, ACPI_PM_LAST - ACPI_PM1_EVENT + 1u},
};

static uint16_t choose_port(uint8_t which, uint8_t offset)
{
    unsigned n = which % (sizeof ports / sizeof ports[0] + 1);
    if (n == sizeof ports / sizeof ports[0])
        return (uint16_t)(which << 8 | offset);
    return (uint16_t)(ports[n].first + offset % ports[n].count);
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void check_board(void)
{
    struct board_text text = board_text(vm);
    uint64_t next = board_next_event(vm);
    must(next > now, "an event at %lu, and it is %lu", next, now);
    must(text.base == VGA_TEXT_START && text.size == VGA_TEXT_SIZE && text.start < text.size,
         "text at %x", text.start);
    must(board_request(vm) <= BOARD_OFF, "request");
    board_a20(vm);
}

static uint32_t all_ones(unsigned size)
{
    return size == 4 ? 0xffffffffu : (1u << 8 * size) - 1;
}

static void access(struct input *in, uint8_t how)
{
    static const uint8_t sizes[4] = {1, 1, 2, 4};
    uint8_t which = take8(in), offset = take8(in);
    struct io_access io = {.write = how & 1, .size = sizes[how >> 1 & 3], .mmio = how & 8};
    io.address = choose_port(which, offset);
    if (io.mmio)
        io.address = RAM + ((uint64_t)which << (offset & 31));
    if (io.write)
        take(in, &io.value, io.size);
    uint32_t written = io.value;
    board_access(vm, &io, now);
    must(io.write ? io.value == written : io.value <= all_ones(io.size), "value %x", io.value);
    must(!io.mark || (io.write && io.address == 0x502 && io.size == 1), "mark");
}

static void pass_time(struct input *in)
{
    uint8_t mantissa = take8(in), exponent = take8(in);
    uint64_t more = (uint64_t)mantissa << exponent % 55;
    now = more > LATEST_NS - now ? LATEST_NS : now + more;
    if (exponent & 0x80)
        board_advance(vm, now);
    else
        board_access(vm, &(struct io_access){.size = 1, .address = 0x80}, now);
}

/* The host calls back exactly when it is asked to. */
static void run_timers(void)
{
    uint64_t start = now;
    for (unsigned n = 0; n < EVENTS; n++) {
        uint64_t next = board_next_event(vm);
        if (next > LATEST_NS)
            return;
        must(next > now, "an event at %lu, and it is %lu", next, now);
        now = next;
        board_advance(vm, now);
        if (board_pending(vm))
            board_ack(vm);
    }
    must(now - start >= EVENTS * EVENT_NS, "%u events in %lu ns", EVENTS, now - start);
}

static void type_input(struct input *in)
{
    fake.console_in_pos = 0;
    fake.console_in_len = take(in, fake.console_in, MAX_INPUTS);
    board_advance(vm, now);
}

static void one(struct input *in)
{
    uint8_t op = take8(in);
    switch (op & 7) {
    case 0:
        pass_time(in);
        break;
    case 1:
        if (board_pending(vm))
            board_ack(vm);
        break;
    case 2:
        if (op & 8)
            run_timers();
        else
            type_input(in);
        break;
    default:
        access(in, op >> 3);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    if (!world.now)
        world_make(RAM, board_create);
    vm = world_restore();
    now = (uint64_t)take8(&in) << 24;
    while (in.left) {
        uint64_t before = cpu_ns();
        one(&in);
        check_board();
        uint64_t took = cpu_ns() - before;
        must(took < CALL_NS, "a call took %lu ns", took);
    }
    return 0;
}
