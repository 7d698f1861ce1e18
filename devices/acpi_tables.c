/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tables of acpi_tables.h, as the ACPI Specification 2.0c lays them out (section 5.2). The
 * DSDT's byte code is written by hand, with the source it stands for beside it: it is short,
 * and so nothing is needed to build it. Behind what every machine has come the PCI bus or, in a
 * machine without one, a device for each page of virtio registers.
 */
#include "devices/acpi_tables.h"

#include "devices/acpi_pm.h"
#include "devices/slots.h"
#include "monitor/guestmem.h"
#include "monitor/mem.h"

/* Places, from ACPI_TABLES_START. The RSDP is found at a multiple of 16, the FACS must be at one
 * of 64. */
enum place { AT_RSDP = 0x000, AT_FACS = 0x040, AT_RSDT = 0x080, AT_FADT = 0x100, AT_DSDT = 0x200 };

#define DSDT_MOST (ACPI_TABLES_END - ACPI_TABLES_START - AT_DSDT)

enum size { HEADER_SIZE = 36, RSDP_SIZE = 20, RSDT_SIZE = 40, FACS_SIZE = 64, FADT_SIZE = 244 };

/* Offsets in the common header (5.2.5). */
enum header {
    H_LENGTH = 4,
    H_REVISION = 8,
    H_CHECKSUM = 9,
    H_OEM_ID = 10,
    H_OEM_TABLE = 16,
    H_OEM_REVISION = 24,
    H_CREATOR = 28,
    H_CREATOR_REVISION = 32,
};
enum rsdp { RSDP_CHECKSUM = 8, RSDP_OEM_ID = 9, RSDP_RSDT = 16 };

#define RESET_PORT  0xcf9u
#define RESET_VALUE 0x06u
#define GAS_IO      1u      /* generic address: system I/O space (5.2.3.1) */
#define GAS_BITS    0x0800u /* 8 bits wide, from bit 0 */
#define NO_C2       0x0fffu /* latencies that say the state is not there */

/* IA-PC boot flags (5.2.8.3): there are legacy devices and an 8042. */
#define BOOT_FLAGS 0x0003u
/* Feature flags: WBINVD works, C1 works, no fixed power or sleep button, no RTC wake-up, a
 * 32-bit timer, a reset register. */
#define FEATURES 0x00000575u

/* The FADT (5.2.8): a row a field that is not zero, SIZE bytes at OFFSET. SMI_CMD is zero: ACPI
 * mode is the only one. */
static const struct field {
    uint8_t offset, size;
    uint32_t value;
} fadt[] = {
    /* clang-format off */
    { 36, 4, ACPI_TABLES_START + AT_FACS},
    { 40, 4, ACPI_TABLES_START + AT_DSDT},
    { 46, 2, ACPI_SCI_IRQ},
    { 56, 4, ACPI_PM1_EVENT},
    { 64, 4, ACPI_PM1_CONTROL},
    { 76, 4, ACPI_PM_TIMER},
    { 88, 1, 4}, /* PM1_EVT_LEN */
    { 89, 1, 2}, /* PM1_CNT_LEN */
    { 91, 1, 4}, /* PM_TMR_LEN */
    { 96, 2, NO_C2},
    { 98, 2, NO_C2},
    {108, 1, 0x32}, /* CMOS byte of the century */
    {109, 2, BOOT_FLAGS},
    {112, 4, FEATURES},
    {116, 4, GAS_IO | GAS_BITS},
    {120, 4, RESET_PORT},
    {128, 1, RESET_VALUE},
    /* clang-format on */
};

#define WORD(x)  (uint8_t)(x), (uint8_t)((x) >> 8)
#define DWORD(x) WORD(x), WORD((x) >> 16)
/* The line of slot N's one pin, INTA#. */
#define PRT(n) 0x12, 0x0b, 4, 0x0c, DWORD(0xffffu | (uint32_t)(n) << 16), 0, 0, 0x0a, SLOTS_IRQ(n)
_Static_assert(SLOTS == 16, "_PRT has a row for each");

