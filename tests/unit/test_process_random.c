/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Windows of the process host against a model that has no mappings at all: random changes of tables
 * and spaces, and after each of them random accesses through the windows, which must end as the
 * model says and show the frame that it says. In between all that the windows of all spaces have
 * mapped is compared, too, and the count of mappings with Linux's.
 * test_process_random [seed [steps]] repeats or extends a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/process/pane.h"
#include "monitor/process/record.h"
#include "tests/unit/process_world.h"
#include "tests/unit/random.h"

#define TABLES 10u
#define SPACES 6u
#define FRAMES 2048u /* of the world's, those that entries name; large pages name them too */

static unsigned steps = 6000;

/* The places looked at: few, so that things meet. */
static const unsigned slots[] = {0, 1, 2, 63, 64, 0x600, 0x601, 2047};
static const unsigned pages[] = {0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 510, 511};

/* ---- The model --------------------------------------------------------------- */

struct entry {
    uint32_t frame;
    unsigned flags;
};
struct place {
    int table; /* -1: none */
    struct entry large;
};
static struct {
    htable_t table[TABLES];
    struct entry entry[TABLES][HOST_TABLE_ENTRIES];
    hspace_t space[SPACES];
    struct place place[SPACES][HOST_SPACE_SLOTS];
    unsigned current;
} model;

static uint32_t pick(uint32_t n)
{
    return (uint32_t)(next_number() >> 33) % n;
}

static struct entry model_entry(unsigned s, unsigned slot, unsigned page)
{
    const struct place *p = &model.place[s][slot];
    if (p->table >= 0)
        return model.entry[p->table][page];
    struct entry e = p->large;
    e.frame += page;
    return e;
}

static enum reach expected(struct entry e, bool user, bool write)
{
    if (!e.flags || (write && !(e.flags & SH_WRITE)))
        return REFUSED;
    return user == ((e.flags & SH_USER) != 0) ? REACHED : OTHER;
}

/* ---- Changes ----------------------------------------------------------------- */

static unsigned some_flags(void)
{
    return (unsigned)SH_PRESENT | (pick(3) ? (unsigned)SH_WRITE : 0u) |
           (pick(2) ? SH_USER | (pick(2) ? (unsigned)SH_EXEC : 0u) : 0u);
}

static void set(unsigned t, unsigned page, struct entry e)
{
    struct entry *m = &model.entry[t][page];
    assert_int_equal(host_table_set(model.table[t], page, hfn(e.frame), e.flags), m->flags != 0);
    *m = e;
}

static void change_entry(void)
{
    unsigned t = pick(TABLES), page = pages[pick(ARRAY_SIZE(pages))];
    struct entry e = model.entry[t][page];
    switch (pick(4)) {
    case 0:
        e = (struct entry){0, 0};
        break;
    case 1: /* another protection */
        e.flags = e.flags ? some_flags() : 0;
        break;
    default:
        e = (struct entry){1 + pick(FRAMES - 1), some_flags()};
    }
    set(t, page, e);
}

/* A run of entries whose frames follow one another. */
static void change_run(void)
{
    unsigned t = pick(TABLES), first = pick(HOST_TABLE_ENTRIES), n = 1 + pick(100);
    struct entry e = {1 + pick(FRAMES - 512), some_flags()};
    for (unsigned i = first; i < first + n && i < HOST_TABLE_ENTRIES; i++, e.frame++)
        set(t, i, e);
}

static void change_place(void)
{
    unsigned s = pick(SPACES), slot = slots[pick(ARRAY_SIZE(slots))], t = pick(TABLES);
    struct place *p = &model.place[s][slot];
    switch (pick(4)) {
    case 0:
        host_space_detach(model.space[s], slot);
        *p = (struct place){.table = -1};
        break;
    case 1:
        *p = (struct place){-1, {pick(4) * 512, some_flags()}};
        host_space_attach_large(model.space[s], slot, hfn(p->large.frame), p->large.flags);
        break;
    default:
        host_space_attach(model.space[s], slot, model.table[t]);
        *p = (struct place){.table = (int)t};
    }
}

static void use(void)
{
    model.current = pick(SPACES);
    host_space_use(model.space[model.current]);
}

static void empty_space(unsigned s)
{
    model.space[s] = host_space_create();
    assert_true(model.space[s].id);
    for (unsigned i = 0; i < HOST_SPACE_SLOTS; i++)
        model.place[s][i] = (struct place){.table = -1};
}

/* A kernel's part common to all spaces, so that switches have something to keep. */
static void share(void)
{
    unsigned slot = slots[pick(ARRAY_SIZE(slots))], t = pick(TABLES);
    for (unsigned s = 0; s < SPACES; s++) {
        host_space_attach(model.space[s], slot, model.table[t]);
        model.place[s][slot] = (struct place){.table = (int)t};
    }
}

