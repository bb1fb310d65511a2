/* SPDX-License-Identifier: MIT */
/* perilune.http.Request.  The object of a running request stands in the registry under
 * the request's address; what middleware attaches lives in its first user value. */
#include "request.h"

#include "class.h"
#include "error.h"
#include "request_impl.h"

#include "base/banned.h"
#include "pipeline/csp.h"

static const struct class request_class;

static int push_str(lua_State *L, struct str s)
{
    if (s.p)
        lua_pushlstring(L, s.p, s.n);
    else
        lua_pushnil(L);
    return 1;
}

/* ---- plain fields ---- */

static int get_method(lua_State *L, void *self)
{
    return push_str(L, ((struct request *)self)->method_name);
}

static int get_path(lua_State *L, void *self)
{
    return push_str(L, ((struct request *)self)->path);
}

static int get_full_path(lua_State *L, void *self)
{
    const struct request *r = self;
    if (r->query_string.n == 0)
        return push_str(L, r->raw_path);
    lua_pushlstring(L, r->raw_path.p, r->raw_path.n);
    lua_pushliteral(L, "?");
    lua_pushlstring(L, r->query_string.p, r->query_string.n);
    lua_concat(L, 3);
    return 1;
}

static int get_query_string(lua_State *L, void *self)
{
    return push_str(L, ((struct request *)self)->query_string);
}

static int get_scheme(lua_State *L, void *self)
{
    lua_pushstring(L, ((struct request *)self)->secure_transport ? "https" : "http");
    return 1;
}

static int get_remote_addr(lua_State *L, void *self)
{
    return push_str(L, ((struct request *)self)->remote_addr);
}

static int get_id(lua_State *L, void *self)
{
    return push_str(L, ((struct request *)self)->id);
}

static int get_csp_nonce(lua_State *L, void *self)
{
    return push_str(L, csp_nonce(self));
}

static const struct class_field fields[] = {
    {"method", get_method, NULL},
    {"path", get_path, NULL},
    {"path_info", get_path, NULL},
    {"full_path", get_full_path, NULL},
    {"query_string", get_query_string, NULL},
    {"scheme", get_scheme, NULL},
    {"remote_addr", get_remote_addr, NULL},
    {"request_id", get_id, request_set_id},
    {"csp_nonce", get_csp_nonce, NULL},
    {"headers", request_get_headers, NULL},
    {"META", request_get_meta, NULL},
    {"content_type", request_get_content_type, NULL},
    {"body", request_get_body, NULL},
    {NULL, NULL, NULL},
};

static int to_string(lua_State *L)
{
    struct request *r = class_test(L, 1, &request_class);
    if (r)
        lua_pushfstring(L, "<Request: %s '%s'>",
                        lua_pushlstring(L, r->method_name.p, r->method_name.n),
                        lua_pushlstring(L, r->target.p, r->target.n));
    else
        lua_pushliteral(L, "<Request: ended>");
    return 1;
}

static const luaL_Reg methods[] = {
    {"get_host", request_l_get_host},
    {"is_secure", request_l_is_secure},
    {"json", request_l_json},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {{"__tostring", to_string}, {NULL, NULL}};

static const struct class request_class = {
    .name = "perilune.http.Request",
    .fields = fields,
    .methods = methods,
    .metamethods = metamethods,
    .attachable = true,
    .user_values = REQUEST_VALUES,
};

void request_push(lua_State *L, struct request *r)
{
    struct handle *h;
    if (r->script) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, r);
        return;
    }
    h = class_push(L, &request_class, r);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, r);
    r->script = h;
}

struct request *request_check(lua_State *L, int arg)
{
    return class_check(L, arg, &request_class);
}

struct request *request_test(lua_State *L, int arg)
{
    return class_test(L, arg, &request_class);
}

void request_detach(lua_State *L, struct request *r)
{
    int top = lua_gettop(L);
    if (!r->script || !lua_checkstack(L, 4))
        return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, r);
    if (lua_getiuservalue(L, -1, REQUEST_FIELDS) == LUA_TTABLE &&
        lua_getfield(L, -1, "headers") == LUA_TUSERDATA)
        class_detach(lua_touserdata(L, -1));
    lua_settop(L, top);
    class_detach(r->script);
    r->script = NULL;
    lua_pushnil(L); /* no allocation: the slot exists */
    lua_rawsetp(L, LUA_REGISTRYINDEX, r);
}

int request_cached(lua_State *L, const char *key, int (*build)(lua_State *L, struct request *r),
                   struct request *r)
{
    if (lua_getiuservalue(L, 1, REQUEST_FIELDS) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 4);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, REQUEST_FIELDS);
    }
    if (lua_getfield(L, -1, key) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    build(L, r);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, key);
    return 1;
}

int luaopen_perilune__request(lua_State *L)
{
    class_register(L, &request_class);
    request_headers_register(L);
    lua_newtable(L);
    return 1;
}
