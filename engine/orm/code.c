/* SPDX-License-Identifier: MIT */
#include "orm/code.h"

#include "base/hash.h"
#include "orm/code_impl.h"

#include <assert.h>

/* ---- the builder ---- */

void code_builder_init(struct code_builder *b)
{
    *b = (struct code_builder){.words = BUF_INIT, .cells = BUF_INIT, .bytes = BUF_INIT};
}

void code_builder_release(struct code_builder *b)
{
    buf_release(&b->words);
    buf_release(&b->cells);
    buf_release(&b->bytes);
}

static void word(struct code_builder *b, uint32_t w)
{
    buf_add(&b->words, &w, sizeof w);
}

static void op(struct code_builder *b, enum op o, uint32_t arg)
{
    word(b, (uint32_t)o | arg << 8);
}

static uint32_t *word_at(const struct code_builder *b, size_t offset)
{
    return (uint32_t *)(void *)(b->words.data + offset);
}

static void text(struct code_builder *b, enum op o, struct str s)
{
    static const char zeros[4];
    if (s.n > ARG_MAX)
        s.n = ARG_MAX; /* no name is that long: it will be an unknown one */
    op(b, o, (uint32_t)s.n);
    buf_add(&b->words, s.p, s.n);
    buf_add(&b->words, zeros, (4 - s.n % 4) % 4);
}

static size_t mark(struct code_builder *b, enum op o, uint32_t arg)
{
    size_t at = b->words.n;
    op(b, o, arg);
    return at;
}

void code_start(struct code_builder *b, enum code_kind kind)
{
    buf_reset(&b->words);
    buf_reset(&b->cells);
    buf_reset(&b->bytes);
    b->kind = kind;
    b->created = 0;
    b->low = 0;
    b->high = -1;
    b->database = 0;
}

void code_database(struct code_builder *b, struct str alias)
{
    b->database = hash_str(alias);
}

void code_start_query(struct code_builder *b, uint32_t model)
{
    code_start(b, CODE_QUERY);
    op(b, OP_MODEL, model);
}

static const struct code_cell *cells_of(const struct code *c)
{
    return (const struct code_cell *)(const void *)(code_words(c) + (c->n_words + 1) / 2 * 2);
}

static const char *bytes_of(const struct code *c)
{
    return (const char *)(cells_of(c) + c->n_cells);
}

static bool has_bytes(uint32_t kind)
{
    return kind == VALUE_TEXT || kind == VALUE_BLOB || kind == VALUE_DECIMAL || kind == VALUE_JSON;
}

/* The cells and bytes of c behind those of b; offsets move along. */
static void append_values(struct code_builder *b, const struct code *c)
{
    if (!c->n_cells)
        return;
    while (c->n_bytes && b->bytes.n % 8)
        buf_addc(&b->bytes, '\0'); /* decimals are read in place */
    size_t at = b->cells.n, base = b->bytes.n;
    buf_add(&b->cells, cells_of(c), c->n_cells * sizeof(struct code_cell));
    if (!c->n_bytes)
        return;
    buf_add(&b->bytes, bytes_of(c), c->n_bytes);
    struct code_cell *cells = (struct code_cell *)(void *)(b->cells.data + at);
    for (uint32_t i = 0; base && i < c->n_cells; i++)
        if (has_bytes(cells[i].kind))
            cells[i].at += base;
}

bool code_is_plain(const struct code *c)
{
    return c->kind == CODE_QUERY && c->n_words == 1;
}

void code_append(struct code_builder *b, const struct code *c)
{
    buf_add(&b->words, code_words(c), (size_t)c->n_words * 4);
    append_values(b, c);
    if (c->database)
        b->database = c->database;
}

void code_start_from(struct code_builder *b, const struct code *parent)
{
    code_start(b, (enum code_kind)parent->kind);
    code_append(b, parent);
    b->created = parent->created;
    b->low = parent->low;
    b->high = parent->high;
}

size_t code_builder_size(const struct code_builder *b)
{
    return sizeof(struct code) + (b->words.n + 7) / 8 * 8 + b->cells.n + b->bytes.n;
}

/* The words are what clients may choose a little of (names of lookups), so a collision costs
 * a comparison of the words and nothing else: speed before strength. */
