/* SPDX-License-Identifier: MIT */
/* The URL resolver: lists of routes, compiled once, then matched against request
 * paths and turned back into URLs.
 *
 *     struct url_tree *t = url_tree_new();
 *     url_add(url_tree_root(t), &(struct url_spec){.pattern = STR("a/<int:pk>/"), .view = v},
 * &err); url_tree_compile(t, &err); url_resolve(t, STR("/a/3/"), arena, NULL, &match, &err);
 *
 * The first route that matches wins, in the order of declaration; what an include
 * matched is cut off before its own list is tried, and nothing backtracks across
 * that border.  Semantics are those of django.urls.
 *
 * Owner: the worker.  A tree never changes after url_tree_compile(), except that
 * url_reverse() keeps what it worked out; so it is not thread-safe. */
#ifndef HTTP_URLS_H
#define HTTP_URLS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct url_tree;
struct url_list;  /* one URLconf: routes in order; may be included in many places */
struct url_route; /* one entry of a list */

enum {
    URL_MAX_GROUPS = 64,   /* captures of one pattern */
    URL_MAX_DEPTH = 32,    /* includes inside includes, while matching */
    URL_MAX_PATTERN = 4096 /* bytes of one pattern */
};

/* ---- values ---- */

enum url_kind {
    URL_STR,
    URL_INT, /* `integer` is set, too */
    URL_SLUG,
    URL_UUID,
    URL_PATH,
    URL_CUSTOM, /* of a registered converter: `data`/`integer` are what to_value left there */
    URL_EXTRA,  /* not captured: given with the route */
};

struct url_value {
    enum url_kind kind;
    bool quoted; /* the text is a string, so that messages and comparisons keep "1" from 1 */
    /* p NULL: an unnamed group that took no part; a value to reverse that only a converter
     * can write */
    struct str text;
    int64_t integer;
    void *data;
};

struct url_param {
    struct str name; /* p NULL: by position */
    struct url_value value;
};

/* A converter of the application.  `ctx` is what the caller gave to url_resolve or
 * url_reverse.  Both give 1 for success, 0 when the value does not fit (the next
 * route is tried), -1 with *err set for an error that ends the call.  They may wait. */
struct url_converter {
    struct str name, regex;
    int (*to_value)(void *data, void *ctx, struct str text, struct url_value *out, struct err *err);
    /* adds the text of v to out, unquoted */
    int (*to_url)(void *data, void *ctx, const struct url_value *v, struct buf *out,
                  struct err *err);
    void *data;
};

/* ---- building ---- */

struct url_tree *url_tree_new(void);
void url_tree_free(struct url_tree *t); /* NULL is allowed */

/* Strings are copied. ERR_CONFIG when the name is taken or the regex is bad. */
int url_tree_converter(struct url_tree *t, const struct url_converter *c, struct err *err);

struct url_list *url_tree_root(struct url_tree *t);
/* Another list, to be included; lives as long as the tree. */
struct url_list *url_list_new(struct url_tree *t);

struct url_spec {
    bool is_regex;         /* re_path() instead of path() */
    struct str pattern;    /* "articles/<int:year>/", or a regular expression in Python's syntax */
    struct str name;       /* p NULL: none */
    void *view;            /* the caller's; what url_match gives back */
    struct str view_label; /* "shop.views.detail", for view_name and messages */
    const struct url_param *extra; /* named; override what is captured */
    size_t n_extra;
    struct url_list *include; /* instead of a view */
    struct str app_name;      /* of an include; p NULL: none */
    struct str ns;            /* instance namespace; p NULL: app_name */
    struct str where;         /* "app/urls.lua:12", for messages */
};

/* Everything is copied, but for `view` and the values' `data`. -1 with ERR_CONFIG and
 * a text that starts with `where`. */
int url_add(struct url_list *l, const struct url_spec *spec, struct err *err);

/* Builds the indexes; to be called once, after the last url_add(). */
int url_tree_compile(struct url_tree *t, struct err *err);

/* ---- path to view ---- */

struct url_match { /* lives in the arena given to url_resolve */
    void *view;
    struct str url_name; /* p NULL: none */
    const struct url_route *route;
    const struct url_route *const *includes; /* outermost first */
    unsigned n_includes;
    unsigned n_params;
    const struct url_param *params; /* named ones are unique; unnamed ones in their order */
};

/* 1 with *match set, 0 when no route matches, -1 when a converter failed.  Texts are
 * slices of path.  May wait, if a converter does. */
int url_resolve(const struct url_tree *t, struct str path, struct arena *a, void *ctx,
                const struct url_match **match, struct err *err);
/* Would the path find a view?  For APPEND_SLASH.  A converter that fails is a no. */
bool url_is_valid_path(const struct url_tree *t, struct str path, void *ctx);

/* "articles/<int:year>/", prefixes of the includes in front. */
struct str url_match_route(const struct url_match *m, struct arena *a);
/* "shop:detail"; the view's label stands in for a name. */
struct str url_match_view_name(const struct url_match *m, struct arena *a);
/* Give the number of names. */
size_t url_match_app_names(const struct url_match *m, struct arena *a, struct str **names);
size_t url_match_namespaces(const struct url_match *m, struct arena *a, struct str **names);
struct str url_match_namespace(const struct url_match *m, struct arena *a);

/* Where a route is written, its pattern and name (p NULL: none). */
struct str url_route_where(const struct url_route *r);
struct str url_route_pattern(const struct url_route *r);
struct str url_route_name(const struct url_route *r);

/* What was tried for a path that found nothing, for the debug page: for every leaf
 * the patterns from the outermost include to it. */
struct url_tried {
    const struct str *patterns;
    size_t n;
    struct str name; /* of the last one; p NULL: none */
};
size_t url_tried(const struct url_tree *t, struct str path, struct arena *a, void *ctx,
                 const struct url_tried **tried);

/* Calls fn for every view of the tree in order, for listings; a list that includes
 * itself is entered once.  The match has no params and lives during the call. */
void url_tree_walk(const struct url_tree *t,
                   void (*fn)(void *data, const struct url_match *m, struct arena *a), void *data);

/* ---- name to URL ---- */

struct url_reverse {
    struct str name;                /* "shop:detail"; p NULL: by view */
    const void *view;               /* as in url_spec */
    struct str view_label;          /* for messages */
    const struct url_param *params; /* all named or all by position */
    size_t n_params;
    struct str current_app;   /* "shop:admin"; p NULL: none */
    struct str script_prefix; /* starts and ends with '/'; p NULL: "/" */
};

/* Adds the URL, quoted, to out.  -1 with
 *   ERR_NOT_FOUND  no such name, or no pattern takes these parameters; `out` has the whole
 *                  text of the message in place of the URL
 *   ERR_INVALID    parameters both by name and by position
 *   others         of a converter.
 * May wait, if a converter does. */
int url_reverse(struct url_tree *t, const struct url_reverse *q, void *ctx, struct buf *out,
                struct err *err);

/* What may stand in a path as it is (RFC 3986: pchar and '/'). */
#define URL_PATH_SAFE "!$&'()*+,;=/~:@"

/* ---- warnings ---- */

/* Calls fn for everything odd about the routes: id "urls.W002", a sentence, the place. */
void url_tree_check(const struct url_tree *t, bool append_slash,
                    void (*fn)(void *data, const char *id, struct str text, struct str where),
                    void *data);

#endif
