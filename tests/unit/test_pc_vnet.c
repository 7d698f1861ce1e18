/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The driver of a PC's network card, and of virtqueues, against a device in a few lines that works
 * on the rings as the driver has laid them out; then one that lies. PCI and interrupt lines are the
 * test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/host_io.h"
#include "monitor/layout.h"
#include "monitor/pc/line.h"
#include "monitor/pc/pc.h"
#include "tests/unit/fake_host.h"

#define SLOT   5u
#define RX     0u
#define TX     1u
#define HEADER 12u

struct host_cpu pc_cpu;

/* The device: registers that the driver sets, and where its rings are. */
static struct {
    bool there, version_1;
    uint32_t size; /* of its queues */
    uint8_t status;
    bool line;
    unsigned half, queue;
    uint64_t rings[2][3]; /* descriptors, available, used */
    uint32_t entries[2];
    uint16_t taken[2]; /* of the available ring */
    unsigned kicks[2];
} dev;

enum place { COMMON = 1, NOTIFY, ISR, DEVICE };

uint32_t pc_pci_read(unsigned slot, unsigned reg, unsigned size)
{
    uint32_t id = dev.there && slot == SLOT ? 0x10411af4u : UINT32_MAX;
    assert_true(size == 2 && (reg == 0 || reg == 2));
    return id >> 8 * reg & 0xffff;
}

bool pc_virtio_find(unsigned slot, struct pc_virtio *d)
{
    *d = (struct pc_virtio){.slot = slot,
                            .common = {COMMON, 0},
                            .notify = {NOTIFY, 0x100},
                            .isr = {ISR, 0},
                            .device = {DEVICE, 0},
                            .notify_each = 4};
    return true;
}

uint32_t pc_virtio_read(const struct pc_virtio *d, struct pc_virtio_place p, uint32_t offset,
                        unsigned size)
{
    static const uint8_t mac[8] = {2, 4, 6, 8, 10, 12};
    uint32_t value = 0;
    assert_int_equal(d->slot, SLOT);
    if (p.bar == DEVICE) {
        memcpy(&value, mac + offset, size);
        return value;
    }
    assert_int_equal(p.bar, COMMON);
    switch (offset) {
    case 0x04:
        return dev.half ? dev.version_1 : 0xffffffffu;
    case 0x14:
        return dev.status;
    case 0x18:
        return dev.size;
    case 0x1e:
        return dev.queue;
    default:
        fail();
        return 0;
    }
}

static void set_ring(uint32_t offset, uint32_t value)
{
    uint64_t *ring = &dev.rings[dev.queue][(offset - 0x20) / 8];
    *ring =
        offset & 4 ? (*ring & UINT32_MAX) | (uint64_t)value << 32 : (*ring & ~0ull << 32) | value;
}

void pc_virtio_write(const struct pc_virtio *d, struct pc_virtio_place p, uint32_t offset,
                     unsigned size, uint32_t value)
{
    assert_true(d->slot == SLOT && (size == 1 || size == 2 || size == 4));
    if (p.bar == NOTIFY) {
        assert_true(value < 2 && p.offset == 0x100 + 4 * value && offset == 0);
        dev.kicks[value]++;
        return;
    }
    assert_int_equal(p.bar, COMMON);
    if (offset == 0x00)
        dev.half = value;
    else if (offset == 0x0c) /* only what was wanted is accepted: the address, and version 1 */
        assert_int_equal(value & ~(1u << 5), value & 1);
    else if (offset == 0x14)
        dev.status = (uint8_t)value;
    else if (offset == 0x16)
        dev.queue = value;
    else if (offset == 0x18)
        dev.entries[dev.queue] = value;
    else if (offset >= 0x20)
        set_ring(offset, value);
}

bool line_listen(const struct vq_device *d)
{
    assert_int_equal(d->pci.slot, SLOT);
    return dev.line;
}

/* ---- The device's half of the rings -------------------------------------------------- */

static uint8_t *at(uint64_t physical)
{
    return (uint8_t *)(physical + DIRECT_MAP);
}

static uint16_t *word(unsigned queue, unsigned ring, unsigned n)
{
    return (uint16_t *)(void *)at(dev.rings[queue][ring]) + n;
}

/* The head of the next chain that is the device's; -1: none. */
static int take(unsigned queue)
{
    if (dev.taken[queue] == *word(queue, 1, 1))
        return -1;
    return *word(queue, 1, 2 + dev.taken[queue]++ % dev.entries[queue]);
}

static void give(unsigned queue, uint32_t head, uint32_t len)
{
    uint16_t *index = word(queue, 2, 1);
    const uint32_t entry[2] = {head, len};
    memcpy(word(queue, 2, 2 + 4 * (*index % dev.entries[queue])), entry, sizeof entry);
    ++*index;
}

