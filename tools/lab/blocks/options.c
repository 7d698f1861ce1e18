/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See options.h.
 */
#include "tools/lab/blocks/options.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

#include "tools/lab/number.h"

#define DEFAULT_AT 0x100000u

enum key {
    KEY_AT = 256,
    KEY_FILE,
    KEY_KERNEL,
    KEY_FROM,
    KEY_TO,
    KEY_TRACE_FILE,
    KEY_HOST,
    KEY_CPL,
    KEY_FS,
    KEY_GS,
    KEY_NOT_FLAT,
    KEY_CODE16,
    KEY_COUNT,
    KEY_BLOCKS,
    KEY_UNWIND,
    KEY_JSON,
};

/* clang-format off */
static const char doc[] =
    "Shows what the translator makes of guest code: each instruction beside the 64-bit code that runs in its "
    "place, whether it was copied, rewritten, left by an exit or left to the interpreter, and why."
    "\vThe guest's code is HEX, or a file of bytes, or a part of a kernel: an ELF file (by its virtual "
    "addresses), a Linux bzImage (what is packed in it), or whatever else `ring1 run' starts. WHERE is a number "
    "or a symbol, perhaps with +NUMBER. Nothing is executed.\n\n"
    "Blocks are those that Ring1 makes: up to 96 instructions of one page; but each is shown alone, so that its "
    "exits are not connected. Behind the end of the code nothing is known, and a block ends there.\n\n"
    "Host registers: R14 is the guest's ESP, R15 the vcpu, R12 the window of user memory (process), R8 to R11 and "
    "R13 are scratch. +N is an offset in the block.\n\n"
    "Examples:\n"
    "  ring1 lab blocks fa 9c 58 cf\n"
    "        CLI, PUSHF, POP EAX, IRET\n"
    "  ring1 lab blocks --host process --unwind 'f3 a4 c3'\n"
    "  ring1 lab blocks --code16 '8b 07 50 e2 fb'\n"
    "  ring1 lab blocks --at 0xc0100000 --file code.bin\n"
    "  ring1 lab blocks --kernel vmlinux --from entry_INT80_32\n"
    "  ring1 run --on process --trace blocks --trace-file events kernel.elf\n"
    "  ring1 lab blocks --host process --kernel kernel.elf --trace-file events\n"
    "        the blocks that a run made\n\n"
    "Exit status:\n"
    "  0  it was shown\n"
    "  2  bad arguments, file or address\n"
    "  3  trouble on this side\n";

static const struct argp_option options[] = {
    {"at", KEY_AT, "ADDRESS", 0, "Where HEX or the bytes of --file lie; default 0x100000", 1},
    {"file", KEY_FILE, "FILE", 0, "The guest's code is FILE's bytes", 1},
    {"kernel", KEY_KERNEL, "KERNEL", 0, "The guest's code is in KERNEL, and --from or --trace-file says where", 1},
    {"from", KEY_FROM, "WHERE", 0, "The first instruction", 1},
    {"to", KEY_TO, "WHERE", 0, "The end, not included; default: of the symbol, or of one block", 1},
    {"trace-file", KEY_TRACE_FILE, "FILE", 0, "The blocks that FILE tells of, as ring1 run --trace blocks wrote it", 1},
    {"host", KEY_HOST, "HOST", 0, "Whose translations: pc (default), tcg (the PC on QEMU's emulator) or process", 2},
    {"cpl", KEY_CPL, "LEVEL", 0, "The guest's privilege level; default 0; 3 with --host process only", 2},
    {"fs-base", KEY_FS, "ADDRESS", 0, "Where FS begins; default 0", 2},
    {"gs-base", KEY_GS, "ADDRESS", 0, "Where GS begins; default 0", 2},
    {"not-flat", KEY_NOT_FLAT, 0, 0, "DS and ES have a limit", 2},
    {"code16", KEY_CODE16, 0, 0, "It is 16-bit code, of the segment that begins at the multiple of 64 KiB below", 2},
    {"count", KEY_COUNT, 0, 0, "As under ring1 run --count", 2},
    {"blocks", KEY_BLOCKS, "N", 0, "Show N blocks at most", 3},
    {"unwind", KEY_UNWIND, 0, 0, "Show what guest state a stop before each host instruction means", 3},
    {"json", KEY_JSON, 0, 0, "Print JSON", 3},
    {0},
};
/* clang-format on */

struct parse {
    struct blocks_options *o;
    struct problem *p;
};

static bool parse_number(const char *option, const char *text, uint32_t most, uint32_t *n,
                         struct problem *p)
{
    if (lab_number(text, n) && *n <= most)
        return true;
    return problem_bad(p, "%s %s: not a number from 0 to %#x", option, text, most);
}

