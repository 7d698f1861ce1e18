/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A printf of the size the monitor needs, and what is built on it. Text goes to
 * host_log_write a whole line at a time.
 */
#include "monitor/log.h"

#include "monitor/host.h"
#include "monitor/mem.h"
#include "monitor/plan.h"

struct out {
    char *buf;
    size_t size, len;
};

struct spec {
    bool left, zero;
    unsigned width;
    int precision; /* -1: none given */
    unsigned longs;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len++] = c;
}

static void put_padded(struct out *o, const char *s, size_t n, const struct spec *sp)
{
    size_t pad = sp->width > n ? sp->width - n : 0;
    if (!sp->left) {
        while (pad) {
            put(o, sp->zero ? '0' : ' ');
            pad--;
        }
    }
    for (size_t i = 0; i < n; i++)
        put(o, s[i]);
    while (pad--)
        put(o, ' ');
}

static void put_number(struct out *o, uint64_t n, unsigned base, bool negative, struct spec *sp)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n);
    if (negative && sp->zero) {
        put(o, '-');
        sp->width -= sp->width > 0;
    } else if (negative) {
        digits[--at] = '-';
    }
    put_padded(o, digits + at, sizeof digits - at, sp);
}

static uint64_t take_unsigned(va_list *ap, unsigned longs)
{
    return longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned);
}

static void put_signed(struct out *o, int64_t n, struct spec *sp)
{
    put_number(o, n < 0 ? -(uint64_t)n : (uint64_t)n, 10, n < 0, sp);
}

static void put_string(struct out *o, const char *s, const struct spec *sp)
{
    size_t n = 0;
    if (!s)
        s = "(null)";
    while ((sp->precision < 0 || n < (size_t)sp->precision) && s[n])
        n++;
    struct spec plain = *sp;
    plain.zero = false;
    put_padded(o, s, n, &plain);
}

static const char *parse_spec(const char *f, struct spec *sp, va_list *ap)
{
    *sp = (struct spec){.precision = -1};
    for (;; f++) {
        if (*f == '-')
            sp->left = true;
        else if (*f == '0')
            sp->zero = true;
        else
            break;
    }
    while (*f >= '0' && *f <= '9')
        sp->width = sp->width * 10 + (unsigned)(*f++ - '0');
    if (*f == '.') {
        sp->precision = 0;
        if (*++f == '*') {
            sp->precision = va_arg(*ap, int);
            f++;
        }
        while (*f >= '0' && *f <= '9')
            sp->precision = sp->precision * 10 + (*f++ - '0');
    }
    while (*f == 'l' || *f == 'z') {
        sp->longs++;
        f++;
    }
    return f;
}

static void put_conversion(struct out *o, char c, struct spec *sp, va_list *ap)
{
    switch (c) {
    case 's':
        put_string(o, va_arg(*ap, const char *), sp);
        break;
    case 'c':
        put(o, (char)va_arg(*ap, int));
        break;
    case 'd':
    case 'i':
        put_signed(o, sp->longs ? va_arg(*ap, long) : va_arg(*ap, int), sp);
        break;
    case 'u':
        put_number(o, take_unsigned(ap, sp->longs), 10, false, sp);
        break;
    case 'x':
        put_number(o, take_unsigned(ap, sp->longs), 16, false, sp);
        break;
    case 'p':
        put_number(o, (uint64_t)(uintptr_t)va_arg(*ap, void *), 16, false, sp);
        break;
    default:
        put(o, c);
    }
}

size_t fmt_vprint(char *buf, size_t size, const char *format, va_list ap0)
{
    struct out o = {buf, size, 0};
    va_list ap;
    va_copy(ap, ap0);
    for (const char *f = format; *f; f++) {
        struct spec sp;
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = parse_spec(f + 1, &sp, &ap);
        if (!*f)
            break;
        put_conversion(&o, *f, &sp, &ap);
    }
    va_end(ap);
    if (size)
        buf[o.len] = 0;
    return o.len;
}

size_t fmt_print(char *buf, size_t size, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    size_t n = fmt_vprint(buf, size, format, ap);
    va_end(ap);
    return n;
}

static void log_va(const char *prefix, const char *format, va_list ap)
{
    char line[400];
    size_t n = fmt_print(line, sizeof line - 1, "%s", prefix);
    n += fmt_vprint(line + n, sizeof line - 1 - n, format, ap);
    line[n++] = '\n';
    host_log_write(line, n);
}

void log_line(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    log_va("", format, ap);
    va_end(ap);
}

_Noreturn void panic(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    log_va("ring1: panic: ", format, ap);
    va_end(ap);
    log_line("ring1-exit: %d host-trouble: the monitor found itself wrong, see above",
             EXIT_HOST_TROUBLE);
    host_exit(EXIT_HOST_TROUBLE);
}
