/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The network device (virtio 1.2, section 5.1): frames both ways by either interface's header,
 * lengths that are wrong, and buffers that are missing or too small.
 */
#include "tests/unit/virtio_world.h"

#define NET      4u
#define RECEIVE  0
#define TRANSMIT 1

static unsigned header;

static int set_up(void **state)
{
    (void)state;
    vm = fake_vm(RAM_BYTES);
    now = 0;
    header = 12;
    fake.net = true;
    for (unsigned i = 0; i < sizeof fake.receive; i++)
        fake.receive[i] = (uint8_t)(i * 3 + 1);
    assert_true(board_create(vm));
    start_device(NET, 1ull << 5);
    return 0;
}

static void send(uint32_t bytes)
{
    uint8_t frame[2048];
    for (unsigned i = 0; i < sizeof frame; i++)
        frame[i] = (uint8_t)(i * 7);
    put(BUFFERS + header, frame, sizeof frame);
    descriptor(DESC(TRANSMIT), 0, BUFFERS, header, D_NEXT, 1); /* the header alone, as Linux may */
    descriptor(DESC(TRANSMIT), 1, BUFFERS + header, bytes, 0, 0);
    offer(TRANSMIT, 0);
    assert_int_equal(completed(TRANSMIT, 0), 0);
}

static void the_configuration(void **state)
{
    (void)state;
    assert_int_equal(mem_read(dev.device, 4), 0x00003152);
    assert_int_equal(mem_read(dev.device + 4, 4), 0x00010700); /* the link is up */
    assert_int_equal(offered() & 0xffffff, 0x10020);
}

static void frames_out(void **state)
{
    (void)state;
    static const uint32_t good[] = {14, 60, 1514, 1518}, bad[] = {1, 13, 1519, 2000};
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        send(good[i]);
        assert_int_equal(fake.sent_frames, i + 1);
        assert_int_equal(fake.sent_len, good[i]);
        assert_int_equal(fake.sent[good[i] - 1], (uint8_t)((good[i] - 1) * 7));
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        send(bad[i]);
    descriptor(DESC(TRANSMIT), 0, BUFFERS, header - 1, 0, 0); /* less than a header */
    offer(TRANSMIT, 0);
    completed(TRANSMIT, 0);
    assert_int_equal(fake.sent_frames, ARRAY_SIZE(good));
    assert_false(needs_reset());
}

static void room(unsigned head, uint32_t bytes)
{
    static const uint8_t soiled[2048] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    put(BUFFERS + 0x1000 * head, soiled, sizeof soiled);
    descriptor(DESC(RECEIVE), head, BUFFERS + 0x1000 * head, bytes, D_WRITE, 0);
    offer(RECEIVE, head);
}

static void frames_in(void **state)
{
    (void)state;
    uint8_t got[2048];
    room(0, 2000);
    board_advance(vm, now);
    assert_true(nothing_came(RECEIVE));
    fake.receive_len = 100;
    fake.to_receive = 2;
    board_advance(vm, now);
    assert_int_equal(completed(RECEIVE, 0), 112);
    assert_true(guest_read(vm, gpa(BUFFERS), got, sizeof got));
    static const uint8_t before[12] = {[10] = 1}; /* one buffer */
    assert_memory_equal(got, before, 12);
    assert_memory_equal(got + 12, fake.receive, 100);
    assert_int_equal(got[112], 0);
    assert_int_equal(fake.to_receive, 1); /* the second one waits for room ... */
    board_advance(vm, now);
    assert_int_equal(fake.to_receive, 1);
    mem_read(dev.isr, 1);
    room(1, 2000);
    assert_int_equal(completed(RECEIVE, 1), 112); /* ... and no longer */
    assert_int_equal(mem_read(dev.isr, 1), 1);
}

/* A frame that the buffers do not hold is lost; the buffers are not. */
static void too_small(void **state)
{
    (void)state;
    fake.receive_len = 100;
    fake.to_receive = 1;
    room(0, 111);
    board_advance(vm, now);
    assert_int_equal(fake.to_receive, 0);
    assert_true(nothing_came(RECEIVE));
    fake.receive_len = 99;
    fake.to_receive = 1;
    board_advance(vm, now);
    assert_int_equal(completed(RECEIVE, 0), 111);
    assert_false(needs_reset());
}

static void by_the_legacy_header(void **state)
{
    (void)state;
    uint8_t got[64];
    const uint32_t queue = 0x300000, avail = queue + 256 * 16, used = queue + 0x2000;
    out(dev.ports + 18, 0);
    out_wide(dev.ports + 14, 2, RECEIVE);
    out_wide(dev.ports + 8, 4, queue >> 12);
    out_wide(dev.ports + 14, 2, TRANSMIT);
    out_wide(dev.ports + 8, 4, (queue + 0x10000) >> 12);
    out(dev.ports + 18, 7);
    descriptor(queue, 0, BUFFERS, 64, D_WRITE, 0);
    put16(avail + 2, 1);
    fake.receive_len = 20;
    fake.to_receive = 1;
    board_advance(vm, now);
    assert_int_equal(get(used + 8, 4), 30);
    assert_true(guest_read(vm, gpa(BUFFERS), got, sizeof got));
    assert_memory_equal(got + 10, fake.receive, 20);
    descriptor(queue + 0x10000, 0, BUFFERS, 30, 0, 0);
    put16(avail + 0x10000 + 2, 1);
    out_wide(dev.ports + 16, 2, TRANSMIT);
    assert_int_equal(fake.sent_len, 20);
    assert_memory_equal(fake.sent, fake.receive, 20);
    for (unsigned i = 0; i < 6; i++) /* the address in the legacy configuration */
        assert_int_equal(in(dev.ports + 20 + i), "\x52\x31\0\0\0\7"[i]);
}

static void no_network(void **state)
{
    (void)state;
    board_world(RAM_BYTES, 0);
    assert_int_equal(config_read(NET, 0, 4), 0xffffffffu);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_configuration), TEST(frames_out),           TEST(frames_in),
        TEST(too_small),         TEST(by_the_legacy_header), TEST(no_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
