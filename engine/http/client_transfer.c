/* SPDX-License-Identifier: MIT */
#include "fiber/fiber.h"
#include "http/client_address.h"
#include "http/client_impl.h"

#include <strings.h>

enum { HEADER_MAX = 256 * 1024 };

/* ---- what comes back ---- */

static void empty(struct client_response *rs)
{
    arena_reset(&rs->arena);
    headers_init(&rs->headers, &rs->arena);
    buf_reset(&rs->body);
}

/* One line of a header. Every answer of a connection comes through here, interim ones
 * and those of a proxy too: a status line begins afresh. */
static size_t take_header(char *line, size_t size, size_t n, void *data)
{
    struct transfer *t = data;
    struct str s = str_trim(str_make(line, size * n)), name;
    t->header_bytes += size * n;
    if (t->header_bytes > HEADER_MAX) {
        t->too_large = true;
        return 0;
    }
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
        s.n--;
    if (str_starts(s, STR("HTTP/")))
        empty(t->response);
    else if (!t->body_began && str_has(s, ':')) { /* behind the body: a trailer */
        str_split(&s, ':', &name);
        headers_add(&t->response->headers, name, str_trim(s), NULL);
    }
    return size * n;
}

static bool announced_too_large(struct transfer *t)
{
    curl_off_t length = -1;
    t->client->curl.easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length > 0 && (uint64_t)length > t->request->max_bytes;
}

static size_t take_body(char *piece, size_t size, size_t n, void *data)
{
    struct transfer *t = data;
    struct buf *body = &t->response->body;
    n *= size;
    if (n > t->request->max_bytes - body->n || (!t->body_began && announced_too_large(t))) {
        t->too_large = true;
        return 0;
    }
    t->body_began = true;
    buf_add(body, piece, n);
    return n;
}

/* ---- whom it goes to ---- */

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct transfer *t = data;
    (void)purpose;
    if (!address_is_public(&a->addr)) {
        t->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* A connection that is used again was perhaps opened for a request that may go anywhere. */
static int check_peer(void *data, char *peer, char *local, int peer_port, int local_port)
{
    struct transfer *t = data;
    (void)local;
    (void)peer_port;
    (void)local_port;
    if (address_text_is_public(str_from(peer)))
        return CURL_PREREQFUNC_OK;
    t->refused = true;
    return CURL_PREREQFUNC_ABORT;
}

/* ---- what libcurl is told ---- */

static void add_field(struct transfer *t, const char *line)
{
    struct curl_slist *longer = t->client->curl.slist_append(t->fields, line);
    if (longer)
        t->fields = longer;
}

static bool is_body_field(struct str name)
{
    return str_starts(name, STR("Content-")) || str_starts(name, STR("content-"));
}

static bool is_credential(struct str name)
{
    return str_ieq(name, STR("authorization")) || str_ieq(name, STR("cookie")) ||
           str_ieq(name, STR("host"));
}

static void set_fields(struct transfer *t, const struct client_hop *hop)
{
    const struct headers *h = t->request->headers;
    struct buf line = BUF_INIT;
    for (unsigned i = 0; h && i < h->n; i++) {
        const struct header *f = &h->items[i];
        if ((is_body_field(f->name) && !hop->with_body) ||
            (is_credential(f->name) && !hop->trusted))
            continue;
        buf_reset(&line);
        buf_addstr(&line, f->name);
        if (f->value.n) {
            buf_adds(&line, ": ");
            buf_addstr(&line, f->value);
        } else {
            buf_addc(&line, ';'); /* how libcurl is told of an empty value */
        }
        add_field(t, line.data);
    }
    buf_release(&line);
    add_field(t, "Expect:"); /* no waiting for a server's leave to send a body */
    if (!h || !headers_has(h, STR("content-type")))
        add_field(t, "Content-Type:"); /* none that nobody asked for */
    t->client->curl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->fields);
}

static bool expects_body(struct str method)
{
    return str_eq(method, STR("POST")) || str_eq(method, STR("PUT")) ||
           str_eq(method, STR("PATCH"));
}

