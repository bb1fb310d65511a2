/* SPDX-License-Identifier: MIT */
/* Errors of templates: where they are, what led there, and the limits. */
#include "test.h"

#include "template_world.h"

static struct world *fresh(struct world *w)
{
    world_init(w);
    return w;
}

static void assert_place(const struct template_place *at, const char *name, unsigned line,
                         unsigned column)
{
    assert_str(at->name, name);
    assert_int_equal(at->line, line);
    assert_int_equal(at->column, column);
}

static void assert_error(struct world *w, const char *name, const char *want)
{
    struct buf out = BUF_INIT;
    assert_int_equal(world_render_named(w, name, "{\"f\":{\"$fail\":\"boom\"}}", &out), -1);
    assert_str(buf_str(&out), want);
    buf_release(&out);
}

static void test_syntax(void **state)
{
    struct world w;
    (void)state;
    fresh(&w);
    world_add(&w, "a", "line\n h\xc3\xa9 {{ x|uper }}");
    world_add(&w, "b", "{% if x %}\n{% iff %}{% endif %}");
    assert_error(&w, "a", "TemplateSyntaxError: Template: a, Invalid filter: 'uper'");
    assert_place(&w.error.at, "a", 2, 5);
    assert_int_equal(w.error.ntrail, 0);
    assert_error(&w, "b",
                 "TemplateSyntaxError: Template: b, Invalid block tag on line 2: 'iff', expected "
                 "'elif', 'else' or 'endif'. Did you forget to register or load this tag?");
    assert_place(&w.error.at, "b", 2, 1);
    assert_string_equal(w.error.hint, "did you mean 'if'?");
    world_free(&w);
}

static void test_trail(void **state)
{
    struct world w;
    (void)state;
    fresh(&w);
    world_add(&w, "page",
              "{% extends 'base' %}\n{% block a %}\n  {% include 'inc' %}{% endblock %}");
    world_add(&w, "base", "<p>{% block a %}{% endblock %}");
    world_add(&w, "inc", "{% for x in 'ab' %}\n\n{{ f }}{% endfor %}");
    world_add(&w, "broken", "\n{% include 'bad' %}");
    world_add(&w, "bad", "{% if %}{% endif %}");
    world_add(&w, "lost", "\n\n {% include 'nowhere' %}");
    assert_error(&w, "page", "host: boom");
    assert_place(&w.error.at, "inc", 3, 1);
    assert_int_equal(w.error.ntrail, 3);
    assert_place(&w.error.trail[0], "page", 3, 3);
    assert_place(&w.error.trail[1], "base", 1, 4);
    assert_place(&w.error.trail[2], "page", 1, 1);
    assert_error(&w, "broken",
                 "TemplateSyntaxError: Template: bad, Unexpected end of expression in if tag.");
    assert_place(&w.error.at, "bad", 1, 1);
    assert_place(&w.error.trail[0], "broken", 2, 1);
    assert_error(&w, "lost", "TemplateDoesNotExist: nowhere");
    assert_place(&w.error.at, "lost", 3, 2);
    assert_str(buf_str(&w.error.tried), "world:nowhere (Source does not exist)\n");
    world_free(&w);
}

/* An error leaves nothing of the output that led to it, and the next render is not troubled. */
static void test_output(void **state)
{
    struct world w;
    struct buf out = BUF_INIT;
    (void)state;
    fresh(&w);
    buf_adds(&out, "before");
    w.context = world_json(&w, "{\"f\":{\"$fail\":\"boom\"}}");
    struct template_error e;
    template_error_init(&e);
    struct template *t = template_compile(world_engine(&w), STR("x{% filter x %}{% endfilter %}"),
                                          STR("t"), STR(""), &e);
    assert_null(t);
    assert_string_equal(e.text, "Invalid filter: 'x'");
    t = template_compile(w.engine, STR("abc{% with a=1 %}{{ f }}{% endwith %}"), STR(""), STR(""),
                         &e);
    struct render r;
    render_init(&r, w.engine);
    r.out = &out;
    r.data = &w;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(template_render(t, &r), -1);
        assert_str(buf_str(&out), "before");
    }
    render_release(&r);
    template_unref(t);
    template_error_release(&e);
    buf_release(&out);
    world_free(&w);
}

/* text repeated n times */
static const char *repeat(struct world *w, const char *before, const char *text, size_t n,
                          const char *after)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, before);
    for (size_t i = 0; i < n; i++)
        buf_adds(&b, text);
    buf_adds(&b, after);
    const char *copy = arena_strndup(&w->arena, b.data, b.n);
    buf_release(&b);
    return copy;
}

static void assert_source(struct world *w, const char *source, const char *want)
{
    struct buf out = BUF_INIT;
    world_render(w, source, "{\"l\":[1,2,3,4,5,6,7,8,9,10]}", &out);
    if (strncmp(out.data, want, strlen(want)) != 0)
        fail_msg("got \"%.200s\", want \"%s\"", out.data, want);
    buf_release(&out);
}

