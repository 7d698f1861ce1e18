/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The board: which device answers at which port and drives which interrupt line, as one
 * visible table (board.c). Policy code above talks to the board alone; the devices
 * know neither it nor the vcpu. Time comes in as nanoseconds of the virtual clock.
 */
#ifndef RING1_BOARD_H
#define RING1_BOARD_H

#include "monitor/types.h"
#include "monitor/vm.h"

/* The wall clock, in seconds since 1970, where a VM in lock step starts: 2000-01-01. */
#define PACE_START 946684800u

struct io_access {
    bool mmio; /* false: a port */
    bool write;
    uint8_t size;     /* 1, 2, 4 */
    uint64_t address; /* port number or guest-physical address */
    uint32_t value;   /* written, or filled in by the board */
    bool mark;        /* out: the guest wrote to the statistics port */
};

/* What the guest has asked of the whole machine. */
enum board_request {
    BOARD_RUN,
    BOARD_RESET, /* i8042, port 0x92, port 0xCF9 */
    BOARD_OFF,   /* ACPI soft-off, debug-exit port */
};

/* Builds vm->board with every device reset, and writes the ACPI tables and a blank
 * screen into guest RAM, which must be there. False: no memory. */
bool board_create(struct vm *vm);

/* Before the VM's memory goes: nobody works on it any more. */
void board_end(struct vm *vm);

/* Performs IO at time NOW; never fails: unclaimed reads give all ones. */
void board_access(struct vm *vm, struct io_access *io, uint64_t now);

/* Lets timers run up to NOW, takes console input from the host, recomputes lines. */
void board_advance(struct vm *vm, uint64_t now);

/* When the next timer event is due, in ns; UINT64_MAX if none. Console input may still
 * come at any time. */
uint64_t board_next_event(const struct vm *vm);

/* The CPU's FERR# pin: an FPU error that CR0.NE does not make an exception. */
void board_fpu_error(struct vm *vm);

/* Is an interrupt waiting at the CPU's pin? And the acknowledge cycle, which returns its
 * vector. Call board_ack only after board_pending said true. */
bool board_pending(const struct vm *vm);
uint8_t board_ack(struct vm *vm);

enum board_request board_request(const struct vm *vm);

/* Where the text screen lies in guest-physical memory: it starts START bytes behind BASE and wraps
 * there after SIZE. */
struct board_text {
    bool text; /* false: the display is in a graphics mode */
    uint32_t base, size, start;
};
struct board_text board_text(const struct vm *vm);

/* A20 gate as port 0x92 and the i8042 have it. */
bool board_a20(const struct vm *vm);

#endif
