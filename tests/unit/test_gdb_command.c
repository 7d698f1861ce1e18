/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets and their answers: questions, registers, memory, breakpoints, the words of `monitor'.
 */
#include "tests/unit/fake_fpu.h"
#include "tests/unit/gdb_world.h"

/* ---- Questions -------------------------------------------------------------------- */

static void supported(void **state)
{
    (void)state;
    ANSWERS("qSupported:multiprocess+;hwbreak+",
            "PacketSize=1000;qXfer:features:read+;"
            "QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+");
    assert_false(vm->gdb->told_why);
    ask("qSupported:multiprocess+;swbreak+;hwbreak+");
    assert_true(vm->gdb->told_why);
}

static void unknown(void **state)
{
    static const char *const packets[] = {"vMustReplyEmpty", "",   "!",         "R00",
                                          "qTStatus",        "Qx", "Z2,1000,4", "z4,1000,4",
                                          "vFlashDone"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++)
        ANSWERS(packets[i], "");
}

static void threads(void **state)
{
    (void)state;
    vm->gdb->last.signal = SIGNAL_TRAP;
    ANSWERS("?", "T05thread:1;");
    ANSWERS("qC", "QC1");
    ANSWERS("qfThreadInfo", "m1");
    ANSWERS("qsThreadInfo", "l");
    ANSWERS("qAttached", "1");
    ANSWERS("Hg0", "OK");
    ANSWERS("T1", "OK");
    ANSWERS("qSymbol::", "OK");
    ANSWERS("vCont?", "vCont;c;C;s;S");
}

/* In pieces it is what it is as a whole, and nothing lies behind it. */
static void description(void **state)
{
    static char whole[16384];
    char request[60];
    size_t n = 0, pieces = 0;
    (void)state;
    for (bool more = true; more; pieces++) {
        snprintf(request, sizeof request, "qXfer:features:read:target.xml:%zx,3e7", n);
        const char *answer = ask(request);
        more = answer[0] == 'm';
        assert_true(more || answer[0] == 'l');
        n += (size_t)snprintf(whole + n, sizeof whole - n, "%s", answer + 1) - 1;
    }
    whole[n] = 0;
    assert_string_equal(whole, registers_xml);
    assert_true(pieces > 3);
    ANSWERS("qXfer:features:read:target.xml:0,5", "m<?xml");
    ANSWERS("qXfer:features:read:other.xml:0,10", "E16");
    ANSWERS("qXfer:features:read:target.xml:ffffff,10", "E16");
    ANSWERS("qXfer:features:read:target.xml:0", "E16");
    assert_true(strlen(ask("qXfer:features:read:target.xml:0,ffffffff")) < GDB_PACKET_MAX);
}

/* ---- Registers ------------------------------------------------------------------------ */

static void registers(void **state)
{
    (void)state;
    v->gpr[R_EAX] = 0x12345678;
    v->gpr[R_EDI] = 0xcafe;
    v->eflags |= FL_ZF;
    v->vif = 1;
    v->cr0 |= CR0_WP;
    ANSWERS("p0", "78563412");
    ANSWERS("p7", "feca0000");
    ANSWERS("p8", "34120000");
    ANSWERS("p9", "42020000");
    ANSWERS("pa", "08000000");
    ANSWERS("p29", "11000100"); /* CR0 */
    ANSWERS("p34", "00400000");
    ANSWERS("p35", "E16");
    ANSWERS("pffffffff", "E16");
    ANSWERS("p", "E16");
    ANSWERS("p0x", "E16");
}

static void written_registers(void **state)
{
    (void)state;
    ANSWERS("P3=efbeadde", "OK");
    assert_int_equal(v->gpr[R_EBX], 0xdeadbeef);
    ANSWERS("P9=d7060200", "OK"); /* VM does not come on */
    assert_int_equal(vcpu_eflags(v), 0x6d7);
    ANSWERS("Pa=10000000", "E16"); /* CS */
    ANSWERS("Pa=08000000", "OK");
    ANSWERS("P29=00000000", "E16"); /* CR0 */
    ANSWERS("P3=efbe", "E16");
    ANSWERS("P3", "E16");
    ANSWERS("P35=00000000", "E16");
    v->halted = true;
    v->inhibit = 1;
    ANSWERS("P8=34120000", "OK"); /* EIP as it is */
    assert_true(v->halted && v->inhibit);
    ANSWERS("P8=35120000", "OK");
    assert_int_equal(v->eip, 0x1235);
    assert_false(v->halted || v->inhibit);
}

/* What the guest could load, with its hidden part; else nothing has happened. */
static void written_segments(void **state)
{
    char load[20];
    struct segment was;
    (void)state;
    snprintf(load, sizeof load, "Pc=%02x000000", D0);
    v->seg[S_DS] = (struct segment){0, 0, SA_NULL, 0};
    ANSWERS("Pc=ff000000", "E16");
    ANSWERS("Pc=10000100", "E16");
    assert_int_equal(v->seg[S_DS].attr, SA_NULL);
    assert_false(v->exc.valid);
    assert_string_equal(ask(load), "OK\n");
    assert_int_equal(v->seg[S_DS].limit, 0xffffffff);
    was = v->seg[S_SS];
    ANSWERS("Pb=00000000", "E16");
    assert_memory_equal(&was, &v->seg[S_SS], sizeof was);
}

static void all_registers(void **state)
{
    static char all[4096];
    (void)state;
    v->gpr[R_ECX] = 1;
    snprintf(all, sizeof all, "G%s", ask("g"));
    all[strlen(all) - 1] = 0;
    assert_int_equal(strlen(all) - 1, 2 * (16 * 4 + 8 * 10 + 8 * 4 + 8 * 16 + 4 + 12 * 4));
    memcpy(all + 1 + 8, "02000000", 8);
    ANSWERS(all, "OK");
    assert_int_equal(v->gpr[R_ECX], 2);
    memcpy(all + 1 + 8, "xxxxxxxx", 8);
    ANSWERS(all, "OK");
    assert_int_equal(v->gpr[R_ECX], 2);
    all[strlen(all) - 1] = 0;
    ANSWERS(all, "E16");
    ANSWERS("G", "E16");
}

static void fpu(void **state)
{
    (void)state;
    fake_fpu_reset();
    v->cr0 |= CR0_TS;
    ANSWERS("p1a", "ffff0000");
    ANSWERS("P10=0000000000000080ff3f", "OK"); /* ST0 = 1.0 */
    ANSWERS("P1a=f0ff0000", "OK");             /* ST0 and ST1 are not empty */
    vm->gdb->fpu.known = false;
    ANSWERS("p10", "0000000000000080ff3f");
    ANSWERS("p1a", "f4ff0000"); /* a number, and a zero */
    ANSWERS("P20=000102030405060708090a0b0c0d0e0f", "OK");
    ANSWERS("P28=ffffffff", "E16"); /* MXCSR has no such bits */
    vm->gdb->fpu.known = false;
    ANSWERS("p20", "000102030405060708090a0b0c0d0e0f");
    ANSWERS("p28", "801f0000");
    assert_true(v->cr0 & CR0_TS);
}

/* ---- Memory --------------------------------------------------------------------------- */

static void memory(void **state)
{
    (void)state;
    poke(vm, 0x2000, 0x44332211);
    ANSWERS("m2000,4", "11223344");
    ANSWERS("M2001,2:aabb", "OK");
    ANSWERS("m2000,4", "11aabb44");
    assert_string_equal(ask_of("X2002,3:\0}#", 11), "OK\n");
    ANSWERS("m2000,5", "11aa007d23");
    ANSWERS("X2000,0:", "OK");
    ANSWERS("m2000,0", "");
}

static void memory_that_is_not(void **state)
{
    static const char *const bad[] = {
        "m,4",          "m2000",           "m2000,4,",  "m100000000,1",
        "M2000,3:0011", "M2000,1:zz",      "X2000,2:a", "M2000,1:0000",
        "M2000,801:00", "X2000,ffffffff:", "Mx,1:00",   "m2000,100000000"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ANSWERS(bad[i], "E16");
    ANSWERS("mf0000000,4", "E0e");
    ANSWERS("Mf0000000,1:00", "E0e");
    ANSWERS("mffffffff,fffffff", "E0e");
    poke(vm, 0xffffc, 0x77777777);
    ANSWERS("Mffffe,4:00000000", "E0e"); /* all or nothing */
    ANSWERS("mffffc,10", "77777777");    /* as far as there is RAM */
    assert_int_equal(strlen(ask("m0,ffffffff")), GDB_PACKET_MAX + 1);
}

/* By the guest's tables, whatever they allow, and nothing in them changes. */
static void mapped_memory(void **state)
{
    (void)state;
    world_paging();
    poke(vm, PAGE_TAB + 2 * 4, 0x6000 | PTE_P);
    poke(vm, PAGE_TAB + 3 * 4, 0);
    poke(vm, 0x6000, 0x11111111);
    v->cr0 |= CR0_WP;
    vmem_flush(v, true);
    ANSWERS("m2000,2", "1111");
    ANSWERS("M2002,2:2222", "OK");
    ANSWERS("m2000,4", "11112222");
    ANSWERS("m2ffe,4", "0000");
    ANSWERS("m3000,1", "E0e");
    ANSWERS("M2ffe,4:00000000", "E0e");
    assert_int_equal(peek(vm, PAGE_TAB + 2 * 4), 0x6000 | PTE_P);
    assert_int_equal(peek(vm, PAGE_TAB + 3 * 4), 0);
}

/* The translator hears of code that a debugger writes. */
static void written_code(void **state)
{
    (void)state;
    vm->bt = (struct bt *)&top;
    trace_add(vm, gfn(2), TRACE_CODE);
    ANSWERS("M2010,2:9090", "OK");
    assert_int_equal(told.wrote, 1);
    assert_int_equal(told.first, 0x10);
    assert_int_equal(told.last, 0x11);
}

/* ---- Breakpoints ------------------------------------------------------------------------ */

static void breakpoints(void **state)
{
    (void)state;
    vm->bt = (struct bt *)&top;
    assert_false(gdb_breaks_any(vm));
    ANSWERS("Z0,2010,1", "OK");
    assert_int_equal(heard.dropped, 1);
    assert_int_equal(heard.dropped_page.v, 0x2000);
    ANSWERS("Z0,2010,1", "OK");
    ANSWERS("Z1,2010,1", "OK");
    ANSWERS("Z0,2ffe,1", "OK"); /* the page is known */
    assert_int_equal(heard.dropped, 1);
    assert_int_equal(vm->gdb->breaks.count, 3);
    assert_true(gdb_breaks_on_page(vm, 0x2fff));
    assert_false(gdb_breaks_on_page(vm, 0x3000));
    ANSWERS("z0,2010,1", "OK");
    assert_non_null(breaks_find(&vm->gdb->breaks, 0x2010));
    ANSWERS("z1,2010,1", "OK");
    assert_null(breaks_find(&vm->gdb->breaks, 0x2010));
    ANSWERS("z1,2010,1", "OK");
    ANSWERS("z0,2ffe,1", "OK");
    assert_false(gdb_breaks_any(vm));
}

static void breakpoints_that_are_not(void **state)
{
    static const char *const bad[] = {
        "Z0", "Z0,", "Z0,1", "Z0,1,", "Z0,x,1", "Z0,100000000,1", "Z0,1,1;X1,00", "Zx,1,1", "z0,1"};
    char one[20];
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ANSWERS(bad[i], "E16");
    for (unsigned i = 0; i < GDB_BREAKS_MAX; i++) {
        snprintf(one, sizeof one, "Z0,%x,1", i << 12);
        ANSWERS(one, "OK");
    }
    ANSWERS("Z0,ffff0000,1", "E1c");
    ANSWERS("Z0,1000,1", "OK");
    ANSWERS("z0,1000,1", "OK");
    ANSWERS("Z0,ffff0000,1", "OK");
}

/* ---- monitor ----------------------------------------------------------------------------- */

/* What `monitor LINE' prints, its packets put together. */
static const char *monitor(const char *line)
{
    static char text[8192];
    char request[300] = "qRcmd,";
    size_t n = strlen(request), m = 0;
    for (const char *c = line; *c; c++)
        n += (size_t)snprintf(request + n, sizeof request - n, "%02x", (uint8_t)*c);
    for (const char *at = ask(request); *at; at = strchr(at, '\n') + 1) {
        struct gdb_words w = {at + 1, strchr(at, '\n')};
        if (*at != 'O' || at[1] == 'K')
            continue;
        while (gdb_take_bytes(&w, (uint8_t *)text + m, 1))
            m++;
        assert_true(gdb_at_end(&w));
    }
    text[m] = 0;
    return text;
}

