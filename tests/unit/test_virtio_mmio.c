/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Virtio over memory: every register, the ways to use it wrongly, and the interrupt line, as the
 * specification (1.2, section 4.2) says what a device must do.
 */
#include "monitor/host_io.h"
#include "tests/unit/virtio_world.h"

#define RNG       1u
#define BALLOON   3u
#define NET       4u
#define DISK      8u
#define IRQ       SLOTS_IRQ_ODD
#define VERSION_1 (1ull << 32)

enum reg {
    R_MAGIC = 0x000,
    R_VERSION = 0x004,
    R_DEVICE_ID = 0x008,
    R_VENDOR_ID = 0x00c,
    R_FEATURES = 0x010,
    R_FEATURES_SEL = 0x014,
    R_DRIVER = 0x020,
    R_DRIVER_SEL = 0x024,
    R_QUEUE_SEL = 0x030,
    R_QUEUE_MAX = 0x034,
    R_QUEUE_NUM = 0x038,
    R_READY = 0x044,
    R_NOTIFY = 0x050,
    R_INTERRUPT = 0x060,
    R_ACK = 0x064,
    R_STATUS = 0x070,
    R_DESC = 0x080,
    R_AVAIL = 0x090,
    R_USED = 0x0a0,
    R_SHM_SEL = 0x0ac,
    R_SHM = 0x0b0,
    R_RESET = 0x0c0,
    R_GENERATION = 0x0fc,
    R_CONFIG = 0x100,
};

static uint32_t rd(unsigned slot, unsigned reg)
{
    return mem_read(SLOTS_MMIO(slot) + reg, 4);
}

static void wr(unsigned slot, unsigned reg, uint32_t value)
{
    mem_write(SLOTS_MMIO(slot) + reg, 4, value);
}

static int set_up(void **state)
{
    (void)state;
    vm = fake_vm(RAM_BYTES);
    fake.net = true;
    fake.disk_sectors = 64;
    vm->virtio_mmio = true;
    now = 0;
    assert_true(board_create(vm));
    memset(&dev, 0, sizeof dev);
    return 0;
}

static uint64_t offer_of(unsigned slot)
{
    wr(slot, R_FEATURES_SEL, 1);
    uint64_t high = rd(slot, R_FEATURES);
    wr(slot, R_FEATURES_SEL, 0);
    return high << 32 | rd(slot, R_FEATURES);
}

static bool agree(unsigned slot, uint64_t features)
{
    wr(slot, R_STATUS, 0);
    wr(slot, R_STATUS, 1);
    wr(slot, R_STATUS, 3);
    for (unsigned half = 0; half < 2; half++) {
        wr(slot, R_DRIVER_SEL, half);
        wr(slot, R_DRIVER, (uint32_t)(features >> 32 * half));
    }
    wr(slot, R_STATUS, 11);
    return rd(slot, R_STATUS) & 8;
}

static void place_queue(unsigned slot, unsigned n)
{
    static const uint8_t zeros[0x10000];
    put(QUEUE_AT(n), zeros, sizeof zeros);
    dev.avail[n] = dev.used[n] = 0;
    wr(slot, R_QUEUE_SEL, n);
    wr(slot, R_QUEUE_NUM, QUEUE);
    wr(slot, R_DESC, DESC(n)), wr(slot, R_DESC + 4, 0);
    wr(slot, R_AVAIL, AVAIL(n)), wr(slot, R_AVAIL + 4, 0);
    wr(slot, R_USED, USED(n)), wr(slot, R_USED + 4, 0);
}

/* 4.2.3.2: a queue is there, not in use, and then is. */
static void make_queue(unsigned slot, unsigned n)
{
    wr(slot, R_QUEUE_SEL, n);
    assert_int_equal(rd(slot, R_READY), 0);
    assert_true(rd(slot, R_QUEUE_MAX) >= QUEUE);
    place_queue(slot, n);
    wr(slot, R_READY, 1);
    assert_int_equal(rd(slot, R_READY), 1);
}

static void begin(unsigned slot, uint64_t features, unsigned queues)
{
    assert_true(agree(slot, features | VERSION_1));
    for (unsigned n = 0; n < queues; n++)
        make_queue(slot, n);
    wr(slot, R_STATUS, 15);
    assert_int_equal(rd(slot, R_STATUS), 15);
}

static void make_available(unsigned slot, unsigned n, unsigned head)
{
    put16(AVAIL(n) + 4 + 2 * (dev.avail[n] % QUEUE), (uint16_t)head);
    put16(AVAIL(n) + 2, ++dev.avail[n]);
    wr(slot, R_NOTIFY, n);
}

