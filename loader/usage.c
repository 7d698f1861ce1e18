/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Texts and tables only.
 */
#include "loader/usage.h"

/* clang-format off */
#define EXIT_TEXT \
    "Exit status:\n" \
    "  0  the guest switched itself off or reset, or you left with Ctrl-A x\n" \
    "  2  bad arguments, kernel or initrd\n" \
    "  3  trouble on this side: emulator missing, memory short, a monitor bug\n" \
    "  4  the guest halted with interrupts off: nothing can wake it\n" \
    "  5  the guest was killed: triple fault, or something Ring1 cannot run\n" \
    "  6  --timeout ran out\n" \
    "A signal ends ring1 as it ends other programs, after the emulator has been stopped.\n"

const char usage_doc[] =
    "Runs 32-bit x86 operating systems on machines without VT-x or SVM."
    "\vCommands:\n"
    "  run      boot a kernel on an emulator, its console on this terminal\n"
    "  image    make a CD image that boots a kernel on a PC\n"
    "  inspect  say what a kernel file is, and count its sensitive instructions\n"
    "  check    say what this host offers and which forms of Ring1 can run on it\n"
    "  patch    change a Linux kernel so that it needs fewer exits\n"
    "  lab      the laboratory: watch the CPU and the translator at work\n"
    "`ring1 COMMAND --help' lists the options of a command.\n"
    "\n"
    "Examples:\n"
    "  ring1 run --initrd initrd.img --append console=ttyS0 vmlinuz\n"
    "        boot Linux with its console on this terminal; leave with Ctrl-A x\n"
    "  ring1 run --memory 64M --console out.txt --timeout 60 toy.elf\n"
    "        boot a multiboot or ELF kernel, output to a file, for a minute at most\n"
    "  ring1 run --on process --initrd initrd.img --append console=ttyS0 vmlinuz\n"
    "  ring1 run --on bochs --engine interp --stats vmlinuz\n"
    "        the same monitor on Bochs, everything interpreted, counters at the end\n"
    "  ring1 run --trace irq,inject --trace-file events vmlinuz\n"
    "        interrupts and exceptions with their times, in the file events\n"
    "  ring1 run --on process --disk disk.img --append 'console=ttyS0 root=/dev/vda' --initrd i vmlinuz\n"
    "        a disk image that the guest reads and writes\n"
    "  ring1 run --gdb 1234 --append console=ttyS0 vmlinuz\n"
    "        the guest waits for gdb: target remote localhost:1234\n"
    "  ring1 run --repeat 3 --console out.txt toy.elf\n"
    "        boot it again when it has ended or reset, in the same monitor\n"
    "  ring1 image -o linux.iso --initrd initrd.img --append console=ttyS0 vmlinuz\n"
    "        a CD image that boots the same guest on a real PC or a cloud machine\n"
    "  ring1 inspect vmlinuz\n"
    "        what this kernel is and what in it needs Ring1\n"
    "\n" EXIT_TEXT;

static const char run_doc[] =
    "Boots KERNEL, a 32-bit Linux bzImage, a multiboot kernel or an i386 ELF file, under the "
    "Ring1 monitor."
    "\vThe guest's serial port COM1 is its console. On a terminal, Ctrl-A x leaves, Ctrl-A s "
    "writes the file of --screen, Ctrl-A t prints the monitor's counters, Ctrl-A h shows help and "
    "Ctrl-A Ctrl-A sends one Ctrl-A.\n\n"
    "What can be traced, at the price of speed; `all' is all of it:\n"
#define X(id, name, text) "  " name ": " text "\n"
    PLAN_TRACES(X)
#undef X
    "A line is: trace <nanoseconds since the monitor's start> <what> <details>.\n\n"
    "The monitor's image ring1.elf is taken from $RING1_MONITOR, else from beside ring1, else "
    "from ../lib/ring1. Files of the run live in a private directory under $TMPDIR.\n\n"
    EXIT_TEXT;

