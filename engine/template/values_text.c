/* SPDX-License-Identifier: MIT */
/* Values as text: Python's str() and repr(), localised, escaped. */
#include "template/impl.h"

#include "base/utf8.h"
#include "value/html.h"
#include "value/number.h"
#include "value/unicode.h"

#include <math.h>

/* ---- escaping ---- */

int render_conditional_escape(struct render *r, struct tval v, struct tval *out)
{
    if (!tval_is_str(v) && render_str(r, v, &v) < 0)
        return -1;
    *out = v;
    if (!tval_is_safe(v) && html_needs_escape(tval_text(v))) {
        size_t start = r->scratch.n;
        html_escape(&r->scratch, tval_text(v));
        *out = render_cut(r, start, true);
    }
    out->flags |= TVAL_SAFE;
    return 0;
}

/* ---- repr ---- */

static void add_char_quoted(struct buf *out, struct str c, uint32_t cp, char quote)
{
    if (cp == (unsigned char)quote || cp == '\\') {
        buf_addc(out, '\\');
        buf_addc(out, (char)cp);
    } else if (cp == '\n') {
        buf_adds(out, "\\n");
    } else if (cp == '\r') {
        buf_adds(out, "\\r");
    } else if (cp == '\t') {
        buf_adds(out, "\\t");
    } else if (cp < 0x20 || (cp >= 0x7F && cp <= 0xA0) || cp == 0xAD) {
        buf_addf(out, "\\x%02x", cp);
    } else if (cp != ' ' && cp < 0x10000 && unicode_is_space(cp)) {
        buf_addf(out, "\\u%04x", cp);
    } else {
        buf_addstr(out, c);
    }
}

void render_add_quoted(struct buf *out, struct str s)
{
    char quote = str_has(s, '\'') && !str_has(s, '"') ? '"' : '\'';
    buf_addc(out, quote);
    while (s.n > 0) {
        uint32_t cp;
        size_t n = unicode_next(s, &cp);
        add_char_quoted(out, str_head(s, n), cp, quote);
        s = str_skip(s, n);
    }
    buf_addc(out, quote);
}

static int add_list_repr(struct render *r, const struct tlist *list, struct buf *out)
{
    static const char *const members[] = {"grouper=", "list="};
    bool dict = list->names != NULL;
    buf_adds(out, list->group ? "GroupedResult(" : dict ? "{" : "[");
    for (size_t i = 0; i < list->n; i++) {
        buf_adds(out, i ? ", " : "");
        buf_adds(out, list->group ? members[i] : "");
        if (dict) {
            render_add_quoted(out, list->names[i]->text);
            buf_adds(out, ": ");
        }
        if (render_add_repr(r, list->items[i], out) < 0)
            return -1;
    }
    buf_addc(out, list->group ? ')' : dict ? '}' : ']');
    return 0;
}

/* The dict that forloop is in Django. */
static void add_loop_repr(const struct render_loop *loop, struct buf *out)
{
    if (!loop) {
        buf_adds(out, "{}");
        return;
    }
    buf_adds(out, "{'parentloop': ");
    add_loop_repr(loop->parent, out);
    buf_addf(out,
             ", 'length': %zu, 'counter0': %zu, 'counter': %zu, 'revcounter': %zu, "
             "'revcounter0': %zu, 'first': %s, 'last': %s}",
             loop->n, loop->index, loop->index + 1, loop->n - loop->index,
             loop->n - loop->index - 1, loop->index == 0 ? "True" : "False",
             loop->index + 1 == loop->n ? "True" : "False");
}

static void add_moment_repr(const struct moment *m, struct buf *out)
{
    const struct date *d = &m->value.date;
    const struct daytime *t = &m->value.time;
    static const char *const names[] = {"datetime.date(", "datetime.time(", "datetime.datetime("};
    buf_adds(out, names[m->kind]);
    if (m->kind != MOMENT_TIME)
        buf_addf(out, "%d, %d, %d", d->year, d->month, d->day);
    if (m->kind != MOMENT_DATE) {
        buf_addf(out, "%s%d, %d", m->kind == MOMENT_DATETIME ? ", " : "", t->hour, t->minute);
        if (t->second || t->microsecond)
            buf_addf(out, ", %d", t->second);
        if (t->microsecond)
            buf_addf(out, ", %d", t->microsecond);
    }
    buf_addc(out, ')');
}

