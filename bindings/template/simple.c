/* SPDX-License-Identifier: MIT */
/* Simple tags, inclusion tags and simple block tags of Lua libraries: arguments are sorted
 * when the template is compiled, so that a render only evaluates them. */
#include "bindings/template/parser.h"

#include "bindings/lua/error.h"

#include "base/banned.h"

struct extra { /* a keyword argument that no parameter has the name of */
    const struct name *name;
    struct expr *value;
};

struct simple_node {
    struct node node;
    const struct lua_tag *tag;
    struct expr **args; /* by parameter; NULL: its default */
    struct expr **more; /* positional ones behind them */
    struct extra *extra;
    size_t nmore, nextra;
    const struct name *target; /* {% … as name %} */
    struct nodelist content;   /* of a block tag */
};

/* ---- compiling ---- */

struct binding { /* of the arguments of one tag */
    struct parser *p;
    const struct token *t;
    const struct lua_tag *tag;
    struct simple_node *node;
    size_t next;   /* positional parameter that comes next */
    bool keywords; /* one was given */
};

static int find_param(const struct lua_tag *tag, struct str name)
{
    for (size_t i = 0; i < tag->nparams; i++)
        if (str_eq(tag->params[i].name, name))
            return (int)i;
    return -1;
}

static bool has_extra(const struct simple_node *n, const struct name *name)
{
    for (size_t i = 0; i < n->nextra; i++)
        if (n->extra[i].name == name)
            return true;
    return false;
}

static int bind_keyword(struct binding *b, const struct kwarg *kw)
{
    struct simple_node *n = b->node;
    struct str name = kw->name->text;
    int i = find_param(b->tag, name);
    if (i < 0 && !b->tag->varkw)
        return parser_fail(b->p, b->t, "'%.*s' received unexpected keyword argument '%.*s'",
                           STR_ARG(b->tag->name), STR_ARG(name));
    b->keywords = true;
    if (i < 0 ? has_extra(n, kw->name) : n->args[i] != NULL)
        return parser_fail(b->p, b->t,
                           "'%.*s' received multiple values for keyword argument '%.*s'",
                           STR_ARG(b->tag->name), STR_ARG(name));
    if (i >= 0)
        n->args[i] = kw->value;
    else
        n->extra[n->nextra++] = (struct extra){kw->name, kw->value};
    return 0;
}

static int bind_positional(struct binding *b, struct str text)
{
    struct simple_node *n = b->node;
    if (b->keywords)
        return parser_fail(
            b->p, b->t,
            "'%.*s' received some positional argument(s) after some keyword argument(s)",
            STR_ARG(b->tag->name));
    struct expr *e = parser_expr(b->p, b->t, text);
    if (!e)
        return -1;
    while (b->next < b->tag->nparams && b->tag->params[b->next].keyword_only)
        b->next++;
    if (b->next < b->tag->nparams)
        n->args[b->next++] = e;
    else if (b->tag->varargs)
        n->more[n->nmore++] = e;
    else
        return parser_fail(b->p, b->t, "'%.*s' received too many positional arguments",
                           STR_ARG(b->tag->name));
    return 0;
}

/* Positional ones first, as Django lists them. */
static int check_missing(struct binding *b)
{
    struct arena *a = parser_arena(b->p);
    const char *list = "";
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < b->tag->nparams; i++) {
            const struct lua_param *p = &b->tag->params[i];
            if (p->required && !b->node->args[i] && p->keyword_only == (pass == 1))
                list = arena_printf(a, "%s%s'%.*s'", list, *list ? ", " : "", STR_ARG(p->name));
        }
    if (!*list)
        return 0;
    return parser_fail(b->p, b->t, "'%.*s' did not receive value(s) for the argument(s): %s",
                       STR_ARG(b->tag->name), list);
}

static int bind_arguments(struct binding *b, struct str *bits, size_t n)
{
    struct arena *a = parser_arena(b->p);
    struct simple_node *node = b->node;
    node->args = arena_zalloc(a, (b->tag->nparams + 1) * sizeof *node->args);
    node->more = arena_zalloc(a, (n + 1) * sizeof *node->more);
    node->extra = arena_zalloc(a, (n + 1) * sizeof *node->extra);
    for (size_t i = 0; i < n;) {
        struct kwarg *kw = NULL;
        size_t count = 0, one = i;
        if (parser_kwargs(b->p, b->t, bits, i + 1, &one, false, &kw, &count) != 0)
            return -1;
        if (count ? bind_keyword(b, kw) : bind_positional(b, bits[i]))
            return -1;
        i++;
    }
    return check_missing(b);
}

