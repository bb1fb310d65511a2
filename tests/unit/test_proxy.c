/* SPDX-License-Identifier: MIT */
/* Which client, protocol and host a request has, behind proxies and without. */
#include "layer_world.h"

#include "pipeline/proxy.h"
#include "pipeline/redirect.h"
#include "pipeline/request_host.h"

static struct proxy *proxy;

static void open_proxy(void)
{
    struct err err = {.code = ERR_OK};
    proxy_close(proxy);
    if (proxy_open(&proxy, w.settings, &err) != 0)
        fail_msg("%s", err.msg);
}

static int close_all(void **state)
{
    proxy_close(proxy);
    proxy = NULL;
    return teardown(state);
}

#define PROXY_TEST(f) cmocka_unit_test_setup_teardown(f, setup, close_all)

static void from(const char *peer)
{
    world_request(&w, "GET", "/");
    w.request.peer_addr = w.request.remote_addr = str_from(peer);
}

static void expect_client(const char *forwarded, const char *want)
{
    if (forwarded)
        world_header(&w, "X-Forwarded-For", forwarded);
    proxy_apply(proxy, &w.request);
    assert_str(w.request.remote_addr, want);
}

/* ---- the client ---- */

static void test_nothing_to_do(void **state)
{
    (void)state;
    open_proxy();
    assert_null(proxy);
}

static void test_client(void **state)
{
    (void)state;
    set_list(SETTING_trusted_proxies, "10.0.0.0/8,192.168.1.7");
    open_proxy();
    from("10.1.2.3");
    expect_client("203.0.113.9", "203.0.113.9");
    assert_true(w.request.proxied);
    from("192.168.1.7");
    expect_client(NULL, "192.168.1.7");
    assert_true(w.request.proxied);
    from("192.168.1.8"); /* anybody may write the field */
    expect_client("203.0.113.9", "192.168.1.8");
    assert_false(w.request.proxied);
}

static void test_rightmost_untrusted(void **state)
{
    (void)state;
    set_list(SETTING_trusted_proxies, "10.0.0.0/8");
    open_proxy();
    from("10.0.0.1");
    expect_client("1.1.1.1, 203.0.113.9, 10.0.0.3, 10.0.0.2", "203.0.113.9");
    from("10.0.0.1");
    expect_client("127.0.0.1, 203.0.113.9", "203.0.113.9");
    from("10.0.0.1"); /* all of them: the one that stands farthest away */
    expect_client("10.0.0.9,10.0.0.8", "10.0.0.9");
    from("10.0.0.1"); /* a proxy may add a field of its own */
    world_header(&w, "X-Forwarded-For", "1.1.1.1");
    world_header(&w, "x-forwarded-for", "203.0.113.9, 10.0.0.2");
    expect_client(NULL, "203.0.113.9");
    from("10.0.0.1");
    world_header(&w, "X-Forwarded-For", "203.0.113.9");
    world_header(&w, "X-Forwarded-For", "10.0.0.2");
    expect_client(NULL, "203.0.113.9");
}

