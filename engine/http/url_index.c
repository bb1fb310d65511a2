/* SPDX-License-Identifier: MIT */
/* A node's list holds the routes of the nodes above it as well, so that a look-up is
 * one walk down and then one list in declaration order.  Nodes that add no route
 * share the list above. */
#include "http/url_index.h"

struct item {
    struct str prefix;
    uint32_t route;
};

static int compare(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    size_t n = x->prefix.n < y->prefix.n ? x->prefix.n : y->prefix.n;
    int order = n ? memcmp(x->prefix.p, y->prefix.p, n) : 0;
    if (order == 0)
        order = (x->prefix.n > y->prefix.n) - (x->prefix.n < y->prefix.n);
    return order != 0 ? order : (x->route > y->route) - (x->route < y->route);
}

static const uint32_t *merge(struct arena *a, const struct url_index_node *above,
                             const struct item *own, uint32_t n)
{
    uint32_t *out = arena_alloc(a, sizeof *out * (above->n_routes + n)), at = 0;
    uint32_t i = 0, j = 0;
    while (i < above->n_routes || j < n) {
        bool first = j == n || (i < above->n_routes && above->routes[i] < own[j].route);
        out[at++] = first ? above->routes[i++] : own[j++].route;
    }
    return out;
}

/* Items of one group: those that go on with the same byte at `depth`. */
static uint32_t group_length(const struct item *items, uint32_t n, size_t depth)
{
    uint32_t length = 1;
    while (length < n && items[length].prefix.p[depth] == items[0].prefix.p[depth])
        length++;
    return length;
}

static size_t common_length(const struct item *first, const struct item *last, size_t depth)
{
    size_t end = depth;
    while (end < first->prefix.n && end < last->prefix.n &&
           first->prefix.p[end] == last->prefix.p[end])
        end++;
    return end;
}

/* Items are sorted and share their first `depth` bytes. */
static void fill(struct url_index_node *node, struct arena *a, const struct url_index_node *above,
                 const struct item *items, uint32_t n, size_t depth)
{
    uint32_t own = 0, groups = 0;
    while (own < n && items[own].prefix.n == depth)
        own++;
    node->routes = own || !above->routes ? merge(a, above, items, own) : above->routes;
    node->n_routes = above->n_routes + own;
    for (uint32_t i = own; i < n; groups++)
        i += group_length(items + i, n - i, depth);
    struct url_index_node *children = arena_zalloc(a, sizeof *children * (groups + 1));
    node->children = children;
    node->n_children = groups;
    for (uint32_t i = own; i < n; children++) {
        uint32_t length = group_length(items + i, n - i, depth);
        size_t end = common_length(&items[i], &items[i + length - 1], depth);
        children->label = str_make(items[i].prefix.p + depth, end - depth);
        fill(children, a, node, items + i, length, end);
        i += length;
    }
}

void url_index_build(struct url_index *x, struct arena *a, const struct str *prefixes, uint32_t n)
{
    struct item *items = mem_alloc(sizeof *items * (n + 1));
    for (uint32_t i = 0; i < n; i++)
        items[i] = (struct item){prefixes[i], i};
    qsort(items, n, sizeof *items, compare);
    static const struct url_index_node nothing = {.label = {NULL, 0}};
    x->root = (struct url_index_node){0};
    fill(&x->root, a, &nothing, items, n, 0);
    free(items);
}
