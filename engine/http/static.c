/* SPDX-License-Identifier: MIT */
#include "http/static.h"

#include "base/clock.h"
#include "fiber/fiber.h"
#include "http/accept.h"
#include "http/static_cache.h"

#include <fcntl.h>
#include <unistd.h>

enum { HASH_DIGITS = 12, NAME_MAX_BYTES = 1024 };

#define KEEP_NS CLOCK_SECOND
#define IMMUTABLE "public, max-age=31536000, immutable"

struct static_files {
    struct arena arena;
    struct str url;
    const char **roots;
    size_t nroots;
    bool development;
    struct str cache_control;
    struct static_cache cache;
};

struct static_files *static_files_new(const struct static_options *o)
{
    struct static_files *s = mem_zalloc(sizeof *s);
    arena_init(&s->arena, 0);
    s->url = arena_str(&s->arena, o->url);
    s->roots = arena_alloc(&s->arena, (o->nroots + 1) * sizeof *s->roots);
    for (size_t i = 0; i < o->nroots; i++)
        s->roots[i] = arena_strdup(&s->arena, o->roots[i]);
    s->nroots = o->nroots;
    s->development = o->development;
    s->cache_control = o->development
                           ? STR("no-cache")
                           : str_from(arena_printf(&s->arena, "public, max-age=%.0f", o->max_age));
    return s;
}

void static_files_free(struct static_files *s)
{
    if (!s)
        return;
    static_cache_sweep(&s->cache, INT64_MAX);
    arena_release(&s->arena);
    free(s);
}

void static_files_sweep(struct static_files *s)
{
    static_cache_sweep(&s->cache, clock_monotonic());
}

/* ---- names ---- */

/* Lua in any dress: "a.lua", "a.LUA", "a.lua.gz", an editor's "a.lua~". */
static bool is_source(struct str name)
{
    static const struct str dress[] = {STR_INIT(".gz"), STR_INIT(".br"), STR_INIT(".bak"),
                                       STR_INIT(".orig"), STR_INIT("~")};
    struct str ending = STR(".lua");
    for (size_t i = 0; i < sizeof dress / sizeof *dress; i++)
        if (name.n > dress[i].n && str_ieq(str_skip(name, name.n - dress[i].n), dress[i]))
            name = str_head(name, name.n - dress[i].n);
    return name.n >= ending.n && str_ieq(str_skip(name, name.n - ending.n), ending);
}

static bool part_allowed(struct str part)
{
    if (part.n == 0 || part.n > 255 || part.p[0] == '.')
        return false; /* "", ".", ".." and what is hidden */
    for (size_t i = 0; i < part.n; i++)
        if ((unsigned char)part.p[i] < ' ' || part.p[i] == '\\' || part.p[i] == 0x7f)
            return false;
    return true;
}

bool static_name_allowed(struct str name)
{
    struct str part, rest = name;
    if (name.n == 0 || name.n > NAME_MAX_BYTES)
        return false;
    while (str_split(&rest, '/', &part))
        if (!part_allowed(part))
            return false;
    return !is_source(name);
}

/* Where ".<12 hex digits>" begins that ends at `end`; SIZE_MAX when there is none. */
static size_t hash_before(struct str name, size_t end)
{
    if (end < HASH_DIGITS + 2 || name.p[end - HASH_DIGITS - 1] != '.')
        return SIZE_MAX;
    for (size_t i = end - HASH_DIGITS; i < end; i++)
        if (char_hex(name.p[i]) < 0 || (name.p[i] >= 'A' && name.p[i] <= 'F'))
            return SIZE_MAX;
    return end - HASH_DIGITS - 1;
}

size_t static_name_hashed(struct str name, char *plain)
{
    size_t slash = 0, dot = name.n, cut, end;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '/') {
            slash = i + 1;
            dot = name.n;
        } else if (name.p[i] == '.' && i > slash) {
            dot = i;
        }
    }
    end = dot;
    cut = hash_before(str_skip(name, slash), dot - slash);
    if (cut == SIZE_MAX) { /* "noext.9dd4e461268c": what looks like the extension is it */
        end = name.n;
        cut = hash_before(str_skip(name, slash), name.n - slash);
    }
    if (cut == SIZE_MAX || cut == 0)
        return 0;
    cut += slash;
    if (plain) {
        memcpy(plain, name.p, cut);
        memcpy(plain + cut, name.p + end, name.n - end);
    }
    return cut + name.n - end;
}

/* ---- answers ---- */