static bool parse_host(const char *text, struct blocks_options *o, struct problem *p)
{
    static const char *const names[] = {
        [LAB_PC] = "pc", [LAB_TCG] = "tcg", [LAB_PROCESS] = "process"};
    for (unsigned n = 0; n < sizeof names / sizeof names[0]; n++) {
        if (strcmp(text, names[n]) == 0) {
            o->mode.host = (enum lab_host)n;
            return true;
        }
    }
    return problem_bad(p, "--host %s: no such host; it is pc, tcg or process", text);
}

static bool parse_cpl(const char *text, struct blocks_options *o, struct problem *p)
{
    uint32_t cpl;
    if (!parse_number("--cpl", text, 3, &cpl, p))
        return false;
    o->mode.cpl = (uint8_t)cpl;
    return true;
}

static bool parse_hex(const char *text, struct blocks_options *o, struct problem *p)
{
    if (lab_hex(text, o->hex, BLOCKS_HEX_MAX, &o->hex_len))
        return true;
    return problem_bad(p, "%s: not bytes in hexadecimal, as in `fa 9c 58 cf', %u at most", text,
                       BLOCKS_HEX_MAX);
}

static bool check_kernel(const struct blocks_options *o, struct problem *p)
{
    if (!o->kernel && (o->from || o->to || o->trace_file))
        return problem_bad(p, "%s: of what kernel? say it with --kernel",
                           o->from ? "--from"
                           : o->to ? "--to"
                                   : "--trace-file");
    if (!o->kernel)
        return true;
    if (!o->from && !o->trace_file)
        return problem_bad(p, "--kernel %s: say what of it, with --from or --trace-file",
                           o->kernel);
    if (o->trace_file && (o->from || o->to))
        return problem_bad(p, "--trace-file %s: it says what is shown; --from and --to cannot",
                           o->trace_file);
    return true;
}

static bool check(const struct blocks_options *o, struct problem *p)
{
    unsigned sources = (o->file != NULL) + (o->kernel != NULL) + (o->hex_len > 0);
    if (!check_kernel(o, p))
        return false;
    if (sources != 1)
        return problem_bad(p, sources ? "only one of HEX, --file and --kernel can be given"
                                      : "no code given; write `ring1 lab blocks HEX', or see "
                                        "`ring1 lab blocks --help'");
    if (o->has_at && o->kernel)
        return problem_bad(p, "--at: a kernel says itself where it lies");
    if (o->mode.cpl == 3 && o->mode.host != LAB_PROCESS)
        return problem_bad(p, "--cpl 3: user code runs as it is on this host; --host process "
                              "translates it");
    return true;
}

/* Where the code comes from. */
static error_t source_option(int key, char *arg, struct blocks_options *o, struct problem *p)
{
    switch (key) {
    case KEY_AT:
        o->has_at = true;
        return parse_number("--at", arg, UINT32_MAX, &o->at, p) ? 0 : EINVAL;
    case KEY_FILE:
        o->file = arg;
        return 0;
    case KEY_KERNEL:
        o->kernel = arg;
        return 0;
    case KEY_FROM:
        o->from = arg;
        return 0;
    case KEY_TO:
        o->to = arg;
        return 0;
    case KEY_TRACE_FILE:
        o->trace_file = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct parse *parse = state->input;
    struct blocks_options *o = parse->o;
    struct problem *p = parse->p;
    bool ok = true;
    switch (key) {
    case KEY_HOST:
        ok = parse_host(arg, o, p);
        break;
    case KEY_CPL:
        ok = parse_cpl(arg, o, p);
        break;
    case KEY_FS:
        ok = parse_number("--fs-base", arg, UINT32_MAX, &o->mode.fs_base, p);
        break;
    case KEY_GS:
        ok = parse_number("--gs-base", arg, UINT32_MAX, &o->mode.gs_base, p);
        break;
    case KEY_NOT_FLAT:
        o->mode.data_not_flat = true;
        break;
    case KEY_CODE16:
        o->mode.code16 = true;
        break;
    case KEY_COUNT:
        o->mode.count = true;
        break;
    case KEY_BLOCKS:
        ok = parse_number("--blocks", arg, UINT32_MAX - 1, &o->blocks, p);
        break;
    case KEY_UNWIND:
        o->unwind = true;
        break;
    case KEY_JSON:
        o->json = true;
        break;
    case ARGP_KEY_ARG:
        ok = parse_hex(arg, o, p);
        break;
    case ARGP_KEY_END:
        ok = check(o, p);
        break;
    default:
        return source_option(key, arg, o, p);
    }
    return ok ? 0 : EINVAL;
}

bool blocks_options_parse(int argc, char **argv, struct blocks_options *o, struct problem *p)
{
    static const struct argp argp = {
        .options = options, .parser = parse_option, .args_doc = "[HEX...]", .doc = doc};
    struct parse parse = {o, p};
    *o = (struct blocks_options){.at = DEFAULT_AT, .blocks = LAB_ALL_BLOCKS};
    return argp_parse(&argp, argc, argv, 0, NULL, &parse) == 0;
}
