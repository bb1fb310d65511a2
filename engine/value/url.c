/* SPDX-License-Identifier: MIT */
#include "value/url.h"

#include "value/ip.h"
#include "value/unicode.h"

/* ---- parts ---- */

static bool is_scheme_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* The length of "scheme" before ":", or 0. */
static size_t scheme_length(struct str s)
{
    size_t n = 0;
    if (s.n == 0 || !char_is_alpha(s.p[0]))
        return 0;
    while (n < s.n && is_scheme_char(s.p[n]))
        n++;
    return n < s.n && s.p[n] == ':' ? n : 0;
}

/* Characters whose compatibility form has a delimiter in it would move the host. */
static bool netloc_is_plain(struct str netloc)
{
    struct buf kept = BUF_INIT, form = BUF_INIT;
    bool plain = true;
    for (size_t i = 0; i < netloc.n; i++)
        if (!strchr("@:#?", netloc.p[i] ? netloc.p[i] : 'x'))
            buf_addc(&kept, netloc.p[i]);
    unicode_normalize(&form, buf_str(&kept), UNICODE_NFKC);
    if (!str_eq(buf_str(&form), buf_str(&kept)))
        for (size_t i = 0; i < form.n; i++)
            plain = plain && !strchr("/?#@:", form.data[i] ? form.data[i] : 'x');
    buf_release(&kept);
    buf_release(&form);
    return plain;
}

/* Brackets in pairs, and in the first an IPv6 address (or "vX.", a form of the
 * future). */
static bool brackets_fit(struct str netloc)
{
    unsigned char address[16];
    bool open = str_has(netloc, '['), close = str_has(netloc, ']');
    if (!open || !close)
        return open == close;
    struct str host = str_skip(netloc, str_index(netloc, '[') + 1);
    host = str_head(host, str_index(host, ']'));
    if (host.n > 2 && (host.p[0] == 'v' || host.p[0] == 'V') && str_has(host, '.'))
        return true;
    return ip_parse_v6(host, address);
}

int url_split(struct str s, struct url *out, struct err *err)
{
    *out = (struct url){.path = s};
    size_t n = scheme_length(s);
    if (n) {
        out->scheme = str_head(s, n);
        s = str_skip(s, n + 1);
    }
    if (str_starts(s, STR("//"))) {
        s = str_skip(s, 2);
        for (n = 0; n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#';)
            n++;
        out->netloc = str_head(s, n);
        s = str_skip(s, n);
        if (!brackets_fit(out->netloc))
            return err_set(err, ERR_SYNTAX, "invalid IPv6 address in a URL");
        if (!netloc_is_plain(out->netloc))
            return err_set(err, ERR_SYNTAX, "invalid characters in the host of a URL");
    }
    n = str_index(s, '#');
    out->fragment = str_skip(s, n + 1);
    s = str_head(s, n);
    n = str_index(s, '?');
    out->query = str_skip(s, n + 1);
    out->path = str_head(s, n);
    return 0;
}

struct str url_host(struct str netloc)
{
    for (size_t i = netloc.n; i-- > 0;)
        if (netloc.p[i] == '@') {
            netloc = str_skip(netloc, i + 1);
            break;
        }
    size_t open = str_index(netloc, '[');
    struct str host = open < netloc.n ? str_skip(netloc, open + 1) : netloc;
    host = str_head(host, str_index(host, open < netloc.n ? ']' : ':'));
    return host.n ? host : STR_NULL;
}

/* ---- percent-encoding ---- */

static void add_percent(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    char three[3] = {'%', digits[c >> 4], digits[c & 15]};
    buf_add(out, three, 3);
}

static bool is_unreserved(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '_' || c == '.' || c == '-' || c == '~';
}

void url_quote(struct buf *out, struct str s, const char *safe)
{
    buf_reserve(out, s.n);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (is_unreserved(c) || (c && strchr(safe, c)))
            buf_addc(out, c);
        else
            add_percent(out, (unsigned char)c);
    }
}

