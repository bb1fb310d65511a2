/* SPDX-License-Identifier: MIT */
/* Servers of caches that fail: not there, killed, stopped, silent, cut in the middle of an
 * answer, refusing. A call is over by its deadline, the next ones are told at once, and no
 * answer ever comes to the wrong caller. */
#include "cache_servers.h"

#include "crypto/random.h"

#include <poll.h>

enum { TIMEOUT = 1000 /* ms */ };

/* Seconds that a machine with much else to do may add to whatever is measured. */
static const double SLACK = 0.8;

static int get(struct cache *c, const char *key)
{
    struct buf b = BUF_INIT;
    int status = cache_get(c, str_from(key), &b, &err);
    buf_release(&b);
    return status;
}

/* The server is there again: within a second it is used. */
static void comes_back(struct cache *c)
{
    int64_t start = clock_monotonic();
    while (set(c, "back", "x", 60 * SECOND) < 0) {
        assert_true(since(start) < 20);
        fiber_sleep(loop, 0.01, NULL);
    }
    assert_true(since(start) < 1 + SLACK);
    expect(c, "back", "x");
}

/* Waits until what others count has become `least`. */
static void until(const int *count, int least)
{
    int64_t start = clock_monotonic();
    while (*count < least) {
        assert_true(since(start) < 30);
        fiber_sleep(loop, 0.005, NULL);
    }
}

static void is_fast(struct cache *c, const char *text)
{
    int64_t start = clock_monotonic();
    assert_int_equal(-1, get(c, "k"));
    assert_true(since(start) < SLACK); /* it did not wait for an answer */
    if (!strstr(err.msg, text))
        fail_msg("%s", err.msg);
}

/* ---- the life of a server ---- */

static bool redis_now;

static void not_there(void *data)
{
    struct test_server *s = data;
    struct cache *c = open_server(s, redis_now, TIMEOUT);
    is_fast(c, "cannot connect: Connection refused");
    is_fast(c, "next try in");
    server_begin(s, redis_now, NULL);
    comes_back(c);
    cache_close(c);
}

static void starts_later(void **state)
{
    (void)state;
    for (int redis = 0; redis < 2; redis++) {
        struct test_server s = {.port = free_port()};
        redis_now = redis;
        snprintf(s.at, sizeof s.at, redis ? "redis://127.0.0.1:%d/0" : "127.0.0.1:%d", s.port);
        in_fiber(not_there, &s);
        server_end(&s);
    }
}

struct crowd {
    struct cache *c;
    bool stop;
    int running, good, bad, wrong, slow;
};

/* Reads and writes its own keys, and looks whether it gets what it has written. */
static void one_of_crowd(void *data)
{
    struct crowd *w = data;
    int me = w->running++;
    for (int i = 0; !w->stop; i++) {
        char key[32], value[64], want[64];
        struct err e;
        struct buf b = BUF_INIT;
        int64_t start = clock_monotonic();
        snprintf(key, sizeof key, "crowd:%d:%d", me, i % 5);
        snprintf(value, sizeof value, "%s=%d", key, i);
        snprintf(want, sizeof want, "%s=", key);
        int status = i % 3
                         ? cache_get(w->c, str_from(key), &b, &e)
                         : cache_set(w->c, str_from(key), str_from(value), 60 * SECOND, false, &e);
        w->good += status >= 0;
        w->bad += status < 0;
        w->wrong += status > 0 && i % 3 && !str_starts(buf_str(&b), str_from(want));
        w->slow += since(start) > TIMEOUT / 1e3 + SLACK;
        buf_release(&b);
        if (status < 0)
            fiber_sleep(loop, 0.002, NULL);
    }
    w->running--;
}

static void start_crowd(struct crowd *w, struct cache *c)
{
    *w = (struct crowd){.c = c};
    for (int i = 0; i < 64; i++)
        fiber_spawn(loop, one_of_crowd, w, false);
    until(&w->good, 640);
    assert_int_equal(0, w->bad);
}

static void end_crowd(struct crowd *w)
{
    w->stop = true;
    while (w->running)
        fiber_sleep(loop, 0.01, NULL);
    assert_int_equal(0, w->wrong);
    assert_int_equal(0, w->slow);
}

