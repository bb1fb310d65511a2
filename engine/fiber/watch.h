/* SPDX-License-Identifier: MIT */
/* Callbacks on the loop's own stack: for the few parts (the HTTP server, the worker)
 * that are called by the loop and not waited in.  They must not wait. */
#ifndef FIBER_WATCH_H
#define FIBER_WATCH_H

#include "base/err.h"

#include <stdbool.h>

struct loop;
struct watch;
struct timer;

/* Calls fn(data, events) whenever one of `events` (FIBER_READ, FIBER_WRITE,
 * WATCH_HANGUP) is there on fd, until it is closed.  Does not own fd. NULL and *err on
 * failure. */
enum { WATCH_HANGUP = 4 };
struct watch *watch_open(struct loop *l, int fd, int events, void (*fn)(void *data, int events),
                         void *data, struct err *err);
void watch_events(struct watch *w, int events); /* 0: pause */
/* A watch that waits keeps the loop running; not any more. */
void watch_background(struct watch *w);
void watch_close(struct watch *w); /* NULL is allowed */

/* Calls fn(data) every `seconds`, first after `seconds`. A timer keeps the loop
 * running only when `keep` says so. */
struct timer *timer_open(struct loop *l, double seconds, bool keep, void (*fn)(void *data),
                         void *data);
void timer_close(struct timer *t); /* NULL is allowed */

/* Calls fn(data) before the loop looks for events (`before`), or right after. One turn
 * of the loop each. */
struct hook;
struct hook *hook_open(struct loop *l, bool before, void (*fn)(void *data), void *data);
void hook_close(struct hook *h); /* NULL is allowed */

/* While on, the loop does not block: it looks for events and goes on turning. */
struct spin;
struct spin *spin_open(struct loop *l);
void spin_set(struct spin *s, bool on);
void spin_close(struct spin *s); /* NULL is allowed */

#endif
