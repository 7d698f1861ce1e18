/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The interpreter and all that it stands on, on any bytes. In: a mode, registers, changes to
 * segments and to tables in memory (descriptors, page tables, TSS, IDT), and code; then up to STEPS
 * instructions, with their exceptions and the board's interrupts delivered. Nothing may crash or
 * reach beyond guest RAM (world.h), a fault leaves the registers, and the vcpu stays one that a CPU
 * can be.
 */
#include "monitor/interp/interp.h"
#include "devices/board.h"
#include "monitor/inject.h"
#include "monitor/segment.h"
#include "monitor/trace.h"
#include "monitor/vclock.h"
#include "monitor/vmem.h"
#include "tests/fuzz/world.h"

#define RAM   (512u << 10)
#define STEPS 64u

enum {
    PAGE_DIR = 0x1000,
    PAGE_TAB = 0x2000,
    GDT = 0x3000,
    IDT = 0x4000,
    TSS = 0x5000,
    LDT = 0x6000,
    PDPT = 0x7000,
    PAE_DIR = 0x8000,
    PAE_TAB = 0x9000,
    CODE = 0x10000,
    DATA = 0x20000,
    STACK = 0x30000,
    HANDLER = 0x40000,
    FLAT_DATA = SA_P | SA_S | SA_RW | SA_ACCESSED | SA_DB | SA_G,
};

/* The GDT: eight descriptors for each level, and some system ones. */
enum { C0 = 0x08, D0 = 0x10, C1 = 0x19, D1 = 0x21, C3 = 0x2b, D3 = 0x33, C16 = 0x38, D16 = 0x40 };
enum {
    LDTR = 0x48,
    TSSR = 0x50,
    TSS16 = 0x58,
    CALL = 0x60,
    SMALL = 0x68,
    DOWN = 0x70,
    GDT_SIZE = 0x78
};

static struct vm *vm;
static struct vcpu *v;

/* ---- The guest as it is made ------------------------------------------------- */

static void poke(struct vm *to, uint32_t at, uint32_t value)
{
    guest_write(to, gpa(at), &value, sizeof value);
}

static void descriptor(struct vm *to, unsigned sel, uint32_t base, uint32_t limit, uint32_t attr)
{
    poke(to, GDT + (sel & ~7u), base << 16 | (limit & 0xffff));
    poke(to, GDT + (sel & ~7u) + 4,
         (base & 0xff000000u) | (limit & 0xf0000) | (base >> 16 & 0xff) | (attr & 0xf0ff) << 8);
}

static void fill_gdt(struct vm *to)
{
    const uint32_t small = FLAT_DATA & ~(uint32_t)(SA_DB | SA_G);
    descriptor(to, C0, 0, 0xfffff, FLAT_DATA | SA_CODE);
    descriptor(to, D0, 0, 0xfffff, FLAT_DATA);
    descriptor(to, C1, 0, 0xfffff, FLAT_DATA | SA_CODE | 1u << SA_DPL_SHIFT);
    descriptor(to, D1, 0, 0xfffff, FLAT_DATA | 1u << SA_DPL_SHIFT);
    descriptor(to, C3, 0, 0xfffff, FLAT_DATA | SA_CODE | SA_DPL);
    descriptor(to, D3, 0, 0xfffff, FLAT_DATA | SA_DPL);
    descriptor(to, C16, CODE, 0xffff, small | SA_CODE);
    descriptor(to, D16, DATA, 0xffff, small);
    descriptor(to, LDTR, LDT, 0xff, SA_P | SYS_LDT);
    descriptor(to, TSSR, TSS, 0xfff, SA_P | SYS_TSS32_BUSY);
    descriptor(to, TSS16, TSS + 0x800, 0x2b, SA_P | SYS_TSS16);
    poke(to, GDT + CALL, C0 << 16 | (HANDLER & 0xffff));
    poke(to, GDT + CALL + 4, (HANDLER & 0xffff0000u) | 0xec02);
    descriptor(to, SMALL, DATA, 0xff, small | SA_DB | SA_DPL);
    descriptor(to, DOWN, 0, 0x1f, FLAT_DATA | SA_DC | SA_DPL);
}