static void dies(void *data)
{
    struct test_server *s = data;
    struct cache *c = open_server(s, redis_now, TIMEOUT);
    struct crowd w;
    start_crowd(&w, c);
    server_end(s);
    until(&w.bad, 64);
    is_fast(c, redis_now ? "redis at 127.0.0.1:" : "memcached at 127.0.0.1:");
    server_begin(s, redis_now, NULL);
    comes_back(c);
    until(&w.good, w.good + 640); /* all have heard of it */
    int bad = w.bad;
    until(&w.good, w.good + 640);
    assert_int_equal(bad, w.bad);
    end_crowd(&w);
    cache_close(c);
}

static void killed(void **state)
{
    (void)state;
    for (int redis = 0; redis < 2; redis++) {
        struct test_server s = server_start(redis, NULL);
        redis_now = redis;
        in_fiber(dies, &s);
        server_end(&s);
    }
}

/* Once this returns no thread of it runs any more. */
static void halt(const struct test_server *s)
{
    int status;
    kill(s->pid, SIGSTOP);
    assert_int_equal(s->pid, waitpid(s->pid, &status, WUNTRACED));
    assert_true(WIFSTOPPED(status));
}

static void stops(void *data)
{
    struct test_server *s = data;
    struct cache *c = open_server(s, redis_now, TIMEOUT);
    struct crowd w;
    set(c, "k", "v", 60 * SECOND);
    halt(s);
    int64_t start = clock_monotonic();
    assert_int_equal(-1, get(c, "k"));
    assert_int_equal(ERR_TIMEOUT, err.code);
    assert_non_null(strstr(err.msg, "no answer within 1 s"));
    assert_true(since(start) >= TIMEOUT / 1e3 && since(start) < TIMEOUT / 1e3 + SLACK);
    is_fast(c, "no answer within");
    kill(s->pid, SIGCONT);
    comes_back(c);
    expect(c, "k", "v");
    start_crowd(&w, c);
    halt(s);
    until(&w.bad, 64);
    kill(s->pid, SIGCONT);
    comes_back(c);
    end_crowd(&w);
    cache_close(c);
}

static void stopped(void **state)
{
    (void)state;
    for (int redis = 0; redis < 2; redis++) {
        struct test_server s = server_start(redis, NULL);
        redis_now = redis;
        in_fiber(stops, &s);
        server_end(&s);
    }
}

/* It accepts, and that is all it does. */
static void waits_in_vain(void *data)
{
    struct cache *c = open_server(data, true, TIMEOUT);
    int64_t start = clock_monotonic();
    assert_int_equal(-1, get(c, "k"));
    assert_int_equal(ERR_TIMEOUT, err.code);
    assert_true(since(start) < TIMEOUT / 1e3 + SLACK);
    is_fast(c, "no answer within 1 s");
    cache_close(c);
}

static void black_hole(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct test_server s = {.port = free_port()};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    a.sin_port = htons((uint16_t)s.port);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&a, sizeof a));
    assert_int_equal(0, listen(fd, 16));
    snprintf(s.at, sizeof s.at, "redis://127.0.0.1:%d", s.port);
    in_fiber(waits_in_vain, &s);
    close(fd);
}

/* ---- cuts ---- */

/* Between the two: bytes in small pieces, and now and then the end of it. */
static void meddle(int client, int server)
{
    struct pollfd p[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    int64_t left = 200 + random_below(6000);
    char bytes[512];
    while (left > 0 && poll(p, 2, 2000) > 0)
        for (int i = 0; i < 2; i++) {
            if (!p[i].revents)
                continue;
            ssize_t n = recv(p[i].fd, bytes, 1 + random_below(sizeof bytes), 0);
            if (n <= 0)
                return;
            if (n > left)
                n = left;
            left -= n;
            for (ssize_t at = 0, part; at < n; at += part) {
                part = 1 + random_below((uint32_t)(n - at));
                if (send(p[1 - i].fd, bytes + at, (size_t)part, MSG_NOSIGNAL) < 0)
                    return;
            }
        }
}

static int connected(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? fd : -1;
}

static void run_proxy(int listening, int port)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int client = accept(listening, NULL, NULL);
        if (fork() == 0) {
            struct linger hard = {1, 0};
            int server = connected(port);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            meddle(client, server);
            if (random_below(2)) /* with a reset */
                setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
            _exit(0);
        }
        close(client);
    }
}

