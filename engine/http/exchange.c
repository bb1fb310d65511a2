/* SPDX-License-Identifier: MIT */
/* The life of a request between libmicrohttpd and its fiber.
 *
 *   exchange_begin      the request line has come: memory, target checked
 *   exchange_handle     1st call: the header is whole -> guard; refused at once, or
 *                       2nd.. calls: body, and at its end the fiber starts
 *                       - it ends without waiting: the response is queued here
 *                       - it waits: the connection is suspended; when the response is
 *                         there it is resumed and this is called once more
 *   exchange_completed  sent, or the connection broke
 *
 * Queueing the response in the first call would make libmicrohttpd close the
 * connection (it counts as refusing the body), which is right for refusals only. */
#include "http/server_impl.h"

#include "fiber/fiber.h"
#include "fiber/watch.h"

enum { KEEP_EXCHANGES = 64 };

static struct exchange *exchange_new(struct http_server *s)
{
    struct exchange *x = s->free_exchanges;
    if (x) {
        s->free_exchanges = x->next_free;
        s->free_count--;
        struct arena arena = x->arena;
        struct buf body = x->body, chunk = x->chunk, head = x->head;
        struct reply reply = x->reply;
        memset(x, 0, sizeof *x);
        x->arena = arena;
        x->body = body;
        x->chunk = chunk;
        x->head = head;
        x->reply = reply;
    } else {
        x = mem_zalloc(sizeof *x);
        arena_init(&x->arena, 0);
        buf_init(&x->body);
        buf_init(&x->chunk);
        buf_init(&x->head);
    }
    x->server = s;
    x->request.arena = &x->arena;
    x->request.loop = s->loop;
    x->request.limits = &s->options.limits;
    x->request.connection = x;
    s->stats.requests++;
    return x;
}

static void really_free(struct exchange *x)
{
    reply_release(&x->reply);
    arena_release(&x->arena);
    buf_release(&x->body);
    buf_release(&x->chunk);
    buf_release(&x->head);
    free(x);
}

/* Buffers that a large request made large are given back. */
static void shrink(struct buf *b)
{
    if (b->cap > 16384)
        buf_release(b);
    else
        buf_reset(b);
}

static void report(struct exchange *x)
{
    struct http_server *s = x->server;
    struct request *r = &x->request;
    uint64_t length = 0;
    struct http_outcome o = {
        .status = x->refused && !x->response ? x->refused
                  : x->response              ? x->response->status
                                             : 0,
        .aborted = x->aborted || x->stream_failed,
        .refused = x->refused != 0,
    };
    if (x->response && response_length(x->response, &length) && r->method != METHOD_HEAD)
        o.bytes = length;
    else
        o.bytes = x->streamed;
    if (s->handler.done && r->started)
        s->handler.done(s->handler.data, r, &o);
}

static void release(struct exchange *x)
{
    struct http_server *s = x->server;
    if (x->mhd || x->fiber)
        return; /* somebody still has it */
    report(x);
    if (x->connection && x->connection->exchange == x)
        x->connection->exchange = NULL;
    response_unref(x->response);
    s->stats.requests--;
    s->stats.served++;
    shrink(&x->body);
    shrink(&x->chunk);
    shrink(&x->head);
    if (s->free_count >= KEEP_EXCHANGES || s->stopping) {
        really_free(x);
        return;
    }
    arena_reset(&x->arena);
    x->next_free = s->free_exchanges;
    s->free_exchanges = x;
    s->free_count++;
}

void exchange_free_pool(struct http_server *s)
{
    while (s->free_exchanges) {
        struct exchange *x = s->free_exchanges;
        s->free_exchanges = x->next_free;
        really_free(x);
    }
    s->free_count = 0;
}

/* ---- begin ---- */

static struct connection *connection_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i ? i->socket_context : NULL;
}

void *exchange_begin(void *server, const char *uri, struct MHD_Connection *mhd)
{
    struct http_server *s = server;
    struct exchange *x = exchange_new(s);
    struct connection *c = connection_of(mhd);
    struct request *r = &x->request;

    x->mhd = mhd;
    x->connection = c;
    if (c) {
        c->exchange = x;
        if (c->stage == STAGE_IDLE)
            connection_stage(c, STAGE_HEADER);
        r->peer_addr = c->listener->is_unix
                           ? STR("unix:")
                           : arena_str(&x->arena, str_make(c->address, c->address_length));
        r->remote_addr = r->peer_addr;
        r->remote_port = c->port;
        r->server_port = c->listener->port;
        r->server_name = str_from(c->listener->name);
    }
    guard_target(x, uri);
    return x;
}

