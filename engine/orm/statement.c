/* SPDX-License-Identifier: MIT */
/* Statements: compiled in a scratch arena, kept in one of their own, found by shape. */
#include "orm/convert_impl.h"
#include "orm/query_impl.h"

struct entry {           /* a kept statement */
    struct statement st; /* first */
    struct db_sql sql;
    struct arena arena;
    struct code *code; /* words only: n_cells 0 */
    struct entry *chain, *newer, *older;
    uint32_t users;
    bool dropped;
};

/* A shape that makes sense, and those of its values that must be looked at each time. */
struct known {
    uint64_t hash;
    struct statement_param *checks;
    uint32_t n;
};
enum { KNOWN_SETS = 1024, KNOWN_WAYS = 4 };

struct statements {
    const struct orm *orm;
    const struct dialect *dialect;
    size_t limit, n, mask;
    struct entry **table;
    struct entry *newest, *oldest;
    struct known known[KNOWN_SETS][KNOWN_WAYS];
    unsigned next_way;
    struct arena scratch;
    struct buf out;
    param_vec params, checks;
    void (*drop)(void *prepared, void *data);
    void *drop_data;
};

struct statements *statements_new(const struct orm *orm, const struct dialect *dialect,
                                  size_t limit)
{
    struct statements *s = mem_zalloc(sizeof *s);
    assert(orm->resolved);
    s->orm = orm;
    s->dialect = dialect;
    s->limit = limit ? limit : 1024;
    s->mask = 16;
    while (s->mask < s->limit)
        s->mask *= 2;
    s->table = mem_zalloc(s->mask * sizeof(struct entry *));
    s->mask--;
    arena_init(&s->scratch, 32 * 1024);
    buf_init(&s->out);
    return s;
}

void statements_on_drop(struct statements *s, void (*drop)(void *prepared, void *data), void *data)
{
    s->drop = drop;
    s->drop_data = data;
}

static void entry_free(struct statements *s, struct entry *e)
{
    if (e->st.prepared && s->drop)
        s->drop(e->st.prepared, s->drop_data);
    if (e->st.db)
        db_sql_release(&e->sql);
    struct arena a = e->arena; /* the entry lies in it */
    arena_release(&a);
}

void statements_free(struct statements *s)
{
    if (!s)
        return;
    for (struct entry *e = s->newest, *next; e; e = next) {
        next = e->older;
        entry_free(s, e);
    }
    free(s->table);
    arena_release(&s->scratch);
    buf_release(&s->out);
    vec_release(&s->params);
    vec_release(&s->checks);
    for (size_t i = 0; i < KNOWN_SETS; i++)
        for (size_t k = 0; k < KNOWN_WAYS; k++)
            free(s->known[i][k].checks);
    free(s);
}

/* ---- least lately used ---- */

