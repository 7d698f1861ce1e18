/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The board as policy code and a guest see it: which port is whose, widths, the way of a tick,
 * a character and a keystroke to a vector, late ticks one by one, console, A20 and requests.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/pool.h"
#include "tests/unit/board_world.h"

#define WALL_CLOCK 951825599ull /* 2000-02-29 11:59:59 UTC */

/* The host's clock, in the place of fake_host.c's. */
uint64_t host_wallclock_s(void)
{
    return WALL_CLOCK;
}

static int set_up(void **state)
{
    (void)state;
    board_world(64u << 20, 3 * SECOND);
    return 0;
}

static void unmask(unsigned master, unsigned slave)
{
    static const uint8_t base[] = {0x20, 0xa0};
    for (unsigned i = 0; i < 2; i++) {
        out(base[i], 0x11);
        out(base[i] + 1u, 0x30 + 8 * i);
        out(base[i] + 1u, i ? 2 : 4);
        out(base[i] + 1u, 1);
    }
    out(0x21, 0xff & ~master);
    out(0xa1, 0xff & ~slave);
}

static void start_timer(unsigned count)
{
    out(0x43, 0x34);
    out(0x40, count & 0xff);
    out(0x40, count >> 8);
}

static void assert_vector(unsigned vector)
{
    assert_true(board_pending(vm));
    assert_int_equal(board_ack(vm), vector);
    assert_false(board_pending(vm));
}

static void no_memory(void **state)
{
    (void)state;
    struct vm small = {.pool = fake_host_reset(4)};
    while (pool_alloc(small.pool, PAGE_SIZE))
        ;
    assert_false(board_create(&small));
    assert_null(small.board);
}

/* Which of the session's guests this is: read-only, and a byte. */
static void number_of_the_run(void **state)
{
    (void)state;
    vm->run = 7;
    assert_true(board_create(vm));
    assert_int_equal(in(0x503), 7);
    out(0x503, 1);
    assert_int_equal(in(0x503), 7);
    assert_int_equal(in_wide(0x502, 2), 0xffff);
    assert_int_equal(in_wide(0x503, 4), 0xffffffffu);
}

static void unclaimed(void **state)
{
    (void)state;
    static const uint16_t nobody[] = {0x00,  0x0f,  0x22,  0x44,  0x5f,  0x62,  0x63,
                                      0x65,  0x72,  0x81,  0x8f,  0x91,  0x93,  0xa2,
                                      0xed,  0x1f0, 0x2e8, 0x3b4, 0x3d6, 0x3f7, 0x400,
                                      0x4d2, 0x500, 0x502, 0xcf8, 0xcfa, 0xcfb, 0xffff};
    for (unsigned i = 0; i < ARRAY_SIZE(nobody); i++) {
        out(nobody[i], 0);
        assert_int_equal(in(nobody[i]), 0xff);
    }
    assert_int_equal(in_wide(0xcf8, 2), 0xffff); /* PCI's address is a dword */
    assert_int_equal(in_wide(0xcfa, 4), 0xffffffffu);
    assert_int_equal(in_wide(0xcfe, 4), 0xffffffffu);
    out_wide(0xffff, 4, 0);
    assert_int_equal(in_wide(0xffff, 4), 0xffffffffu);
    assert_int_equal(in(0x501), 0xff);
    assert_int_equal(in(0x43), 0xff);
    assert_int_equal(board_request(vm), BOARD_RUN);
}

static void mmio(void **state)
{
    static const uint64_t where[] = {0x21, 0xa0000, 0xfec00000, 0xfee00000, 0xfffffffff0ull};
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(where); i++) {
        for (unsigned size = 1; size <= 4; size *= 2) {
            struct io_access io = {.mmio = true, .size = (uint8_t)size, .address = where[i]};
            board_access(vm, &io, now);
            assert_int_equal(io.value, 0xffffffffu >> (32 - 8 * size));
            io.write = true;
            io.value = 0x12;
            board_access(vm, &io, now);
            assert_int_equal(io.value, 0x12);
        }
    }
    assert_int_equal(in(0x21), 0);
}

