/* SPDX-License-Identifier: MIT */
/* What is known of a static file, and for how long.  Private to static.c. */
#ifndef HTTP_STATIC_CACHE_H
#define HTTP_STATIC_CACHE_H

#include "http/file_response.h"
#include "http/http_date.h"

enum static_coding { STATIC_PLAIN, STATIC_BROTLI, STATIC_GZIP, STATIC_CODINGS };

/* One representation: `size` bytes in memory, or a descriptor; not there with neither. */
struct static_variant {
    char *bytes; /* NULL: none */
    int fd;      /* -1: none */
    uint64_t size;
    char etag[FILE_ETAG_SIZE];
};

/* A file as it was found. Immutable; responses and the cache each hold a reference. */
struct static_entry {
    unsigned refs;
    uint64_t hash;
    int64_t until; /* monotonic ns: looked at again after that */
    char *name;
    char content_type[128];
    struct str encoding; /* p NULL: none of its own */
    char modified[HTTP_DATE_SIZE];
    bool hashed; /* the name changes with the content */
    bool varies; /* there is a compressed variant */
    struct static_variant variants[STATIC_CODINGS];
};

void static_entry_unref(void *entry);

/* Looks the file up in the folders; NULL with ERR_NOT_FOUND or what else is wrong. One
 * reference. Compressed variants are looked for when `variants`. */
struct static_entry *static_entry_load(const char *const *roots, size_t nroots, struct str name,
                                       bool variants, struct err *err);

enum { STATIC_SLOTS = 512 };

/* The last entries by the hash of their names; one that another one displaces is gone.
 * What all of them hold is limited, whatever names a client thinks up. */
struct static_cache {
    struct static_entry *slots[STATIC_SLOTS];
    size_t bytes, descriptors;
};

/* A reference, or NULL when it is not there or was looked at too long ago. */
struct static_entry *static_cache_get(struct static_cache *c, struct str name, int64_t now);
/* Keeps it until `until`, if there is room. */
void static_cache_put(struct static_cache *c, struct static_entry *e, int64_t until);
/* Lets go of those whose time is over: INT64_MAX for all. */
void static_cache_sweep(struct static_cache *c, int64_t now);

#endif
