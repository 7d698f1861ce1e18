/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Split virtqueues by way of the entropy device, whose requests are only buffers: what the
 * specification says that a device must do with a queue (1.2, section 2.7), and each abuse, which
 * stops the device with a reason and harms nothing else.
 */
#include "tests/unit/virtio_world.h"

#define RNG      1u
#define INDIRECT (1ull << 28)
#define EVENT    (1ull << 29)

static int set_up(void **state)
{
    (void)state;
    board_world(RAM_BYTES, 0);
    start_device(RNG, 0);
    return 0;
}

static void with(uint64_t features)
{
    start_device(RNG, features);
    mem_read(dev.isr, 1);
}

static void a_buffer_is_filled(void **state)
{
    (void)state;
    descriptor(DESC(0), 3, BUFFERS + 5, 20, D_WRITE, 0);
    offer(0, 3);
    assert_int_equal(completed(0, 3), 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(get(BUFFERS + 5 + i, 1), i);
    assert_int_equal(get(BUFFERS + 4, 1) + get(BUFFERS + 25, 1), 0);
    assert_int_equal(mem_read(dev.isr, 1), 1);
    assert_int_equal(mem_read(dev.isr, 1), 0); /* reading acknowledges */
}

static void chains_go_on_over_buffers(void **state)
{
    (void)state;
    descriptor(DESC(0), 0, BUFFERS, 3, D_WRITE | D_NEXT, 7);
    descriptor(DESC(0), 7, BUFFERS + 0xffe, 5, D_WRITE | D_NEXT, 2); /* over a page's end */
    descriptor(DESC(0), 2, BUFFERS + 0x3000, 1, D_WRITE, 0);
    offer(0, 0);
    assert_int_equal(completed(0, 0), 9);
    assert_int_equal(get(BUFFERS + 0xffe, 5), 0x0706050403);
    assert_int_equal(get(BUFFERS + 0x3000, 1), 8);
}

/* 2.7.13.3 and others: several at once, in order; the rings wrap, and so does the index. */
static void rings_wrap(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QUEUE; i++)
        descriptor(DESC(0), i, BUFFERS + i, 1, D_WRITE, 0);
    for (unsigned round = 0; round < 70000; round++) {
        offer(0, round % QUEUE);
        assert_int_equal(completed(0, round % QUEUE), 1);
    }
    for (unsigned i = 0; i < QUEUE; i++)
        put16(AVAIL(0) + 4 + 2 * ((dev.avail[0] + i) % QUEUE), (uint16_t)(QUEUE - 1 - i));
    dev.avail[0] = (uint16_t)(dev.avail[0] + QUEUE);
    put16(AVAIL(0) + 2, dev.avail[0]);
    notify(0);
    assert_int_equal(get(USED(0) + 2, 2), (uint16_t)(dev.used[0] + QUEUE));
    assert_false(needs_reset());
}

/* 2.7.7.2: no interrupt where the driver does not want it, and never a missing one where it does.
 */
static void interrupts_are_suppressed(void **state)
{
    (void)state;
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    put16(AVAIL(0), 1);
    offer(0, 0);
    completed(0, 0);
    assert_int_equal(mem_read(dev.isr, 1), 0);
    put16(AVAIL(0), 0);
    offer(0, 0);
    assert_int_equal(mem_read(dev.isr, 1), 1);
}

static void event_indexes(void **state)
{
    (void)state;
    with(EVENT);
    put16(AVAIL(0), 1); /* to be ignored (2.7.7.2) */
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    for (unsigned i = 0; i < 70000; i++) {
        put16(AVAIL(0) + 4 + 2 * QUEUE, (uint16_t)(i + (i % 3 ? 1 : 0))); /* used_event */
        offer(0, 0);
        completed(0, 0);
        assert_int_equal(mem_read(dev.isr, 1), i % 3 ? 0 : 1);
        assert_int_equal(get(USED(0) + 4 + 8 * QUEUE, 2), (uint16_t)(i + 1)); /* avail_event */
    }
}

/* 2.7.5.3.2. */
static void indirect_tables(void **state)
{
    (void)state;
    const uint32_t table = BUFFERS + 0x8000;
    with(INDIRECT);
    for (unsigned i = 0; i < 40; i++) /* longer than the queue, as Linux makes them */
        descriptor(table, i, BUFFERS + 2 * i, 1, D_WRITE | (i < 39 ? D_NEXT : 0),
                   (uint16_t)(i + 1));
    descriptor(DESC(0), 5, table, 40 * 16, D_INDIRECT | D_WRITE, 0); /* D_WRITE is ignored */
    offer(0, 5);
    assert_int_equal(completed(0, 5), 40);
    /* Behind a direct one. */
    descriptor(DESC(0), 1, BUFFERS + 0x100, 2, D_WRITE | D_NEXT, 5);
    offer(0, 1);
    assert_int_equal(completed(0, 1), 42);
}

