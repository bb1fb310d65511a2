/* SPDX-License-Identifier: MIT */
/* perilune._fiber, second half: conditions and queues between Lua fibers. */
#include "bindings/fiber/fiber.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/banned.h"
#include "base/clock.h"
#include "fiber/fiber.h"

/* ---- condition ---- */

static const struct class condition_class;

static int fiber_l_condition(lua_State *L)
{
    class_new(L, &condition_class, sizeof(struct fiber_cond));
    return 1;
}

/* wait(timeout). May wait. */
static int condition_l_wait(lua_State *L)
{
    struct fiber_cond *c = class_check(L, 1, &condition_class);
    int64_t deadline = fiber_check_timeout(L, 2);
    struct err e;
    if (fiber_cond_wait(fiber_check(L), c, deadline, &e) != 0)
        return exception_raise_err(L, &e);
    return 0;
}

/* signal() -> whether a fiber was waiting */
static int condition_l_signal(lua_State *L)
{
    struct fiber_cond *c = class_check(L, 1, &condition_class);
    lua_pushboolean(L, c->waiting.first != NULL);
    fiber_cond_signal(c);
    return 1;
}

static int condition_l_broadcast(lua_State *L)
{
    fiber_cond_broadcast(class_check(L, 1, &condition_class));
    return 0;
}

static const struct class condition_class = {
    .name = "perilune.fiber.Condition",
    .methods = (const luaL_Reg[]){{"wait", condition_l_wait},
                                  {"signal", condition_l_signal},
                                  {"broadcast", condition_l_broadcast},
                                  {NULL, NULL}},
};

/* ---- queue ----
 *
 * The values lie in a table, user value 1; what goes through the fiber_queue are
 * their keys.  A fiber that waits has the userdata on its Lua stack. */

struct queue {
    struct fiber_queue *q;
    lua_Integer last; /* key */
    bool closed;
};

static const struct class queue_class;

/* queue(capacity) */
static int fiber_l_queue(lua_State *L)
{
    lua_Integer cap = luaL_optinteger(L, 1, 0);
    struct queue *q;
    if (cap < (lua_isnoneornil(L, 1) ? 0 : 1))
        return exception_raise(L, "ValueError",
                               "a queue for %lld items: its capacity is 1 or more, or left out for "
                               "a queue without a limit",
                               (long long)cap);
    q = class_new(L, &queue_class, sizeof *q);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    q->q = fiber_queue_new(host_of(L)->loop, (size_t)cap);
    return 1;
}

/* put(value, timeout). May wait. */
static int queue_l_put(lua_State *L)
{
    struct queue *q = class_check(L, 1, &queue_class);
    int64_t deadline = fiber_check_timeout(L, 3);
    lua_Integer key = ++q->last;
    struct err e;

    if (lua_isnoneornil(L, 2))
        return exception_raise(L, "ValueError",
                               "cannot put nil into a queue: get gives nil once "
                               "the queue is closed; use perilune.null");
    fiber_check(L);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, key);
    if (fiber_queue_put(q->q, (void *)(intptr_t)key, deadline, &e) == 0)
        return 0;
    lua_pushnil(L);
    lua_rawseti(L, -2, key);
    return exception_raise_err(L, &e);
}

static int get(lua_State *L, struct queue *q, int64_t deadline)
{
    struct err e;
    void *item;

    fiber_check(L);
    if (fiber_queue_get(q->q, &item, deadline, &e) != 0) {
        if (e.code != ERR_CLOSED)
            return exception_raise_err(L, &e);
        lua_pushnil(L);
        return 1;
    }
    lua_getiuservalue(L, 1, 1);
    lua_rawgeti(L, -1, (lua_Integer)(intptr_t)item);
    lua_pushnil(L);
    lua_rawseti(L, -3, (lua_Integer)(intptr_t)item);
    return 1;
}

/* get(timeout) -> value; nil once it is closed and empty. May wait. */
static int queue_l_get(lua_State *L)
{
    struct queue *q = class_check(L, 1, &queue_class);
    return get(L, q, fiber_check_timeout(L, 2));
}

static int next_item(lua_State *L)
{
    return get(L, class_check(L, 1, &queue_class), CLOCK_NEVER);
}

/* for value in queue:items() do */
static int queue_l_items(lua_State *L)
{
    class_check(L, 1, &queue_class);
    lua_pushcfunction(L, next_item);
    lua_pushvalue(L, 1);
    return 2;
}

static int queue_l_close(lua_State *L)
{
    struct queue *q = class_check(L, 1, &queue_class);
    q->closed = true;
    fiber_queue_close(q->q);
    return 0;
}

static int get_closed(lua_State *L, void *object)
{
    lua_pushboolean(L, ((struct queue *)object)->closed);
    return 1;
}

static int queue_length(lua_State *L)
{
    struct queue *q = class_check(L, 1, &queue_class);
    lua_pushinteger(L, (lua_Integer)fiber_queue_length(q->q));
    return 1;
}

static int queue_gc(lua_State *L)
{
    struct queue *q = class_test(L, 1, &queue_class);
    if (q) {
        fiber_queue_free(q->q);
        q->q = NULL;
        class_detach(lua_touserdata(L, 1));
    }
    return 0;
}

static const struct class queue_class = {
    .name = "perilune.fiber.Queue",
    .user_values = 1,
    .fields = (const struct class_field[]){{"closed", get_closed, NULL}, {NULL, NULL, NULL}},
    .methods = (const luaL_Reg[]){{"put", queue_l_put},
                                  {"get", queue_l_get},
                                  {"items", queue_l_items},
                                  {"close", queue_l_close},
                                  {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__len", queue_length}, {"__gc", queue_gc}, {NULL, NULL}},
};

void fiber_open_shared(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"condition", fiber_l_condition}, {"queue", fiber_l_queue}, {NULL, NULL}};
    class_register(L, &condition_class);
    class_register(L, &queue_class);
    luaL_setfuncs(L, functions, 0);
}