/* Byte code (chapters 6 and 17), revision 1: integers of 32 bits. What every machine has: */
static const uint8_t dsdt_common[] = {
    /* clang-format off */
    /* Name (_S5, Package () { 5, 0, 0, 0 }) */
    0x08, '_','S','5','_', 0x12, 0x07, 4, 0x0a, ACPI_S5_TYPE, 0x00, 0x00, 0x00,
    /* Scope (\_SB) { */
    0x10, 0x48, 0x0b, '\\','_','S','B','_',
    /*   Device (RTC) { Name (_HID, EisaId ("PNP0B00")) */
    0x5b, 0x82, 0x25, 'R','T','C','_', 0x08, '_','H','I','D', 0x0c, 0x41, 0xd0, 0x0b, 0x00,
    /*     Name (_CRS, ResourceTemplate () { IO (Decode16, 0x70, 0x70, 1, 2) IRQNoFlags () { 8 } }) } */
    0x08, '_','C','R','S', 0x11, 0x10, 0x0a, 13,
    0x47, 0x01, 0x70, 0x00, 0x70, 0x00, 0x01, 0x02, 0x22, 0x00, 0x01, 0x79, 0x00,
    /*   Device (KBD) { Name (_HID, EisaId ("PNP0303")) */
    0x5b, 0x82, 0x2d, 'K','B','D','_', 0x08, '_','H','I','D', 0x0c, 0x41, 0xd0, 0x03, 0x03,
    /*     Name (_CRS, ResourceTemplate () { IO (Decode16, 0x60, 0x60, 1, 1)
     *         IO (Decode16, 0x64, 0x64, 1, 1) IRQNoFlags () { 1 } }) } */
    0x08, '_','C','R','S', 0x11, 0x18, 0x0a, 21,
    0x47, 0x01, 0x60, 0x00, 0x60, 0x00, 0x01, 0x01,
    0x47, 0x01, 0x64, 0x00, 0x64, 0x00, 0x01, 0x01, 0x22, 0x02, 0x00, 0x79, 0x00,
    /*   Device (COM1) { Name (_HID, EisaId ("PNP0501")) Name (_UID, 1) */
    0x5b, 0x82, 0x2b, 'C','O','M','1', 0x08, '_','H','I','D', 0x0c, 0x41, 0xd0, 0x05, 0x01,
    0x08, '_','U','I','D', 0x01,
    /*     Name (_CRS, ResourceTemplate () { IO (Decode16, 0x3F8, 0x3F8, 1, 8) IRQNoFlags () { 4 } }) } */
    0x08, '_','C','R','S', 0x11, 0x10, 0x0a, 13,
    0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 0x01, 0x08, 0x22, 0x10, 0x00, 0x79, 0x00,
    /*   Device (COM2) { Name (_HID, EisaId ("PNP0501")) Name (_UID, 2) */
    0x5b, 0x82, 0x2c, 'C','O','M','2', 0x08, '_','H','I','D', 0x0c, 0x41, 0xd0, 0x05, 0x01,
    0x08, '_','U','I','D', 0x0a, 0x02,
    /*     Name (_CRS, ResourceTemplate () { IO (Decode16, 0x2F8, 0x2F8, 1, 8) IRQNoFlags () { 3 } }) } } */
    0x08, '_','C','R','S', 0x11, 0x10, 0x0a, 13,
    0x47, 0x01, 0xf8, 0x02, 0xf8, 0x02, 0x01, 0x08, 0x22, 0x08, 0x00, 0x79, 0x00,
    /* clang-format on */
};

