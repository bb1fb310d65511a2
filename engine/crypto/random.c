/* SPDX-License-Identifier: MIT */
#include "crypto/random.h"

#include "base/mem.h"
#include "base/utf8.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#define BUFFER_SIZE 512
#define BUFFERED_MAX 64 /* longer requests go to the kernel at once */

/* A page that the kernel zeroes in a child process.  It holds a number drawn at
 * random, the epoch of this process; a buffer filled under another epoch was
 * filled before a fork.  NULL where the kernel cannot do so: then nothing is
 * buffered.  The pointer is written once under pthread_once. */
static _Atomic uint64_t *epoch_page;
static pthread_once_t epoch_once = PTHREAD_ONCE_INIT;

/* Not shared state but a cache of this thread, invisible to callers. */
static _Thread_local struct {
    uint64_t epoch;
    size_t used;
    unsigned char bytes[BUFFER_SIZE];
} buffer;

static void kernel_random(void *p, size_t n)
{
    unsigned char *to = p;
    while (n) {
        ssize_t got = getrandom(to, n, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            perror("getrandom");
            abort();
        }
        to += got;
        n -= (size_t)got;
    }
}

static void epoch_init(void)
{
    void *page =
        mmap(NULL, sizeof *epoch_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, sizeof *epoch_page, MADV_WIPEONFORK) < 0)
        munmap(page, sizeof *epoch_page);
    else
        epoch_page = page;
}

/* The epoch of this process, never 0; 0 when buffering is not possible. */
static uint64_t epoch_now(void)
{
    pthread_once(&epoch_once, epoch_init);
    if (!epoch_page)
        return 0;
    uint64_t epoch = atomic_load(epoch_page);
    if (epoch == 0) {
        uint64_t fresh, none = 0;
        kernel_random(&fresh, sizeof fresh);
        fresh |= 1;
        epoch = atomic_compare_exchange_strong(epoch_page, &none, fresh) ? fresh : none;
    }
    return epoch;
}

void random_bytes(void *p, size_t n)
{
    if (n == 0)
        return;
    uint64_t epoch = n <= BUFFERED_MAX ? epoch_now() : 0;
    if (epoch == 0) {
        kernel_random(p, n);
        return;
    }
    if (buffer.epoch != epoch || BUFFER_SIZE - buffer.used < n) {
        kernel_random(buffer.bytes, BUFFER_SIZE);
        buffer.epoch = epoch;
        buffer.used = 0;
    }
    memcpy(p, buffer.bytes + buffer.used, n);
    explicit_bzero(buffer.bytes + buffer.used, n);
    buffer.used += n;
}

uint32_t random_below(uint32_t limit)
{
    /* Values past the last whole multiple of limit would favour the low results. */
    uint32_t usable = UINT32_MAX - UINT32_MAX % limit, x;
    do
        random_bytes(&x, sizeof x);
    while (x >= usable);
    return x % limit;
}

/* Short alphabets of single bytes: one random byte per character. */
static void random_ascii(char *out, size_t n, struct str alphabet)
{
    unsigned usable = 256 - 256 % (unsigned)alphabet.n;
    unsigned char pool[BUFFERED_MAX];
    size_t have = 0;
    for (size_t i = 0; i < n;) {
        if (have == 0) {
            have = n - i < sizeof pool ? n - i : sizeof pool;
            random_bytes(pool, have);
        }
        unsigned x = pool[--have];
        if (x < usable)
            out[i++] = alphabet.p[x % alphabet.n];
    }
    explicit_bzero(pool, sizeof pool);
}

int64_t random_string(char *out, size_t n, struct str alphabet, struct err *err)
{
    size_t chars = utf8_len(alphabet);
    if (!utf8_valid(alphabet) || chars < 2 || chars > 65536)
        return err_set(err, ERR_INVALID, "an alphabet has 2 to 65536 characters of UTF-8");
    if (chars == alphabet.n && chars <= 256) {
        random_ascii(out, n, alphabet);
        return (int64_t)n;
    }
    uint32_t *points = mem_alloc(mem_mul(chars, sizeof *points));
    struct str rest = alphabet;
    for (size_t i = 0; i < chars; i++)
        rest = str_skip(rest, utf8_decode(rest, &points[i]));
    char *to = out;
    for (size_t i = 0; i < n; i++)
        to += utf8_encode(points[random_below((uint32_t)chars)], to);
    free(points);
    return to - out;
}