static void assert_broken(unsigned slot, const char *reason)
{
    assert_int_equal(rd(slot, R_STATUS) & 64, 64);
    assert_int_equal(rd(slot, R_INTERRUPT) & 2, 2);
    assert_non_null(strstr(fake.log, reason));
}

/* 4.2.2.1: magic value and version; and who is where. */
static void who_is_there(void **state)
{
    (void)state;
    static const uint8_t id[SLOTS] = {
        [RNG] = 4, [2] = 3, [BALLOON] = 5, [NET] = 1, [DISK] = 2,
    };
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        assert_int_equal(rd(slot, R_MAGIC), id[slot] ? 0x74726976u : UINT32_MAX);
        assert_int_equal(rd(slot, R_VERSION), id[slot] ? 2 : UINT32_MAX);
        assert_int_equal(rd(slot, R_DEVICE_ID), id[slot] ? id[slot] : UINT32_MAX);
        assert_int_equal(rd(slot, R_VENDOR_ID), id[slot] ? 0x1af4 : UINT32_MAX);
    }
    assert_int_equal(mem_read(SLOTS_MMIO(SLOTS), 4), UINT32_MAX);
    assert_int_equal(mem_read(SLOTS_MMIO_START - 4, 4), UINT32_MAX);
}

static void there_is_no_pci(void **state)
{
    (void)state;
    out_wide(PCI_ADDRESS_PORT, 4, 0x80000800u);
    assert_int_equal(in_wide(PCI_ADDRESS_PORT, 4), UINT32_MAX);
    assert_int_equal(in_wide(PCI_DATA_PORT, 4), UINT32_MAX);
    assert_int_equal(in_wide(PCI_PORTS_START + VIRTIO_LEGACY_SIZE, 4), UINT32_MAX);
    out(0xcf9, 0); /* reset control is somebody else's */
    assert_int_equal(in(0xcf9), 0);
}

/* And on PCI there is no page of registers. */
static void nor_both(void **state)
{
    (void)state;
    board_world(RAM_BYTES, 0);
    assert_int_equal(config_read(RNG, 0, 4), 0x10051af4);
    assert_int_not_equal(rd(RNG, R_MAGIC), 0x74726976u);
}

/* 4.2.2.2: drivers use 32 bits, aligned. */
static void other_widths_do_nothing(void **state)
{
    (void)state;
    const uint32_t base = SLOTS_MMIO(RNG);
    for (unsigned reg = 0; reg < R_CONFIG; reg++) {
        assert_int_equal(mem_read(base + reg, 1), 0);
        assert_int_equal(mem_read(base + reg, 2), 0);
        if (reg % 4 && reg < R_CONFIG - 3)
            assert_int_equal(mem_read(base + reg, 4), 0);
    }
    mem_write(base + R_STATUS, 1, 3);
    mem_write(base + R_STATUS, 2, 3);
    mem_write(base + R_STATUS - 1, 4, 0x300);
    assert_int_equal(rd(RNG, R_STATUS), 0);
    assert_int_equal(mem_read(base + VIRTIO_MMIO_SIZE - 2, 4), UINT32_MAX); /* over its end */
}

/* What is not for reading reads 0; what is not for writing, or nothing, stays. */
static void directions(void **state)
{
    (void)state;
    static const uint16_t write_only[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x050, 0x064,
                                          0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac};
    static const uint16_t read_only[] = {0x000, 0x004, 0x008, 0x00c, 0x010, 0x034,
                                         0x060, 0x0b0, 0x0b4, 0x0b8, 0x0bc, 0x0fc};
    static const uint16_t nothing[] = {0x018, 0x01c, 0x028, 0x02c, 0x03c, 0x040, 0x048,
                                       0x04c, 0x054, 0x05c, 0x068, 0x06c, 0x074, 0x07c,
                                       0x088, 0x08c, 0x098, 0x09c, 0x0a8, 0x0c4, 0x0f8};
    place_queue(RNG, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(write_only); i++)
        assert_int_equal(rd(RNG, write_only[i]), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(read_only); i++) {
        uint32_t before = rd(RNG, read_only[i]);
        wr(RNG, read_only[i], ~before);
        assert_int_equal(rd(RNG, read_only[i]), before);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(nothing); i++) {
        wr(RNG, nothing[i], UINT32_MAX);
        assert_int_equal(rd(RNG, nothing[i]), 0);
    }
    assert_int_equal(rd(RNG, R_STATUS), 0);
    assert_int_equal(fake.log_len, 0);
}

