/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kinds of number that must never be mixed up. Each kind of address is a
 * struct of one field, so that the compiler refuses a guest-physical address
 * where a linear one is wanted. Nothing here knows the CPU; read x86.h next.
 */
#ifndef RING1_TYPES_H
#define RING1_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guest linear address (after segmentation, before paging), 32 bits. */
typedef struct {
    uint32_t v;
} gva_t;

/* Guest-physical address, bytes. */
typedef struct {
    uint64_t v;
} gpa_t;

/* Guest frame number: gpa / 4096. */
typedef struct {
    uint32_t v;
} gfn_t;

/* Host frame number: host-physical address / 4096; 0 means "no frame". */
typedef struct {
    uint32_t v;
} hfn_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096u
#define PAGE_MASK  0xfffu

static inline gva_t gva(uint32_t v)
{
    return (gva_t){v};
}

static inline gpa_t gpa(uint64_t v)
{
    return (gpa_t){v};
}

static inline gfn_t gfn(uint32_t v)
{
    return (gfn_t){v};
}

static inline hfn_t hfn(uint32_t v)
{
    return (hfn_t){v};
}

static inline gfn_t gpa_to_gfn(gpa_t a)
{
    return gfn((uint32_t)(a.v >> PAGE_SHIFT));
}

static inline gpa_t gfn_to_gpa(gfn_t f)
{
    return gpa((uint64_t)f.v << PAGE_SHIFT);
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
