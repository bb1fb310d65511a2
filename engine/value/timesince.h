/* SPDX-License-Identifier: MIT */
/* How long ago, in years, months, weeks, days, hours and minutes, with the results of
 * Django's django.utils.timesince. */
#ifndef VALUE_TIMESINCE_H
#define VALUE_TIMESINCE_H

#include "value/datetime.h"

/* Adds the time from d to now, "1 year, 3 months": at most `depth` neighbouring units, with
 * no-break spaces behind the numbers; "0 minutes" when now is not later.  ERR_INVALID when
 * only one of the two is naive. */
int timesince_add(struct buf *out, const struct datetime *d, const struct datetime *now,
                  unsigned depth, struct err *err);

#endif
