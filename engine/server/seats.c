/* SPDX-License-Identifier: MIT */
/* Who shall be there: first start, replacement with back-off, reload, recycling.
 * Events only change the state; seats_tend() starts whatever is missing. */
#include "server/master.h"

#include <sys/wait.h>

static struct seat *seat_of(const struct master *m, const struct worker *w)
{
    return &m->seats[w->seat];
}

static void lower(int64_t *wake, int64_t at)
{
    if (at < *wake)
        *wake = at;
}

/* ---- starting ---- */

static void first_failure(struct master *m, const struct err *err)
{
    if (m->first_err.code == ERR_OK)
        m->first_err = *err;
}

void seats_start(struct master *m)
{
    m->generation = 1;
    for (unsigned i = 0; i < m->o->workers; i++) {
        struct err err;
        m->seats[i].holder = worker_spawn(m, i, m->generation, &err);
        if (!m->seats[i].holder)
            first_failure(m, &err);
    }
}

static void let_serve(struct master *m, struct worker *w, int64_t now)
{
    m->served = true;
    w->state = WORKER_SERVING;
    w->deadline = CLOCK_NEVER;
    w->serving = now;
    worker_order(w, MESSAGE_GO);
}

static void dismiss(struct master *m, struct worker *w)
{
    if (!w)
        return;
    if (w->state == WORKER_SERVING)
        worker_drain(m, w);
    else if (w->state != WORKER_DRAINING)
        worker_doom(w);
}

/* The next worker of a seat, told to serve, becomes its holder. */
static void succeed(struct master *m, struct seat *s, int64_t now)
{
    struct worker *old = s->holder;

    if (s->next->state != WORKER_SERVING)
        let_serve(m, s->next, now);
    s->holder = s->next;
    s->next = NULL;
    dismiss(m, old);
}

/* ---- reload ---- */

static void fail_reload(struct master *m, const char *why)
{
    struct message msg = {.type = MESSAGE_RELOAD_FAILED};

    m->reloading = false;
    for (unsigned i = 0; i < m->o->workers; i++) {
        dismiss(m, m->seats[i].next);
        m->seats[i].next = NULL;
    }
    log_write(m->log, LOG_LEVEL_ERROR, SERVER_LOG,
              "reload failed: %s; the old code serves on until that is put right", why);
    snprintf(msg.text, sizeof msg.text, "%s", why);
    for (size_t i = 0; i < m->workers.n; i++)
        if (m->workers.items[i]->state == WORKER_SERVING)
            channel_send(m->workers.items[i]->channel, &msg);
    notifier_send(&m->notifier, "READY=1");
}

static size_t free_slots(const struct master *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->nslots; i++)
        n += !m->slot_used[i];
    return n;
}

static void start_reload(struct master *m, int64_t now)
{
    struct err err;

    if (free_slots(m) < m->o->workers) {
        if (!m->reload_waits)
            log_write(m->log, LOG_LEVEL_WARNING, SERVER_LOG,
                      "reload waits: %zu workers are there, most of them still finishing",
                      m->workers.n);
        m->reload_waits = true;
        return;
    }
    m->reload_wanted = m->reload_waits = false;
    m->reloading = true;
    m->reload_began = now;
    m->generation++;
    log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG, "reloading: starting %u new workers",
              m->o->workers);
    notifier_reloading(&m->notifier);
    for (unsigned i = 0; i < m->o->workers; i++)
        dismiss(m, m->seats[i].next);
    for (unsigned i = 0; i < m->o->workers; i++) {
        m->seats[i].next = worker_spawn(m, i, m->generation, &err);
        if (!m->seats[i].next) {
            fail_reload(m, err.msg);
            return;
        }
    }
}

/* Once all of the new generation are there, all are told to serve before the
 * first old one is told to go. */
static void finish_reload(struct master *m, int64_t now)
{
    for (unsigned i = 0; i < m->o->workers; i++)
        if (m->seats[i].next->state != WORKER_HELD)
            return;
    m->reloading = false;
    for (unsigned i = 0; i < m->o->workers; i++)
        let_serve(m, m->seats[i].next, now);
    for (unsigned i = 0; i < m->o->workers; i++) {
        struct seat *s = &m->seats[i];
        succeed(m, s, now);
        s->failures = s->ndeaths = 0;
        s->due = 0;
    }
    log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG,
              "reloaded in %.2f s: generation %u serves, old workers finish",
              (double)(now - m->reload_began) / (double)CLOCK_SECOND, m->generation);
    notifier_send(&m->notifier, "READY=1");
}

