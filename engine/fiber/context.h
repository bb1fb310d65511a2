/* SPDX-License-Identifier: MIT */
/* A place on a stack where execution can stop and go on: what setjmp cannot do
 * between two stacks.  Private to fiber/.
 *
 * On x86-64 and aarch64 a switch saves the registers that a called function must
 * preserve and the floating point control words (context.S), nothing else: no
 * system call, no signal mask.  Elsewhere, or with FIBER_UCONTEXT defined, it is
 * swapcontext(3). */
#ifndef FIBER_CONTEXT_H
#define FIBER_CONTEXT_H

#if !defined(FIBER_UCONTEXT) && ((defined(__x86_64__) && defined(__LP64__)) || defined(__aarch64__))
#define CONTEXT_ASSEMBLY 1
#endif

#ifndef __ASSEMBLER__

#ifdef CONTEXT_ASSEMBLY
struct context {
    void *sp; /* everything else lies on the stack */
};
#else
#include <ucontext.h>
struct context {
    ucontext_t uc;
};
#endif

/* The first switch to *c calls fn(arg), which never returns, on the stack from
 * low up to top (aligned to 16). */
void context_make(struct context *c, char *low, char *top, void (*fn)(void *), void *arg);
/* Saves where we are in *from and goes on at *to; returns when somebody switches
 * to *from. */
void context_switch(struct context *from, struct context *to);

#endif
#endif
