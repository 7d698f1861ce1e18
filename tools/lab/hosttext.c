/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See hosttext.h. The text is libzydis's; what stands in its brackets or behind its mnemonic is
 * replaced where it leads to something that has a name.
 */
#include "tools/lab/hosttext.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

/* Where an offset from R15 leads. The first row that holds it names it. */
struct field {
    uint32_t at, size;
    const char *name;
};
#define FIELD(f)                                                                                   \
    {                                                                                              \
        offsetof(struct vcpu, f), sizeof((struct vcpu *)0)->f, #f                                  \
    }
#define NAMED(f, name)                                                                             \
    {                                                                                              \
        offsetof(struct vcpu, f), sizeof((struct vcpu *)0)->f, name                                \
    }
#define SEGMENT(s, name)                                                                           \
    NAMED(seg[s].base, name ".base"), NAMED(seg[s].sel, name ".sel"), NAMED(seg[s], name)
#define PLACE16(s, name) NAMED(place16[0][s], "place16." name)
#define MEMO(m)                                                                                    \
    FIELD(m.minus_raw), FIELD(m.minus_sel), FIELD(m.where), FIELD(m.seg.base), FIELD(m.seg)

/* clang-format off */
static const struct field fields[] = {
    FIELD(gpr), FIELD(eip), FIELD(eflags), FIELD(vif), FIELD(event), FIELD(cpl), FIELD(inhibit),
    NAMED(gate[TC_EXIT_MISS], "gate.miss"), NAMED(gate[TC_EXIT_INTERP], "gate.interp"),
    NAMED(gate[TC_EXIT_EVENT], "gate.event"), NAMED(gate[TC_EXIT_ADAPTED], "gate.adapted"),
    NAMED(gate[TC_EXIT_CALL], "gate.call"),
    NAMED(place[S_FS], "place.fs"), NAMED(place[S_GS], "place.gs"), FIELD(place),
    PLACE16(S_ES, "es"), PLACE16(S_CS, "cs"), PLACE16(S_SS, "ss"), PLACE16(S_DS, "ds"), PLACE16(S_FS, "fs"),
    PLACE16(S_GS, "gs"),
    FIELD(tc_insns), FIELD(tc_rsp), FIELD(no_place), FIELD(null_segment), MEMO(code_memo),
    {offsetof(struct vcpu, memo[0].minus_raw), 8, "memo.minus_raw"},
    {offsetof(struct vcpu, memo[0].minus_sel), 4, "memo.minus_sel"},
    {offsetof(struct vcpu, memo[0].where), 4, "memo.where"},
    {offsetof(struct vcpu, memo[0].seg), 16, "memo.seg"},
    SEGMENT(S_ES, "es"), SEGMENT(S_CS, "cs"), SEGMENT(S_SS, "ss"), SEGMENT(S_DS, "ds"),
    SEGMENT(S_FS, "fs"), SEGMENT(S_GS, "gs"),
    FIELD(cr0), FIELD(cr2), FIELD(cr3), FIELD(cr4),
    FIELD(direct.user_return), FIELD(direct.user_call), FIELD(direct),
    FIELD(windows.kernel), FIELD(windows.user), FIELD(windows.minus_split),
    {LOOKUP_TABLE(SIDE_KERNEL), VCPU_LOOKUP_SIZE, "lookup"},
    {LOOKUP_TABLE(SIDE_USER), VCPU_LOOKUP_SIZE, "user_lookup"},
};
/* clang-format on */

static void name_field(uint32_t at, char *to, size_t size)
{
    for (unsigned n = 0; n < ARRAY_SIZE(fields); n++) {
        uint32_t in = at - fields[n].at;
        if (in < fields[n].size) {
            snprintf(to, size, in ? "vcpu.%s+0x%x" : "vcpu.%s", fields[n].name, in);
            return;
        }
    }
    snprintf(to, size, "vcpu+0x%x", at);
}

static const char *thunk_name(const struct bt *bt, uint32_t at)
{
    for (unsigned side = 0; side < SIDES; side++) {
        const struct thunks *t = &bt->thunk[side];
        const struct {
            uint32_t at;
            const char *name;
        } names[] = {{t->lookup, "look-up"},           {t->probe, "look-up's second level"},
                     {t->user, "return to user code"}, {t->other, "look-up with saved flags"},
                     {t->empty, "empty call stack"},   {t->call, "system call"}};
        for (unsigned n = 0; n < ARRAY_SIZE(names); n++) {
            if (names[n].at == at)
                return names[n].name;
        }
    }
    return NULL;
}

/* The cache's offset TO, as a target in block B. */
static void name_target(const struct bt *bt, const struct block *b, uint32_t to, char *text,
                        size_t size)
{
    uint32_t slot = slot_of_stub(bt, to);
    const char *thunk = thunk_name(bt, to);
    if (to - b->tc < b->tc_len || to - b->tc == b->tc_len)
        snprintf(text, size, "+%x", to - b->tc);
    else if (slot)
        snprintf(text, size, "exit to %08x", bt->slot[slot].eip);
    else if (thunk)
        snprintf(text, size, "<%s>", thunk);
    else
        snprintf(text, size, "cache+%x", to);
}

