/* SPDX-License-Identifier: MIT */
/* Query strings: what was parsed and written is read again as the same. */
#include "base/utf8.h"
#include "http/percent.h"
#include "http/query.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct query *a, const struct query *b)
{
    assert(a->keys == b->keys);
    for (uint32_t i = 0; i < a->n; i++) {
        if (!a->fields[i].last)
            continue;
        const struct query_field *x = &a->fields[i], *y = query_first(b, x->key);
        for (; x && y; x = query_next(a, x), y = query_next(b, y)) {
            assert(str_eq(x->value, y->value));
            assert(utf8_valid(x->value));
        }
        assert(!x && !y);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct arena a;
    struct query q, again;
    struct buf out = BUF_INIT;

    arena_init(&a, 0);
    query_init(&q, &a);
    query_init(&again, &a);
    if (query_parse(&q, text, 1000, NULL) == 0) {
        query_urlencode(&q, &out, STR(""));
        assert(query_parse(&again, buf_str(&out), SIZE_MAX, NULL) == 0);
        compare(&q, &again);
        while (q.keys) { /* every key can be removed */
            uint32_t before = q.keys;
            assert(query_remove(&q, q.fields[size % q.n].key));
            assert(q.keys == before - 1);
        }
        assert(q.n == 0);
    }
    buf_reset(&out);
    uri_to_iri(&out, text);
    assert(utf8_valid(buf_str(&out)));
    buf_release(&out);
    arena_release(&a);
    return 0;
}
