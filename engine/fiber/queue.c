/* SPDX-License-Identifier: MIT */
/* Queues between fibers.  An item goes straight to the first getter that waits,
 * and a putter that waits puts its item through the getter that makes room: both
 * lines are served in order of arrival. */
#include "fiber/impl.h"

struct fiber_queue {
    struct loop *loop;
    void **ring;
    size_t first, n, size; /* size: slots allocated */
    size_t cap;            /* 0: grows */
    bool closed;
    struct fiber_list getters, putters; /* fiber->waiting is the item's void * */
};

struct fiber_queue *fiber_queue_new(struct loop *l, size_t cap)
{
    struct fiber_queue *q = mem_zalloc(sizeof *q);

    q->loop = l;
    q->cap = cap;
    return q;
}

void fiber_queue_free(struct fiber_queue *q)
{
    if (!q)
        return;
    assert(!q->getters.first && !q->putters.first);
    free(q->ring);
    free(q);
}

static void grow(struct fiber_queue *q)
{
    size_t size = q->size ? mem_mul(q->size, 2) : 8;
    void **ring = mem_alloc(mem_mul(size, sizeof *ring));

    for (size_t i = 0; i < q->n; i++)
        ring[i] = q->ring[(q->first + i) % q->size];
    free(q->ring);
    q->ring = ring;
    q->size = size;
    q->first = 0;
}

static void append(struct fiber_queue *q, void *item)
{
    if (q->n == q->size)
        grow(q);
    q->ring[(q->first + q->n++) % q->size] = item;
}

static void *take(struct fiber_queue *q)
{
    void *item = q->ring[q->first];

    q->first = (q->first + 1) % q->size;
    q->n--;
    return item;
}

static enum err_code wait_in(struct fiber_queue *q, struct fiber_list *list, void **cell,
                             int64_t deadline)
{
    struct fiber *f = q->loop->current;

    f->waiting = cell;
    fiber_list_push(list, f);
    return fiber_suspend(q->loop, WAIT_EVENT, deadline);
}

int fiber_queue_put(struct fiber_queue *q, void *item, int64_t deadline, struct err *err)
{
    enum err_code code = ERR_OK;

    assert(q->loop->current);
    if (q->loop->current->cancelled) {
        code = ERR_CANCELLED;
    } else if (q->closed) {
        code = ERR_CLOSED;
    } else if (q->getters.first) {
        *(void **)q->getters.first->waiting = item;
        fiber_ready(q->getters.first, ERR_OK);
    } else if (!q->cap || q->n < q->cap) {
        append(q, item);
    } else {
        code = wait_in(q, &q->putters, &item, deadline);
    }
    return fiber_result(code, err, "putting into a queue");
}

int fiber_queue_get(struct fiber_queue *q, void **item, int64_t deadline, struct err *err)
{
    enum err_code code = ERR_OK;
    void *cell = NULL;

    assert(q->loop->current);
    if (q->loop->current->cancelled) {
        code = ERR_CANCELLED;
    } else if (q->n) {
        cell = take(q);
        if (q->putters.first) {
            append(q, *(void **)q->putters.first->waiting);
            fiber_ready(q->putters.first, ERR_OK);
        }
    } else if (q->closed) {
        code = ERR_CLOSED;
    } else {
        code = wait_in(q, &q->getters, &cell, deadline);
    }
    if (code == ERR_OK)
        *item = cell;
    return fiber_result(code, err, "getting from a queue");
}

size_t fiber_queue_length(const struct fiber_queue *q)
{
    return q->n;
}

void fiber_queue_close(struct fiber_queue *q)
{
    q->closed = true;
    while (q->getters.first)
        fiber_ready(q->getters.first, ERR_CLOSED);
    while (q->putters.first)
        fiber_ready(q->putters.first, ERR_CLOSED);
}
