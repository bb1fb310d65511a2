/* SPDX-License-Identifier: MIT */
/* What a client would like to have: Accept, Accept-Encoding, Accept-Language. */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/arena.h"
#include "http/header_params.h"

/* A media type or range with its quality. */
struct media_type {
    struct str main, sub;        /* lower case */
    struct header_params params; /* with "q" */
    double quality;              /* 0 to 1, three digits; 1 when missing or wrong */
    unsigned n_range_params;     /* without "q" */
    unsigned rank;               /* place in the order of preference: 0 is the best */
};

struct accept {               /* read-only to callers; all in the arena it was parsed with */
    struct media_type *types; /* by quality, then specificity; quality 0 is left out */
    size_t n;
};

/* The value of Accept; p NULL (no such header) is "*" "/" "*". Past 10,000 bytes or 128
 * types the rest is ignored. */
void accept_parse(struct accept *out, struct arena *a, struct str header);

/* How specific a type is: 0 any, 1 any of a main type, 2 a type, 3 with parameters. */
int media_type_specificity(const struct media_type *t);
void media_type_parse(struct media_type *out, struct arena *a, struct str text);
bool media_type_match(const struct media_type *t, const struct media_type *range);

/* The range that fits `type` most specifically, or NULL. */
const struct media_type *accept_find(const struct accept *acc, struct arena *a, struct str type);
/* The number of the type that the client likes best, -1 when it takes none. */
int accept_preferred(const struct accept *acc, struct arena *a, const struct str *types, size_t n);

/* Quality of a content coding in Accept-Encoding: 0 means that it may not be used.
 * "identity" is 1 when nothing speaks against it; no header (p NULL) gives 0 to the others. */
double accept_encoding_quality(struct str header, struct str coding);

struct accept_language {
    struct str tag; /* lower case; "*" for any */
    double quality;
};

/* The languages of Accept-Language, best first; at most `max` of them, from the
 * first 500 bytes.  A malformed header gives 0. Strings are in the arena. */
size_t accept_language_parse(struct accept_language *out, size_t max, struct arena *a,
                             struct str header);

#endif