static const char image_doc[] =
    "Makes a CD image that boots KERNEL under the Ring1 monitor on a PC with a BIOS, real or virtual."
    "\vCopied as it is to a USB stick or a disk the image boots as well. The guest's console is COM1 "
    "with 115200 baud; the monitor's messages go there and to the text screen.\n\n"
    "The machine needs a CPU with long mode (VT-x or SVM is not used), and memory for the guest, for the "
    "image, and 96 MiB. An old FILE is replaced when the new one is whole and not before.\n\n"
    "Exit status:\n"
    "  0  the image is made\n"
    "  2  bad arguments, kernel, initrd or file name\n"
    "  3  trouble on this side: grub-mkrescue is missing, a disk is full\n";

#define GUEST_OPTIONS \
    {"memory", KEY_MEMORY, "SIZE", 0, "Guest memory, 16M to 3G; default 256M; without suffix MiB", 1}, \
    {"initrd", KEY_INITRD, "FILE", 0, "Initial RAM disk, or module of a multiboot kernel", 1}, \
    {"append", KEY_APPEND, "STRING", 0, "The kernel's command line", 1}, \
    {"engine", KEY_ENGINE, "ENGINE", 0, "How guest kernel code runs: auto (default), interp or translate", 1}

const struct argp_option usage_run_options[] = {
    {"on", KEY_ON, "HOST", 0, "What the monitor runs on: qemu (default), bochs, or process (no emulator, no privileges)", 1},
    GUEST_OPTIONS,
    {"disk", KEY_DISK, "FILE[,ro]", 0, "A disk (virtio-blk) with this raw image, up to eight times; ,ro: read-only", 1},
    {"net", KEY_NET, "user|none", 0, "A network card (virtio-net), whose network is behind the user's own sockets; not on Bochs", 1},
    {"virtio", KEY_VIRTIO, "pci|mmio", 0, "Where the guest finds its virtio devices: on a PCI bus (default), or in memory, by ACPI, in a machine without PCI", 1},
    {"console", KEY_CONSOLE, "FILE", 0, "Console output to FILE and no input; default is stdio", 2},
    {"screen", KEY_SCREEN, "FILE", 0, "The guest's text screen to FILE at the end, and on Ctrl-A s", 2},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "Stop after this time", 2},
    {"repeat", KEY_REPEAT, "N", 0, "Run the guest N times, each time in a machine made anew by the same monitor", 2},
    {"stats", KEY_STATS, 0, 0, "Print the monitor's counters at the end", 2},
    {"count", KEY_COUNT, 0, 0, "As --stats, and count the guest instructions run from the cache (slower)", 2},
    {"verbose", KEY_VERBOSE, 0, 0, "Print the monitor's whole log at the end", 2},
    {"trace", KEY_TRACE, "WHAT[,WHAT]", 0, "Print events with their times as they happen; see below", 2},
    {"trace-file", KEY_TRACE_FILE, "FILE", 0, "Where --trace prints; default is standard error", 2},
    {"gdb", KEY_GDB, "PORT[,nowait]", 0, "Listen for gdb on this TCP port of 127.0.0.1; the guest waits for it before its first instruction", 2},
    {"profile", KEY_PROFILE, "FILE", 0, "Samples and counters over time to FILE, for `ring1 lab profile --from FILE'", 2},
    {"perf-map", KEY_PERF_MAP, 0, 0, "With --on process: name translated guest code for perf, in /tmp/perf-PID.map", 2},
    {"no-confine", KEY_NO_CONFINE, 0, 0, "With --on process: without the filter of system calls", 2},
    {"host-args", KEY_HOST_ARGS, "ARGS", 0, "More arguments for the emulator, quoted as in a shell", 2},
    {0},
};

static const struct argp_option image_options[] = {
    {"output", KEY_OUTPUT, "FILE", 0, "The image to make", 1},
    GUEST_OPTIONS,
    {0},
};

