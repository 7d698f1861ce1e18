/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One instruction of each kind that has a memory operand, where the operand is not to be had: its
 * page is absent, or read-only, or only its last bytes are on such a page, or it is beyond the
 * segment's limit. The fault says what was wanted, and nothing has changed, in registers or memory.
 */
#include "tests/unit/interp_run.h"

#include "tests/unit/fake_fpu.h"

enum access { R, W, RW = W };
enum { PRIVILEGED = 1, ALIGNED = 2 };

#define PATTERN 0x5a5a5a5au

/* The operand is [ebx]; al, ax and eax are 0, cl is 3. */
static const struct form {
    const char *name;
    uint8_t bytes[8];
    uint8_t len;
    uint16_t size;
    enum access access;
    unsigned flags;
} forms[] = {
#define FORM(name, size, access, flags, ...)                                                       \
    {                                                                                              \
        name, {__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), size, access, flags           \
    }
    FORM("add [ebx], eax", 4, RW, 0, 0x01, 0x03),
    FORM("add eax, [ebx]", 4, R, 0, 0x03, 0x03),
    FORM("cmp [ebx], al", 1, R, 0, 0x38, 0x03),
    FORM("or byte [ebx], 1", 1, RW, 0, 0x80, 0x0b, 0x01),
    FORM("xor word [ebx], 1", 2, RW, 0, 0x66, 0x83, 0x33, 0x01),
    FORM("adc al, [ebx]", 1, R, 0, 0x12, 0x03),
    FORM("test dword [ebx], 1", 4, R, 0, 0xf7, 0x03, 1, 0, 0, 0),
    FORM("inc dword [ebx]", 4, RW, 0, 0xff, 0x03),
    FORM("dec byte [ebx]", 1, RW, 0, 0xfe, 0x0b),
    FORM("neg dword [ebx]", 4, RW, 0, 0xf7, 0x1b),
    FORM("not word [ebx]", 2, RW, 0, 0x66, 0xf7, 0x13),
    FORM("mul dword [ebx]", 4, R, 0, 0xf7, 0x23),
    FORM("idiv dword [ebx]", 4, R, 0, 0xf7, 0x3b),
    FORM("imul eax, [ebx]", 4, R, 0, 0x0f, 0xaf, 0x03),
    FORM("imul eax, [ebx], 9", 4, R, 0, 0x6b, 0x03, 0x09),
    FORM("xchg [ebx], eax", 4, RW, 0, 0x87, 0x03),
    FORM("xadd [ebx], eax", 4, RW, 0, 0x0f, 0xc1, 0x03),
    FORM("lock xadd [ebx], al", 1, RW, 0, 0xf0, 0x0f, 0xc0, 0x03),
    FORM("cmpxchg [ebx], ecx", 4, RW, 0, 0x0f, 0xb1, 0x0b),
    FORM("cmpxchg8b [ebx]", 8, RW, 0, 0x0f, 0xc7, 0x0b),
    FORM("bt [ebx], eax", 4, R, 0, 0x0f, 0xa3, 0x03),
    FORM("bts [ebx], eax", 4, RW, 0, 0x0f, 0xab, 0x03),
    FORM("btr word [ebx], ax", 2, RW, 0, 0x66, 0x0f, 0xb3, 0x03),
    FORM("btc dword [ebx], 1", 4, RW, 0, 0x0f, 0xba, 0x3b, 0x01),
    FORM("bsf eax, [ebx]", 4, R, 0, 0x0f, 0xbc, 0x03),
    FORM("bsr ax, [ebx]", 2, R, 0, 0x66, 0x0f, 0xbd, 0x03),
    FORM("shl dword [ebx], 1", 4, RW, 0, 0xd1, 0x23),
    FORM("ror byte [ebx], cl", 1, RW, 0, 0xd2, 0x0b),
    FORM("rcl word [ebx], 3", 2, RW, 0, 0x66, 0xc1, 0x13, 0x03),
    FORM("shld [ebx], eax, 4", 4, RW, 0, 0x0f, 0xa4, 0x03, 0x04),
    FORM("shrd [ebx], ax, cl", 2, RW, 0, 0x66, 0x0f, 0xad, 0x03),
    FORM("mov [ebx], eax", 4, W, 0, 0x89, 0x03),
    FORM("mov [ebx], al", 1, W, 0, 0x88, 0x03),
    FORM("mov word [ebx], 1", 2, W, 0, 0x66, 0xc7, 0x03, 1, 0),
    FORM("mov eax, [ebx]", 4, R, 0, 0x8b, 0x03),
    FORM("movzx eax, byte [ebx]", 1, R, 0, 0x0f, 0xb6, 0x03),
    FORM("movsx eax, word [ebx]", 2, R, 0, 0x0f, 0xbf, 0x03),
    FORM("setz [ebx]", 1, W, 0, 0x0f, 0x94, 0x03),
    FORM("cmovz eax, [ebx]", 4, R, 0, 0x0f, 0x44, 0x03),
    FORM("xlat", 1, R, 0, 0xd7),
    FORM("push dword [ebx]", 4, R, 0, 0xff, 0x33),
    FORM("pop dword [ebx]", 4, W, 0, 0x8f, 0x03),
    FORM("call [ebx]", 4, R, 0, 0xff, 0x13),
    FORM("jmp [ebx]", 4, R, 0, 0xff, 0x23),
    FORM("call far [ebx]", 6, R, 0, 0xff, 0x1b),
    FORM("jmp far [ebx]", 6, R, 0, 0xff, 0x2b),
    FORM("sldt [ebx]", 2, W, 0, 0x0f, 0x00, 0x03),
    FORM("str [ebx]", 2, W, 0, 0x0f, 0x00, 0x0b),
    FORM("lldt [ebx]", 2, R, PRIVILEGED, 0x0f, 0x00, 0x13),
    FORM("ltr [ebx]", 2, R, PRIVILEGED, 0x0f, 0x00, 0x1b),
    FORM("verr [ebx]", 2, R, 0, 0x0f, 0x00, 0x23),
    FORM("verw [ebx]", 2, R, 0, 0x0f, 0x00, 0x2b),
    FORM("lar eax, [ebx]", 2, R, 0, 0x0f, 0x02, 0x03),
    FORM("lsl eax, [ebx]", 2, R, 0, 0x0f, 0x03, 0x03),
    FORM("sgdt [ebx]", 6, W, 0, 0x0f, 0x01, 0x03),
    FORM("sidt [ebx]", 6, W, 0, 0x0f, 0x01, 0x0b),
    FORM("lgdt [ebx]", 6, R, PRIVILEGED, 0x0f, 0x01, 0x13),
    FORM("lidt [ebx]", 6, R, PRIVILEGED, 0x0f, 0x01, 0x1b),
    FORM("smsw [ebx]", 2, W, 0, 0x0f, 0x01, 0x23),
    FORM("lmsw [ebx]", 2, R, PRIVILEGED, 0x0f, 0x01, 0x33),
    FORM("arpl [ebx], ax", 2, R, 0, 0x63, 0x03),
    FORM("bound eax, [ebx]", 8, R, 0, 0x62, 0x03),
    FORM("les eax, [ebx]", 6, R, 0, 0xc4, 0x03),
    FORM("lss eax, [ebx]", 6, R, 0, 0x0f, 0xb2, 0x03),
    FORM("mov [ebx], ds", 2, W, 0, 0x8c, 0x1b),
    FORM("mov ds, [ebx]", 2, R, 0, 0x8e, 0x1b),
    FORM("pop ds at [ebx]", 4, R, 0, 0x87, 0xdc, 0x1f), /* xchg esp, ebx first (below) */
    FORM("fld dword [ebx]", 4, R, 0, 0xd9, 0x03),
    FORM("fst qword [ebx]", 8, W, 0, 0xdd, 0x13),
    FORM("fbstp [ebx]", 10, W, 0, 0xdf, 0x33),
    FORM("fnstcw [ebx]", 2, W, 0, 0xd9, 0x3b),
    FORM("fldcw [ebx]", 2, R, 0, 0xd9, 0x2b),
    FORM("movq mm0, [ebx]", 8, R, 0, 0x0f, 0x6f, 0x03),
    FORM("movd [ebx], mm0", 4, W, 0, 0x0f, 0x7e, 0x03),
    FORM("movups [ebx], xmm0", 16, W, 0, 0x0f, 0x11, 0x03),
    FORM("movaps xmm0, [ebx]", 16, R, ALIGNED, 0x0f, 0x28, 0x03),
    FORM("fxsave [ebx]", 512, W, ALIGNED, 0x0f, 0xae, 0x03),
    FORM("fxrstor [ebx]", 512, R, ALIGNED, 0x0f, 0xae, 0x0b),
    FORM("ldmxcsr [ebx]", 4, R, 0, 0x0f, 0xae, 0x13),
    FORM("stmxcsr [ebx]", 4, W, 0, 0x0f, 0xae, 0x1b),
    FORM("popcnt eax, [ebx]", 4, R, 0, 0xf3, 0x0f, 0xb8, 0x03),
    FORM("crc32 eax, byte [ebx]", 1, R, 0, 0xf2, 0x0f, 0x38, 0xf0, 0x03),
};

