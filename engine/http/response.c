/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include <assert.h>
#include <unistd.h>

/* The first block of the response's arena comes with the response: a short body
 * and the fields of the built-in middlewares need no allocation of their own. */
#define INLINE_ROOM (1536 - sizeof(struct response))

struct allocation {
    struct response response;
    _Alignas(16) char room[INLINE_ROOM];
};

/* Scripts drop responses in bursts, when their garbage is collected, which malloc does
 * not take well; so the last ones are kept.  The list is the thread's, and holds nothing
 * but free memory. */
static _Thread_local struct {
    void *first;
    unsigned n;
} spare;

enum { SPARE_MAX = 2048 };

static struct allocation *allocate(void)
{
    void *p = spare.first;
    if (!p)
        return mem_alloc(sizeof(struct allocation));
    spare.first = *(void **)p;
    spare.n--;
    return p;
}

static void give_back(struct response *r)
{
    if (spare.n >= SPARE_MAX) {
        free(r);
        return;
    }
    *(void **)(void *)r = spare.first;
    spare.first = r;
    spare.n++;
}

struct response *response_new(int status)
{
    struct allocation *a = allocate();
    struct response *r = &a->response;
    *r = (struct response){.refs = 1, .status = status, .fd = -1, .bytes = STR("")};
    arena_init(&r->arena, 0);
    r->arena.next = a->room;
    r->arena.end = a->room + sizeof a->room;
    headers_init(&r->headers, &r->arena);
    return r;
}

void response_ref(struct response *r)
{
    r->refs++;
}

void response_unref(struct response *r)
{
    if (!r)
        return;
    assert(r->refs > 0);
    if (--r->refs)
        return;
    response_clear_body(r);
    arena_release(&r->arena);
    give_back(r);
}

void response_clear_body(struct response *r)
{
    void (*release)(void *) = r->release;
    void (*close_source)(void *) = r->source.close;
    void *release_data = r->release_data, *source_data = r->source.data;
    int fd = r->fd;

    /* Consistent before foreign code runs: it may look at the response again. */
    r->kind = RESPONSE_BYTES;
    r->bytes = STR("");
    r->release = NULL;
    r->release_data = NULL;
    r->fd = -1;
    r->file_offset = r->file_length = 0;
    r->source = (struct response_source){NULL, NULL, NULL};

    if (release && r->sent)
        arena_defer(&r->arena, release, release_data);
    else if (release)
        release(release_data);
    if (fd >= 0)
        close(fd);
    if (close_source)
        close_source(source_data);
}

void response_set_body(struct response *r, struct str bytes)
{
    /* Copied before the old body goes: the new one may be a part of it. */
    struct str body = bytes.n ? arena_str(&r->arena, bytes) : STR("");
    response_clear_body(r);
    r->bytes = body;
}

void response_set_static_body(struct response *r, struct str bytes)
{
    response_clear_body(r);
    r->bytes = bytes;
}

void response_set_owned_body(struct response *r, struct str bytes, void (*release)(void *),
                             void *data)
{
    response_clear_body(r);
    r->bytes = bytes;
    r->release = release;
    r->release_data = data;
}

void response_set_file(struct response *r, int fd, uint64_t offset, uint64_t length)
{
    response_clear_body(r);
    r->kind = RESPONSE_FILE;
    r->fd = fd;
    r->file_offset = offset;
    r->file_length = length;
}

void response_set_stream(struct response *r, struct response_source source)
{
    response_clear_body(r);
    r->kind = RESPONSE_STREAM;
    r->source = source;
}

bool response_length(const struct response *r, uint64_t *length)
{
    switch (r->kind) {
    case RESPONSE_BYTES:
        *length = r->bytes.n;
        return true;
    case RESPONSE_FILE:
        *length = r->file_length;
        return true;
    case RESPONSE_STREAM:
        break;
    }
    return false;
}

struct response *response_text(int status, struct str content_type, const char *fmt, ...)
{
    struct response *r = response_new(status);
    struct buf body = BUF_INIT;
    va_list ap;

