/* SPDX-License-Identifier: MIT */
/* perilune._fs: files and folders for commands. What the world refuses raises (OSError,
 * NotFoundError …): a command that cannot write has nothing else to do. Blocks. */
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"

#include "base/banned.h"
#include "base/fs.h"
#include "http/precompress.h"
#include "http/static.h"

#include <lauxlib.h>
#include <sys/stat.h>

static const char *check_path(lua_State *L, int arg)
{
    size_t n;
    const char *p = luaL_checklstring(L, arg, &n);
    luaL_argcheck(L, n > 0 && !memchr(p, '\0', n), arg,
                  "a path is not empty and holds no zero byte");
    return p;
}

static int arena_gc(lua_State *L)
{
    arena_release(lua_touserdata(L, 1));
    return 0;
}

/* An arena that the collector frees, should Lua raise meanwhile. [-0, +1] */
static struct arena *push_arena(lua_State *L)
{
    struct arena *a = lua_newuserdatauv(L, sizeof *a, 0);
    arena_init(a, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, arena_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    return a;
}

/* What no folder of static files means to publish. */
static bool skip_private(const char *name, bool folder)
{
    struct str s = str_from(name);
    return name[0] == '.' || str_ends(s, STR("~")) || (folder && strcmp(name, "CVS") == 0) ||
           (!folder && !static_name_allowed(s));
}

static void push_file(lua_State *L, const struct fs_file *f)
{
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, f->path.p, f->path.n);
    lua_setfield(L, -2, "path");
    lua_pushinteger(L, (lua_Integer)f->size);
    lua_setfield(L, -2, "size");
    lua_pushinteger(L, f->mtime);
    lua_setfield(L, -2, "mtime");
}

/* walk(folder, private) -> { { path =, size =, mtime = }, … } in the order of the paths;
 * hidden files and sources only when `private`. An empty list when there is no folder. */
static int fs_l_walk(lua_State *L)
{
    const char *dir = check_path(L, 1);
    bool all = lua_toboolean(L, 2);
    struct arena *a = push_arena(L);
    struct fs_list list;
    struct err err;
    if (fs_walk(&list, a, dir, all ? NULL : skip_private, &err) != 0 && err.code != ERR_NOT_FOUND)
        return exception_raise_err(L, &err);
    lua_createtable(L, (int)list.n, 0);
    for (size_t i = 0; i < list.n; i++) {
        push_file(L, &list.items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* stat(path) -> { path =, size =, mtime = }; nil when there is no such file */
static int fs_l_stat(lua_State *L)
{
    struct fs_file f;
    struct err err;
    if (fs_stat(check_path(L, 1), &f, &err) == 0) {
        push_file(L, &f);
        return 1;
    }
    if (err.code == ERR_NOT_FOUND || err.code == ERR_INVALID)
        return 0;
    return exception_raise_err(L, &err);
}

/* is_folder(path) -> boolean */
static int fs_l_is_folder(lua_State *L)
{
    struct stat st;
    lua_pushboolean(L, stat(check_path(L, 1), &st) == 0 && S_ISDIR(st.st_mode));
    return 1;
}

static int fs_l_read(lua_State *L)
{
    struct buf *b = scratch(L);
    struct err err;
    if (fs_read(b, check_path(L, 1), &err) != 0)
        return exception_raise_err(L, &err);
    return scratch_push(L, b);
}

static int done(lua_State *L, int rc, const struct err *err)
{
    return rc == 0 ? 0 : exception_raise_err(L, err);
}

/* write(path, content, mtime) */
static int fs_l_write(lua_State *L)
{
    struct err err;
    return done(L, fs_write(check_path(L, 1), scratch_arg(L, 2), luaL_optinteger(L, 3, -1), &err),
                &err);
}

static int fs_l_copy(lua_State *L)
{
    struct err err;
    return done(L, fs_copy(check_path(L, 1), check_path(L, 2), &err), &err);
}

static int fs_l_clear(lua_State *L)
{
    struct err err;
    return done(L, fs_clear(check_path(L, 1), &err), &err);
}

static int fs_l_remove(lua_State *L)
{
    struct err err;
    return done(L, fs_remove(check_path(L, 1), &err), &err);
}

/* compress(coding, content) -> bytes; "gzip" or "br" */
static int fs_l_compress(lua_State *L)
{
    struct str coding = scratch_arg(L, 1), content = scratch_arg(L, 2);
    struct buf *b = scratch(L);
    struct err err;
    if (precompress(b, coding, content, &err) != 0)
        return exception_raise_err(L, &err);
    return scratch_push(L, b);
}

static const luaL_Reg functions[] = {
    {"walk", fs_l_walk},           {"stat", fs_l_stat},
    {"read", fs_l_read},           {"write", fs_l_write},
    {"copy", fs_l_copy},           {"clear", fs_l_clear},
    {"remove", fs_l_remove},       {"compress", fs_l_compress},
    {"is_folder", fs_l_is_folder}, {NULL, NULL},
};

int luaopen_perilune__fs(lua_State *L)
{
    scratch_newlib(L, functions);
    return 1;
}
