/* SPDX-License-Identifier: MIT */
#ifndef HTTP_DISPOSITION_H
#define HTTP_DISPOSITION_H

#include "base/buf.h"

/* Adds the value of Content-Disposition: `attachment; filename="x.txt"`, or the
 * form of RFC 5987 when the name is not plain ASCII.  Without a name it is
 * "attachment", or nothing at all (false) when it is not to be one. */
bool content_disposition(struct buf *out, bool as_attachment, struct str filename);

#endif