/* The one buffer of a chain, and its length. */
static uint8_t *buffer(unsigned queue, unsigned head, uint32_t *len, bool write)
{
    const uint8_t *d = at(dev.rings[queue][0]) + 16 * head;
    uint64_t address;
    memcpy(&address, d, 8);
    memcpy(len, d + 8, 4);
    assert_int_equal(d[12], write ? 2 : 0);
    return at(address);
}

/* A frame of LEN bytes C comes in. */
static int come(uint8_t c, uint32_t len)
{
    uint32_t room;
    int head = take(RX);
    assert_true(head >= 0);
    uint8_t *b = buffer(RX, (unsigned)head, &room, true);
    assert_int_equal(room, HEADER + HOST_FRAME);
    memset(b, 0, HEADER);
    memset(b + HEADER, c, len <= HOST_FRAME ? len : 0);
    give(RX, (uint32_t)head, HEADER + len);
    return head;
}

static int set_up(void **state)
{
    (void)state;
    memset(&dev, 0, sizeof dev);
    dev.there = dev.version_1 = true;
    dev.size = 256;
    dev.line = true;
    pc_cpu.pool = fake_host_reset(512);
    return 0;
}

static int started(void **state)
{
    uint8_t mac[6];
    set_up(state);
    assert_true(pc_net_init());
    assert_true(host_net(mac));
    assert_memory_equal(mac, "\2\4\6\10\12\14", 6);
    return 0;
}

/* ---- What it must do ------------------------------------------------------------------- */

static void no_card(void **state)
{
    (void)state;
    dev.there = false;
    assert_false(pc_net_init());
    dev.there = true;
    dev.version_1 = false;
    assert_false(pc_net_init());
    dev.version_1 = true;
    dev.size = 1; /* no queue of the length that is needed, or none at all */
    assert_false(pc_net_init());
    dev.size = 0;
    assert_false(pc_net_init());
}

static void it_starts(void **state)
{
    (void)state;
    assert_int_equal(dev.status, 15);
    assert_true(dev.entries[RX] == 256 && dev.entries[TX] == 256);
    assert_int_equal(*word(RX, 1, 0), 0); /* interrupts for frames that come ... */
    assert_int_equal(*word(TX, 1, 0), 1); /* ... and none for those that went */
    assert_int_equal(dev.kicks[RX], 1);
    unsigned n = 0;
    while (take(RX) >= 0)
        n++;
    assert_int_equal(n, 64);
}

static void short_queues(void **state)
{
    (void)state;
    uint8_t frame[100] = {0};
    dev.size = 8;
    assert_true(pc_net_init());
    for (unsigned i = 0; i < 20; i++)
        host_net_send(frame, sizeof frame);
    unsigned n = 0;
    while (take(TX) >= 0)
        n++;
    assert_int_equal(n, 8);
}

static void frames_out(void **state)
{
    (void)state;
    uint8_t frame[HOST_FRAME + 1];
    uint32_t len;
    for (unsigned i = 0; i < 1000; i++) { /* several ways round the ring */
        memset(frame, (int)i, sizeof frame);
        host_net_send(frame, 60 + i);
        int head = take(TX);
        assert_true(head >= 0);
        uint8_t *b = buffer(TX, (unsigned)head, &len, false);
        assert_int_equal(len, HEADER + 60 + i);
        for (unsigned k = 0; k < HEADER; k++)
            assert_int_equal(b[k], 0);
        assert_memory_equal(b + HEADER, frame, 60 + i);
        give(TX, (uint32_t)head, 0);
    }
    assert_int_equal(dev.kicks[TX], 1000);
    host_net_send(frame, HOST_FRAME + 1); /* too long for a wire */
    assert_int_equal(take(TX), -1);
}

/* A device that takes nothing: what finds no buffer is lost, and nothing waits. */
static void no_room(void **state)
{
    (void)state;
    uint8_t frame[60] = {1};
    for (unsigned i = 0; i < 100; i++)
        host_net_send(frame, sizeof frame);
    int heads[100], n = 0;
    while ((heads[n] = take(TX)) >= 0)
        n++;
    assert_int_equal(n, 64);
    give(TX, (uint32_t)heads[7], 0);
    host_net_send(frame, sizeof frame);
    host_net_send(frame, sizeof frame);
    assert_int_equal(take(TX), heads[7]);
    assert_int_equal(take(TX), -1);
}

static void no_bell_for_who_looks(void **state)
{
    (void)state;
    uint8_t frame[60] = {1};
    *word(TX, 2, 0) = 1; /* no notification is wanted */
    host_net_send(frame, sizeof frame);
    assert_int_equal(dev.kicks[TX], 0);
    assert_true(take(TX) >= 0);
}

static void frames_in(void **state)
{
    (void)state;
    uint8_t got[HOST_FRAME], want[HOST_FRAME];
    assert_int_equal(host_net_receive(got, sizeof got), 0);
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t len = 14 + i;
        come((uint8_t)i, len);
        memset(want, (int)i, sizeof want);
        assert_int_equal(host_net_receive(got, sizeof got), len);
        assert_memory_equal(got, want, len);
    }
    come(9, 1000);
    memset(got, 0, sizeof got);
    assert_int_equal(host_net_receive(got, 20), 20); /* cut */
    assert_true(got[19] == 9 && got[20] == 0);
}

