/* SPDX-License-Identifier: MIT */
/* Splitting: quoted tokens, and lines for wrapping. */
#include "base/mem.h"
#include "value/text.h"
#include "value/unicode.h"

/* ---- smart split ---- */

void text_splitter_init(struct text_splitter *t, struct str s)
{
    *t = (struct text_splitter){.s = s};
}

void text_splitter_release(struct text_splitter *t)
{
    free(t->dead);
    t->dead = NULL;
}

/* Position behind the quoted string that starts at `at`, or 0 when it has no end.
 * What a failed search has read is marked, so that a later one stops at once: the
 * whole split stays linear. */
static size_t quoted_end(struct text_splitter *t, size_t at)
{
    struct str s = t->s;
    char quote = s.p[at];
    unsigned char bit = quote == '"' ? 1 : 2;
    size_t i = at + 1;
    while (i < s.n && s.p[i] != quote && !(t->dead && t->dead[i] & bit)) {
        if (s.p[i] == '\\' && (i + 1 == s.n || s.p[i + 1] == '\n'))
            break;
        i += s.p[i] == '\\' ? 2 : 1;
    }
    if (i < s.n && s.p[i] == quote)
        return i + 1;
    if (!t->dead)
        t->dead = mem_zalloc(s.n + 1);
    for (size_t stop = i, j = at + 1; j < stop && j < s.n; j += s.p[j] == '\\' ? 2 : 1)
        t->dead[j] |= bit;
    return 0;
}

/* Skips characters that are neither white space nor (unless `quotes`) quotes. */
static size_t plain_end(struct str s, size_t i, bool quotes)
{
    while (i < s.n) {
        uint32_t cp;
        size_t n = unicode_next(str_skip(s, i), &cp);
        if (unicode_is_space(cp) || (!quotes && (cp == '"' || cp == '\'')))
            break;
        i += n;
    }
    return i;
}

bool text_splitter_next(struct text_splitter *t, struct str *bit)
{
    for (size_t n; (n = unicode_space(str_skip(t->s, t->at))) > 0;)
        t->at += n;
    if (t->at >= t->s.n)
        return false;
    size_t start = t->at, end = plain_end(t->s, start, false), close = 0;
    bool quoted = false;
    while (end < t->s.n && (t->s.p[end] == '"' || t->s.p[end] == '\'') &&
           (close = quoted_end(t, end)) > 0) {
        quoted = true;
        end = plain_end(t->s, close, false);
    }
    if (!quoted)
        end = plain_end(t->s, start, true);
    *bit = str_make(t->s.p + start, end - start);
    t->at = end;
    return true;
}

/* ---- wrapping ---- */

/* Whether a line of text ends here (Python's splitlines); *n its bytes. */
static bool line_end(struct str s, size_t *n)
{
    uint32_t cp;
    *n = unicode_next(s, &cp);
    if (cp == '\r' && s.n > 1 && s.p[1] == '\n')
        *n = 2;
    return (cp >= 0x0A && cp <= 0x0D) || (cp >= 0x1C && cp <= 0x1E) || cp == 0x85 || cp == 0x2028 ||
           cp == 0x2029;
}

/* Tabs to the next multiple of eight characters. */
static void expand_tabs(struct buf *out, struct str s)
{
    for (size_t column = 0; s.n > 0;) {
        uint32_t cp;
        size_t n = unicode_next(s, &cp);
        if (cp == '\t') {
            do
                buf_addc(out, ' ');
            while (++column % 8 != 0);
        } else {
            buf_add(out, s.p, n);
            column++;
        }
        s = str_skip(s, n);
    }
}

static bool is_blank(struct str s)
{
    return unicode_strip(s).n == 0;
}

/* Cuts a run of spaces, or of anything else, off *rest. */
static struct str next_chunk(struct str *rest)
{
    size_t i = 1;
    while (i < rest->n && (rest->p[i] == ' ') == (rest->p[0] == ' '))
        i++;
    struct str chunk = str_head(*rest, i);
    *rest = str_skip(*rest, i);
    return chunk;
}

struct wrapping {
    struct buf *out;
    size_t lines;             /* finished */
    size_t start;             /* of the open line in out, before its "\n" */
    size_t chunks, length;    /* of the open line */
    size_t last_start;        /* of its last chunk */
    bool last_blank, dropped; /* dropped: a blank at its start went */
};

/* A blank at the end goes; a line with nothing else is none. */
static void finish_line(struct wrapping *w)
{
    if (w->chunks > 0 && w->last_blank) {
        buf_cut(w->out, w->last_start);
        w->chunks--;
    }
    if (w->chunks > 0)
        w->lines++;
    else
        buf_cut(w->out, w->start);
    w->start = w->out->n;
    w->chunks = w->length = 0;
    w->last_blank = w->dropped = false;
}

static void add_chunk(struct wrapping *w, struct str chunk, size_t width)
{
    size_t n = utf8_len(chunk);
    if (w->chunks > 0 && w->length + n > width)
        finish_line(w);
    bool blank = is_blank(chunk);
    if (blank && w->chunks == 0 && w->lines > 0 && !w->dropped) {
        w->dropped = true;
        return;
    }
    if (w->chunks++ == 0 && w->lines > 0)
        buf_addc(w->out, '\n');
    w->last_start = w->out->n;
    w->last_blank = blank;
    w->length += n;
    buf_addstr(w->out, chunk);
}

/* One line, without its end, as lines of at most `width`; false when nothing of it
 * is left. */
static bool wrap_line(struct buf *out, struct str rest, size_t width)
{
    struct wrapping w = {.out = out, .start = out->n};
    while (rest.n > 0)
        add_chunk(&w, next_chunk(&rest), width);
    finish_line(&w);
    return w.lines > 0;
}

void text_wrap(struct buf *out, struct str s, size_t width)
{
    struct buf line = BUF_INIT;
    bool first = true, ended = str_ends(s, STR("\n"));
    while (s.n > 0) {
        size_t i = 0, n = 0;
        while (i < s.n && !line_end(str_skip(s, i), &n))
            i += n;
        if (!first)
            buf_addc(out, '\n');
        first = false;
        buf_reset(&line);
        expand_tabs(&line, str_head(s, i));
        if (!wrap_line(out, buf_str(&line), width))
            buf_addstr(out, str_head(s, i)); /* nothing but space stays as it is */
        s = str_skip(s, i < s.n ? i + n : i);
    }
    if (ended)
        buf_addc(out, '\n');
    buf_release(&line);
}
