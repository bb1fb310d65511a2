/* SPDX-License-Identifier: MIT */
/* What a list of routes can be asked for by name.  Private to the URL resolver. */
#ifndef HTTP_URL_NAMES_H
#define HTTP_URL_NAMES_H

#include "base/map.h"
#include "base/vec.h"
#include "http/urls.h"

struct url_chain { /* in the tree's arena: includes, outermost first, and the route */
    const struct url_route **routes;
    size_t n;
};

struct url_chains {
    VEC(struct url_chain) list; /* last declared first: that is the one to try first */
};

struct url_apps {
    VEC(struct str) instances; /* last declared first */
};

/* Everything reached through includes without a namespace counts as the list's own.
 * Includes with one end the chain; what is behind them is asked of their list. */
struct url_names {
    struct map by_name;    /* -> struct url_chains */
    struct map by_view;    /* the bytes of the pointer -> struct url_chains */
    struct map namespaces; /* -> struct url_chain, whose last route is the include */
    struct map apps;       /* -> struct url_apps */
};

/* Sets l->names, and those of the lists it includes. */
void url_names_build(struct url_list *l);
void url_names_free(struct url_names *n); /* NULL is allowed */

/* NULL when there is none. */
const struct url_chains *url_names_get(const struct url_names *n, struct str name,
                                       const void *view);

/* Of url_tree.reversals: frees one. */
void url_reversal_free(void *reversal);

#endif
