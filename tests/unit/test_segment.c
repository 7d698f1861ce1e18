/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Segment loads, the check of every access, LDTR and TR, LAR to VERW, ports: each rule of the
 * manual once, with its exact exception.
 */
#include "tests/unit/segment_world.h"

#include "monitor/pool.h"
#include "monitor/selector.h"
#include "monitor/transfer.h"

static void unpacks(void **state)
{
    struct segment s;
    (void)state;
    segment_unpack(0x1b, 0x12cf9a34567889abull, &s);
    assert_int_equal(s.sel, 0x1b);
    assert_int_equal(s.base, 0x12345678);
    assert_int_equal(s.limit, 0xf89abfff);
    assert_int_equal(s.attr, 0xc09a);
    segment_unpack(8, pack(0xfedcba98, 0x7654f, DATA | SA_DB), &s);
    assert_int_equal(s.base, 0xfedcba98);
    assert_int_equal(s.limit, 0x7654f);
    assert_int_equal(s.attr, DATA | SA_DB);
}

static void reads_descriptors(void **state)
{
    struct descriptor d;
    (void)state;
    assert_true(selector_read(v, C3 | 3, VEC_GP, 0, &d));
    assert_int_equal(d.where.v, GDT + C3);
    assert_true(d.raw == peek64(GDT + C3));
    assert_true(selector_read(v, 0xc, VEC_GP, 0, &d));
    assert_int_equal(d.where.v, LDT + 8);
    FAULTS(selector_read(v, GDT_END | 3, VEC_GP, 0, &d), VEC_GP, GDT_END);
    FAULTS(selector_read(v, 0x1f, VEC_TS, 0, &d), VEC_TS, 0x1c);
    FAULTS(selector_read(v, 0xffff, VEC_GP, 0, &d), VEC_GP, 0xfffc);
    v->gdtr.limit = C3 + 6; /* the last byte is missing */
    FAULTS(selector_read(v, C3, VEC_GP, 0, &d), VEC_GP, C3);
    v->ldtr = (struct segment){.attr = SA_NULL, .limit = 0xffff};
    FAULTS(selector_read(v, 0xc, VEC_GP, 0, &d), VEC_GP, 0xc);
}

static void tables_are_read_as_supervisor(void **state)
{
    struct descriptor d;
    (void)state;
    world_paging();
    world_map(GDT, PTE_P | PTE_W);
    run_at(3);
    assert_true(selector_read(v, C3, VEC_GP, 0, &d));
    world_map(GDT, 0);
    FAULTS(segment_load(v, S_DS, D3 | 3), VEC_PF, 0);
    assert_int_equal(v->exc.cr2, GDT + D3);
}

/* ---- Loads -------------------------------------------------------------------- */

static void loads_data(void **state)
{
    static const enum sreg data[] = {S_DS, S_ES, S_FS, S_GS};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(segment_load(v, data[i], D3 | 3));
        assert_segment(data[i], D3 | 3, 0, 0xffffffff, DATA | FLAT | DPL(3));
        assert_true(segment_load(v, data[i], 0xc));
        assert_segment(data[i], 0xc, 0x1000, 0xffffffff, DATA | FLAT | DPL(3));
        assert_true(segment_load(v, data[i], 3));
        assert_segment(data[i], 3, 0, 0, SA_NULL);
        FAULTS(segment_load(v, data[i], D0 | 1), VEC_GP, D0);       /* RPL > DPL */
        FAULTS(segment_load(v, data[i], XONLY0), VEC_GP, XONLY0);   /* not readable */
        FAULTS(segment_load(v, data[i], SYS_TSS), VEC_GP, SYS_TSS); /* system */
        FAULTS(segment_load(v, data[i], D0_NP), VEC_NP, D0_NP);
        FAULTS(segment_load(v, data[i], D0_NP | 3), VEC_GP, D0_NP); /* rights before presence */
        FAULTS(segment_load(v, data[i], GDT_END), VEC_GP, GDT_END);
        assert_true(segment_load(v, data[i], C0)); /* readable code */
        assert_true(segment_load(v, data[i], RO3));
    }
}

static void loads_data_by_privilege(void **state)
{
    (void)state;
    run_at(3);
    FAULTS(segment_load(v, S_DS, D0), VEC_GP, D0); /* CPL > DPL */
    FAULTS(segment_load(v, S_DS, C0), VEC_GP, C0);
    assert_true(segment_load(v, S_DS, CONF0 | 3)); /* conforming: anybody */
    assert_true(segment_load(v, S_DS, D3));        /* RPL 0 is less strict */
    FAULTS(segment_load(v, S_DS, D3_NP | 3), VEC_NP, D3_NP);
}

