/* SPDX-License-Identifier: MIT */
#include "pipeline/request_host.h"

#include "http/host.h"
#include "settings/settings.h"

struct str request_port(const struct request *r, const struct settings *s)
{
    struct str port = STR_NULL;
    if (settings_bool(s, SETTING_use_x_forwarded_port))
        port = headers_get(&r->headers, STR("X-Forwarded-Port"));
    return port.p ? port : str_from(arena_printf(r->arena, "%u", (unsigned)r->server_port));
}

/* What the request says, unchecked. */
static struct str said(const struct request *r, const struct settings *s)
{
    struct str host = STR_NULL;
    if (settings_bool(s, SETTING_use_x_forwarded_host))
        host = headers_get(&r->headers, STR("X-Forwarded-Host"));
    if (!host.p)
        host = headers_get(&r->headers, STR("Host"));
    if (host.p)
        return host;
    /* HTTP/1.0 without a Host: the server's own name and port. */
    struct str port = request_port(r, s);
    if (str_eq(port, r->secure_transport ? STR("443") : STR("80")))
        return r->server_name;
    return str_from(arena_printf(r->arena, "%.*s:%.*s", STR_ARG(r->server_name), STR_ARG(port)));
}

static int check(struct request *r, const struct settings *s, struct str host)
{
    struct strs allowed = settings_list(s, SETTING_allowed_hosts);
    struct err err;
    if (host_check(r->arena, host, allowed.items, allowed.n, settings_bool(s, SETTING_debug),
                   &err) != 0) {
        request_raise(r, EXCEPTION_SUSPICIOUS, "DisallowedHost", "%s", err.msg);
        return -1;
    }
    return 0;
}

int request_host(struct request *r, const struct settings *s, struct str *host)
{
    if (!r->host.p) {
        *host = said(r, s);
        if (check(r, s, *host) != 0)
            return -1;
        r->host = *host;
    }
    *host = r->host;
    return 0;
}

int request_host_memo(struct host_memo *m, struct request *r, const struct settings *s,
                      struct str *host)
{
    if (r->host.p)
        return request_host(r, s, host);
    *host = said(r, s);
    if (!m->n || !str_eq(*host, str_make(m->text, m->n))) {
        if (check(r, s, *host) != 0)
            return -1;
        if (host->n <= sizeof m->text) {
            memcpy(m->text, host->p, host->n);
            m->n = host->n;
        }
    }
    r->host = *host;
    return 0;
}