/* What stands in TEXT between FROM and the character UNTIL becomes NEW. */
static void replace(char *text, size_t size, const char *from, char until, const char *new)
{
    char whole[160];
    const char *at = strstr(text, from);
    const char *end = !at ? NULL : until ? strchr(at, until) : at + strlen(at);
    if (!end)
        return;
    snprintf(whole, sizeof whole, "%.*s%s%s", (int)(at - text), text, new, end);
    size_t len = strlen(whole);
    len = len < size ? len : size - 1;
    memcpy(text, whole, len);
    text[len] = 0;
}

struct decoded {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    uint32_t at; /* in the cache */
};

static void name_memory(const struct bt *bt, const struct decoded *d,
                        const ZydisDecodedOperandMem *m, char *text, size_t size)
{
    char name[96];
    int32_t disp = (int32_t)m->disp.value;
    if (m->base == ZYDIS_REGISTER_R15) {
        name_field((uint32_t)disp, name, sizeof name);
        size_t len = strlen(name);
        if (m->index)
            snprintf(name + len, sizeof name - len, "+%s*%u", ZydisRegisterGetString(m->index),
                     m->scale);
        replace(text, size, "r15", ']', name);
    } else if (m->base == ZYDIS_REGISTER_RIP) {
        uint32_t slot = (d->at + d->insn.length + (uint32_t)disp - bt->tc.size) / 8;
        if (slot && slot < bt->nslots)
            snprintf(name, sizeof name, "exit to %08x", bt->slot[slot].eip);
        else
            snprintf(name, sizeof name, "rip%+d", disp);
        char *bracket = strchr(text, '[');
        if (bracket)
            replace(text, size, bracket + 1, ']', name);
    }
}

static void name_operands(const struct bt *bt, const struct block *b, const struct decoded *d,
                          char *text, size_t size)
{
    char name[96];
    for (unsigned n = 0; n < d->insn.operand_count_visible; n++) {
        const ZydisDecodedOperand *o = &d->operand[n];
        if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            name_memory(bt, d, &o->mem, text, size);
        } else if (o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && o->imm.is_relative) {
            uint32_t to = d->at + d->insn.length + (uint32_t)o->imm.value.s;
            name_target(bt, b, to, name, sizeof name);
            char *blank = strrchr(text, ' ');
            if (blank)
                replace(text, size, blank + 1, 0, name);
        }
    }
}

/* ---- Unwind records ------------------------------------------------------------- */

static const struct {
    unsigned how;
    const char *text;
} owed[] = {
    {UNWIND_ECX_R11, " ecx=r11d"},        {UNWIND_ESP_R9, " esp=r9d"},
    {UNWIND_EAX_R10, " eax=r10d"},        {UNWIND_FLAGS_R11, " flags=r11"},
    {UNWIND_FLAGS_R9, " flags=r9"},       {UNWIND_PUSHED, " pushed"},
    {UNWIND_INHIBIT, " events held off"},
};

static void unwind_text(const struct bt *bt, const struct block *b, uint32_t at, char *to,
                        size_t size)
{
    const struct unwind *u = &bt->record[b->records];
    for (unsigned n = 1; n < b->nrecords && u[1].at <= at; n++)
        u++;
    size_t len = u->how & UNWIND_FORWARD ? (size_t)snprintf(to, size, "eip=r8d")
                                         : (size_t)snprintf(to, size, "eip=%08x", u->eip);
    if (u->esp_delta)
        len += (size_t)snprintf(to + len, size - len, " esp%+d", u->esp_delta);
    for (unsigned n = 0; n < ARRAY_SIZE(owed); n++) {
        if (u->how & owed[n].how)
            len += (size_t)snprintf(to + len, size - len, "%s", owed[n].text);
    }
}

void hosttext_line(const struct bt *bt, const struct block *b, uint32_t at, uint32_t end,
                   struct lab_line *out)
{
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    struct decoded d = {.at = b->tc + at};
    const uint8_t *code = bt->tc.write + d.at;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    *out = (struct lab_line){.at = at, .len = 1};
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, end - at, &d.insn, d.operand))) {
        strcpy(out->text, "(bad)");
        d.insn.length = 1;
    } else {
        ZydisFormatterFormatInstruction(&formatter, &d.insn, d.operand,
                                        d.insn.operand_count_visible, out->text, sizeof out->text,
                                        bt->tc.exec + d.at, NULL);
        name_operands(bt, b, &d, out->text, sizeof out->text);
    }
    out->len = d.insn.length;
    memcpy(out->bytes, code, out->len);
    unwind_text(bt, b, at, out->unwind, sizeof out->unwind);
}