static void fill_tables(struct vm *to)
{
    for (uint32_t n = 0; n < 256; n++) {
        poke(to, IDT + 8 * n, C0 << 16 | (HANDLER & 0xffff));
        poke(to, IDT + 8 * n + 4, (HANDLER & 0xffff0000u) | (n & 1 ? 0xef00 : 0xee00));
    }
    for (uint32_t n = 0; n < 1024; n++)
        poke(to, PAGE_TAB + 4 * n, n << 12 | PTE_P | PTE_W | PTE_U);
    for (uint32_t n = 0; n < 512; n++)
        poke(to, PAE_TAB + 8 * n, n << 12 | PTE_P | PTE_W | PTE_U);
    poke(to, PAGE_DIR, PAGE_TAB | PTE_P | PTE_W | PTE_U);
    poke(to, PAGE_DIR + 4, 0 | PTE_P | PTE_W | PTE_U | PTE_PS);
    poke(to, PAE_DIR, PAE_TAB | PTE_P | PTE_W | PTE_U);
    poke(to, PAE_DIR + 8, 0 | PTE_P | PTE_W | PTE_U | PTE_PS);
    for (uint32_t n = 0; n < 4; n++)
        poke(to, PDPT + 8 * n, PAE_DIR | PTE_P);
    for (uint32_t n = 0; n < 3; n++) {
        poke(to, TSS + 4 + 8 * n, STACK + 0x1000 * (n + 1));
        poke(to, TSS + 8 + 8 * n, n == 1 ? D1 : D0);
    }
    poke(to, TSS + 0x64, 0x68 << 16);
}

/* The 8259s and the timer as a kernel sets them: a tick every 119 us is an interrupt of vector 20h.
 */
static void start_ticks(struct vm *to)
{
    static const uint8_t out[][2] = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 4},    {0x21, 1},
                                     {0x21, 0xfa}, {0x43, 0x14}, {0x40, 0x8e}, {0xa0, 0x11},
                                     {0xa1, 0x28}, {0xa1, 2},    {0xa1, 1},    {0xa1, 0xfe}};
    for (size_t n = 0; n < ARRAY_SIZE(out); n++) {
        struct io_access io = {.write = true, .size = 1, .address = out[n][0], .value = out[n][1]};
        board_access(to, &io, 0);
    }
}

static bool make_rooms(struct vm *made)
{
    static const uint8_t iret = 0xcf;
    made->engine = PLAN_INTERP;
    fill_gdt(made);
    fill_tables(made);
    guest_write(made, gpa(HANDLER), &iret, 1);
    if (!trace_create(made) || !board_create(made) || !segtab_create(made) || !interp_create(made))
        return false;
    start_ticks(made);
    return true;
}

/* ---- The guest as the input has it --------------------------------------------- */

enum mode_bits {
    M_KIND = 7,
    M_PAGING = 1u << 3,
    M_PAE = 1u << 4,
    M_RUN = 1u << 5,
    M_TICKS = 1u << 6
};

static struct segment flat(uint16_t sel, uint32_t attr)
{
    return (struct segment){0, 0xffffffffu, FLAT_DATA | attr, sel};
}

static void at_level(unsigned cpl)
{
    static const uint16_t code[4] = {C0, C1, C1, C3}, data[4] = {D0, D1, D1, D3};
    v->cpl = (uint8_t)cpl;
    for (unsigned n = 0; n < S_COUNT; n++)
        v->seg[n] = flat(data[cpl], cpl << SA_DPL_SHIFT);
    v->seg[S_CS] = flat(code[cpl], SA_CODE | cpl << SA_DPL_SHIFT);
}

static void in_real_mode(bool v86)
{
    for (unsigned n = 0; n < S_COUNT; n++)
        v->seg[n] = (struct segment){DATA, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED, DATA >> 4};
    v->seg[S_CS] = (struct segment){CODE, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED, CODE >> 4};
    v->seg[S_CS].attr |= v86 ? 0u : (unsigned)SA_CODE;
    for (unsigned n = 0; v86 && n < S_COUNT; n++)
        v->seg[n].attr |= SA_DPL;
    v->cpl = v86 ? 3 : 0;
    v->eflags |= v86 ? (unsigned)FL_VM : 0u;
    v->cr0 &= v86 ? ~0u : ~(uint32_t)CR0_PE;
    v->eip = 0x100;
    v->gpr[R_ESP] = 0x8000;
}

static void choose_mode(uint8_t mode)
{
    v->cr0 = CR0_PE | CR0_ET | CR0_NE;
    v->cr4 = CR4_PSE | CR4_PGE;
    v->eflags = FL_ONE;
    v->gdtr = (struct table_reg){GDT, GDT_SIZE - 1};
    v->idtr = (struct table_reg){IDT, 0x7ff};
    v->ldtr = (struct segment){LDT, 0xff, SA_P | SYS_LDT, LDTR};
    v->tr = (struct segment){TSS, 0xfff, SA_P | SYS_TSS32_BUSY, TSSR};
    v->eip = CODE;
    v->gpr[R_ESP] = STACK;
    at_level(0);
    switch (mode & M_KIND) {
    case 1:
    case 2:
        at_level(3);
        break;
    case 3:
        at_level(1);
        break;
    case 4:
        in_real_mode(false);
        break;
    case 5:
        in_real_mode(true);
        break;
    case 6:
        v->seg[S_CS] =
            (struct segment){CODE, 0xffff, SA_P | SA_S | SA_RW | SA_CODE | SA_ACCESSED, C16};
        v->seg[S_SS] = (struct segment){DATA, 0xffff, SA_P | SA_S | SA_RW | SA_ACCESSED, D16};
        v->eip = 0x100;
        break;
    default:
        break;
    }
}

