/* SPDX-License-Identifier: MIT */
/* Cuts a multipart body (RFC 2046, section 5.1; RFC 7578) into parts, in pieces of any
 * size.  It keeps no content: at most a boundary or the headers of one part. */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "http/header_params.h"

struct multipart;

/* The headers of a part; strings are valid until the next part. */
struct multipart_part {
    struct header_params disposition; /* value "" when there is none */
    struct header_params type;        /* Content-Type */
    struct str transfer_encoding;     /* lower case, or "" */
};

/* Each gives 0, or -1 with *err set, which ends the parsing. */
struct multipart_events {
    int (*begin)(void *data, const struct multipart_part *part, struct err *err);
    int (*content)(void *data, struct str bytes, struct err *err);
    /* `complete`: a boundary came behind it, not the end of the body. */
    int (*end)(void *data, bool complete, struct err *err);
};

/* The boundary of a Content-Type; fails with ERR_INVALID when it is none that may be
 * used: 1 to 201 printable characters, the last one not a space. */
int multipart_boundary(struct arena *a, struct str content_type, struct str *boundary,
                       struct err *err);

/* Lives in the arena. header_max: bytes of the headers of one part. */
struct multipart *multipart_new(struct arena *a, struct str boundary, size_t header_max,
                                const struct multipart_events *events, void *data);
int multipart_feed(struct multipart *m, struct str piece, struct err *err);
/* Ends an open part as incomplete. */
int multipart_end(struct multipart *m, struct err *err);

#endif