static void renew_space(void)
{
    unsigned s = pick(SPACES);
    host_space_free(model.space[s]);
    empty_space(s);
    if (s == model.current)
        host_space_use(model.space[s]);
}

static void renew_table(void)
{
    unsigned t = pick(TABLES);
    for (unsigned s = 0; s < SPACES; s++) {
        for (unsigned i = 0; i < HOST_SPACE_SLOTS; i++) {
            if (model.place[s][i].table != (int)t)
                continue;
            host_space_detach(model.space[s], i);
            model.place[s][i].table = -1;
        }
    }
    host_table_free(model.table[t]);
    model.table[t] = host_table_create();
    memset(model.entry[t], 0, sizeof model.entry[t]);
}

static void change(void)
{
    unsigned n = pick(100);
    if (n < 45)
        change_entry();
    else if (n < 60)
        change_run();
    else if (n < 80)
        change_place();
    else if (n < 95)
        use();
    else if (n < 97)
        share();
    else if (n < 99)
        renew_table();
    else
        renew_space();
}

/* ---- Checks ------------------------------------------------------------------ */

static uint64_t window_of(unsigned s)
{
    return window_kernel() + model.space[s].id * WINDOW_STRIDE;
}

static uint64_t linear_of(unsigned slot, unsigned page)
{
    return ((uint64_t)slot << SLOT_SHIFT) + page * PAGE_SIZE;
}

static void check_access(bool user, unsigned slot, unsigned page, bool write)
{
    struct entry e = model_entry(model.current, slot, page);
    uint64_t address = (user ? window_user() : window_kernel()) + linear_of(slot, page);
    uint32_t value = (uint32_t)next_number();
    enum reach how = write ? world_write(address + 4, value) : world_read(address, &value);
    if (how == REACHED_AT_ONCE)
        how = REACHED;
    assert_int_equal(how, expected(e, user, write));
    if (how == REACHED)
        assert_int_equal(*world_word(e.frame, write), value);
}

static void check_accesses(void)
{
    for (unsigned i = 0; i < 6; i++)
        check_access(pick(2), slots[pick(ARRAY_SIZE(slots))],
                     pick(3) ? pages[pick(ARRAY_SIZE(pages))] : pick(512), pick(3) == 0);
}

/* What is mapped in the window BASE, of space S, that should not be? */
static void check_window(uint64_t base, unsigned s, bool user)
{
    for (unsigned i = 0; i < ARRAY_SIZE(slots); i++) {
        for (unsigned j = 0; j < ARRAY_SIZE(pages); j++) {
            struct entry e = model_entry(s, slots[i], pages[j]);
            uint64_t address = base + linear_of(slots[i], pages[j]);
            int is = world_mapping(address);
            if (is == NOT_MAPPED)
                continue;
            assert_int_equal(expected(e, user, is == WRITABLE), REACHED);
            assert_int_equal(*(volatile uint32_t *)address, *world_word(e.frame, 0));
        }
    }
}

static void check_all(void)
{
    unsigned limit = records.limit;
    check_window(window_kernel(), model.current, false);
    for (unsigned s = 0; s < SPACES; s++)
        check_window(window_of(s), s, true);
    assert_true(world_count() <= records.pieces);
    assert_true(world_count() <= limit);
    unsigned sum = 0;
    for (unsigned w = 0; w < MAX_SPACES; w++)
        sum += records.window[w].pieces;
    assert_int_equal(sum, records.pieces);
}

/* ---- Runs -------------------------------------------------------------------- */

static void begin(unsigned mappings)
{
    world_reset(mappings);
    memset(&model, 0, sizeof model);
    for (unsigned t = 0; t < TABLES; t++)
        model.table[t] = host_table_create();
    for (unsigned s = 0; s < SPACES; s++)
        empty_space(s);
    for (unsigned i = 0; i < 30; i++)
        change_run();
    use();
}

static void run(uint64_t with, unsigned mappings)
{
    seed = with;
    begin(mappings);
    for (unsigned i = 0; i < steps; i++) {
        change();
        check_accesses();
        if (i % 50 == 0)
            check_all();
    }
    check_all();
    printf("seed %llu, %u mappings: %llu maps, %llu unmaps, %llu windows given up\n",
           (unsigned long long)with, mappings, (unsigned long long)window_counts.maps,
           (unsigned long long)window_counts.unmaps, (unsigned long long)window_counts.evictions);
}

static uint64_t first_seed = 1;

static void with_room(void **state)
{
    (void)state;
    for (uint64_t s = first_seed; s < first_seed + 3; s++)
        run(s, 100000);
}

static void with_little_room(void **state)
{
    (void)state;
    for (uint64_t s = first_seed; s < first_seed + 3; s++) {
        run(s + 100, 40);
        assert_true(window_counts.evictions > 20);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_room),
        cmocka_unit_test(with_little_room),
    };
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        steps = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, world_make, NULL);
}
