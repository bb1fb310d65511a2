/* SPDX-License-Identifier: MIT */
/* Static files: what lies in some folders, served under a URL without asking the script.
 *
 * Only regular files below the folders are there: no listing, no name that begins with a
 * dot, no Lua source, no link that leads out.  A file may have compressed variants beside
 * it ("a.css.br", "a.css.gz"), which clients get that take them.  Small files and open
 * descriptors are kept for a second, so that a file in demand costs next to nothing.
 *
 * Owner: the worker. */
#ifndef HTTP_STATIC_H
#define HTTP_STATIC_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct request;
struct response;
struct static_files;

struct static_options {
    struct str url; /* "/static/": begins and ends with a slash */
    const char *const *roots;
    size_t nroots;    /* searched in this order */
    double max_age;   /* seconds a client may keep a file without asking */
    bool development; /* nothing is kept, here or there; a 404 says where it looked */
};

/* Copies what it is given.  A folder need not exist (yet). */
struct static_files *static_files_new(const struct static_options *o);
void static_files_free(struct static_files *s); /* NULL is allowed */

/* The answer when the path is below the URL: the file (206, 304 and so on as the request
 * asks), 404 or 405; NULL when it is somebody else's. */
struct response *static_files_handle(struct static_files *s, const struct request *r);

/* Once a second: what has not been asked for lately is let go. */
void static_files_sweep(struct static_files *s);

/* Whether a name below a folder of static files may be served at all. */
bool static_name_allowed(struct str name);

/* Whether the last part of the name carries a hash of the content:
 * "site.69c5f142b6c0.css".  `plain` (may be NULL, else name.n bytes) gets the name
 * without it, as long as the result says. 0: it has none. */
size_t static_name_hashed(struct str name, char *plain);

#endif
