/* SPDX-License-Identifier: MIT */
/* perilune.middleware.conditional_get: an ETag for pages that have none, and 304 for
 * clients that have the page already. */
#include "base/clock.h"
#include "http/conditional.h"
#include "http/http_date.h"
#include "pipeline/builtins.h"

/* 412 instead of the response, with its cookies. */
static struct response *precondition_failed(struct response *response)
{
    headers_init(&response->headers, &response->arena);
    headers_put(&response->headers, STR("Content-Type"), STR("text/html; charset=utf-8"));
    response_clear_body(response);
    response->status = 412;
    response->reason = STR_NULL;
    return response;
}

static bool may_store(const struct response *response)
{
    struct str part, rest = headers_get(&response->headers, STR("Cache-Control"));
    if (!rest.n)
        return true;
    while (str_split(&rest, ',', &part))
        if (str_ieq(str_trim(part), STR("no-store")))
            return false;
    return true;
}

static struct response *conditional_get_call(void *self, struct request *r,
                                             const struct layer *next)
{
    struct response *response = middleware_next(next, r);
    int64_t now, changed = LAST_MODIFIED_NONE;
    (void)self;
    if (r->method != METHOD_GET || response->status < 200 || response->status > 299)
        return response;

    struct str etag = headers_get(&response->headers, STR("ETag"));
    struct str modified = headers_get(&response->headers, STR("Last-Modified"));
    if (!etag.p && response->status == 200 && response->kind == RESPONSE_BYTES &&
        response->bytes.n && may_store(response))
        etag = conditional_add_etag(response);
    if ((!etag.p && !modified.p) || !conditional_asked(&r->headers))
        return response;
    now = clock_realtime() / CLOCK_SECOND;
    if (modified.n && !http_date_parse(modified, now, &changed))
        changed = LAST_MODIFIED_NONE;
    switch (conditional_check(&r->headers, true, etag, changed, now)) {
    case CONDITIONAL_NOT_MODIFIED:
        conditional_not_modified(response);
        break;
    case CONDITIONAL_FAILED:
        return precondition_failed(response);
    case CONDITIONAL_PASS:
        break;
    }
    return response;
}

const struct middleware_ops middleware_conditional_get = {
    .name = "perilune.middleware.conditional_get",
    .call = conditional_get_call,
};
