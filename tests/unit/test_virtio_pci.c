/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtio over PCI: configuration space, BARs, both register layouts, features, status and the
 * interrupt pin, as the PCI and virtio specifications (1.2, sections 2.1, 2.2, 3.1, 4.1) say what a
 * device must do.
 */
#include "tests/unit/virtio_world.h"

#define RNG       1u
#define IRQ       SLOTS_IRQ_ODD
#define VERSION_1 (1ull << 32)

static int set_up(void **state)
{
    (void)state;
    board_world(RAM_BYTES, 0);
    find_device(RNG);
    return 0;
}

static void one_bus(void **state)
{
    (void)state;
    for (unsigned slot = 0; slot < 32; slot++) {
        uint32_t id = config_read(slot, 0, 4);
        assert_true(id == (slot == 0     ? 0x00081b36u
                           : slot == RNG ? 0x10051af4u
                           : slot == 2   ? 0x10031af4u
                           : slot == 3   ? 0x10021af4u
                                         : 0xffffffffu));
    }
    assert_int_equal(config_read(0, 8, 4), 0x06000000);
    static const uint32_t nobody[] = {0x80010800, 0x80000900, 0x80000f00, 0x00000800};
    for (unsigned i = 0; i < ARRAY_SIZE(nobody); i++) { /* bus 1, functions 1 and 7, not enabled */
        out_wide(0xcf8, 4, nobody[i]);
        assert_int_equal(in_wide(0xcfc, 4), 0xffffffffu);
        out_wide(0xcfc, 4, 0);
        assert_int_equal(in_wide(0xcf8, 4), nobody[i]);
    }
    out_wide(0xcf8, 4, 0xffffffffu);
    assert_int_equal(in_wide(0xcf8, 4), 0x80fffffcu);
}

static void the_header(void **state)
{
    (void)state;
    assert_int_equal(config_read(RNG, 8, 4) & 0xff, 0);      /* transitional: revision 0 */
    assert_int_equal(config_read(RNG, 0x2c, 4), 0x00041af4); /* the device's type */
    assert_int_equal(config_read(RNG, 0x3c, 2), 0x100 | IRQ);
    assert_int_equal(config_read(RNG, 4, 4), 0x00100007);
    config_write(RNG, 4, 4, 0xffffffffu);
    assert_int_equal(config_read(RNG, 4, 4), 0x00100547); /* status does not change */
    config_write(RNG, 5, 1, 0);
    assert_int_equal(config_read(RNG, 4, 2), 0x0047);
    config_write(RNG, 0x3c, 1, 5);
    assert_int_equal(config_read(RNG, 0x3c, 4), 0x105);
    config_write(RNG, 0, 4, 0);
    assert_int_equal(config_read(RNG, 0, 4), 0x10051af4);
    for (unsigned at = 0x98; at < 256; at += 4)
        assert_int_equal(config_read(RNG, at, 4), 0);
    assert_int_equal(config_read(RNG, 0x0e, 1), 0); /* one function */
    config_write(RNG, 0x0c, 2, 0x4010);
    assert_int_equal(config_read(RNG, 0x0c, 4), 0x4010);
}

