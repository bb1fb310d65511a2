/* SPDX-License-Identifier: MIT */
#include "app/modules.h"

#include "app/app.h"
#include "app/modules_impl.h"
#include "base/vec.h"
#include "pipeline/pipeline.h"
#include "settings/settings.h"

#include <dlfcn.h>

struct module_layer {          /* a kind of layer */
    struct middleware_ops ops; /* ops.data is this */
    const struct pln_middleware *middleware;
    struct pln_env *env;
};

struct open_layer { /* one in a chain */
    const struct pln_middleware *middleware;
    void *self;
};

struct module_view {
    struct view view; /* first */
    const struct pln_view *of;
    struct pln_env *env;
};

struct modules {
    struct arena arena;
    struct module *items;
    size_t n;
    VEC(const struct middleware_ops *) layers; /* ends with NULL */
    VEC(struct module_view *) views;
    const void *const *api[4]; /* so that the linker keeps what modules will look for */
};

/* ---- layers ---- */

static int layer_open(const struct middleware_env *env, void **self, struct err *err)
{
    const struct module_layer *l = env->ops->data;
    struct open_layer *o = mem_zalloc(sizeof *o);
    int rc = PLN_OPENED;
    o->middleware = l->middleware;
    l->env->failure[0] = '\0';
    if (l->middleware->open)
        rc = l->middleware->open(l->env, &o->self);
    if (rc == PLN_OPENED) {
        *self = o;
        return 0;
    }
    free(o);
    if (rc == PLN_NOT_USED)
        return err_set(err, ERR_NOT_USED, "middleware '%s' takes itself out", l->middleware->name);
    return err_set(err, ERR_CONFIG, "middleware '%s' of C module '%s': %s", l->middleware->name,
                   l->env->name,
                   l->env->failure[0] ? l->env->failure : "it failed without a reason");
}

static void layer_close(void *self)
{
    struct open_layer *o = self;
    if (o->middleware->close)
        o->middleware->close(o->self);
    free(o);
}

static struct response *layer_call(void *self, struct request *r, const struct layer *next)
{
    struct open_layer *o = self;
    return (struct response *)o->middleware->call(o->self, (struct pln_request *)r,
                                                  (const struct pln_next *)next);
}

static struct response *layer_view(void *self, struct request *r, const struct view *view)
{
    struct open_layer *o = self;
    return (struct response *)o->middleware->process_view(o->self, (struct pln_request *)r,
                                                          view->name);
}

static struct response *layer_exception(void *self, struct request *r)
{
    struct open_layer *o = self;
    return (struct response *)o->middleware->process_exception(o->self, (struct pln_request *)r);
}

static struct response *layer_template(void *self, struct request *r, struct response *response)
{
    struct open_layer *o = self;
    return (struct response *)o->middleware->process_template_response(
        o->self, (struct pln_request *)r, (struct pln_response *)response);
}

static void add_layer(struct modules *m, struct module *module, const struct pln_middleware *mw)
{
    struct module_layer *l = arena_zalloc(&m->arena, sizeof *l);
    l->middleware = mw;
    l->env = &module->env;
    l->ops = (struct middleware_ops){
        .name = mw->name, .data = l, .open = layer_open, .close = layer_close, .call = layer_call};
    if (mw->process_view)
        l->ops.process_view = layer_view;
    if (mw->process_exception)
        l->ops.process_exception = layer_exception;
    if (mw->process_template_response)
        l->ops.process_template_response = layer_template;
    vec_push(&m->layers, &l->ops);
}

/* ---- views ---- */

static struct response *view_call(const struct view *v, struct request *r)
{
    const struct module_view *mv = (const struct module_view *)v;
    return (struct response *)mv->of->call(mv->env, (struct pln_request *)r);
}

static void add_view(struct modules *m, struct module *module, const struct pln_view *v)
{
    struct module_view *mv = arena_zalloc(&m->arena, sizeof *mv);
    mv->view = (struct view){.call = view_call, .name = v->name};
    mv->of = v;
    mv->env = &module->env;
    vec_push(&m->views, mv);
}

/* ---- registering ---- */

static int taken(const struct module *module, const char *what, const char *name, struct err *err)
{
    return err_set(err, ERR_CONFIG, "C module '%s': there is a %s '%s' already; rename it",
                   module->path, what, name);
}

static int incomplete(const struct module *module, const char *what, const char *name,
                      struct err *err)
{
    return err_set(err, ERR_CONFIG, "C module '%s': %s '%s' has no function to call", module->path,
                   what, name);
}

static bool has_layer(const struct modules *m, const char *name)
{
    for (size_t i = 0; i < m->layers.n; i++)
        if (strcmp(m->layers.items[i]->name, name) == 0)
            return true;
    return middleware_builtin(str_from(name)) != NULL;
}

