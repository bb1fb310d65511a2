/* SPDX-License-Identifier: MIT */
/* perilune._gzip: files that are compressed, piece by piece.  Private.
 *
 *     local f = gzip.open(path)         read; one that is not compressed is read as it is
 *     local piece = f:read(65536)       nil at the end
 *     local f = gzip.open(path, "w")    f:write(text)
 *     f:close()
 *
 * All of them raise. */
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "crypto/gzip.h"

struct file {
    struct gzip_file *gzip; /* NULL: not open (any more) */
};

static const struct class file_class;

static struct file *check_open(lua_State *L)
{
    struct file *f = class_check(L, 1, &file_class);
    if (!f->gzip)
        luaL_argerror(L, 1, "the file is closed");
    return f;
}

/* read(n) -> up to n bytes; nil at the end */
static int file_l_read(lua_State *L)
{
    struct file *f = check_open(L);
    lua_Integer size = luaL_checkinteger(L, 2);
    struct err e;
    luaL_Buffer b;
    luaL_argcheck(L, size > 0 && size <= 1 << 24, 2, "must be from 1 to 16777216");
    char *to = luaL_buffinitsize(L, &b, (size_t)size);
    int n = gzip_read(f->gzip, to, (size_t)size, &e);
    if (n < 0)
        return exception_raise_err(L, &e);
    luaL_pushresultsize(&b, (size_t)n);
    if (n == 0)
        lua_pushnil(L);
    return 1;
}

static int file_l_write(lua_State *L)
{
    struct file *f = check_open(L);
    struct err e;
    if (gzip_write(f->gzip, scratch_arg(L, 2), &e) != 0)
        return exception_raise_err(L, &e);
    return 0;
}

static int file_l_close(lua_State *L)
{
    struct file *f = check_open(L);
    struct gzip_file *gzip = f->gzip;
    struct err e;
    f->gzip = NULL;
    if (gzip_close(gzip, &e) != 0)
        return exception_raise_err(L, &e);
    return 0;
}

static int file_gc(lua_State *L)
{
    struct file *f = class_test(L, 1, &file_class);
    struct err e;
    if (f && f->gzip)
        gzip_close(f->gzip, &e);
    if (f)
        f->gzip = NULL;
    return 0;
}

static const struct class file_class = {
    .name = "perilune._gzip.File",
    .methods =
        (const luaL_Reg[]){
            {"read", file_l_read},
            {"write", file_l_write},
            {"close", file_l_close},
            {NULL, NULL},
        },
    .metamethods =
        (const luaL_Reg[]){
            {"__gc", file_gc},
            {NULL, NULL},
        },
};

static int gzip_l_open(lua_State *L)
{
    static const char *const modes[] = {"r", "w", NULL};
    const char *path = luaL_checkstring(L, 1);
    bool write = luaL_checkoption(L, 2, "r", modes) == 1;
    struct err e;
    struct file *f = class_new(L, &file_class, sizeof *f);
    f->gzip = gzip_open(path, write, &e);
    if (!f->gzip)
        return exception_raise_err(L, &e);
    return 1;
}

static const luaL_Reg functions[] = {
    {"open", gzip_l_open},
    {NULL, NULL},
};

int luaopen_perilune__gzip(lua_State *L)
{
    class_register(L, &file_class);
    luaL_newlib(L, functions);
    return 1;
}
