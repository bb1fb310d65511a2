/* SPDX-License-Identifier: MIT */
#include "orm/dialect.h"

const struct dialect dialect_sqlite = {
    .id = DIALECT_SQLITE,
    .name = STR_INIT("sqlite"),
    .nulls_order = true,
    .returning = true,
    .aggregate_filter = true,
    .max_parameters = 250000,
    .no_limit = STR_INIT("-1"),
};
