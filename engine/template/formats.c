/* SPDX-License-Identifier: MIT */
/* Formats of the English language. */
#include "template/render.h"

#include "base/banned.h"

const struct template_formats template_formats_en = {
    .date = STR_INIT("N j, Y"),
    .time = STR_INIT("P"),
    .datetime = STR_INIT("N j, Y, P"),
    .short_date = STR_INIT("m/d/Y"),
    .short_datetime = STR_INIT("m/d/Y P"),
    .year_month = STR_INIT("F Y"),
    .month_day = STR_INIT("F j"),
    .decimal_separator = STR_INIT("."),
    .thousand_separator = STR_INIT(","),
    .grouping = 3,
    .use_thousand_separator = false,
};
