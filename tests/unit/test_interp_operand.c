/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Operands: 16-bit addressing, segment bases, overrides and limits, rights, alignment, and
 * that nothing has changed when an access of a read-modify-write faults. What flat 32-bit
 * user code does is test_interp_real.c's business.
 */
#include "tests/unit/interp_run.h"

static void sixteen_bit_addresses(void **state)
{
    /* ModRM with mod=1, displacement 10h; BX=1000h SI=0F00h DI=200h BP=3000h */
    static const struct {
        uint8_t rm;
        uint32_t off;
    } forms[] = {
        {0, 0x1f10}, {1, 0x1210}, {2, 0x3f10}, {3, 0x3210},
        {4, 0x0f10}, {5, 0x0210}, {6, 0x3010}, {7, 0x1010},
    };
    (void)state;
    v->gpr[R_EBX] = 0x77771000;
    v->gpr[R_ESI] = 0x66660f00;
    v->gpr[R_EDI] = 0x55550200;
    v->gpr[R_EBP] = 0x44443000;
    for (size_t n = 0; n < ARRAY_SIZE(forms); n++) {
        uint8_t lea[] = {0x67, 0x8d, (uint8_t)(0x48 | forms[n].rm), 0x10};
        run_ok(lea, sizeof lea);
        assert_int_equal(v->gpr[R_ECX], forms[n].off);
    }
    OK(0x67, 0x8d, 0x4f, 0xf0); /* [bx-10h] */
    assert_int_equal(v->gpr[R_ECX], 0x0ff0);
    OK(0x67, 0x8d, 0x0e, 0x34, 0xf2); /* [0f234h] */
    assert_int_equal(v->gpr[R_ECX], 0xf234);
    v->gpr[R_EBX] = 0xffff;
    OK(0x67, 0x8d, 0x88, 0x00, 0x80); /* [bx+si-8000h] wraps */
    assert_int_equal(v->gpr[R_ECX], 0x8eff);
}

static void sixteen_bit_memory(void **state)
{
    (void)state;
    v->seg[S_DS].base = 0x10000;
    v->seg[S_SS].base = 0x20000;
    v->gpr[R_EBX] = 0xdead1000;
    v->gpr[R_EBP] = 0xdead1000;
    poke(vm, 0x11004, 0x12345678);
    poke(vm, 0x21004, 0x9abcdef0);
    OK(0x67, 0x8b, 0x47, 0x04); /* mov eax, [bx+4] */
    assert_int_equal(v->gpr[R_EAX], 0x12345678);
    OK(0x67, 0x8b, 0x46, 0x04); /* mov eax, [bp+4]: SS */
    assert_int_equal(v->gpr[R_EAX], 0x9abcdef0);
    OK(0x67, 0x3e, 0x66, 0x8b, 0x46, 0x04); /* mov ax, [ds:bp+4] */
    assert_int_equal(v->gpr[R_EAX], 0x9abc5678);
    v->gpr[R_EAX] = 0x42;
    OK(0x67, 0xa2, 0x80, 0x00); /* mov [0080h], al */
    assert_int_equal(peek(vm, 0x10080), 0x42);
    v->gpr[R_EAX] = 3;
    v->gpr[R_EBX] = 0xfffe; /* xlat: bx + al wraps in 16 bits */
    poke8(0x10001, 0x99);
    OK(0x67, 0xd7);
    assert_int_equal(v->gpr[R_EAX], 0x99);
}

static void bases_are_added_and_wrap(void **state)
{
    (void)state;
    v->seg[S_FS] = hidden(D0, 0xfffff000u, 0xffffffffu, FLAT_DATA);
    v->seg[S_GS] = hidden(D0, DATA, 0xffffffffu, FLAT_DATA);
    v->gpr[R_EBX] = DATA + 0x1000;
    poke(vm, DATA, 0x1111);
    poke(vm, DATA + 8, 0x2222);
    OK(0x64, 0x8b, 0x03); /* mov eax, [fs:ebx] */
    assert_int_equal(v->gpr[R_EAX], 0x1111);
    OK(0x65, 0xa1, 8, 0, 0, 0); /* mov eax, [gs:8] */
    assert_int_equal(v->gpr[R_EAX], 0x2222);
    OK(0x65, 0x8b, 0x0d, 0xfc, 0xff, 0xff, 0xff); /* [gs:-4], as Linux TLS does */
    assert_int_equal(v->gpr[R_ECX], peek(vm, DATA - 4));
    OK(0x65, 0x8d, 0x03); /* lea takes no base */
    assert_int_equal(v->gpr[R_EAX], DATA + 0x1000);
}

