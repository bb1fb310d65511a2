/* SPDX-License-Identifier: MIT */
#include "net/redis_url.h"

#include "base/buf.h"

enum { DATABASE_MAX = 1 << 20 };

static char *decoded(struct str s)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < s.n; i++) {
        int high = i + 2 < s.n && s.p[i] == '%' ? char_hex(s.p[i + 1]) : -1;
        int low = high >= 0 ? char_hex(s.p[i + 2]) : -1;
        if (low >= 0) {
            buf_addc(&b, (char)(high << 4 | low));
            i += 2;
        } else {
            buf_addc(&b, s.p[i]);
        }
    }
    return buf_detach(&b, NULL);
}

static int set_database(struct redis_url *u, struct str text, struct err *err)
{
    uint64_t n = 0;
    if (text.n == 0)
        return 0;
    if (!str_to_uint64(text, &n) || n > DATABASE_MAX)
        return err_set(err, ERR_CONFIG, "'%.*s' is no number of a database", STR_ARG(text));
    u->database = (unsigned)n;
    return 0;
}

static int read_query(struct redis_url *u, struct str query, struct err *err)
{
    struct str part;
    while (query.n && str_split(&query, '&', &part)) {
        size_t i = str_index(part, '=');
        struct str name = str_head(part, i), value = str_skip(part, i + 1);
        if (str_eq(name, STR("db"))) {
            if (set_database(u, value, err) != 0)
                return -1;
        } else if (str_eq(name, STR("password"))) {
            free(u->password);
            u->password = decoded(value);
        } else {
            return err_set(err, ERR_CONFIG,
                           "unknown part '%.*s' behind the '?'; there are db "
                           "and password",
                           STR_ARG(name));
        }
    }
    return 0;
}

/* "user:password@" before the last @ */
static struct str read_user(struct redis_url *u, struct str rest)
{
    size_t at = rest.n;
    while (at && rest.p[at - 1] != '@')
        at--;
    if (!at)
        return rest;
    struct str who = str_head(rest, at - 1);
    size_t colon = str_index(who, ':');
    if (colon)
        u->user = decoded(str_head(who, colon));
    if (colon < who.n)
        u->password = decoded(str_skip(who, colon + 1));
    return str_skip(rest, at);
}

/* Cuts "NAME://" off. */
static bool take_scheme(struct str *text, struct str scheme)
{
    struct str rest = str_skip(*text, scheme.n);
    if (!str_ieq(str_head(*text, scheme.n), scheme) || !str_starts(rest, STR("://")))
        return false;
    *text = str_skip(rest, 3);
    return true;
}

static int read_rest(struct redis_url *u, struct str rest, bool file, struct err *err)
{
    size_t q = str_index(rest, '?');
    struct str query = str_skip(rest, q + 1);
    rest = read_user(u, str_head(rest, q));
    size_t slash = str_index(rest, '/');
    if (file && slash != 0)
        return err_set(err, ERR_CONFIG, "the path of a socket begins with '/': unix:///run/x.sock");
    if (!file && (set_database(u, str_skip(rest, slash + 1), err) != 0))
        return -1;
    if (read_query(u, query, err) != 0)
        return -1;
    if (u->user && !u->password)
        return err_set(err, ERR_CONFIG, "a user without a password: redis://user:password@host");
    return endpoint_parse(&u->at, file ? rest : str_head(rest, slash), 6379, err);
}

int redis_url_parse(struct redis_url *u, struct str text, struct err *err)
{
    int status;
    *u = (struct redis_url){0};
    if (take_scheme(&text, STR("rediss")))
        return err_set(err, ERR_CONFIG,
                       "there is no TLS to Redis: use redis:// in a network of your own, or a "
                       "tunnel (stunnel) on this machine");
    if (take_scheme(&text, STR("redis")))
        status = read_rest(u, text, false, err);
    else if (take_scheme(&text, STR("unix")) || take_scheme(&text, STR("redis+unix")) ||
             take_scheme(&text, STR("redis-socket")))
        status = read_rest(u, text, true, err);
    else
        return err_set(err, ERR_CONFIG,
                       "a location is redis://:password@host:6379/0 or unix:///run/redis.sock");
    if (status != 0)
        redis_url_release(u);
    return status;
}

void redis_url_release(struct redis_url *u)
{
    endpoint_release(&u->at);
    free(u->user);
    free(u->password);
    *u = (struct redis_url){0};
}