static struct response *refuse(const struct static_files *s, struct str name, int status)
{
    struct response *r;
    struct buf where = BUF_INIT;
    for (size_t i = 0; s->development && status == 404 && i < s->nroots; i++)
        buf_addf(&where, "\n  %s", s->roots[i]);
    if (where.n)
        r = response_text(status, STR_NULL, "404 Not Found\n\nNo static file '%.*s' in:%s\n",
                          STR_ARG(name), where.data);
    else
        r = response_text(status, STR_NULL, "%d %s\n", status, http_reason(status));
    buf_release(&where);
    headers_put(&r->headers, STR("X-Content-Type-Options"), STR("nosniff"));
    if (status == 405)
        headers_put(&r->headers, STR("Allow"), STR("GET, HEAD"));
    return r;
}

static bool there(const struct static_entry *e, enum static_coding coding)
{
    return e->variants[coding].bytes || e->variants[coding].fd >= 0;
}

/* What the client likes best of what is there; a coding that it takes at all is better
 * than the plain file, unless it says otherwise. */
static enum static_coding choose(const struct static_entry *e, const struct request *r)
{
    static const struct str names[] = {
        [STATIC_BROTLI] = STR_INIT("br"), [STATIC_GZIP] = STR_INIT("gzip")};
    enum static_coding best = STATIC_PLAIN;
    double most = 0;
    struct str accepted;

    if (!e->varies)
        return STATIC_PLAIN;
    accepted = headers_get(&r->headers, STR("Accept-Encoding"));
    if (!accepted.p)
        return STATIC_PLAIN;
    for (enum static_coding c = STATIC_BROTLI; c <= STATIC_GZIP; c++) {
        double quality = there(e, c) ? accept_encoding_quality(accepted, names[c]) : 0;
        if (quality > most) {
            best = c;
            most = quality;
        }
    }
    /* Only who names it can like the plain file better: not named, it weighs 1 and less
     * than anything at once. */
    if (best != STATIC_PLAIN && str_find(accepted, STR("identity")) < accepted.n &&
        accept_encoding_quality(accepted, STR("identity")) > most)
        return STATIC_PLAIN;
    return best;
}

static struct str coding_name(enum static_coding c, const struct static_entry *e)
{
    return c == STATIC_BROTLI ? STR("br") : c == STATIC_GZIP ? STR("gzip") : e->encoding;
}

/* Takes the reference: everything that the response borrows lives as long. */
static struct response *respond(const struct static_files *s, struct static_entry *e,
                                enum static_coding coding)
{
    struct static_variant *v = &e->variants[coding];
    struct response *response = response_new(200);
    struct headers *h = &response->headers;
    struct str encoding = coding_name(coding, e);

    arena_defer(&response->arena, static_entry_unref, e);
    if (v->bytes) {
        response_set_static_body(response, str_make(v->bytes, (size_t)v->size));
    } else {
        int fd = fcntl(v->fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0) { /* out of descriptors */
            response_unref(response);
            return refuse(s, str_from(""), 503);
        }
        response_set_file(response, fd, 0, v->size);
    }
    headers_put(h, STR("Content-Type"), str_from(e->content_type));
    headers_put(h, STR("Last-Modified"), str_from(e->modified));
    headers_put(h, STR("ETag"), str_from(v->etag));
    headers_put(h, STR("Cache-Control"),
                e->hashed && !s->development ? STR(IMMUTABLE) : s->cache_control);
    headers_put(h, STR("X-Content-Type-Options"), STR("nosniff"));
    if (encoding.p)
        headers_put(h, STR("Content-Encoding"), encoding);
    if (e->varies)
        headers_put(h, STR("Vary"), STR("Accept-Encoding"));
    response->ranges = true;
    return response;
}

struct response *static_files_handle(struct static_files *s, const struct request *r)
{
    struct static_entry *e = NULL;
    struct response *response;
    struct str name;
    struct err err;
    int64_t now;

    if (!str_starts(r->path, s->url))
        return NULL;
    name = str_skip(r->path, s->url.n);
    if (r->method != METHOD_GET && r->method != METHOD_HEAD)
        return refuse(s, name, 405);
    now = r->loop ? loop_now(r->loop) : clock_monotonic();
    if (!s->development)
        e = static_cache_get(&s->cache, name, now);
    if (!e) {
        if (!static_name_allowed(name))
            return refuse(s, name, 404);
        e = static_entry_load(s->roots, s->nroots, name, !s->development, &err);
        if (!e) /* ERR_IO: it may well be there */
            return refuse(s, name, err.code == ERR_IO ? 503 : 404);
        if (!s->development)
            static_cache_put(&s->cache, e, now + KEEP_NS);
    }
    response = respond(s, e, choose(e, r));
    file_response_finish(response, r);
    return response;
}
