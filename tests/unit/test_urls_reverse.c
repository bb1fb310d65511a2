/* SPDX-License-Identifier: MIT */
#include "urls_helper.h"

static struct url_tree *tree;
static struct url_list *root;

static int setup(void **state)
{
    (void)state;
    tree = url_tree_new();
    root = url_tree_root(tree);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    url_tree_free(tree);
    return 0;
}

/* "a=1 b=x y" would be two named values; "3,x" positional ones; "" none. Digits only are
 * numbers. */
static size_t parse_params(const char *text, struct url_param *out)
{
    size_t n = 0;
    struct str rest = str_from(text), part;
    while (rest.n > 0 && str_split(&rest, ',', &part)) {
        size_t eq = str_index(part, '=');
        uint64_t number;
        bool named = eq < part.n;
        struct str value = named ? str_skip(part, eq + 1) : part;
        out[n] = (struct url_param){named ? str_head(part, eq) : STR_NULL,
                                    {.text = value, .quoted = !str_to_uint64(value, &number)}};
        n++;
    }
    return n;
}

static int run(struct url_reverse *q, const char *params, struct buf *out, struct err *err)
{
    struct url_param list[8];
    q->params = list;
    q->n_params = parse_params(params, list);
    return url_reverse(tree, q, NULL, out, err);
}

/* The URL, or the message. */
#define assert_reverse(q, params, want)                                                            \
    do {                                                                                           \
        struct buf out_ = BUF_INIT;                                                                \
        struct err err_ = {0};                                                                     \
        struct url_reverse q_ = q;                                                                 \
        int rc_ = run(&q_, params, &out_, &err_);                                                  \
        const char *got_ = rc_ == 0 || err_.code == ERR_NOT_FOUND ? out_.data : err_.msg;          \
        if (strcmp(got_, want) != 0)                                                               \
            fail_msg("got \"%s\", want \"%s\"", got_, want);                                       \
        buf_release(&out_);                                                                        \
    } while (0)

#define NAME(lit) ((struct url_reverse){.name = STR(lit)})
#define IN(lit, app) ((struct url_reverse){.name = STR(lit), .current_app = STR(app)})

static void by_name(void **state)
{
    (void)state;
    add(root, "p ", "home", 1);
    add(root, "p articles/<int:year>/<slug:slug>/", "article", 2);
    add(root, "r ^places/([0-9]+)/$", "place", 3);
    compile(tree);
    assert_reverse(NAME("home"), "", "/");
    assert_reverse(NAME("article"), "year=2003,slug=a-b", "/articles/2003/a-b/");
    assert_reverse(NAME("article"), "2003,a-b", "/articles/2003/a-b/");
    assert_reverse(NAME("place"), "3", "/places/3/");
    assert_reverse(NAME("article"), "year=x,slug=a",
                   "Reverse for 'article' with keyword arguments '{'year': 'x', 'slug': 'a'}' not "
                   "found. 1 pattern(s) tried: "
                   "['articles/(?P<year>[0-9]+)/(?P<slug>[-a-zA-Z0-9_]+)/\\\\Z']");
    assert_reverse(NAME("place"), "",
                   "Reverse for 'place' with no arguments not found. 1 pattern(s) tried: "
                   "['places/([0-9]+)/$']");
    assert_reverse(NAME("place"), "x",
                   "Reverse for 'place' with arguments '('x',)' not found. 1 pattern(s) tried: "
                   "['places/([0-9]+)/$']");
    assert_reverse(NAME("place"), "1,2",
                   "Reverse for 'place' with arguments '(1, 2)' not found. 1 pattern(s) tried: "
                   "['places/([0-9]+)/$']");
    assert_reverse(NAME("nowhere"), "",
                   "Reverse for 'nowhere' not found. 'nowhere' is not a valid view function or "
                   "pattern name.");
    assert_reverse(NAME("artikle"), "",
                   "Reverse for 'artikle' not found. 'artikle' is not a valid view function or "
                   "pattern name. Did you mean 'article'?");
    assert_reverse(NAME("place"), "1,x=2", "Don't mix *args and **kwargs in call to reverse()!");
}

