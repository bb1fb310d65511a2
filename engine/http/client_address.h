/* SPDX-License-Identifier: MIT */
/* Which addresses of the network are somebody else's: what a request to a URL that a
 * user gave may connect to. */
#ifndef HTTP_CLIENT_ADDRESS_H
#define HTTP_CLIENT_ADDRESS_H

#include "base/str.h"

#include <stdbool.h>

struct sockaddr;

/* False for this machine, private and link-local networks, carrier NAT, documentation,
 * benchmarking and multicast, for whatever else is not routed globally, for every way
 * to write one of those as IPv6, and for every family but the two of IP. */
bool address_is_public(const struct sockaddr *a);
/* The same of an address as text. */
bool address_text_is_public(struct str text);

#endif
