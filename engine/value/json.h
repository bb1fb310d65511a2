/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259): values to text, text to tokens.  Neither side knows where values live:
 * the writer adds one scalar at a time to a buffer, and whoever calls it writes the
 * brackets and commas; the reader gives one token at a time and owns no memory, so that it
 * may be dropped at any point. */
#ifndef VALUE_JSON_H
#define VALUE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- writing ---- */

/* Adds s as a string in quotes.  `ascii`: everything beyond ASCII as \uXXXX (surrogate
 * pairs past U+FFFF), and so DEL.  -1 with the buffer as it was when s is not valid UTF-8. */
int json_add_string(struct buf *b, struct str s, bool ascii, struct err *err);

static inline void json_add_int(struct buf *b, int64_t v)
{
    buf_addint(b, v);
}

/* The shortest text that reads back as d, in Python's style: 1.0, 1e+22.  -1 for an
 * infinity and NaN: JSON has no such numbers. */
int json_add_double(struct buf *b, double d, struct err *err);

/* ---- reading ---- */

enum { JSON_DEPTH_MAX = 1024, JSON_DEPTH_DEFAULT = 64 };

enum json_token {
    JSON_ERROR = -1,
    JSON_END, /* of the whole text; asked again, it is given again */
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INT,    /* integer */
    JSON_DOUBLE, /* number */
    JSON_STRING, /* text, escaped */
    JSON_KEY,    /* text, escaped; its value follows */
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_OBJECT,
    JSON_OBJECT_END,
};

struct json_reader {
    /* of the last token */
    int64_t integer;
    double number;
    struct str text; /* in the input, without the quotes; valid UTF-8 */
    bool escaped;    /* it has escapes: json_unescape */
    /* private */
    int state;
    unsigned depth, max_depth;
    const char *start, *p, *end;
    uint64_t objects[JSON_DEPTH_MAX / 64]; /* of the open containers, a bit for each */
};

/* Reads `text`, which must stay where it is.  Past max_depth (at most JSON_DEPTH_MAX)
 * open arrays and objects the text is refused; bytes are limited by the caller. */
void json_reader_init(struct json_reader *r, struct str text, unsigned max_depth);

/* The next token; brackets and keys always match.  JSON_ERROR with *err set (ERR_SYNTAX,
 * past a limit ERR_TOO_LARGE) as "line 1 column 5: expected ',' or '}', found 'x'", after
 * which the reader must not be asked again.  Strict: no byte order mark, no lone surrogate,
 * no invalid UTF-8, no control character in a string.  Nothing is lost silently: a number
 * without fraction and exponent is an int64_t or refused, one too large for a double is
 * refused.  Keys may repeat: the last one is to win. */
enum json_token json_next(struct json_reader *r, struct err *err);

/* Writes the text of an escaped token to out, which has room for text.n bytes; gives the
 * length.  Cannot fail: json_next has checked it. */
size_t json_unescape(struct str text, char *out);

#endif
