/* SPDX-License-Identifier: MIT */
/* The limit: libmicrohttpd and sqlite3 with nothing above them.  One thread, one epoll set,
 * Date made once a second, the response of /plaintext shared; statements are prepared once,
 * and the selects of one request share a read transaction.
 *
 * usage: rawmhd PORT DATABASE */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    POOL = 8192, /* libmicrohttpd clears a connection's pool after each request */
    WORLDS = 10000,
    QUERIES_MAX = 500,
    FORTUNES_MAX = 64,
};

static const char hello[] = "Hello, World!";
static volatile sig_atomic_t stopped;

struct state {
    time_t second;
    char date[40];
    struct MHD_Response *plain;
    char *out; /* the answer that is being made */
    size_t n, cap;
    uint64_t random;
    sqlite3 *db;
    sqlite3_stmt *read_world, *write_world, *read_fortunes, *begin, *begin_write, *commit;
    int kept[WORLDS + 1];
};

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static struct MHD_Response *dress(struct MHD_Response *r, const struct state *s, const char *type)
{
    if (!r || MHD_add_response_header(r, "Server", "rawmhd") != MHD_YES ||
        MHD_add_response_header(r, "Content-Type", type) != MHD_YES ||
        MHD_add_response_header(r, "Date", s->date) != MHD_YES)
        abort();
    return r;
}

static void each_second(struct state *s)
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == s->second)
        return;
    s->second = now.tv_sec;
    gmtime_r(&s->second, &tm);
    strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (s->plain)
        MHD_destroy_response(s->plain);
    s->plain = dress(MHD_create_response_from_buffer(sizeof hello - 1, (void *)(uintptr_t)hello,
                                                     MHD_RESPMEM_PERSISTENT),
                     s, "text/plain");
}

static enum MHD_Result reply(struct MHD_Connection *c, const struct state *s, unsigned status,
                             const char *type)
{
    struct MHD_Response *r =
        dress(MHD_create_response_from_buffer(s->n, s->out, MHD_RESPMEM_MUST_COPY), s, type);
    enum MHD_Result ok = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return ok;
}

/* ---- text ---- */

static void add(struct state *s, const char *p, size_t n)
{
    while (s->n + n > s->cap) {
        s->cap = s->cap ? 2 * s->cap : 4096;
        s->out = realloc(s->out, s->cap);
        if (!s->out)
            abort();
    }
    memcpy(s->out + s->n, p, n);
    s->n += n;
}

static void add_text(struct state *s, const char *p)
{
    add(s, p, strlen(p));
}

static void add_int(struct state *s, int v)
{
    char text[12], *p = text + sizeof text;
    do
        *--p = (char)('0' + v % 10);
    while (v /= 10);
    add(s, p, (size_t)(text + sizeof text - p));
}

static void add_escaped(struct state *s, const char *p)
{
    for (;;) {
        size_t plain = strcspn(p, "&<>\"'");
        add(s, p, plain);
        p += plain;
        if (!*p)
            return;
        add_text(s, *p == '&'   ? "&amp;"
                    : *p == '<' ? "&lt;"
                    : *p == '>' ? "&gt;"
                    : *p == '"' ? "&quot;"
                                : "&#x27;");
        p++;
    }
}

static void add_world(struct state *s, int id, int number)
{
    add_text(s, "{\"id\":");
    add_int(s, id);
    add_text(s, ",\"randomNumber\":");
    add_int(s, number);
    add_text(s, "}");
}

/* ---- the database ---- */

static void fail(const struct state *s, const char *what)
{
    fprintf(stderr, "rawmhd: %s: %s\n", what, sqlite3_errmsg(s->db));
    exit(1);
}

static void run(const struct state *s, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        fail(s, sqlite3_sql(st));
    sqlite3_reset(st);
}

static sqlite3_stmt *prepare(const struct state *s, const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
        fail(s, sql);
    return st;
}

static int world(const struct state *s, int id)
{
    int number;
    sqlite3_bind_int(s->read_world, 1, id);
    if (sqlite3_step(s->read_world) != SQLITE_ROW)
        fail(s, "world");
    number = sqlite3_column_int(s->read_world, 1);
    sqlite3_reset(s->read_world);
    return number;
}

static void open_database(struct state *s, const char *file)
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2(file, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(s->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL, NULL,
                     NULL) != SQLITE_OK)
        fail(s, file);
    s->read_world = prepare(s, "SELECT id, randomnumber FROM world WHERE id = ?");
    s->write_world = prepare(s, "UPDATE world SET randomnumber = ? WHERE id = ?");
    s->read_fortunes = prepare(s, "SELECT id, message FROM fortune");
    s->begin = prepare(s, "BEGIN");
    s->begin_write = prepare(s, "BEGIN IMMEDIATE");
    s->commit = prepare(s, "COMMIT");
    for (int id = 1; id <= WORLDS; id++)
        s->kept[id] = world(s, id);
}

static void close_database(struct state *s)
{
    sqlite3_stmt *st;
    while ((st = sqlite3_next_stmt(s->db, NULL)))
        sqlite3_finalize(st);
    sqlite3_close(s->db);
}

/* ---- the tests ---- */

static int random_id(struct state *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (int)((s->random >> 32) % WORLDS) + 1;
}

static int count(struct MHD_Connection *c, const char *name)
{
    const char *v = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
    int n = v ? atoi(v) : 1;
    return n < 1 ? 1 : n > QUERIES_MAX ? QUERIES_MAX : n;
}