static void every_port_finds_its_device(void **state)
{
    (void)state;
    static const struct {
        uint16_t port;
        uint8_t value;
    } rows[] = {{0x21, 0x5a},  {0xa1, 0xa5},  {0x61, 0x0f},  {0x80, 0x77},  {0x92, 0x02},
                {0x3ff, 0x66}, {0x3fb, 0x43}, {0x4d0, 0x20}, {0x4d1, 0x0a}, {0xcf9, 0x02}};
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        out(rows[i].port, rows[i].value);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(in(rows[i].port) & (rows[i].port == 0x61 ? 0x0f : 0xff), rows[i].value);
    out(0x64, 0xaa);
    assert_int_equal(in(0x64) & 1, 1);
    assert_int_equal(in(0x60), 0x55);
    out(0x70, 0x0d);
    assert_int_equal(in(0x71), 0x80);
    out(0x3fb, 0x80);
    assert_int_equal(in(0x3f8), 12); /* the divisor of 9600 baud */
}

static void wide_accesses_are_bytes(void **state)
{
    (void)state;
    out_wide(0x70, 2, 0x5520); /* index, then data */
    out(0x70, 0x20);
    assert_int_equal(in(0x71), 0x55);
    out_wide(0x4d0, 2, 0xffff);
    assert_int_equal(in_wide(0x4d0, 2), 0xdef8);
    assert_int_equal(in_wide(0x4d0, 4), 0xffffdef8u);
    out(0x3ff, 0x11);
    assert_int_equal(in_wide(0x3fe, 4), 0xffff11b0u);
}

static void cmos_of_the_machine(void **state)
{
    (void)state;
    out(0x70, 0x34);
    assert_int_equal(in(0x71), 0x00);
    out(0x70, 0x35);
    assert_int_equal(in(0x71), 0x03); /* 48 MiB above 16 */
    /* The clock starts with the first access, however late the virtual clock then is. */
    bool known = host_wallclock_s() == WALL_CLOCK;
    out(0x70, 0x00);
    assert_int_equal(in(0x71), known ? 0x59 : 0x00);
    now += SECOND;
    assert_int_equal(in(0x71), known ? 0x00 : 0x01);
    out(0x70, 0x32);
    assert_int_equal(in(0x71), 0x20);
}

static void tick(void **state)
{
    (void)state;
    unmask(1, 0);
    assert_int_equal(board_next_event(vm), UINT64_MAX);
    start_timer(11932);
    uint64_t due = board_next_event(vm);
    assert_in_range(due - now, 10000000, 10002000);
    board_advance(vm, due - 1);
    assert_false(board_pending(vm));
    board_advance(vm, due);
    assert_true(board_next_event(vm) > due);
    assert_vector(0x30);
    now = due;
    out(0x20, 0x20);
    assert_false(board_pending(vm));
    board_advance(vm, due + 10 * MS + MS / 2);
    assert_vector(0x30);
}

static unsigned take_ticks(void)
{
    unsigned n = 0;
    for (; board_pending(vm) && n < 10000; n++) {
        assert_int_equal(board_ack(vm), 0x30);
        assert_false(board_pending(vm)); /* the next one waits for the EOI */
        out(0x20, 0x20);
    }
    return n;
}

static void late_ticks_come_one_by_one(void **state)
{
    (void)state;
    unmask(1, 0);
    start_timer(1193); /* 1 kHz */
    now += 250 * MS;
    board_advance(vm, now);
    assert_int_equal(take_ticks(), 250);
    now += 3600 * SECOND;
    board_advance(vm, now);
    assert_int_equal(take_ticks(), 1000);
    /* Masked, they are lost but for one, as on the chip. */
    out(0x21, 0xff);
    now += SECOND / 2;
    board_advance(vm, now);
    out(0x21, 0xfe);
    assert_int_equal(take_ticks(), 1);
    /* Polled acknowledges count like any. */
    now += 5 * MS;
    board_advance(vm, now);
    for (unsigned i = 0; i < 5; i++) {
        out(0x20, 0x0c);
        assert_int_equal(in(0x20), 0x80);
        out(0x20, 0x20);
    }
    out(0x20, 0x0c);
    assert_int_equal(in(0x20), 0x00);
}

/* With automatic EOI nothing but acknowledges stands between two late ticks. */
static void late_ticks_with_automatic_eoi(void **state)
{
    (void)state;
    unmask(1, 0);
    out(0x20, 0x13);
    out(0x21, 0x30);
    out(0x21, 0x03);
    start_timer(1193);
    now += 5 * MS;
    board_advance(vm, now);
    unsigned n = 0;
    for (; board_pending(vm); n++)
        assert_int_equal(board_ack(vm), 0x30);
    assert_int_equal(n, 5);
}

