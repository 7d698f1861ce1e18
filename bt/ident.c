/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Copying an instruction with its registers and its operand re-encoded: ESP becomes R14, memory
 * operands take the address-size prefix, so that the CPU itself wraps them at 4 GiB, and operands
 * through FS and GS get the segment's base added. What has no such form is refused.
 */
#include "bt/code16.h"
#include "monitor/mem.h"

static bool is_store(const struct insn *i)
{
    for (unsigned n = 0; n < i->nopd; n++) {
        if (i->opd[n].kind == OPD_MEM && (i->opd[n].access & ACC_WRITE))
            return true;
    }
    return false;
}

/* SS is flat in 32-bit code; 16-bit code takes no segment for flat. */
bool flat_segment(const struct translation *t, unsigned seg, bool store)
{
    switch (seg) {
    case S_DS:
        return t->b->mode & MODE_DS;
    case S_ES:
        return t->b->mode & MODE_ES;
    case S_SS:
        return !is_code16(t);
    case S_CS:
        return !store && !is_code16(t);
    default:
        return false;
    }
}

unsigned host_base(uint8_t r)
{
    return r == R_NONE ? H_NONE : r == R_ESP ? H_R14 : r;
}

bool other_window(const struct translation *t, enum window_operand which)
{
    return t->code.gs && side_of(t->b->mode) == SIDE_KERNEL &&
           (window_user_operands(&t->bt->windows, t->eip) & which);
}

static bool is_small(int32_t disp)
{
    return disp > -(1 << 20) && disp < 1 << 20;
}

static bool is_one_register(const struct mem_form *m)
{
    return m->base != H_NONE ? m->index == H_NONE : m->index != H_NONE && m->scale == 1;
}

/* How an offset in a segment is extended to 64 bits. */
enum extension { BY_ZEROS, BY_SIGN };

/*
 * The sum of a segment's place and an offset is not wrapped at 4 GiB. Where offsets below 0 are
 * meant, as in thread-local data, extending them by their sign makes the sum right without; where
 * they are addresses, as of a kernel's data for each CPU, zeros do. Which it is, is guessed from
 * where the segment lies now. If the guess is wrong the sum is outside the guest's 4 GiB, but no
 * farther than 4 GiB and a few bytes, where the access faults and is interpreted.
 */
static enum extension guess(const struct translation *t, unsigned seg, const struct mem_form *m)
{
    int64_t base = t->v->seg[seg].base, sum = base + m->disp;
    bool bare = m->base == H_NONE && m->index == H_NONE, meant;
    if (bare || !is_small(m->disp))
        meant = sum >= 0 && sum <= UINT32_MAX;
    else if (side_of(t->b->mode) == SIDE_USER)
        meant = base != 0;
    else
        meant = base > INT32_MAX; /* the data lies below the addresses that it was linked for */
    return meant ? BY_SIGN : BY_ZEROS;
}

/* Has SEG's base a place in the vcpu? */
static bool has_place(const struct translation *t, unsigned seg)
{
    return seg == S_FS || seg == S_GS || (is_code16(t) && seg != S_CS);
}

/* M's operand through FS or GS, in 16-bit code through any. */
static void add_segment(struct translation *t, unsigned seg, struct mem_form *m)
{
    struct code *c = &t->code;
    enum extension by = guess(t, seg, m);
    t->changes |= CHANGE_PLACE;
    struct mem_form sum = {m->reg, H_R8, H_R9, 1, 0, false, true};
    if (by == BY_SIGN && m->base == H_NONE && m->index == H_NONE) {
        sum.index = H_NONE;
        sum.disp = m->disp;
    } else if (by == BY_SIGN && is_one_register(m) && is_small(m->disp)) {
        emit_movsxd(c, H_R9, m->base != H_NONE ? m->base : m->index);
        sum.disp = m->disp;
    } else {
        emit_lea(c, H_R9, m->base, m->index, m->scale, m->disp);
        if (by == BY_SIGN)
            emit_movsxd(c, H_R9, H_R9);
    }
    emit_load_vcpu64(c, H_R8, (uint32_t)offsetof(struct vcpu, place) + seg * 8);
    *m = sum;
}

bool by_address(const struct translation *t)
{
    return t->code.gs && side_of(t->b->mode) == SIDE_KERNEL &&
           window_by_address(&t->bt->windows, t->eip);
}

