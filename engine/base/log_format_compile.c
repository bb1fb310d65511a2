/* SPDX-License-Identifier: MIT */
/* Format strings in Python's three styles into parts; one pass. */
#include "base/log_format_impl.h"

enum { WIDTH_MAX = 200 };

struct compiler {
    struct log_format *format;
    struct buf text; /* before the next field, unescaped */
    struct str rest;
    struct err *err;
};

static void finish_part(struct compiler *c, struct part p)
{
    p.before = arena_str(&c->format->arena, buf_str(&c->text));
    vec_push(&c->format->parts, p);
    buf_reset(&c->text);
}

static int bad_spec(struct compiler *c, struct str spec)
{
    return err_set(c->err, ERR_CONFIG,
                   "'%.*s' is no width: give an alignment (<, > or ^) and a number, as in "
                   "{levelname:<8} or %%(levelname)-8s",
                   STR_ARG(str_head(spec, 40)));
}

/* [<>^-][0]WIDTH[sd]; `align` is what stands when none is given */
static int parse_spec(struct compiler *c, struct str spec, struct part *p)
{
    struct str s = spec;
    if (s.n && (s.p[0] == '<' || s.p[0] == '>' || s.p[0] == '^' || s.p[0] == '-')) {
        p->align = s.p[0] == '-' ? '<' : s.p[0];
        s = str_skip(s, 1);
    }
    if (s.n && s.p[0] == '0') {
        p->zero = true;
        p->align = '>';
        s = str_skip(s, 1);
    }
    for (; s.n && char_is_digit(s.p[0]); s = str_skip(s, 1)) {
        p->width = p->width * 10 + (size_t)(s.p[0] - '0');
        if (p->width > WIDTH_MAX)
            return bad_spec(c, spec);
    }
    if (s.n && (s.p[0] == 's' || s.p[0] == 'd'))
        s = str_skip(s, 1);
    return s.n ? bad_spec(c, spec) : 0;
}

static bool is_number(enum field f)
{
    return f == FIELD_LEVELNO || f == FIELD_LINENO || f == FIELD_PROCESS || f == FIELD_MSECS;
}

static int add_field(struct compiler *c, struct str name, struct str spec, bool right)
{
    struct part p = {.align = '<'};
    if (log_field_find(name, &p.field, c->err) != 0)
        return -1;
    if (right || is_number(p.field))
        p.align = '>';
    if (parse_spec(c, spec, &p) != 0)
        return -1;
    finish_part(c, p);
    return 0;
}

static int unclosed(struct compiler *c, const char *open, const char *close)
{
    return err_set(c->err, ERR_CONFIG, "'%s' without '%s' after '%.*s'", open, close,
                   STR_ARG(str_head(c->rest, 40)));
}

/* behind '{' */
static int brace(struct compiler *c)
{
    size_t end = str_index(c->rest, '}'), colon;
    struct str inside = str_head(c->rest, end);
    if (end == c->rest.n)
        return unclosed(c, "{", "}");
    c->rest = str_skip(c->rest, end + 1);
    colon = str_index(inside, ':');
    return add_field(c, str_head(inside, colon), str_skip(inside, colon + 1), false);
}

/* behind '%' */
static int percent(struct compiler *c)
{
    size_t end, n;
    if (!c->rest.n || c->rest.p[0] != '(')
        return err_set(c->err, ERR_CONFIG,
                       "'%%' must be followed by a field, as in %%(message)s; a percent sign is "
                       "'%%%%'");
    c->rest = str_skip(c->rest, 1);
    end = str_index(c->rest, ')');
    if (end == c->rest.n)
        return unclosed(c, "%(", ")");
    struct str name = str_head(c->rest, end), spec;
    c->rest = str_skip(c->rest, end + 1);
    for (n = 0; n < c->rest.n && (c->rest.p[n] == '-' || char_is_digit(c->rest.p[n]));)
        n++;
    spec = str_head(c->rest, n);
    if (n == c->rest.n || (c->rest.p[n] != 's' && c->rest.p[n] != 'd'))
        return err_set(c->err, ERR_CONFIG, "'%%(%.*s)' must end with s or d: %%(%.*s)s",
                       STR_ARG(str_head(name, 40)), STR_ARG(str_head(name, 40)));
    c->rest = str_skip(c->rest, n + 1);
    return add_field(c, name, spec, true);
}

static bool is_word(char ch)
{
    return char_is_alpha(ch) || char_is_digit(ch) || ch == '_';
}

/* behind '$' */
static int dollar(struct compiler *c)
{
    size_t n = 0;
    if (c->rest.n && c->rest.p[0] == '{') {
        c->rest = str_skip(c->rest, 1);
        n = str_index(c->rest, '}');
        if (n == c->rest.n)
            return unclosed(c, "${", "}");
        struct str name = str_head(c->rest, n);
        c->rest = str_skip(c->rest, n + 1);
        return add_field(c, name, STR(""), false);
    }
    while (n < c->rest.n && is_word(c->rest.p[n]))
        n++;
    if (n == 0)
        return err_set(c->err, ERR_CONFIG,
                       "'$' must be followed by a field, as in ${message}; a dollar sign is '$$'");
    struct str name = str_head(c->rest, n);
    c->rest = str_skip(c->rest, n);
    return add_field(c, name, STR(""), false);
}

static int compile(struct compiler *c, enum log_style style)
{
    static const char marks[] = {'{', '%', '$'};
    char mark = marks[style];
    while (c->rest.n) {
        char ch = c->rest.p[0];
        bool twice = c->rest.n > 1 && c->rest.p[1] == ch;
        c->rest = str_skip(c->rest, 1);
        if (ch == mark && !twice) {
            int (*const field[])(struct compiler *) = {brace, percent, dollar};
            if (field[style](c) != 0)
                return -1;
            continue;
        }
        if (ch == mark || (mark == '{' && ch == '}')) { /* doubled: the sign itself */
            if (!twice)
                return err_set(c->err, ERR_CONFIG, "'}' without '{'; a brace itself is '}}'");
            c->rest = str_skip(c->rest, 1);
        }
        if (ch == '\n')
            return err_set(c->err, ERR_CONFIG, "a record is one line: the format holds a line end");
        buf_addc(&c->text, ch);
    }
    if (c->text.n)
        finish_part(c, (struct part){.literal = true});
    return 0;
}

int log_format_compile(struct log_format *f, struct str format, struct err *err)
{
    static const char *const fallback = "{asctime} {levelname} {name}: {message}";
    struct compiler c = {.format = f, .text = BUF_INIT, .rest = format, .err = err};
    enum log_style style = f->style;
    if (!format.n) {
        c.rest = str_from(fallback);
        style = LOG_STYLE_BRACE;
    }
    int status = compile(&c, style);
    buf_release(&c.text);
    return status;
}