static void limits_raise_gp_and_ss(void **state)
{
    (void)state;
    v->seg[S_DS] = hidden(SMALL, 0x60000, 0xff, FLAT_DATA & ~(uint32_t)SA_G);
    v->seg[S_SS] = v->seg[S_DS];
    v->gpr[R_EBX] = v->gpr[R_EBP] = 0xfc;
    OK(0x8b, 0x03);
    OK(0x8b, 0x45, 0x00);
    v->gpr[R_EBX] = v->gpr[R_EBP] = 0xfd;
    FAULTS(GP0, 0x8b, 0x03);
    FAULTS(SS0, 0x8b, 0x45, 0x00);
    FAULTS(SS0, 0x36, 0x8b, 0x03);
    FAULTS(GP0, 0x01, 0x03);
    OK(0x66, 0x8b, 0x03);
    v->gpr[R_EBX] = 0xffffffffu;
    FAULTS(GP0, 0x8a, 0x03);
    v->seg[S_ES].attr = SA_NULL;
    FAULTS(GP0, 0x26, 0x8a, 0x03);
}

static void rights_of_the_segment(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA;
    FAULTS(GP0, 0x2e, 0x89, 0x03); /* mov [cs:ebx], eax */
    OK(0x2e, 0x8b, 0x03);
    v->seg[S_DS].attr &= ~(uint32_t)SA_RW;
    OK(0x8b, 0x03);
    FAULTS(GP0, 0x89, 0x03);
    FAULTS(GP0, 0xff, 0x03);       /* inc [ebx] */
    FAULTS(GP0, 0x0f, 0xab, 0x03); /* bts [ebx], eax */
    FAULTS(GP0, 0x0f, 0xb1, 0x0b); /* cmpxchg [ebx], ecx, though it may not match */
    FAULTS(GP0, 0x0f, 0xc7, 0x0b); /* cmpxchg8b */
    FAULTS(GP0, 0x8f, 0x03);       /* pop [ebx] */
    FAULTS(GP0, 0x0f, 0x94, 0x03); /* sete [ebx] */
    OK(0x39, 0x03);                /* cmp reads only */
    OK(0x0f, 0xa3, 0x03);          /* bt likewise */
}

/* Every form that reads and writes: no register, no byte, no flag changes, and the fault is one
 * of a write although the read comes first. */
static void rmw_faults_change_nothing(void **state)
{
    static const uint8_t insns[][4] = {
        {0x01, 0x03},             /* add [ebx], eax */
        {0x11, 0x03},             /* adc */
        {0x83, 0x33, 0x01},       /* xor [ebx], 1 */
        {0xff, 0x03},             /* inc */
        {0xf7, 0x1b},             /* neg */
        {0xf7, 0x13},             /* not */
        {0xd1, 0x23},             /* shl [ebx], 1 */
        {0xd3, 0x1b},             /* rcr [ebx], cl */
        {0x0f, 0xa4, 0x03, 0x05}, /* shld [ebx], eax, 5 */
        {0x0f, 0xab, 0x03},       /* bts [ebx], eax */
        {0x0f, 0xba, 0x33, 0x01}, /* btr [ebx], 1 */
        {0x0f, 0xc1, 0x03},       /* xadd */
        {0x0f, 0xb1, 0x03},       /* cmpxchg */
        {0x0f, 0xc7, 0x0b},       /* cmpxchg8b */
        {0x87, 0x03},             /* xchg */
        {0x8f, 0x03},             /* pop [ebx] */
    };
    (void)state;
    map_all();
    go_user();
    map_page(DATA, PTE_P | PTE_U);
    map_page(DATA + 0x1000, 0);
    poke(vm, DATA + 0x10, 0x80000001);
    v->gpr[R_EBX] = DATA + 0x10;
    v->gpr[R_EAX] = 3;
    v->gpr[R_ECX] = 2;
    v->eflags |= FL_ARITH;
    for (size_t n = 0; n < ARRAY_SIZE(insns); n++)
        run_faults(E(VEC_PF, PF_P | PF_W | PF_U), insns[n], 4);
    assert_int_equal(peek(vm, DATA + 0x10), 0x80000001);
    map_page(DATA, PTE_P | PTE_U | PTE_W);
    v->gpr[R_EBX] = DATA + 0xffe; /* the second page is absent */
    for (size_t n = 0; n < ARRAY_SIZE(insns); n++) {
        run_faults(E(VEC_PF, PF_W | PF_U), insns[n], 4);
        assert_int_equal(v->exc.cr2, DATA + 0x1000);
    }
    assert_int_equal(peek16(DATA + 0xffe), 0);
}

