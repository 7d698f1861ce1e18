/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The block device (virtio 1.2, section 5.2): requests of each kind, right and wrong, where the
 * data goes, when the host's disk is flushed, and what the guest hears if the host fails.
 */
#include "tests/unit/virtio_world.h"

#define DISK      8u
#define SECTORS   64u
#define RO        (1ull << 5)
#define FLUSH     (1ull << 9)
#define HEADER    (BUFFERS + 0x20000u)
#define STATUS_AT (BUFFERS + 0x21000u)
#define UNWRITTEN 0xee

enum { IN, OUT, FLUSHES = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK, IOERR, UNSUPPORTED };

static int with_disk(bool read_only, uint64_t features)
{
    vm = fake_vm(RAM_BYTES);
    now = 0;
    fake.disk_sectors = SECTORS;
    fake.disk_read_only = read_only;
    for (unsigned i = 0; i < SECTORS * 512; i++)
        fake.disk[i] = (uint8_t)(i / 512 + i);
    assert_true(board_create(vm));
    start_device(DISK, features);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    return with_disk(false, FLUSH);
}

/* One request of header, DATA (a chain of buffers from descriptor 1 on, which ends with the one
 * that leads to 15) and a status byte. */
static uint8_t request(uint32_t type, uint64_t sector, bool data)
{
    const uint8_t unwritten = UNWRITTEN;
    const struct {
        uint32_t type, reserved;
        uint64_t sector;
    } h = {type, 0, sector};
    put(HEADER, &h, sizeof h);
    put(STATUS_AT, &unwritten, 1);
    descriptor(DESC(0), 0, HEADER, 16, D_NEXT, data ? 1 : 15);
    descriptor(DESC(0), 15, STATUS_AT, 1, D_WRITE, 0);
    fake.disk_calls = 0;
    offer(0, 0);
    fake.disk_call[fake.disk_calls] = 0;
    return (uint8_t)get(STATUS_AT, 1);
}

static void data(unsigned i, uint32_t at, uint32_t len, bool write, unsigned next)
{
    descriptor(DESC(0), i, at, len, (uint16_t)(D_NEXT | (write ? D_WRITE : 0)), (uint16_t)next);
}

static const uint8_t *ram(uint32_t at)
{
    static uint8_t copy[0x10000];
    assert_true(guest_read(vm, gpa(at), copy, sizeof copy));
    return copy;
}

static uint64_t config(unsigned offset, unsigned size)
{
    uint64_t low = mem_read(dev.device + offset, size > 4 ? 4 : size);
    return size > 4 ? low | (uint64_t)mem_read(dev.device + offset + 4, 4) << 32 : low;
}

static void the_configuration(void **state)
{
    (void)state;
    assert_int_equal(config(0, 8), SECTORS);
    assert_int_equal(config(12, 4), 126);
    assert_int_equal(config(20, 4), 512);
    assert_int_equal(config(34, 2), 1);
    assert_int_equal(config(40, 4), 16);
    assert_int_equal(config(56, 1), 1);
    mem_write(dev.device, 4, 0);
    assert_int_equal(config(0, 8), SECTORS);
    for (unsigned at = 60; at < 256; at += 4)
        assert_int_equal(config(at, 4), 0);
    assert_int_equal(offered() & 0xffff, 0x6244);
    for (unsigned i = 0; i < 8; i++) /* the legacy ports have it, too */
        assert_int_equal(in(dev.ports + 20 + i), i ? 0 : SECTORS);
}

static void reads(void **state)
{
    (void)state;
    data(1, BUFFERS, 1024, true, 15);
    assert_int_equal(request(IN, 3, true), OK);
    assert_int_equal(completed(0, 0), 1025);
    assert_memory_equal(ram(BUFFERS), fake.disk + 3 * 512, 1024);
    assert_int_equal(get(BUFFERS + 1024, 1), 0);
    assert_int_equal(mem_read(dev.isr, 1), 1);
}

/* Buffers that cut sectors anywhere (5.2.6: any layout). */
static void in_any_pieces(void **state)
{
    (void)state;
    for (unsigned write = 0; write < 2; write++) {
        data(1, BUFFERS + 0x0ff1, 1, !write, 2);
        data(2, BUFFERS + 0x1fff, 700, !write, 3);
        data(3, BUFFERS + 0x3000, 323, !write, 4);
        data(4, BUFFERS + 0x4000, 2048, !write, 15);
        if (write)
            memset(fake.disk, 0, sizeof fake.disk);
        assert_int_equal(request(write ? OUT : IN, 5, true), OK);
        assert_int_equal(completed(0, 0), write ? 1 : 3073);
        const uint8_t *is = ram(BUFFERS);
        uint8_t all[3072];
        all[0] = is[0x0ff1];
        memcpy(all + 1, is + 0x1fff, 700);
        memcpy(all + 701, is + 0x3000, 323);
        memcpy(all + 1024, is + 0x4000, 2048);
        assert_memory_equal(all, fake.disk + 5 * 512, sizeof all);
        assert_int_not_equal(all[100], 0);
    }
}

