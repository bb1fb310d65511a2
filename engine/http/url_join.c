/* SPDX-License-Identifier: MIT */
#include "http/url_join.h"

#include "base/vec.h"
#include "value/url.h"

struct segments {
    VEC(struct str) list;
};

static void add_segments(struct segments *s, struct str path)
{
    for (;;) {
        size_t n = str_index(path, '/');
        struct str one = str_head(path, n);
        vec_push(&s->list, one);
        if (n >= path.n)
            return;
        path = str_skip(path, n + 1);
    }
}

/* Empty segments in the middle would double a slash. */
static void drop_empty(struct segments *s)
{
    size_t n = 1;
    for (size_t i = 1; i < s->list.n; i++)
        if (s->list.items[i].n || i == s->list.n - 1)
            s->list.items[n++] = s->list.items[i];
    s->list.n = n;
}

/* Takes "." and ".." out of the list and adds the rest as a path. */
static void add_path(struct buf *out, struct segments *s)
{
    struct str *items = s->list.items, last = items[s->list.n - 1];
    bool folder = str_eq(last, STR(".")) || str_eq(last, STR(".."));
    size_t n = 0;
    for (size_t i = 0; i < s->list.n; i++) {
        if (str_eq(items[i], STR("..")))
            n -= n > 0;
        else if (!str_eq(items[i], STR(".")))
            items[n++] = items[i];
    }
    if (n == 0 || items[0].n) /* ".." went past the root */
        buf_addc(out, '/');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(out, '/');
        buf_addstr(out, items[i]);
    }
    if (n && (folder || (n == 1 && !items[0].n)))
        buf_addc(out, '/');
}

/* The path of a reference that is not absolute, in the folder of `base`. */
static void join_path(struct buf *out, struct str base, struct str path)
{
    struct segments s = {{0}};
    if (str_starts(path, STR("/"))) {
        add_segments(&s, path);
    } else {
        add_segments(&s, base);
        if (s.list.items[s.list.n - 1].n)
            s.list.n--;
        add_segments(&s, path);
        drop_empty(&s);
    }
    add_path(out, &s);
    vec_release(&s.list);
}

static void add_part(struct buf *out, char mark, struct str part)
{
    if (part.n) {
        buf_addc(out, mark);
        buf_addstr(out, part);
    }
}

int url_join(struct buf *out, struct str base, struct str url, struct err *err)
{
    struct url b, u;
    if (url.n == 0) {
        buf_addstr(out, base);
        return 0;
    }
    if (url_split(base, &b, err) != 0 || url_split(url, &u, err) != 0)
        return -1;
    if (u.scheme.n && !str_ieq(u.scheme, b.scheme)) {
        buf_addstr(out, url);
        return 0;
    }
    buf_addstr(out, b.scheme);
    buf_adds(out, "://");
    buf_addstr(out, u.netloc.n ? u.netloc : b.netloc);
    if (u.netloc.n)
        buf_addstr(out, u.path);
    else if (u.path.n)
        join_path(out, b.path, u.path);
    else
        buf_addstr(out, b.path);
    add_part(out, '?', u.query.n || u.path.n || u.netloc.n ? u.query : b.query);
    add_part(out, '#', u.fragment);
    return 0;
}
