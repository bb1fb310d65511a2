/* SPDX-License-Identifier: MIT */
/* The processes of a server: a master that binds, starts workers, replaces those
 * that die, reloads and stops; and what a worker asks of it.  Nothing here knows
 * HTTP or scripts: the app is two functions, both called in the worker only, so
 * that every new worker loads the code as it is on disk at that time.
 *
 * Signals of the master: TERM, INT, QUIT drain and end (a second one ends at
 * once); HUP reloads; USR1 reopens logs.  A worker told TERM asks to be replaced,
 * so that it goes without dropping a request. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/err.h"
#include "base/log.h"
#include "server/listen.h"

#include <stdatomic.h>
#include <sys/types.h>

struct server_worker;

struct server_options {
    const char *const *binds; /* as listener_open() reads them; systemd's sockets win over them */
    size_t nbinds;
    unsigned workers;
    int backlog;
    mode_t socket_mode;       /* of unix sockets */
    const char *pid_file;     /* NULL: none */
    const char *user, *group; /* names or numbers the workers run as; NULL: as the master */
    double graceful_timeout;  /* seconds a worker has to finish once told to drain */
    double ready_timeout;     /* seconds from its start to server_worker_ready() */
    double hang_timeout;      /* seconds busy without progress, those in which it got no CPU not
                                 counted, or stopped; 0: no watchdog */
    /* A worker that dies is replaced at once; when that one dies soon too, after
     * the first delay, which doubles up to the longest.  Ten deaths within the
     * window keep it there. */
    double respawn_delay, respawn_delay_max, respawn_window;
    size_t shared_size; /* bytes for server_shared() */
};

/* The defaults: one worker, nothing bound, 30 s grace, 60 s to get ready, no watchdog. */
void server_options_init(struct server_options *o);

enum { SERVER_RECYCLE = 1 };

struct server_app {
    void *data;
    /* In a new worker: reads the code.  -1 with *err fails the start, or the
     * reload, with that text. */
    int (*load)(struct server_worker *w, struct err *err);
    /* Opens what the worker needs, calls server_worker_ready(), serves until told
     * to end.  0: done; SERVER_RECYCLE: done, wants to be replaced without delay;
     * -1 with *err: failed. */
    int (*work)(struct server_worker *w, struct err *err);
    /* Once, in the master before the first worker, on zeroed memory of
     * options.shared_size bytes: locks that live between processes.  May be NULL. */
    int (*share)(void *data, void *memory, size_t size, struct err *err);
    /* In the master on SIGUSR1; workers get SERVER_REOPEN.  May be NULL. */
    void (*reopen)(void *data);
};

/* Serves until told to stop.  Gives the exit status: 0, or 1 with *err set when
 * it could not start.  Call it from a process with one thread. */
int server_run(const struct server_options *o, const struct server_app *app, struct log *log,
               struct err *err);

/* ---- in the worker ---- */

/* What the master sees of a worker while it runs, and after it died. */
struct server_slot {
    _Atomic uint64_t turn; /* odd: busy */
    uint32_t what_n;
    char what[200]; /* what it does, or did last; not ended by a NUL */
};

struct server_worker { /* read-only to callers */
    void *data;        /* of the app */
    struct log *log;
    unsigned id;         /* 0 .. workers-1; a replacement has the number of the one it replaces */
    unsigned generation; /* 1, and one more with every reload */
    bool relieves;       /* another worker holds its place until this one serves */
    const struct listener *listeners; /* open, listening, non-blocking: accept from all of them */
    size_t nlisteners;
    int control_fd;    /* readable when server_worker_order() has something to say */
    int64_t deadline;  /* monotonic ns: by then it must have ended, once told to drain */
    const char *order; /* text of the order, until the next one */
    struct server_slot *slot;
    void *shared;
    size_t shared_size;
    char text[sizeof((struct err *)0)->msg]; /* behind `order` */
};

/* Says that all is loaded and waits for leave to accept connections, which comes
 * when every worker of this reload is ready.  -1 with ERR_CANCELLED when it will
 * not come: return from work() then.  Blocks the process. */
int server_worker_ready(struct server_worker *w, struct err *err);

enum server_order {
    SERVER_NONE,          /* nothing more for now */
    SERVER_DRAIN,         /* accept no more, finish what is there by w->deadline, end */
    SERVER_STOP,          /* end now */
    SERVER_ORPHANED,      /* the master died: as DRAIN, and control_fd is to be watched no more */
    SERVER_REOPEN,        /* reopen log files */
    SERVER_RELOAD_FAILED, /* the code on disk does not load, for the reason in w->order */
};

/* The next order; never blocks.  Ask until it says SERVER_NONE.  What is in the
 * backlog when the last worker closes a listening socket is reset: on DRAIN
 * accept until there is nothing more, then close. */
enum server_order server_worker_order(struct server_worker *w);

/* Asks for a replacement (requests served, memory used): when it serves, this
 * worker is told to drain.  Asking twice is harmless. */
void server_worker_recycle(struct server_worker *w);

/* Asks for a reload of all workers, as SIGHUP does. */
void server_worker_reload(struct server_worker *w);

/* Memory that all workers of all generations share; zeroed at the start of the
 * master, then as app->share left it.  Page-aligned.  NULL when its size is 0. */
static inline void *server_shared(const struct server_worker *w, size_t *size)
{
    *size = w->shared_size;
    return w->shared;
}

/* Heartbeat.  A worker that stays busy with no call of these for hang_timeout is
 * killed and replaced; an idle one may sleep as long as it likes.  Plain stores,
 * no system call: for every turn of a loop. */
static inline void server_worker_progress(struct server_worker *w)
{
    uint64_t turn = atomic_load_explicit(&w->slot->turn, memory_order_relaxed);
    atomic_store_explicit(&w->slot->turn, (turn + 2) | 1, memory_order_relaxed);
}

/* Busy with `what`, "GET /path": the log names it when the worker dies. Cut at 200 bytes. */
static inline void server_worker_busy(struct server_worker *w, struct str what)
{
    struct str cut = str_head(what, sizeof w->slot->what);
    if (cut.n)
        memcpy(w->slot->what, cut.p, cut.n);
    w->slot->what_n = (uint32_t)cut.n;
    server_worker_progress(w);
}

/* About to wait for events. */
static inline void server_worker_idle(struct server_worker *w)
{
    uint64_t turn = atomic_load_explicit(&w->slot->turn, memory_order_relaxed);
    atomic_store_explicit(&w->slot->turn, (turn + 2) & ~UINT64_C(1), memory_order_relaxed);
}

#endif
