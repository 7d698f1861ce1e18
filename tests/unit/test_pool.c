/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The frame pool: everything is handed out once, zeroed, and comes back.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/pool.h"
#include "tests/unit/fake_host.h"

static void dirty(hfn_t f)
{
    memset(host_frame_ptr(f), 0xa5, PAGE_SIZE);
}

static bool zeroed(hfn_t f)
{
    const uint8_t *p = host_frame_ptr(f);
    return p[0] == 0 && memcmp(p, p + 1, PAGE_SIZE - 1) == 0;
}

static void every_frame_once(void **state)
{
    (void)state;
    static bool seen[101];
    struct pool *p = fake_host_reset(100); /* frames 1 .. 100, the first for the records */
    memset(seen, 0, sizeof seen);
    assert_int_equal(pool_free_frames(p), 99);
    for (unsigned i = 0; i < 99; i++) {
        hfn_t f = pool_get(p);
        assert_in_range(f.v, 2, 100);
        assert_false(seen[f.v]);
        seen[f.v] = true;
    }
    assert_int_equal(pool_free_frames(p), 0);
    assert_int_equal(pool_get(p).v, 0);
}

static void frames_come_back_zeroed(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(4);
    for (uint32_t f = 2; f <= 4; f++)
        dirty(hfn(f)); /* as a real machine's memory is */
    hfn_t a = pool_get(p), b = pool_get(p), c = pool_get(p);
    assert_true(a.v && b.v && c.v);
    assert_true(zeroed(a) && zeroed(b) && zeroed(c));
    dirty(b);
    dirty(a);
    pool_put(p, b);
    pool_put(p, a);
    assert_int_equal(pool_free_frames(p), 2);
    hfn_t d = pool_get(p), e = pool_get(p);
    assert_true((d.v == a.v && e.v == b.v) || (d.v == b.v && e.v == a.v));
    assert_true(zeroed(d) && zeroed(e));
    assert_int_equal(pool_get(p).v, 0);
}

/* A clean host's frames go out as they are, and back as everybody's. */
static void clean_frames_are_not_touched(void **state)
{
    (void)state;
    fake_host_reset(1600);
    for (uint32_t f = 2; f <= 1600; f++)
        dirty(hfn(f)); /* which shows who has written there */
    struct pool *p = pool_create(hfn(1), 1600, true);
    hfn_t one = pool_get(p), run = pool_get_run(p, 3), large = pool_get_large(p);
    assert_false(zeroed(one) || zeroed(run) || zeroed(large));
    pool_put(p, one);
    pool_put(p, hfn(large.v + 7));
    assert_int_equal(pool_get(p).v, large.v + 7);
    assert_int_equal(pool_get(p).v, one.v);
    assert_true(zeroed(one) && zeroed(hfn(large.v + 7)));
    assert_false(zeroed(pool_get(p)));
}

static void runs_from_the_end(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(20);
    for (uint32_t f = 2; f <= 20; f++)
        dirty(hfn(f));
    hfn_t run = pool_get_run(p, 5);
    assert_int_equal(run.v, 16);
    for (uint32_t i = 0; i < 5; i++)
        assert_true(zeroed(hfn(run.v + i)));
    assert_int_equal(pool_get_run(p, 15).v, 0);
    assert_int_equal(pool_get_run(p, 0).v, 0);
    assert_int_equal(pool_free_frames(p), 14);
    for (unsigned i = 0; i < 14; i++)
        assert_in_range(pool_get(p).v, 2, 15);
    assert_int_equal(pool_get(p).v, 0);
    assert_int_equal(pool_get_run(p, 1).v, 0);
}

static void a_run_needs_one_range(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(5);
    pool_add(p, hfn(100), 3);
    pool_add(p, hfn(200), 8);
    pool_add(p, hfn(300), 0);
    assert_int_equal(pool_free_frames(p), 4 + 3 + 8);
    assert_int_equal(pool_get_run(p, 9).v, 0);
    assert_int_equal(pool_get_run(p, 6).v, 202);
    assert_int_equal(pool_get_run(p, 4).v, 2);
    assert_int_equal(pool_get_run(p, 3).v, 100);
    assert_int_equal(pool_free_frames(p), 2);
}

