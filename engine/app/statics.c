/* SPDX-License-Identifier: MIT */
#include "app/statics.h"

#include "base/log.h"
#include "base/vec.h"
#include "http/static.h"
#include "settings/settings.h"

#include <sys/stat.h>

struct roots {
    struct arena arena;
    VEC(const char *) paths;
};

/* Where the path begins of "https://cdn.example.com/static/" and "//cdn/static/"; 0: no host. */
static size_t after_host(struct str url)
{
    size_t at = str_find(url, STR("//"));
    if (at == url.n || (at > 0 && url.p[at - 1] != ':'))
        return 0;
    at += 2;
    return at + str_index(str_skip(url, at), '/');
}

int statics_url(struct buf *out, const struct settings *s, struct err *err)
{
    struct str url = settings_str(s, SETTING_static_url), path;
    struct str prefix = settings_str(s, SETTING_force_script_name);

    if (!str_ends(url, STR("/")))
        return err_set(err, ERR_CONFIG, "setting 'static_url' must end with a slash: '%.*s'",
                       STR_ARG(url));
    path = str_skip(url, after_host(url));
    if (path.p[0] != '/') { /* relative to where the project is */
        buf_addstr(out, prefix.p ? prefix : STR(""));
        if (out->n == 0 || out->data[out->n - 1] != '/')
            buf_addc(out, '/');
    }
    buf_addstr(out, path);
    if (out->n < 2)
        return err_set(err, ERR_CONFIG,
                       "setting 'static_url' ('%.*s') has no path that static files could be "
                       "served under; '/static/' has",
                       STR_ARG(url));
    return 0;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *below(struct roots *r, const char *project_dir, struct str path)
{
    if (path.n && path.p[0] == '/')
        return arena_strndup(&r->arena, path.p, path.n);
    return arena_printf(&r->arena, "%s/%.*s", project_dir, STR_ARG(path));
}

static void add_sources(struct roots *r, const struct settings *s, const char *project_dir,
                        struct log *log)
{
    struct strs dirs = settings_list(s, SETTING_staticfiles_dirs);
    struct strs apps = settings_list(s, SETTING_installed_apps);
    for (size_t i = 0; i < dirs.n; i++) {
        const char *path = below(r, project_dir, dirs.items[i]);
        if (!is_folder(path))
            log_write(log, LOG_LEVEL_WARNING, "perilune.server",
                      "setting 'staticfiles_dirs': there is no folder '%s'", path);
        vec_push(&r->paths, path);
    }
    for (size_t i = 0; i < apps.n; i++) {
        char *name = arena_strndup(&r->arena, apps.items[i].p, apps.items[i].n);
        for (char *p = name; *p; p++)
            if (*p == '.')
                *p = '/';
        vec_push(&r->paths, arena_printf(&r->arena, "%s/%s/static", project_dir, name));
    }
}

static int add_collected(struct roots *r, const struct settings *s, const char *project_dir,
                         struct log *log, struct err *err)
{
    struct str root = settings_str(s, SETTING_static_root);
    if (!root.n)
        return err_set(err, ERR_CONFIG,
                       "setting 'serve_static' needs 'static_root', the folder that "
                       "`perilune collectstatic` fills");
    const char *path = below(r, project_dir, root);
    vec_push(&r->paths, path);
    if (is_folder(path))
        return 0;
    log_write(log, LOG_LEVEL_WARNING, "perilune.server",
              "static_root '%s' is not there: static files come from the folders of the apps "
              "until `perilune collectstatic` has run",
              path);
    add_sources(r, s, project_dir, log);
    return 0;
}

int statics_open(struct static_files **out, const struct settings *s, const char *project_dir,
                 bool development, struct log *log, struct err *err)
{
    struct roots r = {.paths = VEC_INIT};
    struct buf url = BUF_INIT;
    bool sources = development && settings_bool(s, SETTING_debug);
    int rc;

    *out = NULL;
    if (sources ? after_host(settings_str(s, SETTING_static_url)) > 0
                : !settings_bool(s, SETTING_serve_static))
        return 0;
    arena_init(&r.arena, 0);
    if (sources)
        add_sources(&r, s, project_dir, log);
    rc = sources ? 0 : add_collected(&r, s, project_dir, log, err);
    rc = rc == 0 ? statics_url(&url, s, err) : rc;
    if (rc == 0) {
        struct static_options o = {
            .url = buf_str(&url),
            .roots = r.paths.items,
            .nroots = r.paths.n,
            .max_age = settings_float(s, SETTING_static_max_age),
            .development = sources,
        };
        *out = static_files_new(&o);
    }
    buf_release(&url);
    vec_release(&r.paths);
    arena_release(&r.arena);
    return rc;
}
