/* SPDX-License-Identifier: MIT */
#include "value/html_parse.h"

#include "value/html.h"
#include "value/unicode.h"

/* Start tags that turn out to have no end are read again as data, tag by tag.
 * Past this many readings of the whole text it is an attack. */
#define WASTE_MAX(n) ((n)*8 + 65536)

/* For a construct whose end is not there. */
#define NOT_ENDED SIZE_MAX

void html_parse_init(struct html_parse *p, struct str s, const struct html_events *events,
                     void *self, bool decode)
{
    *p = (struct html_parse){.s = s, .events = events, .self = self, .decode = decode};
    buf_init(&p->name);
    buf_init(&p->text);
    const char *semicolon = s.n ? memrchr(s.p, ';', s.n) : NULL;
    p->last_semicolon = semicolon ? (size_t)(semicolon - s.p) : s.n;
}

void html_parse_release(struct html_parse *p)
{
    buf_release(&p->name);
    buf_release(&p->text);
}

/* ---- searches ---- */

static bool search_known(const struct html_search *h, size_t from)
{
    return h->valid && from >= h->from && from <= h->found;
}

static size_t search_char(struct html_parse *p, struct html_search *h, size_t from, char c)
{
    if (from >= p->s.n)
        return p->s.n;
    if (search_known(h, from))
        return h->found;
    /* Before what is known, only the gap is new. */
    bool gap = h->valid && from < h->from;
    size_t to = gap ? h->from : p->s.n;
    const char *hit = memchr(p->s.p + from, c, to - from);
    *h = (struct html_search){from, hit ? (size_t)(hit - p->s.p) : gap ? h->found : p->s.n, true};
    return h->found;
}

static size_t skip_space(const struct html_parse *p, size_t i)
{
    for (size_t n; i < p->s.n && (n = unicode_space(str_skip(p->s, i))) > 0;)
        i += n;
    return i;
}

/* Position of `first`, then per character of `rest` white space and it: "--\s*>" is
 * ("--", ">"), "]\s*]\s*>" is ("]", "]>").  The end is in *after. */
static size_t search_spaced(struct html_parse *p, struct html_search *h, size_t from,
                            const char *first, const char *rest, size_t *after)
{
    struct str head = str_from(first);
    size_t i = search_known(h, from) ? h->found : from;
    for (; i < p->s.n; i++) {
        i += str_find(str_skip(p->s, i), head);
        size_t j = i + head.n;
        const char *c = rest;
        for (; *c && i < p->s.n; c++, j++) {
            j = skip_space(p, j);
            if (j >= p->s.n || p->s.p[j] != *c)
                break;
        }
        if (!*c && i < p->s.n) {
            *after = j;
            break;
        }
    }
    *h = (struct html_search){from, i < p->s.n ? i : p->s.n, true};
    return h->found;
}

/* ---- events ---- */

static void emit_data(struct html_parse *p, size_t from, size_t to)
{
    struct str text = str_make(p->s.p + from, to - from);
    if (p->decode && p->raw_element.n == 0) {
        buf_reset(&p->text);
        html_unescape(&p->text, text);
        text = buf_str(&p->text);
    }
    p->stopped = !p->events->data(p->self, text);
}

static struct str lower_name(struct html_parse *p, size_t from, size_t to)
{
    buf_reset(&p->name);
    unicode_lower(&p->name, str_make(p->s.p + from, to - from));
    return buf_str(&p->name);
}

/* ---- start tags ---- */

static bool is_name_end(char c)
{
    return c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == ' ' || c == '/' || c == '>' ||
           c == '\0';
}

static size_t name_end(const struct html_parse *p, size_t i)
{
    while (i < p->s.n && !is_name_end(p->s.p[i]))
        i++;
    return i;
}

/* The end of a run without white space and without the characters of `stops`. */
static size_t run_end(const struct html_parse *p, size_t i, const char *stops)
{
    while (i < p->s.n) {
        uint32_t cp;
        size_t n = unicode_next(str_skip(p->s, i), &cp);
        if (unicode_is_space(cp) || (cp < 0x80 && cp > 0 && strchr(stops, (int)cp)))
            break;
        i += n;
    }
    return i;
}

/* The end of "= value" behind an attribute's name at i, or i when there is none.
 * A quote that is never closed opens no value, but what stands before it may: the
 * white space or the second sign between "=" and the quote, where an expression
 * that goes back to try again would find an empty or a bare one. */
