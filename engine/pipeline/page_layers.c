/* SPDX-License-Identifier: MIT */
/* perilune.middleware.update_cache, fetch_from_cache and cache: pages of the whole site.
 *
 * As in Django update_cache comes first in the list, to see what all the others did to the
 * response, and fetch_from_cache last, so that the others see each request; cache is both in
 * one.  Nobody waits for anybody: most pages of a site are for nobody's cache, and what is
 * slow has cache.page. */
#include "pipeline/builtins.h"
#include "pipeline/pages_impl.h"

static int open_pages(const struct middleware_env *env, void **self, struct err *err)
{
    const struct pages_options o = {.timeout = PAGES_TIMEOUT_NONE, .site_wide = true};
    (void)err;
    *self = pages_new(env, &o);
    return 0;
}

static void close_pages(void *self)
{
    pages_free(self);
}

/* The page; or NULL: go on, unless an exception is set. */
static struct response *fetch(struct pages *p, struct request *r)
{
    bool fresh;
    int status;
    if (r->method != METHOD_GET && r->method != METHOD_HEAD) {
        r->page_update = PAGE_UPDATE_NO;
        return NULL;
    }
    if (page_need_place(p, r) != 0)
        return NULL;
    struct page_visit *v = page_visit_new(p, r);
    struct response *page = v ? page_lookup(v, &fresh, &status) : NULL;
    if (page)
        return page_serve(v, page, "hit");
    r->page_update = PAGE_UPDATE_YES;
    return NULL;
}

static void update(struct pages *p, struct request *r, struct response *response)
{
    struct exception before = r->exception;
    if (r->page_update != PAGE_UPDATE_YES || page_need_place(p, r) != 0)
        return;
    struct page_visit *v = page_visit_new(p, r);
    if (v)
        page_keep(v, response);
    r->exception = before;
}

static struct response *fetch_call(void *self, struct request *r, const struct layer *next)
{
    struct response *page = fetch(self, r);
    return page || r->exception.kind ? page : middleware_next(next, r);
}

static struct response *update_call(void *self, struct request *r, const struct layer *next)
{
    struct response *response = middleware_next(next, r);
    update(self, r, response);
    return response;
}

static struct response *cache_call(void *self, struct request *r, const struct layer *next)
{
    struct response *response = fetch(self, r);
    if (response || r->exception.kind)
        return response;
    response = middleware_next(next, r);
    update(self, r, response);
    return response;
}

const struct middleware_ops middleware_fetch_from_cache = {
    .name = "perilune.middleware.fetch_from_cache",
    .open = open_pages,
    .close = close_pages,
    .call = fetch_call,
};

const struct middleware_ops middleware_update_cache = {
    .name = "perilune.middleware.update_cache",
    .open = open_pages,
    .close = close_pages,
    .call = update_call,
};

const struct middleware_ops middleware_cache = {
    .name = "perilune.middleware.cache",
    .open = open_pages,
    .close = close_pages,
    .call = cache_call,
};
