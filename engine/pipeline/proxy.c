/* SPDX-License-Identifier: MIT */
#include "pipeline/proxy.h"

#include "base/mem.h"
#include "http/request.h"
#include "settings/settings.h"
#include "value/ip.h"

#define HOPS_MAX 32 /* addresses looked at: a chain of proxies is short */

/* IPv4 as ::ffff:a.b.c.d, so that there is one kind. */
struct address {
    unsigned char bytes[16];
};

struct network {
    struct address address;
    unsigned bits;
};

struct proxy {
    struct network *networks;
    size_t n;
    bool unix_sockets;
    struct str header, value; /* secure_proxy_ssl_header; header n 0: not set */
};

/* ---- addresses ---- */

static bool parse_address(struct str s, struct address *a, bool *v4)
{
    *a = (struct address){{0}};
    *v4 = ip_parse_v4(s, a->bytes + 12);
    if (*v4)
        a->bytes[10] = a->bytes[11] = 0xff;
    return *v4 || ip_parse_v6(s, a->bytes);
}

/* One item of X-Forwarded-For: with a port or brackets, as some proxies write it. */
static bool parse_hop(struct str *s, struct address *a)
{
    bool v4;
    *s = str_trim(*s);
    if (s->n && s->p[0] == '[')
        *s = str_head(str_skip(*s, 1), str_index(str_skip(*s, 1), ']'));
    else if (str_has(*s, '.') && str_index(*s, ':') < s->n &&
             str_index(*s, '.') < str_index(*s, ':'))
        *s = str_head(*s, str_index(*s, ':'));
    return parse_address(*s, a, &v4);
}

static bool in_network(const struct network *w, const struct address *a)
{
    unsigned whole = w->bits / 8, rest = w->bits % 8;
    if (memcmp(w->address.bytes, a->bytes, whole) != 0)
        return false;
    return !rest || !((w->address.bytes[whole] ^ a->bytes[whole]) >> (8 - rest));
}

static bool trusts(const struct proxy *p, const struct address *a)
{
    for (size_t i = 0; i < p->n; i++)
        if (in_network(&p->networks[i], a))
            return true;
    return false;
}

static bool trusts_peer(const struct proxy *p, struct str peer)
{
    struct address a;
    bool v4;
    if (str_starts(peer, STR("unix:")))
        return p->unix_sockets;
    return p->n && parse_address(peer, &a, &v4) && trusts(p, &a);
}

/* ---- settings ---- */

static int parse_network(struct str text, struct network *w, struct err *err)
{
    size_t slash = str_index(text, '/');
    uint64_t bits;
    bool v4;
    if (!parse_address(str_head(text, slash), &w->address, &v4))
        return err_set(err, ERR_CONFIG,
                       "setting 'trusted_proxies': '%.*s' is no address, no network such as "
                       "'10.0.0.0/8' and not 'unix:'",
                       STR_ARG(str_head(text, 100)));
    bits = v4 ? 32 : 128;
    if (slash < text.n &&
        (!str_to_uint64(str_skip(text, slash + 1), &bits) || bits > (v4 ? 32u : 128u)))
        return err_set(err, ERR_CONFIG,
                       "setting 'trusted_proxies': '%.*s' has no number of bits from 0 to %d "
                       "behind its slash",
                       STR_ARG(str_head(text, 100)), v4 ? 32 : 128);
    w->bits = (unsigned)bits + (v4 ? 96 : 0);
    return 0;
}

static int read_networks(struct proxy *p, struct strs list, struct err *err)
{
    p->networks = mem_zalloc(mem_mul(list.n + 1, sizeof *p->networks));
    for (size_t i = 0; i < list.n; i++) {
        if (str_starts(list.items[i], STR("unix:")))
            p->unix_sockets = true;
        else if (parse_network(str_trim(list.items[i]), &p->networks[p->n], err) != 0)
            return -1;
        else
            p->n++;
    }
    return 0;
}

/* Django names header fields as CGI does: HTTP_X_FORWARDED_PROTO. */
static int read_header(struct proxy *p, struct strs pair, struct err *err)
{
    if (pair.n == 0)
        return 0;
    if (pair.n != 2)
        return err_set(err, ERR_CONFIG,
                       "setting 'secure_proxy_ssl_header' must be a header and its value for "
                       "https: { \"HTTP_X_FORWARDED_PROTO\", \"https\" }");
    struct str name = pair.items[0];
    if (str_starts(name, STR("HTTP_")))
        name = str_skip(name, 5);
    char *copy = mem_strndup(name.p, name.n);
    for (size_t i = 0; i < name.n; i++)
        if (copy[i] == '_')
            copy[i] = '-';
    p->header = str_make(copy, name.n);
    p->value = pair.items[1];
    return 0;
}

int proxy_open(struct proxy **out, const struct settings *s, struct err *err)
{
    struct strs trusted = settings_list(s, SETTING_trusted_proxies);
    struct strs header = settings_list(s, SETTING_secure_proxy_ssl_header);
    *out = NULL;
    if (!trusted.n && !header.n)
        return 0;
    struct proxy *p = mem_zalloc(sizeof *p);
    if (read_networks(p, trusted, err) != 0 || read_header(p, header, err) != 0) {
        proxy_close(p);
        return -1;
    }
    *out = p;
    return 0;
}

void proxy_close(struct proxy *p)
{
    if (p) {
        free((void *)p->header.p);
        free(p->networks);
        free(p);
    }
}

/* ---- requests ---- */

/* Cuts the last item off a list with commas. */
static bool last_item(struct str *list, struct str *item)
{
    size_t i = list->n;
    if (!list->p)
        return false;
    while (i && list->p[i - 1] != ',')
        i--;
    *item = str_skip(*list, i);
    *list = i ? str_head(*list, i - 1) : STR_NULL;
    return true;
}

/* The client's address, from the right; gives the number of items gone through. */
static unsigned find_client(const struct proxy *p, struct request *r)
{
    unsigned hops = 0;
    for (unsigned i = r->headers.n; i-- > 0;) {
        struct str item, list = r->headers.items[i].value;
        if (!str_ieq(r->headers.items[i].name, STR("X-Forwarded-For")))
            continue;
        while (last_item(&list, &item)) {
            struct address a;
            if (hops == HOPS_MAX || !parse_hop(&item, &a))
                return hops; /* not to be read: the proxy before it is the last we know */
            hops++;
            r->remote_addr = item;
            if (!trusts(p, &a))
                goto found;
        }
    }
found:
    if (hops)
        r->remote_addr = arena_str(r->arena, r->remote_addr);
    return hops;
}

/* The protocol that stands as far from the right as the client's address did; the leftmost
 * when the list is shorter, which is what proxies that replace the field send. */
static bool forwarded_https(const struct request *r, unsigned hops)
{
    struct str item = STR_NULL, list = headers_get(&r->headers, STR("X-Forwarded-Proto"));
    unsigned i = 0;
    while ((i == 0 || i < hops) && last_item(&list, &item))
        i++;
    return item.p ? str_ieq(str_trim(item), STR("https")) : r->secure_transport;
}

void proxy_apply(const struct proxy *p, struct request *r)
{
    if (trusts_peer(p, r->peer_addr)) {
        unsigned hops = find_client(p, r);
        r->proxied = true;
        r->secure_transport = forwarded_https(r, hops);
    }
    if (p->header.n) {
        struct str value = headers_get(&r->headers, p->header);
        if (value.p)
            r->secure_transport =
                str_eq(str_trim(str_head(value, str_index(value, ','))), p->value);
    }
}
