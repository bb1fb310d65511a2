/* SPDX-License-Identifier: MIT */
/* The onion, with layers and views in C: order, short circuits, hooks, and what every
 * kind of failure turns into at every place. */
#include "pipeline_world.h"

/* What a layer does besides leaving its trace. */
enum act {
    ACT_PASS,
    ACT_ANSWER,  /* a response of its own */
    ACT_NOTHING, /* NULL and no exception */
    ACT_404,
    ACT_403,
    ACT_400,
    ACT_SUSPICIOUS,
    ACT_TOO_LARGE,
    ACT_TIMEOUT,
    ACT_ERROR,
};

struct tracer { /* a layer; its acts are by place */
    struct middleware_ops ops;
    enum act before, after, view, exception, template;
    int opened, closed;
};

static struct world w;
static struct buf trace;
static struct tracer a, b, c;
static enum act view_act;
static int renders;

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (trace.n)
        buf_addc(&trace, ' ');
    buf_vaddf(&trace, fmt, ap);
    va_end(ap);
}

static struct response *act(enum act what, struct request *r, const char *who)
{
    switch (what) {
    case ACT_ANSWER:
        return response_text(200, STR_NULL, "%s", who);
    case ACT_404:
        return request_raise(r, EXCEPTION_NOT_FOUND, "Http404", "nothing from %s", who);
    case ACT_403:
        return request_raise(r, EXCEPTION_PERMISSION_DENIED, "PermissionDenied", "not %s", who);
    case ACT_400:
        return request_raise(r, EXCEPTION_BAD_REQUEST, "BadRequest", "bad %s", who);
    case ACT_SUSPICIOUS:
        return request_raise(r, EXCEPTION_SUSPICIOUS, "DisallowedHost", "evil %s", who);
    case ACT_TOO_LARGE:
        return request_raise(r, EXCEPTION_TOO_LARGE, "RequestDataTooBig", "big %s", who);
    case ACT_TIMEOUT:
        return request_raise(r, EXCEPTION_TIMEOUT, "TimeLimitExceeded", "slow %s", who);
    case ACT_ERROR:
        return request_raise(r, EXCEPTION_ERROR, "ValueError", "oops %s", who);
    case ACT_PASS:
    case ACT_NOTHING:
        break;
    }
    return NULL;
}

/* ---- layers ---- */

static struct response *tracer_call(void *self, struct request *r, const struct layer *next)
{
    struct tracer *t = self;
    struct response *response;
    say("%s>", t->ops.name);
    if (t->before != ACT_PASS)
        return act(t->before, r, t->ops.name);
    response = middleware_next(next, r);
    say("%s<%d", t->ops.name, response->status);
    if (t->after != ACT_PASS) {
        response_unref(response);
        return act(t->after, r, t->ops.name);
    }
    return response;
}

static struct response *tracer_view(void *self, struct request *r, const struct view *view)
{
    struct tracer *t = self;
    assert_non_null(r->match);
    assert_ptr_equal(r->match->view, view);
    say("%s.pv", t->ops.name);
    return act(t->view, r, t->ops.name);
}

static struct response *tracer_exception(void *self, struct request *r)
{
    struct tracer *t = self;
    say("%s.pe:%s", t->ops.name, r->exception.name);
    return act(t->exception, r, t->ops.name);
}

static struct response *tracer_template(void *self, struct request *r, struct response *response)
{
    struct tracer *t = self;
    say("%s.pt", t->ops.name);
    assert_int_equal(renders, 0);
    if (t->template == ACT_PASS)
        return response;
    response_unref(response);
    return act(t->template, r, t->ops.name);
}

static void tracer_close(void *self)
{
    ((struct tracer *)self)->closed++;
}

static void tracer_init(struct tracer *t, const char *name)
{
    *t = (struct tracer){.ops = {.name = name,
                                 .close = tracer_close,
                                 .call = tracer_call,
                                 .process_view = tracer_view,
                                 .process_exception = tracer_exception,
                                 .process_template_response = tracer_template}};
}

/* ---- views ---- */

static struct response *view_call(const struct view *v, struct request *r)
{
    say("view");
    return act(view_act, r, v->name);
}

static int render(struct response *response, void *data, struct err *err)
{
    renders++;
    say("render");
    if (data)
        return err_set(err, ERR_SYNTAX, "template 'a.html': no such tag");
    response_set_static_body(response, STR("rendered"));
    response->render = NULL;
    return 0;
}

static void *render_fails;

