/* SPDX-License-Identifier: MIT */
/* What tags use while they are parsed: words of a token, names, values under keys, errors. */
#include "template/impl.h"

#include "value/text.h"
#include "value/unicode.h"

struct arena *parser_arena(struct parser *p)
{
    return &p->template->arena;
}

struct template_engine *parser_engine(struct parser *p)
{
    return p->engine;
}

struct str parser_template_name(struct parser *p)
{
    return p->template->name;
}

const struct name *parser_name(struct parser *p, struct str text)
{
    return template_engine_name(p->engine, text);
}

/* ---- errors ---- */

static void set_place(struct parser *p, const struct token *t)
{
    p->error->at = (struct template_place){
        .name = p->template->name,
        .origin = p->template->origin,
        .line = t ? t->line : 0,
        .column = t ? t->column : 0,
    };
}

int parser_fail(struct parser *p, const struct token *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    template_error_vset(p->error, "TemplateSyntaxError", fmt, ap);
    va_end(ap);
    set_place(p, t);
    return -1;
}

int parser_fail_host(struct parser *p, const struct token *t, struct str text)
{
    template_error_set(p->error, NULL, "%.*s", STR_ARG(text));
    set_place(p, t);
    return -1;
}

struct template_error *parser_error(struct parser *p)
{
    return p->error;
}

/* ---- words ---- */

/* Bytes of s before its first white space. */
static size_t word_end(struct str s)
{
    size_t i = 0;
    while (i < s.n && unicode_space(str_skip(s, i)) == 0)
        i++;
    return i;
}

struct str parser_first_word(struct str s)
{
    return str_head(s, word_end(s));
}

struct words {
    struct str *items;
    size_t n, cap;
};

static void words_add(struct arena *a, struct words *w, struct str word)
{
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 8;
        struct str *items = arena_alloc(a, cap * sizeof *items);
        if (w->n)
            memcpy(items, w->items, w->n * sizeof *items);
        w->items = items;
        w->cap = cap;
    }
    w->items[w->n++] = word;
}

size_t token_words(struct parser *p, const struct token *t, struct str **words)
{
    struct words w = {0};
    struct str s = t->contents;
    for (size_t n; s.n > 0; s = str_skip(s, n)) {
        if ((n = unicode_space(s)) > 0)
            continue;
        n = word_end(s);
        words_add(parser_arena(p), &w, str_head(s, n));
    }
    *words = w.items;
    return w.n;
}

/* From _("a on, the words up to the one that ends with ") joined by single spaces. */
static struct str join_translated(struct arena *a, struct text_splitter *split, struct str first)
{
    char end[2] = {first.p[2], ')'};
    struct str more, suffix = str_make(end, 2);
    struct buf b = BUF_INIT;
    buf_addstr(&b, first);
    for (struct str last = first; !str_ends(last, suffix) && text_splitter_next(split, &more);
         last = more) {
        buf_addc(&b, ' ');
        buf_addstr(&b, more);
    }
    struct str joined = arena_str(a, buf_str(&b));
    buf_release(&b);
    return joined;
}

size_t token_split(struct parser *p, const struct token *t, struct str **bits)
{
    struct words w = {0};
    struct text_splitter split;
    struct str bit;
    text_splitter_init(&split, t->contents);
    while (text_splitter_next(&split, &bit)) {
        if (str_starts(bit, STR("_(\"")) || str_starts(bit, STR("_('")))
            bit = join_translated(parser_arena(p), &split, bit);
        words_add(parser_arena(p), &w, bit);
    }
    text_splitter_release(&split);
    *bits = w.items;
    return w.n;
}

const char *str_repr(struct parser *p, struct str s)
{
    struct buf b = BUF_INIT;
    render_add_quoted(&b, s);
    const char *text = arena_strndup(parser_arena(p), b.data, b.n);
    buf_release(&b);
    return text;
}