/* ---- what workers say ---- */

static void on_ready(struct master *m, struct worker *w, int64_t now)
{
    struct seat *s = seat_of(m, w);

    if (w->state != WORKER_STARTING)
        return;
    if (s->holder == w) {
        let_serve(m, w, now);
    } else if (m->reloading) {
        w->state = WORKER_HELD;
        w->deadline = CLOCK_NEVER;
        finish_reload(m, now);
    } else {
        succeed(m, s, now);
    }
}

void seats_message(struct master *m, struct worker *w, const struct message *msg, int64_t now)
{
    switch ((enum message_type)msg->type) {
    case MESSAGE_READY:
        on_ready(m, w, now);
        break;
    case MESSAGE_FAILED:
        w->failed = true;
        err_set(&w->err, (enum err_code)msg->code, "%s", msg->text);
        break;
    case MESSAGE_RECYCLE:
        w->recycle |= w->state == WORKER_SERVING;
        break;
    case MESSAGE_RELOAD:
        m->reload_wanted = true;
        break;
    default:
        break;
    }
}

/* ---- deaths ---- */

/* Seconds until the seat may have a new worker; counts this death. */
static double next_delay(const struct master *m, struct seat *s, const struct worker *w,
                         int64_t now)
{
    const struct server_options *o = m->o;
    double lived = w->serving ? (double)(now - w->serving) / (double)CLOCK_SECOND : 0;
    unsigned oldest;
    double delay;

    s->deaths[s->ndeaths++ % RESPAWN_BURST] = now;
    if (lived >= 2 * o->respawn_delay_max)
        s->failures = 0;
    delay = s->failures ? o->respawn_delay : 0;
    for (unsigned i = 1; i < s->failures && delay < o->respawn_delay_max; i++)
        delay *= 2;
    s->failures++;
    oldest = s->ndeaths % RESPAWN_BURST;
    if (s->ndeaths >= RESPAWN_BURST &&
        (double)(now - s->deaths[oldest]) <= o->respawn_window * (double)CLOCK_SECOND)
        delay = o->respawn_delay_max;
    return delay < o->respawn_delay_max ? delay : o->respawn_delay_max;
}

static void schedule(struct master *m, struct seat *s, const struct worker *w, const char *how,
                     int64_t now)
{
    double delay = next_delay(m, s, w, now);

    s->due = now + (int64_t)(delay * (double)CLOCK_SECOND);
    if (delay > 0)
        log_write(m->log, LOG_LEVEL_ERROR, SERVER_LOG, "%s; starting another in %.1f s", how,
                  delay);
    else
        log_write(m->log, LOG_LEVEL_ERROR, SERVER_LOG, "%s; starting another", how);
}

static void holder_died(struct master *m, struct worker *w, int status, const char *how,
                        int64_t now)
{
    struct seat *s = seat_of(m, w);

    s->holder = NULL;
    if (!m->reloading) { /* a replacement on its way need not wait for anybody now */
        s->holder = s->next;
        s->next = NULL;
    }
    if (!m->settled && !w->serving) {
        struct err why = w->err;
        if (!w->failed)
            err_set(&why, ERR_CLOSED, "%s before it was ready", how);
        first_failure(m, &why);
        s->due = now + (int64_t)(next_delay(m, s, w, now) * (double)CLOCK_SECOND);
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == SERVER_EXIT_RECYCLE) {
        s->due = now;
        log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG,
                  "worker %u (pid %d) ended to be recycled; starting another", w->seat,
                  (int)w->pid);
    } else {
        schedule(m, s, w, how, now);
    }
}

static void departed(const struct master *m, const struct worker *w, int status, const char *how)
{
    bool clean = w->state == WORKER_DOOMED ||
                 (!w->failed && WIFEXITED(status) &&
                  (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == SERVER_EXIT_RECYCLE));

    if (clean)
        log_write(m->log, LOG_LEVEL_DEBUG, SERVER_LOG, "worker %u (pid %d) is gone", w->seat,
                  (int)w->pid);
    else
        log_write(m->log, LOG_LEVEL_WARNING, SERVER_LOG, "%s while it should finish", how);
}

