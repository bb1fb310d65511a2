/* SPDX-License-Identifier: MIT */
/* Text with its URLs as links, word by word: punctuation around a word is trimmed,
 * and what is left is a URL, a domain, a mail address, or text. */
#include "value/html.h"
#include "value/unicode.h"
#include "value/url.h"
#include "value/validate.h"

#define URL_MAX 2048 /* characters of a word that may be a URL */
#define EMAIL_MAX 320
#define PUNCTUATION ".,:;!"

/* ---- trimming ---- */

struct trim {
    struct str middle;
    size_t ampersand; /* last '&' of middle; middle.n: not known, see last_ampersand */
    bool ampersand_known, ampersand_any;
    size_t opening[2], closing[2]; /* counts of ( [ and ) ] */
};

static bool ends_with_any(struct str s, const char *chars)
{
    return s.n > 0 && s.p[s.n - 1] && strchr(chars, s.p[s.n - 1]);
}

static struct str strip_right(struct str s, const char *chars)
{
    while (ends_with_any(s, chars))
        s.n--;
    return s;
}

/* Middle only ever loses its end, so each byte is looked at once. */
static bool last_ampersand(struct trim *t)
{
    if (!t->ampersand_known)
        t->ampersand = t->middle.n;
    if (t->ampersand_known && (!t->ampersand_any || t->ampersand < t->middle.n))
        return t->ampersand_any;
    size_t i = t->ampersand < t->middle.n ? t->ampersand : t->middle.n;
    while (i > 0 && t->middle.p[i - 1] != '&')
        i--;
    t->ampersand_known = true;
    t->ampersand_any = i > 0;
    t->ampersand = i > 0 ? i - 1 : 0;
    return t->ampersand_any;
}

/* Takes the last n characters off. */
static void drop_characters(struct str *s, size_t n)
{
    uint32_t cp;
    for (; n > 0 && s->n > 0; n--)
        s->n -= unicode_last(*s, &cp);
}

/* Closing brackets that nothing opened. */
static bool trim_brackets(struct trim *t)
{
    bool trimmed = false;
    for (int k = 0; k < 2; k++) {
        if (t->opening[k] >= t->closing[k] || !ends_with_any(t->middle, k ? "]" : ")"))
            continue;
        size_t n = t->closing[k] - t->opening[k];
        drop_characters(&t->middle, n);
        t->closing[k] -= n;
        trimmed = true;
    }
    return trimmed;
}

/* Whether the text from '&' on is a reference up to its last semicolon. */
static bool ends_in_reference(struct str s)
{
    struct buf made = BUF_INIT;
    size_t n = html_reference(&made, s);
    bool yes = n == s.n && !(made.n > 0 && made.data[made.n - 1] == ';');
    buf_release(&made);
    return yes;
}

/* Semicolons, unless one ends a reference. */
static bool trim_semicolons(struct trim *t)
{
    if (!ends_with_any(t->middle, ";"))
        return false;
    bool amp = last_ampersand(t);
    if (amp && ends_in_reference(str_skip(t->middle, t->ampersand)))
        return false;
    struct str stripped = strip_right(t->middle, PUNCTUATION);
    size_t semicolons = t->middle.n - strip_right(t->middle, ";").n;
    if (amp && semicolons > 1) /* the first one may end a reference */
        stripped.n += str_index(str_skip(t->middle, stripped.n), ';') + 1;
    bool trimmed = stripped.n < t->middle.n;
    t->middle = stripped;
    return trimmed;
}

/* word without the punctuation around it. */
static struct str trim_word(struct str word)
{
    struct trim t = {.middle = word};
    while (t.middle.n > 0 && (t.middle.p[0] == '(' || t.middle.p[0] == '['))
        t.middle = str_skip(t.middle, 1);
    for (size_t i = 0; i < t.middle.n; i++) {
        char c = t.middle.p[i];
        t.opening[0] += c == '(';
        t.closing[0] += c == ')';
        t.opening[1] += c == '[';
        t.closing[1] += c == ']';
    }
    bool trimmed = true;
    while (trimmed && t.middle.n > 0) {
        trimmed = trim_brackets(&t);
        struct str stripped = strip_right(t.middle, last_ampersand(&t) ? ".,:!" : PUNCTUATION);
        trimmed = trimmed || stripped.n < t.middle.n;
        t.middle = stripped;
        trimmed = trim_semicolons(&t) || trimmed;
    }
    return t.middle;
}

/* ---- what a word is ---- */

static bool has_prefix(struct str s, struct str prefix)
{
    return str_ieq(str_head(s, prefix.n), prefix);
}

/* http:// or https://, and a letter or digit, perhaps behind "[". */
static bool is_full_url(struct str s)
{
    size_t n = has_prefix(s, STR("http://")) ? 7 : has_prefix(s, STR("https://")) ? 8 : 0;
    if (n == 0)
        return false;
    s = str_skip(s, n);
    if (s.n > 0 && s.p[0] == '[')
        s = str_skip(s, 1);
    uint32_t cp = 0;
    if (s.n > 0)
        unicode_next(s, &cp);
    return s.n > 0 && unicode_is_word(cp);
}

