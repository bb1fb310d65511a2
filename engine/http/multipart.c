/* SPDX-License-Identifier: MIT */
/* The text is cut at delimiters: a line end, "--", the boundary, and then "--" (the
 * end) or, after blanks, a line end (a part).
 *
 *   PREAMBLE --delimiter--> HEADERS --empty line--> CONTENT --delimiter--> HEADERS …
 *                              |                       `----last one----> EPILOGUE
 *                              `--delimiter--> as if there had been no headers
 *
 * Each state leaves the line end it stopped at in the window, because that may be
 * the start of a delimiter: `skip` says how much of it is not content. */
#include "http/multipart.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <assert.h>

#define BLANKS_MAX 64 /* behind a boundary; RFC 2046 allows some */
#define BOUNDARY_MAX 201

enum state { PREAMBLE, HEADERS, CONTENT, EPILOGUE };

struct multipart {
    enum state state;
    struct buf window;    /* what could not be decided yet */
    size_t skip;          /* bytes at the start of the window that are no content */
    size_t searched;      /* bytes of the window in which headers do not end */
    struct str delimiter; /* "\n--boundary" */
    size_t header_max;
    bool open; /* begin() was called, end() was not */
    const struct multipart_events *events;
    void *data;
    struct arena scratch; /* headers of the part at hand */
};

int multipart_boundary(struct arena *a, struct str content_type, struct str *boundary,
                       struct err *err)
{
    struct header_params params;
    for (size_t i = 0; i < content_type.n; i++)
        if (content_type.p[i] & 0x80)
            return err_set(err, ERR_INVALID, "Invalid non-ASCII Content-Type in multipart: %.*s",
                           STR_ARG(str_head(content_type, 200)));
    if (header_params_parse(&params, a, content_type, 0, err))
        return -1;
    struct str b = header_params_get(&params, STR("boundary"));
    bool valid = b.n >= 1 && b.n <= BOUNDARY_MAX && b.p[b.n - 1] != ' ';
    for (size_t i = 0; valid && i < b.n; i++)
        valid = b.p[i] >= 0x20 && b.p[i] <= 0x7e;
    if (!valid)
        return err_set(err, ERR_INVALID, "Invalid boundary in multipart: %.*s",
                       STR_ARG(b.p ? str_head(b, 200) : STR("None")));
    *boundary = b;
    return 0;
}

static void release(void *data)
{
    struct multipart *m = data;
    buf_release(&m->window);
    arena_release(&m->scratch);
}

struct multipart *multipart_new(struct arena *a, struct str boundary, size_t header_max,
                                const struct multipart_events *events, void *data)
{
    struct multipart *m = arena_alloc(a, sizeof *m);
    *m = (struct multipart){.header_max = header_max, .events = events, .data = data};
    m->delimiter.n = boundary.n + 3;
    m->delimiter.p = arena_printf(a, "\n--%.*s", STR_ARG(boundary));
    arena_init(&m->scratch, 1024);
    buf_init(&m->window);
    buf_adds(&m->window, "\r\n"); /* the body may start with a boundary */
    m->skip = 2;
    arena_defer(a, release, m);
    return m;
}

/* ---- delimiters ---- */

enum found {
    FOUND_NONE,   /* none in the text: content up to `start` */
    FOUND_PARTLY, /* perhaps, from `start` on: more text will tell */
    FOUND_PART,   /* from `start`; the line end behind it is at `end` */
    FOUND_LAST,
};

struct delimiter {
    enum found found;
    size_t start, end;
};

/* What the text behind a boundary makes of it. */
static enum found classify(struct str rest, size_t *length)
{
    size_t i = 0;
    if (rest.n >= 2 && rest.p[0] == '-' && rest.p[1] == '-')
        return FOUND_LAST;
    if (rest.n == 1 && rest.p[0] == '-')
        return FOUND_PARTLY;
    while (i < rest.n && i <= BLANKS_MAX && (rest.p[i] == ' ' || rest.p[i] == '\t'))
        i++;
    *length = i;
    if (i > BLANKS_MAX)
        return FOUND_NONE;
    if (i == rest.n || (i + 1 == rest.n && rest.p[i] == '\r'))
        return FOUND_PARTLY;
    return rest.p[i] == '\r' && rest.p[i + 1] == '\n' ? FOUND_PART : FOUND_NONE;
}

/* Number of bytes at the end of the text that may be the start of a delimiter.  A
 * boundary has no line end, so only the last one in the text can begin it. */
static size_t partial_at_end(struct str text, struct str delimiter)
{
    size_t most = text.n < delimiter.n ? text.n : delimiter.n - 1;
    const char *end = text.p + text.n, *lf = memrchr(end - most, '\n', most);
    if (lf && memcmp(lf, delimiter.p, (size_t)(end - lf)) == 0)
        return (size_t)(end - lf);
    return 0;
}

/* The line end before a delimiter belongs to it. */
static size_t before_cr(struct str text, size_t at)
{
    return at && text.p[at - 1] == '\r' ? at - 1 : at;
}

static struct delimiter find_delimiter(const struct multipart *m, struct str text)
{
    struct str delimiter = m->delimiter;
    size_t from = 0;
    while (from < text.n) {
        size_t at = from + str_find(str_skip(text, from), delimiter), blanks = 0;
        if (at >= text.n)
            break;
        enum found found = classify(str_skip(text, at + delimiter.n), &blanks);
        if (found != FOUND_NONE)
            return (struct delimiter){found, before_cr(text, at), at + delimiter.n + blanks};
        from = at + 1;
    }
    if (text.n == 0)
        return (struct delimiter){FOUND_NONE, 0, 0};
    size_t tail = partial_at_end(text, delimiter);
    if (tail)
        return (struct delimiter){FOUND_PARTLY, before_cr(text, text.n - tail), 0};
    return (struct delimiter){FOUND_NONE, before_cr(text, text.n), 0};
}

