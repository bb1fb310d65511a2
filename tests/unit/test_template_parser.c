/* SPDX-License-Identifier: MIT */
/* Tags and filters from outside of the language, through parser.h and render.h alone. */
#include "test.h"

#include "template_world.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static int dropped;

/* ---- {% wrap "open" close=… as name %} … {% middle %} … {% endwrap %} ---- */

struct wrap_node {
    struct node node;
    struct expr *open;
    struct kwarg *options;
    size_t noptions;
    const struct name *as;
    struct nodelist first, second;
    void *memory; /* freed by drop */
};

static int wrap_options(const struct wrap_node *n, struct render *r)
{
    for (size_t i = 0; i < n->noptions; i++) {
        struct tval v;
        if (expr_eval(n->options[i].value, r, false, &v) < 0)
            return -1;
        buf_addf(r->out, "%.*s=", STR_ARG(n->options[i].name->text));
        if (render_value(r, v) < 0)
            return -1;
    }
    return 0;
}

static int wrap_render(const struct node *node, struct render *r)
{
    const struct wrap_node *n = (const struct wrap_node *)node;
    struct tval open, second;
    if (expr_eval(n->open, r, false, &open) < 0 || render_value(r, open) < 0 ||
        wrap_options(n, r) < 0 || nodelist_render(&n->first, r) < 0 ||
        nodelist_capture(&n->second, r, &second) < 0)
        return -1;
    assert_true(tval_is_safe(second));
    return context_set(r, n->as, second);
}

static void wrap_drop(struct node *node)
{
    free(((struct wrap_node *)node)->memory);
    dropped++;
}

static const struct node_ops wrap_ops = {"wrap", wrap_render, wrap_drop};

static int wrap_parse(struct parser *p, const struct token *t, const struct tag *tag,
                      struct node **out)
{
    struct wrap_node *n = parser_node(p, t, &wrap_ops, sizeof *n);
    struct str *bits;
    size_t count = token_split(p, t, &bits), i = 2;
    assert_string_equal(tag->data, "data");
    n->memory = mem_alloc(1);
    if (count < 4)
        return parser_fail(p, t, "'%.*s' takes more", STR_ARG(bits[0]));
    n->open = parser_expr(p, t, bits[1]);
    if (!n->open || parser_kwargs(p, t, bits, count, &i, false, &n->options, &n->noptions) < 0)
        return -1;
    assert_true(str_eq(bits[i], STR("as")));
    n->as = parser_name(p, bits[i + 1]);
    *out = &n->node;
    if (parser_parse(p, "middle", &n->first) < 0)
        return -1;
    assert_str(parser_next(p)->contents, "middle");
    struct str end = STR("endwrap");
    if (parser_parse_words(p, &end, 1, &n->second) < 0)
        return -1;
    return parser_next(p) ? 0 : -1;
}

/* ---- {% raw %} … {% endraw %}, {% only x %} ---- */

struct piece_node {
    struct node node;
    struct str text;
    const struct name *name;
};

static int raw_render(const struct node *node, struct render *r)
{
    buf_addstr(r->out, ((const struct piece_node *)node)->text);
    return 0;
}

static const struct node_ops raw_ops = {"raw", raw_render, NULL};

static int raw_parse(struct parser *p, const struct token *t, const struct tag *tag,
                     struct node **out)
{
    struct piece_node *n = parser_node(p, t, &raw_ops, sizeof *n);
    (void)tag;
    *out = &n->node;
    return parser_source_until(p, t, "endraw", &n->text);
}

static int add_name(void *data, const struct name *name, struct tval v)
{
    assert_true(v.type != TVAL_UNDEFINED);
    buf_addf(data, "%.*s ", STR_ARG(name->text));
    return 0;
}

/* Lists the scopes' variables, then looks for one in a context of its own. */
static int only_render(const struct node *node, struct render *r)
{
    const struct piece_node *n = (const struct piece_node *)node;
    struct tval v;
    context_each(r, add_name, r->out);
    for (int variables = 0; variables < 2; variables++) {
        struct context *outer = context_isolate(r, variables);
        context_push(r);
        assert_false(context_has(r, n->name));
        if (context_get(r, n->name, &v) < 0)
            return -1;
        buf_adds(r->out, v.type == TVAL_UNDEFINED ? "hidden " : "seen ");
        context_restore(r, outer);
    }
    return 0;
}

static const struct node_ops only_ops = {"only", only_render, NULL};

static int only_parse(struct parser *p, const struct token *t, const struct tag *tag,
                      struct node **out)
{
    struct piece_node *n = parser_node(p, t, &only_ops, sizeof *n);
    struct str *bits;
    (void)tag;
    assert_int_equal(token_split(p, t, &bits), 2);
    n->name = parser_name(p, bits[1]);
    *out = &n->node;
    return 0;
}

/* ---- filters ---- */

