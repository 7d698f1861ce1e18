/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the x86 manuals fix: register numbers, flag bits, vectors, table-entry
 * bits, descriptor types. Constants only, from the Intel SDM volume 3 (3.4, 4.3,
 * 6.3) and volume 1 (3.4.3). Names follow the manual.
 */
#ifndef RING1_X86_H
#define RING1_X86_H

enum gpr { R_EAX, R_ECX, R_EDX, R_EBX, R_ESP, R_EBP, R_ESI, R_EDI, R_NONE = 0xff };
enum sreg { S_ES, S_CS, S_SS, S_DS, S_FS, S_GS, S_COUNT };

enum eflags {
    FL_CF = 1u << 0,
    FL_ONE = 1u << 1, /* reserved, always 1 */
    FL_PF = 1u << 2,
    FL_AF = 1u << 4,
    FL_ZF = 1u << 6,
    FL_SF = 1u << 7,
    FL_TF = 1u << 8,
    FL_IF = 1u << 9,
    FL_DF = 1u << 10,
    FL_OF = 1u << 11,
    FL_IOPL = 3u << 12,
    FL_NT = 1u << 14,
    FL_RF = 1u << 16,
    FL_VM = 1u << 17,
    FL_AC = 1u << 18,
    FL_VIF = 1u << 19,
    FL_VIP = 1u << 20,
    FL_ID = 1u << 21,
    FL_ARITH = FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_OF,
    FL_ALL = FL_ARITH | FL_TF | FL_IF | FL_DF | FL_IOPL | FL_NT | FL_RF | FL_VM | FL_AC | FL_VIF |
             FL_VIP | FL_ID,
};
#define FL_IOPL_SHIFT 12

enum vector {
    VEC_DE = 0,
    VEC_DB = 1,
    VEC_NMI = 2,
    VEC_BP = 3,
    VEC_OF = 4,
    VEC_BR = 5,
    VEC_UD = 6,
    VEC_NM = 7,
    VEC_DF = 8,
    VEC_TS = 10,
    VEC_NP = 11,
    VEC_SS = 12,
    VEC_GP = 13,
    VEC_PF = 14,
    VEC_MF = 16,
    VEC_AC = 17,
    VEC_MC = 18,
    VEC_XM = 19,
};

enum cr0 {
    CR0_PE = 1u << 0,
    CR0_MP = 1u << 1,
    CR0_EM = 1u << 2,
    CR0_TS = 1u << 3,
    CR0_ET = 1u << 4,
    CR0_NE = 1u << 5,
    CR0_WP = 1u << 16,
    CR0_AM = 1u << 18,
    CR0_NW = 1u << 29,
    CR0_CD = 1u << 30,
    CR0_PG = 1u << 31,
};

enum cr4 {
    CR4_VME = 1u << 0,
    CR4_PVI = 1u << 1,
    CR4_TSD = 1u << 2,
    CR4_DE = 1u << 3,
    CR4_PSE = 1u << 4,
    CR4_PAE = 1u << 5,
    CR4_MCE = 1u << 6,
    CR4_PGE = 1u << 7,
    CR4_PCE = 1u << 8,
    CR4_OSFXSR = 1u << 9,
    CR4_OSXMMEXCPT = 1u << 10,
    CR4_UMIP = 1u << 11,
    CR4_OSXSAVE = 1u << 18,
    CR4_SMEP = 1u << 20,
    CR4_SMAP = 1u << 21,
};

/* Debug registers (SDM 3B 17.2.3, 17.2.4). */
enum dr6 { DR6_MET = 15, DR6_BD = 1u << 13, DR6_BS = 1u << 14, DR6_BT = 1u << 15 };
enum dr7 { DR7_ENABLES = 0xffu, DR7_LOCAL = 0x155u, DR7_GD = 1u << 13 };

/* Page-table entry bits, all formats (SDM 3A 4.3 - 4.5). */
enum pte_bits {
    PTE_P = 1u << 0,
    PTE_W = 1u << 1,
    PTE_U = 1u << 2,
    PTE_PWT = 1u << 3,
    PTE_PCD = 1u << 4,
    PTE_A = 1u << 5,
    PTE_D = 1u << 6,
    PTE_PS = 1u << 7,
    PTE_G = 1u << 8,
};
#define PTE_NX (1ull << 63)

/* #PF error code bits (SDM 3A 4.7). Also the bits of an access request. */
enum pf_error {
    PF_P = 1u << 0, /* the page was present: a rights violation */
    PF_W = 1u << 1,
    PF_U = 1u << 2,
    PF_RSVD = 1u << 3,
    PF_I = 1u << 4,
};

/*
 * Segment access rights as kept in a hidden part: descriptor bits 40-47 in bits
 * 0-7 and descriptor bits 52-55 in bits 12-15, the layout LAR shows shifted right
 * by 8 and VMX uses (SDM 3C 24.4.1).
 */
enum seg_attr {
    SA_ACCESSED = 1u << 0,
    SA_RW = 1u << 1, /* data: writable; code: readable */
    SA_DC = 1u << 2, /* data: expand-down; code: conforming */
    SA_CODE = 1u << 3,
    SA_TYPE = 15u,
    SA_S = 1u << 4, /* 1 = code or data, 0 = system */
    SA_DPL = 3u << 5,
    SA_P = 1u << 7,
    SA_AVL = 1u << 12,
    SA_L = 1u << 13,
    SA_DB = 1u << 14,
    SA_G = 1u << 15,
    SA_NULL = 1u << 16, /* not in a descriptor: a null selector was loaded, unusable */
};
#define SA_DPL_SHIFT 5

/* System descriptor types (SDM 3A table 3-2). */
enum sys_type {
    SYS_TSS16 = 1,
    SYS_LDT = 2,
    SYS_TSS16_BUSY = 3,
    SYS_CALL16 = 4,
    SYS_TASK = 5,
    SYS_INT16 = 6,
    SYS_TRAP16 = 7,
    SYS_TSS32 = 9,
    SYS_TSS32_BUSY = 11,
    SYS_CALL32 = 12,
    SYS_INT32 = 14,
    SYS_TRAP32 = 15,
};

enum msr {
    MSR_TSC = 0x10,
    MSR_PLATFORM_ID = 0x17,
    MSR_APIC_BASE = 0x1b,
    MSR_EBL_CR_POWERON = 0x2a,
    MSR_TSC_ADJUST = 0x3b,
    MSR_BIOS_SIGN_ID = 0x8b,
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_MISC_ENABLE = 0x1a0,
    MSR_PAT = 0x277,
    MSR_EFER = 0xc0000080,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_CSTAR = 0xc0000083,
    MSR_SFMASK = 0xc0000084,
};

enum efer { EFER_SCE = 1u << 0, EFER_LME = 1u << 8, EFER_LMA = 1u << 10, EFER_NXE = 1u << 11 };

/* Selector fields. */
#define SEL_RPL(s)   ((s)&3u)
#define SEL_TI       4u
#define SEL_INDEX(s) ((unsigned)(s) >> 3)

#endif
