/* SPDX-License-Identifier: MIT */
/* What all values can do: truth, length, items, lookups, comparison. */
#include "template/impl.h"

#include "base/utf8.h"
#include "value/unicode.h"

const char *tval_type_name(struct tval v)
{
    switch ((enum tval_type)v.type) {
    case TVAL_UNDEFINED:
    case TVAL_NONE:
        return "NoneType";
    case TVAL_BOOL:
        return "bool";
    case TVAL_INT:
        return "int";
    case TVAL_DOUBLE:
        return "float";
    case TVAL_STR:
        return v.flags & TVAL_SAFE ? "SafeString" : "str";
    case TVAL_DECIMAL:
        return "decimal.Decimal";
    case TVAL_MOMENT:
        return v.u.moment->kind == MOMENT_DATE   ? "datetime.date"
               : v.u.moment->kind == MOMENT_TIME ? "datetime.time"
                                                 : "datetime.datetime";
    case TVAL_TIMEDELTA:
        return "datetime.timedelta";
    case TVAL_LIST:
        return "list";
    case TVAL_LOOP:
        return "dict";
    case TVAL_BLOCK:
        return "BlockNode";
    case TVAL_OBJECT:
        return "object";
    }
    return "object";
}

int render_truth(struct render *r, struct tval v, bool *out)
{
    switch ((enum tval_type)v.type) {
    case TVAL_UNDEFINED:
    case TVAL_NONE:
        *out = false;
        return 0;
    case TVAL_BOOL:
        *out = v.u.b;
        return 0;
    case TVAL_INT:
        *out = v.u.i != 0;
        return 0;
    case TVAL_DOUBLE:
        *out = v.u.d != 0;
        return 0;
    case TVAL_STR:
        *out = v.n > 0;
        return 0;
    case TVAL_DECIMAL:
        *out = !decimal_is_zero(v.u.decimal);
        return 0;
    case TVAL_TIMEDELTA:
        *out = duration_total(*v.u.duration) != 0;
        return 0;
    case TVAL_LIST:
        *out = v.u.list->n > 0;
        return 0;
    case TVAL_LOOP: /* the parentloop of an outermost loop is an empty dict */
        *out = v.u.loop != NULL;
        return 0;
    case TVAL_MOMENT:
    case TVAL_BLOCK:
        *out = true;
        return 0;
    case TVAL_OBJECT:
        return r->ops->truth(r, v, out);
    }
    return 0;
}

int render_length(struct render *r, struct tval v, int64_t *n)
{
    switch ((enum tval_type)v.type) {
    case TVAL_STR:
        *n = (int64_t)utf8_len(tval_text(v));
        return 0;
    case TVAL_LIST:
        *n = (int64_t)v.u.list->n;
        return 0;
    case TVAL_LOOP:
        *n = v.u.loop ? 8 : 0;
        return 0;
    case TVAL_OBJECT:
        return r->ops->length(r, v, n);
    default:
        return 1;
    }
}

/* ---- items ---- */

int render_sequence(struct render *r, struct tval v, struct tseq *out)
{
    *out = (struct tseq){0};
    switch ((enum tval_type)v.type) {
    case TVAL_STR:
        out->text = str_make(v.n ? v.u.p : "", v.n);
        out->n = utf8_len(out->text);
        return 0;
    case TVAL_LIST:
        out->list = v.u.list;
        out->n = v.u.list->n;
        return 0;
    case TVAL_OBJECT:
        return r->ops->sequence(r, v, out);
    default:
        return 1;
    }
}

static size_t char_size(struct str s)
{
    uint32_t cp;
    return unicode_next(s, &cp);
}

/* Character i, from where the last one was: fast in both directions. */
static struct str seq_char(struct tseq *s, size_t i)
{
    uint32_t cp;
    if (i < s->i / 2)
        s->i = s->at = 0;
    for (; s->i < i; s->i++)
        s->at += char_size(str_skip(s->text, s->at));
    for (; s->i > i; s->i--)
        s->at -= unicode_last(str_head(s->text, s->at), &cp);
    struct str rest = str_skip(s->text, s->at);
    return str_head(rest, char_size(rest));
}

int render_item(struct render *r, struct tseq *s, size_t i, struct tval *out)
{
    if (s->list) {
        *out = s->list->items[i];
        return 0;
    }
    if (s->text.p) {
        *out = tval_str(seq_char(s, i));
        return 0;
    }
    return r->ops->item(r, s, i, out);
}

