/* SPDX-License-Identifier: MIT */
/* Keys as Django makes them, so that what one knows of them stays true. */
#include "pipeline/pages_impl.h"

#include "base/vec.h"
#include "cache/cache.h"
#include "crypto/digest.h"
#include "crypto/encode.h"
#include "http/percent.h"
#include "pipeline/redirect.h"

enum { NAMES_MARK = 0xA1, NAMES_MAX = 4096 }; /* no other value begins with that byte */

#define MD5_OF_NOTHING STR("d41d8cd98f00b204e9800998ecf8427e")

static void md5_hex(struct str data, char hex[PAGE_HEX])
{
    struct digest d;
    digest_md5(data, &d);
    hex_write(hex, digest_str(&d));
}

/* ---- URL ---- */

void page_add_suffix(const struct pages *p, struct str language, struct str zone, struct buf *out)
{
    if (p->i18n) {
        buf_addc(out, '.');
        buf_addstr(out, language);
    }
    if (p->tz) {
        buf_addc(out, '.');
        buf_addstr(out, zone);
    }
}

static void add_locale(struct page_visit *v)
{
    const struct pages *p = v->pages;
    struct str language = p->language, zone = p->zone;
    if (p->host->locale)
        p->host->locale(p->host->data, v->r, &language, &zone);
    if (language.p == p->language.p && zone.p == p->zone.p) {
        v->suffix = p->suffix;
        return;
    }
    struct buf b = BUF_INIT;
    page_add_suffix(p, language, zone, &b);
    v->suffix = arena_str(v->r->arena, buf_str(&b));
    buf_release(&b);
}

static struct page_memo *memo_of(struct pages *p, struct str path, struct str query)
{
    size_t n = path.n + 5 * query.n;
    for (size_t i = 0; i < 4 && i < path.n; i++)
        n = 31 * n + (unsigned char)path.p[path.n - 1 - i];
    for (size_t i = 0; i < 4 && i < query.n; i++)
        n = 31 * n + (unsigned char)query.p[query.n - 1 - i];
    return &p->memos[n % PAGE_MEMOS];
}

static bool memo_is(const struct page_memo *m, const struct request *r, struct str host)
{
    struct str path = r->path, query = r->query_string;
    return m->used && m->secure == r->secure_transport && m->host_n == host.n &&
           m->path_n == path.n && m->query_n == query.n && memcmp(m->text, host.p, host.n) == 0 &&
           memcmp(m->text + host.n, path.p, path.n) == 0 &&
           (!query.n || memcmp(m->text + host.n + path.n, query.p, query.n) == 0);
}

static void memorize(struct page_memo *m, const struct page_visit *v, struct str host)
{
    struct str path = v->r->path, query = v->r->query_string;
    if (host.n > sizeof m->text || path.n > sizeof m->text || query.n > sizeof m->text ||
        host.n + path.n + query.n > sizeof m->text)
        return;
    *m = (struct page_memo){.used = true,
                            .secure = v->r->secure_transport,
                            .host_n = host.n,
                            .path_n = path.n,
                            .query_n = query.n};
    memcpy(m->text, host.p, host.n);
    memcpy(m->text + host.n, path.p, path.n);
    if (query.n)
        memcpy(m->text + host.n + path.n, query.p, query.n);
    memcpy(m->url, v->url, PAGE_HEX);
}

int page_url(struct page_visit *v)
{
    struct pages *p = v->pages;
    struct buf uri = BUF_INIT;
    struct str host;
    if (request_host_memo(&p->last_host, v->r, p->settings, &host) != 0)
        return -1;
    add_locale(v);
    struct page_memo *memo = memo_of(p, v->r->path, v->r->query_string);
    if (memo_is(memo, v->r, host)) {
        memcpy(v->url, memo->url, PAGE_HEX);
        return 0;
    }
    buf_adds(&uri, v->r->secure_transport ? "https://" : "http://");
    iri_to_uri(&uri, host);
    if (p->script_name.n)
        escape_uri_path(&uri, p->script_name);
    request_full_path(v->r, false, &uri);
    md5_hex(buf_str(&uri), v->url);
    buf_release(&uri);
    memorize(memo, v, host);
    return 0;
}

/* ---- names that Vary has ---- */

static char meta_char(char c)
{
    return c == '-' ? '_' : char_upper(c);
}

/* "X-Api-Key" as "HTTP_X_API_KEY". */
static struct str meta_name(struct arena *a, struct str name)
{
    char *p = arena_alloc(a, name.n + 6);
    memcpy(p, "HTTP_", 5);
    for (size_t i = 0; i < name.n; i++)
        p[5 + i] = meta_char(name.p[i]);
    p[5 + name.n] = '\0';
    return str_make(p, 5 + name.n);
}

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str page_vary_names(const struct pages *p, const struct response *response, struct arena *a)
{
    VEC(struct str) names = VEC_INIT;
    struct buf out = BUF_INIT;
    for (unsigned i = 0; i < response->headers.n; i++) {
        struct str rest = response->headers.items[i].value, name;
        if (!str_ieq(response->headers.items[i].name, STR("Vary")))
            continue;
        while (str_split(&rest, ',', &name)) {
            name = str_trim(name);
            /* The language is in the key already. */
            if (name.n && !(p->i18n && str_ieq(name, STR("Accept-Language"))))
                vec_push(&names, meta_name(a, name));
        }
    }
    if (names.n)
        qsort(names.items, names.n, sizeof *names.items, compare_names);
    for (size_t i = 0; i < names.n; i++) {
        if (i && str_eq(names.items[i], names.items[i - 1]))
            continue;
        if (out.n)
            buf_addc(&out, ',');
        buf_addstr(&out, names.items[i]);
    }
    struct str all = arena_str(a, buf_str(&out));
    buf_release(&out);
    vec_release(&names);
    return all;
}

