/* SPDX-License-Identifier: MIT */
#include "crypto/zip.h"

#include <zlib.h>

/* zlib counts in 32 bits. */
#define INPUT_MAX (size_t)(1u << 30)

int zip_compress(struct buf *out, struct str data, struct err *err)
{
    if (data.n > INPUT_MAX)
        return err_set(err, ERR_TOO_LARGE, "cannot compress more than %zu bytes", INPUT_MAX);
    uLongf n = compressBound((uLong)data.n);
    buf_reserve(out, n);
    if (compress2((Bytef *)out->data + out->n, &n, (const Bytef *)data.p, (uLong)data.n, 6) != Z_OK)
        return err_set(err, ERR_INVALID, "zlib cannot compress");
    out->n += n;
    out->data[out->n] = '\0';
    return 0;
}

/* Inflates into out until the stream ends: Z_STREAM_END, Z_BUF_ERROR for input
 * that stops short, Z_MEM_ERROR past the limit. */
static int inflate_all(z_stream *z, struct buf *out, size_t limit)
{
    size_t start = out->n;
    for (;;) {
        size_t room = limit - (out->n - start);
        if (room > 16384)
            room = 16384;
        buf_reserve(out, room + 1);
        /* One byte more than the limit tells a full stream from a longer one. */
        z->next_out = (Bytef *)out->data + out->n;
        z->avail_out = (uInt)(room + 1);
        int rc = inflate(z, Z_NO_FLUSH);
        size_t made = room + 1 - z->avail_out;
        if (out->n - start + made > limit)
            return Z_MEM_ERROR;
        out->n += made;
        if (rc != Z_OK)
            return rc;
        if (z->avail_in == 0 && z->avail_out > 0)
            return Z_BUF_ERROR;
    }
}

int zip_decompress(struct buf *out, struct str data, size_t limit, struct err *err)
{
    size_t start = out->n;
    if (data.n > INPUT_MAX)
        return err_set(err, ERR_TOO_LARGE, "cannot decompress more than %zu bytes", INPUT_MAX);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data.p, .avail_in = (uInt)data.n};
    if (inflateInit(&z) != Z_OK)
        return err_set(err, ERR_INVALID, "zlib cannot start");
    int rc = inflate_all(&z, out, limit);
    bool rest = z.avail_in > 0;
    inflateEnd(&z);
    if (rc == Z_STREAM_END && !rest) {
        out->data[out->n] = '\0';
        return 0;
    }
    buf_cut(out, start);
    if (out->cap)
        out->data[start] = '\0';
    if (rc == Z_MEM_ERROR)
        return err_set(err, ERR_TOO_LARGE, "compressed data is longer than %zu bytes", limit);
    return err_set(err, ERR_SYNTAX, "compressed data is damaged");
}

uint32_t zip_crc32(struct str data)
{
    uLong crc = crc32(0, NULL, 0);
    return (uint32_t)crc32_z(crc, (const Bytef *)data.p, data.n);
}
