/* SPDX-License-Identifier: MIT */
/* perilune.h: receivers of signals. */
#include "app/app.h"
#include "app/modules_impl.h"
#include "signals/signals.h"

struct module_receiver { /* lives as long as the module; owner: its arena */
    const struct pln_receiver *of;
    struct pln_env *env;
};

struct pln_event { /* on the stack of receiver_call() */
    struct signal_event *e;
    const struct module_receiver *receiver;
    struct err err; /* the first failure: of the module, or of what looked for a value */
    bool failed;
};

static int receiver_call(void *data, const void *sender, struct signal_event *e, struct err *err)
{
    const struct module_receiver *r = data;
    struct pln_event event = {.e = e, .receiver = r};
    (void)sender;
    int status = r->of->call(r->env, &event);
    if (status == 0 && !event.failed)
        return 0;
    if (event.failed)
        *err = event.err;
    else
        err_set(err, ERR_SCRIPT, "it failed without a reason");
    err_prefix(err, "receiver of '%s' in C module '%s'", r->of->signal, r->env->name);
    return -1;
}

static const struct receiver_ops ops = {.call = receiver_call};

int module_connect(struct module *m, struct signals *all, struct err *err)
{
    for (const struct pln_receiver *r = m->descriptor.receivers; r && r->signal; r++) {
        struct module_receiver *own = arena_zalloc(m->env.arena, sizeof *own);
        struct signal_connection c = {.ops = &ops, .receiver = own, .key = r};
        if (!r->call)
            return err_set(err, ERR_CONFIG,
                           "C module '%s': the receiver of '%s' has no function to call", m->path,
                           r->signal);
        *own = (struct module_receiver){r, &m->env};
        if (r->sender)
            c.label = str_from(r->sender);
        if (signals_connect_named(all, r->signal, &c, err) != 0) {
            err_prefix(err, "C module '%s'", m->path);
            return -1;
        }
    }
    return 0;
}

/* ---- what was sent ---- */

const char *pln_event_signal(const struct pln_event *e)
{
    return e->receiver->of->signal;
}

static struct signal_value find(struct pln_event *e, const char *path)
{
    struct signal_value v;
    struct err err;
    if (signal_event_find(e->e, str_from(path), &v, &err) == 0)
        return v;
    if (!e->failed)
        e->err = err;
    e->failed = true;
    return (struct signal_value){.type = SIGNAL_VALUE_NIL};
}

static struct pln_str text_of(struct signal_value v)
{
    if (v.type != SIGNAL_VALUE_STR)
        return (struct pln_str){NULL, 0};
    return (struct pln_str){v.text.p ? v.text.p : "", v.text.n};
}

struct pln_str pln_event_sender(struct pln_event *e)
{
    return text_of(find(e, "sender"));
}

struct pln_request *pln_event_request(const struct pln_event *e)
{
    for (size_t i = 0; i < e->e->nargs; i++)
        if (e->e->args[i].type == SIGNAL_REQUEST)
            return e->e->args[i].object;
    return NULL;
}

enum pln_type pln_event_type(struct pln_event *e, const char *path)
{
    static const enum pln_type types[] = {
        [SIGNAL_VALUE_NIL] = PLN_NIL,    [SIGNAL_VALUE_BOOL] = PLN_BOOL,
        [SIGNAL_VALUE_INT] = PLN_INT,    [SIGNAL_VALUE_NUMBER] = PLN_NUMBER,
        [SIGNAL_VALUE_STR] = PLN_STRING, [SIGNAL_VALUE_OTHER] = PLN_OTHER,
    };
    return types[find(e, path).type];
}

int64_t pln_event_int(struct pln_event *e, const char *path)
{
    struct signal_value v = find(e, path);
    return v.type == SIGNAL_VALUE_INT ? v.integer : 0;
}

double pln_event_number(struct pln_event *e, const char *path)
{
    struct signal_value v = find(e, path);
    return v.type == SIGNAL_VALUE_INT || v.type == SIGNAL_VALUE_NUMBER ? v.number : 0;
}

int pln_event_bool(struct pln_event *e, const char *path)
{
    struct signal_value v = find(e, path);
    return v.type == SIGNAL_VALUE_BOOL && v.yes;
}

struct pln_str pln_event_string(struct pln_event *e, const char *path)
{
    return text_of(find(e, path));
}

int pln_event_fail(struct pln_event *e, const char *fmt, ...)
{
    char text[sizeof e->err.msg];
    va_list ap;
    if (e->failed) /* the first one is the cause */
        return -1;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    e->failed = true;
    return err_set(&e->err, ERR_SCRIPT, "%s", text);
}

const void *const module_api_signals[] = {
    pln_event_signal, pln_event_sender, pln_event_request, pln_event_type, pln_event_int,
    pln_event_number, pln_event_bool,   pln_event_string,  pln_event_fail,
};
