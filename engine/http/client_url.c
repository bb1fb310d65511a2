/* SPDX-License-Identifier: MIT */
/* URLs of the HTTP client, with libcurl's own parser: what is checked is what is used. */
#include "base/log.h"
#include "http/client_impl.h"

#include <locale.h>

/* ---- messages ---- */

/* Where the password of "scheme://user:password@host" lies; n 0: there is none. */
static struct str find_password(struct str url)
{
    size_t start = str_find(url, STR("://"));
    struct str rest = start < url.n ? str_skip(url, start + 3) : url, user;
    size_t end = 0, at = 0, colon;
    while (end < rest.n && !strchr("/?#", rest.p[end]))
        if (rest.p[end++] == '@')
            at = end - 1;
    user = str_head(rest, at);
    colon = str_index(user, ':');
    return str_skip(user, colon + 1);
}

void client_url_mask(struct buf *out, struct str url)
{
    enum { SHOWN_MAX = 200 };
    struct str password = find_password(url);
    if (password.n) {
        log_escape(out, str_head(url, (size_t)(password.p - url.p)));
        buf_adds(out, "***");
        url = str_skip(url, (size_t)(password.p - url.p) + password.n);
    }
    log_escape(out, str_head(url, SHOWN_MAX));
    if (url.n > SHOWN_MAX)
        buf_adds(out, "...");
}

/* ---- parts ---- */

char *client_url_part(const struct client *c, CURLU *u, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return c->curl.url_get(u, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static void add_part(const struct client *c, CURLU *u, CURLUPart part, unsigned flags,
                     struct buf *out)
{
    char *text = client_url_part(c, u, part, flags);
    if (text)
        buf_adds(out, text);
    c->curl.free(text);
}

void client_url_origin(const struct client *c, CURLU *u, struct buf *out)
{
    size_t host;
    add_part(c, u, CURLUPART_SCHEME, 0, out);
    buf_adds(out, "://");
    host = out->n;
    add_part(c, u, CURLUPART_HOST, 0, out);
    for (size_t i = host; i < out->n; i++)
        out->data[i] = char_lower(out->data[i]);
    buf_addc(out, ':');
    add_part(c, u, CURLUPART_PORT, CURLU_DEFAULT_PORT, out);
}

void client_url_add(const struct client *c, CURLU *u, struct buf *out)
{
    add_part(c, u, CURLUPART_URL, 0, out);
}

void client_url_drop_user(const struct client *c, CURLU *u)
{
    c->curl.url_set(u, CURLUPART_USER, NULL, 0);
    c->curl.url_set(u, CURLUPART_PASSWORD, NULL, 0);
}

static int check_scheme(const struct client *c, CURLU *u, struct err *err)
{
    char *scheme = client_url_part(c, u, CURLUPART_SCHEME, 0);
    bool http = scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    if (!http)
        err_set(err, ERR_INVALID, "scheme '%.40s' is not http or https", scheme ? scheme : "");
    c->curl.free(scheme);
    return http ? 0 : -1;
}

/* libcurl takes any number of slashes; other parsers do not, and an app may have looked
 * at the host with one of them. */
static bool odd_slashes(struct str text)
{
    size_t n = 0;
    while (n < text.n && (char_is_alpha(text.p[n]) || char_is_digit(text.p[n])))
        n++;
    if (n == 0 || n == text.n || text.p[n] != ':')
        return false;
    text = str_skip(text, n + 1);
    return !str_starts(text, STR("//")) || str_starts(text, STR("///"));
}

/* An international host name goes out in ASCII. libcurl reads it in the locale's
 * encoding, and ours is "C". */
static int encode_host(const struct client *c, CURLU *u, struct err *err)
{
    char *host = client_url_part(c, u, CURLUPART_HOST, 0), *ascii = NULL;
    bool plain = true;
    int status = 0;
    for (const char *p = host; p && *p; p++)
        plain = plain && (unsigned char)*p < 0x80;
    if (!plain) {
        locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        locale_t before = uselocale(utf8);
        ascii = client_url_part(c, u, CURLUPART_HOST, CURLU_PUNYCODE);
        uselocale(before);
        if (utf8)
            freelocale(utf8);
        if (!ascii || c->curl.url_set(u, CURLUPART_HOST, ascii, 0) != CURLUE_OK)
            status = err_set(err, ERR_INVALID, "the URL's host is no domain name");
    }
    c->curl.free(ascii);
    c->curl.free(host);
    return status;
}

int client_url_set(const struct client *c, CURLU *u, struct str text, struct err *err)
{
    enum { URL_MAX = 65536 };
    char *copy;
    CURLUcode code;
    if (text.n > URL_MAX)
        return err_set(err, ERR_INVALID, "the URL is longer than %d bytes", URL_MAX);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return err_set(err, ERR_INVALID,
                           "the URL holds a line end or another control character");
    if (odd_slashes(text))
        return err_set(err, ERR_INVALID, "the URL has no '//' and host behind its scheme");
    copy = mem_strndup(text.p, text.n);
    code = c->curl.url_set(u, CURLUPART_URL, copy, CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME);
    free(copy);
    if (code == CURLUE_BAD_SCHEME || code == CURLUE_MALFORMED_INPUT)
        return err_set(err, ERR_INVALID,
                       "the URL is not absolute: it begins with http:// or https://");
    if (code != CURLUE_OK)
        return err_set(err, ERR_INVALID, "the URL does not parse: %s", c->curl.url_strerror(code));
    return check_scheme(c, u, err) != 0 ? -1 : encode_host(c, u, err);
}