static void by_view(void **state)
{
    (void)state;
    struct url_reverse q = {.view = (void *)7, .view_label = STR("shop.views.detail")};
    add(root, "p a/<int:x>/", NULL, 7);
    compile(tree);
    assert_reverse(q, "x=3", "/a/3/");
    q.view = (void *)8;
    assert_reverse(q, "x=3",
                   "Reverse for 'shop.views.detail' not found. 'shop.views.detail' is not a valid "
                   "view function or pattern name.");
}

static void all_patterns_of_a_name_are_tried(void **state)
{
    (void)state;
    add(root, "p n/0/", "n", 1);
    add(root, "p n/1/<a>/", "n", 1);
    add(root, "p n/b/<b>/", "n", 1);
    add(root, "r ^re/upper/([A-Z]+)/", "re", 1);
    add(root, "r ^re/lower/([a-z]+)/", "re", 1);
    add(root, "p conv/<path:v>/", "conv", 1);
    add(root, "p conv/<int:v>/", "conv", 1);
    compile(tree);
    assert_reverse(NAME("n"), "", "/n/0/");
    assert_reverse(NAME("n"), "a=x", "/n/1/x/");
    assert_reverse(NAME("n"), "b=x", "/n/b/x/");
    assert_reverse(NAME("n"), "x", "/n/b/x/"); /* the last one declared comes first */
    assert_reverse(NAME("re"), "ABC", "/re/upper/ABC/");
    assert_reverse(NAME("re"), "abc", "/re/lower/abc/");
    assert_reverse(NAME("conv"), "v=3", "/conv/3/");
    assert_reverse(NAME("conv"), "v=a/b", "/conv/a/b/");
}

static void regexes_turned_round(void **state)
{
    (void)state;
    add(root, "r ^a?b*c+d/(?:e/)?$", "literal", 1);
    add(root, "r ^opt/(?P<x>\\d+)/(?:(?P<y>\\d+)/)?$", "opt", 1);
    add(root, "r ^only/(?:name/(\\w+)/)?$", "only", 1);
    add(root, "r ^back/(?P<n>\\w+)-(?P=n)/$", "back", 1);
    add(root, "r ^rep/a{2}b{1,3}c{0,4}d{,2}/$", "rep", 1);
    add(root, "r ^set/[xyz][\\w]\\.\\d/$", "set", 1);
    add(root, "r ^look/(?=a)(?P<c>[^/]+)(?<!b)/$", "look", 1);
    add(root, "r ^price/\\$(\\d+(\\.\\d+)?)/$", "price", 1);
    add(root, "r ^out/(?P<outer>(?P<inner>\\w+)/)?$", "nested", 1);
    add(root, "r ^paren/([)(]+)/$", "paren", 1);
    add(root, "r ^(?:foo|bar)(\\w+)/$", "choice", 1);
    add(root, "r ^(?i:abc)/(?#note)(?P<x>.*?)/$", "flags", 1);
    add(root, "r ^{}/(\\d)$", "braces", 1);
    add(root, "r ^win:\\\\(?P<p>.+)$", "win", 1);
    add(root, "r ^many/(?:(a)/)?(?:(b)/)?(?:(c)/)?$", "many", 1);
    compile(tree);
    assert_reverse(NAME("literal"), "", "/cd/");
    assert_reverse(NAME("opt"), "x=1", "/opt/1/");
    assert_reverse(NAME("opt"), "x=1,y=2", "/opt/1/2/");
    assert_reverse(NAME("opt"), "1,2", "/opt/1/2/");
    assert_reverse(NAME("only"), "", "/only/");
    assert_reverse(NAME("only"), "fred", "/only/name/fred/");
    assert_reverse(NAME("back"), "n=ab", "/back/ab-ab/");
    assert_reverse(NAME("rep"), "", "/rep/aab/");
    assert_reverse(NAME("set"), "", "/set/xx.0/");
    assert_reverse(NAME("look"), "c=abc", "/look/abc/");
    assert_reverse(NAME("price"), "10", "/price/$10/");
    assert_reverse(NAME("nested"), "outer=opt/", "/out/opt/");
    assert_reverse(NAME("paren"), ")(", "/paren/)(/");
    assert_reverse(NAME("choice"), "x",
                   "Reverse for 'choice' with arguments '('x',)' not found. 1 pattern(s) tried: "
                   "['(?:foo|bar)(\\\\w+)/$']");
    assert_reverse(NAME("flags"), "x=q", "/abc/q/");
    assert_reverse(NAME("braces"), "1", "/%7B%7D/1");
    assert_reverse(NAME("win"), "p=a b", "/win:%5Ca%20b");
    assert_reverse(NAME("many"), "", "/many/");
    assert_reverse(NAME("many"), "a,b,c", "/many/a/b/c/");
}

