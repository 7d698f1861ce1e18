/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Selectors, descriptors and gates as data, shared by the files behind segment.h and inject.h.
 * A selector comes in, eight checked bytes or an exact error code go out. Who may use
 * the descriptor for what is decided by the callers, each with its manual page.
 */
#ifndef RING1_SELECTOR_H
#define RING1_SELECTOR_H

#include "monitor/segment.h"
#include "monitor/vcpu.h"

/* Bit 0 of a selector error code: raised while an event from outside the program was
 * delivered (SDM 3A 6.13). Functions below take EXT as this bit or 0. */
#define ERROR_EXT 1u
#define ERROR_IDT 2u

#define NO_SELECTOR(sel) (!((sel)&0xfffcu))

static inline uint32_t selector_error(uint16_t sel, unsigned ext)
{
    return (sel & 0xfffcu) | ext;
}

/* Raises VECTOR with SEL's error code; returns false. */
bool selector_fault(struct vcpu *v, uint8_t vector, uint16_t sel, unsigned ext);

/* Reads SEL's descriptor. False: outside its table (VECTOR with SEL's error code), or the
 * table's page faults. A null selector is the caller's to refuse before. */
bool selector_read(struct vcpu *v, uint16_t sel, uint8_t vector, unsigned ext,
                   struct descriptor *d);

/* Linear address of SEL's descriptor. False: outside its table, or there is no LDT. */
bool selector_locate(const struct vcpu *v, uint16_t sel, gva_t *where);

/* Sets the accessed bit of a code or data descriptor, here and in the guest's table. False:
 * the table cannot be written there (#PF). */
bool descriptor_mark_accessed(struct vcpu *v, struct descriptor *d);

/* Writes the rights byte of D's guest table entry: TYPE replaces its system type. */
bool descriptor_set_type(struct vcpu *v, struct descriptor *d, unsigned type);

/* ---- What a descriptor is -------------------------------------------------- */

static inline uint32_t descriptor_attr(const struct descriptor *d)
{
    return (uint32_t)(d->raw >> 40) & 0xf0ffu;
}

static inline unsigned attr_dpl(uint32_t attr)
{
    return (attr & SA_DPL) >> SA_DPL_SHIFT;
}

static inline bool attr_is_code(uint32_t attr)
{
    return (attr & (SA_S | SA_CODE)) == (SA_S | SA_CODE);
}

static inline bool attr_is_conforming(uint32_t attr)
{
    return attr_is_code(attr) && (attr & SA_DC);
}

static inline bool attr_is_writable(uint32_t attr)
{
    return (attr & (SA_S | SA_CODE | SA_RW)) == (SA_S | SA_RW);
}

static inline bool attr_is_readable(uint32_t attr)
{
    return (attr & SA_S) && (!(attr & SA_CODE) || (attr & SA_RW));
}

/* The system type (enum sys_type), 0 (which is reserved) for code and data. */
static inline unsigned attr_system_type(uint32_t attr)
{
    return attr & SA_S ? 0 : attr & SA_TYPE;
}

/* Offset and length lie within S's limit, expand-down or not. LEN is not 0. */
bool segment_in_limit(const struct segment *s, uint32_t off, uint32_t len);

/* Real and V86 mode: what loading SEL makes of register R's hidden part. */
struct segment segment_real(const struct vcpu *v, enum sreg r, uint16_t sel);

/* ---- Gates ----------------------------------------------------------------- */

/* A call, interrupt or trap gate (SDM 3A figures 5-8 and 6-2). */
struct gate {
    uint16_t sel;
    uint32_t off;
    uint8_t size;   /* of what it pushes: 2 or 4 */
    uint8_t params; /* call gates: words or dwords to copy */
};

struct gate gate_unpack(uint64_t raw);

#endif
