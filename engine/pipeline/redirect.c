/* SPDX-License-Identifier: MIT */
#include "pipeline/redirect.h"

#include "http/percent.h"

void request_full_path(const struct request *r, bool slash, struct buf *out)
{
    escape_uri_path(out, r->path);
    if (slash && !str_ends(r->path, STR("/")))
        buf_addc(out, '/');
    if (r->query_string.n) {
        buf_addc(out, '?');
        iri_to_uri(out, r->query_string);
    }
}

struct response *redirect_permanent(struct str url)
{
    struct response *response = response_new(301);
    struct buf location = BUF_INIT;
    iri_to_uri(&location, url); /* leaves no CR, LF or NUL */
    headers_put(&response->headers, STR("Content-Type"), STR("text/html; charset=utf-8"));
    headers_put(&response->headers, STR("Location"),
                arena_str(&response->arena, buf_str(&location)));
    buf_release(&location);
    return response;
}