/* ---- Abuses ---------------------------------------------------------------- */

static void stops(const char *reason)
{
    assert_true(nothing_came(0));
    assert_stopped(reason);
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    put16(AVAIL(0) + 4, 0);
    notify(0); /* in vain */
    assert_true(nothing_came(0));
    set_common(STATUS, 1, 15);
    assert_true(needs_reset()); /* only a reset helps */
    fake.log_len = 0;
    with(INDIRECT);
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    offer(0, 0);
    assert_int_equal(completed(0, 0), 1);
}

static void loops(void **state)
{
    (void)state;
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE | D_NEXT, 1);
    descriptor(DESC(0), 1, BUFFERS, 1, D_WRITE | D_NEXT, 0);
    offer(0, 0);
    stops("a chain has a loop");
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE | D_NEXT, 0);
    offer(0, 0);
    stops("a chain has a loop");
    const uint32_t table = BUFFERS + 0x8000;
    for (unsigned i = 0; i < 1000; i++)
        descriptor(table, i, BUFFERS, 1, D_WRITE | D_NEXT, (uint16_t)((i + 1) % 1000));
    descriptor(DESC(0), 0, table, 16000, D_INDIRECT, 0);
    offer(0, 0);
    stops("a chain is too long");
}

static void wild_addresses(void **state)
{
    (void)state;
    static const struct {
        uint64_t at;
        uint32_t len;
    } bad[] = {{RAM_BYTES - 1, 2},       {RAM_BYTES, 1},        {0, RAM_BYTES + 1},
               {0xfe000000, 4},          {1ull << 32, 1},       {UINT64_MAX, 1},
               {UINT64_MAX - 2, 0x1000}, {BUFFERS, 0xffffffffu}};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        descriptor(DESC(0), 0, bad[i].at, bad[i].len, D_WRITE, 0);
        offer(0, 0);
        stops("a buffer is not in RAM");
    }
}

static void wild_numbers(void **state)
{
    (void)state;
    offer(0, QUEUE);
    stops("a descriptor's number is beyond its table");
    offer(0, 0xffff);
    stops("a descriptor's number is beyond its table");
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE | D_NEXT, QUEUE);
    offer(0, 0);
    stops("a descriptor's number is beyond its table");
    dev.avail[0] = QUEUE + 1;
    offer(0, 0);
    stops("the available index runs away");
    dev.avail[0] = 0x8000;
    offer(0, 0);
    stops("the available index runs away");
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    offer(0, 0);
    completed(0, 0);
    dev.avail[0] = 0xffff;
    put16(AVAIL(0) + 2, dev.avail[0]); /* backwards */
    notify(0);
    stops("the available index runs away");
}

static void bad_chains(void **state)
{
    (void)state;
    descriptor(DESC(0), 0, BUFFERS, 0, D_WRITE, 0);
    offer(0, 0);
    stops("a buffer is empty");
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE | D_NEXT, 1);
    descriptor(DESC(0), 1, BUFFERS, 1, 0, 0);
    offer(0, 0);
    stops("a buffer to read follows one to write");
}

static void bad_tables(void **state)
{
    (void)state;
    const uint32_t table = BUFFERS + 0x8000;
    descriptor(table, 0, BUFFERS, 1, D_WRITE, 0);
    descriptor(DESC(0), 0, table, 16, D_INDIRECT, 0);
    offer(0, 0);
    stops("which was not negotiated"); /* ... and leaves it so that it is */
    descriptor(DESC(0), 0, table, 0, D_INDIRECT, 0);
    offer(0, 0);
    stops("no whole number of descriptors");
    descriptor(DESC(0), 0, table, 17, D_INDIRECT, 0);
    offer(0, 0);
    stops("no whole number of descriptors");
    descriptor(DESC(0), 0, table, 16, D_INDIRECT | D_NEXT, 1);
    offer(0, 0);
    stops("with a next one");
    descriptor(table, 0, table, 16, D_INDIRECT, 0);
    descriptor(DESC(0), 0, table, 16, D_INDIRECT, 0);
    offer(0, 0);
    stops("in an indirect table");
    descriptor(table, 0, BUFFERS, 1, D_WRITE | D_NEXT, 1);
    descriptor(DESC(0), 0, table, 16, D_INDIRECT, 0);
    offer(0, 0);
    stops("beyond its table");
    descriptor(DESC(0), 0, RAM_BYTES - 8, 16, D_INDIRECT, 0);
    offer(0, 0);
    stops("a descriptor table is not in RAM");
    descriptor(DESC(0), 0, UINT64_MAX - 7, 16, D_INDIRECT, 0);
    offer(0, 0);
    stops("a descriptor table is not in RAM");
}