static void the_features(void **state)
{
    (void)state;
    uint64_t all = offer_of(RNG);
    assert_int_equal(all >> 32, 1); /* VERSION_1, and not VIRTIO_F_RING_RESET (bit 40) */
    assert_true(all & 1u << 28 && all & 1u << 29);
    for (unsigned word = 2; word; word <<= 1) {
        wr(RNG, R_FEATURES_SEL, word);
        assert_int_equal(rd(RNG, R_FEATURES), 0);
    }
    assert_false(agree(RNG, 0));                /* 6.2: without VERSION_1 */
    assert_false(agree(RNG, all | 1ull << 40)); /* 2.2.2: what is not offered */
    assert_true(agree(RNG, all));
    wr(RNG, R_STATUS, 0);
    wr(RNG, R_STATUS, 3);
    wr(RNG, R_DRIVER_SEL, 2);
    wr(RNG, R_DRIVER, UINT32_MAX); /* a word that nobody has */
    wr(RNG, R_DRIVER_SEL, 1);
    wr(RNG, R_DRIVER, 1);
    wr(RNG, R_STATUS, 11);
    assert_int_equal(rd(RNG, R_STATUS), 11);
}

static void the_queues(void **state)
{
    (void)state;
    assert_true(agree(RNG, VERSION_1));
    assert_int_equal(rd(RNG, R_QUEUE_MAX), 64);
    static const uint32_t absent[] = {1, 3, 0x10000, UINT32_MAX};
    for (unsigned i = 0; i < ARRAY_SIZE(absent); i++) { /* 4.2.2: 0 means it is not there */
        wr(RNG, R_QUEUE_SEL, absent[i]);
        assert_int_equal(rd(RNG, R_QUEUE_MAX), 0);
        wr(RNG, R_QUEUE_NUM, 8);
        wr(RNG, R_DESC, 0x1000);
        wr(RNG, R_READY, 1);
        assert_int_equal(rd(RNG, R_READY), 0);
        wr(RNG, R_NOTIFY, absent[i]);
    }
    assert_int_equal(rd(RNG, R_STATUS), 11);
    place_queue(RNG, 0);
    wr(RNG, R_READY, 2); /* neither */
    assert_int_equal(rd(RNG, R_READY), 0);
    wr(RNG, R_READY, 1);
    assert_int_equal(rd(RNG, R_READY), 1);
    wr(RNG, R_DESC, 1); /* it stands: nothing of that counts */
    wr(RNG, R_QUEUE_NUM, 3);
    wr(RNG, R_READY, 1);
    wr(RNG, R_STATUS, 15);
    descriptor(DESC(0), 0, BUFFERS, 16, D_WRITE, 0);
    make_available(RNG, 0, 0);
    assert_int_equal(completed(0, 0), 16);
}

/* 4.2.3.2, 2.7: what a driver must not ask for stops the device, with a reason. */
static void queues_that_cannot_be(void **state)
{
    static const struct {
        uint16_t reg;
        uint32_t value;
        const char *why;
    } bad[] = {
        {R_QUEUE_NUM, 0, "no power of two"},           {R_QUEUE_NUM, 12, "no power of two"},
        {R_QUEUE_NUM, 128, "longer than was offered"}, {R_QUEUE_NUM, 0x10010, "no power of two"},
        {R_DESC, DESC(0) + 8, "not aligned"},          {R_AVAIL, AVAIL(0) + 1, "not aligned"},
        {R_USED, USED(0) + 2, "not aligned"},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        set_up(state);
        assert_true(agree(RNG, VERSION_1));
        place_queue(RNG, 0);
        wr(RNG, R_STATUS, 15);
        wr(RNG, bad[i].reg, bad[i].value);
        wr(RNG, R_READY, 1);
        assert_int_equal(rd(RNG, R_READY), 0);
        assert_broken(RNG, bad[i].why);
    }
    for (unsigned reg = R_DESC; reg <= R_USED; reg += 0x10) { /* above 4 GiB: not in RAM */
        set_up(state);
        assert_true(agree(RNG, VERSION_1));
        place_queue(RNG, 0);
        wr(RNG, reg + 4, 1);
        wr(RNG, R_READY, 1);
        wr(RNG, R_STATUS, 15);
        descriptor(DESC(0), 0, BUFFERS, 16, D_WRITE, 0);
        make_available(RNG, 0, 0);
        assert_broken(RNG, "not in RAM");
    }
}

