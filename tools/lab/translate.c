/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See translate.h. One vcpu and one cache, made once; each block is read as soon as it is made and
 * dropped, so that no translation is seen connected to another. Where the code ends stand bytes
 * that no instruction is made of, so that a block ends there.
 */
#include "tools/lab/translate.h"

#include <stdlib.h>
#include <string.h>

#include "bt/cache.h"
#include "monitor/pool.h"
#include "monitor/trace.h"
#include "tools/lab/host.h"
#include "tools/lab/hosttext.h"

#define NOT_THERE 0x66 /* fifteen prefixes and more are no instruction */
#define PAGES     (LAB_CODE_MAX / PAGE_SIZE + 2)
#define HOST_CODE (1ull << 62) /* where the host's own code would be; nothing goes there */

static struct vm machine;

/* The machine, of which only the translator is used. */
static bool machine_create(void)
{
    if (machine.bt)
        return true;
    if (!lab_host_create())
        return false;
    machine.pool = pool_create(hfn(1), LAB_FRAMES - 1, true);
    machine.ram.size = (uint64_t)PAGES * PAGE_SIZE; /* frames are counted, and never looked at */
    machine.vcpu = pool_alloc(machine.pool, VCPU_SPAN(true));
    if (!machine.vcpu)
        return false;
    vcpu_reset(machine.vcpu, &machine);
    return trace_create(&machine) && bt_create(&machine);
}

/* A segment of 64 KiB, CS or SS of 16-bit code. */
static void set_segment16(struct segment *s, uint32_t base)
{
    s->base = base;
    s->limit = 0xffff;
    s->attr &= ~(uint32_t)SA_DB;
}

static void set_segments(struct vcpu *v, const struct lab_mode *mode, uint32_t address)
{
    const uint32_t flat = SA_P | SA_S | SA_RW | SA_ACCESSED | SA_DB | SA_G;
    for (unsigned i = 0; i < S_COUNT; i++)
        v->seg[i] = (struct segment){0, 0xffffffffu, flat, 0x10};
    v->seg[S_CS].attr |= SA_CODE;
    v->seg[S_FS].base = mode->fs_base;
    v->seg[S_GS].base = mode->gs_base;
    if (mode->code16) {
        set_segment16(&v->seg[S_CS], address & 0xffff0000u);
        set_segment16(&v->seg[S_SS], 0);
    }
    if (mode->data_not_flat)
        v->seg[S_DS].limit = v->seg[S_ES].limit = 0xfffff;
}

static void set_mode(const struct lab_mode *mode, uint32_t address)
{
    struct vcpu *v = machine.vcpu;
    struct bt *bt = machine.bt;
    bool process = mode->host == LAB_PROCESS;
    v->cr0 = CR0_PE | CR0_ET;
    v->cr4 = CR4_OSFXSR;
    v->cpl = mode->cpl;
    set_segments(v, mode, address);
    machine.user_code = bt->tc.user_code = process;
    bt->tc.gate_kind = process ? GATE_NEAR : GATE_FAR;
    bt->tc.gate = process ? HOST_CODE : 0x8004;
    bt->tc.gate_spacing = 16;
    bt->tc.user_return = bt->tc.user_call = HOST_CODE;
    bt->patching = bt->tc.patching = bt->save_flags = mode->host != LAB_TCG;
    bt->count = mode->count;
    cache_flush_all(&machine);
}

/* ---- The listing ------------------------------------------------------------ */

static bool grow(void **array, uint32_t used, uint32_t *room, size_t size)
{
    if (used < *room)
        return true;
    uint32_t more = *room ? *room * 2 : 256;
    void *bigger = realloc(*array, more * size);
    if (!bigger)
        return false;
    *array = bigger;
    *room = more;
    return true;
}

static struct lab_row *add_row(struct lab_listing *l)
{
    if (!grow((void **)&l->row, l->rows, &l->row_room, sizeof *l->row))
        return NULL;
    struct lab_row *r = &l->row[l->rows++];
    *r = (struct lab_row){.block = l->blocks, .first = l->lines};
    return r;
}

void lab_listing_free(struct lab_listing *l)
{
    free(l->row);
    free(l->line);
    *l = (struct lab_listing){0};
}

/* Host code [AT, END) of block B. */
static bool add_lines(struct lab_listing *l, const struct block *b, uint32_t at, uint32_t end)
{
    while (at < end) {
        if (!grow((void **)&l->line, l->lines, &l->line_room, sizeof *l->line))
            return false;
        hosttext_line(machine.bt, b, at, end, &l->line[l->lines]);
        at += l->line[l->lines++].len;
    }
    return true;
}

/* ---- The guest's side --------------------------------------------------------- */

struct job {
    const struct lab_code *code;
    struct lab_listing *out;
    uint8_t *page;    /* PAGES of them: the bytes, from the page on that they begin in ... */
    uint8_t *covered; /* ... and by byte of the code: is it in a row? */
    uint32_t end;     /* behind the last byte that is there, as an offset in the code */
};

static uint32_t offset_of(const struct job *j, uint32_t eip)
{
    return eip - j->code->address;
}

/* Bytes of the code are where they are in its page; what is not there is not. */
static void lay_out(struct job *j)
{
    uint32_t in_page = j->code->address % PAGE_SIZE;
    memset(j->page, NOT_THERE, PAGES * PAGE_SIZE);
    memcpy(j->page + in_page, j->code->bytes, j->end);
}

static struct code_page page_of(const struct job *j, uint32_t eip)
{
    uint32_t linear = eip & ~PAGE_MASK;
    uint32_t index = (linear - (j->code->address & ~PAGE_MASK)) / PAGE_SIZE;
    bool global = machine.vcpu->cpl != 3;
    return (struct code_page){gva(linear), gfn(index), j->page + (size_t)index * PAGE_SIZE, global};
}

