/* SPDX-License-Identifier: MIT */
/* Dates of HTTP header fields (RFC 9110, section 5.6.7). */
#ifndef HTTP_HTTP_DATE_H
#define HTTP_HTTP_DATE_H

#include "base/str.h"

#define HTTP_DATE_SIZE 30 /* with the NUL */

/* "Sun, 06 Nov 1994 08:49:37 GMT" from seconds since 1970 (years 1 to 9999;
 * others give the nearest of these). Gives the text in `out`. */
struct str http_date(int64_t seconds, char out[HTTP_DATE_SIZE]);

/* Reads the three formats of the RFC; false on anything else or a day that does
 * not exist.  `now` (seconds) says which century a two-digit year means: one more
 * than 50 years ahead is in the past. */
bool http_date_parse(struct str text, int64_t now, int64_t *seconds);

#endif
