/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The header of pci.h, a byte at a time: registers wider than that have no side effects here.
 */
#include "devices/pci.h"

#include "monitor/mem.h"

enum header {
    H_VENDOR = 0x00,
    H_DEVICE = 0x02,
    H_CLASS = 0x08, /* the revision, 0, is its lowest byte */
    H_SUBVENDOR = 0x2c,
    H_SUBSYSTEM = 0x2e,
};

#define STATUS_INTX     0x08u
#define STATUS_CAPS     0x10u
#define BAR_IO          0x1u
#define PORTS_END       0x10000u
#define BAR_KIND_IO     0x3u
#define BAR_KIND_MEMORY 0xfu

void pci_reset(struct pci_function *f, uint8_t line)
{
    memset(f, 0, sizeof *f);
    f->command = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    f->line = line;
}

static uint32_t read_bar(const struct pci_kind *k, const struct pci_function *f, unsigned n)
{
    return k->bar[n].size ? f->bar[n] | (k->bar[n].io ? BAR_IO : 0) : 0;
}

/* The dword at OFFSET, a multiple of 4. */
static uint32_t read_dword(const struct pci_kind *k, const struct pci_function *f, unsigned offset,
                           bool intx)
{
    uint32_t status = (intx ? STATUS_INTX : 0u) | (k->caps ? STATUS_CAPS : 0u), dword = 0;
    if (offset >= PCI_BAR && offset < PCI_BAR + 4 * PCI_BARS)
        return read_bar(k, f, (offset - PCI_BAR) / 4);
    if (k->caps && offset >= PCI_CAPS_AT && offset - PCI_CAPS_AT < k->caps_size) {
        memcpy(&dword, k->caps + (offset - PCI_CAPS_AT), 4);
        return dword;
    }
    switch (offset) {
    case H_VENDOR:
        return k->vendor | (uint32_t)k->device << 16;
    case PCI_COMMAND:
        return f->command | status << 16;
    case H_CLASS:
        return k->class << 8;
    case PCI_CACHE_LINE:
        return f->cache_line | (uint32_t)f->latency << 8;
    case H_SUBVENDOR:
        return k->subvendor | (uint32_t)k->subsystem << 16;
    case PCI_CAPS:
        return k->caps ? PCI_CAPS_AT : 0;
    case PCI_LINE:
        return f->line | (uint32_t)k->pin << 8;
    default:
        return 0;
    }
}

uint32_t pci_config_read(const struct pci_kind *k, const struct pci_function *f, unsigned offset,
                         unsigned size, bool intx)
{
    uint32_t dword = read_dword(k, f, offset & ~3u, intx) >> 8 * (offset & 3);
    return size == 4 ? dword : dword & ((1u << 8 * size) - 1);
}

/* The low bits of a BAR are wired: that is how its size is found. */
static void write_bar_byte(const struct pci_kind *k, struct pci_function *f, unsigned at,
                           uint8_t value)
{
    unsigned n = at / 4, shift = 8 * (at & 3);
    uint32_t wired = (k->bar[n].size - 1) | (k->bar[n].io ? BAR_KIND_IO : BAR_KIND_MEMORY);
    if (!k->bar[n].size)
        return;
    f->bar[n] = ((f->bar[n] & ~(0xffu << shift)) | (uint32_t)value << shift) & ~wired;
}

static void write_byte(const struct pci_kind *k, struct pci_function *f, unsigned offset,
                       uint8_t value)
{
    if (offset >= PCI_BAR && offset < PCI_BAR + 4 * PCI_BARS) {
        write_bar_byte(k, f, offset - PCI_BAR, value);
        return;
    }
    switch (offset) {
    case PCI_COMMAND:
        f->command = (uint16_t)((f->command & 0xff00) | (value & PCI_COMMAND_ALL));
        break;
    case PCI_COMMAND + 1:
        f->command = (uint16_t)((f->command & 0x00ff) | (value << 8 & PCI_COMMAND_ALL));
        break;
    case PCI_CACHE_LINE:
        f->cache_line = value;
        break;
    case PCI_LATENCY:
        f->latency = value;
        break;
    case PCI_LINE:
        f->line = value;
        break;
    default: /* read-only, or not there */
        break;
    }
}

void pci_config_write(const struct pci_kind *k, struct pci_function *f, unsigned offset,
                      unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++)
        write_byte(k, f, offset + i, (uint8_t)(value >> 8 * i));
}

int pci_find_bar(const struct pci_kind *k, const struct pci_function *f, bool io, uint64_t address,
                 unsigned size, uint32_t *offset)
{
    uint64_t end = io ? PORTS_END : 1ull << 32;
    if (!(f->command & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
        return -1;
    for (unsigned n = 0; n < PCI_BARS; n++) {
        const struct pci_bar *b = &k->bar[n];
        uint64_t at = f->bar[n];
        if (!b->size || b->io != io || !at || at + b->size > end || address < at ||
            address + size > at + b->size)
            continue;
        *offset = (uint32_t)(address - at);
        return (int)n;
    }
    return -1;
}