/* ---- the fiber ---- */

static void run(void *arg)
{
    struct exchange *x = arg;
    struct http_server *s = x->server;
    struct response *response;

    x->fiber = fiber_self(s->loop);
    *fiber_slot(x->fiber, FIBER_REQUEST) = &x->request;
    response = s->handler.handle(s->handler.data, &x->request);
    if (x->refused) { /* a deadline passed meanwhile */
        response_clear_body(response);
        response_unref(response);
        response = response_text(x->refused, STR("text/plain; charset=utf-8"), "%d %s\n%s\n",
                                 x->refused, http_reason(x->refused), x->why);
    }
    if (x->request.method == METHOD_HEAD) {
        response->head_only = true;
        if (response->kind == RESPONSE_STREAM)
            response_clear_body(response); /* closes the source while its fiber still lives */
    }
    x->response = response;
    x->streaming = response->kind == RESPONSE_STREAM;
    exchange_resume(x);
    if (x->streaming)
        send_produce(x);
    x->fiber = NULL;
    release(x);
}

void exchange_resume(struct exchange *x)
{
    if (x->suspended && x->mhd) {
        x->suspended = false;
        MHD_resume_connection(x->mhd);
        http_server_nudge(x->server);
    }
}

void exchange_abort(struct exchange *x)
{
    x->aborted = true;
    if (x->fiber)
        fiber_cancel(x->fiber);
}

static enum MHD_Result start(struct exchange *x)
{
    struct http_server *s = x->server;
    if (x->connection)
        connection_stage(x->connection, STAGE_HANDLING);
    fiber_start(s->loop, run, x);
    /* x lives on: x->mhd holds it. */
    if (x->response)
        return send_response(x);
    x->suspended = true;
    MHD_suspend_connection(x->mhd);
    return MHD_YES;
}

/* ---- calls of libmicrohttpd ---- */

static enum MHD_Result first_call(struct exchange *x, const char *method, const char *version)
{
    struct request *r = &x->request;
    r->started = clock_monotonic();
    if (x->refused || guard_header(x, method, version) != 0 || body_begin(x) != 0)
        return send_refusal(x);
    if (x->has_body && x->connection)
        connection_stage(x->connection, STAGE_BODY);
    return MHD_YES;
}

enum MHD_Result exchange_handle(void *server, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **slot)
{
    struct exchange *x = *slot;
    (void)server, (void)mhd, (void)url;
    if (!x)
        return MHD_NO;
    if (!x->request.started)
        return first_call(x, method, version);
    if (*size) {
        size_t n = *size;
        *size = 0;
        if (x->connection) {
            x->connection->progress = loop_now(x->server->loop);
            x->connection->bytes += n;
        }
        return body_feed(x, data, n) == 0 ? MHD_YES : MHD_NO;
    }
    if (x->queued)
        return MHD_YES;
    if (x->response)
        return send_response(x);
    if (x->fiber) /* resumed before its time */
        return MHD_YES;
    if (x->refused || body_end(x) != 0)
        return send_refusal(x);
    return start(x);
}

void exchange_completed(void *server, struct MHD_Connection *mhd, void **slot,
                        enum MHD_RequestTerminationCode code)
{
    struct exchange *x = *slot;
    (void)server, (void)mhd;
    if (!x)
        return;
    *slot = NULL;
    x->mhd = NULL;
    x->suspended = false;
    if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        x->aborted = true;
        http_server_nudge(x->server); /* only its next run closes the socket */
    }
    if (x->connection) {
        struct connection *c = x->connection;
        c->served++;
        if (c->exchange == x)
            c->exchange = NULL;
        connection_stage(c, STAGE_IDLE);
        if (c->hangup) {
            watch_close(c->hangup);
            c->hangup = NULL;
        }
        x->connection = NULL;
    }
    if (x->fiber)
        fiber_cancel(x->fiber);
    release(x);
}
