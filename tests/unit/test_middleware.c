/* SPDX-License-Identifier: MIT */
/* The built-in layers that look at URLs and header fields: security, common,
 * clickjacking, csp, request_id, timing.  One file, for each is a few tests on the same chain. */
#include "layer_world.h"

#include "base/clock.h"
#include "pipeline/csp.h"

/* ---- security ---- */

#define SECURITY "perilune.middleware.security"

static void test_security_defaults(void **state)
{
    struct response *response;
    (void)state;
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    w.request.secure_transport = true;
    response = world_run(&w);
    assert_str(field(response, "X-Content-Type-Options"), "nosniff");
    assert_str(field(response, "Referrer-Policy"), "same-origin");
    assert_str(field(response, "Cross-Origin-Opener-Policy"), "same-origin");
    assert_false(headers_has(&response->headers, STR("Strict-Transport-Security")));
    response_unref(response);
}

static void own_fields(struct response *response, struct request *r)
{
    (void)r;
    headers_put(&response->headers, STR("x-content-type-options"), STR("own"));
    headers_put(&response->headers, STR("referrer-policy"), STR("own"));
    headers_put(&response->headers, STR("cross-origin-opener-policy"), STR("own"));
    headers_put(&response->headers, STR("strict-transport-security"), STR("own"));
}

static void test_security_leaves_own_fields(void **state)
{
    static const char *const names[] = {"X-Content-Type-Options", "Referrer-Policy",
                                        "Cross-Origin-Opener-Policy", "Strict-Transport-Security"};
    struct response *response;
    (void)state;
    set_number(SETTING_secure_hsts_seconds, 60);
    prepare = own_fields;
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    w.request.secure_transport = true;
    response = world_run(&w);
    assert_int_equal(response->headers.n, 5);
    for (size_t i = 0; i < 4; i++)
        assert_str(field(response, names[i]), "own");
    response_unref(response);
}

static void test_security_off(void **state)
{
    struct response *response;
    (void)state;
    set_bool(SETTING_secure_content_type_nosniff, false);
    set_str(SETTING_secure_referrer_policy, "");
    set_str(SETTING_secure_cross_origin_opener_policy, "");
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    response = world_run(&w);
    assert_int_equal(response->headers.n, 1);
    response_unref(response);
}

static void test_hsts(void **state)
{
    (void)state;
    set_number(SETTING_secure_hsts_seconds, 31536000);
    set_bool(SETTING_secure_hsts_include_subdomains, true);
    set_bool(SETTING_secure_hsts_preload, true);
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    expect_field("Strict-Transport-Security", ""); /* not over http: it would not count */
    world_request(&w, "GET", "/");
    w.request.secure_transport = true;
    expect_field("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload");
}

static void test_hsts_parts(void **state)
{
    (void)state;
    set_number(SETTING_secure_hsts_seconds, 10);
    set_bool(SETTING_secure_hsts_preload, true);
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    w.request.secure_transport = true;
    expect_field("Strict-Transport-Security", "max-age=10; preload");
}

static void test_referrer_policy_list(void **state)
{
    (void)state;
    set_list(SETTING_secure_referrer_policy, "no-referrer,origin");
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    expect_field("Referrer-Policy", "no-referrer,origin");
}

static void test_referrer_policy_one_string(void **state)
{
    (void)state;
    set_str(SETTING_secure_referrer_policy, "no-referrer, origin");
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    expect_field("Referrer-Policy", "no-referrer,origin");
}

static void test_ssl_redirect(void **state)
{
    (void)state;
    set_bool(SETTING_secure_ssl_redirect, true);
    set_list(SETTING_secure_redirect_exempt, "^health/$,\\.txt$");
    world_route(&w, "", &view);
    layer(SECURITY);
    world_request(&w, "GET", "/some/url?a=1&b=%C3%A9");
    expect_redirect("https://www.example.com/some/url?a=1&b=%C3%A9");
    world_request(&w, "POST", "/"); /* every method */
    expect_redirect("https://www.example.com/");
    world_request(&w, "GET", "/health/");
    expect_redirect(NULL);
    world_request(&w, "GET", "//health/"); /* all slashes at the start are cut */
    expect_redirect(NULL);
    world_request(&w, "GET", "/not/health/");
    expect_redirect("https://www.example.com/not/health/");
    world_request(&w, "GET", "/robots.txt");
    expect_redirect(NULL);
    world_request(&w, "GET", "/");
    w.request.secure_transport = true;
    expect_redirect(NULL);
}

