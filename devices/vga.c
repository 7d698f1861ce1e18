/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The registers of vga.h. A table says how many each file has; writes beyond are dropped and reads
 * give ones. The only ones with a meaning here are the picture's start and the graphics bit.
 */
#include "devices/vga.h"

#include "monitor/guestmem.h"
#include "monitor/mem.h"

/* Offsets from 3C0h. */
enum port {
    ATTRIBUTE = 0x00,
    ATTRIBUTE_READ = 0x01,
    MISC_OR_STATUS0 = 0x02, /* written, read */
    ENABLE = 0x03,
    SEQUENCER = 0x04,
    PEL_MASK = 0x06,
    DAC_READ_OR_STATE = 0x07, /* written, read */
    DAC_WRITE = 0x08,
    DAC_DATA = 0x09,
    FEATURE_READ = 0x0a,
    MISC_READ = 0x0c,
    GRAPHICS = 0x0e,
    CRTC = 0x14,
    STATUS1_OR_FEATURE = 0x1a, /* read, written */
};

enum count { SEQUENCERS = 5, GRAPHICSES = 9, CRTCS = 25, ATTRIBUTES = 21 };
enum { CRTC_START_HIGH = 0x0c, CRTC_START_LOW = 0x0d, GRAPHICS_MISC = 6, GRAPHICS_ON = 1 };
enum { STATUS0_SENSE = 0x10, STATUS1_BLANK = 0x01, STATUS1_RETRACE = 0x08 };
enum { DAC_STATE_READING = 3, DAC_BITS = 0x3f, ATTRIBUTE_VIDEO_ON = 0x20 };

/* 449 lines of 31.78 us are a frame of 70 Hz; 400 of them are shown. */
#define LINE_NS  31778u
#define SHOWN_NS 25422u
#define LINES    449u
#define SHOWN    400u
#define RETRACE  412u /* its first line; it lasts two */

static const uint8_t mode3_sequencer[SEQUENCERS] = {0x03, 0x00, 0x03, 0x00, 0x02};
static const uint8_t mode3_graphics[GRAPHICSES] = {0, 0, 0, 0, 0, 0x10, 0x0e, 0x0f, 0xff};
static const uint8_t mode3_crtc[CRTCS] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00,
                                          0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
                                          0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
static const uint8_t mode3_attribute[ATTRIBUTES] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14,
                                                    0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
                                                    0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00};

void vga_reset(struct vga *g)
{
    memset(g, 0, sizeof *g);
    memcpy(g->sequencer.reg, mode3_sequencer, sizeof mode3_sequencer);
    memcpy(g->graphics.reg, mode3_graphics, sizeof mode3_graphics);
    memcpy(g->crtc.reg, mode3_crtc, sizeof mode3_crtc);
    memcpy(g->attribute.reg, mode3_attribute, sizeof mode3_attribute);
    g->attribute.index = ATTRIBUTE_VIDEO_ON;
    g->misc_output = 0x67; /* colour ports, RAM on, 28 MHz */
    g->enable = 0x01;
    g->pel_mask = 0xff;
}

void vga_clear_text(struct vm *vm)
{
    static const uint8_t blank[2] = {VGA_BLANK & 0xff, VGA_BLANK >> 8};
    for (uint32_t at = 0; at < VGA_TEXT_SIZE; at += sizeof blank)
        guest_write(vm, gpa(VGA_TEXT_START + at), blank, sizeof blank);
}

static uint8_t file_read(const struct vga_file *f, unsigned count)
{
    unsigned at = f->index % VGA_FILE;
    return at < count ? f->reg[at] : 0xff;
}

static void file_write(struct vga_file *f, unsigned count, uint8_t value)
{
    unsigned at = f->index % VGA_FILE;
    if (at < count)
        f->reg[at] = value;
}

/* An index port and the data port behind it. */
static uint8_t pair_read(const struct vga_file *f, unsigned count, bool data)
{
    return data ? file_read(f, count) : f->index;
}

static void pair_write(struct vga_file *f, unsigned count, bool data, uint8_t value)
{
    if (data)
        file_write(f, count, value);
    else
        f->index = value;
}

