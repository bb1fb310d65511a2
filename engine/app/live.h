/* SPDX-License-Identifier: MIT */
/* The app answering in its own process, beside whatever that does: for tests, which look at
 * what the requests left behind.  No limits of time, no access log, no proxies. */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include "app/app.h"

#include <stdbool.h>
#include <stdint.h>

struct static_files;

/* The response to a request that has a fiber and a pipeline, as a worker gives it.  `statics`
 * may be NULL.  One reference; may wait. */
struct response *live_answer(struct app *app, struct static_files *statics, struct request *r);

struct live;

/* A server on a free port of 127.0.0.1, in the app's loop, with the static files where they
 * are written.  NULL: *err. */
struct live *live_open(struct app *app, struct err *err);
uint16_t live_port(const struct live *l);
/* Ends it, with its connections, once no request runs.  false: one has not ended for five
 * seconds, and the server is left to it.  In a fiber; may wait. */
bool live_close(struct live *l);

#endif
