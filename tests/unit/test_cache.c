/* SPDX-License-Identifier: MIT */
/* Every backend against the same rules; what is the memory backend's own: its budget, its
 * choice of what goes, processes that share it and are killed, copies that know when they stop
 * being right.  Long, for all of these share the folder, the values and the children below. */
#include "cache/memory.h"

#include "base/clock.h"
#include "cache_rules.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
enum { KILLS = 1000 };

static void remove_folder(const char *path)
{
    DIR *d = opendir(path);
    char name[512];
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        unlink(name);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/perilune-cache-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static struct cache *open_with(const char *backend, struct cache_options o)
{
    o.alias = "default";
    o.owner = -1;
    struct cache *c = cache_open(cache_backend(str_from(backend)), &o, &err);
    if (!c)
        fail_msg("%s", err.msg);
    return c;
}

static struct cache *shared(uint64_t bytes)
{
    return open_with(
        "memory", (struct cache_options){.scope = "test", .location = folder, .max_bytes = bytes});
}

/* ---- rules for all ---- */

static void memory_of_one_process(void **state)
{
    (void)state;
    check_backend(open_with("memory", (struct cache_options){.max_bytes = 8 << 20}), &all_rules);
}

static void memory_by_name(void **state)
{
    (void)state;
    check_backend(shared(8 << 20), &all_rules);
}

static void files(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/deep/er", folder);
    check_backend(open_with("file", (struct cache_options){.location = path}), &all_rules);
    remove_folder(path);
    snprintf(path, sizeof path, "%s/deep", folder);
    remove_folder(path);
}

static void dummy(void **state)
{
    struct cache *c = open_with("dummy", (struct cache_options){.alias = "x"});
    (void)state;
    assert_int_equal(1, set(c, "a", "1", SECOND));
    expect(c, "a", NULL);
    assert_int_equal(1, cache_set(c, STR("a"), STR("1"), SECOND, true, &err));
    cache_close(c);
}

static void patterns(void **state)
{
    static const struct {
        const char *pattern, *key;
        bool match;
    } rows[] = {
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"product:*", "product:1", true},
        {"product:*", "product:", true},
        {"product:*", "products", false},
        {"*:1", "product:1", true},
        {"*:1", "product:12", false},
        {"a*b*c", "aXXbYYbc", true},
        {"a*b*c", "aXXbYYcd", false},
        {"?", "a", true},
        {"?", "", false},
        {"[abc]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]x", "dx", true},
        {"[]]", "]", true},
        {"[abc", "[abc", true},
        {"a\\*", "a\\b", true},
        {"**a**", "bab", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cache_glob(str_from(rows[i].pattern), str_from(rows[i].key)) != rows[i].match)
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].key);
    char many[4001] = {0}, stars[2002] = {0};
    memset(many, 'a', 4000);
    for (int i = 0; i < 2000; i += 2)
        memcpy(stars + i, "a*", 2);
    stars[2000] = 'b';
    assert_false(cache_glob(str_from(stars), str_from(many)));
}

/* ---- the memory backend's own ---- */

static void budget(void **state)
{
    struct cache *c = open_with("memory", (struct cache_options){.max_bytes = 1 << 20});
    struct cache_stats s;
    char key[32], value[600];
    (void)state;
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        value[i % 500] = '\0';
        assert_int_equal(1, set(c, key, value, 60 * SECOND));
        value[i % 500] = 'x';
    }
    assert_true(cache_memory_check(c, &err));
    cache_stats(c, &s, &err);
    assert_true(s.counted && s.bytes <= s.max_bytes && s.max_bytes <= 1 << 20);
    assert_true(s.max_bytes > (1 << 20) * 9 / 10 && s.bytes > s.max_bytes * 9 / 10);
    assert_int_equal(20000, s.sets);
    assert_true(s.evictions > 10000 && s.items + s.evictions == 20000);
    char *huge = mem_alloc(1 << 20);
    memset(huge, 'y', (1 << 20) - 1);
    huge[(1 << 20) - 1] = '\0';
    set(c, "huge", "small", 60 * SECOND);
    assert_int_equal(0, set(c, "huge", huge, 60 * SECOND));
    expect(c, "huge", NULL); /* not the old one */
    free(huge);
    cache_close(c);
    struct cache_options o = {.alias = "x", .owner = -1, .max_bytes = 10};
    assert_null(cache_open(cache_backend(STR("memory")), &o, &err));
    assert_int_equal(ERR_CONFIG, err.code);
}