/* It does not interrupt from the first frame on until all have been taken, and then does again. */
static void the_interrupt(void **state)
{
    (void)state;
    uint8_t got[HOST_FRAME];
    const uint16_t *flags = word(RX, 1, 0);
    come(1, 60);
    come(2, 60);
    assert_int_equal(*flags, 0);
    assert_int_equal(host_net_receive(got, sizeof got), 60);
    assert_int_equal(*flags, 1);
    assert_int_equal(host_net_receive(got, sizeof got), 60);
    assert_int_equal(*flags, 1);
    assert_int_equal(host_net_receive(got, sizeof got), 0);
    assert_int_equal(*flags, 0);
}

static void without_a_line(void **state)
{
    (void)state;
    uint8_t got[HOST_FRAME];
    dev.line = false;
    assert_true(pc_net_init());
    assert_non_null(strstr(fake.log, "has no interrupt line"));
    come(1, 60);
    assert_int_equal(host_net_receive(got, sizeof got), 60);
    assert_int_equal(host_net_receive(got, sizeof got), 0);
}

/* ---- What a device must not do ---------------------------------------------------------- */

static void assert_off(const char *why)
{
    uint8_t mac[6], frame[HOST_FRAME] = {0};
    assert_non_null(strstr(fake.log, "the machine's network device in slot 5 is switched off"));
    assert_non_null(strstr(fake.log, why));
    assert_int_equal(dev.status, 0);
    assert_false(host_net(mac));
    unsigned kicks = dev.kicks[TX];
    size_t log = fake.log_len;
    host_net_send(frame, 60);
    assert_int_equal(host_net_receive(frame, sizeof frame), 0);
    assert_int_equal(dev.kicks[TX], kicks);
    assert_int_equal(fake.log_len, log); /* one line */
}

static void lies_about_lengths(void **state)
{
    (void)state;
    uint8_t got[HOST_FRAME];
    for (uint32_t len = 0; len < 14; len++) /* no frame: skipped */
        come(1, len);
    come(7, 14);
    assert_int_equal(host_net_receive(got, sizeof got), 14);
    give(RX, (uint32_t)take(RX), 5); /* not even a header */
    assert_int_equal(host_net_receive(got, sizeof got), 0);
    come(1, HOST_FRAME);
    assert_int_equal(host_net_receive(got, sizeof got), HOST_FRAME);
    come(1, HOST_FRAME + 1);
    assert_int_equal(host_net_receive(got, sizeof got), 0);
    assert_off("longer than its buffer");
}

static void gives_back_what_it_has_not(void **state)
{
    uint8_t frame[HOST_FRAME] = {0};
    static const uint32_t ids[] = {64, 127, 128, 0x10000, 0xffffffff};
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        started(state);
        give(RX, ids[i], 100);
        assert_int_equal(host_net_receive(frame, sizeof frame), 0);
        assert_off("a receive buffer that it did not have");
        started(state);
        give(TX, ids[i], 0);
        host_net_send(frame, 60);
        assert_off("a transmit buffer that it did not have");
    }
    started(state);
    host_net_send(frame, 60);
    int head = take(TX);
    give(TX, (uint32_t)head, 0);
    give(TX, (uint32_t)head, 0); /* twice */
    host_net_send(frame, 60);
    assert_off("a transmit buffer that it did not have");
}

static void runs_away(void **state)
{
    uint8_t got[HOST_FRAME];
    *word(RX, 2, 1) = 257; /* more than there are */
    assert_int_equal(host_net_receive(got, sizeof got), 0);
    assert_off("a receive buffer that it did not have");
    started(state);
    *word(RX, 2, 1) = 0xffff;
    assert_int_equal(host_net_receive(got, sizeof got), 0);
    assert_off("a receive buffer that it did not have");
}

/* One that fills every buffer with nonsense as soon as it has it keeps nobody. */
static void nothing_but_nonsense(void **state)
{
    (void)state;
    uint8_t got[HOST_FRAME];
    for (int head; (head = take(RX)) >= 0;)
        give(RX, (uint32_t)head, 3);
    assert_int_equal(host_net_receive(got, sizeof got), 0);
}

#define TEST(f)    cmocka_unit_test_setup(f, set_up)
#define STARTED(f) cmocka_unit_test_setup(f, started)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_card),
        STARTED(it_starts),
        TEST(short_queues),
        STARTED(frames_out),
        STARTED(no_room),
        STARTED(no_bell_for_who_looks),
        STARTED(frames_in),
        STARTED(the_interrupt),
        TEST(without_a_line),
        STARTED(lies_about_lengths),
        STARTED(gives_back_what_it_has_not),
        STARTED(runs_away),
        STARTED(nothing_but_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
