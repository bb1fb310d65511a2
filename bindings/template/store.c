/* SPDX-License-Identifier: MIT */
/* Where the Lua values of a render live, and for how long. */
#include "bindings/template/impl.h"

#include "base/banned.h"

/* What the renders of a state share. Owner: the host's arena. */
struct shared {
    struct store *pool;
    int kinds, marks, meta; /* in the registry */
};

static const char shared_key; /* in the registry, by its address */

static struct shared *shared_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &shared_key);
    struct shared *s = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return s;
}

static void release_buffers(void *data)
{
    struct shared *s = data;
    for (struct store *p = s->pool; p; p = p->next) {
        buf_release(&p->out);
        free(p->holes);
    }
}

void store_open(lua_State *L)
{
    static const char *const meta[META_END] = {
        [META_LEN] = "__len",
        [META_PAIRS] = "__pairs",
        [META_BOOL] = "__bool",
        [META_HASFIELD] = "__hasfield",
        [META_TOSTRING] = "__tostring",
        [META_HTML] = "__html",
        [META_EQ] = "__eq",
        [META_LT] = "__lt",
        [META_CONTAINS] = "__contains",
    };
    struct arena *a = &host_of(L)->arena;
    struct shared *s = arena_zalloc(a, sizeof *s);
    lua_newtable(L);
    s->kinds = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L); /* weak keys: functions */
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    s->marks = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_createtable(L, META_END, 0);
    for (int i = 1; i < META_END; i++) {
        lua_pushstring(L, meta[i]);
        lua_rawseti(L, -2, i);
    }
    s->meta = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushlightuserdata(L, s);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &shared_key);
    arena_defer(a, release_buffers, s);
}

void store_push_kinds(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, shared_of(L)->kinds);
}

void store_push_marks(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, shared_of(L)->marks);
}

void store_push_meta(lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, shared_of(L)->meta);
}

/* ---- the pool ---- */

/* (light struct store) */
static int make_threads(lua_State *L)
{
    struct store *s = lua_touserdata(L, 1);
    s->S = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, s->S);
    s->K = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, s->K);
    return 0;
}

struct store *store_take(lua_State *L)
{
    struct shared *shared = shared_of(L);
    struct store *s = shared->pool;
    if (s) {
        shared->pool = s->next;
        return s;
    }
    s = arena_zalloc(&host_of(L)->arena, sizeof *s);
    lua_pushcfunction(L, make_threads);
    lua_pushlightuserdata(L, s);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        return NULL; /* the arena keeps a few bytes */
    buf_init(&s->out);
    return s;
}

void store_give(lua_State *L, struct store *s)
{
    enum { KEEP = 1 << 20 };
    struct shared *shared = shared_of(L);
    lua_settop(s->S, 0);
    lua_settop(s->K, 0);
    s->nholes = 0;
    if (s->out.cap > KEEP)
        buf_release(&s->out);
    buf_reset(&s->out);
    s->next = shared->pool;
    shared->pool = s;
}

/* ---- lifetimes ---- */

void host_release(struct render *r, size_t made)
{
    lua_settop(render_lua(r)->S, (int)made);
    r->made = made;
}

int host_keep(struct render *r, struct tval *v)
{
    struct lua_render *lr = render_lua(r);
    struct store *s = lr->store;
    if (!lua_checkstack(lr->K, 2) || !lua_checkstack(lr->S, 2))
        return render_fail(r, "MemoryError", "too many values are kept in one render");
    value_push_object(lr, *v);
    lua_xmove(lr->S, lr->K, 1);
    int slot = lua_gettop(lr->K);
    if (s->nholes) {
        slot = s->holes[--s->nholes];
        lua_replace(lr->K, slot);
    }
    v->u.object = -slot;
    return 0;
}

void host_drop(struct render *r, struct tval v)
{
    struct lua_render *lr = render_lua(r);
    struct store *s = lr->store;
    if (v.type != TVAL_OBJECT || v.u.object > 0)
        return;
    if (s->nholes == s->cap_holes) {
        s->cap_holes = s->cap_holes ? 2 * s->cap_holes : 16;
        s->holes = mem_realloc(s->holes, s->cap_holes * sizeof *s->holes);
    }
    s->holes[s->nholes++] = (int)-v.u.object;
    lua_pushnil(lr->K); /* host_keep() made sure of the room */
    lua_replace(lr->K, (int)-v.u.object);
}