static void entries(void **state)
{
    struct cache *c =
        open_with("memory", (struct cache_options){.max_bytes = 8 << 20, .max_entries = 300});
    struct cache_stats s;
    char key[32];
    (void)state;
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        set(c, key, "x", 60 * SECOND);
    }
    cache_stats(c, &s, &err);
    assert_true(s.items <= 300 && s.items > 250);
    cache_close(c);
}

static void expired_go_first(void **state)
{
    struct cache *c = open_with("memory", (struct cache_options){.max_bytes = 64 << 10});
    char key[32];
    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof key, "short:%d", i);
        set(c, key, "x", SECOND / 100);
    }
    wait_past(SECOND / 100);
    for (int i = 0; i < 150; i++) {
        snprintf(key, sizeof key, "long:%d", i);
        set(c, key, "x", 60 * SECOND);
        expect(c, key, "x");
    }
    for (int i = 0; i < 150; i++) {
        snprintf(key, sizeof key, "long:%d", i);
        expect(c, key, "x");
    }
    cache_close(c);
}

/* What is asked for again and again stays, however much passes by once. */
static void scans(void **state)
{
    struct cache *c = open_with("memory", (struct cache_options){.max_bytes = 256 << 10});
    char key[32];
    int kept = 0;
    (void)state;
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < 500; i++) {
            struct buf b = BUF_INIT;
            snprintf(key, sizeof key, "hot:%d", i);
            if (!cache_get(c, str_from(key), &b, &err))
                set(c, key, "x", 60 * SECOND);
            buf_release(&b);
        }
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "scan:%d", i);
        set(c, key, "x", 60 * SECOND);
    }
    for (int i = 0; i < 500; i++) {
        struct buf b = BUF_INIT;
        snprintf(key, sizeof key, "hot:%d", i);
        kept += cache_get(c, str_from(key), &b, &err);
        buf_release(&b);
    }
    assert_true(kept > 490);
    cache_close(c);
}

static int count_files(void)
{
    DIR *d = opendir(folder);
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void by_name(void **state)
{
    struct cache *a = shared(1 << 20), *b = shared(1 << 20), *other;
    struct cache_options o = {.scope = "other project", .location = folder, .max_bytes = 1 << 20};
    (void)state;
    set(a, "k", "from a", 60 * SECOND);
    expect(b, "k", "from a");
    other = open_with("memory", o);
    expect(other, "k", NULL);
    cache_close(other);
    cache_close(a);
    expect(b, "k", "from a");
    a = shared(1 << 20);
    expect(a, "k", "from a");
    cache_close(b);
    b = shared(2 << 20); /* another size: another cache, and the old one for who has it */
    expect(b, "k", NULL);
    expect(a, "k", "from a");
    set(b, "k", "from b", 60 * SECOND);
    cache_close(a);
    a = shared(2 << 20);
    expect(a, "k", "from b");
    cache_close(a);
    cache_close(b);
    assert_int_equal(0, count_files()); /* the last one puts out the light */
    a = shared(2 << 20);
    expect(a, "k", NULL);
    cache_close(a);
}

static void left_behind(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct cache *c = shared(1 << 20);
        set(c, "k", "old", 60 * SECOND);
        raise(SIGKILL);
    }
    waitpid(pid, NULL, 0);
    assert_int_equal(1, count_files());
    struct cache *c = shared(1 << 20);
    expect(c, "k", NULL);
    cache_close(c);
}

static struct cache *of_project(const char *scope)
{
    return open_with(
        "memory", (struct cache_options){.scope = scope, .location = folder, .max_bytes = 1 << 20});
}

/* A child that has a cache open and is killed. */
static void leave_behind(const char *scope)
{
    pid_t pid = fork();
    if (pid == 0) {
        of_project(scope);
        raise(SIGKILL);
    }
    waitpid(pid, NULL, 0);
}

/* Whoever makes a segment removes those that belong to nobody; not those that others use, those
 * about to be filled, and what is not ours. */
