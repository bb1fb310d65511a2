/* SPDX-License-Identifier: MIT */
#include "http/query.h"

#include "base/hash.h"
#include "http/percent.h"

/* Up to here a walk over all fields is faster than hashing. */
#define SMALL 8

#define NOT_FOUND UINT32_MAX

void query_init(struct query *q, struct arena *a)
{
    *q = (struct query){.arena = a};
}

static uint32_t hash_of(struct str key)
{
    return (uint32_t)hash_str(key);
}

/* ---- finding ---- */

static uint32_t find_indexed(const struct query *q, struct str key, uint32_t hash)
{
    uint32_t mask = q->index_size - 1;
    for (uint32_t at = hash & mask; q->index[at]; at = (at + 1) & mask) {
        const struct query_field *f = &q->fields[q->index[at] - 1];
        if (f->hash == hash && str_eq(f->key, key))
            return q->index[at] - 1;
    }
    return NOT_FOUND;
}

static uint32_t find(const struct query *q, struct str key)
{
    if (q->index)
        return find_indexed(q, key, hash_of(key));
    for (uint32_t i = 0; i < q->n; i++)
        if (q->fields[i].last && str_eq(q->fields[i].key, key))
            return i;
    return NOT_FOUND;
}

static void index_put(struct query *q, uint32_t number)
{
    uint32_t mask = q->index_size - 1, at = q->fields[number].hash & mask;
    while (q->index[at])
        at = (at + 1) & mask;
    q->index[at] = number + 1;
}

static void drop_index(struct query *q)
{
    if (q->index)
        q->dead += q->index_size * sizeof *q->index;
    q->index = NULL;
}

/* Makes an index that fits the number of keys. */
static void reindex(struct query *q)
{
    uint32_t size = 4 * SMALL;
    while (size < 3 * q->keys)
        size *= 2;
    drop_index(q);
    q->index = arena_zalloc(q->arena, size * sizeof *q->index);
    q->index_size = size;
    for (uint32_t i = 0; i < q->n; i++) {
        if (!q->fields[i].last)
            continue;
        q->fields[i].hash = hash_of(q->fields[i].key);
        index_put(q, i);
    }
}

/* ---- reading ---- */

struct str query_get(const struct query *q, struct str key)
{
    uint32_t i = find(q, key);
    return i == NOT_FOUND ? STR_NULL : q->fields[q->fields[i].last - 1].value;
}

bool query_has(const struct query *q, struct str key)
{
    return find(q, key) != NOT_FOUND;
}

const struct query_field *query_first(const struct query *q, struct str key)
{
    uint32_t i = find(q, key);
    return i == NOT_FOUND ? NULL : &q->fields[i];
}

const struct query_field *query_next(const struct query *q, const struct query_field *f)
{
    return f->next ? &q->fields[f->next - 1] : NULL;
}

size_t query_count(const struct query *q, struct str key)
{
    size_t n = 0;
    for (const struct query_field *f = query_first(q, key); f; f = query_next(q, f))
        n += f->value.p != NULL;
    return n;
}

/* ---- changing ---- */

static struct query_field *new_field(struct query *q)
{
    if (q->n == q->cap) {
        uint32_t cap = q->cap ? 2 * q->cap : SMALL;
        struct query_field *fields = arena_alloc(q->arena, mem_mul(cap, sizeof *fields));
        if (q->n)
            memcpy(fields, q->fields, q->n * sizeof *fields);
        q->dead += q->cap * sizeof *fields;
        q->fields = fields;
        q->cap = cap;
    }
    return &q->fields[q->n++];
}

/* Takes key and value, which are in the arena already. */
static void append(struct query *q, struct str key, struct str value)
{
    uint32_t first = find(q, key), number = q->n;
    struct query_field *f;

    if (first != NOT_FOUND && !q->fields[first].value.p) {
        q->fields[first].value = value; /* the list was empty */
        return;
    }
    f = new_field(q);
    *f = (struct query_field){.key = key, .value = value};
    if (first != NOT_FOUND) {
        f->key = q->fields[first].key;
        q->fields[q->fields[first].last - 1].next = number + 1;
        q->fields[first].last = number + 1;
        return;
    }
    f->last = number + 1;
    q->keys++;
    if (q->index && 2 * q->keys <= q->index_size) {
        f->hash = hash_of(key);
        index_put(q, number);
    } else if (q->keys > SMALL) {
        reindex(q);
    }
}

static struct str stored_key(struct query *q, struct str key)
{
    uint32_t i = find(q, key);
    return i == NOT_FOUND ? arena_str(q->arena, key) : q->fields[i].key;
}

