/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ELF files for `ring1 inspect`. Code is what the section table calls executable; a file without
 * that table is counted by its executable segments, data in them included.
 */
#include "loader/describe.h"

#include <gelf.h>
#include <libelf.h>

#define SEGMENTS_SHOWN 64u

static Elf *open_elf(const struct blob *file, GElf_Ehdr *eh)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)file->data, file->size);
    if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, eh))
        return elf;
    elf_end(elf);
    return NULL;
}

/* Is [AT, AT + SIZE) inside the file? */
static bool inside(const struct blob *file, uint64_t at, uint64_t size)
{
    return at <= file->size && size <= file->size - at;
}

static void add_segment(const struct blob *file, const GElf_Phdr *ph, unsigned index,
                        struct sheet *s)
{
    char name[24], rights[4] = {ph->p_flags & PF_R ? 'r' : '-', ph->p_flags & PF_W ? 'w' : '-',
                                ph->p_flags & PF_X ? 'x' : '-'};
    snprintf(name, sizeof name, "%u", index);
    sheet_add(s, name,
              json_pack("{s:I,s:I,s:I,s:I,s:s}", "physical", (json_int_t)ph->p_paddr, "virtual",
                        (json_int_t)ph->p_vaddr, "file_bytes", (json_int_t)ph->p_filesz,
                        "memory_bytes", (json_int_t)ph->p_memsz, "rights", rights),
              "physical %08llx  virtual %08llx  in file %9llu  in memory %9llu  %s%s",
              (unsigned long long)ph->p_paddr, (unsigned long long)ph->p_vaddr,
              (unsigned long long)ph->p_filesz, (unsigned long long)ph->p_memsz, rights,
              inside(file, ph->p_offset, ph->p_filesz) ? "" : "  (behind the file's end)");
}

static void add_segments(const struct blob *file, Elf *elf, struct sheet *s)
{
    size_t count = 0;
    unsigned shown = 0;
    GElf_Phdr ph;
    sheet_begin(s, "Segments", "segments", true);
    if (elf_getphdrnum(elf, &count) != 0)
        count = 0;
    for (size_t i = 0; i < count && shown < SEGMENTS_SHOWN; i++) {
        if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD)
            add_segment(file, &ph, shown++, s);
    }
}

static bool count_sections(const struct blob *file, Elf *elf, struct census *c)
{
    Elf_Scn *at = NULL;
    GElf_Shdr sh;
    bool any = false;
    while ((at = elf_nextscn(elf, at))) {
        if (!gelf_getshdr(at, &sh) || sh.sh_type != SHT_PROGBITS ||
            !(sh.sh_flags & SHF_EXECINSTR) || !inside(file, sh.sh_offset, sh.sh_size))
            continue;
        census_add(c, file->data + sh.sh_offset, sh.sh_size);
        any = true;
    }
    return any;
}

static void count_segments(const struct blob *file, Elf *elf, struct census *c)
{
    size_t count = 0;
    GElf_Phdr ph;
    if (elf_getphdrnum(elf, &count) != 0)
        count = 0;
    for (size_t i = 0; i < count && i < SEGMENTS_SHOWN; i++) {
        if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && (ph.p_flags & PF_X) &&
            inside(file, ph.p_offset, ph.p_filesz))
            census_add(c, file->data + ph.p_offset, ph.p_filesz);
    }
}

void describe_elf_content(const struct blob *file, struct sheet *s, struct census *c)
{
    GElf_Ehdr eh;
    Elf *elf = open_elf(file, &eh);
    if (!elf) {
        sheet_text(s, "content", "no readable ELF file");
        return;
    }
    add_segments(file, elf, s);
    if (eh.e_machine == EM_386 && !count_sections(file, elf, c))
        count_segments(file, elf, c);
    elf_end(elf);
}

static const char *machine_name(unsigned machine)
{
    return machine == EM_386 ? "32-bit x86" : machine == EM_X86_64 ? "64-bit x86" : "not x86";
}

void describe_elf(const struct blob *file, struct sheet *s, struct census *c)
{
    GElf_Ehdr eh;
    Elf *elf = open_elf(file, &eh);
    sheet_begin(s, "ELF header", "elf", false);
    if (elf) {
        sheet_add(s, "machine", json_integer(eh.e_machine), "%u (%s)", eh.e_machine,
                  machine_name(eh.e_machine));
        sheet_add(s, "type", json_integer(eh.e_type), "%u (%s)", eh.e_type,
                  eh.e_type == ET_EXEC ? "an executable at fixed addresses" : "no fixed addresses");
        sheet_hex(s, "entry", eh.e_entry);
    }
    elf_end(elf);
    describe_elf_content(file, s, c);
}
