/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What guest code becomes, against tests/golden/translate.out: for each case of translate.in the
 * host instructions of its block, each with the unwind record that holds there. After a wanted
 * change write translate.out anew with
 *     REBASE=1 build/unit/test_rewrite
 * from the tree's root, and read the difference before committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>
#include <cmocka.h>

#include "tests/unit/bt_world.h"

#define EIP (BT_CODE + 0x100)
#define IN  "tests/golden/translate.in"
#define OUT "tests/golden/translate.out"

static struct vm *vm;
static char *answer;
static size_t answer_len;
static FILE *out;

static void options(struct vcpu *v, const char *text)
{
    const char *cpl = strstr(text, "cpl=");
    v->cpl = cpl ? (uint8_t)atoi(cpl + 4) : 0;
    v->seg[S_CS].base = strstr(text, "code16") ? BT_CODE : 0;
    v->seg[S_CS].attr =
        SA_P | SA_S | SA_CODE | SA_RW | (strstr(text, "code16") ? 0 : (uint32_t)SA_DB);
    v->seg[S_DS].base = strstr(text, "nods") ? 0x1000 : 0;
    v->seg[S_ES].limit = strstr(text, "noes") ? 0xfffff : 0xffffffff;
    vm->bt->patching = vm->bt->save_flags = strstr(text, "patch");
    vm->bt->tc.gate_kind = strstr(text, "gates") ? GATE_FAR : GATE_INT;
    vm->bt->inline_lookup = !strstr(text, "thunk");
    vm->bt->count = strstr(text, "count");
}

static unsigned bytes_of(const char *hex, uint8_t *to)
{
    unsigned n = 0;
    char *end;
    for (;;) {
        unsigned long b = strtoul(hex, &end, 16);
        if (end == hex)
            return n;
        to[n++] = (uint8_t)b;
        hex = end;
    }
}

static const struct unwind *record_at(const struct block *b, uint32_t off)
{
    const struct unwind *u = &vm->bt->record[b->records];
    assert_int_equal(u->at, 0); /* no byte without a record */
    for (unsigned n = 1; n < b->nrecords && u[1].at <= off; n++)
        u++;
    return u;
}

static void put_record(const struct unwind *u)
{
    if (u->how & UNWIND_FORWARD)
        fprintf(out, "eip=r8d");
    else
        fprintf(out, "eip=%x", u->eip);
    if (u->esp_delta)
        fprintf(out, " esp%+d", u->esp_delta);
    if (u->how & UNWIND_ECX_R11)
        fprintf(out, " ecx=r11d");
    if (u->how & UNWIND_ESP_R9)
        fprintf(out, " esp=r9d");
    if (u->how & UNWIND_EAX_R10)
        fprintf(out, " eax=r10d");
    if (u->how & UNWIND_FLAGS_R9)
        fprintf(out, " flags=r9");
    if (u->how & UNWIND_INHIBIT)
        fprintf(out, " inhibit");
    fprintf(out, "\n");
}

/* Where an offset from R15 leads, so that a new field in the vcpu changes no translation. */
static void name_field(char *to, size_t size, uint32_t off)
{
    static const struct {
        uint32_t off;
        const char *name;
    } fields[] = {
#define FIELD(name) {offsetof(struct vcpu, name), #name}
        FIELD(eflags),
        FIELD(gate[TC_EXIT_INTERP]),
        FIELD(gate[TC_EXIT_EVENT]),
        FIELD(gate[TC_EXIT_CALL]),
        FIELD(vif),
        FIELD(event),
        FIELD(tc_insns),
        FIELD(cr0),
        FIELD(cr2),
        FIELD(cr3),
        FIELD(cr4),
        FIELD(place[S_DS]),
        FIELD(place[S_FS]),
        FIELD(place[S_GS]),
        FIELD(place16[0][S_ES]),
        FIELD(place16[0][S_SS]),
        FIELD(place16[0][S_DS]),
        FIELD(seg[S_FS].base),
        FIELD(seg[S_GS].base),
        FIELD(seg[S_ES].sel),
        FIELD(seg[S_CS].sel),
        FIELD(seg[S_SS].sel),
        FIELD(seg[S_DS].sel),
        FIELD(seg[S_FS].sel),
        FIELD(seg[S_GS].sel),
    };
    for (unsigned n = 0; n < ARRAY_SIZE(fields); n++) {
        if (fields[n].off == off) {
            snprintf(to, size, "[vcpu.%s]", fields[n].name);
            return;
        }
    }
    snprintf(to, size, "[vcpu+%x]", off);
}

