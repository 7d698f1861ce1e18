/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See screen.h. The screen is logged while the guest runs, not only at its end, because a guest
 * that is stopped from outside has no end that the monitor sees.
 */
#include "monitor/screen.h"

#include "devices/board.h"
#include "monitor/guestmem.h"
#include "monitor/host.h"
#include "monitor/log.h"
#include "monitor/mem.h"

#define LOOK_NS 1000000000ull
#define BURIED  5000u /* journal lines: 500 KB at most, and the loader looks at the last 4 MiB */

/* Reads row ROW of characters without their attributes. */
static void read_row(const struct vm *vm, unsigned row, uint8_t text[SCREEN_COLUMNS])
{
    struct board_text where = board_text(vm);
    uint32_t at = where.start + row * SCREEN_COLUMNS * 2;
    memset(text, ' ', SCREEN_COLUMNS);
    if (!where.text)
        return;
    for (unsigned i = 0; i < SCREEN_COLUMNS; i++, at += 2)
        guest_read(vm, gpa(where.base + at % where.size), &text[i], 1);
}

static void log_row(unsigned row, const uint8_t text[SCREEN_COLUMNS])
{
    char line[SCREEN_COLUMNS * 3 + 1] = "";
    unsigned columns = SCREEN_COLUMNS;
    size_t n = 0;
    while (columns && (text[columns - 1] == ' ' || text[columns - 1] == 0))
        columns--;
    for (unsigned i = 0; i < columns; i++) {
        bool plain = text[i] >= ' ' && text[i] < 0x7f && text[i] != '\\';
        n += fmt_print(line + n, sizeof line - n, plain ? "%c" : "\\%02x", text[i]);
    }
    log_line("screen %02u |%s", row, line);
}

void screen_log(const struct vm *vm)
{
    uint8_t text[SCREEN_COLUMNS];
    for (unsigned row = 0; row < SCREEN_ROWS; row++) {
        read_row(vm, row, text);
        if (row == 0 && !board_text(vm).text)
            memcpy(text, "(graphics mode)", 15);
        log_row(row, text);
    }
}

/* FNV-1a over all characters; never 0, which stands for "not seen yet". */
static uint32_t fingerprint(const struct vm *vm)
{
    uint32_t hash = 2166136261u;
    uint8_t text[SCREEN_COLUMNS];
    for (unsigned row = 0; row < SCREEN_ROWS; row++) {
        read_row(vm, row, text);
        for (unsigned i = 0; i < SCREEN_COLUMNS; i++)
            hash = (hash ^ text[i]) * 16777619u;
    }
    return hash ? hash : 1;
}

void screen_watch(struct vm *vm)
{
    struct screen *s = &vm->screen;
    uint64_t now = host_now_ns();
    if (!s->wanted || now < s->next_ns)
        return;
    s->next_ns = now + LOOK_NS;
    uint32_t seen = fingerprint(vm);
    if (seen == s->seen && vm->journal_lines - s->lines < BURIED)
        return;
    screen_log(vm);
    s->seen = seen;
    s->lines = vm->journal_lines;
}
