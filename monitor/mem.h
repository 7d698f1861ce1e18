/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The four memory functions that gcc may call by itself and the few string ones
 * that the core uses, as in C11 7.24. Freestanding builds link mem.c; host builds
 * take the C library's.
 */
#ifndef RING1_MEM_H
#define RING1_MEM_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
