/* SPDX-License-Identifier: MIT */
/* What languages are called, and which way they are written. */
#ifndef VALUE_LANGUAGE_H
#define VALUE_LANGUAGE_H

#include "base/str.h"

#include <stdbool.h>

struct language {
    struct str code, name, name_local;
    bool bidi; /* written from right to left */
};

/* By its code, "pt-br"; of one that is not known the language without the part behind the
 * hyphen; NULL when that is not known either. */
const struct language *language_find(struct str code);

#endif
