/* SPDX-License-Identifier: MIT */
#include "server_helper.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- small things ---- */

void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

double seconds_since(int64_t start)
{
    return (double)(clock_monotonic() - start) / (double)CLOCK_SECOND;
}

static char *read_all(const char *path, char *out, size_t size)
{
    size_t n = 0;
    FILE *f = fopen(path, "re");
    if (f) {
        n = fread(out, 1, size - 1, f);
        fclose(f);
    }
    out[n] = '\0';
    return out;
}

/* "State" and "PPid" of /proc/PID/status; false when there is no such process. */
static bool process_state(pid_t pid, char *state, pid_t *parent)
{
    char path[48], text[2048], *p;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (!*read_all(path, text, sizeof text))
        return false;
    p = strstr(text, "State:");
    *state = p ? p[strspn(p + 6, " \t") + 6] : '?';
    p = strstr(text, "PPid:");
    *parent = p ? (pid_t)strtol(p + 5, NULL, 10) : 0;
    return true;
}

bool process_gone(pid_t pid)
{
    char state;
    pid_t parent;
    return !process_state(pid, &state, &parent) || state == 'Z' || state == 'X';
}

size_t children_of(pid_t pid, pid_t *out, size_t max)
{
    size_t n = 0;
    DIR *proc = opendir("/proc");
    struct dirent *e;
    char state;
    pid_t parent;

    while (proc && (e = readdir(proc)) != NULL && n < max) {
        pid_t child = (pid_t)strtol(e->d_name, NULL, 10);
        if (child > 0 && process_state(child, &state, &parent) && parent == pid && state != 'Z')
            out[n++] = child;
    }
    if (proc)
        closedir(proc);
    return n;
}

/* ---- the app ---- */

enum { MAX_CONNS = 64 };

struct conn {
    int fd;      /* -1: free */
    int64_t due; /* when to answer; 0: the request has not come */
};

struct tiny { /* a worker */
    struct server_worker *w;
    struct server *s;
    char code[64];
    struct conn conns[MAX_CONNS];
    bool accepting;
    int result; /* of work(); -2: goes on */
};

static int load(struct server_worker *w, struct err *err)
{
    struct server *s = w->data;
    char code[64];
    int n = s->probe->loads++;

    s->probe->load_at[n % PROBE_LOADS] = clock_monotonic();
    read_all(s->code, code, sizeof code);
    if (code[0] == '!')
        return err_set(err, ERR_SCRIPT, "%s", code + 1);
    if (code[0] == '+')
        sleep_ms(atoi(code + 1));
    if (strcmp(code, "first") == 0 && n > 0)
        return err_set(err, ERR_SCRIPT, "only the first loads");
    if (strcmp(code, "crash") == 0)
        kill(getpid(), SIGKILL);
    while (strcmp(code, "sleep") == 0)
        sleep_ms(1000);
    return 0;
}

static int open_fds(int without_flags)
{
    int n = 0;
    for (int fd = 3; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        n += flags >= 0 && !(flags & without_flags);
    }
    return n;
}

int inherited_fds(void)
{
    return open_fds(FD_CLOEXEC);
}

static void hang(bool hard)
{
    volatile unsigned spins = 0;
    if (hard)
        signal(SIGABRT, SIG_IGN);
    for (;;)
        spins++;
}

static void handle(struct tiny *t, const char *request, char *out, size_t size)
{
    struct server_worker *w = t->w;
    size_t shared;

    snprintf(out, size, "ok");
    if (strcmp(request, "who") == 0)
        snprintf(out, size, "%d %u %u %s %u", (int)getpid(), w->id, w->generation, t->code,
                 (unsigned)getuid());
    else if (strncmp(request, "hang", 4) == 0)
        hang(request[4] == '!');
    else if (strcmp(request, "crash") == 0)
        raise(SIGSEGV);
    else if (strcmp(request, "recycle") == 0)
        server_worker_recycle(w);
    else if (strcmp(request, "reload") == 0)
        server_worker_reload(w);
    else if (strcmp(request, "quit") == 0)
        t->result = SERVER_RECYCLE;
    else if (strcmp(request, "fail") == 0)
        t->result = -1;
    else if (strcmp(request, "count") == 0)
        snprintf(out, size, "%d", ++*(_Atomic int *)server_shared(w, &shared));
    else if (strcmp(request, "fds") == 0)
        snprintf(out, size, "%d %d", open_fds(0), inherited_fds());
}

static void answer(struct conn *c, const char *text)
{
    (void)send(c->fd, text, strlen(text), MSG_NOSIGNAL);
    close(c->fd);
    c->fd = -1;
}

