/* SPDX-License-Identifier: MIT */
#include "pipeline/pages.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "http/cache_control.h"
#include "http/conditional.h"
#include "http/http_date.h"
#include "pipeline/pages_impl.h"
#include "pipeline/pipeline.h"
#include "settings/settings.h"

#include <stdarg.h>

#define LOGGER "perilune.cache"

/* A response that is kept once it is rendered. In its memory. */
struct deferred {
    struct page_visit *visit; /* NULL: the request has ended */
    struct response *response;
    int (*render)(struct response *r, void *data, struct err *err);
    void *data;
};

/* ---- making ---- */

static struct str copy(struct str s)
{
    char *p = mem_alloc(s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return str_make(p, s.n);
}

static struct str or_setting(struct str s, const struct settings *settings, enum setting_id id)
{
    return s.p ? s : settings_str(settings, id);
}

struct pages *pages_new(const struct middleware_env *env, const struct pages_options *o)
{
    const struct settings *s = env->settings;
    struct pages *p = mem_zalloc(sizeof *p);
    *p = (struct pages){
        .o = *o,
        .settings = s,
        .host = env->pages,
        .log = env->log,
        .debug = env->debug,
        .i18n = settings_bool(s, SETTING_use_i18n),
        .tz = settings_bool(s, SETTING_use_tz),
        .script_name = settings_str(s, SETTING_force_script_name),
        .language = settings_str(s, SETTING_language_code),
        .zone = settings_str(s, SETTING_time_zone),
    };
    while (p->script_name.n && p->script_name.p[p->script_name.n - 1] == '/')
        p->script_name.n--;
    p->o.alias = copy(or_setting(o->alias, s, SETTING_cache_middleware_alias));
    p->o.prefix = copy(or_setting(o->prefix, s, SETTING_cache_middleware_key_prefix));
    struct buf suffix = BUF_INIT;
    page_add_suffix(p, p->language, p->zone, &suffix);
    p->suffix.p = buf_detach(&suffix, &p->suffix.n);
    struct str *vary = mem_alloc((o->nvary + 1) * sizeof *vary);
    for (size_t i = 0; i < o->nvary; i++)
        vary[i] = copy(o->vary[i]);
    p->o.vary = vary;
    return p;
}

void pages_free(struct pages *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->o.nvary; i++)
        free((char *)p->o.vary[i].p);
    free((struct str *)p->o.vary);
    free((char *)p->o.alias.p);
    free((char *)p->o.prefix.p);
    free((char *)p->suffix.p);
    free(p);
}

/* ---- errors ---- */

static void raise_err(struct request *r, const struct err *err)
{
    if (r->exception.kind != EXCEPTION_NONE)
        return;
    if (err->code == ERR_TIMEOUT)
        request_raise(r, EXCEPTION_TIMEOUT, "TimeoutError", "%s", err->msg);
    else
        request_raise(r, EXCEPTION_ERROR,
                      err->code == ERR_CONFIG ? "ImproperlyConfigured" : "Error", "%s", err->msg);
}

/* The cache failed: 0 when that is to be as if nothing were there, else -1 with the exception. */
static int failed(struct page_visit *v, struct err *err)
{
    const struct page_place *place = v->pages->place;
    if (v->r->exception.kind == EXCEPTION_NONE && err->code != ERR_CANCELLED &&
        place->forgive(place->data, err))
        return 0;
    if (err->code != ERR_CANCELLED && err->code != ERR_INVALID)
        err_prefix(err, "cache '%s'", v->pages->o.alias.p);
    raise_err(v->r, err);
    return -1;
}

/* For the reader who asks why a page is not in the cache: in the log at level DEBUG, and in a
 * header field of development. */