static void privilege_reaches_the_pages(void **state)
{
    (void)state;
    map_all();
    map_page(DATA, PTE_P | PTE_W);
    v->gpr[R_EBX] = DATA;
    OK(0x8b, 0x03);
    v->cpl = 2; /* a supervisor too */
    OK(0x89, 0x03);
    go_user();
    FAULTS(E(VEC_PF, PF_P | PF_U), 0x8b, 0x03);
    FAULTS(E(VEC_PF, PF_P | PF_W | PF_U), 0x89, 0x03);
}

static void alignment_is_checked_at_cpl3(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA + 1;
    v->eflags |= FL_AC;
    v->cr0 |= CR0_AM;
    OK(0x8b, 0x03); /* not at CPL 0 */
    go_user();
    FAULTS(E(VEC_AC, 0), 0x8b, 0x03);
    FAULTS(E(VEC_AC, 0), 0x66, 0x89, 0x03);
    FAULTS(E(VEC_AC, 0), 0x0f, 0xc7, 0x0b);
    OK(0x8a, 0x03);
    v->gpr[R_EBX] = DATA + 4;
    OK(0x8b, 0x03);
    FAULTS(E(VEC_AC, 0), 0x0f, 0xc7, 0x0b); /* eight bytes want eight */
    FAULTS(E(VEC_AC, 0), 0xdb, 0x2b);       /* and so do ten: fld, fstp, fbstp */
    FAULTS(E(VEC_AC, 0), 0xdb, 0x3b);
    FAULTS(E(VEC_AC, 0), 0xdf, 0x33);
    v->gpr[R_EBX] = DATA + 1;
    v->cr0 &= ~(uint32_t)CR0_AM;
    OK(0x8b, 0x03);
    v->cr0 |= CR0_AM;
    v->eflags &= ~(uint32_t)FL_AC;
    OK(0x8b, 0x03);
}

/* SDM 3A table 6-7: a far pointer of 48 bits wants four, one of 32 bits two. */
static void far_pointers_are_aligned_in_parts(void **state)
{
    (void)state;
    go_user();
    v->eflags |= FL_AC;
    v->cr0 |= CR0_AM;
    v->gpr[R_EBX] = DATA + 2;
    FAULTS(E(VEC_AC, 0), 0xc4, 0x03); /* les eax, [ebx] */
    FAULTS(E(VEC_AC, 0), 0xff, 0x2b); /* jmp far [ebx] */
    OK(0x66, 0xc4, 0x03);
    v->gpr[R_EBX] = DATA + 1;
    FAULTS(E(VEC_AC, 0), 0x66, 0xc4, 0x03);
    v->gpr[R_EBX] = DATA + 4;
    OK(0xc4, 0x03);
}

static void frames_of_user_code_are_aligned(void **state)
{
    (void)state;
    go_user();
    v->eflags |= FL_AC;
    v->cr0 |= CR0_AM;
    v->gpr[R_ESP] = STACK - 0x102;
    FAULTS(E(VEC_AC, 0), 0xcf);                          /* iret */
    FAULTS(E(VEC_AC, 0), 0xcb);                          /* retf */
    FAULTS(E(VEC_AC, 0), 0x9a, 0, 0, 1, 0, C3 & 255, 0); /* call far */
    poke16(STACK - 0x102, 0x1234);
    poke16(STACK - 0x100, C3);
    RUN(0x66, 0xcb);
    assert_int_equal(v->eip, 0x1234);
}

static void far_bits(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA;
    v->gpr[R_EAX] = 32 * 100 + 3;
    OK(0x0f, 0xab, 0x03); /* bts [ebx], eax */
    assert_int_equal(peek(vm, DATA + 400), 8);
    v->gpr[R_EAX] = 0xffffffffu;
    OK(0x0f, 0xab, 0x03);
    assert_int_equal(peek(vm, DATA - 4), 0x80000000u);
    v->gpr[R_EAX] = 0x7fff8001; /* a 16-bit operand: the offset is -32767 */
    OK(0x66, 0x0f, 0xab, 0x03);
    assert_int_equal(peek16(DATA - 4096), 2);
    v->seg[S_DS].base = 0x10000;
    v->gpr[R_EBX] = 0xfffe;
    v->gpr[R_EAX] = 0x20; /* 16-bit addressing wraps at 64 KiB */
    poke(vm, 0x10002, 1);
    OK(0x67, 0x0f, 0xa3, 0x07); /* bt [bx], eax */
    assert_true(v->eflags & FL_CF);
}

