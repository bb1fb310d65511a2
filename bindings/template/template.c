/* SPDX-License-Identifier: MIT */
/* perilune._template: engines, compiled templates, rendering.  Private; perilune.template
 * is what apps see. */
#include "bindings/template/impl.h"

#include "bindings/http/request.h"
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/option.h"
#include "bindings/value/decimal.h"
#include "bindings/value/json.h"
#include "bindings/value/safestring.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"
#include "settings/settings.h"

static const struct class engine_class, template_class;

/* ---- templates ---- */

struct template_box {
    struct template *t;
};

struct template *template_test(lua_State *L, int idx)
{
    struct template_box *b = class_test(L, idx, &template_class);
    return b ? b->t : NULL;
}

static struct template *template_check(lua_State *L, int arg)
{
    struct template_box *b = class_check(L, arg, &template_class);
    if (!b->t)
        luaL_error(L, "the template was not compiled");
    return b->t;
}

struct pushed {
    struct lua_engine *e;
    struct template *t;
};

/* (light struct pushed) -> object, which keeps the engine */
static int step_push(lua_State *L)
{
    struct pushed *p = lua_touserdata(L, 1);
    struct template_box *b = class_new(L, &template_class, sizeof *b);
    lua_rawgeti(L, LUA_REGISTRYINDEX, p->e->self);
    lua_rawgeti(L, -1, 1);
    lua_setiuservalue(L, -3, 1);
    lua_pop(L, 1);
    b->t = p->t;
    return 1;
}

void template_push(lua_State *L, struct lua_engine *e, struct template *t)
{
    struct pushed p = {e, t};
    lua_pushcfunction(L, step_push);
    lua_pushlightuserdata(L, &p);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK)
        return;
    template_unref(t);
    lua_error(L);
}

static int template_gc(lua_State *L)
{
    struct template_box *b = class_test(L, 1, &template_class);
    if (b && b->t) {
        template_unref(b->t);
        b->t = NULL;
    }
    return 0;
}

static int push_str(lua_State *L, struct str s)
{
    if (s.n)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
    return 1;
}

static int template_get_name(lua_State *L, void *self)
{
    return push_str(L, template_name(((struct template_box *)self)->t));
}

static int template_get_origin(lua_State *L, void *self)
{
    return push_str(L, template_origin(((struct template_box *)self)->t));
}