static void bars_are_sized_and_moved(void **state)
{
    (void)state;
    uint32_t ports = config_read(RNG, 0x10, 4), memory = config_read(RNG, 0x14, 4);
    config_write(RNG, 0x10, 4, 0xffffffffu);
    config_write(RNG, 0x14, 4, 0xffffffffu);
    config_write(RNG, 0x18, 4, 0xffffffffu);
    assert_int_equal(config_read(RNG, 0x10, 4), 0xffffff81u);
    assert_int_equal(config_read(RNG, 0x14, 4), 0xfffff000u);
    assert_int_equal(config_read(RNG, 0x18, 4), 0);
    config_write(RNG, 0x10, 4, 0x1000);
    config_write(RNG, 0x14, 4, 0xf0000000u);
    assert_int_equal(in_wide((ports & ~3u), 4), 0xffffffffu);
    find_device(RNG);
    assert_int_equal(dev.common, 0xf0000000u);
    assert_int_equal(in_wide(0x1000, 4), (uint32_t)offered());
    assert_int_equal(mem_read(memory, 4), 0xffffffffu);
    config_write(RNG, 4, 2, 0x006); /* no ports */
    assert_int_equal(in_wide(0x1000, 4), 0xffffffffu);
    config_write(RNG, 4, 2, 0x005); /* no memory */
    assert_int_equal(common(NUM_QUEUES, 2), 0xffff);
    config_write(RNG, 4, 2, 0x007);
    config_write(RNG, 0x10, 4, 0); /* at 0: off */
    assert_int_equal(in_wide(0, 4), 0xffffffffu);
    config_write(RNG, 0x10, 4, 0x3c0); /* over the VGA's, which comes first */
    out(0x3c4, 1);
    assert_int_equal(in(0x3c4), 1);
}

static void accesses_stay_in_a_bar(void **state)
{
    (void)state;
    assert_int_equal(in_wide(dev.ports + 0x7e, 4), 0xffffffffu);
    assert_int_equal(mem_read(dev.common + 0xffe, 4), 0xffffffffu);
    assert_int_equal(mem_read(dev.common - 2, 4), 0xffffffffu);
}

static void features_are_negotiated(void **state)
{
    (void)state;
    uint64_t all = offered();
    assert_int_equal(all >> 32, 1); /* VERSION_1 and nothing above */
    assert_true(all & 1u << 28 && all & 1u << 29);
    set_common(DEVICE_SELECT, 4, 2);
    assert_int_equal(common(DEVICE_FEATURES, 4), 0);
    set_common(DRIVER_SELECT, 4, 7);
    set_common(DRIVER_FEATURES, 4, 0xffffffffu);
    assert_int_equal(common(DRIVER_FEATURES, 4), 0);
    assert_false(negotiate(0));                /* 6.2: without VERSION_1 */
    assert_false(negotiate(all | 1ull << 40)); /* 2.2.2: what is not offered */
    assert_false(negotiate(all | 1u));
    assert_true(negotiate(all));
    set_common(DRIVER_SELECT, 4, 0);
    set_common(DRIVER_FEATURES, 4, 0); /* too late */
    assert_int_equal(common(DRIVER_FEATURES, 4), (uint32_t)all);
}

static void reset_makes_new(void **state)
{
    (void)state;
    start_device(RNG, 0);
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    offer(0, 0);
    set_common(STATUS, 1, 0);
    assert_int_equal(common(STATUS, 1), 0);
    assert_int_equal(mem_read(dev.isr, 1), 0);
    set_common(QUEUE_SELECT, 2, 0);
    assert_int_equal(common(QUEUE_ENABLE, 2), 0);
    assert_int_equal(common(QUEUE_SIZE, 2), 64);
    assert_int_equal(common(QUEUE_DESC, 4), 0);
    set_common(DRIVER_SELECT, 4, 1);
    assert_int_equal(common(DRIVER_FEATURES, 4), 0);
}

/* 2.1.2: no buffer is used before DRIVER_OK; and nothing is done without bus mastering. */
static void waits_for_its_driver(void **state)
{
    (void)state;
    assert_true(negotiate(VERSION_1));
    set_up_queue(0);
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    offer(0, 0);
    assert_true(nothing_came(0));
    config_write(RNG, 4, 2, 3);
    set_common(STATUS, 1, 15);
    notify(0);
    assert_true(nothing_came(0));
    config_write(RNG, 4, 2, 7);
    notify(0);
    assert_int_equal(completed(0, 0), 1);
}