static void choose_paging(uint8_t mode)
{
    if (!(mode & M_PAGING) || !(v->cr0 & CR0_PE))
        return;
    v->cr0 |= CR0_PG | CR0_WP;
    v->cr3 = mode & M_PAE ? PDPT : PAGE_DIR;
    v->cr4 |= mode & M_PAE ? (unsigned)CR4_PAE : 0u;
    v->efer = mode & M_PAE ? EFER_NXE : 0;
    for (unsigned n = 0; n < 4 && (mode & M_PAE); n++)
        v->pdpte[n] = PAE_DIR | PTE_P;
}

static uint32_t take_address(struct input *in)
{
    static const uint32_t places[] = {0,   DATA, STACK, CODE, HANDLER, 0xffffffff, 0x80000000,
                                      GDT, TSS,  RAM,   IDT,  0x10000, 0xfffff,    0x7fff0};
    uint8_t which = take8(in);
    if (which % 16 >= sizeof places / sizeof places[0])
        return take32(in);
    return places[which % 16] + (uint32_t)(int8_t)take8(in);
}

static void choose_registers(struct input *in)
{
    const uint32_t flags = FL_ARITH | FL_TF | FL_DF | FL_IOPL | FL_NT | FL_RF | FL_AC | FL_ID;
    uint8_t which = take8(in);
    for (unsigned n = 0; n < 8; n++) {
        if (which >> n & 1)
            v->gpr[n] = take_address(in);
    }
    v->eflags |= take32(in) & flags;
    v->vif = take8(in) & 1;
    uint8_t control = take8(in);
    v->cr0 |= (control & 1 ? (unsigned)CR0_TS : 0u) | (control & 2 ? (unsigned)CR0_AM : 0u) |
              (control & 4 ? (unsigned)CR0_EM : 0u) | (control & 8 ? (unsigned)CR0_MP : 0u);
    v->cr4 |= control & 16 ? CR4_OSFXSR | CR4_OSXMMEXCPT : 0u;
    v->cr4 |= control & 32 ? (unsigned)CR4_TSD : 0u;
    v->inhibit = control >> 6 & 1;
}

/* Data segments of any shape; CS and SS keep what a CPU can have at this level. */
static void choose_segments(struct input *in)
{
    uint8_t which = take8(in);
    for (unsigned n = 0; n < S_COUNT; n++) {
        struct segment *s = &v->seg[n];
        if (!(which >> n & 1))
            continue;
        uint16_t bits = take16(in);
        s->base = bits & 1 ? take_address(in) : s->base;
        s->limit = bits & 2 ? take_address(in) : s->limit;
        if (n == S_CS || n == S_SS || !vcpu_protected(v)) {
            s->attr ^= bits & 4 ? (unsigned)SA_DB : 0u;
            continue;
        }
        s->attr = (bits & 8 ? SA_P | SA_S | (bits >> 8 & 15u) : s->attr) ^
                  (bits & 4 ? (unsigned)SA_DB : 0u);
        s->attr = bits & 16 ? (unsigned)SA_NULL : s->attr;
    }
}

/* Up to eight changes to tables or data. */
static void choose_memory(struct input *in)
{
    static const uint32_t areas[16] = {GDT,     IDT,     TSS,     LDT,  PAGE_DIR, PAGE_TAB,
                                       PDPT,    PAE_DIR, PAE_TAB, DATA, STACK,    0,
                                       HANDLER, DATA,    STACK,   TSS};
    unsigned count = take8(in) % 9;
    for (unsigned n = 0; n < count; n++) {
        uint8_t how = take8(in), bytes[16];
        uint16_t at = take16(in) & 0xfff;
        size_t len = take(in, bytes, 1 + (how >> 4));
        guest_write(vm, gpa(areas[how & 15] + at), bytes, len);
    }
}

static void choose_code(struct input *in)
{
    uint8_t code[256];
    size_t len = take(in, code, sizeof code);
    guest_write(vm, gpa(v->seg[S_CS].base + v->eip), code, len);
}

/* ---- What must hold ---------------------------------------------------------- */

static void check_tlb(void)
{
    for (unsigned n = 0; n < SOFT_TLB_SIZE; n++) {
        const struct soft_tlb_entry *e = &v->tlb[n];
        if (e->tag == ~0u || !e->page)
            continue;
        must(e->gfn < RAM / PAGE_SIZE && e->page == world.ram.at + (size_t)e->gfn * PAGE_SIZE,
             "entry %u: frame %x", n, e->gfn);
    }
}

