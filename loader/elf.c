/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * i386 ELF executables, read with libelf: every PT_LOAD segment goes to its physical
 * address. Used by itself for a plain ELF kernel, which gets no command line and no
 * initrd (nothing says how it would take them), and by multiboot.c.
 */
#include "loader/kernel.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

bool elf_probe(const struct blob *kernel)
{
    return kernel->size >= 4 && memcmp(kernel->data, ELFMAG, SELFMAG) == 0;
}

static bool check_class(const struct kernel_request *r, const GElf_Ehdr *eh, struct problem *p)
{
    if (eh->e_machine == EM_X86_64)
        return problem_bad(p,
                           "kernel %s: this is a 64-bit (x86-64) program; Ring1 runs 32-bit x86 "
                           "kernels",
                           r->path);
    if (eh->e_machine != EM_386 || eh->e_ident[EI_CLASS] != ELFCLASS32)
        return problem_bad(p, "kernel %s: this ELF file is not for 32-bit x86 (machine %u, %s-bit)",
                           r->path, eh->e_machine,
                           eh->e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32");
    if (eh->e_ident[EI_DATA] != ELFDATA2LSB)
        return problem_bad(p, "kernel %s: this ELF file is big-endian", r->path);
    if (eh->e_type != ET_EXEC)
        return problem_bad(p,
                           "kernel %s: this ELF file is not an executable at fixed addresses "
                           "(type %u); link it with -no-pie, not as an object or library",
                           r->path, eh->e_type);
    return true;
}

static bool add_segment(const struct kernel_request *r, const GElf_Phdr *ph, struct image *im,
                        struct problem *p)
{
    if (ph->p_filesz > ph->p_memsz)
        return problem_bad(p, "kernel %s: an ELF segment has more bytes in the file than in memory",
                           r->path);
    if (ph->p_offset > r->kernel.size || ph->p_filesz > r->kernel.size - ph->p_offset)
        return problem_bad(p,
                           "kernel %s: the ELF segment for address %#llx lies behind the file's "
                           "end; it is truncated",
                           r->path, (unsigned long long)ph->p_paddr);
    return image_add(im, "kernel segment", ph->p_paddr, ph->p_memsz, r->kernel.data + ph->p_offset,
                     (uint32_t)ph->p_filesz, p);
}

/* The guest starts with paging off. A kernel linked high may name its entry by a virtual
 * address: within the segment that holds it, that is the physical one. */
static uint32_t physical_entry(const GElf_Phdr *ph, uint64_t entry, uint32_t otherwise)
{
    if (entry >= ph->p_vaddr && entry - ph->p_vaddr < ph->p_memsz)
        return (uint32_t)(ph->p_paddr + (entry - ph->p_vaddr));
    return otherwise;
}

static bool load(const struct kernel_request *r, Elf *elf, struct image *im, struct problem *p)
{
    GElf_Ehdr eh;
    size_t count = 0;
    if (!gelf_getehdr(elf, &eh))
        return problem_bad(p, "kernel %s: the ELF header is truncated or damaged", r->path);
    if (!check_class(r, &eh, p))
        return false;
    if (elf_getphdrnum(elf, &count) != 0)
        count = 0;
    im->eip = (uint32_t)eh.e_entry;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(elf, (int)i, &ph))
            return problem_bad(p, "kernel %s: the ELF program headers are truncated or damaged",
                               r->path);
        if (ph.p_type != PT_LOAD)
            continue;
        if (!add_segment(r, &ph, im, p))
            return false;
        im->eip = physical_entry(&ph, eh.e_entry, im->eip);
    }
    if (im->count == 0)
        return problem_bad(p, "kernel %s: this ELF file has no loadable segment", r->path);
    if (!image_covers(im, im->eip))
        return problem_bad(p, "kernel %s: the entry point %#x lies in no loaded segment", r->path,
                           im->eip);
    return true;
}

bool elf_load_segments(const struct kernel_request *r, struct image *im, struct problem *p)
{
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)r->kernel.data, r->kernel.size);
    if (!elf || elf_kind(elf) != ELF_K_ELF) {
        elf_end(elf);
        return problem_bad(p, "kernel %s: the ELF header is truncated or damaged", r->path);
    }
    bool ok = load(r, elf, im, p);
    elf_end(elf);
    return ok;
}

bool elf_load(const struct kernel_request *r, struct image *im, struct problem *p)
{
    if (!elf_load_segments(r, im, p))
        return false;
    if (r->initrd_path || r->append[0])
        return problem_bad(p,
                           "kernel %s: a plain ELF kernel takes no %s; only a Linux bzImage and a "
                           "multiboot kernel do",
                           r->path, r->initrd_path ? "--initrd" : "--append");
    return image_add_gdt(im, p);
}
