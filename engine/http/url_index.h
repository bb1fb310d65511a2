/* SPDX-License-Identifier: MIT */
/* Which routes of a list can match a path at all: a radix tree of the literal text
 * that routes start with.  Private to the URL resolver. */
#ifndef HTTP_URL_INDEX_H
#define HTTP_URL_INDEX_H

#include "base/arena.h"
#include "base/str.h"

struct url_index_node {
    struct str label;                      /* bytes between the parent and here */
    const struct url_index_node *children; /* by first byte */
    uint32_t n_children;
    uint32_t n_routes;
    const uint32_t *routes; /* numbers of those whose prefix ends here or above, ascending */
};

struct url_index {
    struct url_index_node root;
};

/* Route i starts with prefixes[i], which has to live as long as the index. */
void url_index_build(struct url_index *x, struct arena *a, const struct str *prefixes, uint32_t n);

/* The node with the candidates for path. */
static inline const struct url_index_node *url_index_find(const struct url_index *x,
                                                          struct str path)
{
    const struct url_index_node *node = &x->root;
    size_t at = 0;
    while (at < path.n && node->n_children > 0) {
        uint32_t low = 0, high = node->n_children;
        while (high - low > 1) {
            uint32_t middle = (low + high) / 2;
            if ((unsigned char)node->children[middle].label.p[0] <= (unsigned char)path.p[at])
                low = middle;
            else
                high = middle;
        }
        const struct url_index_node *child = &node->children[low];
        if (!str_starts(str_make(path.p + at, path.n - at), child->label))
            break;
        at += child->label.n;
        node = child;
    }
    return node;
}

#endif
