/* SPDX-License-Identifier: MIT */
/* The first byte says what follows:
 *
 *     00-7f  the integers 0 .. 127        80-bf  a string of 0 .. 63 bytes
 *     c0-cf  a table with 0 .. 15 items and no other members
 *     d0-    TAGS, with what stands behind each
 *
 * Lengths and counts are LEB128, integers too (zigzag); numbers of fixed size are little
 * endian. */
#include "value/pack.h"

enum { SHORT_STRINGS = 64, SHORT_LISTS = 16, TAGS = 0xd0 };

/* ---- writing ---- */

enum { COUNT_MAX = 10 };

static size_t write_count(char out[COUNT_MAX], uint64_t v)
{
    size_t n = 0;
    while (v >= 0x80) {
        out[n++] = (char)(v | 0x80);
        v >>= 7;
    }
    out[n++] = (char)v;
    return n;
}

static void add_count(struct buf *b, uint64_t v)
{
    buf_reserve(b, COUNT_MAX);
    b->n += write_count(b->data + b->n, v);
    b->data[b->n] = '\0';
}

static void add_signed(struct buf *b, int64_t v)
{
    add_count(b, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static void add_tag(struct buf *b, enum pack_type type)
{
    buf_addc(b, (char)(TAGS + type));
}

static void add_text(struct buf *b, enum pack_type type, struct str s)
{
    add_tag(b, type);
    add_count(b, s.n);
    buf_addstr(b, s);
}

void pack_add_simple(struct buf *b, enum pack_type type)
{
    add_tag(b, type);
}

void pack_add_int(struct buf *b, int64_t v)
{
    if (v >= 0 && v < PACK_SMALL_INT) {
        buf_addc(b, (char)v);
        return;
    }
    add_tag(b, PACK_INT);
    add_signed(b, v);
}

void pack_add_double(struct buf *b, double v)
{
    uint64_t bits;
    char out[8];
    memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 8; i++)
        out[i] = (char)(bits >> 8 * i);
    add_tag(b, PACK_DOUBLE);
    buf_add(b, out, sizeof out);
}

void pack_add_string(struct buf *b, struct str s)
{
    if (s.n >= SHORT_STRINGS) {
        add_text(b, PACK_STRING, s);
        return;
    }
    buf_reserve(b, s.n + 1);
    b->data[b->n] = (char)(PACK_SHORT_STRING + s.n);
    if (s.n)
        memcpy(b->data + b->n + 1, s.p, s.n);
    b->n += s.n + 1;
    b->data[b->n] = '\0';
}

void pack_add_safe(struct buf *b, struct str s)
{
    add_text(b, PACK_SAFE, s);
}

void pack_add_decimal(struct buf *b, const struct decimal *d)
{
    char text[DECIMAL_TEXT_MAX];
    add_text(b, PACK_DECIMAL, str_make(text, decimal_write(d, text)));
}

static void add_date(struct buf *b, struct date d)
{
    add_count(b, (uint64_t)d.year);
    buf_addc(b, (char)d.month);
    buf_addc(b, (char)d.day);
}

static void add_time(struct buf *b, struct daytime t)
{
    uint64_t seconds = (uint64_t)t.hour * 3600 + (uint64_t)t.minute * 60 + (uint64_t)t.second;
    add_count(b, seconds * 1000000 + (uint64_t)t.microsecond);
}

void pack_add_date(struct buf *b, struct date d)
{
    add_tag(b, PACK_DATE);
    add_date(b, d);
}

void pack_add_time(struct buf *b, struct daytime t)
{
    add_tag(b, PACK_TIME);
    add_time(b, t);
}

void pack_add_datetime(struct buf *b, const struct datetime *d)
{
    struct buf zone = BUF_INIT;
    tz_add_name(&zone, d->tz);
    add_tag(b, PACK_DATETIME);
    add_date(b, d->date);
    add_time(b, d->time);
    buf_addc(b, (char)d->fold);
    add_count(b, zone.n);
    buf_addstr(b, buf_str(&zone));
    buf_release(&zone);
}

void pack_add_timedelta(struct buf *b, struct duration d)
{
    add_tag(b, PACK_TIMEDELTA);
    add_signed(b, d.days);
    add_count(b, (uint64_t)d.seconds);
    add_count(b, (uint64_t)d.microseconds);
}

enum { TABLE_HEAD = 3 /* of most tables */, TABLE_HEAD_MAX = 1 + 2 * COUNT_MAX };

static size_t write_head(char *out, uint32_t items, uint32_t members, bool list)
{
    if (!list && !members && items < SHORT_LISTS) {
        *out = (char)(PACK_SHORT_LIST + items);
        return 1;
    }
    size_t n = 1;
    *out = (char)(TAGS + (list ? PACK_LIST : PACK_TABLE));
    n += write_count(out + n, items);
    return n + write_count(out + n, members);
}

void pack_add_table(struct buf *b, uint32_t items, uint32_t members, bool list)
{
    char head[TABLE_HEAD_MAX];
    buf_add(b, head, write_head(head, items, members, list));
}

size_t pack_begin_table(struct buf *b)
{
    size_t start = b->n;
    buf_reserve(b, TABLE_HEAD);
    b->n += TABLE_HEAD;
    return start;
}

void pack_end_table(struct buf *b, size_t start, uint32_t items, uint32_t members, bool list)
{
    char head[TABLE_HEAD_MAX];
    size_t n = write_head(head, items, members, list), body = b->n - start - TABLE_HEAD;
    if (n != TABLE_HEAD) {
        buf_reserve(b, n);
        memmove(b->data + start + n, b->data + start + TABLE_HEAD, body);
        b->n = start + n + body;
    }
    memcpy(b->data + start, head, n);
    b->data[b->n] = '\0';
}

void pack_add_extension(struct buf *b, struct str name)
{
    add_text(b, PACK_EXTENSION, name);
}

void pack_add_reference(struct buf *b, int64_t number)
{
    add_tag(b, PACK_REFERENCE);
    add_signed(b, number);
}

/* ---- reading ---- */

void pack_reader_init(struct pack_reader *r, struct str data)
{
    r->p = (const unsigned char *)data.p;
    r->end = r->p + data.n;
    r->items = r->members = 0;
}

static size_t left(const struct pack_reader *r)
{
    return (size_t)(r->end - r->p);
}

/* Each gives whether it was there. */

static bool read_long_count(struct pack_reader *r, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
        unsigned byte = *r->p++;
        if (shift == 63 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = v;
            return v <= max;
        }
    }
    return false;
}

