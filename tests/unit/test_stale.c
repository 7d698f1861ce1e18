/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Nothing stale is run: a guest of a few pages of code, which call one another through links and
 * look-ups and halt on the way, is run natively. Whenever it halts the test changes something: what
 * a page is mapped to, the address space, bytes of code; or empties the cache. A model that knows
 * no translations says what the registers must be at the next halt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bt_run.h"
#include "tests/unit/bt_world.h"
#include "tests/unit/random.h"

#define LINEAR  0x50000000u /* the pages of code */
#define PAGES   8u
#define GLOBALS 4u /* from this one on they are global: the same in both spaces */
#define FRAMES  20u
#define FIRST   (BT_CODE >> PAGE_SHIFT) /* frame of code 0; BT_CODE itself needs no mapping here */
#define STOP    (LINEAR + PAGES * PAGE_SIZE)

/* Every frame's code, at offset 10h of its page. */
enum places { START = 0x10, ADD_1 = 0x15, SITE = 0x21, ADD_2 = 0x26, HALT = 0x2a, END = 0x2c };
static const uint8_t code[END - START] = {
    0x6b, 0xd2, 0x1f,          /* imul edx, edx, 31 */
    0x81, 0xc2, 0,    0, 0, 0, /* add edx, imm32 */
    0x49,                      /* dec ecx */
    0x74, 0x05,                /* jz SITE */
    0xe8, 0xef, 0x0f, 0, 0,    /* call START of the next page */
    0x6b, 0xd2, 0x11,          /* SITE: imul edx, edx, 17 */
    0x81, 0xc2, 0,    0, 0, 0, /* add edx, imm32 */
    0xf4, 0xc3,                /* HALT: hlt; ret */
};

static struct vm *vm;
static struct vcpu *v;
static unsigned space, map[2][PAGES]; /* page -> code frame */

static uint32_t ram_of(unsigned frame)
{
    return (FIRST + 16 + frame) << PAGE_SHIFT; /* behind what bt_world maps below 4 GiB */
}

static void patch(unsigned frame, unsigned at, uint32_t value)
{
    bt_put(vm, ram_of(frame) + at, &value, 4);
    bt_wrote(vm, gfn(ram_of(frame) >> PAGE_SHIFT), at, at + 3);
}

/* One world for all tests: only one can be native. */
static int make_world(void **state)
{
    (void)state;
    vm = bt_world(true);
    v = vm->vcpu;
    bt_put(vm, ram_of(FRAMES) + START, "\xf4", 1);
    for (unsigned f = 0; f < FRAMES; f++)
        bt_put(vm, ram_of(f) + START, code, sizeof code);
    return 0;
}

static int set_up(void **state)
{
    vm->bt->patching = vm->bt->save_flags = *state != NULL;
    memset(vm->bt->drops, 0, vm->bt->nframes);
    cache_flush_all(vm);
    seed = 12345;
    space = 0;
    for (unsigned f = 0; f < FRAMES; f++) {
        patch(f, ADD_1, f + 1);
        patch(f, ADD_2, 1000 + f);
    }
    for (unsigned p = 0; p < PAGES; p++) {
        map[0][p] = p;
        map[1][p] = p < GLOBALS ? PAGES + p : p;
    }
    return 0;
}

/* ---- The model -------------------------------------------------------------- */

static struct {
    uint32_t eip, ecx, edx, stack[PAGES];
    unsigned depth;
} model;

static uint32_t word_at(uint32_t linear)
{
    uint32_t word, page = (linear - LINEAR) >> PAGE_SHIFT;
    memcpy(&word, (uint8_t *)bt_ram(vm, ram_of(map[space][page])) + (linear & PAGE_MASK), 4);
    return word;
}

/* From a START or from behind a HALT to the next HALT. */
static void model_run(void)
{
    if ((model.eip & PAGE_MASK) != START)
        model.eip = model.depth ? model.stack[--model.depth] : STOP + START;
    while (model.eip != STOP + START) {
        uint32_t page = model.eip & ~PAGE_MASK;
        if ((model.eip & PAGE_MASK) == START) {
            model.edx = model.edx * 31 + word_at(page + ADD_1);
            model.eip = page + SITE;
            if (--model.ecx) {
                model.stack[model.depth++] = page + SITE;
                model.eip = page + PAGE_SIZE + START;
            }
            continue;
        }
        model.edx = model.edx * 17 + word_at(page + ADD_2);
        model.eip = page + HALT;
        return;
    }
}

/* ---- The translations --------------------------------------------------------- */

static struct code_page page_of(uint32_t linear)
{
    uint32_t n = (linear - LINEAR) >> PAGE_SHIFT;
    uint32_t ram = ram_of(n < PAGES ? map[space][n] : FRAMES);
    return (struct code_page){gva(linear & ~PAGE_MASK), gfn(ram >> PAGE_SHIFT), bt_ram(vm, ram),
                              n >= GLOBALS};
}

static uint64_t find(void)
{
    uint64_t entry = bt_lookup(v);
    struct code_page page = page_of(v->eip);
    return entry ? entry : bt_translate(v, &page, NULL);
}