static void swept(void **state)
{
    struct cache *living = of_project("living");
    char path[2][160];
    (void)state;
    set(living, "k", "v", 60 * SECOND);
    leave_behind("dead");
    leave_behind("dead too");
    snprintf(path[0], sizeof path[0], "%s/somebody's", folder);
    snprintf(path[1], sizeof path[1], "%s/perilune-%u-0-about-to-be-filled", folder,
             (unsigned)geteuid());
    for (int i = 0; i < 2; i++) {
        int fd = open(path[i], O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        assert_int_equal(i == 0, write(fd, "x", i == 0));
        close(fd);
    }
    assert_int_equal(4, count_files()); /* "dead too" has removed "dead" */
    struct cache *c = of_project("new");
    assert_int_equal(4, count_files());
    assert_int_equal(0, access(path[0], F_OK));
    assert_int_equal(0, access(path[1], F_OK));
    struct cache *again = of_project("living");
    expect(again, "k", "v");
    cache_close(again);
    cache_close(living);
    cache_close(c);
    assert_int_equal(2, count_files());
}

/* All begin at the same moment. */
static void opened_at_once(void **state)
{
    enum { CHILDREN = 8 };
    int *turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)state;
    for (int round = 0; round < 8; round++) {
        __atomic_store_n(turn, 0, __ATOMIC_SEQ_CST);
        for (int i = 0; i < CHILDREN; i++) {
            if (fork() != 0)
                continue;
            int64_t n;
            __atomic_add_fetch(turn, 1, __ATOMIC_SEQ_CST);
            while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) < CHILDREN)
                usleep(10);
            struct cache *c = shared(1 << 20);
            cache_set(c, STR("n"), STR("0"), 60 * SECOND, true, &err);
            cache_incr(c, STR("n"), 1, &n, &err);
            __atomic_add_fetch(turn, 1, __ATOMIC_SEQ_CST);
            while (__atomic_load_n(turn, __ATOMIC_SEQ_CST) < 2 * CHILDREN)
                usleep(10);
            cache_incr(c, STR("n"), 0, &n, &err);
            cache_close(c);
            _exit(n == CHILDREN ? 0 : 1);
        }
        for (int i = 0, status; i < CHILDREN; i++) {
            assert_true(wait(&status) > 0);
            assert_int_equal(0, status);
        }
        assert_int_equal(0, count_files());
    }
    munmap(turn, 4096);
}

/* ---- killed ---- */

/* A value tells its key and length in every byte, so that half of one shows. */
static void make_value(struct buf *b, unsigned key, unsigned n)
{
    buf_reset(b);
    buf_addf(b, "=%u:%u:", key, n);
    while (b->n < n)
        buf_addc(b, (char)('a' + (key * 31 + n * 7 + b->n) % 26));
}

/* In children too, where a failure of cmocka's would go on with the next test. */
static void check_value(struct str value, unsigned key)
{
    struct buf want = BUF_INIT;
    unsigned k, n;
    struct buf text = BUF_INIT;
    buf_addstr(&text, value);
    bool good = sscanf(text.data, "=%u:%u:", &k, &n) == 2 && k == key;
    if (good) {
        make_value(&want, k, n);
        good = str_eq(buf_str(&want), value);
    }
    if (!good) {
        fprintf(stderr, "key %u has the value \"%.60s\"\n", key, text.data);
        abort();
    }
    buf_release(&want);
    buf_release(&text);
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void use_it(struct cache *c, uint64_t *x)
{
    struct buf b = BUF_INIT;
    char key[32];
    /* Few keys that are asked for often, and short values: what is read without the lock. */
    bool hot = next_random(x) % 2;
    unsigned k = (unsigned)(next_random(x) % (hot ? 10 : 400));
    unsigned n = (unsigned)(next_random(x) % (hot ? 75 : 2000));
    int64_t result;
    snprintf(key, sizeof key, "key:%u", k);
    switch (next_random(x) % 8) {
    case 0:
        cache_remove(c, str_from(key), &err);
        break;
    case 1:
        cache_touch(c, str_from(key), 60 * SECOND, &err);
        break;
    case 2:
        cache_incr(c, STR("counter"), 1, &result, &err);
        break;
    case 3:
    case 4:
        for (int i = 0; i < (hot ? 8 : 1); i++) {
            buf_reset(&b);
            if (cache_get(c, str_from(key), &b, &err))
                check_value(buf_str(&b), k);
        }
        break;
    default:
        make_value(&b, k, n);
        cache_set(c, str_from(key), buf_str(&b), (n % 50 ? 60 : 0) * SECOND, n % 3 == 0, &err);
    }
    buf_release(&b);
}

static void killed(void **state)
{
    struct cache *c = shared(256 << 10);
    struct cache_stats s;
    uint64_t x = 88172645463325252u;
    (void)state;
    alarm(100); /* a deadlock is a failure, not a hang */
    for (int i = 0; i < KILLS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            uint64_t own = x + (uint64_t)i * 7919 + 1;
            for (;;)
                use_it(c, &own);
        }
        usleep((useconds_t)(200 + next_random(&x) % 1500));
        kill(pid, SIGKILL);
        for (int k = 0; k < 20; k++) /* while it dies */
            use_it(c, &x);
        waitpid(pid, NULL, 0);
        for (int k = 0; k < 20; k++)
            use_it(c, &x);
        if (i % 10 == 0 && !cache_memory_check(c, &err))
            fail_msg("after %d: %s", i, err.msg);
    }
    assert_true(cache_memory_check(c, &err));
    cache_stats(c, &s, &err);
    assert_true(s.recovered > KILLS / 20); /* many of them in the middle of something */
    alarm(0);
    cache_close(c);
}

