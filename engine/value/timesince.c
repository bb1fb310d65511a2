/* SPDX-License-Identifier: MIT */
/* Years and months are those of the calendar; what is left after them is counted in
 * seconds.  Neighbouring units only: "1 year, 1 month", never "1 year, 2 days". */
#include "value/timesince.h"

#define UNITS 6

static const struct {
    const char *name;
    int64_t seconds; /* 0: of the calendar */
} units[UNITS] = {
    {"year", 0}, {"month", 0}, {"week", 604800}, {"day", 86400}, {"hour", 3600}, {"minute", 60},
};

static void add_count(struct buf *out, int64_t n, const char *unit)
{
    buf_addint(out, n);
    buf_adds(out, "\xc2\xa0");
    buf_adds(out, unit);
    if (n != 1)
        buf_addc(out, 's');
}

static int64_t total_seconds(struct duration d)
{
    return (int64_t)d.days * 86400 + d.seconds;
}

/* Whole months from d to now. */
static int months_between(const struct datetime *d, const struct datetime *now)
{
    int months = (now->date.year - d->date.year) * 12 + now->date.month - d->date.month;
    bool later_in_month = d->date.day > now->date.day ||
                          (d->date.day == now->date.day && daytime_compare(d->time, now->time) > 0);
    return months - later_in_month;
}

/* d moved on by whole months, to a day that every such month has. */
static struct datetime pivot(const struct datetime *d, int months)
{
    struct datetime p = *d;
    if (months == 0)
        return p;
    int month = d->date.month - 1 + months % 12;
    p.date.year += months / 12 + month / 12;
    p.date.month = month % 12 + 1;
    int last = date_month_days(2001, p.date.month); /* February has 28 days here */
    p.date.day = p.date.day < last ? p.date.day : last;
    p.time.microsecond = 0;
    p.fold = 0;
    return p;
}

/* What lies between, in each of the units. */
static int count_units(const struct datetime *d, const struct datetime *now, int64_t counts[UNITS],
                       struct err *err)
{
    struct duration left;
    int months = months_between(d, now);
    struct datetime from = pivot(d, months);
    if (datetime_diff(now, &from, &left, err))
        return -1;
    int64_t seconds = total_seconds(left);
    counts[0] = months / 12;
    counts[1] = months % 12;
    for (size_t i = 2; i < UNITS; i++) {
        counts[i] = seconds / units[i].seconds;
        seconds -= counts[i] * units[i].seconds;
    }
    return 0;
}

int timesince_add(struct buf *out, const struct datetime *d, const struct datetime *now,
                  unsigned depth, struct err *err)
{
    struct duration delta;
    int64_t counts[UNITS];
    size_t i = 0;
    if (datetime_diff(now, d, &delta, err))
        return -1;
    if (total_seconds(delta) <= 0) {
        add_count(out, 0, "minute");
        return 0;
    }
    if (count_units(d, now, counts, err))
        return -1;
    while (i < UNITS && counts[i] == 0)
        i++;
    if (i == UNITS)
        add_count(out, 0, "minute");
    for (size_t first = i; i < UNITS && counts[i] != 0 && i - first < depth; i++) {
        if (i > first)
            buf_adds(out, ", ");
        add_count(out, counts[i], units[i].name);
    }
    return 0;
}