static struct response *template_view(const struct view *v, struct request *r)
{
    struct response *response = response_new(200);
    (void)v, (void)r;
    say("view");
    response->render = render;
    response->render_data = render_fails;
    return response;
}

static struct view plain = {.call = view_call, .name = "plain"};
static struct view template = {.call = template_view, .name = "template"};

/* ---- the application's error pages ---- */

enum { PAGE_NONE, PAGE_GOOD, PAGE_FAILS, PAGE_FAILS_FIRST, PAGE_LATE };
static int page, pages_asked;

static struct response *error_page(void *data, struct request *r, int status)
{
    assert_ptr_equal(data, &page);
    pages_asked++;
    if (page == PAGE_LATE)
        return request_raise(r, EXCEPTION_TIMEOUT, "TimeLimitExceeded", "late again");
    if (page == PAGE_FAILS_FIRST && status != 500)
        return request_raise(r, EXCEPTION_ERROR, "KeyError", "the handler broke");
    if (page == PAGE_FAILS_FIRST)
        return response_text(status, STR_NULL, "page %d %s", status, r->exception.message);
    if (page == PAGE_GOOD)
        return response_text(status, STR_NULL, "page %d %s", status, r->exception.message);
    if (page == PAGE_FAILS)
        return request_raise(r, EXCEPTION_ERROR, "KeyError", "the handler broke");
    return NULL;
}

/* ---- the world ---- */

static int setup(void **state)
{
    struct pipeline_host host = {.error = error_page, .data = &page};
    (void)state;
    world_open(&w);
    buf_init(&trace);
    world_route(&w, "", &plain);
    world_route(&w, "template/", &template);
    world_pipeline(&w, &host);
    tracer_init(&a, "A");
    tracer_init(&b, "B");
    tracer_init(&c, "C");
    view_act = ACT_ANSWER;
    renders = 0;
    render_fails = NULL;
    page = PAGE_NONE;
    /* The innermost first. */
    pipeline_wrap_open(w.pipeline, &c.ops, &c);
    pipeline_wrap_open(w.pipeline, &b.ops, &b);
    pipeline_wrap_open(w.pipeline, &a.ops, &a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    buf_release(&trace);
    return 0;
}

/* Runs a request and holds status, body (NULL: any) and trace against what is wanted. */
static void run(const char *target, int status, const char *body, const char *want)
{
    struct response *response;
    buf_reset(&trace);
    buf_reset(&w.logged);
    world_request(&w, "GET", target);
    response = world_run(&w);
    assert_string_equal(trace.data, want);
    assert_int_equal(response->status, status);
    if (body)
        assert_str(response->bytes, body);
    response_unref(response);
}

#define ROUND "A> B> C> A.pv B.pv C.pv view "

/* ---- order ---- */

static void test_order(void **state)
{
    const char *names[8] = {NULL};
    (void)state;
    run("/", 200, "plain", ROUND "C<200 B<200 A<200");
    assert_int_equal(pipeline_names(w.pipeline, names, 2), 3);
    assert_string_equal(names[0], "A");
    assert_string_equal(names[1], "B");
    assert_null(names[2]);
}

static void test_inner_exception_seen_as_response(void **state)
{
    (void)state;
    view_act = ACT_404;
    run("/", 404, NULL, ROUND "C.pe:Http404 B.pe:Http404 A.pe:Http404 C<404 B<404 A<404");
}

static void test_no_route(void **state)
{
    (void)state;
    run("/nothing/", 404, NULL, "A> B> C> C<404 B<404 A<404");
    assert_non_null(strstr(w.logged.data, "WARNING perilune.request: Not Found: /nothing/"));
}

static void test_no_routes_at_all(void **state)
{
    (void)state;
    pipeline_routes(w.pipeline, NULL);
    run("/", 404, NULL, "A> B> C> C<404 B<404 A<404");
}

static void test_short_circuit(void **state)
{
    (void)state;
    b.before = ACT_ANSWER;
    run("/", 200, "B", "A> B> A<200");
}

static void test_answer_replaced_on_the_way_out(void **state)
{
    (void)state;
    c.after = ACT_ANSWER;
    run("/", 200, "C", ROUND "C<200 B<200 A<200");
}

/* ---- what a failure turns into ---- */

static const struct {
    enum act act;
    int status;
    const char *log;
} failures[] = {
    {ACT_404, 404, "WARNING perilune.request: Not Found: /"},
    {ACT_403, 403, "WARNING perilune.request: Forbidden: /"},
    {ACT_400, 400, "WARNING perilune.request: Bad Request: /"},
    {ACT_SUSPICIOUS, 400, "ERROR perilune.security.DisallowedHost: evil"},
    {ACT_TOO_LARGE, 413, "ERROR perilune.security.RequestDataTooBig: big"},
    {ACT_TIMEOUT, 504, "ERROR perilune.request: Gateway Timeout: /: TimeLimitExceeded: slow"},
    {ACT_ERROR, 500, "ERROR perilune.request: Internal Server Error: /: ValueError: oops"},
};
#define FAILURES (sizeof failures / sizeof *failures)

/* In `want`, # stands for the status. */
static void expect(size_t i, const char *want)
{
    struct buf text = BUF_INIT;
    for (; *want; want++) {
        if (*want == '#')
            buf_addint(&text, failures[i].status);
        else
            buf_addc(&text, *want);
    }
    run("/", failures[i].status, NULL, text.data);
    if (!strstr(w.logged.data, failures[i].log))
        fail_msg("log '%s' has no '%s'", w.logged.data, failures[i].log);
    buf_release(&text);
}

static void test_failures_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAILURES; i++) {
        b.before = failures[i].act;
        expect(i, "A> B> A<#");
        b.before = ACT_PASS;
        a.before = failures[i].act; /* the outermost one: nobody sees it but the client */
        expect(i, "A>");
        a.before = ACT_PASS;
    }
}

