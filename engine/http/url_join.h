/* SPDX-License-Identifier: MIT */
/* References against the URL they stand in, with the results of Python's urljoin. */
#ifndef HTTP_URL_JOIN_H
#define HTTP_URL_JOIN_H

#include "base/buf.h"
#include "base/err.h"

/* Adds what `url` means on a page whose address is `base`: "../b" under
 * "http://a/x/y/" is "http://a/x/b".  One of another scheme stays as it is.
 * Fails with ERR_SYNTAX, with nothing added, where url_split() does. */
int url_join(struct buf *out, struct str base, struct str url, struct err *err);

#endif
