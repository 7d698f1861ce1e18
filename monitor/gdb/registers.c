/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See registers.h.
 */
#include "monitor/gdb/registers.h"

#include "monitor/mem.h"
#include "monitor/segment.h"

enum kind {
    KIND_GPR,
    KIND_EIP,
    KIND_EFLAGS,
    KIND_SEGMENT,
    KIND_ST,
    KIND_CONTROL,
    KIND_XMM,
    KIND_MXCSR,
    KIND_CR,
    KIND_BASE,
    KIND_GDT,
    KIND_IDT
};

static const struct row {
    uint8_t size; /* bytes */
    uint8_t kind;
    uint8_t which;
} rows[] = {
#define X(name, bits, type, kind, which) {bits / 8, KIND_##kind, which},
    GDB_CORE(X) GDB_SSE(X) GDB_SYSTEM(X)
#undef X
};

static const enum gdb_fpu_kind fpu_kinds[] = {
    [KIND_ST] = FPU_ST,
    [KIND_CONTROL] = FPU_CONTROL,
    [KIND_XMM] = FPU_XMM,
    [KIND_MXCSR] = FPU_MXCSR,
};

static bool in_fpu(const struct row *r)
{
    return r->kind >= KIND_ST && r->kind <= KIND_MXCSR;
}

static uint32_t control(const struct vcpu *v, unsigned which)
{
    const uint32_t cr[] = {[0] = v->cr0, [2] = v->cr2, [3] = v->cr3, [4] = v->cr4};
    return cr[which];
}

static uint32_t value(const struct vcpu *v, const struct row *r)
{
    switch (r->kind) {
    case KIND_GPR:
        return v->gpr[r->which];
    case KIND_EIP:
        return v->eip;
    case KIND_EFLAGS:
        return vcpu_eflags(v);
    case KIND_SEGMENT:
        return v->seg[r->which].sel;
    case KIND_CR:
        return control(v, r->which);
    case KIND_GDT:
        return v->gdtr.base;
    case KIND_IDT:
        return v->idtr.base;
    default:
        return v->seg[r->which].base;
    }
}

static bool get(struct vcpu *v, struct gdb_fpu *f, const struct row *r, uint8_t *bytes)
{
    if (in_fpu(r))
        return gdb_fpu_read(v, f, fpu_kinds[r->kind], r->which, bytes);
    uint32_t n = value(v, r);
    memcpy(bytes, &n, sizeof n);
    return true;
}

bool registers_read(struct vcpu *v, struct gdb_fpu *f, unsigned number, struct gdb_answer *a)
{
    static const char unknown[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    uint8_t bytes[GDB_WIDEST];
    if (number >= ARRAY_SIZE(rows))
        return false;
    if (get(v, f, &rows[number], bytes))
        gdb_add_bytes(a, bytes, rows[number].size);
    else
        gdb_add_text(a, unknown, 2u * rows[number].size);
    return true;
}

/* ---- Writing ------------------------------------------------------------------ */

/* A shadow of STI or MOV SS, and the sleep of HLT, belong to where the CPU was. */
void registers_go(struct vcpu *v, uint32_t eip)
{
    if (v->eip == eip)
        return;
    v->eip = eip;
    v->inhibit = 0;
    v->halted = false;
}

/* VM, and VIF and VIP that nothing here uses, stay as they are. */
static void set_flags(struct vcpu *v, uint32_t flags)
{
    const uint32_t free =
        FL_ARITH | FL_TF | FL_IF | FL_DF | FL_IOPL | FL_NT | FL_RF | FL_AC | FL_ID;
    vcpu_set_eflags(v, (vcpu_eflags(v) & ~free) | (flags & free));
}

/* A selector that the guest could not load changes nothing. */
static bool set_segment(struct vcpu *v, enum sreg r, uint32_t sel)
{
    if (sel == v->seg[r].sel)
        return true;
    if (r == S_CS || r == S_SS || sel > 0xffff)
        return false;
    bool ok = segment_load(v, r, (uint16_t)sel);
    v->exc.valid = false;
    return ok;
}

static bool set(struct vcpu *v, const struct row *r, uint32_t n)
{
    switch (r->kind) {
    case KIND_GPR:
        v->gpr[r->which] = n;
        return true;
    case KIND_EIP:
        registers_go(v, n);
        return true;
    case KIND_EFLAGS:
        set_flags(v, n);
        return true;
    case KIND_SEGMENT:
        return set_segment(v, (enum sreg)r->which, n);
    default:
        return n == value(v, r);
    }
}

bool registers_write(struct vcpu *v, struct gdb_fpu *f, unsigned number, struct gdb_words *w)
{
    uint8_t bytes[GDB_WIDEST];
    uint32_t n;
    if (number >= ARRAY_SIZE(rows))
        return false;
    const struct row *r = &rows[number];
    if (w->at < w->end && *w->at == 'x' && w->end - w->at >= 2 * r->size) {
        w->at += 2 * r->size;
        return true;
    }
    if (!gdb_take_bytes(w, bytes, r->size))
        return false;
    if (in_fpu(r))
        return gdb_fpu_write(v, f, fpu_kinds[r->kind], r->which, bytes);
    memcpy(&n, bytes, sizeof n);
    return set(v, r, n);
}

/* ---- The description ------------------------------------------------------------ */

/* clang-format off */
#define BIT(name, at) "<field name=\"" name "\" start=\"" #at "\" end=\"" #at "\"/>"
#define LANES(name, type, count) "<vector id=\"" name "\" type=\"" type "\" count=\"" #count "\"/>"
#define X(name, bits, type, kind, which) \
    "<reg name=\"" name "\" bitsize=\"" #bits "\" type=\"" type "\"/>\n"
#define SYSTEM(name, bits, type, kind, which) \
    "<reg name=\"" name "\" bitsize=\"" #bits "\" type=\"" type "\" group=\"system\" save-restore=\"no\"/>\n"

const char registers_xml[] =
    "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
    "<target version=\"1.0\">\n<architecture>i386</architecture>\n"
    "<feature name=\"org.gnu.gdb.i386.core\">\n"
    "<flags id=\"eflags\" size=\"4\">"
    BIT("CF", 0) BIT("PF", 2) BIT("AF", 4) BIT("ZF", 6) BIT("SF", 7) BIT("TF", 8) BIT("IF", 9)
    BIT("DF", 10) BIT("OF", 11) "<field name=\"IOPL\" start=\"12\" end=\"13\"/>" BIT("NT", 14)
    BIT("RF", 16) BIT("VM", 17) BIT("AC", 18) BIT("VIF", 19) BIT("VIP", 20) BIT("ID", 21)
    "</flags>\n"
    GDB_CORE(X)
    "</feature>\n<feature name=\"org.gnu.gdb.i386.sse\">\n"
    LANES("v4f", "ieee_single", 4) LANES("v2d", "ieee_double", 2) LANES("v16i8", "int8", 16)
    LANES("v8i16", "int16", 8) LANES("v4i32", "int32", 4) LANES("v2i64", "int64", 2)
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
    "<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
    "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
    "<field name=\"uint128\" type=\"uint128\"/></union>\n"
    GDB_SSE(X)
    "</feature>\n<feature name=\"org.ring1.system\">\n"
    GDB_SYSTEM(SYSTEM)
    "</feature>\n</target>\n";
/* clang-format on */
