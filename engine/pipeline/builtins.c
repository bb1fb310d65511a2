/* SPDX-License-Identifier: MIT */
/* The built-in layers: one file each, one line here. */
#include "pipeline/builtins.h"

const struct middleware_ops *const middleware_builtins[] = {
    &middleware_security,
    &middleware_common,
    &middleware_clickjacking,
    &middleware_csp,
    &middleware_gzip,
    &middleware_conditional_get,
    &middleware_request_id,
    &middleware_timing,
    &middleware_cache,
    &middleware_update_cache,
    &middleware_fetch_from_cache,
    NULL,
};

static const struct middleware_ops *find(const struct middleware_ops *const *list, struct str name)
{
    for (; list && *list; list++)
        if (str_eq(name, str_from((*list)->name)))
            return *list;
    return NULL;
}

const struct middleware_ops *middleware_builtin(struct str name)
{
    return find(middleware_builtins, name);
}

const struct middleware_ops *middleware_find(const struct middleware_env *env, struct str name)
{
    const struct middleware_ops *ops = middleware_builtin(name);
    return ops ? ops : find(env->registered, name);
}
