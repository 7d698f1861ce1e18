/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rules of `ring1 patch' on a small kernel: what each changes, to the byte, and all that it
 * must leave alone.
 */
#include "tests/unit/patch_world.h"

/* ---- locks ------------------------------------------------------------------------------ */

static void locks_become_ds(void **state)
{
    (void)state;
    CODE(TEXT + 0x10, "\xf0\xff\x05\x00\x00\x00\xc2"); /* LOCK INC [c2000000] */
    CODE(TEXT + 0x20, "\xf0\x0f\xb1\x0b");             /* LOCK CMPXCHG [EBX], ECX */
    CODE(TEXT + 0x30, "\xf0\x66\x0f\xc1\x04\x24");     /* LOCK XADD [ESP], AX */
    CODE(TEXT + 0x40, "\xf0\x83\x44\x24\xfc\x00");     /* LOCK ADD [ESP-4], 0 */
    lock_site(0, TEXT + 0x10);
    lock_site(1, TEXT + 0x20);
    lock_site(3, TEXT + 0x30); /* 2 is padding */
    lock_site(4, TEXT + 0x40);
    apply(rule_locks);
    assert_int_equal(result.sites, 4);
    assert_int_equal(result.changed, 4);
    for (uint32_t at = 0x10; at <= 0x40; at += 0x10)
        assert_int_equal(*patched(TEXT + at), 0x3e);
    assert_int_equal(word(patched(DATA + 0x10)), 1); /* setup_max_cpus */
    assert_changed_bytes(4 + 1);
}

static void other_sites_of_locks_stay(void **state)
{
    (void)state;
    CODE(TEXT + 0x10, "\x3e\xff\x05\x00\x00\x00\xc2");     /* changed before */
    CODE(TEXT + 0x20, "\xff\x05\x00\x00\x00\xc2");         /* no LOCK */
    CODE(TEXT + 0x30, "\xf0\x89\x03");                     /* LOCK MOV: #UD */
    CODE(TEXT + 0x40, "\xf0\xff\xc0");                     /* LOCK INC EAX: #UD */
    CODE(TEXT + 0x50, "\xf0\x64\xff\x05\x00\x00\x00\xc2"); /* FS: */
    CODE(TEXT + 0x60, "\xf0\x26\xff\x03");                 /* ES: */
    CODE(INIT + 0x40, "\xf0\xff\x03");
    CODE(TEXT + 0x3fd, "\xf0\xff\x03"); /* the last bytes of the section */
    lock_site(0, TEXT + 0x10);
    lock_site(1, TEXT + 0x20);
    lock_site(2, TEXT + 0x30);
    lock_site(3, TEXT + 0x40);
    lock_site(4, TEXT + 0x50);
    lock_site(5, TEXT + 0x60);
    lock_site(6, INIT + 0x40);
    lock_site(7, TEXT + 0x3fd);
    lock_site(8, DATA);
    lock_site(9, 0x10);
    lock_site(10, 0xffffffff);
    lock_site(11, TEXT + 0x400);
    apply(rule_locks);
    assert_int_equal(result.sites, 12);
    assert_int_equal(result.changed, 0);
    assert_int_equal(left_because("already"), 1);
    assert_int_equal(left_because("no LOCK prefix"), 1);
    assert_int_equal(left_because("can be locked"), 3);
    assert_int_equal(left_because("another instruction"), 2);
    assert_int_equal(left_because("outside .text"), 1);
    assert_int_equal(left_because("no code"), 4);
    assert_changed_bytes(0); /* setup_max_cpus neither */
}

/* Named twice, changed once. */
static void a_lock_named_twice(void **state)
{
    (void)state;
    CODE(TEXT + 0x10, "\xf0\xff\x03");
    lock_site(0, TEXT + 0x10);
    lock_site(1, TEXT + 0x10);
    apply(rule_locks);
    assert_int_equal(result.changed, 1);
    assert_int_equal(left_because("already"), 1);
}

static void locks_need_the_variable(void **state)
{
    (void)state;
    CODE(TEXT + 0x10, "\xf0\xff\x03");
    lock_site(0, TEXT + 0x10);
    kf.names[6] = 'S';
    apply(rule_locks);
    assert_int_equal(left_because("no setup_max_cpus"), 1);
    assert_changed_bytes(0);
    kf.names[6] = 's';
    put32(kf.data, 0x10, 0); /* nosmp: nonsense as a default */
    apply(rule_locks);
    assert_int_equal(left_because("no setup_max_cpus"), 1);
    put32(kf.data, 0x10, 32);
    export(1, 0xfffffff0, 6); /* its value is nowhere */
    apply(rule_locks);
    assert_int_equal(left_because("no setup_max_cpus"), 1);
    export(1, DATA + sizeof kf.data - 3, 6); /* nor here */
    apply(rule_locks);
    assert_int_equal(left_because("no setup_max_cpus"), 1);
    export(1, TEXT + 0x10, 6); /* nor among code, or in a table */
    apply(rule_locks);
    assert_int_equal(left_because("no setup_max_cpus"), 1);
    export(1, LOCKS, 6);
    apply(rule_locks);
    assert_int_equal(left_because("no setup_max_cpus"), 1);
    export(1, DATA + 0x10, 6);
    strcpy(kf.shstrtab + kf.sh[S_EXPORT].sh_name, "__nothing");
    apply(rule_locks);
    assert_int_equal(left_because("no setup_max_cpus"), 1);
    assert_changed_bytes(0);
}

/* ---- mp-table ----------------------------------------------------------------------------- */

static void pointers(uint32_t at, uint32_t first, uint32_t second)
{
    put32(kf.data, at, first);
    put32(kf.data, at + 4, second);
}

static void search_becomes_nothing(void **state)
{
    (void)state;
    pointers(0x20, INIT, INIT + 0x20);
    pointers(0x30, INIT, INIT + 0x24); /* two functions of other names */
    apply(rule_mptable);
    assert_int_equal(result.changed, 1);
    assert_int_equal(word(patched(DATA + 0x20)), TEXT + 0x200);
    assert_int_equal(word(patched(DATA + 0x24)), INIT + 0x20);
    assert_int_equal(word(patched(DATA + 0x30)), INIT);
    assert_true(subject.elf.data[kf.sh[S_DATA].sh_offset + 0x20] == 0);
}

static void a_doubtful_search_stays(void **state)
{
    (void)state;
    apply(rule_mptable);
    assert_int_equal(left_because("no pointer"), 1);
    pointers(0x21, INIT, INIT + 0x20); /* not aligned */
    apply(rule_mptable);
    assert_int_equal(left_because("no pointer"), 1);
    memset(kf.data + 0x20, 0, 16);
    put32(kf.data, sizeof kf.data - 4, INIT); /* the second would lie behind the section */
    put32(kf.locks, 0, INIT + 0x20);
    apply(rule_mptable);
    assert_int_equal(left_because("no pointer"), 1);
    pointers(0x20, INIT, INIT + 0x20);
    pointers(0x40, INIT, INIT + 0x20);
    apply(rule_mptable);
    assert_int_equal(left_because("more than one"), 1);
    memset(kf.data + 0x40, 0, 8);
    memcpy(kf.text + 0x300, kf.data + 0x20, 8); /* code is no data */
    apply(rule_mptable);
    assert_int_equal(result.changed, 1);
    kf.sym[3].st_value = INIT; /* no noop of its own */
    apply(rule_mptable);
    assert_int_equal(result.changed, 0);
    assert_changed_bytes(0);
}

static void a_search_without_names_stays(void **state)
{
    (void)state;
    for (unsigned n = 3; n <= 5; n++) {
        good_kernel();
        pointers(0x20, INIT, INIT + 0x20);
        kf.strtab[kf.sym[n].st_name] = '_';
        apply(rule_mptable);
        assert_int_equal(left_because("of these names"), 1);
        assert_changed_bytes(0);
    }
}

/* ---- dead-read ------------------------------------------------------------------------------ */

#define PIC (TEXT + 0x100)

static void dead_reads_become_nop(void **state)
{
    (void)state;
    CODE(PIC + 0x10, "\xe4\x21\x0f\xb6\x05\x44\xe3\xc4\xc1\xe6\x21"); /* MOVZX EAX, [c1c4e344] */
    CODE(PIC + 0x30, "\xe4\xa1\xa1\x44\xe3\xc4\xc1");                 /* MOV EAX, [moffs] */
    CODE(PIC + 0x40, "\xe4\x21\x89\xc8");                             /* MOV EAX, ECX */
    CODE(PIC + 0x50, "\xe4\x21\xb8\x62\x00\x00\x00");                 /* MOV EAX, 62h */
    apply(rule_deadread);
    assert_int_equal(result.sites, 4);
    assert_int_equal(result.changed, 4);
    assert_memory_equal(patched(PIC + 0x10), "\x66\x90\x0f\xb6", 4);
    assert_memory_equal(patched(PIC + 0x30), "\x66\x90\xa1", 3);
    assert_changed_bytes(8);
}

static void live_reads_stay(void **state)
{
    static const char *const next[] = {
        "\x0f\xb6\xc0",                 /* MOVZX EAX, AL */
        "\x8b\x04\x05\x00\x00\x00\xc1", /* MOV EAX, [EAX+c1000000] */
        "\x8b\x04\x18",                 /* MOV EAX, [EAX+EBX] */
        "\x0f\xb6\xc4",                 /* MOVZX EAX, AH */
        "\x8a\x03",     /* MOV AL, [EBX]: the rest of EAX is not new, and this is not proved */
        "\x66\x8b\x03", /* MOV AX, [EBX] */
        "\x8b\x0b",     /* MOV ECX, [EBX] */
        "\x31\xc0",     /* XOR EAX, EAX */
        "\xe6\x21",     /* OUT 21h, AL */
        "\xc3",
        "\x0f\x0b",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof next / sizeof next[0]; i++) {
        good_kernel();
        CODE(PIC + 0x10, "\xe4\x21\x90\x90\x90\x90\x90\x90\x90");
        memcpy(kf.text + 0x112, next[i], i == 1 ? 7 : strlen(next[i]));
        apply(rule_deadread);
        assert_int_equal(result.sites, 1);
        assert_int_equal(left_because("may be used"), 1);
        assert_changed_bytes(0);
    }
    good_kernel();
    CODE(PIC + 0x10, "\xe4\x20\x89\xc8"); /* the request register: another port */
    apply(rule_deadread);
    assert_int_equal(result.sites, 0);
}

static void what_is_no_instruction_stays(void **state)
{
    (void)state;
    CODE(PIC + 0x10, "\xb9\xe4\x21\x89\xc8"); /* MOV ECX, c88921e4 */
    apply(rule_deadread);
    assert_int_equal(left_because("not proved to be"), 1);
    good_kernel();
    CODE(PIC + 0x10, "\xeb\x05"); /* JMP to 117h, the byte behind the opcode */
    CODE(PIC + 0x16, "\xe4\x21\x89\xc8");
    apply(rule_deadread);
    assert_int_equal(left_because("not proved to be"), 1);
    good_kernel();
    CODE(PIC + 0x16, "\xe4\x21\x89\xc8\x75\xfb"); /* JNE back there */
    apply(rule_deadread);
    assert_int_equal(left_because("not proved to be"), 1);
    good_kernel();
    CODE(PIC + 0x10, "\xe4\x21\x89\xc8");
    put32(kf.data, 0x21, PIC + 0x11); /* somebody knows its address */
    apply(rule_deadread);
    assert_int_equal(left_because("may jump into it"), 1);
    good_kernel();
    CODE(PIC + 0x08, "\x0f\x04"); /* no instruction, and what follows is none for sure */
    CODE(PIC + 0x10, "\xe4\x21\x89\xc8");
    apply(rule_deadread);
    assert_int_equal(left_because("not proved to be"), 1);
    good_kernel();
    CODE(INIT + 0x40,
         "\xe4\x21\x89\xc8"); /* of a function that begins in another section's middle */
    kf.sym[4].st_value = TEXT + 0x3f0;
    kf.sym[5].st_value = TEXT + 0x3f8;
    apply(rule_deadread);
    assert_int_equal(left_because("not proved to be"), 1);
    assert_changed_bytes(0);
}

static void ends_of_code(void **state)
{
    (void)state;
    CODE(TEXT + 0x3fe, "\xe4\x21"); /* nothing behind it */
    apply(rule_deadread);
    assert_int_equal(result.changed, 0);
    CODE(TEXT + 0x3fe, "\x90\xe4");
    apply(rule_deadread);
    assert_int_equal(result.sites, 0);
}

/* ---- All of them ---------------------------------------------------------------------------- */

static void twice_is_once(void **state)
{
    static struct kernel_file once;
    (void)state;
    CODE(TEXT + 0x10, "\xf0\xff\x03");
    lock_site(0, TEXT + 0x10);
    pointers(0x20, INIT, INIT + 0x20);
    CODE(PIC + 0x10, "\xe4\x21\x89\xc8");
    read_good();
    for (const struct rule *rule = rules; rule < rules_end; rule++) {
        memset(&result, 0, sizeof result);
        rule->apply(&subject, &result);
        assert_int_equal(result.changed, 1);
    }
    memcpy(&once, subject.elf.data, sizeof once);
    for (const struct rule *rule = rules; rule < rules_end; rule++) {
        memset(&result, 0, sizeof result);
        rule->apply(&subject, &result);
        assert_int_equal(result.changed, 0);
    }
    assert_memory_equal(&once, subject.elf.data, sizeof once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(locks_become_ds),
        T(other_sites_of_locks_stay),
        T(a_lock_named_twice),
        T(locks_need_the_variable),
        T(search_becomes_nothing),
        T(a_doubtful_search_stays),
        T(a_search_without_names_stays),
        T(dead_reads_become_nop),
        T(live_reads_stay),
        T(what_is_no_instruction_stays),
        T(ends_of_code),
        T(twice_is_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