static void test_ssl_redirect_headers(void **state)
{
    struct response *response;
    (void)state;
    set_bool(SETTING_secure_ssl_redirect, true);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    response = world_run(&w);
    assert_str(field(response, "X-Content-Type-Options"), "nosniff");
    response_unref(response);
}

static void test_ssl_redirect_host(void **state)
{
    (void)state;
    set_bool(SETTING_secure_ssl_redirect, true);
    set_str(SETTING_secure_ssl_host, "secure.example.com");
    layer(SECURITY);
    world_request(&w, "GET", "/x?y");
    expect_redirect("https://secure.example.com/x?y");
}

static void test_ssl_redirect_to_nobody_else(void **state)
{
    (void)state;
    set_bool(SETTING_secure_ssl_redirect, true);
    layer(SECURITY);
    world_request(&w, "GET", "/");
    headers_remove(&w.request.headers, STR("Host"));
    world_header(&w, "Host", "evil.com");
    expect_status(400);
    assert_non_null(strstr(w.logged.data, "perilune.security.DisallowedHost"));
    world_request(&w, "GET", "//evil.com/");
    expect_redirect("https://www.example.com//evil.com/");
}

static void test_security_settings(void **state)
{
    (void)state;
    set_list(SETTING_secure_redirect_exempt, "^ok$,(unclosed");
    layer_fails(SECURITY, "setting 'secure_redirect_exempt': '(unclosed'");
    pipeline_free(w.pipeline);
    set_list(SETTING_secure_redirect_exempt, "^ok$");
    set_str(SETTING_secure_referrer_policy, "a\r\nSet-Cookie: b");
    layer_fails(SECURITY, "setting 'secure_referrer_policy'");
    pipeline_free(w.pipeline);
    set_str(SETTING_secure_referrer_policy, "origin");
    set_str(SETTING_secure_cross_origin_opener_policy, "a\nb");
    layer_fails(SECURITY, "setting 'secure_cross_origin_opener_policy'");
}

/* ---- common ---- */

#define COMMON "perilune.middleware.common"

static void slash_routes(void)
{
    world_route(&w, "slash/", &view);
    world_route(&w, "noslash", &view);
    world_route(&w, "both", &view);
    world_route(&w, "both/", &view);
    world_route(&w, "caf\xc3\xa9/<int:n>/", &view);
    world_route(&w, "<slug:host>/<slug:page>/", &view);
    world_route(&w, "/<str:host>/<slug:page>/", &view);
}

static void test_append_slash(void **state)
{
    (void)state;
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/slash");
    expect_redirect("/slash/");
    world_request(&w, "GET", "/slash?test=1&x=%20");
    expect_redirect("/slash/?test=1&x=%20");
    world_request(&w, "GET", "/slash/");
    expect_status(200);
    world_request(&w, "GET", "/noslash");
    expect_status(200);
    world_request(&w, "GET", "/both");
    expect_status(200);
    world_request(&w, "GET", "/noslash/"); /* never the other way */
    expect_status(404);
    world_request(&w, "GET", "/unknown");
    expect_status(404);
    world_request(&w, "POST", "/slash"); /* only development complains */
    expect_redirect("/slash/");
    world_request(&w, "GET", "/caf\xc3\xa9/3");
    expect_redirect("/caf%C3%A9/3/");
}

/* "//evil.com/x" in a Location would be another site. */
static void test_append_slash_stays_here(void **state)
{
    (void)state;
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "//evil.com/security");
    expect_redirect("/%2Fevil.com/security/");
    world_request(&w, "GET", "//evil.com/security?a=//b");
    expect_redirect("/%2Fevil.com/security/?a=//b");
}