/* The access that brings time forward sees the tick: a guest polls IRR with interrupts off. */
static void a_tick_shows_in_irr(void **state)
{
    (void)state;
    unmask(1, 0);
    start_timer(1193);
    assert_int_equal(in(0x20), 0);
    now += 2 * MS;
    assert_int_equal(in(0x20), 1);
    unmask(1, 0); /* ICW1 forgets the edge; the next tick makes a new one */
    assert_int_equal(in(0x20), 0);
    now += 2 * MS;
    assert_int_equal(in(0x20), 1);
    assert_true(take_ticks() > 1);
}

static void timer_and_gate(void **state)
{
    (void)state;
    out(0x61, 0x01);
    out(0x43, 0xb0);
    out(0x42, 0xff);
    out(0x42, 0x00);
    assert_int_equal(in(0x61) & 0x20, 0);
    now += 250000; /* 256 pulses take 214.5 us */
    assert_int_equal(in(0x61) & 0x20, 0x20);
    unsigned before = in(0x61) & 0x10;
    now += 15085;
    assert_int_not_equal(in(0x61) & 0x10, before);
    out(0x43, 0xb0);
    out(0x61, 0x00);
    out(0x42, 0xff);
    out(0x42, 0x00);
    now += SECOND;
    assert_int_equal(in(0x61) & 0x20, 0);
}

static void rtc_interrupt(void **state)
{
    (void)state;
    unmask(4, 1);
    out(0x70, 0x0b);
    out(0x71, 0x12);
    assert_int_equal(board_next_event(vm), now + SECOND);
    now += SECOND;
    board_advance(vm, now);
    assert_vector(0x38);
    out(0xa0, 0x20);
    out(0x20, 0x20);
    now += 5 * SECOND;
    board_advance(vm, now);
    assert_false(board_pending(vm)); /* until C is read the line stays high */
    out(0x70, 0x0c);
    assert_int_equal(in(0x71) & 0x90, 0x90);
    now += SECOND;
    board_advance(vm, now);
    assert_vector(0x38);
}

static void the_sooner_event(void **state)
{
    (void)state;
    out(0x70, 0x0b);
    out(0x71, 0x12);
    start_timer(11932);
    assert_true(board_next_event(vm) < now + 11 * MS);
    start_timer(0);
    out(0x43, 0x30); /* one shot, and never written: only the clock is left */
    assert_int_equal(board_next_event(vm), now + SECOND);
}

static void console_output(void **state)
{
    (void)state;
    const char *text = "hello\r\n";
    for (unsigned i = 0; i < 7; i++) {
        out(0x3fb, 0x03);
        out(0x3f8, (uint8_t)text[i]);
        assert_int_equal(fake.console_out_len, i + 1);
    }
    assert_memory_equal(fake.console_out, text, 7);
}

static void console_input(void **state)
{
    (void)state;
    memcpy(fake.console_in,
           "0123\000567\377"
           "9abcdefXYZ",
           19);
    fake.console_in_len = 19;
    unmask(0x10, 0);
    board_advance(vm, now);
    assert_int_equal(fake.console_in_pos, 0); /* nobody listens yet */
    out(0x3fa, 0x01);
    out(0x3fc, 0x0b);
    out(0x3f9, 0x01);
    board_advance(vm, now);
    assert_int_equal(fake.console_in_pos, 16);
    assert_vector(0x34);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(in(0x3fd) & 0x03, 0x01);
        assert_int_equal(in(0x3f8), fake.console_in[i]);
    }
    assert_int_equal(in(0x3fd) & 0x01, 0);
    out(0x20, 0x20);
    assert_false(board_pending(vm));
    board_advance(vm, now); /* and the rest, with an edge of its own */
    assert_vector(0x34);
    assert_int_equal(in(0x3f8), 'X');
    assert_int_equal(fake.console_in_pos, 19);
}

/* The latch outlives the CPU's error; only the port ends it. */
static void fpu_error(void **state)
{
    (void)state;
    unmask(4, 0x20);
    board_fpu_error(vm);
    assert_vector(0x3d);
    out(0xa0, 0x20);
    out(0x20, 0x20);
    board_fpu_error(vm);
    assert_false(board_pending(vm));
    out(0xf0, 0);
    assert_false(board_pending(vm));
    board_fpu_error(vm);
    assert_vector(0x3d);
}

