/* SPDX-License-Identifier: MIT */
/* Expressions, compiled: a constant or dotted name, then filters with at most one argument.
 * What is accepted, and what is said about the rest, follows the regular expression by which
 * Django takes them apart. */
#include "template/expr.h"

#include "value/numtext.h"
#include "value/unicode.h"

/* ---- constants ---- */

/* Bytes of a quoted string at the start of s; 0 when there is none. */
static size_t match_quoted(struct str s)
{
    if (s.n == 0 || (s.p[0] != '"' && s.p[0] != '\''))
        return 0;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == s.p[0])
            return i + 1;
        if (s.p[i] == '\\' && (++i >= s.n || s.p[i] == '\n'))
            return 0;
    }
    return 0;
}

/* The same for _("text"). */
static size_t match_constant(struct str s)
{
    if (!str_starts(s, STR("_(")))
        return match_quoted(s);
    size_t n = match_quoted(str_skip(s, 2));
    return n && n + 2 < s.n && s.p[n + 2] == ')' ? n + 3 : 0;
}

static size_t match_word(struct str s, bool dots)
{
    size_t i = 0;
    while (i < s.n) {
        uint32_t cp;
        size_t n = unicode_next(str_skip(s, i), &cp);
        if (!unicode_is_word(cp) && !(dots && cp == '.'))
            break;
        i += n;
    }
    return i;
}

/* A dotted name or a number. */
static size_t match_variable(struct str s)
{
    size_t n = match_word(s, true), i = 1;
    if (n || s.n < 2 || (s.p[0] != '-' && s.p[0] != '+') || !char_is_digit(s.p[1]))
        return n;
    while (i < s.n && (char_is_digit(s.p[i]) || s.p[i] == '.' || s.p[i] == 'e'))
        i++;
    return i;
}

/* The text between quotes, backslashes taken from quotes and backslashes. */
static struct str unescape(struct arena *a, struct str s)
{
    char quote = s.p[0];
    s = str_make(s.p + 1, s.n - 2);
    if (!str_has(s, '\\'))
        return s;
    char *out = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == quote || s.p[i + 1] == '\\'))
            i++;
        out[n++] = s.p[i];
    }
    return str_make(out, n);
}

static void keep_decimal(struct arena *a, const struct decimal *d, struct tval *out)
{
    struct decimal *copy = arena_alloc(a, decimal_size(d));
    memcpy(copy, d, decimal_size(d));
    *out = (struct tval){.type = TVAL_DECIMAL, .flags = TVAL_STATIC, .u.decimal = copy};
}

/* Numbers as Python's int() and float() take them. */
static bool parse_number(struct arena *a, struct str s, struct tval *out)
{
    int64_t i;
    double d;
    struct decimal big;
    if (str_has(s, '.') || str_has(s, 'e') || str_has(s, 'E')) {
        if (str_ends(s, STR(".")) || numtext_double(s, &d) != NUMTEXT_NUMBER)
            return false;
        *out = tval_double(d);
        return true;
    }
    switch (numtext_int(s, &i)) {
    case NUMTEXT_NUMBER:
        *out = tval_int(i);
        return true;
    case NUMTEXT_LARGE:
        if (decimal_parse(&big, s, NULL) < 0)
            return false;
        keep_decimal(a, &big, out);
        return true;
    default:
        return false;
    }
}

static void constant_operand(struct arena *a, struct str text, struct operand *out)
{
    out->translate = text.p[0] == '_';
    if (out->translate)
        text = str_make(text.p + 2, text.n - 3);
    out->constant = tval_safe(unescape(a, text));
    out->constant.flags |= TVAL_STATIC;
}

/* ---- names ---- */

static int variable_operand(struct parser *p, const struct token *t, struct str text,
                            struct operand *out)
{
    struct str rest = text, bit;
    size_t dots = 0;
    if (parse_number(parser_arena(p), text, &out->constant))
        return 0;
    for (size_t i = 0; i < text.n; i++)
        dots += text.p[i] == '.';
    if (text.p[0] == '_' || str_find(text, STR("._")) < text.n)
        return parser_fail(p, t, "Variables and attributes may not begin with underscores: '%.*s'",
                           STR_ARG(text));
    out->bits = arena_alloc(parser_arena(p), (dots + 1) * sizeof *out->bits);
    while (str_split(&rest, '.', &bit))
        out->bits[out->nbits++] = parser_name(p, bit);
    return 0;
}

static int operand_parse(struct parser *p, const struct token *t, struct str text, bool constant,
                         struct operand *out)
{
    *out = (struct operand){.text = text};
    if (!constant)
        return variable_operand(p, t, text, out);
    constant_operand(parser_arena(p), text, out);
    return 0;
}

/* ---- filters ---- */

struct filter_match {
    size_t start, end;
    struct str name, arg;
    bool has_arg, constant;
};

