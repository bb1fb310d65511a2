/* SPDX-License-Identifier: MIT */
/* perilune._testing: which lines of the project ran, and how often.  A hook at each line of
 * every Lua thread; files of the library are not counted. */
#include "bindings/lua/host.h"
#include "bindings/test/test.h"

#include "base/banned.h"
#include "base/map.h"
#include "base/mem.h"

#include <lauxlib.h>

struct file {
    const char *source; /* "@shop/views.lua": the map's own */
    uint32_t *counts;   /* by line */
    size_t n;
    bool ignored; /* of the library, or no file */
};

struct coverage { /* owner: the host, once it has begun */
    struct map files;
    struct file *last; /* that a line ran of */
};

static struct file *find(struct coverage *c, const char *source)
{
    struct str name = str_from(source);
    struct file *f = map_get(&c->files, name);
    if (f)
        return f;
    f = mem_zalloc(sizeof *f);
    f->ignored = source[0] != '@' || str_starts(name, STR("@perilune/"));
    map_set(&c->files, name, f);
    f->source = c->files.entries[c->files.used - 1].key.p;
    return f;
}

static void count(struct file *f, size_t line)
{
    if (line >= f->n) {
        size_t n = line + 64;
        f->counts = mem_realloc(f->counts, mem_mul(n, sizeof *f->counts));
        memset(f->counts + f->n, 0, (n - f->n) * sizeof *f->counts);
        f->n = n;
    }
    f->counts[line]++;
}

static void on_line(lua_State *L, lua_Debug *ar)
{
    struct coverage *c = host_of(L)->coverage;
    if (!c || !lua_getinfo(L, "S", ar))
        return;
    if (!c->last || strcmp(c->last->source, ar->source) != 0)
        c->last = find(c, ar->source);
    if (!c->last->ignored && ar->currentline > 0)
        count(c->last, (size_t)ar->currentline);
}

/* cover(): counts from now on, in this thread and in those that are made from now on */
static int l_cover(lua_State *L)
{
    struct host *h = host_of(L);
    if (!h->coverage) {
        h->coverage = mem_zalloc(sizeof *h->coverage);
        map_init(&h->coverage->files);
    }
    lua_sethook(h->L, on_line, LUA_MASKLINE, 0); /* new threads have it from this one */
    lua_sethook(L, on_line, LUA_MASKLINE, 0);
    return 0;
}

static void push_file(lua_State *L, const struct file *f)
{
    lua_newtable(L);
    for (size_t i = 0; i < f->n; i++) {
        if (!f->counts[i])
            continue;
        lua_pushinteger(L, f->counts[i]);
        lua_rawseti(L, -2, (lua_Integer)i);
    }
}

/* covered() -> { ["shop/views.lua"] = { [line] = times } }; ends the counting */
static int l_covered(lua_State *L)
{
    struct host *h = host_of(L);
    lua_sethook(h->L, NULL, 0, 0);
    lua_sethook(L, NULL, 0, 0);
    lua_newtable(L);
    for (size_t i = 0; h->coverage && i < h->coverage->files.used; i++) {
        const struct map_entry *e = &h->coverage->files.entries[i];
        const struct file *f = e->value;
        if (!e->key.p || f->ignored)
            continue;
        push_file(L, f);
        lua_setfield(L, -2, f->source + 1);
    }
    return 1;
}

static void free_file(void *value)
{
    struct file *f = value;
    free(f->counts);
    free(f);
}

void coverage_free(struct coverage *c)
{
    if (!c)
        return;
    map_release(&c->files, free_file);
    free(c);
}

void testing_open_coverage(lua_State *L)
{
    static const luaL_Reg functions[] = {{"cover", l_cover}, {"covered", l_covered}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
