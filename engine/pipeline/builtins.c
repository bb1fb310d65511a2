/* SPDX-License-Identifier: MIT */
/* The built-in layers: one file each, one line here. */
#include "pipeline/builtins.h"

const struct middleware_ops *const middleware_builtins[] = {
    NULL,
};

const struct middleware_ops *middleware_builtin(struct str name)
{
    for (const struct middleware_ops *const *m = middleware_builtins; *m; m++)
        if (str_eq(name, str_from((*m)->name)))
            return *m;
    return NULL;
}
