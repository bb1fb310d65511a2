/* SPDX-License-Identifier: MIT */
/* A cache of files, one for each key, in a folder: survives everything, shared by whoever
 * has the folder.  A file is written beside its place and moved there, so that nobody sees
 * half of one; what cannot be read or written is a miss, with a line in the log now and
 * then.
 *
 *     NAME.cache, NAME being the key's SHA-256:
 *     magic and version (8 bytes), expiry (int64, realtime ns), length of the key (uint32),
 *     key, value
 *
 * Reading and writing block the worker: right for a local disk, whose files are in memory
 * anyway. */
#include "cache/backends.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/encode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct head {
    char magic[8];
    int64_t expires;
    uint32_t key_n;
};

static const char MAGIC[8] = "plcache1";
enum {
    HEAD_SIZE = 20, /* as it is in the file */
    NAME_SIZE = 64 + sizeof ".cache",
    DEFAULT_ENTRIES = 300,
    COMPLAIN_EVERY = 10, /* seconds */
    LEFTOVER_AGE = 600,
};

struct file_cache {
    struct cache cache;
    int folder, lock;
    char *path;
    uint64_t max_entries;
    unsigned cull;
    struct log *log;
    int64_t complained;
    uint64_t hits, misses, sets, evictions; /* of this process */
};

static struct file_cache *of(struct cache *c)
{
    return (struct file_cache *)c;
}

/* A cache that cannot keep something is no reason to fail. */
static int complain(struct file_cache *f, const char *what)
{
    int64_t now = clock_monotonic();
    int error = errno;
    if (f->log && (!f->complained || now - f->complained > COMPLAIN_EVERY * CLOCK_SECOND)) {
        f->complained = now;
        log_write(f->log, LOG_LEVEL_ERROR, "perilune.cache",
                  "cannot %s a file of the cache in '%s': %s", what, f->path, strerror(error));
    }
    return 0;
}

static int file_name(struct str key, char out[NAME_SIZE], struct err *err)
{
    struct digest d;
    struct buf hex = BUF_INIT;
    if (digest_compute(DIGEST_SHA256, key, &d, err) != 0)
        return -1;
    hex_encode(&hex, digest_str(&d));
    snprintf(out, NAME_SIZE, "%s.cache", hex.data);
    buf_release(&hex);
    return 0;
}

static int64_t expiry(int64_t ttl)
{
    int64_t now = clock_realtime();
    return ttl >= INT64_MAX - now ? INT64_MAX : now + ttl;
}

/* ---- one file ---- */

/* Reads the head. Gives the descriptor, or -1 when there is no file, or none of ours. */
static int open_entry(struct file_cache *f, const char *name, int flags, struct head *h)
{
    char raw[HEAD_SIZE];
    int fd = openat(f->folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno != ENOENT)
            complain(f, "open");
        return -1;
    }
    if (read(fd, raw, sizeof raw) != (ssize_t)sizeof raw || memcmp(raw, MAGIC, 8) != 0) {
        close(fd);
        return -1;
    }
    memcpy(&h->expires, raw + 8, 8);
    memcpy(&h->key_n, raw + 16, 4);
    return fd;
}

/* The entry of that key when it is there and not past its time; else -1. */
static int open_live(struct file_cache *f, const char *name, struct str key, int flags,
                     struct head *h)
{
    int fd = open_entry(f, name, flags, h);
    if (fd < 0)
        return -1;
    if (h->expires > clock_realtime()) {
        struct buf stored = BUF_INIT;
        bool same = false;
        if (h->key_n == key.n) {
            buf_reserve(&stored, key.n);
            same = pread(fd, stored.data, key.n, HEAD_SIZE) == (ssize_t)key.n &&
                   (!key.n || memcmp(stored.data, key.p, key.n) == 0);
        }
        buf_release(&stored);
        if (same)
            return fd;
    } else {
        unlinkat(f->folder, name, 0);
    }
    close(fd);
    return -1;
}

static bool write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno != EINTR)
            return false;
        s = str_skip(s, n < 0 ? 0 : (size_t)n);
    }
    return true;
}

static int write_entry(struct file_cache *f, const char *name, struct str key, struct str value,
                       int64_t expires)
{
    char temporary[64];
    uint32_t key_n = (uint32_t)key.n;
    struct buf b = BUF_INIT;
    static _Atomic unsigned count;
    int fd;
    do { /* one that is there is a dead process's with our number */
        snprintf(temporary, sizeof temporary, ".%d-%u.tmp", (int)getpid(), count++);
        fd = openat(f->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);
    } while (fd < 0 && errno == EEXIST);
    if (fd < 0)
        return complain(f, "make");
    buf_add(&b, MAGIC, sizeof MAGIC);
    buf_add(&b, &expires, sizeof expires);
    buf_add(&b, &key_n, sizeof key_n);
    buf_addstr(&b, key);
    bool good = write_all(fd, buf_str(&b)) && write_all(fd, value);
    buf_release(&b);
    close(fd);
    if (good && renameat(f->folder, temporary, f->folder, name) == 0)
        return 1;
    complain(f, "write");
    unlinkat(f->folder, temporary, 0);
    return 0;
}

