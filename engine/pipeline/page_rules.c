/* SPDX-License-Identifier: MIT */
/* Which responses are for everybody, and for how long. */
#include "pipeline/pages_impl.h"

#include "base/clock.h"
#include "http/cache_control.h"
#include "http/cookie.h"
#include "settings/settings.h"

enum { YEAR = 31536000 }; /* what clients are told of a page that is kept for ever */

/* Is the directive in Cache-Control, with or without a value? */
static bool has_directive(const struct response *response, struct str name)
{
    for (unsigned i = 0; i < response->headers.n; i++) {
        struct str rest = response->headers.items[i].value, part;
        if (!str_ieq(response->headers.items[i].name, STR("Cache-Control")))
            continue;
        while (str_split(&rest, ',', &part))
            if (str_ieq(str_trim(str_head(part, str_index(part, '='))), name))
                return true;
    }
    return false;
}

static bool varies_on(const struct response *response, struct str wanted)
{
    for (unsigned i = 0; i < response->headers.n; i++) {
        struct str rest = response->headers.items[i].value, name;
        if (!str_ieq(response->headers.items[i].name, STR("Vary")))
            continue;
        while (str_split(&rest, ',', &name))
            if (str_ieq(str_trim(name), wanted))
                return true;
    }
    return false;
}

/* What is said to somebody who says who he is, is said to him: unless the view says that it is
 * for all, or there is a page for each (RFC 9111, section 3.5). */
static bool is_for_one(const struct request *r, const struct response *response)
{
    return headers_has(&r->headers, STR("Authorization")) &&
           !has_directive(response, STR("public")) && !has_directive(response, STR("s-maxage")) &&
           !has_directive(response, STR("must-revalidate")) &&
           !varies_on(response, STR("Authorization"));
}

static const char *first_cookie(const struct request *r, const struct response *response)
{
    if (response->cookies)
        return arena_printf(r->arena, "it sets a cookie (%.*s)", STR_ARG(response->cookies->name));
    return headers_has(&response->headers, STR("Set-Cookie")) ? "it sets a cookie" : NULL;
}

/* Django's order. */
const char *page_refusal(const struct pages *p, const struct request *r,
                         const struct response *response, int64_t *seconds)
{
    const char *why;
    if (response->kind != RESPONSE_BYTES)
        return "it is streamed or a file";
    if (response->status != 200 && response->status != 304)
        return arena_printf(r->arena, "its status is %d", response->status);
    if ((why = first_cookie(r, response)))
        return why;
    if (has_directive(response, STR("private")))
        return "Cache-Control says private";
    if (has_directive(response, STR("no-store")))
        return "Cache-Control says no-store";
    if (varies_on(response, STR("*")))
        return "it says Vary: *";
    if (is_for_one(r, response))
        return "the request has an Authorization header, and the page is not marked as public";
    if (r->csp_nonce.n)
        return "it has a CSP nonce, which is for one response";
    if (response->csp[0] || response->csp[1])
        return "it has a CSP policy of its own; put csp.override around cache.page";
    if (!page_fits(response))
        return "it is too large";
    *seconds = p->o.timeout;
    if (p->o.timeout != PAGES_TIMEOUT_NONE)
        return NULL;
    if (!cache_control_max_age(&response->headers, seconds))
        *seconds = (int64_t)settings_float(p->settings, SETTING_cache_middleware_seconds);
    else if (*seconds <= 0)
        return "Cache-Control says max-age=0";
    return NULL;
}

void page_patch(struct response *response, int64_t seconds)
{
    struct err err;
    int64_t told =
        seconds == PAGES_TIMEOUT_FOREVER || seconds > 10 * (int64_t)YEAR ? YEAR : seconds;
    cache_control_expire(&response->headers, told, clock_realtime() / CLOCK_SECOND, &err);
}
