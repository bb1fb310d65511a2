/* SPDX-License-Identifier: MIT */
/* Addresses as text, by the strict rules of Python's ipaddress: no leading zeros,
 * no short forms, no scope. */
#ifndef VALUE_IP_H
#define VALUE_IP_H

#include "base/buf.h"
#include "base/str.h"

#define IP_TEXT_MAX 39 /* of an IPv6 address; longer text is not looked at */

bool ip_parse_v4(struct str s, unsigned char out[4]);
bool ip_parse_v6(struct str s, unsigned char out[16]);

void ip_add_v4(struct buf *out, const unsigned char a[4]);
/* The short form of RFC 5952; IPv4-mapped addresses as ::ffff:1.2.3.4. */
void ip_add_v6(struct buf *out, const unsigned char a[16]);
bool ip_is_v4_mapped(const unsigned char a[16]);

#endif
