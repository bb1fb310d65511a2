/* SPDX-License-Identifier: MIT */
#include "http/cache_control.h"

#include "base/buf.h"
#include "base/vec.h"
#include "http/http_date.h"

#include <inttypes.h>

/* Directives in order; a name is there once, but for no-cache. */
struct directives {
    VEC(struct cache_directive) list;
    struct arena *arena;
};

static struct str normal_name(struct arena *a, struct str name)
{
    char *p = arena_strndup(a, name.p, name.n);
    for (size_t i = 0; i < name.n; i++)
        p[i] = p[i] == '_' ? '-' : char_lower(p[i]);
    return str_make(p, name.n);
}

static struct cache_directive *find(struct directives *d, struct str name)
{
    for (size_t i = 0; i < d->list.n; i++)
        if (str_eq(d->list.items[i].name, name))
            return &d->list.items[i];
    return NULL;
}

static void drop(struct directives *d, struct str name)
{
    struct cache_directive *f = find(d, name);
    if (!f)
        return;
    size_t at = (size_t)(f - d->list.items);
    memmove(f, f + 1, (d->list.n - at - 1) * sizeof *f);
    d->list.n--;
}

/* no-cache takes several field names, kept sorted behind each other; without a
 * name it covers them all. */
static void set_no_cache(struct directives *d, struct cache_directive fresh)
{
    struct cache_directive *f = find(d, fresh.name);
    size_t at = f ? (size_t)(f - d->list.items) : d->list.n;

    if (f && !f->value.p)
        return;
    if (f && !fresh.value.p) {
        while (find(d, fresh.name))
            drop(d, fresh.name);
    } else {
        for (; at < d->list.n && str_eq(d->list.items[at].name, fresh.name); at++) {
            int order = str_cmp(d->list.items[at].value, fresh.value);
            if (order == 0)
                return;
            if (order > 0)
                break;
        }
    }
    (void)vec_add(&d->list);
    memmove(&d->list.items[at + 1], &d->list.items[at],
            (d->list.n - 1 - at) * sizeof *d->list.items);
    d->list.items[at] = fresh;
}

static void set(struct directives *d, struct str name, struct str value)
{
    struct cache_directive fresh = {normal_name(d->arena, name), value};
    struct cache_directive *f = find(d, fresh.name);
    if (str_eq(fresh.name, STR("no-cache")))
        set_no_cache(d, fresh);
    else if (f)
        f->value = value;
    else
        vec_push(&d->list, fresh);
}

static void parse(struct directives *d, struct str header)
{
    struct str part;
    if (header.n == 0)
        return;
    while (str_split(&header, ',', &part)) {
        part = str_trim(part);
        size_t eq = str_index(part, '=');
        if (part.n)
            set(d, str_head(part, eq), eq < part.n ? str_skip(part, eq + 1) : STR_NULL);
    }
}

static void merge(struct directives *d, struct str name, struct str value)
{
    name = normal_name(d->arena, name);
    if (str_eq(name, STR("max-age"))) {
        struct cache_directive *old = find(d, name);
        int64_t was, wanted;
        if (old && str_to_int64(old->value, &was) && str_to_int64(value, &wanted) && was < wanted)
            return;
    } else if (str_eq(name, STR("public"))) {
        drop(d, STR("private"));
    } else if (str_eq(name, STR("private"))) {
        drop(d, STR("public"));
    }
    set(d, name, value);
}

int cache_control_patch(struct headers *h, const struct cache_directive *list, size_t n,
                        struct err *err)
{
    struct directives d = {VEC_INIT, h->arena};
    struct buf out = BUF_INIT;

    parse(&d, headers_get(h, STR("Cache-Control")));
    for (size_t i = 0; i < n; i++)
        merge(&d, list[i].name, list[i].value);
    for (size_t i = 0; i < d.list.n; i++) {
        if (i)
            buf_adds(&out, ", ");
        buf_addstr(&out, d.list.items[i].name);
        if (d.list.items[i].value.p) {
            buf_addc(&out, '=');
            buf_addstr(&out, d.list.items[i].value);
        }
    }
    int rc = headers_set(h, STR("Cache-Control"), buf_str(&out), err);
    buf_release(&out);
    vec_release(&d.list);
    return rc;
}

bool cache_control_max_age(const struct headers *h, int64_t *seconds)
{
    struct str header = headers_get(h, STR("Cache-Control")), part;
    bool found = false;
    while (str_split(&header, ',', &part)) {
        size_t eq = str_index(part, '=');
        if (str_ieq(str_trim(str_head(part, eq)), STR("max-age")))
            found = str_to_int64(str_trim(str_skip(part, eq + 1)), seconds);
    }
    return found;
}

int cache_control_expire(struct headers *h, int64_t seconds, int64_t now, struct err *err)
{
    char date[HTTP_DATE_SIZE], number[24];
    if (seconds < 0)
        seconds = 0;
    snprintf(number, sizeof number, "%" PRId64, seconds);
    struct cache_directive d = {STR("max-age"), str_from(number)};
    int64_t when;
    if (__builtin_add_overflow(now, seconds, &when))
        when = INT64_MAX;
    if (headers_setdefault(h, STR("Expires"), http_date(when, date), err))
        return -1;
    return cache_control_patch(h, &d, 1, err);
}

int cache_control_never(struct headers *h, int64_t now, struct err *err)
{
    const struct cache_directive all[] = {
        {STR("no-cache"), STR_NULL},
        {STR("no-store"), STR_NULL},
        {STR("must-revalidate"), STR_NULL},
        {STR("private"), STR_NULL},
    };
    if (cache_control_expire(h, 0, now, err))
        return -1;
    return cache_control_patch(h, all, sizeof all / sizeof *all, err);
}

/* ---- Vary ---- */

bool vary_has(const struct headers *h, struct str name)
{
    struct str header = headers_get(h, STR("Vary")), part;
    while (str_split(&header, ',', &part))
        if (str_ieq(str_trim(part), name))
            return true;
    return false;
}

static void add_name(struct buf *out, struct str name)
{
    if (out->n)
        buf_adds(out, ", ");
    buf_addstr(out, name);
}

int vary_patch(struct headers *h, const struct str *names, size_t n, struct err *err)
{
    struct buf out = BUF_INIT;
    struct str header = headers_get(h, STR("Vary")), part;
    bool any = false;

    if (header.n) {
        while (str_split(&header, ',', &part)) {
            part = str_trim(part);
            any |= str_eq(part, STR("*"));
            add_name(&out, part);
        }
    }
    for (size_t i = 0; i < n; i++) {
        any |= str_eq(names[i], STR("*"));
        if (!vary_has(h, names[i]))
            add_name(&out, names[i]);
    }
    int rc = headers_set(h, STR("Vary"), any ? STR("*") : buf_str(&out), err);
    buf_release(&out);
    return rc;
}