static void set_method(struct transfer *t, const struct client_hop *hop)
{
    __typeof__(curl_easy_setopt) *set = t->client->curl.easy_setopt;
    struct str body = hop->with_body ? t->request->body : STR_NULL;
    char method[32];
    if (body.p || expects_body(hop->method)) {
        set(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
        set(t->easy, CURLOPT_POSTFIELDS, body.p ? body.p : "");
    } else if (str_eq(hop->method, STR("HEAD"))) {
        set(t->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    snprintf(method, sizeof method, "%.*s", STR_ARG(hop->method));
    set(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

static long milliseconds(double seconds)
{
    return seconds >= 1e6 ? 1000000000L : seconds <= 0.001 ? 1L : (long)(seconds * 1000);
}

static void set_connection(struct transfer *t, const struct client_hop *hop)
{
    __typeof__(curl_easy_setopt) *set = t->client->curl.easy_setopt;
    const struct client_request *rq = t->request;
    set(t->easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(rq->connect_timeout));
    set(t->easy, CURLOPT_SSL_VERIFYPEER, rq->insecure ? 0L : 1L);
    set(t->easy, CURLOPT_SSL_VERIFYHOST, rq->insecure ? 0L : 2L);
    if (rq->ca_file)
        set(t->easy, CURLOPT_CAINFO, rq->ca_file);
    if (rq->proxy || rq->public_only)
        set(t->easy, CURLOPT_PROXY, rq->public_only ? "" : rq->proxy);
    if (hop->trusted && hop->user) {
        set(t->easy, CURLOPT_USERNAME, hop->user);
        set(t->easy, CURLOPT_PASSWORD, hop->password ? hop->password : "");
    }
    if (rq->public_only) {
        set(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        set(t->easy, CURLOPT_OPENSOCKETDATA, t);
        set(t->easy, CURLOPT_PREREQFUNCTION, check_peer);
        set(t->easy, CURLOPT_PREREQDATA, t);
    }
}

static void set_all(struct transfer *t, const struct client_hop *hop)
{
    __typeof__(curl_easy_setopt) *set = t->client->curl.easy_setopt;
    set(t->easy, CURLOPT_CURLU, hop->url);
    set(t->easy, CURLOPT_PRIVATE, t);
    set(t->easy, CURLOPT_ERRORBUFFER, t->reason);
    set(t->easy, CURLOPT_NOSIGNAL, 1L);
    set(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(t->easy, CURLOPT_QUICK_EXIT, 1L); /* a name that is being resolved holds nobody up */
    set(t->easy, CURLOPT_USERAGENT, "Perilune/" PERILUNE_VERSION);
    set(t->easy, CURLOPT_ACCEPT_ENCODING, ""); /* all that it can undo */
    set(t->easy, CURLOPT_HEADERFUNCTION, take_header);
    set(t->easy, CURLOPT_HEADERDATA, t);
    set(t->easy, CURLOPT_WRITEFUNCTION, take_body);
    set(t->easy, CURLOPT_WRITEDATA, t);
    set_connection(t, hop);
    set_method(t, hop);
    set_fields(t, hop);
}

/* ---- there and back ---- */

static int failed(struct transfer *t, struct err *err)
{
    enum err_code code = t->result == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO;
    if (t->refused)
        return err_set(err, ERR_DENIED, "the address of its host is not public");
    if (t->too_large && t->header_bytes > HEADER_MAX)
        return err_set(err, ERR_TOO_LARGE, "the answer's header is larger than %d bytes",
                       HEADER_MAX);
    if (t->too_large)
        return err_set(err, ERR_TOO_LARGE, "the answer is larger than %zu bytes (max_bytes)",
                       t->request->max_bytes);
    return err_set(err, code, "%s",
                   t->reason[0] ? t->reason : t->client->curl.easy_strerror(t->result));
}

int client_hop(struct client *c, const struct client_request *rq, const struct client_hop *hop,
               int64_t deadline, struct client_response *rs, struct err *err)
{
    struct transfer t = {.client = c, .request = rq, .response = rs, .easy = c->curl.easy_init()};
    long status = 0;
    int result;
    if (!t.easy)
        return err_set(err, ERR_IO, "cannot start libcurl");
    empty(rs);
    set_all(&t, hop);
    result = client_run(c, &t, deadline, err);
    if (result == 0 && t.result != CURLE_OK)
        result = failed(&t, err);
    if (result == 0)
        c->curl.easy_getinfo(t.easy, CURLINFO_RESPONSE_CODE, &status);
    rs->status = (int)status;
    c->curl.easy_cleanup(t.easy);
    c->curl.slist_free_all(t.fields);
    return result;
}
