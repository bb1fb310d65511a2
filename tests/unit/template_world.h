/* SPDX-License-Identifier: MIT */
/* A host for the template language that is written in C: its values are made from JSON, so
 * that a test is a line of source, context and output.  Objects of JSON with these keys are
 * something else:
 *
 *   {"$safe": "text"}      HTML that needs no escaping
 *   {"$decimal": "1.50"}   a decimal
 *   {"$date": "2008-01-02"}, {"$time": "12:00:00"}, {"$datetime": "2008-01-02T12:00:00+01:00"}
 *   {"$seconds": 90}       a duration
 *   {"$call": value}       a function that returns value
 *   {"$alters": value}     a function that templates must not call
 *   {"$fail": "text"}      a function that raises */
#ifndef TESTS_UNIT_TEMPLATE_WORLD_H
#define TESTS_UNIT_TEMPLATE_WORLD_H

#include "base/arena.h"
#include "base/map.h"
#include "template/parser.h"
#include "template/template.h"
#include "value/dateparse.h"
#include "value/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum world_kind { WORLD_LIST, WORLD_MAP, WORLD_CALL, WORLD_ALTERS, WORLD_FAIL, WORLD_TEMPLATE };

struct world_object {
    enum world_kind kind;
    size_t n;
    struct str *keys;    /* of maps */
    struct tval *values; /* of lists and maps; [0]: what a function returns */
    struct template *template;
};

struct world_template {
    struct str text, origin;
};

struct world {
    struct arena arena;
    struct template_options options;
    struct template_engine *engine;
    struct zones *zones;
    struct map templates;          /* name to struct world_template */
    const struct library *library; /* {% load world %} */
    struct datetime now;
    struct tval context;
    size_t loads, unresolved, kept;
    bool stale; /* what fresh() denies */
    /* of renders */
    bool autoescape, strict;
    struct buf log; /* names that did not resolve */
    struct template_error error;
};

static inline struct world_object *world_of(struct tval v)
{
    return (struct world_object *)(intptr_t)v.u.object;
}

static inline struct tval world_object_value(struct world_object *o)
{
    struct tval v = {.type = TVAL_OBJECT, .u.object = (intptr_t)o};
    if (o->kind == WORLD_CALL || o->kind == WORLD_ALTERS || o->kind == WORLD_FAIL)
        v.flags = TVAL_CALLABLE;
    return v;
}

static inline struct tval world_list(struct world *w, const struct tval *items, size_t n)
{
    struct world_object *o = arena_zalloc(&w->arena, sizeof *o);
    *o = (struct world_object){.kind = WORLD_LIST, .n = n};
    o->values = arena_zalloc(&w->arena, (n + 1) * sizeof *o->values);
    for (size_t i = 0; i < n; i++)
        o->values[i] = items[i];
    return world_object_value(o);
}

/* ---- values from JSON ---- */

static inline struct str world_text(struct world *w, const struct json_reader *j)
{
    char *text = arena_alloc(&w->arena, j->text.n + 1);
    size_t n = j->text.n;
    if (j->escaped)
        n = json_unescape(j->text, text);
    else if (n)
        memcpy(text, j->text.p, n);
    return str_make(text, n);
}

static inline struct tval world_moment(struct world *w, enum moment_kind kind, struct str s)
{
    struct moment *m = arena_zalloc(&w->arena, sizeof *m);
    struct err e;
    bool ok;
    m->kind = kind;
    if (kind == MOMENT_DATE)
        ok = dateparse_date(s, &m->value.date, &e) == 1;
    else if (kind == MOMENT_TIME)
        ok = dateparse_time(s, &m->value.time, &e) == 1;
    else
        ok = dateparse_datetime(s, &m->value, &e) == 1;
    assert(ok);
    (void)ok;
    return (struct tval){.type = TVAL_MOMENT, .u.moment = m};
}