static void segment_registers(void **state)
{
    (void)state;
    v->gpr[R_EAX] = 0xffff0000 | SMALL;
    OK(0x8e, 0xc0); /* mov es, eax */
    assert_int_equal(v->seg[S_ES].sel, SMALL);
    assert_int_equal(v->seg[S_ES].base, 0x60000);
    assert_int_equal(v->seg[S_ES].limit, 0xff);
    OK(0x8c, 0xc1); /* mov ecx, es: zero-extended */
    assert_int_equal(v->gpr[R_ECX], SMALL);
    v->gpr[R_ECX] = 0x11112222;
    OK(0x66, 0x8c, 0xc1);
    assert_int_equal(v->gpr[R_ECX], 0x11110000 | SMALL);
    v->gpr[R_EBX] = DATA;
    poke(vm, DATA, 0xffffffff);
    OK(0x8c, 0x03); /* mov [ebx], es writes two bytes */
    assert_int_equal(peek(vm, DATA), 0xffff0000 | SMALL);
    v->gpr[R_EAX] = 0;
    OK(0x8e, 0xc0);
    assert_true(v->seg[S_ES].attr & SA_NULL);
    FAULTS(GP0, 0x8e, 0xd0); /* a null SS */
    v->gpr[R_EAX] = 0x1000;
    FAULTS(E(VEC_GP, 0x1000), 0x8e, 0xd8); /* beyond the GDT */
    FAULTS(UD, 0x8e, 0xc8);                /* mov cs */
    FAULTS(UD, 0x8e, 0xf0);                /* no such register */
}

static void far_pointers(void **state)
{
    (void)state;
    v->gpr[R_EBX] = DATA;
    poke(vm, DATA, 0x12345678);
    poke16(DATA + 4, SMALL);
    OK(0xc4, 0x0b); /* les ecx, [ebx] */
    assert_int_equal(v->gpr[R_ECX], 0x12345678);
    assert_int_equal(v->seg[S_ES].sel, SMALL);
    OK(0x0f, 0xb5, 0x13); /* lgs */
    assert_int_equal(v->seg[S_GS].sel, SMALL);
    OK(0x0f, 0xb4, 0x13); /* lfs */
    assert_int_equal(v->seg[S_FS].sel, SMALL);
    poke16(DATA + 2, D0);
    v->gpr[R_EDX] = 0xaaaaaaaa;
    OK(0x66, 0xc5, 0x13); /* lds dx, [ebx]: 16:16 */
    assert_int_equal(v->gpr[R_EDX], 0xaaaa5678);
    assert_int_equal(v->seg[S_DS].sel, D0);
    poke16(DATA + 4, SMALL);
    OK(0x0f, 0xb2, 0x23); /* lss esp, [ebx] */
    assert_int_equal(v->seg[S_SS].sel, SMALL);
    assert_int_equal(v->gpr[R_ESP], D0 << 16 | 0x5678);
    assert_int_equal(v->inhibit, 0);
    poke16(DATA + 4, 0x1000);
    FAULTS(E(VEC_GP, 0x1000), 0xc4, 0x0b);
}

static void conversions_in_sixteen_bits(void **state)
{
    (void)state;
    v->gpr[R_EAX] = 0x12348080;
    OK(0x66, 0x98); /* cbw */
    assert_int_equal(v->gpr[R_EAX], 0x1234ff80);
    v->gpr[R_EDX] = 0x55550000;
    OK(0x66, 0x99); /* cwd */
    assert_int_equal(v->gpr[R_EDX], 0x5555ffff);
    OK(0x98); /* cwde */
    assert_int_equal(v->gpr[R_EAX], 0xffffff80);
    OK(0x66, 0x0f, 0xc8); /* bswap ax: undefined, zero here */
    assert_int_equal(v->gpr[R_EAX], 0xffff0000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sixteen_bit_addresses, world),
        cmocka_unit_test_setup(sixteen_bit_memory, world),
        cmocka_unit_test_setup(bases_are_added_and_wrap, world),
        cmocka_unit_test_setup(limits_raise_gp_and_ss, world),
        cmocka_unit_test_setup(rights_of_the_segment, world),
        cmocka_unit_test_setup(rmw_faults_change_nothing, world),
        cmocka_unit_test_setup(privilege_reaches_the_pages, world),
        cmocka_unit_test_setup(alignment_is_checked_at_cpl3, world),
        cmocka_unit_test_setup(far_pointers_are_aligned_in_parts, world),
        cmocka_unit_test_setup(frames_of_user_code_are_aligned, world),
        cmocka_unit_test_setup(far_bits, world),
        cmocka_unit_test_setup(segment_registers, world),
        cmocka_unit_test_setup(far_pointers, world),
        cmocka_unit_test_setup(conversions_in_sixteen_bits, world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