/* Data that is written over the very descriptors and rings of the request. */
static void over_its_own_queue(void **state)
{
    (void)state;
    memset(fake.disk, 0xff, 512);
    data(1, DESC(0), 512, true, 15);
    assert_int_equal(request(IN, 0, true), OK);
    assert_int_equal(completed(0, 0), 513);
    offer(0, 0);
    assert_stopped("virtio-blk stopped");
}

static void flushes(void **state)
{
    (void)state;
    data(1, BUFFERS, 512, false, 15);
    assert_int_equal(request(OUT, 0, true), OK);
    assert_string_equal(fake.disk_call, "w"); /* write-back */
    assert_int_equal(request(FLUSHES, 0, false), OK);
    assert_string_equal(fake.disk_call, "f");
    with_disk(false, 0);
    data(1, BUFFERS, 512, false, 15);
    assert_int_equal(request(OUT, 0, true), OK);
    assert_string_equal(fake.disk_call, "wf"); /* write-through: 5.2.5.2 */
}

static void ends_of_the_disk(void **state)
{
    (void)state;
    static const uint64_t bad[] = {SECTORS - 1, SECTORS, SECTORS + 1, 1ull << 55, UINT64_MAX};
    for (unsigned type = IN; type <= OUT; type++) {
        data(1, BUFFERS, 1024, type == IN, 15);
        for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
            assert_int_equal(request(type, bad[i], true), IOERR);
            assert_string_equal(fake.disk_call, "");
            completed(0, 0);
        }
        assert_int_equal(request(type, SECTORS - 2, true), OK);
        completed(0, 0);
        data(1, BUFFERS, 513, type == IN, 15); /* no whole sectors */
        assert_int_equal(request(type, 0, true), IOERR);
        completed(0, 0);
        assert_int_equal(request(type, 0, false), OK); /* none at all */
        completed(0, 0);
    }
}

static void the_identity(void **state)
{
    (void)state;
    data(1, BUFFERS, 20, true, 15);
    assert_int_equal(request(GET_ID, 0, true), OK);
    assert_int_equal(completed(0, 0), 21);
    assert_memory_equal(ram(BUFFERS), "ring1-disk-0\0\0\0\0\0\0\0\0", 20);
}

static void unknown_requests(void **state)
{
    (void)state;
    static const uint32_t types[] = {2, 3, 5, 10, 12, 14, 0x80000000u, 0xffffffffu};
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        assert_int_equal(request(types[i], 0, false), UNSUPPORTED);
        assert_int_equal(completed(0, 0), 1);
    }
}

static uint8_t ranges(uint32_t type, unsigned n, uint64_t sector, uint32_t count, uint32_t flags)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t at = i + 1 == n ? sector : 0;
        uint32_t words[2] = {i + 1 == n ? count : 1, i + 1 == n ? flags : 0};
        put(BUFFERS + 16 * i, &at, 8);
        put(BUFFERS + 16 * i + 8, words, 8);
    }
    data(1, BUFFERS, 16 * n, false, 15);
    uint8_t status = request(type, 0, true);
    completed(0, 0);
    return status;
}

static void discards_and_zeroes(void **state)
{
    (void)state;
    assert_int_equal(ranges(DISCARD, 1, 2, 3, 0), OK);
    assert_string_equal(fake.disk_call, "d");
    assert_int_equal(ranges(WRITE_ZEROES, 2, 60, 4, 0), OK);
    assert_string_equal(fake.disk_call, "zz");
    assert_int_equal(fake.disk[60 * 512 + 100] | fake.disk[SECTORS * 512 - 1], 0);
    assert_int_not_equal(fake.disk[59 * 512 + 100], 0);
    assert_int_equal(ranges(WRITE_ZEROES, 1, 1, 1, 1), OK);
    assert_string_equal(fake.disk_call, "u");
    assert_int_equal(ranges(DISCARD, 16, 0, 1, 0), OK);
    assert_int_equal(ranges(DISCARD, 17, 0, 1, 0), IOERR);
    assert_int_equal(ranges(DISCARD, 1, 0, 1, 1), UNSUPPORTED); /* 5.2.6.2: unmap is zero here */
    assert_int_equal(ranges(WRITE_ZEROES, 1, 0, 1, 2), UNSUPPORTED);
    /* One bad range, and nothing is done of the others. */
    assert_int_equal(ranges(WRITE_ZEROES, 3, SECTORS - 1, 2, 0), IOERR);
    assert_string_equal(fake.disk_call, "");
    assert_int_equal(ranges(WRITE_ZEROES, 1, UINT64_MAX, 1, 0), IOERR);
    data(1, BUFFERS, 15, false, 15);
    assert_int_equal(request(DISCARD, 0, true), IOERR);
    completed(0, 0);
    assert_int_equal(request(DISCARD, 0, false), IOERR);
    completed(0, 0);
    assert_false(needs_reset());
}