static void monitor_words(void **state)
{
    (void)state;
    assert_non_null(strstr(monitor("help"), "monitor walk ADDRESS"));
    assert_non_null(strstr(monitor("regs"), "cs   0008 base 00000000 limit ffffffff"));
    assert_non_null(strstr(monitor("walk 0x2004"), "00002004 is at physical 000002004"));
    world_paging();
    assert_non_null(strstr(monitor("walk  2004"), "level 1: 0000000000002007 at"));
    assert_non_null(strstr(monitor("walk ffff0000"), "ffff0000 is not mapped\n"));
    assert_non_null(strstr(monitor("walk"), "`' is no linear address"));
    assert_non_null(strstr(monitor("walk 100000000"), "is no linear address"));
    assert_non_null(strstr(monitor("walkies"), "`walkies' is no command"));
    assert_non_null(strstr(monitor(""), "`' is no command"));
    ask("Z0,2010,1");
    assert_string_equal(monitor("breaks"), "00002010\n1 of 64\n");
    ANSWERS("qRcmd,6", "E16");
    ANSWERS("qRcmd,zz", "E16");
    char line[400] = "qRcmd,";
    memset(line + 6, '6', 390);
    ANSWERS(line, "E16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(supported, gdb_world),
        cmocka_unit_test_setup(unknown, gdb_world),
        cmocka_unit_test_setup(threads, gdb_world),
        cmocka_unit_test_setup(description, gdb_world),
        cmocka_unit_test_setup(registers, gdb_world),
        cmocka_unit_test_setup(written_registers, gdb_world),
        cmocka_unit_test_setup(written_segments, gdb_world),
        cmocka_unit_test_setup(all_registers, gdb_world),
        cmocka_unit_test_setup(fpu, gdb_world),
        cmocka_unit_test_setup(memory, gdb_world),
        cmocka_unit_test_setup(memory_that_is_not, gdb_world),
        cmocka_unit_test_setup(mapped_memory, gdb_world),
        cmocka_unit_test_setup(written_code, gdb_world),
        cmocka_unit_test_setup(breakpoints, gdb_world),
        cmocka_unit_test_setup(breakpoints_that_are_not, gdb_world),
        cmocka_unit_test_setup(monitor_words, gdb_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