/* The filter at s.p[bar], a '|', if it is one. */
static bool match_filter_at(struct str s, size_t bar, struct filter_match *m)
{
    size_t i = bar + 1, n;
    while ((n = unicode_space(str_skip(s, i))) > 0)
        i += n;
    n = match_word(str_skip(s, i), false);
    if (n == 0)
        return false;
    *m = (struct filter_match){.start = bar, .name = str_make(s.p + i, n), .end = i + n};
    if (m->end < s.n && s.p[m->end] == ':') {
        struct str rest = str_skip(s, m->end + 1);
        n = match_constant(rest);
        m->constant = n > 0;
        if (n == 0)
            n = match_variable(rest);
        if (n > 0) {
            m->has_arg = true;
            m->arg = str_head(rest, n);
            m->end += 1 + n;
        }
    }
    return true;
}

/* The next filter from `from` on, with the space before it. */
static bool match_filter(struct str s, size_t from, struct filter_match *m)
{
    for (size_t bar = from; bar < s.n; bar++) {
        if (s.p[bar] != '|' || !match_filter_at(s, bar, m))
            continue;
        struct str before = str_make(s.p + from, bar - from), kept = before;
        while (kept.n > 0) {
            uint32_t cp;
            size_t n = unicode_last(kept, &cp);
            if (!unicode_is_space(cp))
                break;
            kept.n -= n;
        }
        m->start = from + kept.n;
        return true;
    }
    return false;
}

static int add_filter(struct parser *p, const struct token *t, const struct filter_match *m,
                      struct filter_use *out)
{
    const struct filter *f = parser_filter(p, t, m->name);
    unsigned given = m->has_arg;
    out->has_arg = m->has_arg;
    if (m->has_arg && operand_parse(p, t, m->arg, m->constant, &out->arg) < 0)
        return -1;
    if (!f)
        return -1;
    if (given < f->min_args || given > f->max_args)
        return parser_fail(p, t, "%s requires %u arguments, %u provided", f->name, f->min_args + 1u,
                           given + 1);
    out->filter = f;
    return 0;
}

static size_t count_bars(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '|';
    return n;
}

static int add_filters(struct parser *p, const struct token *t, struct expr *e, size_t upto)
{
    struct str s = e->text;
    struct filter_match m;
    size_t bars = count_bars(str_skip(s, upto));
    if (bars)
        e->filters = arena_zalloc(parser_arena(p), bars * sizeof *e->filters);
    while (upto < s.n && match_filter(s, upto, &m)) {
        if (m.start != upto)
            return parser_fail(p, t, "Could not parse some characters: %.*s|%.*s|%.*s", (int)upto,
                               s.p, (int)(m.start - upto), s.p + upto, (int)(s.n - m.start),
                               s.p + m.start);
        if (add_filter(p, t, &m, &e->filters[e->nfilters]) < 0)
            return -1;
        e->nfilters++;
        upto = m.end;
    }
    if (upto != s.n)
        return parser_fail(p, t, "Could not parse the remainder: '%.*s' from '%.*s'",
                           (int)(s.n - upto), s.p + upto, STR_ARG(s));
    return 0;
}

/* ---- expressions ---- */

/* Nothing at the start of s is a value. */
static int fail_start(struct parser *p, const struct token *t, struct str s)
{
    struct filter_match m;
    if (!match_filter(s, 0, &m))
        return parser_fail(p, t, "Could not parse the remainder: '%.*s' from '%.*s'", STR_ARG(s),
                           STR_ARG(s));
    if (m.start > 0)
        return parser_fail(p, t, "Could not parse some characters: |%.*s|%.*s", (int)m.start, s.p,
                           (int)(s.n - m.start), s.p + m.start);
    return parser_fail(p, t, "Could not find variable at start of %.*s.", STR_ARG(s));
}

struct expr *parser_expr(struct parser *p, const struct token *t, struct str text)
{
    struct expr *e = arena_zalloc(parser_arena(p), sizeof *e);
    size_t n = match_constant(text);
    bool constant = n > 0;
    e->text = text;
    if (n == 0)
        n = match_variable(text);
    if (n == 0 && text.n > 0) {
        fail_start(p, t, text);
        return NULL;
    }
    if (text.n == 0) {
        e->operand.constant = tval_none();
        return e;
    }
    if (operand_parse(p, t, str_head(text, n), constant, &e->operand) < 0 ||
        add_filters(p, t, e, n) < 0)
        return NULL;
    return e;
}

struct str expr_text(const struct expr *e)
{
    return e->text;
}

bool expr_constant(const struct expr *e, struct tval *out)
{
    if (e->operand.nbits || e->operand.translate || e->nfilters)
        return false;
    *out = e->operand.constant;
    return true;
}

bool expr_is_computed(const struct expr *e)
{
    return e->nfilters > 0 || e->operand.nbits > 0 || !tval_is_str(e->operand.constant);
}

bool expr_has_filter(const struct expr *e, struct str name)
{
    for (size_t i = 0; i < e->nfilters; i++)
        if (str_eq(str_from(e->filters[i].filter->name), name))
            return true;
    return false;
}
