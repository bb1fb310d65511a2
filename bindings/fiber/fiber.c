/* SPDX-License-Identifier: MIT */
/* perilune._fiber: fibers that run a Lua function, their handles and groups.
 *
 * A task is the userdata behind a handle.  While its fiber lives it stands in the
 * registry under its own address; its first user value is what the fiber is to call,
 * later what that gave or raised.  The fiber runs in the Lua thread that is pooled
 * with its stack (host_thread). */
#include "bindings/fiber/fiber.h"

#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/thread.h"

#include "base/banned.h"
#include "base/clock.h"
#include "base/log.h"
#include "fiber/fiber.h"

enum task_state { TASK_RUNNING, TASK_DONE, TASK_FAILED, TASK_CANCELLED };

/* How long an error waits for somebody to join and see it before it is logged. */
static const int64_t UNSEEN = CLOCK_SECOND;

struct group {
    struct fiber_cond changed; /* signalled when a task fails and when the last one ends */
    int started, running;
    int failed; /* number of the first that failed, 0: none */
};

struct task {
    struct host *host;
    struct fiber *fiber; /* NULL once the function has ended */
    struct group *group; /* user value 2 keeps it; NULL: on its own */
    int number;          /* in the group */
    int values;          /* in the table of user value 1 */
    int ticks;           /* of running time, what its maker had left; 0: no limit */
    enum task_state state;
    struct fiber_cond ended, seen;
};

static const struct class task_class, group_class;

/* ---- arguments ---- */

struct loop *fiber_check(lua_State *L)
{
    struct loop *l = host_of(L)->loop;
    if (!fiber_self(l))
        exception_raise(L, "Error",
                        "nothing can wait here: this code runs outside of every fiber (wait in a "
                        "view, a command or a function given to fiber.spawn)");
    return l;
}

static double check_seconds(lua_State *L, int arg)
{
    double seconds = luaL_checknumber(L, arg);
    if (!(seconds >= 0))
        exception_raise(L, "ValueError", "%f seconds: a time to wait is 0 or more", seconds);
    return seconds;
}

int64_t fiber_check_timeout(lua_State *L, int arg)
{
    double seconds;
    if (lua_isnoneornil(L, arg))
        return CLOCK_NEVER;
    seconds = check_seconds(L, arg);
    return seconds > 0 ? clock_deadline(seconds) : 0;
}

static void check_callable(lua_State *L, int arg)
{
    if (lua_isfunction(L, arg))
        return;
    if (luaL_getmetafield(L, arg, "__call") == LUA_TNIL)
        luaL_typeerror(L, arg, "function");
    lua_pop(L, 1);
}

/* ---- the end of a task ---- */

static void release(lua_State *L, struct task *t)
{
    lua_pushnil(L); /* allocates nothing: the slot exists */
    lua_rawsetp(L, LUA_REGISTRYINDEX, t);
}

/* message, traceback: one text. */
static int describe(lua_State *L)
{
    luaL_tolstring(L, 1, NULL);
    if (lua_istable(L, 1) && lua_getfield(L, 1, "traceback") == LUA_TSTRING) {
        lua_pushliteral(L, "\n");
        lua_insert(L, -2);
        lua_concat(L, 3);
    } else {
        lua_settop(L, 2);
    }
    return 1;
}

/* Logs the error at the top of the stack. [-1, +0] */
static void log_error(lua_State *L, struct host *h)
{
    const char *text;
    lua_pushcfunction(L, describe);
    lua_insert(L, -2);
    text = script_call(L, 1, 1) == LUA_OK ? lua_tostring(L, -1) : NULL;
    if (h->log)
        log_write(h->log, LOG_LEVEL_ERROR, "perilune.fiber", "error in a fiber nobody joined: %s",
                  text ? text : "it cannot be shown");
    lua_pop(L, 1);
}

static void leave_group(struct task *t)
{
    struct group *g = t->group;
    g->running--;
    if (t->state != TASK_DONE && !g->failed)
        g->failed = t->number;
    if (g->running == 0 || g->failed)
        fiber_cond_signal(&g->changed);
}

static void end(lua_State *L, struct task *t)
{
    bool seen = t->group || t->ended.waiting.first || t->state != TASK_FAILED;

    t->fiber = NULL;
    fiber_cond_broadcast(&t->ended);
    if (t->group)
        leave_group(t);
    if (!seen && fiber_cond_wait(t->host->loop, &t->seen, clock_monotonic() + UNSEEN, NULL) != 0) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, t);
        lua_getiuservalue(L, -1, 1);
        log_error(L, t->host);
        lua_pop(L, 1);
    }
    release(L, t);
}

