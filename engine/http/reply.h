/* SPDX-License-Identifier: MIT */
/* One response object of libmicrohttpd for many responses, one after the other.
 *
 * Through its interface each response is an object of its own, and each of its fields three
 * allocations and a list entry.  Here the fields are one text that we write, which stands
 * as the value of the object's only field, and object and field stay
 * (docs/decisions/0008-replies.md). */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "base/str.h"

struct MHD_Response;

/* Its owner's: an exchange, for as long as it is used again. */
struct reply {
    struct MHD_Response *mhd; /* NULL until it is first used */
    char *value;              /* the library's own value of the field */
};

/* Does the library that runs have the objects that this file knows?  Looks at one of them;
 * once per server.  Nothing else here may be called when it does not. */
bool reply_usable(void);

/* The object, made to say `head` and `body`: text that begins with the value of Date, goes
 * on with "\r\nName: value" for each other field, and has no line end at its end.  Both are
 * borrowed until the request is completed; no response of this reply may be on its way. NULL
 * when memory is out. */
struct MHD_Response *reply_set(struct reply *p, struct str head, struct str body);

/* Gives the object back; the library may still have it in hand, but no longer looks at it. */
void reply_release(struct reply *p);

#endif
