/* SPDX-License-Identifier: MIT */
/* perilune.h: settings, logs, waiting. */
#include "app/app.h"
#include "app/modules_impl.h"
#include "fiber/fiber.h"
#include "settings/settings.h"

void pln_set_data(struct pln_env *env, void *data)
{
    env->data = data;
}

void *pln_data(const struct pln_env *env)
{
    return env->data;
}

int pln_fail(struct pln_env *env, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(env->failure, sizeof env->failure, fmt, ap);
    va_end(ap);
    return -1;
}

const char *pln_setting(struct pln_env *env, const char *name)
{
    const char *text = map_get(&env->settings, str_from(name));
    struct buf b = BUF_INIT;
    if (!text && env->app->settings && settings_text(env->app->settings, str_from(name), &b)) {
        text = arena_strdup(env->arena, b.data);
        map_set(&env->settings, str_from(name), (void *)text); /* immutable: asked for once */
    }
    buf_release(&b);
    return text;
}

int64_t pln_setting_int(struct pln_env *env, const char *name, int64_t fallback)
{
    const char *text = pln_setting(env, name);
    int64_t v;
    return text && str_to_int64(str_from(text), &v) ? v : fallback;
}

double pln_setting_number(struct pln_env *env, const char *name, double fallback)
{
    const char *text = pln_setting(env, name);
    char *end;
    double v = text ? strtod(text, &end) : 0;
    return text && *text && !*end ? v : fallback;
}

int pln_setting_bool(struct pln_env *env, const char *name, int fallback)
{
    const char *text = pln_setting(env, name);
    return text ? strcmp(text, "true") == 0 : fallback;
}

const char *pln_project_dir(const struct pln_env *env)
{
    return env->app->options.project_dir;
}

void pln_log(const struct pln_env *env, enum pln_level level, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    log_vwrite(env->app->log, (enum log_level)level, env->name, fmt, ap);
    va_end(ap);
}

/* ---- waiting ---- */

static int wait_code(const struct err *err)
{
    switch (err->code) {
    case ERR_TIMEOUT:
        return PLN_TIMEOUT;
    case ERR_CANCELLED:
        return PLN_CANCELLED;
    default:
        return PLN_WAIT_FAILED;
    }
}

static bool in_fiber(const struct pln_env *env)
{
    return env->app->loop && fiber_self(env->app->loop);
}

int pln_sleep(struct pln_env *env, double seconds)
{
    struct err err;
    if (!in_fiber(env))
        return PLN_WAIT_FAILED;
    return fiber_sleep(env->app->loop, seconds, &err) == 0 ? 0 : wait_code(&err);
}

int pln_wait_fd(struct pln_env *env, int fd, int events, double seconds)
{
    struct err err;
    int got;
    if (!in_fiber(env))
        return PLN_WAIT_FAILED;
    got = fiber_wait_fd(env->app->loop, fd, events, clock_deadline(seconds), &err);
    return got >= 0 ? got : wait_code(&err);
}

int pln_blocking(struct pln_env *env, void (*fn)(void *arg), void *arg)
{
    struct err err;
    if (!in_fiber(env))
        return PLN_WAIT_FAILED;
    return fiber_blocking(env->app->loop, fn, arg, &err) == 0 ? 0 : wait_code(&err);
}

const void *const module_api_env[] = {
    pln_set_data,     pln_data,        pln_fail, pln_setting, pln_setting_int, pln_setting_number,
    pln_setting_bool, pln_project_dir, pln_log,  pln_sleep,   pln_wait_fd,     pln_blocking,
};
