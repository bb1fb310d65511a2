/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

static int64_t now(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

int64_t clock_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t clock_realtime(void)
{
    return now(CLOCK_REALTIME);
}

int64_t clock_deadline(double seconds)
{
    if (!(seconds >= 0) || seconds > 1e9)
        return CLOCK_NEVER;
    return clock_monotonic() + (int64_t)(seconds * (double)CLOCK_SECOND);
}
