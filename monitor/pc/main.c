/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bare PC from the first line of C to the end of the guest: machine first, then the
 * VM, then its run loop. Comes from start.asm.
 */
#include "monitor/layout.h"
#include "monitor/log.h"
#include "monitor/pc/pc.h"
#include "monitor/session.h"

void pc_main(uint32_t multiboot_info);

_Static_assert(DIRECT_MAP == 0xffff900000000000ull, "pc_phys and boot32.asm");

static _Noreturn void give_up(const char *why)
{
    log_line("ring1-exit: %d host-trouble: %s, see above", EXIT_HOST_TROUBLE, why);
    host_exit(EXIT_HOST_TROUBLE);
}

static _Noreturn void run_guest(const struct plan *plan)
{
    int status = session_run(plan, pc_cpu.pool);
    if (status < 0)
        give_up("the guest could not be set up");
    host_exit(status);
}

void pc_main(uint32_t multiboot_info)
{
    pc_console_init();
    log_line("ring1: monitor in ring 0, 64-bit");
    const struct plan *plan = pc_memory_init(multiboot_info);
    if (!plan)
        give_up("no bootable plan or memory");
    pc_paging_init(pc_ram_end());
    pc_descriptors_init();
    pc_time_init();
    pc_fpu_init();
    if ((plan->flags & PLAN_GDB) && !pc_debug_init())
        give_up("the plan wants a debugger, and this machine has no COM4");
    if (!pc_disk_init(plan))
        give_up("a disk is missing");
    if ((plan->flags & PLAN_NET) && !pc_net_init())
        give_up(
            "the plan wants a network, and this machine has no virtio network device that works");
    run_guest(plan);
}