static uint64_t hash_words(const uint32_t *w, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ n;
    for (size_t i = 0; i + 1 < n; i += 2) {
        unsigned __int128 m =
            (unsigned __int128)(h ^ w[i] ^ (uint64_t)w[i + 1] << 32) * 0xd6e8feb86659fd93u;
        h = (uint64_t)m ^ (uint64_t)(m >> 64);
    }
    if (n & 1) {
        unsigned __int128 m = (unsigned __int128)(h ^ w[n - 1]) * 0xa0761d6478bd642fu;
        h = (uint64_t)m ^ (uint64_t)(m >> 64);
    }
    return h;
}

struct code *code_finish(struct code_builder *b, void *memory)
{
    struct code *c = memory;
    *c = (struct code){.created = b->created,
                       .n_words = (uint32_t)(b->words.n / 4),
                       .n_cells = (uint32_t)(b->cells.n / sizeof(struct code_cell)),
                       .n_bytes = (uint32_t)b->bytes.n,
                       .kind = b->kind,
                       .low = b->low,
                       .high = b->high,
                       .database = b->database};
    char *p = (char *)(c + 1);
    memcpy(p, b->words.data, b->words.n);
    if (b->words.n % 8)
        memset(p + b->words.n, 0, 4);
    p += (b->words.n + 7) / 8 * 8;
    memcpy(p, b->cells.data, b->cells.n);
    memcpy(p + b->cells.n, b->bytes.data, b->bytes.n);
    c->hash = hash_words(code_words(c), c->n_words);
    return c;
}

struct value code_value_at(const struct code *c, uint32_t slot)
{
    assert(slot < c->n_cells);
    const struct code_cell *cell = &cells_of(c)[slot];
    struct value v = {.kind = (enum value_kind)cell->kind};
    if (has_bytes(cell->kind))
        v.text = str_make(bytes_of(c) + cell->at, cell->n);
    else
        v.i = cell->i; /* of a double: its bits */
    return v;
}

bool code_same_shape(const struct code *a, const struct code *b)
{
    return a->hash == b->hash && a->n_words == b->n_words &&
           memcmp(code_words(a), code_words(b), (size_t)a->n_words * 4) == 0;
}

void code_close(struct code_builder *b, size_t at, uint32_t n)
{
    uint32_t *w = word_at(b, at);
    unsigned shift = OP_OF(*w) == OP_Q ? 11 : OP_OF(*w) == OP_AGGREGATE ? 12 : 8;
    *w |= n << shift;
}

/* ---- operands ---- */

void code_slot(struct code_builder *b, const struct value *v)
{
    struct code_cell cell = {.kind = v->kind};
    if (has_bytes(v->kind)) {
        if (v->kind == VALUE_DECIMAL) /* read in place: 8-byte aligned */
            while (b->bytes.n % 8)
                buf_addc(&b->bytes, '\0');
        cell.n = (uint32_t)v->text.n;
        cell.at = b->bytes.n;
        buf_addstr(&b->bytes, v->text);
    } else {
        cell.i = v->i;
    }
    buf_add(&b->cells, &cell, sizeof cell);
}

void code_value(struct code_builder *b, const struct value *v)
{
    op(b, OP_VALUE, v->kind);
    code_slot(b, v);
}

void code_list_begin(struct code_builder *b)
{
    b->list_at = mark(b, OP_LIST, 0);
    b->list_n = 0;
}

void code_list_item(struct code_builder *b, const struct value *v)
{
    if (b->list_n % 4 == 0)
        word(b, 0);
    *word_at(b, b->words.n - 4) |= (uint32_t)v->kind << b->list_n % 4 * 8;
    b->list_n++;
    code_slot(b, v);
}

void code_list_end(struct code_builder *b)
{
    *word_at(b, b->list_at) |= b->list_n << 8;
}

size_t code_operands(struct code_builder *b)
{
    return mark(b, OP_OPERANDS, 0);
}

void code_instances(struct code_builder *b, uint32_t model, uint32_t n, bool list)
{
    op(b, OP_INSTANCES, n | (list ? 1u << 23 : 0));
    word(b, model);
}

/* ---- conditions and expressions ---- */

size_t code_q(struct code_builder *b, enum code_connector connector, bool negated)
{
    return mark(b, OP_Q, connector | (negated ? 4u : 0));
}

void code_lookup(struct code_builder *b, struct str key)
{
    text(b, OP_LOOKUP, key);
}