/* {"$key": v} as what it stands for; maps stay maps. */
static inline struct tval world_special(struct world *w, struct world_object *o)
{
    struct str key = o->n == 1 ? o->keys[0] : STR("");
    struct tval v = o->n == 1 ? o->values[0] : tval_none();
    if (str_eq(key, STR("$safe")))
        return tval_safe(tval_text(v));
    if (str_eq(key, STR("$date")))
        return world_moment(w, MOMENT_DATE, tval_text(v));
    if (str_eq(key, STR("$time")))
        return world_moment(w, MOMENT_TIME, tval_text(v));
    if (str_eq(key, STR("$datetime")))
        return world_moment(w, MOMENT_DATETIME, tval_text(v));
    if (str_eq(key, STR("$decimal"))) {
        struct decimal *d = arena_zalloc(&w->arena, sizeof *d);
        decimal_parse(d, tval_text(v), NULL);
        return (struct tval){.type = TVAL_DECIMAL, .u.decimal = d};
    }
    if (str_eq(key, STR("$seconds"))) {
        struct duration *d = arena_zalloc(&w->arena, sizeof *d);
        duration_from_total((duration_micros)v.u.i * 1000000, d, NULL);
        return (struct tval){.type = TVAL_TIMEDELTA, .u.duration = d};
    }
    if (str_eq(key, STR("$call")))
        o->kind = WORLD_CALL;
    if (str_eq(key, STR("$alters")))
        o->kind = WORLD_ALTERS;
    if (str_eq(key, STR("$fail")))
        o->kind = WORLD_FAIL;
    return world_object_value(o);
}

static inline struct tval world_read(struct world *w, struct json_reader *j, enum json_token t);

static inline struct tval world_read_items(struct world *w, struct json_reader *j, bool map)
{
    struct str keys[256];
    struct tval values[256];
    struct world_object *o = arena_zalloc(&w->arena, sizeof *o);
    for (;;) {
        enum json_token t = json_next(j, NULL);
        assert(t != JSON_ERROR && o->n < 256);
        if (t == JSON_ARRAY_END || t == JSON_OBJECT_END)
            break;
        if (map) {
            keys[o->n] = world_text(w, j);
            t = json_next(j, NULL);
        }
        values[o->n] = world_read(w, j, t);
        o->n++;
    }
    o->kind = map ? WORLD_MAP : WORLD_LIST;
    o->keys = arena_alloc(&w->arena, (o->n + 1) * sizeof *keys);
    o->values = arena_alloc(&w->arena, (o->n + 1) * sizeof *values);
    if (map && o->n)
        memcpy(o->keys, keys, o->n * sizeof *keys);
    if (o->n)
        memcpy(o->values, values, o->n * sizeof *values);
    return map ? world_special(w, o) : world_object_value(o);
}

static inline struct tval world_read(struct world *w, struct json_reader *j, enum json_token t)
{
    switch (t) {
    case JSON_FALSE:
    case JSON_TRUE:
        return tval_bool(t == JSON_TRUE);
    case JSON_INT:
        return tval_int(j->integer);
    case JSON_DOUBLE:
        return tval_double(j->number);
    case JSON_STRING:
        return tval_str(world_text(w, j));
    case JSON_ARRAY:
    case JSON_OBJECT:
        return world_read_items(w, j, t == JSON_OBJECT);
    default:
        assert(t == JSON_NULL);
        return tval_none();
    }
}

static inline struct tval world_json(struct world *w, const char *text)
{
    struct json_reader j;
    struct err e;
    json_reader_init(&j, str_from(text), JSON_DEPTH_MAX);
    enum json_token t = json_next(&j, &e);
    if (t == JSON_ERROR)
        fprintf(stderr, "%s: %s\n", text, e.msg);
    return world_read(w, &j, t);
}

/* ---- the host ---- */

static inline int world_map_find(struct tval v, struct str key, struct tval *out)
{
    struct world_object *o = world_of(v);
    for (size_t i = o->n; o->kind == WORLD_MAP && i-- > 0;)
        if (str_eq(o->keys[i], key)) {
            *out = o->values[i];
            return 0;
        }
    return 1;
}

static inline struct world *world_render_of(struct render *r)
{
    return r->data;
}

static inline int world_load(void *host, struct str name, const struct str *skip, size_t nskip,
                             struct template_source *source, struct err *err)
{
    struct world *w = host;
    w->loads++;
    for (size_t n = 0; n < 2; n++) { /* "a.html" and, behind it, "2:a.html" */
        char key[256];
        snprintf(key, sizeof key, "%s%.*s", n ? "2:" : "", STR_ARG(name));
        struct world_template *t = map_get(&w->templates, str_from(key));
        bool skipped = false;
        for (size_t i = 0; t && i < nskip; i++)
            skipped = skipped || str_eq(skip[i], t->origin);
        if (t && !skipped) {
            source->text = t->text;
            source->origin = t->origin;
            return 0;
        }
    }
    buf_addf(source->tried, "world:%.*s (Source does not exist)\n", STR_ARG(name));
    return err_set(err, ERR_NOT_FOUND, "no template '%.*s'", STR_ARG(name));
}

