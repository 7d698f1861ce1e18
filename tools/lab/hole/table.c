/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tests, a row each, in the probe's order. What is measured is not here.
 */
#include "tools/lab/hole/table.h"

#include <stdio.h>
#include <string.h>

const unsigned hole_ring_number[HOLE_RINGS] = {0, 1, 3};

const char *const hole_guard_name[HOLE_GUARDS] = {
    [HOLE_GUARD_NONE] = "nothing: not privileged",
    [HOLE_GUARD_CPL] = "the ring: privileged",
    [HOLE_GUARD_IOPL] = "IOPL",
    [HOLE_GUARD_CR4] = "a bit of CR4",
    [HOLE_GUARD_DPL] = "the DPL of what it names",
    [HOLE_GUARD_MODE] = "the mode of the CPU",
};

#define C    HOLE_CONTROL
#define B    HOLE_BEHAVIOUR
#define L    (HOLE_BEHAVIOUR | HOLE_LOCATION)
#define M    (HOLE_BEHAVIOUR | HOLE_MODE)
#define CM   (HOLE_CONTROL | HOLE_BEHAVIOUR | HOLE_MODE)
#define CL   (HOLE_CONTROL | HOLE_BEHAVIOUR | HOLE_LOCATION)
#define NONE 0
#define OUT  HOLE_OUTSIDE
#define ALL  HOLE_ANYWHERE
#define RI   .robin_irvine = true

#define BIT(item)  (1ull << HOLE_##item)
#define IDENTITY   (BIT(EAX) | BIT(EBX) | BIT(ECX) | BIT(EDX))
#define THE_TIME   (BIT(EAX) | BIT(EDX))
#define TELLS_IF   "the real IF, which a monitor must keep set while a guest has it clear"
#define KEEPS_IF   "outside ring 0 it leaves IF and IOPL as they are and does not say so"
#define TELLS_GDT  "the place of the table of whoever owns the machine"
#define TELLS_RING "the low bits of the selector are the real ring"
#define JUDGES     "the answer depends on the real ring, and comes from the real table"
#define LOADS      "from the real table, by the real ring"
#define TRANSFERS  "CS, and so the ring; the target is judged by the real ring"
#define VECTORS    "through the real IDT"
#define OWNS       "what the whole machine shares"
#define UNTRAPPED                                                                                  \
    "user code runs directly in ring 3, where the CPU does not trap: it sees the monitor's own"
#define VIRTUAL_CPU "the virtual CPU's own answer"

