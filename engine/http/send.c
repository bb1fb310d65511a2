/* SPDX-License-Identifier: MIT */
/* Responses into libmicrohttpd: bytes without a copy, files with sendfile, streams
 * through a buffer that the request's fiber fills and the socket drains. */
#include "http/server_impl.h"

#include "base/log.h"
#include "fiber/fiber.h"
#include "http/cookie.h"
#include "http/reply.h"

#include <time.h>
#include <unistd.h>

enum { STREAM_HIGH = 65536, STREAM_LOW = 16384, STREAM_BLOCK = 32768 };

static void drop_response(void *response)
{
    response_unref(response);
}

/* ---- streams ---- */

/* Called by libmicrohttpd for the next bytes. */
static ssize_t stream_read(void *cls, uint64_t pos, char *out, size_t max)
{
    struct exchange *x = cls;
    size_t n = x->chunk.n - x->chunk_sent;
    (void)pos;
    if (n == 0 && x->stream_failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n == 0 && x->stream_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n > max)
        n = max;
    memcpy(out, x->chunk.data + x->chunk_sent, n);
    x->chunk_sent += n;
    x->streamed += n;
    if (x->chunk_sent == x->chunk.n) {
        buf_reset(&x->chunk);
        x->chunk_sent = 0;
    }
    if (x->producer_waits && x->chunk.n - x->chunk_sent < STREAM_LOW)
        fiber_wake(x->fiber);
    if (n == 0) {
        x->suspended = true;
        MHD_suspend_connection(x->mhd);
    }
    return (ssize_t)n;
}

void send_produce(struct exchange *x)
{
    struct response *r = x->response;
    struct err err = {.code = ERR_OK};
    int more = 1;
    while (more == 1 && x->mhd && !x->aborted) {
        more = r->source.pull(r->source.data, &x->chunk, &err);
        if (x->chunk.n > x->chunk_sent || more != 1)
            exchange_resume(x);
        while (more == 1 && x->mhd && !x->aborted && x->chunk.n - x->chunk_sent >= STREAM_HIGH) {
            int rc;
            x->producer_waits = true;
            rc = fiber_park(x->server->loop, CLOCK_NEVER, &err);
            x->producer_waits = false;
            if (rc != 0)
                more = -1;
        }
    }
    if (more < 0 && !x->aborted)
        log_write(x->server->log, LOG_LEVEL_ERROR, "perilune.http",
                  "streaming response to %.*s broke off: %s", STR_ARG(x->request.target), err.msg);
    x->stream_failed = more != 0;
    x->stream_ended = true;
    response_clear_body(r); /* closes the source while its fiber still lives */
    exchange_resume(x);
}

/* ---- fields ---- */

static bool body_forbidden(int status)
{
    return status == 204 || status == 304 || status < 200;
}

static struct MHD_Response *make(struct exchange *x)
{
    struct response *r = x->response;
    if (body_forbidden(r->status))
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (x->streaming) /* a quick source has been closed, and the body dropped, by now */
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, x,
                                                 NULL);
    switch (r->kind) {
    case RESPONSE_FILE: {
        int fd = r->fd;
        r->fd = -1;
        return MHD_create_response_from_fd_at_offset64(r->file_length, fd, r->file_offset);
    }
    case RESPONSE_STREAM: /* of a HEAD request */
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    case RESPONSE_BYTES:
        break;
    }
    r->sent = true;
    response_ref(r);
    return MHD_create_response_from_buffer_with_free_callback_cls(r->bytes.n, (void *)r->bytes.p,
                                                                  drop_response, r);
}

/* Those called Connection, or the others. */
static void add_some(struct MHD_Response *m, const struct headers *h, bool connection)
{
    for (unsigned i = 0; i < h->n; i++) {
        const struct header *f = &h->items[i];
        /* The length is libmicrohttpd's to say, from the body it has. */
        if (f->name.n == 14 && str_ieq(f->name, STR("content-length")))
            continue;
        if ((f->name.n == 10 && str_ieq(f->name, STR("connection"))) == connection)
            MHD_add_response_header(m, f->name.p, f->value.p);
    }
}

/* Connection comes first: libmicrohttpd forgets about a Date that was there before it. */
static void add_fields(struct exchange *x, struct MHD_Response *m)
{
    const struct http_server *s = x->server;
    const struct response *r = x->response;
    if (r->close_connection || s->draining)
        MHD_add_response_header(m, "Connection", "close");
    add_some(m, &r->headers, true);
    add_some(m, &r->headers, false);
    if (s->options.server_header.n && !headers_has(&r->headers, STR("server")))
        MHD_add_response_header(m, "Server", s->options.server_header.p);
}

