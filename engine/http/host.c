/* SPDX-License-Identifier: MIT */
#include "http/host.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "http/printable.h"
#include "value/unicode.h"

#define URL_MAX 2048 /* code points */

/* ---- the Host header ---- */

/* Length of "name.example" or "[::1]" at the start; 0 when there is neither. */
static size_t domain_length(struct str s)
{
    size_t i = 0;
    if (s.n && s.p[0] == '[') {
        size_t colon = 0;
        for (i = 1; i < s.n && s.p[i] != ']'; i++) {
            if (s.p[i] == ':' && !colon)
                colon = i;
            else if (char_hex(s.p[i]) < 0 && (!colon || (s.p[i] != ':' && s.p[i] != '.')))
                return 0;
        }
        return i < s.n && colon && colon + 1 < i ? i + 1 : 0;
    }
    while (i < s.n &&
           (char_is_alpha(s.p[i]) || char_is_digit(s.p[i]) || s.p[i] == '.' || s.p[i] == '-'))
        i++;
    return i;
}

bool host_split(struct arena *a, struct str host, struct str *domain, struct str *port)
{
    size_t n = domain_length(host);
    struct str rest = str_skip(host, n);

    *domain = *port = STR("");
    if (n == 0 || (rest.n && (rest.p[0] != ':' || rest.n < 2)))
        return false;
    rest = str_skip(rest, 1);
    for (size_t i = 0; i < rest.n; i++)
        if (!char_is_digit(rest.p[i]))
            return false;
    uint64_t number;
    if (rest.n && (!str_to_uint64(rest, &number) || number > 65535))
        return false;
    if (host.p[n - 1] == '.')
        n--;
    if (n == 0)
        return false;
    char *lower = arena_strndup(a, host.p, n);
    for (size_t i = 0; i < n; i++)
        lower[i] = char_lower(lower[i]);
    *domain = str_make(lower, n);
    *port = rest.n ? arena_str(a, rest) : STR("");
    return true;
}

bool host_is_same_domain(struct str host, struct str pattern)
{
    if (pattern.n == 0)
        return false;
    if (pattern.p[0] != '.')
        return str_ieq(host, pattern);
    if (host.n >= pattern.n)
        return str_ieq(str_skip(host, host.n - pattern.n), pattern);
    return str_ieq(host, str_skip(pattern, 1));
}

bool host_allowed(struct str domain, const struct str *patterns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(patterns[i], STR("*")) || host_is_same_domain(domain, patterns[i]))
            return true;
    return false;
}

int host_check(struct arena *a, struct str host, const struct str *patterns, size_t n, bool debug,
               struct err *err)
{
    const struct str local[] = {STR(".localhost"), STR("127.0.0.1"), STR("[::1]")};
    struct str domain, port;
    struct buf shown = BUF_INIT;

    if (debug && n == 0) {
        patterns = local;
        n = sizeof local / sizeof *local;
    }
    bool valid = host_split(a, host, &domain, &port);
    if (valid && host_allowed(domain, patterns, n))
        return 0;
    log_escape(&shown, str_head(host, 120));
    if (valid)
        err_set(err, ERR_DENIED,
                "Invalid HTTP_HOST header: '%s'. You may need to add '%.*s' to allowed_hosts.",
                shown.data, STR_ARG(str_head(domain, 120)));
    else
        err_set(err, ERR_DENIED,
                "Invalid HTTP_HOST header: '%s'. The domain name provided is not valid according "
                "to RFC 1034/1035.",
                shown.data);
    buf_release(&shown);
    return -1;
}

/* ---- redirects ---- */

/* Cuts "scheme:" off the url; the scheme is left as it was written. */
static struct str take_scheme(struct str *url)
{
    size_t colon = str_index(*url, ':');
    if (colon == url->n || colon == 0 || !char_is_alpha(url->p[0]))
        return STR("");
    for (size_t i = 1; i < colon; i++) {
        char c = url->p[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '+' && c != '-' && c != '.')
            return STR("");
    }
    struct str scheme = str_head(*url, colon);
    *url = str_skip(*url, colon + 1);
    return scheme;
}

static struct str take_netloc(struct str *url)
{
    size_t n = 2;
    if (url->n < 2 || url->p[0] != '/' || url->p[1] != '/')
        return STR("");
    while (n < url->n && !memchr("/?#", url->p[n], 3))
        n++;
    struct str netloc = str_make(url->p + 2, n - 2);
    *url = str_skip(*url, n);
    return netloc;
}

static bool brackets_match(struct str netloc)
{
    return str_has(netloc, '[') == str_has(netloc, ']');
}

static bool is_one_of(struct str host, const struct str *hosts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(host, hosts[i]))
            return true;
    return false;
}

static bool check_url(struct str url, const struct str *hosts, size_t n, bool require_https)
{
    uint32_t first;
    if (str_starts(url, STR("///")) || utf8_len(url) > URL_MAX)
        return false;
    if (utf8_decode(url, &first) == 0 || codepoint_is_control(first))
        return false;
    struct str scheme = take_scheme(&url), netloc = take_netloc(&url);
    if (!brackets_match(netloc) || (netloc.n == 0 && scheme.n))
        return false;
    if (netloc.n && !is_one_of(netloc, hosts, n))
        return false;
    if (netloc.n && scheme.n == 0)
        scheme = STR("http");
    return scheme.n == 0 || str_ieq(scheme, STR("https")) ||
           (!require_https && str_ieq(scheme, STR("http")));
}

/* As browsers read it: without tabs and line ends, and with "\" for "/" or not. */
static bool check_both(struct str url, const struct str *hosts, size_t n, bool require_https)
{
    struct buf plain = BUF_INIT;
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] != '\t' && url.p[i] != '\r' && url.p[i] != '\n')
            buf_addc(&plain, url.p[i]);
    bool ok = plain.n && check_url(buf_str(&plain), hosts, n, require_https);
    for (size_t i = 0; i < plain.n; i++)
        if (plain.data[i] == '\\')
            plain.data[i] = '/';
    ok = ok && check_url(buf_str(&plain), hosts, n, require_https);
    buf_release(&plain);
    return ok;
}

bool url_has_allowed_host_and_scheme(struct str url, const struct str *hosts, size_t n,
                                     bool require_https)
{
    url = unicode_strip(url);
    if (url.n == 0 || url.n > (size_t)4 * URL_MAX)
        return false;
    return check_both(url, hosts, n, require_https);
}
