/* SPDX-License-Identifier: MIT */
/* perilune.middleware.common: refuses user agents, checks the host, and brings clients to
 * the one right form of a URL: with www. (prepend_www), with the slash at its end
 * (append_slash). */
#include "base/mem.h"
#include "http/percent.h"
#include "http/urls.h"
#include "pipeline/builtins.h"
#include "pipeline/patterns.h"
#include "pipeline/pipeline.h"
#include "pipeline/redirect.h"
#include "pipeline/request_host.h"

struct common {
    const struct middleware_env *env; /* the routes may come after the layer is made */
    struct patterns agents;
    bool append_slash, prepend_www;
    struct host_memo host;
};

static void common_close(void *self)
{
    struct common *c = self;
    patterns_release(&c->agents);
    free(c);
}

static int common_open(const struct middleware_env *env, void **self, struct err *err)
{
    struct common *c = mem_zalloc(sizeof *c);
    c->env = env;
    c->append_slash = settings_bool(env->settings, SETTING_append_slash);
    c->prepend_www = settings_bool(env->settings, SETTING_prepend_www);
    if (patterns_open(&c->agents, env->settings, SETTING_disallowed_user_agents, err) != 0) {
        free(c);
        return -1;
    }
    *self = c;
    return 0;
}

/* Only the URL with a slash leads somewhere, and the view there does not object.
 * A converter of the author's may wait. */
static bool wants_slash(const struct common *c, struct request *r)
{
    const struct url_match *match;
    const struct view *view;
    struct err err;
    if (!c->append_slash || !c->env->urls || str_ends(r->path, STR("/")) ||
        url_is_valid_path(c->env->urls, r->path, r))
        return false;
    struct str slashed = str_from(arena_printf(r->arena, "%.*s/", STR_ARG(r->path)));
    if (url_resolve(c->env->urls, slashed, r->arena, r, &match, &err) != 1)
        return false;
    view = match->view;
    return !view || !view->no_append_slash;
}

static const char *method_with_data(const struct request *r)
{
    switch (r->method) {
    case METHOD_POST:
        return "POST";
    case METHOD_PUT:
        return "PUT";
    case METHOD_PATCH:
        return "PATCH";
    case METHOD_DELETE:
        return "DELETE";
    default:
        return NULL;
    }
}

/* Adds the path with its slash; -1 when the redirect would lose data and somebody is
 * there to be told. */
static int slashed_path(const struct common *c, struct request *r, struct buf *out)
{
    struct buf path = BUF_INIT;
    request_full_path(r, true, &path);
    size_t from = out->n;
    escape_leading_slashes(out, buf_str(&path)); /* "//host/" would be another site */
    buf_release(&path);
    const char *method = c->env->debug ? method_with_data(r) : NULL;
    if (!method)
        return 0;
    struct str shown = str_head(str_skip(buf_str(out), from), 400);
    request_raise(r, EXCEPTION_ERROR, "RuntimeError",
                  "You called this URL via %s, but the URL doesn't end in a slash and append_slash "
                  "is set. A redirect to the URL with the slash would lose the %s data. Change the "
                  "form to point to %.*s%.*s (note the trailing slash), or set append_slash = "
                  "false in settings.lua.",
                  method, method, STR_ARG(str_head(r->host, 200)), STR_ARG(shown));
    return -1;
}

static struct response *to_www(const struct common *c, struct request *r, struct str host)
{
    struct buf url = BUF_INIT;
    struct response *response = NULL;
    buf_adds(&url, r->secure_transport ? "https://www." : "http://www.");
    buf_addstr(&url, host);
    /* One redirect for both. */
    if (wants_slash(c, r)) {
        if (slashed_path(c, r, &url) != 0)
            goto out;
    } else {
        request_full_path(r, false, &url);
    }
    response = redirect_permanent(buf_str(&url));
out:
    buf_release(&url);
    return response;
}

static struct response *to_slash(const struct common *c, struct request *r,
                                 struct response *not_found)
{
    struct buf path = BUF_INIT;
    struct response *response = NULL;
    if (slashed_path(c, r, &path) == 0)
        response = redirect_permanent(buf_str(&path));
    buf_release(&path);
    response_unref(not_found);
    return response;
}

static void set_length(struct response *response)
{
    uint64_t n;
    char digits[24], *p = digits + sizeof digits;
    if (!response_length(response, &n) || headers_has(&response->headers, STR("Content-Length")))
        return;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    headers_put(&response->headers, STR("Content-Length"),
                arena_str(&response->arena, str_make(p, (size_t)(digits + sizeof digits - p))));
}

static struct response *common_call(void *self, struct request *r, const struct layer *next)
{
    struct common *c = self;
    struct response *response;
    struct str host;
    if (c->agents.n) {
        struct str agent = headers_get(&r->headers, STR("User-Agent"));
        if (agent.p && patterns_search(&c->agents, agent))
            return request_raise(r, EXCEPTION_PERMISSION_DENIED, "PermissionDenied",
                                 "Forbidden user agent");
    }
    if (request_host_memo(&c->host, r, c->env->settings, &host) != 0)
        return NULL;
    if (c->prepend_www && host.n && !str_starts(host, STR("www.")))
        response = to_www(c, r, host);
    else
        response = middleware_next(next, r);
    if (response && response->status == 404 && wants_slash(c, r))
        response = to_slash(c, r, response);
    if (response)
        set_length(response);
    return response;
}

const struct middleware_ops middleware_common = {
    .name = "perilune.middleware.common",
    .open = common_open,
    .close = common_close,
    .call = common_call,
};
