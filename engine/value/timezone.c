/* SPDX-License-Identifier: MIT */
/* Offsets by zone and time, and the zones a worker has read. */
#include "value/timezone.h"

#include "base/map.h"
#include "value/timezone_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 1 << 18, MAX_NAME = 64 };

struct zones { /* owner: the worker */
    char *dir;
    struct map by_name; /* of struct zone */
};

int tz_fixed(int64_t offset, enum tz_kind kind, struct tz *out, struct err *err)
{
    if (offset <= -86400 || offset >= 86400)
        return err_set(err, ERR_INVALID,
                       "an offset from UTC must be less than 24 hours, not %lld seconds",
                       (long long)offset);
    *out = (struct tz){kind, (int)offset, NULL};
    return 0;
}

bool tz_same(struct tz a, struct tz b)
{
    bool plain_a = a.kind == TZ_UTC || a.kind == TZ_FIXED || a.kind == TZ_FIXED_BARE;
    bool plain_b = b.kind == TZ_UTC || b.kind == TZ_FIXED || b.kind == TZ_FIXED_BARE;
    if (plain_a && plain_b)
        return a.offset == b.offset;
    return a.kind == b.kind && a.zone == b.zone;
}

static const struct tz_info *type_before(const struct zone *z, size_t i)
{
    return &z->types[i == 0 ? z->before : z->type[i - 1]];
}

static const struct tz_info *type_after(const struct zone *z)
{
    return &z->types[z->n ? z->type[z->n - 1] : z->before];
}

static const struct tz_info *zone_at_utc(const struct zone *z, int64_t utc)
{
    if (z->n == 0 || utc >= z->at[z->n - 1])
        return z->has_rule ? tz_rule_at_utc(&z->rule, utc) : type_after(z);
    size_t lo = 0, hi = z->n; /* the first transition after utc */
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (z->at[mid] <= utc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return type_before(z, lo);
}

/* When, on the zone's clock, transition i is over for this fold: see rule_at_local. */
static int64_t wall(const struct zone *z, size_t i, int fold)
{
    int a = type_before(z, i)->offset, b = z->types[z->type[i]].offset;
    return z->at[i] + ((a > b) == (fold == 0) ? a : b);
}

static const struct tz_info *zone_at_local(const struct zone *z, int64_t local, int fold)
{
    if (z->n == 0 || local > wall(z, z->n - 1, fold))
        return z->has_rule ? tz_rule_at_local(&z->rule, local, fold) : type_after(z);
    size_t lo = 0, hi = z->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (wall(z, mid, fold) <= local)
            lo = mid + 1;
        else
            hi = mid;
    }
    return type_before(z, lo);
}

/* "UTC+02:00" or "+0200", and seconds where there are some */
static void put_offset(char out[TZ_ABBR_SIZE], const char *prefix, const char *colon, int offset)
{
    unsigned abs = (unsigned)(offset < 0 ? -offset : offset) % 86400;
    int n = snprintf(out, TZ_ABBR_SIZE, "%s%c%02u%s%02u", prefix, offset < 0 ? '-' : '+',
                     abs / 3600, colon, abs / 60 % 60);
    if (abs % 60)
        snprintf(out + n, (size_t)(TZ_ABBR_SIZE - n), ":%02u", abs % 60);
}

static void fixed_info(struct tz tz, struct tz_info *out)
{
    *out = (struct tz_info){.offset = tz.offset};
    if (tz.kind == TZ_FIXED_BARE)
        put_offset(out->abbr, "", "", tz.offset);
    else if (tz.kind == TZ_FIXED && tz.offset != 0)
        put_offset(out->abbr, "UTC", ":", tz.offset);
    else
        memcpy(out->abbr, "UTC", 4);
}

void tz_at_utc(struct tz tz, int64_t utc, struct tz_info *out)
{
    if (tz.kind == TZ_NAMED)
        *out = *zone_at_utc(tz.zone, utc);
    else
        fixed_info(tz, out);
}

void tz_at_local(struct tz tz, int64_t local, int fold, struct tz_info *out)
{
    if (tz.kind == TZ_NAMED)
        *out = *zone_at_local(tz.zone, local, fold);
    else
        fixed_info(tz, out);
}

