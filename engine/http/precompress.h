/* SPDX-License-Identifier: MIT */
/* Files compressed once, as small as it gets, for clients of all times: what lies beside a
 * static file as "a.css.gz" and "a.css.br". */
#ifndef HTTP_PRECOMPRESS_H
#define HTTP_PRECOMPRESS_H

#include "base/buf.h"
#include "base/err.h"

/* Adds the compressed bytes, the same for the same data: no time, no name is in them.
 * Takes long, by intent.  `coding` is "gzip" or "br"; ERR_INVALID for another one. */
int precompress(struct buf *out, struct str coding, struct str data, struct err *err);

#endif