static const uint8_t dsdt_pci[] = {
    /* clang-format off */
    /* Scope (\_SB) { Device (PCI0) { Name (_HID, EisaId ("PNP0A03")) */
    0x10, 0x44, 0x12, '\\','_','S','B','_',
    0x5b, 0x82, 0x4b, 0x11, 'P','C','I','0', 0x08, '_','H','I','D', 0x0c, 0x41, 0xd0, 0x0a, 0x03,
    /*   Name (_CRS, ResourceTemplate () {
     *       WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0, 0, 1) */
    0x08, '_','C','R','S', 0x11, 0x48, 0x04, 0x0a, 68,
    0x88, 0x0d, 0x00, 0x02, 0x0c, 0x00, WORD(0), WORD(0), WORD(0), WORD(0), WORD(1),
    /*     IO (Decode16, 0xCF8, 0xCF8, 1, 8) */
    0x47, 0x01, WORD(PCI_ADDRESS_PORT), WORD(PCI_ADDRESS_PORT), 0x01, 0x08,
    /*     WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
     *         0, PCI_PORTS_START, 0xFFFF, 0, 0x10000 - PCI_PORTS_START) */
    0x88, 0x0d, 0x00, 0x01, 0x0c, 0x03,
    WORD(0), WORD(PCI_PORTS_START), WORD(0xffff), WORD(0), WORD(0x10000 - PCI_PORTS_START),
    /*     DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
     *         0, PCI_MEMORY_START, PCI_MEMORY_END - 1, 0, PCI_MEMORY_END - PCI_MEMORY_START) }) */
    0x87, 0x17, 0x00, 0x00, 0x0c, 0x01, DWORD(0), DWORD(PCI_MEMORY_START), DWORD(PCI_MEMORY_END - 1),
    DWORD(0), DWORD(PCI_MEMORY_END - PCI_MEMORY_START), 0x79, 0x00,
    /*   Name (_PRT, Package (15) { Package (4) { SLOT << 16 | 0xFFFF, 0, 0, LINE }, ... }) } } */
    0x08, '_','P','R','T', 0x12, 0x47, 0x0b, 15,
    PRT(1), PRT(2), PRT(3), PRT(4), PRT(5), PRT(6), PRT(7), PRT(8),
    PRT(9), PRT(10), PRT(11), PRT(12), PRT(13), PRT(14), PRT(15),
    /* clang-format on */
};

/* Scope (\_SB) { ... }, and its length, to be filled in: that many bytes from behind the opcode on,
 * up to 4095. */
static const uint8_t dsdt_scope[] = {0x10, 0x40, 0x00, '\\', '_', 'S', 'B', '_'};
enum scope_at { SCOPE_LENGTH = 1 };

/* A page of virtio registers, with what differs from device to device. */
static const uint8_t dsdt_virtio[] = {
    /* clang-format off */
    /* Device (VR00) { Name (_HID, "LNRO0005") */
    0x5b, 0x82, 0x3b, 'V','R','0','0',
    0x08, '_','H','I','D', 0x0d, 'L','N','R','O','0','0','0','5', 0x00,
    /*   Name (_UID, SLOT) */
    0x08, '_','U','I','D', 0x0a, 0,
    /*   Name (_CRS, ResourceTemplate () { Memory32Fixed (ReadWrite, SLOTS_MMIO (SLOT), VIRTIO_MMIO_SIZE)
     *       Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { SLOTS_IRQ (SLOT) } }) } */
    0x08, '_','C','R','S', 0x11, 0x1a, 0x0a, 23,
    0x86, WORD(9), 0x01, DWORD(0), DWORD(VIRTIO_MMIO_SIZE),
    0x89, WORD(6), 0x09, 1, DWORD(0), 0x79, 0x00,
    /* clang-format on */
};
enum virtio_at { VIRTIO_NAME = 5, VIRTIO_UID = 28, VIRTIO_PLACE = 42, VIRTIO_IRQ = 55 };

static void put(uint8_t *at, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Makes the sum of LEN bytes zero. */
static void set_checksum(uint8_t *table, size_t len, unsigned at)
{
    uint8_t sum = 0;
    table[at] = 0;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + table[i]);
    table[at] = (uint8_t)-sum;
}

static bool write_table(struct vm *vm, enum place at, const char *signature, uint8_t revision,
                        uint8_t *table, uint32_t len)
{
    memcpy(table, signature, 4);
    put(table + H_LENGTH, len, 4);
    table[H_REVISION] = revision;
    memcpy(table + H_OEM_ID, "RING1 ", 6);
    memcpy(table + H_OEM_TABLE, "BOARD   ", 8);
    put(table + H_OEM_REVISION, 1, 4);
    memcpy(table + H_CREATOR, "RNG1", 4);
    put(table + H_CREATOR_REVISION, 1, 4);
    set_checksum(table, len, H_CHECKSUM);
    return guest_write(vm, gpa(ACPI_TABLES_START + at), table, len);
}