static void counters(void **state)
{
    enum { CHILDREN = 4, TIMES = 5000 };
    struct cache *c = shared(1 << 20);
    int64_t n;
    (void)state;
    set(c, "n", "0", CACHE_FOREVER);
    for (int i = 0; i < CHILDREN; i++) {
        if (fork() != 0)
            continue;
        for (int k = 0; k < TIMES; k++)
            cache_incr(c, STR("n"), 1, &n, &err);
        _exit(0);
    }
    for (int i = 0; i < CHILDREN; i++)
        wait(NULL);
    cache_incr(c, STR("n"), 0, &n, &err);
    assert_int_equal(CHILDREN * TIMES, n);
    cache_close(c);
}

/* Readers without the lock among writers. */
static void together(void **state)
{
    enum { CHILDREN = 3, TIMES = 20000 };
    struct cache *c = shared(256 << 10);
    struct cache_stats s;
    (void)state;
    for (uint64_t i = 0; i < CHILDREN; i++) {
        if (fork() != 0)
            continue;
        uint64_t x = 88172645463325252u + i * 7919;
        for (int k = 0; k < TIMES; k++)
            use_it(c, &x);
        _exit(0);
    }
    for (int i = 0, status; i < CHILDREN; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(0, status);
    }
    assert_true(cache_memory_check(c, &err));
    cache_stats(c, &s, &err);
    assert_true(s.hits > 10000 && s.recovered == 0);
    cache_close(c);
}

/* ---- copies ---- */

static struct cache_copy copy_of(struct cache *c, const char *key, const char *value)
{
    struct cache_copy copy;
    struct buf b = BUF_INIT;
    assert_int_equal(1, c->ops->get_copy(c, str_from(key), &b, &copy, &err));
    assert_true(str_eq(buf_str(&b), str_from(value)));
    buf_release(&b);
    assert_true(cache_copy_holds(c, &copy));
    return copy;
}

static void copies(void **state)
{
    struct cache *c = shared(4 << 20), *other = shared(4 << 20);
    struct cache_copy copy;
    struct cache_stats s;
    struct buf b = BUF_INIT;
    int64_t n;
    (void)state;
    assert_int_equal(0, c->ops->get_copy(c, STR("a"), &b, &copy, &err));

    set(c, "a", "1", CACHE_FOREVER);
    copy = copy_of(c, "a", "1");
    assert_int_equal(0, cache_set(other, STR("a"), STR("2"), CACHE_FOREVER, true, &err));
    assert_int_equal(1, cache_get(other, STR("a"), &b, &err));
    assert_true(cache_copy_holds(c, &copy)); /* nothing has happened */
    set(other, "a", "2", CACHE_FOREVER);
    assert_false(cache_copy_holds(c, &copy));

    copy = copy_of(c, "a", "2");
    cache_incr(other, STR("a"), 1, &n, &err);
    assert_false(cache_copy_holds(c, &copy));
    copy = copy_of(c, "a", "3");
    cache_touch(other, STR("a"), 60 * SECOND, &err);
    assert_false(cache_copy_holds(c, &copy));
    copy = copy_of(c, "a", "3");
    cache_remove(other, STR("a"), &err);
    assert_false(cache_copy_holds(c, &copy));
    set(c, "a", "4", CACHE_FOREVER);
    copy = copy_of(c, "a", "4");
    cache_clear(other, &err);
    assert_false(cache_copy_holds(c, &copy));

    set(c, "a", "5", SECOND / 50);
    copy = copy_of(c, "a", "5");
    usleep(25000);
    assert_false(cache_copy_holds(c, &copy));

    /* What was pushed out is still good, until somebody removes it. */
    set(c, "a", "6", CACHE_FOREVER);
    copy = copy_of(c, "a", "6");
    make_value(&b, 1, 30000);
    for (int i = 0; i < 1000; i++) {
        char key[32];
        snprintf(key, sizeof key, "more:%d", i);
        cache_set(c, str_from(key), buf_str(&b), CACHE_FOREVER, false, &err);
    }
    copy.number = c->changes[copy.watch]; /* one of those may have had the same count */
    assert_int_equal(0, cache_get(c, STR("a"), &b, &err));
    assert_true(cache_copy_holds(c, &copy));
    cache_remove(c, STR("a"), &err);
    assert_false(cache_copy_holds(c, &copy));

    cache_stats(c, &s, &err);
    uint64_t hits = s.hits;
    c->ops->copy_hits(c, 1000);
    cache_stats(other, &s, &err);
    assert_int_equal(hits + 1000, s.hits);
    buf_release(&b);
    cache_close(c);
    cache_close(other);
}

