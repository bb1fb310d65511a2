/* SPDX-License-Identifier: MIT */
/* Going from one stack to another, and telling the sanitizers.
 *
 * A stack keeps its entry frame from one fiber to the next: switch_main() calls
 * one function after the other, and between two it stands in leave(), so that
 * starting a fiber is nothing but a switch. */
#include "fiber/impl.h"

#ifdef SANITIZER_ADDRESS
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SANITIZER_THREAD
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(low, high) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

/* The four marks around a switch.  None may have a local whose address is taken:
 * the address sanitizer might put it on a fake stack that the switch destroys. */

static void before_enter(struct loop *l, struct fiber *from, struct fiber *f)
{
    (void)l, (void)from, (void)f;
#ifdef SANITIZER_ADDRESS
    __sanitizer_start_switch_fiber(from ? &from->fake_stack : &l->fake_stack, f->low,
                                   (size_t)((char *)(f + 1) - f->low));
#endif
#ifdef SANITIZER_THREAD
    if (!from)
        l->tsan = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(f->tsan, 0);
#endif
}

static void after_enter(struct loop *l, struct fiber *from)
{
    (void)l, (void)from;
#ifdef SANITIZER_ADDRESS
    __sanitizer_finish_switch_fiber(from ? from->fake_stack : l->fake_stack, NULL, NULL);
#endif
}

static void before_leave(struct loop *l, struct fiber *f, bool ends)
{
    (void)l, (void)f, (void)ends;
#ifdef SANITIZER_ADDRESS
    if (f->back)
        __sanitizer_start_switch_fiber(ends ? NULL : &f->fake_stack, f->back->low,
                                       (size_t)((char *)(f->back + 1) - f->back->low));
    else
        __sanitizer_start_switch_fiber(ends ? NULL : &f->fake_stack, l->asan_low, l->asan_size);
#endif
#ifdef SANITIZER_THREAD
    __tsan_switch_to_fiber(f->back ? f->back->tsan : l->tsan, 0);
#endif
}

static void after_leave(struct loop *l, struct fiber *f, bool fresh)
{
    (void)l, (void)f, (void)fresh;
#ifdef SANITIZER_ADDRESS
    /* Entered from the loop's own stack, this is how we learn its bounds. */
    __sanitizer_finish_switch_fiber(fresh ? NULL : f->fake_stack, f->back ? NULL : &l->asan_low,
                                    f->back ? NULL : &l->asan_size);
#endif
}

static void leave(struct loop *l, struct fiber *f, bool ends)
{
    before_leave(l, f, ends);
    context_switch(&f->context, f->back ? &f->back->context : &l->context);
    after_leave(l, f, ends);
}

static void switch_main(void *arg)
{
    struct fiber *f = arg;

    after_leave(f->loop, f, true);
    for (;;) {
        f->fn(f->arg);
        if (f->on_leave)
            f->on_leave(f->on_leave_data, true);
        f->state = FIBER_ENDED;
        leave(f->loop, f, true);
    }
}

void switch_init(struct fiber *f, char *low, char *top)
{
    f->low = low;
    context_make(&f->context, low, top, switch_main, f);
#ifdef SANITIZER_THREAD
    f->tsan = __tsan_create_fiber(0);
#endif
    f->valgrind_id = VALGRIND_STACK_REGISTER(low, (char *)(f + 1));
}

void switch_release(struct fiber *f)
{
    VALGRIND_STACK_DEREGISTER(f->valgrind_id);
#ifdef SANITIZER_THREAD
    __tsan_destroy_fiber(f->tsan);
#endif
}

bool switch_into(struct loop *l, struct fiber *f)
{
    struct fiber *from = l->current;

    f->back = from;
    f->state = FIBER_RUNNING;
    l->current = f;
    before_enter(l, from, f);
    context_switch(from ? &from->context : &l->context, &f->context);
    after_enter(l, from);
    l->current = from;
    return f->state != FIBER_ENDED;
}

void switch_back(struct fiber *f)
{
    leave(f->loop, f, false);
}
