/* SPDX-License-Identifier: MIT */
/* Names of hosts to addresses, by the system's resolver in a thread of the pool. */
#ifndef FIBER_RESOLVE_H
#define FIBER_RESOLVE_H

#include "base/err.h"

#include <stdint.h>

struct addrinfo;
struct loop;

/* The addresses for TCP connections to a host, a name or a number; in *out, for
 * resolve_free(). ERR_NOT_FOUND when there is no such name. A resolver that has not
 * answered by the deadline goes on in its thread, and nobody waits for it. May wait. */
int fiber_resolve(struct loop *l, const char *host, uint16_t port, int64_t deadline,
                  struct addrinfo **out, struct err *err);
void resolve_free(struct addrinfo *list); /* NULL is allowed */

#endif
