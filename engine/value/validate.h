/* SPDX-License-Identifier: MIT */
/* What Django's validators accept, by scanners that read their input once. */
#ifndef VALUE_VALIDATE_H
#define VALUE_VALIDATE_H

#include "base/str.h"

/* "name" of a mail address: words with dots, or a quoted string. */
bool validate_email_user(struct str s);
/* A host name with a top-level domain, or an address in brackets. */
bool validate_email_domain(struct str s);

/* A domain name: labels of 1 to 63 letters, digits and hyphens and a top-level
 * domain without digits (or xn--…).  Letters are those of U+00A1 to U+FFFF too when
 * `unicode`; `dot` allows one at the end. */
bool validate_domain(struct str s, bool unicode, bool dot);

/* scheme://[user[:password]@]host[:port][/path]; the scheme is not looked at, and
 * a host in brackets is an IPv6 address. */
bool validate_url(struct str s);

/* Letters, digits, hyphens, underscores; at least one. */
bool validate_slug(struct str s, bool unicode);
/* Digits with an optional "-"; `separator` between several. */
bool validate_integers(struct str s, struct str separator, bool negative);

#endif
