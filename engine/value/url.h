/* SPDX-License-Identifier: MIT */
/* URLs in their five parts, and percent-encoding, with the results of Python's
 * urllib.parse. */
#ifndef VALUE_URL_H
#define VALUE_URL_H

#include "base/buf.h"
#include "base/err.h"

/* Parts without their separators; a part that is not there is empty. */
struct url {
    struct str scheme, netloc, path, query, fragment;
};

/* The parts point into s; the scheme keeps its case.  -1 with ERR_SYNTAX for
 * brackets that hold no IPv6 address and hosts that other programs would read as
 * something else. */
int url_split(struct str s, struct url *out, struct err *err);
/* Host of a netloc, without user, port and brackets; p NULL when there is none. */
struct str url_host(struct str netloc);

/* Percent-encodes everything but letters, digits, "_.-~" and the characters of
 * `safe`. */
void url_quote(struct buf *out, struct str s, const char *safe);
/* The same with "+" for spaces. */
void url_quote_plus(struct buf *out, struct str s);
/* Percent-decodes; what is then no UTF-8 becomes U+FFFD.  plus: "+" is a space. */
void url_unquote(struct buf *out, struct str s, bool plus);

/* Quotes a URL that may be quoted already: Django's smart_urlquote. */
void url_smart_quote(struct buf *out, struct str s);

#endif
