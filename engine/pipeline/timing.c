/* SPDX-License-Identifier: MIT */
/* perilune.middleware.timing: X-Request-Duration-Ms, the time that the layers inside it
 * and the view took, waiting included. */
#include "base/clock.h"
#include "pipeline/builtins.h"

/* "12.34" without printf, which would cost more than all the rest. */
static struct str milliseconds(struct arena *a, int64_t ns)
{
    char digits[24], *end = digits + sizeof digits, *p = end;
    uint64_t hundredths = ns < 0 ? 0 : ((uint64_t)ns + 5000) / 10000;
    for (int i = 0; hundredths || i < 3; i++, hundredths /= 10) {
        if (i == 2)
            *--p = '.';
        *--p = (char)('0' + hundredths % 10);
    }
    return arena_str(a, str_make(p, (size_t)(end - p)));
}

static struct response *timing_call(void *self, struct request *r, const struct layer *next)
{
    int64_t start = clock_monotonic();
    struct response *response = middleware_next(next, r);
    (void)self;
    headers_remove(&response->headers, STR("X-Request-Duration-Ms"));
    headers_put(&response->headers, STR("X-Request-Duration-Ms"),
                milliseconds(&response->arena, clock_monotonic() - start));
    return response;
}

const struct middleware_ops middleware_timing = {
    .name = "perilune.middleware.timing",
    .call = timing_call,
};
