/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fake host (fake_host.h). The pool's frames are one anonymous mapping.
 */
#define _GNU_SOURCE
#include "tests/unit/fake_host.h"

#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/guestmem.h"
#include "monitor/pool.h"
#include "monitor/vcpu.h"

#define FAKE_TC_SIZE  (4u << 20)
#define FAKE_TC_DATA  (2u << 20)
#define FAKE_TC_STACK 16384u
#define MAX_FRAMES    65536u /* 256 MiB */
#define MAX_TABLES    8192u
#define MAX_SPACES    256u

struct fake_state fake;

static uint8_t *arena;

static struct table {
    bool live;
    unsigned attached;
    struct {
        hfn_t frame;
        unsigned flags;
    } entry[HOST_TABLE_ENTRIES];
} tables[MAX_TABLES];

static struct space {
    bool live;
    htable_t slot[HOST_SPACE_SLOTS];
    hfn_t large[HOST_SPACE_SLOTS];
    unsigned large_flags[HOST_SPACE_SLOTS];
} spaces[MAX_SPACES];

/* An entry counts if its epoch is the present one. */
static struct tlb_entry {
    uint32_t epoch;
    hfn_t frame;
    unsigned flags;
} tlb[1u << 20];
static uint32_t tlb_epoch;

static void require(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fake host: caller's error: %s\n", what);
        abort();
    }
}

