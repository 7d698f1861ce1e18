/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Images (image.h). An image must end below 2 MiB, where the runtime's first stack is.
 */
#include "tests/programs/image.h"

#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/programs/section.h"

enum { MOST = 0x200000 - 0x100000 - 0x1000, TROUBLE = 3 };

static void word(struct image *im, size_t at, uint32_t value)
{
    memcpy(im->bytes + at, &value, 4);
}

static void append(struct image *im, uint32_t value)
{
    word(im, im->len, value);
    im->len += 4;
}

void image_open(struct image *im, const char *path, bool verbose)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        error(TROUBLE, errno, "%s", path);
    im->bytes = calloc(1, 2 * MOST);
    if (!im->bytes)
        error(TROUBLE, errno, "memory");
    size_t n = fread(im->bytes, 1, MOST, f);
    if (ferror(f) || n == 0)
        error(TROUBLE, errno, "%s: cannot be read", path);
    fclose(f);
    im->header = im->len = (n + 15) / 16 * 16;
    append(im, IMAGE_MAGIC);
    append(im, 0);
    append(im, verbose);
    append(im, 0);
}

static void add_section(struct image *im, const struct gen *g)
{
    static const int order[6] = {CS, SS, DS, ES, FS, GS};
    const struct mode *m = &g->mode;
    size_t at = im->len;
    uint32_t code = (g->len + 3) / 4 * 4;
    im->len += SECTION_HEADER;
    word(im, at + SECTION_KIND, m->kind);
    word(im, at + SECTION_CR0, m->cr0);
    word(im, at + SECTION_CR3, m->cr3);
    word(im, at + SECTION_CR4, m->cr4);
    word(im, at + SECTION_EFLAGS, m->eflags);
    word(im, at + SECTION_EIP, AT_CODE - m->seg[CS].base);
    word(im, at + SECTION_ESP, m->esp);
    for (int i = 0; i < 6; i++)
        word(im,
             at + (const int[]){SECTION_CS, SECTION_SS, SECTION_DS, SECTION_ES, SECTION_FS,
                                SECTION_GS}[i],
             m->seg[order[i]].selector);
    word(im, at + SECTION_REPEAT, g->repeat);
    word(im, at + SECTION_REGISTERS, g->choice->seed * 0x9e3779b1u + g->section);
    word(im, at + SECTION_BOUNDS, g->nbounds);
    word(im, at + SECTION_CODE, code);
    for (uint32_t i = 0; i < g->nbounds; i++)
        append(im, g->bounds[i].offset | g->bounds[i].undefined << 16);
    memcpy(im->bytes + im->len, g->code, g->len);
    im->len += code;
}

uint32_t program_sections(const struct choice *choice)
{
    return 16 + choice->seed * 0x9e3779b1u % 8;
}

uint32_t program_atoms(const struct choice *choice)
{
    static struct gen g;
    uint32_t first = 0;
    for (uint32_t s = 0; s < program_sections(choice); s++) {
        section_make(&g, choice, s, first);
        first += g.atoms;
    }
    return first;
}

bool image_add(struct image *im, const struct choice *choice)
{
    static struct gen g;
    size_t before = im->len;
    uint32_t first = 0, kept = 0;
    append(im, choice->seed);
    append(im, 0);
    for (uint32_t s = 0; s < program_sections(choice); s++) {
        section_make(&g, choice, s, first);
        first += g.atoms;
        if (g.empty && choice->dropped)
            continue;
        if (im->len + SECTION_HEADER + sizeof(g.bounds) + g.len > MOST) {
            im->len = before;
            return false;
        }
        add_section(im, &g);
        kept++;
    }
    word(im, before + PROGRAM_SECTIONS, kept);
    uint32_t programs;
    memcpy(&programs, im->bytes + im->header + IMAGE_PROGRAMS, 4);
    word(im, im->header + IMAGE_PROGRAMS, programs + 1);
    return true;
}

void image_close(struct image *im, const char *path)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(im->bytes, 1, im->len, f) != im->len || fclose(f))
        error(TROUBLE, errno, "%s: cannot be written", path);
    free(im->bytes);
}
