/* SPDX-License-Identifier: MIT */
/* perilune.middleware.security: from http to https, and the header fields that tell
 * browsers to be careful.  A field that the response has already is left alone. */
#include "base/mem.h"
#include "pipeline/builtins.h"
#include "pipeline/patterns.h"
#include "pipeline/redirect.h"
#include "pipeline/request_host.h"

#include <inttypes.h>

struct security {
    const struct settings *settings;
    bool redirect, nosniff;
    struct patterns exempt;
    struct str ssl_host;
    struct str hsts, referrer, opener; /* n 0: not sent */
    struct arena arena;
};

/* "max-age=31536000; includeSubDomains; preload" */
static struct str hsts_value(struct arena *a, const struct settings *s)
{
    int64_t seconds = settings_int(s, SETTING_secure_hsts_seconds);
    if (seconds == 0)
        return STR("");
    return str_from(arena_printf(
        a, "max-age=%" PRId64 "%s%s", seconds,
        settings_bool(s, SETTING_secure_hsts_include_subdomains) ? "; includeSubDomains" : "",
        settings_bool(s, SETTING_secure_hsts_preload) ? "; preload" : ""));
}

/* The policies in order, each one a fallback for browsers that do not know the next. */
static struct str referrer_value(struct arena *a, const struct settings *s)
{
    struct strs list = settings_list(s, SETTING_secure_referrer_policy);
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < list.n; i++) {
        struct str part, rest = list.items[i];
        while (str_split(&rest, ',', &part)) { /* one string may name several */
            part = str_trim(part);
            if (part.n && b.n)
                buf_addc(&b, ',');
            buf_addstr(&b, part);
        }
    }
    struct str value = arena_str(a, buf_str(&b));
    buf_release(&b);
    return value;
}

static int check_value(enum setting_id id, struct str value, struct err *err)
{
    if (header_value_valid(value))
        return 0;
    return err_set(err, ERR_CONFIG, "setting '%s' goes into a header: no line ends or NUL in it",
                   setting_rows[id].name);
}

static void security_close(void *self)
{
    struct security *c = self;
    patterns_release(&c->exempt);
    arena_release(&c->arena);
    free(c);
}

static int security_open(const struct middleware_env *env, void **self, struct err *err)
{
    const struct settings *s = env->settings;
    struct security *c = mem_zalloc(sizeof *c);
    arena_init(&c->arena, 256);
    c->settings = s;
    c->redirect = settings_bool(s, SETTING_secure_ssl_redirect);
    c->nosniff = settings_bool(s, SETTING_secure_content_type_nosniff);
    c->ssl_host = settings_str(s, SETTING_secure_ssl_host);
    c->hsts = hsts_value(&c->arena, s);
    c->referrer = referrer_value(&c->arena, s);
    c->opener = settings_str(s, SETTING_secure_cross_origin_opener_policy);
    if (check_value(SETTING_secure_referrer_policy, c->referrer, err) != 0 ||
        check_value(SETTING_secure_cross_origin_opener_policy, c->opener, err) != 0 ||
        patterns_open(&c->exempt, s, SETTING_secure_redirect_exempt, err) != 0) {
        security_close(c);
        return -1;
    }
    *self = c;
    return 0;
}

static bool is_exempt(const struct security *c, struct str path)
{
    while (path.n && path.p[0] == '/')
        path = str_skip(path, 1);
    return patterns_search(&c->exempt, path);
}

static struct response *to_https(const struct security *c, struct request *r)
{
    struct str host = c->ssl_host;
    struct buf url = BUF_INIT;
    if (!host.n && request_host(r, c->settings, &host) != 0)
        return NULL;
    buf_adds(&url, "https://");
    buf_addstr(&url, host);
    request_full_path(r, false, &url);
    struct response *response = redirect_permanent(buf_str(&url));
    buf_release(&url);
    return response;
}

static struct response *security_call(void *self, struct request *r, const struct layer *next)
{
    const struct security *c = self;
    struct response *response;
    if (c->redirect && !r->secure_transport && !is_exempt(c, r->path))
        response = to_https(c, r);
    else
        response = middleware_next(next, r);
    if (!response)
        return NULL;
    if (r->secure_transport)
        layer_header(response, STR("Strict-Transport-Security"), c->hsts);
    if (c->nosniff)
        layer_header(response, STR("X-Content-Type-Options"), STR("nosniff"));
    layer_header(response, STR("Referrer-Policy"), c->referrer);
    layer_header(response, STR("Cross-Origin-Opener-Policy"), c->opener);
    return response;
}

const struct middleware_ops middleware_security = {
    .name = "perilune.middleware.security",
    .open = security_open,
    .close = security_close,
    .call = security_call,
};
