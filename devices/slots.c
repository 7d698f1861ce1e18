/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of slots (slots.h), and the way from an access to a device.
 */
#include "devices/slots.h"

#include "monitor/mem.h"

/* The host bridge is a function without BARs or pins: there so that a guest sees a bus. No driver
 * and no quirk of Linux knows these numbers, which are Red Hat's for a generic bridge. */
#define BRIDGE 0u
static const struct pci_kind bridge = {
    .vendor = 0x1b36,
    .device = 0x0008,
    .subvendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x060000,
};

#define NET        4u
#define FIRST_DISK 8u
_Static_assert(FIRST_DISK + PLAN_DISKS == SLOTS, "a slot for each disk");

/* Which device is in which slot, and where in struct slots. */
static const struct slot {
    const struct virtio_class *class;
    size_t at;
} table[SLOTS] = {
    /* clang-format off */
    [1]  = {&virtio_rng, offsetof(struct slots, rng)},
    [2]  = {&virtio_console, offsetof(struct slots, console)},
    [3] = {&virtio_balloon, offsetof(struct slots, balloon)},
    [NET] = {&virtio_net, offsetof(struct slots, net)},
    [8]  = {&virtio_blk, offsetof(struct slots, disk[0])},
    [9]  = {&virtio_blk, offsetof(struct slots, disk[1])},
    [10] = {&virtio_blk, offsetof(struct slots, disk[2])},
    [11] = {&virtio_blk, offsetof(struct slots, disk[3])},
    [12] = {&virtio_blk, offsetof(struct slots, disk[4])},
    [13] = {&virtio_blk, offsetof(struct slots, disk[5])},
    [14] = {&virtio_blk, offsetof(struct slots, disk[6])},
    [15] = {&virtio_blk, offsetof(struct slots, disk[7])},
    /* clang-format on */
};

static struct virtio_dev device(struct vm *vm, struct slots *s, unsigned n)
{
    struct virtio *v = (void *)((uint8_t *)s + table[n].at);
    return (struct virtio_dev){vm, table[n].class, v, &s->chain};
}

static bool holds_device(const struct slots *s, unsigned n)
{
    return n != BRIDGE && (s->present >> n & 1);
}

/* A VM in lock step has no device that the host could make differ from the other one's. */
static bool wanted(const struct vm *vm, struct slots *s, unsigned n)
{
    if (!table[n].class || vm->pace.on)
        return false;
    if (n == NET)
        return virtio_net_attach(&s->net);
    return n < FIRST_DISK || virtio_blk_attach(&s->disk[n - FIRST_DISK], n - FIRST_DISK);
}

static void reset_device(struct vm *vm, struct slots *s, unsigned n)
{
    struct virtio_dev d = device(vm, s, n);
    s->present |= 1u << n;
    if (s->mmio)
        virtio_mmio_reset(&d, &s->page[n]);
    else
        virtio_pci_reset(&d, &s->port[n], SLOTS_IRQ(n),
                         (uint16_t)(PCI_PORTS_START + n * VIRTIO_LEGACY_SIZE),
                         PCI_MEMORY_START + n * VIRTIO_MODERN_SIZE);
}

void slots_reset(struct vm *vm, struct slots *s)
{
    memset(s, 0, sizeof *s);
    s->mmio = vm->virtio_mmio;
    pci_reset(&s->bridge, 0);
    s->present = s->mmio ? 0 : 1u << BRIDGE;
    for (unsigned n = 1; n < SLOTS; n++) {
        if (wanted(vm, s, n))
            reset_device(vm, s, n);
    }
}

/* ---- Configuration space -------------------------------------------------- */

/* The address register: enable, bus, device, function, dword. */
#define ADDRESS_ENABLE   0x80000000u
#define ADDRESS_KEPT     0x80fffffcu
#define ADDRESS_BUS(a)   ((a) >> 16 & 0xff)
#define ADDRESS_DEV(a)   ((a) >> 11 & 0x1f)
#define ADDRESS_FUNC(a)  ((a) >> 8 & 7)
#define ADDRESS_DWORD(a) ((a)&0xfc)

static uint32_t ones(unsigned size)
{
    return size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
}

