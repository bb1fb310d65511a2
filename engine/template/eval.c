/* SPDX-License-Identifier: MIT */
/* Expressions, evaluated. */
#include "template/expr.h"

/* ---- translation of constants ---- */

/* Django doubles percent signs in what it looks up, because catalogs hold format strings. */
static struct str double_percent(struct render *r, struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '%';
    if (n == 0)
        return s;
    char *out = render_alloc(r, s.n + n);
    n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%')
            out[n++] = '%';
        out[n++] = s.p[i];
    }
    return str_make(out, n);
}

static int translate(struct render *r, struct str context, struct tval *v)
{
    struct str text = double_percent(r, tval_text(*v));
    uint8_t safe = v->flags & TVAL_SAFE;
    *v = tval_str(text);
    if (r->ops->translate && r->ops->translate(r, context, text, STR_NULL, tval_none(), v) < 0)
        return -1;
    v->flags = safe;
    return 0;
}

/* ---- names ---- */

static int unresolved(struct render *r, const struct operand *o, size_t bit, struct tval in,
                      bool report)
{
    if (!report || !r->strict)
        return 0;
    return r->ops->unresolved(r, o->text, o->bits[bit], in);
}

/* TVAL_UNDEFINED when it does not resolve. */
static int operand_eval(const struct operand *o, struct render *r, bool report, struct tval *out)
{
    if (o->nbits == 0) {
        *out = o->constant;
        return o->translate ? translate(r, STR_NULL, out) : 0;
    }
    if (context_get(r, o->bits[0], out) < 0)
        return -1;
    if (out->type == TVAL_UNDEFINED)
        return unresolved(r, o, 0, *out, report);
    if (out->flags & TVAL_CALLABLE && render_call(r, (struct tval){0}, out) < 0)
        return -1;
    for (size_t i = 1; i < o->nbits; i++) {
        struct tval in = *out;
        if (render_lookup(r, in, o->bits[i], out) < 0)
            return -1;
        if (out->type == TVAL_UNDEFINED)
            return unresolved(r, o, i, in, report);
    }
    return 0;
}

static struct str invalid_text(const struct operand *o, struct render *r)
{
    struct str text = r->engine->options.string_if_invalid;
    if (!r->engine->invalid_has_name)
        return text;
    size_t at = str_find(text, STR("%s")), n = text.n - 2 + o->text.n;
    char *out = render_alloc(r, n);
    memcpy(out, text.p, at);
    memcpy(out + at, o->text.p, o->text.n);
    memcpy(out + at + o->text.n, text.p + at + 2, text.n - at - 2);
    return str_make(out, n);
}

/* ---- filters ---- */

static int filter_arg(const struct operand *o, struct render *r, struct tval *out)
{
    if (operand_eval(o, r, false, out) < 0)
        return -1;
    if (out->type == TVAL_UNDEFINED)
        return render_fail(r, "VariableDoesNotExist", "Failed lookup for key [%.*s]",
                           STR_ARG(o->text));
    return 0;
}

/* A filter that is safe gives safe text for safe text. */
static int keep_safe(struct render *r, struct tval *v)
{
    if (!tval_is_str(*v) && render_str(r, *v, v) < 0)
        return -1;
    v->flags |= TVAL_SAFE;
    return 0;
}

static int filter_apply(const struct filter_use *use, struct render *r, struct tval *v)
{
    const struct filter *f = use->filter;
    struct tval arg;
    if (use->has_arg && filter_arg(&use->arg, r, &arg) < 0)
        return -1;
    if (f->flags & FILTER_LOCALTIME)
        *v = render_localtime(r, *v);
    if (f->flags & FILTER_STRING && !tval_is_str(*v) && render_str(r, *v, v) < 0)
        return -1;
    bool safe = tval_is_safe(*v);
    if (f->fn(r, f, v, use->has_arg ? &arg : NULL) < 0)
        return -1;
    return safe && f->flags & FILTER_SAFE && !tval_is_safe(*v) ? keep_safe(r, v) : 0;
}

/* Whether a name may be missing because a default stands behind it. */
static bool has_default(const struct expr *e)
{
    return e->nfilters && str_starts(str_from(e->filters[0].filter->name), STR("default"));
}

static int filters_apply(const struct expr *e, struct render *r, struct tval *out)
{
    for (size_t i = 0; i < e->nfilters; i++)
        if (filter_apply(&e->filters[i], r, out) < 0)
            return -1;
    return 0;
}

/* The value before filters; `done` when string_if_invalid takes the place of all. */
static int start_eval(const struct expr *e, struct render *r, bool ignore_failures,
                      struct tval *out, bool *done)
{
    *done = false;
    if (operand_eval(&e->operand, r, !ignore_failures && !has_default(e), out) < 0)
        return -1;
    if (out->type != TVAL_UNDEFINED)
        return 0;
    if (ignore_failures) {
        *out = tval_none();
        return 0;
    }
    *out = tval_str(invalid_text(&e->operand, r));
    *done = r->engine->options.string_if_invalid.n > 0;
    return 0;
}

int expr_eval(const struct expr *e, struct render *r, bool ignore_failures, struct tval *out)
{
    bool done;
    if (start_eval(e, r, ignore_failures, out, &done) < 0)
        return -1;
    return done ? 0 : filters_apply(e, r, out);
}

int expr_eval_translated(const struct expr *e, struct render *r, struct str context,
                         struct tval *out)
{
    bool done;
    if (e->operand.nbits == 0 && tval_is_str(e->operand.constant)) {
        *out = e->operand.constant;
        done = false;
    } else if (start_eval(e, r, false, out, &done) < 0) {
        return -1;
    }
    if (done)
        return 0;
    if (tval_is_str(*out) && out->n && translate(r, context, out) < 0)
        return -1;
    return filters_apply(e, r, out);
}