static int double_filter(struct render *r, const struct filter *f, struct tval *v,
                         const struct tval *arg)
{
    size_t start = r->scratch.n;
    assert_true(tval_is_str(*v));
    assert_string_equal(f->data, "data");
    buf_addstr(&r->scratch, tval_text(*v));
    if (arg) {
        bool safe;
        if (render_add_str(r, *arg, &r->scratch, &safe) < 0)
            return -1;
    }
    buf_addstr(&r->scratch, tval_text(*v));
    *v = render_cut(r, start, false);
    return 0;
}

static int fail_filter(struct render *r, const struct filter *f, struct tval *v,
                       const struct tval *arg)
{
    (void)f;
    (void)v;
    (void)arg;
    return render_fail(r, "ValueError", "no such luck");
}

static char data[] = "data";

static const struct tag tags[] = {
    {"wrap", wrap_parse, data},
    {"raw", raw_parse, NULL},
    {"only", only_parse, NULL},
    {NULL, NULL, NULL},
};

static const struct filter filters[] = {
    {"double", double_filter, FILTER_SAFE | FILTER_STRING, 0, 1, data},
    {"plain", double_filter, FILTER_STRING, 0, 1, data},
    {"broken", fail_filter, 0, 0, 0, NULL},
    {"upper", double_filter, FILTER_STRING, 0, 0, data}, /* instead of the built-in one */
    {NULL, NULL, 0, 0, 0, NULL},
};

static const struct library library = {tags, filters};

static void check(const struct world_case *cases, size_t n)
{
    struct world w;
    world_init(&w);
    w.library = &library;
    assert_int_equal(world_check(&w, cases, n), 0);
    world_free(&w);
}

static void test_tags(void **state)
{
#define LOAD "{% load world %}"
    static const struct world_case cases[] = {
        {LOAD "{% wrap '<' a=x|plain b=2 as rest %}1{% middle %}{{ x }}{% endwrap %}|{{ rest }}",
         "{\"x\":\"&\"}", "<a=&amp;&amp;b=21|&amp;"},
        {LOAD "{% wrap x %}", NULL, "TemplateSyntaxError: 'wrap' takes more"},
        {LOAD "{% wrap x a=1 as b %}{% endwrap %}", NULL,
         "TemplateSyntaxError: Invalid block tag on line 1: 'endwrap', expected 'middle'. Did you "
         "forget to register or load this tag?"},
        {LOAD "{% raw %} {{ x }}{% if %} {% endraw %}.", NULL, " {{ x }}{% if %} ."},
        {LOAD "{% raw %}", NULL,
         "TemplateSyntaxError: Unclosed tag on line 1: 'raw'. Looking for one of: endraw."},
        {LOAD "{% with a=1 %}{% with b=2 a=3 %}{% only x %}{% only b %}{% endwith %}{% endwith %}",
         "{\"x\":1}", "a b hidden seen a b hidden hidden "},
        {"{% wrap %}", NULL,
         "TemplateSyntaxError: Invalid block tag on line 1: 'wrap'. Did you forget to register or "
         "load this tag?"},
        {"{% load raw from world %}{% raw %}x{% endraw %}{% wrap %}", NULL,
         "TemplateSyntaxError: Invalid block tag on line 1: 'wrap'. Did you forget to register or "
         "load this tag?"},
    };
    (void)state;
    dropped = 0;
    check(cases, COUNT(cases));
    assert_int_equal(dropped, 3); /* of templates that did not compile too */
}

static void test_filters(void **state)
{
    static const struct world_case cases[] = {
        {LOAD "{{ x|double }} {{ x|double:5 }} {{ n|double }} {{ s|double }} {{ s|plain }}",
         "{\"x\":\"<\",\"n\":12,\"s\":{\"$safe\":\"<\"}}", "&lt;&lt; &lt;5&lt; 1212 << &lt;&lt;"},
        {LOAD "{{ x|double:nope }}", NULL, "VariableDoesNotExist: Failed lookup for key [nope]"},
        {LOAD "{{ x|broken }}", NULL, "ValueError: no such luck"},
        {LOAD "{% if x|broken %}{% endif %}", NULL, "ValueError: no such luck"},
        {LOAD "{% if not x|broken %}a{% else %}b{% endif %}", NULL, "b"},
        {LOAD "{% if x|broken or 1 or x|broken %}a{% else %}b{% endif %}", NULL, "b"},
        {LOAD "{% if x|double:nope %}a{% else %}b{% endif %}", NULL, "b"},
        {LOAD "{{ x|double:1:2 }}", NULL,
         "TemplateSyntaxError: Could not parse the remainder: ':2' from 'x|double:1:2'"},
        {LOAD "{{ x|broken:1 }}", NULL,
         "TemplateSyntaxError: broken requires 1 arguments, 2 provided"},
        {"{{ 'a'|upper }}" LOAD "{{ 'a'|upper }}", NULL, "Aaa"},
        {"{% load upper from world %}{{ 'a'|upper }}", NULL, "aa"},
    };
    (void)state;
    check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
