/* SPDX-License-Identifier: MIT */
#include "bindings/lua/host.h"

#include "bindings/bindings.h"
#include "bindings/cache/page.h"
#include "bindings/http/pipeline.h"
#include "bindings/http/request.h"
#include "bindings/lua/commands.h"
#include "bindings/lua/error.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/log.h"
#include "bindings/lua/module.h"
#include "bindings/signals/signals.h"

#include "app/app.h"
#include "app/modules.h"
#include "base/log.h"
#include "base/mem.h"
#include "fiber/fiber.h"
#include "http/response.h"
#include "pipeline/pipeline.h"
#include "settings/settings.h"

#include <lauxlib.h>
#include <malloc.h>

lua_State *host_thread(struct host *h)
{
    struct script_thread *t = thread_current(h);
    return t ? t->L : NULL;
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
    keep_open(L, &host_of(L)->keep);
    libs_open(L);
    return 0;
}

static void host_close(struct script *script)
{
    struct host *h = (struct host *)script;
    if (!h)
        return;
    lua_State *L = h->L;
    signals_detach(h);
    if (L)
        lua_close(L);
    log_detach(h);
    h->L = NULL;
    keep_close(&h->keep);
    for (size_t i = 0; i < h->pipelines.n; i++)
        pipeline_free(h->pipelines.items[i]);
    vec_release(&h->pipelines);
    coverage_free(h->coverage);
    vec_release(&h->request_places);
    memory_release(&h->memory);
    arena_release(&h->arena);
    free(h);
}

static struct script *host_open(const struct script_options *o, struct err *err)
{
    struct host *h = mem_zalloc(sizeof *h);
    h->options = *o;
    h->loop = o->loop;
    h->log = o->log;
    memory_init(&h->memory);
    arena_init(&h->arena, 0);
    h->L = lua_newstate(memory_allocate, &h->memory);
    if (!h->L) {
        err_set(err, ERR_SCRIPT, "cannot make a Lua state");
        host_close((struct script *)h);
        return NULL;
    }
    *(struct host **)lua_getextraspace(h->L) = h;
    h->main_thread.L = h->main_thread.running = h->L;
    loop_on_drop(h->loop, thread_drop, h);
    lua_gc(h->L, LUA_GCGEN, 8, 0); /* what a request makes dies with it: decisions/0007 */
    lua_pushcfunction(h->L, open_libs);
    if (script_call(h->L, 0, 0) != LUA_OK) {
        exception_to_err(h->L, -1, err);
        host_close((struct script *)h);
        return NULL;
    }
    return (struct script *)h;
}

/* require("perilune.settings")._load(path, name) */
static int load_settings(lua_State *L)
{
    const struct script_options *o = &host_of(L)->options;
    size_t n = strlen(o->project_dir);
    bool inside = strncmp(o->settings_file, o->project_dir, n) == 0 && o->settings_file[n] == '/';
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.settings");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "_load");
    lua_pushstring(L, o->settings_file);
    lua_pushstring(L, inside ? o->settings_file + n + 1 : o->settings_file);
    lua_call(L, 2, 0);
    return 0;
}

/* require("perilune._project").load() */
static int load_project(lua_State *L)
{
    module_preload(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._project");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "load");
    lua_call(L, 0, 0);
    return 0;
}

/* Runs a step of the start and gives its error with the traceback, when asked for. */
static int start_step(struct host *h, lua_CFunction step, struct err *err)
{
    lua_State *L = host_thread(h);
    lua_pushcfunction(L, step);
    if (script_call(L, 0, 0) == LUA_OK)
        return 0;
    exception_to_line(L, -1, err);
    if (h->options.traceback && lua_istable(L, -1) &&
        lua_getfield(L, -1, "traceback") == LUA_TSTRING)
        log_write(h->log, LOG_LEVEL_ERROR, "perilune", "%s\n%s", err->msg, lua_tostring(L, -1));
    lua_settop(L, 0);
    return -1;
}

static int host_read_settings(struct script *script, struct settings *settings, struct err *err)
{
    struct host *h = (struct host *)script;
    h->settings = settings;
    return start_step(h, load_settings, err);
}

void host_prepare(struct host *h, struct app *app)
{
    struct middleware_env env = {
        .settings = h->settings,
        .log = h->log,
        .signals = h->options.signals,
        .project_dir = h->options.project_dir,
        .registered = modules_middleware(app->modules),
        .pages = page_host_of(h),
        .debug = settings_bool(h->settings, SETTING_debug),
    };
    struct pipeline_host ph = lua_pipeline_host(h);
    h->app = app;
    if (app->pipeline)
        vec_push(&h->pipelines, app->pipeline);
    app->pipeline = pipeline_new(&env, &ph);
}

/* require("perilune._caches").hold() */
static int hold_caches(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._caches");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "hold");
    lua_call(L, 0, 0);
    return 0;
}

static int host_share(struct script *script, struct err *err)
{
    return start_step((struct host *)script, hold_caches, err);
}

/* require("perilune._development").report() */
static int report(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._development");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "report");
    lua_call(L, 0, 0);
    return 0;
}

static int host_load(struct script *script, struct app *app, struct err *err)
{
    struct host *h = (struct host *)script;
    h->memory.limit = (size_t)settings_int(h->settings, SETTING_lua_memory_limit);
    if (h->options.serving && thread_watch(h, err) != 0)
        return -1;
    host_prepare(h, app);
    if (start_step(h, load_project, err) != 0)
        return -1;
    return h->options.development ? start_step(h, report, err) : 0;
}

static void host_request_end(struct script *script, struct request *r)
{
    struct host *h = (struct host *)script;
    request_detach(h->L, r);
}

/* What a request took that ran out of memory goes back at once: nothing else would make
 * the collector look for it. */
static bool host_idle(struct script *script)
{
    struct host *h = (struct host *)script;
    if (!h->memory.exhausted) {
        keep_sweep(h);
        return false;
    }
    h->memory.exhausted = false;
    lua_gc(h->L, LUA_GCCOLLECT);
    keep_sweep(h);
    malloc_trim(0);
    return memory_spent(&h->memory);
}

static void host_limit(struct script *script, double seconds)
{
    thread_limit((struct host *)script, seconds);
}

static struct response *host_load_failed(struct script *script, struct request *r, const char *why)
{
    struct response *response = lua_load_page((struct host *)script, r, why);
    if (response)
        return response;
    return response_text(500, STR("text/plain; charset=utf-8"),
                         "The project does not load:\n\n%s\n\nThis page goes away when a change of "
                         "its files puts it right.\n",
                         why);
}

/* require("perilune._errors").is_local(request) */
static int is_local(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._errors");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "is_local");
    request_push(L, lua_touserdata(L, 1));
    lua_call(L, 1, 1);
    return 1;
}

static bool host_shows_errors(struct script *script, struct request *r)
{
    lua_State *L = host_thread((struct host *)script);
    bool yes = false;
    if (!L || !lua_checkstack(L, 4))
        return false;
    lua_pushcfunction(L, is_local);
    lua_pushlightuserdata(L, r);
    yes = script_call(L, 1, 1) == LUA_OK && lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
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
    .read_settings = host_read_settings,
    .share = host_share,
    .load = host_load,
    .command = host_command,
    .request_end = host_request_end,
    .idle = host_idle,
    .limit = host_limit,
    .request_attribute = module_request_attribute,
    .request_set_attribute = module_request_set_attribute,
    .load_failed = host_load_failed,
    .shows_errors = host_shows_errors,
};
