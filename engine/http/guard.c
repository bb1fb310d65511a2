/* SPDX-License-Identifier: MIT */
/* What libmicrohttpd 0.9.75 does not check and a server must: the request line, the
 * framing of the body, and field names.  Runs before any handler; what does not pass
 * is answered with one short response and the connection is closed, so that nothing
 * behind it is taken for another request.
 *
 * Facts about the library that this relies on (tests/http/raw.py holds them):
 *   - the header iterator shows every field, duplicates too;
 *   - folded lines are glued to the *name*, so that the value no longer stands right
 *     behind it: a pointer comparison finds them;
 *   - a '\0' written behind the '?' of the target keeps it from parsing the query. */
#include "http/server_impl.h"

#include "base/bytes8.h"
#include "base/utf8.h"
#include "http/percent.h"

static int refuse(struct exchange *x, int status, const char *why)
{
    if (!x->refused) {
        x->refused = status;
        x->why = why;
    }
    return -1;
}

/* ---- request line ---- */

/* What a target holds.  Of what a URL may not have raw, browsers send some in queries, so
 * only what is dangerous is refused: controls, space, '#', bytes above 0x7e. */
enum { HAS_BAD = 1, HAS_MARK = 2, HAS_PERCENT = 4 };

static const unsigned char target_chars[256] = {
    [0 ... ' '] = HAS_BAD, ['#'] = HAS_BAD,     [0x7f ... 0xff] = HAS_BAD,
    ['?'] = HAS_MARK,      ['%'] = HAS_PERCENT,
};

static unsigned look_at(struct str target)
{
    unsigned seen = target.n ? 0 : HAS_BAD;
    for (size_t i = 0; i < target.n; i++)
        seen |= target_chars[(unsigned char)target.p[i]];
    return seen;
}

static size_t count_fields(struct str query)
{
    size_t n = query.n > 0;
    for (const char *p = query.p, *end = query.p + query.n;
         p && (p = memchr(p, '&', (size_t)(end - p))); p++)
        n++;
    return n;
}

/* "http://host/path" is cut to "/path"; the host is held against Host later. */
static struct str cut_authority(struct exchange *x, struct str path)
{
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < 2; i++) {
        if (path.n > schemes[i].n && str_ieq(str_head(path, schemes[i].n), schemes[i])) {
            struct str rest = str_skip(path, schemes[i].n);
            size_t slash = str_index(rest, '/');
            x->authority = str_head(rest, slash);
            return slash < rest.n ? str_skip(rest, slash) : STR("/");
        }
    }
    return path;
}

static int decode_path(struct exchange *x)
{
    struct request *r = &x->request;
    struct buf b = BUF_INIT;
    unsigned found = percent_decode(&b, r->raw_path, false);
    r->path = arena_str(&x->arena, buf_str(&b));
    buf_release(&b);
    if (found & PERCENT_NUL)
        return refuse(x, 400, "the path holds a NUL byte");
    if (!utf8_valid(r->path))
        return refuse(x, 400, "the path is not UTF-8");
    return 0;
}

static int take_query(struct exchange *x, const char *uri, size_t mark)
{
    struct request *r = &x->request;
    ((char *)(uintptr_t)uri)[mark + 1] = '\0'; /* the query is ours to parse */
    r->query_string = str_skip(r->target, mark + 1);
    if (count_fields(r->query_string) > x->server->options.limits.data_upload_max_number_fields)
        return refuse(x, 400, "more query fields than setting data_upload_max_number_fields");
    return 0;
}

int guard_target(struct exchange *x, const char *uri)
{
    struct request *r = &x->request;
    size_t mark;
    unsigned seen;

    r->target = arena_str(&x->arena, str_from(uri));
    seen = look_at(r->target);
    mark = seen & HAS_MARK ? str_index(r->target, '?') : r->target.n;
    if (r->target.n > x->server->options.limits.request_uri_max_bytes)
        refuse(x, 414, "the target is longer than setting request_uri_max_bytes");
    else if (seen & HAS_BAD)
        refuse(x, 400, "the target holds bytes that may not stand in one");
    if (seen & HAS_MARK && take_query(x, uri, mark) != 0)
        return -1;
    if (x->refused)
        return -1;
    r->path = r->raw_path = cut_authority(x, str_head(r->target, mark));
    return seen & HAS_PERCENT ? decode_path(x) : 0;
}

static int check_method(struct exchange *x, const char *method)
{
    struct request *r = &x->request;
    struct str name = str_from(method);
    r->method = http_method_parse(name);
    r->method_name =
        r->method == METHOD_OTHER ? arena_str(&x->arena, name) : http_method_name(r->method);
    if (r->method == METHOD_OTHER && !header_name_valid(name))
        return refuse(x, 400, "the method is no token");
    if (r->method == METHOD_TRACE)
        return refuse(x, 405, "TRACE is switched off");
    if (r->method == METHOD_CONNECT || r->method == METHOD_OTHER)
        return refuse(x, 501, "the method is not known");
    if (r->target.n == 1 && r->target.p[0] == '*') {
        if (r->method != METHOD_OPTIONS)
            return refuse(x, 400, "the target '*' is for OPTIONS only");
        return refuse(x, 204, "");
    }
    if (r->raw_path.n == 0 || r->raw_path.p[0] != '/')
        return refuse(x, 400, "the target does not begin with '/'");
    return 0;
}

/* ---- header fields ---- */

