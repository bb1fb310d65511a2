/* SPDX-License-Identifier: MIT */
#include "base/log_format.h"

#include "base/clock.h"
#include "base/log_format_impl.h"
#include "base/suggest.h"
#include "base/utf8.h"

#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum field field;
} fields[] = {
    {"message", FIELD_MESSAGE},
    {"levelname", FIELD_LEVELNAME},
    {"levelno", FIELD_LEVELNO},
    {"name", FIELD_NAME},
    {"asctime", FIELD_ASCTIME},
    {"created", FIELD_CREATED},
    {"msecs", FIELD_MSECS},
    {"process", FIELD_PROCESS},
    {"thread", FIELD_PROCESS}, /* one thread to a process */
    {"processName", FIELD_PROCESS_NAME},
    {"threadName", FIELD_PROCESS_NAME},
    {"pathname", FIELD_PATHNAME},
    {"filename", FIELD_FILENAME},
    {"module", FIELD_MODULE},
    {"lineno", FIELD_LINENO},
    {"funcName", FIELD_FUNCTION},
    {"request_id", FIELD_REQUEST_ID},
};

int log_field_find(struct str name, enum field *out, struct err *err)
{
    struct suggest s;
    char near[96];
    suggest_init(&s, name);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (str_eq(name, str_from(fields[i].name))) {
            *out = fields[i].field;
            return 0;
        }
        suggest_add(&s, str_from(fields[i].name));
    }
    return err_set(err, ERR_CONFIG, "unknown field '%.*s'%s", STR_ARG(str_head(name, 40)),
                   suggest_text(&s, near, sizeof near));
}

struct log_format *log_format_new(const struct log_format_options *o, struct err *err)
{
    struct log_format *f = mem_zalloc(sizeof *f);
    arena_init(&f->arena, 1024);
    f->style = o->style;
    f->multiline = o->multiline;
    f->datefmt = o->datefmt.n ? arena_strndup(&f->arena, o->datefmt.p, o->datefmt.n) : NULL;
    f->cached_second = -1;
    if (o->style != LOG_STYLE_JSON && log_format_compile(f, o->format, err) != 0) {
        log_format_free(f);
        return NULL;
    }
    return f;
}

void log_format_free(struct log_format *f)
{
    if (!f)
        return;
    vec_release(&f->parts);
    arena_release(&f->arena);
    free(f);
}

/* ---- values ---- */

/* The format of the time is the project's (strftime takes any without harm). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static const char *second_text(struct log_format *f, int64_t second)
{
    const char *format = f->datefmt ? f->datefmt : "%Y-%m-%d %H:%M:%S";
    time_t t = (time_t)second;
    struct tm tm;
    if (second == f->cached_second)
        return f->cached;
    localtime_r(&t, &tm);
    if (strftime(f->cached, sizeof f->cached, format, &tm) == 0)
        f->cached[0] = '\0'; /* too long, or empty */
    f->cached_second = second;
    return f->cached;
}
#pragma GCC diagnostic pop

static struct str base_name(struct str path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '/')
            return str_skip(path, i);
    return path;
}

static struct str module_name(struct str path)
{
    struct str base = base_name(path);
    return str_ends(base, STR(".lua")) ? str_head(base, base.n - 4) : base;
}

static void add_field(struct log_format *f, struct buf *b, enum field field,
                      const struct log_record *r)
{
    switch (field) {
    case FIELD_MESSAGE:
        log_escape(b, str_head(r->text, LOG_LINE_MAX));
        if (r->text.n > LOG_LINE_MAX)
            buf_adds(b, "...");
        break;
    case FIELD_LEVELNAME:
        log_add_level(b, r->level);
        break;
    case FIELD_LEVELNO:
        buf_addint(b, (int64_t)r->level);
        break;
    case FIELD_NAME:
        log_escape(b, str_from(r->name));
        break;
    case FIELD_ASCTIME:
        log_escape(b, str_from(second_text(f, r->time / CLOCK_SECOND)));
        if (!f->datefmt)
            buf_addf(b, ",%03d", (int)(r->time % CLOCK_SECOND / CLOCK_MS));
        break;
    case FIELD_CREATED:
        buf_addf(b, "%.6f", (double)r->time / (double)CLOCK_SECOND);
        break;
    case FIELD_MSECS:
        buf_addint(b, r->time % CLOCK_SECOND / CLOCK_MS);
        break;
    case FIELD_PROCESS:
        buf_addint(b, (int64_t)getpid());
        break;
    case FIELD_PROCESS_NAME:
        buf_adds(b, "perilune");
        break;
    case FIELD_PATHNAME:
        log_escape(b, r->file);
        break;
    case FIELD_FILENAME:
        log_escape(b, base_name(r->file));
        break;
    case FIELD_MODULE:
        log_escape(b, module_name(r->file));
        break;
    case FIELD_LINENO:
        buf_addint(b, r->line);
        break;
    case FIELD_FUNCTION:
        log_escape(b, r->function);
        break;
    case FIELD_REQUEST_ID:
        log_escape(b, r->request_id.n ? r->request_id : STR("-"));
        break;
    }
}

