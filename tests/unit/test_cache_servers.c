/* SPDX-License-Identifier: MIT */
/* The backends that are elsewhere, against real servers: the rules for all backends, and
 * what each of these two has of its own. */
#include "cache/ring.h"
#include "cache_servers.h"

/* Memcached counts whole seconds, and begins somewhere inside one. */
static const struct rules memcached_rules = {2 * SECOND, 3200 * CLOCK_MS, false, false};

/* Each look is a way there and back. */
static const struct rules redis_rules = {SECOND / 5, SECOND / 4, true, true};

static void check_memcached(void *c)
{
    check_backend(c, &memcached_rules);
}

static void check_redis(void *c)
{
    check_backend(c, &redis_rules);
}

static void redis_alone(void **state)
{
    (void)state;
    struct test_server s = server_start(true, NULL);
    in_fiber(check_redis, open_server(&s, true, 10000));
    server_end(&s);
}

static void redis_shards(void **state)
{
    (void)state;
    struct test_server a = server_start(true, NULL), b = server_start(true, NULL);
    const char *at[] = {a.at, b.at};
    in_fiber(check_redis, open_servers(true, at, 2, true, 10000));
    server_end(&a);
    server_end(&b);
}

static void redis_by_path(void **state)
{
    (void)state;
    char path[64], at[128];
    snprintf(path, sizeof path, "/tmp/perilune-redis-%d.sock", (int)getpid());
    const char *more[] = {"--unixsocket", path, "--requirepass", "p@ss:/w", NULL};
    struct test_server s = server_start(true, more);
    for (int i = 0; !answers_at(path); i++) { /* it opens its port first */
        assert_true(i < 2000);
        usleep(5000);
    }
    snprintf(at, sizeof at, "unix://:p%%40ss:%%2Fw@%s?db=3", path);
    const char *list[] = {at};
    in_fiber(check_redis, open_servers(true, list, 1, false, 10000));
    server_end(&s);
    unlink(path);
}

static void memcached_alone(void **state)
{
    (void)state;
    struct test_server s = server_start(false, NULL);
    in_fiber(check_memcached, open_server(&s, false, 10000));
    server_end(&s);
}

static void memcached_nodes(void **state)
{
    (void)state;
    struct test_server a = server_start(false, NULL), b = server_start(false, NULL);
    const char *at[] = {a.at, b.at};
    in_fiber(check_memcached, open_servers(false, at, 2, false, 10000));
    server_end(&a);
    server_end(&b);
}

/* ---- many keys ---- */

enum { MANY = 3000 };

static void many_keys(void *data)
{
    struct cache *c = data;
    static char texts[MANY][24];
    struct str *keys = mem_zalloc((MANY + 1) * sizeof *keys);
    struct buf *values = mem_zalloc((MANY + 1) * sizeof *values);
    bool *flags = mem_zalloc(MANY + 1);
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], ":1:many:%d", i);
        keys[i] = str_from(texts[i]);
        buf_init(&values[i]);
    }
    buf_init(&values[MANY]);
    keys[MANY] = STR(":1:missing");
    assert_int_equal(MANY, cache_set_many(c, keys, keys, MANY, 60 * SECOND, flags, &err));
    for (int i = 0; i < MANY; i++)
        assert_false(flags[i]);
    assert_int_equal(MANY, cache_get_many(c, keys, MANY + 1, values, flags, &err));
    assert_false(flags[MANY]);
    for (int i = 0; i < MANY; i++) {
        assert_true(flags[i]);
        assert_str(buf_str(&values[i]), texts[i]);
        expect(c, texts[i], texts[i]); /* alone it is looked for in the same place */
        buf_release(&values[i]);
    }
    assert_int_equal(0, cache_get_many(c, keys, 0, values, flags, &err));
    assert_int_equal(0, cache_set_many(c, keys, keys, 10, 0, flags, &err));
    assert_true(flags[0]);
    expect(c, texts[0], NULL);
    assert_int_equal(MANY - 10, cache_remove_many(c, keys, MANY + 1, &err));
    free(keys);
    free(values);
    free(flags);
    cache_close(c);
}

