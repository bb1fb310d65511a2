/* SPDX-License-Identifier: MIT */
/* HTML as text: escaping, references, and what Django's django.utils.html makes of
 * tags.  Everything adds to `out` and is linear in its input. */
#ifndef VALUE_HTML_H
#define VALUE_HTML_H

#include "base/buf.h"
#include "base/err.h"

/* & < > " ' as references. */
void html_escape(struct buf *out, struct str s);
/* Whether html_escape would change s. */
bool html_needs_escape(struct str s);
/* What may end a JavaScript string or a script element, as \uXXXX. */
void html_escapejs(struct buf *out, struct str s);
/* JSON text for a script element: < > & as \u003C … */
void html_escape_json(struct buf *out, struct str json);

/* Named and numeric references as characters, by the rules of HTML 5. */
void html_unescape(struct buf *out, struct str s);
/* The reference at the start of s (s.p[0] is '&'): adds what it stands for and
 * gives its bytes; 0 when it is none. */
size_t html_reference(struct buf *out, struct str s);

/* ">   <" as "><". */
void html_strip_spaces(struct buf *out, struct str s);

/* s without its tags; not a sanitizer.  -1 with ERR_DENIED for input made to take
 * long: tags nested in tags 50 times, or unclosed ones over and over. */
int html_strip_tags(struct buf *out, struct str s, struct err *err);

/* Characters or words of the text between tags, closing what is open; input is cut
 * at HTML_TRUNCATE_MAX characters.  -1 as above.  `truncate` as in text.h. */
#define HTML_TRUNCATE_MAX 5000000
int html_truncate_chars(struct buf *out, struct str s, size_t length, struct str truncate,
                        struct err *err);
int html_truncate_words(struct buf *out, struct str s, size_t length, struct str truncate,
                        struct err *err);

/* URLs and mail addresses in s as links. */
struct html_urlize {
    int64_t trim_url_limit; /* characters of a link's text; -1: all */
    bool nofollow;
    bool autoescape;
    bool safe; /* s is HTML: nothing but the links' addresses is escaped */
    bool http; /* domains without a scheme are http: instead of https: */
};
void html_urlize(struct buf *out, struct str s, const struct html_urlize *options);

#endif