struct scan {
    struct exchange *x;
    size_t bytes;
    unsigned count, hosts, lengths, encodings;
    struct str host, length, encoding;
};

enum { NAME_BAD = 1, NAME_UNDERSCORE = 2 };

/* Letters, digits and these are tokens. */
static const unsigned char name_chars[256] = {
    [0 ... ' '] = NAME_BAD,  ['"'] = NAME_BAD, ['('] = NAME_BAD,         [')'] = NAME_BAD,
    [','] = NAME_BAD,        ['/'] = NAME_BAD, [':' ... '@'] = NAME_BAD, ['[' ... ']'] = NAME_BAD,
    ['_'] = NAME_UNDERSCORE, ['{'] = NAME_BAD, ['}'] = NAME_BAD,         [0x7f ... 0xff] = NAME_BAD,
};

static unsigned look_at_name(struct str name)
{
    unsigned seen = name.n ? 0 : NAME_BAD;
    for (size_t i = 0; i < name.n; i++)
        seen |= name_chars[(unsigned char)name.p[i]];
    return seen;
}

static bool is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static bool value_clean(struct str v)
{
    size_t i = 0;
    for (; i + 8 <= v.n; i += 8) {
        uint64_t w = bytes8_load(v.p + i);
        if (bytes8_below(w, ' ') | bytes8_has(w, 0x7f))
            break; /* maybe a tab */
    }
    for (; i < v.n; i++)
        if (is_control(v.p[i]))
            return false;
    return true;
}

/* Only spaces and tabs may stand between "name:" and the value. */
static bool folded(struct str name, struct str value)
{
    const char *p = name.p + name.n + 1;
    if (value.p < p || value.p - p > 65536)
        return true;
    for (; p < value.p; p++)
        if (*p != ' ' && *p != '\t')
            return true;
    return false;
}

static void note_framing(struct scan *s, struct str name, struct str value)
{
    switch (name.n) {
    case 4:
        if (str_ieq(name, STR("host"))) {
            s->hosts++;
            s->host = value;
        }
        break;
    case 14:
        if (str_ieq(name, STR("content-length"))) {
            s->lengths++;
            s->length = value;
        }
        break;
    case 17:
        if (str_ieq(name, STR("transfer-encoding"))) {
            s->encodings++;
            s->encoding = value;
        }
        break;
    default:
        break;
    }
}

static enum MHD_Result each_field(void *cls, enum MHD_ValueKind kind, const char *key,
                                  size_t key_size, const char *val, size_t val_size)
{
    struct scan *s = cls;
    struct exchange *x = s->x;
    const struct http_limits *l = &x->server->options.limits;
    struct headers *h = &x->request.headers;
    struct str name = str_make(key, key_size);
    struct str value = val ? str_make(val, val_size) : STR("");
    unsigned seen = look_at_name(name);

    (void)kind;
    s->bytes += name.n + value.n + 4;
    if (++s->count > l->request_header_max_count) {
        refuse(x, 431, "more header fields than setting request_header_max_count");
        return MHD_NO;
    }
    if (s->bytes > l->request_header_max_bytes) {
        refuse(x, 431, "more header bytes than setting request_header_max_bytes");
        return MHD_NO;
    }
    if (seen & NAME_BAD || !val || folded(name, value)) {
        refuse(x, 400, "a header field name is no token, or a line is folded");
        return MHD_NO;
    }
    if (!value_clean(value)) {
        refuse(x, 400, "a header field value holds control characters");
        return MHD_NO;
    }
    if (seen &
        NAME_UNDERSCORE) /* "X_Real_IP" would look like X-Real-IP to whoever turns '-' into '_' */
        return MHD_YES;
    note_framing(s, name, value);
    headers_put(h, name, value);
    return MHD_YES;
}

static int check_framing(struct exchange *x, const struct scan *s)
{
    struct request *r = &x->request;
    bool http11 = str_eq(r->version, STR("HTTP/1.1"));
    if (s->hosts > 1 || (http11 && s->hosts == 0))
        return refuse(x, 400, "there must be exactly one Host field");
    if (s->lengths > 1 || s->encodings > 1 || (s->lengths && s->encodings))
        return refuse(x, 400, "the length of the body is given twice");
    if (s->encodings) {
        if (!http11 || !str_ieq(s->encoding, STR("chunked")))
            return refuse(x, 400, "Transfer-Encoding must be chunked");
        x->chunked = x->has_body = true;
    }
    if (s->lengths) {
        if (!str_to_uint64(s->length, &x->content_length))
            return refuse(x, 400, "Content-Length is no number");
        x->has_body = x->content_length > 0;
    }
    if (x->authority.p && s->hosts && !str_ieq(x->authority, s->host))
        return refuse(x, 400, "the target and the Host field name different hosts");
    return 0;
}

int guard_header(struct exchange *x, const char *method, const char *version)
{
    struct request *r = &x->request;
    struct scan s = {.x = x};
    r->version = strcmp(version, "HTTP/1.1") == 0   ? STR("HTTP/1.1")
                 : strcmp(version, "HTTP/1.0") == 0 ? STR("HTTP/1.0")
                                                    : arena_str(&x->arena, str_from(version));
    headers_init(&r->headers, &x->arena);
    if (check_method(x, method) != 0)
        return -1;
    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, each_field, &s);
    if (x->refused)
        return -1;
    return check_framing(x, &s);
}
