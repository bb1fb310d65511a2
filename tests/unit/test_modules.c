/* SPDX-License-Identifier: MIT */
/* C modules: what the loader refuses, and what the example module does. MODULES is the
 * folder that the build puts them in. */
#include "layer_world.h"

#include "app/app.h"
#include "app/module_call.h"
#include "app/modules.h"
#include "base/clock.h"
#include "base/map.h"
#include "fiber/fiber.h"
#include "signals/signals.h"

static struct app app;

/* ---- a script host that keeps attributes in a map ---- */

static struct map attributes;

static struct str get_attribute(struct script *s, struct request *r, const char *name)
{
    const char *v = map_get(&attributes, str_from(name));
    (void)s, (void)r;
    return str_from(v);
}

static int set_attribute(struct script *s, struct request *r, const char *name, struct str value)
{
    (void)s;
    map_set(&attributes, str_from(name), arena_strndup(r->arena, value.p, value.n));
    return 0;
}

static const struct script_ops ops = {.request_attribute = get_attribute,
                                      .request_set_attribute = set_attribute};

static int open_app(void **state)
{
    setup(state);
    map_init(&attributes);
    app = (struct app){.ops = &ops, .settings = w.settings, .log = &w.log};
    app.options.project_dir = MODULES;
    app.signals = signals_new();
    return 0;
}

static int close_app(void **state)
{
    pipeline_free(w.pipeline);
    w.pipeline = NULL;
    signals_free(app.signals);
    modules_close(app.modules);
    map_release(&attributes, NULL);
    return teardown(state);
}

#define APP_TEST(f) cmocka_unit_test_setup_teardown(f, open_app, close_app)

static void load(const char *files)
{
    struct err err = {.code = ERR_OK};
    set_list(SETTING_c_modules, files);
    if (app_load_modules(&app, &err) != 0)
        fail_msg("%s", err.msg);
}

static void refused(const char *files, const char *text)
{
    struct err err = {.code = ERR_OK};
    struct modules *m = NULL;
    set_list(SETTING_c_modules, files);
    assert_int_equal(modules_open(&m, &app, &err), -1);
    assert_null(m);
    if (!strstr(err.msg, text))
        fail_msg("'%s' is not in '%s'", text, err.msg);
}

/* ---- loading ---- */

static void test_none(void **state)
{
    struct err err;
    struct pln_env *env;
    (void)state;
    assert_int_equal(app_load_modules(&app, &err), 0);
    assert_null(app.modules);
    assert_int_equal(modules_count(NULL), 0);
    assert_null(modules_middleware(NULL));
    assert_null(app_find_view(&app, STR("hello.greet")));
    assert_null(modules_command(NULL, STR("say_hello"), &env));
}

static void test_loads(void **state)
{
    (void)state;
    load("hello.so");
    assert_int_equal(modules_count(app.modules), 1);
    assert_string_equal(modules_at(app.modules, 0)->name, "hello");
    assert_non_null(strstr(w.logged.data, "DEBUG hello: loaded, greeting with 'Hello'"));
    assert_non_null(app_find_view(&app, STR("hello.greet")));
    assert_null(app_find_view(&app, STR("hello.gree")));
    assert_string_equal(modules_middleware(app.modules)[0]->name, "hello.stamp");
    assert_null(modules_middleware(app.modules)[1]);
}

static void test_absolute_path(void **state)
{
    (void)state;
    app.options.project_dir = "/nonexistent";
    load(MODULES "/hello.so");
    assert_int_equal(modules_count(app.modules), 1);
}