static int simple_render(const struct node *n, struct render *r);
static int inclusion_render(const struct node *n, struct render *r);

int simple_tag_parse(struct parser *p, const struct token *t, const struct tag *tag,
                     struct node **out)
{
    static const struct node_ops simple_ops = {"simple tag", simple_render, NULL},
                                 inclusion_ops = {"inclusion tag", inclusion_render, NULL};
    const struct lua_tag *lt = tag->data;
    struct str *bits, end = str_from(lt->end ? lt->end : "");
    size_t n = token_split(p, t, &bits);
    if (lt->complaint)
        return parser_fail(p, t, "%s", lt->complaint);
    struct simple_node *node =
        parser_node(p, t, lt->kind == TAG_INCLUSION ? &inclusion_ops : &simple_ops, sizeof *node);
    struct binding b = {.p = p, .t = t, .tag = lt, .node = node};
    node->tag = lt;
    if (lt->kind != TAG_INCLUSION && n >= 3 && str_eq(bits[n - 2], STR("as"))) {
        node->target = parser_name(p, bits[n - 1]);
        n -= 2;
    }
    if (lt->kind == TAG_BLOCK) {
        if (parser_parse_words(p, &end, 1, &node->content) != 0)
            return -1;
        parser_next(p);
    }
    if (bind_arguments(&b, bits + 1, n - 1) != 0)
        return -1;
    *out = &node->node;
    return 0;
}

/* ---- rendering ---- */

struct simple_call {
    const struct simple_node *node;
    const struct tval *args, *more, *extra;
    struct tval content;
};

static void push_fallback(lua_State *L, const struct lua_param *p)
{
    if (p->fallback == LUA_NOREF)
        lua_pushnil(L);
    else
        lua_rawgeti(L, LUA_REGISTRYINDEX, p->fallback);
}

/* fn([context,] [content,] parameters…, [keywords,] more…) */
static int step_simple(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    const struct simple_call *c = s->data;
    const struct simple_node *n = c->node;
    const struct lua_tag *tag = n->tag;
    luaL_checkstack(L, (int)(tag->nparams + n->nmore) + 8, "too many arguments");
    lua_rawgeti(L, LUA_REGISTRYINDEX, tag->function);
    int base = lua_gettop(L);
    if (tag->takes_context)
        context_push_handle(L, s->lr);
    if (tag->kind == TAG_BLOCK)
        value_push(L, s->lr, c->content);
    for (size_t i = 0; i < tag->nparams; i++)
        if (n->args[i])
            value_push(L, s->lr, c->args[i]);
        else
            push_fallback(L, &tag->params[i]);
    if (tag->varkw) {
        lua_createtable(L, 0, (int)n->nextra);
        for (size_t i = 0; i < n->nextra; i++) {
            lua_pushlstring(L, n->extra[i].name->text.p, n->extra[i].name->text.n);
            value_push(L, s->lr, c->extra[i]);
            lua_rawset(L, -3);
        }
    }
    for (size_t i = 0; i < n->nmore; i++)
        value_push(L, s->lr, c->more[i]);
    lua_call(L, lua_gettop(L) - base, 1);
    return 1;
}

static int evaluate(struct render *r, struct expr *const *exprs, size_t n, struct tval *out)
{
    for (size_t i = 0; i < n; i++)
        if (exprs[i] && expr_eval(exprs[i], r, false, &out[i]) != 0)
            return -1;
    return 0;
}

/* Calls the function; its result is on top of S. */
static int call(const struct simple_node *n, struct render *r)
{
    struct lua_render *lr = render_lua(r);
    struct tval *args =
        render_alloc(r, (n->tag->nparams + n->nmore + n->nextra + 1) * sizeof *args);
    struct tval *more = args + n->tag->nparams, *extra = more + n->nmore;
    struct simple_call c = {.node = n, .args = args, .more = more, .extra = extra};
    if (evaluate(r, n->args, n->tag->nparams, args) != 0 ||
        evaluate(r, n->more, n->nmore, more) != 0)
        return -1;
    for (size_t i = 0; i < n->nextra; i++)
        if (expr_eval(n->extra[i].value, r, false, &extra[i]) != 0)
            return -1;
    if (n->tag->kind == TAG_BLOCK && nodelist_capture(&n->content, r, &c.content) != 0)
        return -1;
    return tag_run(lr, step_simple, &(struct step){.data = &c}, true);
}