struct pool *fake_host_reset(uint32_t frames)
{
    require(frames < MAX_FRAMES, "too many frames");
    if (!arena)
        arena = mmap(NULL, (size_t)MAX_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    require(arena != MAP_FAILED, "no memory for the arena");
    madvise(arena, (size_t)MAX_FRAMES * PAGE_SIZE, MADV_DONTNEED);
    memset(&fake, 0, sizeof fake);
    for (uint32_t i = 0; i < MAX_TABLES; i++)
        tables[i].live = false; /* creation clears the rest */
    for (uint32_t i = 0; i < MAX_SPACES; i++)
        spaces[i].live = false;
    tlb_epoch++;
    fake.fail_tables_after = -1;
    fake.exit_status = -1;
    return pool_create(hfn(1), frames, false);
}

struct vm *fake_vm(uint64_t ram_bytes)
{
    static struct vm vm;
    static struct vcpu cpu;
    memset(&vm, 0, sizeof vm);
    vm.pool = fake_host_reset((uint32_t)(ram_bytes / PAGE_SIZE) + 8192);
    vm.vcpu = &cpu;
    vcpu_reset(&cpu, &vm);
    cpu.cr0 = CR0_PE | CR0_ET;
    cpu.eip = 0x1000;
    for (unsigned i = 0; i < S_COUNT; i++)
        cpu.seg[i] = (struct segment){0, 0xffffffffu,
                                      SA_P | SA_S | SA_RW | SA_ACCESSED | SA_DB | SA_G, 0x10};
    cpu.seg[S_CS].attr |= SA_CODE;
    cpu.seg[S_CS].sel = 8;
    require(guest_ram_create(&vm, ram_bytes), "no frames for guest RAM");
    return &vm;
}

void *host_frame_ptr(hfn_t f)
{
    require(f.v && f.v < MAX_FRAMES, "host_frame_ptr out of range");
    return arena + (size_t)f.v * PAGE_SIZE;
}

static bool creation_fails(void)
{
    return fake.fail_tables_after >= 0 && fake.fail_tables_after-- == 0;
}

htable_t host_table_create(void)
{
    bool fails = creation_fails();
    for (uint32_t i = 1; i < MAX_TABLES && !fails; i++) {
        if (tables[i].live)
            continue;
        memset(&tables[i], 0, sizeof tables[i]);
        tables[i].live = true;
        fake.tables_live++;
        return (htable_t){i};
    }
    return (htable_t){0};
}

static struct table *table(htable_t t)
{
    require(t.id && t.id < MAX_TABLES && tables[t.id].live, "no such table");
    return &tables[t.id];
}

static struct space *space(hspace_t s)
{
    require(s.id && s.id < MAX_SPACES && spaces[s.id].live, "no such space");
    return &spaces[s.id];
}

void host_table_free(htable_t t)
{
    require(table(t)->attached == 0, "freeing an attached table");
    table(t)->live = false;
    fake.tables_live--;
}

hspace_t host_space_create(void)
{
    bool fails = creation_fails();
    for (uint32_t i = 1; i < MAX_SPACES && !fails; i++) {
        if (spaces[i].live)
            continue;
        memset(&spaces[i], 0, sizeof spaces[i]);
        spaces[i].live = true;
        fake.spaces_live++;
        return (hspace_t){i};
    }
    return (hspace_t){0};
}

void host_space_free(hspace_t s)
{
    for (unsigned i = 0; i < HOST_SPACE_SLOTS; i++)
        host_space_detach(s, i);
    space(s)->live = false;
    fake.spaces_live--;
}

bool host_table_set(htable_t t, unsigned index, hfn_t frame, unsigned flags)
{
    require(index < HOST_TABLE_ENTRIES, "table index");
    require(!flags || (flags & SH_PRESENT), "flags without SH_PRESENT");
    require(!flags || frame.v, "an entry without a frame");
    bool was = table(t)->entry[index].flags & SH_PRESENT;
    table(t)->entry[index].frame = frame;
    table(t)->entry[index].flags = flags;
    return was;
}

void host_space_attach(hspace_t s, unsigned slot, htable_t t)
{
    require(slot < HOST_SPACE_SLOTS, "slot");
    host_space_detach(s, slot);
    table(t)->attached++;
    space(s)->slot[slot] = t;
}

void host_space_attach_large(hspace_t s, unsigned slot, hfn_t first, unsigned flags)
{
    require(slot < HOST_SPACE_SLOTS && first.v % 512 == 0, "large page alignment");
    require(first.v && first.v + 511 < MAX_FRAMES, "a large page without frames");
    require(flags & SH_PRESENT, "a large page without SH_PRESENT");
    host_space_detach(s, slot);
    fake.large_live++;
    space(s)->large[slot] = first;
    space(s)->large_flags[slot] = flags;
}

void host_space_detach(hspace_t s, unsigned slot)
{
    require(slot < HOST_SPACE_SLOTS, "slot");
    struct space *p = space(s);
    if (p->slot[slot].id)
        table(p->slot[slot])->attached--;
    fake.large_live -= p->large_flags[slot] != 0;
    p->slot[slot].id = 0;
    p->large[slot].v = 0;
    p->large_flags[slot] = 0;
}

void host_space_use(hspace_t s)
{
    space(s);
    fake.current = s;
    tlb_epoch++;
}

hfn_t fake_lookup(gva_t linear, unsigned *flags)
{
    struct space *s = space(fake.current);
    unsigned slot = linear.v >> 21, index = linear.v >> 12 & 511;
    *flags = 0;
    if (s->large_flags[slot]) {
        *flags = s->large_flags[slot];
        return hfn(s->large[slot].v + index);
    }
    if (!s->slot[slot].id)
        return hfn(0);
    *flags = table(s->slot[slot])->entry[index].flags;
    return *flags ? table(s->slot[slot])->entry[index].frame : hfn(0);
}

bool fake_large(gva_t linear)
{
    return space(fake.current)->large_flags[linear.v >> 21];
}

void fake_tlb_fill(gva_t linear)
{
    struct tlb_entry *e = &tlb[linear.v >> PAGE_SHIFT];
    if (e->epoch == tlb_epoch && e->flags)
        return;
    e->epoch = tlb_epoch;
    e->frame = fake_lookup(linear, &e->flags);
}

hfn_t fake_tlb(gva_t linear, unsigned *flags)
{
    struct tlb_entry *e = &tlb[linear.v >> PAGE_SHIFT];
    bool cached = e->epoch == tlb_epoch && e->flags;
    *flags = cached ? e->flags : 0;
    return cached ? e->frame : hfn(0);
}

void host_flush_page(gva_t page)
{
    tlb[page.v >> PAGE_SHIFT].flags = 0;
    fake.flushes_page++;
}

void host_flush_all(void)
{
    tlb_epoch++;
    fake.flushes_all++;
}

void host_counts(struct host_counts *out)
{
    *out = (struct host_counts){0};
}

void host_descriptor_set(uint16_t selector, uint64_t descriptor)
{
    require((selector & SEL_TI) || selector < HOST_FIRST_SELECTOR, "the host's own descriptor");
    fake.descriptor[(selector & SEL_TI) != 0][SEL_INDEX(selector)] = descriptor;
}

/* Two mappings of the same memory, made once: code and data one behind the other in both. */
void host_tc_area(struct host_tc *out)
{
    static struct host_tc tc;
    const size_t size = FAKE_TC_SIZE + FAKE_TC_DATA;
    if (!tc.size) {
        int fd = memfd_create("tc", MFD_CLOEXEC);
        require(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "no memory for the cache");
        void *w = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        uint8_t *x = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        require(w != MAP_FAILED && x != MAP_FAILED, "no memory for the cache");
        require(mprotect(x, FAKE_TC_SIZE, PROT_READ | PROT_EXEC) == 0, "executable memory");
        close(fd);
        uint8_t *s = mmap(NULL, 2 * FAKE_TC_STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        require(s != MAP_FAILED, "no memory for the stack");
        s += FAKE_TC_STACK; /* what is below faults */
        require(mprotect(s, FAKE_TC_STACK, PROT_READ | PROT_WRITE) == 0, "the stack");
        tc = (struct host_tc){
            .write = w,
            .exec = (uintptr_t)x,
            .size = FAKE_TC_SIZE,
            .data_size = FAKE_TC_DATA,
            .stack = (uint64_t *)(void *)s,
            .stack_words = FAKE_TC_STACK / 8,
            .patching = true,
        };
    }
    *out = tc;
}

void host_fpu_reset(void)
{
    fake.fpu_resets++;
}

void host_load_control(const struct vcpu *v)
{
    (void)v;
    fake.control_loads++;
}

uint64_t host_now_ns(void)
{
    return fake.now_ns;
}

uint64_t host_tsc(void)
{
    return fake.tsc;
}

/* Weak: a test may have a clock of its own. */
__attribute__((weak)) uint64_t host_tsc_hz(void)
{
    return FAKE_TSC_HZ;
}

void host_timer_arm(uint64_t deadline_ns)
{
    fake.armed_ns = deadline_ns;
}

void host_idle(void)
{
    if (fake.idle)
        fake.idle();
}

void host_run_user(struct vcpu *v, const uint16_t sel[6], struct host_exit *x)
{
    require(fake.run_user, "user code run without a script");
    memset(x, 0, sizeof *x);
    x->user = true;
    memcpy(x->sel, sel, sizeof x->sel);
    fake.run_user(v, x);
}

/* Weak: the translator's tests have one that runs the code. */
__attribute__((weak)) void host_run_tc(struct vcpu *v, uint64_t entry, struct host_exit *x)
{
    require(fake.run_tc, "translated code run without a script");
    memset(x, 0, sizeof *x);
    fake.run_tc(v, entry, x);
}

/* Weak: likewise. */
__attribute__((weak)) uint64_t host_wallclock_s(void)
{
    return 0;
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    __cpuid_count(leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
}

void host_console_put(uint8_t c)
{
    if (fake.console_out_len < sizeof fake.console_out)
        fake.console_out[fake.console_out_len++] = c;
}

int host_console_get(void)
{
    return fake.console_in_pos < fake.console_in_len ? fake.console_in[fake.console_in_pos++] : -1;
}

int host_debug_get(void)
{
    return fake.debug_in_pos < fake.debug_in_len ? fake.debug_in[fake.debug_in_pos++] : -1;
}

void host_debug_put(const char *bytes, size_t len)
{
    require(len <= sizeof fake.debug_out - fake.debug_out_len, "too much said to the debugger");
    memcpy(fake.debug_out + fake.debug_out_len, bytes, len);
    fake.debug_out_len += len;
}

void host_debug_wait(void)
{
    require(fake.debug_wait, "the guest stands still for ever");
    fake.debug_wait();
}

int host_request(void)
{
    int request = fake.request ? fake.request : -1;
    fake.request = 0;
    return request;
}

void host_log_write(const char *text, size_t len)
{
    size_t room = sizeof fake.log - 1 - fake.log_len;
    if (len > room)
        len = room;
    memcpy(fake.log + fake.log_len, text, len);
    fake.log_len += len;
    fake.log[fake.log_len] = 0;
}

_Noreturn void host_exit(int status)
{
    fake.exit_status = status;
    fprintf(stderr, "fake host: host_exit(%d)\n%s", status, fake.log);
    abort();
}
