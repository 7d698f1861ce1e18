/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See subject.h. libelf reads the section table; the loader's own code unpacks a bzImage.
 */
#include "loader/patch/subject.h"

#include "loader/bzimage.h"
#include "loader/guest.h"
#include "loader/kernel.h"
#include "loader/unpack.h"

#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>

/* What a bzImage has packed. */
static bool unpack_bzimage(struct subject *k, struct problem *p)
{
    uint8_t h[H_END];
    struct problem why;
    if (!bzimage_copy_header(&k->file, h))
        return problem_bad(p, "kernel %s: the bzImage header is truncated or damaged", k->path);
    if (get16(h, H_VERSION) >= 0x20c && (get16(h, H_XLOADFLAGS) & XLF_KERNEL_64))
        return problem_bad(p, "kernel %s: this Linux kernel is 64-bit; Ring1 runs 32-bit guests",
                           k->path);
    if (!bzimage_payload(&k->file, h, &k->payload))
        return problem_bad(p, "kernel %s: the bzImage does not tell where its packed kernel lies",
                           k->path);
    if (!unpack(&k->payload, &k->elf, &why)) {
        problem_bad(p, "kernel %s: %s", k->path, why.text);
        p->status = why.status;
        return false;
    }
    return elf_probe(&k->elf) ||
           problem_bad(p, "kernel %s: what is packed in the bzImage is no ELF file", k->path);
}

static bool take(const struct subject *k, const GElf_Shdr *sh)
{
    return sh->sh_type == SHT_PROGBITS && (sh->sh_flags & SHF_ALLOC) && sh->sh_size > 0 &&
           sh->sh_offset <= k->elf.size && sh->sh_size <= k->elf.size - sh->sh_offset &&
           sh->sh_addr <= UINT32_MAX && sh->sh_size <= UINT32_MAX - sh->sh_addr;
}

static void add_section(struct subject *k, const GElf_Shdr *sh, const char *name)
{
    struct subject_section *s = &k->section[k->sections++];
    *s = (struct subject_section){.address = (uint32_t)sh->sh_addr,
                                  .size = (uint32_t)sh->sh_size,
                                  .offset = (size_t)sh->sh_offset,
                                  .code = (sh->sh_flags & SHF_EXECINSTR) != 0};
    snprintf(s->name, sizeof s->name, "%s", name ? name : "");
}

static bool read_sections(struct subject *k, Elf *elf, struct problem *p)
{
    GElf_Ehdr eh;
    GElf_Shdr sh;
    Elf_Scn *at = NULL;
    size_t names = 0;
    if (!gelf_getehdr(elf, &eh))
        return problem_bad(p, "kernel %s: the ELF header is truncated or damaged", k->path);
    if (eh.e_ident[EI_CLASS] == ELFCLASS64)
        return problem_bad(p, "kernel %s: this is a 64-bit program; Ring1 runs 32-bit x86 kernels",
                           k->path);
    if (eh.e_machine != EM_386 || eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_type != ET_EXEC)
        return problem_bad(p, "kernel %s: this ELF file is no executable for 32-bit x86", k->path);
    if (elf_getshdrstrndx(elf, &names) != 0)
        names = 0;
    while ((at = elf_nextscn(elf, at)) && k->sections < SUBJECT_SECTIONS) {
        if (gelf_getshdr(at, &sh) && take(k, &sh))
            add_section(k, &sh, elf_strptr(elf, names, sh.sh_name));
    }
    return k->sections ||
           problem_bad(p,
                       "kernel %s: this ELF file has no section table, and so nothing says where "
                       "its patch tables are",
                       k->path);
}

static bool read_elf(struct subject *k, struct problem *p)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)k->elf.data, k->elf.size);
    bool ok = elf && elf_kind(elf) == ELF_K_ELF;
    if (ok)
        ok = read_sections(k, elf, p);
    else
        problem_bad(p, "kernel %s: the ELF header is truncated or damaged", k->path);
    elf_end(elf);
    return ok;
}

static bool is_linux(const struct subject *k, struct problem *p)
{
    return vmlinux_probe(&k->elf) ||
           problem_bad(p, "kernel %s: this is no Linux kernel; only those have tables to patch by",
                       k->path);
}

bool subject_open(struct subject *k, struct problem *p)
{
    if (bzimage_probe(&k->file)) {
        if (!unpack_bzimage(k, p))
            return false;
    } else if (elf_probe(&k->file)) {
        k->elf = k->file;
    } else {
        return problem_bad(p, "kernel %s: neither a bzImage nor an ELF file", k->path);
    }
    return read_elf(k, p) && is_linux(k, p) && symbols_read(k->path, &k->elf, &k->symbols, p);
}

bool subject_read(const char *path, struct subject *k, struct problem *p)
{
    *k = (struct subject){.path = path};
    return input_read(path, "kernel", KERNEL_MAX, KERNEL_TOO_LONG, &k->file, p) &&
           subject_open(k, p);
}

void subject_free(struct subject *k)
{
    symbols_free(&k->symbols);
    if (k->elf.data != k->file.data)
        blob_free(&k->elf);
    blob_free(&k->file);
}

const struct subject_section *subject_find(const struct subject *k, const char *name)
{
    for (unsigned i = 0; i < k->sections; i++) {
        if (strcmp(k->section[i].name, name) == 0)
            return &k->section[i];
    }
    return NULL;
}

const struct subject_section *subject_at(const struct subject *k, uint32_t address, uint32_t size)
{
    for (unsigned i = 0; i < k->sections; i++) {
        const struct subject_section *s = &k->section[i];
        if (address >= s->address && address - s->address < s->size &&
            size <= s->size - (address - s->address))
            return s;
    }
    return NULL;
}

bool subject_is_data(const struct subject_section *s)
{
    return !s->code &&
           (strncmp(s->name, ".data", 5) == 0 || strncmp(s->name, ".init.data", 10) == 0);
}

uint8_t *subject_bytes(const struct subject *k, uint32_t address, uint32_t size)
{
    const struct subject_section *s = subject_at(k, address, size);
    return s ? k->elf.data + s->offset + (address - s->address) : NULL;
}

uint32_t subject_function(const struct subject *k, const char *name)
{
    uint32_t found = 0;
    for (size_t i = 0; i < k->symbols.count; i++) {
        if (strcmp(k->symbols.symbol[i].name, name) != 0)
            continue;
        if (found)
            return 0;
        found = k->symbols.symbol[i].address;
    }
    return found;
}