static void hopeless_patterns_say_no(void **state)
{
    (void)state;
    add(root, "r ^(a)?(?(1)b|c)$", "conditional", 1);
    add(root, "r ^a{5000}(x)$", "huge", 1);
    add(root,
        "r ^(?:(a))?(?:(a))?(?:(a))?(?:(a))?(?:(a))?(?:(a))?(?:(a))?(?:(a))?(?:(a))?(?:(a))?$",
        "forms", 1);
    compile(tree);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"conditional", "huge", "forms"};
        struct url_reverse q = {.name = str_from(names[i])};
        struct buf out = BUF_INIT;
        struct err err;
        assert_int_equal(run(&q, "x", &out, &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
        buf_release(&out);
    }
}

static void quoting(void **state)
{
    struct url_reverse q = NAME("s");
    (void)state;
    add(root, "r ^s/(.+)/$", "s", 1);
    add(root, "p p/<path:x>", "p", 1);
    add(root, "r ^(.*)$", "any", 1);
    add(root, "p caf\xc3\xa9/%/<str:x>/", "literal", 1);
    compile(tree);
    assert_reverse(NAME("s"), "~@+\\$*|", "/s/~@+%5C$*%7C/");
    assert_reverse(NAME("s"), "10% complete", "/s/10%25%20complete/");
    assert_reverse(NAME("s"), "a?b#c&d'e", "/s/a%3Fb%23c&d'e/");
    assert_reverse(NAME("p"), "x=a/b:c;d", "/p/a/b:c;d");
    assert_reverse(NAME("any"), "/evil.example/", "/%2Fevil.example/");
    assert_reverse(NAME("literal"), "x=\xc3\xb1", "/caf%C3%A9/%25/%C3%B1/");
    assert_reverse(NAME("p"), "x=\xff\xfe",
                   "Reverse for 'p' with keyword arguments '{'x': '\xff\xfe'}' not found. 1 "
                   "pattern(s) tried: ['p/(?P<x>.+)\\\\Z']");
    q.script_prefix = STR("/my app/");
    assert_reverse(q, "x", "/my%20app/s/x/");
    q.script_prefix = STR("//");
    assert_reverse(q, "x", "/%2Fs/x/");
}

static void values_may_match_another_way(void **state)
{
    (void)state;
    add(root, "p <path:a>/<str:b>/", "two", 1);
    compile(tree);
    /* as a whole the URL matches, though "b" alone would not */
    assert_reverse(NAME("two"), "a=x,b=y/z", "/x/y/z/");
    assert_reverse(NAME("two"), "a=x,b=",
                   "Reverse for 'two' with keyword arguments '{'a': 'x', 'b': ''}' not found. 1 "
                   "pattern(s) tried: ['(?P<a>.+)/(?P<b>[^/]+)/\\\\Z']");
}

