/* SPDX-License-Identifier: MIT */
/* Real servers of Redis and Memcached for tests, on ports of the kernel's choice, and a loop
 * to talk to them from. They die with the test. */
#ifndef TESTS_UNIT_CACHE_SERVERS_H
#define TESTS_UNIT_CACHE_SERVERS_H

#include "cache_rules.h"

#include "fiber/fiber.h"
#include "net/redis.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct test_server {
    pid_t pid;
    int port;
    char at[64]; /* location */
};

static struct loop *loop;

static inline int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&a, n));
    getsockname(fd, (struct sockaddr *)&a, &n);
    close(fd);
    return ntohs(a.sin_port);
}

static inline bool answers(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return yes;
}

/* By the path of a socket. */
static inline bool answers_at(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return yes;
}

static inline void run_program(const char *const *argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!freopen("/dev/null", "w", stdout))
        _exit(126);
    execvp(argv[0], (char *const *)(void *)(uintptr_t)argv);
    fprintf(stderr, "cannot run %s: it is one of the packages for tests\n", argv[0]);
    _exit(127);
}

/* Starts it on s->port; `more`: further arguments, ending with NULL, or NULL. */
static inline void server_begin(struct test_server *s, bool redis, const char *const *more)
{
    char port[16];
    const struct passwd *who = getpwuid(geteuid());
    const char *r[24] = {"redis-server", "--port",     port,     "--bind",
                         "127.0.0.1",    "--save",     "",       "--dir",
                         "/tmp",         "--loglevel", "warning"};
    const char *m[24] = {"memcached",
                         "-l",
                         "127.0.0.1",
                         "-p",
                         port,
                         "-U",
                         "0",
                         "-m",
                         "32",
                         "-u",
                         who ? who->pw_name : "nobody"};
    const char **argv = redis ? r : m;
    size_t n = 11;
    snprintf(port, sizeof port, "%d", s->port);
    while (more && *more)
        argv[n++] = *more++;
    s->pid = fork();
    if (s->pid == 0)
        run_program(argv);
    snprintf(s->at, sizeof s->at, redis ? "redis://127.0.0.1:%d/0" : "127.0.0.1:%d", s->port);
    for (int i = 0; !answers(s->port); i++) {
        if (i > 2000 || waitpid(s->pid, NULL, WNOHANG) == s->pid)
            fail_msg("%s does not start", argv[0]);
        usleep(5000);
    }
}

static inline struct test_server server_start(bool redis, const char *const *more)
{
    struct test_server s = {.port = free_port()};
    server_begin(&s, redis, more);
    return s;
}

static inline void server_end(struct test_server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

/* Opens a cache of `n` servers; timeout in ms. */
static inline struct cache *open_servers(bool redis, const char *const *at, size_t n, bool sharding,
                                         int timeout)
{
    struct cache_options o = {.alias = "default",
                              .loop = loop,
                              .servers = at,
                              .nservers = n,
                              .sharding = sharding,
                              .timeout = timeout * CLOCK_MS};
    struct cache *c = cache_open(cache_backend(str_from(redis ? "redis" : "memcached")), &o, &err);
    if (!c)
        fail_msg("%s", err.msg);
    return c;
}

static inline struct cache *open_server(const struct test_server *s, bool redis, int timeout)
{
    const char *at = s->at;
    return open_servers(redis, &at, 1, false, timeout);
}

/* Runs fn(arg) in a fiber, with those that it starts, to the end. */
static inline void in_fiber(void (*fn)(void *arg), void *arg)
{
    fiber_spawn(loop, fn, arg, false);
    loop_run(loop);
    assert_int_equal(0, loop_fibers(loop));
}

static inline double since(int64_t start)
{
    return (double)(clock_monotonic() - start) / 1e9;
}

static inline int make_loop(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_DFL); /* nothing may depend on its being ignored */
    loop = loop_new(NULL, &err);
    return loop ? 0 : -1;
}

static inline int drop_loop(void **state)
{
    (void)state;
    if (loop_fibers(loop) == 0) /* otherwise an assertion has failed in one of them */
        loop_free(loop);
    return 0;
}

#define server_test(fn) cmocka_unit_test_setup_teardown(fn, make_loop, drop_loop)

#endif
