/* SPDX-License-Identifier: MIT */
/* Finds workers that hang.  The worker only counts its turns; the clock is here. */
#include "server/master.h"

#include <fcntl.h>
#include <unistd.h>

static const int64_t shortest_look = 10 * CLOCK_MS, longest_look = 100 * CLOCK_MS;
static const int64_t abort_grace = CLOCK_SECOND;

/* Ctrl-Z and fg, or a machine that slept, stop master and workers alike: time in
 * which the master did not run is not held against a worker. */
static void forgive_gap(struct master *m, int64_t now, int64_t period)
{
    int64_t gap = now - m->watched - period;

    if (m->watched && gap > period + CLOCK_SECOND)
        for (size_t i = 0; i < m->workers.n; i++) {
            struct worker *w = m->workers.items[i];
            w->turn_since += gap;
            if (w->stopped)
                w->stopped += gap;
        }
    m->watched = now;
}

/* ns that a process has waited for a CPU so far, which on a crowded machine is most of
 * its time and no fault of its own; 0 where the kernel does not say. */
static int64_t waited_for_cpu(pid_t pid)
{
    char text[128];
    struct str rest, word;
    int64_t waited = 0;
    ssize_t n;
    int fd;

    snprintf(text, sizeof text, "/proc/%d/schedstat", (int)pid);
    fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof text);
    close(fd);
    rest = str_make(text, n > 0 ? (size_t)n : 0); /* ns on a CPU, ns waiting for one, times */
    if (!str_split(&rest, ' ', &word) || !str_split(&rest, ' ', &word) ||
        !str_to_int64(word, &waited))
        return 0;
    return waited;
}

static void look_at_turn(struct master *m, struct worker *w, int64_t now, int64_t limit)
{
    const struct server_slot *s = master_slot(m, w->slot);
    uint64_t turn = atomic_load_explicit(&s->turn, memory_order_relaxed);
    struct str what = str_head(str_make(s->what, s->what_n), sizeof s->what);
    int64_t waited = turn & 1 ? waited_for_cpu(w->pid) : 0;

    if (turn != w->turn || !(turn & 1)) {
        w->turn = turn;
        w->turn_since = now;
        w->turn_waited = waited;
    } else if (now - w->turn_since - (waited - w->turn_waited) >= limit) {
        log_write(m->log, LOG_LEVEL_ERROR, SERVER_LOG,
                  "worker %u (pid %d) hangs: busy with '%.*s' for %.1f s without progress "
                  "(hang_timeout is %g s); aborting it",
                  w->seat, (int)w->pid, STR_ARG(what),
                  (double)(now - w->turn_since) / (double)CLOCK_SECOND, m->o->hang_timeout);
        w->kill_at = now + abort_grace;
        kill(w->pid, SIGABRT);
    }
}

static void look_at_worker(struct master *m, struct worker *w, int64_t now, int64_t limit)
{
    if (w->state == WORKER_DOOMED)
        return;
    if (w->kill_at) {
        if (now >= w->kill_at)
            worker_doom(w);
    } else if (w->stopped) {
        if (now - w->stopped < limit)
            return;
        log_write(m->log, LOG_LEVEL_ERROR, SERVER_LOG,
                  "worker %u (pid %d) has been stopped by a signal for %.1f s (hang_timeout is "
                  "%g s); killing it",
                  w->seat, (int)w->pid, (double)(now - w->stopped) / (double)CLOCK_SECOND,
                  m->o->hang_timeout);
        w->kill_at = now; /* a stopped process does not act on SIGABRT */
        kill(w->pid, SIGKILL);
    } else {
        look_at_turn(m, w, now, limit);
    }
}

void watchdog_look(struct master *m, int64_t now, int64_t *wake)
{
    bool on = m->o->hang_timeout > 0 && m->o->hang_timeout < 1e9;
    int64_t limit = on ? (int64_t)(m->o->hang_timeout * (double)CLOCK_SECOND) : 0;
    int64_t period = limit / 4;

    if (!on)
        return;
    if (period > longest_look)
        period = longest_look;
    if (period < shortest_look)
        period = shortest_look;
    if (now - m->watched >= period) {
        forgive_gap(m, now, period);
        for (size_t i = 0; i < m->workers.n; i++)
            look_at_worker(m, m->workers.items[i], now, limit);
    }
    if (m->watched + period < *wake)
        *wake = m->watched + period;
}