static bool write_rsdp(struct vm *vm)
{
    uint8_t t[RSDP_SIZE] = "RSD PTR ";
    memcpy(t + RSDP_OEM_ID, "RING1 ", 6); /* revision 0: no XSDT */
    put(t + RSDP_RSDT, ACPI_TABLES_START + AT_RSDT, 4);
    set_checksum(t, sizeof t, RSDP_CHECKSUM);
    return guest_write(vm, gpa(ACPI_TABLES_START + AT_RSDP), t, sizeof t);
}

static bool write_rsdt(struct vm *vm)
{
    uint8_t t[RSDT_SIZE] = {0};
    put(t + HEADER_SIZE, ACPI_TABLES_START + AT_FADT, 4);
    return write_table(vm, AT_RSDT, "RSDT", 1, t, sizeof t);
}

/* The FACS has neither the common header nor a checksum (5.2.9). */
static bool write_facs(struct vm *vm)
{
    uint8_t t[FACS_SIZE] = "FACS";
    put(t + H_LENGTH, FACS_SIZE, 4);
    return guest_write(vm, gpa(ACPI_TABLES_START + AT_FACS), t, sizeof t);
}

static bool write_fadt(struct vm *vm)
{
    uint8_t t[FADT_SIZE] = {0};
    for (unsigned i = 0; i < ARRAY_SIZE(fadt); i++)
        put(t + fadt[i].offset, fadt[i].value, fadt[i].size);
    return write_table(vm, AT_FADT, "FACP", 3, t, sizeof t);
}

/* Byte code that is put together, behind the table's header. */
struct code {
    uint8_t table[DSDT_MOST];
    uint32_t size;
};

/* Returns where it went. */
static uint8_t *append(struct code *c, const uint8_t *bytes, uint32_t n)
{
    uint8_t *at = c->table + c->size;
    memcpy(at, bytes, n);
    c->size += n;
    return at;
}

static void append_virtio(struct code *c, unsigned slot)
{
    uint8_t *at = append(c, dsdt_virtio, sizeof dsdt_virtio);
    at[VIRTIO_NAME] = (uint8_t)('0' + slot / 10);
    at[VIRTIO_NAME + 1] = (uint8_t)('0' + slot % 10);
    at[VIRTIO_UID] = (uint8_t)slot;
    put(at + VIRTIO_PLACE, SLOTS_MMIO(slot), 4);
    put(at + VIRTIO_IRQ, SLOTS_IRQ(slot), 4);
}

static void append_virtios(struct code *c, uint32_t slots)
{
    uint8_t *scope = append(c, dsdt_scope, sizeof dsdt_scope);
    for (unsigned n = 0; n < SLOTS; n++) {
        if (slots >> n & 1)
            append_virtio(c, n);
    }
    uint32_t length = (uint32_t)(c->table + c->size - (scope + SCOPE_LENGTH));
    scope[SCOPE_LENGTH] |= length & 15; /* the lowest four bits, then eight more (17.2.4) */
    scope[SCOPE_LENGTH + 1] = (uint8_t)(length >> 4);
}

static bool write_dsdt(struct vm *vm, const struct slots *s)
{
    struct code c = {.size = HEADER_SIZE};
    _Static_assert(HEADER_SIZE + sizeof dsdt_common + sizeof dsdt_pci <= DSDT_MOST, "room");
    _Static_assert(HEADER_SIZE + sizeof dsdt_common + sizeof dsdt_scope +
                           SLOTS * sizeof dsdt_virtio <=
                       DSDT_MOST,
                   "room");
    append(&c, dsdt_common, sizeof dsdt_common);
    if (s->mmio)
        append_virtios(&c, s->present);
    else
        append(&c, dsdt_pci, sizeof dsdt_pci);
    return write_table(vm, AT_DSDT, "DSDT", 1, c.table, c.size);
}

bool acpi_tables_write(struct vm *vm, const struct slots *s)
{
    return write_rsdp(vm) && write_rsdt(vm) && write_facs(vm) && write_fadt(vm) &&
           write_dsdt(vm, s);
}
