/* SPDX-License-Identifier: MIT */
/* Routes of path(): "articles/<int:year>/<slug:title>/" cut into pieces, and matched
 * without a regular expression when all converters are built in.  Private to the URL
 * resolver. */
#ifndef HTTP_URL_PATH_H
#define HTTP_URL_PATH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/url_regex.h"
#include "http/urls.h"

struct url_piece {
    struct str literal; /* or, when p is NULL, a capture: */
    struct str name;
    enum url_kind kind;
    const struct url_converter *converter; /* of URL_CUSTOM */
    bool settled; /* the longest run that fits is the only one worth trying */
};

struct url_pieces {
    struct url_piece *items;
    size_t n, cap;
    bool scannable; /* no custom converter among them */
};

/* How a route finds its converters: NULL when there is none called `name`. */
struct url_converters;
const struct url_converter *url_converters_get(const struct url_converters *c, struct str name);
/* "; did you mean 'int'?" or "" */
const char *url_converters_suggest(const struct url_converters *c, struct str name, char *out,
                                   size_t size);

/* The kind of a built-in converter, or -1. */
int url_kind_parse(struct str name);
struct str url_kind_name(enum url_kind kind);

/* Cuts `route`, which has to live as long as the pieces; items are to be freed.
 * ERR_CONFIG, in Django's words. */
int url_pieces_parse(struct url_pieces *p, struct str route, const struct url_converters *c,
                     struct err *err);
/* Puts more behind p, so that both match as one. */
void url_pieces_append(struct url_pieces *p, const struct url_pieces *more);
/* The same as a regular expression (without ^ and \Z). */
void url_pieces_regex(const struct url_pieces *p, struct buf *out);

/* Matches subject from its start; spans are numbered from 1 as for a regular
 * expression, spans[0] is all of it.  `whole`: up to the end of the subject.
 * The first `skip` pieces are literals known to match, `at` bytes long. */
bool url_pieces_match(const struct url_pieces *p, size_t skip, size_t at, bool whole,
                      struct str subject, struct url_span *spans);

/* Adds s with everything escaped that means something in a regular expression. */
void url_regex_escape(struct buf *out, struct str s);

#endif