static void test_refused(void **state)
{
    (void)state;
    refused("nothing.so", MODULES "/nothing.so' (settings.c_modules): No such file");
    refused("broken_crash.so", "broken_crash.so': its start-up code crashed");
    refused("broken_abort.so", "broken_abort.so': its start-up code crashed");
    refused("broken_exit.so", "crashed or ended the process (exit status 3)");
    refused("broken_undefined.so", "pln_function_of_the_future");
    refused("broken_no_descriptor.so", "exports no 'pln_module'");
    refused("broken_abi.so", "built for ABI 42, this is perilune " PERILUNE_VERSION " with ABI 1");
    refused("broken_size.so", "its descriptor says that it has 12 bytes");
    refused("broken_name.so", "its descriptor's name is 'no name'");
    refused("broken_nameless.so", "its descriptor's name is missing");
    refused("broken_future.so", "made for a newer perilune than " PERILUNE_VERSION);
    refused("broken_load.so", "broken_load.so': the file geo.db is missing");
    refused("broken_view.so", "view 'broken.view' has no function to call");
    refused("broken_builtin.so", "there is a middleware 'perilune.middleware.gzip' already");
    refused("CMakeFiles", "CMakeFiles");
    refused("hello.so,hello.so", "are both called 'hello'");
}

static void test_first_ones_are_closed(void **state)
{
    (void)state;
    refused("hello.so,broken_abi.so", "ABI 42"); /* the leak checker looks */
}

static void test_longer_descriptor_unused(void **state)
{
    (void)state;
    load("broken_future_unused.so");
    assert_string_equal(modules_at(app.modules, 0)->name, "future");
}

static void test_load_fails_by_settings(void **state)
{
    (void)state;
    settings_set_extra(w.settings, STR("hello_greeting"), STR(""));
    refused("hello.so", "hello.so': setting 'hello_greeting' is empty");
}

/* ---- layers ---- */

static void chain(void)
{
    struct err err = {.code = ERR_OK};
    world_route(&w, "", &view);
    world_route(&w, "hello/<str:name>/", app_find_view(&app, STR("hello.greet")));
    world_route(&w, "count/", app_find_view(&app, STR("hello.count")));
    world_route(&w, "echo/", app_find_view(&app, STR("hello.echo")));
    world_route(&w, "wait/", app_find_view(&app, STR("hello.wait")));
    w.env.registered = modules_middleware(app.modules);
    world_pipeline(&w, NULL);
    const struct middleware_ops *stamp = middleware_find(&w.env, STR("hello.stamp"));
    assert_non_null(stamp);
    if (pipeline_wrap(w.pipeline, stamp, &err) != 0)
        fail_msg("%s", err.msg);
}

static struct request *ask(const char *method, const char *target)
{
    struct request *r = world_request(&w, method, target);
    r->app = &app;
    return r;
}

static void expect(int status, const char *body)
{
    struct response *response = world_run(&w);
    assert_int_equal(response->status, status);
    if (body)
        assert_str(response->bytes, body);
    response_unref(response);
}

static void test_layer(void **state)
{
    struct response *response;
    (void)state;
    load("hello.so");
    chain();
    for (int i = 1; i < 4; i++) {
        char number[8];
        snprintf(number, sizeof number, "%d", i);
        ask("GET", "/");
        response = world_run(&w);
        assert_str(field(response, "X-Stamp"), number);
        response_unref(response);
    }
    assert_string_equal(map_get(&attributes, STR("stamped_by")), "hello");
    ask("GET", "/");
    world_header(&w, "X-Stop", "1");
    expect(403, NULL);
    ask("GET", "/");
    world_header(&w, "X-No-View", "1");
    expect(202, "instead of view");
    ask("GET", "/hello/nobody/"); /* its exception hook */
    expect(400, "stamp: nobody is no name");
    ask("GET", "/hello/somebody-with-a-long-name/"); /* not its kind */
    expect(404, NULL);
}

static void test_layer_not_used(void **state)
{
    struct err err;
    (void)state;
    settings_set_extra(w.settings, STR("hello_without_stamp"), STR("true"));
    load("hello.so");
    world_pipeline(&w, NULL);
    const struct middleware_ops *stamp = modules_middleware(app.modules)[0];
    assert_int_equal(pipeline_wrap(w.pipeline, stamp, &err), -1);
    assert_int_equal(err.code, ERR_NOT_USED);
}

