/* SPDX-License-Identifier: MIT */
/* Whom the workers run as. */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct identity {
    uid_t uid;     /* (uid_t)-1: no change */
    gid_t gid;     /* (gid_t)-1: no change */
    char user[64]; /* for the supplementary groups; "" when uid has no entry */
};

/* Names or numbers, NULL for no change; a user alone brings its own group.
 * Fails early when this process may not change as asked. */
int identity_find(struct identity *id, const char *user, const char *group, struct err *err);
/* Becomes it, for good. */
int identity_assume(const struct identity *id, struct err *err);

#endif