static void check_control(void)
{
    const uint32_t cr4 = CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_PCE |
                         CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_VME | CR4_PVI;
    must(!(v->cr0 & CR0_PG) || (v->cr0 & CR0_PE), "paging in real mode: cr0 %x", v->cr0);
    must(!(v->cr0 & CR0_NW) || (v->cr0 & CR0_CD), "cr0 %x", v->cr0);
    must(!(v->cr4 & ~cr4), "cr4 %x", v->cr4);
    must(!(v->efer & ~(uint64_t)EFER_NXE), "efer %lx", v->efer);
}

static void check_cpu(void)
{
    const struct segment *cs = &v->seg[S_CS], *ss = &v->seg[S_SS];
    must(v->cpl <= 3 && v->vif <= 1 && v->inhibit <= INHIBIT_SS, "cpl %u vif %u", v->cpl, v->vif);
    must((v->eflags & FL_ONE) && !(v->eflags & FL_IF), "eflags %x", v->eflags);
    must(!vcpu_v86(v) || v->cpl == 3, "V86 at cpl %u", v->cpl);
    must((v->cr0 & CR0_PE) || (!v->cpl && !vcpu_v86(v)), "real mode at cpl %u", v->cpl);
    if (!vcpu_protected(v) ||
        (v->exc.valid && v->exc.new_task)) /* a task that is refused half loaded */
        return;
    must((cs->attr & SA_P) && (cs->attr & SA_S), "CS %x", cs->attr);
    must(!(cs->attr & SA_CODE) || (ss->attr & SA_NULL) || !(ss->attr & SA_CODE), "SS %x", ss->attr);
}

struct before {
    uint32_t gpr[8], eip, cr0, cr3, cr4;
    uint8_t cpl, vif;
    struct segment seg[S_COUNT];
};

static struct before snapshot(void)
{
    struct before b = {
        .eip = v->eip, .cr0 = v->cr0, .cr3 = v->cr3, .cr4 = v->cr4, .cpl = v->cpl, .vif = v->vif};
    memcpy(b.gpr, v->gpr, sizeof b.gpr);
    memcpy(b.seg, v->seg, sizeof b.seg);
    return b;
}

static bool same_segments(const struct before *a, const struct before *b)
{
    for (unsigned n = 0; n < S_COUNT; n++) {
        const struct segment *s = &a->seg[n], *t = &b->seg[n];
        if (s->base != t->base || s->limit != t->limit || s->attr != t->attr || s->sel != t->sel)
            return false;
    }
    return true;
}

/* String operations keep what they have done: ECX, ESI and EDI may move, and EAX by LODS. */
static void check_fault(const struct before *was)
{
    struct before is = snapshot();
    must(was->eip == is.eip && was->cpl == is.cpl && was->vif == is.vif, "vector %u",
         v->exc.vector);
    must(was->cr0 == is.cr0 && was->cr3 == is.cr3 && was->cr4 == is.cr4, "vector %u",
         v->exc.vector);
    must(was->gpr[R_ESP] == is.gpr[R_ESP] && was->gpr[R_EBP] == is.gpr[R_EBP] &&
             was->gpr[R_EBX] == is.gpr[R_EBX] && was->gpr[R_EDX] == is.gpr[R_EDX],
         "vector %u", v->exc.vector);
    must(same_segments(was, &is), "vector %u", v->exc.vector);
}

/* ---- Running ------------------------------------------------------------------- */

/* As run.c delivers. */
static void deliver(void)
{
    if (v->exc.valid)
        inject_exception(v);
    else if (board_pending(vm) && inject_window_open(v))
        inject_interrupt(v, board_ack(vm));
    must(!v->exc.valid || vm->ended, "an exception is left over");
}

static void run(uint8_t mode)
{
    for (unsigned n = 0; n < STEPS && !vm->ended; n++) {
        deliver();
        if (vm->ended || v->halted)
            return;
        struct before was = snapshot();
        if (mode & M_RUN) {
            interp_run(v, 8);
        } else {
            enum interp_result r = interp_step(v);
            must((r == INTERP_EXCEPTION) == v->exc.valid, "result %d", r);
            if (v->exc.valid && !v->exc.is_trap && !v->exc.new_task)
                check_fault(&was);
        }
        check_cpu();
        check_control();
        if (mode & M_TICKS) {
            fake.now_ns += 100000 * 16; /* the clock runs slower (vclock.h) */
            board_advance(vm, vclock_ns(vm));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t mode = take8(&in);
    if (!world.now)
        world_make(RAM, make_rooms);
    vm = world_restore();
    v = vm->vcpu;
    choose_mode(mode);
    choose_paging(mode);
    choose_registers(&in);
    choose_segments(&in);
    choose_memory(&in);
    choose_code(&in);
    vmem_flush(v, true);
    run(mode);
    check_tlb();
    return 0;
}
