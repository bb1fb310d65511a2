/* SPDX-License-Identifier: MIT */
/* Private to engine/server: the master's picture of its workers.
 *
 * A seat is one of the N places that shall have a worker.  Its holder serves, or
 * starts when the seat was empty; `next` starts beside the holder and takes its
 * place, in a reload (all seats together) or when the holder wants to be recycled
 * (alone).  A worker that is neither is on its way out.
 *
 *   STARTING --ready--> SERVING --drain--> DRAINING --exit or deadline--> gone
 *       |  \--ready, reload--> HELD --all ready--> SERVING
 *       \---------- any failure, or not wanted any more: DOOMED (killed) --> gone
 *
 * A worker accepts connections only in SERVING and DRAINING, so that one which is
 * STARTING or HELD can be killed without loss. */
#ifndef SERVER_MASTER_H
#define SERVER_MASTER_H

#include "base/clock.h"
#include "base/vec.h"
#include "server/identity.h"
#include "server/server.h"
#include "server/systemd.h"

#include <signal.h>

#define SERVER_LOG "perilune.server"
enum {
    RESPAWN_BURST = 10,       /* deaths within the window that keep a seat at the slowest rate */
    SERVER_EXIT_RECYCLE = 76, /* exit status of a worker that returned SERVER_RECYCLE */
};

/* ---- what master and worker say to each other: one packet each ---- */

enum message_type {
    MESSAGE_READY = 'R', /* from the worker */
    MESSAGE_FAILED = 'E',
    MESSAGE_RECYCLE = 'C',
    MESSAGE_RELOAD = 'H',
    MESSAGE_GO = 'G', /* from the master */
    MESSAGE_DRAIN = 'D',
    MESSAGE_STOP = 'Q',
    MESSAGE_REOPEN = 'U',
    MESSAGE_RELOAD_FAILED = 'F',
};

struct message {
    int64_t deadline; /* of DRAIN */
    int32_t type;
    int32_t code;                            /* enum err_code, of FAILED */
    char text[sizeof((struct err *)0)->msg]; /* NUL-ended; of FAILED and RELOAD_FAILED */
};

/* Neither waits; a send that finds no reader or no room is lost. */
void channel_send(int fd, const struct message *msg);
/* 1 with *msg, 0 when there is none, -1 when the other side is gone. */
int channel_receive(int fd, struct message *msg);

/* ---- the master ---- */

enum worker_state {
    WORKER_STARTING,
    WORKER_HELD,
    WORKER_SERVING,
    WORKER_DRAINING,
    WORKER_DOOMED,
};

struct worker {
    pid_t pid;
    unsigned seat, generation;
    size_t slot;
    int channel; /* -1 once the other side is gone */
    enum worker_state state;
    int64_t deadline; /* STARTING: be ready; DRAINING: be gone; otherwise CLOCK_NEVER */
    int64_t serving;  /* since when; 0: not yet */
    bool recycle;     /* wants to be replaced */
    bool failed;      /* err says why it ends */
    struct err err;
    /* The watchdog's memory: */
    uint64_t turn;       /* as last seen */
    int64_t turn_since;  /* when it changed */
    int64_t turn_waited; /* for a CPU, until then */
    int64_t stopped;     /* since when it is stopped; 0: it is not */
    int64_t kill_at;     /* SIGABRT was sent: SIGKILL then; 0: not */
};

struct seat {
    struct worker *holder, *next;  /* may be NULL */
    int64_t due;                   /* not before this is a worker started */
    unsigned failures;             /* in a row */
    int64_t deaths[RESPAWN_BURST]; /* a ring of times */
    unsigned ndeaths;
};

struct master { /* owner: the frame of server_run() */
    const struct server_options *o;
    const struct server_app *app;
    struct log *log;
    struct identity identity;
    struct notifier notifier;
    VEC(struct listener) listeners;
    size_t nsystemd; /* listeners[0..n) belong to the service manager */

    char *memory; /* slots, then the app's */
    size_t memory_size, slots_size, nslots;
    bool *slot_used;

    VEC(struct worker *) workers; /* all that are not reaped yet */
    struct seat *seats;           /* o->workers of them */
    unsigned generation;
    struct err first_err; /* why the first start failed */
    bool settled;         /* every first worker has started or failed */
    bool served;          /* one at least has started */
    bool reloading, reload_wanted, reload_waits;
    int64_t reload_began;
    int stopping;    /* 1: draining, 2: at once */
    int64_t give_up; /* when even killed workers are waited for no longer */
    int64_t watched; /* when the watchdog last looked */

    int signal_fd;
    bool pid_written;
    sigset_t old_mask;
    struct sigaction old_chld, old_pipe;
};

/* workers.c: one worker each */
struct server_slot *master_slot(const struct master *m, size_t slot);
struct worker *worker_spawn(struct master *m, unsigned seat, unsigned generation, struct err *err);
void worker_order(const struct worker *w, enum message_type type);
void worker_drain(struct master *m, struct worker *w);
void worker_doom(struct worker *w);
/* "worker 1 (pid 77) was killed by signal 11 (Segmentation fault) while busy with 'GET /'" */
void worker_obituary(const struct master *m, const struct worker *w, int status, struct buf *b);
/* Its slot is free again. */
void worker_free(struct master *m, struct worker *w);

/* child.c: the worker's side; does not return */
void child_main(struct master *m, const struct worker *self, pid_t master_pid)
    __attribute__((noreturn));

/* seats.c: who shall be there */
void seats_start(struct master *m);
void seats_message(struct master *m, struct worker *w, const struct message *msg, int64_t now);
/* w is dead, `status` as of waitpid(); frees it. */
void seats_death(struct master *m, struct worker *w, int status, int64_t now);
/* Does what is due, and lowers *wake to the time at which something else will be. */
void seats_tend(struct master *m, int64_t now, int64_t *wake);
/* No more starts; what does not serve yet goes. */
void seats_abandon(struct master *m);

/* watchdog.c */
void watchdog_look(struct master *m, int64_t now, int64_t *wake);

#endif