static void many(void **state)
{
    (void)state;
    for (int redis = 0; redis < 2; redis++) {
        struct test_server a = server_start(redis, NULL), b = server_start(redis, NULL);
        const char *at[] = {a.at, b.at};
        in_fiber(many_keys, open_servers(redis, at, 1, false, 10000));
        in_fiber(many_keys, open_servers(redis, at, 2, true, 10000));
        server_end(&a);
        server_end(&b);
    }
}

/* ---- Redis' own ---- */

static void find_odd_keys(void *data)
{
    struct cache *c = data;
    static const char *const keys[] = {"a[1]", "a\\b", "a*b", "ab", "a-b", "abc\n"};
    static const struct {
        const char *pattern;
        int n;
    } rows[] = {{"*", 6},   {"a[[]1]", 1}, {"a\\b", 1}, {"a[!a-z]b", 3}, {"a[*]b", 1},
                {"a?b", 3}, {"a[", 0},     {"[a]b", 1}, {"[!b]*", 6},    {"a[]x*]b", 1}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(1, set(c, keys[i], "x", 60 * SECOND));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT;
        int n = cache_keys(c, str_from(rows[i].pattern), count_key, &b, &err);
        if (n != rows[i].n)
            fail_msg("'%s' finds %d: %s", rows[i].pattern, n, b.data);
        buf_release(&b);
    }
    char key[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "many:%d", i);
        set(c, key, "x", 60 * SECOND);
    }
    struct buf b = BUF_INIT;
    assert_int_equal(5000, cache_keys(c, STR("many:*"), count_key, &b, &err));
    buf_release(&b);
    struct cache_stats s;
    assert_int_equal(1, cache_stats(c, &s, &err));
    assert_true(s.counted && s.items == 5006 && s.sets == 5006 && s.bytes > 100000);
    cache_close(c);
}

static void odd_keys(void **state)
{
    (void)state;
    struct test_server s = server_start(true, NULL);
    in_fiber(find_odd_keys, open_server(&s, true, 10000));
    server_end(&s);
}

static void use_replica(void *data)
{
    struct test_server *s = data; /* the primary and its replica */
    const char *at[] = {s[0].at, s[1].at};
    struct cache *c = open_servers(true, at, 2, false, 10000),
                 *replica = open_server(&s[1], true, 10000);
    int found = 0;
    assert_int_equal(1, set(c, "k", "v", 60 * SECOND));
    for (int i = 0; i < 1000 && found != 1; i++) { /* until it has come there */
        struct buf b = BUF_INIT;
        found = cache_get(replica, STR("k"), &b, &err);
        buf_release(&b);
        fiber_sleep(loop, 0.005, &err);
    }
    assert_int_equal(1, found);
    expect(c, "k", "v");
    struct cache_stats primary, other;
    struct cache *first = open_server(&s[0], true, 10000);
    cache_stats(first, &primary, &err);
    cache_stats(replica, &other, &err);
    assert_true(primary.hits == 0 && other.hits > 0); /* it was the replica that was read */
    assert_int_equal(-1, set(replica, "k", "w", 60 * SECOND));
    assert_non_null(strstr(err.msg, "it is a replica"));
    expect(replica, "k", "v"); /* the connection is made anew */
    kill(s[1].pid, SIGKILL);
    waitpid(s[1].pid, NULL, 0);
    expect(c, "k", "v");
    struct str key = STR("k");
    struct buf value = BUF_INIT;
    bool got;
    assert_int_equal(1, cache_get_many(c, &key, 1, &value, &got, &err));
    assert_str(buf_str(&value), "v");
    buf_release(&value);
    cache_close(c);
    cache_close(first);
    cache_close(replica);
}

