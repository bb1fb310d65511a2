/* SPDX-License-Identifier: MIT */
/* The peer of tests/bench/redis.py: a plain blocking client of hiredis that asks for one key
 * over and over. usage: get PORT COUNT; prints wall and CPU time of one get in us. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    redisContext *c = argc == 3 ? redisConnect("127.0.0.1", atoi(argv[1])) : NULL;
    int n = argc == 3 ? atoi(argv[2]) : 0;
    if (!c || c->err || n < 1)
        return 1;
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < n; i++) {
        redisReply *r = redisCommand(c, "GET %s", ":1:bench");
        if (!r || r->type != REDIS_REPLY_STRING)
            return 1;
        freeReplyObject(r);
    }
    printf("%.3f %.3f\n", (now(CLOCK_MONOTONIC) - wall) / n,
           (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n);
    redisFree(c);
    return 0;
}
