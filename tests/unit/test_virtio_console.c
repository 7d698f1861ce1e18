/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The console device (virtio 1.2, section 5.3): output, input, whose input it is, emergency writes.
 */
#include "tests/unit/virtio_world.h"

#define CONSOLE  2u
#define RECEIVE  0
#define TRANSMIT 1

static int set_up(void **state)
{
    (void)state;
    board_world(RAM_BYTES, 0);
    start_device(CONSOLE, 0);
    return 0;
}

static void type(const char *text)
{
    fake.console_in_pos = 0;
    fake.console_in_len = strlen(text);
    memcpy(fake.console_in, text, strlen(text));
    board_advance(vm, now);
}

static void say(const char *text)
{
    put(BUFFERS, text, strlen(text));
    descriptor(DESC(TRANSMIT), 0, BUFFERS, (uint32_t)strlen(text), 0, 0);
    offer(TRANSMIT, 0);
    assert_int_equal(completed(TRANSMIT, 0), 0);
}

static void room_for(unsigned head, uint32_t bytes)
{
    descriptor(DESC(RECEIVE), head, BUFFERS + 0x1000 * (1 + head), bytes, D_WRITE, 0);
    offer(RECEIVE, head);
}

static void output(void **state)
{
    (void)state;
    char text[1000];
    say("hello");
    memset(text, 'x', 999);
    text[999] = 0;
    say(text);
    assert_int_equal(fake.console_out_len, 5 + 999);
    assert_memory_equal(fake.console_out, "helloxx", 7);
    assert_int_equal(mem_read(dev.isr, 1), 1);
    put(BUFFERS, "ab", 2); /* in two buffers */
    descriptor(DESC(TRANSMIT), 0, BUFFERS, 1, D_NEXT, 1);
    descriptor(DESC(TRANSMIT), 1, BUFFERS + 1, 1, 0, 0);
    offer(TRANSMIT, 0);
    assert_memory_equal(fake.console_out + 1004, "ab", 2);
}

static void input_in_buffers(void **state)
{
    (void)state;
    say("?");
    room_for(0, 4);
    room_for(1, 100);
    mem_read(dev.isr, 1);
    type("abcdefg");
    assert_int_equal(get(USED(RECEIVE) + 2, 2), 2);
    assert_int_equal(get(USED(RECEIVE) + 8, 4), 4);
    assert_int_equal(get(USED(RECEIVE) + 16, 4), 3);
    assert_int_equal(get(BUFFERS + 0x1000, 4), 'a' | 'b' << 8 | 'c' << 16 | 'd' << 24);
    assert_int_equal(get(BUFFERS + 0x2000, 3), 'e' | 'f' << 8 | 'g' << 16);
    assert_int_equal(mem_read(dev.isr, 1), 1);
    type("xyz"); /* no buffer: it waits at the host ... */
    assert_int_equal(fake.console_in_pos, 0);
    room_for(0, 10); /* ... until there is one */
    assert_int_equal(get(USED(RECEIVE) + 24, 4), 3);
}

/* Input goes to the console that the guest used last. */
static void whose_input(void **state)
{
    (void)state;
    room_for(0, 100);
    out(0x3fc, 0x0b);
    out(0x3f9, 1); /* COM1 listens */
    type("1");
    assert_int_equal(in(0x3f8), '1');
    assert_true(nothing_came(RECEIVE));
    say("?");
    type("2");
    assert_int_equal(completed(RECEIVE, 0), 1);
    room_for(0, 100);
    out(0x3f8, '!');
    type("3");
    assert_int_equal(in(0x3f8), '3');
    say("?");
    set_common(STATUS, 1, 0); /* the driver has gone */
    type("4");
    assert_int_equal(in(0x3f8), '4');
}

static void emergency(void **state)
{
    (void)state;
    set_common(STATUS, 1, 0);
    assert_int_equal(mem_read(dev.device + 4, 4), 1); /* ports */
    mem_write(dev.device + 8, 4, 'E');
    mem_write(dev.device + 8, 1, 'F');
    mem_write(dev.device + 4, 4, 'G');
    assert_int_equal(fake.console_out_len, 2);
    assert_memory_equal(fake.console_out, "EF", 2);
    assert_int_equal(offered() & 7, 4);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(output),
        TEST(input_in_buffers),
        TEST(whose_input),
        TEST(emergency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
