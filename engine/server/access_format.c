/* SPDX-License-Identifier: MIT */
#include "server/access_log.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/suggest.h"
#include "base/utf8.h"

#include <time.h>

/* Escaped bytes that each field may take: with the fixed parts, all of a line stays
 * under 8 KiB. */
enum {
    CAP_ADDR = 64,
    CAP_USER = 192,
    CAP_METHOD = 64,
    CAP_TARGET = 4096,
    CAP_VERSION = 32,
    CAP_HEADER = 1408,
    CAP_REQUEST_ID = 256,
};

static const struct {
    const char *name;
    enum access_format format;
} formats[] = {
    {"common", ACCESS_COMMON},
    {"combined", ACCESS_COMBINED},
    {"json", ACCESS_JSON},
};

int access_format_parse(struct str name, enum access_format *out, struct err *err)
{
    struct suggest near;
    char hint[64];

    suggest_init(&near, name);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct str known = str_from(formats[i].name);
        if (str_eq(known, name)) {
            *out = formats[i].format;
            return 0;
        }
        suggest_add(&near, known);
    }
    return err_set(err, ERR_CONFIG,
                   "unknown access log format '%.*s': it is common, combined or json%s",
                   STR_ARG(name), suggest_text(&near, hint, sizeof hint));
}

/* ---- fields ---- */

enum style { STYLE_BARE, STYLE_QUOTED, STYLE_JSON };

static bool is_plain(unsigned char c, enum style style)
{
    return c > 0x20 ? c < 0x7f && c != '"' && c != '\\' : c == 0x20 && style != STYLE_BARE;
}

/* Whether one of 8 bytes is below n (at most 128), or is c. */
#define EACH UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

static uint64_t any_below(uint64_t x, unsigned n)
{
    return (x - EACH * n) & ~x & HIGH;
}

static uint64_t any_is(uint64_t x, unsigned char c)
{
    return any_below(x ^ EACH * c, 1);
}

/* How many of the first `max` bytes of s need no escape: nearly always all, so
 * that they are looked at eight at a time. */
static size_t plain_run(struct str s, size_t max, enum style style)
{
    size_t n = 0, end = s.n < max ? s.n : max;
    uint64_t x;

    for (; n + sizeof x <= end; n += sizeof x) {
        memcpy(&x, s.p + n, sizeof x);
        if ((x & HIGH) | any_below(x, style == STYLE_BARE ? 0x21 : 0x20) | any_is(x, 0x7f) |
            any_is(x, '"') | any_is(x, '\\'))
            break;
    }
    while (n < end && is_plain((unsigned char)s.p[n], style))
        n++;
    return n;
}

/* One code point, or one byte that begins none (n = 0), as \uNNNN. */
static void add_json(struct buf *b, struct str s, size_t n, uint32_t cp)
{
    if (n == 0)
        buf_adds(b, "\\ufffd");
    else if (cp == '"' || cp == '\\')
        buf_addf(b, "\\%c", (char)cp);
    else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029)
        buf_addf(b, "\\u%04x", (unsigned)cp);
    else
        buf_add(b, s.p, n);
}

static void add_text(struct buf *b, struct str s, size_t n, enum style style)
{
    if (s.p[0] == '"')
        buf_adds(b, "\\\"");
    else if (s.p[0] == ' ' && style == STYLE_BARE)
        buf_adds(b, "\\x20");
    else
        log_escape(b, str_head(s, n ? n : 1));
}

static void add_special(struct buf *b, struct str s, size_t n, uint32_t cp, enum style style)
{
    if (style == STYLE_JSON)
        add_json(b, s, n, cp);
    else
        add_text(b, s, n, style);
}

/* s escaped; cut with "..." where it would take more than `cap` bytes, never
 * within a character or an escape. */
static void add_field(struct buf *b, struct str s, size_t cap, enum style style)
{
    const size_t end = b->n + cap, limit = end - 3;
    size_t cut = b->n; /* where the dots would go */

    while (s.n) {
        size_t before = b->n, n = plain_run(s, end - before + 1, style);
        uint32_t cp = 0;

        if (n) {
            buf_add(b, s.p, n);
            if (before <= limit)
                cut = b->n < limit ? b->n : limit;
        } else {
            n = utf8_decode(s, &cp);
            add_special(b, s, n, cp, style);
            n = n ? n : 1;
            if (b->n <= limit)
                cut = b->n;
        }
        if (b->n > end) {
            buf_cut(b, cut);
            buf_adds(b, "...");
            return;
        }
        s = str_skip(s, n);
    }
}

/* ---- common and combined ---- */

static void add_or_dash(struct buf *b, struct str s, size_t cap, enum style style)
{
    if (s.n)
        add_field(b, s, cap, style);
    else
        buf_addc(b, '-');
}