static void queue_registers(void **state)
{
    (void)state;
    assert_int_equal(common(NUM_QUEUES, 2), 1);
    assert_int_equal(common(16, 2), 0xffff); /* no MSI-X vectors */
    set_common(QUEUE_SELECT, 2, 1);          /* not there */
    set_common(QUEUE_SIZE, 2, 8);
    assert_int_equal(common(QUEUE_SIZE, 2), 0);
    set_common(QUEUE_ENABLE, 2, 1);
    assert_int_equal(common(QUEUE_ENABLE, 2), 0);
    set_common(QUEUE_SELECT, 2, 0);
    set_common(QUEUE_DESC, 4, 0x12345670);
    set_common(QUEUE_DESC + 4, 4, 0xabcd);
    assert_int_equal(common(QUEUE_DESC, 4), 0x12345670);
    assert_int_equal(common(QUEUE_DESC + 4, 4), 0xabcd);
    assert_int_equal(common(QUEUE_DESC + 1, 1), 0x56); /* a part of a register ... */
    set_common(QUEUE_DESC + 1, 1, 0);                  /* ... is read, not written */
    assert_int_equal(common(QUEUE_DESC, 4), 0x12345670);
    start_device(RNG, 0);
    set_common(QUEUE_DESC, 4, 0); /* it is enabled: too late */
    assert_int_equal(common(QUEUE_DESC, 4), DESC(0));
    notify(7); /* no such queue */
    assert_false(needs_reset());
}

static void the_interrupt_pin(void **state)
{
    (void)state;
    start_device(RNG, 0);
    out(0xa0, 0x11), out(0xa1, 0x70), out(0xa1, 2), out(0xa1, 1), out(0xa1, 0);
    out(0x20, 0x11), out(0x21, 0x20), out(0x21, 4), out(0x21, 1), out(0x21, 0);
    assert_false(board_pending(vm));
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    offer(0, 0);
    assert_true(board_pending(vm));
    assert_int_equal(config_read(RNG, 6, 1) & 8, 8);
    config_write(RNG, 4, 2, 0x407); /* INTx disabled */
    assert_false(board_pending(vm));
    assert_int_equal(config_read(RNG, 6, 1) & 8, 0);
    config_write(RNG, 4, 2, 7);
    assert_int_equal(board_ack(vm), 0x70 + IRQ - 8);
    out(0xa0, 0x20), out(0x20, 0x20);
    assert_true(board_pending(vm)); /* level-triggered: still there */
    mem_read(dev.isr, 1);
    assert_false(board_pending(vm));
}

/* 4.1.4.9: BARs through configuration space. */
static void the_window(void **state)
{
    (void)state;
    unsigned at = 0x74;
    assert_int_equal(config_read(RNG, at + 3, 1), 5);
    config_write(RNG, at + 4, 1, 1);
    config_write(RNG, at + 8, 4, NUM_QUEUES);
    config_write(RNG, at + 12, 4, 2);
    assert_int_equal(config_read(RNG, at + 4, 1), 1);
    assert_int_equal(config_read(RNG, at + 8, 4), NUM_QUEUES);
    assert_int_equal(config_read(RNG, at + 16, 4), 1);
    config_write(RNG, at + 8, 4, STATUS);
    config_write(RNG, at + 12, 4, 1);
    config_write(RNG, at + 16, 1, 3);
    assert_int_equal(common(STATUS, 1), 3);
    config_write(RNG, at + 4, 1, 0); /* the legacy ports */
    config_write(RNG, at + 8, 4, 18);
    assert_int_equal(config_read(RNG, at + 16, 1), 3);
    static const struct {
        uint32_t bar, offset, length;
    } bad[] = {{1, 0, 3}, {1, 2, 4}, {5, 0, 4}, {1, 0x1000, 4}, {1, 0xfffffffc, 4}, {0, 0x80, 1}};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        config_write(RNG, at + 4, 1, bad[i].bar);
        config_write(RNG, at + 8, 4, bad[i].offset);
        config_write(RNG, at + 12, 4, bad[i].length);
        config_write(RNG, at + 16, 4, 0);
        assert_int_equal(config_read(RNG, at + 16, 4), 0);
    }
    assert_int_equal(common(STATUS, 1), 3);
}