static int add_parts(struct modules *m, struct module *module, struct err *err)
{
    const struct pln_module *d = &module->descriptor;
    struct pln_env *other;
    for (const struct pln_middleware *mw = d->middleware; mw && mw->name; mw++) {
        if (!mw->call)
            return incomplete(module, "middleware", mw->name, err);
        if (has_layer(m, mw->name))
            return taken(module, "middleware", mw->name, err);
        add_layer(m, module, mw);
    }
    for (const struct pln_view *v = d->views; v && v->name; v++) {
        if (!v->call)
            return incomplete(module, "view", v->name, err);
        if (modules_view(m, str_from(v->name)))
            return taken(module, "view", v->name, err);
        add_view(m, module, v);
    }
    for (const struct pln_function *f = d->functions; f && f->name; f++)
        if (!f->call)
            return incomplete(module, "function", f->name, err);
    for (const struct pln_command *c = d->commands; c && c->name; c++) {
        if (!c->run)
            return incomplete(module, "command", c->name, err);
        const struct pln_command *first = modules_command(m, str_from(c->name), &other);
        if (first && first != c)
            return taken(module, "command", c->name, err);
    }
    return 0;
}

/* ---- life ---- */

static const char *path_of(struct modules *m, const struct app *app, struct str name)
{
    if (str_starts(name, STR("/")) || !app->options.project_dir)
        return arena_strndup(&m->arena, name.p, name.n);
    return arena_printf(&m->arena, "%s/%.*s", app->options.project_dir, STR_ARG(name));
}

static int start(struct modules *m, struct module *module, struct err *err)
{
    struct pln_env *env = &module->env;
    for (size_t i = 0; i + 1 < m->n; i++)
        if (strcmp(m->items[i].descriptor.name, module->descriptor.name) == 0)
            return err_set(err, ERR_CONFIG, "C modules '%s' and '%s' are both called '%s'",
                           m->items[i].path, module->path, module->descriptor.name);
    env->name = module->descriptor.name;
    if (add_parts(m, module, err) != 0)
        return -1;
    if (module->descriptor.load && module->descriptor.load(env) != 0)
        return err_set(err, ERR_CONFIG, "C module '%s': %s", module->path,
                       env->failure[0] ? env->failure : "load() failed without a reason");
    module->loaded = true;
    return module_connect(module, env->app->signals, err);
}

int modules_open(struct modules **out, struct app *app, struct err *err)
{
    struct strs list = {NULL, 0};
    *out = NULL;
    if (app->settings)
        list = settings_list(app->settings, SETTING_c_modules);
    if (!list.n)
        return 0;
    struct modules *m = mem_zalloc(sizeof *m);
    arena_init(&m->arena, 0);
    m->api[0] = module_api_env;
    m->api[1] = module_api_http;
    m->api[2] = module_api_call;
    m->api[3] = module_api_signals;
    m->items = mem_zalloc(mem_mul(list.n, sizeof *m->items));
    for (size_t i = 0; i < list.n; i++) {
        struct module *module = &m->items[m->n++];
        module->path = path_of(m, app, list.items[i]);
        module->env = (struct pln_env){.app = app, .arena = &m->arena};
        map_init(&module->env.settings);
        if (module_load(module, err) != 0 || start(m, module, err) != 0) {
            modules_close(m);
            return -1;
        }
    }
    vec_push(&m->layers, NULL);
    *out = m;
    return 0;
}

void modules_close(struct modules *m)
{
    if (!m)
        return;
    while (m->n) {
        struct module *module = &m->items[--m->n];
        if (module->loaded && module->descriptor.unload)
            module->descriptor.unload(&module->env);
        if (module->library)
            dlclose(module->library);
        map_release(&module->env.settings, NULL);
    }
    vec_release(&m->layers);
    vec_release(&m->views);
    arena_release(&m->arena);
    free(m->items);
    free(m);
}

/* ---- looking up ---- */

size_t modules_count(const struct modules *m)
{
    return m ? m->n : 0;
}

const struct pln_module *modules_at(const struct modules *m, size_t i)
{
    return &m->items[i].descriptor;
}

struct pln_env *modules_env(const struct modules *m, size_t i)
{
    return &m->items[i].env;
}

const struct middleware_ops *const *modules_middleware(const struct modules *m)
{
    return m ? m->layers.items : NULL;
}

struct view *modules_view(const struct modules *m, struct str name)
{
    for (size_t i = 0; m && i < m->views.n; i++)
        if (str_eq(name, str_from(m->views.items[i]->view.name)))
            return &m->views.items[i]->view;
    return NULL;
}

const struct pln_command *modules_command(const struct modules *m, struct str name,
                                          struct pln_env **env)
{
    for (size_t i = 0; m && i < m->n; i++)
        for (const struct pln_command *c = m->items[i].descriptor.commands; c && c->name; c++)
            if (str_eq(name, str_from(c->name))) {
                *env = &m->items[i].env;
                return c;
            }
    return NULL;
}
