/* SPDX-License-Identifier: MIT */
/* What stands under a key: an integer as its decimal text (so that every backend can count
 * with it), anything else behind a byte that says what it is.
 *
 *     MARK | flags; [until when it is fresh: int64, realtime ns]; [tags: their number, for
 *     each its length, its name, 8 bytes of its version]; [size before compression, LEB128];
 *     the value, packed (value/pack.h) */
#ifndef CACHE_CODEC_H
#define CACHE_CODEC_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    CODEC_MARK = 0x80, /* and 0x90 would be another version's */
    CODEC_ZIP = 1,
    CODEC_TAGS = 2,
    CODEC_FRESH = 4,
    CODEC_EXTENSION = 8, /* somewhere in the value: unpacking it runs code of others */
    CODEC_FLAGS = 15,
    CODEC_TAGS_MAX = 255,
    CODEC_TAG_MAX = 255,
    CODEC_VERSION = 8, /* bytes of a tag's version */
};

struct codec { /* as read; all of it in the stored bytes */
    bool is_integer;
    int64_t integer;
    unsigned flags;
    int64_t fresh;   /* INT64_MAX without CODEC_FRESH */
    struct str tags; /* for codec_next_tag() */
    struct str packed;
    uint64_t size; /* of it without compression, with CODEC_ZIP */
};

/* Adds the byte and what belongs before the value; `tags` as codec_add_tag() made them. */
void codec_add_head(struct buf *out, int64_t fresh, struct str tags, unsigned ntags);
void codec_add_tag(struct buf *tags, struct str name, const char version[CODEC_VERSION]);
/* The value stands in `out` from `start` on; compresses it when it has `least` bytes and
 * that makes it smaller (least 0: never). The head's byte is at `head`. */
void codec_finish(struct buf *out, size_t head, size_t start, bool extension, size_t least);

/* False for bytes that are none of ours, or another version's: as good as not there. */
bool codec_read(struct str stored, struct codec *out);
/* The next tag of *tags, which gets shorter. */
bool codec_next_tag(struct str *tags, struct str *name, struct str *version);
/* Adds the value as it was before compression; -1 when it is damaged. */
int codec_unzip(const struct codec *c, struct buf *out, struct err *err);

#endif