/* ---- text ---- */

/* Puts the bytes from `start` on into a column of `width` characters. */
static void pad(struct buf *b, size_t start, const struct part *p)
{
    size_t n = utf8_len(str_skip(buf_str(b), start));
    if (n >= p->width)
        return;
    size_t missing = p->width - n;
    size_t before = p->align == '>' ? missing : p->align == '^' ? missing / 2 : 0;
    for (size_t i = 0; i < missing; i++)
        buf_addc(b, ' ');
    if (before) {
        memmove(b->data + start + before, b->data + start, b->n - start - missing);
        memset(b->data + start, p->zero ? '0' : ' ', before);
    }
}

/* A traceback below its line: every line indented, so that none looks like a record. */
static void add_lines(struct buf *b, struct str trace)
{
    struct str line;
    while (trace.n && str_split(&trace, '\n', &line)) {
        buf_adds(b, "\n  ");
        for (; line.n && line.p[0] == '\t'; line = str_skip(line, 1))
            buf_adds(b, "  ");
        log_escape(b, line);
    }
}

static void add_text(struct log_format *f, struct buf *b, const struct log_record *r)
{
    struct str trace = str_head(r->trace, LOG_LINE_MAX);
    for (size_t i = 0; i < f->parts.n; i++) {
        const struct part *p = &f->parts.items[i];
        buf_addstr(b, p->before);
        if (p->literal)
            continue;
        size_t start = b->n;
        add_field(f, b, p->field, r);
        if (p->width)
            pad(b, start, p);
    }
    if (trace.n && f->multiline) {
        add_lines(b, trace);
    } else if (trace.n) {
        buf_adds(b, "\\n");
        log_escape(b, trace);
    }
}

/* ---- JSON ---- */

static void add_json_string(struct buf *b, struct str s)
{
    buf_addc(b, '"');
    while (s.n) {
        uint32_t cp = 0;
        size_t n = utf8_decode(s, &cp);
        if (n == 0) {
            buf_adds(b, "\\ufffd");
            n = 1;
        } else if (cp == '"' || cp == '\\') {
            buf_addc(b, '\\');
            buf_addc(b, (char)cp);
        } else if (cp == '\n') {
            buf_adds(b, "\\n");
        } else if (cp == '\t') {
            buf_adds(b, "\\t");
        } else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029) {
            buf_addf(b, "\\u%04x", (unsigned)cp);
        } else {
            buf_add(b, s.p, n);
        }
        s = str_skip(s, n);
    }
    buf_addc(b, '"');
}

static void add_pair(struct buf *b, const char *key, struct str value)
{
    buf_addf(b, ",\"%s\":", key);
    add_json_string(b, value);
}

static void add_json_time(struct buf *b, int64_t time)
{
    time_t second = (time_t)(time / CLOCK_SECOND);
    struct tm tm;
    char text[32];
    gmtime_r(&second, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    buf_addf(b, "{\"time\":\"%s.%03dZ\"", text, (int)(time % CLOCK_SECOND / CLOCK_MS));
}

static void add_json(struct buf *b, const struct log_record *r)
{
    struct buf level = BUF_INIT;
    log_add_level(&level, r->level);
    add_json_time(b, r->time);
    add_pair(b, "level", buf_str(&level));
    add_pair(b, "logger", str_from(r->name));
    add_pair(b, "message", str_head(r->text, LOG_LINE_MAX));
    if (r->file.n) {
        add_pair(b, "file", r->file);
        buf_addf(b, ",\"line\":%d", r->line);
    }
    if (r->request_id.n)
        add_pair(b, "request_id", r->request_id);
    if (r->trace.n)
        add_pair(b, "traceback", str_head(r->trace, LOG_LINE_MAX));
    buf_addf(b, ",\"process\":%d}", (int)getpid());
    buf_release(&level);
}

void log_format_add(struct log_format *f, struct buf *b, const struct log_record *r)
{
    if (f->style == LOG_STYLE_JSON)
        add_json(b, r);
    else
        add_text(f, b, r);
    buf_addc(b, '\n');
}