static uint8_t status1(struct vga *g, uint64_t now)
{
    uint64_t line = now / LINE_NS % LINES;
    bool blank = line >= SHOWN || now % LINE_NS >= SHOWN_NS;
    bool retrace = line == RETRACE || line == RETRACE + 1;
    g->attribute_data = false;
    return (uint8_t)((blank ? STATUS1_BLANK : 0) | (retrace ? STATUS1_RETRACE : 0));
}

static uint8_t dac_read(struct vga *g)
{
    uint8_t value = g->dac[g->dac_at];
    g->dac_at = (uint16_t)((g->dac_at + 1u) % sizeof g->dac);
    return value;
}

static void dac_write(struct vga *g, uint8_t value)
{
    g->dac[g->dac_at] = value & DAC_BITS;
    g->dac_at = (uint16_t)((g->dac_at + 1u) % sizeof g->dac);
}

static void dac_index(struct vga *g, uint8_t value, bool reading)
{
    g->dac_at = (uint16_t)(value * 3u);
    g->dac_reading = reading;
}

uint8_t vga_read(struct vga *g, unsigned offset, uint64_t now)
{
    switch (offset) {
    case ATTRIBUTE:
        return g->attribute.index;
    case ATTRIBUTE_READ:
        return file_read(&g->attribute, ATTRIBUTES);
    case MISC_OR_STATUS0:
        return STATUS0_SENSE;
    case ENABLE:
        return g->enable;
    case SEQUENCER:
    case SEQUENCER + 1:
        return pair_read(&g->sequencer, SEQUENCERS, offset != SEQUENCER);
    case PEL_MASK:
        return g->pel_mask;
    case DAC_READ_OR_STATE:
        return g->dac_reading ? DAC_STATE_READING : 0;
    case DAC_WRITE:
        return (uint8_t)(g->dac_at / 3);
    case DAC_DATA:
        return dac_read(g);
    case FEATURE_READ:
        return g->feature;
    case MISC_READ:
        return g->misc_output;
    case GRAPHICS:
    case GRAPHICS + 1:
        return pair_read(&g->graphics, GRAPHICSES, offset != GRAPHICS);
    case CRTC:
    case CRTC + 1:
        return pair_read(&g->crtc, CRTCS, offset != CRTC);
    case STATUS1_OR_FEATURE:
        return status1(g, now);
    default:
        return 0xff;
    }
}

static void attribute_write(struct vga *g, uint8_t value)
{
    pair_write(&g->attribute, ATTRIBUTES, g->attribute_data, value);
    g->attribute_data = !g->attribute_data;
}

void vga_write(struct vga *g, unsigned offset, uint8_t value)
{
    switch (offset) {
    case ATTRIBUTE:
        attribute_write(g, value);
        break;
    case MISC_OR_STATUS0:
        g->misc_output = value;
        break;
    case ENABLE:
        g->enable = value;
        break;
    case SEQUENCER:
    case SEQUENCER + 1:
        pair_write(&g->sequencer, SEQUENCERS, offset != SEQUENCER, value);
        break;
    case PEL_MASK:
        g->pel_mask = value;
        break;
    case DAC_READ_OR_STATE:
    case DAC_WRITE:
        dac_index(g, value, offset == DAC_READ_OR_STATE);
        break;
    case DAC_DATA:
        dac_write(g, value);
        break;
    case GRAPHICS:
    case GRAPHICS + 1:
        pair_write(&g->graphics, GRAPHICSES, offset != GRAPHICS, value);
        break;
    case CRTC:
    case CRTC + 1:
        pair_write(&g->crtc, CRTCS, offset != CRTC, value);
        break;
    case STATUS1_OR_FEATURE:
        g->feature = value;
        break;
    default: /* read-only, or nobody's */
        break;
    }
}

bool vga_text(const struct vga *g)
{
    return !(g->graphics.reg[GRAPHICS_MISC] & GRAPHICS_ON);
}

uint32_t vga_start(const struct vga *g)
{
    unsigned cell = (unsigned)g->crtc.reg[CRTC_START_HIGH] << 8 | g->crtc.reg[CRTC_START_LOW];
    return cell * 2 % VGA_TEXT_SIZE;
}