/* 4.1.4.10: a driver of the time before version 1. */
static void legacy(void **state)
{
    (void)state;
    const uint32_t page = 0x40, desc = page << 12, avail = desc + 64 * 16;
    const uint32_t used = (avail + 4 + 2 * 64 + 2 + 4095) & ~4095u;
    out(dev.ports + 18, 0);
    out(dev.ports + 18, 1);
    out(dev.ports + 18, 3);
    assert_int_equal(in_wide(dev.ports, 4), (uint32_t)offered());
    out_wide(dev.ports + 4, 4, 0);
    out_wide(dev.ports + 14, 2, 1);
    assert_int_equal(in_wide(dev.ports + 12, 2), 0); /* no queue 1 */
    out_wide(dev.ports + 8, 4, page);                /* and it gets no address */
    out_wide(dev.ports + 14, 2, 0);
    assert_int_equal(in_wide(dev.ports + 12, 2), 64);
    assert_int_equal(in_wide(dev.ports + 8, 4), 0);
    out_wide(dev.ports + 8, 4, page);
    assert_int_equal(in_wide(dev.ports + 8, 4), page);
    descriptor(desc, 0, BUFFERS, 4, D_WRITE, 0);
    put16(avail + 4, 0);
    put16(avail + 2, 1);
    out_wide(dev.ports + 16, 2, 0); /* before DRIVER_OK, as old drivers do: heeded then */
    assert_int_equal(get(used + 2, 2), 0);
    out(dev.ports + 18, 7);
    assert_int_equal(get(used + 2, 2), 1);
    assert_int_equal(get(BUFFERS, 4), 0x03020100);
    assert_int_equal(in(dev.ports + 19), 1);
    assert_int_equal(in(dev.ports + 19), 0);
    put16(avail + 6, 64);
    put16(avail + 2, 2);
    out_wide(dev.ports + 16, 2, 0);
    assert_int_equal(in(dev.ports + 18), 7 | 64);
    out_wide(dev.ports + 8, 4, 0);
    assert_int_equal(in_wide(dev.ports + 8, 4), 0);
}

/* A guest that tries everything: the sanitizers watch, and the line is the device's. */
static void random_guest(void **state)
{
    (void)state;
    srand(4);
    for (unsigned i = 0; i < 200000; i++) {
        unsigned slot = (unsigned)rand() % 3, size = 1u << rand() % 3,
                 at = (unsigned)rand() % 0x500;
        uint32_t value = rand() % 3 ? (uint32_t)rand() % 16 : (uint32_t)rand() * 3;
        switch (rand() % 7) {
        case 0:
            config_write(slot, at & 0xff & -size, size, value);
            break;
        case 1:
            config_read(slot, at & 0xff & -size, size);
            break;
        case 2:
            out_wide(dev.ports + at % 0x80, size, value);
            break;
        case 3:
            in_wide(dev.ports + at % 0x80, size);
            break;
        default:
            if (rand() % 2)
                mem_write(dev.common + at, size, value);
            else
                mem_read(dev.common + at, size);
        }
        if (i % 1000 == 0) {
            config_write(RNG, 0x10, 4, 0xc080);
            config_write(RNG, 0x14, 4, 0xfe001000);
            config_write(RNG, 4, 2, 7);
            find_device(RNG);
        }
    }
}

static void none_in_lock_step(void **state)
{
    (void)state;
    vm->pace.on = true;
    assert_true(board_create(vm));
    assert_int_equal(config_read(0, 0, 4), 0x00081b36);
    assert_int_equal(config_read(RNG, 0, 4), 0xffffffffu);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        TEST(one_bus), TEST(the_header), TEST(bars_are_sized_and_moved), TEST(accesses_stay_in_a_bar),
        TEST(features_are_negotiated), TEST(reset_makes_new), TEST(waits_for_its_driver),
        TEST(queue_registers), TEST(the_interrupt_pin), TEST(the_window), TEST(legacy),
        TEST(random_guest), TEST(none_in_lock_step),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
