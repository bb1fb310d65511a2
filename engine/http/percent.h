/* SPDX-License-Identifier: MIT */
/* Percent-encoding of URLs and forms (RFC 3986, RFC 3987). */
#ifndef HTTP_PERCENT_H
#define HTTP_PERCENT_H

#include "base/arena.h"
#include "base/buf.h"

/* What percent_decode() met: bits. */
enum {
    PERCENT_NUL = 1, /* a NUL byte is in the result */
    PERCENT_BAD = 2, /* a '%' without two hex digits, kept as it stood */
};

/* Adds s with every %XX decoded, once; '+' becomes a space when `plus`.
 * Gives PERCENT_ bits. */
unsigned percent_decode(struct buf *out, struct str s, bool plus);
/* The same as a NUL-ended string in the arena, bits in *found (NULL is allowed);
 * invalid UTF-8 becomes U+FFFD. */
struct str percent_decode_text(struct arena *a, struct str s, bool plus, unsigned *found);

/* Adds s with every byte encoded but letters, digits, "_.-~" and those in `safe`. */
void percent_quote(struct buf *out, struct str s, struct str safe);
/* The same with '+' for a space: forms and query strings. */
void percent_quote_plus(struct buf *out, struct str s, struct str safe);

/* Encodes what may not stand in a URI, leaves what is encoded already. */
void iri_to_uri(struct buf *out, struct str iri);
/* Decodes what may stand in an IRI: letters, "-._~" and valid UTF-8. */
void uri_to_iri(struct buf *out, struct str uri);
/* Encodes what ends or confuses a path: "?", "#", ";", "=" and everything unsafe. */
void escape_uri_path(struct buf *out, struct str path);
/* Encodes the bytes that are not valid UTF-8. */
void repercent_broken_unicode(struct buf *out, struct str path);
/* The path of a file as a URL path: "\" is "/". */
void filepath_to_uri(struct buf *out, struct str path);
/* "//x" as "/%2Fx", so that no browser takes it for a host. */
void escape_leading_slashes(struct buf *out, struct str url);

#endif