/* Most have one byte or two. */
static inline bool read_count(struct pack_reader *r, uint64_t max, uint64_t *out)
{
    const unsigned char *p = r->p;
    if (r->end - p < 2)
        return read_long_count(r, max, out);
    if (p[0] < 0x80) {
        *out = p[0];
        r->p = p + 1;
    } else if (p[1] < 0x80) {
        *out = (p[0] & 0x7fu) | (uint64_t)p[1] << 7;
        r->p = p + 2;
    } else {
        return read_long_count(r, max, out);
    }
    return *out <= max;
}

static bool read_signed(struct pack_reader *r, int64_t *out)
{
    uint64_t v;
    if (!read_count(r, UINT64_MAX, &v))
        return false;
    *out = (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
    return true;
}

static bool read_byte(struct pack_reader *r, int *out)
{
    if (r->p == r->end)
        return false;
    *out = *r->p++;
    return true;
}

static bool read_text(struct pack_reader *r, size_t n)
{
    if (n > left(r))
        return false;
    r->text = str_make((const char *)r->p, n);
    r->p += n;
    return true;
}

static bool read_long_text(struct pack_reader *r)
{
    uint64_t n;
    return read_count(r, left(r), &n) && read_text(r, (size_t)n);
}

static bool read_double(struct pack_reader *r)
{
    uint64_t bits = 0;
    if (left(r) < 8)
        return false;
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)*r->p++ << 8 * i;
    memcpy(&r->number, &bits, sizeof bits);
    return true;
}