static void test_failures_after(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAILURES; i++) {
        b.after = failures[i].act;
        expect(i, ROUND "C<200 B<200 A<#");
        b.after = ACT_PASS;
    }
}

static void test_failures_in_view(void **state)
{
    (void)state;
    c.ops.process_exception = b.ops.process_exception = a.ops.process_exception = NULL;
    for (size_t i = 0; i < FAILURES; i++) {
        view_act = failures[i].act;
        expect(i, ROUND "C<# B<# A<#");
    }
}

/* Not asked about what process_view hooks raise. */
static void test_failures_in_process_view(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAILURES; i++) {
        b.view = failures[i].act;
        expect(i, "A> B> C> A.pv B.pv C<# B<# A<#");
    }
}

static void test_page_says_nothing(void **state)
{
    struct response *response;
    (void)state;
    view_act = ACT_ERROR;
    world_request(&w, "GET", "/");
    response = world_run(&w);
    assert_int_equal(str_find(response->bytes, STR("oops")), response->bytes.n);
    assert_true(str_find(response->bytes, STR("Internal Server Error")) < response->bytes.n);
    response_unref(response);
}

static void test_page_of_the_application(void **state)
{
    (void)state;
    page = PAGE_GOOD;
    view_act = ACT_404;
    run("/", 404, "page 404 nothing from plain",
        ROUND "C.pe:Http404 B.pe:Http404 A.pe:Http404 C<404 B<404 A<404");
}

static void test_page_fails(void **state)
{
    (void)state;
    page = PAGE_FAILS;
    view_act = ACT_404;
    run("/", 500, NULL, ROUND "C.pe:Http404 B.pe:Http404 A.pe:Http404 C<500 B<500 A<500");
    assert_non_null(strstr(w.logged.data, "KeyError: the handler broke"));
    view_act = ACT_ERROR; /* the status is the same: the failure is told all the same */
    run("/", 500, NULL, ROUND "C.pe:ValueError B.pe:ValueError A.pe:ValueError C<500 B<500 A<500");
    assert_non_null(strstr(w.logged.data, "KeyError: the handler broke"));
}

/* One that raises is an error itself: the page of a 500 is asked for, once. */
static void test_page_fails_once(void **state)
{
    (void)state;
    page = PAGE_FAILS_FIRST;
    pages_asked = 0;
    view_act = ACT_404;
    run("/", 500, "page 500 the handler broke",
        ROUND "C.pe:Http404 B.pe:Http404 A.pe:Http404 C<500 B<500 A<500");
    assert_int_equal(pages_asked, 2);
    assert_non_null(strstr(w.logged.data, "WARNING perilune.request: Not Found: /"));
    assert_non_null(strstr(w.logged.data, "ERROR perilune.request: Internal Server Error: /: "
                                          "KeyError: the handler broke"));
    page = PAGE_FAILS;
    pages_asked = 0;
    view_act = ACT_ERROR;
    run("/", 500, NULL, ROUND "C.pe:ValueError B.pe:ValueError A.pe:ValueError C<500 B<500 A<500");
    assert_int_equal(pages_asked, 1);
}

