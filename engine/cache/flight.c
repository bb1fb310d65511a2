/* SPDX-License-Identifier: MIT */
#include "cache/flight.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "fiber/fiber.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK_TTL (30 * CLOCK_SECOND)
#define PASS_TTL (10 * CLOCK_SECOND) /* nobody waits for a key that was not kept */
#define FIRST_LOOK 0.002             /* seconds between two looks at a mark */
#define LONGEST_LOOK 0.05

enum { PASSES = 256 };

/* The mark as it stands in the cache: an 'F' and whose flight it is, or a 'P' alone: do not
 * wait. */
struct mark {
    char kind;
    char pad[3];
    int32_t pid;
    uint64_t machine; /* and name space of process numbers */
    uint64_t owner;   /* the flights of a process */
};

struct flight {
    struct flights *of;
    struct flight *next;
    uint64_t hash;
    struct str key;
    struct fiber_cond cond;
    unsigned refs;
    bool ended, kept;
    bool mine; /* the mark in the cache is ours; else we look at the one of others */
};

struct flights {
    struct cache *cache;
    struct loop *loop;
    struct flight *first; /* under way in this process */
    struct mark me;
    struct pass { /* keys that nobody waits for; a later one takes the place of another */
        uint64_t hash;
        int64_t until;
    } passes[PASSES];
};

static const uint64_t hash_key[2] = {0x666c69676874, 0x706167657321};

/* ---- who we are ---- */

static uint64_t machine_id(void)
{
    char text[64] = "";
    struct stat st = {0};
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
    if (fd >= 0)
        close(fd);
    if (n <= 0 || stat("/proc/self/ns/pid", &st) != 0)
        return 0; /* nobody can tell whether we live */
    return hash_keyed(str_make(text, (size_t)n), hash_key) ^ (uint64_t)st.st_ino;
}

struct flights *flights_new(struct cache *c, struct loop *loop)
{
    struct flights *f = mem_zalloc(sizeof *f);
    f->cache = c;
    f->loop = loop;
    f->me.kind = 'F';
    f->me.machine = machine_id();
    random_bytes(&f->me.owner, sizeof f->me.owner);
    return f;
}

void flights_free(struct flights *f)
{
    free(f);
}

/* Nobody will ever end the flight of that mark.  With our own process number it is somebody
 * else's of this process, or one of ours that was dropped. */
static bool is_dead(const struct flights *f, const struct mark *m)
{
    if (!m->machine || m->machine != f->me.machine)
        return false;
    if (m->pid == getpid())
        return m->owner == f->me.owner;
    return kill(m->pid, 0) != 0 && errno == ESRCH;
}

/* ---- keys that nobody waits for ---- */

static struct pass *pass_of(struct flights *f, uint64_t hash)
{
    return &f->passes[hash % PASSES];
}

static bool is_passed(struct flights *f, uint64_t hash)
{
    const struct pass *p = pass_of(f, hash);
    return p->hash == hash && p->until > clock_monotonic();
}

static void remember(struct flights *f, uint64_t hash, bool kept)
{
    struct pass *p = pass_of(f, hash);
    if (!kept)
        *p = (struct pass){hash, clock_monotonic() + PASS_TTL};
    else if (p->hash == hash)
        p->until = 0;
}

/* ---- flights of this process ---- */

static struct flight *find(struct flights *f, uint64_t hash, struct str key)
{
    for (struct flight *fl = f->first; fl; fl = fl->next)
        if (fl->hash == hash && str_eq(fl->key, key))
            return fl;
    return NULL;
}

static struct flight *start(struct flights *f, uint64_t hash, struct str key)
{
    struct flight *fl = mem_zalloc(sizeof *fl + key.n);
    char *copy = (char *)(fl + 1);
    memcpy(copy, key.p, key.n);
    *fl = (struct flight){
        .of = f, .next = f->first, .hash = hash, .key = str_make(copy, key.n), .refs = 1};
    f->first = fl;
    return fl;
}

static void unref(struct flight *fl)
{
    if (--fl->refs == 0)
        free(fl);
}

/* Those who wait for it here go on. */
static void land(struct flight *fl, bool kept)
{
    struct flight **link = &fl->of->first;
    while (*link != fl)
        link = &(*link)->next;
    *link = fl->next;
    fl->ended = true;
    fl->kept = kept;
    fiber_cond_broadcast(&fl->cond);
    unref(fl);
}

static enum flight_state wait_here(struct flight *fl, int64_t deadline, struct err *err)
{
    struct flights *f = fl->of;
    enum flight_state state = FLIGHT_FREE;
    fl->refs++;
    while (!fl->ended && state == FLIGHT_FREE) {
        if (fiber_cond_wait(f->loop, &fl->cond, deadline, err) == 0)
            continue;
        /* Past our own deadline everyone computes for himself; others end the request. */
        if (err->code != ERR_TIMEOUT || clock_monotonic() < deadline)
            state = FLIGHT_FAILED;
        break;
    }
    if (fl->ended && fl->kept)
        state = FLIGHT_LANDED;
    unref(fl);
    return state;
}

