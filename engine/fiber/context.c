/* SPDX-License-Identifier: MIT */
#include "fiber/context.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef CONTEXT_ASSEMBLY

void context_entry(void); /* context.S: calls the function in the frame below */

#ifdef __x86_64__
/* As context.S pushes it. */
struct frame {
    uint32_t x87_control, mxcsr;
    uintptr_t r15, r14, r13, r12, rbx, rbp, rip;
    uintptr_t none[2]; /* ends the chain of frames for debuggers, and keeps 16-byte alignment */
};

static void frame_init(struct frame *f, void (*fn)(void *), void *arg)
{
    f->x87_control = 0x037f; /* what the ABI says a process starts with */
    f->mxcsr = 0x1f80;
    f->r12 = (uintptr_t)arg;
    f->rbx = (uintptr_t)fn;
    f->rip = (uintptr_t)context_entry;
}
_Static_assert(offsetof(struct frame, none) == 64, "context.S pushes 64 bytes");
#else
struct frame {
    uint64_t d8_to_d15[8];
    uintptr_t x19, x20, x21_to_x28[8], x29, x30;
    uint64_t fpcr, pad;
    uintptr_t none[2];
};

static void frame_init(struct frame *f, void (*fn)(void *), void *arg)
{
    f->x19 = (uintptr_t)fn;
    f->x20 = (uintptr_t)arg;
    f->x30 = (uintptr_t)context_entry;
}
_Static_assert(offsetof(struct frame, none) == 176, "context.S saves 176 bytes");
#endif

void context_make(struct context *c, char *low, char *top, void (*fn)(void *), void *arg)
{
    struct frame *f = (struct frame *)(void *)(top - sizeof *f);
    (void)low;
    memset(f, 0, sizeof *f);
    frame_init(f, fn, arg);
    c->sp = f;
}

#else

/* makecontext passes ints: a pointer travels in two halves. */
static void enter(unsigned fn_high, unsigned fn_low, unsigned arg_high, unsigned arg_low)
{
    uintptr_t fn = (uintptr_t)((uint64_t)fn_high << 32 | fn_low);
    uintptr_t arg = (uintptr_t)((uint64_t)arg_high << 32 | arg_low);
    ((void (*)(void *))fn)((void *)arg);
}

void context_make(struct context *c, char *low, char *top, void (*fn)(void *), void *arg)
{
    uint64_t f = (uintptr_t)fn, a = (uintptr_t)arg;
    getcontext(&c->uc);
    c->uc.uc_link = NULL;
    c->uc.uc_stack.ss_sp = low;
    c->uc.uc_stack.ss_size = (size_t)(top - low);
    makecontext(&c->uc, (void (*)(void))enter, 4, (unsigned)(f >> 32), (unsigned)f,
                (unsigned)(a >> 32), (unsigned)a);
}

void context_switch(struct context *from, struct context *to)
{
    swapcontext(&from->uc, &to->uc);
}

#endif
