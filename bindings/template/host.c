/* SPDX-License-Identifier: MIT */
/* The host's table of functions, and those of them that ask the Lua half: loaders,
 * libraries, the clock, names that do not resolve. */
#include "bindings/lua/error.h"
#include "bindings/signals/signals.h"
#include "bindings/template/impl.h"
#include "bindings/value/time_values.h"

#include "base/banned.h"
#include "base/clock.h"
#include "base/log.h"

/* Pushes the function `name` of the Lua half. [-0, +1] */
static void push_callback(lua_State *L, const struct lua_engine *e, const char *name)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->callbacks);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

/* ---- compiling ---- */

struct request_for { /* a template or a library */
    struct lua_engine *e;
    struct str name;
    const struct str *skip;
    size_t nskip;
    struct template_source *source;
    const struct library *library;
    struct err *err;
    bool found;
};

/* load(name, skip) -> text, origin; or nil, list of what was tried */
static int step_load(lua_State *L)
{
    struct request_for *q = lua_touserdata(L, 1);
    push_callback(L, q->e, "load");
    lua_pushlstring(L, q->name.p, q->name.n);
    lua_createtable(L, (int)q->nskip, 0);
    for (size_t i = 0; i < q->nskip; i++) {
        lua_pushlstring(L, q->skip[i].p, q->skip[i].n);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) {
        for (lua_Integer i = 1; lua_istable(L, -1) && lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
            buf_adds(q->source->tried, lua_tostring(L, -1));
            buf_addc(q->source->tried, '\n');
            lua_pop(L, 1);
        }
        return 0;
    }
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
        return exception_raise(L, "TypeError",
                               "a template loader gives text and origin as strings");
    q->source->text.p = lua_tolstring(L, -2, &q->source->text.n);
    q->source->origin.p = lua_tolstring(L, -1, &q->source->origin.n);
    lua_rawseti(L, LUA_REGISTRYINDEX, q->e->origin);
    lua_rawseti(L, LUA_REGISTRYINDEX, q->e->text);
    q->found = true;
    return 0;
}

static int host_load(void *host, struct str name, const struct str *skip, size_t nskip,
                     struct template_source *source, struct err *err)
{
    struct request_for q = {
        .e = host, .name = name, .skip = skip, .nskip = nskip, .source = source};
    if (engine_call(host, step_load, &q, err) != 0)
        return -1;
    if (q.found)
        return 0;
    return err_set(err, ERR_NOT_FOUND, "%.*s", STR_ARG(name));
}

/* library(name) -> Library; or nil, message */
static int step_library(lua_State *L)
{
    struct request_for *q = lua_touserdata(L, 1);
    push_callback(L, q->e, "library");
    lua_pushlstring(L, q->name.p, q->name.n);
    lua_call(L, 1, 2);
    if (lua_isnil(L, -2)) {
        const char *text = lua_tostring(L, -1);
        err_set(q->err, ERR_NOT_FOUND, "%s", text ? text : "no such library");
        return 0;
    }
    q->library = library_make(L, lua_absindex(L, -2), q->e);
    return 0;
}

static const struct library *host_library(void *host, struct str name, struct err *err)
{
    const struct library *own = template_service_library(name);
    struct request_for q = {.e = host, .name = name, .err = err};
    if (own)
        return own;
    return engine_call(host, step_library, &q, err) == 0 ? q.library : NULL;
}

/* fresh(name, origin) -> boolean */
static int step_fresh(lua_State *L)
{
    struct request_for *q = lua_touserdata(L, 1);
    push_callback(L, q->e, "fresh");
    lua_pushlstring(L, q->name.p, q->name.n);
    lua_pushlstring(L, q->skip->p, q->skip->n);
    lua_call(L, 2, 1);
    q->found = lua_toboolean(L, -1);
    return 0;
}

static bool host_fresh(void *host, struct str name, struct str origin)
{
    struct request_for q = {.e = host, .name = name, .skip = &origin};
    struct err err;
    return engine_call(host, step_fresh, &q, &err) == 0 && q.found;
}

static void host_name_added(void *host, const struct name *name)
{
    (void)host; /* its Lua string is made when it is looked up first */
    (void)name;
}

/* ---- surroundings ---- */

static int step_now(lua_State *L)
{
    time_now(L, lua_touserdata(L, 1));
    return 0;
}

static void host_now(struct render *r, struct datetime *out)
{
    struct err err;
    if (engine_call(render_lua(r)->e, step_now, out, &err) != 0)
        (void)datetime_from_epoch_micros(clock_realtime() / 1000, tz_utc(), out, NULL);
}