static void through_proxy(void *data)
{
    struct cache *c = open_server(data, redis_now, 1000);
    struct crowd w = {.c = c};
    int64_t start = clock_monotonic();
    for (int i = 0; i < 8; i++)
        fiber_spawn(loop, one_of_crowd, &w, false);
    while ((w.good < 20000 && since(start) < 20) || w.good < 1000 || w.bad <= 10)
        fiber_sleep(loop, 0.02, NULL);
    w.stop = true;
    while (w.running)
        fiber_sleep(loop, 0.01, NULL);
    assert_int_equal(0, w.wrong);
    cache_close(c);
}

static void cut(void **state)
{
    (void)state;
    for (int redis = 0; redis < 2; redis++) {
        struct test_server s = server_start(redis, NULL), proxy = {.port = free_port()};
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        a.sin_port = htons((uint16_t)proxy.port);
        assert_int_equal(0, bind(fd, (struct sockaddr *)&a, sizeof a));
        assert_int_equal(0, listen(fd, 64));
        proxy.pid = fork();
        if (proxy.pid == 0)
            run_proxy(fd, s.port);
        close(fd);
        redis_now = redis;
        snprintf(proxy.at, sizeof proxy.at, redis ? "redis://127.0.0.1:%d" : "127.0.0.1:%d",
                 proxy.port);
        in_fiber(through_proxy, &proxy);
        server_end(&proxy);
        server_end(&s);
    }
}

/* ---- callers who go away ---- */

static struct cache *shared_cache;
static int outcome, outcomes;

static void ask(void *data)
{
    struct err e = {0};
    (void)data;
    outcome = cache_set(shared_cache, STR("k"), STR("theirs"), 60 * SECOND, false, &e) < 0
                  ? (int)e.code
                  : 0;
    outcomes++;
}

static void hurry(void *data)
{
    (void)data;
    fiber_deadline(loop, clock_monotonic() + 30 * CLOCK_MS);
    ask(NULL);
}

static void go_away(void *data)
{
    struct test_server *s = data;
    struct cache *c = shared_cache = open_server(s, redis_now, 10000);
    outcomes = 0;
    set(c, "k", "v", 60 * SECOND);
    halt(s);
    struct fiber *f = fiber_spawn(loop, ask, NULL, false);
    fiber_sleep(loop, 0.02, NULL); /* it has asked, and there is nobody to answer */
    assert_int_equal(0, outcomes);
    fiber_cancel(f);
    until(&outcomes, 1);
    assert_int_equal(ERR_CANCELLED, outcome);
    fiber_spawn(loop, hurry, NULL, false);
    until(&outcomes, 2);
    assert_int_equal(ERR_TIMEOUT, outcome);
    kill(s->pid, SIGCONT);
    expect(c, "k", "theirs"); /* what they sent was done; this answer is ours */
    expect(c, "none", NULL);
    cache_close(c);
}

static void callers(void **state)
{
    (void)state;
    for (int redis = 0; redis < 2; redis++) {
        struct test_server s = server_start(redis, NULL);
        redis_now = redis;
        in_fiber(go_away, &s);
        server_end(&s);
    }
}

/* ---- Redis refuses ---- */

static void expect_refusal(const char *at, const char *want)
{
    struct cache *c = open_servers(true, &at, 1, false, 10000);
    assert_int_equal(-1, set(c, "k", "v", 60 * SECOND));
    if (!strstr(err.msg, want) || strstr(err.msg, "redis at 127.0.0.1:") != err.msg)
        fail_msg("'%s', not '%s'", err.msg, want);
    cache_close(c);
}

static void passwords(void *data)
{
    struct test_server *s = data;
    static const char *const rows[][3] = {
        {"redis://", "", "it wants a password"},
        {"redis://:wrong@", "", "the user or the password of the location is wrong"},
        {"redis://ada:secret@", "", "the user or the password of the location is wrong"},
        {"redis://:secret@", "/99", "it has no database of that number"},
    };
    char at[80];
    const char *list[] = {at};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(at, sizeof at, "%s127.0.0.1:%d%s", rows[i][0], s->port, rows[i][1]);
        expect_refusal(at, rows[i][2]);
    }
    snprintf(at, sizeof at, "redis://default:secret@127.0.0.1:%d/15", s->port);
    struct cache *c = open_servers(true, list, 1, false, 10000);
    assert_int_equal(1, set(c, "k", "v", 60 * SECOND));
    cache_close(c);
}