/* What lies before and behind the aligned runs stays to be had frame by frame, each once. */
static void large_runs(void **state)
{
    (void)state;
    static bool seen[4001];
    struct pool *p = fake_host_reset(1700); /* frames 1 .. 1700: 2 MiB from 512 and 1024 on */
    pool_add(p, hfn(2048), 600);            /* from 2048 on */
    pool_add(p, hfn(3000), 1000);           /* from 3072 on */
    for (uint32_t f = 512; f < 1024; f++)
        dirty(hfn(f));
    memset(seen, 0, sizeof seen);
    const uint32_t free = pool_free_frames(p), touched_frames = pool_touched_frames(p);
    static const uint32_t at[] = {512, 1024, 2048, 3072};
    for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
        assert_int_equal(pool_get_large(p).v, at[i]);
        for (uint32_t f = at[i]; f < at[i] + LARGE_FRAMES; f++)
            seen[f] = true;
    }
    for (uint32_t f = 512; f < 1024; f++)
        assert_true(zeroed(hfn(f)));
    assert_int_equal(pool_get_large(p).v, 0);
    assert_int_equal(pool_free_frames(p), free - 4 * LARGE_FRAMES);
    assert_int_equal(pool_touched_frames(p), touched_frames + 4 * LARGE_FRAMES);
    assert_int_equal(pool_get_run(p, 400).v, 512 - 400); /* the unaligned beginning */
    pool_put(p, hfn(700));
    assert_int_equal(pool_get(p).v, 700);
    for (uint32_t left = free - 4 * LARGE_FRAMES - 400; left; left--) {
        hfn_t f = pool_get(p);
        assert_in_range(f.v, 2, 4000);
        assert_false(seen[f.v]);
        seen[f.v] = true;
    }
    assert_int_equal(pool_get(p).v, 0);
}

/* Not aligned and no record left for the beginning: the range is left alone. */
static void large_run_without_a_record(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(1300);
    for (uint32_t i = 0; i < 62; i++)
        pool_add(p, hfn(2000 + 2 * i), 1);
    pool_add(p, hfn(4096), 512);
    uint32_t free = pool_free_frames(p), n = 0;
    assert_int_equal(pool_get_large(p).v, 4096);
    assert_int_equal(pool_get_large(p).v, 0);
    while (pool_get(p).v)
        n++;
    assert_int_equal(n, free - LARGE_FRAMES);
}

static void alloc_rounds_up(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(10);
    assert_null(pool_alloc(p, 10 * PAGE_SIZE));
    assert_null(pool_alloc(p, SIZE_MAX));
    assert_null(pool_alloc(p, (size_t)PAGE_SIZE << 32));
    assert_int_equal(pool_free_frames(p), 9);
    uint8_t *a = pool_alloc(p, PAGE_SIZE + 1);
    assert_non_null(a);
    assert_int_equal((uintptr_t)a % PAGE_SIZE, 0);
    a[2 * PAGE_SIZE - 1] = 1;
    assert_int_equal(pool_free_frames(p), 7);
}

static void too_many_ranges(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(2);
    for (uint32_t i = 0; i < 100; i++)
        pool_add(p, hfn(100 + 2 * i), 1);
    assert_in_range(pool_free_frames(p), 50, 100);
    assert_non_null(strstr(fake.log, "too many pieces"));
    uint32_t n = 0, free = pool_free_frames(p);
    while (pool_get(p).v)
        n++;
    assert_int_equal(n, free);
}

/* Does putting frame F panic? */
static bool put_dies(struct pool *p, uint32_t f)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        close(2);
        signal(SIGABRT, SIG_DFL);
        pool_put(p, hfn(f));
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status);
}

static void foreign_frames_are_a_bug(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(10);
    hfn_t f = pool_get(p);
    hfn_t run = pool_get_run(p, 1);
    assert_false(put_dies(p, f.v));
    assert_false(put_dies(p, run.v));
    assert_true(put_dies(p, f.v + 1)); /* never handed out */
    assert_true(put_dies(p, 0));
    assert_true(put_dies(p, 11));
    p = fake_host_reset(1100);
    f = pool_get_large(p);
    assert_false(put_dies(p, f.v + 511));
    assert_true(put_dies(p, f.v - 1));
    assert_true(put_dies(p, f.v + 512));
}

/* The most that were in use: what came back goes out first. */
static void touched(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(100);
    assert_int_equal(pool_touched_frames(p), 1);
    hfn_t f = pool_get(p);
    pool_get(p);
    pool_put(p, f);
    pool_get(p);
    assert_int_equal(pool_touched_frames(p), 3);
    pool_get_run(p, 10);
    assert_int_equal(pool_touched_frames(p), 13);
}