static void uart_transmit_interrupt(void **state)
{
    (void)state;
    unmask(0x10, 0);
    out(0x3fb, 0x03);
    out(0x3fc, 0x08);
    out(0x3f9, 0x02);
    assert_vector(0x34);
    assert_int_equal(in(0x3fa), 0x02);
    out(0x20, 0x20);
    assert_false(board_pending(vm));
    out(0x3f8, 'x');
    assert_vector(0x34);
    assert_int_equal(in(0x3fa), 0x02); /* served: the line fell */
    out(0x20, 0x20);
    out(0x3f8, 'y'); /* an interrupt withdrawn before its acknowledge does not come */
    assert_int_equal(in(0x3fa), 0x02);
    assert_false(board_pending(vm));
}

static void keyboard_interrupts(void **state)
{
    (void)state;
    unmask(2, 0);
    out(0x60, 0xf2);
    static const uint8_t answer[] = {0xfa, 0xab, 0x41};
    for (unsigned i = 0; i < 3; i++) {
        assert_vector(0x31);
        assert_int_equal(in(0x64) & 1, 1);
        assert_int_equal(in(0x60), answer[i]);
        assert_false(board_pending(vm)); /* in service */
        out(0x20, 0x20);
    }
    assert_false(board_pending(vm));
    assert_int_equal(in(0x64) & 1, 0);
}

static void a20(void **state)
{
    (void)state;
    assert_true(board_a20(vm));
    out(0x64, 0xd1);
    out(0x60, 0xdd);
    assert_false(board_a20(vm));
    out(0x92, 0x02);
    assert_true(board_a20(vm));
    out(0x92, 0x00);
    assert_false(board_a20(vm));
    out(0x64, 0xd1);
    out(0x60, 0xdf);
    assert_true(board_a20(vm));
}

static void resets(void **state)
{
    static const struct {
        uint16_t port;
        uint8_t size;
        uint32_t value;
        enum board_request request;
    } rows[] = {
        {0x64, 1, 0xfe, BOARD_RESET},      {0x92, 1, 0x01, BOARD_RESET},
        {0xcf9, 1, 0x06, BOARD_RESET},     {0xcf9, 1, 0x0e, BOARD_RESET},
        {0xcf8, 4, 0x80000600, BOARD_RUN}, /* a PCI address, not the reset register */
        {0xcf8, 2, 0x0600, BOARD_RUN},     {0x501, 1, 0, BOARD_OFF},
        {0x501, 2, 0, BOARD_OFF},          {0x501, 4, 0x1234, BOARD_OFF},
        {0x500, 1, 0xff, BOARD_RUN},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        set_up(state);
        assert_int_equal(board_request(vm), BOARD_RUN);
        out_wide(rows[i].port, rows[i].size, rows[i].value);
        assert_int_equal(board_request(vm), rows[i].request);
    }
}

/* A hostile guest: any bytes to any port, with time going on. The board must stay in bounds
 * (the sanitizers watch) and always have an event that is still to come. */
static void random_guest(void **state)
{
    (void)state;
    static const uint16_t ports[] = {0x20,  0x21,  0x40,  0x41,  0x42, 0x43,  0x60,  0x61,
                                     0x64,  0x70,  0x71,  0xa0,  0xa1, 0x3f8, 0x3f9, 0x3fa,
                                     0x3fb, 0x3fc, 0x3fd, 0x4d0, 0x92, 0xcf9, 0x501, 0xcf8};
    srand(501);
    for (unsigned i = 0; i < 400000; i++) {
        unsigned port = ports[(unsigned)rand() % ARRAY_SIZE(ports)], size = 1u << rand() % 3;
        if (rand() % 3)
            out_wide(port, size, (uint32_t)rand() * 5);
        else
            in_wide(port, size);
        fake.console_in_pos = 0;
        fake.console_in_len = (unsigned)rand() % 4;
        if (rand() % 8 == 0)
            board_advance(vm, now += (uint64_t)rand() % (rand() % 64 ? 100000 : 2 * SECOND));
        if (board_pending(vm) && rand() % 2)
            board_ack(vm);
        assert_true(board_next_event(vm) > now);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        TEST(no_memory), TEST(unclaimed), TEST(number_of_the_run), TEST(mmio), TEST(every_port_finds_its_device),
        TEST(wide_accesses_are_bytes), TEST(cmos_of_the_machine), TEST(fpu_error), TEST(tick),
        TEST(late_ticks_come_one_by_one), TEST(late_ticks_with_automatic_eoi),
        TEST(a_tick_shows_in_irr), TEST(timer_and_gate), TEST(rtc_interrupt),
        TEST(the_sooner_event), TEST(console_output), TEST(console_input),
        TEST(uart_transmit_interrupt), TEST(keyboard_interrupts), TEST(a20), TEST(resets),
        TEST(random_guest),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