static size_t attribute_value(struct html_parse *p, size_t i)
{
    size_t sign = skip_space(p, i), behind = sign;
    while (behind < p->s.n && p->s.p[behind] == '=')
        behind++;
    if (behind == sign)
        return i;
    size_t value = skip_space(p, behind);
    if (value < p->s.n && (p->s.p[value] == '"' || p->s.p[value] == '\'')) {
        char quote = p->s.p[value];
        size_t close = search_char(p, quote == '"' ? &p->twice : &p->single, value + 1, quote);
        if (close < p->s.n)
            return close + 1;
        if (value > behind)
            return value;
        if (behind - sign < 2)
            return i;
        value = behind - 1;
    }
    return run_end(p, value, ">");
}

/* White space and slashes; with `keep_end`, not the slash of "/>". */
static size_t skip_separators(const struct html_parse *p, size_t i, bool keep_end)
{
    while (i < p->s.n) {
        size_t n = unicode_space(str_skip(p->s, i));
        bool closes = i + 1 < p->s.n && p->s.p[i + 1] == '>';
        if (n == 0 && p->s.p[i] == '/' && !(keep_end && closes))
            n = 1;
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

/* Whether an attribute can begin at i: behind white space, a slash or a quote. */
static bool attribute_at(const struct html_parse *p, size_t i)
{
    uint32_t cp;
    if (i >= p->s.n || p->s.p[i] == '>' || p->s.p[i] == '/')
        return false;
    unicode_last(str_head(p->s, i), &cp);
    return cp == '\'' || cp == '"' || cp == '/' || unicode_is_space(cp);
}

struct start_tag {
    size_t name_end, end;
    bool self_closing;
    bool broken; /* no tag after all: [start, end) is data */
};

/* Reads the tag at p->at; false when it has no end. */
static bool start_tag_read(struct html_parse *p, struct start_tag *t)
{
    *t = (struct start_tag){.name_end = 0};
    if (search_char(p, &p->gt, p->at, '>') == p->s.n)
        return false;
    size_t i = t->name_end = name_end(p, p->at + 1);
    i = skip_separators(p, i, false);
    t->self_closing = i > t->name_end && p->s.p[i - 1] == '/';
    while (attribute_at(p, i)) {
        uint32_t cp;
        i += unicode_next(str_skip(p->s, i), &cp);
        i = skip_separators(p, attribute_value(p, run_end(p, i, "/=>")), true);
        t->self_closing = false;
    }
    char stop = i < p->s.n ? p->s.p[i] : '=';
    if (stop == '>' || stop == '/') {
        t->self_closing = t->self_closing || stop == '/';
        t->end = i + (stop == '/' ? 2 : 1);
        return true;
    }
    if (char_is_alpha(stop) || stop == '=') {
        p->wasted += i - p->at;
        return false;
    }
    t->broken = true;
    t->end = i;
    return true;
}

static size_t parse_start_tag(struct html_parse *p)
{
    static const struct str raw[] = {STR_INIT("script"), STR_INIT("style")};
    struct start_tag t;
    if (!start_tag_read(p, &t))
        return NOT_ENDED;
    if (t.broken) {
        emit_data(p, p->at, t.end);
        return t.end;
    }
    struct str name = lower_name(p, p->at + 1, t.name_end);
    struct str source = str_make(p->s.p + p->at, t.end - p->at);
    p->stopped = !p->events->start_tag(p->self, source, name, t.self_closing);
    for (size_t i = 0; i < 2 && !t.self_closing; i++)
        if (str_eq(name, raw[i]))
            p->raw_element = raw[i];
    return t.end;
}

/* ---- end tags ---- */

/* "</" name ">", nothing but white space beside the name: the name's end, else 0. */
static size_t plain_end_tag(const struct html_parse *p, size_t *name)
{
    size_t i = *name = skip_space(p, p->at + 2);
    if (i >= p->s.n || !char_is_alpha(p->s.p[i]))
        return 0;
    while (i < p->s.n && (char_is_alpha(p->s.p[i]) || char_is_digit(p->s.p[i]) ||
                          (p->s.p[i] && strchr("-.:_", p->s.p[i]))))
        i++;
    size_t end = i;
    i = skip_space(p, i);
    return i < p->s.n && p->s.p[i] == '>' ? end : 0;
}

static size_t parse_end_tag(struct html_parse *p)
{
    size_t gt = search_char(p, &p->gt, p->at + 2, '>'), name;
    if (gt == p->s.n)
        return NOT_ENDED;
    size_t end = plain_end_tag(p, &name);
    if (!end) {
        if (p->raw_element.n) {
            emit_data(p, p->at, gt + 1);
            return gt + 1;
        }
        name = p->at + 2;
        if (!char_is_alpha(p->s.p[name])) /* "</>", or a comment of sorts */
            return gt + 1;
        end = name_end(p, name);
    }
    struct str tag = lower_name(p, name, end);
    if (p->raw_element.n && !str_eq(tag, p->raw_element)) {
        emit_data(p, p->at, gt + 1);
        return gt + 1;
    }
    p->raw_element.n = 0;
    p->stopped = !p->events->end_tag(p->self, tag);
    return gt + 1;
}

/* ---- comments and declarations ---- */

static size_t after_gt(struct html_parse *p, size_t from)
{
    size_t gt = search_char(p, &p->gt, from, '>');
    return gt == p->s.n ? NOT_ENDED : gt + 1;
}

static size_t after_spaced(struct html_parse *p, struct html_search *h, size_t from,
                           const char *first, const char *rest)
{
    size_t after = NOT_ENDED;
    search_spaced(p, h, from, first, rest, &after);
    return after;
}

static size_t parse_marked_section(struct html_parse *p)
{
    static const char *const marked[] = {"temp", "cdata", "ignore", "include", "rcdata"};
    static const char *const office[] = {"if", "else", "endif"};
    size_t start = p->at + 3, i = start;
    while (i < p->s.n && (char_is_alpha(p->s.p[i]) || char_is_digit(p->s.p[i]) ||
                          (p->s.p[i] && strchr("-_.", p->s.p[i]))))
        i++;
    struct str name = str_make(p->s.p + start, i - start);
    if (start == p->s.n || skip_space(p, i) == p->s.n)
        return NOT_ENDED;
    for (size_t k = 0; k < sizeof marked / sizeof *marked; k++)
        if (str_ieq(name, str_from(marked[k])))
            return after_spaced(p, &p->section_end, start, "]", "]>");
    for (size_t k = 0; k < sizeof office / sizeof *office; k++)
        if (str_ieq(name, str_from(office[k])))
            return after_spaced(p, &p->ms_section_end, start, "]", ">");
    return after_gt(p, p->at + 2);
}

/* "<!" or "<?" at p->at: where it ends. */
static size_t parse_declaration(struct html_parse *p)
{
    struct str rest = str_skip(p->s, p->at);
    if (str_starts(rest, STR("<!--")))
        return after_spaced(p, &p->comment_end, p->at + 4, "--", ">");
    if (str_starts(rest, STR("<![")))
        return parse_marked_section(p);
    return after_gt(p, p->at + (str_ieq(str_head(rest, 9), STR("<!doctype")) ? 9 : 2));
}

/* ---- references, when they are not decoded ---- */

/* Both take the reference at p->at, or give false: none, or one cut off by the end. */
static bool take_number_ref(struct html_parse *p)
{
    size_t start = p->at + 2, i = start;
    bool hex = i < p->s.n && (p->s.p[i] == 'x' || p->s.p[i] == 'X');
    size_t digits = i += hex;
    while (i < p->s.n && (hex ? char_hex(p->s.p[i]) >= 0 : char_is_digit(p->s.p[i])))
        i++;
    if (i == digits || i == p->s.n || char_hex(p->s.p[i]) >= 0)
        return false;
    p->at = p->s.p[i] == ';' ? i + 1 : i;
    p->stopped = !p->events->number_ref(p->self, str_make(p->s.p + start, i - start));
    return true;
}

static bool take_name_ref(struct html_parse *p)
{
    size_t start = p->at + 1, i = start, cut = 0;
    if (i >= p->s.n || !char_is_alpha(p->s.p[i]))
        return false;
    for (; i < p->s.n; i++) {
        char c = p->s.p[i];
        if (c == '-' || c == '.')
            cut = i;
        else if (!char_is_alpha(c) && !char_is_digit(c))
            break;
    }
    if (i == p->s.n) {
        if (cut == 0)
            return false;
        i = cut;
    }
    p->at = p->s.p[i] == ';' ? i + 1 : i;
    p->stopped = !p->events->name_ref(p->self, str_make(p->s.p + start, i - start));
    return true;
}

/* At "&": false ends the run. */
static bool parse_reference(struct html_parse *p, bool end)
{
    struct str rest = str_skip(p->s, p->at);
    if (str_starts(rest, STR("&#"))) {
        if (take_number_ref(p))
            return true;
        if (p->last_semicolon < p->s.n && p->last_semicolon >= p->at) {
            emit_data(p, p->at, p->at + 2);
            p->at += 2;
        }
        return false;
    }
    if (take_name_ref(p))
        return true;
    if (rest.n < 2)
        return false;
    if (char_is_alpha(rest.p[1])) {
        if (end && rest.n == 2)
            p->at++; /* the sign is lost, as it is there */
        return false;
    }
    emit_data(p, p->at, p->at + 1);
    p->at++;
    return true;
}

/* ---- the walk ---- */

/* "</script" at or behind `from`, closed by ">"; s.n when there is none. */
static size_t raw_element_end(const struct html_parse *p, size_t from)
{
    for (size_t i = from; i < p->s.n; i++) {
        i += str_find(str_skip(p->s, i), STR("</"));
        if (i >= p->s.n)
            break;
        size_t j = skip_space(p, i + 2);
        if (!str_ieq(str_head(str_skip(p->s, j), p->raw_element.n), p->raw_element))
            continue;
        j = skip_space(p, j + p->raw_element.n);
        if (j < p->s.n && p->s.p[j] == '>')
            return i;
    }
    return p->s.n;
}

/* A reference may be cut by the end of the text: "&" in the last 34 characters with
 * neither white space nor ";" behind it. */
static bool reference_pending(const struct html_parse *p, size_t from)
{
    size_t i = p->s.n, amp = p->s.n;
    for (int chars = 0; chars < 34 && i > from; chars++) {
        uint32_t cp;
        i -= unicode_last(str_head(p->s, i), &cp);
        if (cp == '&') {
            amp = i;
            break;
        }
    }
    return amp < p->s.n && run_end(p, amp, ";") == p->s.n;
}

/* The next "<" (or "&"); s.n to stop before: *wait. */
static size_t next_markup(struct html_parse *p, bool *wait)
{
    struct str rest = str_skip(p->s, p->at);
    if (p->raw_element.n) {
        size_t i = raw_element_end(p, p->at);
        *wait = i == p->s.n;
        return i;
    }
    if (p->decode) {
        size_t i = p->at + str_index(rest, '<');
        *wait = i == p->s.n && reference_pending(p, p->at);
        return i;
    }
    *wait = false;
    size_t i = 0;
    while (i < rest.n && rest.p[i] != '<' && rest.p[i] != '&')
        i++;
    return p->at + i;
}

/* At "<": false ends the run. */
static bool parse_markup(struct html_parse *p, bool end)
{
    size_t next = p->at + 1, to;
    char c = next < p->s.n ? p->s.p[next] : '\0';
    if (char_is_alpha(c)) {
        to = parse_start_tag(p);
    } else if (c == '/') {
        to = parse_end_tag(p);
    } else if (c == '?') {
        to = after_gt(p, p->at + 2);
    } else if (c == '!') {
        to = parse_declaration(p);
    } else if (next < p->s.n) {
        emit_data(p, p->at, next);
        to = next;
    } else {
        return false;
    }
    if (to == NOT_ENDED) {
        if (!end)
            return false;
        to = after_gt(p, next);
        if (to == NOT_ENDED) {
            to = next + str_index(str_skip(p->s, next), '<');
            to = to == p->s.n ? next : to;
        }
        emit_data(p, p->at, to);
    }
    p->at = to;
    return true;
}

int html_parse_run(struct html_parse *p, bool end, struct err *err)
{
    while (p->at < p->s.n && !p->stopped) {
        bool wait;
        size_t next = next_markup(p, &wait);
        if (wait)
            break;
        if (next > p->at)
            emit_data(p, p->at, next);
        p->at = next;
        if (p->stopped || next == p->s.n)
            break;
        if (!(p->s.p[next] == '<' ? parse_markup(p, end) : parse_reference(p, end)))
            break;
        if (p->wasted > WASTE_MAX(p->s.n))
            return err_set(err, ERR_DENIED, "HTML with too many unclosed tags");
    }
    if (end && !p->stopped && p->at < p->s.n && p->raw_element.n == 0) {
        emit_data(p, p->at, p->s.n);
        p->at = p->s.n;
    }
    return 0;
}
