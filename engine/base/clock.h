/* SPDX-License-Identifier: MIT */
/* Clocks.  Deadlines are monotonic nanoseconds, so that a clock that is set
 * moves no timeout; CLOCK_NEVER means none. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX
#define CLOCK_SECOND INT64_C(1000000000)
#define CLOCK_MS INT64_C(1000000)

int64_t clock_monotonic(void); /* ns */
int64_t clock_realtime(void);  /* ns since 1970-01-01 UTC */
/* The monotonic time `seconds` from now; CLOCK_NEVER for a negative or huge one. */
int64_t clock_deadline(double seconds);

#endif
