/* SPDX-License-Identifier: MIT */
/* Tags written in Lua: the parser, tokens, node lists and expressions as they see them,
 * and the nodes that they give. */
#include "bindings/template/parser.h"

#include "bindings/lua/error.h"
#include "bindings/value/safestring.h"

#include "base/banned.h"

static const struct class parser_class, nodelist_class, expr_class;
static const char token_key; /* metatable of tokens, in the registry */

/* ---- things that live as long as their template ---- */

/* In the template's arena; the handle is anchored until that goes. */
struct cell {
    struct lua_engine *e;
    int ref;
    struct nodelist list;
    struct expr *expr;
};

static void cell_gone(void *data)
{
    struct cell *c = data;
    lua_State *L = c->e->host->L;
    if (!L || !lua_checkstack(L, 4))
        return;
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, c->ref) == LUA_TUSERDATA)
        class_detach(lua_touserdata(L, -1));
    lua_pop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, c->ref);
}

static struct cell *push_cell(lua_State *L, struct parser *p, const struct class *class)
{
    struct cell *c = arena_zalloc(parser_arena(p), sizeof *c);
    c->e = template_engine_options(parser_engine(p))->host;
    class_push(L, class, c);
    lua_pushvalue(L, -1);
    c->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    arena_defer(parser_arena(p), cell_gone, c);
    return c;
}

/* ---- node lists ---- */

/* nodelist:render(context) -> safe string */
static int nodelist_l_render(lua_State *L)
{
    struct cell *c = class_check(L, 1, &nodelist_class);
    struct lua_render *lr = context_check(L, 2);
    struct render_mark mark = render_mark(&lr->r);
    struct tval text;
    if (nodelist_capture(&c->list, &lr->r, &text) != 0)
        return context_raise(L, lr);
    value_push(L, lr, text);
    render_reset(&lr->r, mark);
    return 1;
}

static int nodelist_len(lua_State *L)
{
    struct cell *c = class_check(L, 1, &nodelist_class);
    lua_Integer n = 0;
    for (const struct node *i = c->list.first; i; i = i->next)
        n++;
    lua_pushinteger(L, n);
    return 1;
}

