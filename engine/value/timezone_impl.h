/* SPDX-License-Identifier: MIT */
/* Inside of time zones; for timezone*.c alone. */
#ifndef VALUE_TIMEZONE_IMPL_H
#define VALUE_TIMEZONE_IMPL_H

#include "base/vec.h"
#include "value/timezone.h"

/* "M3.5.0/2": when in the year the clock is moved */
struct tz_rule_date {
    char form; /* 'M': month, week, day; 'J': day 1..365 that skips 29 February; '0': day 0..365 */
    int month, week, day;
    int time; /* seconds after midnight, may be negative or beyond the day */
};

/* "CET-1CEST,M3.5.0,M10.5.0/3": what holds after the last transition of the file */
struct tz_rule {
    struct tz_info std, dst;
    bool has_dst;
    struct tz_rule_date start, end; /* of dst; on the clock that is left */
};

struct zone { /* immutable */
    char *name;
    size_t n; /* transitions */
    int64_t *at;
    uint8_t *type; /* in force from at[i] */
    struct tz_info *types;
    size_t ntypes;  /* > 0 */
    uint8_t before; /* type before the first transition */
    bool has_rule;
    struct tz_rule rule;
};

/* The text of a POSIX TZ variable. */
int tz_rule_parse(struct tz_rule *r, struct str s, struct err *err);
const struct tz_info *tz_rule_at_utc(const struct tz_rule *r, int64_t utc);
const struct tz_info *tz_rule_at_local(const struct tz_rule *r, int64_t local, int fold);

/* A TZif file, version 1 to 4.  NULL with ERR_INVALID when it is damaged. */
struct zone *tzif_parse(struct str bytes, struct str name, struct err *err);
void zone_free(struct zone *z);

/* Whether a name could be one of the database: no "..", no absolute path, nothing
 * but letters, digits, '_', '+', '-' and single slashes between them. */
bool zone_name_ok(struct str name);
/* Fills *err with ERR_NOT_FOUND and the nearest name of the database. */
int zone_unknown(const char *dir, struct str name, struct err *err);

#endif