static void replicas(void **state)
{
    (void)state;
    char port[16];
    struct test_server s[2] = {server_start(true, NULL)};
    snprintf(port, sizeof port, "%d", s[0].port);
    const char *more[] = {"--replicaof", "127.0.0.1", port, "--repl-diskless-sync-delay",
                          "0",           NULL};
    s[1] = server_start(true, more);
    in_fiber(use_replica, s);
    server_end(&s[0]);
}

/* ---- Memcached's own ---- */

static void count_down(void *data)
{
    struct cache *c = data;
    int64_t n, ttl;
    struct buf large = BUF_INIT;
    set(c, "n", "10", 60 * SECOND);
    assert_int_equal(1, cache_incr(c, STR("n"), -1, &n, &err)); /* one digit less */
    expect(c, "n", "9");
    assert_int_equal(1, cache_incr(c, STR("n"), -10, &n, &err)); /* below 0 */
    expect(c, "n", "-1");
    assert_int_equal(1, cache_incr(c, STR("n"), 2, &n, &err)); /* and up again */
    expect(c, "n", "1");
    set(c, "n", "9223372036854775800", CACHE_FOREVER);
    assert_int_equal(-1, cache_incr(c, STR("n"), 8, &n, &err));
    assert_int_equal(ERR_INVALID, err.code);
    expect(c, "n", "9223372036854775800");
    assert_int_equal(1, cache_incr(c, STR("n"), 7, &n, &err));
    assert_int_equal(1, cache_ttl(c, STR("n"), &ttl, &err));
    assert_true(ttl == CACHE_FOREVER);
    set(c, "n", "-9223372036854775807", CACHE_FOREVER);
    assert_int_equal(-1, cache_incr(c, STR("n"), -2, &n, &err));

    assert_int_equal(1, set(c, "year", "x", 365 * 24 * 3600 * SECOND)); /* past 30 days */
    assert_int_equal(1, cache_ttl(c, STR("year"), &ttl, &err));
    assert_true(ttl > 364 * 24 * 3600 * SECOND && ttl <= 366 * 24 * 3600 * SECOND);

    for (int i = 0; i < 2 << 20; i++)
        buf_addc(&large, 'x');
    set(c, "large", "small", 60 * SECOND);
    assert_int_equal(0, cache_set(c, STR("large"), buf_str(&large), 60 * SECOND, false, &err));
    expect(c, "large", NULL); /* not the old one */
    set(c, "fine", "still in step", 60 * SECOND);
    expect(c, "fine", "still in step");
    struct str keys[] = {STR("large"), STR("fine")}, values[] = {buf_str(&large), STR("too")};
    bool failed[2];
    assert_int_equal(1, cache_set_many(c, keys, values, 2, 60 * SECOND, failed, &err));
    assert_true(failed[0] && !failed[1]);
    expect(c, "fine", "too");
    buf_release(&large);

    char key[300];
    memset(key, 'k', sizeof key);
    key[250] = '\0';
    assert_int_equal(1, set(c, key, "x", 60 * SECOND));
    expect(c, key, "x");
    key[250] = 'k';
    key[251] = '\0';
    struct str odd[] = {str_from(key), STR("a b"), STR("a\r\nflush_all"), STR("a\x7f"), STR("")};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(-1, cache_set(c, odd[i], STR("x"), SECOND, false, &err));
        assert_int_equal(ERR_INVALID, err.code);
        assert_int_equal(-1, cache_remove_many(c, &odd[i], 1, &err));
        assert_int_equal(ERR_INVALID, err.code);
    }
    struct cache_stats s;
    assert_int_equal(1, cache_stats(c, &s, &err));
    assert_true(s.counted && s.hits > 5 && s.items > 2 && s.max_bytes == 32 << 20);
    cache_close(c);
}

