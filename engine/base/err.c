/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include "base/banned.h"

#include <errno.h>

int err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
    if (e) {
        e->code = code;
        vsnprintf(e->msg, sizeof e->msg, fmt, ap);
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
