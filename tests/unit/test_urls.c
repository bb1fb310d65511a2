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

static void first_match_wins(void **state)
{
    (void)state;
    add(root, "p articles/2003/", "y2003", 1);
    add(root, "p articles/<int:year>/", "year", 2);
    add(root, "p articles/<int:year>/<int:month>/<slug:slug>/", "detail", 3);
    add(root, "p <str:any>/2003/", "any", 4);
    add(root, "p <path:rest>", "rest", 5);
    add(root, "p articles/2003/", "never", 6);
    compile(tree);
    assert_match(tree, STR("/articles/2003/"), "1");
    assert_match(tree, STR("/articles/2004/"), "2 year=#2004");
    assert_match(tree, STR("/articles/2004/5/a-b_c/"), "3 year=#2004 month=#5 slug=a-b_c");
    assert_match(tree, STR("/other/2003/"), "4 any=other");
    assert_match(tree, STR("/articles/2004/5/"), "5 rest=articles/2004/5/");
    assert_match(tree, STR("/articles/x/"), "5 rest=articles/x/");
    assert_match(tree, STR("/"), "none");
    assert_match(tree, STR(""), "none");
    assert_match(tree, STR("articles/2003/"), "none");
}

static void order_holds_whatever_the_prefixes(void **state)
{
    (void)state;
    add(root, "p ab/<slug:x>/", NULL, 1);
    add(root, "p <slug:x>/c/", NULL, 2);
    add(root, "p ab/c/", NULL, 3);
    add(root, "p a/", NULL, 4);
    add(root, "r ^a(.)/$", NULL, 5);
    add(root, "p ", NULL, 6);
    add(root, "p abc", NULL, 7);
    compile(tree);
    assert_match(tree, STR("/ab/c/"), "1 x=c");
    assert_match(tree, STR("/x/c/"), "2 x=x");
    assert_match(tree, STR("/a/"), "4");
    assert_match(tree, STR("/ab/"), "5 [b]");
    assert_match(tree, STR("/"), "6");
    assert_match(tree, STR("/abc"), "7");
    assert_match(tree, STR("/abcd"), "none");
    assert_match(tree, STR("/ab"), "none");
}

static void built_in_converters(void **state)
{
    (void)state;
    add(root, "p int/<int:x>/", NULL, 1);
    add(root, "p str/<str:x>/", NULL, 2);
    add(root, "p default/<x>/", NULL, 3);
    add(root, "p slug/<slug:x>/", NULL, 4);
    add(root, "p uuid/<uuid:x>/", NULL, 5);
    add(root, "p path/<path:x>/", NULL, 6);
    compile(tree);
    assert_match(tree, STR("/int/0/"), "1 x=#0");
    assert_match(tree, STR("/int/007/"), "1 x=#7");
    assert_match(tree, STR("/int/9223372036854775807/"), "1 x=#9223372036854775807");
    assert_match(tree, STR("/int/9223372036854775808/"), "none"); /* no wrong number */
    assert_match(tree, STR("/int/-1/"), "none");
    assert_match(tree, STR("/int/+1/"), "none");
    assert_match(tree, STR("/int/1.0/"), "none");
    assert_match(tree, STR("/int//"), "none");
    assert_match(tree, STR("/int/\xd9\xa3/"), "none"); /* an Arabic digit is no [0-9] */
    assert_match(tree, STR("/str/a b\xc3\xa9!/"), "2 x=a b\xc3\xa9!");
    assert_match(tree, STR("/str///"), "none");
    assert_match(tree, STR("/str/a/b/"), "none");
    assert_match(tree, STR("/default/q/"), "3 x=q");
    assert_match(tree, STR("/slug/-A_9/"), "4 x=-A_9");
    assert_match(tree, STR("/slug/a.b/"), "none");
    assert_match(tree, STR("/uuid/39da9369-838e-4750-91a5-f7805cd82839/"),
                 "5 x=39da9369-838e-4750-91a5-f7805cd82839");
    assert_match(tree, STR("/uuid/39DA9369-838e-4750-91a5-f7805cd82839/"), "none");
    assert_match(tree, STR("/uuid/39da9369-838e-4750-91a5-f7805cd8283/"), "none");
    assert_match(tree, STR("/uuid/39da9369-838e-4750-91a5-f7805cd828390/"), "none");
    assert_match(tree, STR("/path/a/b//c/"), "6 x=a/b//c");
    assert_match(tree, STR("/path//"), "none");
}

