/* SPDX-License-Identifier: MIT */
#include "bindings/lua/thread.h"

#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/mem.h"
#include "fiber/fiber.h"

#include <errno.h>
#include <lauxlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 20
#define TICK_SIGNAL SIGVTALRM

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* ---- threads ---- */

static int new_thread(lua_State *L)
{
    lua_State *thread = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, thread); /* anchored until thread_drop */
    lua_pushlightuserdata(L, thread);
    return 1;
}

void thread_drop(void *data, void *script)
{
    struct host *h = data;
    struct script_thread *t = script;
    if (!t)
        return;
    if (h->L) {
        lua_pushnil(h->L); /* no allocation: the slot exists */
        lua_rawsetp(h->L, LUA_REGISTRYINDEX, t->L);
    }
    free(t);
}

struct script_thread *thread_current(struct host *h)
{
    struct fiber *f = fiber_self(h->loop);
    void **slot;
    if (!f)
        return &h->main_thread;
    slot = fiber_slot(f, FIBER_SCRIPT);
    if (!*slot) {
        if (!lua_checkstack(h->L, 4))
            return NULL;
        lua_pushcfunction(h->L, new_thread);
        if (lua_pcall(h->L, 0, 1, 0) == LUA_OK) {
            struct script_thread *t = mem_zalloc(sizeof *t);
            t->L = t->running = lua_touserdata(h->L, -1);
            *slot = t;
        }
        lua_pop(h->L, 1);
    }
    return *slot;
}

/* ---- the limit ---- */

static void on_count(lua_State *L, lua_Debug *ar)
{
    struct host *h = host_of(L);
    struct script_thread *t = thread_current(h);
    (void)ar;
    if (!t || !t->fired) { /* a coroutine that outlived the request it was stopped in */
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    if (t->held)
        return;
    exception_raise(L, "TimeLimitExceeded",
                    "the request used more running time than setting request_time_limit allows");
}

static void arm(lua_State *L)
{
    lua_sethook(L, on_count, LUA_MASKCOUNT | LUA_MASKCALL, 1);
}

/* In the loop's thread, between any two instructions: plain reads, and lua_sethook, which
 * is made for this. */
static void on_tick(int sig)
{
    int saved = errno;
    struct loop *l = loop_of_thread();
    struct fiber *f = l ? fiber_self(l) : NULL;
    struct script_thread *t = f ? *fiber_slot(f, FIBER_SCRIPT) : NULL;
    (void)sig;
    if (t && t->left > 0 && --t->left == 0) {
        t->left = 1; /* again at the next tick, should a C function have lost the hook */
        t->fired = 1;
        arm(t->running);
    }
    errno = saved;
}

static sig_atomic_t ticks_of(double seconds)
{
    double ticks = seconds * 1000 / TICK_MS;
    return ticks < 1 ? 1 : ticks > 1e9 ? 1000000000 : (sig_atomic_t)ticks;
}

static void disarm(struct script_thread *t)
{
    if (t->fired) {
        t->fired = 0;
        lua_sethook(t->L, NULL, 0, 0);
    }
}

void thread_limit(struct host *h, double seconds)
{
    struct script_thread *t = thread_current(h);
    if (!t)
        return;
    t->left = seconds > 0 ? ticks_of(seconds) : 0;
    if (seconds <= 0)
        disarm(t);
}

void thread_grace(struct host *h, double seconds)
{
    struct script_thread *t = thread_current(h);
    if (!t || t->left == 0 || (!t->fired && t->left >= ticks_of(seconds)))
        return;
    t->left = ticks_of(seconds);
    disarm(t);
}

void thread_hold(struct host *h)
{
    struct script_thread *t = thread_current(h);
    if (t)
        t->held++;
}

void thread_release(struct host *h)
{
    struct script_thread *t = thread_current(h);
    if (t)
        t->held--;
}

int thread_watch(struct host *h, struct err *err)
{
    struct sigaction sa = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK_SIGNAL};
    struct itimerspec every = {{0, TICK_MS * 1000000L}, {0, TICK_MS * 1000000L}};
    timer_t timer;
    (void)h;
    ev.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    sigemptyset(&sa.sa_mask);
    if (sigaction(TICK_SIGNAL, &sa, NULL) != 0 ||
        timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &timer) != 0 ||
        timer_settime(timer, 0, &every, NULL) != 0)
        return err_set_errno(err, "cannot start the clock of request_time_limit");
    return 0;
}

/* ---- coroutines ---- */

static lua_State *check_coroutine(lua_State *L, int arg)
{
    lua_State *co = lua_tothread(L, arg);
    luaL_argexpected(L, co, arg, "coroutine");
    return co;
}

/* After control is back from `co`: the hook follows it. */
static void back_to(struct script_thread *t, lua_State *L)
{
    t->running = L;
    if (t->fired)
        arm(L);
}

/* Resumes co with the top n values of L; number of results moved to L, or -1 with the
 * error object on L. */
static int resume(lua_State *L, lua_State *co, int n)
{
    struct script_thread *t = thread_current(host_of(L));
    int results = 0, status;
    if (!lua_checkstack(co, n)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, n);
    t->running = co;
    if (t->fired)
        arm(co);
    status = lua_resume(co, L, n, &results);
    back_to(t, L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, results);
    return results;
}

static int coroutine_l_resume(lua_State *L)
{
    lua_State *co = check_coroutine(L, 1);
    int n = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, n >= 0);
    lua_insert(L, n < 0 ? -2 : -(n + 1));
    return n < 0 ? 2 : n + 1;
}

static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = resume(L, co, lua_gettop(L));
    if (n >= 0)
        return n;
    if (lua_status(co) != LUA_OK && lua_status(co) != LUA_YIELD) {
        struct script_thread *t = thread_current(host_of(L));
        t->running = co; /* its pending __close values run now */
        if (lua_resetthread(co) != LUA_OK) {
            lua_pop(L, 1);
            lua_xmove(co, L, 1);
        }
        back_to(t, L);
    }
    if (lua_type(L, -1) == LUA_TSTRING) { /* as the standard library: where it surfaces */
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

lua_CFunction thread_wrapped(void)
{
    return call_wrapped;
}

static int coroutine_l_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

/* Upvalue: the standard coroutine.close, which does the checking. */
static int coroutine_l_close(lua_State *L)
{
    struct script_thread *t = thread_current(host_of(L));
    lua_State *co = check_coroutine(L, 1);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    t->running = co;
    int status = lua_pcall(L, 1, LUA_MULTRET, 0);
    back_to(t, L);
    if (status != LUA_OK)
        return lua_error(L);
    return lua_gettop(L);
}

void thread_open_coroutines(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"resume", coroutine_l_resume}, {"wrap", coroutine_l_wrap}, {NULL, NULL}};
    lua_getglobal(L, "coroutine");
    luaL_setfuncs(L, functions, 0);
    lua_getfield(L, -1, "close");
    lua_pushcclosure(L, coroutine_l_close, 1);
    lua_setfield(L, -2, "close");
    lua_pop(L, 1);
}
