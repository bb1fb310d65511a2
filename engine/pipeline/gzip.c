/* SPDX-License-Identifier: MIT */
/* perilune.middleware.gzip: compresses bodies for clients that take it.
 *
 * Against BREACH, which reads secrets off the length of compressed pages, the file name
 * of the gzip header is filled with up to 99 bytes at random, as Django does. */
#include "base/mem.h"
#include "crypto/random.h"
#include "fiber/fiber.h"
#include "http/accept.h"
#include "http/cache_control.h"
#include "pipeline/builtins.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>

enum {
    SHORTEST = 200,        /* bytes worth compressing */
    PADDING = 100,         /* random bytes, less one */
    BLOCKING = 256 * 1024, /* longer bodies are compressed in a thread of the pool */
    PIECE = 64 * 1024,     /* of a file */
    LEVEL = 6,
};

static const char padding[PADDING] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/* ---- streams of gzip ---- */

struct deflater {
    z_stream z;
    gz_header header;
};

static bool deflater_start(struct deflater *d)
{
    uint32_t n = random_below(PADDING);
    d->header = (gz_header){.os = 255}; /* unknown: says nothing of the machine */
    if (n)
        d->header.name = (Bytef *)padding + (PADDING - 1 - n);
    return deflateSetHeader(&d->z, &d->header) == Z_OK;
}

