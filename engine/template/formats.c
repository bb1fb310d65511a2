/* SPDX-License-Identifier: MIT */
/* Formats that are built in. */
#include "template/render.h"

#include "base/banned.h"

#define ENGLISH_DATES                                                                              \
    .date = STR_INIT("N j, Y"), .time = STR_INIT("P"), .datetime = STR_INIT("N j, Y, P"),          \
    .short_date = STR_INIT("m/d/Y"), .short_datetime = STR_INIT("m/d/Y P"),                        \
    .year_month = STR_INIT("F Y"), .month_day = STR_INIT("F j"),                                   \
    .decimal_separator = STR_INIT("."), .thousand_separator = STR_INIT(",")

const struct template_formats template_formats_en = {ENGLISH_DATES, .grouping = 3};
const struct template_formats template_formats_plain = {ENGLISH_DATES};