static void tell(struct page_visit *v, struct response *response, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void tell(struct page_visit *v, struct response *response, const char *fmt, ...)
{
    struct pages *p = v->pages;
    char text[200];
    struct err err;
    va_list ap;
    if (!p->debug && p->log->level > LOG_LEVEL_DEBUG)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct log_record record = {.level = LOG_LEVEL_DEBUG, .name = LOGGER, .request_id = v->r->id};
    log_write_record(p->log, &record, "page %.*s %.*s: %s", STR_ARG(v->r->method_name),
                     STR_ARG(v->r->target), text);
    if (p->debug && response)
        headers_set(&response->headers, STR("X-Page-Cache"), str_from(text), &err);
}

/* ---- visits ---- */

struct page_visit *page_visit_new(struct pages *p, struct request *r)
{
    struct page_visit *v = arena_zalloc(r->arena, sizeof *v);
    v->pages = p;
    v->r = r;
    return page_url(v) == 0 ? v : NULL;
}

int page_need_place(struct pages *p, struct request *r)
{
    struct err err;
    if (p->place)
        return 0;
    if (!p->host || !p->host->place) {
        request_raise(r, EXCEPTION_ERROR, "ImproperlyConfigured", "pages are cached in a project");
        return -1;
    }
    p->place = p->host->place(p->host->data, p->o.alias, &err);
    if (!p->place)
        raise_err(r, &err);
    return p->place ? 0 : -1;
}

/* The request has ended, with or without us. */
static void end_visit(void *data)
{
    struct page_visit *v = data;
    if (v->flight)
        flight_drop(v->flight);
    v->flight = NULL;
    if (v->waiting) {
        v->waiting->visit = NULL;
        response_unref(v->waiting->response);
    }
}

static void guard(struct page_visit *v)
{
    if (!v->guarded)
        arena_defer(v->r->arena, end_visit, v);
    v->guarded = true;
}

static void end_flight(struct page_visit *v, bool kept)
{
    struct flight *flight = v->flight;
    v->flight = NULL;
    if (flight)
        flight_end(flight, kept);
}

/* ---- looking ---- */

static struct response *fetch(struct page_visit *v, struct str method, int64_t *fresh, int *status)
{
    struct response *page = NULL;
    struct buf stored = BUF_INIT;
    struct err err;
    struct str key;
    *status = page_whole_key(v, PAGE_KEY_PAGE, method, &key, &err);
    if (*status == 0)
        *status = cache_get(v->pages->place->cache, key, &stored, &err);
    if (*status > 0)
        page = page_decode(&stored, v->check, fresh);
    buf_release(&stored);
    *status = *status < 0 ? failed(v, &err) : 0;
    return page;
}

struct response *page_lookup(struct page_visit *v, bool *fresh, int *status)
{
    struct err err;
    int64_t until = 0;
    *status = 0;
    if (page_recall(v, &err) != 0) {
        *status = failed(v, &err);
        return NULL;
    }
    if (!v->names.p)
        return NULL;
    struct response *page = fetch(v, STR("GET"), &until, status);
    if (!page && *status == 0 && v->r->method == METHOD_HEAD)
        page = fetch(v, STR("HEAD"), &until, status);
    *fresh = page && (until == INT64_MAX || until > clock_realtime());
    return page;
}

/* A client that has the page already is told so. */
static void serve_conditionally(const struct request *r, struct response *page)
{
    int64_t now, changed = LAST_MODIFIED_NONE;
    if (!conditional_asked(&r->headers))
        return;
    struct str etag = headers_get(&page->headers, STR("ETag"));
    struct str modified = headers_get(&page->headers, STR("Last-Modified"));
    if (!etag.p && !modified.p)
        return;
    now = clock_realtime() / CLOCK_SECOND;
    if (modified.p && !http_date_parse(modified, now, &changed))
        changed = LAST_MODIFIED_NONE;
    if (conditional_check(&r->headers, true, etag, changed, now) == CONDITIONAL_NOT_MODIFIED)
        conditional_not_modified(page);
}

struct response *page_serve(struct page_visit *v, struct response *page, const char *how)
{
    v->r->page_update = PAGE_UPDATE_NO;
    if (v->pages->debug)
        headers_put(&page->headers, STR("X-Page-Cache"), str_from(how));
    serve_conditionally(v->r, page);
    return page;
}

/* ---- keeping ---- */

static int64_t ns(int64_t seconds)
{
    return seconds > INT64_MAX / CLOCK_SECOND ? CACHE_FOREVER : seconds * CLOCK_SECOND;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t s;
    return __builtin_add_overflow(a, b, &s) ? INT64_MAX : s;
}

/* 1; 0: the cache would not have it. */
static int put(struct page_visit *v, const struct response *response, int64_t seconds,
               struct err *err)
{
    const struct pages *p = v->pages;
    int64_t ttl = ns(seconds), fresh = INT64_MAX;
    struct buf value = BUF_INIT;
    struct str key;
    if (p->o.stale && ttl != CACHE_FOREVER) {
        fresh = sum(clock_realtime(), ttl);
        ttl = sum(ttl, ns(p->o.stale));
    }
    page_set_names(v, page_vary_names(p, response, v->r->arena));
    int status = page_remember(v, ttl, err);
    if (status > 0 && page_whole_key(v, PAGE_KEY_PAGE, v->r->method_name, &key, err) != 0)
        status = -1;
    if (status > 0) {
        page_encode(&value, response, fresh, v->check, p->place->compress);
        status = cache_set(p->place->cache, key, buf_str(&value), ttl, false, err);
    }
    buf_release(&value);
    return status;
}

static bool store(struct page_visit *v, struct response *response, int64_t seconds)
{
    struct err err;
    int status = put(v, response, seconds, &err);
    if (status > 0) {
        if (seconds == PAGES_TIMEOUT_FOREVER)
            tell(v, response, "kept for ever");
        else
            tell(v, response, "kept for %lld s", (long long)seconds);
        return true;
    }
    if (status == 0)
        tell(v, response, "not kept: it is too large for the cache '%s'", v->pages->o.alias.p);
    else if (!v->pages->place->forgive(v->pages->place->data, &err))
        log_write(v->pages->log, LOG_LEVEL_ERROR, LOGGER, "cache '%s': %s", v->pages->o.alias.p,
                  err.msg); /* there is a page to send: no reason for another one */
    return false;
}

bool page_keep(struct page_visit *v, struct response *response)
{
    const struct pages *p = v->pages;
    int64_t seconds;
    struct err err;
    if (p->o.nvary)
        vary_patch(&response->headers, p->o.vary, p->o.nvary, &err);
    const char *why = page_refusal(p, v->r, response, &seconds);
    if (why) {
        tell(v, response, "not kept: %s", why);
        return false;
    }
    page_patch(response, seconds);
    /* Once for all who get the page, whichever layer would want one of each. */
    if (response->kind == RESPONSE_BYTES && response->bytes.n &&
        !headers_get(&response->headers, STR("ETag")).p)
        conditional_add_etag(response);
    if (response->status == 200 && seconds > 0)
        return store(v, response, seconds);
    tell(v, response, "not kept: %s", seconds > 0 ? "its status is 304" : "its timeout is 0");
    return false;
}

/* ---- responses that are rendered late ---- */

static int render_and_keep(struct response *response, void *data, struct err *err)
{
    struct deferred *d = data;
    struct page_visit *v = d->visit;
    response->render = d->render;
    response->render_data = d->data;
    int status = d->render(response, d->data, err);
    if (!v)
        return status;
    v->waiting = NULL;
    end_flight(v, status == 0 && page_keep(v, response));
    response_unref(response);
    return status;
}

static void defer(struct page_visit *v, struct response *response)
{
    struct deferred *d = arena_alloc(&response->arena, sizeof *d);
    *d = (struct deferred){v, response, response->render, response->render_data};
    response_ref(response);
    response->render = render_and_keep;
    response->render_data = d;
    v->waiting = d;
    guard(v);
}

/* ---- the whole ---- */

/* How it stands with a page that is not there, or is past its time. */
enum turn { TURN_FAILED, TURN_MAKE, TURN_LOOK, TURN_STALE };

static enum turn take_turn(struct page_visit *v, bool stale)
{
    struct pages *p = v->pages;
    struct err err;
    struct str key;
    if (!p->place->flights || (p->o.wait <= 0 && !stale))
        return TURN_MAKE;
    enum flight_state state = FLIGHT_FAILED;
    if (!v->deadline)
        v->deadline = clock_deadline(p->o.wait);
    if (page_whole_key(v, PAGE_KEY_FLIGHT, v->r->method_name, &key, &err) == 0)
        state = flight_begin(p->place->flights, key, stale ? 0 : v->deadline, &v->flight, &err);
    switch (state) {
    case FLIGHT_FAILED:
        return failed(v, &err) == 0 ? TURN_MAKE : TURN_FAILED;
    case FLIGHT_MINE:
        guard(v);
        return TURN_LOOK; /* it may have landed a moment ago */
    case FLIGHT_LANDED:
        return TURN_LOOK;
    case FLIGHT_AWAY:
    case FLIGHT_FREE: /* somebody has just tried in vain */
        break;
    }
    return stale ? TURN_STALE : TURN_MAKE;
}

/* The page; NULL with status 0: the visitor makes it. */
static struct response *visit_page(struct page_visit *v, int *status)
{
    struct str values = STR_NULL;
    unsigned landed = 0;
    bool fresh;
    for (;;) {
        struct response *page = page_lookup(v, &fresh, status);
        if (page && fresh) {
            end_flight(v, true);
            return page_serve(v, page, "hit");
        }
        if (*status < 0 || v->flight) { /* ours to make */
            response_unref(page);
            return NULL;
        }
        /* Landed, and still not there: once it may be that its maker has died; it is no use to
         * wait for what is not kept, though.  What landed may be the page of somebody else, and
         * only now it is known what Vary says: then we ask for our own. */
        if (v->names.p && !(values.p && str_eq(v->values, values)))
            landed = 0;
        enum turn turn = landed > 1 ? TURN_MAKE : take_turn(v, page != NULL);
        if (turn == TURN_STALE)
            return page_serve(v, page, "stale");
        response_unref(page);
        if (turn != TURN_LOOK) {
            *status = turn == TURN_FAILED ? -1 : 0;
            return NULL;
        }
        landed++;
        values = v->names.p ? v->values : STR_NULL;
    }
}

struct response *pages_open(struct pages *p, struct request *r, struct page_visit **visit)
{
    int status;
    *visit = NULL;
    if (r->method != METHOD_GET && r->method != METHOD_HEAD) {
        r->page_update = PAGE_UPDATE_NO;
        return NULL;
    }
    if (page_need_place(p, r) != 0)
        return NULL;
    struct page_visit *v = page_visit_new(p, r);
    if (!v)
        return NULL;
    struct response *page = visit_page(v, &status);
    if (page)
        return page;
    if (status < 0) {
        end_flight(v, false);
        return NULL;
    }
    r->page_update = PAGE_UPDATE_YES;
    *visit = v;
    return NULL;
}

void pages_close(struct page_visit *v, struct response *response)
{
    if (!v)
        return;
    if (response && response->render)
        defer(v, response);
    else
        end_flight(v, response && page_keep(v, response));
}

struct response *pages_view(struct pages *p, const struct view *inner, struct request *r)
{
    struct page_visit *v;
    struct response *response = pages_open(p, r, &v);
    if (response || r->exception.kind != EXCEPTION_NONE)
        return response;
    response = inner->call(inner, r);
    pages_close(v, response);
    return response;
}

/* ---- keys, for those who want to know ---- */

int pages_key(struct pages *p, struct request *r, struct str method, struct buf *out,
              struct err *err)
{
    if (page_need_place(p, r) != 0)
        return -1;
    struct page_visit *v = page_visit_new(p, r);
    if (!v)
        return -1;
    if (page_recall(v, err) != 0)
        return failed(v, err);
    if (!v->names.p)
        return 0;
    buf_addstr(out, page_key(v, PAGE_KEY_PAGE, method));
    return 1;
}

int pages_learn(struct pages *p, struct request *r, const struct response *response,
                int64_t seconds, struct buf *out, struct err *err)
{
    if (page_need_place(p, r) != 0)
        return -1;
    struct page_visit *v = page_visit_new(p, r);
    if (!v)
        return -1;
    page_set_names(v, page_vary_names(p, response, r->arena));
    if (page_remember(v, ns(seconds), err) < 0 && failed(v, err) != 0)
        return -1;
    buf_addstr(out, page_key(v, PAGE_KEY_PAGE, r->method_name));
    return 1;
}
