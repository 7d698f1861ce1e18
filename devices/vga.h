/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A VGA as far as text mode needs one: its registers are kept and read back, its status port
 * moves with time, and its text memory is guest RAM like any other. Port bytes come in; where
 * the picture starts goes out. It draws nothing: who wants to see the screen reads the
 * memory (monitor/screen.h). IBM VGA Technical Reference; ports of a colour display only.
 */
#ifndef RING1_VGA_H
#define RING1_VGA_H

#include "monitor/types.h"
#include "monitor/vm.h"

#define VGA_PORT      0x3c0u
#define VGA_PORT_LAST 0x3dau

/* The text memory: 16-bit cells, character and attribute. */
#define VGA_TEXT_START 0xb8000u
#define VGA_TEXT_SIZE  0x8000u
#define VGA_BLANK      0x0720u /* a space, grey on black */

/* A register file behind an index port. */
#define VGA_FILE 32u
struct vga_file {
    uint8_t index;
    uint8_t reg[VGA_FILE];
};

struct vga {
    struct vga_file sequencer, graphics, crtc, attribute;
    bool attribute_data; /* the next write to 3C0h is data, not an index */
    uint8_t misc_output, feature, enable, pel_mask;
    uint8_t dac[256 * 3];
    uint16_t dac_at;  /* the next byte of DAC data, */
    bool dac_reading; /* and which way the last index was for */
};

/* As a BIOS leaves it in mode 3: 80x25 text in colour, picture and cursor at cell 0. */
void vga_reset(struct vga *g);

/* Blanks the text memory, which is the guest's RAM. */
void vga_clear_text(struct vm *vm);

/* OFFSET from VGA_PORT; NOW drives the retrace bits of 3DAh. What is no register reads as ones. */
uint8_t vga_read(struct vga *g, unsigned offset, uint64_t now);
void vga_write(struct vga *g, unsigned offset, uint8_t value);

/* Does it show text, and from which byte of the text memory on? */
bool vga_text(const struct vga *g);
uint32_t vga_start(const struct vga *g);

#endif