static void runs_are_shortened_until_the_rest_fits(void **state)
{
    (void)state;
    add(root, "p a/<str:x>-<str:y>/", NULL, 1);
    add(root, "p b/<path:x>/edit/", NULL, 2);
    add(root, "p c/<path:x>/<int:y>", NULL, 3);
    add(root, "p d/<str:x><int:y>/", NULL, 4);
    add(root, "p e/<str:x><str:y>", NULL, 5);
    add(root, "p f/<str:x>\xc3\xa9<str:y>/", NULL, 6);
    add(root, "p g/<path:x>.<slug:y>.<slug:z>", NULL, 7);
    compile(tree);
    assert_match(tree, STR("/a/1-2-3/"), "1 x=1-2 y=3");
    assert_match(tree, STR("/a/-1/"), "none");
    assert_match(tree, STR("/b/x/edit/edit/"), "2 x=x/edit");
    assert_match(tree, STR("/b/edit/"), "none");
    assert_match(tree, STR("/c/a/1/22"), "3 x=a/1 y=#22");
    assert_match(tree, STR("/d/a123/"), "4 x=a12 y=#3");
    assert_match(tree, STR("/e/a\xc3\xa9"), "5 x=a y=\xc3\xa9"); /* never cuts a character */
    assert_match(tree,
                 STR("/f/a\xc3\xa9\xc3\xa9"
                     "b/"),
                 "6 x=a\xc3\xa9 y=b");
    assert_match(tree, STR("/g/a.b/c.d.e"), "7 x=a.b/c y=d z=e");
}

static void newlines_never_slip_through(void **state)
{
    (void)state;
    add(root, "p lit/", NULL, 1);
    add(root, "p int/<int:x>", NULL, 2);
    add(root, "p path/<path:x>", NULL, 3);
    add(root, "r ^re/[0-9]$", NULL, 4);
    add(root, "r ^end/[0-9]\\Z", NULL, 5);
    add(root, "r ^open/x$|^open/y", NULL, 6);
    compile(tree);
    assert_match(tree, STR("/lit/\n"), "none");
    assert_match(tree, STR("/int/1\n"), "none");
    assert_match(tree, STR("/path/a\nb"), "none");
    assert_match(tree, STR("/re/1"), "4");
    assert_match(tree, STR("/re/1\n"), "none");
    assert_match(tree, STR("/end/1"), "5");
    assert_match(tree, STR("/end/1\n"), "none");
    assert_match(tree, STR("/open/x\n"), "6"); /* a `$` that does not end the pattern is Python's */
}

static void regex_groups(void **state)
{
    (void)state;
    add(root, "r ^named/(?P<year>[0-9]{4})/([a-z]+)/$", NULL, 1);
    add(root, "r ^unnamed/([0-9]+)/(?:page-([0-9]+)/)?$", NULL, 2);
    add(root, "r ^optional/(?P<a>\\d+)/(?:(?P<b>\\d+)/)?$", NULL, 3);
    add(root, "r ^nested/((?P<in>\\w+)/)?$", NULL, 4);
    add(root, "r ^back/(?P<w>\\w+)-(?P=w)/$", NULL, 5);
    add(root, "r ^look/(?!no)(?P<w>\\w+)(?<!bad)/$", NULL, 6);
    add(root, "r ^prefix/only", NULL, 7);
    add(root, "r ^if/(a)?(?(1)b|c)$", NULL, 8);
    add(root, "r ^u/(?P<name>\\u00e9+)/$", NULL, 9);
    add(root, "r ^w/(?P<a_name_with_much_more_than_thirty_two_letters>\\w+)/$", NULL, 10);
    compile(tree);
    assert_match(tree, STR("/named/2003/abc/"), "1 year=2003"); /* named groups only */
    assert_match(tree, STR("/unnamed/3/page-4/"), "2 [3] [4]");
    assert_match(tree, STR("/unnamed/3/"), "2 [3] [-]");
    assert_match(tree, STR("/optional/1/2/"), "3 a=1 b=2");
    assert_match(tree, STR("/optional/1/"), "3 a=1");
    assert_match(tree, STR("/nested/x/"), "4 in=x");
    assert_match(tree, STR("/nested/"), "4");
    assert_match(tree, STR("/back/ab-ab/"), "5 w=ab");
    assert_match(tree, STR("/back/ab-ac/"), "none");
    assert_match(tree, STR("/look/yes/"), "6 w=yes");
    assert_match(tree, STR("/look/nope/"), "none");
    assert_match(tree, STR("/look/xbad/"), "none");
    assert_match(tree, STR("/prefix/only/and/more"), "7"); /* a re_path may match a part */
    assert_match(tree, STR("/if/ab"), "8 [a]");
    assert_match(tree, STR("/if/c"), "8 [-]");
    assert_match(tree, STR("/u/\xc3\xa9\xc3\xa9/"), "9 name=\xc3\xa9\xc3\xa9");
    assert_match(tree, STR("/w/\xc3\xa9t\xc3\xa9/"),
                 "10 a_name_with_much_more_than_thirty_two_letters=\xc3\xa9t\xc3\xa9");
}