/* The difference to the split has a top byte of 0 or 255. */
void add_window_by_address(struct translation *t, unsigned r)
{
    static const uint8_t top_byte[] = {
        0x49, 0x0f, 0xca,       /* bswap r10 */
        0x45, 0x0f, 0xb6, 0xd2, /* movzx r10d, r10b */
    };
    struct code *c = &t->code;
    emit_load_vcpu64(c, H_R10, offsetof(struct vcpu, windows.minus_split));
    emit_add64(c, H_R10, H_R10, r);
    emit_bytes(c, top_byte, sizeof top_byte);
    emit_load_vcpu64_at(c, H_R10, H_R10, offsetof(struct vcpu, windows.kernel));
    emit_add64(c, r, r, H_R10);
}

/* M's operand, whose address is looked at. */
static void through_r8(struct translation *t, struct mem_form *m)
{
    t->changes |= CHANGE_BY_ADDRESS;
    emit_lea(&t->code, H_R8, m->base, m->index, m->scale, m->disp);
    add_window_by_address(t, H_R8);
    *m = (struct mem_form){m->reg, H_R8, H_NONE, 1, 0, false, false};
}

/* M's operand is in the window that R12 is the base of. */
static void through_r12(struct translation *t, struct mem_form *m)
{
    t->changes |= CHANGE_OTHER_WINDOW;
    if (m->addr32)
        emit_lea(&t->code, H_R8, m->base, m->index, m->scale, m->disp);
    else
        emit_address(&t->code, H_R8, m);
    *m = (struct mem_form){m->reg, H_R12, H_R8, 1, 0, false, false};
}

/* What is changed of any memory operand. */
static void note_operand(struct translation *t, const struct mem_form *m)
{
    const struct mem_operand *g = &t->insn.mem;
    if (m->addr32)
        t->changes |= CHANGE_ADDRESS;
    if (m->guest && t->code.gs)
        t->changes |= CHANGE_WINDOW;
    if (m->base == H_NONE && m->index == H_NONE)
        t->changes |= CHANGE_ABSOLUTE;
    if (g->base == R_ESP)
        t->changes |= CHANGE_ESP | (t->delta ? (unsigned)CHANGE_OWED : 0);
}

/*
 * The host form of the instruction's memory operand, with the code that prepares it. REG goes to
 * ModRM.reg.
 */
static bool prepare_memory(struct translation *t, unsigned reg, bool store, struct mem_form *m)
{
    const struct mem_operand *g = &t->insn.mem;
    bool address_only = t->insn.op == OP_LEA;
    if (t->insn.addrsize != 4) {
        if (!operand16(t, reg, store, m))
            return false;
        if (!address_only && other_window(t, WINDOW_SOURCE))
            through_r12(t, m);
        return true;
    }
    *m = (struct mem_form){reg,  host_base(g->base), host_base(g->index), g->scale, g->disp,
                           true, !address_only};
    if (g->base == R_ESP)
        m->disp = (int32_t)((uint32_t)m->disp + (uint32_t)t->delta);
    if (address_only) {
        note_operand(t, m);
        return true;
    }
    if (!flat_segment(t, g->seg, store)) {
        if (!has_place(t, g->seg) || by_address(t))
            return refuse(t, WHY_SEGMENT);
        add_segment(t, g->seg, m);
    }
    if (by_address(t))
        through_r8(t, m);
    else if (other_window(t, WINDOW_SOURCE))
        through_r12(t, m);
    note_operand(t, m);
    return true;
}

/* What the instruction's bytes become, field by field. */
struct form {
    unsigned reg; /* ModRM.reg */
    unsigned rm;  /* ModRM.rm of a register operand, or the opcode's low bits */
    bool has_mem, high_byte, in_opcode;
};

