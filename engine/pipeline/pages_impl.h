/* SPDX-License-Identifier: MIT */
/* Private to page*.c. */
#ifndef PIPELINE_PAGES_IMPL_H
#define PIPELINE_PAGES_IMPL_H

#include "pipeline/middleware.h"
#include "pipeline/pages.h"
#include "pipeline/request_host.h"

enum { PAGE_HEX = 32, PAGE_CHECK = 16 };

/* The MD5 of a URL that was asked for, so that the pages that are asked for all the time cost
 * none.  What the URL is made of stands in `text`, one part behind the other. */
struct page_memo {
    bool used, secure;
    size_t host_n, path_n, query_n;
    char text[224];
    char url[PAGE_HEX];
};

enum { PAGE_MEMOS = 16 };

struct pages {
    struct pages_options o;
    const struct settings *settings;
    const struct page_host *host;
    const struct page_place *place; /* NULL until it is first used */
    struct log *log;
    bool debug, i18n, tz;
    struct str script_name;    /* before each path */
    struct str language, zone; /* of the settings */
    struct str suffix;         /* of keys, with these two */
    /* All that changes: */
    struct host_memo last_host;
    struct page_memo memos[PAGE_MEMOS];
};

struct page_visit {
    struct pages *pages;
    struct request *r;
    char url[PAGE_HEX];
    struct str suffix; /* ".en.UTC" */
    /* The META names of headers that Vary named, sorted, with commas between them; p NULL:
     * nothing is known. */
    struct str names;
    struct str values;               /* MD5 of their values, as hex */
    unsigned char check[PAGE_CHECK]; /* of the values one by one */
    struct flight *flight;
    int64_t deadline;         /* of waiting; 0: it has not begun */
    bool guarded;             /* the end of the request looks after the flight */
    struct deferred *waiting; /* for its response to be rendered */
};

/* ---- page_key.c: URLs, headers, keys. All but the last: -1 with *err or r->exception ---- */

/* What comes at the end of keys: ".en.UTC". */
void page_add_suffix(const struct pages *p, struct str language, struct str zone, struct buf *out);
/* Fills url and suffix. */
int page_url(struct page_visit *v);
/* Reads what is known of the URL into `names`. May wait. */
int page_recall(struct page_visit *v, struct err *err);
/* The names that Vary of the response has, in the request's memory. */
struct str page_vary_names(const struct pages *p, const struct response *response, struct arena *a);
/* Takes the names over, and the values that the request has for them. */
void page_set_names(struct page_visit *v, struct str names);

enum page_key { PAGE_KEY_HEADERS, PAGE_KEY_PAGE, PAGE_KEY_FLIGHT };
/* The key without what the cache puts before it, in the request's memory. */
struct str page_key(const struct page_visit *v, enum page_key which, struct str method);
/* The whole key. May wait. */
int page_whole_key(const struct page_visit *v, enum page_key which, struct str method,
                   struct str *out, struct err *err);
/* Remembers the names for ns. 1; 0: they were not kept. May wait. */
int page_remember(const struct page_visit *v, int64_t ttl, struct err *err);

/* ---- page_value.c: a page as bytes ---- */

/* Adds the response, whose body is bytes; `fresh`: realtime ns. */
void page_encode(struct buf *out, const struct response *response, int64_t fresh,
                 const unsigned char check[PAGE_CHECK], size_t compress);
/* Is it small enough to be one? */
bool page_fits(const struct response *response);
/* The response that was stored, with one reference; NULL when it is damaged, another version's,
 * or was made for other values.  Takes the content of *stored. */
struct response *page_decode(struct buf *stored, const unsigned char check[PAGE_CHECK],
                             int64_t *fresh);

/* ---- page_rules.c ---- */

/* Why no cache may keep the response; NULL when one may. *seconds: how long, 0 or
 * PAGES_TIMEOUT_FOREVER allowed. In the request's memory or literal. */
const char *page_refusal(const struct pages *p, const struct request *r,
                         const struct response *response, int64_t *seconds);
/* Expires and max-age. */
void page_patch(struct response *response, int64_t seconds);

/* ---- pages.c ---- */

struct page_visit *page_visit_new(struct pages *p, struct request *r);
/* The cache, looked for at the first use; -1 with r->exception. May wait. */
int page_need_place(struct pages *p, struct request *r);
/* The page, fresh or not; NULL when there is none: *status is 0, or -1 with r->exception. */
struct response *page_lookup(struct page_visit *v, bool *fresh, int *status);
/* Whether it was kept. May wait. */
bool page_keep(struct page_visit *v, struct response *response);
/* What a fresh page of the cache is for this request: itself, or a 304. */
struct response *page_serve(struct page_visit *v, struct response *page, const char *how);

#endif
