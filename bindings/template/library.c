/* SPDX-License-Identifier: MIT */
/* Libraries of tags and filters written in Lua, as the engine wants them.  What a Lua
 * Library holds was checked when it was registered (perilune/template/_library.lua). */
#include "bindings/template/parser.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

struct lua_library {
    struct library library;
    struct lua_library *next;
    const void *table;   /* the Lua Library's identity, kept by `ref` */
    lua_Integer version; /* how much had been registered when it was read */
    int ref;
    struct lua_engine *e;
    struct arena arena;
};

/* ---- filters ---- */

struct filter_step {
    struct lua_render *lr;
    const struct lua_filter *f;
    struct tval value;
    const struct tval *arg;
};

/* fn(value, arg, autoescape): autoescape comes last of what the function declares */
static int step_filter(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    const struct filter_step *q = s->data;
    int n = 1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, q->f->function);
    value_push(L, s->lr, q->value);
    if (q->arg || q->f->nparams > 0) {
        value_push(L, s->lr, q->arg ? *q->arg : tval_none());
        n++;
    }
    if (q->f->autoescape) {
        lua_pushboolean(L, s->lr->r.autoescape);
        n++;
    }
    lua_call(L, n, 1);
    return 1;
}

static int filter_run(struct render *r, const struct filter *f, struct tval *v,
                      const struct tval *arg)
{
    struct lua_render *lr = render_lua(r);
    struct filter_step q = {lr, f->data, *v, arg};
    if (value_room(lr, 6) != 0 || step_run(lr, step_filter, &(struct step){.data = &q}, true) != 0)
        return -1;
    return value_take(lr, TVAL_NONE, v);
}

/* ---- reading the Lua Library ---- */

/* Field `name` of the table on top. */
static bool flag(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    bool on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return on;
}

static int ref_field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    return lua_isnil(L, -1) ? (lua_pop(L, 1), LUA_NOREF) : luaL_ref(L, LUA_REGISTRYINDEX);
}

static int int_field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    int n = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    return n;
}

static struct str str_field(lua_State *L, struct arena *a, const char *name)
{
    struct str s = STR_NULL;
    lua_getfield(L, -1, name);
    if (lua_isstring(L, -1)) {
        s.p = lua_tolstring(L, -1, &s.n);
        s = arena_str(a, s);
    }
    lua_pop(L, 1);
    return s;
}

/* Number of entries of the table on top. */
static size_t count(lua_State *L)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        n++;
    return n;
}

static void read_filter(lua_State *L, struct lua_library *l, struct filter *f)
{
    struct lua_filter *lf = arena_zalloc(&l->arena, sizeof *lf);
    lf->e = l->e;
    lf->function = ref_field(L, "fn");
    lf->autoescape = flag(L, "needs_autoescape");
    lf->nparams = int_field(L, "max_args");
    *f = (struct filter){
        .name = f->name,
        .fn = filter_run,
        .flags = (flag(L, "is_safe") ? (unsigned)FILTER_SAFE : 0) |
                 (flag(L, "expects_localtime") ? (unsigned)FILTER_LOCALTIME : 0) |
                 (flag(L, "stringfilter") ? (unsigned)FILTER_STRING : 0),
        .min_args = (unsigned char)int_field(L, "min_args"),
        .max_args = (unsigned char)lf->nparams,
        .data = lf,
    };
}

static void read_params(lua_State *L, struct lua_library *l, struct lua_tag *t)
{
    lua_getfield(L, -1, "params");
    t->nparams = lua_istable(L, -1) ? lua_rawlen(L, -1) : 0;
    struct lua_param *params = arena_zalloc(&l->arena, (t->nparams + 1) * sizeof *params);
    for (size_t i = 0; i < t->nparams; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        params[i].name = str_field(L, &l->arena, "name");
        params[i].required = flag(L, "required");
        params[i].keyword_only = flag(L, "keyword_only");
        params[i].fallback = ref_field(L, "default");
        lua_pop(L, 1);
    }
    t->params = params;
    lua_pop(L, 1);
}

