/* SPDX-License-Identifier: MIT */
/* The signals of a request's life: each costs a branch when nobody listens. */
#ifndef PIPELINE_REQUEST_SIGNALS_H
#define PIPELINE_REQUEST_SIGNALS_H

#include "signals/signals.h"

struct log;
struct request;

static inline bool request_signal_wants_started(struct signals *all)
{
    return signal_has(signals_builtin(all, SIGNAL_request_started), NULL);
}
/* request_started, with `request` and `environ`. -1 after request_raise() when a receiver
 * fails. In the request's fiber; may wait. */
int request_signal_started(struct signals *all, struct request *r);

/* got_request_exception, with `request` and `exception`, for the exception in flight.
 * Receivers that fail are logged. In the request's fiber; may wait. `all` may be NULL. */
void request_signal_exception(struct signals *all, struct log *log, struct request *r);

static inline bool request_signal_wants_finished(struct signals *all)
{
    return signal_has(signals_builtin(all, SIGNAL_request_finished), NULL);
}
/* request_finished: the last byte is out, and the request is no more. Receivers that fail
 * are logged. In a fiber; may wait. */
void request_signal_finished(struct signals *all, struct log *log);

#endif