/* ---- the life of a task ---- */

/* Protected: calls what the task holds and keeps what it gives. */
static int call(lua_State *L)
{
    struct task *t = lua_touserdata(L, 1);
    int n = t->values;

    lua_rawgetp(L, LUA_REGISTRYINDEX, t);
    lua_getiuservalue(L, 2, 1);
    lua_pushnil(L);
    lua_setiuservalue(L, 2, 1);
    luaL_checkstack(L, n + 2, "too many arguments for a fiber");
    for (int i = 1; i <= n; i++)
        lua_rawgeti(L, 3, i);
    lua_remove(L, 3); /* the arguments are the function's alone */
    lua_call(L, n - 1, LUA_MULTRET);

    n = lua_gettop(L) - 2;
    lua_createtable(L, n, 0);
    lua_insert(L, 3);
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, 3, i);
    lua_setiuservalue(L, 2, 1);
    t->values = n;
    return 0;
}

/* Runs `call`; leaves the error at the top unless it gives TASK_DONE. */
static enum task_state enter(lua_State *L, struct task *t)
{
    lua_pushcfunction(L, call);
    lua_pushlightuserdata(L, t);
    if (script_call(L, 1, 0) == LUA_OK)
        return TASK_DONE;
    return fiber_cancelled(t->fiber) && exception_is(L, -1, "CancelledError") ? TASK_CANCELLED
                                                                              : TASK_FAILED;
}

static void run(void *arg)
{
    struct task *t = arg;
    struct script_thread *thread = thread_current(t->host);
    lua_State *L = thread ? thread->L : t->host->L;

    if (thread) {
        thread->left = t->ticks;
        t->state = enter(L, t);
        thread_limit(t->host, 0);
    } else {
        lua_pushliteral(L, "not enough memory"); /* Lua keeps this one ready */
        t->state = TASK_FAILED;
    }
    if (t->state != TASK_DONE) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, t);
        lua_insert(L, -2);
        lua_setiuservalue(L, -2, 1);
        lua_pop(L, 1);
    }
    end(L, t);
}

/* The function at stack index `fn` and the arguments above it. [-0, +1, may raise] */
static struct task *spawn(lua_State *L, int fn)
{
    int n = lua_gettop(L) - fn + 1;
    struct host *h = host_of(L);
    struct script_thread *maker = thread_current(h);
    struct task *t;

    check_callable(L, fn);
    lua_createtable(L, n, 0);
    lua_insert(L, fn);
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, fn, i);
    t = class_new(L, &task_class, sizeof *t);
    lua_insert(L, fn);
    lua_setiuservalue(L, fn, 1);
    t->host = h;
    t->values = n;
    t->ticks = maker ? maker->left : 0;
    lua_pushvalue(L, fn);
    lua_rawsetp(L, LUA_REGISTRYINDEX, t);
    t->fiber = fiber_spawn(h->loop, run, t, false);
    return t;
}

/* spawn(fn, ...) -> Fiber */
static int fiber_l_spawn(lua_State *L)
{
    luaL_checkany(L, 1);
    spawn(L, 1);
    return 1;
}

/* ---- handles ---- */

static int give_values(lua_State *L, struct task *t)
{
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, 1);
    if (t->state != TASK_DONE)
        return lua_error(L);
    luaL_checkstack(L, t->values + 1, "too many values of a fiber");
    for (int i = 1; i <= t->values; i++)
        lua_rawgeti(L, 2, i);
    return t->values;
}

/* join(timeout) -> what fn gave; raises what it raised. May wait. */
static int task_l_join(lua_State *L)
{
    struct task *t = class_check(L, 1, &task_class);
    int64_t deadline = fiber_check_timeout(L, 2);
    struct err e;

    if (t->fiber && t->fiber == fiber_self(t->host->loop))
        return exception_raise(L, "ValueError", "a fiber cannot wait for its own end");
    while (t->state == TASK_RUNNING)
        if (fiber_cond_wait(fiber_check(L), &t->ended, deadline, &e) != 0)
            return exception_raise_err(L, &e);
    fiber_cond_signal(&t->seen);
    return give_values(L, t);
}

/* cancel() -> whether it was still running */
static int task_l_cancel(lua_State *L)
{
    struct task *t = class_check(L, 1, &task_class);
    bool running = t->fiber;
    if (running)
        fiber_cancel(t->fiber);
    lua_pushboolean(L, running);
    return 1;
}

static int get_status(lua_State *L, void *object)
{
    static const char *const names[] = {"running", "done", "failed", "cancelled"};
    lua_pushstring(L, names[((struct task *)object)->state]);
    return 1;
}