static inline const struct library *world_library(void *host, struct str name, struct err *err)
{
    struct world *w = host;
    if (w->library && str_eq(name, STR("world")))
        return w->library;
    err_set(err, ERR_NOT_FOUND,
            "'%.*s' is not a registered tag library. Must be one of:\ni18n\nl10n\ntz\nworld",
            STR_ARG(name));
    return NULL;
}

static inline bool world_fresh(void *host, struct str name, struct str origin)
{
    (void)name;
    (void)origin;
    return !((struct world *)host)->stale;
}

static inline int world_variable(struct render *r, const struct name *name, struct tval *out)
{
    struct world *w = world_render_of(r);
    if (world_map_find(w->context, name->text, out) > 0)
        out->type = TVAL_UNDEFINED;
    r->made++; /* as if something had to be kept alive for it */
    return 0;
}

/* Python's dict.items() and its like. */
static inline bool world_view(struct world *w, struct tval v, struct str name, struct tval *out)
{
    struct world_object *o = world_of(v);
    struct tval list[256];
    bool items = str_eq(name, STR("items")), keys = str_eq(name, STR("keys"));
    if (o->kind != WORLD_MAP || (!items && !keys && !str_eq(name, STR("values"))))
        return false;
    for (size_t i = 0; i < o->n; i++) {
        struct tval pair[2] = {tval_str(o->keys[i]), o->values[i]};
        list[i] = items ? world_list(w, pair, 2) : pair[!keys];
    }
    *out = world_list(w, list, o->n);
    return true;
}

static inline int world_lookup_str(struct render *r, struct tval v, struct str name,
                                   struct tval *out)
{
    uint64_t index;
    if (v.type != TVAL_OBJECT)
        return 0;
    struct world_object *o = world_of(v);
    r->made++;
    if (world_map_find(v, name, out) == 0)
        return 0;
    if (o->kind == WORLD_LIST && str_to_uint64(name, &index) && index < o->n)
        *out = o->values[index];
    else if (!world_view(world_render_of(r), v, name, out))
        out->type = TVAL_UNDEFINED;
    return 0;
}

static inline int world_lookup(struct render *r, struct tval v, const struct name *name,
                               struct tval *out)
{
    return world_lookup_str(r, v, name->text, out);
}

static inline int world_call(struct render *r, struct tval self, struct tval *v)
{
    struct world_object *o = world_of(*v);
    (void)self;
    if (o->kind == WORLD_FAIL)
        return render_fail_host(r, tval_text(o->values[0]));
    if (o->kind == WORLD_ALTERS)
        *v = (struct tval){.type = TVAL_UNDEFINED};
    else
        *v = o->values[0];
    return 0;
}

static inline int world_sequence(struct render *r, struct tval v, struct tseq *out)
{
    struct world_object *o = world_of(v);
    (void)r;
    if (o->kind != WORLD_LIST && o->kind != WORLD_MAP)
        return 1;
    out->n = o->n;
    out->object = v.u.object;
    out->map = o->kind == WORLD_MAP;
    return 0;
}

static inline int world_item(struct render *r, const struct tseq *s, size_t i, struct tval *out)
{
    struct world_object *o = (struct world_object *)(intptr_t)s->object;
    r->made++;
    *out = o->kind == WORLD_MAP ? tval_str(o->keys[i]) : o->values[i];
    return 0;
}

static inline int world_length(struct render *r, struct tval v, int64_t *n)
{
    struct world_object *o = world_of(v);
    (void)r;
    *n = (int64_t)o->n;
    return o->kind == WORLD_LIST || o->kind == WORLD_MAP ? 0 : 1;
}

static inline int world_truth(struct render *r, struct tval v, bool *out)
{
    struct world_object *o = world_of(v);
    (void)r;
    *out = o->n > 0;
    return 0;
}