/* 4.2.2.1: a bit stands from the event until it is acknowledged; others are 0. */
static void the_interrupt(void **state)
{
    (void)state;
    begin(RNG, 0, 1);
    out(0xa0, 0x11), out(0xa1, 0x70), out(0xa1, 2), out(0xa1, 1), out(0xa1, 0);
    out(0x20, 0x11), out(0x21, 0x20), out(0x21, 4), out(0x21, 1), out(0x21, 0);
    assert_int_equal(rd(RNG, R_INTERRUPT), 0);
    assert_false(board_pending(vm));
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    make_available(RNG, 0, 0);
    assert_int_equal(rd(RNG, R_INTERRUPT), 1);
    assert_int_equal(rd(RNG, R_INTERRUPT), 1); /* reading takes nothing */
    assert_true(board_pending(vm));
    wr(RNG, R_ACK, 2); /* another event's */
    assert_int_equal(rd(RNG, R_INTERRUPT), 1);
    assert_int_equal(board_ack(vm), 0x70 + IRQ - 8);
    out(0xa0, 0x20), out(0x20, 0x20);
    assert_true(board_pending(vm)); /* level-triggered */
    wr(RNG, R_QUEUE_SEL, 0);
    wr(RNG, R_READY, 0);
    wr(RNG, R_QUEUE_NUM, 3);
    wr(RNG, R_READY, 1); /* it stops */
    assert_int_equal(rd(RNG, R_INTERRUPT), 3);
    wr(RNG, R_ACK, 1);
    assert_int_equal(rd(RNG, R_INTERRUPT), 2);
    assert_true(board_pending(vm));
    wr(RNG, R_ACK, UINT32_MAX);
    assert_int_equal(rd(RNG, R_INTERRUPT), 0);
    assert_false(board_pending(vm));
}

static void a_shared_line(void **state)
{
    (void)state;
    begin(RNG, 0, 1);
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    out(0xa0, 0x11), out(0xa1, 0x70), out(0xa1, 2), out(0xa1, 1), out(0xa1, 0);
    out(0x20, 0x11), out(0x21, 0x20), out(0x21, 4), out(0x21, 1), out(0x21, 0);
    make_available(RNG, 0, 0);
    assert_true(agree(BALLOON, VERSION_1));
    place_queue(BALLOON, 1);
    wr(BALLOON, R_STATUS, 15);
    wr(BALLOON, R_QUEUE_NUM, 3);
    wr(BALLOON, R_READY, 1);
    assert_broken(BALLOON, "power of two");
    wr(RNG, R_ACK, 1);
    assert_true(board_pending(vm)); /* the balloon's */
    wr(BALLOON, R_ACK, 2);
    assert_false(board_pending(vm));
}

/* 4.2.2.1: no access to a queue that is not ready; it can be set up anew, and begins anew. */
static void a_queue_that_is_stopped(void **state)
{
    (void)state;
    begin(RNG, 0, 1);
    descriptor(DESC(0), 0, BUFFERS, 4, D_WRITE, 0);
    for (unsigned i = 0; i < 3; i++) {
        make_available(RNG, 0, 0);
        assert_int_equal(completed(0, 0), 4);
    }
    wr(RNG, R_READY, 0);
    assert_int_equal(rd(RNG, R_READY), 0);
    make_available(RNG, 0, 0);
    assert_true(nothing_came(0));
    make_queue(RNG, 0);
    descriptor(DESC(0), 0, BUFFERS, 4, D_WRITE, 0);
    make_available(RNG, 0, 0);
    assert_int_equal(completed(0, 0), 4);
    assert_int_equal(rd(RNG, R_STATUS), 15);
}

/* 2.1.2: nothing before DRIVER_OK; what was offered before is found then. */
static void waits_for_its_driver(void **state)
{
    (void)state;
    assert_true(agree(RNG, VERSION_1));
    make_queue(RNG, 0);
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    make_available(RNG, 0, 0);
    assert_true(nothing_came(0));
    wr(RNG, R_STATUS, 15);
    assert_int_equal(completed(0, 0), 1);
}

/* 4.2.2.1: a reset clears InterruptStatus and every QueueReady. */
static void a_reset(void **state)
{
    (void)state;
    begin(NET, 0, 2);
    begin(RNG, 0, 1);
    descriptor(DESC(0), 0, BUFFERS, 1, D_WRITE, 0);
    make_available(RNG, 0, 0);
    wr(RNG, R_STATUS, 0);
    assert_int_equal(rd(RNG, R_STATUS), 0);
    assert_int_equal(rd(RNG, R_INTERRUPT), 0);
    wr(RNG, R_QUEUE_SEL, 0);
    assert_int_equal(rd(RNG, R_READY), 0);
    wr(NET, R_STATUS, 0);
    for (unsigned n = 0; n < 2; n++) {
        wr(NET, R_QUEUE_SEL, n);
        assert_int_equal(rd(NET, R_READY), 0);
    }
    begin(RNG, 0, 1);
}

