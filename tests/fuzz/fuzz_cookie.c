/* SPDX-License-Identifier: MIT */
/* Cookie headers; and a value that is set comes back from the header it makes. */
#include "base/utf8.h"
#include "http/cookie.h"
#include "http/response.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct arena *a, struct str value)
{
    struct cookie_options o = {.path = STR("")};
    struct query q;
    struct buf out = BUF_INIT;
    struct response *r = response_new(200);

    assert(cookie_set(r, STR("n"), value, &o, 0, NULL) == 0);
    cookie_render(&out, r->cookies);
    assert(header_value_valid(buf_str(&out)));
    assert(!str_has(buf_str(&out), ';'));
    query_init(&q, a);
    if (out.n <= COOKIE_HEADER_MAX) {
        assert(cookies_parse(&q, buf_str(&out), NULL) == 0);
        assert(q.n == 1 && str_eq(q.fields[0].value, value));
    }
    buf_release(&out);
    response_unref(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct arena a;
    struct query q;

    arena_init(&a, 0);
    query_init(&q, &a);
    if (cookies_parse(&q, text, NULL) == 0)
        for (uint32_t i = 0; i < q.n; i++)
            assert(utf8_valid(q.fields[i].key) && utf8_valid(q.fields[i].value));
    if (utf8_valid(text))
        round_trip(&a, text);
    arena_release(&a);
    return 0;
}
