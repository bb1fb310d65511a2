/* SPDX-License-Identifier: MIT */
/* Texts to dates, times and durations, and back: what was parsed and written as ISO
 * 8601 parses to the same again.  The input is also a format, and a zone's name. */
#include "value/dateformat.h"
#include "value/dateparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void check_datetime(struct str s, struct buf *out)
{
    struct datetime d, again;
    if (dateparse_datetime(s, &d, NULL) != 1)
        return;
    datetime_add_iso(out, &d, 'T');
    require(dateparse_datetime(buf_str(out), &again, NULL) == 1 && datetime_equal(&d, &again));
    buf_reset(out);
    struct moment m = {MOMENT_DATETIME, d};
    dateformat_add(out, s, &m, tz_utc(), NULL);
    dateformat_strftime(out, s, &m, NULL);
    datetime_add_json(out, &d);
    buf_reset(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_make((const char *)data, size);
    struct buf out = BUF_INIT;
    struct date date, date2;
    struct daytime time, time2;
    struct duration span, span2;
    if (dateparse_date(s, &date, NULL) == 1) {
        date_add_iso(&out, date);
        require(dateparse_date(buf_str(&out), &date2, NULL) == 1 && date_compare(date, date2) == 0);
        buf_reset(&out);
    }
    if (dateparse_time(s, &time, NULL) == 1) {
        daytime_add_iso(&out, time);
        require(dateparse_time(buf_str(&out), &time2, NULL) == 1 &&
                daytime_compare(time, time2) == 0);
        buf_reset(&out);
    }
    if (dateparse_duration(s, &span, NULL) == 1) {
        duration_add_string(&out, span);
        require(dateparse_duration(buf_str(&out), &span2, NULL) == 1 &&
                duration_compare(span, span2) == 0);
        buf_reset(&out);
    }
    check_datetime(s, &out);
    struct moment m = {MOMENT_DATETIME, {.date = {2026, 1, 31}, .time = {12, 0, 0, 0}}};
    dateformat_add(&out, s, &m, tz_utc(), NULL);
    dateformat_strftime(&out, s, &m, NULL);
    buf_release(&out);
    return 0;
}