void seats_death(struct master *m, struct worker *w, int status, int64_t now)
{
    struct seat *s = seat_of(m, w);
    struct buf how = BUF_INIT;

    worker_obituary(m, w, status, &how);
    if (m->stopping || (s->holder != w && s->next != w)) {
        departed(m, w, status, how.data);
    } else if (s->holder == w) {
        holder_died(m, w, status, how.data, now);
    } else if (m->reloading) {
        s->next = NULL;
        fail_reload(m, w->failed ? w->err.msg : how.data);
    } else {
        s->next = NULL;
        schedule(m, s, w, how.data, now);
    }
    if (s->holder == w)
        s->holder = NULL;
    if (s->next == w)
        s->next = NULL;
    buf_release(&how);
    worker_free(m, w);
}

/* ---- time ---- */

static void too_late(struct master *m, struct worker *w)
{
    if (w->state == WORKER_STARTING) {
        w->failed = true;
        err_set(&w->err, ERR_TIMEOUT, "not ready within %g s (ready_timeout)", m->o->ready_timeout);
    } else if (m->stopping < 2) {
        log_write(m->log, LOG_LEVEL_WARNING, SERVER_LOG,
                  "worker %u (pid %d) did not finish within %g s (graceful_timeout); killing it",
                  w->seat, (int)w->pid, m->o->graceful_timeout);
    }
    worker_doom(w);
}

/* Says that the server is up, when no first worker is still starting. */
static void settle(struct master *m)
{
    struct buf names = BUF_INIT;
    unsigned serving = 0;

    for (unsigned i = 0; i < m->o->workers; i++) {
        const struct worker *w = m->seats[i].holder;
        if (w && !w->serving)
            return;
        serving += w != NULL;
    }
    m->settled = true;
    if (!m->served)
        return;
    if (m->first_err.code != ERR_OK)
        log_write(m->log, LOG_LEVEL_ERROR, SERVER_LOG, "%u of %u workers did not start: %s",
                  m->o->workers - serving, m->o->workers, m->first_err.msg);
    for (size_t i = 0; i < m->listeners.n; i++)
        buf_addf(&names, "%s%s", i ? ", " : "", m->listeners.items[i].name);
    log_write(m->log, LOG_LEVEL_INFO, SERVER_LOG,
              "perilune " PERILUNE_VERSION " listening on %s (%u worker%s, pid %d)", names.data,
              serving, serving == 1 ? "" : "s", (int)getpid());
    buf_release(&names);
    notifier_send(&m->notifier, "READY=1");
}

/* One replacement of a healthy worker at a time: both are in memory meanwhile. */
static bool recycling(const struct master *m)
{
    for (unsigned i = 0; i < m->o->workers; i++)
        if (m->seats[i].next)
            return true;
    return false;
}

static void tend_seat(struct master *m, unsigned i, int64_t now, int64_t *wake)
{
    struct seat *s = &m->seats[i];
    bool replace = s->holder && s->holder->recycle && s->holder->state == WORKER_SERVING &&
                   !recycling(m); /* which a reload is, too */
    struct worker *w;
    struct err err;

    if (s->holder && !replace)
        return;
    if (now < s->due) {
        lower(wake, s->due);
        return;
    }
    w = worker_spawn(m, i, m->generation, &err);
    if (!w) {
        log_write(m->log, LOG_LEVEL_ERROR, SERVER_LOG, "%s", err.msg);
        s->due = now + (int64_t)(m->o->respawn_delay_max * (double)CLOCK_SECOND);
        lower(wake, s->due);
    } else {
        *(replace ? &s->next : &s->holder) = w;
        lower(wake, w->deadline);
    }
}

void seats_tend(struct master *m, int64_t now, int64_t *wake)
{
    for (size_t i = 0; i < m->workers.n; i++) {
        struct worker *w = m->workers.items[i];
        if (now >= w->deadline)
            too_late(m, w);
        lower(wake, w->deadline);
    }
    if (m->stopping)
        return;
    if (!m->settled)
        settle(m);
    if (!m->settled || !m->served)
        return;
    if (m->reload_wanted && !m->reloading)
        start_reload(m, now);
    for (unsigned i = 0; i < m->o->workers; i++)
        tend_seat(m, i, now, wake);
    for (size_t i = 0; i < m->workers.n; i++)
        lower(wake, m->workers.items[i]->deadline);
}

void seats_abandon(struct master *m)
{
    m->reloading = m->reload_wanted = false;
    for (unsigned i = 0; i < m->o->workers; i++) {
        dismiss(m, m->seats[i].next);
        dismiss(m, m->seats[i].holder);
    }
}
