/* SPDX-License-Identifier: MIT */
/* A page as it stands in the cache:
 *
 *     struct head; for each field of the header its two lengths; the strings of reason and
 *     fields, each with a NUL; the body
 *
 * all but the head compressed when that is worth it.  Machines that share a cache have the
 * same order of bytes.  A hit reads the value into memory that goes with the response, and
 * header and body are sent from there. */
#include "pipeline/pages_impl.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/zip.h"
#include "http/cache_control.h"
#include "http/http_date.h"

enum {
    MARK = 0xA2, /* no other value begins with that byte; another version has another */
    FLAG_ZIP = 1,
    FLAG_CSRF_EXEMPT = 2,
    FLAG_XFRAME_EXEMPT = 4,
    FLAG_REASON = 8,
    FIELDS_MAX = 1000,
    PAGE_MAX = 1 << 30, /* bytes of a page without compression */
};

struct head {
    uint8_t mark, flags;
    uint16_t status, nfields, reserved;
    uint32_t reason_n;
    uint32_t plain_n; /* bytes after the head without compression */
    int64_t fresh;    /* realtime ns */
    int64_t made;     /* seconds since 1970 when its age was 0; INT64_MIN: not known */
    unsigned char check[PAGE_CHECK];
};

struct field {
    uint32_t name_n, value_n;
};

/* ---- to bytes ---- */

/* The moment from which Age counts: the end of its time, less its time. */
static int64_t made_at(const struct headers *h)
{
    struct str expires = headers_get(h, STR("Expires"));
    int64_t now = clock_realtime() / CLOCK_SECOND, max_age, at;
    if (!expires.n || !cache_control_max_age(h, &max_age) || !http_date_parse(expires, now, &at) ||
        __builtin_sub_overflow(at, max_age, &at))
        return INT64_MIN;
    return at;
}

