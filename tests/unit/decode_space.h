/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the tests that compare decoders get their bytes: the space of all opcodes, ModRM bytes
 * and relevant prefixes, or the .text section of an ELF file.
 */
#ifndef RING1_DECODE_SPACE_H
#define RING1_DECODE_SPACE_H

/* Before <gelf.h>, whose macros PF_W and so on are names in monitor/x86.h. */
#include "tests/unit/decode_book.h"

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

/* Decodes INSN_MAX bytes in two ways, compares, and returns how many to go on by. */
typedef unsigned compare_fn(const uint8_t *bytes, bool code32);

static const char *const space_prefixes[] = {"",     "\x66", "\x67",     "\xf2",    "\xf3",
                                             "\xf0", "\x64", "\x66\xf2", "\x66\xf3"};
static const char *const space_escapes[] = {"", "\x0f", "\x0f\x38", "\x0f\x3a"};

/* What follows the ModRM byte. The second one is tried where its first byte is a SIB: it has
 * a base and an index, the first has no base or an index that means none. */
static const uint8_t space_tails[2][8] = {{0x65, 0xf1, 0x82, 0x13, 0x94, 0x25, 0xa6, 0x37},
                                          {0x8c, 0x12, 0x93, 0x24, 0xa5, 0x36, 0xb7, 0x48}};

static inline bool space_has(unsigned map, unsigned opcode)
{
    static const uint8_t prefixes[] = {0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64,
                                       0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    if (map == 0)
        return !memchr(prefixes, (int)opcode, sizeof prefixes);
    return map != 1 || (opcode != 0x38 && opcode != 0x3a);
}

static inline void space_opcode(compare_fn *compare, bool code32, const char *prefix,
                                const char *escape, unsigned opcode)
{
    uint8_t bytes[INSN_MAX + 8];
    size_t p = strlen(prefix), n = p + strlen(escape);

    memcpy(bytes, prefix, p);
    memcpy(bytes + p, escape, n - p);
    bytes[n++] = (uint8_t)opcode;
    for (unsigned k = 0; k < 512; k++) {
        bytes[n] = (uint8_t)(k >> 1);
        if (k & 1 && ((bytes[n] & 7) != 4 || bytes[n] >= 0xc0))
            continue;
        for (size_t at = n + 1; at < INSN_MAX; at++)
            bytes[at] = space_tails[k & 1][(at - n - 1) & 7];
        compare(bytes, code32);
    }
}

static inline void space_walk(compare_fn *compare, bool code32)
{
    for (unsigned p = 0; p < ARRAY_SIZE(space_prefixes); p++) {
        for (unsigned map = 0; map < 4; map++) {
            for (unsigned opcode = 0; opcode < 256; opcode++) {
                if (space_has(map, opcode))
                    space_opcode(compare, code32, space_prefixes[p], space_escapes[map], opcode);
            }
        }
    }
}

/* ---- A whole program ------------------------------------------------------- */

/* Sweeps section .text of the ELF image in E. False: there is none. */
static inline bool sweep_section(Elf *e, compare_fn *compare)
{
    size_t names = 0;
    GElf_Shdr header;

    elf_getshdrstrndx(e, &names);
    for (Elf_Scn *s = elf_nextscn(e, NULL); s; s = elf_nextscn(e, s)) {
        const char *name = gelf_getshdr(s, &header) ? elf_strptr(e, names, header.sh_name) : NULL;
        if (!name || strcmp(name, ".text"))
            continue;
        Elf_Data *d = elf_getdata(s, NULL);
        for (size_t at = 0; d && at + INSN_MAX <= d->d_size;)
            at += compare((const uint8_t *)d->d_buf + at, true);
        return d != NULL;
    }
    return false;
}

/* The 32-bit code of the ELF file NAME; the exit status of the program. */
static inline int sweep_file(const char *name, compare_fn *compare)
{
    int fd = open(name, O_RDONLY);
    Elf *e = elf_version(EV_CURRENT) && fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    GElf_Ehdr header = {.e_machine = EM_NONE};
    bool i386 = e && gelf_getehdr(e, &header) && header.e_machine == EM_386;
    bool found = i386 && sweep_section(e, compare);

    if (found)
        printf("%s: %lu instructions, %lu unknown to both, %lu unexplained differences\n", name,
               book.instructions, book.unknown, book.unexplained);
    else
        fprintf(stderr, "%s: not an i386 ELF file with a .text section\n", name);
    elf_end(e);
    if (fd >= 0)
        close(fd);
    return !found || book.unexplained ? 1 : 0;
}

#endif
