/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads of an interrupt controller's mask that nobody looks at: mask_and_ack_8259A has one
 * ("DUMMY"), for chips that were too slow for two writes in a row. To read the mask changes nothing
 * in an 8259A that is not polled, and Linux never polls one.
 *
 * The proof. The site is an instruction: everything decodes from the start of the function that
 * holds it, and no displacement of a branch in that function, nor any 32-bit word of the file,
 * leads to its second byte. AL is dead: the instruction behind it writes EAX without reading it.
 */
#include "bt/decode/insn.h"
#include "loader/kernel.h"
#include "loader/patch/rules.h"

#include <string.h>

#define IN_AL_IMM8   0xe4u
#define PIC1_MASK    0x21u
#define PIC2_MASK    0xa1u
#define FUNCTION_MAX 4096u /* bytes that are decoded before a site */

static bool decode_at(const struct subject *k, uint32_t address, struct insn *i)
{
    const struct subject_section *s = subject_at(k, address, 1);
    uint32_t room = s ? s->size - (address - s->address) : 0;
    return s && s->code &&
           insn_decode(k->elf.data + s->offset + (address - s->address), room, true, i) ==
               DECODE_OK &&
           i->op != OP_INVALID && i->len;
}

/* Does everything decode from START, with an instruction at SITE, and what branches to the byte
 * behind that? */
static bool is_boundary(const struct subject *k, uint32_t start, uint32_t site)
{
    uint32_t at = start;
    bool met = false;
    for (uint32_t end = site + FUNCTION_MAX; at < end;) {
        struct insn i;
        const struct symbol *s;
        uint32_t offset;
        if (at > site && (s = symbols_find(&k->symbols, at, &offset)) && offset == 0)
            break; /* the next function */
        if (!decode_at(k, at, &i))
            break;
        met |= at == site;
        if (at == site + 1 ||
            (i.nopd && i.opd[0].kind == OPD_REL && at + i.len + i.imm == site + 1))
            return false;
        at += i.len;
    }
    return met;
}

static bool names_eax(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++) {
        if (i->opd[n].kind == OPD_MEM && (i->mem.base == R_EAX || i->mem.index == R_EAX))
            return true;
        if (n && i->opd[n].kind == OPD_GPR && (i->opd[n].reg & 3) == R_EAX)
            return true;
    }
    return false;
}

/* MOV or MOVZX of memory or another register to EAX. */
static bool overwrites_eax(const struct insn *i)
{
    return (i->op == OP_MOV || i->op == OP_MOVZX) && i->nopd == 2 && i->opd[0].kind == OPD_GPR &&
           i->opd[0].reg == R_EAX && i->opd[0].size == 4 && !names_eax(i);
}

/* Is there a 32-bit word of this value, anywhere? */
static bool is_named(const struct subject *k, uint32_t value)
{
    uint8_t word[4];
    put32(word, 0, value);
    for (size_t at = 0; at + 4 <= k->elf.size; at++) {
        const uint8_t *hit = memchr(k->elf.data + at, word[0], k->elf.size - 3 - at);
        if (!hit)
            return false;
        at = (size_t)(hit - k->elf.data);
        if (memcmp(hit, word, 4) == 0)
            return true;
    }
    return false;
}

static const char *check(const struct subject *k, uint32_t site)
{
    struct insn next;
    uint32_t offset;
    const struct symbol *f = symbols_find(&k->symbols, site, &offset);
    if (!f || offset > FUNCTION_MAX || !is_boundary(k, f->address, site))
        return "the same two bytes, but not proved to be an instruction";
    if (!decode_at(k, site + 2, &next) || !overwrites_eax(&next))
        return "what was read may be used";
    if (is_named(k, site + 1))
        return "something may jump into it";
    return NULL;
}

static void sweep(struct subject *k, const struct subject_section *s, struct rule_result *r)
{
    uint8_t *code = k->elf.data + s->offset;
    for (uint32_t at = 0; at + 2 <= s->size; at++) {
        if (code[at] != IN_AL_IMM8 || (code[at + 1] != PIC1_MASK && code[at + 1] != PIC2_MASK))
            continue;
        const char *why = check(k, s->address + at);
        r->sites++;
        if (why) {
            rule_leave(r, why, 1);
            continue;
        }
        code[at] = 0x66; /* 66 90: NOP of two bytes */
        code[at + 1] = 0x90;
        r->changed++;
    }
}

void rule_deadread(struct subject *k, struct rule_result *r)
{
    for (unsigned i = 0; i < k->sections; i++) {
        if (k->section[i].code)
            sweep(k, &k->section[i], r);
    }
}