static void a_regex_searches_unless_anchored(void **state)
{
    (void)state;
    add(root, "r tail/$", NULL, 1);  /* ends in `$`: the whole path */
    add(root, "r middle/", NULL, 2); /* anywhere */
    compile(tree);
    assert_match(tree, STR("/tail/"), "1");
    assert_match(tree, STR("/x/tail/"), "none");
    assert_match(tree, STR("/x/middle/y"), "2");
}

static void invalid_utf8_matches_no_regex(void **state)
{
    (void)state;
    add(root, "r ^(.+)$", NULL, 1);
    add(root, "p raw/<str:x>/", NULL, 2);
    compile(tree);
    assert_match(tree, STR("/a\xff"), "none");
    assert_match(tree, STR("/raw/\xff/"), "2 x=\xff");
    assert_match(tree, STR("/\xc3\xa9"), "1 [\xc3\xa9]");
}

static void includes_pass_their_captures_on(void **state)
{
    struct url_list *users = url_list_new(tree), *posts = url_list_new(tree);
    (void)state;
    include_list(root, "p users/<int:user>/", users, NULL, NULL);
    include_list(users, "r ^posts/([a-z]+)/", posts, NULL, NULL);
    add(users, "p ", NULL, 1);
    add(posts, "p <slug:slug>/", NULL, 2);
    add(posts, "r ^([0-9]+)-([0-9]+)$", NULL, 3);
    include_list(root, "r ^un/([0-9]+)/", posts, NULL, NULL);
    compile(tree);
    assert_match(tree, STR("/users/3/"), "1 user=#3");
    assert_match(tree, STR("/users/3/posts/new/hello/"), "2 user=#3 slug=hello");
    /* unnamed groups below the last named one stay */
    assert_match(tree, STR("/users/3/posts/new/1-2"), "3 user=#3 [new] [1] [2]");
    assert_match(tree, STR("/un/7/1-2"), "3 [7] [1] [2]");
    assert_match(tree, STR("/un/7/slug/"), "2 slug=slug");
    assert_match(tree, STR("/users/3/nothing"), "none");
}

static void nothing_backtracks_into_an_include(void **state)
{
    struct url_list *inner = url_list_new(tree), *second = url_list_new(tree);
    (void)state;
    include_list(root, "p <path:all>", inner, NULL, NULL);
    include_list(root, "p a/", second, NULL, NULL);
    add(inner, "p end/", NULL, 1);
    add(second, "p end/", NULL, 2);
    compile(tree);
    assert_match(tree, STR("/a/end/"), "2");
}

static void extra_values_override(void **state)
{
    struct url_param own[] = {extra("lang", "en", true), extra("n", "1", false)};
    struct url_param outer[] = {extra("lang", "fr", true), extra("outer", "yes", true)};
    struct url_list *inner = url_list_new(tree);
    struct url_spec spec = route("p <lang>/", NULL, 1), holder = route("p in/<outer>/", NULL, 0);
    (void)state;
    spec.extra = own;
    spec.n_extra = 2;
    add_spec(root, spec);
    add_spec(inner, spec);
    holder.include = inner;
    holder.extra = outer;
    holder.n_extra = 2;
    add_spec(root, holder);
    compile(tree);
    assert_match(tree, STR("/de/"), "1 lang!en n!1");
    assert_match(tree, STR("/in/x/de/"), "1 outer!yes lang!en n!1");
}