/* ---- headers ---- */

static void parse_header(struct multipart *m, struct str line, struct multipart_part *part)
{
    struct header_params params;
    size_t colon = str_index(line, ':');
    if (colon == line.n || !utf8_valid(line))
        return;
    struct str name = str_trim(str_head(line, colon)), value = str_skip(line, colon + 1);
    if (header_params_parse(&params, &m->scratch, str_trim(value), 0, NULL))
        return;
    if (str_ieq(name, STR("content-disposition")))
        part->disposition = params;
    else if (str_ieq(name, STR("content-type")))
        part->type = params;
    else if (str_ieq(name, STR("content-transfer-encoding")))
        part->transfer_encoding = params.value;
}

/* Lines end in CRLF; a lone LF is a character as any other. */
static int begin_part(struct multipart *m, struct str headers, struct err *err)
{
    struct multipart_part part = {
        .disposition.value = STR(""), .type.value = STR(""), .transfer_encoding = STR("")};
    arena_reset(&m->scratch);
    while (headers.n) {
        size_t end = str_find(headers, STR("\r\n"));
        parse_header(m, str_head(headers, end), &part);
        headers = str_skip(headers, end + 2);
    }
    m->open = true;
    return m->events->begin(m->data, &part, err);
}

static int end_part(struct multipart *m, bool complete, struct err *err)
{
    if (!m->open)
        return 0;
    m->open = false;
    return m->events->end(m->data, complete, err);
}

/* ---- states: each gives the number of bytes it is done with, or -1 ---- */

/* Whether a delimiter stands in the headers, that is, before they end; *seen is the
 * number of bytes it took to know. */
static bool delimiter_in_headers(const struct multipart *m, struct str text, size_t *seen)
{
    size_t longest = m->delimiter.n + BLANKS_MAX + 2;
    size_t from = m->searched > longest ? m->searched - longest : 0;
    struct delimiter d = find_delimiter(m, str_skip(text, from));
    *seen = from + d.end + 2;
    return d.found == FOUND_PART || d.found == FOUND_LAST;
}

static ptrdiff_t read_headers(struct multipart *m, struct str text, struct err *err)
{
    size_t from = m->searched > 3 ? m->searched - 3 : 0, seen;
    size_t end = from + str_find(str_skip(text, from), STR("\r\n\r\n"));
    bool ended = end < text.n;
    bool none = delimiter_in_headers(m, ended ? str_head(text, end + 2) : text, &seen);

    /* The text starts with a line end.  The limit is the same for every way to cut it. */
    size_t limit = m->header_max + 2;
    if (none ? seen > limit + 4 : ended ? end > limit : text.n > limit + 3)
        return err_set(err, ERR_TOO_LARGE, "the headers of a part exceed %zu bytes", m->header_max);
    m->searched = none || ended ? 0 : text.n;
    if (none) {
        m->state = CONTENT; /* nobody's: it ends where it starts */
        return 0;
    }
    if (!ended)
        return 0;
    m->state = CONTENT;
    m->skip = 2;
    if (begin_part(m, str_head(str_skip(text, 2), end < 2 ? 0 : end - 2), err))
        return -1;
    return (ptrdiff_t)end + 2;
}

static int content(struct multipart *m, struct str text, struct err *err)
{
    size_t skip = text.n < m->skip ? text.n : m->skip;
    m->skip -= skip;
    text = str_skip(text, skip);
    if (text.n == 0 || !m->open)
        return 0;
    return m->events->content(m->data, text, err);
}

static ptrdiff_t read_content(struct multipart *m, struct str text, struct err *err)
{
    struct delimiter d = find_delimiter(m, text);
    if (content(m, str_head(text, d.start), err))
        return -1;
    if (d.found != FOUND_PART && d.found != FOUND_LAST)
        return (ptrdiff_t)d.start;
    if (end_part(m, true, err))
        return -1;
    m->state = d.found == FOUND_PART ? HEADERS : EPILOGUE;
    m->skip = 0;
    return d.found == FOUND_PART ? (ptrdiff_t)d.end : (ptrdiff_t)text.n;
}

static ptrdiff_t step(struct multipart *m, struct str text, struct err *err)
{
    switch (m->state) {
    case PREAMBLE:
    case CONTENT:
        return read_content(m, text, err);
    case HEADERS:
        return read_headers(m, text, err);
    case EPILOGUE:
        break;
    }
    return (ptrdiff_t)text.n;
}

int multipart_feed(struct multipart *m, struct str piece, struct err *err)
{
    bool joined = m->window.n > 0;
    if (piece.n == 0)
        return 0;
    assert(piece.p);
    if (joined)
        buf_addstr(&m->window, piece);
    struct str text = joined ? buf_str(&m->window) : piece;
    while (text.n) {
        enum state before = m->state;
        ptrdiff_t n = step(m, text, err);
        if (n < 0)
            return -1;
        text = str_skip(text, (size_t)n);
        if (m->state == before)
            break;
    }
    if (!joined) {
        buf_add(&m->window, piece.p + (piece.n - text.n), text.n);
    } else {
        memmove(m->window.data, text.p, text.n);
        buf_cut(&m->window, text.n);
    }
    return 0;
}

int multipart_end(struct multipart *m, struct err *err)
{
    if (m->state == CONTENT && content(m, buf_str(&m->window), err))
        return -1;
    buf_reset(&m->window);
    m->state = EPILOGUE;
    return end_part(m, false, err);
}
