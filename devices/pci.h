/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One PCI function's configuration space: what it is (struct pci_kind, a constant) and what the
 * guest has set of it (struct pci_function). Configuration accesses come in, values and the places
 * of its BARs go out. Who is in which slot, and where accesses to a BAR go, is known in slots.c.
 * PCI Local Bus Specification 3.0, chapter 6; type 00h headers, no expansion ROM, no power
 * management.
 */
#ifndef RING1_PCI_H
#define RING1_PCI_H

#include "monitor/types.h"

#define PCI_BARS        6
#define PCI_CONFIG_SIZE 256u
#define PCI_CAPS_AT     0x40u /* where a function's capabilities begin */

enum pci_register {
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_CACHE_LINE = 0x0c,
    PCI_LATENCY = 0x0d,
    PCI_BAR = 0x10,
    PCI_CAPS = 0x34,
    PCI_LINE = 0x3c,
    PCI_PIN = 0x3d,
};

enum pci_command {
    PCI_COMMAND_IO = 0x001,
    PCI_COMMAND_MEMORY = 0x002,
    PCI_COMMAND_MASTER = 0x004,
    PCI_COMMAND_NO_INTX = 0x400,
    PCI_COMMAND_ALL = 0x547, /* these, parity and SERR#, which never happen */
};

struct pci_bar {
    uint32_t
        size; /* a power of two: of ports at least 4, of memory at least 16; 0: there is none */
    bool io;
};

struct pci_kind {
    uint16_t vendor, device, subvendor, subsystem;
    uint32_t class; /* base class, subclass, interface: 24 bits */
    uint8_t pin;    /* 0: none, 1: INTA# */
    struct pci_bar bar[PCI_BARS];
    const uint8_t *caps; /* bytes at PCI_CAPS_AT, NULL: none */
    uint8_t caps_size;
};

/* What the guest wrote. */
struct pci_function {
    uint16_t command;
    uint8_t cache_line, latency, line;
    uint32_t bar[PCI_BARS]; /* addresses, without the bits that say what the BAR is */
};

/* As firmware leaves it: decoding and bus mastering are on, the interrupt line register says LINE.
 * The BARs are the caller's to set. */
void pci_reset(struct pci_function *f, uint8_t line);

/* SIZE 1, 2 or 4 bytes at OFFSET, in one dword. INTX: the level of the function's interrupt pin,
 * for the status register. What is not there reads 0; what is read-only ignores writes. */
uint32_t pci_config_read(const struct pci_kind *k, const struct pci_function *f, unsigned offset,
                         unsigned size, bool intx);
void pci_config_write(const struct pci_kind *k, struct pci_function *f, unsigned offset,
                      unsigned size, uint32_t value);

/* Which BAR answers at [ADDRESS, ADDRESS + SIZE), a port or memory, and at what offset in it; -1:
 * none. One that lies at 0 or is cut by the end of the address space is off, as is one whose kind
 * of decoding is. */
int pci_find_bar(const struct pci_kind *k, const struct pci_function *f, bool io, uint64_t address,
                 unsigned size, uint32_t *offset);

#endif
