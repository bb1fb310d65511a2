/* SPDX-License-Identifier: MIT */
/* Entity tags and conditional requests (RFC 9110, section 13). */
#ifndef HTTP_CONDITIONAL_H
#define HTTP_CONDITIONAL_H

#include "base/buf.h"
#include "http/headers.h"

struct response;

#define LAST_MODIFIED_NONE INT64_MIN

/* Whether s is an entity tag: "x" or W/"x", with its quotes. */
bool etag_valid(struct str s);
/* Adds s as an entity tag: as it is when it is one, in quotes otherwise. */
void etag_quote(struct buf *out, struct str s);
/* Is the value of If-Match or If-None-Match "*", which any tag fits? */
bool etag_any(struct str value);
/* Takes the next valid tag off a list such as the value of If-Match; false at the end.
 * Start with *rest = the whole value, unless etag_any() is true of that. */
bool etag_next(struct str *rest, struct str *tag);
/* Adds W/ to a strong tag. */
void etag_weaken(struct buf *out, struct str tag);

enum conditional {
    CONDITIONAL_PASS,
    CONDITIONAL_NOT_MODIFIED, /* 304 */
    CONDITIONAL_FAILED,       /* 412 */
};

/* Does the request have a condition at all (a field If-…)?  Without one the check passes. */
bool conditional_asked(const struct headers *request);
/* What the If- headers of a request say about a resource with that tag (p NULL:
 * none) and time of change (seconds; LAST_MODIFIED_NONE).  `safe`: GET or HEAD.
 * `now` is for two-digit years. */
enum conditional conditional_check(const struct headers *request, bool safe, struct str etag,
                                   int64_t last_modified, int64_t now);

/* Gives a response of bytes the ETag that Django would give it, the MD5 of its body, so that
 * clients may go from the one server to the other; gives the tag. */
struct str conditional_add_etag(struct response *response);
/* Makes a response the 304 of itself: no body, only the headers that RFC 9110
 * wants kept and Last-Modified; cookies stay. */
void conditional_not_modified(struct response *r);

#endif
