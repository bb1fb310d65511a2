/* SPDX-License-Identifier: MIT */
/* A request from its first hop to the answer that redirects nowhere. */
#include "http/client.h"

#include "base/clock.h"
#include "http/client_impl.h"

struct client_request client_request_defaults(void)
{
    return (struct client_request){.method = STR("GET"),
                                   .timeout = 30,
                                   .connect_timeout = 10,
                                   .max_bytes = 10 * 1024 * 1024,
                                   .redirects = 5};
}

void client_response_init(struct client_response *rs)
{
    *rs = (struct client_response){.body = BUF_INIT, .url = BUF_INIT};
    arena_init(&rs->arena, 0);
    headers_init(&rs->headers, &rs->arena);
}

void client_response_release(struct client_response *rs)
{
    buf_release(&rs->body);
    buf_release(&rs->url);
    arena_release(&rs->arena);
}

static int check(const struct client_request *rq, struct err *err)
{
    static const struct str ours[] = {STR_INIT("content-length"), STR_INIT("transfer-encoding")};
    if (!header_name_valid(rq->method) || rq->method.n > 30)
        return err_set(err, ERR_INVALID, "the method is not a word of at most 30 letters");
    for (size_t i = 0; rq->headers && i < 2; i++)
        if (headers_has(rq->headers, ours[i]))
            return err_set(err, ERR_INVALID, "header '%s' is written by the client itself",
                           ours[i].p);
    if (rq->public_only && rq->proxy && rq->proxy[0])
        return err_set(err, ERR_INVALID,
                       "public_only cannot look behind a proxy: leave one of the two out");
    return 0;
}

/* ---- redirects ---- */

struct walk {
    const struct client_request *request;
    struct client_hop hop;
    struct buf origin; /* of the first URL */
    unsigned left;
};

/* The Location to go on with; p NULL: *rs is the answer. */
static struct str next_location(const struct client_response *rs)
{
    switch (rs->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return headers_get(&rs->headers, STR("location"));
    default:
        return STR_NULL;
    }
}

static void change_method(struct client_hop *hop, int status)
{
    bool post = str_eq(hop->method, STR("POST"));
    if ((status == 303 && !str_eq(hop->method, STR("HEAD"))) || (post && status < 303)) {
        hop->method = STR("GET");
        hop->with_body = false;
    }
}

static int follow(struct client *c, struct walk *w, struct str location, int status,
                  struct err *err)
{
    struct buf origin = BUF_INIT;
    if (w->left-- == 0)
        return err_set(err, ERR_IO, "more than %u redirects", w->request->redirects);
    if (client_url_set(c, w->hop.url, location, err) != 0)
        return err_prefix(err, "redirected");
    client_url_drop_user(c, w->hop.url);
    change_method(&w->hop, status);
    client_url_origin(c, w->hop.url, &origin);
    w->hop.trusted = w->hop.trusted && str_eq(buf_str(&origin), buf_str(&w->origin));
    buf_release(&origin);
    return 0;
}

static int go(struct client *c, struct walk *w, struct client_response *rs, struct err *err)
{
    const struct client_request *rq = w->request;
    int64_t deadline = clock_deadline(rq->timeout);
    for (;;) {
        if (client_hop(c, rq, &w->hop, deadline, rs, err) != 0)
            return -1;
        struct str location = next_location(rs);
        if (!location.p || rq->redirects == 0)
            return 0;
        if (follow(c, w, location, rs->status, err) != 0)
            return -1;
    }
}

int client_send(struct client *c, const struct client_request *rq, struct client_response *rs,
                struct err *err)
{
    CURLU *u;
    char *user, *password;
    int status;
    if (check(rq, err) != 0)
        return -1;
    u = c->curl.url();
    if (client_url_set(c, u, rq->url, err) != 0) {
        c->curl.url_cleanup(u);
        return -1;
    }
    user = client_url_part(c, u, CURLUPART_USER, CURLU_URLDECODE);
    password = client_url_part(c, u, CURLUPART_PASSWORD, CURLU_URLDECODE);
    client_url_drop_user(c, u);
    struct walk w = {
        .request = rq,
        .hop = {.url = u, .method = rq->method, .with_body = true, .trusted = true},
        .origin = BUF_INIT,
        .left = rq->redirects,
    };
    w.hop.user = rq->user ? rq->user : user;
    w.hop.password = rq->user ? rq->password : password;
    client_url_origin(c, u, &w.origin);
    status = go(c, &w, rs, err);
    client_url_add(c, u, &rs->url);
    buf_release(&w.origin);
    c->curl.free(user);
    c->curl.free(password);
    c->curl.url_cleanup(u);
    return status;
}
