/* SPDX-License-Identifier: MIT */
#include "pipeline/patterns.h"

#include "base/mem.h"
#include "value/regex.h"

int patterns_open(struct patterns *p, const struct settings *s, enum setting_id id, struct err *err)
{
    struct strs list = settings_list(s, id);
    *p = (struct patterns){NULL, 0};
    if (list.n)
        p->items = mem_zalloc(mem_mul(list.n, sizeof(struct regex *)));
    for (; p->n < list.n; p->n++) {
        p->items[p->n] = regex_new(list.items[p->n], 0, err);
        if (!p->items[p->n]) {
            err->code = ERR_CONFIG;
            err_prefix(err, "setting '%s': '%.*s'", setting_rows[id].name,
                       STR_ARG(str_head(list.items[p->n], 100)));
            patterns_release(p);
            return -1;
        }
    }
    return 0;
}

void patterns_release(struct patterns *p)
{
    for (size_t i = 0; i < p->n; i++)
        regex_free(p->items[i]);
    free(p->items);
    *p = (struct patterns){NULL, 0};
}

bool patterns_search(const struct patterns *p, struct str s)
{
    struct err err;
    for (size_t i = 0; i < p->n; i++)
        if (regex_run(p->items[i], s, 0, REGEX_SEARCH, &err) == 1)
            return true;
    return false;
}