static void loads_ss(void **state)
{
    (void)state;
    assert_true(segment_load(v, S_SS, D0));
    FAULTS(segment_load(v, S_SS, 0), VEC_GP, 0);
    FAULTS(segment_load(v, S_SS, 2), VEC_GP, 0);
    FAULTS(segment_load(v, S_SS, D0 | 3), VEC_GP, D0); /* RPL != CPL */
    FAULTS(segment_load(v, S_SS, D3), VEC_GP, D3);     /* DPL != CPL */
    FAULTS(segment_load(v, S_SS, C0), VEC_GP, C0);
    FAULTS(segment_load(v, S_SS, CONF0), VEC_GP, CONF0);
    FAULTS(segment_load(v, S_SS, D0_NP), VEC_SS, D0_NP);
    FAULTS(segment_load(v, S_SS, GDT_END), VEC_GP, GDT_END);
    run_at(3);
    assert_true(segment_load(v, S_SS, D3 | 3));
    FAULTS(segment_load(v, S_SS, RO3 | 3), VEC_GP, RO3); /* not writable */
    FAULTS(segment_load(v, S_SS, D3), VEC_GP, D3);
    FAULTS(segment_load(v, S_SS, D0), VEC_GP, D0);
    FAULTS(segment_load(v, S_SS, D3_NP | 3), VEC_SS, D3_NP);
}

static void sets_the_accessed_bit(void **state)
{
    (void)state;
    assert_true(segment_load(v, S_ES, FRESH0));
    assert_segment(S_ES, FRESH0, 0, 0xffffffff, DATA | FLAT);
    assert_true(peek64(GDT + FRESH0) == pack(0, 0xfffff, DATA | FLAT));
    world_tables();
    world_paging();
    world_map(GDT, PTE_P); /* read-only, WP set */
    FAULTS(segment_load(v, S_SS, FRESH0), VEC_PF, PF_P | PF_W);
    assert_int_equal(v->exc.cr2, GDT + FRESH0 + 5);
    assert_true(segment_load(v, S_SS, D0)); /* already accessed: no write */
}

static void loads_in_real_mode(void **state)
{
    (void)state;
    v->seg[S_FS] = (struct segment){.attr = SA_NULL};
    v->cr0 &= ~(uint32_t)CR0_PE;
    assert_true(segment_load(v, S_DS, 0xffff)); /* the limit stays: unreal mode */
    assert_segment(S_DS, 0xffff, 0xffff0, 0xffffffff, DATA | FLAT);
    assert_true(segment_load(v, S_FS, 0));
    assert_segment(S_FS, 0, 0, 0xffff, DATA);
    v->cr0 |= CR0_PE;
    v->eflags |= FL_VM;
    v->cpl = 3;
    assert_true(segment_load(v, S_DS, 0x1234));
    assert_segment(S_DS, 0x1234, 0x12340, 0xffff, DATA | DPL(3));
}

/* ---- Checks --------------------------------------------------------------------- */

static bool check(enum sreg r, uint32_t off, unsigned len, unsigned access)
{
    gva_t where;
    return segment_check(v, r, off, len, access, &where);
}

static void checks_type(void **state)
{
    gva_t where;
    (void)state;
    v->seg[S_DS].base = 0xffff0000;
    assert_true(segment_check(v, S_DS, 0x10010, 4, PF_W, &where));
    assert_int_equal(where.v, 0x10); /* linear addresses wrap */
    assert_true(check(S_CS, 0, 4, PF_I));
    assert_true(check(S_CS, 0, 4, 0));
    FAULTS(check(S_CS, 0, 4, PF_W), VEC_GP, 0);
    force(S_ES, RO3);
    assert_true(check(S_ES, 0, 4, 0));
    FAULTS(check(S_ES, 0, 4, PF_W), VEC_GP, 0);
    force(S_CS, XONLY0);
    FAULTS(check(S_CS, 0, 4, 0), VEC_GP, 0);
    assert_true(check(S_CS, 0, 4, PF_I));
    v->seg[S_FS] = (struct segment){.attr = SA_NULL};
    FAULTS(check(S_FS, 0, 1, 0), VEC_GP, 0);
    FAULTS(check(S_FS, 0, 1, PF_W), VEC_GP, 0);
    v->seg[S_SS] = (struct segment){.attr = SA_NULL};
    FAULTS(check(S_SS, 0, 1, 0), VEC_SS, 0);
    v->cr0 &= ~(uint32_t)CR0_PE; /* real mode knows no types */
    assert_true(check(S_CS, 0, 4, PF_W));
}

