/* SPDX-License-Identifier: MIT */
/* One worker: its birth, its orders, its end. */
#include "server/master.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct server_slot *master_slot(const struct master *m, size_t slot)
{
    return (struct server_slot *)(void *)m->memory + slot;
}

static size_t take_slot(struct master *m)
{
    for (size_t i = 0; i < m->nslots; i++) {
        if (m->slot_used[i])
            continue;
        memset(master_slot(m, i), 0, sizeof(struct server_slot));
        m->slot_used[i] = true;
        return i;
    }
    return m->nslots;
}

static struct worker *worker_new(struct master *m, unsigned seat, unsigned generation, size_t slot)
{
    struct worker *w = mem_zalloc(sizeof *w);
    int64_t now = clock_monotonic();

    w->seat = seat;
    w->generation = generation;
    w->slot = slot;
    w->channel = -1;
    w->state = WORKER_STARTING;
    w->deadline = clock_deadline(m->o->ready_timeout);
    w->turn_since = now;
    vec_push(&m->workers, w);
    return w;
}

struct worker *worker_spawn(struct master *m, unsigned seat, unsigned generation, struct err *err)
{
    size_t slot = take_slot(m);
    pid_t master_pid = getpid();
    int pair[2] = {-1, -1};
    struct worker *w;

    if (slot == m->nslots) {
        err_set(err, ERR_TOO_LARGE, "cannot start a worker: %zu old ones are still finishing",
                m->nslots);
        return NULL;
    }
    w = worker_new(m, seat, generation, slot);
    fflush(NULL); /* or the child would write what is buffered once more */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) || (w->pid = fork()) < 0) {
        err_set_errno(err, "cannot start a worker");
        if (pair[0] >= 0) {
            close(pair[0]);
            close(pair[1]);
        }
        worker_free(m, w);
        return NULL;
    }
    w->channel = pair[w->pid ? 0 : 1];
    close(pair[w->pid ? 1 : 0]);
    if (w->pid == 0)
        child_main(m, w, master_pid);
    return w;
}

void worker_order(const struct worker *w, enum message_type type)
{
    channel_send(w->channel, &(struct message){.type = (int32_t)type});
}

void worker_drain(struct master *m, struct worker *w)
{
    int64_t deadline = clock_deadline(m->o->graceful_timeout);

    w->state = WORKER_DRAINING;
    w->deadline = deadline;
    channel_send(w->channel, &(struct message){.type = MESSAGE_DRAIN, .deadline = deadline});
}

void worker_doom(struct worker *w)
{
    w->state = WORKER_DOOMED;
    w->deadline = CLOCK_NEVER;
    kill(w->pid, SIGKILL);
}

static void describe_status(const struct worker *w, int status, struct buf *b)
{
    if (!WIFSIGNALED(status)) {
        buf_addf(b, "exited with status %d", WEXITSTATUS(status));
        if (WEXITSTATUS(status) == 0)
            buf_adds(b, " without being told to");
        return;
    }
    buf_addf(b, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WCOREDUMP(status))
        buf_adds(b, ", core dumped,");
    if (WTERMSIG(status) == SIGKILL && w->state != WORKER_DOOMED && !w->kill_at)
        buf_adds(b, ", not by the master: did the kernel run out of memory?");
}

void worker_obituary(const struct master *m, const struct worker *w, int status, struct buf *b)
{
    const struct server_slot *s = master_slot(m, w->slot);
    bool busy = atomic_load_explicit(&s->turn, memory_order_relaxed) & 1;
    struct str what = str_head(str_make(s->what, s->what_n), sizeof s->what);

    buf_addf(b, "worker %u (pid %d) ", w->seat, (int)w->pid);
    if (w->failed)
        buf_addf(b, "failed: %s", w->err.msg);
    else
        describe_status(w, status, b);
    if (what.n)
        buf_addf(b, "%s '%.*s'", busy ? " while busy with" : "; its last request was",
                 STR_ARG(what));
}

void worker_free(struct master *m, struct worker *w)
{
    for (size_t i = 0; i < m->workers.n; i++) {
        if (m->workers.items[i] == w) {
            m->workers.items[i] = vec_last(&m->workers);
            m->workers.n--;
            break;
        }
    }
    if (w->channel >= 0)
        close(w->channel);
    m->slot_used[w->slot] = false;
    free(w);
}
