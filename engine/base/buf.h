/* SPDX-License-Identifier: MIT */
/* Growing bytes.  Content is data[0..n); one NUL always follows it, so that
 * data can go to C functions when it holds no NUL itself. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdint.h>

struct buf {
    char *data; /* never NULL: an unused buffer points at an empty constant */
    size_t n;
    size_t cap; /* 0 while nothing is allocated */
};

extern char buf_empty[1];
#define BUF_INIT                                                                                   \
    {                                                                                              \
        buf_empty, 0, 0                                                                            \
    }

void buf_init(struct buf *b);
void buf_release(struct buf *b); /* usable again afterwards */

static inline void buf_reset(struct buf *b)
{
    b->n = 0;
    if (b->cap)
        b->data[0] = '\0';
}

/* Room for `more` bytes behind the content and a NUL. */
void buf_grow(struct buf *b, size_t more);

static inline void buf_reserve(struct buf *b, size_t more)
{
    if (b->cap - b->n <= more || !b->cap)
        buf_grow(b, more);
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    buf_reserve(b, n);
    memcpy(b->data + b->n, p, n);
    b->n += n;
    b->data[b->n] = '\0';
}

static inline void buf_addc(struct buf *b, char c)
{
    buf_reserve(b, 1);
    b->data[b->n++] = c;
    b->data[b->n] = '\0';
}

static inline void buf_adds(struct buf *b, const char *cstr)
{
    buf_add(b, cstr, strlen(cstr));
}

static inline void buf_addstr(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_addint(struct buf *b, int64_t v);
/* Writes v at p, where there is room for BUF_INT_MAX bytes; gives its end. No NUL. */
enum { BUF_INT_MAX = 20 };
char *buf_putint(char *p, int64_t v);

static inline struct str buf_str(const struct buf *b)
{
    return str_make(b->data, b->n);
}

/* You now own the bytes (free() them); the buffer is empty again. *n may be NULL. */
char *buf_detach(struct buf *b, size_t *n);

/* Cuts the content to its first n bytes. */
static inline void buf_cut(struct buf *b, size_t n)
{
    if (n < b->n) {
        b->n = n;
        b->data[n] = '\0';
    }
}

#endif
