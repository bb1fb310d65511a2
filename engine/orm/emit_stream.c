/* SPDX-License-Identifier: MIT */
/* What SQL is written to: the text, its parameters beside it, and pieces that are cut out of
 * both and put in again elsewhere. */
#include "orm/query_impl.h"

void emit_text(struct compiler *c, const char *text)
{
    buf_adds(c->out, text);
}

void emit_str(struct compiler *c, struct str s)
{
    buf_addstr(c->out, s);
}

void emit_param(struct compiler *c, const struct statement_param *p)
{
    buf_addc(c->out, '?');
    vec_push(c->params, *p);
}

void emit_param_text(struct compiler *c, struct str text)
{
    struct statement_param p = {.source = PARAM_TEXT, .text = text};
    p.type = (struct param_type){.storage = STORE_TEXT, .bind = BIND_RAW};
    emit_param(c, &p);
}

void emit_param_int(struct compiler *c, int64_t number)
{
    struct statement_param p = {.source = PARAM_INT, .number = number};
    p.type = (struct param_type){.storage = STORE_INT, .bind = BIND_RAW};
    emit_param(c, &p);
}

struct emit_mark emit_mark(const struct compiler *c)
{
    return (struct emit_mark){c->out->n, c->params->n};
}

void emit_rollback(struct compiler *c, struct emit_mark m)
{
    buf_cut(c->out, m.text);
    c->params->n = m.params;
}

struct piece emit_cut(struct compiler *c, struct emit_mark m)
{
    struct piece p = {.n = (uint32_t)(c->params->n - m.params)};
    p.sql = arena_str(c->arena, str_make(c->out->data + m.text, c->out->n - m.text));
    if (p.n) {
        p.params = arena_alloc(c->arena, p.n * sizeof *p.params);
        memcpy(p.params, c->params->items + m.params, p.n * sizeof *p.params);
    }
    emit_rollback(c, m);
    return p;
}

void emit_piece(struct compiler *c, const struct piece *p)
{
    emit_str(c, p->sql);
    for (uint32_t i = 0; i < p->n; i++)
        vec_push(c->params, p->params[i]);
}

static bool same_param(const struct statement_param *a, const struct statement_param *b)
{
    if (a->source != b->source || a->slot != b->slot || a->n != b->n ||
        a->type.bind != b->type.bind)
        return false;
    return a->source == PARAM_TEXT ? str_eq(a->text, b->text) : a->number == b->number;
}

bool piece_equal(const struct piece *a, const struct piece *b)
{
    if (!str_eq(a->sql, b->sql) || a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_param(&a->params[i], &b->params[i]))
            return false;
    return true;
}