static void extra_values_choose(void **state)
{
    struct url_param one = extra("arg2", "1", false), two = extra("arg2", "2", false);
    struct url_spec a = route("r ^v1/(?P<arg1>\\d+)/$", "v", 1);
    struct url_spec b = route("r ^v2/(?P<arg1>\\d+)/$", "v", 1);
    (void)state;
    a.extra = &one;
    b.extra = &two;
    a.n_extra = b.n_extra = 1;
    add_spec(root, a);
    add_spec(root, b);
    compile(tree);
    assert_reverse(NAME("v"), "arg1=3,arg2=1", "/v1/3/");
    assert_reverse(NAME("v"), "arg1=3,arg2=2", "/v2/3/");
    assert_reverse(NAME("v"), "arg1=3", "/v2/3/");
    assert_reverse(NAME("v"), "arg1=3,arg2=3",
                   "Reverse for 'v' with keyword arguments '{'arg1': 3, 'arg2': 3}' not found. 2 "
                   "pattern(s) tried: ['v2/(?P<arg1>\\\\d+)/$', 'v1/(?P<arg1>\\\\d+)/$']");
}

static void through_includes(void **state)
{
    struct url_list *inner = url_list_new(tree), *deep = url_list_new(tree);
    (void)state;
    include_list(root, "r ^outer/(?P<outer>\\d+)/", inner, NULL, NULL);
    include_list(inner, "p deep/<slug:s>/", deep, NULL, NULL);
    add(inner, "p ", "nothing", 1);
    add(deep, "r ^(?P<x>\\w+)/$", "x", 2);
    add(deep, "r ^id/(?P<outer>\\w+)/$", "same", 3);
    compile(tree);
    assert_reverse(NAME("nothing"), "outer=4", "/outer/4/");
    assert_reverse(NAME("x"), "outer=4,s=a-b,x=y", "/outer/4/deep/a-b/y/");
    assert_reverse(NAME("x"), "4,a-b,y", "/outer/4/deep/a-b/y/");
    assert_reverse(NAME("same"), "outer=4,s=a", "/outer/4/deep/a/id/4/");
}

static void namespaces(void **state)
{
    struct url_list *polls = url_list_new(tree), *nested = url_list_new(tree);
    (void)state;
    include_list(root, "p one/", polls, "polls", "one");
    include_list(root, "p two/<int:n>/", polls, "polls", "two");
    include_list(root, "p own/", polls, "other", NULL);
    include_list(polls, "p in/", nested, "nested", NULL);
    add(polls, "p <int:id>/", "detail", 1);
    add(nested, "p x/", "x", 2);
    compile(tree);
    assert_reverse(NAME("one:detail"), "id=3", "/one/3/");
    assert_reverse(NAME("two:detail"), "n=1,id=3", "/two/1/3/");
    assert_reverse(NAME("polls:detail"), "1,3", "/two/1/3/"); /* the last instance */
    assert_reverse(IN("polls:detail", "one"), "id=3", "/one/3/");
    assert_reverse(IN("polls:detail", "nothing"), "1,3", "/two/1/3/");
    assert_reverse(NAME("other:detail"), "id=3", "/own/3/");
    assert_reverse(NAME("one:nested:x"), "", "/one/in/x/");
    assert_reverse(IN("polls:nested:x", "one:nested"), "", "/one/in/x/");
    assert_reverse(NAME("one:nothing:x"), "",
                   "'nothing' is not a registered namespace inside 'one'");
    assert_reverse(NAME("nowhere:x"), "", "'nowhere' is not a registered namespace");
    assert_reverse(NAME("othre:x"), "",
                   "'othre' is not a registered namespace; did you mean 'other'?");
    assert_reverse(NAME("detail"), "id=3",
                   "Reverse for 'detail' not found. 'detail' is not a valid view function or "
                   "pattern name.");
    assert_reverse(NAME("one:detial"), "",
                   "Reverse for 'detial' not found. 'detial' is not a valid view function or "
                   "pattern name. Did you mean 'detail'?");
}

