/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A Linux kernel that is to be patched: a bzImage or the vmlinux inside one comes in; its sections,
 * its functions and its bytes by virtual address come out. The file may say anything; what is
 * handed out lies inside it.
 */
#ifndef RING1_LOADER_PATCH_SUBJECT_H
#define RING1_LOADER_PATCH_SUBJECT_H

#include "loader/input.h"
#include "tools/lab/profile/symbols.h"

#define SUBJECT_SECTIONS 128u

/* One that is loaded and has bytes in the file. */
struct subject_section {
    char name[32];
    uint32_t address, size;
    size_t offset; /* in .elf */
    bool code;
};

struct subject {
    const char *path;
    struct blob file;    /* as it was read; .elf is it, or what was unpacked from .payload */
    struct blob elf;     /* with whatever follows the ELF file in the payload */
    struct blob payload; /* borrowed from .file; .size is 0 for an ELF file */
    unsigned sections;
    struct subject_section section[SUBJECT_SECTIONS];
    struct symbols symbols; /* of functions */
};

/* Reads PATH. False, with the reason in P: it is no 32-bit Linux kernel, is damaged, has no section
 * table or no symbols. In both cases subject_free is the caller's to call. */
bool subject_read(const char *path, struct subject *k, struct problem *p);

/* The same for a file that is in K->file already; K is zeros but for that and its path. */
bool subject_open(struct subject *k, struct problem *p);
void subject_free(struct subject *k);

/* The section called NAME, NULL if there is none; the one that all of [ADDRESS, ADDRESS + SIZE)
 * lies in. */
const struct subject_section *subject_find(const struct subject *k, const char *name);
const struct subject_section *subject_at(const struct subject *k, uint32_t address, uint32_t size);

/* Variables with values, not one of the tables: .data, .init.data and their like. */
bool subject_is_data(const struct subject_section *s);

/* The bytes of [ADDRESS, ADDRESS + SIZE), to be read or changed; NULL if they are not all in one
 * section. */
uint8_t *subject_bytes(const struct subject *k, uint32_t address, uint32_t size);

/* Where the function NAME begins; 0: there is none, or more than one. */
uint32_t subject_function(const struct subject *k, const char *name);

#endif
