/* SPDX-License-Identifier: MIT */
/* The worker's side of the fork. */
#include "server/master.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A worker whose master died has this long to finish, and is gone a little later
 * even if it hangs. */
static const double orphan_grace = 1.0;
static const suseconds_t orphan_alarm_us = 500000; /* on top of it, with 1 s */

/* The one variable of this module: a signal handler has no argument to find the
 * worker by.  Set once in a worker, never in the master. */
static volatile sig_atomic_t term_fd = -1;

/* ---- signals ---- */

static void on_term(int sig)
{
    int saved = errno;
    const struct message msg = {.type = MESSAGE_RECYCLE};
    (void)sig;
    (void)send(term_fd, &msg, offsetof(struct message, text) + 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    errno = saved;
}

static void on_nothing(int sig)
{
    (void)sig;
}

/* The kernel sends this one when the master dies, once for each of its threads.
 * A realtime signal, which nobody sends by hand. */
static int orphan_signal(void)
{
    return SIGRTMAX;
}

/* SIGALRM has its default action: it ends the process, whatever that hangs in. */
static void on_orphaned(int sig)
{
    const struct itimerval t = {.it_value = {(time_t)orphan_grace, orphan_alarm_us}};
    (void)sig;
    (void)setitimer(ITIMER_REAL, &t, NULL);
}

static void handle(int sig, void (*handler)(int), sigset_t *mask)
{
    struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&act.sa_mask);
    sigaction(sig, &act, NULL);
    sigdelset(mask, sig);
}

/* Signals that reach the whole process group (Ctrl-C) or control group are the
 * master's to interpret.  A handler that does nothing, and not SIG_IGN, because
 * programs that the worker starts would inherit that. */
static void set_signals(const sigset_t *masters)
{
    static const int left_to_master[] = {SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE};
    sigset_t mask = *masters;

    for (size_t i = 0; i < sizeof left_to_master / sizeof *left_to_master; i++)
        handle(left_to_master[i], on_nothing, &mask);
    handle(SIGTERM, on_term, &mask);
    handle(orphan_signal(), on_orphaned, &mask);
    handle(SIGALRM, SIG_DFL, &mask);
    handle(SIGCHLD, SIG_DFL, &mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* ---- life ---- */

static void close_masters_files(struct master *m, const struct worker *self)
{
    for (size_t i = 0; i < m->workers.n; i++) {
        struct worker *w = m->workers.items[i];
        if (w != self && w->channel >= 0)
            close(w->channel);
    }
    close(m->signal_fd);
    notifier_close(&m->notifier);
}

static void report(int fd, const struct err *err)
{
    struct message msg = {.type = MESSAGE_FAILED, .code = (int32_t)err->code};
    snprintf(msg.text, sizeof msg.text, "%s", err->msg);
    channel_send(fd, &msg);
}

/* Exit status. */
static int live(struct master *m, struct server_worker *w, pid_t master_pid)
{
    struct err err = {ERR_OK, ""};
    int rc = identity_assume(&m->identity, &err);

    /* After the change of user, which clears it. */
    prctl(PR_SET_PDEATHSIG, orphan_signal());
    if (getppid() != master_pid)
        return 0;
    if (rc == 0 && m->app->load)
        rc = m->app->load(w, &err);
    if (rc == 0)
        rc = m->app->work(w, &err);
    if (rc >= 0)
        return rc == SERVER_RECYCLE ? SERVER_EXIT_RECYCLE : 0;
    report(w->control_fd, &err);
    return 1;
}

void child_main(struct master *m, const struct worker *self, pid_t master_pid)
{
    struct server_worker w = {
        .data = m->app->data,
        .log = m->log,
        .id = self->seat,
        .generation = self->generation,
        .relieves = m->seats[self->seat].holder != NULL,
        .listeners = m->listeners.items,
        .nlisteners = m->listeners.n,
        .control_fd = self->channel,
        .deadline = CLOCK_NEVER,
        .order = "",
        .slot = master_slot(m, self->slot),
        .shared = m->o->shared_size ? m->memory + m->slots_size : NULL,
        .shared_size = m->o->shared_size,
    };

    close_masters_files(m, self);
    term_fd = self->channel;
    set_signals(&m->old_mask);
    exit(live(m, &w, master_pid));
}

/* ---- what the worker calls ---- */

static void tell(const struct server_worker *w, enum message_type type)
{
    channel_send(w->control_fd, &(struct message){.type = (int32_t)type});
}

void server_worker_recycle(struct server_worker *w)
{
    tell(w, MESSAGE_RECYCLE);
}

void server_worker_reload(struct server_worker *w)
{
    tell(w, MESSAGE_RELOAD);
}

int server_worker_ready(struct server_worker *w, struct err *err)
{
    struct message msg;
    int rc;

    tell(w, MESSAGE_READY);
    for (;;) {
        struct pollfd p = {w->control_fd, POLLIN, 0};
        (void)poll(&p, 1, -1);
        rc = channel_receive(w->control_fd, &msg);
        if (rc > 0 && msg.type == MESSAGE_GO)
            return 0;
        /* REOPEN and RELOAD_FAILED mean nothing to a worker that has opened its
         * files just now and loaded well. */
        if (rc < 0 || (rc > 0 && (msg.type == MESSAGE_DRAIN || msg.type == MESSAGE_STOP)))
            return err_set(err, ERR_CANCELLED, "the server stops before the worker began");
    }
}

enum server_order server_worker_order(struct server_worker *w)
{
    struct message msg;
    int rc = channel_receive(w->control_fd, &msg);

    if (rc == 0)
        return SERVER_NONE;
    if (rc < 0) {
        if (w->deadline > clock_deadline(orphan_grace))
            w->deadline = clock_deadline(orphan_grace);
        return SERVER_ORPHANED;
    }
    memcpy(w->text, msg.text, sizeof w->text);
    w->order = w->text;
    switch ((enum message_type)msg.type) {
    case MESSAGE_DRAIN:
        w->deadline = msg.deadline;
        return SERVER_DRAIN;
    case MESSAGE_STOP:
        return SERVER_STOP;
    case MESSAGE_REOPEN:
        return SERVER_REOPEN;
    case MESSAGE_RELOAD_FAILED:
        return SERVER_RELOAD_FAILED;
    default:
        return server_worker_order(w);
    }
}