/* ---- lookups ---- */

int render_call(struct render *r, struct tval self, struct tval *v)
{
    if (r->ops->call(r, self, v) < 0)
        return -1;
    if (v->type == TVAL_UNDEFINED)
        *v = tval_str(r->engine->options.string_if_invalid);
    return 0;
}

static void list_member(struct tval v, const struct name *name, struct tval *out)
{
    const struct tlist *list = v.u.list;
    if (name->index >= 0 && (uint64_t)name->index < list->n)
        *out = list->items[name->index];
    else if (list->group && name->id == NAME_GROUPER)
        *out = list->items[0];
    else if (list->group && name->id == NAME_LIST)
        *out = list->items[1];
    for (size_t i = 0; list->names && i < list->n; i++)
        if (list->names[i] == name)
            *out = list->items[i];
}

void loop_member(const struct template_engine *e, const struct render_loop *loop,
                 const struct name *name, struct tval *out)
{
    (void)e;
    if (!loop)
        return;
    int64_t i = (int64_t)loop->index, n = (int64_t)loop->n;
    switch (name->id) {
    case NAME_COUNTER:
        *out = tval_int(i + 1);
        return;
    case NAME_COUNTER0:
        *out = tval_int(i);
        return;
    case NAME_REVCOUNTER:
        *out = tval_int(n - i);
        return;
    case NAME_REVCOUNTER0:
        *out = tval_int(n - i - 1);
        return;
    case NAME_FIRST:
        *out = tval_bool(i == 0);
        return;
    case NAME_LAST:
        *out = tval_bool(i == n - 1);
        return;
    case NAME_LENGTH:
        *out = tval_int(n);
        return;
    case NAME_PARENTLOOP:
        *out = (struct tval){.type = TVAL_LOOP, .u.loop = loop->parent};
        return;
    default:
        return;
    }
}

static int block_member(struct render *r, struct tval v, const struct name *name, struct tval *out)
{
    if (name->id == NAME_SUPER)
        return block_super(r, v.u.block, out);
    if (name->id == NAME_NAME)
        *out = tval_str(v.u.block->block->name->text);
    return 0;
}

/* "abc".1 */
static bool char_member(struct tval v, const struct name *name, struct tval *out)
{
    struct tseq s = {.text = tval_text(v)};
    if (name->index < 0 || v.n == 0 || (uint64_t)name->index >= utf8_len(s.text))
        return false;
    *out = tval_str(seq_char(&s, (size_t)name->index));
    return true;
}

int render_lookup(struct render *r, struct tval v, const struct name *name, struct tval *out)
{
    *out = (struct tval){.type = TVAL_UNDEFINED};
    switch ((enum tval_type)v.type) {
    case TVAL_LIST:
        list_member(v, name, out);
        return 0;
    case TVAL_LOOP:
        loop_member(r->engine, v.u.loop, name, out);
        return 0;
    case TVAL_BLOCK:
        return block_member(r, v, name, out);
    case TVAL_UNDEFINED:
    case TVAL_NONE:
    case TVAL_BOOL:
        return 0;
    case TVAL_STR:
        if (char_member(v, name, out))
            return 0;
        break;
    default:
        break;
    }
    if (r->ops->lookup(r, v, name, out) < 0)
        return -1;
    return out->flags & TVAL_CALLABLE ? render_call(r, v, out) : 0;
}

int render_lookup_path(struct render *r, struct tval v, struct str path, struct tval *out)
{
    struct str bit;
    *out = v;
    while (str_split(&path, '.', &bit)) {
        struct tval in = *out;
        const struct name *known = engine_known_name(r->engine, bit);
        if (known) {
            if (render_lookup(r, in, known, out) < 0)
                return -1;
        } else if (in.type == TVAL_LIST || in.type == TVAL_STR) {
            struct name name = {.text = bit, .index = name_index(bit), .id = UINT32_MAX};
            if (in.type == TVAL_LIST)
                list_member(in, &name, (*out = (struct tval){0}, out));
            else if (!char_member(in, &name, out))
                out->type = TVAL_UNDEFINED;
        } else {
            *out = (struct tval){0};
            if (in.type == TVAL_OBJECT && r->ops->lookup_str(r, in, bit, out) < 0)
                return -1;
            if (out->flags & TVAL_CALLABLE && render_call(r, in, out) < 0)
                return -1;
        }
        if (out->type == TVAL_UNDEFINED)
            return 0;
    }
    return 0;
}
