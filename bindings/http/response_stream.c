/* SPDX-License-Identifier: MIT */
/* Bodies that a Lua function gives piece by piece. */
#include "bindings/http/response_impl.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/value/text_value.h"

#include "base/banned.h"
#include "base/log.h"

struct stream {
    struct host *host;
    int iterator; /* in the registry, as is `close`, which may be LUA_NOREF */
    int close;
};

/* (light buf, iterator) -> whether more may come */
static int pull_once(lua_State *L)
{
    struct buf *out = lua_touserdata(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 0, 1);
    if (!lua_isnil(L, -1)) {
        struct str piece = text_value(L, -1, "a piece of a streamed body");
        buf_addstr(out, piece);
    }
    lua_pushboolean(L, !lua_isnil(L, -1));
    return 1;
}

static int stream_pull(void *data, struct buf *out, struct err *err)
{
    struct stream *s = data;
    lua_State *L = host_thread(s->host);
    int more;
    if (!L || !lua_checkstack(L, 8))
        return err_set(err, ERR_SCRIPT, "not enough memory");
    lua_pushcfunction(L, pull_once);
    lua_pushlightuserdata(L, out);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->iterator);
    if (script_call(L, 2, 1) != LUA_OK) {
        exception_to_line(L, -1, err);
        lua_pop(L, 1);
        return -1;
    }
    more = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return more;
}

static void call_close(struct stream *s)
{
    lua_State *L = host_thread(s->host);
    struct err err;
    if (!L || !lua_checkstack(L, 8))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->close);
    if (script_call(L, 0, 0) == LUA_OK)
        return;
    exception_to_err(L, -1, &err);
    lua_pop(L, 1);
    log_write(s->host->log, LOG_LEVEL_ERROR, "perilune.http", "closing a stream: %s", err.msg);
}

static void stream_close(void *data)
{
    struct stream *s = data;
    if (s->host->L) {
        if (s->close != LUA_NOREF)
            call_close(s);
        luaL_unref(s->host->L, LUA_REGISTRYINDEX, s->close);
        luaL_unref(s->host->L, LUA_REGISTRYINDEX, s->iterator);
    }
    free(s);
}

/* A function (or LUA_NOREF for nil) in the registry. */
static int reference(lua_State *L, int arg)
{
    if (lua_isnil(L, arg))
        return LUA_NOREF;
    lua_pushvalue(L, arg);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

int response_l_stream(lua_State *L)
{
    struct response *r = response_check(L, 1);
    lua_settop(L, 3);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (!lua_isnil(L, 3))
        luaL_checktype(L, 3, LUA_TFUNCTION);
    int close = reference(L, 3), iterator = reference(L, 2);
    struct stream *s = mem_alloc(sizeof *s);
    *s = (struct stream){host_of(L), iterator, close};
    response_set_stream(r, (struct response_source){stream_pull, stream_close, s});
    lua_settop(L, 1);
    return 1;
}

/* ---- streaming_content: the iterator, for middleware to wrap ---- */

static struct stream *stream_of(const struct response *r)
{
    bool mine = r->kind == RESPONSE_STREAM && r->source.pull == stream_pull;
    return mine ? r->source.data : NULL;
}

int response_get_stream(lua_State *L, void *self)
{
    const struct stream *s = stream_of(self);
    if (s)
        lua_rawgeti(L, LUA_REGISTRYINDEX, s->iterator);
    else
        lua_pushnil(L);
    return 1;
}

int response_set_stream_content(lua_State *L, void *self)
{
    struct stream *s = stream_of(self);
    if (!s)
        return exception_raise(L, "AttributeError",
                               "only a response of StreamingResponse has streaming_content");
    if (!lua_isfunction(L, 3))
        return exception_raise(L, "TypeError", "streaming_content is a function, not a %s",
                               luaL_typename(L, 3));
    lua_pushvalue(L, 3);
    lua_rawseti(L, LUA_REGISTRYINDEX, s->iterator);
    return 0;
}
