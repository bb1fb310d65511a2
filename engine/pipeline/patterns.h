/* SPDX-License-Identifier: MIT */
/* A list of regular expressions from a setting. Private to the module. */
#ifndef PIPELINE_PATTERNS_H
#define PIPELINE_PATTERNS_H

#include "settings/settings.h"

struct regex;

struct patterns { /* owner: the layer */
    struct regex **items;
    size_t n;
};

/* -1 with ERR_CONFIG naming setting and pattern; nothing to release then. */
int patterns_open(struct patterns *p, const struct settings *s, enum setting_id id,
                  struct err *err);
void patterns_release(struct patterns *p);
/* Is there one that matches anywhere in s?  One that runs into the limit of steps does not. */
bool patterns_search(const struct patterns *p, struct str s);

#endif