static void add_timedelta_repr(const struct duration *d, struct buf *out)
{
    const char *separator = "";
    buf_adds(out, "datetime.timedelta(");
    if (d->days) {
        buf_addf(out, "days=%d", d->days);
        separator = ", ";
    }
    if (d->seconds) {
        buf_addf(out, "%sseconds=%d", separator, d->seconds);
        separator = ", ";
    }
    if (d->microseconds)
        buf_addf(out, "%smicroseconds=%d", separator, d->microseconds);
    else if (!*separator)
        buf_addc(out, '0');
    buf_addc(out, ')');
}

int render_add_repr(struct render *r, struct tval v, struct buf *out)
{
    switch ((enum tval_type)v.type) {
    case TVAL_STR:
        render_add_quoted(out, tval_text(v));
        return 0;
    case TVAL_DECIMAL:
        buf_adds(out, "Decimal('");
        decimal_add_text(out, v.u.decimal);
        buf_adds(out, "')");
        return 0;
    case TVAL_MOMENT:
        add_moment_repr(v.u.moment, out);
        return 0;
    case TVAL_TIMEDELTA:
        add_timedelta_repr(v.u.duration, out);
        return 0;
    case TVAL_OBJECT:
        return r->ops->repr(r, v, out);
    default:
        return render_add_str(r, v, out, &(bool){false});
    }
}

/* ---- str ---- */

static void add_moment(const struct moment *m, struct buf *out)
{
    if (m->kind == MOMENT_DATE) {
        date_add_iso(out, m->value.date);
    } else if (m->kind == MOMENT_TIME) {
        daytime_add_iso(out, m->value.time);
    } else {
        datetime_add_iso(out, &m->value, ' ');
    }
}

int render_add_str(struct render *r, struct tval v, struct buf *out, bool *safe)
{
    *safe = false;
    switch ((enum tval_type)v.type) {
    case TVAL_UNDEFINED:
    case TVAL_NONE:
        buf_adds(out, "None");
        return 0;
    case TVAL_BOOL:
        buf_adds(out, v.u.b ? "True" : "False");
        return 0;
    case TVAL_INT:
        buf_addint(out, v.u.i);
        return 0;
    case TVAL_DOUBLE:
        number_add(out, v.u.d);
        return 0;
    case TVAL_STR:
        *safe = v.flags & TVAL_SAFE;
        buf_addstr(out, tval_text(v));
        return 0;
    case TVAL_DECIMAL:
        decimal_add_text(out, v.u.decimal);
        return 0;
    case TVAL_MOMENT:
        add_moment(v.u.moment, out);
        return 0;
    case TVAL_TIMEDELTA:
        duration_add_words(out, *v.u.duration);
        return 0;
    case TVAL_LIST:
        return add_list_repr(r, v.u.list, out);
    case TVAL_LOOP:
        add_loop_repr(v.u.loop, out);
        return 0;
    case TVAL_BLOCK:
        buf_addf(out, "<Block Node: %.*s>", STR_ARG(v.u.block->block->name->text));
        return 0;
    case TVAL_OBJECT:
        return r->ops->text(r, v, out, safe);
    }
    return 0;
}

int render_str(struct render *r, struct tval v, struct tval *out)
{
    size_t start = r->scratch.n;
    bool safe;
    if (tval_is_str(v)) {
        *out = v;
        return 0;
    }
    if (render_add_str(r, v, &r->scratch, &safe) < 0) {
        buf_cut(&r->scratch, start);
        return -1;
    }
    *out = render_cut(r, start, safe);
    return 0;
}
