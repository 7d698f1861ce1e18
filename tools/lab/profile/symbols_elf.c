/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The symbol table of a 32-bit ELF file, by libelf: functions, and labels in sections of code, as
 * assemblers make them.
 */
#include "tools/lab/profile/symbols.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

static bool in_code(Elf *elf, const GElf_Sym *sym)
{
    GElf_Shdr header;
    Elf_Scn *section = elf_getscn(elf, sym->st_shndx);
    return sym->st_shndx != SHN_UNDEF && sym->st_shndx < SHN_LORESERVE && section &&
           gelf_getshdr(section, &header) && (header.sh_flags & SHF_EXECINSTR);
}

static void take_symbol(Elf *elf, const GElf_Shdr *table, const GElf_Sym *sym, struct symbols *s)
{
    unsigned type = GELF_ST_TYPE(sym->st_info);
    const char *name = elf_strptr(elf, table->sh_link, sym->st_name);
    if ((type != STT_FUNC && type != STT_NOTYPE) || !name || !name[0] || !in_code(elf, sym))
        return;
    symbols_add(s, (uint32_t)sym->st_value, (uint32_t)sym->st_size, name, strlen(name));
}

static void take_tables(Elf *elf, struct symbols *s)
{
    GElf_Shdr header;
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB || !header.sh_entsize)
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        GElf_Sym sym;
        for (int i = 1; data && !s->failed && gelf_getsym(data, i, &sym); i++)
            take_symbol(elf, &header, &sym, s);
    }
}

bool symbols_from_elf(const struct blob *file, struct symbols *s)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)file->data, file->size);
    if (!elf)
        return false;
    if (gelf_getclass(elf) == ELFCLASS32)
        take_tables(elf, s);
    elf_end(elf);
    s->from = s->count ? "ELF symbols" : NULL;
    return s->count != 0;
}
