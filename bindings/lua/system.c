/* SPDX-License-Identifier: MIT */
/* perilune._system: folders, terminals and the host, for commands. What the world
 * refuses gives nil and a message. */
#include "bindings/lua/embedded.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"

#include "app/app.h"
#include "base/banned.h"
#include "base/buf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int refused(lua_State *L, const char *path)
{
    int code = errno;
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: %s", path, strerror(code));
    return 2;
}

/* kind(path) -> "file", "folder", "other"; nil when there is nothing */
static int system_l_kind(lua_State *L)
{
    struct stat st;
    if (stat(luaL_checkstring(L, 1), &st) != 0)
        return 0;
    lua_pushstring(L, S_ISREG(st.st_mode) ? "file" : S_ISDIR(st.st_mode) ? "folder" : "other");
    return 1;
}

struct folder { /* a userdata: closed with it */
    DIR *dir;
};

static int folder_gc(lua_State *L)
{
    struct folder *f = lua_touserdata(L, 1);
    if (f->dir)
        closedir(f->dir);
    f->dir = NULL;
    return 0;
}

/* list(path) -> sorted names, hidden ones included */
static int system_l_list(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct folder *f = lua_newuserdatauv(L, sizeof *f, 0);
    f->dir = NULL;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, folder_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    f->dir = opendir(path);
    if (!f->dir)
        return refused(L, path);
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_newtable(L);
    lua_Integer n = 0;
    for (struct dirent *e; (e = readdir(f->dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        lua_pushstring(L, e->d_name);
        lua_rawseti(L, -2, ++n);
    }
    closedir(f->dir);
    f->dir = NULL;
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_call(L, 1, 0);
    return 1;
}

/* writable(folder) -> boolean */
static int system_l_writable(lua_State *L)
{
    struct stat st;
    const char *path = luaL_checkstring(L, 1);
    lua_pushboolean(L, stat(path, &st) == 0 && S_ISDIR(st.st_mode) && access(path, W_OK) == 0);
    return 1;
}

/* pid() -> number of this process */
static int system_l_pid(lua_State *L)
{
    lua_pushinteger(L, getpid());
    return 1;
}

/* processors() -> how many this process may use */
static int system_l_processors(lua_State *L)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    lua_pushinteger(L, n > 0 ? n : 1);
    return 1;
}

/* alive(pid) -> is there such a process? */
static int system_l_alive(lua_State *L)
{
    pid_t pid = (pid_t)luaL_checkinteger(L, 1);
    luaL_argcheck(L, pid > 0, 1, "the number of a process");
    lua_pushboolean(L, kill(pid, 0) == 0 || errno != ESRCH);
    return 1;
}

/* mkdir(path, mode) -> true when it was made, false when it was there */
static int system_l_mkdir(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct stat st;
    if (mkdir(path, (mode_t)luaL_optinteger(L, 2, 0777)) == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    return refused(L, path);
}

/* write_new(path, text, mode) -> true; an existing file is left alone */
static int system_l_write_new(lua_State *L)
{
    size_t n;
    const char *path = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &n);
    mode_t mode = (mode_t)luaL_optinteger(L, 3, 0666);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return refused(L, path);
    for (ssize_t done; n; text += done, n -= (size_t)done) {
        done = write(fd, text, n);
        if (done < 0 && errno == EINTR)
            done = 0;
        if (done < 0) {
            refused(L, path);
            close(fd);
            return 2;
        }
    }
    if (close(fd) != 0)
        return refused(L, path);
    lua_pushboolean(L, 1);
    return 1;
}

/* absolute(path) -> the path without links, dots or a relative start */
static int system_l_absolute(lua_State *L)
{
    char out[PATH_MAX];
    const char *path = luaL_checkstring(L, 1);
    if (!realpath(path, out))
        return refused(L, path);
    lua_pushstring(L, out);
    return 1;
}

static int check_fd(lua_State *L)
{
    return (int)luaL_checkinteger(L, 1);
}

static int system_l_isatty(lua_State *L)
{
    lua_pushboolean(L, isatty(check_fd(L)));
    return 1;
}

/* columns(fd) -> width of the terminal; nil when it is none */
static int system_l_columns(lua_State *L)
{
    struct winsize w;
    if (ioctl(check_fd(L), TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return 0;
    lua_pushinteger(L, w.ws_col);
    return 1;
}

/* embedded() -> names of the modules in the binary */
static int system_l_embedded(lua_State *L)
{
    lua_newtable(L);
    for (lua_Integer i = 0; embedded_lua[i].module; i++) {
        lua_pushstring(L, embedded_lua[i].module);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* exit(status): ends the program at once, with everything written. As os.exit, but for the
 * fiber's stack it is called on: nothing is torn down under it. */
static int system_l_exit(lua_State *L)
{
    int status = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : (int)luaL_optinteger(L, 1, 0);
    fflush(NULL);
    _exit(status);
}

/* prepare() -> true; false when the project's pipeline is there already. Whoever gets
 * true goes on with perilune._project.load(). */
static int system_l_prepare(lua_State *L)
{
    struct host *h = host_of(L);
    bool first = h->settings && h->app && !h->app->pipeline;
    if (first)
        host_prepare(h, h->app);
    lua_pushboolean(L, first);
    return 1;
}

int luaopen_perilune__system(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"kind", system_l_kind},
        {"list", system_l_list},
        {"writable", system_l_writable},
        {"pid", system_l_pid},
        {"processors", system_l_processors},
        {"alive", system_l_alive},
        {"mkdir", system_l_mkdir},
        {"write_new", system_l_write_new},
        {"absolute", system_l_absolute},
        {"isatty", system_l_isatty},
        {"columns", system_l_columns},
        {"embedded", system_l_embedded},
        {"prepare", system_l_prepare},
        {"exit", system_l_exit},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    return 1;
}
