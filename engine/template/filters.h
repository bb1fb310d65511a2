/* SPDX-License-Identifier: MIT */
/* What the built-in filters share.  Private to this module.
 *
 * A filter raises where Django's raises, with the class and text of Python's exception, and
 * is silent where Django's is.  Its work is linear in its input; what its argument could
 * make large is held to FILTER_WIDTH_MAX. */
#ifndef TEMPLATE_FILTERS_H
#define TEMPLATE_FILTERS_H

#include "template/parser.h"

enum { FILTER_WIDTH_MAX = 1 << 24 }; /* characters that padding may make */

#define FILTER(name)                                                                               \
    int filter_##name(struct render *r, const struct filter *f, struct tval *v,                    \
                      const struct tval *arg)

/* Text of the built-in filters that is not from the value. */
static inline struct tval filter_empty(void)
{
    return tval_str(STR(""));
}

/* ---- Python's conversions ---- */

enum convert {
    CONVERT_OK,
    CONVERT_VALUE,    /* ValueError */
    CONVERT_TYPE,     /* TypeError */
    CONVERT_OVERFLOW, /* OverflowError: an infinity as an integer */
};

/* int(v): a TVAL_INT, or beyond 64 bits a whole TVAL_DECIMAL. */
enum convert filter_int(struct render *r, struct tval v, struct tval *out);
/* What int(v) raises; gives -1. */
int filter_raise_int(struct render *r, struct tval v, enum convert why);
/* int(v), cut to what 64 bits hold; 0, or -1 with what it raises. */
int filter_need_int(struct render *r, struct tval v, int64_t *out);
/* The same for a number of characters, which is an error past FILTER_WIDTH_MAX. */
int filter_need_width(struct render *r, const struct filter *f, struct tval v, int64_t *out);
/* float(v) */
enum convert filter_double(struct tval v, double *out);
/* A copy that lives as long as the render's mark. */
struct tval filter_decimal(struct render *r, const struct decimal *d);
/* v as a decimal, of TVAL_INT and TVAL_DECIMAL. */
void filter_as_decimal(struct tval v, struct decimal *out);
/* The settings' formats, which are used where no language is asked for. */
const struct template_formats *filter_plain_formats(const struct render *r);

/* ---- text ---- */

/* Adds v, of any type, to r->scratch: escaped unless it is safe. */
int filter_add_escaped(struct render *r, struct tval v);
/* "\r\n" and "\r" are line ends too: the bytes of the one at the start of s, 0 for none. */
static inline size_t filter_line_end(struct str s)
{
    if (s.n == 0 || (s.p[0] != '\n' && s.p[0] != '\r'))
        return 0;
    return s.p[0] == '\r' && s.n > 1 && s.p[1] == '\n' ? 2 : 1;
}

/* The argument as text, for those that Python would call str() on. */
int filter_arg_text(struct render *r, const struct tval *arg, struct str *out);

/* ---- filters, by file ---- */

/* filters_text.c */
FILTER(addslashes);
FILTER(capfirst);
FILTER(center);
FILTER(cut);
FILTER(ljust);
FILTER(lower);
FILTER(phone2numeric);
FILTER(rjust);
FILTER(slugify);
FILTER(title);
FILTER(upper);
FILTER(wordcount);
FILTER(wordwrap);
/* filters_truncate.c */
FILTER(truncatechars);
FILTER(truncatechars_html);
FILTER(truncatewords);
FILTER(truncatewords_html);
/* filters_html.c */
FILTER(escape);
FILTER(escapejs);
FILTER(force_escape);
FILTER(iriencode);
FILTER(json_script);
FILTER(linebreaks);
FILTER(linebreaksbr);
FILTER(linenumbers);
FILTER(safe);
FILTER(striptags);
FILTER(urlencode);
FILTER(urlize);
FILTER(urlizetrunc);
/* filters_list.c */
FILTER(escapeseq);
FILTER(first);
FILTER(join);
FILTER(last);
FILTER(length);
FILTER(make_list);
FILTER(random);
FILTER(safeseq);
/* filters_slice.c */
FILTER(slice);
/* filters_sort.c */
FILTER(dictsort);
FILTER(dictsortreversed);
/* filters_unordered.c */
FILTER(unordered_list);
/* filters_number.c */
FILTER(add);
FILTER(divisibleby);
FILTER(filesizeformat);
FILTER(get_digit);
/* filters_floatformat.c */
FILTER(floatformat);
/* filters_stringformat.c */
FILTER(stringformat);
/* filters_date.c */
FILTER(date);
FILTER(time);
FILTER(timesince);
FILTER(timeuntil);
/* filters_logic.c */
FILTER(default);
FILTER(default_if_none);
FILTER(pluralize);
FILTER(pprint);
FILTER(yesno);

/* The present on the clock of tz; naive and in the default zone for tz_none(). */
struct datetime filter_now(struct render *r, struct tz tz);

/* ---- those of libraries ---- */

extern const struct filter template_humanize_filters[]; /* filters_humanize.c */
extern const struct filter template_l10n_filters[];     /* filters_l10n.c */
extern const struct filter template_tz_filters[];       /* filters_l10n.c */
extern const struct filter template_i18n_filters[];     /* filters_i18n.c */

#endif