const char *words_repr(struct parser *p, const struct str *words, size_t n)
{
    struct buf b = BUF_INIT;
    buf_addc(&b, '[');
    for (size_t i = 0; i < n; i++) {
        buf_adds(&b, i ? ", " : "");
        render_add_quoted(&b, words[i]);
    }
    buf_addc(&b, ']');
    const char *text = arena_strndup(parser_arena(p), b.data, b.n);
    buf_release(&b);
    return text;
}

int parser_as(struct parser *p, const struct token *t, const struct name **name)
{
    struct str *words;
    size_t n = token_words(p, t, &words);
    if (n != 3 || !str_eq(words[1], STR("as")))
        return parser_fail(p, t, "'%.*s' requires 'as variable' (got %s)", STR_ARG(words[0]),
                           words_repr(p, words, n));
    *name = parser_name(p, words[2]);
    return 0;
}

/* ---- name=value ---- */

/* Django's kwarg_re: "(?:(\w+)=)?(.+)".  false when there is no name. */
static bool split_kwarg(struct str bit, struct str *name, struct str *value)
{
    size_t i = 0;
    while (i < bit.n) {
        uint32_t cp;
        size_t n = unicode_next(str_skip(bit, i), &cp);
        if (!unicode_is_word(cp))
            break;
        i += n;
    }
    if (i == 0 || i + 1 >= bit.n || bit.p[i] != '=')
        return false;
    *name = str_head(bit, i);
    *value = str_skip(bit, i + 1);
    return true;
}

/* Sets a name's value, in the place it has when it was there before. */
static void kwarg_put(struct kwarg *out, size_t *n, const struct name *name, struct expr *value)
{
    for (size_t i = 0; i < *n && *n <= 64; i++)
        if (out[i].name == name) {
            out[i].value = value;
            return;
        }
    out[(*n)++] = (struct kwarg){name, value};
}

/* One pair from bits[*i] on; 0, 1 when there is none, or -1. */
static int next_kwarg(struct parser *p, const struct token *t, struct str *bits, size_t n,
                      size_t *i, bool named, struct kwarg *out)
{
    struct str name, value;
    if (named) {
        if (*i >= n || !split_kwarg(bits[*i], &name, &value))
            return 1;
        *i += 1;
    } else {
        if (*i + 3 > n || !str_eq(bits[*i + 1], STR("as")))
            return 1;
        value = bits[*i];
        name = bits[*i + 2];
        *i += 3;
    }
    out->name = parser_name(p, name);
    out->value = parser_expr(p, t, value);
    return out->value ? 0 : -1;
}

int parser_kwargs(struct parser *p, const struct token *t, struct str *bits, size_t n, size_t *i,
                  bool legacy, struct kwarg **out, size_t *count)
{
    struct str name, value;
    *count = 0;
    *out = NULL;
    if (*i >= n)
        return 0;
    bool named = split_kwarg(bits[*i], &name, &value);
    if (!named && !legacy)
        return 0;
    *out = arena_alloc(parser_arena(p), (n - *i) * sizeof **out);
    for (;;) {
        struct kwarg next;
        int status = next_kwarg(p, t, bits, n, i, named, &next);
        if (status != 0)
            return status < 0 ? -1 : 0;
        kwarg_put(*out, count, next.name, next.value);
        if (named)
            continue;
        if (*i >= n || !str_eq(bits[*i], STR("and")))
            return 0;
        *i += 1;
    }
}

/* ---- values under keys ---- */

static struct str make_key(struct parser *p, const char *space, struct str key)
{
    buf_reset(&p->key);
    buf_add(&p->key, space, strlen(space) + 1);
    buf_addstr(&p->key, key);
    return buf_str(&p->key);
}

void *parser_get(struct parser *p, const char *space, struct str key)
{
    return map_get(&p->values, make_key(p, space, key));
}

void parser_put(struct parser *p, const char *space, struct str key, void *value)
{
    map_set(&p->values, make_key(p, space, key), value);
}
