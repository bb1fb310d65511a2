/* SPDX-License-Identifier: MIT */
/* A function of the C library that ours takes the place of.
 *
 * Lua writes integers with snprintf: for `"product:" .. id`, tostring() and the like. That reads
 * a format, and is ten times what the digits cost. Where Lua is linked statically the linker
 * puts this function in place of the one that Debian's build of it calls (--wrap); it does the
 * same for every other format. */
#include "base/banned.h"
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

int __wrap___snprintf_chk(char *to, size_t n, int flag, size_t room, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
int __vsnprintf_chk(char *to, size_t n, int flag, size_t room, const char *fmt, va_list args);

int __wrap___snprintf_chk(char *to, size_t n, int flag, size_t room, const char *fmt, ...)
{
    va_list args;
    int written;
    va_start(args, fmt);
    if (strcmp(fmt, "%lld") == 0 && n > BUF_INT_MAX) {
        char *end = buf_putint(to, va_arg(args, long long));
        *end = '\0';
        written = (int)(end - to);
    } else {
        written = __vsnprintf_chk(to, n, flag, room, fmt, args);
    }
    va_end(args);
    return written;
}
