/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A small i386 ELF kernel, built in memory, for tests to load or to spoil.
 */
#ifndef RING1_LOADER_ELF_H
#define RING1_LOADER_ELF_H

#include "tests/unit/loader_world.h"

#include <elf.h>
#include <stddef.h>

struct elf_file {
    Elf32_Ehdr eh;
    Elf32_Phdr ph[3];
    uint8_t text[8192];
};
static struct elf_file ef;

#define TEXT_OFFSET offsetof(struct elf_file, text)

static inline Elf32_Phdr pt_load(uint32_t paddr, uint32_t vaddr, uint32_t offset, uint32_t filesz,
                                 uint32_t memsz)
{
    return (Elf32_Phdr){.p_type = PT_LOAD,
                        .p_offset = (Elf32_Off)TEXT_OFFSET + offset,
                        .p_vaddr = vaddr,
                        .p_paddr = paddr,
                        .p_filesz = filesz,
                        .p_memsz = memsz};
}

/* Code linked at 0xc0100000 and loaded at 1 MiB, data with bss behind it, and a note. */
static inline struct kernel_request good_elf(void)
{
    memset(&ef, 0, sizeof ef);
    memcpy(ef.eh.e_ident, ELFMAG, SELFMAG);
    ef.eh.e_ident[EI_CLASS] = ELFCLASS32;
    ef.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    ef.eh.e_ident[EI_VERSION] = EV_CURRENT;
    ef.eh.e_type = ET_EXEC;
    ef.eh.e_machine = EM_386;
    ef.eh.e_version = EV_CURRENT;
    ef.eh.e_entry = 0xc0100010;
    ef.eh.e_phoff = sizeof ef.eh;
    ef.eh.e_ehsize = sizeof ef.eh;
    ef.eh.e_phentsize = sizeof ef.ph[0];
    ef.eh.e_phnum = 3;
    ef.ph[0] = pt_load(0x100000, 0xc0100000, 0, 4096, 4096);
    ef.ph[1] = pt_load(0x102000, 0xc0102000, 4096, 100, 0x3000);
    ef.ph[2] = (Elf32_Phdr){.p_type = PT_NOTE, .p_offset = 0xfffffff0, .p_filesz = 100};
    for (unsigned i = 0; i < sizeof ef.text; i++)
        ef.text[i] = (uint8_t)(i * 3 + 5);
    return request((uint8_t *)&ef, sizeof ef);
}

#endif