/* ---- the folder ---- */

static void lock(struct file_cache *f)
{
    while (flock(f->lock, LOCK_EX) != 0 && errno == EINTR)
        ;
}

static void unlock(struct file_cache *f)
{
    flock(f->lock, LOCK_UN);
}

static bool is_entry(const char *name)
{
    return strlen(name) == NAME_SIZE - 1 && str_ends(str_from(name), STR(".cache"));
}

/* What a process was writing when it was killed. */
static void remove_leftover(struct file_cache *f, const char *name)
{
    struct stat st;
    if (str_ends(str_from(name), STR(".tmp")) &&
        fstatat(f->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_mtim.tv_sec + LEFTOVER_AGE < clock_realtime() / CLOCK_SECOND)
        unlinkat(f->folder, name, 0);
}

/* Calls fn for each entry; gives how many there are, -1 when the folder cannot be read. */
static int64_t walk(struct file_cache *f,
                    void (*fn)(struct file_cache *f, const char *name, void *data), void *data)
{
    int fd = openat(f->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    int64_t n = 0;
    if (!d) {
        complain(f, "list");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (struct dirent *e; (e = readdir(d));) {
        if (!is_entry(e->d_name)) {
            remove_leftover(f, e->d_name);
            continue;
        }
        n++;
        if (fn)
            fn(f, e->d_name, data);
    }
    closedir(d);
    return n;
}

static void remove_entry(struct file_cache *f, const char *name, void *data)
{
    (void)data;
    unlinkat(f->folder, name, 0);
}

/* The names are hashes: every n-th of them is as good as chance. */
static void remove_some(struct file_cache *f, const char *name, void *data)
{
    unsigned *count = data;
    if ((*count)++ % f->cull == 0 && unlinkat(f->folder, name, 0) == 0)
        f->evictions++;
}

static void cull(struct file_cache *f)
{
    unsigned count = 0;
    if (walk(f, NULL, NULL) < (int64_t)f->max_entries)
        return;
    if (f->cull)
        walk(f, remove_some, &count);
    else
        f->evictions += (uint64_t)walk(f, remove_entry, NULL);
}

static bool make_folders(char *path)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        bool good = mkdir(path, 0700) == 0 || errno == EEXIST;
        *p = '/';
        if (!good)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static void file_close(struct cache *c)
{
    struct file_cache *f = of(c);
    if (f->folder >= 0)
        close(f->folder);
    if (f->lock >= 0)
        close(f->lock);
    free(f->path);
    free(f);
}

static struct cache *file_open(const struct cache_options *o, struct err *err)
{
    struct file_cache *f;
    if (!o->location) {
        err_set(err, ERR_CONFIG, "its option 'location' must name a folder");
        return NULL;
    }
    f = mem_zalloc(sizeof *f);
    f->path = mem_strdup(o->location);
    f->log = o->log;
    f->max_entries = o->max_entries ? o->max_entries : DEFAULT_ENTRIES;
    f->cull = o->cull;
    f->lock = -1;
    f->folder = make_folders(f->path) ? open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (f->folder >= 0)
        f->lock = openat(f->folder, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (f->lock < 0) {
        err_set_errno(err, "cannot use the folder '%s'", f->path);
        file_close(&f->cache);
        return NULL;
    }
    return &f->cache;
}

/* ---- operations ---- */

static int file_get(struct cache *c, struct str key, struct buf *out, struct err *err)
{
    struct file_cache *f = of(c);
    char name[NAME_SIZE];
    struct head h;
    struct stat st;
    size_t start = out->n;
    if (file_name(key, name, err) != 0)
        return -1;
    int fd = open_live(f, name, key, O_RDONLY, &h);
    if (fd < 0) {
        f->misses++;
        return 0;
    }
    off_t at = (off_t)(HEAD_SIZE + key.n);
    int found = 0;
    if (fstat(fd, &st) == 0 && st.st_size >= at) {
        size_t n = (size_t)(st.st_size - at);
        buf_reserve(out, n);
        found = pread(fd, out->data + out->n, n, at) == (ssize_t)n;
        out->n += found ? n : 0;
        out->data[out->n] = '\0';
    }
    close(fd);
    if (!found)
        buf_cut(out, start);
    f->hits += (uint64_t)found;
    f->misses += !found;
    return found;
}

/* Is there an entry of that key, not past its time? Then *h is its head. */
static bool is_live(struct file_cache *f, const char *name, struct str key, struct head *h)
{
    int fd = open_live(f, name, key, O_RDONLY, h);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int file_remove(struct cache *c, struct str key, struct err *err)
{
    struct file_cache *f = of(c);
    char name[NAME_SIZE];
    struct head h;
    if (file_name(key, name, err) != 0)
        return -1;
    return is_live(f, name, key, &h) && unlinkat(f->folder, name, 0) == 0;
}

static int file_set(struct cache *c, struct str key, struct str value, int64_t ttl, bool add,
                    struct err *err)
{
    struct file_cache *f = of(c);
    char name[NAME_SIZE];
    struct head h;
    int done = 0;
    if (file_name(key, name, err) != 0)
        return -1;
    lock(f);
    bool there = is_live(f, name, key, &h);
    if (!(add && there)) {
        if (!there && ttl > 0)
            cull(f);
        if (ttl > 0)
            done = write_entry(f, name, key, value, expiry(ttl));
        if (!done) /* what is old must not stay */
            unlinkat(f->folder, name, 0);
    }
    unlock(f);
    f->sets += (uint64_t)done;
    return done;
}

static int file_touch(struct cache *c, struct str key, int64_t ttl, struct err *err)
{
    struct file_cache *f = of(c);
    char name[NAME_SIZE];
    struct head h;
    if (file_name(key, name, err) != 0)
        return -1;
    lock(f);
    int fd = open_live(f, name, key, O_RDWR, &h);
    if (fd >= 0) {
        int64_t expires = expiry(ttl);
        if (ttl <= 0)
            unlinkat(f->folder, name, 0);
        else if (pwrite(fd, &expires, sizeof expires, 8) != (ssize_t)sizeof expires)
            complain(f, "write");
        close(fd);
    }
    unlock(f);
    return fd >= 0;
}

static int file_incr(struct cache *c, struct str key, int64_t by, int64_t *result, struct err *err)
{
    struct file_cache *f = of(c);
    struct buf b = BUF_INIT;
    char name[NAME_SIZE];
    struct head h;
    int64_t value;
    if (file_name(key, name, err) != 0)
        return -1;
    lock(f);
    int status = 0;
    if (is_live(f, name, key, &h) && (status = file_get(c, key, &b, err)) == 1) {
        if (!cache_integer(buf_str(&b), &value)) {
            status = err_set(err, ERR_INVALID, "the value is not an integer");
        } else if (__builtin_add_overflow(value, by, result)) {
            status = err_set(err, ERR_INVALID, "%lld and %lld are more than 64 bits hold",
                             (long long)value, (long long)by);
        } else {
            buf_reset(&b);
            buf_addint(&b, *result);
            status = write_entry(f, name, key, buf_str(&b), h.expires);
        }
    }
    unlock(f);
    buf_release(&b);
    return status;
}

static int file_ttl(struct cache *c, struct str key, int64_t *ttl, struct err *err)
{
    struct file_cache *f = of(c);
    char name[NAME_SIZE];
    struct head h;
    if (file_name(key, name, err) != 0)
        return -1;
    if (!is_live(f, name, key, &h))
        return 0;
    *ttl = h.expires == INT64_MAX ? CACHE_FOREVER : h.expires - clock_realtime();
    return 1;
}

static int file_clear(struct cache *c, struct err *err)
{
    (void)err;
    return walk(of(c), remove_entry, NULL) >= 0;
}

struct listing {
    struct str pattern;
    void (*fn)(void *data, struct str key);
    void *data;
    int n;
};

static void list_entry(struct file_cache *f, const char *name, void *data)
{
    struct listing *l = data;
    struct head h;
    struct buf key = BUF_INIT;
    struct stat st;
    int fd = open_entry(f, name, O_RDONLY, &h);
    if (fd < 0)
        return;
    if (h.expires > clock_realtime() && fstat(fd, &st) == 0 && h.key_n <= st.st_size) {
        buf_reserve(&key, h.key_n);
        if (pread(fd, key.data, h.key_n, HEAD_SIZE) == (ssize_t)h.key_n) {
            key.n = h.key_n;
            key.data[key.n] = '\0';
            if (cache_glob(l->pattern, buf_str(&key))) {
                l->fn(l->data, buf_str(&key));
                l->n++;
            }
        }
    }
    buf_release(&key);
    close(fd);
}

static int file_keys(struct cache *c, struct str pattern, void (*fn)(void *data, struct str key),
                     void *data, struct err *err)
{
    struct listing l = {pattern, fn, data, 0};
    (void)err;
    walk(of(c), list_entry, &l);
    return l.n;
}

static void add_entry(struct file_cache *f, const char *name, void *data)
{
    struct cache_stats *sum = data;
    struct head h;
    struct stat st;
    int fd = open_entry(f, name, O_RDONLY, &h);
    if (fd < 0)
        return;
    if (h.expires > clock_realtime() && fstat(fd, &st) == 0) {
        sum->items++;
        sum->bytes += (uint64_t)st.st_size;
    }
    close(fd);
}

static int file_stats(struct cache *c, struct cache_stats *out, struct err *err)
{
    struct file_cache *f = of(c);
    (void)err;
    *out = (struct cache_stats){.hits = f->hits,
                                .misses = f->misses,
                                .sets = f->sets,
                                .evictions = f->evictions,
                                .counted = true};
    walk(f, add_entry, out);
    return 1;
}

const struct cache_ops cache_file = {
    .name = "file",
    .open = file_open,
    .close = file_close,
    .get = file_get,
    .set = file_set,
    .remove = file_remove,
    .touch = file_touch,
    .incr = file_incr,
    .ttl = file_ttl,
    .clear = file_clear,
    .keys = file_keys,
    .stats = file_stats,
};
