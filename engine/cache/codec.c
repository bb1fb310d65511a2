/* SPDX-License-Identifier: MIT */
#include "cache/codec.h"

#include "cache/cache.h"
#include "crypto/zip.h"

#include <string.h>

enum { SIZE_MAX_UNZIPPED = 1 << 30 };

void codec_add_tag(struct buf *tags, struct str name, const char version[CODEC_VERSION])
{
    buf_addc(tags, (char)name.n);
    buf_addstr(tags, name);
    buf_add(tags, version, CODEC_VERSION);
}

void codec_add_head(struct buf *out, int64_t fresh, struct str tags, unsigned ntags)
{
    unsigned flags = (fresh != INT64_MAX ? CODEC_FRESH : 0) | (ntags ? CODEC_TAGS : 0);
    buf_addc(out, (char)(CODEC_MARK | flags));
    if (flags & CODEC_FRESH)
        buf_add(out, &fresh, sizeof fresh);
    if (flags & CODEC_TAGS) {
        buf_addc(out, (char)ntags);
        buf_addstr(out, tags);
    }
}

static void add_size(struct buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_addc(b, (char)(v | 0x80));
    buf_addc(b, (char)v);
}

void codec_finish(struct buf *out, size_t head, size_t start, bool extension, size_t least)
{
    size_t n = out->n - start;
    unsigned flags = extension ? CODEC_EXTENSION : 0;
    struct buf zip = BUF_INIT;
    if (least && n >= least) {
        add_size(&zip, n);
        if (zip_compress(&zip, str_make(out->data + start, n), NULL) == 0 && zip.n < n) {
            buf_cut(out, start);
            buf_addstr(out, buf_str(&zip));
            flags |= CODEC_ZIP;
        }
    }
    buf_release(&zip);
    out->data[head] = (char)((unsigned char)out->data[head] | flags);
}

static bool cut(struct str *s, size_t n, struct str *part)
{
    if (s->n < n)
        return false;
    *part = str_head(*s, n);
    *s = str_skip(*s, n);
    return true;
}

bool codec_next_tag(struct str *tags, struct str *name, struct str *version)
{
    struct str n;
    return cut(tags, 1, &n) && cut(tags, (unsigned char)n.p[0], name) &&
           cut(tags, CODEC_VERSION, version);
}

static bool read_tags(struct str *s, struct str *tags)
{
    struct str count, name, version, start;
    if (!cut(s, 1, &count))
        return false;
    start = *s;
    for (unsigned i = (unsigned char)count.p[0]; i; i--)
        if (!codec_next_tag(s, &name, &version))
            return false;
    *tags = str_head(start, start.n - s->n);
    return true;
}

static bool read_size(struct str *s, uint64_t *out)
{
    struct str byte;
    *out = 0;
    for (unsigned shift = 0; shift < 35 && cut(s, 1, &byte); shift += 7) {
        *out |= (uint64_t)((unsigned char)byte.p[0] & 0x7f) << shift;
        if ((unsigned char)byte.p[0] < 0x80)
            return *out <= SIZE_MAX_UNZIPPED;
    }
    return false;
}

bool codec_read(struct str s, struct codec *out)
{
    struct str part;
    unsigned first = s.n ? (unsigned char)s.p[0] : 0;
    *out = (struct codec){.fresh = INT64_MAX};
    if ((first & ~(unsigned)CODEC_FLAGS) != CODEC_MARK)
        return out->is_integer = cache_integer(s, &out->integer);
    out->flags = first & CODEC_FLAGS;
    s = str_skip(s, 1);
    if (out->flags & CODEC_FRESH) {
        if (!cut(&s, sizeof out->fresh, &part))
            return false;
        memcpy(&out->fresh, part.p, sizeof out->fresh);
    }
    if ((out->flags & CODEC_TAGS) && !read_tags(&s, &out->tags))
        return false;
    if ((out->flags & CODEC_ZIP) && !read_size(&s, &out->size))
        return false;
    out->packed = s;
    return true;
}

int codec_unzip(const struct codec *c, struct buf *out, struct err *err)
{
    size_t start = out->n;
    if (zip_decompress(out, c->packed, (size_t)c->size, err) != 0)
        return -1;
    return out->n - start == c->size ? 0 : err_set(err, ERR_SYNTAX, "the size is wrong");
}