/* clang-format off */
const struct hole_row hole_table[HOLE_TESTS] = {
    {"nop", "NOP", "NOP", NONE, HOLE_GUARD_NONE, 0, .why = "nothing depends on it"},
    {"pushf", "PUSHF", "PUSHF", B, HOLE_GUARD_NONE, 0, HOLE_SHOW(S0), RI, .why = "shows " TELLS_IF},
    {"pushf-off", "PUSHF (IF clear)", "PUSHF", B, HOLE_GUARD_NONE, 0, HOLE_SHOW(S0), RI,
        .why = "shows " TELLS_IF, .guest = "in user code that runs directly IF is always set"},
    {"popf", "POPF (clears IF)", "POPF", CM, HOLE_GUARD_NONE, 0, HOLE_VIEW_IF, RI, .why = KEEPS_IF},
    {"popf-on", "POPF (sets IF)", "POPF", CM, HOLE_GUARD_NONE, 0, HOLE_VIEW_IF, RI, .why = KEEPS_IF},
    {"popf-iopl", "POPF (sets IOPL)", "POPF", CM, HOLE_GUARD_NONE, 0, HOLE_VIEW_IOPL, RI, .why = KEEPS_IF},
    {"popf-open", "POPF (clears IF, IOPL 3)", "POPF", CM, HOLE_GUARD_NONE, 0, HOLE_VIEW_IF, RI,
        .why = "with IOPL 3 any ring switches the real interrupts off: a monitor must keep it 0"},
    {"cli", "CLI", "CLI", C, HOLE_GUARD_IOPL, OUT, HOLE_VIEW_IF, .why = "changes IF"},
    {"cli-open", "CLI (IOPL 3)", "CLI", C, HOLE_GUARD_IOPL, 0, HOLE_VIEW_IF, .why = "changes IF"},
    {"sti", "STI", "STI", C, HOLE_GUARD_IOPL, OUT, HOLE_VIEW_IF, .why = "changes IF"},
    {"iret", "IRET (clears IF)", "IRET/IRETD", CM, HOLE_GUARD_NONE, 0, HOLE_VIEW_IF,
        .why = "changes CS and EFLAGS; " KEEPS_IF},
    {"iret-out", "IRET (to ring 3)", "IRET/IRETD", C, HOLE_GUARD_NONE, 0, HOLE_SHOW(CS),
        .why = "leaves the ring without a trap"},

    {"sgdt", "SGDT", "SGDT", L, HOLE_GUARD_NONE, 0, HOLE_VIEW_BASE, RI, .why = "shows " TELLS_GDT, .guest = UNTRAPPED},
    {"sidt", "SIDT", "SIDT", L, HOLE_GUARD_NONE, 0, HOLE_VIEW_BASE, RI, .why = "shows " TELLS_GDT, .guest = UNTRAPPED},
    {"sldt", "SLDT", "SLDT", L, HOLE_GUARD_NONE, 0, HOLE_SHOW(EAX), RI, .why = "shows " TELLS_GDT, .guest = UNTRAPPED},
    {"str", "STR", "STR", L, HOLE_GUARD_NONE, 0, HOLE_SHOW(EAX), RI, .why = "shows the real task register", .guest = UNTRAPPED},
    {"smsw", "SMSW", "SMSW", B, HOLE_GUARD_NONE, 0, HOLE_SHOW(EAX), RI, .why = "shows the real CR0", .guest = UNTRAPPED},
    {"sgdt-umip", "SGDT (UMIP)", "SGDT", L, HOLE_GUARD_CR4, OUT, HOLE_VIEW_BASE, .why = "shows " TELLS_GDT, .guest = UNTRAPPED},
    {"sidt-umip", "SIDT (UMIP)", "SIDT", L, HOLE_GUARD_CR4, OUT, HOLE_VIEW_BASE, .why = "shows " TELLS_GDT, .guest = UNTRAPPED},
    {"sldt-umip", "SLDT (UMIP)", "SLDT", L, HOLE_GUARD_CR4, OUT, HOLE_SHOW(EAX), .why = "shows " TELLS_GDT, .guest = UNTRAPPED},
    {"str-umip", "STR (UMIP)", "STR", L, HOLE_GUARD_CR4, OUT, HOLE_SHOW(EAX), .why = "shows the real task register", .guest = UNTRAPPED},
    {"smsw-umip", "SMSW (UMIP)", "SMSW", B, HOLE_GUARD_CR4, OUT, HOLE_SHOW(EAX), .why = "shows the real CR0", .guest = UNTRAPPED},
    {"lar", "LAR (kernel data)", "LAR", M, HOLE_GUARD_NONE, 0, HOLE_VIEW_ZF, RI, .undefined = 0xf0000, .why = JUDGES, .guest = UNTRAPPED},
    {"lsl", "LSL (kernel data)", "LSL", M, HOLE_GUARD_NONE, 0, HOLE_VIEW_ZF, RI, .why = JUDGES, .guest = UNTRAPPED},
    {"verr", "VERR (kernel data)", "VERR/VERW", M, HOLE_GUARD_NONE, 0, HOLE_VIEW_ZF, RI, .why = JUDGES, .guest = UNTRAPPED},
    {"verw", "VERW (kernel data)", "VERR/VERW", M, HOLE_GUARD_NONE, 0, HOLE_VIEW_ZF, RI, .why = JUDGES, .guest = UNTRAPPED},
    {"mov-cs", "MOV r, CS", "MOV", M, HOLE_GUARD_NONE, 0, HOLE_SHOW(EAX), RI, .why = TELLS_RING},
    {"push-cs", "PUSH CS", "PUSH", M, HOLE_GUARD_NONE, 0, HOLE_SHOW(S0), RI, .why = TELLS_RING},
    {"mov-from-ss", "MOV r, SS", "MOV", M, HOLE_GUARD_NONE, 0, HOLE_SHOW(EAX), RI, .why = TELLS_RING},
    {"push-ss", "PUSH SS", "PUSH", M, HOLE_GUARD_NONE, 0, HOLE_SHOW(S0), RI, .why = TELLS_RING},
    {"cpuid-0", "CPUID (vendor)", "CPUID", B, HOLE_GUARD_NONE, 0, HOLE_SHOW(EBX), .ignore = IDENTITY,
        .why = "shows the real CPU", .guest = VIRTUAL_CPU},
    {"cpuid-1", "CPUID (features)", "CPUID", B, HOLE_GUARD_NONE, 0, HOLE_SHOW(EDX), .ignore = IDENTITY,
        .why = "shows the real CPU", .guest = VIRTUAL_CPU},
    {"rdtsc", "RDTSC", "RDTSC", B, HOLE_GUARD_CR4, 0, .ignore = THE_TIME, .why = "shows the real time"},
    {"rdtsc-tsd", "RDTSC (TSD)", "RDTSC", B, HOLE_GUARD_CR4, OUT, .ignore = THE_TIME, .why = "shows the real time"},
    {"rdpmc", "RDPMC", "RDPMC", B, HOLE_GUARD_CR4, OUT, .ignore = THE_TIME, .why = "shows the real counters",
        .guest = "the virtual CPU has no performance counters and raises #GP"},
    {"xgetbv", "XGETBV", "XGETBV", B, HOLE_GUARD_CR4, 0, HOLE_SHOW(EAX), .why = "shows the real XCR0"},

    {"mov-ds", "MOV DS, kernel data", "MOV", M, HOLE_GUARD_DPL, OUT, HOLE_SHOW(DS), RI, .why = LOADS},
    {"mov-ds-user", "MOV DS, user data", "MOV", L, HOLE_GUARD_DPL, 0, HOLE_SHOW(DS), RI, .why = LOADS},
    {"mov-ss", "MOV SS, kernel data", "MOV", M, HOLE_GUARD_DPL, OUT, HOLE_SHOW(SS), RI, .why = LOADS},
    {"pop-ds", "POP DS", "POP", M, HOLE_GUARD_DPL, OUT, HOLE_SHOW(DS), RI, .why = LOADS},
    {"pop-ss", "POP SS", "POP", M, HOLE_GUARD_DPL, OUT, HOLE_SHOW(SS), RI, .why = LOADS},
    {"lss", "LSS", "LDS/LES/LFS/LGS/LSS", M, HOLE_GUARD_DPL, OUT, HOLE_SHOW(SS), .why = LOADS},
    {"lds", "LDS", "LDS/LES/LFS/LGS/LSS", M, HOLE_GUARD_DPL, OUT, HOLE_SHOW(DS), .why = LOADS},
    {"arpl", "ARPL", "ARPL", NONE, HOLE_GUARD_NONE, 0, HOLE_SHOW(EAX),
        .why = "works on two numbers that it is given; its neighbours work on real selectors"},

    {"jmp-own", "JMP FAR, own CS", "JMP", CM, HOLE_GUARD_DPL, 0, HOLE_SHOW(CS), RI, .why = TRANSFERS},
    {"call-own", "CALL FAR, own CS", "CALL", CM, HOLE_GUARD_DPL, 0, HOLE_SHOW(S1), RI, .why = TRANSFERS "; pushes the real CS"},
    {"retf-own", "RET FAR, own CS", "RET", CM, HOLE_GUARD_DPL, 0, HOLE_SHOW(CS), RI, .why = TRANSFERS},
    {"jmp-kernel", "JMP FAR, kernel CS", "JMP", CM, HOLE_GUARD_DPL, OUT, HOLE_SHOW(CS), RI, .why = TRANSFERS},
    {"call-kernel", "CALL FAR, kernel CS", "CALL", CM, HOLE_GUARD_DPL, OUT, HOLE_SHOW(CS), RI, .why = TRANSFERS},
    {"retf-kernel", "RET FAR, kernel CS", "RET", CM, HOLE_GUARD_DPL, OUT, HOLE_SHOW(CS), RI, .why = TRANSFERS},
    {"retf-out", "RET FAR (to ring 3)", "RET", CM, HOLE_GUARD_DPL, 0, HOLE_SHOW(CS), RI, .why = "leaves the ring without a trap"},
    {"call-gate", "CALL FAR, gate to ring 0", "CALL", CM, HOLE_GUARD_DPL, 0, HOLE_SHOW(CS), RI,
        .why = "enters the real ring 0 by the real GDT and TSS"},
    {"int-open", "INT n (gate of DPL 3)", "INT n/INTO/INT3/INT1", CL, HOLE_GUARD_DPL, 0, .gate = 0x32, RI, .why = VECTORS},
    {"int-closed", "INT n (gate of DPL 0)", "INT n/INTO/INT3/INT1", CM, HOLE_GUARD_DPL, OUT, .gate = 0x33, RI, .why = VECTORS},
    {"int3", "INT3", "INT n/INTO/INT3/INT1", CL, HOLE_GUARD_DPL, 0, .gate = 3, .why = VECTORS},
    {"sysenter", "SYSENTER", "SYSENTER", C, HOLE_GUARD_NONE, 0, HOLE_SHOW(CS), .why = "enters the real ring 0"},
    {"sysexit", "SYSEXIT", "SYSEXIT", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(CS), .why = "leaves ring 0"},
    {"rsm", "RSM", "RSM", C, HOLE_GUARD_MODE, ALL, .why = "leaves system management mode, and is undefined anywhere else"},
    {"ud2", "UD2", "UD", NONE, HOLE_GUARD_MODE, ALL, .why = "traps always: what a trap looks like"},

    {"lgdt", "LGDT", "LGDT/LIDT", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(GDTB), .why = "moves the GDT"},
    {"lidt", "LIDT", "LGDT/LIDT", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(IDTB), .why = "moves the IDT"},
    {"lldt", "LLDT", "LLDT", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(LDTR), .why = "changes the LDT"},
    {"ltr", "LTR", "LTR", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(TR), .why = "changes the TSS"},
    {"lmsw", "LMSW", "LMSW", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(CR0), .why = "changes CR0"},
    {"clts", "CLTS", "CLTS", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(CR0), .why = "changes CR0"},
    {"mov-from-cr0", "MOV r, CR0", "MOV-Control Registers", B, HOLE_GUARD_CPL, OUT, HOLE_SHOW(EAX), .why = "shows the real CR0"},
    {"mov-from-cr2", "MOV r, CR2", "MOV-Control Registers", B, HOLE_GUARD_CPL, OUT, HOLE_SHOW(EAX), .why = "shows the last real page fault"},
    {"mov-from-cr3", "MOV r, CR3", "MOV-Control Registers", L, HOLE_GUARD_CPL, OUT, HOLE_SHOW(EAX), .why = "shows the real page tables' place"},
    {"mov-from-cr4", "MOV r, CR4", "MOV-Control Registers", B, HOLE_GUARD_CPL, OUT, HOLE_SHOW(EAX), .why = "shows the real CR4"},
    {"mov-cr0", "MOV CR0, r", "MOV-Control Registers", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(CR0), .why = "paging and protection"},
    {"mov-cr2", "MOV CR2, r", "MOV-Control Registers", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(CR2), .why = OWNS},
    {"mov-cr3", "MOV CR3, r", "MOV-Control Registers", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(CR3), .why = "changes what memory there is"},
    {"mov-cr4", "MOV CR4, r", "MOV-Control Registers", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(CR4), .why = OWNS},
    {"mov-from-dr7", "MOV r, DR7", "MOV-Debug Registers", B, HOLE_GUARD_CPL, OUT, HOLE_SHOW(EAX), .why = "shows the real breakpoints"},
    {"mov-dr0", "MOV DR0, r", "MOV-Debug Registers", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(DR0), .why = "sets a real breakpoint"},
    {"invlpg", "INVLPG", "INVLPG", C, HOLE_GUARD_CPL, OUT, .why = "the real TLB"},
    {"invd", "INVD", "INVD", C, HOLE_GUARD_CPL, OUT, .why = "throws away what the caches alone hold"},
    {"wbinvd", "WBINVD", "WBINVD", C, HOLE_GUARD_CPL, OUT, .why = OWNS},
    {"hlt", "HLT", "HLT", C, HOLE_GUARD_CPL, OUT, .why = "stops the real CPU"},
    {"in", "IN", "IN", B, HOLE_GUARD_IOPL, OUT, HOLE_SHOW(EAX), .why = "a real device"},
    {"in-map", "IN (bitmap allows)", "IN", B, HOLE_GUARD_IOPL, 0, HOLE_SHOW(EAX), .why = "a real device"},
    {"out", "OUT", "OUT", C, HOLE_GUARD_IOPL, OUT, HOLE_SHOW(PIC), .why = "a real device"},
    {"out-open", "OUT (IOPL 3)", "OUT", C, HOLE_GUARD_IOPL, 0, HOLE_SHOW(PIC), .why = "a real device"},
    {"ins", "INS", "INS/INSB/INSW/INSD", B, HOLE_GUARD_IOPL, OUT, HOLE_SHOW(M0), .why = "a real device"},
    {"outs", "OUTS", "OUTS/OUTSB/OUTSW/OUTSD", C, HOLE_GUARD_IOPL, OUT, HOLE_SHOW(PIC), .why = "a real device"},
    {"rdmsr", "RDMSR (EFER)", "RDMSR", B, HOLE_GUARD_CPL, OUT, HOLE_SHOW(EAX), .why = "shows the real MSR"},
    {"wrmsr", "WRMSR (EFER.NXE)", "WRMSR", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(EFER), .why = OWNS},
    {"xsetbv", "XSETBV", "XSETBV", C, HOLE_GUARD_CPL, OUT, HOLE_SHOW(XCR0), .why = OWNS},
};
/* clang-format on */

unsigned hole_row_find(const char *id)
{
    unsigned i = 0;
    while (i < HOLE_TESTS && strcmp(hole_table[i].id, id) != 0)
        i++;
    return i;
}

static const struct {
    unsigned bit;
    char letter;
    const char *word;
} classes[] = {
    {HOLE_CONTROL, 'C', "control-sensitive"},
    {HOLE_BEHAVIOUR, 'B', "behaviour-sensitive"},
    {HOLE_LOCATION, 'L', "location-sensitive"},
    {HOLE_MODE, 'M', "mode-sensitive"},
};

void hole_class_letters(unsigned class, char out[5])
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = class & classes[i].bit ? classes[i].letter : ' ';
    out[4] = 0;
}

void hole_class_words(unsigned class, char *out, size_t size)
{
    size_t used = 0;
    snprintf(out, size, "not sensitive");
    for (unsigned i = 0; i < 4; i++) {
        if (class & classes[i].bit && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
                                     classes[i].word);
    }
}