static enum decode_result decode(const struct job *j, uint32_t eip, struct insn *i)
{
    uint32_t at = offset_of(j, eip);
    bool code32 = machine.vcpu->seg[S_CS].attr & SA_DB;
    return insn_decode(j->code->bytes + at, j->code->size - at, code32, i);
}

/* An instruction that has no translation of its own. */
static bool add_untranslated(struct job *j, uint32_t eip, enum decode_result why)
{
    struct lab_row *r = add_row(j->out);
    uint32_t at = offset_of(j, eip), left = j->code->size - at;
    if (!r)
        return false;
    r->eip = eip;
    r->len = (uint8_t)(left < INSN_MAX ? left : INSN_MAX);
    r->cut = true;
    memcpy(r->bytes, j->code->bytes + at, r->len);
    strcpy(r->text, why == DECODE_SHORT ? "(the bytes end in it)" : "(over 15 bytes)");
    memset(j->covered + at, 1, r->len);
    j->out->blocks++;
    return true;
}

static bool is_exit(const struct note *n)
{
    return n->why == WHY_GOES_ON || n->why == WHY_FAR_TARGET;
}

static bool add_note(struct job *j, const struct block *b, const struct note *n, uint32_t end)
{
    struct insn i;
    struct lab_row *r = add_row(j->out);
    if (!r)
        return false;
    r->eip = n->eip;
    r->treatment = (enum treatment)n->treatment;
    r->why = (enum why)n->why;
    r->changes = n->changes;
    if (!is_exit(n) && decode(j, n->eip, &i) == DECODE_OK) {
        r->len = i.len;
        memcpy(r->bytes, i.bytes, i.len);
        insn_format(&i, n->eip, r->text, sizeof r->text);
        memset(j->covered + offset_of(j, n->eip), 1, i.len);
    }
    bool ok = add_lines(j->out, b, n->at, end);
    j->out->row[j->out->rows - 1].lines = j->out->lines - r->first;
    return ok;
}

static bool add_block(struct job *j, const struct block *b, const struct notes *notes)
{
    for (uint32_t n = 0; n < notes->count; n++) {
        uint32_t end = n + 1 < notes->count ? notes->note[n + 1].at : b->tc_len;
        if (is_exit(&notes->note[n]) && notes->note[n].at == end)
            continue;
        if (!add_note(j, b, &notes->note[n], end))
            return false;
    }
    j->out->blocks++;
    return true;
}

/* The offset of an instruction in NOTES whose bytes end too early; j->end: there is none. */
static uint32_t find_cut(const struct job *j, const struct notes *notes)
{
    struct insn i;
    for (uint32_t n = 0; n < notes->count; n++) {
        const struct note *k = &notes->note[n];
        if (!is_exit(k) && decode(j, k->eip, &i) == DECODE_SHORT)
            return offset_of(j, k->eip);
    }
    return j->end;
}

/* The block at EIP. */
static bool one_block(struct job *j, uint32_t eip, struct notes *notes)
{
    struct vcpu *v = machine.vcpu;
    struct bt *bt = machine.bt;
    struct code_page page = page_of(j, eip), next = page_of(j, eip + PAGE_SIZE);
    bool more = next.linear.v && next.linear.v - j->code->address < j->end;
    v->eip = eip - v->seg[S_CS].base;
    notes->count = 0;
    bt->notes = notes;
    bool made = bt_translate(v, &page, more ? &next : NULL) != 0;
    bt->notes = NULL;
    if (!made) {
        struct insn i;
        return add_untranslated(j, eip, decode(j, eip, &i));
    }
    uint32_t block = bt->nblocks - 1, cut = find_cut(j, notes);
    cache_drop(&machine, block);
    if (cut == j->end)
        return add_block(j, &bt->block[block], notes);
    j->end = cut;
    lay_out(j);
    return one_block(j, eip, notes);
}

static bool all_blocks(struct job *j, uint32_t start, uint32_t blocks)
{
    static struct notes notes;
    for (uint32_t at = start; at < j->code->size && blocks > 0; at++) {
        if (j->covered[at])
            continue;
        if (!one_block(j, j->code->address + at, &notes))
            return false;
        blocks -= blocks != LAB_ALL_BLOCKS;
    }
    return true;
}

bool lab_translate(const struct lab_code *code, uint32_t start, uint32_t blocks,
                   const struct lab_mode *mode, struct lab_listing *out, struct problem *p)
{
    struct job j = {.code = code, .out = out, .end = code->size};
    if (code->size > LAB_CODE_MAX)
        return problem_bad(p, "%u bytes of code are too many; %u are the most", code->size,
                           LAB_CODE_MAX);
    if (code->size > 0 && code->size - 1 > UINT32_MAX - code->address)
        return problem_bad(p, "%u bytes of code at %#x go beyond 4 GiB", code->size, code->address);
    if (mode->code16 && (code->address & 0xffff) + code->size > 0x10000)
        return problem_bad(p, "%u bytes of 16-bit code at %#x go beyond 64 KiB", code->size,
                           code->address);
    if (start < code->address || start - code->address >= code->size)
        return problem_bad(p, "there is no code at %#x", start);
    j.page = malloc((size_t)PAGES * PAGE_SIZE);
    j.covered = calloc(1, code->size);
    bool ok = j.page && j.covered && machine_create();
    if (ok) {
        set_mode(mode, code->address);
        lay_out(&j);
        ok = all_blocks(&j, start - code->address, blocks);
    }
    free(j.page);
    free(j.covered);
    return ok || problem_host(p, "no memory for %u bytes of code", code->size);
}
