/* SPDX-License-Identifier: MIT */
/* What a tree is made of.  Private to the URL resolver. */
#ifndef HTTP_URL_TREE_H
#define HTTP_URL_TREE_H

#include "base/map.h"
#include "base/vec.h"
#include "http/url_index.h"
#include "http/url_path.h"
#include "http/url_regex.h"
#include "http/urls.h"

struct url_names; /* url_names.h */

struct url_converters {
    struct map by_name; /* struct url_converter * in the arena */
};

/* How a route's text is matched. */
enum url_matching {
    MATCH_LITERAL, /* path() without parameters */
    MATCH_PIECES,  /* path() with built-in converters */
    MATCH_REGEX,   /* re_path(), and path() with custom converters */
};

struct url_route {
    const struct url_list *list; /* that it is in */
    enum url_matching matching;
    bool is_regex;            /* declared with re_path() */
    struct str pattern;       /* as declared */
    struct str regex_text;    /* Django's: "^articles/(?P<year>[0-9]+)/\Z" */
    struct url_pieces pieces; /* of path() */
    struct url_regex regex;   /* of MATCH_REGEX; groups and names of all */
    /* Every path that matches starts with it; for MATCH_PIECES it is the first `skip` pieces. */
    struct str prefix;
    size_t skip;
    const struct url_piece **params; /* [regex.groups] of path(); NULL for re_path() */

    void *view;
    struct str view_label, name, where;
    struct url_param *extra;
    size_t n_extra;

    struct url_list *include;
    struct str app_name, ns;
};

struct url_list {
    struct url_tree *tree;
    VEC(struct url_route *) routes;
    struct url_index index;
    struct url_names *names; /* made at compile */
    bool visiting;           /* a walk is inside of it */
};

struct url_tree {
    struct arena arena; /* all that is not freed one by one */
    struct url_converters converters;
    VEC(struct url_list *) lists; /* [0] is the root */
    struct url_regex_work *work;
    struct map reversals; /* full name -> struct reversal, made when first asked for */
};

/* regex_text without its '^', to put behind another. */
static inline struct str url_route_tail(const struct url_route *r)
{
    return str_starts(r->regex_text, STR("^")) ? str_skip(r->regex_text, 1) : r->regex_text;
}

#endif
