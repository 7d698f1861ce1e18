/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What --stats prints: one row per counter, with the line that explains it. Counting
 * is an increment of v->vm->stats.n[STAT_x]; nothing reads a counter to decide.
 */
#ifndef RING1_STATS_H
#define RING1_STATS_H

#include <stdint.h>

/* clang-format off */
#define STATS(X) \
    X(NS_USER,        "time.user.ns",        "time from entering user code (ring 3) to the next exit, its system calls without the monitor included") \
    X(NS_TC,          "time.tc.ns",          "time from entering translated code (ring 1) to the next exit, user code reached without the monitor included") \
    X(NS_INTERP,      "time.interp.ns",      "time in the interpreter") \
    X(NS_IDLE,        "time.idle.ns",        "time asleep because the guest halted") \
    X(NS_TRANSLATE,   "time.translate.ns",   "time spent translating") \
    X(NS_TOTAL,       "time.total.ns",       "time from the guest's first instruction to its end") \
    X(RUN_USER,       "run.user",            "entries into direct execution") \
    X(RUN_TC,         "run.tc",              "entries into the translation cache") \
    X(INSN_INTERP,    "insn.interp",         "guest instructions interpreted, all levels") \
    X(INSN_INTERP_KERNEL, "insn.interp.kernel", "of these, guest kernel instructions (virtual CPL 0-2)") \
    X(INSN_TC,        "insn.tc",             "guest instructions run from the translation cache (counted with --count only)") \
    X(EXIT_INTERRUPT, "exit.interrupt",      "exits by a host interrupt") \
    X(EXIT_PF,        "exit.pf",             "exits by a page fault") \
    X(EXIT_GP,        "exit.gp",             "exits by #GP (sensitive user instruction, INT n, segment load)") \
    X(EXIT_NM,        "exit.nm",             "exits by #NM (guest's lazy FPU switch)") \
    X(EXIT_EXCEPTION, "exit.exception",      "exits by any other exception") \
    X(EXIT_SOFT_INT,  "exit.softint",        "exits by a user INT n through an open gate (system calls)") \
    X(SYSCALLS_DIRECT, "direct.syscalls",   "system calls from ring 3 to ring 1 without the monitor") \
    X(EXIT_MISS,      "exit.tc.miss",        "translated code left: the target has no known block") \
    X(EXIT_CALLOUT,   "exit.tc.interp",      "translated code left: an instruction without a translation") \
    X(EXIT_ADAPTED,   "exit.tc.adapted",     "of these, one that is a callout because it used to fault") \
    X(HYPERCALLS,     "hypercalls",          "calls of a guest that knows of Ring1, a batch counted once") \
    X(EXIT_EVENT,     "exit.tc.event",       "translated code left: an event may be deliverable (STI, POPF, IRET)") \
    X(BT_BLOCKS,      "bt.blocks",           "blocks translated") \
    X(BT_INSNS,       "bt.insns",            "guest instructions translated") \
    X(BT_BYTES,       "bt.bytes",            "bytes of translated code") \
    X(BT_CALLOUTS,    "bt.callouts",         "instructions translated as a callout to the interpreter") \
    X(BT_CHAINED,     "bt.chained",          "block exits connected to their target") \
    X(BT_CHAINED_EARLY, "bt.chained.early",  "block exits connected when their block was made, their target being there") \
    X(BT_INVALIDATED, "bt.invalidated",      "blocks dropped because their source changed") \
    X(BT_ADAPTED,     "bt.adapted",          "instructions made callouts because they faulted often") \
    X(BT_READAPTED,   "bt.readapted",        "such callouts given up because most of them touched nothing traced") \
    X(BT_FOUND,       "bt.found",            "misses whose target was found in the look-up table or among the known blocks") \
    X(BT_MODES,       "bt.modes",            "times the look-up table was emptied because the block mode changed") \
    X(BT_FLUSHES,     "bt.flushes",          "times the whole cache was emptied") \
    X(BT_TIDIES,      "bt.tidies",           "times all blocks were given up, to have those in use close together") \
    X(SH_FILLS,       "shadow.fills",        "shadow faults mended by mapping a page") \
    X(SH_REFLECTS,    "shadow.reflects",     "page faults that are the guest's own") \
    X(SH_TRACES,      "shadow.traces",       "writes to a traced page (page table, code)") \
    X(SH_MMIO,        "shadow.mmio",         "accesses outside guest RAM") \
    X(SH_PTE_WRITES,  "shadow.pte.writes",   "guest page-table entries seen written") \
    X(SH_EAGER,       "shadow.eager",        "of these, mapped at once: no fault will follow") \
    X(SH_UNTRACED,    "shadow.untraced",     "page tables written like data, and directories written while another space was in use: no longer traced") \
    X(SH_FLIPS,       "shadow.flips",        "user read-only pages opened to the supervisor alone, with CR0.WP = 0") \
    X(SH_LARGE,       "shadow.large",        "2 MiB of a guest large page mapped by one host page, each place counted") \
    X(SH_SPLITS,      "shadow.splits",       "such host pages changed for tables, once for all places, because a page inside became traced") \
    X(SH_SWITCHES,    "shadow.switches",     "CR3 loads") \
    X(SH_SWITCH_HITS, "shadow.switch.hits",  "of these, to a shadow space already built") \
    X(SH_INVLPG,      "shadow.invlpg",       "INVLPG instructions") \
    X(SH_RECLAIMS,    "shadow.reclaims",     "times shadow tables were given up to make room") \
    X(SH_EVICTED,     "shadow.evicted",      "shadow tables given up to make room") \
    X(MAPS,           "window.maps",         "mappings made, each of one page or a run of pages") \
    X(MAP_PAGES,      "window.pages",        "pages in them") \
    X(UNMAPS,         "window.unmaps",       "mappings taken away") \
    X(EVICTIONS,      "window.evictions",    "address spaces whose mappings were all given up to make room") \
    X(INJ_INTERRUPT,  "inject.interrupt",    "external interrupts delivered to the guest") \
    X(INJ_EXCEPTION,  "inject.exception",    "exceptions delivered to the guest") \
    X(INJ_SOFT,       "inject.soft",         "software interrupts delivered to the guest") \
    X(TASKS,          "tasks",               "hardware task switches") \
    X(FB_TF,          "fallback.tf",         "interpreted because EFLAGS.TF is set") \
    X(FB_A20,         "fallback.a20",        "interpreted because the guest has closed the A20 gate") \
    X(FB_BREAKPOINT,  "fallback.breakpoint", "interpreted because the guest's debug registers hold a breakpoint") \
    X(FB_REALMODE,    "fallback.real",       "interpreted because the guest is in real mode") \
    X(FB_V86,         "fallback.v86",        "interpreted because the guest is in V86 mode") \
    X(FB_CODE16,      "fallback.code16",     "interpreted because CS is a 16-bit segment") \
    X(FB_CS_BASE,     "fallback.cs",         "interpreted because CS is not flat or cannot be read") \
    X(FB_SS,          "fallback.ss",         "interpreted because SS is not a flat 32-bit segment") \
    X(FB_SEG,         "fallback.seg",        "user code interpreted because a loaded segment is not reversible") \
    X(FB_IOPL,        "fallback.iopl",       "user code interpreted because IOPL is 3") \
    X(FB_SHADOW,      "fallback.inhibit",    "interpreted one instruction in an STI or MOV SS shadow") \
    X(FB_DECLINED,    "fallback.declined",   "interpreted because the page mixes code and often-written data, or a crossing instruction's second page is not there") \
    X(FB_FORCED,      "fallback.forced",     "interpreted because --engine interp says so") \
    X(FB_GDB,         "fallback.gdb",        "interpreted for a debugger: a step, or code on a page with a breakpoint") \
    X(MEMORY,         "memory.beyond.kib",   "KiB of host memory used at most beyond guest RAM, translation cache included, monitor's image not") \
    X(IO_READ,        "io.read",             "port reads") \
    X(IO_WRITE,       "io.write",            "port writes")
/* clang-format on */

enum stat {
#define X(id, name, text) STAT_##id,
    STATS(X)
#undef X
        STAT_COUNT
};

struct stats {
    uint64_t n[STAT_COUNT];
    uint32_t marked[8]; /* bit map of the tags that stats_mark has seen */
};

/* One log line per counter that is not zero: "stat <name> <value>  <explanation>". */
void stats_print(const struct stats *st);

/* The same behind a line "stat mark <tag>  ...": the counters at a moment that the guest chose.
 * Each tag once, or a guest could fill the log. */
void stats_mark(struct stats *st, uint8_t tag);

#endif