void url_quote_plus(struct buf *out, struct str s)
{
    size_t start = out->n;
    url_quote(out, s, " ");
    for (size_t i = start; i < out->n; i++)
        if (out->data[i] == ' ')
            out->data[i] = '+';
}

void url_unquote(struct buf *out, struct str s, bool plus)
{
    struct buf bytes = BUF_INIT;
    buf_reserve(&bytes, s.n);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%' && i + 2 < s.n && char_hex(s.p[i + 1]) >= 0 && char_hex(s.p[i + 2]) >= 0) {
            c = (char)(char_hex(s.p[i + 1]) << 4 | char_hex(s.p[i + 2]));
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        buf_addc(&bytes, c);
    }
    utf8_add_replaced(out, buf_str(&bytes));
    buf_release(&bytes);
}

/* ---- quoting what may be quoted ---- */

#define DELIMITERS "!$&'()*+,;=:/?#[]@"

static void requote(struct buf *out, struct str s)
{
    struct buf plain = BUF_INIT;
    url_unquote(&plain, s, false);
    url_quote(out, buf_str(&plain), DELIMITERS);
    buf_release(&plain);
}

/* A name or a value of a query: decoded as one, and once more, then encoded. */
static void requote_part(struct buf *out, struct str s)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    url_unquote(&once, s, true);
    url_unquote(&twice, buf_str(&once), false);
    url_quote_plus(out, buf_str(&twice));
    buf_release(&once);
    buf_release(&twice);
}

static void requote_query(struct buf *out, struct str query)
{
    struct str pair;
    bool first = true;
    while (str_split(&query, '&', &pair)) {
        if (pair.n == 0)
            continue;
        if (!first)
            buf_addc(out, '&');
        first = false;
        size_t n = str_index(pair, '=');
        requote_part(out, str_head(pair, n));
        buf_addc(out, '=');
        requote_part(out, str_skip(pair, n + 1));
    }
}

static void add_lower(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(out, char_lower(s.p[i]));
}

/* Schemes of which "//" is a part even before an empty host. */
static bool has_authority(struct str scheme)
{
    static const char *const names[] = {
        "ftp", "http",    "gopher", "nntp",  "telnet",   "imap",    "wais",  "file",
        "mms", "https",   "shttp",  "snews", "prospero", "rtsp",    "rtspu", "rsync",
        "svn", "svn+ssh", "sftp",   "nfs",   "git",      "git+ssh", "ws",    "wss"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_ieq(scheme, str_from(names[i])))
            return true;
    return false;
}

static void join_parts(struct buf *out, const struct url *u)
{
    if (u->scheme.n) {
        add_lower(out, u->scheme);
        buf_addc(out, ':');
    }
    if (u->netloc.n || (has_authority(u->scheme) && !str_starts(u->path, STR("//")))) {
        buf_adds(out, "//");
        requote(out, u->netloc);
        if (u->path.n && u->path.p[0] != '/')
            buf_addc(out, '/');
    }
    requote(out, u->path);
    struct buf query = BUF_INIT;
    requote_query(&query, u->query);
    if (query.n) {
        buf_addc(out, '?');
        buf_addstr(out, buf_str(&query));
    }
    buf_release(&query);
    if (u->fragment.n) {
        buf_addc(out, '#');
        requote(out, u->fragment);
    }
}

void url_smart_quote(struct buf *out, struct str s)
{
    struct buf clean = BUF_INIT;
    struct url u;
    /* As browsers do: no control characters or spaces in front, no line ends and
     * tabs anywhere. */
    struct str url = s;
    while (url.n > 0 && (unsigned char)url.p[0] <= ' ')
        url = str_skip(url, 1);
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] != '\t' && url.p[i] != '\r' && url.p[i] != '\n')
            buf_addc(&clean, url.p[i]);
    if (url_split(buf_str(&clean), &u, NULL) < 0)
        requote(out, s);
    else
        join_parts(out, &u);
    buf_release(&clean);
}