static int template_get_source(lua_State *L, void *self)
{
    struct str s = template_text(((struct template_box *)self)->t);
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

static int template_get_engine(lua_State *L, void *self)
{
    (void)self;
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/* template:render(context, request): callbacks.render(template, context, request) */
static int template_l_render(lua_State *L)
{
    struct template *t = template_check(L, 1);
    struct lua_engine *e = template_engine_options(template_engine_of(t))->host;
    lua_settop(L, 3);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->callbacks);
    lua_getfield(L, -1, "render");
    lua_insert(L, 1);
    lua_settop(L, 4);
    lua_call(L, 3, 1);
    return 1;
}

static int template_tostring(lua_State *L)
{
    struct str name = template_name(template_check(L, 1));
    lua_pushlstring(L, name.p, name.n);
    lua_pushfstring(L, "<Template '%s'>", lua_tostring(L, -1));
    return 1;
}

static const struct class template_class = {
    .name = "perilune.template.Template",
    .fields = (const struct class_field[]){{"name", template_get_name, NULL},
                                           {"origin", template_get_origin, NULL},
                                           {"source", template_get_source, NULL},
                                           {"engine", template_get_engine, NULL},
                                           {NULL, NULL, NULL}},
    .methods = (const luaL_Reg[]){{"render", template_l_render}, {NULL, NULL}},
    .metamethods =
        (const luaL_Reg[]){{"__gc", template_gc}, {"__tostring", template_tostring}, {NULL, NULL}},
    .user_values = 1,
};

/* ---- templates of other engines ---- */

struct foreign {
    struct template *theirs, *own;
    struct foreign *next;
};

struct template *template_own(struct lua_engine *e, struct template *t, struct template_error *err)
{
    struct foreign *f;
    if (template_engine_of(t) == e->engine)
        return t;
    for (f = e->foreign; f; f = f->next)
        if (f->theirs == t)
            return f->own;
    struct template *own =
        template_compile(e->engine, template_text(t), template_name(t), template_origin(t), err);
    if (!own)
        return NULL;
    f = mem_alloc(sizeof *f);
    *f = (struct foreign){template_ref(t), own, e->foreign};
    e->foreign = f;
    return own;
}

static void drop_foreign(struct lua_engine *e)
{
    for (struct foreign *f = e->foreign, *next; f; f = next) {
        next = f->next;
        template_unref(f->own);
        template_unref(f->theirs);
        free(f);
    }
    e->foreign = NULL;
}

/* ---- engines ---- */

struct lua_engine *engine_check(lua_State *L, int arg)
{
    return class_check(L, arg, &engine_class);
}

static int engine_gc(lua_State *L)
{
    struct lua_engine *e = class_test(L, 1, &engine_class);
    if (!e || !e->engine)
        return 0;
    drop_foreign(e);
    template_engine_free(e->engine);
    e->engine = NULL;
    library_free_all(e);
    const int refs[] = {e->names, e->callbacks, e->error, e->text, e->origin, e->self};
    for (size_t i = 0; i < sizeof refs / sizeof *refs; i++)
        luaL_unref(L, LUA_REGISTRYINDEX, refs[i]);
    return 0;
}

static void read_options(lua_State *L, int idx, struct template_options *o, struct lua_engine *e)
{
    enum { AUTOESCAPE, RELOAD, INVALID, STRICT };
    static const char *const names[] = {"autoescape", "reload", "string_if_invalid", "strict",
                                        NULL};
    lua_pushnil(L);
    for (int i; (i = option_next(L, idx, names, "Engine")) >= 0; lua_pop(L, 1)) {
        if (i == AUTOESCAPE)
            o->autoescape = lua_toboolean(L, -1);
        else if (i == RELOAD)
            o->reload = lua_toboolean(L, -1);
        else if (i == INVALID)
            o->string_if_invalid = option_str(L, names[i]);
        else
            e->strict = lua_toboolean(L, -1);
    }
}

/* How the settings want numbers and moments shown. Their texts live as long as the state. */
static void read_formats(struct lua_engine *e)
{
    const struct settings *s = e->host->settings;
    e->formats = template_formats_en;
    e->plain = template_formats_plain;
    if (!s)
        return;
    e->formats.use_thousand_separator = settings_bool(s, SETTING_use_thousand_separator);
    e->plain = (struct template_formats){
        .date = settings_str(s, SETTING_date_format),
        .time = settings_str(s, SETTING_time_format),
        .datetime = settings_str(s, SETTING_datetime_format),
        .short_date = settings_str(s, SETTING_short_date_format),
        .short_datetime = settings_str(s, SETTING_short_datetime_format),
        .year_month = template_formats_plain.year_month,
        .month_day = template_formats_plain.month_day,
        .decimal_separator = settings_str(s, SETTING_decimal_separator),
        .thousand_separator = settings_str(s, SETTING_thousand_separator),
        .grouping = (unsigned)settings_int(s, SETTING_number_grouping),
        .use_thousand_separator = e->formats.use_thousand_separator,
    };
}

/* In a slot of the registry that is there from now on. */
static int new_ref(lua_State *L)
{
    lua_pushboolean(L, 0);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* engine(options, callbacks) */
static int template_l_engine(lua_State *L)
{
    struct template_options o;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct lua_engine *e = class_new(L, &engine_class, sizeof *e);
    int self = lua_gettop(L);
    e->host = host_of(L);
    e->error = new_ref(L);
    e->text = new_ref(L);
    e->origin = new_ref(L);
    lua_newtable(L);
    e->names = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushvalue(L, 2);
    e->callbacks = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, self);
    lua_rawseti(L, -2, 1);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    e->self = luaL_ref(L, LUA_REGISTRYINDEX);
    template_options_init(&o);
    read_options(L, 1, &o, e);
    o.ops = &lua_template_host;
    o.host = e;
    o.max_output = e->host->memory.limit ? e->host->memory.limit : o.max_output;
    lua_settop(L, self);
    read_formats(e);
    e->engine = template_engine_new(&o);
    template_engine_builtin(e->engine, &template_service_tags);
    return 1;
}

/* engine:builtin(library) */
static int engine_l_builtin(lua_State *L)
{
    struct lua_engine *e = engine_check(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    template_engine_builtin(e->engine, library_make(L, 2, e));
    return 0;
}

/* engine:forget() */
static int engine_l_forget(lua_State *L)
{
    template_engine_forget(engine_check(L, 1)->engine);
    return 0;
}

static int raise_error(lua_State *L, struct lua_engine *e, struct template_error *err)
{
    template_error_push(L, e, err);
    return lua_error(L);
}

static struct str str_arg(lua_State *L, int arg)
{
    struct str s;
    s.p = luaL_checklstring(L, arg, &s.n);
    return s;
}

/* engine:get(name) */
static int engine_l_get(lua_State *L)
{
    struct lua_engine *e = engine_check(L, 1);
    struct str name = str_arg(L, 2);
    struct template_error err;
    template_error_init(&err);
    struct template *t = template_get(e->engine, name, &err);
    if (!t)
        return raise_error(L, e, &err);
    template_push(L, e, t);
    return 1;
}

/* engine:compile(text, name, origin) */
static int engine_l_compile(lua_State *L)
{
    struct lua_engine *e = engine_check(L, 1);
    struct str text = str_arg(L, 2), name = STR(""), origin = STR("");
    struct template_error err;
    if (!lua_isnoneornil(L, 3))
        name = str_arg(L, 3);
    if (!lua_isnoneornil(L, 4))
        origin = str_arg(L, 4);
    template_error_init(&err);
    struct template *t = template_compile(e->engine, text, name, origin, &err);
    if (!t)
        return raise_error(L, e, &err);
    template_push(L, e, t);
    return 1;
}

/* ---- rendering ---- */

enum { ARG_ENGINE = 1, ARG_WHAT, ARG_CONTEXT, ARG_EXTRA, ARG_REQUEST, ARG_OPTIONS, ARGS = 6 };

/* What a render is told before it holds anything. */
struct render_options {
    struct tz zone, default_zone;
    bool autoescape, use_l10n, use_tz;
    struct str language; /* p NULL: the settings'; n 0: none */
};

/* May raise. */
static void read_render_options(lua_State *L, const struct lua_engine *e, struct render_options *o)
{
    enum { AUTOESCAPE, USE_L10N, USE_TZ, LANGUAGE };
    static const char *const names[] = {"autoescape", "use_l10n", "use_tz", "language", NULL};
    const struct settings *s = e->host->settings;
    *o = (struct render_options){
        .zone = time_current_zone(L),
        .default_zone = time_default_zone(L),
        .autoescape = template_engine_options(e->engine)->autoescape,
        .use_l10n = true,
        .use_tz = !s || settings_bool(s, SETTING_use_tz),
    };
    if (!lua_istable(L, ARG_OPTIONS))
        return;
    lua_pushnil(L);
    for (int i; (i = option_next(L, ARG_OPTIONS, names, "render")) >= 0; lua_pop(L, 1)) {
        bool on = lua_toboolean(L, -1);
        if (i == AUTOESCAPE)
            o->autoescape = on;
        else if (i == USE_L10N)
            o->use_l10n = on;
        else if (i == USE_TZ)
            o->use_tz = on;
        else
            o->language = on ? option_str(L, names[i]) : STR("");
    }
}

static void apply(const struct render_options *o, struct lua_render *lr)
{
    const struct settings *s = lr->e->host->settings;
    struct render *r = &lr->r;
    r->zone = o->zone;
    r->default_zone = o->default_zone;
    r->autoescape = o->autoescape;
    r->use_l10n = o->use_l10n;
    r->use_tz = o->use_tz;
    r->urlize_http = s && !settings_bool(s, SETTING_urlize_assume_https);
    r->settings_formats = &lr->e->plain;
    r->formats = o->language.p && !o->language.n ? &lr->e->plain : &lr->e->formats;
    if (o->language.n)
        r->language = o->language;
    else if (s)
        r->language = settings_str(s, SETTING_language_code);
    r->strict = lr->e->strict;
    r->stop = &thread_current(lr->e->host)->fired;
}

/* The slots of S that every render has; the values are arguments of the running function.
 * Never raises: there is room, and nothing is made. */
static void fill_store(lua_State *L, struct lua_render *lr)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, lr->e->names);
    store_push_kinds(L);
    store_push_marks(L);
    store_push_meta(L);
    lua_pushliteral(L, "__index");
    lua_pushvalue(L, ARG_CONTEXT);
    lua_pushvalue(L, ARG_EXTRA);
    lua_pushvalue(L, ARG_REQUEST);
    lua_pushnil(L); /* STORE_HANDLE */
    lua_xmove(L, lr->S, STORE_BASE);
    lr->has_extra = lua_istable(lr->S, STORE_EXTRA);
    lr->context_raw = !lua_getmetatable(lr->S, STORE_CONTEXT);
    lua_settop(lr->S, STORE_BASE);
    lr->r.made = STORE_BASE;
}