static bool is_header(struct str meta, struct str name)
{
    if (meta.n != name.n + 5)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (meta.p[5 + i] != meta_char(name.p[i]))
            return false;
    return true;
}

/* Adds the values of the header of that META name, with commas between them; false when the
 * request has none. */
static bool add_values(struct buf *out, const struct request *r, struct str meta)
{
    bool found = false;
    for (unsigned i = 0; i < r->headers.n; i++) {
        if (!is_header(meta, r->headers.items[i].name))
            continue;
        if (found)
            buf_addc(out, ',');
        buf_addstr(out, r->headers.items[i].value);
        found = true;
    }
    return found;
}

/* Django's key has the values of all headers in one string, where one could end and the next
 * begin anywhere; so the page remembers which it was made for. */
static void check_values(struct page_visit *v)
{
    struct str rest = v->names, name;
    struct buf b = BUF_INIT;
    struct digest d;
    while (str_split(&rest, ',', &name)) {
        size_t at = b.n;
        bool there = add_values(&b, v->r, name);
        buf_addf(&b, "\n%zu%c", b.n - at, there ? '+' : '-');
    }
    digest_md5(buf_str(&b), &d);
    memcpy(v->check, d.bytes, PAGE_CHECK);
    buf_release(&b);
}

void page_set_names(struct page_visit *v, struct str names)
{
    struct str rest = names, name;
    struct buf b = BUF_INIT;
    v->names = names;
    v->values = MD5_OF_NOTHING;
    memset(v->check, 0, sizeof v->check);
    if (!names.n)
        return;
    while (str_split(&rest, ',', &name))
        add_values(&b, v->r, name);
    if (b.n) {
        char *hex = arena_alloc(v->r->arena, PAGE_HEX);
        md5_hex(buf_str(&b), hex);
        v->values = str_make(hex, PAGE_HEX);
    }
    buf_release(&b);
    if (str_has(names, ','))
        check_values(v);
}

/* ---- keys ---- */

static char *put(char *to, struct str s)
{
    if (s.n)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

/* The parts of a key one behind the other, after `before`. */
static struct str join(const struct page_visit *v, struct str before, enum page_key which,
                       struct str method)
{
    bool page = which == PAGE_KEY_PAGE || (which == PAGE_KEY_FLIGHT && v->names.p);
    bool head = which == PAGE_KEY_FLIGHT && !page && v->r->method == METHOD_HEAD;
    const struct str parts[] = {
        before,
        which == PAGE_KEY_FLIGHT ? STR("perilune.flight:") : STR(""),
        page ? STR("views.decorators.cache.cache_page.")
             : STR("views.decorators.cache.cache_header."),
        v->pages->o.prefix,
        STR("."),
        page ? method : STR(""),
        page ? STR(".") : STR(""),
        str_make(v->url, PAGE_HEX),
        page ? STR(".") : STR(""),
        page ? v->values : STR(""),
        v->suffix,
        head ? STR(":HEAD") : STR(""),
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        n += parts[i].n;
    char *key = arena_alloc(v->r->arena, n + 1), *end = key;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        end = put(end, parts[i]);
    *end = '\0';
    return str_make(key, n);
}

struct str page_key(const struct page_visit *v, enum page_key which, struct str method)
{
    return join(v, STR(""), which, method);
}

int page_whole_key(const struct page_visit *v, enum page_key which, struct str method,
                   struct str *out, struct err *err)
{
    const struct page_place *place = v->pages->place;
    struct buf b = BUF_INIT;
    if (!place->make_key) {
        *out = join(v, place->base, which, method);
        return 0;
    }
    int status = place->make_key(place->data, page_key(v, which, method), &b, err);
    *out = arena_str(v->r->arena, buf_str(&b));
    buf_release(&b);
    return status;
}

/* ---- what is known of a URL ---- */

int page_recall(struct page_visit *v, struct err *err)
{
    struct buf b = BUF_INIT;
    struct str key;
    int status = page_whole_key(v, PAGE_KEY_HEADERS, STR(""), &key, err);
    v->names = STR_NULL;
    if (status == 0)
        status = cache_get(v->pages->place->cache, key, &b, err);
    if (status > 0 && b.n && b.n <= NAMES_MAX && (unsigned char)b.data[0] == NAMES_MARK)
        page_set_names(v, b.n == 1 ? STR("") : arena_str(v->r->arena, str_skip(buf_str(&b), 1)));
    buf_release(&b);
    return status < 0 ? -1 : 0;
}

int page_remember(const struct page_visit *v, int64_t ttl, struct err *err)
{
    struct buf b = BUF_INIT;
    struct str key;
    int status = page_whole_key(v, PAGE_KEY_HEADERS, STR(""), &key, err);
    buf_addc(&b, (char)NAMES_MARK);
    buf_addstr(&b, v->names);
    if (status == 0)
        status = b.n <= NAMES_MAX &&
                 cache_set(v->pages->place->cache, key, buf_str(&b), ttl, false, err);
    buf_release(&b);
    return status;
}
