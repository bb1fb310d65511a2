/* SPDX-License-Identifier: MIT */
/* Filters that make HTML, or take it apart, and those for URLs and scripts. */
#include "template/filters.h"
#include "value/html.h"
#include "value/url.h"

#include "base/banned.h"

/* Whether the text of v has to be escaped by a filter that makes HTML of it. */
static bool escapes(const struct render *r, struct tval v)
{
    return r->autoescape && !tval_is_safe(v);
}

static void add(struct buf *out, struct str s, bool escape)
{
    if (escape)
        html_escape(out, s);
    else
        buf_addstr(out, s);
}

/* ---- escaping ---- */

FILTER(escape)
{
    (void)f, (void)arg;
    return render_conditional_escape(r, *v, v);
}

FILTER(force_escape)
{
    (void)f, (void)arg;
    size_t start = r->scratch.n;
    if (!html_needs_escape(tval_text(*v))) {
        *v = tval_safe(tval_text(*v));
        return 0;
    }
    html_escape(&r->scratch, tval_text(*v));
    *v = render_cut(r, start, true);
    return 0;
}

FILTER(safe)
{
    (void)r, (void)f, (void)arg;
    *v = tval_safe(tval_text(*v));
    return 0;
}

FILTER(escapejs)
{
    (void)f, (void)arg;
    size_t start = r->scratch.n;
    html_escapejs(&r->scratch, tval_text(*v));
    *v = render_cut(r, start, true);
    return 0;
}

/* The value as JSON in a script element; the argument is its id. */
FILTER(json_script)
{
    (void)f;
    struct buf json = BUF_INIT;
    size_t start = r->scratch.n;
    bool has_id = false;
    int failed = arg ? render_truth(r, *arg, &has_id) : 0;
    if (!failed)
        failed = r->ops->json(r, *v, &json);
    buf_adds(&r->scratch, "<script");
    if (!failed && has_id) {
        buf_adds(&r->scratch, " id=\"");
        failed = filter_add_escaped(r, *arg);
        buf_addc(&r->scratch, '"');
    }
    buf_adds(&r->scratch, " type=\"application/json\">");
    html_escape_json(&r->scratch, buf_str(&json));
    buf_adds(&r->scratch, "</script>");
    buf_release(&json);
    if (failed) {
        buf_cut(&r->scratch, start);
        return -1;
    }
    *v = render_cut(r, start, true);
    return 0;
}

/* ---- lines ---- */

/* The part of *rest before the next line end, and the bytes of that (0: none follows). */
static struct str next_line(struct str *rest, size_t *end)
{
    size_t i = 0;
    while (i < rest->n && rest->p[i] != '\n' && rest->p[i] != '\r')
        i++;
    struct str line = str_head(*rest, i);
    *rest = str_skip(*rest, i);
    *end = filter_line_end(*rest);
    *rest = str_skip(*rest, *end);
    return line;
}

FILTER(linebreaks)
{
    (void)f, (void)arg;
    struct str rest = tval_text(*v);
    bool escape = escapes(r, *v);
    size_t start = r->scratch.n, end;
    buf_adds(&r->scratch, "<p>");
    do {
        add(&r->scratch, next_line(&rest, &end), escape);
        unsigned ends = end > 0;
        for (size_t n; ends > 0 && (n = filter_line_end(rest)) > 0; ends = 2)
            rest = str_skip(rest, n);
        if (ends > 0)
            buf_adds(&r->scratch, ends == 1 ? "<br>" : "</p>\n\n<p>");
    } while (end > 0);
    buf_adds(&r->scratch, "</p>");
    *v = render_cut(r, start, true);
    return 0;
}

FILTER(linebreaksbr)
{
    (void)f, (void)arg;
    struct str rest = tval_text(*v);
    bool escape = escapes(r, *v);
    size_t start = r->scratch.n, end;
    do {
        add(&r->scratch, next_line(&rest, &end), escape);
        if (end > 0)
            buf_adds(&r->scratch, "<br>");
    } while (end > 0);
    *v = render_cut(r, start, true);
    return 0;
}

static int digits_of(size_t n)
{
    int digits = 1;
    for (; n > 9; n /= 10)
        digits++;
    return digits;
}

/* Numbers have leading zeros, so that all have one width. */
FILTER(linenumbers)
{
    (void)f, (void)arg;
    struct str rest = tval_text(*v), line;
    bool escape = escapes(r, *v);
    size_t start = r->scratch.n, lines = 1;
    for (size_t i = 0; i < rest.n; i++)
        lines += rest.p[i] == '\n';
    int width = digits_of(lines);
    for (size_t i = 1; i <= lines; i++) {
        size_t end = str_index(rest, '\n');
        line = str_head(rest, end);
        rest = str_skip(rest, end + 1);
        for (int k = digits_of(i); k < width; k++)
            buf_addc(&r->scratch, '0');
        buf_addint(&r->scratch, (int64_t)i);
        buf_adds(&r->scratch, ". ");
        add(&r->scratch, line, escape);
        if (i < lines)
            buf_addc(&r->scratch, '\n');
    }
    *v = render_cut(r, start, true);
    return 0;
}

/* ---- tags ---- */

FILTER(striptags)
{
    (void)f, (void)arg;
    struct err err;
    size_t start = r->scratch.n;
    if (html_strip_tags(&r->scratch, tval_text(*v), &err))
        return render_fail(r, "SuspiciousOperation", "%s", err.msg);
    *v = render_cut(r, start, false);
    return 0;
}

static int urlize(struct render *r, struct tval *v, int64_t limit)
{
    struct html_urlize options = {
        .trim_url_limit = limit,
        .nofollow = true,
        .autoescape = r->autoescape,
        .safe = tval_is_safe(*v),
        .http = r->urlize_http,
    };
    size_t start = r->scratch.n;
    html_urlize(&r->scratch, tval_text(*v), &options);
    *v = render_cut(r, start, true);
    return 0;
}

FILTER(urlize)
{
    (void)f, (void)arg;
    return urlize(r, v, -1);
}

FILTER(urlizetrunc)
{
    (void)f;
    int64_t limit;
    if (filter_need_int(r, *arg, &limit))
        return -1;
    return urlize(r, v, limit > 0 ? limit : 0);
}

/* ---- URLs ---- */

FILTER(urlencode)
{
    (void)f;
    struct str safe = STR("/");
    size_t start = r->scratch.n, n = 0;
    char chars[129]; /* of ASCII, each once */
    bool seen[128] = {true};
    if (arg && filter_arg_text(r, arg, &safe))
        return -1;
    for (size_t i = 0; i < safe.n; i++) {
        unsigned char c = (unsigned char)safe.p[i];
        if (c < sizeof seen && !seen[c])
            chars[n++] = (char)c;
        seen[c & 127] = seen[c & 127] || c < sizeof seen;
    }
    chars[n] = '\0';
    url_quote(&r->scratch, tval_text(*v), chars);
    *v = render_cut(r, start, false);
    return 0;
}

FILTER(iriencode)
{
    (void)f, (void)arg;
    size_t start = r->scratch.n;
    url_quote(&r->scratch, tval_text(*v), "/#%[]=:;$&()+,!?*@'~");
    *v = render_cut(r, start, false);
    return 0;
}
