/* SPDX-License-Identifier: MIT */
#ifndef HTTP_FORM_ENTITIES_H
#define HTTP_FORM_ENTITIES_H

#include "base/buf.h"

/* Adds s with character references decoded as a browser would: numbers, the names
 * of ASCII punctuation and of Latin-1 letters.  Others stay as they are. */
void html_entities_decode(struct buf *out, struct str s);

#endif