static bool deflater_init(struct deflater *d)
{
    *d = (struct deflater){.header = {.os = 255}};
    return deflateInit2(&d->z, LEVEL, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

/* Adds what `in` becomes; Z_SYNC_FLUSH or Z_FINISH. */
static bool deflater_add(struct deflater *d, struct str in, int flush, struct buf *out)
{
    int rc;
    d->z.next_in = (Bytef *)in.p;
    d->z.avail_in = (uInt)in.n;
    do {
        buf_reserve(out, in.n / 2 + 256);
        size_t room = out->cap - out->n - 1;
        d->z.next_out = (Bytef *)out->data + out->n;
        d->z.avail_out = (uInt)room;
        rc = deflate(&d->z, flush);
        out->n += room - d->z.avail_out;
        out->data[out->n] = '\0';
    } while (rc == Z_OK && d->z.avail_out == 0);
    return flush == Z_FINISH ? rc == Z_STREAM_END : rc == Z_OK || rc == Z_BUF_ERROR;
}

/* ---- bodies in memory ---- */

struct gzip { /* owner: the layer; used by one request at a time, which does not wait */
    struct deflater deflater;
};

struct job {
    struct deflater *deflater;
    struct str in;
    struct buf out;
    bool ok;
};

static void compress_job(struct job *j)
{
    j->ok = deflater_start(j->deflater) && deflater_add(j->deflater, j->in, Z_FINISH, &j->out);
}

/* In a thread, with a stream of its own. */
static void compress_apart(void *arg)
{
    struct job *j = arg;
    struct deflater own;
    if (!deflater_init(&own))
        return;
    j->deflater = &own;
    compress_job(j);
    deflateEnd(&own.z);
}

/* Whether j->out has the compressed body. May wait. */
static bool compress_now(struct gzip *g, const struct request *r, struct job *j)
{
    struct err err;
    if (j->in.n > UINT32_MAX / 2)
        return false;
    if (j->in.n >= BLOCKING && r->loop && fiber_self(r->loop))
        return fiber_blocking(r->loop, compress_apart, j, &err) == 0 && j->ok;
    j->deflater = &g->deflater;
    if (deflateReset(&g->deflater.z) != Z_OK)
        return false;
    compress_job(j);
    return j->ok;
}

static bool compress_bytes(struct gzip *g, const struct request *r, struct response *response)
{
    struct job j = {.in = response->bytes, .out = BUF_INIT};
    if (!compress_now(g, r, &j) || j.out.n >= response->bytes.n) {
        buf_release(&j.out);
        return false;
    }
    size_t n;
    char *bytes = buf_detach(&j.out, &n);
    response_set_owned_body(response, str_make(bytes, n), free, bytes);
    return true;
}

/* ---- streams and files ---- */

struct stream {
    struct deflater deflater;
    struct response_source inner; /* pull NULL: the file */
    int fd;
    uint64_t offset, left;
    struct buf piece;
};

static int pull_file(struct stream *s, struct err *err)
{
    size_t want = s->left < PIECE ? (size_t)s->left : PIECE;
    ssize_t got;
    buf_reserve(&s->piece, PIECE);
    do
        got = pread(s->fd, s->piece.data, want, (off_t)s->offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_set_errno(err, "cannot read the file to compress");
    s->piece.n = (size_t)got;
    s->offset += (uint64_t)got;
    s->left -= (uint64_t)got;
    return got > 0 && s->left > 0;
}

static int stream_pull(void *data, struct buf *out, struct err *err)
{
    struct stream *s = data;
    buf_reset(&s->piece);
    int more = s->inner.pull ? s->inner.pull(s->inner.data, &s->piece, err) : pull_file(s, err);
    if (more < 0)
        return -1;
    /* Flushed piece by piece: what the view has said reaches the client now. */
    if ((s->piece.n || !more) &&
        !deflater_add(&s->deflater, buf_str(&s->piece), more ? Z_SYNC_FLUSH : Z_FINISH, out))
        return err_set(err, ERR_IO, "cannot compress the response");
    return more;
}

static void stream_close(void *data)
{
    struct stream *s = data;
    deflateEnd(&s->deflater.z);
    if (s->inner.close)
        s->inner.close(s->inner.data);
    if (s->fd >= 0)
        close(s->fd);
    buf_release(&s->piece);
    free(s);
}

/* Takes the body of the response over and gives it back compressed. */
static bool compress_stream(struct response *response)
{
    struct stream *s = mem_zalloc(sizeof *s);
    s->fd = -1;
    buf_init(&s->piece);
    if (!deflater_init(&s->deflater)) {
        free(s);
        return false;
    }
    deflater_start(&s->deflater);
    if (response->kind == RESPONSE_FILE) {
        s->fd = response->fd;
        s->offset = response->file_offset;
        s->left = response->file_length;
        response->fd = -1;
    } else {
        s->inner = response->source;
        response->source = (struct response_source){NULL, NULL, NULL};
    }
    response_set_stream(response, (struct response_source){stream_pull, stream_close, s});
    return true;
}

/* ---- the layer ---- */

/* Images, films and archives are compressed by nature; as files they go out by sendfile. */
static bool is_text(const struct response *response)
{
    static const struct str types[] = {
        STR_INIT("application/json"),      STR_INIT("application/javascript"),
        STR_INIT("application/xml"),       STR_INIT("application/wasm"),
        STR_INIT("application/ld+json"),   STR_INIT("application/manifest+json"),
        STR_INIT("application/atom+xml"),  STR_INIT("application/rss+xml"),
        STR_INIT("application/xhtml+xml"), STR_INIT("image/svg+xml"),
        STR_INIT("application/geo+json"),  STR_INIT("application/x-ndjson"),
    };
    struct str type = headers_get(&response->headers, STR("Content-Type"));
    type = str_trim(str_head(type, str_index(type, ';')));
    if (type.n > 5 && str_ieq(str_head(type, 5), STR("text/")))
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_ieq(type, types[i]))
            return true;
    return false;
}

static bool worth_it(const struct response *response)
{
    if (response->status == 206 || response->status == 204 || response->status == 304 ||
        response->head_only || headers_has(&response->headers, STR("Content-Encoding")))
        return false; /* a part of a file is a part of its own bytes */
    switch (response->kind) {
    case RESPONSE_BYTES:
        return response->bytes.n >= SHORTEST;
    case RESPONSE_FILE:
        return response->file_length >= SHORTEST && is_text(response);
    case RESPONSE_STREAM:
        break;
    }
    return true;
}

static void describe(struct response *response)
{
    struct str etag = headers_get(&response->headers, STR("ETag"));
    struct err err;
    uint64_t length;
    headers_put(&response->headers, STR("Content-Encoding"), STR("gzip"));
    headers_remove(&response->headers, STR("Accept-Ranges")); /* of the bytes before */
    if (etag.n && etag.p[0] == '"') {
        char *weak = arena_printf(&response->arena, "W/%.*s", STR_ARG(etag));
        headers_remove(&response->headers, STR("ETag"));
        headers_put(&response->headers, STR("ETag"), str_from(weak));
    }
    if (!headers_remove(&response->headers, STR("Content-Length")) ||
        !response_length(response, &length))
        return;
    char *digits = arena_printf(&response->arena, "%llu", (unsigned long long)length);
    headers_set(&response->headers, STR("Content-Length"), str_from(digits), &err);
}

static int gzip_open(const struct middleware_env *env, void **self, struct err *err)
{
    struct gzip *g = mem_zalloc(sizeof *g);
    (void)env;
    if (!deflater_init(&g->deflater)) {
        free(g);
        return err_set(err, ERR_CONFIG, "zlib does not start: version %s", zlibVersion());
    }
    *self = g;
    return 0;
}

static void gzip_close(void *self)
{
    struct gzip *g = self;
    deflateEnd(&g->deflater.z);
    free(g);
}

static struct response *gzip_call(void *self, struct request *r, const struct layer *next)
{
    struct response *response = middleware_next(next, r);
    struct err err;
    if (!worth_it(response))
        return response;
    if (!vary_has(&response->headers, STR("Accept-Encoding")))
        vary_patch(&response->headers, &STR("Accept-Encoding"), 1, &err);
    struct str accepted = headers_get(&r->headers, STR("Accept-Encoding"));
    if (!accepted.n || accept_encoding_quality(accepted, STR("gzip")) <= 0)
        return response;
    if (response->kind == RESPONSE_BYTES ? compress_bytes(self, r, response)
                                         : compress_stream(response))
        describe(response);
    return response;
}

const struct middleware_ops middleware_gzip = {
    .name = "perilune.middleware.gzip",
    .open = gzip_open,
    .close = gzip_close,
    .call = gzip_call,
};
