/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A small kernel for tests of `ring1 patch': an i386 ELF file with Linux's banner, code, its
 * tables, an exported variable, and a symbol table. Tests write into its parts, then read it as a
 * subject.
 */
#ifndef RING1_PATCH_KERNEL_H
#define RING1_PATCH_KERNEL_H

#include "loader/kernel.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#define TEXT   0xc1000000u /* .text ... */
#define INIT   0xc1010000u /* .init.text */
#define DATA   0xc1020000u
#define LOCKS  0xc1030000u
#define EXPORT 0xc1040000u /* __ksymtab, with room for the names behind it */
#define NAMES  0xc1050000u

enum {
    NO_SECTION,
    S_TEXT,
    S_INIT,
    S_DATA,
    S_LOCKS,
    S_EXPORT,
    S_NAMES,
    S_SYMTAB,
    S_STRTAB,
    S_SHSTRTAB,
    SECTIONS
};

#define SYMBOLS 8
struct kernel_file {
    Elf32_Ehdr eh;
    Elf32_Phdr ph;
    Elf32_Shdr sh[SECTIONS];
    Elf32_Sym sym[SYMBOLS];
    char strtab[256], shstrtab[128];
    uint8_t text[0x400], init[0x100], data[0x100], locks[0x40], exported[0x30], names[0x80];
};
static struct kernel_file kf;
static inline void section(unsigned n, const char *name, uint32_t type, uint32_t flags,
                           uint32_t address, const void *bytes, uint32_t size)
{
    static uint32_t next;
    if (n == S_TEXT)
        next = 1;
    strcpy(kf.shstrtab + next, name);
    kf.sh[n] = (Elf32_Shdr){.sh_name = next,
                            .sh_type = type,
                            .sh_flags = flags,
                            .sh_addr = address,
                            .sh_offset = (uint32_t)((const uint8_t *)bytes - (uint8_t *)&kf),
                            .sh_size = size};
    next += (uint32_t)strlen(name) + 1;
}

/* Function N of the symbol table. */
static inline void function(unsigned n, const char *name, uint32_t address)
{
    static uint32_t next;
    if (n == 1)
        next = 1;
    strcpy(kf.strtab + next, name);
    kf.sym[n] = (Elf32_Sym){.st_name = next,
                            .st_value = address,
                            .st_info = ELF32_ST_INFO(STB_GLOBAL, STT_FUNC),
                            .st_shndx = S_TEXT};
    next += (uint32_t)strlen(name) + 1;
}

/* Row ROW of __ksymtab exports the variable at ADDRESS as the string at offset NAME of NAMES. */
static inline void export(unsigned row, uint32_t address, uint32_t name)
{
    uint32_t here = EXPORT + 12 * row;
    put32(kf.exported, 12 * row, address - here);
    put32(kf.exported, 12 * row + 4, NAMES + name - (here + 4));
}

/* Entry I of .smp_locks is for ADDRESS. */
static inline void lock_site(unsigned i, uint32_t address)
{
    put32(kf.locks, 4 * i, address - (LOCKS + 4 * i));
}

static inline void code(uint32_t address, const char *bytes, size_t size)
{
    uint8_t *to = address >= INIT ? kf.init + (address - INIT) : kf.text + (address - TEXT);
    memcpy(to, bytes, size);
}
#define CODE(address, bytes) code(address, bytes, sizeof(bytes) - 1)

static inline void good_kernel(void)
{
    const uint32_t exec = SHF_ALLOC | SHF_EXECINSTR, bits = SHT_PROGBITS;
    memset(&kf, 0, sizeof kf);
    memset(kf.text, 0x90, sizeof kf.text);
    memset(kf.init, 0x90, sizeof kf.init);
    memcpy(kf.eh.e_ident, ELFMAG, SELFMAG);
    kf.eh.e_ident[EI_CLASS] = ELFCLASS32;
    kf.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    kf.eh.e_ident[EI_VERSION] = EV_CURRENT;
    kf.eh.e_type = ET_EXEC;
    kf.eh.e_machine = EM_386;
    kf.eh.e_version = EV_CURRENT;
    kf.eh.e_entry = 0x1000000;
    kf.eh.e_phoff = offsetof(struct kernel_file, ph);
    kf.eh.e_shoff = offsetof(struct kernel_file, sh);
    kf.eh.e_ehsize = sizeof kf.eh;
    kf.eh.e_phentsize = sizeof kf.ph;
    kf.eh.e_phnum = 1;
    kf.eh.e_shentsize = sizeof kf.sh[0];
    kf.eh.e_shnum = SECTIONS;
    kf.eh.e_shstrndx = S_SHSTRTAB;
    kf.ph = (Elf32_Phdr){PT_LOAD,        offsetof(struct kernel_file, text),
                         TEXT,           0x1000000,
                         sizeof kf.text, sizeof kf.text,
                         PF_R | PF_X,    1};
    section(S_TEXT, ".text", bits, exec, TEXT, kf.text, sizeof kf.text);
    section(S_INIT, ".init.text", bits, exec, INIT, kf.init, sizeof kf.init);
    section(S_DATA, ".data", bits, SHF_ALLOC | SHF_WRITE, DATA, kf.data, sizeof kf.data);
    section(S_LOCKS, ".smp_locks", bits, SHF_ALLOC, LOCKS, kf.locks, sizeof kf.locks);
    section(S_EXPORT, "__ksymtab", bits, SHF_ALLOC, EXPORT, kf.exported, sizeof kf.exported);
    section(S_NAMES, "__ksymtab_strings", bits, SHF_ALLOC, NAMES, kf.names, sizeof kf.names);
    section(S_SYMTAB, ".symtab", SHT_SYMTAB, 0, 0, kf.sym, sizeof kf.sym);
    section(S_STRTAB, ".strtab", SHT_STRTAB, 0, 0, kf.strtab, sizeof kf.strtab);
    section(S_SHSTRTAB, ".shstrtab", SHT_STRTAB, 0, 0, kf.shstrtab, sizeof kf.shstrtab);
    kf.sh[S_SYMTAB].sh_link = S_STRTAB;
    kf.sh[S_SYMTAB].sh_entsize = sizeof kf.sym[0];
    function(1, "asm_exc_page_fault", TEXT);
    function(2, "mask_and_ack_8259A", TEXT + 0x100);
    function(3, "x86_init_noop", TEXT + 0x200);
    function(4, "default_find_smp_config", INIT);
    function(5, "default_get_smp_config", INIT + 0x20);
    memcpy(kf.data + 0x80, "Linux version 6.1.0", 20);
    memcpy(kf.names, "other\0setup_max_cpus", 21);
    export(0, DATA + 0x40, 0);
    export(1, DATA + 0x10, 6);
    put32(kf.data, 0x10, 32);
}

#endif
