/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a boot plan to a VM: a good plan arrives whole, and each lie that a plan can tell is refused
 * with a line, without a byte read or written outside.
 */
#include "monitor/run.h"
#include "tests/unit/top_world.h"

#define SEGMENTS 2
#define TEXT     "console=ttyS0"
#define BYTES    0x1800u

struct file {
    struct plan plan;
    struct plan_segment segment[SEGMENTS];
    char text[sizeof TEXT];
    uint8_t bytes[BYTES];
};

#define FILE_SIZE (offsetof(struct file, bytes) + BYTES)

/* On the heap, so that a read behind its end is seen. */
static struct file *file;
static struct pool *pool;

static unsigned destroyed;

void shadow_destroy(struct vm *of)
{
    of->shadow = NULL;
    destroyed++;
}

static int good_plan(void **state)
{
    (void)state;
    memset(&top, 0, sizeof top);
    pool = fake_host_reset(20000);
    file = calloc(1, FILE_SIZE);
    file->plan = (struct plan){
        .magic = PLAN_MAGIC,
        .version = PLAN_VERSION,
        .total_size = FILE_SIZE,
        .memory_mib = 4,
        .segments = SEGMENTS,
        .append_len = sizeof TEXT,
        .eip = 0x100000,
        .esp = 0x9000,
        .eax = 1,
        .ebx = 2,
        .ecx = 3,
        .edx = 4,
        .esi = 5,
        .edi = 6,
        .ebp = 7,
        .cs = 0x10,
        .ds = 0x18,
        .gdt_base = 0x8000,
        .gdt_limit = 0x1f,
        .runs = 1,
    };
    memcpy(file->text, TEXT, sizeof TEXT);
    memset(file->bytes, 0xab, BYTES);
    file->segment[0] = (struct plan_segment){0x100123, 0x3000, offsetof(struct file, bytes), BYTES};
    file->segment[1] = (struct plan_segment){0x8000, 16, offsetof(struct file, text), 13};
    return 0;
}

static int no_plan(void **state)
{
    (void)state;
    free(file);
    return 0;
}

static struct vm *create(void)
{
    fake.log_len = 0;
    fake.log[0] = 0;
    return vm_create(&file->plan, pool, 1);
}

static void refused(const char *why)
{
    assert_null(create());
    assert_non_null(strstr(fake.log, why));
}

static void segments_arrive(void **state)
{
    (void)state;
    uint8_t got[0x3000], want[0x3000] = {0};
    struct vm *made = create();
    assert_non_null(made);
    memset(want, 0xab, BYTES);
    assert_true(guest_read(made, gpa(0x100123), got, sizeof got));
    assert_memory_equal(got, want, sizeof got);
    assert_true(guest_read(made, gpa(0x8000), got, 16));
    assert_memory_equal(got, "console=ttyS0\0\0\0", 16);
    assert_int_equal(made->ram.size, 4 << 20);
}

static void flat_protected_mode(void **state)
{
    (void)state;
    struct vcpu *cpu = create()->vcpu;
    assert_int_equal(cpu->cr0, CR0_PE | CR0_ET);
    assert_int_equal(cpu->eip, 0x100000);
    for (unsigned r = 0; r < S_COUNT; r++) {
        assert_true(segment_flat(&cpu->seg[r]));
        assert_int_equal(cpu->seg[r].attr, r == S_CS ? 0xc09b : 0xc093);
        assert_int_equal(cpu->seg[r].sel, r == S_CS ? 0x10 : 0x18);
    }
    static const uint32_t gprs[8] = {1, 3, 4, 2, 0x9000, 7, 5, 6};
    assert_memory_equal(cpu->gpr, gprs, sizeof gprs);
    assert_int_equal(cpu->gdtr.base, 0x8000);
    assert_int_equal(cpu->gdtr.limit, 0x1f);
    assert_int_equal(vcpu_eflags(cpu), FL_ONE);
    assert_int_equal(cpu->cpl, 0);
    assert_int_equal(fake.control_loads, 1);
}

static void rooms(void **state)
{
    (void)state;
    struct vm *made = create();
    assert_ptr_equal(made->vcpu->vm, made);
    assert_true(made->pool == pool && made->trace && made->board && made->segtab && made->interp);
    assert_true(made->shadow && made->bt);
    assert_false(made->ended || made->count || made->marks);
    file->plan.engine = PLAN_INTERP;
    file->plan.flags = PLAN_COUNT | PLAN_STATS;
    made = create();
    assert_true(made->count && made->marks);
    assert_int_equal(made->engine, PLAN_INTERP);
    assert_null(made->shadow);
    assert_null(made->bt);
}

static void other_versions(void **state)
{
    (void)state;
    file->plan.version++;
    refused("another version");
    file->plan.version--;
    file->plan.magic++;
    refused("another version");
}

