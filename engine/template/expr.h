/* SPDX-License-Identifier: MIT */
/* What a compiled expression looks like.  Private. */
#ifndef TEMPLATE_EXPR_H
#define TEMPLATE_EXPR_H

#include "template/impl.h"

struct operand {
    struct str text;
    struct tval constant;     /* when there are no bits; a str is safe */
    const struct name **bits; /* a.b.0 */
    size_t nbits;
    bool translate; /* _("…") */
};

struct filter_use {
    const struct filter *filter;
    bool has_arg;
    struct operand arg;
};

struct expr {
    struct str text;
    struct operand operand;
    struct filter_use *filters;
    size_t nfilters;
};

#endif