static void config(struct vm *vm, struct slots *s, struct virtio_access *a)
{
    unsigned n = ADDRESS_DEV(s->address);
    bool there = (s->address & ADDRESS_ENABLE) && !ADDRESS_BUS(s->address) &&
                 !ADDRESS_FUNC(s->address) && n < SLOTS && (s->present >> n & 1);
    if (!there && !a->write)
        a->value = ones(a->size); /* nobody answers: a master abort */
    if (!there)
        return;
    if (n != BRIDGE) {
        struct virtio_dev d = device(vm, s, n);
        virtio_pci_config(&d, &s->port[n], a);
    } else if (a->write) {
        pci_config_write(&bridge, &s->bridge, a->offset, a->size, a->value);
    } else {
        a->value = pci_config_read(&bridge, &s->bridge, a->offset, a->size, false);
    }
}

static void access_address(struct slots *s, struct io_access *io)
{
    if (io->write)
        s->address = io->value & ADDRESS_KEPT;
    else
        io->value = s->address;
}

static void access_data(struct vm *vm, struct slots *s, struct io_access *io)
{
    uint32_t byte = (uint32_t)(io->address - PCI_DATA_PORT);
    struct virtio_access a = {io->write, io->size, ADDRESS_DWORD(s->address) + byte, io->value};
    config(vm, s, &a);
    if (!io->write)
        io->value = a.value;
}

/* ---- BARs ------------------------------------------------------------------ */

static bool access_bar(struct vm *vm, struct slots *s, struct io_access *io)
{
    struct virtio_access a = {io->write, io->size, 0, io->value};
    for (unsigned n = 0; n < SLOTS; n++) {
        if (!holds_device(s, n))
            continue;
        struct virtio_dev d = device(vm, s, n);
        int bar = virtio_pci_find(&d, &s->port[n], !io->mmio, io->address, io->size, &a.offset);
        if (bar < 0)
            continue;
        virtio_pci_bar(&d, &s->port[n], (unsigned)bar, &a);
        if (!io->write)
            io->value = a.value & ones(io->size);
        return true;
    }
    return false;
}

/* ---- Registers in memory --------------------------------------------------- */

static bool access_page(struct vm *vm, struct slots *s, struct io_access *io)
{
    uint64_t at = io->address - SLOTS_MMIO_START, n = at / VIRTIO_MMIO_SIZE;
    uint32_t offset = at % VIRTIO_MMIO_SIZE;
    if (!io->mmio || n >= SLOTS || offset + io->size > VIRTIO_MMIO_SIZE ||
        !holds_device(s, (unsigned)n))
        return false;
    struct virtio_access a = {io->write, io->size, offset, io->value};
    struct virtio_dev d = device(vm, s, (unsigned)n);
    virtio_mmio_access(&d, &s->page[n], &a);
    if (!io->write)
        io->value = a.value & ones(io->size);
    return true;
}

/* ---- The board's side ------------------------------------------------------- */

/* Only what comes through here changes a device, and so its line. */
static void drive_lines(struct slots *s)
{
    s->lines = 0;
    for (unsigned n = 0; n < SLOTS; n++) {
        const struct virtio *v = (const void *)((const uint8_t *)s + table[n].at);
        if (holds_device(s, n) && (s->mmio ? virtio_mmio_irq(v) : virtio_pci_irq(v, &s->port[n])))
            s->lines |= (uint16_t)(1u << SLOTS_IRQ(n));
    }
}

static bool access(struct vm *vm, struct slots *s, struct io_access *io)
{
    if (s->mmio)
        return access_page(vm, s, io);
    if (io->mmio)
        return access_bar(vm, s, io);
    if (io->address == PCI_ADDRESS_PORT && io->size == 4)
        access_address(s, io);
    else if (io->address >= PCI_DATA_PORT && io->address + io->size <= PCI_DATA_PORT + 4)
        access_data(vm, s, io);
    else
        return access_bar(vm, s, io);
    return true;
}

bool slots_access(struct vm *vm, struct slots *s, struct io_access *io)
{
    bool ours = access(vm, s, io);
    if (ours)
        drive_lines(s);
    return ours;
}

void slots_poll(struct vm *vm, struct slots *s)
{
    for (unsigned n = 0; n < SLOTS; n++) {
        if (!holds_device(s, n))
            continue;
        struct virtio_dev d = device(vm, s, n);
        virtio_poll(&d);
    }
    drive_lines(s);
}

void slots_end(struct vm *vm, struct slots *s)
{
    for (unsigned n = 0; n < SLOTS; n++) {
        if (!holds_device(s, n))
            continue;
        struct virtio_dev d = device(vm, s, n);
        virtio_settle(&d);
    }
}
