/* SPDX-License-Identifier: MIT */
#include "bindings/value/time_values.h"

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/value/time_impl.h"

#include "base/clock.h"
#include "fiber/fiber.h"
#include "http/request.h"
#include "settings/settings.h"

/* What perilune.time keeps per Lua state. Owner: the host's arena, which outlives the
 * state, so that values may be used until the last finalizer has run. */
struct context {
    struct zones *zones;
    struct buf text;
    struct tz fallback; /* the default zone when it is not the settings' */
};

/* Registry keys, by their addresses. */
static const char context_key, clock_key, active_key;

static void free_context(void *data)
{
    struct context *c = data;
    zones_free(c->zones);
    buf_release(&c->text);
}

static struct context *context(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &context_key) == LUA_TNIL) {
        struct arena *a = &host_of(L)->arena;
        struct context *c = arena_zalloc(a, sizeof *c);
        lua_pushlightuserdata(L, c);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &context_key); /* may raise: nothing is held yet */
        c->zones = zones_new(NULL);
        buf_init(&c->text);
        arena_defer(a, free_context, c);
        lua_pop(L, 1);
        return c;
    }
    struct context *c = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return c;
}

struct buf *time_text(lua_State *L)
{
    enum { KEEP = 1 << 14 };
    struct buf *text = &context(L)->text;
    if (text->cap > KEEP)
        buf_release(text);
    buf_reset(text);
    return text;
}

int time_push_text(lua_State *L, const struct buf *text)
{
    lua_pushlstring(L, text->data, text->n);
    return 1;
}

int time_raise(lua_State *L, const struct err *e)
{
    if (e->code == ERR_TOO_LARGE)
        return exception_raise(L, "OverflowError", "%s", e->msg);
    if (e->code == ERR_NOT_FOUND)
        return exception_raise(L, "ValueError", "%s", e->msg);
    return exception_raise_err(L, e);
}

/* ---- values ---- */

static void *new_value(lua_State *L, const struct class *c, size_t size)
{
    luaL_checkstack(L, 8, NULL);
    class_register(L, c);
    return class_new(L, c, size);
}

void time_push_date(lua_State *L, struct date d)
{
    *(struct date *)new_value(L, &time_date_class, sizeof d) = d;
}

void time_push_time(lua_State *L, struct daytime t)
{
    *(struct daytime *)new_value(L, &time_time_class, sizeof t) = t;
}

void time_push_datetime(lua_State *L, const struct datetime *d)
{
    struct datetime copy = *d;
    *(struct datetime *)new_value(L, &time_datetime_class, sizeof copy) = copy;
}

void time_push_timedelta(lua_State *L, struct duration d)
{
    *(struct duration *)new_value(L, &time_timedelta_class, sizeof d) = d;
}

const struct date *time_test_date(lua_State *L, int idx)
{
    return class_test(L, idx, &time_date_class);
}

const struct daytime *time_test_time(lua_State *L, int idx)
{
    return class_test(L, idx, &time_time_class);
}

const struct datetime *time_test_datetime(lua_State *L, int idx)
{
    return class_test(L, idx, &time_datetime_class);
}

const struct duration *time_test_timedelta(lua_State *L, int idx)
{
    return class_test(L, idx, &time_timedelta_class);
}

bool time_test_moment(lua_State *L, int idx, struct moment *m)
{
    const struct datetime *datetime = time_test_datetime(L, idx);
    const struct date *date = time_test_date(L, idx);
    const struct daytime *time = time_test_time(L, idx);
    *m = (struct moment){0};
    if (datetime) {
        m->kind = MOMENT_DATETIME;
        m->value = *datetime;
    } else if (date) {
        m->kind = MOMENT_DATE;
        m->value.date = *date;
    } else if (time) {
        m->kind = MOMENT_TIME;
        m->value.time = *time;
    } else {
        return false;
    }
    return true;
}

/* ---- the clock ---- */

int time_l_set_clock(lua_State *L)
{
    if (!lua_isnoneornil(L, 1))
        luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &clock_key);
    return 0;
}

void time_now(lua_State *L, struct datetime *out)
{
    struct err err;
    luaL_checkstack(L, 4, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &clock_key) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        if (datetime_from_epoch_micros(host_realtime(host_of(L)) / 1000, tz_utc(), out, &err))
            time_raise(L, &err);
        return;
    }
    lua_call(L, 0, 1);
    const struct datetime *d = time_test_datetime(L, -1);
    if (!d || d->tz.kind == TZ_NONE)
        exception_raise(L, "TypeError", "the clock set for tests must give an aware datetime");
    else if (datetime_astimezone(d, tz_utc(), out, &err))
        time_raise(L, &err);
    lua_pop(L, 1);
}