static int task_tostring(lua_State *L)
{
    struct task *t = class_check(L, 1, &task_class);
    get_status(L, t);
    lua_pushfstring(L, "perilune.fiber.Fiber: %s", lua_tostring(L, -1));
    return 1;
}

static const struct class task_class = {
    .name = "perilune.fiber.Fiber",
    .user_values = 2,
    .fields = (const struct class_field[]){{"status", get_status, NULL}, {NULL, NULL, NULL}},
    .methods = (const luaL_Reg[]){{"join", task_l_join}, {"cancel", task_l_cancel}, {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__tostring", task_tostring}, {NULL, NULL}},
};

/* ---- groups: fibers that end before the one that made them goes on ---- */

static int fiber_l_group(lua_State *L)
{
    class_new(L, &group_class, sizeof(struct group));
    return 1;
}

/* spawn(fn, ...) -> Fiber, which belongs to the request of the running fiber */
static int group_l_spawn(lua_State *L)
{
    struct group *g = class_check(L, 1, &group_class);
    struct fiber *self = fiber_self(fiber_check(L));
    struct task *t;

    luaL_checkany(L, 2);
    t = spawn(L, 2);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 2);
    t->group = g;
    t->number = ++g->started;
    g->running++;
    *fiber_slot(t->fiber, FIBER_REQUEST) = *fiber_slot(self, FIBER_REQUEST);
    return 1;
}

/* wait() -> number of the first that failed; nil when all have ended well. May wait. */
static int group_l_wait(lua_State *L)
{
    struct group *g = class_check(L, 1, &group_class);
    struct err e;

    while (g->running && !g->failed)
        if (fiber_cond_wait(fiber_check(L), &g->changed, CLOCK_NEVER, &e) != 0)
            return exception_raise_err(L, &e);
    if (!g->failed)
        return 0;
    lua_pushinteger(L, g->failed);
    return 1;
}

/* Waits until all have ended, whatever happens: neither cancel nor deadline end it. */
static int group_l_settle(lua_State *L)
{
    struct group *g = class_check(L, 1, &group_class);
    struct loop *l = fiber_check(L);
    struct fiber *self = fiber_self(l);
    int64_t before = fiber_deadline(l, CLOCK_NEVER);
    bool cancelled = false;

    fiber_deadline_restore(l, CLOCK_NEVER);
    while (g->running) {
        cancelled = cancelled || fiber_cancelled(self);
        fiber_uncancel(self);
        fiber_cond_wait(l, &g->changed, CLOCK_NEVER, NULL);
    }
    fiber_deadline_restore(l, before);
    if (cancelled)
        fiber_cancel(self);
    return 0;
}

static const struct class group_class = {
    .name = "perilune.fiber.Group",
    .methods = (const luaL_Reg[]){{"spawn", group_l_spawn},
                                  {"wait", group_l_wait},
                                  {"settle", group_l_settle},
                                  {NULL, NULL}},
};

/* ---- functions ---- */

/* sleep(seconds). May wait. */
static int fiber_l_sleep(lua_State *L)
{
    double seconds = check_seconds(L, 1);
    struct err e;
    if (fiber_sleep(fiber_check(L), seconds, &e) != 0)
        return exception_raise_err(L, &e);
    return 0;
}

/* yield(). May wait. */
static int fiber_l_yield(lua_State *L)
{
    struct err e;
    if (fiber_yield(fiber_check(L), &e) != 0)
        return exception_raise_err(L, &e);
    return 0;
}

/* timeout(seconds, fn, ...) -> what fn gives. Every wait inside ends when the time is over. */
static int fiber_l_timeout(lua_State *L)
{
    double seconds = check_seconds(L, 1);
    struct loop *l = fiber_check(L);
    int64_t before;
    int status;

    check_callable(L, 2);
    before = fiber_deadline(l, clock_deadline(seconds));
    status = script_call(L, lua_gettop(L) - 2, LUA_MULTRET);
    fiber_deadline_restore(l, before);
    if (status != LUA_OK)
        return lua_error(L);
    return lua_gettop(L) - 1;
}

int luaopen_perilune__fiber(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"spawn", fiber_l_spawn}, {"group", fiber_l_group},     {"sleep", fiber_l_sleep},
        {"yield", fiber_l_yield}, {"timeout", fiber_l_timeout}, {NULL, NULL},
    };
    class_register(L, &task_class);
    class_register(L, &group_class);
    luaL_newlib(L, functions);
    fiber_open_shared(L);
    return 1;
}
