/* SPDX-License-Identifier: MIT */
#include "http/precompress.h"

#include <brotli/encode.h>
#include <zlib.h>

static int failed(struct err *err, const char *library)
{
    return err_set(err, ERR_IO, "%s cannot compress this", library);
}

static int add_gzip(struct buf *out, struct str data, struct err *err)
{
    z_stream z = {0};
    uLong bound;
    int rc;
    if (data.n > UINT32_MAX / 2)
        return err_set(err, ERR_TOO_LARGE, "%zu bytes are too many to compress", data.n);
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return failed(err, "zlib");
    bound = deflateBound(&z, (uLong)data.n);
    buf_reserve(out, bound);
    z.next_in = (Bytef *)data.p;
    z.avail_in = (uInt)data.n;
    z.next_out = (Bytef *)out->data + out->n;
    z.avail_out = (uInt)bound;
    rc = deflate(&z, Z_FINISH);
    out->n += bound - z.avail_out;
    out->data[out->n] = '\0';
    deflateEnd(&z);
    return rc == Z_STREAM_END ? 0 : failed(err, "zlib");
}

static int add_brotli(struct buf *out, struct str data, struct err *err)
{
    size_t n = BrotliEncoderMaxCompressedSize(data.n);
    if (n == 0)
        return err_set(err, ERR_TOO_LARGE, "%zu bytes are too many to compress", data.n);
    buf_reserve(out, n);
    if (!BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_MAX_WINDOW_BITS, BROTLI_DEFAULT_MODE,
                               data.n, (const uint8_t *)data.p, &n, (uint8_t *)out->data + out->n))
        return failed(err, "brotli");
    out->n += n;
    out->data[out->n] = '\0';
    return 0;
}

int precompress(struct buf *out, struct str coding, struct str data, struct err *err)
{
    size_t before = out->n;
    int rc;
    if (str_eq(coding, STR("gzip")))
        rc = add_gzip(out, data, err);
    else if (str_eq(coding, STR("br")))
        rc = add_brotli(out, data, err);
    else
        rc = err_set(err, ERR_INVALID, "'%.*s' is neither gzip nor br", STR_ARG(coding));
    if (rc != 0)
        buf_cut(out, before);
    return rc;
}
