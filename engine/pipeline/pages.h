/* SPDX-License-Identifier: MIT */
/* Pages: responses kept in a cache, and given to others without asking the view.
 *
 * What is kept, for how long and under which key is Django's (django.middleware.cache,
 * django.utils.cache), and stricter where a page could get to somebody whom it is not for:
 * docs/django-differences.md.  A page is found in two steps: under the key of its URL stand
 * the names of the headers that Vary named, under the key of the URL and the values of these
 * headers the page.
 *
 * Owner: a struct pages belongs to a layer or a view and is not changed after it is made; the
 * caches belong to the script host. */
#ifndef PIPELINE_PAGES_H
#define PIPELINE_PAGES_H

#include "base/buf.h"
#include "base/err.h"
#include "http/request.h"
#include "http/response.h"

struct cache;
struct flight;
struct flights;
struct log;
struct middleware_env;
struct pages;
struct view;

/* A cache of the settings. */
struct page_place {
    struct cache *cache;
    struct flights *flights; /* NULL: nobody waits for anybody */
    struct str base;         /* before each key: "prefix:1:" */
    size_t compress;         /* bytes from which pages are compressed; 0: never */
    /* Adds the whole key, instead of `base` and the key; NULL: there is no key_function.
     * May wait. */
    int (*make_key)(void *data, struct str key, struct buf *out, struct err *err);
    /* The cache failed. True: it is to be as if nothing were there, and has been logged. */
    bool (*forgive)(void *data, const struct err *err);
    void *data;
};

/* What the script host does for pages. */
struct page_host {
    /* The cache of that alias; NULL with *err. May wait. */
    const struct page_place *(*place)(void *data, struct str alias, struct err *err);
    /* The language and the time zone that the request runs under, when they are not those of
     * the settings: both may be left as they are. In the request's memory. */
    void (*locale)(void *data, struct request *r, struct str *language, struct str *zone);
    void *data;
};

#define PAGES_TIMEOUT_FOREVER INT64_MAX
#define PAGES_TIMEOUT_NONE (-1) /* what max-age says, or else the setting */

struct pages_options { /* strings are copied */
    int64_t timeout;   /* seconds, or one of the above */
    struct str alias;  /* of the cache; p NULL: cache_middleware_alias */
    struct str prefix; /* of keys; p NULL: cache_middleware_key_prefix */
    const struct str *vary;
    size_t nvary;   /* names that Vary gets */
    int64_t stale;  /* seconds that a page is kept past its time, for those who would wait */
    double wait;    /* seconds at most for somebody else who makes the page; 0: not */
    bool site_wide; /* update_cache and fetch_from_cache */
};

/* The cache is looked for at the first use. */
struct pages *pages_new(const struct middleware_env *env, const struct pages_options *o);
void pages_free(struct pages *p); /* NULL is allowed */

/* What one request knows of its page; in the request's memory. */
struct page_visit;

/* The page for a GET or HEAD, with one reference; NULL when it is to be made: then comes
 * pages_close().  NULL with r->exception set: the cache failed, and nothing is to be closed.
 * May wait. */
struct response *pages_open(struct pages *p, struct request *r, struct page_visit **visit);
/* The response that was made instead (NULL: it failed). Gives it the headers of a page and
 * keeps it, when it is one for a cache; a response that is still to be rendered is kept once it
 * is. May wait. */
void pages_close(struct page_visit *v, struct response *response);
/* pages_open(), the view and pages_close(). */
struct response *pages_view(struct pages *p, const struct view *inner, struct request *r);

/* The key of the page for `method`, which is whole but for what the cache puts before it: 1,
 * 0 when nothing is known of the URL yet, -1 with *err or r->exception. May wait. */
int pages_key(struct pages *p, struct request *r, struct str method, struct buf *out,
              struct err *err);
/* Remembers for `seconds` what the response's Vary says, and gives the key of the request's
 * method. As above. */
int pages_learn(struct pages *p, struct request *r, const struct response *response,
                int64_t seconds, struct buf *out, struct err *err);

#endif