static void add_quoted(struct buf *b, struct str s, size_t cap)
{
    buf_addc(b, '"');
    add_or_dash(b, s, cap, STYLE_QUOTED);
    buf_addc(b, '"');
}

static void add_request_line(struct buf *b, const struct access_entry *e)
{
    buf_addc(b, '"');
    if (e->method.n || e->target.n) {
        add_field(b, e->method, CAP_METHOD, STYLE_QUOTED);
        buf_addc(b, ' ');
        add_field(b, e->target, CAP_TARGET, STYLE_QUOTED);
        if (e->version.n) {
            buf_addc(b, ' ');
            add_field(b, e->version, CAP_VERSION, STYLE_QUOTED);
        }
    } else {
        buf_addc(b, '-'); /* it was no request */
    }
    buf_addc(b, '"');
}

static const char *common_time(struct access_clock *clock, int64_t ns)
{
    time_t second = (time_t)(ns / CLOCK_SECOND);
    struct tm tm;

    if (clock->second != second || !clock->text[0]) {
        localtime_r(&second, &tm);
        strftime(clock->text, sizeof clock->text, "%d/%b/%Y:%H:%M:%S %z", &tm);
        clock->second = second;
    }
    return clock->text;
}

static void format_common(struct buf *b, const struct access_entry *e, struct access_clock *clock)
{
    add_or_dash(b, e->remote_addr, CAP_ADDR, STYLE_BARE);
    buf_adds(b, " - ");
    add_or_dash(b, e->user, CAP_USER, STYLE_BARE);
    buf_adds(b, " [");
    buf_adds(b, common_time(clock, e->time));
    buf_adds(b, "] ");
    add_request_line(b, e);
    buf_addc(b, ' ');
    buf_addint(b, e->status);
    buf_addc(b, ' ');
    if (e->bytes)
        buf_addint(b, e->bytes);
    else
        buf_addc(b, '-');
}

/* ---- JSON ---- */

static const char *json_time(struct access_clock *clock, int64_t ns)
{
    time_t second = (time_t)(ns / CLOCK_SECOND);
    struct tm tm;

    if (clock->second != second || !clock->text[0]) {
        gmtime_r(&second, &tm);
        strftime(clock->text, sizeof clock->text, "%Y-%m-%dT%H:%M:%S", &tm);
        clock->second = second;
    }
    return clock->text;
}

/* Nothing when s is not known. */
static void add_member(struct buf *b, const char *name, struct str s, size_t cap)
{
    if (!s.n)
        return;
    buf_adds(b, ",\"");
    buf_adds(b, name);
    buf_adds(b, "\":\"");
    add_field(b, s, cap, STYLE_JSON);
    buf_addc(b, '"');
}

/* ".250": printf costs more than all the rest of a line. */
static void add_fraction(struct buf *b, int64_t v, int digits)
{
    char text[8] = ".";

    v = v > 0 ? v : 0;
    for (int i = digits; i > 0; i--, v /= 10)
        text[i] = (char)('0' + v % 10);
    buf_add(b, text, (size_t)digits + 1);
}

static void format_json(struct buf *b, const struct access_entry *e, struct access_clock *clock)
{
    bool sane = e->seconds >= 0 && e->seconds < 1e9;
    int64_t us = sane ? (int64_t)(e->seconds * 1e6 + 0.5) : 0;

    buf_adds(b, "{\"time\":\"");
    buf_adds(b, json_time(clock, e->time));
    add_fraction(b, e->time % CLOCK_SECOND / CLOCK_MS, 3);
    buf_adds(b, "Z\",\"status\":");
    buf_addint(b, e->status);
    buf_adds(b, ",\"bytes\":");
    buf_addint(b, e->bytes);
    buf_adds(b, ",\"seconds\":");
    buf_addint(b, us / 1000000);
    add_fraction(b, us % 1000000, 6);
    add_member(b, "method", e->method, CAP_METHOD);
    add_member(b, "target", e->target, CAP_TARGET);
    add_member(b, "version", e->version, CAP_VERSION);
    add_member(b, "remote_addr", e->remote_addr, CAP_ADDR);
    add_member(b, "user", e->user, CAP_USER);
    add_member(b, "referer", e->referer, CAP_HEADER);
    add_member(b, "user_agent", e->user_agent, CAP_HEADER);
    add_member(b, "request_id", e->request_id, CAP_REQUEST_ID);
    buf_addc(b, '}');
}

void access_format(struct buf *b, enum access_format format, const struct access_entry *e,
                   struct access_clock *clock)
{
    if (format == ACCESS_JSON) {
        format_json(b, e, clock);
    } else {
        format_common(b, e, clock);
        if (format == ACCESS_COMBINED) {
            buf_addc(b, ' ');
            add_quoted(b, e->referer, CAP_HEADER);
            buf_addc(b, ' ');
            add_quoted(b, e->user_agent, CAP_HEADER);
        }
    }
    buf_addc(b, '\n');
}