static void checks_limit(void **state)
{
    (void)state;
    force(S_DS, D0_SMALL);
    assert_true(check(S_DS, 0xf, 1, PF_W));
    assert_true(check(S_DS, 0xc, 4, 0));
    FAULTS(check(S_DS, 0xd, 4, 0), VEC_GP, 0);
    FAULTS(check(S_DS, 0x10, 1, PF_W), VEC_GP, 0);
    FAULTS(check(S_DS, 0xfffffffe, 4, 0), VEC_GP, 0); /* wraps */
    force(S_SS, D0_SMALL);
    FAULTS(check(S_SS, 0x10, 1, 0), VEC_SS, 0);
    force(S_CS, C0_SMALL);
    assert_true(check(S_CS, 0xfff, 1, PF_I));
    FAULTS(check(S_CS, 0x1000, 1, PF_I), VEC_GP, 0);
    force(S_DS, D0);
    assert_true(check(S_DS, 0xfffffffe, 4, PF_W)); /* under 4 GiB it may wrap */
    force(S_CS, C0);
    assert_true(check(S_CS, 0xfffffffe, 4, 0));
}

static void checks_expand_down(void **state)
{
    (void)state;
    force(S_DS, DOWN0);
    assert_true(check(S_DS, 0x1000, 4, PF_W));
    assert_true(check(S_DS, 0xfffffffc, 4, PF_W));
    FAULTS(check(S_DS, 0xfff, 1, 0), VEC_GP, 0);
    FAULTS(check(S_DS, 0, 1, 0), VEC_GP, 0);
    FAULTS(check(S_DS, 0xfffffffd, 4, 0), VEC_GP, 0);
    v->seg[S_DS].attr &= ~(uint32_t)SA_DB;
    assert_true(check(S_DS, 0xfffc, 4, 0));
    FAULTS(check(S_DS, 0xfffd, 4, 0), VEC_GP, 0);
    v->seg[S_DS].limit = 0xffffffff; /* nothing is valid */
    FAULTS(check(S_DS, 0, 1, 0), VEC_GP, 0);
    FAULTS(check(S_DS, 0xffffffff, 1, 0), VEC_GP, 0);
}

/* ---- LDTR and TR ------------------------------------------------------------------ */

static void loads_ldtr(void **state)
{
    (void)state;
    v->ldtr = (struct segment){.attr = SA_NULL};
    assert_true(segment_load_ldtr(v, SYS_LDTR));
    assert_int_equal(v->ldtr.base, LDT);
    assert_int_equal(v->ldtr.limit, 0x17);
    assert_int_equal(v->ldtr.sel, SYS_LDTR);
    poke64(LDT + 0x10, pack(LDT, 0x17, SA_P | SYS_LDT));
    FAULTS(segment_load_ldtr(v, 0x14), VEC_GP, 0x14); /* only the GDT can hold one */
    FAULTS(segment_load_ldtr(v, D0), VEC_GP, D0);
    FAULTS(segment_load_ldtr(v, SYS_TSS), VEC_GP, SYS_TSS);
    FAULTS(segment_load_ldtr(v, SYS_LDT_NP), VEC_NP, SYS_LDT_NP);
    FAULTS(segment_load_ldtr(v, GDT_END), VEC_GP, GDT_END);
    gdt_set(GATE, pack(0, 0xffff, DATA & ~(uint32_t)SA_S)); /* type 3: a busy TSS */
    FAULTS(segment_load_ldtr(v, GATE), VEC_GP, GATE);
    assert_true(segment_load_ldtr(v, 3));
    assert_true(v->ldtr.attr & SA_NULL);
    assert_int_equal(v->ldtr.sel, 3);
}

