/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The PC's text screen as a place for the log, on machines without a debug port. Bytes come in
 * and appear at the end of a screen that scrolls. Knows 80x25 text and nothing of video
 * cards: the BIOS data area says whether the firmware left the screen in that mode.
 */
#include "monitor/mem.h"
#include "monitor/pc/hw.h"
#include "monitor/pc/pc.h"

#define BDA_MODE  0x449u /* the current video mode */
#define BDA_CRTC  0x463u /* port of the CRT controller: 3D4 for colour */
#define TEXT      0xb8000u
#define COLUMNS   80u
#define ROWS      25u
#define ATTRIBUTE 0x07u /* grey on black */

/* The one screen's cursor. */
static struct {
    bool asked, there;
    unsigned row, column;
} screen;

static uint16_t *cell(unsigned row, unsigned column)
{
    return (uint16_t *)pc_phys(TEXT) + row * COLUMNS + column;
}

static void clear_row(unsigned row)
{
    for (unsigned i = 0; i < COLUMNS; i++)
        *cell(row, i) = ATTRIBUTE << 8 | ' ';
}

/* Modes 2 and 3 are 80x25 in grey and colour. What the boot loader wrote is wiped. */
static bool is_there(void)
{
    if (screen.asked)
        return screen.there;
    const uint8_t *mode = pc_phys(BDA_MODE);
    const uint16_t *port = pc_phys(BDA_CRTC);
    screen.asked = true;
    screen.there = (*mode == 2 || *mode == 3) && *port == 0x3d4;
    for (unsigned i = 0; screen.there && i < ROWS; i++)
        clear_row(i);
    return screen.there;
}

static void new_line(void)
{
    screen.column = 0;
    if (screen.row + 1 < ROWS) {
        screen.row++;
        return;
    }
    memmove(cell(0, 0), cell(1, 0), (ROWS - 1) * COLUMNS * 2);
    clear_row(ROWS - 1);
}

static void put(uint8_t c)
{
    if (c == '\n' || screen.column == COLUMNS)
        new_line();
    if (c >= ' ')
        *cell(screen.row, screen.column++) = (uint16_t)(ATTRIBUTE << 8 | c);
}

/* CRT controller registers 0E and 0F: the cursor's place in cells. */
static void show_cursor(void)
{
    unsigned at = screen.row * COLUMNS + (screen.column < COLUMNS ? screen.column : COLUMNS - 1);
    out8(0x3d4, 0x0e);
    out8(0x3d5, (uint8_t)(at >> 8));
    out8(0x3d4, 0x0f);
    out8(0x3d5, (uint8_t)at);
}

void pc_screen_write(const char *text, size_t len)
{
    if (!is_there())
        return;
    for (size_t i = 0; i < len; i++)
        put((uint8_t)text[i]);
    show_cursor();
}
