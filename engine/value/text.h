/* SPDX-License-Identifier: MIT */
/* Text utilities with the results of Django's django.utils.text.  All of them add
 * to `out` and take time linear in their input. */
#ifndef VALUE_TEXT_H
#define VALUE_TEXT_H

#include "base/buf.h"
#include "base/err.h"

void text_slugify(struct buf *out, struct str s, bool allow_unicode);
/* -1 with ERR_DENIED when nothing is left that could name a file. */
int text_valid_filename(struct buf *out, struct str name, struct err *err);
void text_capfirst(struct buf *out, struct str s);
void text_phone2numeric(struct buf *out, struct str s);
void text_camel_case_to_spaces(struct buf *out, struct str s);
/* Lines of at most `width` characters where words allow it; width > 0. */
void text_wrap(struct buf *out, struct str s, size_t width);

/* `truncate` is put where text was cut: after it, or around it when it holds
 * "%(truncated_text)s"; STR_NULL means an ellipsis. */
void text_add_truncation(struct buf *out, struct str text, struct str truncate);
/* Characters that are left of `length` beside the truncation mark. */
size_t text_truncate_room(size_t length, struct str truncate);
/* The first `length` characters (combining marks do not count, NFC) or words. */
void text_truncate_chars(struct buf *out, struct str s, size_t length, struct str truncate);
void text_truncate_words(struct buf *out, struct str s, size_t length, struct str truncate);

/* Splits at white space, leaving quoted parts together:
 *     struct text_splitter t; text_splitter_init(&t, s);
 *     while (text_splitter_next(&t, &bit)) … ; text_splitter_release(&t); */
struct text_splitter {
    struct str s;
    size_t at;
    unsigned char *dead; /* positions from which no closing quote is reached; or NULL */
};
void text_splitter_init(struct text_splitter *t, struct str s);
/* *bit points into the string that was given. */
bool text_splitter_next(struct text_splitter *t, struct str *bit);
void text_splitter_release(struct text_splitter *t);

#endif
