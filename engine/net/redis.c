/* SPDX-License-Identifier: MIT */
#include "net/redis.h"

#include "base/mem.h"
#include "net/redis_url.h"

struct redis {
    struct loop *loop;
    struct redis_url url;
    struct peer *peer;
    char *place;
};

/* ---- as a protocol of links ---- */

static struct redis_result *current_result(void *data)
{
    return link_result(data);
}

static int replied(void *data, struct err *err)
{
    return link_replied(data, err);
}

static void *codec_open(struct link *l)
{
    return redis_reader_new(current_result, replied, l);
}

static void codec_close(void *state)
{
    redis_reader_free(state);
}

static int codec_feed(void *state, const char *p, size_t n, struct err *err)
{
    return redis_reader_feed(state, p, n, err);
}

static const struct link_codec codec = {codec_open, codec_close, codec_feed};

/* ---- commands ---- */

void redis_command_add(struct buf *out, const struct str *args, size_t n)
{
    size_t size = 16;
    for (size_t i = 0; i < n; i++)
        size += args[i].n + 32;
    buf_reserve(out, size);
    buf_addc(out, '*');
    buf_addint(out, (int64_t)n);
    for (size_t i = 0; i < n; i++) {
        buf_add(out, "\r\n$", 3);
        buf_addint(out, (int64_t)args[i].n);
        buf_add(out, "\r\n", 2);
        buf_addstr(out, args[i]);
    }
    buf_add(out, "\r\n", 2);
}

static void write_call(void *data, struct buf *out)
{
    const struct redis_call *c = data;
    for (size_t i = 0; i < c->n; i++)
        redis_command_add(out, c->commands[i].args, c->commands[i].n);
}

int redis_post(struct redis_call *c, struct err *err)
{
    struct peer_call *call = &c->call;
    call->peer = c->redis->peer;
    call->write = write_call;
    call->data = c;
    call->replies = (uint32_t)c->n;
    call->result = c->result;
    call->again = c->again;
    return peer_post(call, err);
}

int redis_wait(struct redis_call *c, struct err *err)
{
    return peer_finish(&c->call, err);
}

int redis_do(struct redis *r, const struct str *args, size_t n, bool again,
             struct redis_result *result, struct err *err)
{
    struct redis_command command = {args, n};
    struct redis_call c;
    c.redis = r;
    c.commands = &command;
    c.n = 1;
    c.result = result;
    c.again = again;
    return redis_post(&c, err) == 0 ? redis_wait(&c, err) : -1;
}

/* ---- errors ---- */

static int refused(struct str text, struct err *err)
{
    static const struct {
        struct str word;
        const char *advice;
    } rows[] = {
        {STR_INIT("NOAUTH"), "it wants a password: redis://:password@host"},
        {STR_INIT("WRONGPASS"), "the user or the password of the location is wrong"},
        {STR_INIT("ERR invalid password"), "the password of the location is wrong"},
        {STR_INIT("ERR AUTH"), "it has no password: leave it out of the location"},
        {STR_INIT("ERR Client sent AUTH"), "it has no password: leave it out of the location"},
        {STR_INIT("NOPERM"), "its rules (ACL) do not allow that to this user"},
        {STR_INIT("ERR DB index"), "it has no database of that number"},
        {STR_INIT("ERR invalid DB"), "it has no database of that number"},
        {STR_INIT("READONLY"), "it is a replica: what writes must name the primary"},
        {STR_INIT("MASTERDOWN"), "it is a replica that has lost its primary"},
        {STR_INIT("LOADING"), "it has just started and reads its data"},
        {STR_INIT("OOM"), "its memory is full: set its maxmemory-policy to allkeys-lru, or give it "
                          "more maxmemory"},
        {STR_INIT("MISCONF"), "it cannot write its data to disk and refuses changes"},
        {STR_INIT("MOVED"), "it is a node of a Redis Cluster, which is not supported"},
        {STR_INIT("ASK"), "it is a node of a Redis Cluster, which is not supported"},
        {STR_INIT("CROSSSLOT"), "it is a node of a Redis Cluster, which is not supported"},
        {STR_INIT("CLUSTERDOWN"), "it is a node of a Redis Cluster, which is not supported"},
        {STR_INIT("ERR max number of clients"), "raise its maxclients, or lower max_connections"},
    };
    const char *advice = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !advice; i++)
        if (str_starts(text, rows[i].word))
            advice = rows[i].advice;
    if (advice)
        return err_set(err, ERR_IO, "%s (%.*s)", advice, STR_ARG(str_head(text, 120)));
    return err_set(err, ERR_IO, "%.*s", STR_ARG(str_head(text, 300)));
}

