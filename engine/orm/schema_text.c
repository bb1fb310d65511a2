/* SPDX-License-Identifier: MIT */
/* Conditions and expressions as parts of a schema. */
#include "orm/convert_impl.h"
#include "orm/query_impl.h"

static int write_literals(struct compiler *c, struct buf *out)
{
    struct statement st = {
        .sql = buf_str(c->out), .params = c->params->items, .n_params = (uint32_t)c->params->n};
    struct convert_zone utc = {.tz = tz_utc(), .tz_name = STR("UTC")};
    return statement_text(&st, c->code, c->d, &utc, out, c->err);
}

/* What a database computes from one row alone; SQLite's own words for the rest come when the
 * table is made, and name nothing of an author's. */
static int check_row_alone(struct compiler *c, const struct expr *e)
{
    const char *what = e->flags & EF_SUBQUERY    ? "a query (Subquery, Exists)"
                       : e->flags & EF_WINDOW    ? "a Window"
                       : e->flags & EF_AGGREGATE ? "an aggregate"
                                                 : NULL;
    if (!what)
        return 0;
    return c_fail(c, ERR_UNSUPPORTED,
                  "%s cannot stand in a constraint, an index, a generated column or a db_default: "
                  "there the database looks at the row alone",
                  what);
}

int statement_schema_sql(const struct orm *orm, const struct dialect *d, const struct model *m,
                         const struct code *fragment, struct buf *out, struct err *err)
{
    struct arena scratch;
    struct buf text = BUF_INIT;
    param_vec params = VEC_INIT;
    arena_init(&scratch, 0);
    struct compiler c = {.arena = &scratch,
                         .orm = orm,
                         .d = d,
                         .err = err,
                         .code = fragment,
                         .w = code_words(fragment),
                         .end = code_words(fragment) + fragment->n_words,
                         .bare = true,
                         .out = &text,
                         .params = &params};
    struct query *q = query_new(&c, m, NULL);
    struct resolve r = {.no_joins = true};
    struct expr *e = read_expr(q, &r);
    int bad = e && check_row_alone(&c, e) == 0 ? emit_selected(&c, e) : -1;
    if (bad == 0)
        bad = write_literals(&c, out);
    buf_release(&text);
    vec_release(&params);
    arena_release(&scratch);
    return bad < 0 ? -1 : 0;
}