static void loads_tr(void **state)
{
    (void)state;
    assert_true(segment_load_tr(v, SYS_TSS));
    assert_int_equal(v->tr.base, TSS);
    assert_int_equal(v->tr.limit, 0x2067);
    assert_int_equal(v->tr.attr & SA_TYPE, SYS_TSS32_BUSY);
    assert_true(peek64(GDT + SYS_TSS) == pack(TSS, 0x2067, SA_P | SYS_TSS32_BUSY));
    FAULTS(segment_load_tr(v, SYS_TSS), VEC_GP, SYS_TSS); /* now busy */
    FAULTS(segment_load_tr(v, 3), VEC_GP, 0);
    poke64(LDT + 0x10, pack(TSS, 0x67, SA_P | SYS_TSS32));
    FAULTS(segment_load_tr(v, 0x14), VEC_GP, 0x14);
    FAULTS(segment_load_tr(v, D0), VEC_GP, D0);
    FAULTS(segment_load_tr(v, C0), VEC_GP, C0); /* its type is 11, but it is no system segment */
    FAULTS(segment_load_tr(v, SYS_TSS_NP), VEC_NP, SYS_TSS_NP);
    FAULTS(segment_load_tr(v, GDT_END), VEC_GP, GDT_END);
    assert_true(segment_load_tr(v, SYS_TSS_16));
    assert_int_equal(v->tr.attr & SA_TYPE, SYS_TSS16_BUSY);
    world_tables();
    world_paging();
    world_map(GDT, PTE_P);
    FAULTS(segment_load_tr(v, SYS_TSS), VEC_PF, PF_P | PF_W);
}

/* ---- Questions ----------------------------------------------------------------------- */

static bool lar(uint16_t sel, uint32_t *value)
{
    bool ok;
    assert_true(segment_lar(v, sel, &ok, value));
    return ok;
}

static bool lsl(uint16_t sel, uint32_t *value)
{
    bool ok;
    assert_true(segment_lsl(v, sel, &ok, value));
    return ok;
}

static bool verify(uint16_t sel, bool write)
{
    bool ok;
    assert_true(segment_verify(v, sel, write, &ok));
    return ok;
}

static void answers_lar_and_lsl(void **state)
{
    uint32_t x = 0xdeadbeef;
    (void)state;
    assert_true(lar(C0, &x));
    assert_int_equal(x, 0x00cf9b00);
    assert_true(lar(D3 | 3, &x));
    assert_int_equal(x, 0x00cff300);
    assert_true(lsl(D0, &x));
    assert_int_equal(x, 0xffffffff);
    assert_true(lsl(D0_SMALL, &x));
    assert_int_equal(x, 0xf);
    x = 0xdeadbeef;
    assert_false(lar(0, &x) || lar(3, &x) || lar(GDT_END, &x) || lar(0xffff, &x));
    assert_false(lsl(0, &x) || lsl(GDT_END, &x));
    assert_false(lar(C0 | 1, &x)); /* RPL > DPL */
    assert_true(lar(CONF0 | 3, &x));
    run_at(3);
    x = 0xdeadbeef;
    assert_false(lar(C0, &x) || lsl(C0, &x) || lar(SYS_TSS, &x));
    assert_int_equal(x, 0xdeadbeef);
    assert_true(lar(CONF0, &x));
}

/* Which of the sixteen system types each instruction knows (SDM 2, their tables). */
static void answers_for_system_types(void **state)
{
    static const uint16_t lar_ok = 0x1a3e, lsl_ok = 0x0a0e;
    uint32_t x;
    (void)state;
    for (unsigned type = 0; type < 16; type++) {
        gdt_set(GATE, pack(0, 0x123, SA_P | type));
        assert_int_equal(lar(GATE, &x), lar_ok >> type & 1);
        assert_int_equal(lsl(GATE, &x), lsl_ok >> type & 1);
        assert_false(verify(GATE, false) || verify(GATE, true));
    }
}

static void verifies(void **state)
{
    (void)state;
    assert_true(verify(D0, false) && verify(D0, true) && verify(C0, false));
    assert_false(verify(C0, true) || verify(XONLY0, false) || verify(RO3, true));
    assert_true(verify(RO3, false));
    assert_false(verify(0, false) || verify(GDT_END, false) || verify(D0 | 1, false));
    run_at(3);
    assert_false(verify(D0, false) || verify(C0, false) || verify(D0, true));
    assert_true(verify(CONF0 | 3, false));
    assert_true(verify(D3 | 3, true));
}

static void questions_can_page_fault(void **state)
{
    bool ok;
    uint32_t x;
    (void)state;
    world_paging();
    world_map(GDT, 0);
    FAULTS(segment_lar(v, C0, &ok, &x), VEC_PF, 0);
    FAULTS(segment_lsl(v, C0, &ok, &x), VEC_PF, 0);
    FAULTS(segment_verify(v, C0, true, &ok), VEC_PF, 0);
}

/* ---- The TSS -------------------------------------------------------------------------- */