/* Accepts even numbers only, refuses 13 loudly. */
static int even_to_value(void *data, void *ctx, struct str text, struct url_value *out,
                         struct err *err)
{
    uint64_t n = 0;
    (void)ctx;
    if (str_eq(text, STR("13")))
        return err_set(err, ERR_SCRIPT, "unlucky");
    if (!str_to_uint64(text, &n) || n % 2)
        return 0;
    ++*(int *)data;
    out->text = STR("even");
    return 1;
}

static void custom_converters(void **state)
{
    int calls = 0;
    struct err err;
    struct url_converter even = {STR("even"), STR("[0-9]+|zero"), even_to_value, NULL, &calls};
    (void)state;
    assert_int_equal(url_tree_converter(tree, &even, NULL), 0);
    add(root, "p n/<even:x>/<int:y>/", NULL, 1);
    add(root, "p n/<str:x>/<str:y>/", NULL, 2);
    compile(tree);
    assert_match(tree, STR("/n/4/5/"), "1 x=even y=#5");
    assert_match(tree, STR("/n/3/5/"), "2 x=3 y=5"); /* the next route */
    assert_match(tree, STR("/n/zero/5/"), "2 x=zero y=5");
    assert_match(tree, STR("/n/13/5/"), "unlucky");
    assert_int_equal(calls, 1);
    assert_int_equal(url_tree_converter(tree, &even, &err), -1);
    assert_string_equal(err.msg, "URL converter 'even' is already registered");
    even.name = STR("int");
    assert_int_equal(url_tree_converter(tree, &even, &err), -1);
    even.name = STR("broken");
    even.regex = STR("(");
    assert_int_equal(url_tree_converter(tree, &even, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
}

static void a_match_tells_where_it_is(void **state)
{
    struct arena a;
    struct str *names;
    const struct url_match *m = NULL;
    struct url_list *shop = url_list_new(tree), *cart = url_list_new(tree);
    (void)state;
    include_list(root, "p shop/", shop, "shop", "west");
    include_list(shop, "r ^cart(?P<id>[0-9]+)/", cart, NULL, NULL);
    add(cart, "r ^pay/$", "pay", 1);
    add(cart, "p view/", NULL, 2);
    compile(tree);
    arena_init(&a, 0);
    assert_int_equal(url_resolve(tree, STR("/shop/cart5/pay/"), &a, NULL, &m, NULL), 1);
    assert_str(m->url_name, "pay");
    assert_str(url_match_route(m, &a), "shop/cart(?P<id>[0-9]+)/pay/$");
    assert_str(url_match_view_name(m, &a), "west:pay");
    assert_str(url_match_namespace(m, &a), "west");
    assert_int_equal(url_match_app_names(m, &a, &names), 1);
    assert_str(names[0], "shop");
    assert_int_equal(url_match_namespaces(m, &a, &names), 1);
    assert_str(names[0], "west");
    assert_str(url_route_where(m->route), "urls.lua:1");
    assert_int_equal(url_resolve(tree, STR("/shop/cart5/view/"), &a, NULL, &m, NULL), 1);
    assert_null(m->url_name.p);
    assert_str(url_match_view_name(m, &a), "west:app.view");
    assert_true(url_is_valid_path(tree, STR("/shop/cart5/view/"), NULL));
    assert_false(url_is_valid_path(tree, STR("/shop/cart5/view"), NULL));
    arena_release(&a);
}

static void what_was_tried(void **state)
{
    struct arena a;
    const struct url_tried *tried;
    struct url_list *inner = url_list_new(tree);
    (void)state;
    add(root, "p a/", "a", 1);
    include_list(root, "p in/", inner, NULL, NULL);
    add(inner, "p b/", "b", 2);
    add(inner, "r ^c/$", NULL, 3);
    include_list(root, "p other/", inner, NULL, NULL);
    compile(tree);
    arena_init(&a, 0);
    assert_int_equal(url_tried(tree, STR("/in/x"), &a, NULL, &tried), 4);
    assert_int_equal(tried[0].n, 1);
    assert_str(tried[0].name, "a");
    assert_int_equal(tried[1].n, 2);
    assert_str(tried[1].patterns[0], "in/");
    assert_str(tried[1].patterns[1], "b/");
    assert_null(tried[2].name.p);
    assert_int_equal(tried[3].n, 1); /* an include that did not match is not opened */
    assert_str(tried[3].patterns[0], "other/");
    assert_int_equal(url_tried(tree, STR("x"), &a, NULL, &tried), 0);
    arena_release(&a);
}

static void count(void *data, const struct url_match *m, struct arena *a)
{
    struct buf *b = data;
    buf_addf(b, "%s ", url_match_route(m, a).p);
    buf_addf(b, "%s;", url_match_view_name(m, a).p);
}

static void lists_may_include_themselves(void **state)
{
    struct buf b = BUF_INIT;
    struct url_list *inner = url_list_new(tree);
    (void)state;
    include_list(root, "p in/", inner, "inner", NULL);
    include_list(inner, "p again/", root, "outer", NULL);
    add(inner, "p x/", "x", 1);
    compile(tree);
    assert_match(tree, STR("/in/x/"), "1");
    assert_match(tree, STR("/in/again/in/again/in/x/"), "1");
    url_tree_walk(tree, count, &b);
    assert_string_equal(b.data, "in/x/ inner:x;");
    buf_release(&b);
}

static void depth_is_limited(void **state)
{
    struct buf path = BUF_INIT;
    (void)state;
    include_list(root, "p a/", root, "app", NULL);
    add(root, "p x/", NULL, 1);
    compile(tree);
    buf_adds(&path, "/");
    for (int i = 1; i < URL_MAX_DEPTH; i++)
        buf_adds(&path, "a/");
    buf_adds(&path, "x/");
    assert_match(tree, buf_str(&path), "1");
    buf_cut(&path, path.n - 2);
    buf_adds(&path, "a/x/");
    assert_match(tree, buf_str(&path), "none");
    buf_release(&path);
}

static void an_evil_path_costs_little(void **state)
{
    struct buf path = BUF_INIT;
    (void)state;
    add(root, "p a/<path:a>-<path:b>-<path:c>-<path:d>-<path:e>!", NULL, 1);
    add(root, "r ^b/(x+x+)+y$", NULL, 2);
    compile(tree);
    buf_adds(&path, "/a/");
    for (int i = 0; i < 4000; i++)
        buf_addc(&path, '-');
    assert_match(tree, buf_str(&path), "none");
    path.data[1] = 'b';
    memset(path.data + 3, 'x', path.n - 3);
    assert_match(tree, buf_str(&path), "none");
    buf_release(&path);
}

static void many_routes(void **state)
{
    char text[64];
    (void)state;
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "p app%d/items/<int:id>/", i);
        add(root, text, NULL, i);
    }
    compile(tree);
    assert_match(tree, STR("/app0/items/5/"), "0 id=#5");
    assert_match(tree, STR("/app499/items/5/"), "499 id=#5");
    assert_match(tree, STR("/app49/items/5/"), "49 id=#5");
    assert_match(tree, STR("/app500/items/5/"), "none");
}

