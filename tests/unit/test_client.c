/* SPDX-License-Identifier: MIT */
/* The parts of the HTTP client that need no server; tests/lua/client_test.lua has those
 * that do. */
#include "test.h"

#include "fiber/fiber.h"
#include "http/client.h"
#include "http/client_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

static void check_addresses(const char *const *list, bool public)
{
    for (; *list; list++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        const struct sockaddr *a = strchr(*list, ':') ? (void *)&v6 : (void *)&v4;
        if (a == (void *)&v6)
            assert_int_equal(inet_pton(AF_INET6, *list, &v6.sin6_addr), 1);
        else
            assert_int_equal(inet_pton(AF_INET, *list, &v4.sin_addr), 1);
        if (address_is_public(a) != public || address_text_is_public(str_from(*list)) != public)
            fail_msg("%s", *list);
    }
}

static void test_private(void **state)
{
    static const char *const list[] = {"0.0.0.0",
                                       "0.1.2.3",
                                       "10.0.0.1",
                                       "10.255.255.255",
                                       "100.64.0.1",
                                       "100.127.255.255",
                                       "127.0.0.1",
                                       "127.255.255.255",
                                       "169.254.169.254",
                                       "172.16.0.1",
                                       "172.31.255.255",
                                       "192.0.0.1",
                                       "192.0.2.1",
                                       "192.88.99.1",
                                       "192.168.0.1",
                                       "198.18.0.1",
                                       "198.19.255.255",
                                       "198.51.100.1",
                                       "203.0.113.1",
                                       "224.0.0.1",
                                       "239.255.255.255",
                                       "240.0.0.1",
                                       "255.255.255.255",
                                       "::",
                                       "::1",
                                       "::ffff:127.0.0.1",
                                       "::ffff:8.8.8.8",
                                       "::8.8.8.8",
                                       "64:ff9b::808:808",
                                       "64:ff9b:1::1",
                                       "100::1",
                                       "2001::1",
                                       "2001:0:4136:e378::1",
                                       "2001:1ff::1",
                                       "2001:db8::1",
                                       "2002:7f00:1::",
                                       "3fff::1",
                                       "3fff:fff::1",
                                       "5f00::1",
                                       "fc00::1",
                                       "fdff::1",
                                       "fe80::1",
                                       "febf::1",
                                       "fec0::1",
                                       "ff02::1",
                                       "ffff::1",
                                       NULL};
    (void)state;
    check_addresses(list, false);
}

static void test_public(void **state)
{
    static const char *const list[] = {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",
                                       "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
                                       "126.255.255.255", "128.0.0.1",       "169.253.255.255",
                                       "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
                                       "192.0.1.0",       "192.167.255.255", "192.169.0.0",
                                       "198.17.255.255",  "198.20.0.0",      "223.255.255.255",
                                       "2000::1",         "2001:200::1",     "2001:4860:4860::8888",
                                       "2001:db9::1",     "2003::1",         "2606:4700::1111",
                                       "3ffe::1",         "3fff:1000::1",    NULL};
    (void)state;
    check_addresses(list, true);
}

static void test_other_families(void **state)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    (void)state;
    assert_false(address_is_public((void *)&a));
    assert_false(address_text_is_public(STR("")));
    assert_false(address_text_is_public(STR("/run/x")));
    assert_false(address_text_is_public(STR("fe80::1%eth0")));
    assert_false(address_text_is_public(STR("1.1.1")));
}

static void test_mask(void **state)
{
    static const char *const table[][2] = {
        {"http://host/path", "http://host/path"},
        {"http://user@host/", "http://user@host/"},
        {"http://user:pass@host/x?a=b:c@d", "http://user:***@host/x?a=b:c@d"},
        {"http://user:p@ss@host/", "http://user:***@host/"},
        {"http://user:@host/", "http://user:@host/"},
        {"http://:pass@host/", "http://:***@host/"},
        {"user:pass@host", "user:***@host"},
        {"http://host:80/a@b", "http://host:80/a@b"},
        {"http://host:80#a@b", "http://host:80#a@b"},
        {"a\nb\033", "a\\nb\\x1b"},
        {"", ""},
        {"://", "://"},
        {"http://u:"
         "pass",
         "http://u:pass"},
    };
    struct buf out = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        buf_reset(&out);
        client_url_mask(&out, str_from(table[i][0]));
        assert_string_equal(out.data, table[i][1]);
    }
    char longer[1000];
    memset(longer, 'x', sizeof longer);
    buf_reset(&out);
    client_url_mask(&out, str_make(longer, sizeof longer));
    assert_int_equal(out.n, 203);
    buf_release(&out);
}

/* ---- against nobody ---- */

struct send {
    struct client *client;
    struct client_request request;
    struct client_response response;
    int status;
    struct err err;
};

static void send_in_fiber(void *arg)
{
    struct send *s = arg;
    s->status = client_send(s->client, &s->request, &s->response, &s->err);
}

static void test_send(void **state)
{
    struct send s = {.request = client_request_defaults()};
    struct loop *l = loop_new(NULL, NULL);
    struct err err;
    (void)state;
    s.client = client_new(l, &err);
    if (!s.client) { /* no libcurl on this machine */
        loop_free(l);
        fail_msg("%s", err.msg);
    }
    client_response_init(&s.response);
    s.request.url = STR("http://127.0.0.1:1/");
    s.request.proxy = "";
    fiber_start(l, send_in_fiber, &s);
    loop_run(l);
    assert_int_equal(s.status, -1);
    assert_int_equal(s.err.code, ERR_IO);
    s.request.public_only = true;
    fiber_start(l, send_in_fiber, &s);
    loop_run(l);
    assert_int_equal(s.err.code, ERR_DENIED);
    s.request.method = STR("A B");
    fiber_start(l, send_in_fiber, &s);
    loop_run(l);
    assert_int_equal(s.err.code, ERR_INVALID);
    client_response_release(&s.response);
    loop_free(l); /* a client may outlive its loop */
    client_free(s.client);
    client_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private),        cmocka_unit_test(test_public),
        cmocka_unit_test(test_other_families), cmocka_unit_test(test_mask),
        cmocka_unit_test(test_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
