/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "bindings.h"
#include "commands.h"
#include "error.h"
#include "libs.h"

#include "base/mem.h"
#include "fiber/fiber.h"

#include <lauxlib.h>

/* ---- memory ---- */

static void *allocate(void *data, void *p, size_t old, size_t size)
{
    struct host *h = data;
    if (!p)
        old = 0; /* Lua passes the kind of object there */
    if (size == 0) {
        free(p);
        h->memory -= old;
        return NULL;
    }
    if (size > old && h->memory + (size - old) > h->memory_limit)
        return NULL;
    void *q = realloc(p, size);
    if (q) {
        h->memory += size - old;
        if (h->memory > h->memory_peak)
            h->memory_peak = h->memory;
    }
    return q;
}

/* ---- threads ---- */

static int new_thread(lua_State *L)
{
    lua_State *thread = lua_newthread(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, thread); /* anchored until drop_thread */
    lua_pushlightuserdata(L, thread);
    return 1;
}

static void drop_thread(void *data, void *script)
{
    struct host *h = data;
    if (script && h->L) {
        lua_pushnil(h->L); /* no allocation: the slot exists */
        lua_rawsetp(h->L, LUA_REGISTRYINDEX, script);
        h->threads--;
    }
}

lua_State *host_thread(struct host *h)
{
    struct fiber *f = fiber_self(h->loop);
    void **slot;
    if (!f)
        return h->L;
    slot = fiber_slot(f, FIBER_SCRIPT);
    if (!*slot) {
        lua_pushcfunction(h->L, new_thread);
        if (lua_pcall(h->L, 0, 1, 0) == LUA_OK) {
            *slot = lua_touserdata(h->L, -1);
            h->threads++;
        }
        lua_pop(h->L, 1);
    }
    return *slot;
}

int script_call(lua_State *L, int nargs, int nresults)
{
    int base = lua_gettop(L) - nargs, status;
    if (!lua_checkstack(L, LUA_MINSTACK)) {
        lua_settop(L, base - 1);
        lua_pushliteral(L, "cannot grow the Lua stack");
        return LUA_ERRMEM;
    }
    lua_pushcfunction(L, exception_handler);
    lua_insert(L, base);
    status = lua_pcall(L, nargs, nresults, base);
    lua_remove(L, base);
    return status;
}

const char *host_path(struct host *h, struct arena *a, const char *name)
{
    if (name[0] == '/' || !h->options.project_dir)
        return arena_strdup(a, name);
    return arena_printf(a, "%s/%s", h->options.project_dir, name);
}

/* ---- life ---- */

static int open_libs(lua_State *L)
{
    libs_open(L);
    return 0;
}

static void host_close(struct script *script)
{
    struct host *h = (struct host *)script;
    if (!h)
        return;
    lua_State *L = h->L;
    if (L)
        lua_close(L);
    h->L = NULL;
    arena_release(&h->arena);
    free(h);
}

static struct script *host_open(const struct script_options *o, struct err *err)
{
    struct host *h = mem_zalloc(sizeof *h);
    h->options = *o;
    h->loop = o->loop;
    h->log = o->log;
    h->memory_limit = SIZE_MAX;
    arena_init(&h->arena, 0);
    h->L = lua_newstate(allocate, h);
    if (!h->L) {
        err_set(err, ERR_SCRIPT, "cannot make a Lua state");
        host_close((struct script *)h);
        return NULL;
    }
    *(struct host **)lua_getextraspace(h->L) = h;
    loop_on_drop(h->loop, drop_thread, h);
    lua_gc(h->L, LUA_GCINC, 0, 0, 0);
    lua_pushcfunction(h->L, open_libs);
    if (script_call(h->L, 0, 0) != LUA_OK) {
        exception_to_err(h->L, -1, err);
        host_close((struct script *)h);
        return NULL;
    }
    return (struct script *)h;
}

static int host_command(struct script *script, struct app *app, int argc, char **argv)
{
    struct host *h = (struct host *)script;
    h->app = app;
    return commands_run(h, argc, argv);
}

const struct script_ops lua_script_ops = {
    .open = host_open,
    .close = host_close,
    .command = host_command,
};
