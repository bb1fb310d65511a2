/* SPDX-License-Identifier: MIT */
/* What a server of Redis sends, in one piece and in many: the same replies, with texts that
 * lie within their buffer, or the same refusal. The first byte says how it is cut. */
#include "net/redis_result.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct side {
    struct redis_result result;
    struct buf text;
    size_t replies;
    int status;
};

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct redis_result *result_of(void *data)
{
    struct side *s = data;
    return &s->result;
}

static int replied(void *data, struct err *err)
{
    struct side *s = data;
    (void)err;
    s->replies++;
    return 0;
}

static void read_all(struct side *s, const char *p, size_t n, size_t step)
{
    struct err err;
    struct redis_reader *r = redis_reader_new(result_of, replied, s);
    buf_init(&s->text);
    redis_result_init(&s->result, &s->text);
    s->replies = 0;
    s->status = 0;
    while (n && s->status == 0) {
        size_t part = step < n ? step : n;
        s->status = redis_reader_feed(r, p, part, &err);
        p += part;
        n -= part;
    }
    redis_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct side whole, parts;
    if (size == 0)
        return 0;
    read_all(&whole, (const char *)data + 1, size - 1, size);
    read_all(&parts, (const char *)data + 1, size - 1, (size_t)data[0] % 17 + 1);
    for (size_t i = 0; i < whole.result.n; i++) {
        const struct redis_value *v = &whole.result.values[i];
        require(v->at + v->n <= whole.text.n);
    }
    if (whole.status == 0) {
        require(parts.status == 0 && parts.replies == whole.replies);
        require(parts.result.n == whole.result.n);
        require(str_eq(buf_str(&parts.text), buf_str(&whole.text)));
    }
    redis_result_release(&whole.result);
    redis_result_release(&parts.result);
    buf_release(&whole.text);
    buf_release(&parts.text);
    return 0;
}
