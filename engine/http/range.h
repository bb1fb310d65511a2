/* SPDX-License-Identifier: MIT */
/* Byte ranges (RFC 9110, section 14). */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include "base/buf.h"

#define RANGES_MAX 8 /* more in one request are answered with the whole */

struct range {
    uint64_t start, length; /* length > 0 */
};

struct range_set {
    struct range items[RANGES_MAX];
    size_t n;
};

enum range_result {
    RANGE_WHOLE,         /* 200: no range, a malformed one, too many or overlapping ones */
    RANGE_PARTIAL,       /* 206 */
    RANGE_UNSATISFIABLE, /* 416 */
};

/* The ranges of a Range header (p NULL: none) in a representation of `size` bytes,
 * in the order asked for; those past the end are left out. */
enum range_result range_parse(struct range_set *out, struct str header, uint64_t size);

/* Whether If-Range (p NULL: passes) lets the ranges be used: the strong tag of the
 * representation, or exactly its time of change (LAST_MODIFIED_NONE of
 * conditional.h: it has none). */
bool range_if_range_passes(struct str if_range, struct str etag, int64_t last_modified,
                           int64_t now);

/* Adds the value of Content-Range: "bytes 0-4/10"; with r NULL "bytes " "*" "/10". */
void range_content_range(struct buf *out, const struct range *r, uint64_t size);

/* Adds what stands before a part of a multipart/byteranges body; a NULL range adds
 * what ends the body. */
void range_part_head(struct buf *out, struct str boundary, struct str content_type,
                     const struct range *r, uint64_t size);

#endif
