/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include "base/banned.h"
#include "base/utf8.h"

#include <errno.h>

/* A text that fills its room was perhaps cut: not in the middle of a character. */
static void end_whole(char *msg, size_t size)
{
    size_t n = strlen(msg), start = n;
    if (n + 1 < size)
        return;
    while (start > 0 && (msg[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)msg[start - 1] >= 0xc0)
        start--;
    if (!utf8_valid(str_make(msg + start, n - start)))
        msg[start] = '\0';
}

int err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
    if (e) {
        e->code = code;
        vsnprintf(e->msg, sizeof e->msg, fmt, ap);
        end_whole(e->msg, sizeof e->msg);
    }
    return -1;
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vset(e, code, fmt, ap);
    va_end(ap);
    return -1;
}

int err_set_errno(struct err *e, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    char what[sizeof e->msg];

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    err_set(e,
            saved == ENOENT   ? ERR_NOT_FOUND
            : saved == EACCES ? ERR_DENIED
                              : ERR_IO,
            "%s: %s", what, strerror(saved));
    errno = saved;
    return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
    char old[sizeof e->msg];
    size_t n, room;
    va_list ap;

    if (!e)
        return -1;
    memcpy(old, e->msg, sizeof old);
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    n = strlen(e->msg);
    for (const char *p = ": "; *p && n < sizeof e->msg - 1; p++)
        e->msg[n++] = *p;
    room = strnlen(old, sizeof e->msg - 1 - n);
    memcpy(e->msg + n, old, room);
    e->msg[n + room] = '\0';
    end_whole(e->msg, sizeof e->msg);
    return -1;
}

const char *err_name(enum err_code code)
{
    static const char *const names[] = {
#define ERR_NAME(code, name) [code] = name,
        ERR_CODES(ERR_NAME)
#undef ERR_NAME
    };
    return names[code];
}