static void test_append_slash_encodes(void **state)
{
    (void)state;
    world_route(&w, "a <str:x>/", &view);
    layer(COMMON);
    world_request(&w, "GET", "/a ?x");
    w.request.path = STR("/a b?c#d\r\n");
    w.request.query_string = STR("x=\"\r\n");
    expect_redirect("/a%20b%3Fc%23d%0D%0A/?x=%22%0D%0A");
}

static void test_append_slash_off(void **state)
{
    (void)state;
    set_bool(SETTING_append_slash, false);
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/slash");
    expect_status(404);
}

static void test_append_slash_refused_by_view(void **state)
{
    (void)state;
    view.no_append_slash = true;
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/slash");
    expect_status(404);
}

static void not_found(struct response *response, struct request *r)
{
    (void)r;
    response->status = 404;
}

/* A 404 of a view that resolved is not about the slash. */
static void test_append_slash_only_for_what_does_not_resolve(void **state)
{
    (void)state;
    prepare = not_found;
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/both");
    expect_status(404);
    world_request(&w, "GET", "/slash/");
    expect_status(404);
}

static void test_append_slash_debug(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    (void)state;
    set_bool(SETTING_debug, true);
    slash_routes();
    layer(COMMON);
    for (size_t i = 0; i < 4; i++) {
        world_request(&w, methods[i], "/slash?a=1");
        expect_status(500);
        assert_non_null(strstr(w.logged.data, "RuntimeError: You called this URL via"));
        assert_non_null(strstr(w.logged.data, methods[i]));
        assert_non_null(strstr(w.logged.data, "www.example.com/slash/?a=1 (note"));
        buf_reset(&w.logged);
    }
    world_request(&w, "GET", "/slash");
    expect_redirect("/slash/");
}

static void test_prepend_www(void **state)
{
    (void)state;
    set_bool(SETTING_prepend_www, true);
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/slash/?a=1");
    expect_redirect(NULL); /* it is www. already */
    world_request(&w, "GET", "/slash/?a=1");
    headers_init(&w.request.headers, &w.arena);
    world_header(&w, "Host", "example.com:8000");
    expect_redirect("http://www.example.com:8000/slash/?a=1");
    world_request(&w, "GET", "/slash?a=1"); /* both in one step */
    headers_init(&w.request.headers, &w.arena);
    world_header(&w, "Host", "example.com");
    w.request.secure_transport = true;
    expect_redirect("https://www.example.com/slash/?a=1");
}

static void test_host_is_checked(void **state)
{
    (void)state;
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/slash/");
    headers_init(&w.request.headers, &w.arena);
    world_header(&w, "Host", "evil.com");
    expect_status(400);
}

static void test_user_agents(void **state)
{
    (void)state;
    set_list(SETTING_disallowed_user_agents, "foo,^Bar/[0-9]+$");
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/slash/");
    world_header(&w, "User-Agent", "a foo spider");
    expect_status(403);
    world_request(&w, "GET", "/slash/");
    world_header(&w, "User-Agent", "Bar/12");
    expect_status(403);
    world_request(&w, "GET", "/slash/");
    world_header(&w, "User-Agent", "Bar/x");
    expect_status(200);
    world_request(&w, "GET", "/slash/");
    expect_status(200);
}

static void test_user_agents_setting(void **state)
{
    (void)state;
    set_list(SETTING_disallowed_user_agents, "*x");
    layer_fails(COMMON, "setting 'disallowed_user_agents': '*x'");
}

static void length_of_its_own(struct response *response, struct request *r)
{
    (void)r;
    headers_put(&response->headers, STR("content-length"), STR("7"));
}

static int pull_nothing(void *data, struct buf *out, struct err *err)
{
    (void)data, (void)out, (void)err;
    return 0;
}

static void streams(struct response *response, struct request *r)
{
    (void)r;
    response_set_stream(response, (struct response_source){.pull = pull_nothing});
}

static void test_content_length(void **state)
{
    (void)state;
    slash_routes();
    layer(COMMON);
    world_request(&w, "GET", "/slash/");
    expect_field("Content-Length", "5");
    prepare = length_of_its_own;
    world_request(&w, "GET", "/slash/");
    expect_field("Content-Length", "7");
    prepare = streams;
    world_request(&w, "GET", "/slash/");
    expect_field("Content-Length", "");
    world_request(&w, "GET", "/slash");
    expect_field("Content-Length", "0");
}

