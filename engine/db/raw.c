/* SPDX-License-Identifier: MIT */
/* SQL as authors write it: the placeholders of their text, what its first word says, and a
 * bounded cache from the text to what was made of it. */
#include "db/impl.h"

#include "base/hash.h"
#include "base/mem.h"

enum { RAW_MAX = 512, RAW_BUCKETS = 1024, RAW_TEXT_MAX = 65536, RAW_NAMES_MAX = 32766 };

/* ---- first word ---- */

static size_t skip_comment(struct str s)
{
    if (str_starts(s, STR("--"))) {
        size_t n = str_index(s, '\n');
        return n < s.n ? n + 1 : n;
    }
    if (str_starts(s, STR("/*"))) {
        size_t n = str_find(str_skip(s, 2), STR("*/"));
        return n + 4 <= s.n ? n + 4 : s.n;
    }
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum db_access access_of(struct str sql)
{
    static const struct {
        struct str word;
        enum db_access access;
    } words[] = {
        {STR_INIT("SELECT"), DB_ACCESS_READ},       {STR_INIT("VALUES"), DB_ACCESS_READ},
        {STR_INIT("WITH"), DB_ACCESS_READ},         {STR_INIT("EXPLAIN"), DB_ACCESS_READ},
        {STR_INIT("BEGIN"), DB_ACCESS_CONTROL},     {STR_INIT("COMMIT"), DB_ACCESS_CONTROL},
        {STR_INIT("END"), DB_ACCESS_CONTROL},       {STR_INIT("ROLLBACK"), DB_ACCESS_CONTROL},
        {STR_INIT("SAVEPOINT"), DB_ACCESS_CONTROL}, {STR_INIT("RELEASE"), DB_ACCESS_CONTROL},
    };
    size_t n;
    while (sql.n) {
        n = is_space(sql.p[0]) || sql.p[0] == '(' ? 1 : skip_comment(sql);
        if (!n)
            break;
        sql = str_skip(sql, n);
    }
    for (n = 0; n < sql.n && char_is_alpha(sql.p[n]); n++)
        ;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_ieq(str_head(sql, n), words[i].word))
            return words[i].access;
    return DB_ACCESS_WRITE;
}

/* ---- placeholders ---- */

static bool is_name(char c, bool first)
{
    return char_is_alpha(c) || c == '_' || (!first && char_is_digit(c));
}

/* Copies what stands in quotes, with ?? as one question mark; gives its length. */
static size_t copy_quoted(struct buf *out, struct str s)
{
    char quote = s.p[0] == '[' ? ']' : s.p[0];
    size_t i = 1;
    buf_addc(out, s.p[0]);
    for (; i < s.n; i++) {
        buf_addc(out, s.p[i]);
        if (s.p[i] == quote)
            return i + 1;
        if (s.p[i] == '?' && i + 1 < s.n && s.p[i + 1] == '?')
            i++;
    }
    return i;
}

static unsigned number_of(struct placeholders *p, struct str name)
{
    for (unsigned i = 0; i < p->names.n; i++)
        if (str_eq(p->names.items[i], name))
            return i + 1;
    vec_push(&p->names, name);
    return (unsigned)p->names.n;
}

static int both_kinds(struct err *err)
{
    return err_set(err, ERR_DB_PROGRAMMING,
                   "the SQL has both ? and :name placeholders; use one kind");
}

/* A placeholder at the start of s: its length; 0 when there is none, -1 on an error. */
static int placeholder(struct buf *out, struct str s, const struct db_driver *driver,
                       struct placeholders *p, struct err *err)
{
    if (s.p[0] == '?') {
        if (s.n > 1 && s.p[1] == '?') {
            buf_addc(out, '?');
            return 2;
        }
        if (p->names.n)
            return both_kinds(err);
        driver->placeholder(out, ++p->n);
        return 1;
    }
    if (s.p[0] == ':' && s.n > 1 && is_name(s.p[1], true)) {
        size_t n = 2;
        while (n < s.n && is_name(s.p[n], false))
            n++;
        if (p->n > p->names.n)
            return both_kinds(err);
        if (n > 128 || p->names.n > RAW_NAMES_MAX)
            return err_set(err, ERR_DB_PROGRAMMING, "the name of a placeholder is too long");
        driver->placeholder(out, number_of(p, str_make(s.p + 1, n - 1)));
        p->n = (unsigned)p->names.n;
        return (int)n;
    }
    return 0;
}

