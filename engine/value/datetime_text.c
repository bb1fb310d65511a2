/* SPDX-License-Identifier: MIT */
/* ISO 8601 forms. */
#include "value/datetime.h"

void date_add_iso(struct buf *out, struct date d)
{
    buf_addf(out, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static void add_time(struct buf *out, struct daytime t, bool milliseconds)
{
    buf_addf(out, "%02d:%02d:%02d", t.hour, t.minute, t.second);
    if (t.microsecond && milliseconds)
        buf_addf(out, ".%03d", t.microsecond / 1000);
    else if (t.microsecond)
        buf_addf(out, ".%06d", t.microsecond);
}

static void add_offset(struct buf *out, int offset)
{
    int abs = offset < 0 ? -offset : offset;
    buf_addf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', abs / 3600, abs / 60 % 60);
    if (abs % 60)
        buf_addf(out, ":%02d", abs % 60);
}

void daytime_add_iso(struct buf *out, struct daytime t)
{
    add_time(out, t, false);
}

void daytime_add_json(struct buf *out, struct daytime t)
{
    add_time(out, t, true);
}

void datetime_add_iso(struct buf *out, const struct datetime *d, char sep)
{
    struct tz_info info;
    date_add_iso(out, d->date);
    buf_addc(out, sep);
    add_time(out, d->time, false);
    if (d->tz.kind != TZ_NONE) {
        datetime_tz_info(d, &info);
        add_offset(out, info.offset);
    }
}

void datetime_add_json(struct buf *out, const struct datetime *d)
{
    struct tz_info info;
    date_add_iso(out, d->date);
    buf_addc(out, 'T');
    add_time(out, d->time, true);
    if (d->tz.kind == TZ_NONE)
        return;
    datetime_tz_info(d, &info);
    if (info.offset == 0)
        buf_addc(out, 'Z');
    else
        add_offset(out, info.offset);
}
