/* SPDX-License-Identifier: MIT */
/* perilune.http.Request.  The object of a running request stands in a place of the
 * registry, which another request has after it; what middleware attaches lives in its first
 * user value, what is made at the first look in the others. */
#include "bindings/http/request.h"

#include "bindings/http/querydict.h"
#include "bindings/http/request_impl.h"
#include "bindings/http/urls.h"
#include "bindings/lua/class.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"

#include "base/banned.h"
#include "pipeline/csp.h"

static const struct class request_class;

/* ---- plain fields ---- */

static int get_method(lua_State *L, void *self)
{
    return request_push_str(L, ((struct request *)self)->method_name);
}

static int get_path_info(lua_State *L, void *self)
{
    return request_push_str(L, ((struct request *)self)->path);
}

static int get_query_string(lua_State *L, void *self)
{
    const struct request *r = self;
    return request_push_str(L, r->query_string.p ? r->query_string : STR(""));
}

static int get_scheme(lua_State *L, void *self)
{
    lua_pushstring(L, ((struct request *)self)->secure_transport ? "https" : "http");
    return 1;
}

static int get_remote_addr(lua_State *L, void *self)
{
    return request_push_str(L, ((struct request *)self)->remote_addr);
}

static int get_id(lua_State *L, void *self)
{
    return request_push_str(L, ((struct request *)self)->id);
}

static int set_id(lua_State *L, void *self)
{
    struct request *r = self;
    struct str id;
    id.p = luaL_checklstring(L, 3, &id.n);
    r->id = arena_str(r->arena, id);
    return 0;
}

static int get_csp_nonce(lua_State *L, void *self)
{
    return request_push_str(L, csp_nonce(self));
}

static void build_match(lua_State *L, struct request *r)
{
    urls_push_match(L, r->match);
}

static int get_match(lua_State *L, void *self)
{
    return request_cached(L, REQUEST_MATCH, build_match, self);
}

static const struct class_field fields[] = {
    {"method", get_method, NULL},
    {"path", request_get_path, NULL},
    {"path_info", get_path_info, NULL},
    {"full_path", request_get_full_path, NULL},
    {"query_string", get_query_string, NULL},
    {"scheme", get_scheme, NULL},
    {"remote_addr", get_remote_addr, NULL},
    {"request_id", get_id, set_id},
    {"csp_nonce", get_csp_nonce, NULL},
    {"resolver_match", get_match, NULL},
    {"headers", request_get_headers, NULL},
    {"META", request_get_meta, NULL},
    {"content_type", request_get_content_type, NULL},
    {"content_params", request_get_content_params, NULL},
    {"encoding", request_get_encoding, NULL},
    {"body", request_get_body, NULL},
    {"GET", request_get_query, NULL},
    {"POST", request_get_post, NULL},
    {"FILES", request_get_files, NULL},
    {"COOKIES", request_get_cookies, NULL},
    {NULL, NULL, NULL},
};

/* ---- the object ---- */

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

/* get_signed_cookie(key, options): Lua's, as are signatures */
static int l_get_signed_cookie(lua_State *L)
{
    request_check(L, 1);
    lua_settop(L, 3);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune._http_cookies");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "get_signed_cookie");
    lua_replace(L, -2);
    lua_insert(L, 1);
    lua_call(L, 3, 1);
    return 1;
}

static const luaL_Reg methods[] = {
    {"accepts", request_l_accepts},
    {"build_absolute_uri", request_l_build_absolute_uri},
    {"get_full_path", request_l_get_full_path},
    {"get_full_path_info", request_l_get_full_path_info},
    {"get_host", request_l_get_host},
    {"get_port", request_l_get_port},
    {"get_preferred_type", request_l_get_preferred_type},
    {"get_signed_cookie", l_get_signed_cookie},
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
    .user_values = REQUEST_ALL_VALUES,
};

/* What r->script points at. */
struct request_object {
    struct handle handle;
    int place;  /* in the registry; 0: of a request made by make() */
    bool parts; /* objects that look into the request's memory may be among its user values */
};

static struct request_object *new_object(lua_State *L)
{
    struct request_object *o =
        (struct request_object *)class_push_larger(L, &request_class, sizeof *o);
    o->place = 0;
    o->parts = false;
    return o;
}

struct handle *request_handle(lua_State *L)
{
    return &new_object(L)->handle;
}

/* A place that no request has: false stands in it, since a nil would make it anybody's. */
static int take_place(lua_State *L)
{
    struct host *h = host_of(L);
    if (h->request_places.n)
        return vec_pop(&h->request_places);
    lua_pushboolean(L, 0);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

static void push_known(lua_State *L, struct request *r)
{
    const struct request_object *o = r->script;
    if (o->place)
        lua_rawgeti(L, LUA_REGISTRYINDEX, o->place);
    else
        request_push_made(L, r);
}

void request_push(lua_State *L, struct request *r)
{
    if (r->script) {
        push_known(L, r);
        return;
    }
    struct request_object *o = new_object(L);
    o->place = take_place(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, LUA_REGISTRYINDEX, o->place);
    o->handle.object = r;
    r->script = o;
}

struct request *request_check(lua_State *L, int arg)
{
    return class_check(L, arg, &request_class);
}

struct request *request_test(lua_State *L, int arg)
{
    return class_test(L, arg, &request_class);
}

/* Objects that look into the request's memory end with it. */
static void detach_value(lua_State *L, int slot)
{
    if (lua_getiuservalue(L, -1, slot) == LUA_TUSERDATA)
        class_detach(lua_touserdata(L, -1));
    lua_pop(L, 1);
}

void request_detach(lua_State *L, struct request *r)
{
    struct request_object *o = r->script;
    if (!o || !lua_checkstack(L, 4))
        return;
    if (o->parts) {
        push_known(L, r);
        detach_value(L, REQUEST_HEADERS);
        detach_value(L, REQUEST_FILES);
        lua_pop(L, 1);
    }
    class_detach(&o->handle);
    r->script = NULL;
    if (!o->place)
        return;
    vec_push(&host_of(L)->request_places, o->place);
    lua_pushboolean(L, 0); /* no allocation: the slot exists */
    lua_rawseti(L, LUA_REGISTRYINDEX, vec_last(&host_of(L)->request_places));
}

int request_cached(lua_State *L, int slot, void (*build)(lua_State *L, struct request *r),
                   struct request *r)
{
    if (lua_getiuservalue(L, 1, slot) != LUA_TNIL)
        return 1;
    lua_pop(L, 1);
    ((struct request_object *)r->script)->parts = true;
    build(L, r);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, slot);
    return 1;
}

int request_push_buf(lua_State *L, struct request *r, struct buf *b)
{
    struct str s = arena_str(r->arena, buf_str(b));
    buf_release(b);
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

int luaopen_perilune__request(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"make", request_l_make}, {"finish", request_l_finish}, {NULL, NULL}};
    class_register(L, &request_class);
    querydict_register(L);
    request_headers_register(L);
    request_files_register(L);
    luaL_newlib(L, functions);
    return 1;
}
