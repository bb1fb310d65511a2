/* SPDX-License-Identifier: MIT */
/* Base64 in pieces, forgiving as mail is: what is not of the alphabet is skipped. */
#ifndef HTTP_FORM_BASE64_H
#define HTTP_FORM_BASE64_H

#include "base/buf.h"

struct base64_stream {
    uint32_t bits;
    unsigned n;   /* characters in `bits`, 0 to 3 */
    unsigned pad; /* "=" seen */
    bool done;    /* the padding is complete: the rest is ignored */
};

void base64_stream_add(struct base64_stream *s, struct str text, struct buf *out);
/* Whether the text that was added is whole. */
bool base64_stream_complete(const struct base64_stream *s);

#endif