static inline int world_repr(struct render *r, struct tval v, struct buf *out)
{
    struct world_object *o = world_of(v);
    bool map = o->kind == WORLD_MAP;
    if (!map && o->kind != WORLD_LIST) {
        buf_adds(out, "<function>");
        return 0;
    }
    buf_adds(out, map ? "{" : "[");
    for (size_t i = 0; i < o->n; i++) {
        buf_adds(out, i ? ", " : "");
        if (map) {
            render_add_quoted(out, o->keys[i]);
            buf_adds(out, ": ");
        }
        if (render_add_repr(r, o->values[i], out) < 0)
            return -1;
    }
    buf_adds(out, map ? "}" : "]");
    return 0;
}

static inline int world_str(struct render *r, struct tval v, struct buf *out, bool *safe)
{
    *safe = false;
    return world_repr(r, v, out);
}

static inline int world_compare(struct render *r, struct tval a, struct tval b,
                                enum tval_order *out)
{
    *out = TVAL_UNORDERED;
    if (a.type != TVAL_OBJECT || b.type != TVAL_OBJECT)
        return 0;
    struct world_object *x = world_of(a), *y = world_of(b);
    if (x != y && (x->kind != WORLD_LIST || y->kind != WORLD_LIST || x->n != y->n))
        return 0;
    *out = TVAL_EQUAL;
    for (size_t i = 0; x != y && i < x->n && *out == TVAL_EQUAL; i++)
        if (render_compare(r, x->values[i], y->values[i], out) < 0)
            return -1;
    return 0;
}

static inline int world_contains(struct render *r, struct tval container, struct tval item,
                                 bool *out)
{
    struct world_object *o = world_of(container);
    enum tval_order order;
    if (o->kind != WORLD_LIST && o->kind != WORLD_MAP)
        return 1;
    for (size_t i = 0; i < o->n && !*out; i++) {
        struct tval v = o->kind == WORLD_MAP ? tval_str(o->keys[i]) : o->values[i];
        if (render_compare(r, v, item, &order) < 0)
            return -1;
        *out = order == TVAL_EQUAL;
    }
    return 0;
}

static inline int world_add_json(struct render *r, struct tval v, struct buf *out)
{
    if (v.type == TVAL_STR) {
        json_add_string(out, tval_text(v), true, NULL);
        return 0;
    }
    if (v.type != TVAL_OBJECT)
        return render_add_str(r, v, out, &(bool){false});
    struct world_object *o = world_of(v);
    buf_adds(out, o->kind == WORLD_MAP ? "{" : "[");
    for (size_t i = 0; i < o->n; i++) {
        buf_adds(out, i ? ", " : "");
        if (o->kind == WORLD_MAP) {
            json_add_string(out, o->keys[i], true, NULL);
            buf_adds(out, ": ");
        }
        world_add_json(r, o->values[i], out);
    }
    buf_adds(out, o->kind == WORLD_MAP ? "}" : "]");
    return 0;
}

static inline void world_release(struct render *r, size_t made)
{
    assert(made < r->made);
    r->made = made;
}

static inline int world_keep(struct render *r, struct tval *v)
{
    (void)v;
    world_render_of(r)->kept++;
    return 0;
}

static inline void world_drop(struct render *r, struct tval v)
{
    (void)v;
    world_render_of(r)->kept--;
}

static inline void world_now(struct render *r, struct datetime *out)
{
    *out = world_render_of(r)->now;
}

static inline int world_zone(struct render *r, struct tval v, struct tz *out)
{
    if (!tval_is_str(v))
        return 1;
    return zones_get(world_render_of(r)->zones, tval_text(v), out, NULL) < 0 ? 1 : 0;
}

static inline int world_unresolved(struct render *r, struct str token, const struct name *bit,
                                   struct tval in)
{
    struct world *w = world_render_of(r);
    w->unresolved++;
    buf_addf(&w->log, "%.*s:%u: %.*s in %.*s (%s)\n", STR_ARG(template_name(r->template)),
             r->node->line, STR_ARG(bit->text), STR_ARG(token),
             in.type == TVAL_UNDEFINED ? "variable" : tval_type_name(in));
    return 0;
}

static inline struct template *world_as_template(struct render *r, struct tval v)
{
    (void)r;
    return world_of(v)->template;
}

static const struct template_host_ops world_ops = {
    .load = world_load,
    .library = world_library,
    .fresh = world_fresh,
    .variable = world_variable,
    .lookup = world_lookup,
    .lookup_str = world_lookup_str,
    .call = world_call,
    .sequence = world_sequence,
    .item = world_item,
    .length = world_length,
    .truth = world_truth,
    .text = world_str,
    .repr = world_repr,
    .compare = world_compare,
    .contains = world_contains,
    .json = world_add_json,
    .release = world_release,
    .keep = world_keep,
    .drop = world_drop,
    .now = world_now,
    .zone = world_zone,
    .unresolved = world_unresolved,
    .as_template = world_as_template,
};