static void test_layer_fails(void **state)
{
    struct err err;
    (void)state;
    settings_set_extra(w.settings, STR("hello_stamps"), STR("-1"));
    load("hello.so");
    world_pipeline(&w, NULL);
    const struct middleware_ops *stamp = modules_middleware(app.modules)[0];
    assert_int_equal(pipeline_wrap(w.pipeline, stamp, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_string_equal(
        err.msg, "middleware 'hello.stamp' of C module 'hello': setting 'hello_stamps' is below 0");
}

/* ---- views ---- */

static void test_views(void **state)
{
    (void)state;
    settings_set_extra(w.settings, STR("hello_greeting"), STR("Good morning"));
    load("hello.so");
    chain();
    ask("GET", "/hello/moon/");
    expect(200, "Good morning, moon! (hello)\n");
    ask("POST", "/echo/?a=1");
    w.request.body = STR("the body");
    expect(200, "POST /echo/ a=1\nHost: www.example.com\nthe body");
    ask("GET", "/wait/"); /* nothing to wait with outside of a fiber */
    expect(500, NULL);
}

static void test_stream(void **state)
{
    struct buf out = BUF_INIT;
    struct err err;
    int more = 1;
    (void)state;
    load("hello.so");
    chain();
    ask("GET", "/count/");
    struct response *response = world_run(&w);
    assert_int_equal(response->kind, RESPONSE_STREAM);
    while (more == 1)
        more = response->source.pull(response->source.data, &out, &err);
    assert_int_equal(more, 0);
    assert_string_equal(out.data, "1\n2\n3\n");
    response_unref(response);
    buf_release(&out);
}

static int waited;

static void ask_waiting(void *arg)
{
    (void)arg;
    ask("GET", "/wait/");
    expect(200, "waited");
    waited++;
}

static void other(void *arg)
{
    (void)arg;
    assert_int_equal(waited, 0); /* it runs while the view waits */
    waited++;
}

static void test_waiting(void **state)
{
    struct err err;
    int64_t start = clock_monotonic();
    (void)state;
    app.loop = loop_new(NULL, &err);
    load("hello.so");
    chain();
    waited = 0;
    fiber_spawn(app.loop, ask_waiting, NULL, false);
    fiber_spawn(app.loop, other, NULL, false);
    loop_run(app.loop);
    loop_free(app.loop);
    app.loop = NULL;
    assert_int_equal(waited, 2);
    assert_true(clock_monotonic() - start >= 20 * CLOCK_MS);
}

/* ---- functions ---- */

static struct pln_call call;

static const struct pln_function *function(const char *name)
{
    const struct pln_function *f = modules_at(app.modules, 0)->functions;
    while (strcmp(f->name, name) != 0)
        f++;
    return f;
}

static int run_call(const char *name, const struct call_arg *args, int n)
{
    module_call_release(&call);
    module_call_init(&call);
    call.function = function(name);
    call.module = "hello";
    call.args = args;
    call.nargs = n;
    return module_call_run(&call, modules_env(app.modules, 0));
}

static struct call_arg int_arg(int64_t v)
{
    return (struct call_arg){
        .type = PLN_INT, .type_name = "integer", .integer = v, .number = (double)v};
}

static struct call_arg text_arg(const char *s)
{
    return (struct call_arg){.type = PLN_STRING, .type_name = "string", .text = str_from(s)};
}

static void expect_error(const char *name, const char *message)
{
    assert_string_equal(call.error_name, name);
    assert_string_equal(call.error_message, message);
}

static void test_functions(void **state)
{
    struct call_arg two[] = {int_arg(40), int_arg(2)};
    (void)state;
    load("hello.so");
    assert_int_equal(run_call("add", two, 2), 0);
    assert_int_equal(call.results.n, 1);
    assert_int_equal(call.results.items[0].integer, 42);
    two[1] = (struct call_arg){.type = PLN_NUMBER, .type_name = "number", .number = 2.0};
    assert_int_equal(run_call("add", two, 2), 0);
    two[1].number = 2.5;
    assert_int_equal(run_call("add", two, 2), -1);
    expect_error("TypeError", "argument 2 of hello.add must be an integer, not number");
    two[1].number = 1e300;
    assert_int_equal(run_call("add", two, 2), -1);
    two[1].number = __builtin_nan("");
    assert_int_equal(run_call("add", two, 2), -1);
    two[1] = int_arg(INT64_MAX);
    assert_int_equal(run_call("add", two, 2), -1);
    expect_error("OverflowError", "40 + 9223372036854775807 is too large");
    assert_int_equal(run_call("add", two, 1), -1);
    expect_error("TypeError", "argument 2 of hello.add must be an integer, not no value");
    two[0] = text_arg("x"); /* the first wrong one is told */
    assert_int_equal(run_call("add", two, 1), -1);
    expect_error("TypeError", "argument 1 of hello.add must be an integer, not string");
    two[0] = int_arg(3);
    assert_int_equal(run_call("half", two, 1), 0);
    assert_true(call.results.items[0].number == 1.5);
    assert_int_equal(run_call("silent", NULL, 0), -1);
    expect_error("Error", "hello.silent failed without a reason");
    assert_int_equal(run_call("unfinished", NULL, 0), -1);
    expect_error("Error", "hello.unfinished left a table open: pln_end_table() is missing");
    module_call_release(&call);
}

static void test_tables(void **state)
{
    static const enum call_step want[] = {CALL_TABLE, CALL_KEY,   CALL_INT, CALL_KEY,   CALL_STRING,
                                          CALL_KEY,   CALL_TABLE, CALL_INT, CALL_INT,   CALL_END,
                                          CALL_KEY,   CALL_BOOL,  CALL_END, CALL_STRING};
    struct call_arg text = text_arg("ab");
    (void)state;
    load("hello.so");
    assert_int_equal(run_call("describe", &text, 1), 0);
    assert_int_equal(call.results.n, sizeof want / sizeof *want);
    for (size_t i = 0; i < call.results.n; i++)
        assert_int_equal(call.results.items[i].step, want[i]);
    assert_str(call.results.items[4].text, "AB");
    module_call_release(&call);
}

/* ---- settings, commands ---- */

static void test_settings(void **state)
{
    struct pln_env *env;
    (void)state;
    load("hello.so");
    env = modules_env(app.modules, 0);
    settings_set_extra(w.settings, STR("answer"), STR("42"));
    settings_set_extra(w.settings, STR("ratio"), STR("0.5"));
    assert_null(pln_setting(env, "nothing"));
    assert_string_equal(pln_setting(env, "answer"), "42");
    assert_ptr_equal(pln_setting(env, "answer"), pln_setting(env, "answer"));
    assert_int_equal(pln_setting_int(env, "answer", 1), 42);
    assert_int_equal(pln_setting_int(env, "ratio", 1), 1);
    assert_true(pln_setting_number(env, "ratio", 1) == 0.5);
    assert_true(pln_setting_number(env, "nothing", 1) == 1);
    assert_string_equal(pln_setting(env, "debug"), "false");
    assert_int_equal(pln_setting_bool(env, "append_slash", 0), 1);
    assert_int_equal(pln_setting_bool(env, "nothing", 1), 1);
    assert_int_equal(pln_setting_int(env, "keepalive_timeout", 0), 75);
    assert_string_equal(pln_setting(env, "allowed_hosts"), ".example.com");
    assert_null(pln_setting(env, "secret_key"));
    assert_null(pln_setting(env, "databases"));
    assert_string_equal(pln_project_dir(env), MODULES);
}

static void test_command(void **state)
{
    const char *const argv[] = {"say_hello", "moon", NULL};
    struct pln_env *env;
    (void)state;
    load("hello.so");
    const struct pln_command *c = modules_command(app.modules, STR("say_hello"), &env);
    assert_non_null(c);
    assert_int_equal(c->run(env, 2, argv), 0);
    assert_int_equal(c->run(env, 1, argv), 2);
    assert_null(modules_command(app.modules, STR("say_hell"), &env));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        APP_TEST(test_none),
        APP_TEST(test_loads),
        APP_TEST(test_absolute_path),
        APP_TEST(test_refused),
        APP_TEST(test_first_ones_are_closed),
        APP_TEST(test_longer_descriptor_unused),
        APP_TEST(test_load_fails_by_settings),
        APP_TEST(test_layer),
        APP_TEST(test_layer_not_used),
        APP_TEST(test_layer_fails),
        APP_TEST(test_views),
        APP_TEST(test_stream),
        APP_TEST(test_waiting),
        APP_TEST(test_functions),
        APP_TEST(test_tables),
        APP_TEST(test_settings),
        APP_TEST(test_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