static const struct class nodelist_class = {
    .name = "perilune.template.NodeList",
    .methods = (const luaL_Reg[]){{"render", nodelist_l_render}, {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__len", nodelist_len}, {NULL, NULL}},
};

/* ---- expressions ---- */

/* expression:resolve(context, ignore_failures) -> value */
static int expr_l_resolve(lua_State *L)
{
    struct cell *c = class_check(L, 1, &expr_class);
    struct lua_render *lr = context_check(L, 2);
    struct render_mark mark = render_mark(&lr->r);
    struct tval v;
    if (expr_eval(c->expr, &lr->r, lua_toboolean(L, 3), &v) != 0)
        return context_raise(L, lr);
    value_push(L, lr, v);
    render_reset(&lr->r, mark);
    return 1;
}

static int expr_get_token(lua_State *L, void *self)
{
    struct str s = expr_text(((struct cell *)self)->expr);
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

static int expr_tostring(lua_State *L)
{
    return expr_get_token(L, class_check(L, 1, &expr_class));
}

static const struct class expr_class = {
    .name = "perilune.template.FilterExpression",
    .fields = (const struct class_field[]){{"token", expr_get_token, NULL}, {NULL, NULL, NULL}},
    .methods = (const luaL_Reg[]){{"resolve", expr_l_resolve}, {NULL, NULL}},
    .metamethods = (const luaL_Reg[]){{"__tostring", expr_tostring}, {NULL, NULL}},
};

/* ---- tokens ---- */

static void set_str(lua_State *L, const char *name, struct str s)
{
    lua_pushlstring(L, s.p ? s.p : "", s.n);
    lua_setfield(L, -2, name);
}

static void push_token(lua_State *L, struct parser *p, const struct token *t)
{
    static const char *const types[] = {"text", "var", "block", "comment"};
    struct str *bits;
    lua_createtable(L, 0, 6);
    set_str(L, "contents", t->contents);
    set_str(L, "source", t->source);
    lua_pushstring(L, types[t->type]);
    lua_setfield(L, -2, "token_type");
    lua_pushinteger(L, t->line);
    lua_setfield(L, -2, "lineno");
    if (t->type == TOKEN_BLOCK) {
        size_t n = token_split(p, t, &bits);
        lua_createtable(L, (int)n, 0);
        for (size_t i = 0; i < n; i++) {
            lua_pushlstring(L, bits[i].p, bits[i].n);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        lua_setfield(L, -2, "_bits");
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &token_key);
    lua_setmetatable(L, -2);
}

/* token:split_contents() -> list */
static int token_l_split_contents(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_newtable(L);
    lua_getfield(L, 1, "_bits");
    for (lua_Integer i = 1; lua_istable(L, -1) && lua_rawgeti(L, -1, i) != LUA_TNIL; i++)
        lua_rawseti(L, -3, i);
    lua_settop(L, 2);
    return 1;
}

/* ---- the parser ---- */

/* What the parser object stands for: one tag that is being compiled. */
struct compile {
    struct lua_engine *e;
    struct parser *p;
    const struct token *t;
    int function;
    int handle; /* of the parser, in the registry; 0: none yet */
    int node;   /* what was given back; 0: nothing */
};

static int raise_error(lua_State *L, struct compile *c)
{
    template_error_push(L, c->e, parser_error(c->p));
    return lua_error(L);
}

static struct compile *check(lua_State *L)
{
    return class_check(L, 1, &parser_class);
}

/* parser:parse({ "endx", … }) -> nodelist; without names: the rest of the template */
static int parser_l_parse(lua_State *L)
{
    struct compile *c = check(L);
    struct parser *p = c->p;
    struct nodelist list;
    int rc;
    if (lua_isnoneornil(L, 2)) {
        rc = parser_parse(p, NULL, &list);
    } else {
        luaL_checktype(L, 2, LUA_TTABLE);
        size_t n = lua_rawlen(L, 2);
        struct str *words = arena_alloc(parser_arena(p), (n + 1) * sizeof *words);
        for (size_t i = 0; i < n; i++) {
            if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TSTRING)
                return exception_raise(L, "TypeError",
                                       "parser:parse{…} takes a list of the names of end tags");
            words[i].p = lua_tolstring(L, -1, &words[i].n);
            words[i] = arena_str(parser_arena(p), words[i]);
            lua_pop(L, 1);
        }
        rc = parser_parse_words(p, words, n, &list);
    }
    if (rc != 0)
        return raise_error(L, c);
    push_cell(L, p, &nodelist_class)->list = list;
    return 1;
}

/* parser:next_token() -> token, or nil at the end */
static int parser_l_next_token(lua_State *L)
{
    struct parser *p = check(L)->p;
    const struct token *t = parser_next(p);
    if (!t)
        return 0;
    push_token(L, p, t);
    return 1;
}

/* parser:delete_first_token() */
static int parser_l_delete_first_token(lua_State *L)
{
    parser_next(check(L)->p);
    return 0;
}

/* parser:skip_past("endx") */
static int parser_l_skip_past(lua_State *L)
{
    struct compile *c = check(L);
    if (parser_skip_past(c->p, c->t, luaL_checkstring(L, 2)) != 0)
        return raise_error(L, c);
    return 0;
}

/* parser:compile_filter("value|filter") -> expression */
static int parser_l_compile_filter(lua_State *L)
{
    struct compile *c = check(L);
    struct str text;
    text.p = luaL_checklstring(L, 2, &text.n);
    struct expr *e = parser_expr(c->p, c->t, arena_str(parser_arena(c->p), text));
    if (!e)
        return raise_error(L, c);
    push_cell(L, c->p, &expr_class)->expr = e;
    return 1;
}

static int parser_get_template_name(lua_State *L, void *self)
{
    struct str s = parser_template_name(((struct compile *)self)->p);
    lua_pushlstring(L, s.p, s.n);
    return 1;
}

static const struct class parser_class = {
    .name = "perilune.template.Parser",
    .fields = (const struct class_field[]){{"template_name", parser_get_template_name, NULL},
                                           {NULL, NULL, NULL}},
    .methods = (const luaL_Reg[]){{"parse", parser_l_parse},
                                  {"next_token", parser_l_next_token},
                                  {"delete_first_token", parser_l_delete_first_token},
                                  {"skip_past", parser_l_skip_past},
                                  {"compile_filter", parser_l_compile_filter},
                                  {NULL, NULL}},
    .attachable = true,
};

/* ---- nodes in Lua ---- */

struct lua_node {
    struct node node;
    struct lua_engine *e;
    int ref; /* the table with a render method, or function(context) */
};

/* node:render(context) -> text */
static int step_render(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    struct lua_render *lr = s->lr;
    size_t n;
    int nargs = 1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->ref);
    if (!lua_isfunction(L, -1)) {
        lua_getfield(L, -1, "render");
        lua_insert(L, -2);
        nargs = 2;
    }
    context_push_handle(L, lr);
    lua_call(L, nargs, 1);
    if (lua_isnil(L, -1))
        return 0;
    if (lua_istable(L, -1) || lua_isfunction(L, -1) || lua_isboolean(L, -1))
        return exception_raise(L, "TypeError",
                               "the render method of a tag's node gave a %s, not text",
                               luaL_typename(L, -1));
    const char *text = luaL_tolstring(L, -1, &n);
    buf_add(lr->r.out, text, n);
    return 0;
}

int tag_run(struct lua_render *lr, lua_CFunction step, struct step *s, bool result)
{
    unsigned floor = lr->scopes_floor;
    if (value_room(lr, 8) != 0)
        return -1;
    lr->scopes_floor = lr->scopes;
    int rc = step_run(lr, step, s, result);
    for (; lr->scopes > lr->scopes_floor; lr->scopes--) /* what the tag left */
        context_pop(&lr->r);
    lr->scopes_floor = floor;
    return rc;
}

static int lua_node_render(const struct node *n, struct render *r)
{
    const struct lua_node *node = (const struct lua_node *)n;
    struct step s = {.ref = node->ref};
    return tag_run(render_lua(r), step_render, &s, false) != 0 ? -1 : render_check(r);
}

void registry_drop(struct lua_engine *e, int ref)
{
    lua_State *L = e->host->L;
    if (L && lua_checkstack(L, 4))
        luaL_unref(L, LUA_REGISTRYINDEX, ref);
}

static void lua_node_drop(struct node *n)
{
    struct lua_node *node = (struct lua_node *)n;
    registry_drop(node->e, node->ref);
}

static const struct node_ops lua_node_ops = {"lua", lua_node_render, lua_node_drop};

/* ---- compiling a tag in Lua ---- */

/* compile(parser, token) -> node */
static int step_compile(lua_State *L)
{
    struct compile *c = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->function);
    class_push(L, &parser_class, c);
    lua_pushvalue(L, -1);
    c->handle = luaL_ref(L, LUA_REGISTRYINDEX);
    push_token(L, c->p, c->t);
    lua_call(L, 2, 1);
    if (lua_isnil(L, -1))
        return 0;
    bool ok = lua_isfunction(L, -1);
    if (!ok && (lua_istable(L, -1) || lua_isuserdata(L, -1))) {
        lua_getfield(L, -1, "render");
        ok = !lua_isnil(L, -1);
        lua_pop(L, 1);
    }
    if (!ok)
        return exception_raise(
            L, "TypeError", "tag '%.*s' must give a node (a table with a render method), not a %s",
            STR_ARG(str_head(c->t->contents, str_index(c->t->contents, ' '))),
            luaL_typename(L, -1));
    c->node = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static void detach_parser(struct compile *c)
{
    lua_State *L = running_thread(c->e);
    if (!c->handle || !lua_checkstack(L, 4))
        return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->handle);
    class_detach(lua_touserdata(L, -1));
    lua_pop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, c->handle);
}

int lua_tag_parse(struct parser *p, const struct token *t, const struct tag *tag, struct node **out)
{
    const struct lua_tag *lt = tag->data;
    struct compile c = {.e = lt->e, .p = p, .t = t, .function = lt->function};
    struct err err;
    int rc = engine_call(lt->e, step_compile, &c, &err);
    detach_parser(&c);
    if (rc != 0)
        return parser_fail_host(p, t, str_from(err.msg));
    if (!c.node)
        return 0;
    struct lua_node *n = parser_node(p, t, &lua_node_ops, sizeof *n);
    n->e = lt->e;
    n->ref = c.node;
    *out = &n->node;
    return 0;
}

void parser_open(lua_State *L)
{
    class_register(L, &parser_class);
    class_register(L, &nodelist_class);
    class_register(L, &expr_class);
    lua_createtable(L, 0, 2);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, token_l_split_contents);
    lua_setfield(L, -2, "split_contents");
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "perilune.template.Token");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &token_key);
}