/* To the next HLT. */
static void translated_run(void)
{
    for (unsigned n = 0;; n++) {
        struct host_exit x;
        uint64_t entry = find();
        assert_true(entry && n < 100);
        host_run_tc(v, entry, &x);
        bt_unwind(v, &x);
        assert_int_equal(x.kind, HX_TC);
        if (x.code == TC_EXIT_INTERP)
            return;
        assert_int_equal(x.code, TC_EXIT_MISS);
        entry = find();
        bt_chain(v, &x, entry);
    }
}

static void agree(void)
{
    assert_int_equal(v->eip, model.eip);
    assert_int_equal(v->gpr[R_EDX], model.edx);
    assert_int_equal(v->gpr[R_ECX], model.ecx);
}

/* Calls through all pages from FIRST on; at each halt CHANGE is made. */
static void go_through(unsigned first, void (*change)(void))
{
    uint32_t stop = STOP + START, esp = BT_STACK + PAGE_SIZE - 4;
    bt_put(vm, esp, &stop, 4);
    memset(&model, 0, sizeof model);
    model.eip = v->eip = LINEAR + first * PAGE_SIZE + START;
    model.ecx = v->gpr[R_ECX] = PAGES - first;
    v->gpr[R_EDX] = 0;
    v->gpr[R_ESP] = esp;
    for (;;) {
        model_run();
        translated_run();
        agree();
        if (v->eip == stop)
            return;
        change();
        memset(vm->bt->drops, 0, vm->bt->nframes); /* no page is left to the interpreter */
        model.eip = ++v->eip;                      /* behind the HLT */
    }
}

/* ---- What changes ------------------------------------------------------------- */

static void nothing(void)
{
}

static void remap(unsigned page, unsigned frame)
{
    map[space][page] = frame;
    if (page >= GLOBALS)
        map[!space][page] = frame;
    bt_flush_linear(v, gva(LINEAR + page * PAGE_SIZE));
}

static void remap_some(void)
{
    remap((unsigned)(next_number() % PAGES), (unsigned)(next_number() % FRAMES));
}

static void remap_all(void)
{
    for (unsigned p = 0; p < PAGES; p++)
        remap(p, (map[space][p] + 1) % FRAMES);
}

static void load_cr3(void)
{
    space = !space;
    bt_flush_space(v, false);
}

static void write_some(void)
{
    patch((unsigned)(next_number() % FRAMES), next_number() & 1 ? ADD_1 : ADD_2,
          (uint32_t)next_number());
}

/* The return sites of all running calls. */
static void write_all(void)
{
    for (unsigned f = 0; f < FRAMES; f++)
        patch(f, ADD_2, (uint32_t)next_number());
}

static void empty_cache(void)
{
    cache_flush_all(vm);
}

/* The next block to be made finds it full. */
static void fill_cache(void)
{
    bt_wrote(vm, gfn(ram_of(map[space][1]) >> PAGE_SHIFT), 0, PAGE_SIZE - 1);
    vm->bt->nrecords = MAX_RECORDS - 1;
}

static void anything(void)
{
    static void (*const all[])(void) = {nothing,    nothing,     remap_some, remap_all, load_cr3,
                                        write_some, empty_cache, load_cr3,   remap_some};
    all[next_number() % ARRAY_SIZE(all)]();
}

/* Twice before, so that everything is connected; then with changes, often. */
static void with(void (*change)(void), unsigned times)
{
    go_through(0, nothing);
    go_through(0, nothing);
    for (unsigned n = 0; n < times; n++)
        go_through(n % PAGES, change);
}

static void remapped_under_running_calls(void **state)
{
    (void)state;
    with(remap_all, 50);
    with(remap_some, 500);
}

static void storm_of_cr3_loads(void **state)
{
    (void)state;
    with(load_cr3, 500);
}

static void code_written_under_running_calls(void **state)
{
    (void)state;
    with(write_all, 50);
    with(write_some, 100);
}

static void cache_emptied_deep_in_calls(void **state)
{
    (void)state;
    with(empty_cache, 50);
    with(fill_cache, 50);
    assert_true(vm->bt->flushes > 400);
}

static void all_of_it(void **state)
{
    (void)state;
    with(anything, 5000);
    assert_true(vm->stats.n[STAT_BT_CHAINED] + vm->stats.n[STAT_BT_CHAINED_EARLY] > 1000);
}

int main(void)
{
    static bool patched = true;
#define BY_BOTH_POLICIES(test)                                                                     \
    cmocka_unit_test_setup(test, set_up),                                                          \
        cmocka_unit_test_prestate_setup_teardown(test, set_up, NULL, &patched)
    const struct CMUnitTest tests[] = {
        BY_BOTH_POLICIES(remapped_under_running_calls),
        BY_BOTH_POLICIES(storm_of_cr3_loads),
        BY_BOTH_POLICIES(code_written_under_running_calls),
        BY_BOTH_POLICIES(cache_emptied_deep_in_calls),
        BY_BOTH_POLICIES(all_of_it),
    };
    return cmocka_run_group_tests(tests, make_world, NULL);
}
