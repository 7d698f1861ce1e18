/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a program without a C library begins and ends.
 */
#include "tests/bench/guest/sys.h"

_Noreturn void leave(long status)
{
    for (;;)
        call3(SYS_EXIT, status, 0, 0);
}

uint32_t number(const char *s)
{
    uint32_t n = 0;
    while (*s >= '0' && *s <= '9')
        n = n * 10 + (uint32_t)(*s++ - '0');
    return n;
}

void guest_start(char **stack);
void guest_start(char **stack)
{
    leave(guest_main(stack));
}

void _start(void);
__asm__(".globl _start\n"
        "_start: mov %esp, %eax\n"
        "  and $-16, %esp\n"
        "  sub $12, %esp\n"
        "  push %eax\n"
        "  call guest_start\n");