/* ---- zones ---- */

struct tz time_zone_arg(lua_State *L, int idx)
{
    struct err err;
    struct tz tz = tz_utc();
    size_t n;
    if (lua_type(L, idx) != LUA_TSTRING)
        exception_raise(L, "TypeError",
                        "a time zone is given by its name ('Europe/Paris', 'UTC', '+02:00'), not "
                        "by a %s",
                        luaL_typename(L, idx));
    const char *name = lua_tolstring(L, idx, &n);
    if (zones_get(context(L)->zones, str_make(name, n), &tz, &err))
        time_raise(L, &err);
    return tz;
}

struct tz time_default_zone(lua_State *L)
{
    struct context *c = context(L);
    const struct settings *s = host_of(L)->settings;
    struct tz tz = tz_utc();
    struct err err;
    if (c->fallback.kind != TZ_NONE)
        return c->fallback;
    if (s && zones_get(c->zones, settings_str(s, SETTING_time_zone), &tz, &err)) {
        err_prefix(&err, "settings.time_zone");
        exception_raise(L, "ImproperlyConfigured", "%s", err.msg);
    }
    return tz; /* UTC before a project is loaded, and outside of one */
}

int time_l_set_default(lua_State *L)
{
    context(L)->fallback = lua_isnoneornil(L, 1) ? tz_none() : time_zone_arg(L, 1);
    return 0;
}

/* The registry has a table of active zones: by the Lua thread that stands for the
 * running fiber, so that coroutines inside it see the same zone and other fibers do not. */
struct active {
    const void *request; /* with its start: threads go from one request to the next */
    int64_t started;
    struct tz tz;
};

/* Which fiber this is: its thread, and the request it works on. */
static const void *scope(lua_State *L, struct active *a)
{
    struct host *h = host_of(L);
    struct fiber *f = h->loop ? fiber_self(h->loop) : NULL;
    *a = (struct active){NULL, 0, tz_none()};
    if (!f)
        return h->L;
    const struct request *r = *fiber_slot(f, FIBER_REQUEST);
    if (r)
        *a = (struct active){r, r->started, tz_none()};
    return host_thread(h);
}

struct tz time_active_zone(lua_State *L)
{
    struct active now;
    const void *thread = scope(L, &now);
    luaL_checkstack(L, 4, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &active_key) == LUA_TTABLE) {
        if (lua_rawgetp(L, -1, thread) == LUA_TUSERDATA) {
            const struct active *a = lua_touserdata(L, -1);
            if (a->request == now.request && a->started == now.started)
                now.tz = a->tz;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return now.tz;
}

/* Nothing is allocated: the slot exists, or there is nothing to do. */
static void forget(lua_State *L, const void *thread)
{
    if (!lua_checkstack(L, 3))
        return;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &active_key) == LUA_TTABLE) {
        if (lua_rawgetp(L, -1, thread) != LUA_TNIL) {
            lua_pushnil(L);
            lua_rawsetp(L, -3, thread);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

void time_set_active_zone(lua_State *L, struct tz tz)
{
    struct active now;
    const void *thread = scope(L, &now);
    if (tz.kind == TZ_NONE) {
        forget(L, thread);
        return;
    }
    luaL_checkstack(L, 6, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &active_key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &active_key);
    }
    struct active *a = lua_newuserdatauv(L, sizeof *a, 0);
    *a = now;
    a->tz = tz;
    lua_rawsetp(L, -2, thread);
    lua_pop(L, 1);
}

struct tz time_current_zone(lua_State *L)
{
    struct tz tz = time_active_zone(L);
    return tz.kind == TZ_NONE ? time_default_zone(L) : tz;
}

int time_l_activate(lua_State *L)
{
    time_set_active_zone(L, lua_isnoneornil(L, 1) ? tz_none() : time_zone_arg(L, 1));
    return 0;
}

int time_l_active(lua_State *L)
{
    struct tz tz = time_active_zone(L);
    struct buf *text = time_text(L);
    if (tz.kind == TZ_NONE)
        return 0;
    tz_add_name(text, tz);
    return time_push_text(L, text);
}
