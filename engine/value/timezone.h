/* SPDX-License-Identifier: MIT */
/* Time zones: which offset from UTC is in force when.
 *
 * A struct tz is a small value that a datetime carries: none, UTC, a fixed
 * offset, or a zone of the system's database by its IANA name.  Named zones are
 * read once per worker into a struct zones and live as long as it does; the
 * other kinds need no memory and no file.
 *
 * Instants are seconds since 1970-01-01 UTC; "local" seconds count the same way
 * on the zone's own clock.  Where that clock shows a time twice, fold 0 means the
 * first and fold 1 the second; where it skips one, fold 0 goes by the offset
 * before the jump and fold 1 by the one after (PEP 495). */
#ifndef VALUE_TIMEZONE_H
#define VALUE_TIMEZONE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct zone;
struct zones;

enum tz_kind {
    TZ_NONE,       /* naive */
    TZ_UTC,        /* called "UTC" */
    TZ_FIXED,      /* called "UTC+02:00" */
    TZ_FIXED_BARE, /* called "+0200" */
    TZ_NAMED,      /* called "Europe/Paris" */
};

struct tz {
    enum tz_kind kind;
    int offset;              /* seconds, of fixed ones */
    const struct zone *zone; /* of named ones */
};

enum { TZ_ABBR_SIZE = 16 };

struct tz_info {
    int offset; /* seconds east of UTC */
    bool dst;
    char abbr[TZ_ABBR_SIZE]; /* "CEST"; of fixed offsets their name */
};

static inline struct tz tz_none(void)
{
    return (struct tz){TZ_NONE, 0, NULL};
}

static inline struct tz tz_utc(void)
{
    return (struct tz){TZ_UTC, 0, NULL};
}

/* ERR_INVALID unless the offset is less than 24 hours. */
int tz_fixed(int64_t offset, enum tz_kind kind, struct tz *out, struct err *err);

/* Whether both are the same zone, so that their clocks agree at all times. */
bool tz_same(struct tz a, struct tz b);

/* What is in force at an instant, or at a time on the zone's clock.  tz is not TZ_NONE. */
void tz_at_utc(struct tz tz, int64_t utc, struct tz_info *out);
void tz_at_local(struct tz tz, int64_t local, int fold, struct tz_info *out);

/* Its name, in a form that zones_get() reads back; nothing for TZ_NONE. */
void tz_add_name(struct buf *out, struct tz tz);

/* dir NULL: the system's database. */
struct zones *zones_new(const char *dir);
/* Every struct tz of kind TZ_NAMED that came out of it is void afterwards. */
void zones_free(struct zones *z);

/* "UTC", an offset ("+02:00", "+0200", "UTC+02:00", "-05") or an IANA name.
 * ERR_NOT_FOUND, with the nearest name, when there is none such; ERR_INVALID when
 * the file is damaged or counts leap seconds.  Reads a small file the first time. */
int zones_get(struct zones *z, struct str name, struct tz *out, struct err *err);

#endif
