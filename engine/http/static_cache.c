/* SPDX-License-Identifier: MIT */
#include "http/static_cache.h"

#include "base/clock.h"
#include "base/hash.h"
#include "http/mime.h"
#include "http/static.h"

#include <errno.h>
#include <unistd.h>

enum {
    SMALL = 32 * 1024,           /* bytes of a file that is kept in memory */
    BYTES_MAX = 4 * 1024 * 1024, /* of all of them */
    DESCRIPTORS_MAX = 64,
};

static const struct {
    const char *suffix;
    struct str coding;
} codings[STATIC_CODINGS] = {
    [STATIC_BROTLI] = {".br", STR_INIT("br")},
    [STATIC_GZIP] = {".gz", STR_INIT("gzip")},
};

/* ---- entries ---- */

static size_t held_bytes(const struct static_entry *e)
{
    size_t n = 0;
    for (int i = 0; i < STATIC_CODINGS; i++)
        n += e->variants[i].bytes ? (size_t)e->variants[i].size : 0;
    return n;
}

static size_t held_descriptors(const struct static_entry *e)
{
    size_t n = 0;
    for (int i = 0; i < STATIC_CODINGS; i++)
        n += e->variants[i].fd >= 0;
    return n;
}

static void clear(struct static_variant *v)
{
    free(v->bytes);
    if (v->fd >= 0)
        close(v->fd);
    *v = (struct static_variant){.fd = -1};
}

void static_entry_unref(void *entry)
{
    struct static_entry *e = entry;
    if (--e->refs)
        return;
    for (int i = 0; i < STATIC_CODINGS; i++)
        clear(&e->variants[i]);
    free(e->name);
    free(e);
}

/* Takes f: a small file's bytes, or the descriptor. */
static int fill(struct static_variant *v, const struct file *f, struct err *err)
{
    size_t n = 0;
    file_etag(f, v->etag);
    v->size = f->size;
    v->fd = f->fd;
    if (f->size > SMALL)
        return 0;
    v->bytes = mem_alloc((size_t)f->size + 1);
    while (n < f->size) {
        ssize_t got = pread(f->fd, v->bytes + n, (size_t)f->size - n, (off_t)n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, "cannot read a static file");
        if (got == 0)
            break; /* it has just become shorter: its next version is not far */
        n += (size_t)got;
    }
    v->size = n;
    close(v->fd);
    v->fd = -1;
    return 0;
}

/* A variant that is older than the file is of another version of it. */
static void add_variant(struct static_entry *e, enum static_coding coding, const char *root,
                        int64_t mtime)
{
    struct file f;
    struct err ignored;
    size_t n = strlen(e->name), suffix = strlen(codings[coding].suffix);
    char *name = mem_alloc(n + suffix + 1);

    memcpy(name, e->name, n);
    memcpy(name + n, codings[coding].suffix, suffix + 1);
    if (file_open(&f, root, str_make(name, n + suffix), &ignored) == 0) {
        if (f.mtime / CLOCK_SECOND < mtime / CLOCK_SECOND)
            close(f.fd);
        else if (fill(&e->variants[coding], &f, &ignored) == 0)
            e->varies = true;
        else
            clear(&e->variants[coding]);
    }
    free(name);
}

/* A hash in the name counts when the file without it is there too, as whoever makes such
 * names leaves it: "tour.202401011230.jpg" is only a date. */
static bool has_plain(const char *root, struct str name)
{
    char *plain = mem_alloc(name.n + 1);
    size_t n = static_name_hashed(name, plain);
    struct file f;
    struct err ignored;
    bool found = n > 0 && file_open(&f, root, str_make(plain, n), &ignored) == 0;
    if (found)
        close(f.fd);
    free(plain);
    return found;
}

static void describe(struct static_entry *e, struct str name)
{
    struct mime m = mime_guess(name);
    struct str type = file_content_type(name);
    if (str_eq(m.encoding, STR("gzip")) && str_eq(m.type, STR("image/svg+xml"))) {
        e->encoding = m.encoding; /* .svgz: the one that browsers unpack */
        type = m.type;
    }
    /* XML says itself how it is written. */
    bool text = str_starts(type, STR("text/")) && !str_eq(type, STR("text/xml"));
    snprintf(e->content_type, sizeof e->content_type, "%.*s%s", STR_ARG(type),
             text ? "; charset=utf-8" : "");
}

struct static_entry *static_entry_load(const char *const *roots, size_t nroots, struct str name,
                                       bool variants, struct err *err)
{
    struct static_entry *e;
    struct file f;
    size_t i = 0;

    err_set(err, ERR_NOT_FOUND, "there are no folders to look in");
    while (i < nroots && file_open(&f, roots[i], name, err) != 0)
        i++;
    if (i == nroots)
        return NULL;
    e = mem_zalloc(sizeof *e);
    e->refs = 1;
    e->hash = hash_str(name);
    e->name = mem_strndup(name.p, name.n);
    for (int c = 0; c < STATIC_CODINGS; c++)
        e->variants[c].fd = -1;
    if (fill(&e->variants[STATIC_PLAIN], &f, err) != 0) {
        static_entry_unref(e);
        return NULL;
    }
    http_date(f.mtime / CLOCK_SECOND, e->modified);
    describe(e, name);
    if (variants && !e->encoding.p) {
        add_variant(e, STATIC_BROTLI, roots[i], f.mtime);
        add_variant(e, STATIC_GZIP, roots[i], f.mtime);
    }
    e->hashed = has_plain(roots[i], name);
    return e;
}

/* ---- the cache ---- */

static struct static_entry **slot_of(struct static_cache *c, uint64_t hash)
{
    return &c->slots[hash % STATIC_SLOTS];
}

static void drop(struct static_cache *c, struct static_entry **slot)
{
    struct static_entry *e = *slot;
    if (!e)
        return;
    *slot = NULL;
    c->bytes -= held_bytes(e);
    c->descriptors -= held_descriptors(e);
    static_entry_unref(e);
}

struct static_entry *static_cache_get(struct static_cache *c, struct str name, int64_t now)
{
    uint64_t hash = hash_str(name);
    struct static_entry **slot = slot_of(c, hash), *e = *slot;
    if (!e || e->hash != hash || !str_eq(str_from(e->name), name))
        return NULL;
    if (now >= e->until) {
        drop(c, slot);
        return NULL;
    }
    e->refs++;
    return e;
}

void static_cache_put(struct static_cache *c, struct static_entry *e, int64_t until)
{
    struct static_entry **slot = slot_of(c, e->hash);
    drop(c, slot);
    if (c->bytes + held_bytes(e) > BYTES_MAX ||
        c->descriptors + held_descriptors(e) > DESCRIPTORS_MAX)
        return;
    c->bytes += held_bytes(e);
    c->descriptors += held_descriptors(e);
    e->until = until;
    e->refs++;
    *slot = e;
}

void static_cache_sweep(struct static_cache *c, int64_t now)
{
    for (size_t i = 0; i < STATIC_SLOTS; i++)
        if (c->slots[i] && now >= c->slots[i]->until)
            drop(c, &c->slots[i]);
}