static void memcached_own(void **state)
{
    (void)state;
    struct test_server s = server_start(false, NULL);
    in_fiber(count_down, open_server(&s, false, 10000));
    server_end(&s);
}

/* ---- which server ---- */

/* What libmemcached 1.1.4 answers (memcached_generate_hash with KETAMA_WEIGHTED) for ":1:key:0"
 * to ":1:key:39". */
static void ring_of_libmemcached(void **state)
{
    static const struct str names[] = {STR_INIT("10.0.0.1"), STR_INIT("10.0.0.2"),
                                       STR_INIT("cache.example.com:11212"), STR_INIT("10.0.0.4"),
                                       STR_INIT("10.0.0.5:11300")};
    static const struct str paths[] = {STR_INIT("/run/mc1.sock:0"), STR_INIT("/run/mc2.sock:0")};
    static const struct {
        const struct str *names;
        size_t n;
        const char *servers;
    } rows[] = {
        {names, 2, "0000000110001101010101011011001010110110"},
        {names, 3, "0002002210001202010102012022022010110210"},
        {names, 5, "4002042210001202430142012022324410133214"},
        {paths, 2, "1001101110110010011101001101101100110011"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ring *r = ring_new(rows[i].names, rows[i].n);
        for (int k = 0; k < 40; k++) {
            char key[32];
            snprintf(key, sizeof key, ":1:key:%d", k);
            assert_int_equal(rows[i].servers[k] - '0', ring_find(r, str_from(key)));
        }
        ring_free(r);
    }
}

static void locations(void **state)
{
    static const struct {
        bool redis;
        const char *at, *why;
    } rows[] = {
        {true, "redis://", "names no host"},
        {true, "redis://host:0", "has no port from 1 to 65535"},
        {true, "redis://host:99999", "has no port"},
        {true, "redis://host:63x", "has no port"},
        {true, "redis://host/x", "'x' is no number of a database"},
        {true, "redis://host/0?bd=1", "unknown part 'bd'"},
        {true, "redis://:secret@ho st", "is no host"},
        {true, "redis://ada@host", "a user without a password"},
        {true, "rediss://host", "there is no TLS to Redis"},
        {true, "http://host", "a location is redis://"},
        {true, "unix://run/x.sock", "begins with '/'"},
        {false, "redis://host", "a location is host:11211"},
        {false, "", "names no host"},
        {false, "[::1", "no port"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *at = rows[i].at;
        struct cache_options o = {.alias = "x", .loop = loop, .servers = &at, .nservers = 1};
        const char *name = rows[i].redis ? "redis" : "memcached";
        struct cache *c = cache_open(cache_backend(str_from(name)), &o, &err);
        if (c || !strstr(err.msg, rows[i].why) || strstr(err.msg, "secret"))
            fail_msg("'%s': %s", at, c ? "is opened" : err.msg);
        assert_int_equal(ERR_CONFIG, err.code);
    }
    const char *twice[] = {"redis://host", "redis://host:6379/0"};
    struct cache_options o = {.alias = "x", .loop = loop, .servers = twice, .nservers = 2};
    assert_null(cache_open(cache_backend(STR("redis")), &o, &err));
    assert_non_null(strstr(err.msg, "twice"));
    const char *fine[] = {"redis://[::1]", "redis://user:p%3Aw@[::1]:6380/15", "redis://h:1",
                          "unix:///run/redis.sock?db=2&password=x"};
    o = (struct cache_options){.alias = "x", .loop = loop, .servers = fine, .nservers = 4};
    cache_close(cache_open(cache_backend(STR("redis")), &o, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        server_test(redis_alone),
        server_test(redis_shards),
        server_test(redis_by_path),
        server_test(memcached_alone),
        server_test(memcached_nodes),
        server_test(many),
        server_test(odd_keys),
        server_test(replicas),
        server_test(memcached_own),
        server_test(locations),
        cmocka_unit_test(ring_of_libmemcached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