static void read_tag(lua_State *L, struct lua_library *l, struct tag *tag)
{
    static const char *const kinds[] = {"raw", "simple", "inclusion", "block"};
    struct lua_tag *t = arena_zalloc(&l->arena, sizeof *t);
    struct str kind = str_field(L, &l->arena, "kind");
    for (int i = 0; i < 4; i++)
        if (str_eq(kind, str_from(kinds[i])))
            t->kind = (enum lua_tag_kind)i;
    t->e = l->e;
    t->name = str_from(tag->name);
    t->function = ref_field(L, "fn");
    t->takes_context = flag(L, "takes_context");
    t->varargs = flag(L, "varargs");
    t->varkw = flag(L, "varkw");
    t->template = ref_field(L, "template");
    t->end = str_field(L, &l->arena, "end_name").p;
    t->complaint = str_field(L, &l->arena, "complaint").p;
    read_params(L, l, t);
    tag->parse = t->kind == TAG_RAW ? lua_tag_parse : simple_tag_parse;
    tag->data = t;
}

/* The name of each entry of the table on top of the stack. */
static const char *entry_name(lua_State *L, struct lua_library *l)
{
    size_t n;
    const char *p = lua_tolstring(L, -2, &n); /* names are strings: register() checked */
    return arena_strndup(&l->arena, p, n);
}

static void read_filters(lua_State *L, struct lua_library *l)
{
    lua_getfield(L, -1, "filters");
    struct filter *filters = arena_zalloc(&l->arena, (count(L) + 1) * sizeof *filters);
    size_t i = 0;
    l->library.filters = filters;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        struct filter *f = &filters[i++];
        f->name = entry_name(L, l);
        read_filter(L, l, f);
    }
    lua_pop(L, 1);
}

static void read_tags(lua_State *L, struct lua_library *l)
{
    lua_getfield(L, -1, "tags");
    struct tag *tags = arena_zalloc(&l->arena, (count(L) + 1) * sizeof *tags);
    size_t i = 0;
    l->library.tags = tags;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        struct tag *t = &tags[i++];
        t->name = entry_name(L, l);
        read_tag(L, l, t);
    }
    lua_pop(L, 1);
}

const struct library *library_make(lua_State *L, int idx, struct lua_engine *e)
{
    struct lua_library *l;
    const void *table = lua_topointer(L, idx);
    luaL_checkstack(L, 12, NULL);
    lua_getfield(L, idx, "version");
    lua_Integer version = lua_tointeger(L, -1);
    lua_pop(L, 1);
    for (l = e->libraries; l; l = l->next)
        if (l->table == table && l->version == version)
            return &l->library;
    lua_pushvalue(L, idx);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    l = mem_zalloc(sizeof *l); /* owned by the engine from here on, filled or not */
    arena_init(&l->arena, 0);
    l->e = e;
    l->ref = ref;
    l->next = e->libraries;
    e->libraries = l;
    lua_pushvalue(L, idx);
    read_filters(L, l);
    read_tags(L, l);
    lua_pop(L, 1);
    l->table = table;
    l->version = version;
    return &l->library;
}

static void drop_functions(struct lua_library *l)
{
    for (const struct filter *f = l->library.filters; f && f->name; f++)
        if (f->data)
            registry_drop(l->e, ((struct lua_filter *)f->data)->function);
    for (const struct tag *t = l->library.tags; t && t->name; t++) {
        const struct lua_tag *lt = t->data;
        if (!lt)
            continue;
        registry_drop(l->e, lt->function);
        registry_drop(l->e, lt->template);
        for (size_t i = 0; i < lt->nparams; i++)
            registry_drop(l->e, lt->params[i].fallback);
    }
    registry_drop(l->e, l->ref);
}

void library_free_all(struct lua_engine *e)
{
    for (struct lua_library *l = e->libraries, *next; l; l = next) {
        next = l->next;
        drop_functions(l);
        arena_release(&l->arena);
        free(l);
    }
    e->libraries = NULL;
}
