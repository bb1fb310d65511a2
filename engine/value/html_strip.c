/* SPDX-License-Identifier: MIT */
#include "value/html.h"

#include "value/html_parse.h"

/* As often tags may appear where tags were taken out. */
#define DEPTH_MAX 50
/* An unclosed tag of this many bytes that holds DEPTH_MAX more is no text. */
#define LONG_TAG 1000

static bool keep_data(void *out, struct str text)
{
    buf_addstr(out, text);
    return true;
}

static bool drop_start_tag(void *out, struct str source, struct str name, bool self_closing)
{
    (void)out, (void)source, (void)name, (void)self_closing;
    return true;
}

static bool drop_end_tag(void *out, struct str name)
{
    (void)out, (void)name;
    return true;
}

static bool keep_number_ref(void *out, struct str name)
{
    buf_adds(out, "&#");
    buf_addstr(out, name);
    buf_addc(out, ';');
    return true;
}

static bool keep_name_ref(void *out, struct str name)
{
    buf_addc(out, '&');
    buf_addstr(out, name);
    buf_addc(out, ';');
    return true;
}

static const struct html_events strip_events = {
    keep_data, drop_start_tag, drop_end_tag, keep_number_ref, keep_name_ref,
};

static int strip_once(struct buf *out, struct str s, struct err *err)
{
    struct html_parse p;
    html_parse_init(&p, s, &strip_events, out, false);
    int result = html_parse_run(&p, false, err);
    if (result == 0)
        result = html_parse_run(&p, true, err);
    html_parse_release(&p);
    return result;
}

static size_t count_char(struct str s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

/* "<a" and a thousand bytes without ">", with fifty more "<" among them. */
static bool has_hostile_tag(struct str s)
{
    for (size_t i = 0; i + 1 < s.n; i++) {
        if (s.p[i] != '<' || !char_is_alpha(s.p[i + 1]))
            continue;
        size_t end = i + str_index(str_skip(s, i), '>');
        if (end - i >= LONG_TAG + 2 && count_char(str_make(s.p + i, end - i), '<') >= DEPTH_MAX)
            return true;
        i = end; /* any tag that starts in between ends there too, and is shorter */
    }
    return false;
}

int html_strip_tags(struct buf *out, struct str s, struct err *err)
{
    struct buf now = BUF_INIT, next = BUF_INIT;
    int result = 0;
    if (has_hostile_tag(s))
        return err_set(err, ERR_DENIED, "strip_tags: HTML with too many unclosed tags");
    buf_addstr(&now, s);
    for (int depth = 0; str_has(buf_str(&now), '<') && str_has(buf_str(&now), '>'); depth++) {
        if (depth >= DEPTH_MAX) {
            result = err_set(err, ERR_DENIED, "strip_tags: tags nested in tags too deeply");
            break;
        }
        buf_reset(&next);
        if ((result = strip_once(&next, buf_str(&now), err)) < 0)
            break;
        if (count_char(buf_str(&now), '<') == count_char(buf_str(&next), '<'))
            break;
        struct buf swap = now;
        now = next;
        next = swap;
    }
    if (result == 0)
        buf_addstr(out, buf_str(&now));
    buf_release(&now);
    buf_release(&next);
    return result;
}
