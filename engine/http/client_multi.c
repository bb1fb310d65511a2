/* SPDX-License-Identifier: MIT */
/* libcurl says which descriptors and which time it waits for; the loop calls it back.
 *
 * libcurl must not be entered from its own callbacks, nor is it: those below only note
 * what it wants and wake fibers, which run later. */
#include "fiber/fiber.h"
#include "fiber/watch.h"
#include "http/client_impl.h"

enum { KEPT_CONNECTIONS = 64 };

static void act(struct client *c, curl_socket_t fd, int events);

/* ---- time ---- */

static void on_time(void *data);

static void disarm(struct client *c)
{
    timer_close(c->timer);
    c->timer = NULL;
}

static void arm(struct client *c, int64_t ns)
{
    disarm(c);
    c->due = clock_monotonic() + ns;
    c->timer = timer_open(c->loop, (double)ns / (double)CLOCK_SECOND, true, on_time, c);
}

/* The loop's clock stands still while fibers run, so a timer may come early; libcurl
 * would find nothing due and not ask again. */
static void on_time(void *data)
{
    struct client *c = data;
    int64_t early = c->due - clock_monotonic();
    if (early > 0) {
        arm(c, early);
        return;
    }
    disarm(c);
    act(c, CURL_SOCKET_TIMEOUT, 0);
}

static int want_time(CURLM *multi, long ms, void *data)
{
    struct client *c = data;
    (void)multi;
    disarm(c);
    c->at_once = ms == 0;
    if (ms > 0)
        arm(c, ms * CLOCK_MS);
    return 0;
}

/* ---- descriptors ---- */

struct socket { /* libcurl keeps it for us while it wants events */
    struct client *client;
    struct watch *watch;
    int fd;
};

static void on_socket(void *data, int events)
{
    struct socket *s = data;
    int out = 0;
    if (events & FIBER_READ)
        out |= CURL_CSELECT_IN;
    if (events & FIBER_WRITE)
        out |= CURL_CSELECT_OUT;
    if (events & WATCH_HANGUP)
        out |= CURL_CSELECT_ERR;
    act(s->client, s->fd, out); /* may free s */
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *kept)
{
    struct client *c = data;
    struct socket *s = kept;
    int events = 0;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            watch_close(s->watch);
        free(s);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= FIBER_READ;
    if (what & CURL_POLL_OUT)
        events |= FIBER_WRITE;
    if (s) {
        watch_events(s->watch, events);
        return 0;
    }
    s = mem_zalloc(sizeof *s);
    *s = (struct socket){.client = c, .fd = fd};
    s->watch = watch_open(c->loop, fd, events, on_socket, s, NULL);
    if (!s->watch) { /* its transfer times out */
        free(s);
        return 0;
    }
    c->curl.multi_assign(c->multi, fd, s);
    return 0;
}

/* ---- transfers ---- */

static void wake_done(struct client *c)
{
    CURLMsg *m;
    int left;
    while ((m = c->curl.multi_info_read(c->multi, &left))) {
        struct transfer *t;
        if (m->msg != CURLMSG_DONE)
            continue;
        c->curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        t->result = m->data.result;
        t->done = true;
        fiber_wake(t->fiber);
    }
}

static void act(struct client *c, curl_socket_t fd, int events)
{
    enum { TURNS = 16 }; /* without a look at other work */
    int running;
    c->at_once = false;
    c->curl.multi_socket_action(c->multi, fd, events, &running);
    for (int i = 0; c->at_once && i < TURNS; i++) {
        c->at_once = false;
        c->curl.multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    if (c->at_once)
        arm(c, CLOCK_MS);
    wake_done(c);
}

static void take_back(struct client *c, struct transfer *t)
{
    c->curl.multi_remove_handle(c->multi, t->easy);
    if (--c->running == 0)
        disarm(c); /* idle connections need no time, and the loop may end now */
    else if (c->at_once)
        arm(c, CLOCK_MS);
}

static int gave_up(const struct err *why, struct err *err)
{
    return err_set(err, why->code,
                   why->code == ERR_TIMEOUT ? "no whole answer in time"
                                            : "the fiber was cancelled");
}

int client_run(struct client *c, struct transfer *t, int64_t deadline, struct err *err)
{
    struct err why = {ERR_OK, ""};
    CURLMcode code;
    int status = 0;
    t->fiber = fiber_self(c->loop);
    code = c->curl.multi_add_handle(c->multi, t->easy);
    if (code != CURLM_OK)
        return err_set(err, ERR_IO, "cannot start: %s", c->curl.multi_strerror(code));
    c->running++;
    act(c, CURL_SOCKET_TIMEOUT, 0);
    while (status == 0 && !t->done)
        status = fiber_park(c->loop, deadline, &why);
    take_back(c, t);
    return status == 0 ? 0 : gave_up(&why, err);
}

/* ---- life ---- */

struct client *client_new(struct loop *l, struct err *err)
{
    struct client *c = mem_zalloc(sizeof *c);
    c->loop = l;
    if (curl_functions_load(&c->curl, err) != 0) {
        free(c);
        return NULL;
    }
    if (c->curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(c->multi = c->curl.multi_init())) {
        err_set(err, ERR_IO, "cannot start libcurl");
        free(c);
        return NULL;
    }
    c->curl.multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    c->curl.multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    c->curl.multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, want_time);
    c->curl.multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    c->curl.multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    return c;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    c->curl.multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    c->curl.multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, NULL);
    c->curl.multi_cleanup(c->multi);
    c->curl.global_cleanup();
    free(c);
}