/* A machine with paging where F can run at CPL, its operand at ADDRESS. */
static void prepare(const struct form *f, unsigned cpl, uint32_t address)
{
    void *none = NULL;
    world(&none);
    fake_fpu_reset();
    map_all();
    if (cpl == 3)
        go_user();
    v->cr4 |= CR4_OSFXSR;
    v->gpr[R_EBX] = address;
    v->gpr[R_ECX] = 3;
    for (uint32_t at = DATA - 16; at < DATA + PAGE_SIZE + 16; at += 4)
        poke(vm, at, PATTERN);
    put_code(f->bytes, f->len);
}

static void memory_is_as_it_was(const struct form *f)
{
    for (uint32_t at = DATA - 16; at < DATA + PAGE_SIZE + 16; at += 4) {
        if (peek(vm, at) != PATTERN)
            fail_msg("%s: memory at %x has changed", f->name, at);
    }
}

/* Runs it: VECTOR and ERROR, with CR2 if that is a page fault; nothing else. */
static void faults(const struct form *f, unsigned vector, uint32_t error, uint32_t cr2)
{
    struct before was = snapshot();
    enum interp_result r = interp_step(v);
    struct before is = snapshot();
    if (r != INTERP_EXCEPTION || v->exc.vector != vector || v->exc.error != error)
        fail_msg("%s: exception %d, vector %u, error %x instead of %u, %x", f->name,
                 r == INTERP_EXCEPTION, v->exc.vector, v->exc.error, vector, error);
    if (vector == VEC_PF && v->exc.cr2 != cr2)
        fail_msg("%s: cr2 %x", f->name, v->exc.cr2);
    if (memcmp(&was, &is, sizeof was))
        fail_msg("%s: registers have changed", f->name);
    assert_false(v->exc.is_trap);
    memory_is_as_it_was(f);
}

