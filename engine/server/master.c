/* SPDX-License-Identifier: MIT */
/* The master: opens what all share, waits for signals and workers, closes. */
#include "server/master.h"

#include "server/pidfile.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const double stop_grace = 0.5; /* from "stop at once" to SIGKILL */
static const double kill_grace = 1.0; /* from SIGKILL to giving up on a process */

void server_options_init(struct server_options *o)
{
    *o = (struct server_options){
        .workers = 1,
        .backlog = 4096,
        .socket_mode = 0660,
        .graceful_timeout = 30,
        .ready_timeout = 60,
        .respawn_delay = 0.1,
        .respawn_delay_max = 5,
        .respawn_window = 60,
    };
}

/* ---- opening ---- */

static int open_listeners(struct master *m, struct err *err)
{
    const struct listen_options lo = {m->o->backlog, m->o->socket_mode, m->identity.uid,
                                      m->identity.gid};
    int first;
    struct listener l;

    m->nsystemd = systemd_sockets(&first);
    for (size_t i = 0; i < m->nsystemd; i++) {
        if (listener_adopt(&l, first + (int)i, err))
            return -1;
        vec_push(&m->listeners, l);
    }
    for (size_t i = 0; !m->nsystemd && i < m->o->nbinds; i++) {
        if (listener_open(&l, str_from(m->o->binds[i]), &lo, err))
            return -1;
        vec_push(&m->listeners, l);
    }
    return m->listeners.n ? 0 : err_set(err, ERR_CONFIG, "no address to listen on");
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static int open_memory(struct master *m, struct err *err)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    /* Room for old workers that finish slowly through several reloads. */
    m->nslots = mem_mul(m->o->workers, 8) + 8;
    m->slots_size = round_up(mem_mul(m->nslots, sizeof(struct server_slot)), page);
    if (m->o->shared_size > SIZE_MAX / 2)
        return err_set(err, ERR_TOO_LARGE, "cannot share %zu bytes", m->o->shared_size);
    m->memory_size = m->slots_size + round_up(m->o->shared_size, page);
    m->memory =
        mmap(NULL, m->memory_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (m->memory == MAP_FAILED) {
        m->memory = NULL;
        return err_set_errno(err, "cannot map %zu bytes of shared memory", m->memory_size);
    }
    m->slot_used = mem_zalloc(m->nslots);
    m->seats = mem_zalloc(mem_mul(m->o->workers, sizeof *m->seats));
    if (m->app->share && m->o->shared_size)
        return m->app->share(m->app->data, m->memory + m->slots_size, m->o->shared_size, err);
    return 0;
}

/* Signals come through a descriptor; workers get the old mask back. */
static int open_signals(struct master *m, struct err *err)
{
    static const int ours[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD};
    struct sigaction chld = {.sa_handler = SIG_DFL}, pipe = {.sa_handler = SIG_IGN};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(&set, ours[i]);
    sigprocmask(SIG_BLOCK, &set, &m->old_mask);
    sigaction(SIGCHLD, &chld, &m->old_chld); /* ignored, it would take the exit status away */
    sigaction(SIGPIPE, &pipe, &m->old_pipe); /* a log that nobody reads must not end the server */
    m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return m->signal_fd < 0 ? err_set_errno(err, "cannot wait for signals") : 0;
}

static void close_signals(struct master *m)
{
    struct signalfd_siginfo info;

    /* What has come meanwhile was for the server: it must not end our caller. */
    while (m->signal_fd >= 0 && read(m->signal_fd, &info, sizeof info) > 0)
        continue;
    if (m->signal_fd >= 0)
        close(m->signal_fd);
    sigaction(SIGCHLD, &m->old_chld, NULL);
    sigaction(SIGPIPE, &m->old_pipe, NULL);
    sigprocmask(SIG_SETMASK, &m->old_mask, NULL);
}

static int master_open(struct master *m, struct err *err)
{
    if (m->o->workers < 1 || m->o->workers > 1024)
        return err_set(err, ERR_CONFIG, "%u workers: the number is 1 to 1024", m->o->workers);
    if (identity_find(&m->identity, m->o->user, m->o->group, err) || open_listeners(m, err) ||
        open_memory(m, err))
        return -1;
    if (m->o->pid_file) {
        if (pidfile_write(m->o->pid_file, err))
            return -1;
        m->pid_written = true;
    }
    return 0;
}

static void close_listeners(struct master *m)
{
    for (size_t i = 0; i < m->listeners.n; i++) {
        listener_unlink(&m->listeners.items[i]);
        listener_close(&m->listeners.items[i]);
    }
    vec_clear(&m->listeners);
}

static void master_close(struct master *m)
{
    close_listeners(m);
    vec_release(&m->listeners);
    while (m->workers.n)
        worker_free(m, vec_last(&m->workers));
    vec_release(&m->workers);
    free(m->seats);
    free(m->slot_used);
    if (m->memory)
        munmap(m->memory, m->memory_size);
    if (m->pid_written)
        pidfile_remove(m->o->pid_file);
    notifier_close(&m->notifier);
    close_signals(m);
}

/* ---- stopping ---- */

static void stop_gently(struct master *m)
{
    log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG,
              "stopping: workers finish within %g s; a second signal stops at once",
              m->o->graceful_timeout);
    notifier_send(&m->notifier, "STOPPING=1");
    seats_abandon(m);
    /* Ours goes now, so that the last worker that closes its own ends the
     * listening, and new clients are refused and not left waiting. */
    close_listeners(m);
    m->give_up = clock_deadline(m->o->graceful_timeout + kill_grace);
}

