/* SPDX-License-Identifier: MIT */
/* Cookies as Python's http.cookies writes them and Django reads them. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "base/buf.h"
#include "base/err.h"
#include "http/query.h"

struct response;

#define COOKIE_HEADER_MAX 8192 /* bytes of a Cookie header; several are joined by "; " */

/* Sets name = value in `out` for each cookie of the header; of equal names the last
 * counts, a text without "=" has the name "".  Fails with ERR_TOO_LARGE past the limit. */
int cookies_parse(struct query *out, struct str header, struct err *err);

/* Adds the value as it stands in a Cookie or Set-Cookie header: quoted when need be. */
void cookie_quote(struct buf *out, struct str value);
/* Adds what a quoted value means; others are added as they are. */
void cookie_unquote(struct buf *out, struct str value);

/* Attributes of a cookie to set; all zero is Django's default. */
struct cookie_options {
    struct str path;     /* p NULL: "/"; empty: none */
    struct str domain;   /* empty: none, as are the others */
    struct str expires;  /* a date as text */
    struct str samesite; /* lax, none, strict, in any case */
    bool has_max_age;
    int64_t max_age; /* seconds; gives expires too, where that is empty */
    bool secure, httponly;
};

struct cookie { /* in the response's arena; strings are NUL-ended */
    struct str name, value;
    struct cookie_options options;
    struct cookie *next;
};

/* Sets a cookie of the response, or replaces the one of that name.  `now` in seconds.
 * Fails with ERR_INVALID on what browsers would drop or take for something else: an
 * illegal name, ";" or control characters in an attribute, SameSite=None without
 * Secure, the prefixes __Host- and __Secure- without what they promise. */
int cookie_set(struct response *r, struct str name, struct str value,
               const struct cookie_options *o, int64_t now, struct err *err);
/* Tells the browser to forget it: path, domain and samesite as they were set. */
int cookie_delete(struct response *r, struct str name, const struct cookie_options *o,
                  struct err *err);
/* The cookie of that name, or NULL. */
struct cookie *cookie_find(const struct response *r, struct str name);

/* Adds the value of Set-Cookie: attributes in alphabetical order. */
void cookie_render(struct buf *out, const struct cookie *c);
/* Turns the cookies of a response into Set-Cookie fields: once, before it is sent. */
void cookies_to_headers(struct response *r);

#endif
