/* SPDX-License-Identifier: MIT */
#include "base/vec.h"
#include "value/html.h"
#include "value/html_parse.h"
#include "value/text.h"
#include "value/unicode.h"

struct truncation {
    struct buf *out;
    size_t start; /* of out */
    size_t out_chars, source_chars;
    size_t remaining, length, seen;
    struct str truncate;
    bool words;
    VEC(struct buf) open; /* names of open tags, outermost first */
};

static void add(struct truncation *t, struct str s)
{
    buf_addstr(t->out, s);
    t->out_chars += utf8_len(s);
}

static bool is_void(struct str name)
{
    static const char *const names[] = {"area",   "base",   "br",    "col",  "embed", "frame",
                                        "hr",     "img",    "input", "link", "meta",  "param",
                                        "source", "spacer", "track", "wbr"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_from(names[i])))
            return true;
    return false;
}

static bool on_end_tag(void *self, struct str name)
{
    struct truncation *t = self;
    if (is_void(name))
        return true;
    add(t, STR("</"));
    add(t, name);
    add(t, STR(">"));
    if (t->open.n > 0 && str_eq(buf_str(&vec_last(&t->open)), name)) {
        struct buf last = vec_pop(&t->open);
        buf_release(&last);
    }
    return true;
}

static bool on_start_tag(void *self, struct str source, struct str name, bool self_closing)
{
    struct truncation *t = self;
    add(t, source);
    if (is_void(name))
        return true;
    struct buf copy = BUF_INIT;
    buf_addstr(&copy, name);
    vec_push(&t->open, copy);
    return self_closing ? on_end_tag(self, name) : true;
}

/* The head of text that `remaining` characters allow, escaped. */
static size_t take_chars(struct truncation *t, struct str text, struct buf *head)
{
    html_escape(head, str_head(text, utf8_offset(text, t->remaining)));
    return utf8_len(text);
}

/* Words are what white space inside the text parts; that at its ends belongs to the
 * first and the last one. */
static size_t take_words(struct truncation *t, struct str text, struct buf *head)
{
    size_t count = 0, i = 0;
    struct buf words = BUF_INIT;
    while (i <= text.n) {
        size_t end = i, gap = 0;
        bool ink = false;
        while (end < text.n) {
            size_t n = unicode_space(str_skip(text, end));
            if (n == 0) {
                uint32_t cp;
                ink = true;
                end += unicode_next(str_skip(text, end), &cp);
                continue;
            }
            gap = end;
            while (gap < text.n && (n = unicode_space(str_skip(text, gap))) > 0)
                gap += n;
            if (ink && gap < text.n)
                break;
            end = gap;
            gap = 0;
        }
        if (count < t->remaining) {
            if (count > 0)
                buf_addc(&words, ' ');
            buf_add(&words, text.p + i, end - i);
        }
        count++;
        if (gap == 0)
            break;
        i = gap;
    }
    html_escape(head, buf_str(&words));
    buf_release(&words);
    return count;
}

static bool on_data(void *self, struct str text)
{
    struct truncation *t = self;
    struct buf head = BUF_INIT;
    bool more = true;
    if (!t->words) {
        size_t n = utf8_len(text);
        t->seen += n;
        if (t->seen == t->length && t->out_chars + n == t->source_chars) {
            add(t, text); /* plain text of exactly the length asked for */
            return false;
        }
    }
    size_t n = t->words ? take_words(t, text, &head) : take_chars(t, text, &head);
    if (n <= t->remaining) {
        t->remaining -= n;
        add(t, buf_str(&head));
    } else {
        text_add_truncation(t->out, buf_str(&head), t->truncate);
        more = false;
    }
    buf_release(&head);
    return more;
}

static const struct html_events truncate_events = {
    .data = on_data, .start_tag = on_start_tag, .end_tag = on_end_tag};

/* What an unfinished parse leaves is dropped: Django's feed() without close(). */
static int truncate_html(struct truncation *t, struct str s, struct err *err)
{
    struct html_parse p;
    s = str_head(s, utf8_offset(s, HTML_TRUNCATE_MAX));
    t->source_chars = utf8_len(s);
    t->start = t->out->n;
    html_parse_init(&p, s, &truncate_events, t, true);
    int result = html_parse_run(&p, false, err);
    if (p.stopped)
        for (size_t i = t->open.n; i-- > 0;)
            buf_addf(t->out, "</%s>", t->open.items[i].data);
    if (result < 0)
        buf_cut(t->out, t->start);
    html_parse_release(&p);
    for (size_t i = 0; i < t->open.n; i++)
        buf_release(&t->open.items[i]);
    vec_release(&t->open);
    return result;
}

int html_truncate_chars(struct buf *out, struct str s, size_t length, struct str truncate,
                        struct err *err)
{
    if (length == 0)
        return 0;
    struct truncation t = {.out = out,
                           .length = length,
                           .truncate = truncate,
                           .remaining = text_truncate_room(length, truncate),
                           .open = VEC_INIT};
    struct buf form = BUF_INIT;
    unicode_normalize(&form, s, UNICODE_NFC);
    int result = truncate_html(&t, buf_str(&form), err);
    buf_release(&form);
    return result;
}

int html_truncate_words(struct buf *out, struct str s, size_t length, struct str truncate,
                        struct err *err)
{
    if (length == 0)
        return 0;
    struct truncation t = {.out = out,
                           .length = length,
                           .truncate = truncate,
                           .remaining = length,
                           .words = true,
                           .open = VEC_INIT};
    return truncate_html(&t, s, err);
}