static void test_page_out_of_time(void **state)
{
    (void)state;
    page = PAGE_LATE;
    pages_asked = 0;
    view_act = ACT_TIMEOUT;
    c.ops.process_exception = b.ops.process_exception = a.ops.process_exception = NULL;
    run("/", 504, NULL, ROUND "C<504 B<504 A<504");
    assert_int_equal(pages_asked, 1);
}

/* Where it came from stands before the text, unless the text says so. */
static struct response *placed_view(const struct view *v, struct request *r)
{
    (void)v;
    request_raise(r, EXCEPTION_ERROR, "ValueError", "too small");
    r->exception.where = "shop/views.lua:12";
    r->exception.traceback = "stack traceback:\n\tshop/views.lua:12: in ?";
    return NULL;
}

static void test_log_of_a_place(void **state)
{
    struct response *response;
    (void)state;
    plain.call = placed_view;
    world_request(&w, "GET", "/");
    response = world_run(&w);
    plain.call = view_call;
    assert_int_equal(response->status, 500);
    assert_non_null(strstr(w.logged.data, "/: ValueError: shop/views.lua:12: too small"));
    response_unref(response);
}

/* ---- nothing at all ---- */

static void test_view_gives_nothing(void **state)
{
    (void)state;
    view_act = ACT_NOTHING;
    run("/", 500, NULL, ROUND "C<500 B<500 A<500"); /* hooks are not asked */
    assert_non_null(strstr(w.logged.data, "ValueError: view plain gave neither"));
}

static struct response *final_view(const struct view *v, struct request *r)
{
    say("view");
    request_raise(r, EXCEPTION_ERROR, "ValueError", "the view %s returned nil", v->name);
    r->exception.final = true;
    return NULL;
}

static void test_view_of_a_script_gives_nothing(void **state)
{
    struct response *(*call)(const struct view *, struct request *) = plain.call;
    (void)state;
    plain.call = final_view;
    run("/", 500, NULL, ROUND "C<500 B<500 A<500");
    plain.call = call;
}

static void test_layer_gives_nothing(void **state)
{
    (void)state;
    b.before = ACT_NOTHING;
    run("/", 500, NULL, "A> B> A<500");
    assert_non_null(strstr(w.logged.data, "ValueError: middleware B gave neither"));
}

/* ---- process_view ---- */

static void test_process_view_answers(void **state)
{
    (void)state;
    b.view = ACT_ANSWER;
    run("/", 200, "B", "A> B> C> A.pv B.pv C<200 B<200 A<200");
}

/* ---- process_exception ---- */

static void test_process_exception_answers(void **state)
{
    (void)state;
    view_act = ACT_ERROR;
    b.exception = ACT_ANSWER;
    run("/", 200, "B", ROUND "C.pe:ValueError B.pe:ValueError C<200 B<200 A<200");
    assert_int_equal(w.logged.n, 0); /* dealt with: nothing to report */
}

static void test_process_exception_raises(void **state)
{
    (void)state;
    view_act = ACT_404;
    c.exception = ACT_403;
    run("/", 403, NULL, ROUND "C.pe:Http404 C<403 B<403 A<403");
}

/* ---- template responses ---- */

static void test_template_response(void **state)
{
    (void)state;
    run("/template/", 200, "rendered", ROUND "C.pt B.pt A.pt render C<200 B<200 A<200");
    assert_int_equal(renders, 1);
}

static void test_template_hook_replaces(void **state)
{
    (void)state;
    b.template = ACT_ANSWER; /* has nothing to render */
    run("/template/", 200, "B", ROUND "C.pt B.pt A.pt C<200 B<200 A<200");
    assert_int_equal(renders, 0);
}

static void test_template_hook_gives_nothing(void **state)
{
    (void)state;
    b.template = ACT_NOTHING;
    run("/template/", 500, NULL, ROUND "C.pt B.pt C<500 B<500 A<500");
    assert_non_null(strstr(w.logged.data, "process_template_response of B"));
}

static void test_template_hook_raises(void **state)
{
    (void)state;
    b.template = ACT_403;
    run("/template/", 403, NULL, ROUND "C.pt B.pt C<403 B<403 A<403");
}

static void test_template_fails(void **state)
{
    (void)state;
    render_fails = &w;
    run("/template/", 500, NULL,
        ROUND "C.pt B.pt A.pt render C.pe:Error B.pe:Error A.pe:Error C<500 B<500 A<500");
    assert_non_null(strstr(w.logged.data, "template 'a.html': no such tag"));
    c.exception = ACT_ANSWER;
    renders = 0;
    run("/template/", 200, "C", ROUND "C.pt B.pt A.pt render C.pe:Error C<200 B<200 A<200");
}