static void read_fields(struct translation *t, struct form *f)
{
    const struct insn *i = &t->insn;
    *f = (struct form){.reg = insn_reg(i), .rm = insn_rm(i)};
    for (unsigned n = 0; n < i->nopd; n++) {
        const struct operand *o = &i->opd[n];
        bool esp = o->kind == OPD_GPR && o->size >= 2 && o->reg == R_ESP;
        if (esp)
            t->changes |= CHANGE_ESP;
        if (o->kind == OPD_MEM)
            f->has_mem = true;
        if (o->kind == OPD_GPR && o->size == 1 && o->reg >= 4)
            f->high_byte = true;
        if (o->field == FIELD_OPCODE) {
            f->in_opcode = true;
            f->rm = esp ? (unsigned)H_R14 : o->reg;
        } else if (esp && o->field == FIELD_REG) {
            f->reg = H_R14;
        } else if (esp && o->field == FIELD_RM) {
            f->rm = H_R14;
        }
    }
}

/* F2 or F3, whichever comes last; 0 for neither. */
static uint8_t last_repeat(const struct insn *i)
{
    uint8_t last = 0;
    for (unsigned n = 0; n < i->prefix_len; n++) {
        if (i->bytes[n] == 0xf2 || i->bytes[n] == 0xf3)
            last = i->bytes[n];
    }
    return last;
}

/* In 32-bit code as it is; in 16-bit code it means the opposite where it is a size, and must not
 * come in where it would be something else. */
static bool takes_66(const struct translation *t)
{
    const struct insn *i = &t->insn;
    if (!is_code16(t) || (i->map && (i->flags & INSN_FPU)))
        return i->flags & INSN_66;
    if (!i->map || i->opsize != 2)
        return i->opsize == 2;
    for (unsigned n = 0; n < i->nopd; n++) {
        if ((i->opd[n].kind == OPD_GPR || i->opd[n].kind == OPD_MEM) && i->opd[n].size == 2)
            return true;
    }
    return false;
}

/* Mandatory prefixes of SSE and its like stay; meaningless ones go: to hardware newer than the
 * guest's CPU model they could mean something (F3 BSF is TZCNT). */
void emit_prefixes(struct translation *t)
{
    const struct insn *i = &t->insn;
    struct code *c = &t->code;
    bool meant = (i->flags & (INSN_FPU | INSN_STRING)) || i->op == OP_POPCNT || i->op == OP_CRC32 ||
                 i->op == OP_PAUSE;
    uint8_t repeat = last_repeat(i);
    bool sized = takes_66(t);
    if (i->flags & INSN_LOCK)
        emit8(c, 0xf0);
    if (sized)
        emit8(c, 0x66);
    if (sized != !!(i->flags & INSN_66))
        t->changes |= CHANGE_SIZE;
    if (meant && repeat)
        emit8(c, repeat);
    unsigned kept =
        !!(i->flags & INSN_LOCK) + sized + (meant && repeat) + !!(t->changes & CHANGE_PLACE);
    if (i->prefix_len > kept)
        t->changes |= CHANGE_PREFIX;
}

static void emit_opcode(struct code *c, const struct insn *i, uint8_t opcode)
{
    static const uint8_t escape[4] = {0, 0, 0x38, 0x3a};
    if (i->map)
        emit8(c, 0x0f);
    if (i->map >= 2)
        emit8(c, escape[i->map & 3]);
    emit8(c, opcode);
}

static void emit_immediates(struct code *c, const struct insn *i)
{
    if (i->imm_size)
        emit_bytes(c, i->bytes + i->imm_offset, (unsigned)(i->len - i->imm_offset));
}

/* 82 is an alias of 80 that 64-bit mode does not have. */
static uint8_t other_opcode(struct translation *t)
{
    const struct insn *i = &t->insn;
    if (i->map || i->opcode != 0x82)
        return i->opcode;
    t->changes |= CHANGE_ALIAS;
    return 0x80;
}

static bool ident_register(struct translation *t, const struct form *f)
{
    const struct insn *i = &t->insn;
    struct code *c = &t->code;
    uint8_t opcode = other_opcode(t);
    uint8_t rex = (uint8_t)((f->reg >= 8 ? 4 : 0) | (f->rm >= 8 ? 1 : 0));
    if (rex && f->high_byte)
        return refuse(t, WHY_HIGH_BYTE_LEFT);
    emit_prefixes(t);
    if (rex)
        emit8(c, (uint8_t)(0x40 | rex));
    if (f->in_opcode)
        opcode = (uint8_t)((opcode & ~7u) | (f->rm & 7));
    emit_opcode(c, i, opcode);
    if (i->flags & INSN_MODRM)
        emit8(c, (uint8_t)(0xc0 | (f->reg & 7) << 3 | (f->rm & 7)));
    emit_immediates(c, i);
    return true;
}

