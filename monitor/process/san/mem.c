/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * For SAN=1 only: memcpy and its kind look at what they are given before they go on to mem.c, whose
 * string instructions no sanitizer sees. The linker puts these in the others' place (--wrap).
 */
#include "monitor/mem.h"

#define GRANULE 8u /* AddressSanitizer marks memory by so many bytes */

void *__real_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *__real_memmove(void *dst, const void *src, size_t n);
void *__real_memset(void *dst, int c, size_t n);
void *__wrap_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *__wrap_memmove(void *dst, const void *src, size_t n);
void *__wrap_memset(void *dst, int c, size_t n);

/* Each read is checked by the code that gcc adds to it. */
static void look(const void *at, size_t n)
{
    const volatile char *bytes = at;
    for (size_t i = 0; i < n; i += GRANULE)
        (void)bytes[i];
    if (n)
        (void)bytes[n - 1];
}

void *__wrap_memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    look(src, n);
    look(dst, n);
    return __real_memcpy(dst, src, n);
}

void *__wrap_memmove(void *dst, const void *src, size_t n)
{
    look(src, n);
    look(dst, n);
    return __real_memmove(dst, src, n);
}

void *__wrap_memset(void *dst, int c, size_t n)
{
    look(dst, n);
    return __real_memset(dst, c, n);
}