/* Each row makes one field wrong. */
static void contradictions(void **state)
{
    (void)state;
    static const struct {
        size_t field;
        uint32_t value;
    } rows[] = {
        {offsetof(struct plan, memory_mib), 0},
        {offsetof(struct plan, memory_mib), PLAN_MEMORY_MAX_MIB + 1},
        {offsetof(struct plan, memory_mib), UINT32_MAX},
        {offsetof(struct plan, engine), PLAN_TRANSLATE + 1},
        {offsetof(struct plan, engine), UINT32_MAX},
        {offsetof(struct plan, segments), 65},
        {offsetof(struct plan, segments), 0x10000000},
        {offsetof(struct plan, segments), UINT32_MAX},
        {offsetof(struct plan, append_len), UINT32_MAX},
        {offsetof(struct plan, append_len), FILE_SIZE},
        {offsetof(struct plan, total_size), 0},
        {offsetof(struct plan, total_size), offsetof(struct file, bytes) - 1},
        {offsetof(struct plan, cs), 0},
        {offsetof(struct plan, cs), 0x13},
        {offsetof(struct plan, cs), 0x10010},
        {offsetof(struct plan, ds), 3},
        {offsetof(struct plan, ds), 0x1b},
        {offsetof(struct plan, ds), 0x10018},
        {offsetof(struct plan, gdt_limit), 0x10000},
        {offsetof(struct plan, runs), 0},
        {offsetof(struct plan, runs), PLAN_RUNS_MAX + 1},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        uint32_t *field = (uint32_t *)((char *)&file->plan + rows[i].field), good = *field;
        *field = rows[i].value;
        refused("contradicts itself");
        *field = good;
    }
    assert_non_null(create());
}

static void lying_segments(void **state)
{
    (void)state;
    static const struct plan_segment rows[] = {
        {0x1000, 0x10, 0, 0x11},                   /* more bytes than room */
        {0x1000, 0x1000, FILE_SIZE - 0xff, 0x100}, /* one byte too many */
        {0x1000, 0x1000, UINT32_MAX, 1},
        {0x1000, UINT32_MAX, 1, UINT32_MAX},
        {0x1000, UINT32_MAX, 0xffffff00, 0x200}, /* their sum wraps */
        {0x3fffff, 2, 0, 0},                     /* RAM ends between */
        {0x3fffff, 2, 0, 2},
        {0x400000, 1, 0, 1},
        {0xfffff000, 0x1000, 0, 0x1000},
        {0xfffff000, 0x2000, 0, 0x100}, /* their sum wraps */
        {0xffffffff, 1, 0, 0},
        {0x1000, UINT32_MAX, 0, 0},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        file->segment[1] = rows[i];
        refused("leaves the plan or guest RAM");
    }
}

static void edges_that_fit(void **state)
{
    (void)state;
    file->segment[0] = (struct plan_segment){0x3ff000, 0x1000, FILE_SIZE - 0x100, 0x100};
    file->segment[1] = (struct plan_segment){0x400000, 0, FILE_SIZE, 0};
    struct vm *made = create();
    assert_non_null(made);
    uint8_t last[2];
    assert_true(guest_read(made, gpa(0x3ff0ff), last, 2));
    assert_int_equal(last[0], 0xab);
    assert_int_equal(last[1], 0);
}

/* The later one wins where segments overlap, its zeros too. */
static void overlapping_segments(void **state)
{
    (void)state;
    file->segment[1] = (struct plan_segment){0x100200, 0x100, offsetof(struct file, text), 7};
    struct vm *made = create();
    uint8_t got[0x102];
    assert_true(guest_read(made, gpa(0x1001ff), got, sizeof got));
    assert_int_equal(got[0], 0xab);
    assert_memory_equal(got + 1, "console\0", 8);
    assert_int_equal(got[0x100], 0);
    assert_int_equal(got[0x101], 0xab);
}

static void too_little_memory(void **state)
{
    (void)state;
    file->plan.memory_mib = 2048;
    refused("no 2048 MiB for the guest");
}

/* Whatever runs out is said; nothing is half made. */
static void every_allocation_fails_once(void **state)
{
    (void)state;
    unsigned frames = 1;
    for (;; frames += 7) {
        pool = fake_host_reset(frames);
        if (create())
            break;
        assert_true(fake.log_len > 0);
    }
    assert_in_range(frames, 1024 + VCPU_SPAN(false) / PAGE_SIZE, 4000);
    pool = fake_host_reset(20000);
    for (top.fails = 1; top.fails <= 3; top.fails++)
        refused("not enough memory for the monitor's own tables");
}

/* Made, ended and made again out of the same frames. */
static void nothing_is_left(void **state)
{
    (void)state;
    pool_begin(pool);
    uint32_t free = pool_free_frames(pool);
    struct vm *first = create();
    assert_non_null(first);
    assert_true(guest_write(first, gpa(0x300000), "left", 4));
    vm_destroy(first);
    assert_int_equal(destroyed, 1);
    assert_int_equal(pool_end(pool), 0);
    assert_int_equal(pool_free_frames(pool), free);
    pool_begin(pool);
    struct vm *second = create();
    assert_non_null(second);
    char left[4] = "";
    assert_true(guest_read(second, gpa(0x300000), left, 4));
    assert_memory_equal(left, "\0\0\0", 4);
    assert_int_equal(fake.fpu_resets, 2);
    vm_destroy(second);
    assert_int_equal(pool_end(pool), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(segments_arrive, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(flat_protected_mode, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(rooms, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(other_versions, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(contradictions, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(lying_segments, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(edges_that_fit, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(overlapping_segments, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(too_little_memory, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(every_allocation_fails_once, good_plan, no_plan),
        cmocka_unit_test_setup_teardown(nothing_is_left, good_plan, no_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
