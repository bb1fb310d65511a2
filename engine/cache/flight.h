/* SPDX-License-Identifier: MIT */
/* Single flight: of all who miss a value at the same time one computes it, and the others
 * wait for what it finds.
 *
 * Inside a process the others wait on a condition.  Between processes (and machines) it is
 * whoever could add a mark to the cache; one fiber of each process looks at the mark now and
 * then.  A mark says whose it is, so that the flight of a process that died on this machine
 * is taken over at once; of one elsewhere when the mark runs out.
 *
 * A value that turned out not to be one for a cache lands nowhere: all who waited go on at
 * once, each by itself, and for some seconds nobody waits for that key.  Waiting for each
 * other would only make a line of them.
 *
 * Owner: the worker; one for each cache. */
#ifndef CACHE_FLIGHT_H
#define CACHE_FLIGHT_H

#include "cache/cache.h"

struct flights;
struct flight; /* one that the caller has to end */

enum flight_state {
    FLIGHT_FAILED = -1, /* *err says why */
    FLIGHT_MINE,        /* compute it, and call flight_end() */
    FLIGHT_LANDED,      /* somebody has ended: look again */
    FLIGHT_AWAY,        /* somebody else computes it, and there was to be no waiting */
    FLIGHT_FREE,        /* compute it; nobody waits for it, nothing is to be ended */
};

/* `loop` NULL: outside of fibers, where nobody waits. */
struct flights *flights_new(struct cache *c, struct loop *loop);
void flights_free(struct flights *f); /* NULL is allowed; no flight is under way */

/* Asks for the flight of `key`, the whole key of the mark in the cache.  Waits until
 * `deadline` (monotonic ns; in the past: not at all) for one that is under way.  After
 * FLIGHT_MINE look again first: it may have landed between the look and the flight.  May wait. */
enum flight_state flight_begin(struct flights *f, struct str key, int64_t deadline,
                               struct flight **out, struct err *err);

/* The flight of `key` that is to be ended here, or NULL. */
struct flight *flight_find(struct flights *f, struct str key);
/* `kept`: what was computed is in the cache.  May wait. */
void flight_end(struct flight *fl, bool kept);
/* The same without waiting, as if not kept; for clean-up.  The mark is left to run out. */
void flight_drop(struct flight *fl);

#endif