static const char *json(struct MHD_Connection *c, struct state *s)
{
    (void)c;
    add_text(s, "{\"message\":\"");
    add_text(s, hello);
    add_text(s, "\"}");
    return "application/json";
}

static const char *one_world(struct MHD_Connection *c, struct state *s)
{
    int id = random_id(s);
    (void)c;
    add_world(s, id, world(s, id));
    return "application/json";
}

static const char *queries(struct MHD_Connection *c, struct state *s)
{
    int n = count(c, "queries");
    run(s, s->begin);
    for (int i = 0; i < n; i++) {
        int id = random_id(s);
        add_text(s, i ? "," : "[");
        add_world(s, id, world(s, id));
    }
    run(s, s->commit);
    add_text(s, "]");
    return "application/json";
}

static const char *updates(struct MHD_Connection *c, struct state *s)
{
    int n = count(c, "queries"), ids[QUERIES_MAX];
    run(s, s->begin_write);
    for (int i = 0; i < n; i++) {
        ids[i] = random_id(s);
        world(s, ids[i]);
    }
    for (int i = 0; i < n; i++) {
        int number = random_id(s);
        sqlite3_bind_int(s->write_world, 1, number);
        sqlite3_bind_int(s->write_world, 2, ids[i]);
        run(s, s->write_world);
        add_text(s, i ? "," : "[");
        add_world(s, ids[i], number);
    }
    run(s, s->commit);
    add_text(s, "]");
    return "application/json";
}

static const char *cached(struct MHD_Connection *c, struct state *s)
{
    int n = count(c, "count");
    for (int i = 0; i < n; i++) {
        int id = random_id(s);
        add_text(s, i ? "," : "[");
        add_world(s, id, s->kept[id]);
    }
    add_text(s, "]");
    return "application/json";
}

struct fortune {
    int id;
    char message[256];
};

static int by_message(const void *a, const void *b)
{
    return strcmp(((const struct fortune *)a)->message, ((const struct fortune *)b)->message);
}

static const char *fortunes(struct MHD_Connection *c, struct state *s)
{
    struct fortune list[FORTUNES_MAX];
    size_t n = 0;
    (void)c;
    while (sqlite3_step(s->read_fortunes) == SQLITE_ROW && n < FORTUNES_MAX - 1) {
        list[n].id = sqlite3_column_int(s->read_fortunes, 0);
        snprintf(list[n++].message, sizeof list->message, "%s",
                 (const char *)sqlite3_column_text(s->read_fortunes, 1));
    }
    sqlite3_reset(s->read_fortunes);
    list[n].id = 0;
    strcpy(list[n++].message, "Additional fortune added at request time.");
    qsort(list, n, sizeof *list, by_message);
    add_text(s, "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
                "<tr><th>id</th><th>message</th></tr>");
    for (size_t i = 0; i < n; i++) {
        add_text(s, "<tr><td>");
        add_int(s, list[i].id);
        add_text(s, "</td><td>");
        add_escaped(s, list[i].message);
        add_text(s, "</td></tr>");
    }
    add_text(s, "</table></body></html>");
    return "text/html; charset=utf-8";
}

struct test {
    const char *path;
    const char *(*make)(struct MHD_Connection *c, struct state *s); /* gives the type */
};

#ifndef OTHER_TESTS /* peers/rawlua has its own */
static const struct test tests[] = {
    {"/json", json}, /* serialised for each request, as the rules have it */
    {"/db", one_world},      {"/queries", queries},       {"/updates", updates},
    {"/fortunes", fortunes}, {"/cached-queries", cached}, {NULL, NULL},
};
static void open_tests(struct state *s)
{
    (void)s;
}
#else
static const struct test *const tests;
static void open_tests(struct state *s);
#endif

static enum MHD_Result handle(void *data, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **seen)
{
    struct state *s = data;
    (void)method, (void)version, (void)upload;
    if (!*seen) { /* an answer from the first call would close the connection */
        *seen = s;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    each_second(s);
    if (!strcmp(url, "/plaintext"))
        return MHD_queue_response(c, 200, s->plain);
    s->n = 0;
    for (const struct test *t = tests; t->path; t++)
        if (!strcmp(url, t->path))
            return reply(c, s, 200, t->make(c, s));
    add_text(s, "Not Found\n");
    return reply(c, s, 404, "text/plain");
}

int main(int argc, char **argv)
{
    static struct state s = {.random = 0x2545f4914f6cdd1d};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sigaction action = {.sa_handler = stop};
    if (argc != 3) {
        fprintf(stderr, "usage: rawmhd PORT DATABASE\n");
        return 2;
    }
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    open_database(&s, argv[2]);
    open_tests(&s);
    each_second(&s);
    struct MHD_Daemon *d = MHD_start_daemon(
        MHD_USE_ERROR_LOG | MHD_USE_TURBO | MHD_USE_EPOLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL,
        NULL, handle, &s, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)POOL, MHD_OPTION_CONNECTION_LIMIT, 20000u, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_END);
    if (!d) {
        fprintf(stderr, "rawmhd: cannot listen on port %s\n", argv[1]);
        return 1;
    }
    while (!stopped)
        MHD_run_wait(d, 1000);
    MHD_stop_daemon(d);
    MHD_destroy_response(s.plain);
    close_database(&s);
    free(s.out);
    return 0;
}