void tz_add_name(struct buf *out, struct tz tz)
{
    struct tz_info info;
    if (tz.kind == TZ_NAMED) {
        buf_adds(out, tz.zone->name);
    } else if (tz.kind != TZ_NONE) {
        fixed_info(tz, &info);
        buf_adds(out, info.abbr);
    }
}

struct zones *zones_new(const char *dir)
{
    struct zones *z = mem_alloc(sizeof *z);
    z->dir = mem_strdup(dir ? dir : "/usr/share/zoneinfo");
    map_init(&z->by_name);
    return z;
}

static void free_zone(void *zone)
{
    zone_free(zone);
}

void zones_free(struct zones *z)
{
    if (!z)
        return;
    map_release(&z->by_name, free_zone);
    free(z->dir);
    free(z);
}

static bool two_digits(struct str s, size_t at, int max, int *out)
{
    if (s.n < at + 2 || !char_is_digit(s.p[at]) || !char_is_digit(s.p[at + 1]))
        return false;
    *out = (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
    return *out <= max;
}

/* "[UTC]+hh[[:]mm[:ss]]"; true when s is one. */
static bool parse_offset(struct str s, struct tz *out)
{
    enum tz_kind kind = TZ_FIXED;
    int h, m = 0, sec = 0;
    if (str_starts(s, STR("UTC")))
        s = str_skip(s, 3);
    else if (s.n == 5)
        kind = TZ_FIXED_BARE;
    if (s.n < 3 || (*s.p != '+' && *s.p != '-') || !two_digits(s, 1, 23, &h))
        return false;
    size_t colon = s.n > 3 && s.p[3] == ':';
    if (s.n > 3 && !two_digits(s, 3 + colon, 59, &m))
        return false;
    if (s.n > 5 + colon && (s.p[5 + colon] != ':' || !two_digits(s, 6 + colon, 59, &sec)))
        return false;
    size_t want = s.n == 3 ? 3 : s.n > 5 + colon ? 8 + colon : 5 + colon;
    if (s.n != want)
        return false;
    int offset = h * 3600 + m * 60 + sec;
    *out = (struct tz){kind, *s.p == '-' ? -offset : offset, NULL};
    return true;
}

/* The bytes of a regular file below the directory, appended to *out. */
static int read_file(const char *dir, struct str name, struct buf *out, struct err *err)
{
    char path[4096];
    struct stat st;
    int rc = -1;
    snprintf(path, sizeof path, "%s/%.*s", dir, STR_ARG(name));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? zone_unknown(dir, name, err)
                                                   : err_set_errno(err, "cannot open '%s'", path);
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        zone_unknown(dir, name, err);
        goto out;
    }
    buf_grow(out, MAX_FILE);
    for (ssize_t n; (n = read(fd, out->data + out->n, MAX_FILE - out->n)) != 0;) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_set_errno(err, "cannot read '%s'", path);
            goto out;
        }
        out->n += (size_t)n;
    }
    rc = 0;
out:
    close(fd);
    return rc;
}

static struct zone *load(struct zones *z, struct str name, struct err *err)
{
    struct buf bytes = BUF_INIT;
    struct zone *zone = NULL;
    if (read_file(z->dir, name, &bytes, err) == 0)
        zone = tzif_parse(buf_str(&bytes), name, err);
    buf_release(&bytes);
    if (zone)
        map_set(&z->by_name, name, zone);
    return zone;
}

int zones_get(struct zones *z, struct str name, struct tz *out, struct err *err)
{
    if (str_eq(name, STR("UTC"))) {
        *out = tz_utc();
        return 0;
    }
    if (parse_offset(name, out))
        return 0;
    struct zone *zone = map_get(&z->by_name, name);
    if (!zone) {
        if (name.n > MAX_NAME || !zone_name_ok(name))
            return zone_unknown(z->dir, name, err);
        zone = load(z, name, err);
    }
    if (!zone)
        return -1;
    *out = (struct tz){TZ_NAMED, 0, zone};
    return 0;
}