/* ---- a world ---- */

static inline void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena, 0);
    template_options_init(&w->options);
    map_init(&w->templates);
    buf_init(&w->log);
    template_error_init(&w->error);
    w->options.ops = &world_ops;
    w->options.host = w;
    w->autoescape = true;
    w->zones = zones_new(NULL);
    w->now = (struct datetime){{2008, 1, 2}, {15, 4, 5, 0}, {TZ_UTC, 0, NULL}, 0};
}

/* Options are to be set before the first render. */
static inline struct template_engine *world_engine(struct world *w)
{
    if (!w->engine)
        w->engine = template_engine_new(&w->options);
    return w->engine;
}

static inline void world_free(struct world *w)
{
    template_engine_free(w->engine);
    map_release(&w->templates, NULL);
    buf_release(&w->log);
    template_error_release(&w->error);
    zones_free(w->zones);
    arena_release(&w->arena);
}

/* The origin is the name. */
static inline void world_add(struct world *w, const char *name, const char *text)
{
    struct world_template *t = arena_alloc(&w->arena, sizeof *t);
    t->text = arena_str(&w->arena, str_from(text));
    t->origin = arena_str(&w->arena, str_from(name));
    map_set(&w->templates, str_from(name), t);
}

/* An error as "KIND: text" in out; the whole of it is in w->error. */
static inline int world_failed(struct world *w, const struct template_error *e, struct buf *out)
{
    struct buf tried = w->error.tried;
    w->error = *e;
    w->error.tried = tried;
    buf_reset(&w->error.tried);
    buf_addstr(&w->error.tried, buf_str(&e->tried));
    buf_reset(out);
    buf_addf(out, "%s: %s", e->kind ? e->kind : "host", e->text);
    return -1;
}

/* Renders a compiled template; on failure out is the error. */
static inline int world_render_template(struct world *w, struct template *t, struct buf *out)
{
    struct render r;
    render_init(&r, w->engine);
    r.out = out;
    r.data = w;
    r.autoescape = w->autoescape;
    r.use_tz = true;
    r.strict = w->strict;
    int status = template_render(t, &r);
    size_t made = r.made;
    if (status < 0)
        world_failed(w, &r.error, out);
    render_release(&r);
    assert(made == 0 && w->kept == 0);
    (void)made;
    return status;
}

/* Compiles and renders source with the variables of a JSON object. */
static inline int world_render(struct world *w, const char *source, const char *json,
                               struct buf *out)
{
    struct template_error e;
    template_error_init(&e);
    w->context = world_json(w, json ? json : "{}");
    struct template *t = template_compile(world_engine(w), str_from(source), STR(""), STR(""), &e);
    int status = t ? world_render_template(w, t, out) : world_failed(w, &e, out);
    template_unref(t);
    template_error_release(&e);
    return status;
}

/* The template of a name. */
static inline int world_render_named(struct world *w, const char *name, const char *json,
                                     struct buf *out)
{
    struct template_error e;
    template_error_init(&e);
    w->context = world_json(w, json ? json : "{}");
    struct template *t = template_get(world_engine(w), str_from(name), &e);
    int status = t ? world_render_template(w, t, out) : world_failed(w, &e, out);
    template_unref(t);
    template_error_release(&e);
    return status;
}

/* A line of a table of cases. */
struct world_case {
    const char *source, *json, *want;
};

/* Renders cases[0..n), each in a fresh engine of its own templates, and reports those that
 * differ on stderr; gives their number. */
static inline size_t world_check(struct world *w, const struct world_case *cases, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        struct buf out = BUF_INIT;
        world_render(w, cases[i].source, cases[i].json, &out);
        if (!str_eq(buf_str(&out), str_from(cases[i].want))) {
            fprintf(stderr, "%s\n  with %s\n  want \"%s\"\n  got  \"%s\"\n", cases[i].source,
                    cases[i].json ? cases[i].json : "{}", cases[i].want, out.data);
            wrong++;
        }
        buf_release(&out);
    }
    return wrong;
}

#endif
