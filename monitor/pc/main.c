/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bare PC from the first line of C to the end of the guest: machine first, then the
 * VM, then its run loop. Comes from start.asm.
 */
#include "monitor/layout.h"
#include "monitor/log.h"
#include "monitor/pc/pc.h"
#include "monitor/report.h"
#include "monitor/run.h"
#include "monitor/screen.h"

void pc_main(uint32_t multiboot_info);

_Static_assert(DIRECT_MAP == 0xffff900000000000ull, "pc_phys and boot32.asm");

static void run_guest(const struct plan *plan)
{
    struct vm *vm = vm_create(plan, pc_cpu.pool);
    if (!vm) {
        log_line("ring1-exit: %d host-trouble: the guest could not be set up, see above",
                 EXIT_HOST_TROUBLE);
        host_exit(EXIT_HOST_TROUBLE);
    }
    vm_run(vm);
    if (plan->flags & PLAN_SCREEN)
        screen_log(vm);
    if (plan->flags & PLAN_STATS)
        stats_print(&vm->stats);
    if (vm->exit == EXIT_GUEST_KILLED || vm->exit == EXIT_GUEST_HALTED)
        report_state(vm);
    report_exit(vm);
    host_exit(vm->exit);
}

void pc_main(uint32_t multiboot_info)
{
    pc_console_init();
    log_line("ring1: monitor in ring 0, 64-bit");
    const struct plan *plan = pc_memory_init(multiboot_info);
    if (!plan) {
        log_line("ring1-exit: %d host-trouble: no bootable plan or memory, see above",
                 EXIT_HOST_TROUBLE);
        host_exit(EXIT_HOST_TROUBLE);
    }
    pc_paging_init(pc_ram_end());
    pc_descriptors_init();
    pc_time_init();
    pc_fpu_init();
    run_guest(plan);
}