/* A copy that holds is never older than what somebody has set and knows to be there; writers
 * are killed now and then. */
static void copies_across(void **state)
{
    enum { WRITERS = 20 };
    struct cache *c = shared(1 << 20);
    _Atomic int64_t *known =
        mmap(NULL, sizeof *known, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct cache_copy copy = {.expires = 0};
    struct buf b = BUF_INIT;
    int64_t value = 0, held = 0, renewed = 0;
    (void)state;
    alarm(60);
    set(c, "n", "0", CACHE_FOREVER);
    for (int w = 0; w < WRITERS; w++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (int64_t i = *known + 1;; i++) {
                int64_t n;
                if (i % 3 == 0)
                    cache_remove(c, STR("n"), &err);
                buf_reset(&b);
                buf_addint(&b, i);
                if (i % 3 == 1)
                    cache_incr(c, STR("n"), 1, &n, &err);
                cache_set(c, STR("n"), buf_str(&b), CACHE_FOREVER, false, &err);
                *known = i;
                for (volatile int k = 0; k < 2000; k++)
                    ;
            }
        }
        int64_t end = clock_monotonic() + 30 * CLOCK_MS;
        while (clock_monotonic() < end) {
            int64_t least = *known;
            if (cache_copy_holds(c, &copy)) {
                held++;
                if (value < least)
                    fail_msg("%lld is kept, %lld was set", (long long)value, (long long)least);
                continue;
            }
            buf_reset(&b);
            if (c->ops->get_copy(c, STR("n"), &b, &copy, &err) > 0)
                assert_true(cache_integer(buf_str(&b), &value));
            else
                copy.expires = 0;
            renewed++;
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    assert_true(held > 100 && renewed > 100);
    alarm(0);
    munmap((void *)known, sizeof *known);
    buf_release(&b);
    cache_close(c);
}

/* ---- the file backend's own ---- */

static void culled_files(void **state)
{
    struct cache *c =
        open_with("file", (struct cache_options){.location = folder, .max_entries = 30, .cull = 3});
    struct buf b = BUF_INIT;
    char key[32];
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "key:%d", i);
        set(c, key, "x", 60 * SECOND);
        expect(c, key, "x");
        assert_true(cache_keys(c, STR("*"), count_key, &b, &err) <= 30);
    }
    buf_release(&b);
    cache_clear(c, &err);
    assert_int_equal(0, count_files());
    set(c, "k", "x", 60 * SECOND);
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            assert_int_equal(0, truncate(path, 10));
    }
    closedir(d);
    expect(c, "k", NULL); /* cut off: a miss */
    assert_int_equal(1, set(c, "k", "y", 60 * SECOND));
    expect(c, "k", "y");
    cache_close(c);
    struct cache_options o = {.alias = "x"};
    assert_null(cache_open(cache_backend(STR("file")), &o, &err));
    assert_int_equal(ERR_CONFIG, err.code);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_one_process),
        TEST(memory_by_name),
        TEST(files),
        cmocka_unit_test(dummy),
        cmocka_unit_test(patterns),
        cmocka_unit_test(budget),
        cmocka_unit_test(entries),
        cmocka_unit_test(expired_go_first),
        cmocka_unit_test(scans),
        TEST(by_name),
        TEST(left_behind),
        TEST(swept),
        TEST(opened_at_once),
        TEST(counters),
        TEST(together),
        TEST(copies),
        TEST(copies_across),
        TEST(killed),
        TEST(culled_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