static void finds_stacks(void **state)
{
    uint16_t ss;
    uint32_t esp;
    (void)state;
    assert_true(frame_tss(v, 0, 0, &ss, &esp));
    assert_int_equal(ss, D0);
    assert_int_equal(esp, STACK0);
    assert_true(frame_tss(v, 1, 0, &ss, &esp));
    assert_int_equal(ss, D1 | 1);
    assert_int_equal(esp, STACK1);
    v->tr.limit = 17; /* the last byte of SS1 */
    assert_true(frame_tss(v, 1, 0, &ss, &esp));
    v->tr.limit = 16;
    FAULTS(frame_tss(v, 1, 0, &ss, &esp), VEC_TS, SYS_TSS);
    force_tr(SYS_TSS_16);
    poke(vm, TSS16 + 6, 0x12345678);
    assert_true(frame_tss(v, 0, 0, &ss, &esp));
    assert_int_equal(ss, D0);
    assert_int_equal(esp, STACK0);
    assert_true(frame_tss(v, 1, 0, &ss, &esp));
    assert_int_equal(esp, 0x5678);
    assert_int_equal(ss, 0x1234);
    v->tr.limit = 9;
    assert_true(frame_tss(v, 1, 0, &ss, &esp));
    v->tr.limit = 8;
    FAULTS(frame_tss(v, 1, 0, &ss, &esp), VEC_TS, SYS_TSS_16);
}

static void allows_ports(void **state)
{
    (void)state;
    assert_true(segment_port_allowed(v, 0x60, 1)); /* CPL <= IOPL */
    run_at(3);
    poke(vm, TSS + 0x64, 0x68u << 16);
    poke(vm, TSS + 0x68 + 4, 0xffffff01); /* ports 0x20-0x27: 0x20 denied */
    FAULTS(segment_port_allowed(v, 0x20, 1), VEC_GP, 0);
    assert_true(segment_port_allowed(v, 0x21, 1));
    assert_true(segment_port_allowed(v, 0x24, 4));
    FAULTS(segment_port_allowed(v, 0x25, 4), VEC_GP, 0); /* into the next byte */
    FAULTS(segment_port_allowed(v, 0x1f, 2), VEC_GP, 0);
    assert_true(segment_port_allowed(v, 0x1e, 2));
    assert_true(segment_port_allowed(v, 0xfff7, 1));
    v->tr.limit = 0x68 + 0x1fff; /* no byte behind the last */
    FAULTS(segment_port_allowed(v, 0xffff, 1), VEC_GP, 0);
    v->tr.limit = 0x66; /* no bitmap's offset */
    FAULTS(segment_port_allowed(v, 0x21, 1), VEC_GP, 0);
    poke(vm, TSS + 0x64, 0);
    v->tr.limit = 0x67; /* the smallest that has one; byte 0x30 of the TSS is 0 */
    assert_true(segment_port_allowed(v, 0x180, 1));
    v->tr.limit = 0x66;
    FAULTS(segment_port_allowed(v, 0x180, 1), VEC_GP, 0);
    v->eflags |= FL_IOPL;
    assert_true(segment_port_allowed(v, 0x20, 1));
    v->eflags &= ~(uint32_t)FL_IOPL;
    force_tr(SYS_TSS_16);
    v->tr.limit = 0x2fff;
    FAULTS(segment_port_allowed(v, 0x21, 1), VEC_GP, 0); /* a 16-bit TSS has none */
    v->cr0 &= ~(uint32_t)CR0_PE;
    v->cpl = 0;
    assert_true(segment_port_allowed(v, 0x20, 4));
}

static void bitmap_can_page_fault(void **state)
{
    (void)state;
    world_paging();
    run_at(3);
    v->tr.limit = 0xffff;
    poke(vm, TSS + 0x64, (HOLE - TSS - 0x10) << 16); /* the bitmap of port 0x80 lies in the hole */
    FAULTS(segment_port_allowed(v, 0x80, 1), VEC_PF, 0);
    assert_int_equal(v->exc.cr2, HOLE);
    world_map(TSS, 0);
    FAULTS(segment_port_allowed(v, 0x80, 1), VEC_PF, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, world)
    const struct CMUnitTest tests[] = {
        T(unpacks),
        T(reads_descriptors),
        T(tables_are_read_as_supervisor),
        T(loads_data),
        T(loads_data_by_privilege),
        T(loads_ss),
        T(sets_the_accessed_bit),
        T(loads_in_real_mode),
        T(checks_type),
        T(checks_limit),
        T(checks_expand_down),
        T(loads_ldtr),
        T(loads_tr),
        T(answers_lar_and_lsl),
        T(answers_for_system_types),
        T(verifies),
        T(questions_can_page_fault),
        T(finds_stacks),
        T(allows_ports),
        T(bitmap_can_page_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