/* ---- between processes ---- */

enum look { LOOK_FAILED = -1, LOOK_GONE, LOOK_UNDER_WAY, LOOK_PASS };

/* What the mark says.  One whose owner is dead is taken away. */
static enum look look_at_mark(struct flights *f, struct str key, struct err *err)
{
    struct buf b = BUF_INIT;
    struct mark m = {0};
    enum look look = LOOK_UNDER_WAY;
    int status = cache_get(f->cache, key, &b, err);
    if (status > 0 && b.n <= sizeof m)
        memcpy(&m, b.data, b.n);
    if (status <= 0)
        look = status < 0 ? LOOK_FAILED : LOOK_GONE;
    else if (m.kind == 'P')
        look = LOOK_PASS;
    else if (is_dead(f, &m)) /* unless somebody has taken it over a moment ago */
        look = cache_remove_if(f->cache, key, buf_str(&b), err) < 0 ? LOOK_FAILED : LOOK_GONE;
    buf_release(&b);
    return look;
}

/* Until the flight of another process has ended; for all of this process. */
static enum flight_state watch(struct flight *fl, int64_t deadline, struct err *err)
{
    struct flights *f = fl->of;
    double pause = FIRST_LOOK;
    for (;;) {
        int64_t left = deadline - clock_monotonic();
        switch (look_at_mark(f, fl->key, err)) {
        case LOOK_FAILED:
            return FLIGHT_FAILED;
        case LOOK_GONE:
            return FLIGHT_LANDED;
        case LOOK_PASS:
            return FLIGHT_FREE;
        case LOOK_UNDER_WAY:
            break;
        }
        if (left <= 0)
            return FLIGHT_AWAY;
        double seconds = (double)left / (double)CLOCK_SECOND;
        if (fiber_sleep(f->loop, pause < seconds ? pause : seconds, err) != 0)
            return FLIGHT_FAILED;
        pause = pause * 2 < LONGEST_LOOK ? pause * 2 : LONGEST_LOOK;
    }
}

/* As the one of this process who asks the others. */
static enum flight_state ask(struct flight *fl, int64_t deadline, struct err *err)
{
    struct flights *f = fl->of;
    struct str me = str_make((const char *)&f->me, sizeof f->me);
    f->me.pid = (int32_t)getpid();
    int status = cache_set(f->cache, fl->key, me, MARK_TTL, true, err);
    if (status < 0)
        return FLIGHT_FAILED;
    if (status > 0)
        return FLIGHT_MINE;
    return watch(fl, deadline, err);
}

enum flight_state flight_begin(struct flights *f, struct str key, int64_t deadline,
                               struct flight **out, struct err *err)
{
    uint64_t hash = hash_keyed(key, hash_key);
    bool may_wait = f->loop && fiber_self(f->loop) && deadline > clock_monotonic();
    if (is_passed(f, hash))
        return FLIGHT_FREE;
    struct flight *fl = find(f, hash, key);
    if (fl)
        return may_wait ? wait_here(fl, deadline, err) : FLIGHT_AWAY;
    fl = start(f, hash, key);
    enum flight_state state = ask(fl, may_wait ? deadline : 0, err);
    if (state == FLIGHT_MINE) {
        fl->mine = true;
        *out = fl;
        return state;
    }
    if (state == FLIGHT_FREE)
        remember(f, hash, false);
    /* Others who wait here have their own patience: they look again, and one of them asks. */
    land(fl, state != FLIGHT_FREE);
    return state == FLIGHT_AWAY && may_wait ? FLIGHT_FREE : state;
}

struct flight *flight_find(struct flights *f, struct str key)
{
    struct flight *fl = find(f, hash_keyed(key, hash_key), key);
    return fl && fl->mine ? fl : NULL;
}

void flight_end(struct flight *fl, bool kept)
{
    struct flights *f = fl->of;
    struct err err;
    fl->refs++;
    remember(f, fl->hash, kept);
    land(fl, kept);
    /* A cache that fails now has failed before, and said so. */
    if (kept) /* unless it has run out, and is somebody else's now */
        cache_remove_if(f->cache, fl->key, str_make((const char *)&f->me, sizeof f->me), &err);
    else
        cache_set(f->cache, fl->key, STR("P"), PASS_TTL, false, &err);
    unref(fl);
}

void flight_drop(struct flight *fl)
{
    remember(fl->of, fl->hash, false);
    land(fl, false);
}