static void test_limits(void **state)
{
    struct world w;
    (void)state;
    fresh(&w);
    w.options.max_source = 100000;
    w.options.max_output = 10000;
    world_add(&w, "self", "{% include 'self' %}");
    world_add(&w, "deep",
              "{% if 1 %}{% with a=1 %}{% for x in l %}{% include 'deep' %}{% endfor "
              "%}{% endwith %}{% endif %}");
    assert_source(&w, repeat(&w, "", "{% if 1 %}", 99, repeat(&w, "x", "{% endif %}", 99, "")),
                  "x");
    assert_source(&w, repeat(&w, "", "{% if 1 %}", 2000, ""),
                  "TemplateSyntaxError: Tags are nested more than 100 deep.");
    assert_source(&w, repeat(&w, "", " ", 100001, ""),
                  "TemplateSyntaxError: Template '' has 100001 "
                  "bytes, more than the limit of 100000.");
    assert_source(&w, "{% include 'self' %}", "RecursionError: ");
    assert_source(&w, "{% include 'deep' %}", "RecursionError: ");
    assert_source(
        &w,
        "{% for a in l %}{% for b in l %}{% for c in l %}{% for d in l %}0123456789{% "
        "endfor %}{% endfor %}{% endfor %}{% endfor %}",
        "OverflowError: The output of a template has more than the limit of 10000 bytes.");
    assert_source(&w, repeat(&w, "{% if ", "not ", 5000, "1 %}{% endif %}"),
                  "TemplateSyntaxError: Operators are nested more than 100 deep in if tag.");
    assert_source(&w, repeat(&w, "{% if 0", " or 0", 5000, " or 1 %}y{% endif %}"), "y");
    assert_source(&w, repeat(&w, "{% if 0", " == 0", 5000, " %}y{% endif %}"),
                  "TemplateSyntaxError: Operators are nested more than 100 deep in if tag.");
    /* A limit is no condition that is false. */
    assert_source(
        &w, "{% block a %}{% if not block.super %}{% endif %}{% endblock %}{% lorem 99999 w %}",
        "OverflowError: ");
    world_free(&w);
}

/* The engine gives up when it is told to. */
static void test_stop(void **state)
{
    struct world w;
    struct render r;
    struct buf out = BUF_INIT;
    volatile sig_atomic_t stop = 1;
    struct template_error e;
    (void)state;
    fresh(&w);
    template_error_init(&e);
    w.context = world_json(&w, "{\"l\":[1]}");
    struct template *t = template_compile(world_engine(&w), STR("{% for x in l %}{% endfor %}"),
                                          STR(""), STR(""), &e);
    render_init(&r, w.engine);
    r.out = &out;
    r.data = &w;
    r.stop = &stop;
    assert_int_equal(template_render(t, &r), -1);
    assert_string_equal(r.error.kind, "TimeoutError");
    render_release(&r);
    template_unref(t);
    template_error_release(&e);
    buf_release(&out);
    world_free(&w);
}

static void test_strict(void **state)
{
    struct world w;
    struct buf out = BUF_INIT;
    (void)state;
    fresh(&w);
    w.strict = true;
    world_add(&w, "a", "{{ x }}\n{{ m.k }}{{ m.no.way }}{% if y %}{% endif %}{{ None }}");
    assert_int_equal(world_render_named(&w, "a", "{\"m\":{\"k\":1}}", &out), 0);
    assert_str(buf_str(&w.log), "a:1: x in x (variable)\na:2: no in m.no.way (object)\n");
    buf_release(&out);
    world_free(&w);
}

static void test_cache(void **state)
{
    struct world w;
    struct buf out = BUF_INIT;
    (void)state;
    fresh(&w);
    w.options.reload = true;
    world_add(&w, "a", "{% for x in l %}{% include 'b' %}{% endfor %}");
    world_add(&w, "b", "1");
    assert_int_equal(world_render_named(&w, "a", "{\"l\":[1,2]}", &out), 0);
    assert_int_equal(world_render_named(&w, "a", "{\"l\":[1,2]}", &out), 0);
    assert_str(buf_str(&out), "1111");
    assert_int_equal(w.loads, 2);
    world_add(&w, "b", "2");
    w.stale = true;
    buf_reset(&out);
    assert_int_equal(world_render_named(&w, "a", "{\"l\":[1]}", &out), 0);
    assert_str(buf_str(&out), "2");
    assert_int_equal(w.loads, 4);
    template_engine_forget(w.engine);
    w.stale = false;
    assert_int_equal(world_render_named(&w, "a", "{\"l\":[1]}", &out), 0);
    assert_int_equal(w.loads, 6);
    buf_release(&out);
    world_free(&w);
}

/* What an included template set outlives that template. */
static void test_lifetime(void **state)
{
    struct world w;
    struct buf out = BUF_INIT;
    (void)state;
    fresh(&w);
    w.options.reload = true;
    w.stale = true;
    world_add(&w, "a",
              "{% firstof 'a' as c %}{% for x in l %}{% include 'b' %}{% with d=c %}{% include 'b' "
              "%}{{ c }}{{ d }} {% endwith %}{% endfor %}{{ c }}");
    world_add(&w, "b", "{% cycle 'p' 'q' 'r' as c silent %}");
    assert_int_equal(world_render_named(&w, "a", "{\"l\":[1,2]}", &out), 0);
    assert_str(buf_str(&out), "pp pp p");
    buf_release(&out);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax), cmocka_unit_test(test_trail),
        cmocka_unit_test(test_output), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_stop),   cmocka_unit_test(test_strict),
        cmocka_unit_test(test_cache),  cmocka_unit_test(test_lifetime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
