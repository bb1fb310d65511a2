/* SPDX-License-Identifier: MIT */
/* perilune._file: the C half of FileResponse. The response exists before a file is opened
 * and takes it over at once, so that nothing is lost when Lua raises. */
#include "bindings/http/response.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "base/banned.h"
#include "http/file_response.h"
#include "http/mime.h"

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

/* content_type(filename) -> as FileResponse announces it */
static int file_l_content_type(lua_State *L)
{
    struct str type = file_content_type(str_from(luaL_checkstring(L, 1)));
    lua_pushlstring(L, type.p, type.n);
    return 1;
}

/* compressible(filename) -> whether its content is text that compresses well */
static int file_l_compressible(lua_State *L)
{
    struct mime m = mime_guess(str_from(luaL_checkstring(L, 1)));
    lua_pushboolean(L, m.type.p && !m.encoding.p && mime_compressible(m.type));
    return 1;
}

static const luaL_Reg functions[] = {
    {"open", file_l_open},
    {"handle", file_l_handle},
    {"content_type", file_l_content_type},
    {"compressible", file_l_compressible},
    {NULL, NULL},
};

int luaopen_perilune__file(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
