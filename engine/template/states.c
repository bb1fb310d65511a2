/* SPDX-License-Identifier: MIT */
/* State of nodes during a render, and values that outlive the node that made them. */
#include "template/impl.h"

/* ---- states by their node: a table of open addressing ---- */

struct state {
    const void *key;
    void *data;
    void (*drop)(struct render *r, void *data);
};

struct render_states {
    size_t n, size; /* size: a power of two */
    struct state *items;
};

static size_t place(const struct render_states *s, const void *key)
{
    size_t i = (size_t)(((uint64_t)(uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
    while (s->items[i & (s->size - 1)].key && s->items[i & (s->size - 1)].key != key)
        i++;
    return i & (s->size - 1);
}

static void grow(struct render_states *s)
{
    struct render_states old = *s;
    s->size = old.size ? old.size * 2 : 8;
    s->items = mem_zalloc(mem_mul(s->size, sizeof *s->items));
    for (size_t i = 0; i < old.size; i++)
        if (old.items[i].key)
            s->items[place(s, old.items[i].key)] = old.items[i];
    free(old.items);
}

static struct state *find(struct render_states **states, const void *key)
{
    struct render_states *s = *states;
    if (!s)
        s = *states = mem_zalloc(sizeof *s);
    if (s->n * 2 >= s->size)
        grow(s);
    return &s->items[place(s, key)];
}

void *states_get(struct render_states **states, const void *key, size_t size)
{
    struct state *state = find(states, key);
    if (!state->key) {
        *state = (struct state){.key = key, .data = mem_zalloc(size)};
        (*states)->n++;
    }
    return state->data;
}

void states_on_free(struct render_states **states, const void *key,
                    void (*drop)(struct render *r, void *data))
{
    find(states, key)->drop = drop;
}

void states_free(struct render *r, struct render_states *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->size; i++) {
        if (s->items[i].drop)
            s->items[i].drop(r, s->items[i].data);
        free(s->items[i].data);
    }
    free(s->items);
    free(s);
}

void *render_state(struct render *r, const void *key, size_t size)
{
    return states_get(&r->frame->states, key, size);
}

/* ---- values that are kept ---- */

static void *copy_bytes(const void *p, size_t n)
{
    void *copy = mem_alloc(n ? n : 1);
    if (n)
        memcpy(copy, p, n);
    return copy;
}

static const struct render_loop *keep_loop(const struct render_loop *loop)
{
    struct render_loop *copy = copy_bytes(loop, sizeof *loop);
    copy->states = NULL;
    if (loop->parent)
        copy->parent = keep_loop(loop->parent);
    return copy;
}

static void unkeep_loop(const struct render_loop *loop)
{
    while (loop) {
        struct render_loop *gone = (struct render_loop *)(uintptr_t)loop;
        loop = loop->parent;
        free(gone);
    }
}

struct kept_list {
    struct tlist list;
    struct tval items[];
};

static void unkeep_items(struct render *r, struct kept_list *k, size_t n)
{
    for (size_t i = 0; i < n; i++)
        value_unkeep(r, k->items[i]);
    free(k);
}

static int keep_list(struct render *r, struct tval *v)
{
    const struct tlist *list = v->u.list;
    struct kept_list *k = mem_alloc(sizeof *k + mem_mul(list->n, sizeof *k->items));
    k->list = *list;
    k->list.items = k->items;
    for (size_t i = 0; i < list->n; i++) {
        k->items[i] = list->items[i];
        if (value_keep(r, &k->items[i]) < 0) {
            unkeep_items(r, k, i);
            return -1;
        }
    }
    v->u.list = &k->list;
    return 0;
}

int value_keep(struct render *r, struct tval *v)
{
    if (v->flags & TVAL_STATIC) {
        if (!r->frame->outer)
            return 0;
        v->flags &= (uint8_t)~TVAL_STATIC; /* an included template may go before the value */
    }
    switch ((enum tval_type)v->type) {
    case TVAL_STR:
        v->u.p = copy_bytes(v->u.p, v->n);
        return 0;
    case TVAL_DECIMAL:
        v->u.decimal = copy_bytes(v->u.decimal, decimal_size(v->u.decimal));
        return 0;
    case TVAL_MOMENT:
        v->u.moment = copy_bytes(v->u.moment, sizeof *v->u.moment);
        return 0;
    case TVAL_TIMEDELTA:
        v->u.duration = copy_bytes(v->u.duration, sizeof *v->u.duration);
        return 0;
    case TVAL_BLOCK: /* it means nothing outside of the block */
        *v = tval_none();
        return 0;
    case TVAL_LOOP:
        v->u.loop = keep_loop(v->u.loop);
        return 0;
    case TVAL_LIST:
        return keep_list(r, v);
    case TVAL_OBJECT:
        return r->ops->keep(r, v);
    case TVAL_UNDEFINED:
    case TVAL_NONE:
    case TVAL_BOOL:
    case TVAL_INT:
    case TVAL_DOUBLE:
        break;
    }
    return 0;
}

void value_unkeep(struct render *r, struct tval v)
{
    if (v.flags & TVAL_STATIC)
        return;
    switch ((enum tval_type)v.type) {
    case TVAL_STR:
    case TVAL_DECIMAL:
    case TVAL_MOMENT:
    case TVAL_TIMEDELTA:
        free((void *)(uintptr_t)v.u.p); /* all of them are pointers */
        return;
    case TVAL_LOOP:
        unkeep_loop(v.u.loop);
        return;
    case TVAL_LIST:
        unkeep_items(r, (struct kept_list *)(uintptr_t)v.u.list, v.u.list->n);
        return;
    case TVAL_OBJECT:
        r->ops->drop(r, v);
        return;
    case TVAL_BLOCK:
    case TVAL_UNDEFINED:
    case TVAL_NONE:
    case TVAL_BOOL:
    case TVAL_INT:
    case TVAL_DOUBLE:
        break;
    }
}