static const char inspect_doc[] =
    "Says what KERNEL is: format, addresses, boot protocol, and whether Ring1 starts it; then counts its "
    "sensitive instructions by class."
    "\vA Linux bzImage is unpacked for that (gzip, xz, lzma, zstd, lz4). The count is a linear sweep with "
    "Ring1's own decoder. `silent' instructions neither trap nor do what they should at a lower privilege: "
    "they are why a 32-bit x86 needs binary translation. `IOPL' ones trap unless IOPL allows them.\n\n"
    "Exit status:\n"
    "  0  the file was described\n"
    "  2  bad arguments, or not a kernel\n"
    "  3  trouble on this side\n";

static const char check_doc[] =
    "Says what this host offers: CPU, memory, emulators and their versions, and which forms of Ring1 can run."
    "\vExit status:\n"
    "  0  at least one form can run\n"
    "  2  bad arguments\n"
    "  3  none can\n";

static const char patch_doc[] =
    "Changes KERNEL, a 32-bit Linux bzImage or the vmlinux inside one, in place so that it leaves translated code "
    "less often, and prints what was changed and why not the rest."
    "\vFor kernels that cannot be rebuilt. What is changed was found by the kernel's own tables (.smp_locks, the "
    "exported symbols, kallsyms) and proved to leave the kernel what it is; all else stays for the translator. The "
    "output is a file of the input's kind. It boots under Ring1 and elsewhere: one CPU is used unless more are started "
    "later; with --portable nothing else differs on any machine, without it the kernel does not look for a PC's MP "
    "tables, which ACPI has replaced. The signature of a signed kernel no longer fits. A bzImage is packed anew, which "
    "takes some ten seconds.\n\n"
    "Examples:\n"
    "  ring1 patch -o vmlinuz.ring1 vmlinuz\n"
    "  ring1 run --initrd initrd.img --append console=ttyS0 vmlinuz.ring1\n"
    "        patch a kernel once, boot it as before\n"
    "  ring1 patch --elf -o vmlinux.ring1 vmlinuz\n"
    "        the unpacked kernel: ring1 run starts that, too, and need not unpack it each time\n"
    "  ring1 patch --portable --json -o out vmlinux\n"
    "        only what holds on every machine; the table for a program\n\n"
    "Exit status:\n"
    "  0  the patched kernel is written\n"
    "  2  bad arguments; not such a kernel, or nothing in it to patch; no file can be made there\n"
    "  3  trouble on this side: no memory, a full disk\n";

static const struct argp_option patch_options[] = {
    {"output", KEY_OUTPUT, "FILE", 0, "The patched kernel to make", 1},
    {"elf", KEY_ELF, 0, 0, "Write the unpacked kernel, also if KERNEL is a bzImage", 1},
    {"portable", KEY_PORTABLE, 0, 0, "Change only what holds on every machine", 1},
    {"json", KEY_JSON, 0, 0, "Print JSON", 1},
    {0},
};

static const struct argp_option json_options[] = {
    {"json", KEY_JSON, 0, 0, "Print JSON", 1},
    {0},
};

const struct usage_command usage_commands[] = {
    [COMMAND_RUN] = {"run", "ring1 run", run_doc, "KERNEL", usage_run_options},
    [COMMAND_IMAGE] = {"image", "ring1 image", image_doc, "KERNEL", image_options},
    [COMMAND_INSPECT] = {"inspect", "ring1 inspect", inspect_doc, "KERNEL", json_options},
    [COMMAND_CHECK] = {"check", "ring1 check", check_doc, NULL, json_options},
    [COMMAND_PATCH] = {"patch", "ring1 patch", patch_doc, "KERNEL", patch_options},
    [COMMAND_LAB] = {"lab", "ring1 lab", NULL, NULL, NULL},
};
/* clang-format on */

const struct usage_command *const usage_commands_end =
    usage_commands + sizeof usage_commands / sizeof usage_commands[0];
