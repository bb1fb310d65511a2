/* SPDX-License-Identifier: MIT */
/* Walks through HTML as Python's html.parser does (3.12), because Django's
 * strip_tags and truncate filters show every one of its decisions.  Private to
 * this module.
 *
 * Like the original it reads in two steps: a parse with `end` false stops at what
 * might go on after the text's end, one with `end` true takes that as data. */
#ifndef VALUE_HTML_PARSE_H
#define VALUE_HTML_PARSE_H

#include "base/buf.h"
#include "base/err.h"

/* Handlers give false to stop the parse.  Strings are valid during the call. */
struct html_events {
    bool (*data)(void *self, struct str text);
    /* source: "<A href=x>", name: "a"; self_closing: it ended with "/>". */
    bool (*start_tag)(void *self, struct str source, struct str name, bool self_closing);
    bool (*end_tag)(void *self, struct str name);
    bool (*number_ref)(void *self, struct str name); /* "#65" without "#"; see below */
    bool (*name_ref)(void *self, struct str name);
};

/* A search that is asked for positions in rising order: what it found, or that
 * there is nothing more, is kept, so that all of them together read s once. */
struct html_search {
    size_t from, found; /* found == s.n: none at or behind from */
    bool valid;
};

struct html_parse {
    struct str s;
    size_t at;
    const struct html_events *events;
    void *self;
    /* References are decoded into data; otherwise they are events of their own. */
    bool decode;

    /* private */
    struct buf name, text;
    struct str raw_element; /* "script" or "style" inside of one; n 0 otherwise */
    struct html_search gt, comment_end, section_end, ms_section_end, single, twice;
    size_t last_semicolon; /* s.n: none */
    size_t wasted;         /* bytes read in vain in tags that have no end */
    bool stopped;
};

void html_parse_init(struct html_parse *p, struct str s, const struct html_events *events,
                     void *self, bool decode);
void html_parse_release(struct html_parse *p);
/* 0, also when a handler stopped it (p->stopped); -1 with ERR_DENIED when unclosed
 * tags would have made it read the text many times over. */
int html_parse_run(struct html_parse *p, bool end, struct err *err);

#endif
