/* SPDX-License-Identifier: MIT */
/* perilune._file: the C half of FileResponse. The response exists before a file is opened
 * and takes it over at once, so that nothing is lost when Lua raises. */
#include "error.h"
#include "host.h"
#include "libs.h"
#include "response.h"

#include "base/banned.h"
#include "base/log.h"
#include "http/file_response.h"

#include <fcntl.h>
#include <lauxlib.h>
#include <unistd.h>

static struct str check_path(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    if (n == 0 || memchr(p, '\0', n))
        exception_raise(L, "ValueError", "a path is not empty and holds no zero byte");
    return str_make(p, n);
}

static int failed(lua_State *L, const struct err *err)
{
    luaL_pushfail(L);
    lua_pushstring(L, err->msg);
    lua_pushstring(L, err_name(err->code));
    return 3;
}

/* open(response, path, root) -> true; or nil, message, code. Paths are relative to the
 * project; with a root the path is taken below it and cannot leave it. */
static int file_l_open(lua_State *L)
{
    struct response *r = response_check(L, 1);
    struct str path = check_path(L, 2);
    const char *root = NULL;
    struct file f;
    struct err err;
    if (!lua_isnoneornil(L, 3))
        root = host_path(host_of(L), &r->arena, check_path(L, 3).p);
    else
        path = str_from(host_path(host_of(L), &r->arena, path.p));
    if (file_open(&f, root, path, &err) != 0)
        return failed(L, &err);
    file_response_set(r, &f);
    lua_pushboolean(L, 1);
    return 1;
}

/* handle(response, io file) -> true when the rest of it is the body now: it is a regular
 * file, and the handle is no longer needed; false for a pipe; or nil, message, code. */
static int file_l_handle(lua_State *L)
{
    struct response *r = response_check(L, 1);
    luaL_Stream *stream = luaL_checkudata(L, 2, LUA_FILEHANDLE);
    struct file f;
    struct err err;
    off_t at;
    if (!stream->closef)
        return exception_raise(L, "ValueError", "the file is closed");
    fflush(stream->f);
    at = ftello(stream->f);
    if (at < 0) { /* it cannot seek: a pipe */
        lua_pushboolean(L, 0);
        return 1;
    }
    int fd = fcntl(fileno(stream->f), F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        err_set_errno(&err, "cannot send the file");
        return failed(L, &err);
    }
    if (file_of_fd(&f, fd, STR("file"), &err) != 0)
        return failed(L, &err);
    uint64_t from = (uint64_t)at < f.size ? (uint64_t)at : f.size;
    response_set_file(r, fd, from, f.size - from);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- what can only be read ---- */

struct reader { /* owner: the response's source */
    struct host *host;
    int next, close; /* functions in the registry; close may be LUA_NOREF */
};

/* next() -> piece, nil at the end; pushes whether there was one */
static int pull_once(lua_State *L)
{
    struct buf *out = lua_touserdata(L, 1);
    size_t n;
    const char *p;
    lua_call(L, 0, 1);
    p = lua_tolstring(L, -1, &n);
    if (!p && !lua_isnil(L, -1))
        return exception_raise(L, "TypeError", "read() gives strings, not a %s",
                               luaL_typename(L, -1));
    buf_add(out, p, p ? n : 0);
    lua_pushboolean(L, p != NULL);
    return 1;
}

static int pull(void *data, struct buf *out, struct err *err)
{
    struct reader *r = data;
    lua_State *L = host_thread(r->host);
    int more;
    if (!L || !lua_checkstack(L, 8))
        return err_set(err, ERR_SCRIPT, "not enough memory");
    lua_pushcfunction(L, pull_once);
    lua_pushlightuserdata(L, out);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->next);
    if (script_call(L, 2, 1) != LUA_OK) {
        exception_to_err(L, -1, err);
        lua_pop(L, 1);
        return -1;
    }
    more = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return more;
}

static void call_close(const struct reader *r)
{
    lua_State *L = host_thread(r->host);
    struct err err;
    if (!L || !lua_checkstack(L, 8))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->close);
    if (script_call(L, 0, 0) == LUA_OK)
        return;
    exception_to_err(L, -1, &err);
    lua_pop(L, 1);
    log_write(r->host->log, LOG_LEVEL_ERROR, "perilune.http", "closing a file: %s", err.msg);
}

/* Also when the client went away, or when the response was never sent. */
static void close_reader(void *data)
{
    struct reader *r = data;
    if (r->host->L) {
        if (r->close != LUA_NOREF)
            call_close(r);
        luaL_unref(r->host->L, LUA_REGISTRYINDEX, r->close);
        luaL_unref(r->host->L, LUA_REGISTRYINDEX, r->next);
    }
    free(r);
}

/* stream(response, next, close): the body is what next() gives until nil. */
static int file_l_stream(lua_State *L)
{
    struct response *response = response_check(L, 1);
    struct reader *r;
    int next, close = LUA_NOREF;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 3);
    if (!lua_isnil(L, 3)) {
        luaL_checktype(L, 3, LUA_TFUNCTION);
        close = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_pushvalue(L, 2);
    next = luaL_ref(L, LUA_REGISTRYINDEX);
    r = mem_alloc(sizeof *r);
    *r = (struct reader){host_of(L), next, close};
    response_set_stream(response, (struct response_source){pull, close_reader, r});
    return 0;
}

/* content_type(filename) -> as FileResponse announces it */
static int file_l_content_type(lua_State *L)
{
    struct str type = file_content_type(str_from(luaL_checkstring(L, 1)));
    lua_pushlstring(L, type.p, type.n);
    return 1;
}

static const luaL_Reg functions[] = {
    {"open", file_l_open},
    {"handle", file_l_handle},
    {"stream", file_l_stream},
    {"content_type", file_l_content_type},
    {NULL, NULL},
};

int luaopen_perilune__file(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
