/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows count from 0 in order; a row out of order (a log cut in the middle, an emulator's own line)
 * spoils its screen and no other.
 */
#include "loader/screenfile.h"

#include "loader/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCREENFILE_LOG                                                                             \
    (4u << 20) /* of the log's end: there is at most one screen a second in it                     \
                */
#define MARK     "screen "
#define MARK_LEN 7u
#define TEXT_AT  10u /* behind "screen NN |" less its bar */

/* The characters of IBM's code page 437 that are not ASCII: 0 to 31, and 127 to 255. */
static const uint16_t low[32] = {
    0x0020, 0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022, 0x25d8, 0x25cb, 0x25d9,
    0x2642, 0x2640, 0x266a, 0x266b, 0x263c, 0x25ba, 0x25c4, 0x2195, 0x203c, 0x00b6, 0x00a7,
    0x25ac, 0x21a8, 0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc,
};
static const uint16_t high[129] = {
    0x2302, 0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8,
    0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb,
    0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3,
    0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab,
    0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551,
    0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e,
    0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565,
    0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590,
    0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9,
    0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7,
    0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of a row's text; moves *AT behind it. -1 at the end or at nonsense. */
static int next_cell(const char **at)
{
    const char *t = *at;
    if ((uint8_t)*t < ' ' || (uint8_t)*t > 0x7e)
        return -1;
    *at = t + 1;
    if (*t != '\\')
        return *t;
    if (hex(t[1]) < 0 || hex(t[2]) < 0)
        return -1;
    *at = t + 3;
    return hex(t[1]) << 4 | hex(t[2]);
}

/* The number of the row that the line at LINE is, its cells in CELL; -1: it is none. */
static int parse_row(const char *line, uint8_t cell[SCREEN_COLUMNS])
{
    if (strncmp(line, MARK, MARK_LEN) != 0 || strnlen(line, TEXT_AT + 1) < TEXT_AT + 1 ||
        line[9] != ' ' || line[TEXT_AT] != '|')
        return -1;
    int tens = hex(line[MARK_LEN]), ones = hex(line[MARK_LEN + 1]);
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9)
        return -1;
    const char *at = line + TEXT_AT + 1;
    memset(cell, ' ', SCREEN_COLUMNS);
    for (unsigned i = 0; i < SCREEN_COLUMNS; i++) {
        int c = next_cell(&at);
        if (c < 0)
            break;
        cell[i] = (uint8_t)c;
    }
    return tens * 10 + ones;
}

bool screen_find(const char *log, struct screen *s)
{
    struct screen now = {0};
    unsigned rows = 0;
    bool found = false;
    for (; *log; log += strcspn(log, "\n"), log += *log == '\n') {
        uint8_t cell[SCREEN_COLUMNS];
        int row = parse_row(log, cell);
        if (row < 0)
            continue;
        rows = row == 0 || (unsigned)row == rows ? (unsigned)row + 1 : SCREEN_ROWS + 1;
        if (rows > SCREEN_ROWS)
            continue;
        memcpy(now.cell[row], cell, sizeof cell);
        if (rows == SCREEN_ROWS) {
            *s = now;
            found = true;
        }
    }
    return found;
}

static unsigned code_point(uint8_t c)
{
    if (c < 32)
        return low[c];
    return c < 127 ? c : high[c - 127];
}

/* UTF-8 of a code point below 10000h. */
static size_t put_utf8(char *to, unsigned u)
{
    if (u < 0x80) {
        to[0] = (char)u;
        return 1;
    }
    if (u < 0x800) {
        to[0] = (char)(0xc0 | u >> 6);
        to[1] = (char)(0x80 | (u & 0x3f));
        return 2;
    }
    to[0] = (char)(0xe0 | u >> 12);
    to[1] = (char)(0x80 | (u >> 6 & 0x3f));
    to[2] = (char)(0x80 | (u & 0x3f));
    return 3;
}

static size_t put_row(char *to, const uint8_t cell[SCREEN_COLUMNS])
{
    unsigned columns = SCREEN_COLUMNS;
    size_t n = 0;
    while (columns && code_point(cell[columns - 1]) == ' ')
        columns--;
    for (unsigned i = 0; i < columns; i++)
        n += put_utf8(to + n, code_point(cell[i]));
    to[n++] = '\n';
    return n;
}

static bool write_all(int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

bool screen_write(const struct screen *s, int fd, const char *path, struct problem *p)
{
    char text[SCREEN_ROWS * (SCREEN_COLUMNS * 3 + 1)];
    size_t n = 0;
    for (unsigned row = 0; row < SCREEN_ROWS; row++)
        n += put_row(text + n, s->cell[row]);
    /* A pipe or a terminal has no beginning to go back to, and gets one screen after the other. */
    bool file = lseek(fd, 0, SEEK_SET) == 0;
    if (!write_all(fd, text, n) || (file && ftruncate(fd, (off_t)n) != 0 && errno != EINVAL))
        return problem_host(p, "--screen %s: cannot write it: %s", path, strerror(errno));
    return true;
}

bool screenfile_open(struct screenfile *f, struct problem *p)
{
    f->fd = -1;
    if (!f->path)
        return true;
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC, 0666);
    if (f->fd < 0)
        return problem_bad(p, "--screen %s: cannot write it: %s", f->path, strerror(errno));
    return true;
}

void screenfile_close(struct screenfile *f)
{
    if (f->path && f->fd >= 0)
        close(f->fd);
}

bool screenfile_update(const struct screenfile *f, struct problem *p)
{
    struct screen s;
    if (!f->path)
        return true;
    char *log = tempdir_read_tail(f->dir, FILE_LOG, SCREENFILE_LOG);
    bool found = log && screen_find(log, &s);
    free(log);
    if (!found)
        return problem_host(p, "--screen %s: the monitor has shown no screen yet", f->path);
    return screen_write(&s, f->fd, f->path, p);
}
