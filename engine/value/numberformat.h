/* SPDX-License-Identifier: MIT */
/* Numbers with separators, with the results of Django's django.utils.numberformat.  Digits
 * that are not shown are cut off, not rounded: whoever wants that rounds first.  Numbers of
 * more than 200 digits are shown with an exponent. */
#ifndef VALUE_NUMBERFORMAT_H
#define VALUE_NUMBERFORMAT_H

#include "value/decimal.h"

struct number_style {
    struct str decimal_separator, thousand_separator;
    unsigned grouping;   /* digits between thousand separators; 0: none */
    int64_t decimal_pos; /* digits behind the decimal separator; -1: those that are there */
};

void numberformat_int(struct buf *out, int64_t n, const struct number_style *style);
void numberformat_double(struct buf *out, double n, const struct number_style *style);
void numberformat_decimal(struct buf *out, const struct decimal *n,
                          const struct number_style *style);
/* "[-]digits[.digits]" */
void numberformat_text(struct buf *out, struct str text, const struct number_style *style);

#endif