/* The rings themselves, set up by REG to a place where nothing is. */
static void rings_outside_ram(void **state)
{
    (void)state;
    static const unsigned regs[] = {QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE};
    static const uint32_t high[] = {0, 1, 0xffffffffu};
    for (unsigned i = 0; i < 9; i++) {
        assert_true(negotiate(1ull << 32));
        set_common(QUEUE_SELECT, 2, 0);
        set_common(QUEUE_SIZE, 2, QUEUE);
        set_common(QUEUE_DESC, 4, DESC(0));
        set_common(QUEUE_DRIVER, 4, AVAIL(0));
        set_common(QUEUE_DEVICE, 4, USED(0));
        set_common(regs[i % 3], 4, i / 3 ? 0xfffffff0u : RAM_BYTES);
        set_common(regs[i % 3] + 4, 4, high[i / 3]);
        set_common(QUEUE_ENABLE, 2, 1);
        set_common(STATUS, 1, 15);
        descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
        put16(AVAIL(0) + 4, 0);
        put16(AVAIL(0) + 2, 1);
        notify(0);
        assert_stopped("not in RAM");
        fake.log_len = 0;
    }
}

/* 2.7: the table at a multiple of 16, the rings at one of 2 and of 4; sizes are powers of two. */
static void bad_queues(void **state)
{
    (void)state;
    static const struct {
        uint32_t desc, driver, device, size;
        const char *why;
    } bad[] = {{8, 0, 0, QUEUE, "not aligned"},
               {0, 1, 0, QUEUE, "not aligned"},
               {0, 0, 2, QUEUE, "not aligned"},
               {0, 0, 0, 0, "power of two"},
               {0, 0, 0, 3, "power of two"},
               {0, 0, 0, 0x8000, "power of two"},
               {0, 0, 0, 128, "longer than was offered"}};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_true(negotiate(1ull << 32));
        set_common(QUEUE_SELECT, 2, 0);
        set_common(QUEUE_SIZE, 2, bad[i].size);
        set_common(QUEUE_DESC, 4, DESC(0) + bad[i].desc);
        set_common(QUEUE_DRIVER, 4, AVAIL(0) + bad[i].driver);
        set_common(QUEUE_DEVICE, 4, USED(0) + bad[i].device);
        set_common(QUEUE_ENABLE, 2, 1);
        assert_true(needs_reset());
        assert_non_null(strstr(fake.log, bad[i].why));
        fake.log_len = 0;
    }
}

/* A guest that does it again and again does not fill the log. */
static void the_log_has_an_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        offer(0, QUEUE);
        assert_true(needs_reset());
        with(0);
    }
    unsigned lines = 0;
    for (const char *at = fake.log; (at = strchr(at, '\n')); at++)
        lines++;
    assert_in_range(lines, 10, 20);
}

/* Chains that a random guest makes: the sanitizers watch. */
static void random_memory(void **state)
{
    (void)state;
    srand(2);
    for (unsigned i = 0; i < 30000; i++) {
        if (needs_reset())
            with((uint64_t)rand() % 4 << 28);
        for (unsigned n = (unsigned)rand() % 6; n; n--) {
            uint32_t table = rand() % 3 ? DESC(0) : BUFFERS;
            descriptor(table, (unsigned)rand() % QUEUE,
                       rand() % 9 ? BUFFERS + (unsigned)rand() % 0x1000
                                  : (uint64_t)rand() << (rand() % 40),
                       rand() % 5 ? 16 * ((unsigned)rand() % 8) : (uint32_t)rand(),
                       (uint16_t)(rand() % 8), (uint16_t)(rand() % (QUEUE + 1)));
        }
        offer(0, (unsigned)rand() % QUEUE);
        dev.used[0] = (uint16_t)get(USED(0) + 2, 2);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        TEST(a_buffer_is_filled), TEST(chains_go_on_over_buffers), TEST(rings_wrap),
        TEST(interrupts_are_suppressed), TEST(event_indexes), TEST(indirect_tables), TEST(loops),
        TEST(wild_addresses), TEST(wild_numbers), TEST(bad_chains), TEST(bad_tables),
        TEST(rings_outside_ram), TEST(bad_queues), TEST(the_log_has_an_end), TEST(random_memory),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