static void test_odd_items(void **state)
{
    (void)state;
    set_list(SETTING_trusted_proxies, "10.0.0.0/8,::1");
    open_proxy();
    static const char *const cases[][2] = {
        {"203.0.113.9:1234", "203.0.113.9"},
        {"[2001:db8::1]:443", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"2001:db8::1", "2001:db8::1"},
        {"203.0.113.9, unknown", "10.0.0.1"}, /* not to be read: it ends there */
        {"203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"},
        {"203.0.113.9, ", "10.0.0.1"},
        {"", "10.0.0.1"},
        {",,,", "10.0.0.1"},
        {"<script>", "10.0.0.1"},
        {"010.0.0.2", "10.0.0.1"},
        {"[", "10.0.0.1"},
        {":80", "10.0.0.1"},
        {"::ffff:10.0.0.7", "::ffff:10.0.0.7"}, /* trusted, and the last there is */
        {"203.0.113.1, ::ffff:10.0.0.7", "203.0.113.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        from("10.0.0.1");
        expect_client(cases[i][0], cases[i][1]);
    }
    from("::1");
    expect_client("203.0.113.9", "203.0.113.9");
}

static void test_chain_has_an_end(void **state)
{
    struct buf chain = BUF_INIT;
    (void)state;
    set_list(SETTING_trusted_proxies, "10.0.0.0/8");
    open_proxy();
    from("10.0.0.1");
    buf_adds(&chain, "203.0.113.9");
    for (int i = 0; i < 40; i++)
        buf_addf(&chain, ", 10.0.1.%d", i);
    expect_client(chain.data, "10.0.1.8"); /* the 32nd from the right */
    buf_release(&chain);
}

static void test_networks(void **state)
{
    static const char *const cases[][3] = {
        /* network, inside, outside */
        {"192.0.2.128/25", "192.0.2.200", "192.0.2.127"},
        {"192.0.2.1/32", "192.0.2.1", "192.0.2.2"},
        {"0.0.0.0/0", "8.8.8.8", "2001:db8::1"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
        {"::/0", "2001:db8::1", "not an address"},
        {"fe80::1", "fe80::1", "fe80::2"},
        {"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"},
        {" 172.16.0.0/12", "172.31.255.255", "172.32.0.0"},
        {"unix:", "unix:", "127.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set_list(SETTING_trusted_proxies, cases[i][0]);
        open_proxy();
        from(cases[i][1]);
        expect_client("203.0.113.9", "203.0.113.9");
        from(cases[i][2]);
        expect_client("203.0.113.9", cases[i][2]);
    }
}

static void refused(enum setting_id id, const char *value, const char *text)
{
    struct err err = {.code = ERR_OK};
    struct proxy *p = NULL;
    set_list(id, value);
    assert_int_equal(proxy_open(&p, w.settings, &err), -1);
    assert_null(p);
    assert_int_equal(err.code, ERR_CONFIG);
    if (!strstr(err.msg, text))
        fail_msg("'%s' is not in '%s'", text, err.msg);
}

static void test_settings(void **state)
{
    (void)state;
    refused(SETTING_trusted_proxies, "10.0.0.0/33", "'10.0.0.0/33' has no number of bits");
    refused(SETTING_trusted_proxies, "10.0.0.0/", "'10.0.0.0/' has no number of bits");
    refused(SETTING_trusted_proxies, "10.0.0.0/-1", "'10.0.0.0/-1' has no number of bits");
    refused(SETTING_trusted_proxies, "::/129", "from 0 to 128");
    refused(SETTING_trusted_proxies, "127.0.0.1,proxy.example.com", "'proxy.example.com' is no");
    refused(SETTING_trusted_proxies, "", "'' is no address");
    set_list(SETTING_trusted_proxies, "unix:");
    refused(SETTING_secure_proxy_ssl_header, "HTTP_X_FORWARDED_PROTO", "a header and its value");
    refused(SETTING_secure_proxy_ssl_header, "a,b,c", "a header and its value");
}

/* ---- the protocol ---- */

static void expect_secure(const char *forwarded_for, const char *proto, bool want)
{
    if (forwarded_for)
        world_header(&w, "X-Forwarded-For", forwarded_for);
    if (proto)
        world_header(&w, "X-Forwarded-Proto", proto);
    proxy_apply(proxy, &w.request);
    assert_int_equal(w.request.secure_transport, want);
}

static void test_forwarded_proto(void **state)
{
    (void)state;
    set_list(SETTING_trusted_proxies, "10.0.0.0/8");
    open_proxy();
    from("10.0.0.1");
    expect_secure(NULL, "https", true);
    from("10.0.0.1");
    expect_secure("203.0.113.9", "HTTPS", true);
    from("10.0.0.1");
    expect_secure("203.0.113.9", "http", false);
    from("10.0.0.1");
    expect_secure("203.0.113.9", NULL, false);
    from("192.0.2.1");
    expect_secure(NULL, "https", false);
    /* What the client claims stands left of what the proxy says. */
    from("10.0.0.1");
    expect_secure("203.0.113.9", "https, http", false);
    /* Two proxies: the outer one speaks https with the client. */
    from("10.0.0.1");
    expect_secure("203.0.113.9, 10.0.0.2", "https, http", true);
    from("10.0.0.1");
    expect_secure("203.0.113.9, 10.0.0.2", "https", true);
    from("10.0.0.1");
    w.request.secure_transport = true;
    expect_secure("203.0.113.9", "http", false);
}

static void test_secure_header(void **state)
{
    (void)state;
    set_list(SETTING_secure_proxy_ssl_header, "HTTP_X_FORWARDED_PROTO,https");
    open_proxy();
    static const struct {
        const char *value;
        bool secure;
    } cases[] = {
        {"https", true},       {"http", false},       {"HTTPS", false},
        {"wrongvalue", false}, {"https, http", true}, {"http, https", false},
        {"", false},           {" https ,x", true},   {NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        from("192.0.2.1"); /* whoever it is, as in Django */
        expect_secure(NULL, cases[i].value, cases[i].secure);
    }
    from("192.0.2.1"); /* the header decides alone, where it is there */
    w.request.secure_transport = true;
    expect_secure(NULL, "http", false);
    from("192.0.2.1");
    w.request.secure_transport = true;
    expect_secure(NULL, NULL, true);
}

static void test_secure_header_plain_name(void **state)
{
    (void)state;
    set_list(SETTING_secure_proxy_ssl_header, "X-Scheme,tls");
    open_proxy();
    from("192.0.2.1");
    world_header(&w, "x-scheme", "tls");
    expect_secure(NULL, NULL, true);
}

/* ---- the host ---- */

static void expect_host(const char *want)
{
    struct str host, again;
    if (want) {
        assert_int_equal(request_host(&w.request, w.settings, &host), 0);
        assert_str(host, want);
        assert_int_equal(request_host(&w.request, w.settings, &again), 0);
        assert_ptr_equal(host.p, again.p);
    } else {
        assert_int_equal(request_host(&w.request, w.settings, &host), -1);
        assert_int_equal(w.request.exception.kind, EXCEPTION_SUSPICIOUS);
        assert_string_equal(w.request.exception.name, "DisallowedHost");
    }
}

static void for_host(const char *host)
{
    world_request(&w, "GET", "/");
    headers_init(&w.request.headers, &w.arena);
    if (host)
        world_header(&w, "Host", host);
}

static void test_host(void **state)
{
    static const char *const good[] = {"www.example.com", "example.com", "EXAMPLE.com:8000",
                                       "a.b.example.com.", "www.example.com.:80"};
    static const char *const bad[] = {
        "evil.com", "example.com@evil.com", "example.com:x", "example.com/evil",
        "",         "notexample.com",       "[::1]",         "example.com, evil.com"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        for_host(good[i]);
        expect_host(good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for_host(bad[i]);
        expect_host(NULL);
    }
}

static void test_host_of_the_server(void **state)
{
    (void)state;
    for_host(NULL);
    expect_host("server.example.com:8000");
    for_host(NULL);
    w.request.server_port = 80;
    expect_host("server.example.com");
    for_host(NULL);
    w.request.server_port = 443;
    expect_host("server.example.com:443");
    for_host(NULL);
    w.request.server_port = 443;
    w.request.secure_transport = true;
    expect_host("server.example.com");
}

static void test_forwarded_host(void **state)
{
    (void)state;
    for_host("www.example.com");
    world_header(&w, "X-Forwarded-Host", "evil.com");
    expect_host("www.example.com");
    set_bool(SETTING_use_x_forwarded_host, true);
    for_host("www.example.com");
    world_header(&w, "X-Forwarded-Host", "evil.com");
    expect_host(NULL);
    for_host("evil.com");
    world_header(&w, "X-Forwarded-Host", "api.example.com");
    expect_host("api.example.com");
    for_host("www.example.com");
    expect_host("www.example.com");
}

static void test_forwarded_port(void **state)
{
    (void)state;
    for_host(NULL);
    world_header(&w, "X-Forwarded-Port", "9000");
    assert_str(request_port(&w.request, w.settings), "8000");
    set_bool(SETTING_use_x_forwarded_port, true);
    assert_str(request_port(&w.request, w.settings), "9000");
    expect_host("server.example.com:9000");
}

static void test_host_in_development(void **state)
{
    struct err err;
    (void)state;
    settings_set_list(w.settings, SETTING_allowed_hosts, NULL, 0, &err);
    for_host("localhost:8000");
    expect_host(NULL);
    set_bool(SETTING_debug, true);
    for_host("localhost:8000");
    expect_host("localhost:8000");
    for_host("[::1]:8000");
    expect_host("[::1]:8000");
    for_host("example.com");
    expect_host(NULL);
}

/* ---- URLs ---- */

static void test_full_path(void **state)
{
    struct buf b = BUF_INIT;
    (void)state;
    world_request(&w, "GET", "/caf\xc3\xa9 ?q=\xc3\xa9&r=%20");
    request_full_path(&w.request, true, &b);
    assert_string_equal(b.data, "/caf%C3%A9%20/?q=%C3%A9&r=%20");
    buf_reset(&b);
    world_request(&w, "GET", "/a/");
    request_full_path(&w.request, true, &b);
    assert_string_equal(b.data, "/a/");
    buf_release(&b);
    struct response *response = redirect_permanent(STR("/caf\xc3\xa9\r\nX: y"));
    assert_str(field(response, "Location"), "/caf%C3%A9%0D%0AX:%20y");
    response_unref(response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXY_TEST(test_nothing_to_do),
        PROXY_TEST(test_client),
        PROXY_TEST(test_rightmost_untrusted),
        PROXY_TEST(test_odd_items),
        PROXY_TEST(test_chain_has_an_end),
        PROXY_TEST(test_networks),
        PROXY_TEST(test_settings),
        PROXY_TEST(test_forwarded_proto),
        PROXY_TEST(test_secure_header),
        PROXY_TEST(test_secure_header_plain_name),
        PROXY_TEST(test_host),
        PROXY_TEST(test_host_of_the_server),
        PROXY_TEST(test_forwarded_host),
        PROXY_TEST(test_forwarded_port),
        PROXY_TEST(test_host_in_development),
        PROXY_TEST(test_full_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