/* One command on a connection of its own. */
static void order(const struct test_server *s, const char *a, const char *b, const char *c)
{
    struct redis_options o = {
        .loop = loop, .location = str_from(s->at), .timeout = SECOND, .max_connections = 1};
    struct str args[] = {str_from(a), str_from(b), str_from(c), STR("SKIPME"), STR("yes")};
    struct redis_result result;
    struct buf text = BUF_INIT;
    struct redis *r = redis_open(&o, &err);
    redis_result_init(&result, &text);
    assert_int_equal(0, redis_do(r, args, strcmp(a, "CLIENT") == 0 ? 5 : 4, true, &result, &err));
    redis_result_release(&result);
    buf_release(&text);
    redis_close(r);
}

static void kill_client(void *data)
{
    struct cache *c = open_server(data, true, 10000);
    int64_t n;
    set(c, "k", "1", 60 * SECOND);
    for (int i = 0; i < 20; i++) {
        order(data, "CLIENT", "KILL", "TYPE");
        assert_int_equal(1, cache_incr(c, STR("k"), 1, &n, &err) >= 0 || err.code == ERR_CLOSED);
        expect(c, "no such key", NULL); /* nobody notices */
    }
    cache_close(c);
}

static void fill_up(void *data)
{
    struct cache *c = open_server(data, true, 10000);
    char key[32], *large = mem_alloc(100001);
    int status = 1;
    memset(large, 'x', 100000);
    large[100000] = '\0';
    for (int i = 0; i < 100 && status == 1; i++) {
        snprintf(key, sizeof key, "large:%d", i);
        status = set(c, key, large, 60 * SECOND);
    }
    assert_int_equal(-1, status);
    assert_non_null(strstr(err.msg, "its memory is full: set its maxmemory-policy"));
    assert_int_equal(1, get(c, "large:0")); /* reading goes on */
    free(large);
    cache_close(c);
}

static void too_many(void *data)
{
    struct test_server *s = data;
    struct cache *first = open_server(s, true, 10000);
    comes_back(first); /* whoever looked whether it is there must have gone */
    assert_int_equal(1, set(first, "k", "v", 60 * SECOND));
    expect_refusal(s->at, "raise its maxclients");
    expect(first, "k", "v");
    cache_close(first);
}

static void refusals(void **state)
{
    static const char *const password[] = {"--requirepass", "secret", NULL},
                             *const memory[] = {"--maxmemory", "4mb", NULL},
                             *const clients[] = {"--maxclients", "1", NULL};
    static const struct {
        const char *const *more;
        void (*fn)(void *data);
    } rows[] = {{password, passwords}, {memory, fill_up}, {clients, too_many}, {NULL, kill_client}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct test_server s = server_start(true, rows[i].more);
        in_fiber(rows[i].fn, &s);
        server_end(&s);
    }
}

/* ---- one of two ---- */

static void half(void *data)
{
    struct test_server *s = data;
    const char *at[] = {s[0].at, s[1].at};
    struct cache *c = open_servers(redis_now, at, 2, true, TIMEOUT);
    char texts[40][16];
    struct str keys[40];
    struct buf values[40];
    bool flags[40];
    int alone = 0, there = 0, kept = 0;
    for (int i = 0; i < 40; i++) {
        snprintf(texts[i], sizeof texts[i], "key:%d", i);
        keys[i] = str_from(texts[i]);
        buf_init(&values[i]);
    }
    assert_int_equal(40, cache_set_many(c, keys, keys, 40, 60 * SECOND, flags, &err));
    server_end(&s[1]);
    for (int i = 0; i < 40; i++)
        alone += get(c, texts[i]) == 1;
    assert_true(alone > 5 && alone < 35);
    assert_int_equal(-1, cache_get_many(c, keys, 40, values, flags, &err));
    for (int i = 0; i < 40; i++) {
        there += flags[i];
        if (flags[i])
            assert_str(buf_str(&values[i]), texts[i]);
        buf_release(&values[i]);
    }
    assert_int_equal(alone, there);
    assert_int_equal(-1, cache_set_many(c, keys, keys, 40, 60 * SECOND, flags, &err));
    for (int i = 0; i < 40; i++)
        kept += !flags[i];
    assert_int_equal(alone, kept);
    cache_close(c);
}

static void one_of_two(void **state)
{
    (void)state;
    for (int redis = 0; redis < 2; redis++) {
        struct test_server s[2] = {server_start(redis, NULL), server_start(redis, NULL)};
        redis_now = redis;
        in_fiber(half, s);
        server_end(&s[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        server_test(starts_later), server_test(killed),     server_test(stopped),
        server_test(black_hole),   server_test(cut),        server_test(callers),
        server_test(refusals),     server_test(one_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