static void unlink_entry(struct statements *s, struct entry *e)
{
    *(e->newer ? &e->newer->older : &s->newest) = e->older;
    *(e->older ? &e->older->newer : &s->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void link_newest(struct statements *s, struct entry *e)
{
    e->older = s->newest;
    e->newer = NULL;
    *(s->newest ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

static void drop_oldest(struct statements *s)
{
    struct entry *e = s->oldest;
    struct entry **at = &s->table[e->code->hash & s->mask];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    unlink_entry(s, e);
    s->n--;
    if (e->users)
        e->dropped = true;
    else
        entry_free(s, e);
}

void statement_ref(const struct statement *st)
{
    ((struct entry *)(size_t)st)->users++;
}

void statement_unref(struct statements *s, const struct statement *st)
{
    struct entry *e = (struct entry *)(size_t)st;
    assert(e->users > 0);
    if (--e->users == 0 && e->dropped)
        entry_free(s, e);
}

/* ---- compiling ---- */

static void set_order(struct query *q, bool last)
{
    struct compiler *c = q->c;
    bool ordered =
        q->order_by.n || (!q->no_default_order && q->model->ordering && q->grouping == GROUP_NONE);
    if (!ordered) {
        q->order_by.n = 0;
        *list_add(c, &q->order_by) = (struct ordering){.name = last ? STR("-pk") : STR("pk")};
    } else if (last) {
        q->reversed = !q->reversed;
    }
    query_limit_one(q);
}

static int set_earliest(struct query *q, uint32_t arg)
{
    struct compiler *c = q->c;
    if (q->sliced)
        return c_fail(c, ERR_TYPE, "Cannot change a query once a slice has been taken.");
    q->order_by.n = 0;
    q->no_default_order = true;
    for (uint32_t i = 0; i < arg >> 1; i++) {
        struct str name = read_name(c);
        if (!name.p)
            return -1;
        *list_add(c, &q->order_by) = (struct ordering){.name = name};
    }
    if (!q->order_by.n)
        return c_fail(c, ERR_INVALID,
                      "earliest() and latest() require either fields as positional "
                      "arguments or 'get_latest_by' in the model's Meta.");
    if (arg & 1)
        q->reversed = !q->reversed;
    query_limit_one(q);
    return 0;
}

struct result {
    enum statement_kind kind;
    const struct model *model;
    struct select_plan plan;
    struct query *q;
    bool empty, constant, ordered;
};

static int run_terminal(struct query *q, uint32_t terminal, struct result *res)
{
    struct compiler *c = q->c;
    uint32_t arg = ARG_OF(terminal);
    res->kind = q->is_values ? STATEMENT_VALUES : STATEMENT_ROWS;
    res->constant = true;
    res->ordered =
        q->order_by.n || (!q->no_default_order && q->model->ordering && q->grouping == GROUP_NONE);
    switch (OP_OF(terminal)) {
    case OP_END:
        break;
    case OP_COUNT:
        res->kind = STATEMENT_COUNT;
        return terminal_count(q, &res->plan);
    case OP_EXISTS:
        res->kind = STATEMENT_EXISTS;
        if (terminal_exists(q) < 0)
            return -1;
        break;
    case OP_GET:
        if (!q->sliced) {
            q->order_by.n = 0;
            q->no_default_order = true;
            q->literal_limit = 21;
            q->sliced = true;
        }
        break;
    case OP_FIRST:
        set_order(q, arg);
        break;
    case OP_EARLIEST:
        if (set_earliest(q, arg) < 0)
            return -1;
        break;
    case OP_AGGREGATION:
        res->kind = STATEMENT_AGGREGATE;
        return terminal_aggregate(q, arg, &res->plan, &res->constant);
    case OP_UPDATE:
        res->kind = STATEMENT_CHANGE;
        return terminal_update(q, arg, &res->plan);
    case OP_DELETE:
        res->kind = STATEMENT_CHANGE;
        return terminal_delete(q);
    case OP_EXPLAIN: {
        struct str format = read_name(c);
        if (!format.p)
            return -1;
        if (format.n || arg)
            return c_fail(c, ERR_INVALID, "%.*s is not a recognized format.%s",
                          format.n ? (int)format.n : 1, format.n ? format.p : "?",
                          " SQLite knows no formats and options.");
        res->kind = STATEMENT_EXPLAIN;
        emit_text(c, "EXPLAIN QUERY PLAN ");
        break;
    }
    default:
        return c_corrupt(c);
    }
    return emit_select(q, &res->plan, false, false, false);
}

static int compile(struct compiler *c, struct result *res)
{
    uint32_t terminal;
    if (c->code->kind == CODE_INSERT || c->code->kind == CODE_ROW_UPDATE) {
        bool insert = c->code->kind == CODE_INSERT;
        uint32_t w = read_word(c);
        if (OP_OF(w) != (insert ? OP_INSERT : OP_ROW_UPDATE))
            return c_corrupt(c);
        res->kind = STATEMENT_CHANGE;
        return insert ? emit_insert(c, ARG_OF(w), &res->plan, &res->model)
                      : emit_row_update(c, ARG_OF(w), &res->plan, &res->model);
    }
    if (c->code->kind != CODE_QUERY)
        return c_corrupt(c);
    res->q = query_replay(c, c->end, NULL, &terminal);
    if (!res->q)
        return -1;
    res->model = res->q->model;
    int r = run_terminal(res->q, terminal, res);
    if (r == EMIT_EMPTY) {
        res->empty = true;
        return 0;
    }
    return r == EMIT_OK ? 0 : -1;
}

static struct compiler compiler_of(struct statements *s, const struct code *code, struct err *err)
{
    arena_reset(&s->scratch);
    buf_reset(&s->out);
    vec_clear(&s->params);
    return (struct compiler){.arena = &s->scratch,
                             .orm = s->orm,
                             .d = s->dialect,
                             .err = err,
                             .code = code,
                             .w = code_words(code),
                             .end = code_words(code) + code->n_words,
                             .out = &s->out,
                             .params = &s->params};
}

/* ---- keeping ---- */

/* A moment that was cut to a day or month is one where the zone is that it was cut in. */
static void show_in_zone(struct arena *a, const struct expr *e, struct column_type *t)
{
    while (e->kind == E_REF && e->ref.to)
        e = e->ref.to;
    if (e->kind != E_TRUNC || t->storage != STORE_DATETIME)
        return;
    t->local = true;
    if (e->n > 1 && e->args[1]->kind == E_TEXT)
        t->zone = arena_str(a, e->args[1]->text);
}

static struct column_type column_type_of(const struct compiler *c, const struct expr *e)
{
    const struct type *t = &e->type;
    struct column_type out = {.storage = t->storage,
                              .max_digits = t->digits,
                              .decimal_places = t->places,
                              .naive = !c->orm->use_tz,
                              .json_key = e->kind == E_JSON_KEY,
                              .field = t->field};
    const struct field *f = t->field;
    out.hooked = f && (f->type->flags & FIELD_HOOKED ||
                       (f->storage && f->storage->type->flags & FIELD_HOOKED));
    if (e->kind != E_COLUMN && t->storage == STORE_DECIMAL)
        out.decimal_places = -1; /* as it comes: no places are known */
    if (e->kind == E_LOOKUP || e->kind == E_WHERE || e->kind == E_EXISTS || e->kind == E_NOT)
        out.storage = STORE_BOOL;
    return out;
}

static void keep_columns(const struct compiler *c, struct entry *e, const struct result *res)
{
    struct arena *a = &e->arena;
    const struct select_plan *plan = &res->plan;
    struct statement_column *cols = arena_zalloc(a, (plan->columns.n + 1) * sizeof *cols);
    struct value *empty = arena_zalloc(a, (plan->columns.n + 1) * sizeof *empty);
    bool values = res->kind == STATEMENT_VALUES;
    for (uint32_t i = 0; i < plan->columns.n; i++) {
        const struct out_column *col = &plan->columns.items[i];
        cols[i].place = col->field ? COLUMN_FIELD : values ? COLUMN_VALUE : COLUMN_ANNOTATION;
        cols[i].node = col->node;
        if (col->expr->kind == E_COLUMN)
            cols[i].field = col->expr->col.field;
        struct str name = col->alias;
        if (!name.n)
            name = col->name;
        if (!name.n && cols[i].field)
            name = cols[i].field->attname;
        cols[i].name = arena_str(a, name);
        cols[i].type = column_type_of(c, col->expr);
        show_in_zone(a, col->expr, &cols[i].type);
        if (col->expr->kind == E_AGGREGATE && col->expr->fn.fn->flags & FN_NOT_EMPTY)
            empty[i] = (struct value){.kind = VALUE_INT, .i = 0};
    }
    e->st.columns = cols;
    e->st.n_columns = plan->columns.n;
    if (res->kind == STATEMENT_AGGREGATE || res->kind == STATEMENT_COUNT)
        e->st.when_empty = empty;
    if (!plan->nodes.n)
        return;
    struct statement_node *nodes = arena_alloc(a, plan->nodes.n * sizeof *nodes);
    memcpy(nodes, plan->nodes.items, plan->nodes.n * sizeof *nodes);
    for (uint32_t i = 0; i < plan->nodes.n; i++)
        nodes[i].name = arena_str(a, nodes[i].name);
    e->st.nodes = nodes;
    e->st.n_nodes = plan->nodes.n;
}

static struct entry *keep_statement(struct compiler *c, const struct result *res)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct entry *e = arena_zalloc(&arena, sizeof *e);
    size_t n = c->params->n;
    struct statement_param *params = arena_alloc(&arena, (n + 1) * sizeof *params);
    if (n)
        memcpy(params, c->params->items, n * sizeof *params);
    for (size_t i = 0; i < n; i++) {
        if (params[i].source == PARAM_TEXT || params[i].type.bind == BIND_JSON_KEY)
            params[i].text = arena_str(&arena, params[i].text);
        if (params[i].source == PARAM_SLOT)
            params[i].as_is = convert_as_is(&params[i].type);
    }
    size_t words = sizeof(struct code) + ((size_t)c->code->n_words + 1) / 2 * 8;
    e->code = arena_alloc(&arena, words);
    memcpy(e->code, c->code, words);
    e->code->n_cells = e->code->n_bytes = 0;
    e->st.kind = res->kind;
    e->st.model = res->model;
    e->st.empty = res->empty;
    e->st.values_list = res->q && res->q->values_list;
    e->st.locks = res->q && res->q->locks;
    e->st.ordered = res->ordered;
    e->st.sql = STR("");
    if (!res->empty) {
        bool reads = res->kind != STATEMENT_CHANGE;
        db_sql_init(&e->sql, buf_str(c->out), reads ? DB_ACCESS_READ : DB_ACCESS_WRITE);
        e->st.db = &e->sql;
        e->st.sql = e->sql.text;
    }
    e->st.params = params;
    e->st.n_params = res->empty ? 0 : (uint32_t)n;
    e->arena = arena;
    keep_columns(c, e, res);
    return e;
}

static struct entry *find(struct statements *s, const struct code *code)
{
    for (struct entry *e = s->table[code->hash & s->mask]; e; e = e->chain)
        if (code_same_shape(e->code, code) && e->code->kind == code->kind)
            return e;
    return NULL;
}

const struct statement *statements_get(struct statements *s, const struct code *code,
                                       struct err *err)
{
    struct entry *e = find(s, code);
    if (e) {
        if (e != s->newest) {
            unlink_entry(s, e);
            link_newest(s, e);
        }
        return &e->st;
    }
    struct compiler c = compiler_of(s, code, err);
    struct result res = {0};
    if (compile(&c, &res) < 0)
        return NULL;
    if ((int64_t)s->params.n > s->dialect->max_parameters) {
        err_set(err, ERR_TOO_LARGE, "the query has %zu values; the database takes %lld at once",
                s->params.n, (long long)s->dialect->max_parameters);
        return NULL;
    }
    e = keep_statement(&c, &res);
    if (s->n == s->limit)
        drop_oldest(s);
    e->chain = s->table[code->hash & s->mask];
    s->table[code->hash & s->mask] = e;
    link_newest(s, e);
    s->n++;
    return &e->st;
}

/* ---- checking ---- */

static int check_values(struct statements *s, const struct statement_param *checks, size_t n,
                        const struct code *code, struct err *err)
{
    struct convert_zone utc = {.tz = tz_utc(), .tz_name = STR("UTC")};
    struct value out;
    arena_reset(&s->scratch);
    for (size_t i = 0; i < n; i++)
        if (convert_bind(s->dialect, &checks[i].type, code_value_at(code, checks[i].slot), &utc,
                         &s->scratch, &out, err) < 0)
            return -1;
    return 0;
}

/* Kinds of values are part of the shape: what always fits need not be looked at again. */
static void keep_known(struct statements *s, const struct code *code, struct known *set)
{
    struct known *k = &set[s->next_way++ % KNOWN_WAYS];
    uint32_t n = 0;
    for (size_t i = 0; i < s->checks.n; i++) {
        const struct statement_param *p = &s->checks.items[i];
        if (!convert_always_fits(&p->type, code_value_at(code, p->slot).kind))
            s->checks.items[n++] = *p;
    }
    free(k->checks);
    *k = (struct known){.hash = code->hash, .n = n};
    if (n) {
        k->checks = mem_alloc(n * sizeof *k->checks);
        memcpy(k->checks, s->checks.items, n * sizeof *k->checks);
    }
}

int statements_check(struct statements *s, const struct code *code, struct err *err)
{
    struct known *set = s->known[code->hash % KNOWN_SETS];
    for (unsigned i = 0; i < KNOWN_WAYS; i++)
        if (set[i].hash == code->hash)
            return set[i].n ? check_values(s, set[i].checks, set[i].n, code, err) : 0;
    struct compiler c = compiler_of(s, code, err);
    struct result res = {0};
    uint32_t terminal;
    int bad;
    vec_clear(&s->checks);
    c.checking = true;
    c.checks = &s->checks;
    if (code->kind != CODE_QUERY) {
        bad = compile(&c, &res);
    } else {
        struct query *q = query_replay(&c, c.end, NULL, &terminal);
        /* What is checked while text is made: select_related, only, terminals. */
        bool more = q && (terminal || q->related_mode == CODE_RELATED_NAMES || q->deferred.n);
        bad = !q ? -1 : more && run_terminal(q, terminal, &res) < 0 ? -1 : 0;
    }
    if (bad == 0)
        bad = check_values(s, s->checks.items, s->checks.n, code, err);
    if (bad == 0)
        keep_known(s, code, set);
    return bad;
}