static int simple_render(const struct node *node, struct render *r)
{
    const struct simple_node *n = (const struct simple_node *)node;
    struct tval v;
    bool safe;
    if (call(n, r) != 0)
        return -1;
    value_take(render_lua(r), TVAL_NONE, &v);
    if (n->target)
        return context_set(r, n->target, v);
    if (r->autoescape) {
        if (render_conditional_escape(r, v, &v) != 0)
            return -1;
        buf_addstr(r->out, tval_text(v));
        return render_check(r);
    }
    return render_add_str(r, v, r->out, &safe) != 0 ? -1 : render_check(r);
}

/* ---- inclusion tags ---- */

struct chosen {
    struct lua_engine *e;
    int ref;
    struct template *t;
    struct str name; /* to be looked for */
    lua_Integer i;   /* of a list */
    bool more;
};

/* The template itself, or the name to try next. */
static int step_choose(lua_State *L)
{
    struct chosen *c = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->ref);
    c->t = template_test(L, -1);
    if (c->t)
        return template_ref(c->t), 0;
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, ++c->i);
        lua_rawgeti(L, -2, c->i + 1);
        c->more = !lua_isnil(L, -1);
        lua_pop(L, 1);
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        return exception_raise(
            L, "TypeError",
            "an inclusion tag names its template by a string, a list of them, or "
            "is given the template");
    c->name.p = lua_tolstring(L, -1, &c->name.n); /* the registry keeps it */
    return 0;
}

static struct template *choose(const struct lua_tag *tag, struct render *r)
{
    struct chosen c = {.e = tag->e, .ref = tag->template};
    struct err err;
    do {
        struct template_error error;
        if (engine_call(tag->e, step_choose, &c, &err) != 0) {
            render_fail_host(r, str_from(err.msg));
            return NULL;
        }
        template_error_init(&error);
        if (c.t) {
            struct template *own = template_own(tag->e, c.t, &error);
            template_unref(c.t);
            if (!own)
                render_fail_compile(r, &error);
            return own ? template_ref(own) : NULL;
        }
        c.t = template_get(r->engine, c.name, &error);
        if (!c.t && (!c.more || !error.kind || strcmp(error.kind, "TemplateDoesNotExist") != 0)) {
            render_fail_compile(r, &error);
            return NULL;
        }
        if (!c.t)
            template_error_release(&error);
    } while (!c.t);
    return c.t;
}

/* The table on top of S takes the place of the author's variables while t is rendered; of
 * the scopes around only csrf_token is seen. */
static int render_inside(struct lua_render *lr, struct template *t)
{
    struct render *r = &lr->r;
    lua_State *S = lr->S;
    const struct name *csrf = template_engine_name(r->engine, STR("csrf_token"));
    bool raw = lr->context_raw, extra = lr->has_extra;
    int inner = lua_gettop(S), outer = inner + 1, rc;
    struct tval token;
    if (context_get(r, csrf, &token) != 0 || value_room(lr, 4) != 0)
        return -1;
    lua_pushvalue(S, STORE_CONTEXT);
    outer = lua_gettop(S);
    r->made = (size_t)outer;
    lua_pushvalue(S, inner);
    lua_replace(S, STORE_CONTEXT);
    lr->context_raw = !lua_getmetatable(S, STORE_CONTEXT);
    lr->has_extra = false;
    lua_settop(S, outer);
    struct context *around = context_isolate(r, true);
    if (token.type != TVAL_UNDEFINED && token.type != TVAL_NONE)
        rc = context_set(r, csrf, token) != 0 ? -1 : template_render(t, r);
    else
        rc = template_render(t, r);
    context_restore(r, around);
    lua_pushvalue(S, outer);
    lua_replace(S, STORE_CONTEXT);
    lr->context_raw = raw;
    lr->has_extra = extra;
    return rc;
}

static int inclusion_render(const struct node *node, struct render *r)
{
    const struct simple_node *n = (const struct simple_node *)node;
    struct lua_render *lr = render_lua(r);
    if (call(n, r) != 0)
        return -1;
    if (!lua_istable(lr->S, -1))
        return render_fail(r, "TypeError",
                           "the function of inclusion tag '%.*s' must return a table of variables, "
                           "not a %s",
                           STR_ARG(n->tag->name), luaL_typename(lr->S, -1));
    r->made = (size_t)lua_gettop(lr->S);
    struct template *t = choose(n->tag, r);
    if (!t)
        return -1;
    int rc = render_inside(lr, t);
    template_unref(t);
    return rc;
}
