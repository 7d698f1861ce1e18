/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's registers under gdb's names and numbers: what its description says (target.xml) and
 * what packets carry come from one table here.
 */
#ifndef RING1_GDB_REGISTERS_H
#define RING1_GDB_REGISTERS_H

#include "monitor/gdb/fpu.h"
#include "monitor/gdb/text.h"
#include "monitor/vcpu.h"

/* X(name, bits, type, kind, which), in the order of their numbers. gdb knows the first two groups
 * by their features' names and wants all of each (GDB manual G.5.7). */
/* clang-format off */
#define GDB_CORE(X) \
    X("eax", 32, "int32", GPR, R_EAX)       X("ecx", 32, "int32", GPR, R_ECX) \
    X("edx", 32, "int32", GPR, R_EDX)       X("ebx", 32, "int32", GPR, R_EBX) \
    X("esp", 32, "data_ptr", GPR, R_ESP)    X("ebp", 32, "data_ptr", GPR, R_EBP) \
    X("esi", 32, "int32", GPR, R_ESI)       X("edi", 32, "int32", GPR, R_EDI) \
    X("eip", 32, "code_ptr", EIP, 0)        X("eflags", 32, "eflags", EFLAGS, 0) \
    X("cs", 32, "int32", SEGMENT, S_CS)     X("ss", 32, "int32", SEGMENT, S_SS) \
    X("ds", 32, "int32", SEGMENT, S_DS)     X("es", 32, "int32", SEGMENT, S_ES) \
    X("fs", 32, "int32", SEGMENT, S_FS)     X("gs", 32, "int32", SEGMENT, S_GS) \
    X("st0", 80, "i387_ext", ST, 0)         X("st1", 80, "i387_ext", ST, 1) \
    X("st2", 80, "i387_ext", ST, 2)         X("st3", 80, "i387_ext", ST, 3) \
    X("st4", 80, "i387_ext", ST, 4)         X("st5", 80, "i387_ext", ST, 5) \
    X("st6", 80, "i387_ext", ST, 6)         X("st7", 80, "i387_ext", ST, 7) \
    X("fctrl", 32, "int", CONTROL, FCTRL)   X("fstat", 32, "int", CONTROL, FSTAT) \
    X("ftag", 32, "int", CONTROL, FTAG)     X("fiseg", 32, "int", CONTROL, FISEG) \
    X("fioff", 32, "int", CONTROL, FIOFF)   X("foseg", 32, "int", CONTROL, FOSEG) \
    X("fooff", 32, "int", CONTROL, FOOFF)   X("fop", 32, "int", CONTROL, FOP)
#define GDB_SSE(X) \
    X("xmm0", 128, "vec128", XMM, 0)        X("xmm1", 128, "vec128", XMM, 1) \
    X("xmm2", 128, "vec128", XMM, 2)        X("xmm3", 128, "vec128", XMM, 3) \
    X("xmm4", 128, "vec128", XMM, 4)        X("xmm5", 128, "vec128", XMM, 5) \
    X("xmm6", 128, "vec128", XMM, 6)        X("xmm7", 128, "vec128", XMM, 7) \
    X("mxcsr", 32, "int", MXCSR, 0)
#define GDB_SYSTEM(X) \
    X("cr0", 32, "int32", CR, 0)            X("cr2", 32, "data_ptr", CR, 2) \
    X("cr3", 32, "data_ptr", CR, 3)         X("cr4", 32, "int32", CR, 4) \
    X("cs_base", 32, "data_ptr", BASE, S_CS) X("ss_base", 32, "data_ptr", BASE, S_SS) \
    X("ds_base", 32, "data_ptr", BASE, S_DS) X("es_base", 32, "data_ptr", BASE, S_ES) \
    X("fs_base", 32, "data_ptr", BASE, S_FS) X("gs_base", 32, "data_ptr", BASE, S_GS) \
    X("gdt_base", 32, "data_ptr", GDT, 0)   X("idt_base", 32, "data_ptr", IDT, 0)
/* clang-format on */

/* How many there are, and the most bytes that one has. */
#define GDB_COUNT(...) +1
#define GDB_REGISTERS  (0 GDB_CORE(GDB_COUNT) GDB_SSE(GDB_COUNT) GDB_SYSTEM(GDB_COUNT))
#define GDB_WIDEST     16u

/* Register NUMBER in hexadecimal, low byte first, or an x a digit if it cannot be read. False:
 * there is none of that number. */
bool registers_read(struct vcpu *v, struct gdb_fpu *f, unsigned number, struct gdb_answer *a);

/* Takes the register's bytes from W; an x in their first place leaves it as it is. False: they are
 * not whole, or this register cannot have this value: CS, SS, control registers and bases only the
 * one that they have, DS to GS what the guest could load now. */
bool registers_write(struct vcpu *v, struct gdb_fpu *f, unsigned number, struct gdb_words *w);

/* The guest goes on at EIP. */
void registers_go(struct vcpu *v, uint32_t eip);

/* The description of the target, for gdb. */
extern const char registers_xml[];

#endif
