/* SPDX-License-Identifier: MIT */
/* The limit: libmicrohttpd with nothing above it.  One thread, one epoll set, Date
 * made once a second, the response of /plaintext shared.
 *
 * usage: rawmhd PORT */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POOL = 8192 }; /* libmicrohttpd clears a connection's pool after each request */

static const char hello[] = "Hello, World!";
static volatile sig_atomic_t stopped;

struct state {
    time_t second;
    char date[40];
    struct MHD_Response *plain;
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
                             const char *type, const char *text, size_t n)
{
    struct MHD_Response *r =
        dress(MHD_create_response_from_buffer(n, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY), s,
              type);
    enum MHD_Result ok = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return ok;
}

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
    if (!strcmp(url, "/json")) { /* serialised for each request, as the rules have it */
        char text[64];
        int n = snprintf(text, sizeof text, "{\"message\":\"%s\"}", hello);
        return reply(c, s, 200, "application/json", text, (size_t)n);
    }
    return reply(c, s, 404, "text/plain", "Not Found\n", 10);
}

int main(int argc, char **argv)
{
    struct state s = {0};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sigaction action = {.sa_handler = stop};
    if (argc != 2) {
        fprintf(stderr, "usage: rawmhd PORT\n");
        return 2;
    }
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
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
    return 0;
}
