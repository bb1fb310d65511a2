/* SPDX-License-Identifier: MIT */
/* Deadlines of parked fibers: a binary heap with one libuv timer for its top, so
 * that ten thousand sleepers cost one timer.  A fiber knows its place. */
#include "fiber/impl.h"

static bool earlier(const struct deadline *a, const struct deadline *b)
{
    return a->when != b->when ? a->when < b->when : a->number < b->number;
}

static void place(struct loop *l, size_t i, struct deadline d)
{
    l->deadlines.items[i] = d;
    d.fiber->timer = (uint32_t)i + 1;
}

static void sift_up(struct loop *l, size_t i, struct deadline d)
{
    while (i > 0 && earlier(&d, &l->deadlines.items[(i - 1) / 2])) {
        place(l, i, l->deadlines.items[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(l, i, d);
}

static void sift_down(struct loop *l, size_t i, struct deadline d)
{
    const struct deadline *heap = l->deadlines.items;
    size_t n = l->deadlines.n;

    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && earlier(&heap[child + 1], &heap[child]))
            child++;
        if (!earlier(&heap[child], &d))
            break;
        place(l, i, heap[child]);
    }
    place(l, i, d);
}

void deadline_add(struct loop *l, struct fiber *f, int64_t when)
{
    struct deadline d = {when, l->deadline_number++, f};

    (void)vec_add(&l->deadlines);
    sift_up(l, l->deadlines.n - 1, d);
}

void deadline_remove(struct loop *l, struct fiber *f)
{
    size_t i = f->timer - 1;
    struct deadline last = vec_pop(&l->deadlines);

    f->timer = 0;
    if (last.fiber == f)
        return;
    if (i > 0 && earlier(&last, &l->deadlines.items[(i - 1) / 2]))
        sift_up(l, i, last);
    else
        sift_down(l, i, last);
}

static void fire(uv_timer_t *timer)
{
    struct loop *l = timer->data;

    l->now = clock_monotonic();
    while (l->deadlines.n && l->deadlines.items[0].when <= l->now) {
        struct fiber *f = l->deadlines.items[0].fiber;
        deadline_remove(l, f);
        fiber_interrupt(f, ERR_TIMEOUT);
    }
}

/* libuv counts whole milliseconds of the same clock; rounding up means that
 * nobody wakes early. */
void deadline_arm(struct loop *l)
{
    if (!l->deadlines.n) {
        uv_timer_stop(&l->timer);
        return;
    }
    int64_t when = l->deadlines.items[0].when;
    uint64_t ms = when > 0 ? ((uint64_t)when + (uint64_t)CLOCK_MS - 1) / (uint64_t)CLOCK_MS : 0;
    if (uv_is_active((uv_handle_t *)&l->timer) && ms == l->armed)
        return;
    l->armed = ms;
    uint64_t now = uv_now(&l->uv);
    uv_timer_start(&l->timer, fire, ms > now ? ms - now : 0, 0);
}
