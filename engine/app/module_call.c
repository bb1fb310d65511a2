/* SPDX-License-Identifier: MIT */
#include "app/module_call.h"

#include "app/modules_impl.h"

void module_call_init(struct pln_call *c)
{
    *c = (struct pln_call){.results = VEC_INIT};
    arena_init(&c->arena, 512);
}

void module_call_release(struct pln_call *c)
{
    vec_release(&c->results);
    arena_release(&c->arena);
}

int module_call_run(struct pln_call *c, struct pln_env *env)
{
    int rc = c->function->call(env, c);
    if (rc == 0 && c->depth && !c->error_message)
        pln_call_fail(c, NULL, "%s.%s left a table open: pln_end_table() is missing", c->module,
                      c->function->name);
    if (rc != 0 && !c->error_message)
        pln_call_fail(c, NULL, "%s.%s failed without a reason", c->module, c->function->name);
    return c->error_message ? -1 : 0;
}

/* ---- errors ---- */

int pln_call_fail(struct pln_call *c, const char *name, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (c->error_message) /* the first one is the cause */
        return -1;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->error_name = arena_strdup(&c->arena, name ? name : "Error");
    c->error_message = arena_strdup(&c->arena, text);
    return -1;
}

int pln_call_failed(const struct pln_call *c)
{
    return c->error_message != NULL;
}

/* ---- arguments ---- */

int pln_arg_count(const struct pln_call *c)
{
    return c->nargs;
}

static const struct call_arg *arg(const struct pln_call *c, int i)
{
    static const struct call_arg none = {.type = PLN_NIL, .type_name = "no value"};
    return i >= 0 && i < c->nargs ? &c->args[i] : &none;
}

enum pln_type pln_arg_type(const struct pln_call *c, int i)
{
    return arg(c, i)->type;
}

static void bad_arg(struct pln_call *c, int i, const char *wanted)
{
    pln_call_fail(c, "TypeError", "argument %d of %s.%s must be %s, not %s", i + 1, c->module,
                  c->function->name, wanted, arg(c, i)->type_name);
}

int64_t pln_arg_int(struct pln_call *c, int i)
{
    const struct call_arg *a = arg(c, i);
    if (a->type == PLN_INT)
        return a->integer;
    /* 3.0 is as good as 3; beyond 2^53 it would be a guess. */
    if (a->type == PLN_NUMBER && a->number >= -0x1p53 && a->number <= 0x1p53 &&
        a->number == (double)(int64_t)a->number)
        return (int64_t)a->number;
    bad_arg(c, i, "an integer");
    return 0;
}

double pln_arg_number(struct pln_call *c, int i)
{
    const struct call_arg *a = arg(c, i);
    if (a->type == PLN_INT || a->type == PLN_NUMBER)
        return a->number;
    bad_arg(c, i, "a number");
    return 0;
}

int pln_arg_bool(struct pln_call *c, int i)
{
    const struct call_arg *a = arg(c, i);
    if (a->type == PLN_BOOL)
        return a->boolean;
    bad_arg(c, i, "a boolean");
    return 0;
}

struct pln_str pln_arg_string(struct pln_call *c, int i)
{
    const struct call_arg *a = arg(c, i);
    if (a->type == PLN_STRING)
        return (struct pln_str){a->text.p, a->text.n};
    bad_arg(c, i, "a string");
    return (struct pln_str){NULL, 0};
}

/* ---- results ---- */

static void push(struct pln_call *c, struct call_value v)
{
    if (!c->depth)
        c->top_results++;
    vec_push(&c->results, v);
}

void pln_push_nil(struct pln_call *c)
{
    push(c, (struct call_value){.step = CALL_NIL});
}

void pln_push_bool(struct pln_call *c, int v)
{
    push(c, (struct call_value){.step = CALL_BOOL, .boolean = v != 0});
}

void pln_push_int(struct pln_call *c, int64_t v)
{
    push(c, (struct call_value){.step = CALL_INT, .integer = v});
}

void pln_push_number(struct pln_call *c, double v)
{
    push(c, (struct call_value){.step = CALL_NUMBER, .number = v});
}

void pln_push_string(struct pln_call *c, struct pln_str v)
{
    push(c, (struct call_value){.step = CALL_STRING,
                                .text = arena_str(&c->arena, str_make(v.p, v.n))});
}

void pln_push_table(struct pln_call *c)
{
    push(c, (struct call_value){.step = CALL_TABLE});
    if (++c->depth > CALL_DEPTH_MAX)
        pln_call_fail(c, NULL, "%s.%s puts more than %d tables into each other", c->module,
                      c->function->name, CALL_DEPTH_MAX);
}

void pln_push_key(struct pln_call *c, const char *key)
{
    if (!c->depth) {
        pln_call_fail(c, NULL, "%s.%s named the field '%s' outside of a table", c->module,
                      c->function->name, key);
        return;
    }
    if (c->results.n && vec_last(&c->results).step == CALL_KEY)
        pln_call_fail(c, NULL, "%s.%s gave the field '%s' no value", c->module, c->function->name,
                      vec_last(&c->results).text.p);
    push(c, (struct call_value){.step = CALL_KEY, .text = arena_str(&c->arena, str_from(key))});
}

void pln_end_table(struct pln_call *c)
{
    if (!c->depth) {
        pln_call_fail(c, NULL, "%s.%s ended a table that it had not begun", c->module,
                      c->function->name);
        return;
    }
    if (vec_last(&c->results).step == CALL_KEY)
        pln_call_fail(c, NULL, "%s.%s gave the field '%s' no value", c->module, c->function->name,
                      vec_last(&c->results).text.p);
    push(c, (struct call_value){.step = CALL_END});
    c->depth--;
}

const void *const module_api_call[] = {
    pln_arg_count,   pln_arg_type,    pln_arg_int,  pln_arg_number, pln_arg_bool, pln_arg_string,
    pln_call_fail,   pln_call_failed, pln_push_nil, pln_push_bool,  pln_push_int, pln_push_number,
    pln_push_string, pln_push_table,  pln_push_key, pln_end_table,
};