int placeholders_rewrite(struct buf *out, struct str s, const struct db_driver *driver,
                         struct placeholders *p, struct err *err)
{
    while (s.n) {
        size_t n = skip_comment(s);
        int taken;
        if (n) {
            buf_addc(out, ' '); /* a question mark in there is no placeholder to anybody */
        } else if (s.p[0] == '\'' || s.p[0] == '"' || s.p[0] == '`' || s.p[0] == '[') {
            n = copy_quoted(out, s);
        } else if (str_starts(s, STR("::"))) { /* PostgreSQL's cast */
            buf_addstr(out, STR("::"));
            n = 2;
        } else if ((taken = placeholder(out, s, driver, p, err)) != 0) {
            if (taken < 0)
                return -1;
            n = (size_t)taken;
        } else {
            buf_addc(out, s.p[0]);
            n = 1;
        }
        s = str_skip(s, n);
    }
    return 0;
}

/* ---- cache ---- */

struct raw_cache {
    struct db_raw *buckets[RAW_BUCKETS];
    size_t n;
    uint64_t clock;
};

struct raw_cache *raw_cache_new(void)
{
    return mem_zalloc(sizeof(struct raw_cache));
}

static void raw_free(struct db_raw *r)
{
    db_sql_release(&r->sql);
    free((char *)r->text.p);
    free((struct str *)r->names);
    free(r);
}

void raw_cache_free(struct raw_cache *cache)
{
    for (size_t i = 0; i < RAW_BUCKETS; i++)
        while (cache->buckets[i]) {
            struct db_raw *r = cache->buckets[i];
            cache->buckets[i] = r->next;
            raw_free(r);
        }
    free(cache);
}

static struct db_raw **bucket_of(struct raw_cache *cache, uint64_t hash)
{
    return &cache->buckets[hash % RAW_BUCKETS];
}

static void forget_oldest(struct raw_cache *cache)
{
    struct db_raw *oldest = NULL, **at;
    for (size_t i = 0; i < RAW_BUCKETS; i++)
        for (struct db_raw *r = cache->buckets[i]; r; r = r->next)
            if (!r->users && (!oldest || r->last_used < oldest->last_used))
                oldest = r;
    if (!oldest)
        return;
    for (at = bucket_of(cache, oldest->hash); *at != oldest; at = &(*at)->next)
        ;
    *at = oldest->next;
    cache->n--;
    raw_free(oldest);
}

static struct db_raw *raw_new(struct database *db, struct str text, struct err *err)
{
    struct placeholders p = {VEC_INIT, 0};
    struct buf native = BUF_INIT;
    struct db_raw *r = mem_zalloc(sizeof *r);
    r->text = str_make(mem_strndup(text.p, text.n), text.n);
    if (placeholders_rewrite(&native, r->text, db->driver, &p, err) != 0) {
        vec_release(&p.names);
        buf_release(&native);
        free((char *)r->text.p);
        free(r);
        return NULL;
    }
    db_sql_init(&r->sql, buf_str(&native), DB_ACCESS_GUESS);
    r->names = p.names.items; /* runs of r->text */
    r->parameters = p.n;
    buf_release(&native);
    return r;
}

struct db_raw *db_raw_get(struct database *db, struct str text, struct err *err)
{
    struct raw_cache *cache = db->all->raw;
    /* One cache for all dialects: the driver is part of what is looked for. */
    uint64_t hash = hash_str(text) ^ (uintptr_t)db->driver;
    struct db_raw **bucket = bucket_of(cache, hash), *r = *bucket;
    while (r && (r->hash != hash || !str_eq(r->text, text)))
        r = r->next;
    if (!r) {
        if (cache->n >= RAW_MAX)
            forget_oldest(cache);
        r = raw_new(db, text, err);
        if (!r)
            return NULL;
        r->hash = hash;
        r->sql.once = text.n > RAW_TEXT_MAX;
        r->next = *bucket;
        *bucket = r;
        cache->n++;
    }
    r->last_used = ++cache->clock;
    r->users++;
    return r;
}

void db_raw_done(struct db_raw *r)
{
    assert(r->users);
    r->users--;
    if (r->sql.once && !r->users)
        r->last_used = 0; /* the first to go */
}