int redis_refused(struct redis *r, struct str text, struct err *err)
{
    refused(text, err);
    /* Somebody else is the primary now: the name may stand for it already. */
    if (str_starts(text, STR("READONLY")))
        peer_hang_up(r->peer, err);
    return err_prefix(err, "%s", peer_name(r->peer));
}

/* ---- the first words ---- */

static int check_hello(const struct redis_result *result, struct err *err)
{
    for (size_t i = 0; i < result->n; i++) {
        const struct redis_value *v = &result->values[i];
        struct str text = redis_text(result, v);
        bool ping = i + 1 == result->n;
        if (v->type == REDIS_ERROR && !(ping && str_starts(text, STR("NOPERM"))))
            return refused(text, err);
    }
    return 0;
}

static int hello(void *data, struct link *l, int64_t deadline, struct err *err)
{
    struct redis *r = data;
    char number[16];
    struct redis_command commands[3];
    struct redis_result result;
    struct link_request request;
    struct buf text = BUF_INIT;
    struct str auth[3] = {STR("AUTH")}, select[2] = {STR("SELECT")}, ping[1] = {STR("PING")};
    size_t n = 0, nauth = 1;
    if (r->url.user)
        auth[nauth++] = str_from(r->url.user);
    auth[nauth++] = str_from(r->url.password);
    snprintf(number, sizeof number, "%u", r->url.database);
    select[1] = str_from(number);
    if (r->url.password)
        commands[n++] = (struct redis_command){auth, nauth};
    if (r->url.database)
        commands[n++] = (struct redis_command){select, 2};
    commands[n++] = (struct redis_command){ping, 1};
    redis_result_init(&result, &text);
    for (size_t i = 0; i < n; i++)
        redis_command_add(link_out(l), commands[i].args, commands[i].n);
    link_post(l, &request, (uint32_t)n, &result);
    int status = link_wait(r->loop, &request, deadline, err);
    if (status == 0)
        status = check_hello(&result, err);
    redis_result_release(&result);
    buf_release(&text);
    return status;
}

/* ---- life ---- */

struct redis *redis_open(const struct redis_options *o, struct err *err)
{
    struct redis *r = mem_zalloc(sizeof *r);
    r->loop = o->loop;
    if (redis_url_parse(&r->url, o->location, err) != 0) {
        free(r);
        return NULL;
    }
    struct peer_options po = {
        .loop = o->loop,
        .kind = "redis",
        .at = &r->url.at,
        .codec = &codec,
        .hello = hello,
        .data = r,
        .timeout = o->timeout,
        .max_links = o->max_connections,
    };
    r->peer = peer_new(&po);
    size_t size = strlen(r->url.at.name) + 16;
    r->place = mem_alloc(size);
    snprintf(r->place, size, "%s/%u", r->url.at.name, r->url.database);
    return r;
}

void redis_close(struct redis *r)
{
    if (!r)
        return;
    peer_free(r->peer);
    redis_url_release(&r->url);
    free(r->place);
    free(r);
}

const char *redis_name(const struct redis *r)
{
    return peer_name(r->peer);
}

const char *redis_place(const struct redis *r)
{
    return r->place;
}
