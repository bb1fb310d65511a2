/* SPDX-License-Identifier: MIT */
/* perilune._csp: policies of single views. */
#include "bindings/http/request.h"
#include "bindings/http/response.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/lua/libs.h"
#include "bindings/lua/scratch.h"
#include "bindings/lua/strs_map.h"

#include "base/banned.h"
#include "pipeline/csp.h"

#include <lauxlib.h>

static const char policy_name[] = "perilune.utils.csp.Policy";

static int policy_gc(lua_State *L)
{
    struct csp_policy **p = luaL_checkudata(L, 1, policy_name);
    csp_policy_free(*p);
    *p = NULL;
    return 0;
}

/* The table at index 1 as a policy, which is put at index 3. */
static struct csp_policy *make_policy(lua_State *L)
{
    struct csp_policy **p;
    struct strs_map m;
    struct err err;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    p = lua_newuserdatauv(L, sizeof *p, 0);
    *p = NULL;
    luaL_setmetatable(L, policy_name);
    if (strs_map_read(L, 1, "a Content-Security-Policy", &m, &err) != 0)
        exception_raise_err(L, &err);
    *p = csp_policy_new(m, &err);
    if (!*p)
        exception_raise_err(L, &err);
    lua_settop(L, 3);
    return *p;
}

/* policy(directives) -> a policy that is there for as long as the Lua state */
static int csp_l_policy(lua_State *L)
{
    make_policy(L);
    lua_pushvalue(L, 3);
    luaL_ref(L, LUA_REGISTRYINDEX); /* responses point at it */
    return 1;
}

/* build(directives, nonce | nil) -> the text of the policy */
static int csp_l_build(lua_State *L)
{
    size_t n = 0;
    const char *nonce = luaL_optlstring(L, 2, NULL, &n);
    const struct csp_policy *p = make_policy(L);
    struct buf *out = scratch(L);
    struct arena a;
    arena_init(&a, 256);
    buf_addstr(out, csp_policy_text(p, str_make(nonce, n), &a));
    arena_release(&a);
    return scratch_push(L, out);
}

/* mark(report_only, policy, request, value) -> what the view gave as a response that has the
 * policy; nothing stays nothing */
static int csp_l_mark(lua_State *L)
{
    int which = lua_toboolean(L, 1);
    struct csp_policy **p = luaL_checkudata(L, 2, policy_name);
    struct request *r = request_check(L, 3);
    lua_settop(L, 4);
    struct response *response = response_from_value(L, 4, r, "the view");
    if (!response)
        return 1;
    response->csp[which] = *p;
    if (lua_type(L, 4) == LUA_TUSERDATA) { /* the value is the object already */
        response_unref(response);
        return 1;
    }
    response_push(L, r, response);
    response_unref(response);
    return 1;
}

static const luaL_Reg functions[] = {
    {"policy", csp_l_policy},
    {"build", csp_l_build},
    {"mark", csp_l_mark},
    {NULL, NULL},
};

int luaopen_perilune__csp(lua_State *L)
{
    static const luaL_Reg metamethods[] = {{"__gc", policy_gc}, {NULL, NULL}};
    luaL_newmetatable(L, policy_name);
    luaL_setfuncs(L, metamethods, 0);
    scratch_newlib(L, functions);
    lua_pushliteral(L, CSP_NONCE);
    lua_setfield(L, -2, "NONCE");
    return 1;
}
