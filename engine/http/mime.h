/* SPDX-License-Identifier: MIT */
/* Content types by file name, the same on every machine: no system table is read. */
#ifndef HTTP_MIME_H
#define HTTP_MIME_H

#include "base/str.h"

struct mime {
    struct str type;     /* "text/html"; p NULL: unknown */
    struct str encoding; /* "gzip" for "x.tar.gz"; p NULL: none */
};

/* By the name's extensions, without case: "a.tar.gz" is application/x-tar in gzip. */
struct mime mime_guess(struct str filename);

/* Whether a body of that Content-Type is text that compresses well. */
bool mime_compressible(struct str content_type);

#endif