void query_add(struct query *q, struct str key, struct str value)
{
    append(q, stored_key(q, key), arena_str(q->arena, value));
}

/* Drops fields marked by key.p == NULL and links the others anew. */
static void relink(struct query *q)
{
    struct query_field *old = q->fields;
    uint32_t n = q->n;
    q->n = q->keys = 0;
    drop_index(q);
    for (uint32_t i = 0; i < n; i++) {
        struct query_field f = old[i]; /* append() writes at or before it */
        if (f.key.p)
            append(q, f.key, f.value);
    }
}

bool query_remove(struct query *q, struct str key)
{
    uint32_t i = find(q, key);
    if (i == NOT_FOUND)
        return false;
    q->dead += q->fields[i].key.n + 1;
    for (uint32_t next = i + 1; next; next = q->fields[next - 1].next) {
        struct query_field *f = &q->fields[next - 1];
        q->dead += f->value.n + 1;
        f->key = STR_NULL;
    }
    relink(q);
    return true;
}

void query_set_list(struct query *q, struct str key, const struct str *values, size_t n)
{
    uint32_t i = find(q, key);
    if (i == NOT_FOUND) {
        struct str own = arena_str(q->arena, key);
        if (n == 0)
            append(q, own, STR_NULL);
        for (size_t k = 0; k < n; k++)
            append(q, own, arena_str(q->arena, values[k]));
        return;
    }

    /* The first field keeps the key's place; the others go. */
    struct query_field *first = &q->fields[i];
    struct str own = first->key, value = n ? arena_str(q->arena, values[0]) : STR_NULL;
    bool several = first->next != 0;
    q->dead += first->value.n + 1;
    first->value = value;
    for (uint32_t next = first->next; next;) {
        struct query_field *f = &q->fields[next - 1];
        q->dead += f->value.n + 1;
        next = f->next;
        f->key = STR_NULL;
    }
    if (several)
        relink(q);
    for (size_t k = 1; k < n; k++)
        append(q, own, arena_str(q->arena, values[k]));
}

void query_set(struct query *q, struct str key, struct str value)
{
    query_set_list(q, key, &value, 1);
}

void query_clear(struct query *q)
{
    for (uint32_t i = 0; i < q->n; i++)
        q->dead += q->fields[i].value.n + (q->fields[i].last ? q->fields[i].key.n : 0);
    q->n = q->keys = 0;
    drop_index(q);
}

void query_add_all(struct query *q, const struct query *from)
{
    uint32_t n = from->n; /* q may be `from` and grow meanwhile */
    for (uint32_t i = 0; i < n; i++) {
        struct query_field f = from->fields[i];
        if (f.value.p)
            query_add(q, f.key, f.value);
        else if (!query_has(q, f.key))
            query_set_list(q, f.key, NULL, 0);
    }
}

/* ---- the wire ---- */

static size_t count(struct str s, char c)
{
    size_t n = 0;
    for (const char *p = s.p, *end = s.p + s.n; p < end; n++) {
        p = memchr(p, c, (size_t)(end - p));
        if (!p)
            break;
        p++;
    }
    return n;
}

int query_parse(struct query *q, struct str text, size_t max_fields, struct err *err)
{
    struct str pair;
    if (text.n == 0)
        return 0;
    if (count(text, '&') >= max_fields)
        return err_set(err, ERR_TOO_LARGE,
                       "the number of GET/POST parameters exceeded "
                       "settings.data_upload_max_number_fields (%zu)",
                       max_fields);
    while (str_split(&text, '&', &pair)) {
        if (pair.n == 0)
            continue;
        size_t eq = str_index(pair, '=');
        struct str key = percent_decode_text(q->arena, str_head(pair, eq), true, NULL);
        struct str value = percent_decode_text(q->arena, str_skip(pair, eq + 1), true, NULL);
        append(q, key, value);
    }
    return 0;
}

void query_urlencode(const struct query *q, struct buf *out, struct str safe)
{
    void (*quote)(struct buf *, struct str, struct str) =
        safe.n ? percent_quote : percent_quote_plus;
    bool first = true;
    for (uint32_t i = 0; i < q->n; i++) {
        if (!q->fields[i].last)
            continue;
        for (const struct query_field *f = &q->fields[i]; f; f = query_next(q, f)) {
            if (!f->value.p)
                continue;
            if (!first)
                buf_addc(out, '&');
            first = false;
            quote(out, f->key, safe);
            buf_addc(out, '=');
            quote(out, f->value, safe);
        }
    }
}
