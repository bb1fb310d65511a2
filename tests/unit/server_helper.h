/* SPDX-License-Identifier: MIT */
/* A tiny server for test_server.c: real processes, a line protocol, and what a
 * test needs to look at them.
 *
 * A client sends one line and gets one line; the connection then ends.
 *   who            "PID ID GENERATION CODE UID"
 *   slow MS        "slow", MS milliseconds later
 *   hang, hang!    "h", then spins for ever; with ! SIGABRT is ignored
 *   crash          dies of SIGSEGV
 *   recycle, reload  asks the master for it; "ok"
 *   quit           work() returns SERVER_RECYCLE
 *   fail           work() returns -1, "out of cheese"
 *   count          adds one in shared memory, gives the sum
 *   fds            "N M": open descriptors, and those that survive an exec
 *
 * The "code" of the app is the file s->code: "!TEXT" fails to load with TEXT,
 * "crash" dies, "sleep" never ends, "+MS" takes that long; others load. */
#ifndef TESTS_UNIT_SERVER_HELPER_H
#define TESTS_UNIT_SERVER_HELPER_H

#include "test.h"

#include "server/server.h"

enum { PROBE_LOADS = 256 };

struct probe { /* memory that the test shares with master and workers */
    _Atomic int loads, shares, master_reopens, worker_reopens, reload_failures;
    _Atomic int64_t load_at[PROBE_LOADS];
};

struct server {
    char dir[64];
    char code[96], log[96], pid_file[96];
    const char *bind;
    struct server_options o;
    struct probe *probe;
    pid_t pid; /* of the master; 0: not running */
    int port;
    int inherit_fd;            /* passed as systemd would; -1: none */
    const char *notify_socket; /* NULL: none */
};

/* A directory, code "v1", 127.0.0.1:0, short timeouts. */
void server_init(struct server *s);
/* Removes the directory and kills what still runs. */
void server_release(struct server *s);
void server_code(const struct server *s, const char *code);
/* Starts the master; with `wait`, until it says that it listens. */
void server_start(struct server *s, bool wait);
/* The master's exit status, which must come within `seconds`. */
int server_wait(struct server *s, double seconds);
/* SIGTERM, exit status 0. */
void server_stop(struct server *s);
/* The log so far; valid until the next call. */
const char *server_log(const struct server *s);
bool server_logged(const struct server *s, const char *text);

/* A connection with the request sent; -1: refused. */
int server_send(const struct server *s, const char *request);
/* The same, and a worker has begun with it: for slow and hang, which send their
 * first letter at once. */
int server_begin(const struct server *s, const char *request);
/* The answer, closing fd; "" when there is none. Valid until the next call. */
const char *server_answer(int fd);
const char *server_ask(const struct server *s, const char *request);

struct who {
    int pid, id, generation;
    char code[64];
    unsigned uid;
};
/* Who answers; pid 0 when nobody does. */
struct who server_who(const struct server *s);

/* Children of a process, as many as fit; gives their number. */
size_t children_of(pid_t pid, pid_t *out, size_t max);
/* Neither running nor stopped: gone, or a zombie. */
bool process_gone(pid_t pid);
/* Descriptors above 2 that an exec would pass on. */
int inherited_fds(void);
double seconds_since(int64_t start);
void sleep_ms(int ms);

/* Waits for a condition; a machine under load gets its time. */
#define AWAIT_FOR(seconds, cond)                                                                   \
    do {                                                                                           \
        int64_t await_end = clock_deadline(seconds);                                               \
        bool await_met;                                                                            \
        while (!(await_met = (cond)) && clock_monotonic() < await_end)                             \
            sleep_ms(5);                                                                           \
        if (!await_met)                                                                            \
            fail_msg("never came: %s; the log:\n%s", #cond, server_log(s));                        \
    } while (0)
#define AWAIT(cond) AWAIT_FOR(15, cond)

/* Runs every test in a process of its own, `jobs` at a time; gives the number that failed. */
int run_parallel(const struct CMUnitTest *tests, size_t n, int jobs);

#endif
