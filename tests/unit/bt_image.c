/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Programs of an image, natively and translated (bt_image.h). The native way is real_cpu.h's, the
 * other the translator's tests' own (bt_run.h): its exits are signals, which cost microseconds
 * each, so figures mean something only where nearly all jumps stay in the cache.
 */
#define _GNU_SOURCE
#include "tests/unit/bt_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#include "devices/board.h"
#include "monitor/interp/interp.h"
#include "tests/unit/bt_run.h"
#include "tests/unit/bt_world.h"
#include "tests/unit/fake_fpu.h"
#include "tests/unit/real_cpu.h"

#define STACK_TOP  (PROGRAMS_BASE + PROGRAMS_SPAN - 64)
#define MAX_STARTS 200000u
#define HLT        0xf4

struct image_work image_work;

static struct vm *vm;
static uint32_t starts[MAX_STARTS]; /* addresses that were translated, each once */
static uint32_t nstarts;
static uint8_t is_start[PROGRAMS_SPAN];

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "image: %s (eip %x)\n", what, vm ? vm->vcpu->eip : 0);
        abort();
    }
}

static void *low(uint32_t address)
{
    return (void *)(uintptr_t)address;
}

/* The guest's frames and the host's addresses of the same number become one memory. */
static void map_image(void)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    need(fd >= 0 && ftruncate(fd, PROGRAMS_SPAN) == 0, "no memory");
    need(mmap(low(PROGRAMS_BASE), PROGRAMS_SPAN, PROT_READ | PROT_WRITE | PROT_EXEC,
              MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == low(PROGRAMS_BASE),
         "its address is taken");
    for (uint32_t at = 0; at < PROGRAMS_SPAN; at += PAGE_SIZE) {
        void *frame = bt_ram(vm, PROGRAMS_BASE + at);
        need(mmap(frame, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, at) ==
                 frame,
             "no frame");
    }
    close(fd);
}

struct vm *image_create(void)
{
    vm = bt_world(false);
    map_image();
    need(board_create(vm) && interp_create(vm), "no board");
    image_load();
    return vm;
}

void image_load(void)
{
    need(image_size < PROGRAMS_SPAN - 65536, "too large");
    memcpy(low(PROGRAMS_BASE), image_bytes, image_size);
    memset(low(PROGRAMS_BASE + image_size), 0, PROGRAMS_SPAN - image_size);
    need(image_header()->magic == PROGRAMS_MAGIC, "not an image");
}

const struct programs_header *image_header(void)
{
    return low(PROGRAMS_BASE);
}

static void set_registers(uint32_t *gpr, const struct program_row *row, uint32_t size)
{
    memset(gpr, 0, 8 * sizeof *gpr);
    gpr[R_EAX] = row->run;
    gpr[R_EDX] = size;
    gpr[R_ESP] = STACK_TOP;
    fake_fpu_reset();
}

uint32_t image_run_natively(const struct program_row *row, uint32_t size)
{
    struct real_state s = {.eip = image_header()->start, .eflags = FL_ONE, .fpu = fake_fpu_state};
    real_flat(&s);
    set_registers(s.gpr, row, size);
    real_prepare();
    real_run(&s);
    need(s.vector == VEC_GP && *(const uint8_t *)low(s.eip) == HLT, "native run failed");
    return s.gpr[R_EAX];
}

/* ---- Translated ---------------------------------------------------------------------- */

static void remember_start(uint32_t eip)
{
    uint8_t *known = &is_start[(eip - PROGRAMS_BASE) % PROGRAMS_SPAN];
    if (*known || nstarts == MAX_STARTS)
        return;
    *known = 1;
    starts[nstarts++] = eip;
}

static uint64_t translate(struct vcpu *v)
{
    struct code_page page = bt_page(vm, v->eip), next = bt_page(vm, v->eip + PAGE_SIZE);
    uint64_t insns = vm->stats.n[STAT_BT_INSNS], start = __rdtsc();
    uint64_t entry = bt_translate(v, &page, &next);
    uint64_t cycles = __rdtsc() - start;
    image_work.calls++;
    if (cycles < IMAGE_PREEMPTED) {
        image_work.cycles += cycles;
        image_work.insns += vm->stats.n[STAT_BT_INSNS] - insns;
    }
    return entry;
}

static uint64_t find(struct vcpu *v)
{
    uint64_t entry = bt_lookup(v);
    if (entry)
        return entry;
    remember_start(v->eip);
    return translate(v);
}

static void interpret(struct vcpu *v)
{
    image_work.interpreted++;
    need(interp_step(v) == INTERP_OK, "the interpreter raises an exception");
}

/* False: V stands at the HLT. */
static bool turn(struct vcpu *v)
{
    struct host_exit x;
    uint64_t entry = find(v);
    if (!entry) {
        interpret(v);
        return true;
    }
    host_run_tc(v, entry, &x);
    bt_unwind(v, &x);
    need(x.kind == HX_TC, "translated code raises an exception");
    if (x.code == TC_EXIT_INTERP && *(const uint8_t *)low(v->eip) == HLT)
        return false;
    image_work.exits++;
    if (x.code == TC_EXIT_INTERP)
        interpret(v);
    else if (x.code == TC_EXIT_MISS && (entry = find(v)) != 0)
        bt_chain(v, &x, entry);
    return true;
}

uint32_t image_run_translated(const struct program_row *row, uint32_t size)
{
    struct vcpu *v = vm->vcpu;
    set_registers(v->gpr, row, size);
    v->eip = image_header()->start;
    v->eflags = FL_ONE;
    while (turn(v))
        ;
    return v->gpr[R_EAX];
}

/* ---- The translator alone ---------------------------------------------------------------- */

void image_translate_again(void)
{
    struct vcpu *v = vm->vcpu;
    for (uint32_t at = 0; at < PROGRAMS_SPAN; at += PAGE_SIZE)
        bt_wrote(vm, gfn((PROGRAMS_BASE + at) >> PAGE_SHIFT), 0, PAGE_SIZE - 1);
    for (uint32_t n = 0; n < nstarts; n++) {
        v->eip = starts[n];
        if (!bt_lookup(v))
            translate(v);
    }
}

void image_code_size(uint64_t *guest, uint64_t *host)
{
    const struct bt *bt = vm->bt;
    *guest = *host = 0;
    for (uint32_t n = 1; n < bt->nblocks; n++) {
        *guest += bt->block[n].len;
        *host += bt->block[n].tc_len;
    }
}