/* ---- clickjacking ---- */

#define CLICKJACKING "perilune.middleware.clickjacking"

static void frame_same(struct response *response, struct request *r)
{
    (void)r;
    headers_put(&response->headers, STR("x-frame-options"), STR("SAMEORIGIN"));
}

static void frame_exempt(struct response *response, struct request *r)
{
    (void)r;
    response->xframe_exempt = true;
}

static void test_clickjacking(void **state)
{
    (void)state;
    world_route(&w, "", &view);
    layer(CLICKJACKING);
    world_request(&w, "GET", "/");
    expect_field("X-Frame-Options", "DENY");
    prepare = frame_same;
    world_request(&w, "GET", "/");
    expect_field("X-Frame-Options", "SAMEORIGIN");
    prepare = frame_exempt;
    world_request(&w, "GET", "/");
    expect_field("X-Frame-Options", "");
}

static void test_clickjacking_setting(void **state)
{
    (void)state;
    set_str(SETTING_x_frame_options, "sameorigin");
    world_route(&w, "", &view);
    layer(CLICKJACKING);
    world_request(&w, "GET", "/");
    expect_field("X-Frame-Options", "SAMEORIGIN");
    pipeline_free(w.pipeline);
    set_str(SETTING_x_frame_options, "DENY\nX: y");
    layer_fails(CLICKJACKING, "setting 'x_frame_options'");
}

/* ---- csp ---- */

#define CSP "perilune.middleware.csp"
#define POLICY "Content-Security-Policy"
#define REPORT "Content-Security-Policy-Report-Only"

#define VALUES(...)                                                                                \
    {                                                                                              \
        (const struct str[]){__VA_ARGS__},                                                         \
            sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)                         \
    }

static void set_csp(enum setting_id id, const struct strs_entry *entries, size_t n)
{
    struct err err;
    assert_int_equal(settings_set_map(w.settings, id, entries, n, &err), 0);
}

static const struct strs_entry policy[] = {
    {.name = STR_INIT("script-src"),
     .values = VALUES(STR_INIT("'self'"), STR_INIT(CSP_NONCE), STR_INIT("https://cdn.example"))},
    {.name = STR_INIT("default-src"), .values = VALUES(STR_INIT("'self'"))},
    {.name = STR_INIT("style-src"), .values = VALUES(STR_INIT(CSP_NONCE))},
    {.name = STR_INIT("upgrade-insecure-requests"), .flag = true},
    {.name = STR_INIT("img-src")},
};

static void test_csp_not_set(void **state)
{
    (void)state;
    world_route(&w, "", &view);
    layer(CSP);
    world_request(&w, "GET", "/");
    expect_field(POLICY, "");
    world_request(&w, "GET", "/");
    expect_field(REPORT, "");
}

static void test_csp_without_nonce(void **state)
{
    (void)state;
    set_csp(SETTING_secure_csp, policy, 5);
    set_csp(SETTING_secure_csp_report_only, policy + 1, 1);
    world_route(&w, "", &view);
    layer(CSP);
    world_request(&w, "GET", "/");
    expect_field(POLICY, "default-src 'self'; script-src 'self' https://cdn.example; "
                         "upgrade-insecure-requests");
    assert_int_equal(w.request.csp_nonce.n, 0); /* nobody asked: nothing random was drawn */
    world_request(&w, "GET", "/");
    expect_field(REPORT, "default-src 'self'");
}

static char nonce[64];

static void use_nonce(struct response *response, struct request *r)
{
    struct str first = csp_nonce(r), again = csp_nonce(r);
    (void)response;
    assert_ptr_equal(first.p, again.p);
    snprintf(nonce, sizeof nonce, "%.*s", STR_ARG(first));
}