void code_f(struct code_builder *b, struct str name)
{
    text(b, OP_F, name);
}

void code_name(struct code_builder *b, struct str name)
{
    text(b, OP_NAME, name);
}

void code_outer(struct code_builder *b, struct str name, uint32_t depth)
{
    op(b, OP_OUTER, depth);
    code_name(b, name);
}

void code_star(struct code_builder *b)
{
    op(b, OP_STAR, 0);
}

void code_combined(struct code_builder *b, enum code_operator o)
{
    op(b, OP_COMBINED, o);
}

static void type_words(struct code_builder *b, enum op o, const struct code_type *type)
{
    text(b, o, type->name);
    word(b, (uint32_t)(type->max_digits ? type->max_digits : type->max_length));
    word(b, (uint32_t)type->decimal_places);
}

void code_output(struct code_builder *b, const struct code_type *type)
{
    type_words(b, OP_OUTPUT, type);
}

void code_cast(struct code_builder *b, const struct code_type *type)
{
    type_words(b, OP_CAST, type);
}

size_t code_function(struct code_builder *b, struct str name)
{
    size_t at = mark(b, OP_FUNCTION, 0);
    code_name(b, name);
    return at;
}

size_t code_aggregate(struct code_builder *b, struct str name, unsigned flags)
{
    size_t at = mark(b, OP_AGGREGATE, flags);
    code_name(b, name);
    return at;
}

void code_case(struct code_builder *b, uint32_t n, bool has_default)
{
    op(b, OP_CASE, n << 1 | has_default);
}

void code_not(struct code_builder *b)
{
    op(b, OP_NOT, 0);
}

void code_compare(struct code_builder *b, struct str lookup)
{
    text(b, OP_COMPARE, lookup);
}

void code_query(struct code_builder *b, enum code_query_use use, const struct code *query)
{
    op(b, OP_QUERY, use);
    word(b, query->n_words);
    /* Its slice becomes two values, for the marks in the header are the outer query's. */
    code_append(b, query);
    struct value mark_value = {.kind = VALUE_INT, .i = query->low};
    code_slot(b, &mark_value);
    mark_value.i = query->high < 0 ? -1 : query->high - query->low;
    code_slot(b, &mark_value);
}

void code_order(struct code_builder *b, unsigned flags)
{
    op(b, OP_ORDER, flags);
}

void code_window(struct code_builder *b, uint32_t n_partition, uint32_t n_order,
                 const struct code_frame *f)
{
    op(b, OP_WINDOW, n_partition);
    word(b, n_order);
    word(b, (uint32_t)f->kind | (uint32_t)f->exclusion << 4 | (f->has_start ? 256u : 0) |
                (f->has_end ? 512u : 0) | (f->query_order ? 1024u : 0));
    word(b, (uint32_t)f->start);
    word(b, (uint32_t)f->end);
}

void code_raw(struct code_builder *b, struct str sql, uint32_t n)
{
    op(b, OP_RAW, n);
    code_name(b, sql);
}

void code_collate(struct code_builder *b, struct str collation)
{
    text(b, OP_COLLATE, collation);
}

void code_default(struct code_builder *b)
{
    op(b, OP_DEFAULT, 0);
}

/* ---- calls on queries ---- */

void code_filter(struct code_builder *b, bool exclude)
{
    op(b, exclude ? OP_EXCLUDE : OP_FILTER, 0);
}

void code_annotate(struct code_builder *b, uint32_t n, bool alias)
{
    op(b, alias ? OP_ALIAS : OP_ANNOTATE, n);
}

void code_order_by(struct code_builder *b, uint32_t n)
{
    op(b, OP_ORDER_BY, n);
}

void code_reverse(struct code_builder *b)
{
    op(b, OP_REVERSE, 0);
}

void code_distinct(struct code_builder *b, uint32_t n)
{
    op(b, OP_DISTINCT, n);
}

void code_values(struct code_builder *b, uint32_t n, bool list)
{
    op(b, list ? OP_VALUES_LIST : OP_VALUES, n);
}

void code_dates(struct code_builder *b, struct str field, struct str kind, bool desc)
{
    op(b, OP_DATES, desc);
    code_name(b, field);
    code_name(b, kind);
}