static struct template *host_as_template(struct render *r, struct tval v)
{
    int slot;
    if (v.type != TVAL_OBJECT)
        return NULL;
    struct lua_render *lr = render_lua(r);
    lua_State *T = value_slot(lr, v, &slot);
    struct template *t = lua_checkstack(T, 3) ? template_test(T, slot) : NULL;
    struct template_error err;
    template_error_init(&err);
    t = t ? template_own(lr->e, t, &err) : NULL;
    template_error_release(&err);
    return t;
}

/* template_rendered, for tests: its sender is the template. */
struct rendered {
    struct lua_render *lr;
    const struct template *t;
};

static int step_rendered(lua_State *L)
{
    struct rendered *q = lua_touserdata(L, 1);
    template_push(L, q->lr->e, template_ref((struct template *)q->t));
    int sender = lua_gettop(L);
    if (!signals_has(L, SIGNAL_template_rendered, sender))
        return 0;
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, sender);
    lua_setfield(L, -2, "template");
    context_push_handle(L, q->lr);
    lua_getfield(L, -1, "flatten");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    lua_setfield(L, -2, "context");
    signals_send(L, SIGNAL_template_rendered, sender);
    return 0;
}

static void host_rendered(struct render *r, const struct template *t)
{
    struct lua_render *lr = render_lua(r);
    struct host *h = lr->e->host;
    struct rendered q = {lr, t};
    struct err err;
    if (!signals_builtin(h->options.signals, SIGNAL_template_rendered)->live ||
        !lua_checkstack(lr->S, 8))
        return;
    if (engine_call(lr->e, step_rendered, &q, &err) != 0)
        log_write(h->log, LOG_LEVEL_ERROR, "perilune.template",
                  "a receiver of template_rendered: %s", err.msg);
}

/* unresolved(token, bit, names of `in` or nil, template name, line) */
struct unresolved {
    struct lua_render *lr;
    struct str token;
    const struct name *bit;
    struct tval in;
};

static int add_scope_name(void *data, const struct name *n, struct tval v)
{
    lua_State *L = data;
    (void)v;
    lua_pushlstring(L, n->text.p, n->text.n);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    return 0;
}

static int step_unresolved(lua_State *L)
{
    struct unresolved *u = lua_touserdata(L, 1);
    struct lua_render *lr = u->lr;
    struct str name = template_name(lr->r.template), origin = template_origin(lr->r.template);
    push_callback(L, lr->e, "unresolved");
    lua_pushlstring(L, u->token.p, u->token.n);
    lua_pushlstring(L, u->bit->text.p, u->bit->text.n);
    value_push(L, lr, u->in);
    lua_newtable(L);
    if (u->in.type == TVAL_UNDEFINED)
        context_each(&lr->r, add_scope_name, L);
    lua_pushlstring(L, name.p, name.n);
    lua_pushlstring(L, origin.p, origin.n);
    lua_pushinteger(L, lr->r.node ? lr->r.node->line : 0);
    for (int i = STORE_CONTEXT; i <= STORE_EXTRA; i++)
        lua_pushvalue(lr->S, i);
    lua_xmove(lr->S, L, 2);
    lua_call(L, 9, 0);
    return 0;
}

static int host_unresolved(struct render *r, struct str token, const struct name *bit,
                           struct tval in)
{
    struct lua_render *lr = render_lua(r);
    struct unresolved u = {lr, token, bit, in};
    struct err err;
    if (value_room(lr, 4) != 0)
        return -1;
    if (engine_call(lr->e, step_unresolved, &u, &err) == 0)
        return 0;
    return render_fail_host(r, str_from(err.msg));
}

const struct template_host_ops lua_template_host = {
    .name_added = host_name_added,
    .load = host_load,
    .library = host_library,
    .fresh = host_fresh,
    .variable = host_variable,
    .lookup = host_lookup,
    .lookup_str = host_lookup_str,
    .call = host_call,
    .sequence = host_sequence,
    .item = host_item,
    .slice = host_slice,
    .length = host_length,
    .truth = host_truth,
    .text = host_text,
    .repr = host_repr,
    .compare = host_compare,
    .contains = host_contains,
    .json = host_json,
    .release = host_release,
    .keep = host_keep,
    .drop = host_drop,
    .now = host_now,
    .zone = host_zone,
    .unresolved = host_unresolved,
    .as_template = host_as_template,
    .rendered = host_rendered,
};