static void test_csp_nonce(void **state)
{
    char want[256], before[64];
    (void)state;
    set_csp(SETTING_secure_csp, policy, 5);
    prepare = use_nonce;
    world_route(&w, "", &view);
    layer(CSP);
    for (int i = 0; i < 3; i++) {
        memcpy(before, nonce, sizeof before);
        world_request(&w, "GET", "/");
        struct response *response = world_run(&w);
        assert_int_equal(strlen(nonce), 22); /* 128 bits */
        assert_string_not_equal(before, nonce);
        snprintf(want, sizeof want,
                 "default-src 'self'; script-src 'self' 'nonce-%s' https://cdn.example; "
                 "style-src 'nonce-%s'; upgrade-insecure-requests",
                 nonce, nonce);
        assert_str(field(response, POLICY), want);
        response_unref(response);
    }
}

static void own_policy(struct response *response, struct request *r)
{
    (void)r;
    headers_put(&response->headers, STR("content-security-policy"), STR("own"));
}

static void test_csp_leaves_own_field(void **state)
{
    (void)state;
    set_csp(SETTING_secure_csp, policy, 5);
    set_csp(SETTING_secure_csp_report_only, policy + 1, 1);
    prepare = own_policy;
    world_route(&w, "", &view);
    layer(CSP);
    world_request(&w, "GET", "/");
    expect_field(POLICY, "own");
    world_request(&w, "GET", "/");
    expect_field(REPORT, "default-src 'self'");
}

static struct csp_policy *override;

static void overrides(struct response *response, struct request *r)
{
    (void)r;
    response->csp[0] = override;
}

static void test_csp_override(void **state)
{
    const struct strs_entry own = {.name = STR_INIT("img-src"), .values = VALUES(STR_INIT("*"))};
    struct err err;
    (void)state;
    set_csp(SETTING_secure_csp, policy, 5);
    prepare = overrides;
    world_route(&w, "", &view);
    layer(CSP);
    override = csp_policy_new((struct strs_map){&own, 1}, &err);
    world_request(&w, "GET", "/");
    expect_field(POLICY, "img-src *");
    csp_policy_free(override);
    override = csp_policy_new((struct strs_map){NULL, 0}, &err); /* switches it off */
    world_request(&w, "GET", "/");
    expect_field(POLICY, "");
    csp_policy_free(override);
}