/* One guest after another gets the same frames, whatever the one before did with them. */
static void guests_in_turn(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(2200);
    hfn_t own = pool_get(p), first[3];
    uint32_t free = pool_free_frames(p), touched_once = 0;
    for (unsigned turn = 0; turn < 3; turn++) {
        pool_begin(p);
        hfn_t large = pool_get_large(p), run = pool_get_run(p, 30);
        hfn_t one = pool_get(p), two = pool_get(p);
        const hfn_t now[3] = {large, run, one};
        for (unsigned i = 0; i < 3; i++) {
            first[i] = turn ? first[i] : now[i];
            assert_int_equal(now[i].v, first[i].v);
            assert_true(zeroed(now[i]));
            dirty(now[i]);
        }
        dirty(hfn(large.v + 511));
        pool_put(p, one);
        pool_retire(p, two);
        for (uint32_t i = 0; i < LARGE_FRAMES; i++)
            pool_retire(p, hfn(large.v + i));
        assert_int_equal(pool_end(p), 0);
        assert_int_equal(pool_free_frames(p), free);
        touched_once = turn ? touched_once : pool_touched_frames(p);
        assert_int_equal(pool_touched_frames(p), touched_once);
    }
    assert_int_not_equal(pool_get(p).v, own.v);
}

/* What is not given back is told, and goes back to the pool all the same. */
static void lost_frames(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(1100);
    uint32_t free = pool_free_frames(p);
    pool_begin(p);
    pool_get(p);
    pool_put(p, pool_get(p));
    assert_int_equal(pool_end(p), 1);
    pool_begin(p);
    pool_retire(p, pool_get_large(p));
    assert_int_equal(pool_end(p), LARGE_FRAMES - 1);
    pool_begin(p);
    hfn_t f = pool_get(p);
    pool_put(p, f);
    pool_retire(p, f); /* twice */
    assert_int_equal((int32_t)pool_end(p), -1);
    assert_int_equal(pool_free_frames(p), free);
}

/* A clean pool's frames are not clean for the second guest, and are not touched for the first. */
static void clean_pool_for_the_second(void **state)
{
    (void)state;
    fake_host_reset(1000);
    for (uint32_t f = 1; f <= 700; f++)
        dirty(hfn(f));
    struct pool *p = pool_create(hfn(1), 700, true);
    pool_begin(p);
    hfn_t f = pool_get(p), run = pool_get_run(p, 2);
    assert_false(zeroed(f)); /* not looked at: it is said to be clean */
    assert_false(zeroed(run));
    pool_put(p, f);
    assert_int_equal(pool_end(p), 0);
    pool_begin(p);
    assert_true(zeroed(pool_get(p)));
    assert_true(zeroed(pool_get_run(p, 2)));
    assert_false(zeroed(pool_get(p)));
    assert_false(zeroed(pool_get_run(p, 1)));
    assert_int_equal(pool_touched_frames(p), 1 + 2 + 3);
}

/* More than before from one end, less from the other. */
static void both_ends(void **state)
{
    (void)state;
    struct pool *p = fake_host_reset(101);
    pool_begin(p);
    for (unsigned i = 0; i < 70; i++)
        pool_retire(p, pool_get(p));
    assert_int_equal(pool_end(p), 0);
    pool_begin(p);
    assert_true(pool_get_run(p, 60).v);
    assert_int_equal(pool_touched_frames(p), 101);
    assert_int_equal(pool_free_frames(p), 40);
    assert_int_equal(pool_end(p), 0);
    assert_int_equal(pool_free_frames(p), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_once),
        cmocka_unit_test(frames_come_back_zeroed),
        cmocka_unit_test(clean_frames_are_not_touched),
        cmocka_unit_test(large_runs),
        cmocka_unit_test(large_run_without_a_record),
        cmocka_unit_test(runs_from_the_end),
        cmocka_unit_test(a_run_needs_one_range),
        cmocka_unit_test(alloc_rounds_up),
        cmocka_unit_test(too_many_ranges),
        cmocka_unit_test(foreign_frames_are_a_bug),
        cmocka_unit_test(touched),
        cmocka_unit_test(guests_in_turn),
        cmocka_unit_test(lost_frames),
        cmocka_unit_test(clean_pool_for_the_second),
        cmocka_unit_test(both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