static int step_result(lua_State *L)
{
    const struct buf *out = lua_touserdata(L, 1);
    lua_pushlstring(L, out->data, out->n);
    return 1;
}

/* The template of argument 2, with a reference; NULL with *err filled. */
static struct template *find_template(lua_State *L, struct lua_engine *e,
                                      struct template_error *err)
{
    struct str name;
    struct template *t = template_test(L, ARG_WHAT);
    if (t)
        return (t = template_own(e, t, err)) ? template_ref(t) : NULL;
    name.p = lua_tolstring(L, ARG_WHAT, &name.n);
    return template_get(e->engine, name, err);
}

/* Renders with a store in hand: 0 with the result on L, or -1 with an error. */
static int render_with(lua_State *L, struct lua_render *lr)
{
    struct lua_engine *e = lr->e;
    struct template *t = find_template(L, e, &lr->r.error);
    int rc = -1;
    if (t) {
        rc = template_render(t, &lr->r);
        if (rc != 0 && lr->r.error.kind && *lr->r.stop)
            lr->r.error.kind = "TimeLimitExceeded"; /* the limit that struck is that of Lua */
        if (rc != 0)
            template_error_push(L, e, &lr->r.error);
        if (lr->handle)
            class_detach(lr->handle);
        render_release(&lr->r);
        template_unref(t);
    } else {
        template_error_push(L, e, &lr->r.error);
        render_release(&lr->r);
    }
    if (rc != 0)
        return -1;
    lua_pushcfunction(L, step_result);
    lua_pushlightuserdata(L, lr->r.out);
    return lua_pcall(L, 1, 1, 0) == LUA_OK ? 0 : -1;
}

