/* SPDX-License-Identifier: MIT */
#include "cache/memcached_wire.h"

#include "base/mem.h"

enum { LINE_MAX_BYTES = 4096, VALUE_MAX = 1 << 30, IN_KEEP = 1 << 16 };

/* ---- one reply ---- */

static const struct {
    struct str word;
    enum mc_code code;
} words[] = {
    {STR_INIT("HD"), MC_DONE},
    {STR_INIT("EN"), MC_MISSING},
    {STR_INIT("NF"), MC_MISSING},
    {STR_INIT("NS"), MC_NOT_STORED},
    {STR_INIT("EX"), MC_CHANGED},
    {STR_INIT("OK"), MC_DONE},
    {STR_INIT("MN"), MC_DONE},
    {STR_INIT("STAT"), MC_STAT},
    {STR_INIT("END"), MC_END},
    {STR_INIT("ERROR"), MC_UNKNOWN},
    {STR_INIT("CLIENT_ERROR"), MC_CLIENT_ERROR},
    {STR_INIT("SERVER_ERROR"), MC_SERVER_ERROR},
};

static void read_flags(struct str rest, struct mc_reply *out)
{
    struct str flag;
    while (rest.n && str_split(&rest, ' ', &flag)) {
        if (str_starts(flag, STR("t")))
            str_to_int64(str_skip(flag, 1), &out->ttl);
        else if (str_starts(flag, STR("c")))
            str_to_uint64(str_skip(flag, 1), &out->cas);
    }
}

static int garbage(struct str line, struct err *err)
{
    struct buf shown = BUF_INIT;
    for (size_t i = 0; i < line.n && i < 40; i++)
        buf_addc(&shown, line.p[i] >= ' ' && line.p[i] < 127 ? line.p[i] : '?');
    err_set(err, ERR_IO, "that is not Memcached: '%s'", shown.data);
    buf_release(&shown);
    return -1;
}

/* "VA <size> <flags>" and then so many bytes */
static int64_t parse_value(struct str in, struct str line, size_t head, struct mc_reply *out,
                           struct err *err)
{
    struct str number, rest = str_skip(line, 3);
    uint64_t size;
    if (!str_split(&rest, ' ', &number) || !str_to_uint64(number, &size))
        return garbage(line, err);
    if (size > VALUE_MAX)
        return err_set(err, ERR_TOO_LARGE, "a value of %llu bytes", (unsigned long long)size);
    read_flags(rest, out);
    if (in.n < head + size + 2)
        return 0;
    out->code = MC_VALUE;
    out->data = str_make(in.p + head, size);
    if (in.p[head + size] != '\r' || in.p[head + size + 1] != '\n')
        return garbage(line, err);
    return (int64_t)(head + size + 2);
}

int64_t mc_parse(struct str in, struct mc_reply *out, struct err *err)
{
    size_t end = str_index(str_head(in, LINE_MAX_BYTES), '\n');
    struct str rest;
    *out = (struct mc_reply){.ttl = MC_NO_TTL};
    if (end == in.n)
        return 0;
    if (end == LINE_MAX_BYTES || end == 0 || in.p[end - 1] != '\r')
        return garbage(in, err);
    struct str line = str_head(in, end - 1), word;
    if (str_starts(line, STR("VA ")))
        return parse_value(in, line, end + 1, out, err);
    rest = line;
    if (!str_split(&rest, ' ', &word))
        return garbage(line, err);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!str_eq(word, words[i].word))
            continue;
        out->code = words[i].code;
        if (out->code == MC_DONE)
            read_flags(rest, out);
        else
            out->data = rest;
        return (int64_t)(end + 1);
    }
    return garbage(line, err);
}

/* ---- as a protocol of links ---- */

struct state {
    struct link *link;
    struct buf in; /* the beginning of a reply */
};

static void *codec_open(struct link *l)
{
    struct state *s = mem_zalloc(sizeof *s);
    s->link = l;
    buf_init(&s->in);
    return s;
}

static void codec_close(void *state)
{
    struct state *s = state;
    buf_release(&s->in);
    free(s);
}

static void add_value(struct mc_result *r, const struct mc_reply *reply)
{
    if (r->n == r->cap)
        return;
    r->values[r->n++] = (struct mc_value){.code = reply->code,
                                          .ttl = reply->ttl,
                                          .cas = reply->cas,
                                          .at = r->text->n,
                                          .n = reply->data.n};
    buf_addstr(r->text, reply->data);
}

static int take_reply(struct state *s, const struct mc_reply *reply, struct err *err)
{
    struct mc_result *r = link_result(s->link);
    if (reply->code == MC_STAT) {
        if (r && r->text->n < VALUE_MAX) {
            buf_addstr(r->text, reply->data);
            buf_addc(r->text, '\n');
        }
        return link_pending(s->link) ? 0 : link_replied(s->link, err);
    }
    if (r)
        add_value(r, reply);
    return link_replied(s->link, err);
}

/* Replies are read where they came; only what is not whole yet is kept. */
static int codec_feed(void *state, const char *p, size_t n, struct err *err)
{
    struct state *s = state;
    struct str in = str_make(p, n);
    if (s->in.n) {
        buf_add(&s->in, p, n);
        in = buf_str(&s->in);
    }
    while (in.n) {
        struct mc_reply reply;
        int64_t taken = mc_parse(in, &reply, err);
        if (taken == 0)
            break;
        if (taken < 0 || take_reply(s, &reply, err) != 0)
            return -1;
        in = str_skip(in, (size_t)taken);
    }
    if (!s->in.n) {
        buf_addstr(&s->in, in);
    } else {
        memmove(s->in.data, in.p, in.n);
        buf_cut(&s->in, in.n);
    }
    if (!s->in.n && s->in.cap > IN_KEEP)
        buf_release(&s->in);
    return 0;
}

const struct link_codec mc_codec = {codec_open, codec_close, codec_feed};
