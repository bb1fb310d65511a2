/* SPDX-License-Identifier: MIT */
/* Engines: names, libraries, and the cache of compiled templates. */
#include "template/impl.h"

void template_options_init(struct template_options *o)
{
    *o = (struct template_options){
        .autoescape = true,
        .string_if_invalid = STR(""),
        .max_source = (size_t)4 << 20,
        .max_output = (size_t)256 << 20,
        .max_depth = 100,
        .max_stack = (size_t)384 << 10,
    };
}

struct template_engine *template_engine_new(const struct template_options *o)
{
    static const char *const fixed[] = {
#define FIXED_TEXT(id, text) text,
        FIXED_NAMES(FIXED_TEXT)
#undef FIXED_TEXT
    };
    struct template_engine *e = mem_zalloc(sizeof *e);
    e->options = *o;
    arena_init(&e->arena, 0);
    map_init(&e->names);
    map_init(&e->texts);
    map_init(&e->cache);
    e->options.string_if_invalid = arena_str(&e->arena, o->string_if_invalid);
    e->invalid_has_name = str_find(o->string_if_invalid, STR("%s")) < o->string_if_invalid.n;
    for (size_t i = 0; i < FIXED_NAME_COUNT; i++)
        e->fixed[i] = template_engine_name(e, str_from(fixed[i]));
    vec_push(&e->builtins, &template_builtin_tags);
    vec_push(&e->builtins, &template_builtin_filters);
    return e;
}

static void unref(void *t)
{
    template_unref(t);
}

void template_engine_free(struct template_engine *e)
{
    if (!e)
        return;
    map_release(&e->cache, unref);
    map_release(&e->names, NULL);
    map_release(&e->texts, NULL);
    vec_release(&e->builtins);
    arena_release(&e->arena);
    free(e);
}

/* ---- names ---- */

/* What int() makes of the text, if it is a number that can stand in a template. */
int64_t name_index(struct str text)
{
    uint64_t i;
    return str_to_uint64(text, &i) && i <= INT64_MAX ? (int64_t)i : -1;
}

const struct name *engine_known_name(const struct template_engine *e, struct str text)
{
    return map_get(&e->names, text);
}

const struct name *template_engine_name(struct template_engine *e, struct str text)
{
    struct name *n = map_get(&e->names, text);
    if (n)
        return n;
    n = arena_alloc(&e->arena, sizeof *n);
    n->text = arena_str(&e->arena, text);
    n->index = name_index(text);
    n->id = (uint32_t)e->names.n;
    map_set(&e->names, text, n);
    if (e->options.ops->name_added)
        e->options.ops->name_added(e->options.host, n);
    return n;
}

struct str engine_text(struct template_engine *e, struct str text)
{
    struct str *s = map_get(&e->texts, text);
    if (!s) {
        s = arena_alloc(&e->arena, sizeof *s);
        *s = arena_str(&e->arena, text);
        map_set(&e->texts, text, s);
    }
    return *s;
}

void template_engine_builtin(struct template_engine *e, const struct library *l)
{
    vec_push(&e->builtins, l);
}

const struct template_options *template_engine_options(const struct template_engine *e)
{
    return &e->options;
}

/* ---- the cache ---- */

void template_engine_forget(struct template_engine *e)
{
    map_release(&e->cache, unref);
    map_init(&e->cache);
    e->generation++;
}

/* A reference to the cached template that is still what its source says, or NULL. */
static struct template *cached(struct template_engine *e, struct str key, struct str name,
                               unsigned serial)
{
    struct template *t = map_get(&e->cache, key);
    if (!t)
        return NULL;
    template_ref(t); /* it may be replaced while fresh() waits */
    if (!e->options.reload || !e->options.ops->fresh || (serial && t->checked == serial))
        return t;
    if (e->options.ops->fresh(e->options.host, name, t->origin)) {
        t->checked = serial;
        return t;
    }
    template_unref(t);
    return NULL;
}

static int fail_load(struct template_error *err, struct str name, struct template_source *source,
                     const struct err *why)
{
    if (why->code == ERR_SCRIPT)
        template_error_set(err, NULL, "%s", why->msg);
    else if (why->code != ERR_NOT_FOUND)
        template_error_set(err, "OSError", "%s", why->msg);
    else
        template_error_set(err, "TemplateDoesNotExist", "%.*s", STR_ARG(name));
    if (source->tried) {
        buf_reset(&err->tried);
        buf_addstr(&err->tried, buf_str(source->tried));
    }
    return -1;
}

static struct template *load(struct template_engine *e, struct str key, struct str name,
                             const struct str *skip, size_t nskip, struct template_error *err)
{
    struct buf tried = BUF_INIT;
    struct template_source source = {.tried = &tried};
    struct template *t = NULL, *old;
    struct err why = {0};
    if (e->options.ops->load(e->options.host, name, skip, nskip, &source, &why) < 0)
        fail_load(err, name, &source, &why);
    else
        t = template_compile(e, source.text, name, source.origin, err);
    buf_release(&tried);
    if (!t)
        return NULL;
    old = map_set(&e->cache, key, template_ref(t));
    if (old) {
        template_unref(old);
        e->generation++;
    }
    return t;
}

/* Templates that were found by passing over others have keys of their own. */
static void skipping_key(struct buf *key, struct str name, const struct str *skip, size_t n)
{
    buf_addstr(key, name);
    for (size_t i = 0; i < n; i++) {
        buf_addc(key, '\0');
        buf_addstr(key, skip[i]);
    }
}

struct template *engine_get_skipping(struct template_engine *e, struct str name,
                                     const struct str *skip, size_t nskip, unsigned serial,
                                     struct template_error *err)
{
    struct buf key = BUF_INIT;
    skipping_key(&key, name, skip, nskip);
    struct template *t = cached(e, buf_str(&key), name, serial);
    if (!t)
        t = load(e, buf_str(&key), name, skip, nskip, err);
    buf_release(&key);
    return t;
}

static struct template *get_partial(struct template *whole, struct str name, struct str part,
                                    struct template_error *err)
{
    struct template *t = whole->partials ? map_get(whole->partials, part) : NULL;
    if (t)
        return t; /* its references are those of the whole */
    template_error_set(err, "TemplateDoesNotExist", "%.*s", STR_ARG(part));
    buf_reset(&err->tried);
    buf_addstr(&err->tried, name);
    template_unref(whole);
    return NULL;
}

struct template *engine_get(struct template_engine *e, struct str name, unsigned serial,
                            struct template_error *err)
{
    size_t hash = str_index(name, '#');
    struct str file = str_head(name, hash), part = str_skip(name, hash + 1);
    if (file.n == 0) {
        template_error_set(err, "TemplateDoesNotExist", "%.*s", STR_ARG(name));
        return NULL;
    }
    struct template *t = cached(e, file, file, serial);
    if (!t)
        t = load(e, file, file, NULL, 0, err);
    return t && part.n ? get_partial(t, file, part, err) : t;
}

struct template *template_get(struct template_engine *e, struct str name,
                              struct template_error *err)
{
    return engine_get(e, name, 0, err);
}