/* engine:render(template or name, context, extra, request, options) -> string */
static int engine_l_render(lua_State *L)
{
    struct lua_render lr = {.e = engine_check(L, ARG_ENGINE)};
    struct render_options o;
    lua_settop(L, ARGS);
    if (!template_test(L, ARG_WHAT) && lua_type(L, ARG_WHAT) != LUA_TSTRING)
        return luaL_typeerror(L, ARG_WHAT, "template");
    if (!lua_istable(L, ARG_CONTEXT)) {
        lua_newtable(L);
        lua_replace(L, ARG_CONTEXT);
    }
    luaL_checkstack(L, 32, NULL);
    read_render_options(L, lr.e, &o);
    lua_settop(L, ARGS);
    lr.store = store_take(L);
    if (!lr.store)
        return luaL_error(L, "not enough memory");
    render_init(&lr.r, lr.e->engine);
    apply(&o, &lr);
    lr.S = lr.store->S;
    lr.K = lr.store->K;
    lr.r.out = &lr.store->out;
    fill_store(L, &lr);
    int rc = render_with(L, &lr);
    store_give(L, lr.store);
    return rc == 0 ? 1 : lua_error(L);
}

static const struct class engine_class = {
    .name = "perilune.template._Engine",
    .methods = (const luaL_Reg[]){{"get", engine_l_get},
                                  {"compile", engine_l_compile},
                                  {"render", engine_l_render},
                                  {"builtin", engine_l_builtin},
                                  {"forget", engine_l_forget},
                                  {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__gc", engine_gc}, {NULL, NULL}},
};

/* ---- marks ---- */

static int set_mark(lua_State *L, enum call_mark mark)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    store_push_marks(L);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, mark);
    lua_rawset(L, -3);
    lua_settop(L, 1);
    return 1;
}

/* alters_data(function) -> function */
static int template_l_alters_data(lua_State *L)
{
    return set_mark(L, MARK_ALTERS_DATA);
}

/* do_not_call(function) -> function */
static int template_l_do_not_call(lua_State *L)
{
    return set_mark(L, MARK_DO_NOT_CALL);
}

/* is_template(value) -> boolean */
static int template_l_is_template(lua_State *L)
{
    lua_pushboolean(L, template_test(L, 1) != NULL);
    return 1;
}

/* ---- the module ---- */

static void set_kind(lua_State *L, const struct class *c, enum value_kind kind)
{
    class_register(L, c);
    lua_rawgetp(L, LUA_REGISTRYINDEX, c);
    lua_pushinteger(L, kind);
    lua_rawset(L, -3);
}

static void set_kinds(lua_State *L)
{
    store_push_kinds(L);
    set_kind(L, &time_date_class, KIND_DATE);
    set_kind(L, &time_time_class, KIND_TIME);
    set_kind(L, &time_datetime_class, KIND_DATETIME);
    set_kind(L, &time_timedelta_class, KIND_TIMEDELTA);
    set_kind(L, &template_class, KIND_TEMPLATE);
    decimal_push_metatable(L);
    lua_pushinteger(L, KIND_DECIMAL);
    lua_rawset(L, -3);
    safestring_push_metatable(L);
    lua_pushinteger(L, KIND_SAFE);
    lua_rawset(L, -3);
    json_push_array_mark(L);
    lua_pushinteger(L, KIND_ARRAY);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static const luaL_Reg functions[] = {
    {"engine", template_l_engine},
    {"alters_data", template_l_alters_data},
    {"do_not_call", template_l_do_not_call},
    {"is_template", template_l_is_template},
    {NULL, NULL},
};

int luaopen_perilune__template(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.utils.safestring");
    lua_call(L, 1, 0);
    store_open(L);
    class_register(L, &engine_class);
    context_open(L);
    parser_open(L);
    set_kinds(L);
    luaL_newlib(L, functions);
    return 1;
}