static void csp_refused(struct strs_entry e, const char *text)
{
    struct err err = {.code = ERR_OK};
    assert_null(csp_policy_new((struct strs_map){&e, 1}, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    if (!strstr(err.msg, text))
        fail_msg("'%s' is not in '%s'", text, err.msg);
}

static void test_csp_settings(void **state)
{
    const struct strs_entry bad = {.name = STR_INIT("img-src"),
                                   .values = VALUES(STR_INIT("a\r\nb"))};
    const struct strs_entry unquoted = {.name = STR_INIT("img-src"),
                                        .values = VALUES(STR_INIT("self"))};
    (void)state;
    csp_refused((struct strs_entry){.name = STR("default src"), .flag = true}, "'default src'");
    csp_refused((struct strs_entry){.name = STR(""), .flag = true}, "''");
    csp_refused(
        (struct strs_entry){.name = STR("img-src"), .values = VALUES(STR("*; script-src *"))},
        "'*; script-src *'");
    csp_refused((struct strs_entry){.name = STR("img-src"), .values = VALUES(STR(""))}, "''");
    set_csp(SETTING_secure_csp_report_only, &bad, 1);
    layer_fails(CSP, "setting 'secure_csp_report_only': CSP directive 'img-src'");
    pipeline_free(w.pipeline);
    set_csp(SETTING_secure_csp_report_only, &unquoted, 1);
    layer(CSP);
    assert_non_null(strstr(w.logged.data, "did you mean \"'self'\""));
}

/* ---- request_id ---- */

#define REQUEST_ID "perilune.middleware.request_id"

static char seen_id[200];

static void remember_id(struct response *response, struct request *r)
{
    (void)response;
    snprintf(seen_id, sizeof seen_id, "%.*s", STR_ARG(r->id));
}

/* Runs a request with that X-Request-ID; the id in use is in seen_id. */
static void run_id(const char *given, bool proxied)
{
    struct response *response;
    world_request(&w, "GET", "/");
    w.request.proxied = proxied;
    if (given)
        world_header(&w, "X-Request-ID", given);
    response = world_run(&w);
    assert_str(field(response, "X-Request-ID"), seen_id);
    response_unref(response);
}

static void assert_random_id(void)
{
    assert_int_equal(strlen(seen_id), 32);
    assert_int_equal(strspn(seen_id, "0123456789abcdef"), 32);
    assert_int_equal(seen_id[12], '4'); /* a version 4 UUID */
    assert_non_null(strchr("89ab", seen_id[16]));
}

static void test_request_id(void **state)
{
    char first[200], long_id[130];
    (void)state;
    prepare = remember_id;
    world_route(&w, "", &view);
    layer(REQUEST_ID);
    run_id(NULL, false);
    assert_random_id();
    memcpy(first, seen_id, sizeof first);
    run_id("from-a-client", false); /* not believed */
    assert_random_id();
    assert_string_not_equal(seen_id, first);
    run_id("From.proxy_1-2", true);
    assert_string_equal(seen_id, "From.proxy_1-2");
    static const char *const bad[] = {"", "a b", "a\"b", "<script>", "caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        run_id(bad[i], true);
        assert_random_id();
    }
    memset(long_id, 'a', sizeof long_id);
    long_id[129] = '\0';
    run_id(long_id, true);
    assert_random_id();
    long_id[128] = '\0';
    run_id(long_id, true);
    assert_string_equal(seen_id, long_id);
}

static void test_request_id_trusted(void **state)
{
    (void)state;
    set_bool(SETTING_trust_request_id, true);
    prepare = remember_id;
    world_route(&w, "", &view);
    layer(REQUEST_ID);
    run_id("from-a-client", false);
    assert_string_equal(seen_id, "from-a-client");
}

/* ---- timing ---- */

static void waits(struct response *response, struct request *r)
{
    int64_t until = clock_monotonic() + 3 * CLOCK_MS;
    (void)r;
    headers_put(&response->headers, STR("x-request-duration-ms"), STR("own"));
    while (clock_monotonic() < until)
        ;
}

static void test_timing(void **state)
{
    struct response *response;
    struct str v;
    (void)state;
    world_route(&w, "", &view);
    layer("perilune.middleware.timing");
    world_request(&w, "GET", "/");
    response = world_run(&w);
    v = field(response, "X-Request-Duration-Ms");
    assert_int_equal(str_index(v, '.'), v.n - 3);
    assert_true(strtod(v.p, NULL) < 1000);
    response_unref(response);
    prepare = waits;
    world_request(&w, "GET", "/");
    response = world_run(&w);
    v = field(response, "X-Request-Duration-Ms");
    assert_true(strtod(v.p, NULL) >= 3 && strtod(v.p, NULL) < 2000);
    response_unref(response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_security_defaults),
        TEST(test_security_leaves_own_fields),
        TEST(test_security_off),
        TEST(test_hsts),
        TEST(test_hsts_parts),
        TEST(test_referrer_policy_list),
        TEST(test_referrer_policy_one_string),
        TEST(test_ssl_redirect),
        TEST(test_ssl_redirect_headers),
        TEST(test_ssl_redirect_host),
        TEST(test_ssl_redirect_to_nobody_else),
        TEST(test_security_settings),
        TEST(test_append_slash),
        TEST(test_append_slash_stays_here),
        TEST(test_append_slash_encodes),
        TEST(test_append_slash_off),
        TEST(test_append_slash_refused_by_view),
        TEST(test_append_slash_only_for_what_does_not_resolve),
        TEST(test_append_slash_debug),
        TEST(test_prepend_www),
        TEST(test_host_is_checked),
        TEST(test_user_agents),
        TEST(test_user_agents_setting),
        TEST(test_content_length),
        TEST(test_clickjacking),
        TEST(test_clickjacking_setting),
        TEST(test_csp_not_set),
        TEST(test_csp_without_nonce),
        TEST(test_csp_nonce),
        TEST(test_csp_leaves_own_field),
        TEST(test_csp_override),
        TEST(test_csp_settings),
        TEST(test_request_id),
        TEST(test_request_id_trusted),
        TEST(test_timing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