static void stop_at_once(struct master *m, int64_t now)
{
    log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG, "stopping at once");
    for (size_t i = 0; i < m->workers.n; i++) {
        struct worker *w = m->workers.items[i];
        if (w->state == WORKER_DOOMED)
            continue;
        w->state = WORKER_DRAINING;
        w->deadline = now + (int64_t)(stop_grace * (double)CLOCK_SECOND);
        worker_order(w, MESSAGE_STOP);
    }
    m->give_up = clock_deadline(stop_grace + kill_grace);
}

static void stop(struct master *m, int64_t now)
{
    m->stopping++;
    if (m->stopping == 1)
        stop_gently(m);
    else if (m->stopping == 2)
        stop_at_once(m, now);
}

/* ---- events ---- */

static void read_channel(struct master *m, struct worker *w, int64_t now)
{
    struct message msg;
    int rc;

    while (w->channel >= 0 && (rc = channel_receive(w->channel, &msg)) != 0) {
        if (rc > 0) {
            seats_message(m, w, &msg, now);
        } else {
            close(w->channel);
            w->channel = -1;
        }
    }
}

static void reap(struct master *m, int64_t now)
{
    size_t i = 0;

    while (i < m->workers.n) {
        struct worker *w = m->workers.items[i];
        int status = 0;
        pid_t pid = waitpid(w->pid, &status, WNOHANG | WUNTRACED | WCONTINUED);
        if (pid == 0 || (pid < 0 && errno != ECHILD)) {
            i++;
        } else if (pid > 0 && WIFSTOPPED(status)) {
            w->stopped = now;
        } else if (pid > 0 && WIFCONTINUED(status)) {
            w->stopped = 0;
            w->turn_since = now;
        } else {
            read_channel(m, w, now); /* its last words; then another takes place i */
            seats_death(m, w, status, now);
        }
    }
}

static void reopen_logs(struct master *m)
{
    if (m->app->reopen)
        m->app->reopen(m->app->data);
    for (size_t i = 0; i < m->workers.n; i++)
        worker_order(m->workers.items[i], MESSAGE_REOPEN);
    log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG, "logs reopened");
}

static void read_signals(struct master *m, int64_t now)
{
    struct signalfd_siginfo info;

    while (read(m->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            reap(m, now);
            break;
        case SIGHUP:
            m->reload_wanted = true;
            break;
        case SIGUSR1:
            reopen_logs(m);
            break;
        default:
            stop(m, now);
        }
    }
}

static int poll_timeout(int64_t now, int64_t wake)
{
    if (wake == CLOCK_NEVER)
        return -1;
    if (wake <= now)
        return 0;
    wake = (wake - now + CLOCK_MS - 1) / CLOCK_MS; /* up, or the last millisecond would spin */
    return wake < 60000 ? (int)wake : 60000;
}

/* One wait and what came of it. */
static void turn(struct master *m, int64_t wake)
{
    size_t n = m->workers.n;
    struct pollfd *fds = mem_alloc(mem_mul(n + 1, sizeof *fds));
    int64_t now = clock_monotonic();

    fds[n] = (struct pollfd){m->signal_fd, POLLIN, 0};
    for (size_t i = 0; i < n; i++)
        fds[i] = (struct pollfd){m->workers.items[i]->channel, POLLIN, 0};
    if (poll(fds, n + 1, poll_timeout(now, wake)) > 0) {
        now = clock_monotonic();
        for (size_t i = 0; i < n; i++) /* none of this removes a worker */
            if (fds[i].revents)
                read_channel(m, m->workers.items[i], now);
        if (fds[n].revents)
            read_signals(m, now);
    }
    free(fds);
}

static int serve(struct master *m, struct err *err)
{
    seats_start(m);
    for (;;) {
        int64_t now = clock_monotonic(), wake = CLOCK_NEVER;

        seats_tend(m, now, &wake);
        watchdog_look(m, now, &wake);
        if (m->stopping) {
            if (!m->workers.n)
                break;
            if (now >= m->give_up) {
                log_write(m->log, LOG_LEVEL_WARNING, SERVER_LOG,
                          "%zu killed workers do not go; leaving them", m->workers.n);
                break;
            }
            if (m->give_up < wake)
                wake = m->give_up;
        } else if (m->settled && !m->served) {
            *err = m->first_err;
            return 1;
        }
        turn(m, wake);
    }
    log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG, "stopped");
    return 0;
}

int server_run(const struct server_options *o, const struct server_app *app, struct log *log,
               struct err *err)
{
    struct master m = {.o = o, .app = app, .log = log, .signal_fd = -1, .notifier = {-1}};
    int status = 1;

    notifier_open(&m.notifier);
    if (open_signals(&m, err) == 0 && master_open(&m, err) == 0)
        status = serve(&m, err);
    master_close(&m);
    return status;
}