/* Behind a dot: a well known top-level domain, and then the end or a path. */
static bool is_top_level(struct str s)
{
    static const char *const known[] = {"com", "edu", "gov", "int", "mil", "net", "org"};
    if (s.n > 3 && s.p[3] != '/')
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (has_prefix(s, str_from(known[i])))
            return true;
    return false;
}

/* "www." and anything, or a letter or digit and anything up to such a domain, "http" apart. */
static bool is_domain_url(struct str s)
{
    uint32_t cp = 0;
    if (has_prefix(s, STR("www.")))
        return true;
    size_t first = s.n > 0 ? unicode_next(s, &cp) : 0;
    if (!unicode_is_word(cp) || has_prefix(s, STR("http")))
        return false;
    for (size_t i = first + 1; i < s.n && s.p[i - 1] != '@'; i++)
        if (s.p[i] == '.' && is_top_level(str_skip(s, i + 1)))
            return true;
    return false;
}

/* The place of the last '@' of a mail address, or 0. */
static size_t email_at(struct str s)
{
    size_t at = s.n;
    if (s.n == 0 || str_has(s, ':') || utf8_offset(s, EMAIL_MAX) < s.n)
        return 0;
    while (at > 0 && s.p[at - 1] != '@')
        at--;
    if (at < 2 || !validate_email_user(str_head(s, at - 1)) ||
        !validate_email_domain(str_skip(s, at)))
        return 0;
    return at - 1;
}

/* Adds where the word leads; 0: nowhere, 1: a page, 2: mail. */
static int add_target(struct buf *out, struct str middle, bool http)
{
    bool is_short = utf8_offset(middle, URL_MAX) == middle.n;
    bool full = is_short && is_full_url(middle);
    if (full || (is_short && is_domain_url(middle))) {
        struct buf plain = BUF_INIT;
        if (!full)
            buf_adds(&plain, http ? "http://" : "https://");
        html_unescape(&plain, middle);
        url_smart_quote(out, buf_str(&plain));
        buf_release(&plain);
        return 1;
    }
    size_t at = email_at(middle);
    if (at == 0)
        return 0;
    buf_adds(out, "mailto:");
    url_quote(out, str_head(middle, at), "");
    buf_addc(out, '@');
    url_quote(out, str_skip(middle, at + 1), "");
    return 2;
}

/* ---- output ---- */

static void add_text(struct buf *out, struct str s, const struct html_urlize *o)
{
    if (o->autoescape && !o->safe)
        html_escape(out, s);
    else
        buf_addstr(out, s);
}

/* The word as the text of its link, cut to the limit. */
static void add_label(struct buf *out, struct str middle, const struct html_urlize *o)
{
    struct buf label = BUF_INIT;
    size_t limit = o->trim_url_limit > 0 ? (size_t)o->trim_url_limit : 0;
    if (o->trim_url_limit >= 0 && utf8_len(middle) > limit) {
        buf_addstr(&label, str_head(middle, utf8_offset(middle, limit > 0 ? limit - 1 : 0)));
        buf_adds(&label, "\xe2\x80\xa6");
        middle = buf_str(&label);
    }
    add_text(out, middle, o);
    buf_release(&label);
}

static void add_word(struct buf *out, struct str word, const struct html_urlize *o)
{
    struct buf target = BUF_INIT;
    struct str middle = STR_NULL;
    int kind = 0;
    if (str_has(word, '.') || str_has(word, '@') || str_has(word, ':')) {
        middle = trim_word(word);
        kind = add_target(&target, middle, o->http);
    }
    if (kind == 0) {
        add_text(out, word, o);
    } else {
        add_text(out, str_make(word.p, (size_t)(middle.p - word.p)), o);
        buf_adds(out, "<a href=\"");
        html_escape(out, buf_str(&target));
        buf_adds(out, o->nofollow && kind == 1 ? "\" rel=\"nofollow\">" : "\">");
        add_label(out, middle, o);
        buf_adds(out, "</a>");
        const char *end = middle.p + middle.n;
        add_text(out, str_make(end, (size_t)(word.p + word.n - end)), o);
    }
    buf_release(&target);
}

static bool parts_words(struct str s, size_t *n)
{
    *n = unicode_space(s);
    if (*n > 0)
        return true;
    *n = 1;
    return s.p[0] == '<' || s.p[0] == '>' || s.p[0] == '"' || s.p[0] == '\'';
}

void html_urlize(struct buf *out, struct str s, const struct html_urlize *options)
{
    size_t start = 0, n;
    buf_reserve(out, s.n);
    for (size_t i = 0; i < s.n;) {
        uint32_t cp;
        struct str rest = str_skip(s, i);
        if (!parts_words(rest, &n)) {
            i += unicode_next(rest, &cp);
            continue;
        }
        if (i > start)
            add_word(out, str_make(s.p + start, i - start), options);
        add_text(out, str_head(rest, n), options);
        start = i += n;
    }
    if (s.n > start)
        add_word(out, str_skip(s, start), options);
}
