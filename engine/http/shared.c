/* SPDX-License-Identifier: MIT */
#include "http/shared.h"

#include "base/buf.h"
#include "base/hash.h"
#include "http/response.h"

#include <microhttpd.h>
#include <time.h>

enum { SLOTS = 128, LONGEST = 1024 };

struct slot {
    uint64_t hash;                 /* of what was seen here last */
    struct MHD_Response *response; /* NULL: seen once */
    size_t length;
    char text[LONGEST]; /* fields, an empty line, body */
};

struct shared {
    struct slot slots[SLOTS];
    struct str server_header;
    struct buf text; /* of the response asked for */
    time_t second;
    char date[40];
};

struct shared *shared_new(struct str server_header)
{
    struct shared *s = mem_zalloc(sizeof *s);
    s->server_header = server_header;
    buf_init(&s->text);
    buf_reserve(&s->text, LONGEST);
    return s;
}

static void forget(struct shared *s)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (s->slots[i].response)
            MHD_destroy_response(s->slots[i].response);
        s->slots[i].response = NULL;
    }
}

void shared_free(struct shared *s)
{
    if (!s)
        return;
    forget(s);
    buf_release(&s->text);
    free(s);
}

static void tick(struct shared *s)
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == s->second)
        return;
    s->second = now.tv_sec;
    gmtime_r(&s->second, &tm);
    strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    forget(s);
}

/* Fields and body as one text; false when they are too long. */
static bool write_text(struct shared *s, const struct response *r)
{
    struct buf *b = &s->text;
    size_t room = LONGEST - 1;
    buf_reset(b);
    for (unsigned i = 0; i < r->headers.n; i++) {
        const struct header *h = &r->headers.items[i];
        if (h->name.n + h->value.n + 2 > room - b->n)
            return false;
        buf_addstr(b, h->name);
        buf_addc(b, ':');
        buf_addstr(b, h->value);
        buf_addc(b, '\n');
    }
    if (r->bytes.n + 1 > room - b->n)
        return false;
    buf_addc(b, '\n');
    buf_addstr(b, r->bytes);
    return true;
}

static struct MHD_Response *make(struct shared *s, struct slot *slot, const struct response *r)
{
    const char *body = slot->text + slot->length - r->bytes.n;
    struct MHD_Response *m =
        MHD_create_response_from_buffer(r->bytes.n, (void *)body, MHD_RESPMEM_MUST_COPY);
    for (unsigned i = 0; m && i < r->headers.n; i++)
        if (!str_ieq(r->headers.items[i].name, STR("content-length")))
            MHD_add_response_header(m, r->headers.items[i].name.p, r->headers.items[i].value.p);
    if (m && s->server_header.n)
        MHD_add_response_header(m, "Server", s->server_header.p);
    if (m)
        MHD_add_response_header(m, "Date", s->date);
    return m;
}

struct MHD_Response *shared_get(struct shared *s, const struct response *r)
{
    struct slot *slot;
    uint64_t hash;

    if (r->kind != RESPONSE_BYTES || r->bytes.n > LONGEST / 2 || r->close_connection ||
        r->status < 200 || r->status == 204 || r->status == 304)
        return NULL;
    tick(s);
    if (!write_text(s, r))
        return NULL;
    hash = hash_str(buf_str(&s->text));
    slot = &s->slots[hash % SLOTS];
    if (slot->response && slot->hash == hash && slot->length == s->text.n &&
        memcmp(slot->text, s->text.data, s->text.n) == 0)
        return slot->response;
    if (slot->hash != hash) { /* for the first time: only remembered */
        slot->hash = hash;
        return NULL;
    }
    if (slot->response)
        MHD_destroy_response(slot->response);
    slot->length = s->text.n;
    memcpy(slot->text, s->text.data, s->text.n);
    slot->response = make(s, slot, r);
    return slot->response;
}
