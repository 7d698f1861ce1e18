/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * GRUB for a PC BIOS only: started through EFI there would be no text screen and no BIOS
 * data for the monitor. The modules are listed, since all of them take three times as long to
 * load from a CD and grub-mkrescue a second longer to make.
 */
#include "loader/bootcd.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRUB_DIR "/usr/lib/grub/i386-pc"

/* part_* and the rest of the second line: the same image written to a disk or a USB stick. */
#define MODULES                                                                                    \
    "normal configfile multiboot iso9660 biosdisk serial terminal echo "                           \
    "part_msdos part_gpt search search_fs_uuid"

static const char *const menus[] = {
    [BOOTCD_BARE] = "multiboot /ring1.elf\n"
                    "module /plan\n"
                    "boot\n",
    [BOOTCD_MACHINE] = "serial --unit=0 --speed=115200\n"
                       "terminal_output console serial\n"
                       "echo 'Ring1: loading the monitor and its guest ...'\n"
                       "multiboot /ring1.elf\n"
                       "module /plan\n"
                       "terminal_output console\n"
                       "boot\n",
    [BOOTCD_PROBE] = "serial --unit=0 --speed=115200\n"
                     "terminal_input console serial\n"
                     "terminal_output console serial\n"
                     "set timeout=5\n"
                     "menuentry 'The probe on the bare machine' {\n"
                     "  terminal_output console\n"
                     "  multiboot /probe\n"
                     "}\n"
                     "menuentry 'The probe as a guest of Ring1' {\n"
                     "  terminal_output console\n"
                     "  multiboot /ring1.elf\n"
                     "  module /plan\n"
                     "}\n",
};

bool bootcd_check(struct problem *p)
{
    return command_exists("grub-mkrescue", "grub-common", p) &&
           command_file_exists(GRUB_DIR "/multiboot.mod", "grub-pc-bin", p) &&
           command_exists("xorriso", "xorriso", p) && command_exists("mformat", "mtools", p);
}

static bool make_directory(struct tempdir *d, const char *name, struct problem *p)
{
    char path[TEMPDIR_PATH_MAX];
    tempdir_path(d, name, path);
    if (mkdir(path, 0700) == 0)
        return true;
    return problem_host(p, "cannot create %s: %s", path, strerror(errno));
}

/* grub-mkrescue takes trees and single files; the plan is grafted in and not copied here. */
static void make_command(const char *monitor, struct command *tool)
{
    static const char *const fixed[] = {
        "grub-mkrescue",
        "--directory=" GRUB_DIR,
        "--locales=",
        "--fonts=",
        "--themes=",
        "--install-modules=" MODULES,
        "--output=" BOOTCD_FILE,
        "tree",
        "plan=" FILE_PLAN,
    };
    for (unsigned i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        command_add(tool, "%s", fixed[i]);
    command_add(tool, "ring1.elf=%s", monitor);
}

bool bootcd_prepare(struct tempdir *d, const char *monitor, enum bootcd_kind kind,
                    struct command *tool, struct problem *p)
{
    make_command(monitor, tool);
    return make_directory(d, "tree", p) && make_directory(d, "tree/boot", p) &&
           make_directory(d, "tree/boot/grub", p) &&
           tempdir_create_text(d, "tree/boot/grub/grub.cfg", p, "%s", menus[kind]);
}