/* "[r15+0x28]" becomes "[vcpu.vif]", "[r15+r8*1+0x90]" what its first word is; a look-up's indexed
 * operand stays. */
static void put_text(const char *text)
{
    char field[64], line[192];
    const char *r15 = strstr(text, "[r15+"), *byte = strstr(text, "*1+0x"),
               *off = strstr(text, "+0x");
    if (r15 && off && (byte || off == r15 + 4)) {
        name_field(field, sizeof field, (uint32_t)strtoul(off + 1, NULL, 0));
        snprintf(line, sizeof line, "%.*s%s%.*s%s", (int)(r15 - text), text, field,
                 (int)(off - r15 - 4), r15 + 4, strchr(r15, ']') + 1);
        text = line;
    }
    fprintf(out, "%-46s ", text);
}

/* Addresses are offsets in the cache; slots lie behind its code, at a distance that is the host's.
 */
static void put_block(const struct block *b)
{
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    for (uint32_t off = 0; off < b->tc_len;) {
        const uint8_t *at = vm->bt->tc.write + b->tc + off;
        ZydisDecodedInstruction i;
        ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
        char text[128];
        assert_true(ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, at, b->tc_len - off, &i, o)));
        ZydisFormatterFormatInstruction(&formatter, &i, o, i.operand_count_visible, text,
                                        sizeof text, b->tc + off, NULL);
        if (at[0] == 0xff && at[1] == 0x25) {
            int32_t rel;
            memcpy(&rel, at + 2, 4);
            uint32_t slot = (b->tc + off + 6 + (uint32_t)rel - vm->bt->tc.size) / 8;
            snprintf(text, sizeof text, "jmp slot %u", slot);
        }
        fprintf(out, "  %3x  %s", off, at[0] == 0x67 ? "67 " : "   ");
        put_text(text);
        put_record(record_at(b, off));
        off += i.length;
    }
}

static void one_case(char *line)
{
    struct vcpu *v = vm->vcpu;
    uint8_t code[64];
    char *hex = strchr(line, '|');
    assert_non_null(hex);
    unsigned n = bytes_of(hex + 1, code);
    char *more = strchr(hex + 1, '|');
    options(v, more ? more + 1 : "");
    memset(bt_ram(vm, BT_CODE), 0xf4, PAGE_SIZE); /* what follows is a callout */
    bt_put(vm, EIP, code, n);
    cache_flush_all(vm);
    v->eip = EIP - v->seg[S_CS].base;
    uint64_t entry = bt_find(v);
    assert_int_not_equal(entry, 0);
    fprintf(out, "%s\n", line);
    put_block(&vm->bt->block[bt_block(vm, entry)]);
}

static void translate_all(void)
{
    char line[256];
    FILE *in = fopen(IN, "r");
    assert_non_null(in);
    out = open_memstream(&answer, &answer_len);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] && line[0] != '#')
            one_case(line);
    }
    fclose(in);
    fclose(out);
}

static void show_difference(const char *want)
{
    unsigned line = 1;
    size_t start = 0, n = 0;
    for (; n < answer_len && answer[n] == want[n]; n++) {
        if (answer[n] == '\n') {
            line++;
            start = n + 1;
        }
    }
    printf("%s:%u\n  is:    %.*s\n  was:   %.*s\n", OUT, line, (int)strcspn(answer + start, "\n"),
           answer + start, (int)strcspn(want + start, "\n"), want + start);
}

static void golden(void **state)
{
    static char want[1 << 20];
    (void)state;
    vm = bt_world(false);
    translate_all();
    if (getenv("REBASE")) {
        FILE *f = fopen(OUT, "w");
        assert_non_null(f);
        fwrite(answer, 1, answer_len, f);
        fclose(f);
    }
    FILE *f = fopen(OUT, "r");
    assert_non_null(f);
    size_t len = fread(want, 1, sizeof want - 1, f);
    fclose(f);
    if (len != answer_len || memcmp(want, answer, len)) {
        show_difference(want);
        fail_msg("translations changed");
    }
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
