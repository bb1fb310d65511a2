/* SPDX-License-Identifier: MIT */
/* What the files of the HTTP client share.  Nobody else includes it. */
#ifndef HTTP_CLIENT_IMPL_H
#define HTTP_CLIENT_IMPL_H

#include "http/client.h"

#include <curl/curl.h>

struct fiber;

/* libcurl, loaded when it is first needed: with all that it brings it would make every
 * start of the program half as long again. */
struct curl_functions {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_global_cleanup) *global_cleanup;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_setopt) *multi_setopt;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_socket_action) *multi_socket_action;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_multi_assign) *multi_assign;
    __typeof__(curl_multi_strerror) *multi_strerror;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_url) *url;
    __typeof__(curl_url_cleanup) *url_cleanup;
    __typeof__(curl_url_get) *url_get;
    __typeof__(curl_url_set) *url_set;
    __typeof__(curl_url_strerror) *url_strerror;
    __typeof__(curl_free) *free;
};

/* ---- client_curl.c ---- */

/* Fills *f; the library stays loaded until the process ends. */
int curl_functions_load(struct curl_functions *f, struct err *err);

/* ---- client_multi.c: transfers on the loop ---- */

struct client {
    struct loop *loop;
    struct curl_functions curl;
    CURLM *multi;
    struct timer *timer; /* NULL: libcurl waits for nothing but sockets */
    int64_t due;         /* of the timer */
    bool at_once;        /* libcurl wants to be called again as soon as it returns */
    unsigned running;    /* transfers */
};

struct transfer { /* one request and its answer; on the stack of the fiber that waits */
    struct client *client;
    struct fiber *fiber;
    CURL *easy;
    const struct client_request *request;
    struct client_response *response;
    struct curl_slist *fields;
    size_t header_bytes;
    CURLcode result;
    bool done;
    bool body_began;
    bool too_large;
    bool refused; /* an address was not public */
    char reason[CURL_ERROR_SIZE];
};

/* Until t->done.  On failure the transfer is taken back.  May wait. */
int client_run(struct client *c, struct transfer *t, int64_t deadline, struct err *err);

/* ---- client_transfer.c: what libcurl is told, and what comes back ---- */

struct client_hop { /* one way there and back: a request that follows nothing */
    CURLU *url;
    struct str method;
    bool with_body;
    bool trusted; /* credentials and cookies may go along */
    const char *user, *password;
};

/* Fills *rs, which it makes empty first. May wait. */
int client_hop(struct client *c, const struct client_request *rq, const struct client_hop *hop,
               int64_t deadline, struct client_response *rs, struct err *err);

/* ---- client_url.c ---- */

/* Sets a new URL, or one relative to what *u is already. ERR_INVALID when that is none
 * of http or https. */
int client_url_set(const struct client *c, CURLU *u, struct str text, struct err *err);
/* NULL when there is no such part; for curl.free(). */
char *client_url_part(const struct client *c, CURLU *u, CURLUPart part, unsigned flags);
void client_url_drop_user(const struct client *c, CURLU *u);
/* "https://host:443": what credentials belong to. */
void client_url_origin(const struct client *c, CURLU *u, struct buf *out);
void client_url_add(const struct client *c, CURLU *u, struct buf *out);

#endif