    if (content_type.p)
        headers_put(&r->headers, STR("Content-Type"), arena_str(&r->arena, content_type));
    else
        headers_put(&r->headers, STR("Content-Type"), STR("text/plain; charset=utf-8"));
    va_start(ap, fmt);
    buf_vaddf(&body, fmt, ap);
    va_end(ap);
    response_set_body(r, buf_str(&body));
    buf_release(&body);
    return r;
}

/* RFC 9110 and the IANA registry. */
#define STATUSES(X)                                                                                \
    X(100, "Continue")                                                                             \
    X(101, "Switching Protocols")                                                                  \
    X(102, "Processing")                                                                           \
    X(103, "Early Hints")                                                                          \
    X(200, "OK")                                                                                   \
    X(201, "Created")                                                                              \
    X(202, "Accepted")                                                                             \
    X(203, "Non-Authoritative Information")                                                        \
    X(204, "No Content")                                                                           \
    X(205, "Reset Content")                                                                        \
    X(206, "Partial Content")                                                                      \
    X(207, "Multi-Status")                                                                         \
    X(208, "Already Reported")                                                                     \
    X(226, "IM Used")                                                                              \
    X(300, "Multiple Choices")                                                                     \
    X(301, "Moved Permanently")                                                                    \
    X(302, "Found")                                                                                \
    X(303, "See Other")                                                                            \
    X(304, "Not Modified")                                                                         \
    X(305, "Use Proxy")                                                                            \
    X(307, "Temporary Redirect")                                                                   \
    X(308, "Permanent Redirect")                                                                   \
    X(400, "Bad Request")                                                                          \
    X(401, "Unauthorized")                                                                         \
    X(402, "Payment Required")                                                                     \
    X(403, "Forbidden")                                                                            \
    X(404, "Not Found")                                                                            \
    X(405, "Method Not Allowed")                                                                   \
    X(406, "Not Acceptable")                                                                       \
    X(407, "Proxy Authentication Required")                                                        \
    X(408, "Request Timeout")                                                                      \
    X(409, "Conflict")                                                                             \
    X(410, "Gone")                                                                                 \
    X(411, "Length Required")                                                                      \
    X(412, "Precondition Failed")                                                                  \
    X(413, "Content Too Large")                                                                    \
    X(414, "URI Too Long")                                                                         \
    X(415, "Unsupported Media Type")                                                               \
    X(416, "Range Not Satisfiable")                                                                \
    X(417, "Expectation Failed")                                                                   \
    X(418, "I'm a Teapot")                                                                         \
    X(421, "Misdirected Request")                                                                  \
    X(422, "Unprocessable Content")                                                                \
    X(423, "Locked")                                                                               \
    X(424, "Failed Dependency")                                                                    \
    X(425, "Too Early")                                                                            \
    X(426, "Upgrade Required")                                                                     \
    X(428, "Precondition Required")                                                                \
    X(429, "Too Many Requests")                                                                    \
    X(431, "Request Header Fields Too Large")                                                      \
    X(451, "Unavailable For Legal Reasons")                                                        \
    X(500, "Internal Server Error")                                                                \
    X(501, "Not Implemented")                                                                      \
    X(502, "Bad Gateway")                                                                          \
    X(503, "Service Unavailable")                                                                  \
    X(504, "Gateway Timeout")                                                                      \
    X(505, "HTTP Version Not Supported")                                                           \
    X(506, "Variant Also Negotiates")                                                              \
    X(507, "Insufficient Storage")                                                                 \
    X(508, "Loop Detected")                                                                        \
    X(510, "Not Extended")                                                                         \
    X(511, "Network Authentication Required")

const char *http_reason(int status)
{
    switch (status) {
#define REASON(code, text)                                                                         \
    case code:                                                                                     \
        return text;
        STATUSES(REASON)
#undef REASON
    default:
        return "Unknown Status Code";
    }
}
