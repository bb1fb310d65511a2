/* SPDX-License-Identifier: MIT */
/* perilune.middleware.clickjacking: X-Frame-Options, unless the response has one or is
 * exempt (response.xframe_options_exempt). */
#include "base/mem.h"
#include "pipeline/builtins.h"
#include "settings/settings.h"

static int clickjacking_open(const struct middleware_env *env, void **self, struct err *err)
{
    struct str value = settings_str(env->settings, SETTING_x_frame_options);
    if (!header_value_valid(value))
        return err_set(err, ERR_CONFIG, "setting 'x_frame_options' holds a line end or NUL");
    char *upper = mem_strndup(value.p ? value.p : "", value.n);
    for (size_t i = 0; i < value.n; i++)
        upper[i] = char_upper(upper[i]);
    *self = upper;
    return 0;
}

static struct response *clickjacking_call(void *self, struct request *r, const struct layer *next)
{
    struct response *response = middleware_next(next, r);
    if (!response->xframe_exempt)
        layer_header(response, STR("X-Frame-Options"), str_from(self));
    return response;
}

const struct middleware_ops middleware_clickjacking = {
    .name = "perilune.middleware.clickjacking",
    .open = clickjacking_open,
    .close = free,
    .call = clickjacking_call,
};