static void read_only_disks(void **state)
{
    (void)state;
    with_disk(true, FLUSH | RO);
    assert_int_equal(offered() & 0xffff, 0x0264);
    data(1, BUFFERS, 512, false, 15);
    assert_int_equal(request(OUT, 0, true), IOERR);
    completed(0, 0);
    assert_int_equal(ranges(DISCARD, 1, 0, 1, 0), IOERR);
    assert_int_equal(ranges(WRITE_ZEROES, 1, 0, 1, 0), IOERR);
    assert_string_equal(fake.disk_call, "");
    data(1, BUFFERS, 512, true, 15);
    assert_int_equal(request(IN, 0, true), OK);
}

static void failures_of_the_host(void **state)
{
    (void)state;
    fake.disk_fails = true;
    data(1, BUFFERS, 512, true, 15);
    assert_int_equal(request(IN, 0, true), IOERR);
    completed(0, 0);
    data(1, BUFFERS, 512, false, 15);
    assert_int_equal(request(OUT, 0, true), IOERR);
    completed(0, 0);
    assert_int_equal(request(FLUSHES, 0, false), IOERR);
    completed(0, 0);
    assert_int_equal(ranges(WRITE_ZEROES, 1, 0, 1, 0), IOERR);
    fake.disk_fails = false;
    data(1, BUFFERS, 512, true, 15);
    assert_int_equal(request(IN, 0, true), OK); /* and it goes on */
    assert_false(needs_reset());
}

/* ---- Reads that last ------------------------------------------------------------------- */

#define HEADER_OF(k) (HEADER + 0x40u * (k))
#define STATUS_OF(k) (STATUS_AT + (k))

/* Request K, which has the descriptors 4k to 4k+3: two buffers of one sector each at BUFFERS + 8k
 * KiB, from SECTOR on. */
static void ask(unsigned k, uint64_t sector)
{
    const uint8_t unwritten = UNWRITTEN;
    const struct {
        uint32_t type, reserved;
        uint64_t sector;
    } h = {IN, 0, sector};
    const uint32_t at = BUFFERS + 0x2000 * k;
    put(HEADER_OF(k), &h, sizeof h);
    put(STATUS_OF(k), &unwritten, 1);
    descriptor(DESC(0), 4 * k, HEADER_OF(k), 16, D_NEXT, (uint16_t)(4 * k + 1));
    data(4 * k + 1, at, 512, true, 4 * k + 2);
    data(4 * k + 2, at + 0x1000, 512, true, 4 * k + 3);
    descriptor(DESC(0), 4 * k + 3, STATUS_OF(k), 1, D_WRITE, 0);
    offer(0, 4 * k);
}

static void assert_read(unsigned k, uint64_t sector)
{
    assert_int_equal(completed(0, 4 * k), 1025);
    assert_int_equal(get(STATUS_OF(k), 1), OK);
    assert_memory_equal(ram(BUFFERS + 0x2000 * k), fake.disk + sector * 512, 512);
    assert_memory_equal(ram(BUFFERS + 0x2000 * k + 0x1000), fake.disk + (sector + 1) * 512, 512);
}

static void let_end(unsigned n)
{
    fake.disk_ready = n;
    board_advance(vm, now);
}

static void a_read_that_lasts(void **state)
{
    (void)state;
    fake.disk_lasts = true;
    ask(0, 5);
    board_advance(vm, now);
    assert_true(nothing_came(0));
    assert_int_equal(get(STATUS_OF(0), 1), UNWRITTEN);
    assert_int_equal(mem_read(dev.isr, 1), 0);
    let_end(1);
    assert_read(0, 5);
    assert_int_equal(mem_read(dev.isr, 1), 1);
}

/* As many as the host takes; the next one is done at once, and comes back first. */
static void several_at_once(void **state)
{
    (void)state;
    fake.disk_lasts = true;
    ask(0, 10);
    ask(1, 20);
    assert_true(nothing_came(0));
    ask(2, 30);
    assert_read(2, 30);
    let_end(1);
    assert_read(0, 10);
    assert_true(nothing_came(0));
    ask(0, 40); /* in the place of the first */
    assert_true(nothing_came(0));
    let_end(1);
    assert_read(0, 40);
    let_end(1);
    assert_read(1, 20);
}

