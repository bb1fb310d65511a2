/* SPDX-License-Identifier: MIT */
/* The Memcached backend: one server, and calls to it. */
#include "cache/memcached_impl.h"

#include "base/mem.h"

enum { PORT = 11211, DEFAULT_TIMEOUT_MS = 500, DEFAULT_CONNECTIONS = 2 };

/* ---- calls ---- */

static void write_call(void *data, struct buf *out)
{
    const struct mc_call *c = data;
    for (size_t i = 0; i < c->n; i++) {
        const struct mc_command *command = &c->commands[i];
        buf_addstr(out, command->line);
        buf_add(out, "\r\n", 2);
        if (!command->data.p)
            continue;
        buf_addstr(out, command->data);
        buf_add(out, "\r\n", 2);
    }
}

int mc_post(struct mc_call *c, struct err *err)
{
    struct peer_call *call = &c->call;
    call->peer = c->node->peer;
    call->write = write_call;
    call->data = c;
    call->replies = (uint32_t)c->n;
    call->result = c->result;
    call->again = c->again;
    return peer_post(call, err);
}

int mc_wait(struct mc_call *c, struct err *err)
{
    return peer_finish(&c->call, err);
}

/* ---- errors ---- */

bool mc_is_error(const struct mc_value *v)
{
    return v->code >= MC_UNKNOWN;
}

bool mc_too_large(const struct mc_result *r, const struct mc_value *v)
{
    return v->code == MC_SERVER_ERROR && str_starts(mc_text(r, v), STR("object too large"));
}

static int refused(const struct mc_result *r, const struct mc_value *v, struct err *err)
{
    struct str text = str_head(mc_text(r, v), 200);
    if (v->code == MC_UNKNOWN)
        return err_set(err, ERR_IO,
                       "it does not know meta commands: it must be Memcached 1.6 or newer");
    if (str_starts(text, STR("out of memory")))
        return err_set(err, ERR_IO, "its memory is full and nothing can go (%.*s)", STR_ARG(text));
    return err_set(err, ERR_IO, "%.*s", STR_ARG(text));
}

/* What it calls our mistake may have put the two out of step: then the connection ends. */
int mc_refused(struct memcached_node *node, const struct mc_result *r, const struct mc_value *v,
               struct err *err)
{
    refused(r, v, err);
    if (v->code != MC_SERVER_ERROR)
        peer_hang_up(node->peer, err);
    return err_prefix(err, "%s", peer_name(node->peer));
}

/* ---- opening ---- */

/* "mn" is answered with "MN" by whoever knows meta commands. */
static int hello(void *data, struct link *l, int64_t deadline, struct err *err)
{
    struct memcached_node *node = data;
    struct mc_value value;
    struct buf text = BUF_INIT;
    struct mc_result result = {.text = &text, .values = &value, .cap = 1};
    struct link_request request;
    buf_adds(link_out(l), "mn\r\n");
    link_post(l, &request, 1, &result);
    int status = link_wait(node->loop, &request, deadline, err);
    if (status == 0 && mc_is_error(&value))
        status = refused(&result, &value, err);
    buf_release(&text);
    return status;
}

int memcached_node_open(struct memcached_node *node, const struct cache_options *o,
                        const char *location, struct err *err)
{
    struct str at = str_from(location);
    if (str_starts(at, STR("memcached://")))
        at = str_skip(at, 12);
    if (str_find(at, STR("://")) < at.n)
        return err_set(err, ERR_CONFIG, "a location is host:11211 or unix:/run/memcached.sock");
    if (endpoint_parse(&node->at, at, PORT, err) != 0)
        return -1;
    node->loop = o->loop;
    struct peer_options po = {
        .loop = o->loop,
        .kind = "memcached",
        .at = &node->at,
        .codec = &mc_codec,
        .hello = hello,
        .data = node,
        .timeout = o->timeout ? o->timeout : DEFAULT_TIMEOUT_MS * INT64_C(1000000),
        .max_links = o->max_connections ? o->max_connections : DEFAULT_CONNECTIONS,
    };
    node->peer = peer_new(&po);
    return 0;
}

void memcached_node_close(struct memcached_node *node)
{
    peer_free(node->peer);
    endpoint_release(&node->at);
}
