/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See kernel.h. ELF files are read with libelf.
 */
#include "tools/lab/blocks/kernel.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "loader/bzimage.h"
#include "loader/guest.h"
#include "loader/kernel.h"
#include "loader/unpack.h"
#include "tools/lab/number.h"

static bool add_piece(struct lab_kernel *k, uint64_t address, const uint8_t *bytes, uint64_t size)
{
    if (k->pieces == LAB_PIECES || size == 0 || address > UINT32_MAX ||
        size > UINT32_MAX - address || lab_kernel_find(k, (uint32_t)address))
        return false;
    k->piece[k->pieces++] = (struct lab_code){(uint32_t)address, bytes, (uint32_t)size};
    return true;
}

static bool inside(const struct blob *file, uint64_t at, uint64_t size)
{
    return at <= file->size && size <= file->size - at;
}

/* Virtual addresses come first. */
static void add_segments(struct lab_kernel *k, Elf *elf)
{
    GElf_Phdr ph;
    size_t count = 0;
    if (elf_getphdrnum(elf, &count) != 0)
        count = 0;
    for (size_t i = 0; i < 2 * count; i++) {
        if (!gelf_getphdr(elf, (int)(i % count), &ph) || ph.p_type != PT_LOAD ||
            !inside(k->elf, ph.p_offset, ph.p_filesz))
            continue;
        add_piece(k, i < count ? ph.p_vaddr : ph.p_paddr, k->elf->data + ph.p_offset, ph.p_filesz);
    }
}

static int by_address(const void *a, const void *b)
{
    uint32_t x = ((const struct lab_symbol *)a)->address;
    uint32_t y = ((const struct lab_symbol *)b)->address;
    return x < y ? -1 : x > y;
}

static void add_symbols(struct lab_kernel *k, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    uint64_t count = sh->sh_entsize && data ? sh->sh_size / sh->sh_entsize : 0;
    k->symbol = count && count < 10000000 ? calloc(count, sizeof *k->symbol) : NULL;
    for (uint64_t n = 0; k->symbol && n < count; n++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)n, &sym) || sym.st_shndx == SHN_UNDEF ||
            GELF_ST_TYPE(sym.st_info) > STT_FUNC)
            continue;
        const char *name = elf_strptr(elf, sh->sh_link, sym.st_name);
        if (name && name[0])
            k->symbol[k->symbols++] =
                (struct lab_symbol){name, (uint32_t)sym.st_value, (uint32_t)sym.st_size};
    }
}

static void read_symbols(struct lab_kernel *k, Elf *elf)
{
    Elf_Scn *scn = NULL;
    GElf_Shdr sh;
    while ((scn = elf_nextscn(elf, scn)) && !k->symbol) {
        if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
            add_symbols(k, elf, scn, &sh);
    }
    if (k->symbol)
        qsort(k->symbol, k->symbols, sizeof *k->symbol, by_address);
}

static bool open_elf(const char *path, struct lab_kernel *k, struct problem *p)
{
    GElf_Ehdr eh;
    elf_version(EV_CURRENT);
    Elf *elf = k->handle = elf_memory((char *)k->elf->data, k->elf->size);
    bool ok = elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &eh);
    if (!ok)
        problem_bad(p, "kernel %s: the ELF header is truncated or damaged", path);
    else if (eh.e_machine != EM_386 || eh.e_ident[EI_CLASS] != ELFCLASS32)
        ok = problem_bad(p, "kernel %s: this ELF file is not for 32-bit x86", path);
    if (ok) {
        add_segments(k, elf);
        read_symbols(k, elf);
    }
    return ok;
}

/* As Ring1 loads it. */
static bool open_image(const char *path, struct lab_kernel *k, struct problem *p)
{
    struct kernel_request r = {.path = path, .kernel = k->file, .append = ""};
    if (!kernel_load(&r, &k->image, p))
        return false;
    for (unsigned i = 0; i < k->image.count; i++)
        add_piece(k, k->image.seg[i].gpa, k->image.seg[i].bytes, k->image.seg[i].file_size);
    return true;
}

static bool unpack_bzimage(const char *path, struct lab_kernel *k, struct problem *p)
{
    uint8_t h[H_END];
    struct blob packed;
    if (!bzimage_copy_header(&k->file, h) || !bzimage_payload(&k->file, h, &packed))
        return problem_bad(p, "kernel %s: no packed kernel is found in it", path);
    struct problem why;
    if (!unpack(&packed, &k->unpacked, &why))
        return problem_bad(p, "kernel %s: %s", path, why.text);
    k->elf = &k->unpacked;
    if (!elf_probe(k->elf))
        return problem_bad(p, "kernel %s: what is packed in it is no ELF file", path);
    return true;
}

bool lab_kernel_open(const char *path, struct lab_kernel *k, struct problem *p)
{
    *k = (struct lab_kernel){0};
    image_init(&k->image, 256);
    if (!input_read(path, "kernel", KERNEL_MAX, KERNEL_TOO_LONG, &k->file, p))
        return false;
    if (bzimage_probe(&k->file) && !unpack_bzimage(path, k, p))
        return false;
    if (!k->elf && elf_probe(&k->file))
        k->elf = &k->file;
    if (!(k->elf ? open_elf(path, k, p) : open_image(path, k, p)))
        return false;
    return k->pieces || problem_bad(p, "kernel %s: there is nothing to load in it", path);
}

void lab_kernel_free(struct lab_kernel *k)
{
    image_free(&k->image);
    free(k->symbol);
    elf_end(k->handle);
    blob_free(&k->unpacked);
    blob_free(&k->file);
    *k = (struct lab_kernel){0};
}

const struct lab_code *lab_kernel_find(const struct lab_kernel *k, uint32_t address)
{
    for (unsigned n = 0; n < k->pieces; n++) {
        if (address - k->piece[n].address < k->piece[n].size)
            return &k->piece[n];
    }
    return NULL;
}

static const struct lab_symbol *find_name(const struct lab_kernel *k, const char *name, size_t len)
{
    for (uint32_t n = 0; n < k->symbols; n++) {
        if (strlen(k->symbol[n].name) == len && memcmp(k->symbol[n].name, name, len) == 0)
            return &k->symbol[n];
    }
    return NULL;
}

bool lab_kernel_address(const struct lab_kernel *k, const char *text, uint32_t *address,
                        uint32_t *size, struct problem *p)
{
    uint32_t more = 0;
    const char *plus = strchr(text, '+');
    size_t len = plus ? (size_t)(plus - text) : strlen(text);
    *size = 0;
    if (lab_number(text, address))
        return true;
    const struct lab_symbol *s = find_name(k, text, len);
    if (!s || (plus && !lab_number(plus + 1, &more)))
        return problem_bad(p, "%s: neither an address nor a symbol of this kernel", text);
    *address = s->address + more;
    *size = s->size > more ? s->size - more : 0;
    return true;
}

const struct lab_symbol *lab_kernel_symbol(const struct lab_kernel *k, uint32_t address)
{
    uint32_t low = 0, high = k->symbols;
    while (high > low) {
        uint32_t middle = low + (high - low) / 2;
        if (k->symbol[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct lab_symbol *s = &k->symbol[low - 1];
    return s->size == 0 || address - s->address < s->size ? s : NULL;
}
