/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

char buf_empty[1];

void buf_init(struct buf *b)
{
    *b = (struct buf)BUF_INIT;
}

void buf_release(struct buf *b)
{
    if (b->cap)
        free(b->data);
    buf_init(b);
}

void buf_grow(struct buf *b, size_t more)
{
    size_t want, cap = b->cap ? b->cap : 64;
    if (__builtin_add_overflow(b->n, more, &want) || __builtin_add_overflow(want, 1, &want))
        want = mem_mul(SIZE_MAX, 2);
    while (cap < want)
        cap = cap > SIZE_MAX / 2 ? want : cap * 2;
    if (b->cap) {
        b->data = mem_realloc(b->data, cap);
    } else {
        b->data = mem_alloc(cap);
        b->data[0] = '\0';
    }
    b->cap = cap;
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    buf_reserve(b, 32);
    int n = vsnprintf(b->data + b->n, b->cap - b->n, fmt, ap);
    if (n > 0) {
        if ((size_t)n >= b->cap - b->n) {
            buf_grow(b, (size_t)n);
            vsnprintf(b->data + b->n, b->cap - b->n, fmt, again);
        }
        b->n += (size_t)n;
    }
    b->data[b->n] = '\0'; /* whatever a failed vsnprintf left there */
    va_end(again);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(b, fmt, ap);
    va_end(ap);
}

char *buf_putint(char *p, int64_t v)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233"
        "34353637383940414243444546474849505152535455565758596061626364656667"
        "6869707172737475767778798081828384858687888990919293949596979899";
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    unsigned n = 1;
    if (v < 0)
        *p++ = '-';
    for (uint64_t rest = u; rest >= 10; n++)
        rest /= 10;
    char *end = p + n;
    for (p = end; u >= 100; u /= 100)
        memcpy(p -= 2, &pairs[u % 100 * 2], 2);
    if (u >= 10)
        memcpy(p - 2, &pairs[u * 2], 2);
    else
        p[-1] = (char)('0' + u);
    return end;
}

void buf_addint(struct buf *b, int64_t v)
{
    buf_reserve(b, BUF_INT_MAX);
    b->n = (size_t)(buf_putint(b->data + b->n, v) - b->data);
    b->data[b->n] = '\0';
}

char *buf_detach(struct buf *b, size_t *n)
{
    buf_reserve(b, 0);
    char *p = b->data;
    if (n)
        *n = b->n;
    buf_init(b);
    return p;
}