static void read_request(struct tiny *t, struct conn *c)
{
    char request[128], what[160], out[256];
    ssize_t n = recv(c->fd, request, sizeof request - 1, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    request[n > 0 ? n : 0] = '\0';
    request[strcspn(request, "\n")] = '\0';
    snprintf(what, sizeof what, "GET /%s", request);
    server_worker_busy(t->w, str_from(what));
    if (strncmp(request, "slow ", 5) == 0 || strncmp(request, "hang", 4) == 0)
        (void)send(c->fd, request, 1, MSG_NOSIGNAL);
    if (strncmp(request, "slow ", 5) == 0) {
        c->due = clock_monotonic() + atoi(request + 5) * CLOCK_MS;
        return;
    }
    handle(t, request, out, sizeof out);
    answer(c, out);
}

static void accept_all(struct tiny *t)
{
    for (size_t l = 0; l < t->w->nlisteners; l++) {
        for (int i = 0; i < MAX_CONNS; i++) {
            struct conn *c = &t->conns[i];
            if (c->fd >= 0)
                continue;
            c->fd = accept4(t->w->listeners[l].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            c->due = 0;
            if (c->fd < 0)
                break;
        }
    }
}

static void obey(struct tiny *t)
{
    enum server_order order;

    while ((order = server_worker_order(t->w)) != SERVER_NONE) {
        if (order == SERVER_REOPEN)
            t->s->probe->worker_reopens++;
        else if (order == SERVER_RELOAD_FAILED)
            t->s->probe->reload_failures += strstr(t->w->order, "boom") != NULL;
        else if (order == SERVER_STOP)
            t->result = 0;
        else if (t->accepting) {
            accept_all(t);
            for (size_t l = 0; l < t->w->nlisteners; l++)
                close(t->w->listeners[l].fd);
            t->accepting = false;
        }
        if (order == SERVER_ORPHANED)
            return;
    }
}

/* Serves what is due; gives the number of connections. */
static int tend_conns(struct tiny *t)
{
    int n = 0;
    for (int i = 0; i < MAX_CONNS; i++) {
        struct conn *c = &t->conns[i];
        if (c->fd >= 0 && c->due && clock_monotonic() >= c->due)
            answer(c, "low");
        else if (c->fd >= 0 && !c->due)
            read_request(t, c);
        n += c->fd >= 0;
    }
    return n;
}

static int work(struct server_worker *w, struct err *err)
{
    struct tiny t = {.w = w, .s = w->data, .accepting = true, .result = -2};
    bool orphaned = false;

    signal(SIGSEGV, SIG_DFL); /* no sanitizer's report */
    read_all(t.s->code, t.code, sizeof t.code);
    for (int i = 0; i < MAX_CONNS; i++)
        t.conns[i].fd = -1;
    if (server_worker_ready(w, err))
        return 0;
    while (t.result == -2) {
        struct pollfd p[2] = {{orphaned ? -1 : w->control_fd, POLLIN, 0},
                              {t.accepting ? w->listeners[0].fd : -1, POLLIN, 0}};
        server_worker_idle(w);
        (void)poll(p, 2, 5);
        server_worker_progress(w);
        if (p[0].revents)
            obey(&t);
        orphaned |= (p[0].revents & POLLHUP) != 0;
        if (t.accepting)
            accept_all(&t);
        if (tend_conns(&t) == 0 && !t.accepting)
            return 0;
        if (clock_monotonic() >= w->deadline)
            sleep_ms(10); /* tries the master's patience */
    }
    return t.result == -1 ? err_set(err, ERR_IO, "out of cheese") : t.result;
}

static int share(void *data, void *memory, size_t size, struct err *err)
{
    struct server *s = data;
    (void)err;
    s->probe->shares++;
    *(_Atomic int *)memory = size == 4096 ? 100 : -1;
    return 0;
}

static void reopen(void *data)
{
    ((struct server *)data)->probe->master_reopens++;
}

/* ---- the fixture ---- */

void server_init(struct server *s)
{
    *s = (struct server){.bind = "127.0.0.1:0", .inherit_fd = -1};
    snprintf(s->dir, sizeof s->dir, "/tmp/perilune-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->code, sizeof s->code, "%s/code", s->dir);
    snprintf(s->log, sizeof s->log, "%s/log", s->dir);
    snprintf(s->pid_file, sizeof s->pid_file, "%s/pid", s->dir);
    s->probe =
        mmap(NULL, sizeof *s->probe, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(s->probe != MAP_FAILED);
    server_options_init(&s->o);
    s->o.workers = 2;
    s->o.graceful_timeout = 10;
    s->o.ready_timeout = 20;
    s->o.shared_size = 4096;
    server_code(s, "v1");
}

void server_release(struct server *s)
{
    DIR *dir = opendir(s->dir);
    struct dirent *e;

    if (s->pid) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    while (dir && (e = readdir(dir)) != NULL)
        unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(s->dir);
    munmap(s->probe, sizeof *s->probe);
}

void server_code(const struct server *s, const char *code)
{
    char temp[112];
    FILE *f;

    snprintf(temp, sizeof temp, "%s.new", s->code);
    f = fopen(temp, "we");
    assert_non_null(f);
    fputs(code, f);
    fclose(f);
    assert_int_equal(rename(temp, s->code), 0);
}

static void pass_socket(struct server *s)
{
    char pid[16];

    if (s->notify_socket)
        setenv("NOTIFY_SOCKET", s->notify_socket, 1);
    if (s->inherit_fd < 0)
        return;
    dup2(s->inherit_fd, 3);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
}

static int master_main(struct server *s)
{
    const struct server_app app = {s, load, work, share, reopen};
    struct err err = {ERR_OK, ""};
    struct log log;
    int fd, status;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
    pass_socket(s);
    fd = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    log_init(&log, fd, LOG_LEVEL_DEBUG);
    s->o.binds = &s->bind;
    s->o.nbinds = 1;
    status = server_run(&s->o, &app, &log, &err);
    if (status)
        log_write(&log, LOG_LEVEL_CRITICAL, "test", "fatal: %s", err.msg);
    close(fd);
    return status;
}

void server_start(struct server *s, bool wait)
{
    const char *p;

    fflush(NULL);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0)
        exit(master_main(s));
    if (!wait)
        return;
    AWAIT(server_logged(s, " listening on "));
    p = strstr(server_log(s), "127.0.0.1:");
    s->port = p ? atoi(p + 10) : 0;
}

int server_wait(struct server *s, double seconds)
{
    int status = 0;
    AWAIT_FOR(seconds, waitpid(s->pid, &status, WNOHANG) == s->pid);
    s->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void server_stop(struct server *s)
{
    kill(s->pid, SIGTERM);
    assert_int_equal(server_wait(s, 15), 0);
}

const char *server_log(const struct server *s)
{
    static char text[256 * 1024];
    return read_all(s->log, text, sizeof text);
}

bool server_logged(const struct server *s, const char *text)
{
    return strstr(server_log(s), text) != NULL;
}

int server_send(const struct server *s, const char *request)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)s->port),
                              .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {15, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&sin, sizeof sin) ||
        send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int server_begin(const struct server *s, const char *request)
{
    char first;
    int fd = server_send(s, request);
    assert_true(fd >= 0);
    assert_int_equal(recv(fd, &first, 1, MSG_PEEK), 1);
    return fd;
}

const char *server_answer(int fd)
{
    static char text[512];
    ssize_t n, have = 0;

    while (fd >= 0 && (n = recv(fd, text + have, sizeof text - 1 - (size_t)have, 0)) > 0)
        have += n;
    text[have] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

const char *server_ask(const struct server *s, const char *request)
{
    return server_answer(server_send(s, request));
}

struct who server_who(const struct server *s)
{
    struct who w = {0};
    if (sscanf(server_ask(s, "who"), "%d %d %d %63s %u", &w.pid, &w.id, &w.generation, w.code,
               &w.uid) != 5)
        w.pid = 0;
    return w;
}

/* ---- runner ---- */

static pid_t start_test(const struct CMUnitTest *test, FILE *out)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(out), STDERR_FILENO);
        exit(_cmocka_run_group_tests(test->name, test, 1, NULL, NULL) ? 1 : 0);
    }
    return pid;
}

static void show(FILE *out)
{
    char text[4096];
    size_t n;

    rewind(out);
    while ((n = fread(text, 1, sizeof text, out)) > 0)
        fwrite(text, 1, n, stderr);
    fclose(out);
}

int run_parallel(const struct CMUnitTest *tests, size_t n, int jobs)
{
    pid_t *pids = calloc(n, sizeof *pids);
    FILE **outs = calloc(n, sizeof *outs);
    int running = 0, failed = 0;
    size_t next = 0;

    while (pids && outs && (next < n || running)) {
        int status = 0;
        if (next < n && running < jobs) {
            outs[next] = tmpfile();
            pids[next] = start_test(&tests[next], outs[next]);
            next++;
            running++;
            continue;
        }
        pid_t pid = wait(&status);
        for (size_t i = 0; i < n; i++) {
            if (pids[i] != pid)
                continue;
            running--;
            failed += status != 0;
            show(outs[i]);
        }
    }
    free(pids);
    free(outs);
    return failed;
}