void code_datetimes(struct code_builder *b, struct str field, struct str kind, bool desc,
                    struct str zone)
{
    op(b, OP_DATETIMES, desc);
    code_name(b, field);
    code_name(b, kind);
    code_name(b, zone);
}

void code_only(struct code_builder *b, uint32_t n)
{
    op(b, OP_ONLY, n);
}

void code_defer(struct code_builder *b, uint32_t n)
{
    op(b, OP_DEFER, n);
}

void code_select_related(struct code_builder *b, enum code_related which, uint32_t n)
{
    op(b, OP_SELECT_RELATED, n << 2 | which);
}

int code_slice(struct code_builder *b, int64_t start, int64_t stop, struct err *err)
{
    if (start < 0 || stop < -1)
        return err_set(err, ERR_INVALID, "negative indexing is not supported");
    if (stop >= 0 && stop < start)
        stop = start;
    int64_t low, high = b->high;
    if (__builtin_add_overflow(b->low, start, &low))
        low = INT64_MAX;
    if (stop >= 0) {
        int64_t end;
        if (__builtin_add_overflow(b->low, stop, &end))
            end = INT64_MAX;
        if (high < 0 || end < high)
            high = end;
    }
    if (high >= 0 && low > high)
        low = high;
    b->low = low;
    b->high = high;
    if (low == high)
        op(b, OP_NONE, 0);
    op(b, OP_SLICE, (low > 0 ? 1u : 0) | (high >= 0 ? 2u : 0));
    return 0;
}

void code_none(struct code_builder *b)
{
    op(b, OP_NONE, 0);
}

void code_combine(struct code_builder *b, enum code_combinator kind, uint32_t n)
{
    /* The slice so far is that of the first part, not of the whole. */
    struct value v = {.kind = VALUE_INT, .i = b->low};
    op(b, OP_COMBINE, n << 2 | kind);
    code_slot(b, &v);
    v.i = b->high < 0 ? -1 : b->high - b->low;
    code_slot(b, &v);
    b->low = 0;
    b->high = -1;
}

void code_lock(struct code_builder *b, unsigned flags, uint32_t n_of)
{
    op(b, OP_LOCK, n_of << 3 | flags);
}

void code_filtered_relation(struct code_builder *b, struct str alias, struct str relation)
{
    op(b, OP_FILTERED_RELATION, 0);
    code_name(b, alias);
    code_name(b, relation);
}

/* ---- the last op ---- */

void code_count(struct code_builder *b)
{
    op(b, OP_COUNT, 0);
}

void code_exists(struct code_builder *b)
{
    op(b, OP_EXISTS, 0);
}

void code_get(struct code_builder *b)
{
    op(b, OP_GET, 0);
}

void code_first(struct code_builder *b, bool last)
{
    op(b, OP_FIRST, last);
}

void code_earliest(struct code_builder *b, uint32_t n, bool latest)
{
    op(b, OP_EARLIEST, n << 1 | latest);
}

void code_aggregation(struct code_builder *b, uint32_t n)
{
    op(b, OP_AGGREGATION, n);
}

void code_update(struct code_builder *b, uint32_t n)
{
    op(b, OP_UPDATE, n);
}

void code_returning(struct code_builder *b, uint32_t n)
{
    op(b, OP_RETURNING, n);
}

void code_delete(struct code_builder *b)
{
    op(b, OP_DELETE, 0);
}

void code_explain(struct code_builder *b, struct str format, uint32_t n_options)
{
    op(b, OP_EXPLAIN, n_options);
    code_name(b, format);
}

void code_start_insert(struct code_builder *b, uint32_t model, uint32_t n_rows, uint32_t n_fields,
                       unsigned flags, uint32_t n_unique, uint32_t n_update)
{
    code_start(b, CODE_INSERT);
    op(b, OP_INSERT, flags);
    word(b, model);
    word(b, n_rows);
    word(b, n_fields);
    word(b, n_unique);
    word(b, n_update);
}

void code_rows(struct code_builder *b)
{
    op(b, OP_ROWS, 0);
}

void code_start_row_update(struct code_builder *b, uint32_t model, uint32_t n_fields,
                           uint32_t n_keys, bool returning)
{
    code_start(b, CODE_ROW_UPDATE);
    op(b, OP_ROW_UPDATE, returning);
    word(b, model);
    word(b, n_fields);
    word(b, n_keys);
}
