/* SPDX-License-Identifier: MIT */
/* Any text is read to its end or refused; what was read is written and read again, and
 * must come out the same.  Numbers must survive the way through text. */
#include "base/utf8.h"
#include "value/json.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_string(const struct json_reader *r)
{
    struct buf plain = BUF_INIT, text = BUF_INIT, again = BUF_INIT;
    struct json_reader other;
    struct err e;
    buf_reserve(&plain, r->text.n + 1);
    plain.n = r->escaped ? json_unescape(r->text, plain.data) : 0;
    if (!r->escaped)
        buf_addstr(&plain, r->text);
    require(plain.n <= r->text.n && utf8_valid(buf_str(&plain)));
    for (int ascii = 0; ascii < 2; ascii++) {
        buf_reset(&text);
        require(json_add_string(&text, buf_str(&plain), ascii, &e) == 0);
        json_reader_init(&other, buf_str(&text), 1);
        require(json_next(&other, &e) == JSON_STRING);
        buf_reset(&again);
        buf_reserve(&again, other.text.n + 1);
        again.n = json_unescape(other.text, again.data);
        require(str_eq(buf_str(&again), buf_str(&plain)));
    }
    buf_release(&plain);
    buf_release(&text);
    buf_release(&again);
}

static void check_double(double d)
{
    struct buf text = BUF_INIT;
    struct json_reader r;
    struct err e;
    require(json_add_double(&text, d, &e) == 0);
    json_reader_init(&r, buf_str(&text), 1);
    require(json_next(&r, &e) == JSON_DOUBLE && r.number == d && !signbit(r.number) == !signbit(d));
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_make((const char *)data, size);
    struct buf out = BUF_INIT;
    struct json_reader r;
    struct err e;
    enum json_token t;
    size_t tokens = 0;

    json_reader_init(&r, s, size % 2 ? 64 : JSON_DEPTH_MAX);
    while ((t = json_next(&r, &e)) > JSON_END) {
        require(++tokens <= size);
        if (t == JSON_STRING || t == JSON_KEY)
            check_string(&r);
        if (t == JSON_DOUBLE)
            check_double(r.number);
    }
    require((json_add_string(&out, s, size % 3, &e) == 0) == utf8_valid(s));
    if (size >= sizeof(double)) {
        double d;
        memcpy(&d, data, sizeof d);
        if (isfinite(d))
            check_double(d);
    }
    buf_release(&out);
    return 0;
}
