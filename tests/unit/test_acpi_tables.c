/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ACPI tables as a guest finds them: by the RSDP's mark, each by the pointer before it,
 * lengths and checksums; the FADT's ports are the board's; the DSDT's packages nest exactly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "devices/acpi_pm.h"
#include "devices/acpi_tables.h"
#include "devices/slots.h"
#include "monitor/guestmem.h"
#include "tests/unit/fake_host.h"

static const struct slots on_pci;
static struct vm *vm;
static uint8_t area[0x20000]; /* E0000 to FFFFF */

static int set_up(void **state)
{
    (void)state;
    vm = fake_vm(2u << 20);
    assert_true(acpi_tables_write(vm, &on_pci));
    assert_true(guest_read(vm, gpa(0xe0000), area, sizeof area));
    return 0;
}

static uint32_t get(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static uint8_t sum(const uint8_t *at, size_t len)
{
    uint8_t s = 0;
    while (len--)
        s = (uint8_t)(s + *at++);
    return s;
}

/* What stands at the guest address AT, LEN bytes of it inside the area. */
static const uint8_t *at(uint32_t address, size_t len)
{
    assert_true(address >= ACPI_TABLES_START && address + len <= ACPI_TABLES_END);
    return area + (address - 0xe0000);
}

/* The one mark at a multiple of 16 (ACPI 2.0c, 5.2.4.1). */
static const uint8_t *rsdp(void)
{
    const uint8_t *found = NULL;
    for (size_t i = 0; i < sizeof area; i += 16) {
        if (memcmp(area + i, "RSD PTR ", 8) == 0) {
            assert_null(found);
            found = area + i;
        }
    }
    assert_non_null(found);
    return found;
}

static const uint8_t *table(uint32_t address, const char *signature)
{
    const uint8_t *t = at(address, 36);
    assert_memory_equal(t, signature, 4);
    assert_int_equal(sum(at(address, get(t + 4, 4)), get(t + 4, 4)), 0);
    assert_memory_equal(t + 10, "RING1 BOARD   ", 14);
    return t;
}

static const uint8_t *fadt(void)
{
    const uint8_t *rsdt = table(get(rsdp() + 16, 4), "RSDT");
    assert_int_equal(get(rsdt + 4, 4), 40); /* one entry */
    return table(get(rsdt + 36, 4), "FACP");
}

static void the_pointer(void **state)
{
    (void)state;
    assert_int_equal(sum(rsdp(), 20), 0);
    assert_int_equal(rsdp()[15], 0); /* ACPI 1.0: the RSDT counts */
}

static void the_board_in_the_fadt(void **state)
{
    (void)state;
    const uint8_t *f = fadt();
    assert_int_equal(get(f + 4, 4), 244);
    assert_int_equal(get(f + 46, 2), ACPI_SCI_IRQ);
    assert_int_equal(get(f + 48, 4), 0); /* no SMI command: no legacy mode */
    assert_int_equal(get(f + 56, 4), ACPI_PM1_EVENT);
    assert_int_equal(get(f + 64, 4), ACPI_PM1_CONTROL);
    assert_int_equal(get(f + 76, 4), ACPI_PM_TIMER);
    assert_int_equal(get(f + 88, 4), 0x04000204); /* lengths: event 4, control 2, PM2 0, timer 4 */
    assert_int_equal(get(f + 92, 2), 0);          /* no general-purpose events */
    assert_true(get(f + 96, 2) > 100 && get(f + 98, 2) > 1000); /* no C2, no C3 */
    assert_int_equal(get(f + 109, 2) & 3, 3);
    uint32_t flags = get(f + 112, 4);
    assert_int_equal(flags & 0x575, 0x575);
    assert_int_equal(flags & ~0x575u, 0);
    assert_int_equal(get(f + 116, 4), 0x00000801); /* an I/O port of 8 bits */
    assert_int_equal(get(f + 120, 4), 0xcf9);
    assert_int_equal(f[128], 0x06);
}

static void the_facs(void **state)
{
    (void)state;
    uint32_t where = get(fadt() + 36, 4);
    const uint8_t *facs = at(where, 64);
    assert_int_equal(where % 64, 0);
    assert_memory_equal(facs, "FACS", 4);
    assert_int_equal(get(facs + 4, 4), 64);
}

/* The bytes a package length at P counts, itself included (ACPI 2.0c, 17.2.4). */
static uint32_t package(const uint8_t *p)
{
    unsigned more = *p >> 6;
    uint32_t len = more ? *p & 15 : *p & 63;
    for (unsigned i = 0; i < more; i++)
        len |= (uint32_t)p[1 + i] << (4 + 8 * i);
    return len;
}

/* How many devices the scope at AT has, and its end. */
static unsigned scope(const uint8_t *at, const uint8_t **end)
{
    unsigned devices = 0;
    assert_int_equal(*at, 0x10);
    *end = at + 1 + package(at + 1);
    for (at += 8; at < *end; devices++) {
        assert_int_equal(at[0] << 8 | at[1], 0x5b82);
        at += 2 + package(at + 2);
        assert_true(at <= *end);
    }
    return devices;
}

static const uint8_t *after_s5(const uint8_t **end)
{
    static const uint8_t s5[] = {0x08, '_', 'S', '5', '_', 0x12, 7, 4, 0x0a, ACPI_S5_TYPE};
    const uint8_t *d = table(get(fadt() + 40, 4), "DSDT"), *at = d + 36;
    *end = d + get(d + 4, 4);
    assert_memory_equal(at, s5, sizeof s5);
    return at + 6 + package(at + 6);
}

static void the_byte_code(void **state)
{
    (void)state;
    const uint8_t *end, *legacy_end, *pci_end, *at = after_s5(&end);
    assert_int_equal(scope(at, &legacy_end), 4);
    for (at += 8; at < legacy_end;) {
        at += 2 + package(at + 2);
        assert_memory_equal(at - 2, "\x79\0", 2); /* its resources' end tag */
    }
    assert_int_equal(scope(legacy_end, &pci_end), 1);
    assert_ptr_equal(pci_end, end); /* the last scope goes to the table's end */
}

/* The first NAME in the table, behind which its object is. */
static const uint8_t *name(const char *wanted)
{
    const uint8_t *end, *at = after_s5(&end);
    for (const uint8_t *p = at; p + 5 < end; p++) {
        if (*p == 0x08 && memcmp(p + 1, wanted, 4) == 0)
            at = p + 5; /* the last one: PCI0 is */
    }
    return at;
}

/* What a guest is told of a slot's line is what the board drives. */
static void the_interrupt_routing(void **state)
{
    (void)state;
    const uint8_t *prt = name("_PRT"), *end = prt + 1 + package(prt + 1);
    assert_int_equal(prt[0], 0x12);
    assert_int_equal(prt[3], SLOTS - 1);
    const uint8_t *row = prt + 4;
    for (unsigned n = 1; n < SLOTS; n++, row += 12) {
        const uint8_t want[] = {0x12,       11, 4, 0x0c, 0xff, 0xff,
                                (uint8_t)n, 0,  0, 0,    0x0a, SLOTS_IRQ(n)};
        assert_memory_equal(row, want, sizeof want);
    }
    assert_ptr_equal(row, end);
}

/* The bridge's windows hold what the board puts there, and no RAM. */
static void the_bridge_windows(void **state)
{
    (void)state;
    const uint8_t *crs = name("_CRS"), *at = crs + 5;
    assert_int_equal(crs[0], 0x11);
    assert_int_equal(package(crs + 1), 4u + crs[4]);
    assert_int_equal(get(at, 3), 0x000d88); /* a word, 13 bytes, bus numbers ... */
    assert_int_equal(at[3], 2);
    at += 16;
    assert_int_equal(get(at, 4), 0x0cf80147);
    at += 8;
    assert_int_equal(get(at, 4), 0x01000d88); /* ... ports ... */
    assert_int_equal(get(at + 8, 2), PCI_PORTS_START);
    assert_int_equal(get(at + 8, 2) + get(at + 14, 2), 0x10000);
    assert_true(PCI_PORTS_START + SLOTS * VIRTIO_LEGACY_SIZE <= 0x10000);
    at += 16;
    assert_int_equal(get(at, 4), 0x00001787); /* ... and memory, a dword, 23 bytes */
    assert_int_equal(get(at + 10, 4), PCI_MEMORY_START);
    assert_int_equal(get(at + 14, 4), PCI_MEMORY_END - 1);
    assert_int_equal(get(at + 22, 4), PCI_MEMORY_END - PCI_MEMORY_START);
    assert_true(PCI_MEMORY_START + SLOTS * VIRTIO_MODERN_SIZE <= PCI_MEMORY_END);
    assert_true(PCI_MEMORY_START >= (uint64_t)PLAN_MEMORY_MAX_MIB << 20);
    assert_memory_equal(at + 26, "\x79\0", 2);
}

/* A machine without PCI: each device that is there is said where it is, and nothing else. */
static void registers_in_memory(void **state)
{
    (void)state;
    static const uint8_t name[] = {0x08, '_', 'H', 'I', 'D', 0x0d, 'L', 'N', 'R', 'O', '0',
                                   '0',  '0', '5', 0,   8,   '_',  'U', 'I', 'D', 10},
                         crs[] = {0x08, '_', 'C', 'R', 'S', 0x11, 26, 0x0a, 23, 0x86, 9, 0, 1};
    static const uint32_t sets[] = {0, 1u << 4, 1u << 1 | 1u << 2 | 1u << 15, 0xfffe};
    for (unsigned i = 0; i < ARRAY_SIZE(sets); i++) {
        const struct slots s = {.mmio = true, .present = sets[i]};
        const uint8_t *end, *legacy_end, *virtio_end;
        assert_true(acpi_tables_write(vm, &s));
        assert_true(guest_read(vm, gpa(0xe0000), area, sizeof area));
        scope(after_s5(&end), &legacy_end);
        assert_int_equal(scope(legacy_end, &virtio_end), (unsigned)__builtin_popcount(sets[i]));
        assert_ptr_equal(virtio_end, end);
        const uint8_t *d = legacy_end + 8;
        for (unsigned n = 0; n < SLOTS; n++) {
            if (!(sets[i] >> n & 1))
                continue;
            const uint8_t want[] = {'V', 'R', (uint8_t)('0' + n / 10), (uint8_t)('0' + n % 10)};
            assert_memory_equal(d + 3, want, 4);
            assert_memory_equal(d + 7, name, sizeof name);
            assert_int_equal(d[28], n);
            assert_memory_equal(d + 29, crs, sizeof crs);
            assert_int_equal(get(d + 42, 4), SLOTS_MMIO(n));
            assert_int_equal(get(d + 46, 4), VIRTIO_MMIO_SIZE);
            assert_int_equal(get(d + 50, 4), 0x09000689); /* consumer, level, high, shared */
            assert_int_equal(d[54], 1);
            assert_int_equal(get(d + 55, 4), SLOTS_IRQ(n));
            assert_memory_equal(d + 59, "\x79\0", 2);
            d += 2 + package(d + 2);
        }
        assert_ptr_equal(d, end);
    }
    assert_true(SLOTS_MMIO_START >= (uint64_t)PLAN_MEMORY_MAX_MIB << 20);
}

static void nothing_else_is_touched(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof area; i++) {
        if (i < ACPI_TABLES_START - 0xe0000 || i >= ACPI_TABLES_END - 0xe0000)
            assert_int_equal(area[i], 0);
    }
}

static void a_guest_too_small(void **state)
{
    (void)state;
    assert_false(acpi_tables_write(fake_vm(64u << 10), &on_pci));
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_pointer),         TEST(the_board_in_the_fadt),   TEST(the_facs),
        TEST(the_byte_code),       TEST(the_interrupt_routing),   TEST(the_bridge_windows),
        TEST(registers_in_memory), TEST(nothing_else_is_touched), TEST(a_guest_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
