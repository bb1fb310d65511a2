/* SPDX-License-Identifier: MIT */
/* What the master opens: addresses, unix sockets, pid file, systemd's sockets. */
#include "server_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static const struct listen_options plain = {16, 0600, (uid_t)-1, (gid_t)-1};

static void expect_error(const char *spec, enum err_code code, const char *part)
{
    struct listener l;
    struct err err = {ERR_OK, ""};

    assert_int_equal(listener_open(&l, str_from(spec), &plain, &err), -1);
    assert_int_equal(l.fd, -1);
    if (err.code != code || !strstr(err.msg, part))
        fail_msg("'%s': [%s] %s", spec, err_name(err.code), err.msg);
}

/* Opens, compares the name up to '*', closes. */
static void expect_name(const char *spec, const char *name)
{
    struct listener l;
    struct err err = {ERR_OK, ""};
    size_t n = strcspn(name, "*");

    if (listener_open(&l, str_from(spec), &plain, &err))
        fail_msg("'%s': %s", spec, err.msg);
    if (strncmp(l.name, name, n) != 0)
        fail_msg("'%s' is named '%s'", spec, l.name);
    assert_true(fcntl(l.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
    listener_unlink(&l);
    listener_close(&l);
    assert_int_equal(l.fd, -1);
}

/* ---- addresses ---- */

static void test_addresses(void **state)
{
    struct listener l;
    struct err err;
    (void)state;

    expect_name("127.0.0.1:0", "http://127.0.0.1:*");
    expect_name(" 127.0.0.1:0 ", "http://127.0.0.1:*");
    expect_name("localhost:0", "http://*");
    expect_name(":0", "http://0.0.0.0:*");
    expect_name("0", "http://127.0.0.1:*");
    if (listener_open(&l, STR("[::1]:0"), &plain, &err) == 0) {
        int only = 0;
        socklen_t len = sizeof only;
        assert_memory_equal(l.name, "http://[::1]:", 13);
        assert_int_equal(getsockopt(l.fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len), 0);
        assert_int_equal(only, 1);
        listener_close(&l);
    } else {
        print_message("skipped: no IPv6 here (%s)\n", err.msg);
    }
}

static void test_bad_addresses(void **state)
{
    char long_host[400];
    (void)state;

    expect_error("", ERR_INVALID, "it is ADDR:PORT, [IPV6]:PORT or unix:PATH");
    expect_error("127.0.0.1", ERR_INVALID, "bad address '127.0.0.1': the port is missing");
    expect_error("127.0.0.1:", ERR_INVALID, "the port is missing or not a number");
    expect_error("127.0.0.1:http", ERR_INVALID, "not a number");
    expect_error("127.0.0.1:-1", ERR_INVALID, "not a number");
    expect_error("127.0.0.1:65536", ERR_INVALID, "ports end at 65535");
    expect_error("127.0.0.1:99999999999999999999", ERR_INVALID, "not a number");
    expect_error("::1:8000", ERR_INVALID, "an IPv6 address stands in brackets");
    expect_error("[::1:8000", ERR_INVALID, "the bracket is not closed");
    expect_error("[::1]", ERR_INVALID, "not a number");
    expect_error("[:80", ERR_INVALID, "the bracket is not closed");
    expect_error("no.such.host.invalid:80", ERR_NOT_FOUND, "host 'no.such.host.invalid'");
    expect_error("192.0.2.77:0", ERR_NOT_FOUND, "this machine has no such address");
    memset(long_host, 'a', sizeof long_host);
    snprintf(long_host + 300, 20, ":80");
    expect_error(long_host, ERR_INVALID, "the host name is too long");
}

static void test_address_in_use(void **state)
{
    struct listener l;
    struct err err;
    const char *address;
    char hint[64];
    (void)state;

    assert_int_equal(listener_open(&l, STR("127.0.0.1:0"), &plain, &err), 0);
    address = l.name + strlen("http://");
    expect_error(address, ERR_EXISTS, "the address is in use");
    snprintf(hint, sizeof hint, "`ss -ltnp 'sport = :%s'`", strchr(address, ':') + 1);
    expect_error(address, ERR_EXISTS, hint);
    listener_close(&l);
}

/* ---- unix sockets ---- */

static void test_unix_socket(void **state)
{
    char dir[] = "/tmp/perilune-test-XXXXXX", path[64], spec[72], text[300];
    struct listener l, second;
    struct err err;
    struct stat st;
    FILE *f;
    (void)state;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/s", dir);
    snprintf(spec, sizeof spec, "unix:%s", path);

    assert_int_equal(listener_open(&l, str_from(spec), &plain, &err), 0);
    assert_string_equal(l.name, spec);
    assert_true(l.local);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    expect_error(spec, ERR_EXISTS, "another server answers there");
    assert_int_equal(access(path, F_OK), 0);

    listener_close(&l); /* leaves the file: stale now, and replaced */
    assert_int_equal(access(path, F_OK), 0);
    sleep_ms(20); /* file times have the grain of the kernel's ticks */
    assert_int_equal(listener_open(&second, str_from(spec), &plain, &err), 0);
    listener_unlink(&l); /* not its file any more */
    assert_int_equal(access(path, F_OK), 0);
    listener_unlink(&second);
    assert_int_not_equal(access(path, F_OK), 0);
    listener_close(&second);

    f = fopen(path, "we");
    assert_non_null(f);
    fclose(f);
    expect_error(spec, ERR_EXISTS, "exists and is not a socket");
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);

    expect_error("unix:", ERR_INVALID, "the path is missing");
    snprintf(text, sizeof text, "unix:%s/%0200d", dir, 7);
    expect_error(text, ERR_TOO_LARGE, "a unix socket's at most 107; use a shorter one");
    snprintf(text, sizeof text, "unix:%s/none/s", dir);
    expect_error(text, ERR_NOT_FOUND, "none/s'");
    rmdir(dir);
}

static void test_serve_unix(void **state)
{
    struct server server, *s = &server;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    char bind[128], answer[128] = "";
    int fd;
    (void)state;

    server_init(s);
    snprintf(un.sun_path, sizeof un.sun_path, "%s/socket", s->dir);
    snprintf(bind, sizeof bind, "unix:%s", un.sun_path);
    s->bind = bind;
    server_start(s, true);
    assert_true(server_logged(s, bind));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
    assert_int_equal(send(fd, "count\n", 6, 0), 6);
    assert_int_equal(recv(fd, answer, sizeof answer - 1, 0), 3);
    assert_string_equal(answer, "101");
    close(fd);
    server_stop(s);
    assert_int_not_equal(access(un.sun_path, F_OK), 0);
    server_release(s);
}

/* ---- errors of the start ---- */

static void expect_fatal(struct server *s, const char *text)
{
    unlink(s->log);
    server_start(s, false);
    assert_int_equal(server_wait(s, 15), 1);
    if (!server_logged(s, text))
        fail_msg("no '%s' in:\n%s", text, server_log(s));
}

static void test_start_errors(void **state)
{
    struct server server, *s = &server;
    (void)state;

    server_init(s);
    s->o.user = "no-such-user";
    expect_fatal(s, "fatal: unknown user 'no-such-user'; `getent passwd`");
    s->o.user = NULL;
    s->o.group = "no-such-group";
    expect_fatal(s, "fatal: unknown group 'no-such-group'");
    s->o.group = NULL;
    if (geteuid() == 0) {
        s->o.user = "3999999999";
        expect_fatal(s, "has no entry that tells its group; name the group too");
    } else {
        s->o.user = "0";
        expect_fatal(s, "only root may change");
    }
    s->o.user = NULL;
    s->o.workers = 0;
    expect_fatal(s, "fatal: 0 workers: the number is 1 to 1024");
    s->o.workers = 1;
    s->o.pid_file = "/nonexistent/pid";
    expect_fatal(s, "fatal: cannot write pid file '/nonexistent/pid': No such file");
    server_release(s);
}

static void write_pid(const struct server *s, const char *text)
{
    FILE *f = fopen(s->pid_file, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_pid_file(void **state)
{
    struct server server, second, *s = &server;
    char text[32], want[64];
    pid_t child;
    (void)state;

    server_init(s);
    s->o.pid_file = s->pid_file;
    server_start(s, true);

    server_init(&second); /* another server with the same pid file */
    second.o.pid_file = s->pid_file;
    snprintf(want, sizeof want, "names process %d, which runs; stop it (kill %d)", (int)s->pid,
             (int)s->pid);
    expect_fatal(&second, want);
    assert_int_equal(access(s->pid_file, F_OK), 0);
    server_release(&second);
    server_stop(s);
    assert_int_not_equal(access(s->pid_file, F_OK), 0);

    child = fork(); /* a number nobody has any more */
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    snprintf(text, sizeof text, "%d\n", (int)child);
    write_pid(s, text);
    unlink(s->log);
    server_start(s, true);
    server_stop(s);

    write_pid(s, "1\n"); /* somebody else's number: not this program */
    unlink(s->log);
    server_start(s, true);
    write_pid(s, "no number"); /* ours was overwritten: it stays */
    server_stop(s);
    assert_int_equal(access(s->pid_file, F_OK), 0);
    unlink(s->log);
    server_start(s, true); /* and is no obstacle */
    server_stop(s);
    server_release(s);
}

/* ---- systemd ---- */

static bool notified(int fd, const char *text)
{
    char got[256];
    ssize_t n = recv(fd, got, sizeof got - 1, 0);
    got[n > 0 ? n : 0] = '\0';
    return strncmp(got, text, strlen(text)) == 0;
}

static void test_systemd(void **state)
{
    struct server server, *s = &server;
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct timeval patience = {15, 0};
    socklen_t len = sizeof sin;
    int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)state;

    server_init(s);
    snprintf(un.sun_path, sizeof un.sun_path, "%s/notify", s->dir);
    assert_int_equal(bind(notify, (struct sockaddr *)&un, sizeof un), 0);
    setsockopt(notify, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    s->notify_socket = un.sun_path;
    s->inherit_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->inherit_fd, (struct sockaddr *)&sin, sizeof sin), 0);
    assert_int_equal(listen(s->inherit_fd, 16), 0);
    assert_int_equal(getsockname(s->inherit_fd, (struct sockaddr *)&sin, &len), 0);
    s->bind = "127.0.0.1:not-used";

    server_start(s, true);
    assert_int_equal(s->port, ntohs(sin.sin_port));
    assert_true(notified(notify, "READY=1"));
    assert_true(server_who(s).pid);
    kill(s->pid, SIGHUP);
    assert_true(notified(notify, "RELOADING=1\nMONOTONIC_USEC="));
    assert_true(notified(notify, "READY=1"));
    server_code(s, "!broken");
    kill(s->pid, SIGHUP);
    assert_true(notified(notify, "RELOADING=1"));
    assert_true(notified(notify, "READY=1"));
    server_stop(s);
    assert_true(notified(notify, "STOPPING=1"));
    close(notify);
    close(s->inherit_fd);
    server_release(s);
}

static void test_systemd_wrong_socket(void **state)
{
    struct server server, *s = &server;
    (void)state;

    server_init(s);
    s->inherit_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect_fatal(s, "fatal: inherited socket 3 does not listen");
    close(s->inherit_fd);
    s->inherit_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    expect_fatal(s, "fatal: cannot use inherited file descriptor 3 as a socket");
    close(s->inherit_fd);
    server_release(s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_bad_addresses),
        cmocka_unit_test(test_address_in_use),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_serve_unix),
        cmocka_unit_test(test_start_errors),
        cmocka_unit_test(test_pid_file),
        cmocka_unit_test(test_systemd),
        cmocka_unit_test(test_systemd_wrong_socket),
    };
    return run_parallel(tests, sizeof tests / sizeof *tests, 4);
}