/* The stack is the operand: what stands for it is executed before. */
static void take_first_step(const struct form *f)
{
    if (f->len == 3 && f->bytes[0] == 0x87 && f->bytes[1] == 0xdc)
        assert_int_equal(interp_step(v), INTERP_OK);
}

static uint32_t wants(const struct form *f)
{
    return f->access == W ? PF_W : 0;
}

static void absent_pages(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(forms); n++) {
        for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
            if (cpl == 3 && (forms[n].flags & PRIVILEGED))
                continue;
            prepare(&forms[n], cpl, DATA);
            map_page(DATA, 0);
            take_first_step(&forms[n]);
            faults(&forms[n], VEC_PF, wants(&forms[n]) | (cpl == 3 ? PF_U : 0u), DATA);
        }
    }
}

/* Reads succeed there, or raise what has nothing to do with the page. */
static void read_only_pages(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(forms); n++) {
        if (forms[n].access == R)
            continue;
        prepare(&forms[n], 3, DATA);
        map_page(DATA, PTE_P | PTE_U);
        faults(&forms[n], VEC_PF, PF_P | PF_W | PF_U, DATA);
        prepare(&forms[n], 0, DATA);
        map_page(DATA, PTE_P);
        faults(&forms[n], VEC_PF, PF_P | PF_W, DATA);
    }
}

/* All but the last byte, and the first byte alone, are on a page that is there. */
static void halfway(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(forms); n++) {
        const struct form *f = &forms[n];
        for (unsigned there = 1; there < f->size && !(f->flags & ALIGNED); there += f->size - 2u) {
            prepare(f, 0, DATA + PAGE_SIZE - there);
            map_page(DATA + PAGE_SIZE, 0);
            take_first_step(f);
            faults(f, VEC_PF, wants(f), DATA + PAGE_SIZE);
            if (f->size <= 2)
                break;
        }
    }
}

/* The last byte is the first one beyond the limit. */
static void beyond_the_limit(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(forms); n++) {
        const struct form *f = &forms[n];
        bool stack = f->bytes[0] == 0x87 && f->bytes[1] == 0xdc;
        uint32_t limit = f->size > 256 ? 0xfff : 0xff;
        uint32_t at = f->flags & ALIGNED ? limit + 1 - f->size + 16 : limit - f->size + 2u;
        prepare(f, 0, at);
        v->seg[stack ? S_SS : S_DS].limit = limit;
        take_first_step(f);
        faults(f, stack ? VEC_SS : VEC_GP, 0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_pages),
        cmocka_unit_test(read_only_pages),
        cmocka_unit_test(halfway),
        cmocka_unit_test(beyond_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