/* The value of Date and the field Server, made once a second. */
static struct str common_head(struct http_server *s)
{
    struct timespec now;
    struct tm tm;
    char date[40];
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != s->head_second) {
        s->head_second = now.tv_sec;
        gmtime_r(&now.tv_sec, &tm);
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        buf_reset(&s->head);
        buf_adds(&s->head, date);
        if (s->options.server_header.n) {
            buf_adds(&s->head, "\r\nServer: ");
            buf_addstr(&s->head, s->options.server_header);
        }
    }
    return buf_str(&s->head);
}

/* Fields that libmicrohttpd has to know of, or says itself. */
enum field_kind { FIELD_PLAIN, FIELD_LENGTH, FIELD_SPECIAL };

static enum field_kind field_kind(struct str name)
{
    switch (name.n) {
    case 4:
        return str_ieq(name, STR("date")) ? FIELD_SPECIAL : FIELD_PLAIN;
    case 6:
        return str_ieq(name, STR("server")) ? FIELD_SPECIAL : FIELD_PLAIN;
    case 10:
        return str_ieq(name, STR("connection")) ? FIELD_SPECIAL : FIELD_PLAIN;
    case 14:
        return str_ieq(name, STR("content-length")) ? FIELD_LENGTH : FIELD_PLAIN;
    case 17:
        return str_ieq(name, STR("transfer-encoding")) ? FIELD_SPECIAL : FIELD_PLAIN;
    default:
        return FIELD_PLAIN;
    }
}

static char *put(char *to, const char *from, size_t n)
{
    memcpy(to, from, n);
    return to + n;
}

/* The fields as reply_set() wants them; false when one of them is special. */
static bool write_head(struct exchange *x)
{
    const struct headers *h = &x->response->headers;
    struct str common = common_head(x->server);
    size_t n = common.n;
    for (unsigned i = 0; i < h->n; i++)
        n += h->items[i].name.n + h->items[i].value.n + 4;
    buf_reset(&x->head);
    buf_reserve(&x->head, n);
    char *to = put(x->head.data, common.p, common.n);
    for (unsigned i = 0; i < h->n; i++) {
        const struct header *f = &h->items[i];
        enum field_kind kind = field_kind(f->name);
        if (kind == FIELD_SPECIAL)
            return false;
        if (kind == FIELD_LENGTH)
            continue;
        to = put(to, "\r\n", 2);
        to = put(to, f->name.p, f->name.n);
        to = put(to, ": ", 2);
        to = put(to, f->value.p, f->value.n);
    }
    *to = '\0';
    x->head.n = (size_t)(to - x->head.data);
    return true;
}

/* NULL when the response is not of the kind that a reply can say. */
static struct MHD_Response *reply(struct exchange *x)
{
    struct response *r = x->response;
    if (!x->server->replies || x->streaming || r->kind != RESPONSE_BYTES || r->close_connection ||
        x->server->draining || !write_head(x))
        return NULL;
    r->sent = true;
    return reply_set(&x->reply, buf_str(&x->head), body_forbidden(r->status) ? STR("") : r->bytes);
}

enum MHD_Result send_response(struct exchange *x)
{
    struct response *r = x->response;
    struct MHD_Response *own = NULL, *m;
    enum MHD_Result ok;

    if (r->cookies)
        cookies_to_headers(r);
    m = reply(x);
    if (!m) {
        m = own = make(x);
        if (!m)
            return MHD_NO;
        add_fields(x, m);
    }
    if (x->connection)
        connection_stage(x->connection, STAGE_SENDING);
    x->queued = true;
    ok = MHD_queue_response(x->mhd, (unsigned)r->status, m);
    if (own)
        MHD_destroy_response(own);
    return ok;
}

enum MHD_Result send_refusal(struct exchange *x)
{
    const char *reason = http_reason(x->refused);
    if (x->refused == 204) {
        x->response = response_new(204);
        headers_put(&x->response->headers, STR("Allow"),
                    STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        return send_response(x);
    }
    x->response = response_text(x->refused, STR("text/plain; charset=utf-8"), "%d %s\n%s\n",
                                x->refused, reason, x->why ? x->why : "");
    x->response->close_connection = true;
    headers_put(&x->response->headers, STR("X-Content-Type-Options"), STR("nosniff"));
    return send_response(x);
}
