/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What an ACPI operating system looks for in the BIOS area: RSDP, RSDT, FADT, FACS and DSDT of
 * this board. Knows the ports from acpi_pm.h and writes guest RAM once, before the guest
 * starts; afterwards the tables are the guest's to spoil. No MADT: there is no APIC.
 */
#ifndef RING1_ACPI_TABLES_H
#define RING1_ACPI_TABLES_H

#include "devices/slots.h"
#include "monitor/vm.h"

/* All tables lie here; every memory map that the loader makes calls the area reserved. */
#define ACPI_TABLES_START 0xf0000u
#define ACPI_TABLES_END   0xf1000u

/* With the virtio devices of S, which has been reset. False: this guest has no RAM there, and no
 * tables then. */
bool acpi_tables_write(struct vm *vm, const struct slots *s);

#endif
