/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The balloon device (virtio 1.2, section 5.5): pages that the guest gives up, one by one or as
 * reported, and nothing but those.
 */
#include "tests/unit/virtio_world.h"

#define BALLOON   3u
#define REPORTING (1ull << 5)
enum { INFLATE, DEFLATE, REPORT };

static int set_up(void **state)
{
    (void)state;
    board_world(RAM_BYTES, 0);
    start_device(BALLOON, REPORTING);
    for (uint32_t page = 0x200; page < 0x300; page++)
        put16(page << 12, 0x5a5a);
    return 0;
}

static bool is_kept(uint32_t page)
{
    return get(page << 12, 2) == 0x5a5a;
}

static void the_configuration(void **state)
{
    (void)state;
    assert_int_equal(offered() & 0xffffff, 0x20);
    assert_int_equal(mem_read(dev.device, 4), 0); /* the host asks for nothing */
    mem_write(dev.device + 4, 4, 0x12345);
    assert_int_equal(mem_read(dev.device + 4, 4), 0x12345);
    mem_write(dev.device, 4, 7);
    assert_int_equal(mem_read(dev.device, 4), 0);
    set_common(STATUS, 1, 0);
    assert_int_equal(mem_read(dev.device + 4, 4), 0);
}

static void pages_go_in_and_out(void **state)
{
    (void)state;
    static const uint32_t pages[] = {0x210, 0x213, 0x400, 0xffffffff, 0x211};
    put(BUFFERS, pages, sizeof pages);
    descriptor(DESC(INFLATE), 0, BUFFERS, sizeof pages + 3, 0, 0); /* and a piece of a number */
    offer(INFLATE, 0);
    assert_int_equal(completed(INFLATE, 0), 0);
    assert_int_equal(fake.frames_forgotten, 3); /* two lie outside RAM */
    assert_true(!is_kept(0x210) && !is_kept(0x211) && !is_kept(0x213));
    assert_true(is_kept(0x20f) && is_kept(0x212) && is_kept(0x214));
    descriptor(DESC(DEFLATE), 0, BUFFERS, 4, 0, 0);
    offer(DEFLATE, 0);
    completed(DEFLATE, 0);
    put16(0x210 << 12, 1); /* it is memory again */
    assert_int_equal(get(0x210 << 12, 2), 1);
    assert_false(needs_reset());
}

static void reports(void **state)
{
    (void)state;
    descriptor(DESC(REPORT), 0, 0x220000, 0x20000, D_WRITE | D_NEXT, 1);
    descriptor(DESC(REPORT), 1, 0x250800, 0x2000, D_WRITE, 0); /* one whole page of it */
    offer(REPORT, 0);
    assert_int_equal(completed(REPORT, 0), 0);
    assert_int_equal(fake.frames_forgotten, 33);
    for (uint32_t page = 0x21f; page < 0x260; page++)
        assert_int_equal(is_kept(page), (page < 0x220 || page > 0x23f) && page != 0x251);
    assert_int_equal(mem_read(dev.isr, 1), 1);
    descriptor(DESC(REPORT), 0, 0x260000, 0x1000, 0, 0); /* nothing to write: nothing free */
    offer(REPORT, 0);
    completed(REPORT, 0);
    assert_true(is_kept(0x260));
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_configuration),
        TEST(pages_go_in_and_out),
        TEST(reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