/* What waits for the host does not hold up what does not. */
static void writes_and_flushes_meanwhile(void **state)
{
    (void)state;
    fake.disk_lasts = true;
    ask(3, 10);
    descriptor(DESC(0), 0, HEADER, 16, D_NEXT, 1);
    const uint32_t flush[4] = {FLUSHES};
    put(HEADER, flush, sizeof flush);
    descriptor(DESC(0), 1, STATUS_AT, 1, D_WRITE, 0);
    offer(0, 0);
    completed(0, 0);
    assert_int_equal(get(STATUS_AT, 1), OK);
    let_end(1);
    assert_read(3, 10);
}

static void one_that_fails(void **state)
{
    (void)state;
    fake.disk_lasts = true;
    ask(0, 10);
    fake.disk_fails = true;
    let_end(1);
    assert_int_equal(completed(0, 0), 0);
    assert_int_equal(get(STATUS_OF(0), 1), IOERR);
    assert_int_equal(mem_read(dev.isr, 1), 1);
    fake.disk_fails = false;
    ask(1, 10);
    let_end(1);
    assert_read(1, 10);
}

/* What is beyond the disk, or not in whole sectors, the host never hears of as one that lasts. */
static void not_every_read(void **state)
{
    (void)state;
    fake.disk_lasts = true;
    ask(0, SECTORS - 1);
    assert_int_equal(completed(0, 0), 0);
    assert_int_equal(get(STATUS_OF(0), 1), IOERR);
    data(1, BUFFERS + 0xff1, 1, true, 2);
    data(2, BUFFERS + 0x1000, 511, true, 15);
    assert_int_equal(request(IN, 3, true), OK);
    assert_int_equal(completed(0, 0), 513);
    data(1, BUFFERS, 100, true, 15);
    assert_int_equal(request(IN, 3, true), IOERR);
    completed(0, 0);
    for (unsigned i = 0; i < HOST_READS; i++)
        assert_int_equal(fake.disk_read[i].spans, 0);
}

/* A reset waits: the memory is the driver's afterwards. */
static void a_reset_meanwhile(void **state)
{
    (void)state;
    fake.disk_lasts = true;
    ask(0, 10);
    ask(1, 20);
    set_common(STATUS, 1, 0);
    for (unsigned i = 0; i < HOST_READS; i++)
        assert_int_equal(fake.disk_read[i].spans, 0);
    start_device(DISK, FLUSH);
    assert_true(nothing_came(0));
    ask(0, 30);
    let_end(1);
    assert_read(0, 30);
}

/* So do a device that has been stopped, when it is reset, and the end of the VM. */
static void other_ends(void **state)
{
    (void)state;
    fake.disk_lasts = true;
    ask(0, 10);
    descriptor(DESC(0), 8, HEADER, 15, 0, 0);
    offer(0, 8);
    assert_stopped("a request without a header");
    let_end(1);
    assert_true(nothing_came(0));
    start_device(DISK, FLUSH);
    ask(0, 20);
    board_end(vm);
    for (unsigned i = 0; i < HOST_READS; i++)
        assert_int_equal(fake.disk_read[i].spans, 0);
}

/* 5.2.6.1: no header, no status. The device cannot answer, and stops. */
static void broken_requests(void **state)
{
    (void)state;
    descriptor(DESC(0), 0, HEADER, 15, D_NEXT, 1);
    descriptor(DESC(0), 1, STATUS_AT, 1, D_WRITE, 0);
    offer(0, 0);
    assert_stopped("a request without a header");
    start_device(DISK, FLUSH);
    descriptor(DESC(0), 0, HEADER, 16, 0, 0);
    offer(0, 0);
    assert_stopped("a request without a byte for its status");
}

static void no_disk(void **state)
{
    (void)state;
    for (unsigned slot = DISK + 1; slot < SLOTS; slot++)
        assert_int_equal(config_read(slot, 0, 4), 0xffffffffu);
    assert_int_equal(config_read(DISK, 0, 4), 0x10011af4);
    assert_int_equal(config_read(DISK, 0x2c, 4), 0x00021af4);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        TEST(the_configuration), TEST(reads), TEST(in_any_pieces), TEST(over_its_own_queue),
        TEST(flushes), TEST(ends_of_the_disk), TEST(the_identity), TEST(unknown_requests),
        TEST(discards_and_zeroes), TEST(read_only_disks), TEST(failures_of_the_host),
        TEST(broken_requests), TEST(no_disk), TEST(a_read_that_lasts), TEST(several_at_once),
        TEST(writes_and_flushes_meanwhile), TEST(one_that_fails), TEST(not_every_read),
        TEST(a_reset_meanwhile), TEST(other_ends),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