static void the_instance_named_like_the_app_is_the_default(void **state)
{
    struct url_list *polls = url_list_new(tree), *holder = url_list_new(tree);
    (void)state;
    include_list(root, "p a/", polls, "polls", "polls");
    include_list(root, "p b/", polls, "polls", "second");
    include_list(root, "p c/", holder, NULL, NULL);
    include_list(holder, "p d/<slug:s>/", polls, "polls", "third");
    add(polls, "p x/", "x", 1);
    compile(tree);
    assert_reverse(NAME("polls:x"), "", "/a/x/");
    assert_reverse(IN("polls:x", "second"), "", "/b/x/");
    assert_reverse(IN("polls:x", "third"), "s=q", "/c/d/q/x/");
}

static void lists_that_include_each_other(void **state)
{
    struct url_list *inner = url_list_new(tree);
    (void)state;
    include_list(root, "p in/", inner, "inner", NULL);
    include_list(inner, "p again/", root, "outer", NULL);
    include_list(root, "p self/", root, NULL, NULL);
    add(inner, "p x/", "x", 1);
    compile(tree);
    assert_reverse(NAME("inner:x"), "", "/in/x/");
    assert_reverse(NAME("inner:outer:inner:x"), "", "/in/again/in/x/");
}

/* n -> n letters 'a'; refuses 13 loudly and what is no number silently */
static int letters_to_url(void *data, void *ctx, const struct url_value *v, struct buf *out,
                          struct err *err)
{
    uint64_t n = 0;
    (void)data;
    (void)ctx;
    if (str_eq(v->text, STR("13")))
        return err_set(err, ERR_SCRIPT, "unlucky");
    if (!str_to_uint64(v->text, &n))
        return 0;
    for (; n > 0; n--)
        buf_addc(out, 'a');
    return 1;
}

static int any_to_value(void *data, void *ctx, struct str text, struct url_value *out,
                        struct err *err)
{
    (void)data;
    (void)ctx;
    (void)err;
    out->text = text;
    return 1;
}

static void converters_write_their_values(void **state)
{
    struct url_converter c = {STR("letters"), STR("a{1,5}"), any_to_value, letters_to_url, NULL};
    struct url_list *inner = url_list_new(tree);
    (void)state;
    assert_int_equal(url_tree_converter(tree, &c, NULL), 0);
    add(root, "p str/<x>/", "n", 1);
    add(root, "p a/<letters:x>/", "n", 1);
    include_list(root, "p in/<letters:x>/", inner, "inner", NULL);
    add(inner, "p <int:y>/", "y", 2);
    compile(tree);
    assert_reverse(NAME("n"), "x=3", "/a/aaa/");
    assert_reverse(NAME("n"), "x=six", "/str/six/"); /* to_url refuses */
    assert_reverse(NAME("n"), "x=9", "/str/9/");     /* what it gives does not match */
    assert_reverse(NAME("n"), "x=13", "unlucky");
    assert_reverse(NAME("inner:y"), "x=2,y=5", "/in/aa/5/");
}

static void long_messages_are_whole(void **state)
{
    char text[64];
    struct url_reverse q = NAME("many");
    struct buf out = BUF_INIT;
    struct err err;
    (void)state;
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "p a/rather/long/route/%d/", i);
        add(root, text, "many", 1);
    }
    compile(tree);
    assert_int_equal(run(&q, "x=1", &out, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(out.n > sizeof err.msg);
    assert_true(str_ends(buf_str(&out), STR("0/\\\\Z']")));
    buf_release(&out);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(by_name),
        T(by_view),
        T(all_patterns_of_a_name_are_tried),
        T(regexes_turned_round),
        T(hopeless_patterns_say_no),
        T(quoting),
        T(values_may_match_another_way),
        T(extra_values_choose),
        T(through_includes),
        T(namespaces),
        T(the_instance_named_like_the_app_is_the_default),
        T(lists_that_include_each_other),
        T(converters_write_their_values),
        T(long_messages_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
