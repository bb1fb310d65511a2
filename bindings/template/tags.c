/* SPDX-License-Identifier: MIT */
/* Tags that need the services of the framework: url, csrf_token, querystring, static and
 * its like.  Arguments are compiled here; what is done with them is a function of
 * the Lua half (perilune/template/_services.lua). */
#include "bindings/template/impl.h"

#include "base/banned.h"

struct service {
    const char *callback;
    bool escape; /* the result, when it is no safe text */
    bool quiet;  /* a NoReverseMatch is "" when the result goes into a variable */
};

struct service_node {
    struct node node;
    const struct service *service;
    struct expr **args;
    struct kwarg *kwargs;
    size_t nargs, nkwargs;
    const struct name *target;
};

/* ---- rendering ---- */

struct service_call {
    const struct service_node *node;
    const struct tval *args, *values;
};

/* None is perilune.null: lists have no holes. */
static void push_item(lua_State *L, struct lua_render *lr, struct tval v)
{
    if (v.type == TVAL_NONE || v.type == TVAL_UNDEFINED)
        lua_pushlightuserdata(L, NULL);
    else
        value_push(L, lr, v);
}

/* callback(request, { args }, { names }, { values }, quiet) -> text */
static int step_service(lua_State *L)
{
    struct step *s = lua_touserdata(L, 1);
    const struct service_call *c = s->data;
    const struct service_node *n = c->node;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->lr->e->callbacks);
    lua_getfield(L, -1, n->service->callback);
    lua_pushvalue(s->lr->S, STORE_REQUEST);
    lua_xmove(s->lr->S, L, 1);
    lua_createtable(L, (int)n->nargs, 0);
    for (size_t i = 0; i < n->nargs; i++) {
        push_item(L, s->lr, c->args[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_createtable(L, (int)n->nkwargs, 0);
    lua_createtable(L, (int)n->nkwargs, 0);
    for (size_t i = 0; i < n->nkwargs; i++) {
        struct str name = n->kwargs[i].name->text;
        lua_pushlstring(L, name.p, name.n);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
        push_item(L, s->lr, c->values[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushboolean(L, n->target && n->service->quiet);
    lua_call(L, 5, 1);
    return 1;
}

static int service_render(const struct node *node, struct render *r)
{
    const struct service_node *n = (const struct service_node *)node;
    struct lua_render *lr = render_lua(r);
    struct tval *args = render_alloc(r, (n->nargs + n->nkwargs + 1) * sizeof *args), out;
    struct service_call c = {n, args, args + n->nargs};
    for (size_t i = 0; i < n->nargs; i++)
        if (expr_eval(n->args[i], r, false, &args[i]) != 0)
            return -1;
    for (size_t i = 0; i < n->nkwargs; i++)
        if (expr_eval(n->kwargs[i].value, r, false, &args[n->nargs + i]) != 0)
            return -1;
    if (value_room(lr, 6) != 0 || step_run(lr, step_service, &(struct step){.data = &c}, true) != 0)
        return -1;
    value_take(lr, TVAL_NONE, &out);
    if (n->service->escape && r->autoescape && render_conditional_escape(r, out, &out) != 0)
        return -1;
    if (n->target)
        return context_set(r, n->target, out);
    if (tval_is_str(out))
        buf_addstr(r->out, tval_text(out));
    return render_check(r);
}

/* ---- compiling ---- */

static const struct node_ops service_ops = {"service", service_render, NULL};

static struct service_node *new_node(struct parser *p, const struct token *t,
                                     const struct service *service, size_t n)
{
    struct service_node *node = parser_node(p, t, &service_ops, sizeof *node);
    node->service = service;
    node->args = arena_zalloc(parser_arena(p), (n + 1) * sizeof *node->args);
    node->kwargs = arena_zalloc(parser_arena(p), (n + 1) * sizeof *node->kwargs);
    return node;
}

static bool takes_target(struct parser *p, struct str *bits, size_t *n, const struct name **target)
{
    if (*n < 3 || !str_eq(bits[*n - 2], STR("as")))
        return false;
    *target = parser_name(p, bits[*n - 1]);
    *n -= 2;
    return true;
}

static int add_positional(struct parser *p, const struct token *t, struct service_node *node,
                          struct str text)
{
    struct expr *e = parser_expr(p, t, text);
    if (!e)
        return -1;
    node->args[node->nargs++] = e;
    return 0;
}

/* One argument, by name or by position: 1 for the former. */
static int add_argument(struct parser *p, const struct token *t, struct service_node *node,
                        struct str *bits, size_t i)
{
    struct kwarg *kw = NULL;
    size_t count = 0, at = i;
    if (parser_kwargs(p, t, bits, i + 1, &at, false, &kw, &count) != 0)
        return -1;
    if (!count)
        return add_positional(p, t, node, bits[i]);
    node->kwargs[node->nkwargs++] = kw[0];
    return 1;
}

/* {% url 'name' a b=1 as variable %} */
static int url_parse(struct parser *p, const struct token *t, const struct tag *tag,
                     struct node **out)
{
    static const struct service service = {"url", true, true};
    struct str *bits;
    size_t n = token_split(p, t, &bits);
    (void)tag;
    if (n < 2)
        return parser_fail(p, t, "'%.*s' takes at least one argument, a URL pattern name.",
                           STR_ARG(bits[0]));
    struct service_node *node = new_node(p, t, &service, n);
    *out = &node->node;
    if (add_positional(p, t, node, bits[1]) != 0)
        return -1;
    if (n > 2)
        takes_target(p, bits, &n, &node->target);
    for (size_t i = 2; i < n; i++)
        if (add_argument(p, t, node, bits, i) < 0)
            return -1;
    return 0;
}

static bool has_kwarg(const struct service_node *node, const struct name *name)
{
    for (size_t i = 0; i + 1 < node->nkwargs; i++)
        if (node->kwargs[i].name == name)
            return true;
    return false;
}

/* {% querystring mapping … name=value … as variable %}: a simple tag of Django's */
static int querystring_parse(struct parser *p, const struct token *t, const struct tag *tag,
                             struct node **out)
{
    static const struct service service = {"querystring", true, false};
    struct str *bits;
    size_t n = token_split(p, t, &bits);
    struct service_node *node = new_node(p, t, &service, n);
    *out = &node->node;
    takes_target(p, bits, &n, &node->target);
    for (size_t i = 1; i < n; i++) {
        int named = add_argument(p, t, node, bits, i);
        if (named < 0)
            return -1;
        if (named && has_kwarg(node, node->kwargs[node->nkwargs - 1].name))
            return parser_fail(p, t, "'%s' received multiple values for keyword argument '%.*s'",
                               tag->name, STR_ARG(node->kwargs[node->nkwargs - 1].name->text));
        if (!named && node->nkwargs)
            return parser_fail(
                p, t, "'%s' received some positional argument(s) after some keyword argument(s)",
                tag->name);
    }
    return 0;
}

/* {% static 'path' as variable %} */
static int static_parse(struct parser *p, const struct token *t, const struct tag *tag,
                        struct node **out)
{
    static const struct service service = {"static", true, false};
    struct str *bits;
    size_t n = token_split(p, t, &bits);
    if (n < 2)
        return parser_fail(p, t, "'%s' takes at least one argument (path to file)", tag->name);
    struct service_node *node = new_node(p, t, &service, n);
    *out = &node->node;
    takes_target(p, bits, &n, &node->target);
    return add_positional(p, t, node, bits[1]);
}

/* {% get_static_prefix as variable %} and get_media_prefix */
static int prefix_parse(struct parser *p, const struct token *t, const struct tag *tag,
                        struct node **out)
{
    struct str *bits;
    size_t n = token_split(p, t, &bits);
    if (n > 1 && !str_eq(bits[1], STR("as")))
        return parser_fail(p, t, "First argument in '%s' must be 'as'", tag->name);
    struct service_node *node = new_node(p, t, tag->data, n);
    *out = &node->node;
    if (n > 2)
        node->target = parser_name(p, bits[2]);
    return 0;
}

/* ---- csrf_token ---- */

struct csrf_node {
    struct node node;
    struct expr *token;
};

static int csrf_render(const struct node *node, struct render *r)
{
    struct tval v;
    if (expr_eval(((const struct csrf_node *)node)->token, r, true, &v) != 0)
        return -1;
    if (!tval_is_str(v) || !v.n || str_eq(tval_text(v), STR("NOTPROVIDED")))
        return 0;
    if (render_conditional_escape(r, v, &v) != 0)
        return -1;
    buf_adds(r->out, "<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"");
    buf_addstr(r->out, tval_text(v));
    buf_adds(r->out, "\">");
    return render_check(r);
}

static int csrf_parse(struct parser *p, const struct token *t, const struct tag *tag,
                      struct node **out)
{
    static const struct node_ops ops = {"csrf_token", csrf_render, NULL};
    struct csrf_node *node = parser_node(p, t, &ops, sizeof *node);
    (void)tag;
    node->token = parser_expr(p, t, STR("csrf_token"));
    *out = &node->node;
    return node->token ? 0 : -1;
}

/* ---- libraries ---- */

static const struct service static_prefix = {"static_prefix", false, false},
                            media_prefix = {"media_prefix", false, false};

const struct library template_service_tags = {
    .tags = (const struct tag[]){{"url", url_parse, NULL},
                                 {"querystring", querystring_parse, NULL},
                                 {"csrf_token", csrf_parse, NULL},
                                 {NULL, NULL, NULL}},
};

static const struct library static_library = {
    .tags = (const struct tag[]){{"static", static_parse, NULL},
                                 {"get_static_prefix", prefix_parse, (void *)&static_prefix},
                                 {"get_media_prefix", prefix_parse, (void *)&media_prefix},
                                 {NULL, NULL, NULL}},
};

const struct library *template_service_library(struct str name)
{
    return str_eq(name, STR("static")) ? &static_library : NULL;
}