static void test_template_hooks_skipped_by_short_circuit(void **state)
{
    (void)state;
    c.before = ACT_ANSWER;
    run("/template/", 200, "C", "A> B> C> B<200 A<200");
}

/* ---- building ---- */

static int opened;

static int open_counts(const struct middleware_env *env, void **self, struct err *err)
{
    (void)err;
    assert_ptr_equal(env->settings, w.settings);
    assert_ptr_equal(env->urls, w.urls);
    opened++;
    *self = &b;
    return 0;
}

static int open_not_used(const struct middleware_env *env, void **self, struct err *err)
{
    (void)env, (void)self;
    return err_set(err, ERR_NOT_USED, "not today");
}

static int open_fails(const struct middleware_env *env, void **self, struct err *err)
{
    (void)env, (void)self;
    return err_set(err, ERR_CONFIG, "setting 'x' is missing");
}

static void test_not_used(void **state)
{
    struct middleware_ops ops = b.ops;
    struct err err;
    (void)state;
    pipeline_free(w.pipeline);
    world_pipeline(&w, NULL);
    ops.open = open_counts;
    opened = 0;
    b.closed = 0;
    assert_int_equal(pipeline_wrap(w.pipeline, &ops, &err), 0);
    ops.open = open_not_used;
    assert_int_equal(pipeline_wrap(w.pipeline, &ops, &err), -1);
    assert_int_equal(err.code, ERR_NOT_USED);
    ops.open = open_fails;
    assert_int_equal(pipeline_wrap(w.pipeline, &ops, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG);
    pipeline_wrap_open(w.pipeline, &a.ops, &a);
    run("/", 200, "plain", "A> B> A.pv B.pv view B<200 A<200"); /* the chain is whole */
    run("/", 200, "plain", "A> B> A.pv B.pv view B<200 A<200");
    assert_int_equal(opened, 1); /* once, not per request */
    pipeline_free(w.pipeline);
    w.pipeline = NULL;
    assert_int_equal(b.closed, 1);
}

static void test_no_layers(void **state)
{
    (void)state;
    pipeline_free(w.pipeline);
    world_pipeline(&w, NULL);
    run("/", 200, "plain", "view");
    view_act = ACT_403;
    run("/", 403, NULL, "view");
}

static void test_names(void **state)
{
    (void)state;
    const struct middleware_ops *own[] = {&a.ops, NULL};
    for (size_t i = 0; middleware_builtins[i]; i++) {
        struct str name = str_from(middleware_builtins[i]->name);
        assert_true(str_starts(name, STR("perilune.middleware.")));
        assert_ptr_equal(middleware_builtin(name), middleware_builtins[i]);
        assert_non_null(middleware_builtins[i]->call);
    }
    assert_null(middleware_builtin(STR("perilune.middleware.nope")));
    assert_null(middleware_find(&w.env, STR("A")));
    w.env.registered = own;
    assert_ptr_equal(middleware_find(&w.env, STR("A")), &a.ops);
    assert_non_null(middleware_find(&w.env, STR("perilune.middleware.gzip")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order),
        TEST(test_inner_exception_seen_as_response),
        TEST(test_no_route),
        TEST(test_no_routes_at_all),
        TEST(test_short_circuit),
        TEST(test_answer_replaced_on_the_way_out),
        TEST(test_failures_before),
        TEST(test_failures_after),
        TEST(test_failures_in_view),
        TEST(test_failures_in_process_view),
        TEST(test_page_says_nothing),
        TEST(test_page_of_the_application),
        TEST(test_page_fails),
        TEST(test_page_fails_once),
        TEST(test_page_out_of_time),
        TEST(test_log_of_a_place),
        TEST(test_view_gives_nothing),
        TEST(test_view_of_a_script_gives_nothing),
        TEST(test_layer_gives_nothing),
        TEST(test_process_view_answers),
        TEST(test_process_exception_answers),
        TEST(test_process_exception_raises),
        TEST(test_template_response),
        TEST(test_template_hook_replaces),
        TEST(test_template_hook_gives_nothing),
        TEST(test_template_hook_raises),
        TEST(test_template_fails),
        TEST(test_template_hooks_skipped_by_short_circuit),
        TEST(test_not_used),
        TEST(test_no_layers),
        TEST(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
