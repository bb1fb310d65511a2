/* SPDX-License-Identifier: MIT */
/* Several ranges in one response.  Private to file_response.c. */
#ifndef HTTP_BYTERANGES_H
#define HTTP_BYTERANGES_H

#include "http/range.h"
#include "http/response.h"

/* Makes the body (bytes or a file) of `size` bytes a multipart/byteranges stream of its
 * ranges, and sets Content-Type; the status is the caller's. */
void byteranges_set(struct response *response, const struct range_set *set, uint64_t size);

#endif