/* moffs forms (A0-A3) become ModRM forms: with 67h they would be slow on Intel's decoders. */
static uint8_t memory_opcode(struct translation *t, bool *moffs)
{
    const struct insn *i = &t->insn;
    static const uint8_t from_moffs[4] = {0x8a, 0x8b, 0x88, 0x89};
    *moffs = !i->map && i->opcode >= 0xa0 && i->opcode <= 0xa3;
    if (!*moffs)
        return other_opcode(t);
    t->changes |= CHANGE_MOFFS;
    return from_moffs[i->opcode - 0xa0];
}

static bool ident_memory(struct translation *t, const struct form *f)
{
    const struct insn *i = &t->insn;
    struct code *c = &t->code;
    struct mem_form m;
    bool moffs;
    uint32_t start = c->len;
    uint8_t opcode = memory_opcode(t, &moffs);
    if (!moffs && !(i->flags & INSN_MODRM))
        return refuse(t, WHY_IMPLIED);
    if (!prepare_memory(t, moffs ? 0 : f->reg, is_store(i), &m))
        return false;
    uint8_t rex = emit_rex(&m, false);
    if (rex && f->high_byte) {
        c->len = start;
        return refuse(t, WHY_HIGH_BYTE_LEFT);
    }
    emit_mem_prefixes(c, &m);
    emit_prefixes(t);
    if (rex)
        emit8(c, rex);
    emit_opcode(c, i, opcode);
    emit_modrm_mem(c, &m);
    if (!moffs)
        emit_immediates(c, i);
    return true;
}

/* XLAT and the SSE moves with an implied EDI: the operand is in no ModRM byte. */
static bool ident_implied(struct translation *t)
{
    static const struct mem_form implied = {.addr32 = true, .guest = true};
    const struct insn *i = &t->insn;
    if (i->addrsize != 4)
        return refuse(t, WHY_ADDRESS16);
    if (!flat_segment(t, i->mem.seg, is_store(i)))
        return refuse(t, WHY_SEGMENT);
    if (other_window(t, WINDOW_SOURCE) || by_address(t))
        return refuse(t, WHY_IMPLIED);
    t->changes |= CHANGE_ADDRESS | (t->code.gs ? (unsigned)CHANGE_WINDOW : 0);
    emit_mem_prefixes(&t->code, &implied);
    emit_prefixes(t);
    emit_opcode(&t->code, i, i->opcode);
    if (i->flags & INSN_MODRM)
        emit8(&t->code, i->modrm);
    return true;
}

bool ident(struct translation *t)
{
    const struct insn *i = &t->insn;
    struct form f;
    if (i->flags & INSN_STRING)
        return ident_string(t);
    read_fields(t, &f);
    if (!f.has_mem)
        return ident_register(t, &f);
    bool in_modrm = (i->flags & INSN_MODRM) && insn_mod(i) != 3;
    if (i->op == OP_XLAT || ((i->flags & INSN_MODRM) && !in_modrm))
        return ident_implied(t);
    return ident_memory(t, &f);
}

static bool memory_access(struct translation *t, unsigned opcode, unsigned r, unsigned size,
                          bool store)
{
    struct mem_form m;
    if (!prepare_memory(t, r, store, &m))
        return false;
    uint8_t rex = emit_rex(&m, false);
    emit_mem_prefixes(&t->code, &m);
    if (size == 2)
        emit8(&t->code, 0x66);
    if (rex)
        emit8(&t->code, rex);
    if (opcode > 0xff)
        emit8(&t->code, 0x0f);
    emit8(&t->code, (uint8_t)opcode);
    emit_modrm_mem(&t->code, &m);
    return true;
}

bool ident_load(struct translation *t, unsigned r)
{
    return memory_access(t, 0x8b, r, 4, false);
}

bool ident_load8(struct translation *t, unsigned r)
{
    return memory_access(t, 0x0fb6, r, 4, false);
}

bool ident_load16(struct translation *t, unsigned r)
{
    return memory_access(t, 0x0fb7, r, 4, false);
}

bool ident_store(struct translation *t, unsigned r, unsigned size)
{
    return memory_access(t, size == 1 ? 0x88 : 0x89, r, size, true);
}
