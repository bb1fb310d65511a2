/* SPDX-License-Identifier: MIT */
#include "http/headers.h"

#include "base/buf.h"
#include "base/bytes8.h"
#include "base/log.h"

#include <assert.h>

#define FIRST_CAP 16

void headers_init(struct headers *h, struct arena *arena)
{
    *h = (struct headers){.arena = arena};
}

/* RFC 9110, section 5.6.2. */
static const bool token_chars[256] = {
    ['!'] = true,         ['#'] = true,         ['$'] = true,         ['%'] = true, ['&'] = true,
    ['\''] = true,        ['*'] = true,         ['+'] = true,         ['-'] = true, ['.'] = true,
    ['^'] = true,         ['_'] = true,         ['`'] = true,         ['|'] = true, ['~'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

bool header_name_valid(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!token_chars[(unsigned char)name.p[i]])
            return false;
    return name.n > 0;
}

bool header_value_valid(struct str value)
{
    size_t i = 0;
    for (; i + 8 <= value.n; i += 8) {
        uint64_t w = bytes8_load(value.p + i);
        if (bytes8_has(w, '\r') | bytes8_has(w, '\n') | bytes8_has(w, '\0'))
            return false;
    }
    for (; i < value.n; i++)
        if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
            return false;
    return true;
}

static struct header *find(const struct headers *h, struct str name)
{
    for (unsigned i = 0; i < h->n; i++)
        if (h->items[i].name.n == name.n && str_ieq(h->items[i].name, name))
            return &h->items[i];
    return NULL;
}

struct str headers_get(const struct headers *h, struct str name)
{
    const struct header *f = find(h, name);
    return f ? f->value : STR_NULL;
}

bool headers_has(const struct headers *h, struct str name)
{
    return find(h, name) != NULL;
}

static struct header *add(struct headers *h)
{
    if (h->n == h->cap) {
        unsigned cap = h->cap ? 2 * h->cap : FIRST_CAP;
        struct header *items = arena_alloc(h->arena, mem_mul(cap, sizeof *items));
        if (h->n)
            memcpy(items, h->items, h->n * sizeof *items);
        h->items = items;
        h->cap = cap;
    }
    return &h->items[h->n++];
}

static int check(struct str name, struct str value, struct err *err)
{
    bool name_ok = header_name_valid(name);
    if (name_ok && header_value_valid(value))
        return 0;

    struct buf quoted = BUF_INIT;
    log_escape(&quoted, str_head(name_ok ? value : name, 100));
    if (!name_ok)
        err_set(err, ERR_INVALID, "header name '%s' is not a token (letters, digits and -)",
                quoted.data);
    else
        err_set(err, ERR_INVALID,
                "header values can't contain newlines or NUL bytes (%.*s: '%s'); "
                "encode or remove them first",
                STR_ARG(str_head(name, 100)), quoted.data);
    buf_release(&quoted);
    return -1;
}

/* Drops the fields called `name` from number `from` on. */
static bool drop(struct headers *h, struct str name, unsigned from)
{
    unsigned kept = from;
    for (unsigned i = from; i < h->n; i++)
        if (!str_ieq(h->items[i].name, name))
            h->items[kept++] = h->items[i];
    bool dropped = kept < h->n;
    h->n = kept;
    return dropped;
}

static struct header copy(struct headers *h, struct str name, struct str value)
{
    return (struct header){arena_str(h->arena, name), arena_str(h->arena, value)};
}

int headers_set(struct headers *h, struct str name, struct str value, struct err *err)
{
    if (check(name, value, err))
        return -1;
    struct header *f = find(h, name);
    struct header fresh = copy(h, name, value);
    if (f)
        drop(h, fresh.name, (unsigned)(f - h->items) + 1);
    else
        f = add(h);
    *f = fresh;
    return 0;
}

int headers_add(struct headers *h, struct str name, struct str value, struct err *err)
{
    if (check(name, value, err))
        return -1;
    struct header fresh = copy(h, name, value);
    *add(h) = fresh;
    return 0;
}

int headers_setdefault(struct headers *h, struct str name, struct str value, struct err *err)
{
    return headers_has(h, name) ? 0 : headers_add(h, name, value, err);
}

bool headers_remove(struct headers *h, struct str name)
{
    return drop(h, name, 0);
}

void headers_put(struct headers *h, struct str name, struct str value)
{
#ifdef SANITIZER_ADDRESS /* the builds that tests run against look all the same */
    assert(header_name_valid(name) && header_value_valid(value));
#endif
    *add(h) = (struct header){name, value};
}