/* 4.2.2.1: a region that is not there is all ones long; and no queue is reset alone. */
static void what_no_device_has(void **state)
{
    (void)state;
    static const uint32_t ids[] = {0, 1, 255, UINT32_MAX};
    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
        wr(NET, R_SHM_SEL, ids[i]);
        for (unsigned at = R_SHM; at < R_SHM + 16; at += 4)
            assert_int_equal(rd(NET, at), UINT32_MAX);
    }
    begin(NET, 0, 2);
    wr(NET, R_RESET, 1);
    assert_int_equal(rd(NET, R_RESET), 0);
    assert_int_equal(rd(NET, R_READY), 1);
}

static void the_configuration(void **state)
{
    (void)state;
    const uint32_t at = SLOTS_MMIO(NET) + R_CONFIG;
    static const uint8_t mac[] = {0x52, 0x31, 0, 0, 0, 7};
    for (unsigned i = 0; i < sizeof mac; i++)
        assert_int_equal(mem_read(at + i, 1), mac[i]);
    assert_int_equal(mem_read(at, 2), 0x3152);
    assert_int_equal(mem_read(at + 4, 4), 0x00010700); /* and the link, which is up */
    mem_write(at, 4, UINT32_MAX);
    assert_int_equal(mem_read(at, 4), 0x00003152); /* read-only */
    assert_int_equal(mem_read(at + 8, 4), 0);      /* behind its end */
    assert_int_equal(mem_read(SLOTS_MMIO(NET) + VIRTIO_MMIO_SIZE - 4, 4), 0);
    assert_int_equal(mem_read(SLOTS_MMIO(DISK) + R_CONFIG, 4), 64);
    wr(BALLOON, R_CONFIG + 4, 17); /* the balloon's is written */
    assert_int_equal(rd(BALLOON, R_CONFIG + 4), 17);
    uint32_t before = rd(RNG, R_GENERATION);
    begin(RNG, 0, 1);
    wr(RNG, R_READY, 0);
    wr(RNG, R_QUEUE_NUM, 0);
    wr(RNG, R_READY, 1);
    assert_int_not_equal(rd(RNG, R_GENERATION), before);
}

/* Requests and frames, as behind PCI. */
static void the_devices_work(void **state)
{
    (void)state;
    uint8_t got[HOST_SECTOR];
    const uint32_t header[4] = {0, 0, 3, 0}; /* read sector 3 */
    memset(fake.disk + 3 * HOST_SECTOR, 0x5a, HOST_SECTOR);
    begin(DISK, 0, 1);
    put(BUFFERS, header, sizeof header);
    descriptor(DESC(0), 0, BUFFERS, sizeof header, D_NEXT, 1);
    descriptor(DESC(0), 1, BUFFERS + 0x1000, HOST_SECTOR, D_NEXT | D_WRITE, 2);
    descriptor(DESC(0), 2, BUFFERS + 0x2000, 1, D_WRITE, 0);
    make_available(DISK, 0, 0);
    assert_int_equal(completed(0, 0), HOST_SECTOR + 1);
    assert_true(guest_read(vm, gpa(BUFFERS + 0x1000), got, sizeof got));
    assert_memory_equal(got, fake.disk + 3 * HOST_SECTOR, sizeof got);
    begin(NET, 0, 2);
    descriptor(DESC(0), 0, BUFFERS, 2000, D_WRITE, 0);
    make_available(NET, 0, 0);
    fake.receive_len = 100;
    fake.to_receive = 1;
    board_advance(vm, now);
    assert_int_equal(completed(0, 0), 112);
    assert_int_equal(rd(NET, R_INTERRUPT), 1);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_there),
        TEST(there_is_no_pci),
        TEST(nor_both),
        TEST(other_widths_do_nothing),
        TEST(directions),
        TEST(the_features),
        TEST(the_queues),
        TEST(queues_that_cannot_be),
        TEST(the_interrupt),
        TEST(a_shared_line),
        TEST(a_queue_that_is_stopped),
        TEST(waits_for_its_driver),
        TEST(a_reset),
        TEST(what_no_device_has),
        TEST(the_configuration),
        TEST(the_devices_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