static bool read_date(struct pack_reader *r)
{
    uint64_t year;
    int month, day;
    return read_count(r, DATE_MAX_YEAR, &year) && read_byte(r, &month) && read_byte(r, &day) &&
           date_make((int64_t)year, month, day, &r->moment.date, NULL) == 0;
}

static bool read_time(struct pack_reader *r)
{
    uint64_t us, seconds;
    if (!read_count(r, (uint64_t)DURATION_DAY - 1, &us))
        return false;
    seconds = us / 1000000;
    r->moment.time = (struct daytime){(int)(seconds / 3600), (int)(seconds / 60 % 60),
                                      (int)(seconds % 60), (int)(us % 1000000)};
    return true;
}

static bool read_datetime(struct pack_reader *r)
{
    r->moment.tz = tz_none();
    return read_date(r) && read_time(r) && read_byte(r, &r->moment.fold) && r->moment.fold <= 1 &&
           read_long_text(r);
}

static bool read_timedelta(struct pack_reader *r)
{
    int64_t days;
    uint64_t seconds, us;
    if (!read_signed(r, &days) || days > DURATION_MAX_DAYS || days < -DURATION_MAX_DAYS ||
        !read_count(r, 86399, &seconds) || !read_count(r, 999999, &us))
        return false;
    r->duration = (struct duration){(int)days, (int)seconds, (int)us};
    return true;
}

static bool read_table(struct pack_reader *r)
{
    uint64_t items, members;
    if (!read_count(r, UINT32_MAX, &items) || !read_count(r, UINT32_MAX, &members) ||
        items + 2 * members > left(r))
        return false;
    r->items = (uint32_t)items;
    r->members = (uint32_t)members;
    return true;
}

static bool read_tagged(struct pack_reader *r, enum pack_type type)
{
    switch (type) {
    case PACK_NIL:
    case PACK_NULL:
    case PACK_FALSE:
    case PACK_TRUE:
        return true;
    case PACK_INT:
    case PACK_REFERENCE:
        return read_signed(r, &r->integer);
    case PACK_DOUBLE:
        return read_double(r);
    case PACK_STRING:
    case PACK_SAFE:
    case PACK_DECIMAL:
        return read_long_text(r);
    case PACK_EXTENSION:
        return read_long_text(r) && left(r);
    case PACK_DATE:
        return read_date(r);
    case PACK_TIME:
        return read_time(r);
    case PACK_DATETIME:
        return read_datetime(r);
    case PACK_TIMEDELTA:
        return read_timedelta(r);
    case PACK_TABLE:
    case PACK_LIST:
        return read_table(r);
    case PACK_END:
    case PACK_ERROR:
        break;
    }
    return false;
}

enum pack_type pack_next_other(struct pack_reader *r, struct err *err)
{
    if (r->p == r->end)
        return PACK_END;
    const unsigned char *start = r->p;
    unsigned byte = *r->p++;
    if (byte == TAGS + PACK_INT) {
        if (read_signed(r, &r->integer))
            return PACK_INT;
    } else if (byte == TAGS + PACK_TABLE) {
        if (read_table(r))
            return PACK_TABLE;
    } else if (byte >= TAGS) {
        if (byte - TAGS <= PACK_REFERENCE && read_tagged(r, (enum pack_type)(byte - TAGS)))
            return (enum pack_type)(byte - TAGS);
    } else if (byte >= PACK_SHORT_LIST) {
        r->items = byte - PACK_SHORT_LIST;
        r->members = 0;
        if (r->items <= left(r))
            return PACK_TABLE;
    }
    err_set(err, ERR_SYNTAX, "packed data is damaged (byte 0x%02x, %zu before the end)", *start,
            (size_t)(r->end - start));
    return PACK_ERROR;
}