/* Fields that say something of one request or connection, and not of the page. */
static bool is_of_page(struct str name)
{
    static const struct str others[] = {
        STR_INIT("X-Request-ID"), STR_INIT("X-Request-Duration-Ms"),
        STR_INIT("X-Page-Cache"), STR_INIT("Age"),
        STR_INIT("Date"),         STR_INIT("Connection"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_ieq(name, others[i]))
            return false;
    return true;
}

static void add_string(struct buf *out, struct str s)
{
    buf_addstr(out, s);
    buf_addc(out, '\0');
}

/* Gives the number of fields. */
static unsigned add_content(struct buf *out, const struct response *response)
{
    const struct headers *h = &response->headers;
    unsigned n = 0;
    for (unsigned i = 0; i < h->n; i++) {
        struct field f = {(uint32_t)h->items[i].name.n, (uint32_t)h->items[i].value.n};
        if (!is_of_page(h->items[i].name))
            continue;
        buf_add(out, &f, sizeof f);
        n++;
    }
    if (response->reason.p)
        add_string(out, response->reason);
    for (unsigned i = 0; i < h->n; i++) {
        if (!is_of_page(h->items[i].name))
            continue;
        add_string(out, h->items[i].name);
        add_string(out, h->items[i].value);
    }
    buf_addstr(out, response->bytes);
    return n;
}

static bool compress(struct buf *out, size_t start)
{
    struct buf zip = BUF_INIT;
    struct str plain = str_skip(buf_str(out), start);
    struct err err;
    bool smaller = zip_compress(&zip, plain, &err) == 0 && zip.n < plain.n;
    if (smaller) {
        buf_cut(out, start);
        buf_addstr(out, buf_str(&zip));
    }
    buf_release(&zip);
    return smaller;
}

void page_encode(struct buf *out, const struct response *response, int64_t fresh,
                 const unsigned char check[PAGE_CHECK], size_t least)
{
    size_t at = out->n, start = at + sizeof(struct head);
    struct head head = {
        .mark = MARK,
        .flags = (uint8_t)((response->csrf_exempt ? FLAG_CSRF_EXEMPT : 0) |
                           (response->xframe_exempt ? FLAG_XFRAME_EXEMPT : 0) |
                           (response->reason.p ? FLAG_REASON : 0)),
        .status = (uint16_t)response->status,
        .reason_n = (uint32_t)response->reason.n,
        .fresh = fresh,
        .made = made_at(&response->headers),
    };
    memcpy(head.check, check, PAGE_CHECK);
    buf_add(out, &head, sizeof head);
    head.nfields = (uint16_t)add_content(out, response);
    head.plain_n = (uint32_t)(out->n - start);
    if (least && head.plain_n >= least && compress(out, start))
        head.flags |= FLAG_ZIP;
    memcpy(out->data + at, &head, sizeof head);
}

bool page_fits(const struct response *response)
{
    uint64_t n = response->bytes.n;
    for (unsigned i = 0; i < response->headers.n; i++)
        n += response->headers.items[i].name.n + response->headers.items[i].value.n + 16;
    return response->headers.n <= FIELDS_MAX && n < PAGE_MAX;
}

/* ---- and back ---- */

/* What is left to read. */
struct cursor {
    const char *p, *end;
};

static bool take(struct cursor *c, size_t n, const char **p)
{
    if ((size_t)(c->end - c->p) < n)
        return false;
    *p = c->p;
    c->p += n;
    return true;
}

/* A string with its NUL. */
static bool take_string(struct cursor *c, size_t n, struct str *out)
{
    const char *p;
    if (!take(c, n, &p) || c->p == c->end || *c->p != '\0')
        return false;
    c->p++;
    *out = str_make(p, n);
    return true;
}

static bool read_content(struct response *r, const struct head *head, struct cursor c)
{
    const char *fields;
    if (!take(&c, head->nfields * sizeof(struct field), &fields))
        return false;
    if (head->flags & FLAG_REASON &&
        (!take_string(&c, head->reason_n, &r->reason) || !header_value_valid(r->reason)))
        return false;
    for (unsigned i = 0; i < head->nfields; i++) {
        struct field f;
        struct str name, value;
        memcpy(&f, fields + i * sizeof f, sizeof f);
        if (!take_string(&c, f.name_n, &name) || !take_string(&c, f.value_n, &value) ||
            !header_name_valid(name) || !header_value_valid(value))
            return false;
        headers_put(&r->headers, name, value);
    }
    response_set_static_body(r, str_make(c.p, (size_t)(c.end - c.p)));
    return true;
}

static void add_age(struct response *r, int64_t made)
{
    size_t n = 0, room = 20;
    char *digits = arena_alloc(&r->arena, room + 1);
    int64_t age;
    if (__builtin_sub_overflow(clock_realtime() / CLOCK_SECOND, made, &age) || age < 0)
        age = 0; /* the clock went back */
    digits[room] = '\0';
    do
        digits[room - ++n] = (char)('0' + age % 10);
    while (age /= 10);
    headers_put(&r->headers, STR("Age"), str_make(digits + room - n, n));
}

/* Where the content begins: in the value, or, once it is uncompressed, in *plain. */
static bool open_content(const struct head *head, struct str value, struct buf *plain,
                         struct cursor *c)
{
    struct str content = str_skip(value, sizeof *head);
    struct err err;
    if (head->flags & FLAG_ZIP) {
        if (head->plain_n >= PAGE_MAX || zip_decompress(plain, content, head->plain_n, &err) != 0)
            return false;
        content = buf_str(plain);
    }
    *c = (struct cursor){content.p, content.p + content.n};
    return content.n == head->plain_n;
}

struct response *page_decode(struct buf *stored, const unsigned char check[PAGE_CHECK],
                             int64_t *fresh)
{
    struct buf plain = BUF_INIT;
    struct head head;
    struct cursor c;
    if (stored->n < sizeof head)
        return NULL;
    memcpy(&head, stored->data, sizeof head);
    if (head.mark != MARK || head.status < 200 || head.status > 599 || head.nfields > FIELDS_MAX ||
        memcmp(head.check, check, PAGE_CHECK) != 0 ||
        !open_content(&head, buf_str(stored), &plain, &c)) {
        buf_release(&plain);
        return NULL;
    }
    struct response *r = response_new(head.status);
    if (head.flags & FLAG_ZIP)
        arena_defer(&r->arena, free, buf_detach(&plain, NULL));
    else
        arena_defer(&r->arena, free, buf_detach(stored, NULL));
    if (!read_content(r, &head, c)) {
        response_unref(r);
        return NULL;
    }
    if (head.made != INT64_MIN)
        add_age(r, head.made);
    r->csrf_exempt = head.flags & FLAG_CSRF_EXEMPT;
    r->xframe_exempt = head.flags & FLAG_XFRAME_EXEMPT;
    r->cache_hit = true;
    *fresh = head.fresh;
    return r;
}