static void refuses(const char *pattern, const char *want)
{
    struct err err = {0};
    struct url_spec spec = route(pattern, NULL, 1);
    assert_int_equal(url_add(root, &spec, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    if (!strstr(err.msg, want))
        fail_msg("'%s' is not in \"%s\"", want, err.msg);
    assert_int_equal(strncmp(err.msg, "urls.lua:1: ", 12), 0);
}

static void bad_declarations(void **state)
{
    (void)state;
    refuses("p a/<itn:x>/",
            "URL route 'a/<itn:x>/' uses invalid converter 'itn'; did you mean 'int'?");
    refuses("p a/<integer:x>/",
            "invalid converter 'integer'; there are int, path, slug, str, uuid and those that");
    refuses("p <int:x>/<x>/", "uses parameter name 'x' more than once");
    refuses("p <int:1x>/", "parameter name '1x' which isn't a valid identifier");
    refuses("p <int:a-b>/", "'a-b'");
    refuses("p <int: x>/", "cannot contain whitespace in angle brackets");
    refuses("p <int:>/", "'int:'");
    refuses("r ^a/(?P<x>", "\"^a/(?P<x>\" is not a valid regular expression");
    refuses("r ^a/(", "at position 4");
    refuses("r ^a/(?P<x>a)(?P<x>b)", "redefinition of group name 'x' as group 2; was group 1");
    refuses("r ^(?P<1>a)", "bad character in group name '1' at position 5");
    refuses("r ^(?<a>a)", "(?P<name>...)");
    refuses("r ^(?P=a)", "unknown group name 'a'");
    refuses("r ^[a", "unterminated character set at position 1");
    refuses("r a\\", "bad escape");
    refuses("r \\Q", "bad escape \\Q at position 0");
    refuses("r (*UTF)a", "nothing to repeat");
    refuses("p a\xff", "not valid UTF-8");
}

static void bad_includes(void **state)
{
    struct err err = {0};
    struct url_tree *other = url_tree_new();
    struct url_spec spec = route("p in/", NULL, 0);
    (void)state;
    spec.include = url_list_new(tree);
    spec.ns = STR("api");
    assert_int_equal(url_add(root, &spec, &err), -1);
    assert_non_null(strstr(err.msg, "without providing an app_name"));
    spec.ns = STR_NULL;
    spec.include = url_tree_root(other);
    assert_int_equal(url_add(root, &spec, &err), -1);
    url_tree_free(other);
    spec.pattern = STR("");
    spec.include = root;
    assert_int_equal(url_add(root, &spec, &err), 0);
    assert_int_equal(url_tree_compile(tree, &err), -1);
    assert_non_null(strstr(err.msg, "includes the list it is in"));
}

static void too_much(void **state)
{
    struct buf b = BUF_INIT;
    (void)state;
    buf_adds(&b, "p ");
    for (int i = 0; i <= URL_MAX_GROUPS; i++)
        buf_addf(&b, "<a%d>/", i);
    refuses(b.data, "more than 64 parameters");
    buf_reset(&b);
    buf_adds(&b, "r ");
    for (int i = 0; i <= URL_MAX_GROUPS; i++)
        buf_adds(&b, "(a)");
    refuses(b.data, "more than 64 groups");
    buf_reset(&b);
    buf_adds(&b, "p ");
    for (int i = 0; i <= URL_MAX_PATTERN; i++)
        buf_addc(&b, 'a');
    refuses(b.data, "longer than 4096 bytes");
    buf_release(&b);
}

static void collect(void *data, const char *id, struct str text, struct str where)
{
    (void)text;
    (void)where;
    buf_addf(data, "%s ", id);
}

static void warnings(void **state)
{
    struct buf b = BUF_INIT;
    struct url_list *inner = url_list_new(tree);
    (void)state;
    add(root, "p good/<int:x>/", "good", 1);
    include_list(root, "r ^a/$", inner, NULL, NULL);
    add(root, "p /b", NULL, 1);
    add(root, "p c/", "x:y", 1);
    add(root, "p d/<int:x/", NULL, 1);
    add(root, "p e/int:x>/", NULL, 1);
    add(root, "p ^f/(?P<x>a)$", NULL, 1);
    include_list(root, "p g/", inner, "app", "same");
    include_list(root, "p h/", inner, "app", "same");
    compile(tree);
    url_tree_check(tree, true, collect, &b);
    assert_string_equal(b.data,
                        "urls.W001 urls.W002 urls.W003 urls.W010 urls.W010 2_0.W001 urls.W005 ");
    buf_reset(&b);
    url_tree_check(tree, false, collect, &b);
    assert_null(strstr(b.data, "W002"));
    buf_release(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(first_match_wins),
        T(order_holds_whatever_the_prefixes),
        T(built_in_converters),
        T(runs_are_shortened_until_the_rest_fits),
        T(newlines_never_slip_through),
        T(regex_groups),
        T(a_regex_searches_unless_anchored),
        T(invalid_utf8_matches_no_regex),
        T(includes_pass_their_captures_on),
        T(nothing_backtracks_into_an_include),
        T(extra_values_override),
        T(custom_converters),
        T(a_match_tells_where_it_is),
        T(what_was_tried),
        T(lists_may_include_themselves),
        T(depth_is_limited),
        T(an_evil_path_costs_little),
        T(many_routes),
        T(bad_declarations),
        T(bad_includes),
        T(too_much),
        T(warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
