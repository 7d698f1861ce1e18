/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For SAN=1 only: how AddressSanitizer's library is to behave, which asks for it by these names.
 * Signals and their stack are the process host's own (signal.c). The loader's memory goes with
 * the loader.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_sigtrap=0:"
           "use_sigaltstack=0:detect_stack_use_after_return=0:detect_leaks=0:print_legend=0";
}

__attribute__((visibility("default"))) const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1";
}
