/* SPDX-License-Identifier: MIT */
#include "http/form_base64.h"

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void pad(struct base64_stream *s, struct buf *out)
{
    if (s->n < 2 || s->n + ++s->pad < 4)
        return;
    if (s->n == 3)
        buf_addc(out, (char)(s->bits >> 10));
    buf_addc(out, (char)(s->bits >> (s->n == 3 ? 2 : 4)));
    s->n = 0;
    s->done = true;
}

void base64_stream_add(struct base64_stream *s, struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n && !s->done; i++) {
        int v = value_of(text.p[i]);
        if (text.p[i] == '=')
            pad(s, out);
        if (v < 0)
            continue;
        s->pad = 0;
        s->bits = s->bits << 6 | (uint32_t)v;
        if (++s->n == 4) {
            char bytes[3] = {(char)(s->bits >> 16), (char)(s->bits >> 8), (char)s->bits};
            buf_add(out, bytes, 3);
            s->n = 0;
            s->bits = 0;
        }
    }
}

bool base64_stream_complete(const struct base64_stream *s)
{
    return s->n == 0;
}
