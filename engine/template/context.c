/* SPDX-License-Identifier: MIT */
/* Variables of a render: a stack of bindings, cut into scopes.  It is short, so names are
 * looked for from its top by their address. */
#include "template/impl.h"

static void unbind(struct render *r, struct context *c, size_t from)
{
    for (size_t i = from; i < c->items.n; i++)
        if (c->items.items[i].kept)
            value_unkeep(r, c->items.items[i].value);
    c->items.n = from;
}

void context_push(struct render *r)
{
    struct context *c = r->context;
    vec_push(&c->scopes, (uint32_t)c->items.n);
}

/* Frees values that were replaced from within a deeper scope than their own, in which other
 * bindings may still have pointed to them. */
static void collect(struct render *r, struct context *c, size_t scopes)
{
    size_t n = 0;
    for (size_t i = 0; i < c->replaced.n; i++) {
        struct replaced *old = &c->replaced.items[i];
        if (scopes <= old->scope)
            value_unkeep(r, old->value);
        else
            c->replaced.items[n++] = *old;
    }
    c->replaced.n = n;
}

void context_pop(struct render *r)
{
    struct context *c = r->context;
    unbind(r, c, vec_pop(&c->scopes));
    if (c->replaced.n)
        collect(r, c, c->scopes.n);
}

size_t context_slot(struct render *r, const struct name *name, struct tval v)
{
    struct context *c = r->context;
    vec_push(&c->items, ((struct binding){name, v, false}));
    return c->items.n - 1;
}

void context_slot_set(struct render *r, size_t slot, struct tval v)
{
    struct binding *b = &r->context->items.items[slot];
    if (b->kept)
        value_unkeep(r, b->value);
    b->value = v;
    b->kept = false;
}

void context_bind(struct render *r, const struct name *name, struct tval v)
{
    context_slot(r, name, v);
}

/* The binding of a name at or above `from`, or NULL. */
static struct binding *find(struct context *c, const struct name *name, size_t from)
{
    for (size_t i = c->items.n; i-- > from;)
        if (c->items.items[i].name == name)
            return &c->items.items[i];
    return NULL;
}

/* The value of binding i is not used any more: at once, or when the scope above it ends. */
static void replace(struct render *r, size_t i, struct tval v)
{
    struct context *c = r->context;
    size_t scope = c->scopes.n;
    while (scope > 0 && c->scopes.items[scope - 1] > i)
        scope--;
    if (scope == c->scopes.n)
        value_unkeep(r, v);
    else
        vec_push(&c->replaced, ((struct replaced){v, scope}));
}

static int set(struct render *r, const struct name *name, struct tval v, size_t from)
{
    if (value_keep(r, &v) < 0)
        return -1;
    struct binding *b = find(r->context, name, from);
    if (!b) {
        vec_push(&r->context->items, ((struct binding){name, v, true}));
        return 0;
    }
    if (b->kept)
        replace(r, (size_t)(b - r->context->items.items), b->value);
    b->value = v;
    b->kept = true;
    return 0;
}

int context_set(struct render *r, const struct name *name, struct tval v)
{
    return set(r, name, v, r->context->scopes.n ? vec_last(&r->context->scopes) : 0);
}

int context_set_upward(struct render *r, const struct name *name, struct tval v)
{
    return find(r->context, name, 0) ? set(r, name, v, 0) : context_set(r, name, v);
}

/* True, False and None are variables under all others. */
static void builtin(const struct name *name, struct tval *out)
{
    if (name->id == NAME_TRUE || name->id == NAME_FALSE)
        *out = tval_bool(name->id == NAME_TRUE);
    else if (name->id == NAME_NONE)
        *out = tval_none();
}

int context_get(struct render *r, const struct name *name, struct tval *out)
{
    const struct context *c = r->context;
    const struct binding *items = c->items.items;
    for (size_t i = c->items.n; i-- > 0;)
        if (items[i].name == name) {
            *out = items[i].value;
            return 0;
        }
    out->type = TVAL_UNDEFINED;
    out->flags = 0;
    if (c->variables && r->ops->variable(r, name, out) < 0)
        return -1;
    if (out->type == TVAL_UNDEFINED && name->id < FIXED_NAME_COUNT)
        builtin(name, out);
    return 0;
}

bool context_has(struct render *r, const struct name *name)
{
    return find(r->context, name, 0) != NULL;
}

int context_each(struct render *r, int (*f)(void *data, const struct name *n, struct tval v),
                 void *data)
{
    struct context *c = r->context;
    for (size_t i = c->items.n; i-- > 0;) {
        struct binding *b = &c->items.items[i];
        if (find(c, b->name, i + 1))
            continue;
        int status = f(data, b->name, b->value);
        if (status != 0)
            return status;
    }
    return 0;
}

struct context *context_isolate(struct render *r, bool variables)
{
    struct context *inner = mem_zalloc(sizeof *inner), *outer = r->context;
    inner->variables = variables;
    inner->outer = outer;
    r->context = inner;
    return outer;
}

void context_free(struct render *r, struct context *c)
{
    unbind(r, c, 0);
    collect(r, c, 0);
    vec_release(&c->replaced);
    vec_release(&c->items);
    vec_release(&c->scopes);
    free(c);
}

void context_restore(struct render *r, struct context *outer)
{
    while (r->context != outer) {
        struct context *inner = r->context;
        r->context = inner->outer;
        context_free(r, inner);
    }
}
