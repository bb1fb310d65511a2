/* SPDX-License-Identifier: MIT */
/* One built-in layer around one view, for the tests of the layers. */
#ifndef TESTS_UNIT_LAYER_WORLD_H
#define TESTS_UNIT_LAYER_WORLD_H

#include "pipeline_world.h"

static struct world w;
/* What the view does with a fresh response; NULL: nothing. */
static void (*prepare)(struct response *response, struct request *r);

static struct response *layer_world_view(const struct view *v, struct request *r)
{
    struct response *response = response_new(200);
    (void)v;
    headers_put(&response->headers, STR("Content-Type"), STR("text/html; charset=utf-8"));
    response_set_static_body(response, STR("hello"));
    if (prepare)
        prepare(response, r);
    return response;
}

static struct view view = {.call = layer_world_view, .name = "view"};

static int setup(void **state)
{
    (void)state;
    world_open(&w);
    prepare = NULL;
    view.no_append_slash = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static inline void set_bool(enum setting_id id, bool v)
{
    struct err err;
    assert_int_equal(settings_set_bool(w.settings, id, v, &err), 0);
}

static inline void set_str(enum setting_id id, const char *v)
{
    struct err err;
    assert_int_equal(settings_set_str(w.settings, id, str_from(v), &err), 0);
}

static inline void set_number(enum setting_id id, double v)
{
    struct err err;
    assert_int_equal(settings_set_number(w.settings, id, v, &err), 0);
}

/* Items with commas between. */
static inline void set_list(enum setting_id id, const char *v)
{
    struct str items[16], rest = str_from(v);
    struct err err;
    size_t n = 0;
    while (n < 16 && str_split(&rest, ',', &items[n]))
        n++;
    assert_int_equal(settings_set_list(w.settings, id, items, n, &err), 0);
}

/* Makes the chain of the one layer, after the settings are set. */
static inline int open_layer(const char *name, struct err *err)
{
    const struct middleware_ops *ops = middleware_builtin(str_from(name));
    assert_non_null(ops);
    w.env.debug = settings_bool(w.settings, SETTING_debug);
    world_pipeline(&w, NULL);
    return pipeline_wrap(w.pipeline, ops, err);
}

static inline void layer(const char *name)
{
    struct err err = {.code = ERR_OK};
    if (open_layer(name, &err) != 0)
        fail_msg("%s", err.msg);
}

static inline void layer_fails(const char *name, const char *text)
{
    struct err err = {.code = ERR_OK};
    assert_int_equal(open_layer(name, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    if (!strstr(err.msg, text))
        fail_msg("'%s' is not in '%s'", text, err.msg);
}

/* A field of the response; "" when it is not there. */
static inline struct str field(const struct response *response, const char *name)
{
    struct str v = headers_get(&response->headers, str_from(name));
    return v.p ? v : STR("");
}

/* Runs the request and holds one field against what is wanted. */
static inline void expect_field(const char *name, const char *want)
{
    struct response *response = world_run(&w);
    assert_str(field(response, name), want);
    response_unref(response);
}

/* Runs the request: a redirect to `want`, or no redirect when it is NULL. */
static inline void expect_redirect(const char *want)
{
    struct response *response = world_run(&w);
    assert_str(field(response, "Location"), want ? want : "");
    if (want) {
        assert_int_equal(response->status, 301);
        assert_int_equal(response->bytes.n, 0);
    }
    response_unref(response);
}

static inline void expect_status(int status)
{
    struct response *response = world_run(&w);
    assert_int_equal(response->status, status);
    response_unref(response);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
