/* SPDX-License-Identifier: MIT */
/* The table of the built-in filters. */
#include "template/filters.h"

#include "base/banned.h"

#define SAFE FILTER_SAFE
#define STRING FILTER_STRING
#define AUTO FILTER_AUTOESCAPE
#define LOCAL FILTER_LOCALTIME
#define ROW(name, flags, min, max)                                                                 \
    {                                                                                              \
#name, filter_##name, flags, min, max, NULL                                                \
    }

static const struct filter filters[] = {
    ROW(add, 0, 1, 1),
    ROW(addslashes, SAFE | STRING, 0, 0),
    ROW(capfirst, SAFE | STRING, 0, 0),
    ROW(center, SAFE | STRING, 1, 1),
    ROW(cut, STRING, 1, 1),
    ROW(date, LOCAL, 0, 1),
    ROW(default, 0, 1, 1),
    ROW(default_if_none, 0, 1, 1),
    ROW(dictsort, 0, 1, 1),
    ROW(dictsortreversed, 0, 1, 1),
    ROW(divisibleby, 0, 1, 1),
    ROW(escape, SAFE | STRING, 0, 0),
    ROW(escapejs, STRING, 0, 0),
    ROW(escapeseq, SAFE, 0, 0),
    ROW(filesizeformat, SAFE, 0, 0),
    ROW(first, 0, 0, 0),
    ROW(floatformat, SAFE, 0, 1),
    ROW(force_escape, SAFE | STRING, 0, 0),
    ROW(get_digit, 0, 1, 1),
    ROW(iriencode, SAFE | STRING, 0, 0),
    ROW(join, SAFE | AUTO, 1, 1),
    ROW(json_script, SAFE, 0, 1),
    ROW(last, SAFE, 0, 0),
    ROW(length, 0, 0, 0),
    ROW(linebreaks, SAFE | AUTO | STRING, 0, 0),
    ROW(linebreaksbr, SAFE | AUTO | STRING, 0, 0),
    ROW(linenumbers, SAFE | AUTO | STRING, 0, 0),
    ROW(ljust, SAFE | STRING, 1, 1),
    ROW(lower, SAFE | STRING, 0, 0),
    ROW(make_list, STRING, 0, 0),
    ROW(phone2numeric, SAFE, 0, 0),
    ROW(pluralize, 0, 0, 1),
    ROW(pprint, SAFE, 0, 0),
    ROW(random, SAFE, 0, 0),
    ROW(rjust, SAFE | STRING, 1, 1),
    ROW(safe, SAFE | STRING, 0, 0),
    ROW(safeseq, SAFE, 0, 0),
    ROW(slice, SAFE, 1, 1),
    ROW(slugify, SAFE | STRING, 0, 0),
    ROW(stringformat, SAFE, 1, 1),
    ROW(striptags, SAFE | STRING, 0, 0),
    ROW(time, LOCAL, 0, 1),
    ROW(timesince, 0, 0, 1),
    ROW(timeuntil, 0, 0, 1),
    ROW(title, SAFE | STRING, 0, 0),
    ROW(truncatechars, SAFE | STRING, 1, 1),
    ROW(truncatechars_html, SAFE | STRING, 1, 1),
    ROW(truncatewords, SAFE | STRING, 1, 1),
    ROW(truncatewords_html, SAFE | STRING, 1, 1),
    ROW(unordered_list, SAFE | AUTO, 0, 0),
    ROW(upper, STRING, 0, 0),
    ROW(urlencode, STRING, 0, 1),
    ROW(urlize, SAFE | AUTO | STRING, 0, 0),
    ROW(urlizetrunc, SAFE | AUTO | STRING, 1, 1),
    ROW(wordcount, STRING, 0, 0),
    ROW(wordwrap, SAFE | STRING, 1, 1),
    ROW(yesno, 0, 0, 1),
    {0},
};

const struct library template_builtin_filters = {NULL, filters};
