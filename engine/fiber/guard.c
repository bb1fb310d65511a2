/* SPDX-License-Identifier: MIT */
/* A stack overflow, named.  A fiber that runs into its guard has no stack left for
 * a signal handler, hence the alternate one; nothing can go on after it, so the
 * handler says what happened and the process dies of the signal as it would have. */
#include "fiber/impl.h"

#include <signal.h>
#include <unistd.h>

struct guard {
    struct sigaction old_segv, old_bus;
    stack_t old_stack;
    char stack[64 * 1024]; /* where the handler runs */
};

/* A signal handler gets no argument of ours, and the signals are those of one
 * thread: this is the one place where a thread-local is the only way. */
static _Thread_local struct loop *guarded __attribute__((tls_model("initial-exec")));

struct loop *loop_of_thread(void)
{
    return guarded;
}

/* The name comes from outside (a request's path): only plain characters get out. */
static size_t add_name(char *out, size_t room, const char *name)
{
    size_t n = 0;

    for (; n < room && name[n]; n++)
        out[n] = name[n] >= ' ' && name[n] < 0x7f ? name[n] : '?';
    return n;
}

static void report(const struct fiber *f)
{
    static const char head[] = "perilune: fiber stack overflow in ";
    static const char tail[] = ": recursion too deep for its stack; the worker is replaced\n";
    char line[400];
    size_t n = sizeof head - 1;

    memcpy(line, head, n);
    n += add_name(line + n, 200, f->name ? f->name : "a fiber");
    memcpy(line + n, tail, sizeof tail - 1);
    n += sizeof tail - 1;
    if (write(STDERR_FILENO, line, n) < 0) {
        /* nobody reads it; the signal says the rest */
    }
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const struct loop *l = guarded;
    const struct fiber *f = l ? l->current : NULL;
    const char *at = info->si_addr;
    bool ours = f && info->si_code > 0 && at >= f->low - STACK_GUARD && at < f->low;

    (void)context;
    if (ours)
        report(f);
    if (ours || !l)
        signal(sig, SIG_DFL);
    else
        sigaction(sig, sig == SIGSEGV ? &l->guard->old_segv : &l->guard->old_bus, NULL);
    /* The instruction faults again when we return; a signal sent by hand does not. */
    if (ours || info->si_code <= 0)
        raise(sig);
}

int loop_guard_stacks(struct loop *l, struct err *err)
{
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct guard *g = mem_zalloc(sizeof *g);
    stack_t stack = {.ss_sp = g->stack, .ss_size = sizeof g->stack};

    assert(!l->guard);
    sigemptyset(&act.sa_mask);
    if (sigaltstack(&stack, &g->old_stack) != 0) {
        free(g);
        return err_set_errno(err, "cannot set a stack for signals");
    }
    l->guard = g;
    guarded = l;
    sigaction(SIGSEGV, &act, &g->old_segv);
    sigaction(SIGBUS, &act, &g->old_bus);
    return 0;
}

void guard_release(struct loop *l)
{
    if (!l->guard)
        return;
    sigaction(SIGSEGV, &l->guard->old_segv, NULL);
    sigaction(SIGBUS, &l->guard->old_bus, NULL);
    sigaltstack(&l->guard->old_stack, NULL);
    if (guarded == l)
        guarded = NULL;
    free(l->guard);
    l->guard = NULL;
}
