/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ACPI's fixed hardware: the PM1 event and control registers and the PM timer. Port bytes and
 * the time come in; the level of the SCI and the wish to switch the machine off go out.
 * There is no legacy mode to leave (SCI_EN is always 1), no button, no general-purpose
 * event and no sleep but S5. ACPI Specification 2.0c, section 4.7.3. What tells the
 * guest of these ports is in acpi_tables.h.
 */
#ifndef RING1_ACPI_PM_H
#define RING1_ACPI_PM_H

#include "monitor/types.h"

/* The ports, as the FADT names them. */
#define ACPI_PM1_EVENT   0x600u /* 4 bytes: status, enable */
#define ACPI_PM1_CONTROL 0x604u /* 2 bytes */
#define ACPI_PM_TIMER    0x608u /* 4 bytes */
#define ACPI_PM_LAST     0x60bu

#define ACPI_SCI_IRQ 9u
#define ACPI_S5_TYPE 5u /* SLP_TYP of soft-off, as the DSDT's \_S5 says */

struct acpi_pm {
    uint16_t status, enable, control;
    uint64_t tick; /* of the PM timer, of all time; the guest sees 32 bits */
    bool off_asked;
};

void acpi_pm_reset(struct acpi_pm *p);

/* OFFSET from ACPI_PM1_EVENT. The time must have been brought up to date by acpi_pm_advance. */
uint8_t acpi_pm_read(const struct acpi_pm *p, unsigned offset);
void acpi_pm_write(struct acpi_pm *p, unsigned offset, uint8_t value);

/* Counts up to NOW; a time before the last one is taken as the last one. */
void acpi_pm_advance(struct acpi_pm *p, uint64_t now);

/* The SCI: level-triggered, active high here (the PIC's input). */
bool acpi_pm_irq(const struct acpi_pm *p);

/* Virtual time in ns at which the timer next raises the SCI, UINT64_MAX if it does not. */
uint64_t acpi_pm_next_event(const struct acpi_pm *p);

#endif
